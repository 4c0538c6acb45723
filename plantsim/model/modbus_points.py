"""The Modbus address map: where each tag and alarm stands, assigned once and never moved.

Unit 1 is the SCADA view. Its input registers come in pages of 100 that open with the scan counter; no value lies across
two pages. Units 11 to 18 are the I/O racks of areas 100 to 800. Points begin at address 10; what lies below is kept for
counters, heartbeat and plant-wide commands. A new point goes after the highest of its table; the place of a tag that
has gone stays in ``retired``, because a client somewhere still reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from plantsim.model.tag import AlarmPoint, Kind, ModbusPoint, Role, Tag, ValueType

SCADA_UNIT = 1
PAGE = 100
"""Registers in a page of unit 1's input table."""
COUNTER = 2
"""Registers at the start of a page that hold the scan counter."""
FIRST_POINT = 10
WIDTH = {"float32": 2, "uint32": 2, "uint16": 1, "counts": 1, "bool": 1}
"""Addresses that a value of each type takes."""
TABLES = ("input", "holding", "discrete", "coil")

AREA_NUMBERS = {
    "feed": 100,
    "leach": 200,
    "iron": 300,
    "sx": 400,
    "precip": 500,
    "calcine": 600,
    "product": 700,
    "utilities": 800,
}

_VIEW_TYPES = {
    ValueType.FLOAT: "float32",
    ValueType.TIME: "float32",  # as an age in seconds: a float32 cannot hold a date
    ValueType.UINT16: "uint16",
    ValueType.UINT32: "uint32",
}

_WIRED = {
    (Kind.TRANSMITTER, "PV"): ("input", "counts"),
    (Kind.ANALYSER, "PV"): ("input", "counts"),
    (Kind.VALVE, "POS"): ("input", "counts"),
    (Kind.VALVE, "CMD"): ("holding", "counts"),
    (Kind.VARIABLE_DRIVE, "SPEED"): ("input", "counts"),
    (Kind.VARIABLE_DRIVE, "SPEED_CMD"): ("holding", "counts"),
    (Kind.VARIABLE_DRIVE, "CMD"): ("coil", "bool"),
    (Kind.VARIABLE_DRIVE, "RUN"): ("discrete", "bool"),
    (Kind.VARIABLE_DRIVE, "TRIP"): ("discrete", "bool"),
    (Kind.DRIVE, "CMD"): ("coil", "bool"),
    (Kind.DRIVE, "RUN"): ("discrete", "bool"),
    (Kind.DRIVE, "TRIP"): ("discrete", "bool"),
    (Kind.ON_OFF_VALVE, "CMD"): ("coil", "bool"),
    (Kind.ON_OFF_VALVE, "OPENED"): ("discrete", "bool"),
    (Kind.ON_OFF_VALVE, "CLOSED"): ("discrete", "bool"),
    (Kind.SWITCH, "STATE"): ("discrete", "bool"),
}

GROUPS = ("tags", "quality", "racks", "active", "unacked")


class Key(NamedTuple):
    """What a point shows: its group (one of ``GROUPS``) and a tag's name, in the last two groups an alarm's."""

    group: str
    name: str

    def __str__(self) -> str:
        """Where it stands in the map file."""
        group = "alarms" if self.group in ("active", "unacked") else self.group
        return f"{group}.{self.name}"


@dataclass(frozen=True, slots=True)
class Map:
    """All Modbus addresses of a plant.

    points: in tag order, group by group. retired: places of tags that have gone, never to be used by another.
    seal: what ``seal`` gave for the addresses when the file was written; empty in a map written by hand.
    """

    points: Mapping[Key, ModbusPoint]
    retired: Mapping[ModbusPoint, Key] = field(default_factory=dict)
    seal: str = ""


def view(tag: Tag) -> tuple[str, str] | None:
    """Table and type of the tag in the SCADA view; None for texts and Simulation, which are not on Modbus."""
    if tag.kind is Kind.SIMULATION:
        return None
    writable = tag.role is not None and tag.role <= Role.OPERATOR
    if tag.type is ValueType.BOOL:
        return ("coil" if writable else "discrete", "bool")
    if tag.type not in _VIEW_TYPES:
        return None
    return ("holding" if writable else "input", _VIEW_TYPES[tag.type])


