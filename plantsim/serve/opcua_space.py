"""The address space: areas, units, tag objects and their members, as the plant file orders them.

Objects/Plant/<area>/<unit>/<tag>/<member>, and beside the Plant the Simulation and the KPI object.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from asyncua import ua

from plantsim.model.tag import Kind, Tag, ValueType
from plantsim.serve import opcua_types
from plantsim.serve.opcua_engine import Engine, Plant
from plantsim.serve.opcua_nodes import Id, NodeBatch
from plantsim.serve.opcua_units import engineering_unit
from plantsim.serve.opcua_values import VARIANT_TYPES

NAMESPACE = "urn:plantsim:plant"

PLANT, SIMULATION, KPI, FLOWS_TO, ACTS_ON = "Plant", "Simulation", "KPI", "FlowsTo", "ActsOn"
AREA, UNIT = "Area", "Unit"
"""What the NodeIds of areas and units begin with, before a dot and their own names."""

_MEASURED = frozenset((Kind.TRANSMITTER, Kind.ANALYSER, Kind.CONTROLLER))
"""Kinds whose PV comes from an instrument, if from the field at all."""

_NO_STATES = ("off", "on")


@dataclass(slots=True)
class TagNodes:
    """Where the tags are."""

    tags: dict[ua.NodeId, Tag] = field(default_factory=dict)
    objects: dict[str, ua.NodeId] = field(default_factory=dict)
    """Tag objects by name."""
    simulation: ua.NodeId = field(default_factory=ua.NodeId)
    notifiers: dict[str, tuple[ua.NodeId, ...]] = field(default_factory=dict)
    """Where the events of a tag object are heard, from the server down to its unit."""


def build(batch: NodeBatch, engine: Engine, historized: Callable[[Tag], bool] = lambda _: False) -> TagNodes:
    """Put the plant and its tags into ``batch``; values are empty yet. Raises ValueError for a tag of no known area."""
    nodes = TagNodes()
    opcua_types.build(batch)
    owners = _plant(batch, engine.plant)
    objects = ua.NodeId(Id.ObjectsFolder)
    for kind, name, description in (
        (Kind.SIMULATION, SIMULATION, "The run: its time, speed and state"),
        (Kind.KPI, KPI, "Key figures: true values, not measurements"),
    ):
        owner = batch.object(name, objects, browse_name=name, description=description, reference=Id.Organizes)
        nodes.objects[name] = owner
        if kind is Kind.SIMULATION:
            nodes.simulation = owner
    for name, members in _by_object(engine).items():
        if name not in nodes.objects:
            nodes.objects[name] = _tag_object(batch, members, owners)
            first = members[0]
            above = (f"/{first.area}", first.unit)
            found = [owners[one] for one in above if one in owners]
            nodes.notifiers[name] = (ua.NodeId(Id.Server), batch.id(PLANT), *found)
        for tag in members:
            node = _member(batch, nodes.objects[name], tag, 1000.0 * engine.scan_period, historized(tag))
            nodes.tags[node] = tag
    _loops(batch, engine.plant, nodes.objects)
    return nodes


def _loops(batch: NodeBatch, plant: Plant, objects: dict[str, ua.NodeId]) -> None:
    """From controllers to what their output moves: devices, and the controllers whose set point it is."""
    acts_on = batch.reference_type(ACTS_ON, "ActedOnBy", Id.NonHierarchicalReferences)
    for loop in plant.loops:
        for target in (*(output.tag for output in loop.outputs), loop.slave):
            if loop.tag in objects and target in objects:
                batch.link(objects[loop.tag], acts_on, objects[target])


def _plant(batch: NodeBatch, plant: Plant) -> dict[str, ua.NodeId]:
    """Plant, areas, units and process connections; the nodes of areas and units by id (of areas, ``/id``)."""
    flows_to = batch.reference_type(FLOWS_TO, "FlowsFrom", Id.NonHierarchicalReferences)
    root = batch.object(
        PLANT,
        ua.NodeId(Id.ObjectsFolder),
        browse_name=PLANT,
        title=plant.title,
        description=plant.title,
        type_=batch.id(opcua_types.PLANT),
        reference=Id.Organizes,
        notifier=True,
    )
    # areas and units are notifiers, too, but without HasNotifier: being hierarchical, it would show all of them twice
    batch.link(ua.NodeId(Id.Server), ua.NodeId(Id.HasNotifier), root)
    batch.property(root, "Title", _string(plant.title), Id.String, standard=False)
    products = ua.Variant([product.name for product in plant.products], ua.VariantType.String, is_array=True)
    batch.property(root, "Products", products, Id.String, standard=False)
    owners: dict[str, ua.NodeId] = {}
    for area in plant.areas:
        node = batch.object(
            f"{AREA}.{area.id}",
            root,
            browse_name=area.id,
            title=area.title,
            type_=batch.id(opcua_types.AREA),
            notifier=True,
        )
        batch.property(node, "Number", ua.Variant(area.number, ua.VariantType.UInt16), Id.UInt16, standard=False)
        owners[f"/{area.id}"] = node
    for unit in plant.units:
        above = owners[f"/{unit.area}"]
        owners[unit.id] = batch.object(
            f"{UNIT}.{unit.id}",
            above,
            browse_name=unit.id,
            title=unit.title,
            type_=batch.id(opcua_types.UNIT),
            notifier=True,
        )
    for stream in plant.streams:
        source, target = owners.get(stream.source_unit), owners.get(stream.target_unit)
        if source is not None and target is not None and source != target:
            batch.link(source, flows_to, target)
    return owners


def _by_object(engine: Engine) -> dict[str, list[Tag]]:
    found: dict[str, list[Tag]] = {}
    for tag in engine.tags:
        found.setdefault(tag.object, []).append(tag)
    return found


def _tag_object(batch: NodeBatch, members: list[Tag], owners: dict[str, ua.NodeId]) -> ua.NodeId:
    first = members[0]
    owner = owners.get(first.unit) or owners.get(f"/{first.area}")
    if owner is None:
        raise ValueError(f'tag {first.name}: its area "{first.area}" is none of the plant\'s')
    type_ = batch.id(opcua_types.TYPE_OF[first.kind])
    node = batch.object(first.object, owner, browse_name=first.object, description=_title(members), type_=type_)
    batch.property(node, "Kind", _string(first.kind.value), Id.String, standard=False)
    return node


def _title(members: list[Tag]) -> str:
    """What the members' descriptions have in common: each is the object's, a comma and what the member adds."""
    texts = [tag.description for tag in members]
    shortest = min(texts, key=len)
    if all(text.startswith(shortest) for text in texts):
        return shortest
    return shortest.rpartition(", ")[0]


def _member(batch: NodeBatch, owner: ua.NodeId, tag: Tag, sampling_ms: float, historizing: bool) -> ua.NodeId:
    """One variable with the properties of its type."""
    variant_type = VARIANT_TYPES[tag.type]
    discrete = tag.type is ValueType.BOOL or (tag.type is ValueType.UINT16 and bool(tag.states))
    analog = tag.type in (ValueType.FLOAT, ValueType.PROFILE) or (bool(tag.eu) and not discrete)
    ranged = analog and math.isfinite(tag.low) and math.isfinite(tag.high)
    if discrete:
        type_ = Id.TwoStateDiscreteType if tag.type is ValueType.BOOL else Id.MultiStateDiscreteType
    elif not analog:
        type_ = Id.BaseDataVariableType
    elif tag.eu:
        type_ = Id.AnalogUnitRangeType if ranged else Id.AnalogUnitType
    else:
        type_ = Id.AnalogItemType if ranged else Id.DataItemType
    node = batch.variable(
        tag.name,
        owner,
        ua.Variant(None, ua.VariantType.Null, is_array=tag.type is ValueType.PROFILE),
        browse_name=ua.QualifiedName(tag.member, batch.namespace),
        data_type=variant_type.value,
        description=tag.description,
        writable=tag.role is not None,
        sampling_ms=sampling_ms,
        type_=type_,
        length=tag.count,
        historizing=historizing,
    )
    if ranged:
        span = _structure(ua.Range(tag.low, tag.high))
        batch.property(node, "EURange", span, Id.Range)
        if tag.member == "PV" and tag.kind in _MEASURED and (tag.field or tag.kind is not Kind.CONTROLLER):
            batch.property(node, "InstrumentRange", span, Id.Range)
    if analog and tag.eu:
        batch.property(node, "EngineeringUnits", _structure(engineering_unit(tag.eu)), Id.EUInformation)
    if tag.type is ValueType.BOOL:
        off, on = tag.states or _NO_STATES
        batch.property(node, "FalseState", _text(off), Id.LocalizedText)
        batch.property(node, "TrueState", _text(on), Id.LocalizedText)
    elif discrete:
        states = [ua.LocalizedText(state) for state in tag.states]
        names = ua.Variant(states, ua.VariantType.LocalizedText, is_array=True)
        batch.property(node, "EnumStrings", names, Id.LocalizedText)
    elif tag.type is ValueType.PROFILE:
        points = ua.Variant(list(tag.states), ua.VariantType.String, is_array=True)
        batch.property(node, "PointNames", points, Id.String, standard=False)
    return node


def _string(text: str) -> ua.Variant:
    return ua.Variant(text, ua.VariantType.String)


def _text(text: str) -> ua.Variant:
    return ua.Variant(ua.LocalizedText(text), ua.VariantType.LocalizedText)


def _structure(value: object) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.ExtensionObject)
