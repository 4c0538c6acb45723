"""The Modbus address map as a file beside the plant file, and the one face of the map's making and checking."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from plantsim.model.errors import PlantError
from plantsim.model.modbus_check import check_map, check_seal, seal
from plantsim.model.modbus_points import AREA_NUMBERS, GROUPS, TABLES, WIDTH, Key, Map, assign, text_of, with_addresses
from plantsim.model.tag import AlarmPoint, ModbusPoint, Tag

__all__ = ["Key", "Map", "assign", "check_map", "map_path", "read_map", "update_map", "with_addresses", "write_map"]


def map_path(plant: Path) -> Path:
    """Where the map of a plant file stands: beside it."""
    return plant.with_suffix(".map.toml")


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
    mark = data.get("seal", "")
    if not (isinstance(mark, str) and (mark == "" or re.fullmatch("[0-9a-f]+", mark))):
        raise PlantError(file, "seal", repr(mark), "the hexadecimal text that was written there")
    return Map(points, retired, mark)


def update_map(
    path: Path, tags: Sequence[Tag], alarms: Sequence[AlarmPoint], area_numbers: Mapping[str, int] = AREA_NUMBERS
) -> Map:
    """Append what the file at ``path`` lacks, or write it new; PlantError if its addresses were edited."""
    previous = read_map(path) if path.exists() else None
    if previous is not None:
        check_seal(previous, path.name)
    write_map(path, assign(tags, alarms, previous, area_numbers))
    return read_map(path)


def write_map(path: Path, map_: Map) -> None:
    """Write the map, sealed, in its own order; the file is replaced whole."""
    lines = [
        "# Modbus addresses. Clients hold them: they never move, and no address is used twice.",
        '# "plantsim check --update" appends what is new.',
        "format = 1",
        f'seal = "{seal(map_)}"',
    ]
    for group in ("tags", "quality", "racks"):
        rows = [f'"{key.name}" = "{text_of(point)}"' for key, point in map_.points.items() if key.group == group]
        lines += ["", f"[{group}]", *rows]
    lines += ["", "[alarms] # active, unacknowledged"]
    for key, active in map_.points.items():
        if key.group == "active":
            unacked = map_.points[Key("unacked", key.name)]
            lines.append(f'"{key.name}" = "{text_of(active)},{unacked.address}"')
    if map_.retired:
        rows = [f'"{text_of(point)}" = "{key.group}.{key.name}"' for point, key in map_.retired.items()]
        lines += ["", "[retired]", *rows]
    beside = path.with_name(path.name + ".new")
    beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(beside, path)


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