def wiring(tag: Tag) -> tuple[str, str] | None:
    """Table and type of the tag in its area's I/O rack; None for what no cable goes to."""
    if not tag.wired:
        return None
    if tag.kind is Kind.CONTROLLER and tag.member == "PV" and tag.field:
        return ("input", "counts")
    return _WIRED.get((tag.kind, tag.member))


def assign(
    tags: Sequence[Tag],
    alarms: Sequence[AlarmPoint],
    previous: Map | None = None,
    area_numbers: Mapping[str, int] = AREA_NUMBERS,
) -> Map:
    """A map for these tags and alarms in which everything that ``previous`` holds keeps its address.

    Only a tag that changed its table or type (such as from read-only to writable) is placed anew.
    """
    before = previous or Map({})
    home = dict(before.points) | {key: point for point, key in before.retired.items() if key not in before.points}
    free = _FreeAddresses([*before.points.values(), *before.retired])
    points: dict[Key, ModbusPoint] = {}
    for key, shape in wanted_points(tags, alarms, area_numbers):
        old = home.get(key)
        points[key] = old if old is not None and shape_of(old) == shape else free.take(*shape)
    kept = set(points.values())
    gone = {point: key for key, point in before.points.items()} | dict(before.retired)
    return Map(points, {point: key for point, key in gone.items() if point not in kept})


def with_addresses(
    tags: Sequence[Tag], alarms: Sequence[AlarmPoint], map_: Map
) -> tuple[tuple[Tag, ...], tuple[AlarmPoint, ...]]:
    """The same tags and alarms with their Modbus places filled in."""
    at = map_.points.get
    return (
        tuple(
            replace(
                tag,
                modbus=at(Key("tags", tag.name)),
                modbus_quality=at(Key("quality", tag.name)),
                rack=at(Key("racks", tag.name)),
            )
            for tag in tags
        ),
        tuple(
            replace(
                alarm,
                modbus_active=at(Key("active", alarm.name)),
                modbus_unacked=at(Key("unacked", alarm.name)),
            )
            for alarm in alarms
        ),
    )


class Shape(NamedTuple):
    """All of a point but its address."""

    unit: int
    table: str
    type: str


def shape_of(point: ModbusPoint) -> Shape:
    """Unit, table and type of a point."""
    return Shape(point.unit, point.table, point.type)


def wanted_points(
    tags: Sequence[Tag], alarms: Sequence[AlarmPoint], area_numbers: Mapping[str, int]
) -> Iterator[tuple[Key, Shape]]:
    """Every point the plant needs, in the order in which addresses are given."""
    for tag in tags:
        place = view(tag)
        if place is not None:
            yield Key("tags", tag.name), Shape(SCADA_UNIT, *place)
    for tag in tags:
        place = view(tag)
        if place is not None and place[1] == "float32":
            yield Key("quality", tag.name), Shape(SCADA_UNIT, "discrete", "bool")
    for tag in tags:
        place = wiring(tag)
        number = area_numbers.get(tag.area, 0)
        if place is not None and 100 <= number <= 800:
            yield Key("racks", tag.name), Shape(10 + number // 100, *place)
    for alarm in alarms:
        for group in ("active", "unacked"):
            yield Key(group, alarm.name), Shape(SCADA_UNIT, "discrete", "bool")


def is_paged(unit: int, table: str) -> bool:
    """Whether the table comes in pages that open with the scan counter."""
    return unit == SCADA_UNIT and table == "input"


class _FreeAddresses:
    """The next free address of every table."""

    def __init__(self, taken: Iterable[ModbusPoint]) -> None:
        self._next: dict[tuple[int, str], int] = {}
        for point in taken:
            table = (point.unit, point.table)
            self._next[table] = max(self._next.get(table, 0), point.address + WIDTH[point.type])

    def take(self, unit: int, table: str, type_: str) -> ModbusPoint:
        width = WIDTH[type_]
        if is_paged(unit, table):
            address = self._next.get((unit, table), 0)
            offset = address % PAGE
            if offset < COUNTER:
                address += COUNTER - offset
            elif offset + width > PAGE:
                address += PAGE - offset + COUNTER
        else:
            address = max(self._next.get((unit, table), 0), FIRST_POINT)
        self._next[unit, table] = address + width
        return ModbusPoint(unit, table, address, type_)


def text_of(point: ModbusPoint) -> str:
    """The point as the map file spells it."""
    place = f"{point.unit}/{point.table}/{point.address}"
    return place if point.type == "bool" else f"{place}/{point.type}"
