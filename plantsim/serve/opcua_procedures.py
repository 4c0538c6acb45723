"""What operators read: the operating manual, the steps of sequences with what each waits for, and procedures by hand.

Sequences have their steps beside their tags. Procedures by hand are objects of their own in the folder Procedures
beside the Plant, under which there are areas alone.

A comparison is "TAG.MEMBER > NUMBER" with one of = < >, or "TAG.MEMBER bad"; an action is "TAG.MEMBER = NUMBER", or
"TAG.MEMBER -> NUMBER at NUMBER" with a rate in the member's unit a minute. Of arrays the first element is step 1's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from asyncua import ua

from plantsim.model.plant import Action, Condition, Procedure, Sequence
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_nodes import Id, NodeBatch
from plantsim.serve.opcua_space import PLANT

MANUAL, PROCEDURES = "Manual", "Procedures"
PROCEDURE = "Procedure"
"""What the NodeIds of procedures by hand begin with, before a dot and their own names."""
APART = "; "
"""Between the actions, or the comparisons, of one step."""


def build(batch: NodeBatch, engine: Engine, objects: Mapping[str, ua.NodeId]) -> None:
    """Put them into ``batch``. objects: the tag objects by name."""
    batch.property(batch.id(PLANT), MANUAL, _strings(engine.manual), Id.String, standard=False)
    for sequence in engine.plant.sequences:
        _steps(batch, objects[sequence.tag], sequence)
    folder = batch.object(
        PROCEDURES,
        ua.NodeId(Id.ObjectsFolder),
        browse_name=PROCEDURES,
        description="What people do, step by step, with what shows that a step is done",
        type_=Id.FolderType,
        reference=Id.Organizes,
    )
    for procedure in engine.plant.procedures:
        _by_hand(batch, folder, procedure)


def _by_hand(batch: NodeBatch, folder: ua.NodeId, procedure: Procedure) -> None:
    node = batch.object(
        f"{PROCEDURE}.{procedure.id}", folder, browse_name=procedure.id, title=procedure.title, reference=Id.Organizes
    )
    steps = procedure.steps
    for name, value in (
        ("When", _strings(procedure.when)),
        ("StepTitles", _strings([step.title for step in steps])),
        ("StepTexts", _strings([step.text for step in steps])),
        ("StepChecks", _strings([_joined(map(comparison, step.checks)) for step in steps])),
    ):
        batch.property(node, name, value, Id.String, standard=False)


def _steps(batch: NodeBatch, node: ua.NodeId, sequence: Sequence) -> None:
    steps = sequence.steps
    for name, value, data_type in (
        ("Permits", _strings(list(map(comparison, sequence.permits))), Id.String),
        ("Repeats", ua.Variant(sequence.repeat, ua.VariantType.Boolean), Id.Boolean),
        ("StepTitles", _strings([step.title for step in steps]), Id.String),
        ("StepActions", _strings([_joined(map(action, step.actions)) for step in steps]), Id.String),
        ("StepChecks", _strings([_joined(map(comparison, step.checks)) for step in steps]), Id.String),
        ("StepEnds", _strings([_joined(map(comparison, step.ends)) for step in steps]), Id.String),
        ("StepNeeds", _strings([_joined(map(comparison, step.unless)) for step in steps]), Id.String),
        ("StepDwells", _seconds([step.dwell for step in steps]), Id.Double),
        ("StepLimits", _seconds([step.most for step in steps]), Id.Double),
    ):
        batch.property(node, name, value, data_type, standard=False)


def comparison(one: Condition) -> str:
    """A comparison as it goes over the wire; numbers in the member's unit."""
    if one.relation == "bad":
        return f"{one.tag}.{one.member} bad"
    return f"{one.tag}.{one.member} {one.relation} {one.value:.9g}"


def action(one: Action) -> str:
    """What a step does, as it goes over the wire."""
    if one.rate:
        return f"{one.tag}.{one.member} -> {one.value:.9g} at {60.0 * one.rate:.9g}"
    return f"{one.tag}.{one.member} = {one.value:.9g}"


def _joined(texts: Iterable[str]) -> str:
    return APART.join(texts)


def _strings(value: str | list[str]) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.String, is_array=isinstance(value, list))


def _seconds(values: list[float]) -> ua.Variant:
    return ua.Variant(values, ua.VariantType.Double, is_array=True)
