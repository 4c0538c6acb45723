"""The register image: the process image as Modbus clients see it, all units at once.

Status word of a rack (input register 1): bit 0 the plant is frozen, bit 1 the area is under external control, bit 2 the
PLC's heartbeat is lost, bit 3 at least one signal of the rack is Bad, bit 4 at least one of its points is forced.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plantsim.engine.image import ACTIVE, BAD, UNACKED, UNCERTAIN, ProcessImage
from plantsim.model.modbus_points import COUNTER, PAGE, SCADA_UNIT, TABLES, WIDTH
from plantsim.model.tag import AlarmPoint, Kind, ModbusPoint, Tag, ValueType

WORD_ORDERS = {"abcd": (0, 1, 2, 3), "cdab": (2, 3, 0, 1), "badc": (1, 0, 3, 2), "dcba": (3, 2, 1, 0)}
"""Which byte of a big-endian 32-bit value stands where in its two registers; each order is its own inverse."""

FULL_SCALE = 27648
"""Counts at 20 mA; 4 mA is 0."""
FAIL_LOW, FAIL_HIGH, OPEN_LOOP = -691, 29376, 32767
"""Counts at 3.6 mA, at 21 mA (NAMUR NE 43), and with the loop open or the sensor Bad."""

FROZEN, EXTERNAL, HEARTBEAT_LOST, BAD_SIGNAL, FORCED = 1, 2, 4, 8, 16
"""Bits of a rack's status word."""

HEARTBEAT, LOCKSTEP = 0, 0
"""Holding register of a rack, and coil of unit 1."""

