"""Browsing: the server's address space becomes a ``Plant``, in flow order, in a handful of requests."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from hmi.alarms import FIELDS, OPTIONAL
from hmi.comm.interlocks import read_interlocks
from hmi.comm.procedures import read_by_hand, read_procedures
from hmi.comm.services import browse, node_id, plain, read
from hmi.instructor import FIELD, FIELD_ACTIONS, LISTS
from hmi.model import LIMITS, Alarm, Area, Member, Plant, TagObject, Unit, ValueClass

NAMESPACE = "urn:plantsim:plant"

_FIXED = frozenset((*LIMITS, "NormalLow", "NormalHigh"))
"""Members read once, and again when a faceplate opens; all others are subscribed to."""

_PROPERTIES = frozenset(("EURange", "EngineeringUnits", "EnumStrings", "TrueState", "FalseState", "PointNames"))
_STATES = ua.NodeClass.Object | ua.NodeClass.Variable
"""What of a condition is looked at: its methods are called by their types' NodeIds."""
_PROFILE = ".Profile"
"""Ending of the id of the object that holds a unit's arrays."""

_ACTS_ON = "ActsOn"
"""References from a controller to what its output moves."""

_METHODS = ("Run", "Freeze", "Step", "SetSpeed", "SaveSnapshot", "RestoreSnapshot", "Backtrack", "Inject",
            "InjectWhen", "Clear", "ClearAll", "DoInField", FIELD, FIELD_ACTIONS, *LISTS)  # fmt: skip

_CLASSES = {
    ObjectIds.Boolean: ValueClass.BOOLEAN,
    ObjectIds.Float: ValueClass.NUMBER,
    ObjectIds.Double: ValueClass.NUMBER,
    ObjectIds.Number: ValueClass.NUMBER,
    ObjectIds.String: ValueClass.TEXT,
    ObjectIds.LocalizedText: ValueClass.TEXT,
    ObjectIds.DateTime: ValueClass.TIME,
    ObjectIds.UtcTime: ValueClass.TIME,
    **dict.fromkeys(
        (
            ObjectIds.SByte,
            ObjectIds.Byte,
            ObjectIds.Int16,
            ObjectIds.UInt16,
            ObjectIds.Int32,
            ObjectIds.UInt32,
            ObjectIds.Int64,
            ObjectIds.UInt64,
            ObjectIds.Integer,
            ObjectIds.UInteger,
        ),
        ValueClass.INTEGER,
    ),
}


class NotAPlant(Exception):
    """The server answers, but it has no plant of ours."""


@dataclass(slots=True)
class Browsed:
    """A plant and what stands for its members on the wire."""

    plant: Plant
    namespace: int
    """Index of ``NAMESPACE`` on this server."""
    nodes: dict[str, ua.NodeId] = field(default_factory=dict)
    """NodeId of every member by name, those of alarms' watched fields included."""
    live: tuple[str, ...] = ()
    """Names of the members to subscribe to."""
    alarm_fields: tuple[tuple[str, str], ...] = ()
    """(alarm, field) pairs to subscribe to."""


@dataclass(slots=True)
class _Found:
    """A node met on the way down."""

    node: ua.NodeId
    name: str
    title: str

    @property
    def id(self) -> str:
        return str(self.node.Identifier)


async def browse_plant(client: Client) -> Browsed:
    """Browse all of the server's plant. Raises NotAPlant where there is none."""
    namespaces = await client.get_namespace_array()
    if NAMESPACE not in namespaces:
        raise NotAPlant(f"the server has no namespace {NAMESPACE}: not a plantsim server")
    return await _Browser(client, namespaces.index(NAMESPACE)).run()


