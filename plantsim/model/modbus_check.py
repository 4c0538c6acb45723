"""What may be wrong with a Modbus address map, named by tag."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from plantsim.model.errors import PlantError
from plantsim.model.modbus_points import (
    AREA_NUMBERS,
    COUNTER,
    FIRST_POINT,
    PAGE,
    WIDTH,
    Key,
    Map,
    is_paged,
    shape_of,
    text_of,
    wanted_points,
)
from plantsim.model.tag import AlarmPoint, ModbusPoint, Tag


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
    wanted = dict(wanted_points(tags, alarms, area_numbers))
    for key in map_.points:
        if key not in wanted:
            raise PlantError(file, str(key), f'"{text_of(map_.points[key])}"', "only tags and alarms of the plant")
    for key, shape in wanted.items():
        point = map_.points.get(key)
        if point is None:
            raise PlantError(
                file,
                str(key),
                "no address",
                f'one in {shape.unit}/{shape.table}, as "plantsim check --update" appends it',
            )
        if shape_of(point) != shape:
            allowed = f'"{shape.unit}/{shape.table}/.../{shape.type}"'
            raise PlantError(file, str(key), f'"{text_of(point)}"', allowed)
    for key, point in map_.points.items():
        _check_address(file, key, point)
    _check_overlap(file, map_)
    if previous is not None:
        _check_moved(file, map_, previous)
    check_seal(map_, file)


def check_seal(map_: Map, file: str) -> None:
    """Raise PlantError if addresses were edited since the file was written, naming the row if it was one."""
    if map_.seal in ("", seal(map_)):
        return
    rows = _rows(map_)
    difference = int(seal(map_), 16) - int(map_.seal, 16)
    for key, point in map_.points.items():
        moved, rest = divmod(difference, _weight(str(key)))
        sealed = rows[str(key)] - moved
        if rest == 0 and 0 <= sealed < 2**32:
            start = f"{point.unit}/{point.table}/"
            if key.group in ("active", "unacked"):
                found, allowed = (f"{start}{row % 65536},{row // 65536}" for row in (rows[str(key)], sealed))
            else:
                found, allowed = text_of(point), text_of(replace(point, address=sealed))
            raise PlantError(file, str(key), f'"{found}"', f'its committed address "{allowed}"')
    allowed = 'those it was made for; "plantsim check --update" appends new ones, and none may be edited'
    raise PlantError(file, "seal", "other addresses", allowed)


def seal(map_: Map) -> str:
    """Checksum of all addresses, each weighted by its name, so that the one that was edited can be named."""
    return f"{sum(number * _weight(row) for row, number in _rows(map_).items()):x}"


def _check_address(file: str, key: Key, point: ModbusPoint) -> None:
    found, width = f'"{text_of(point)}"', WIDTH[point.type]
    if not 0 <= point.address <= 65536 - width:
        raise PlantError(file, str(key), found, f"addresses from 0 to {65536 - width}")
    if not is_paged(point.unit, point.table):
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
        if now is not None and now != point and shape_of(now) == shape_of(point):
            raise PlantError(file, str(key), f'"{text_of(now)}"', f'its committed address "{text_of(point)}"')
    committed = {address: key for point, key in _places(previous) for address in _addresses(point)}
    for key, point in map_.points.items():
        for address in _addresses(point):
            owner = committed.get(address, key)
            if owner != key:
                raise PlantError(file, str(key), f'"{text_of(point)}"', f"an address that {owner} has not had before")


def _rows(map_: Map) -> dict[str, int]:
    """Every row of the map file as a number; of an alarm's two addresses the second counts 65536 times."""
    rows = {f"retired.{text_of(point)}.{key}": 1 for point, key in map_.retired.items()}
    for key, point in map_.points.items():
        rows[str(key)] = rows.get(str(key), 0) + point.address * (65536 if key.group == "unacked" else 1)
    return rows


def _weight(row: str) -> int:
    return zlib.crc32(row.encode()) + 1


def _check_overlap(file: str, map_: Map) -> None:
    owners: dict[tuple[int, str, int], Key] = {}
    for point, key in _places(map_):
        for address in _addresses(point):
            other = owners.setdefault(address, key)
            if other != key:
                held = "is held" if other in map_.points else "was held"
                allowed = f"an address of its own; this one {held} by {other}"
                raise PlantError(file, str(key), f'"{text_of(point)}"', allowed)


def _places(map_: Map) -> Iterator[tuple[ModbusPoint, Key]]:
    yield from map_.retired.items()
    for key, point in map_.points.items():
        yield point, key


def _addresses(point: ModbusPoint) -> Iterator[tuple[int, str, int]]:
    for offset in range(WIDTH[point.type]):
        yield point.unit, point.table, point.address + offset
