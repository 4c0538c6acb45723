"""The Modbus address map: where each tag and alarm stands, assigned once and never moved.

Unit 1 is the SCADA view. Its input registers come in pages of 100 that open with the scan counter; no value lies across
two pages. Units 11 to 18 are the I/O racks of areas 100 to 800. Points begin at address 10; what lies below is kept for
counters, heartbeat and plant-wide commands. A new point goes after the highest of its table; the place of a tag that
has gone stays in ``retired``, because a client somewhere still reads it.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from plantsim.model.errors import PlantError
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
    seal: digest of the addresses as last written by ``write_map``; empty in a map written by hand.
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
    for key, shape in _wanted(tags, alarms, area_numbers):
        old = home.get(key)
        points[key] = old if old is not None and _shape(old) == shape else free.take(*shape)
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


def check_map(
    map_: Map,
    tags: Sequence[Tag],
    alarms: Sequence[AlarmPoint],
    previous: Map | None = None,
    *,
    file: str = "map",
    area_numbers: Mapping[str, int] = AREA_NUMBERS,
) -> None:
    """Raise PlantError unless every tag and alarm has a fitting place of its own and nothing has moved.

    previous is the committed map, where there is one; without it a move shows by the seal alone.
    """
    wanted = dict(_wanted(tags, alarms, area_numbers))
    for key in map_.points:
        if key not in wanted:
            raise PlantError(file, str(key), f'"{_text(map_.points[key])}"', "only tags and alarms of the plant")
    for key, shape in wanted.items():
        point = map_.points.get(key)
        if point is None:
            raise PlantError(
                file,
                str(key),
                "no address",
                f'one in {shape.unit}/{shape.table}, as "plantsim check --update" appends it',
            )
        if _shape(point) != shape:
            allowed = f'"{shape.unit}/{shape.table}/.../{shape.type}"'
            raise PlantError(file, str(key), f'"{_text(point)}"', allowed)
    for key, point in map_.points.items():
        _check_address(file, key, point)
    if previous is not None:
        _check_moved(file, map_, previous)
    _check_overlap(file, map_)
    if map_.seal and map_.seal != seal(map_):
        allowed = f'"{map_.seal}": addresses must not be edited by hand; they append by "plantsim check --update"'
        raise PlantError(file, "seal", f'addresses that give "{seal(map_)}"', allowed)


def seal(map_: Map) -> str:
    """Digest of all addresses, by which a change made by hand is noticed."""
    lines = [f"{key.group}.{key.name}={_text(point)}" for key, point in map_.points.items()]
    lines += [f"retired.{_text(point)}={key.group}.{key.name}" for point, key in map_.retired.items()]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def read_map(path: Path) -> Map:
    """The map in a file; PlantError if it is not a map file, OSError if it cannot be read."""
    file = path.name
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlantError(file, "text", str(error), "TOML in UTF-8") from None
    if data.get("format") != 1:
        raise PlantError(file, "format", repr(data["format"]) if "format" in data else "nothing", "1")
    sections = ("tags", "quality", "racks", "alarms", "retired")
    for key, value in data.items():
        if key not in ("format", "seal", *sections):
            raise PlantError(file, key, "an unknown key", f"format, seal, {', '.join(sections)}")
        if key in sections and not isinstance(value, dict):
            raise PlantError(file, key, repr(value), "a table")
    points: dict[Key, ModbusPoint] = {}
    for group in ("tags", "quality", "racks"):
        for name, text in data.get(group, {}).items():
            points[Key(group, name)] = _parse(file, f"{group}.{name}", text, default_type="bool")
    for name, text in data.get("alarms", {}).items():
        head, _, second = str(text).partition(",")
        active = _parse(file, f"alarms.{name}", head, default_type="bool")
        unacked = f"{active.unit}/{active.table}/{second}"
        points[Key("active", name)] = active
        points[Key("unacked", name)] = _parse(file, f"alarms.{name}", unacked, default_type="bool", shown=text)
    retired: dict[ModbusPoint, Key] = {}
    for text, owner in data.get("retired", {}).items():
        group, _, name = str(owner).partition(".")
        if group not in GROUPS or not name:
            raise PlantError(file, f"retired.{text}", repr(owner), 'a name such as "tags.FIC-201.PV"')
        retired[_parse(file, f"retired.{text}", text, default_type="bool")] = Key(group, name)
    return Map(points, retired, str(data.get("seal", "")))


def write_map(path: Path, map_: Map) -> None:
    """Write the map, sealed, in its own order; the file is replaced whole."""
    lines = [
        "# Modbus addresses. Clients hold them: they never move, and no address is used twice.",
        '# "plantsim check --update" appends what is new.',
        "format = 1",
        f'seal = "{seal(map_)}"',
    ]
    for group in ("tags", "quality", "racks"):
        rows = [f'"{key.name}" = "{_text(point)}"' for key, point in map_.points.items() if key.group == group]
        lines += ["", f"[{group}]", *rows]
    lines += ["", "[alarms] # active, unacknowledged"]
    for key, active in map_.points.items():
        if key.group == "active":
            unacked = map_.points[Key("unacked", key.name)]
            lines.append(f'"{key.name}" = "{_text(active)},{unacked.address}"')
    if map_.retired:
        rows = [f'"{_text(point)}" = "{key.group}.{key.name}"' for point, key in map_.retired.items()]
        lines += ["", "[retired]", *rows]
    beside = path.with_name(path.name + ".new")
    beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(beside, path)


class _Shape(NamedTuple):
    """All of a point but its address."""

    unit: int
    table: str
    type: str


def _shape(point: ModbusPoint) -> _Shape:
    return _Shape(point.unit, point.table, point.type)


def _wanted(
    tags: Sequence[Tag], alarms: Sequence[AlarmPoint], area_numbers: Mapping[str, int]
) -> Iterator[tuple[Key, _Shape]]:
    """Every point the plant needs, in the order in which addresses are given."""
    for tag in tags:
        place = view(tag)
        if place is not None:
            yield Key("tags", tag.name), _Shape(SCADA_UNIT, *place)
    for tag in tags:
        place = view(tag)
        if place is not None and place[1] == "float32":
            yield Key("quality", tag.name), _Shape(SCADA_UNIT, "discrete", "bool")
    for tag in tags:
        place = wiring(tag)
        number = area_numbers.get(tag.area, 0)
        if place is not None and 100 <= number <= 800:
            yield Key("racks", tag.name), _Shape(10 + number // 100, *place)
    for alarm in alarms:
        for group in ("active", "unacked"):
            yield Key(group, alarm.name), _Shape(SCADA_UNIT, "discrete", "bool")


def _paged(unit: int, table: str) -> bool:
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
        if _paged(unit, table):
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


def _check_address(file: str, key: Key, point: ModbusPoint) -> None:
    found, width = f'"{_text(point)}"', WIDTH[point.type]
    if not 0 <= point.address <= 65536 - width:
        raise PlantError(file, str(key), found, f"addresses from 0 to {65536 - width}")
    if not _paged(point.unit, point.table):
        if point.address < FIRST_POINT:
            raise PlantError(file, str(key), found, f"addresses from {FIRST_POINT}")
        return
    offset = point.address % PAGE
    if offset < COUNTER:
        page = point.address - offset
        raise PlantError(
            file, str(key), found, f"addresses other than {page} and {page + 1}, which hold the scan counter"
        )
    if offset + width > PAGE:
        raise PlantError(file, str(key), found, f"a value within one page of {PAGE} registers")


def _check_moved(file: str, map_: Map, previous: Map) -> None:
    for key, point in previous.points.items():
        now = map_.points.get(key)
        if now is not None and now != point and _shape(now) == _shape(point):
            raise PlantError(file, str(key), f'"{_text(now)}"', f'its committed address "{_text(point)}"')
    committed = {address: key for point, key in _places(previous) for address in _addresses(point)}
    for key, point in map_.points.items():
        for address in _addresses(point):
            owner = committed.get(address, key)
            if owner != key:
                raise PlantError(file, str(key), f'"{_text(point)}"', f"an address that {owner} has not had before")


def _check_overlap(file: str, map_: Map) -> None:
    owners: dict[tuple[int, str, int], Key] = {}
    for point, key in _places(map_):
        for address in _addresses(point):
            other = owners.setdefault(address, key)
            if other != key:
                held = "is held" if other in map_.points else "was held"
                allowed = f"an address of its own; this one {held} by {other}"
                raise PlantError(file, str(key), f'"{_text(point)}"', allowed)


def _places(map_: Map) -> Iterator[tuple[ModbusPoint, Key]]:
    yield from map_.retired.items()
    for key, point in map_.points.items():
        yield point, key


def _addresses(point: ModbusPoint) -> Iterator[tuple[int, str, int]]:
    for offset in range(WIDTH[point.type]):
        yield point.unit, point.table, point.address + offset


def _text(point: ModbusPoint) -> str:
    place = f"{point.unit}/{point.table}/{point.address}"
    return place if point.type == "bool" else f"{place}/{point.type}"


def _parse(file: str, key: str, text: object, *, default_type: str, shown: object = None) -> ModbusPoint:
    parts = str(text).split("/")
    if len(parts) == 3:
        parts.append(default_type)
    numbers = len(parts) == 4 and parts[0].isdecimal() and parts[2].isdecimal()
    if not (isinstance(text, str) and numbers and parts[1] in TABLES and parts[3] in WIDTH):
        found = f'"{text if shown is None else shown}"'
        raise PlantError(
            file, key, found, 'unit/table/address/type such as "1/input/2/float32" or "1/discrete/812,813"'
        )
    return ModbusPoint(int(parts[0]), parts[1], int(parts[2]), parts[3])