class _Browser:
    def __init__(self, client: Client, namespace: int) -> None:
        self._client = client
        self._namespace = namespace
        self._browsed = Browsed(Plant("", (), {}, {}), namespace)

    async def run(self) -> Browsed:
        root = self._node("Plant")
        (under_plant,) = await browse(self._client, [root])
        area_nodes = _objects(under_plant)
        if not area_nodes:
            raise NotAPlant("the server shows no areas under Objects/Plant")
        areas, units, owners = await self._areas(area_nodes)
        tags = await self._tags([owner for owner in owners if not owner[2].id.endswith(_PROFILE)])
        profiles = await self._profiles([owner for owner in owners if owner[2].id.endswith(_PROFILE)])
        units = {
            id_: replace(unit, tags=tuple(t.id for t in tags.values() if t.unit == id_), profiles=profiles.get(id_, ()))
            for id_, unit in units.items()
        }
        simulation, methods = await self._simulation()
        title = plain((await read(self._client, [(root, AttributeIds.DisplayName)]))[0])
        alarms = {alarm.name: alarm for tag in tags.values() for alarm in tag.alarms}
        procedures = await read_procedures(self._client, tags.values(), self._namespace)
        procedures |= await read_by_hand(self._client, self._namespace)
        interlocks = await read_interlocks(self._client, tags.values(), self._namespace)
        for id_, interlock in interlocks.items():
            for device, _ in interlock.effects:
                if device in tags:
                    tags[device].tripped_by += (id_,)
        plant = Plant(str(title or "Plant"), areas, units, tags, alarms, simulation, procedures, methods, interlocks)
        members = [m for tag in tags.values() for m in tag.members.values()] + list(simulation.values())
        members += [m for found in profiles.values() for m in found]
        self._browsed.plant = plant
        self._browsed.live = tuple(
            m.name for m in members if m.member not in _FIXED and m.value_class is not ValueClass.OTHER
        )
        self._browsed.alarm_fields += tuple((alarm, name) for alarm in alarms for name in FIELDS)
        for alarm, name in self._browsed.alarm_fields:
            self._browsed.nodes.setdefault(f"{alarm}.{name}", self._node(f"{alarm}.{name}"))
        return self._browsed

    def _node(self, name: str) -> ua.NodeId:
        return node_id(name, self._namespace)

    async def _areas(
        self, area_nodes: list[_Found]
    ) -> tuple[tuple[Area, ...], dict[str, Unit], list[tuple[str, str, _Found]]]:
        """Areas, units, and (area, unit, tag object) of every tag object."""
        areas: list[Area] = []
        units: dict[str, Unit] = {}
        owners: list[tuple[str, str, _Found]] = []
        under_areas = await browse(self._client, [area.node for area in area_nodes])
        unit_nodes: list[tuple[str, _Found]] = []
        for area, references in zip(area_nodes, under_areas, strict=True):
            area_id = area.id.removeprefix("Area.")
            children = _objects(references)
            own = [child for child in children if child.id.startswith("Unit.")]
            areas.append(Area(area_id, area.title, tuple(child.id.removeprefix("Unit.") for child in own)))
            unit_nodes += [(area_id, child) for child in own]
            owners += [(area_id, "", child) for child in children if child not in own and "." not in child.id]
        under_units = await browse(self._client, [unit.node for _, unit in unit_nodes])
        for (area_id, unit), references in zip(unit_nodes, under_units, strict=True):
            unit_id = unit.id.removeprefix("Unit.")
            children = _objects(references)
            to = tuple(
                dict.fromkeys(child.id.removeprefix("Unit.") for child in children if child.id.startswith("Unit."))
            )
            units[unit_id] = Unit(unit_id, area_id, unit.title, (), to)
            owners += [
                (area_id, unit_id, child) for child in children if "." not in child.id or child.id.endswith(_PROFILE)
            ]
        return tuple(areas), units, owners

    async def _tags(self, owners: list[tuple[str, str, _Found]]) -> dict[str, TagObject]:
        under_tags = await browse(self._client, [tag.node for _, _, tag in owners], ObjectIds.HierarchicalReferences)
        kinds = await self._kinds(under_tags)
        described = await read(self._client, [(tag.node, AttributeIds.Description) for _, _, tag in owners])
        variables = [_variables(references) for references in under_tags]
        members = await self._members([v for found in variables for v in found])
        conditions = [
            (tag.id, area, condition)
            for (area, _, tag), references in zip(owners, under_tags, strict=True)
            for condition in _objects(references)
            if condition.id.endswith(".Alarm")
        ]
        alarms = await self._alarms(conditions)
        tags: dict[str, TagObject] = {}
        for (area, unit, tag), kind, text, found in zip(owners, kinds, described, variables, strict=True):
            if kind is None:
                continue
            own = {members[v.id].member: members[v.id] for v in found}
            title = str(plain(text) or tag.title)
            own_alarms = tuple(a for a in alarms if a.tag == tag.id)
            tags[tag.id] = TagObject(tag.id, title, kind, area, unit, own, own_alarms)
        await read_limits(self._client, tags.values(), self._browsed.nodes)
        await self._loops(tags, [tag.node for _, _, tag in owners if tag.id in tags and "OP" in tags[tag.id].members])
        return tags

    async def _loops(self, tags: dict[str, TagObject], controllers: list[ua.NodeId]) -> None:
        """What acts on what, as far as the server shows it."""
        found = await browse(self._client, controllers, ObjectIds.NonHierarchicalReferences)
        acts_on = self._node(_ACTS_ON)
        for node, references in zip(controllers, found, strict=True):
            controller = tags[str(node.Identifier)]
            targets = [_found(r).id for r in references if r.ReferenceTypeId == acts_on]
            controller.acts_on = tuple(target for target in targets if target in tags)
            for target in controller.acts_on:
                tags[target].set_by += (controller.id,)

    async def _profiles(self, owners: list[tuple[str, str, _Found]]) -> dict[str, tuple[Member, ...]]:
        """Array variables of units, by unit."""
        under = await browse(self._client, [profile.node for _, _, profile in owners])
        variables = [_variables(references) for references in under]
        members = await self._members([v for found in variables for v in found])
        return {
            unit: tuple(replace(members[v.id], value_class=ValueClass.ARRAY) for v in found)
            for (_, unit, _), found in zip(owners, variables, strict=True)
        }

    async def _kinds(self, under_tags: list[list[ua.ReferenceDescription]]) -> list[str | None]:
        nodes = [next((r.NodeId for r in refs if r.BrowseName.Name == "Kind"), None) for refs in under_tags]
        known = [node for node in nodes if node is not None]
        values = iter(await read(self._client, [(node, AttributeIds.Value) for node in known]))
        return [None if node is None else str(plain(next(values)) or "") for node in nodes]

    async def _members(self, variables: list[_Found]) -> dict[str, Member]:
        """Members by NodeId string."""
        described = [v for v in variables if v.name not in _FIXED]
        attributes = (AttributeIds.DataType, AttributeIds.UserAccessLevel, AttributeIds.AccessLevel)
        values = iter(await read(self._client, [(v.node, a) for v in described for a in attributes]))
        under = await browse(self._client, [v.node for v in described], ObjectIds.HasProperty)
        wanted = [
            (variable.id, reference.BrowseName.Name, reference.NodeId)
            for variable, references in zip(described, under, strict=True)
            for reference in references
            if reference.BrowseName.Name in _PROPERTIES
        ]
        found = await read(self._client, [(node, AttributeIds.Value) for _, _, node in wanted])
        properties: dict[str, dict[str, object]] = {}
        for (id_, name, _), value in zip(wanted, found, strict=True):
            properties.setdefault(id_, {})[name] = plain(value)
        made = {v.id: Member(v.id, v.name, ValueClass.NUMBER) for v in variables if v.name in _FIXED}
        for variable in described:
            data_type, mine, all_ = (plain(next(values)) for _ in attributes)
            made[variable.id] = _member(variable, data_type, mine, all_, properties.get(variable.id, {}))
        self._browsed.nodes |= {v.id: v.node for v in variables}
        return made

    async def _alarms(self, conditions: list[tuple[str, str, _Found]]) -> list[Alarm]:
        fields = ("Priority", "Severity", "Message", "Cause", "Consequence", "Response", "RespondMinutes")
        shelving = await self._optional(conditions)
        wanted = [(self._node(f"{c.id}.{f}"), AttributeIds.Value) for _, _, c in conditions for f in fields]
        values = [plain(value) for value in await read(self._client, wanted)]
        alarms = []
        for index, (tag, area, condition) in enumerate(conditions):
            priority, severity, *texts, minutes = values[len(fields) * index : len(fields) * (index + 1)]
            rank = priority if isinstance(priority, int) else _priority(severity)
            message, cause, consequence, response = (str(text or "") for text in texts)
            alarms.append(
                Alarm(
                    condition.id,
                    tag,
                    condition.name,
                    area,
                    rank,
                    message,
                    cause,
                    consequence,
                    response,
                    float(minutes) if isinstance(minutes, int | float) else math.nan,
                    condition.id in shelving,
                )
            )
        return alarms

    async def _optional(self, conditions: list[tuple[str, str, _Found]]) -> set[str]:
        """Note the states that only some servers have; returns the conditions that can be shelved."""
        names = {name.partition(".")[0]: name for name in OPTIONAL}
        states = [
            (condition.id, reference.BrowseName.Name, _found(reference).node)
            for (_, _, condition), references in zip(
                conditions,
                await browse(self._client, [c.node for _, _, c in conditions], ObjectIds.HasComponent, _STATES),
                strict=True,
            )
            for reference in references
            if reference.BrowseName.Name in names
        ]
        under = await browse(self._client, [node for _, _, node in states], ObjectIds.Aggregates)
        shelving: set[str] = set()
        for (condition, state, node), references in zip(states, under, strict=True):
            field = names[state]
            if state == "ShelvingState":
                shelving.add(condition)
                self._browsed.nodes[f"{condition}.{state}"] = node
            for reference in references:
                if reference.BrowseName.Name == field.partition(".")[2]:
                    self._browsed.nodes[f"{condition}.{field}"] = _found(reference).node
                    self._browsed.alarm_fields += ((condition, field),)
        return shelving

    async def _simulation(self) -> tuple[dict[str, Member], frozenset[str]]:
        (references,) = await browse(self._client, [self._node("Simulation")])
        members = await self._members(_variables(references))
        methods = [r for r in references if r.NodeClass == ua.NodeClass.Method and r.BrowseName.Name in _METHODS]
        allowed = await read(self._client, [(r.NodeId, AttributeIds.UserExecutable) for r in methods])
        names = (r.BrowseName.Name for r, may in zip(methods, allowed, strict=True) if plain(may))
        return {m.member: m for m in members.values()}, frozenset(names)