GAP, START, REST = 0, 1, 2
"""What stands at an address: nothing, the beginning of a value, or the second register of one."""

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Place:
    """A tag that may be written at an address; ``point`` says which of the tag's two views it is."""

    tag: Tag
    point: ModbusPoint

    @property
    def width(self) -> int:
        """Addresses it takes."""
        return WIDTH[self.point.type]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of one unit: addresses 0 to size - 1, of which ``layout`` says what stands there.

    start: index of address 0 among the image's registers or bits. places: the writable values by first address.
    """

    start: int
    size: int
    layout: bytes
    places: Mapping[int, Place]


@dataclass(frozen=True, slots=True)
class RegisterImage:
    """All tables of all units, from one process image.

    registers: big-endian, two bytes each. bits: one byte, 0 or 1, each.
    """

    source: ProcessImage
    registers: bytes = field(repr=False)
    bits: NDArray[np.uint8] = field(repr=False)


class Registers:
    """Where everything stands, fixed when the server starts, and the making of images from it."""

    def __init__(self, tags: Sequence[Tag], alarms: Sequence[AlarmPoint], word_order: str = "abcd") -> None:
        if word_order not in WORD_ORDERS:
            raise ValueError(f"word order {word_order!r}; allowed are {', '.join(WORD_ORDERS)}")
        self._order = WORD_ORDERS[word_order]
        self._rack_area = {tag.rack.unit: tag.area for tag in tags if tag.rack is not None}
        self._tables, self._register_count, self._bit_count = _lay_out(tags, alarms, sorted(self._rack_area))
        self.units = frozenset(unit for unit, _ in self._tables)
        """Unit identifiers that answer."""
        self._index_registers(tags)
        self._index_bits(tags, alarms)

    def table(self, unit: int, table: str) -> Table:
        """The table (one of input, holding, discrete, coil) of a unit that answers."""
        return self._tables[unit, table]

    def area(self, unit: int) -> str | None:
        """Area id of a rack; None for the SCADA view."""
        return self._rack_area.get(unit)

    def build(
        self,
        image: ProcessImage,
        external: Collection[str] = (),
        lost: Collection[str] = (),
        forced: Collection[str] = (),
    ) -> RegisterImage:
        """The register image of one process image. Heartbeats read 0: they are no part of it.

        external: ids of the areas under external control. lost: of those whose PLC's heartbeat is lost.
        forced: of those in which something is forced.
        """
        registers = np.zeros(self._register_count, ">u2")
        with np.errstate(over="ignore", invalid="ignore"):  # a value beyond float32 becomes an infinity
            self._put_scada(registers, image)
            self._put_racks(registers, image, external, lost, forced)
        bits = self._bits(image)
        if self.in_scenario(image):  # the trainee is not to see true values
            registers[self._kpi_at] = 0
            bits[self._kpi_quality_at] = 0
        return RegisterImage(image, registers.tobytes(), bits)

    def in_scenario(self, image: ProcessImage) -> bool:
        """Whether a scenario runs: Simulation.Scenario names one."""
        return self._scenario_row is not None and image.value[self._scenario_row] > 0.5

    def decode(self, place: Place, raw: bytes) -> float:
        """The value that a client wrote to a place, from its registers.

        ValueError for counts beyond 0 to 27648 and for a float that is not a finite number.
        """
        tag, type_ = place.tag, place.point.type
        if type_ == "uint16":
            return int.from_bytes(raw, "big")
        if type_ == "counts":
            (counts,) = struct.unpack(">h", raw)
            if not 0 <= counts <= FULL_SCALE:
                raise ValueError(f"{tag.name}: {counts} counts; allowed are 0 to {FULL_SCALE}")
            return float(tag.low + counts / FULL_SCALE * (tag.high - tag.low))
        ordered = bytes(raw[i] for i in self._order)
        if type_ == "uint32":
            return int.from_bytes(ordered, "big")
        (value,) = struct.unpack(">f", ordered)
        if not math.isfinite(value):
            raise ValueError(f"{tag.name}: {value}; allowed are finite numbers")
        return float(str(np.float32(value)))  # 60.1 as the client meant it, not the 60.0999985 of its float32

    def _index_registers(self, tags: Sequence[Tag]) -> None:
        def at(points: Iterable[ModbusPoint]) -> Rows:
            return np.array([self._tables[p.unit, p.table].start + p.address for p in points], np.intp)

        def of_type(type_: str) -> list[tuple[Tag, ModbusPoint]]:
            return [(tag, tag.modbus) for tag in tags if tag.modbus is not None and tag.modbus.type == type_]

        floats, longs, words = of_type("float32"), of_type("uint32"), of_type("uint16")
        self._float_rows = _rows(tag for tag, _ in floats)
        self._ages = np.array([i for i, (tag, _) in enumerate(floats) if tag.type is ValueType.TIME], np.intp)
        self._float_at = _pairs(at(point for _, point in floats))
        self._long_rows = _rows(tag for tag, _ in longs)
        self._long_at = _pairs(at(point for _, point in longs))
        self._word_rows = _rows(tag for tag, _ in words)
        self._word_at = at(point for _, point in words)
        pages = self._tables[SCADA_UNIT, "input"]
        self._counter_at = _pairs(np.arange(pages.start, pages.start + pages.size, PAGE, dtype=np.intp))

        wired = [(tag, tag.rack) for tag in tags if tag.rack is not None and tag.rack.type == "counts"]
        racks = sorted(self._rack_area)
        self._count_rows = _rows(tag for tag, _ in wired)
        self._count_at = at(point for _, point in wired)
        self._count_low = np.array([tag.low for tag, _ in wired])
        self._count_scale = np.array([FULL_SCALE / (tag.high - tag.low) for tag, _ in wired])
        self._count_measured = np.array([point.table == "input" for _, point in wired], bool)
        self._count_rack = np.array([racks.index(point.unit) for _, point in wired], np.intp)
        self._rack_at = np.array([self._tables[unit, "input"].start for unit in racks], np.intp)
        self._running_row = next((tag.row for tag in tags if tag.name == "Simulation.Running"), None)
        self._lockstep_row = next((tag.row for tag in tags if tag.name == "Simulation.Lockstep"), None)
        self._scenario_row = next((tag.row for tag in tags if tag.name == "Simulation.Scenario"), None)
        kpis = [(tag, tag.modbus) for tag in tags if tag.kind is Kind.KPI and tag.modbus is not None]
        self._kpi_at = _pairs(at(point for _, point in kpis))
        self._kpi_quality_at = at(tag.modbus_quality for tag, _ in kpis if tag.modbus_quality is not None)

    def _index_bits(self, tags: Sequence[Tag], alarms: Sequence[AlarmPoint]) -> None:
        def at(points: Iterable[ModbusPoint]) -> Rows:
            return np.array([self._tables[p.unit, p.table].start + p.address for p in points], np.intp)

        shown = [(tag, p) for tag in tags for p in (tag.modbus, tag.rack) if p is not None and p.type == "bool"]
        judged = [(tag, tag.modbus_quality) for tag in tags if tag.modbus_quality is not None]
        active = [(alarm.row, alarm.modbus_active) for alarm in alarms if alarm.modbus_active is not None]
        unacked = [(alarm.row, alarm.modbus_unacked) for alarm in alarms if alarm.modbus_unacked is not None]
        self._bool_rows = _rows(tag for tag, _ in shown)
        self._bool_at = at(point for _, point in shown)
        self._quality_rows = _rows(tag for tag, _ in judged)
        self._quality_at = at(point for _, point in judged)
        self._active_rows = np.array([row for row, _ in active], np.intp)
        self._active_at = at(point for _, point in active)
        self._unacked_rows = np.array([row for row, _ in unacked], np.intp)
        self._unacked_at = at(point for _, point in unacked)

    def _put_scada(self, registers: NDArray[np.uint16], image: ProcessImage) -> None:
        floats = image.value[self._float_rows]
        floats[self._ages] = np.maximum(image.plant_time - floats[self._ages], 0.0)
        registers[self._float_at] = self._as_registers(floats.astype(">f4"))
        longs = np.nan_to_num(image.value[self._long_rows]) % 2.0**32
        registers[self._long_at] = self._as_registers(longs.astype(">u4"))
        words = np.nan_to_num(image.value[self._word_rows])
        registers[self._word_at] = np.clip(words, 0, 65535).astype(">u2")
        scan = np.array([image.scan % 2**32], ">u4")
        registers[self._counter_at] = np.tile(self._as_registers(scan), len(self._counter_at) // 2)

    def _put_racks(
        self,
        registers: NDArray[np.uint16],
        image: ProcessImage,
        external: Collection[str],
        lost: Collection[str],
        forced: Collection[str],
    ) -> None:
        value = image.value[self._count_rows]
        counts = np.clip(np.rint((value - self._count_low) * self._count_scale), FAIL_LOW, FAIL_HIGH)
        bad = (image.status[self._count_rows] >= BAD) & self._count_measured
        counts[bad | np.isnan(counts)] = OPEN_LOOP
        registers[self._count_at] = counts.astype(">i2").view(">u2")
        status = np.zeros(len(self._rack_at), np.uint16)
        if self._running_row is not None and image.value[self._running_row] < 0.5:
            status |= FROZEN
        status[[area in external for _, area in sorted(self._rack_area.items())]] |= EXTERNAL
        status[[area in lost for _, area in sorted(self._rack_area.items())]] |= HEARTBEAT_LOST
        status[[area in forced for _, area in sorted(self._rack_area.items())]] |= FORCED
        status[self._count_rack[bad]] |= BAD_SIGNAL
        registers[self._rack_at] = image.scan % 2**16
        registers[self._rack_at + 1] = status

    def _bits(self, image: ProcessImage) -> NDArray[np.uint8]:
        bits = np.zeros(self._bit_count, np.uint8)
        bits[self._bool_at] = image.value[self._bool_rows] > 0.5
        bits[self._quality_at] = image.status[self._quality_rows] < UNCERTAIN
        if self._lockstep_row is not None:
            bits[self._tables[SCADA_UNIT, "coil"].start + LOCKSTEP] = image.value[self._lockstep_row] > 0.5
        bits[self._active_at] = (image.alarms[self._active_rows] & ACTIVE) != 0
        bits[self._unacked_at] = (image.alarms[self._unacked_rows] & UNACKED) != 0
        return bits

    def _as_registers(self, values: NDArray[np.float32] | NDArray[np.uint32]) -> NDArray[np.uint16]:
        """Big-endian 32-bit values as twice as many registers, in the word order."""
        columns = values.view(np.uint8).reshape(-1, 4)[:, self._order]
        return np.ascontiguousarray(columns).view(">u2").ravel()


def _lay_out(
    tags: Sequence[Tag], alarms: Sequence[AlarmPoint], racks: Sequence[int]
) -> tuple[dict[tuple[int, str], Table], int, int]:
    """The tables of all units and how many registers and bits they take together."""
    points: list[tuple[ModbusPoint, Place | None]] = []
    for tag in tags:
        for point in (tag.modbus, tag.rack):
            if point is not None:
                points.append((point, Place(tag, point) if point.table in ("holding", "coil") else None))
        if tag.modbus_quality is not None:
            points.append((tag.modbus_quality, None))
    for alarm in alarms:
        points += [(point, None) for point in (alarm.modbus_active, alarm.modbus_unacked) if point is not None]

    layouts = {(unit, table): bytearray() for unit in (SCADA_UNIT, *racks) for table in TABLES}
    places: dict[tuple[int, str], dict[int, Place]] = {key: {} for key in layouts}
    _mark(layouts[SCADA_UNIT, "coil"], LOCKSTEP, 1)
    for unit in racks:
        _mark(layouts[unit, "input"], 0, 1)
        _mark(layouts[unit, "input"], 1, 1)
        _mark(layouts[unit, "holding"], 0, 1)
    for point, place in points:
        key = (point.unit, point.table)
        _mark(layouts[key], point.address, WIDTH[point.type])
        if place is not None:
            places[key][point.address] = place
    pages = layouts[SCADA_UNIT, "input"]
    pages += bytes(-len(pages) % PAGE)
    for page in range(0, len(pages), PAGE):
        _mark(pages, page, COUNTER)

    tables: dict[tuple[int, str], Table] = {}
    ends = {"register": 0, "bit": 0}
    for (unit, name), layout in layouts.items():
        space = "register" if name in ("input", "holding") else "bit"
        tables[unit, name] = Table(ends[space], len(layout), bytes(layout), places[unit, name])
        ends[space] += len(layout)
    return tables, ends["register"], ends["bit"]


def _mark(layout: bytearray, address: int, width: int) -> None:
    layout += bytes(max(0, address + width - len(layout)))
    layout[address : address + width] = bytes([START] + [REST] * (width - 1))


def _rows(tags: Iterable[Tag]) -> Rows:
    return np.array([tag.row for tag in tags], np.intp)


def _pairs(first: Rows) -> Rows:
    """Each address and the one after it."""
    pairs: Rows = np.stack((first, first + 1), axis=1).ravel()
    return pairs
