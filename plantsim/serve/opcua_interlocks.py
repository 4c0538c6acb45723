"""The cause-and-effect matrix: beside the tags of each interlock what trips it, and what it does then.

A cause is a comparison as the steps of procedures have it; an effect is "DEVICE VERB" as in the plant file: STOP,
START, LOCK, OPEN, CLOSE, or a number and %.
"""

from __future__ import annotations

from collections.abc import Mapping

from asyncua import ua

from plantsim.model.plant import Effect
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_nodes import Id, NodeBatch
from plantsim.serve.opcua_procedures import comparison


def build(batch: NodeBatch, engine: Engine, objects: Mapping[str, ua.NodeId]) -> None:
    """Put it into ``batch``. objects: the tag objects by name."""
    text, types = Id.String, ua.VariantType
    for one in engine.plant.interlocks:
        for name, value, data_type in (
            ("Causes", ua.Variant(list(map(comparison, one.when)), types.String, is_array=True), text),
            ("Votes", ua.Variant(one.votes, types.UInt32), Id.UInt32),
            ("Delay", ua.Variant(one.delay, types.Double), Id.Double),
            ("Latched", ua.Variant(one.latched, types.Boolean), Id.Boolean),
            ("Effects", ua.Variant(list(map(_effect, one.effects)), types.String, is_array=True), text),
            ("Group", ua.Variant(one.group, types.String), text),
        ):
            batch.property(objects[one.tag], name, value, data_type, standard=False)


def _effect(one: Effect) -> str:
    return f"{one.tag} {one.value:g} %" if one.verb == "%" else f"{one.tag} {one.verb}"