async def read_limits(client: Client, tags: Iterable[TagObject], nodes: dict[str, ua.NodeId]) -> None:
    """Read limits and normal band of tag objects, in place. What is nan or cannot be read is left out."""
    wanted = [(tag, member) for tag in tags for member in tag.members.values() if member.member in _FIXED]
    values = await read(client, [(nodes[member.name], AttributeIds.Value) for _, member in wanted])
    found: dict[str, dict[str, float]] = {}
    for (tag, member), value in zip(wanted, values, strict=True):
        number = plain(value)
        if isinstance(number, int | float) and math.isfinite(number):
            found.setdefault(tag.id, {})[member.member] = float(number)
    for tag in {tag.id: tag for tag, _ in wanted}.values():
        limits = found.get(tag.id, {})
        tag.limits = {name: limits[name] for name in LIMITS if name in limits}
        low, high = limits.get("NormalLow"), limits.get("NormalHigh")
        tag.normal = (low, high) if low is not None and high is not None else None


def _objects(references: list[ua.ReferenceDescription]) -> list[_Found]:
    return [_found(r) for r in references if r.NodeClass == ua.NodeClass.Object]


def _variables(references: list[ua.ReferenceDescription]) -> list[_Found]:
    return [
        _found(r)
        for r in references
        if r.NodeClass == ua.NodeClass.Variable and r.ReferenceTypeId.Identifier != ObjectIds.HasProperty
    ]


def _found(reference: ua.ReferenceDescription) -> _Found:
    name = sys.intern(reference.BrowseName.Name or "")
    return _Found(ua.NodeId(reference.NodeId.Identifier, reference.NodeId.NamespaceIndex), name, _text(reference, name))


def _text(reference: ua.ReferenceDescription, name: str) -> str:
    return sys.intern(reference.DisplayName.Text or name)


def _member(variable: _Found, data_type: object, mine: object, all_: object, properties: dict[str, object]) -> Member:
    kind = (
        _CLASSES.get(data_type.Identifier, ValueClass.OTHER) if isinstance(data_type, ua.NodeId) else ValueClass.OTHER
    )
    span = properties.get("EURange")
    low, high = (float(span.Low), float(span.High)) if isinstance(span, ua.Range) else (None, None)
    unit = properties.get("EngineeringUnits")
    eu = unit.DisplayName.Text or "" if isinstance(unit, ua.EUInformation) else ""
    eu = "" if eu == "1" else sys.intern(eu)  # a count or a ratio
    names = properties.get("EnumStrings")
    if isinstance(names, list):
        states = tuple(str(name.Text or "") for name in names)
    elif "TrueState" in properties:
        states = (str(properties.get("FalseState") or "off"), str(properties["TrueState"] or "on"))
    else:
        states = ()
    points = properties.get("PointNames")
    write = 1 << ua.AccessLevel.CurrentWrite
    return Member(
        name=variable.id,
        member=variable.name,
        value_class=kind,
        eu=eu,
        low=low,
        high=high,
        states=states,
        writable=isinstance(mine, int) and bool(mine & write),
        for_others=isinstance(all_, int) and bool(all_ & write),
        points=tuple(map(str, points)) if isinstance(points, list) else (),
    )


def _priority(severity: object) -> int:
    if not isinstance(severity, int):
        return 4
    return 1 if severity >= 800 else 2 if severity >= 500 else 3 if severity >= 200 else 4
