"""The register image: word orders, counts, ages, quality and alarm bits, all from one process image."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from plantsim.engine.image import (
    ACTIVE,
    BAD_NO_COMMUNICATION,
    BAD_SENSOR_FAILURE,
    GOOD,
    GOOD_LOCAL_OVERRIDE,
    UNACKED,
    UNCERTAIN,
    ProcessImage,
)
from plantsim.model.modbus_map import assign, with_addresses
from plantsim.model.tag import AlarmPoint, Kind, ModbusPoint, Role, Tag, ValueType
from plantsim.serve.registers import BAD_SIGNAL, EXTERNAL, FROZEN, WORD_ORDERS, RegisterImage, Registers

PLANT_TIME = 1_767_225_600.0


def plant() -> tuple[tuple[Tag, ...], tuple[AlarmPoint, ...]]:
    """A handful of tags of every shape, with addresses."""
    rows: list[tuple[str, Kind, ValueType, Role | None, str]] = [
        ("TI-203.PV", Kind.TRANSMITTER, ValueType.FLOAT, None, "leach"),
        ("AI-205.SampleTime", Kind.ANALYSER, ValueType.TIME, None, "leach"),
        ("AI-205.State", Kind.ANALYSER, ValueType.UINT16, None, "leach"),
        ("FIC-201.SP", Kind.CONTROLLER, ValueType.FLOAT, Role.OPERATOR, "leach"),
        ("QI-206.PV", Kind.CALCULATION, ValueType.UINT32, None, "leach"),
        ("TV-201.CMD", Kind.VALVE, ValueType.FLOAT, Role.OPERATOR, "leach"),
        ("P-204.CMD", Kind.DRIVE, ValueType.BOOL, Role.OPERATOR, "leach"),
        ("P-204.RUN", Kind.DRIVE, ValueType.BOOL, None, "leach"),
        ("TI-301.PV", Kind.TRANSMITTER, ValueType.FLOAT, None, "iron"),
        ("Simulation.Running", Kind.SIMULATION, ValueType.BOOL, Role.INSTRUCTOR, ""),
        ("Simulation.Scenario", Kind.SIMULATION, ValueType.TEXT, None, ""),
        ("KPI.Purity.NdPr", Kind.KPI, ValueType.FLOAT, None, ""),
    ]
    tags = []
    for row, (name, kind, type_, role, area) in enumerate(rows):
        object_, _, member = name.partition(".")
        tags.append(Tag(name, object_, member, "", area, "R-201", kind, type_, "", 20.0, 120.0, role, row))
    alarms = [
        AlarmPoint(row, "TI-203", condition, "leach", 1, "", "", "", "", 3.0)
        for row, condition in enumerate(("HH", "H"))
    ]
    return with_addresses(tags, alarms, assign(tags, alarms))


TAGS, ALARMS = plant()
ROW = {tag.name: tag.row for tag in TAGS}
TAG = {tag.name: tag for tag in TAGS}


def image(
    values: Mapping[str, float] | None = None, status: Mapping[str, int] | None = None, scan: int = 7, alarms: int = 0
) -> ProcessImage:
    value = np.zeros(len(TAGS))
    value[ROW["Simulation.Running"]] = 1
    for name, number in (values or {}).items():
        value[ROW[name]] = number
    codes = np.full(len(TAGS), GOOD, np.uint32)
    for name, code in (status or {}).items():
        codes[ROW[name]] = code
    times = np.full(len(TAGS), PLANT_TIME)
    return ProcessImage(scan, PLANT_TIME, 0.0, value, codes, times, np.array([alarms, 0], np.uint8))


def words(registers: Registers, made: RegisterImage, point: ModbusPoint | None, count: int) -> bytes:
    assert point is not None
    start = 2 * (registers.table(point.unit, point.table).start + point.address)
    return made.registers[start : start + 2 * count]


def bit(registers: Registers, made: RegisterImage, point: ModbusPoint | None) -> int:
    assert point is not None
    return int(made.bits[registers.table(point.unit, point.table).start + point.address])


def counts(value: float, status: int = GOOD) -> int:
    """TI-203 (20 to 120 C) as the rack shows it."""
    registers = Registers(TAGS, ALARMS)
    made = registers.build(image({"TI-203.PV": value}, {"TI-203.PV": status}))
    (number,) = struct.unpack(">h", words(registers, made, TAG["TI-203.PV"].rack, 1))
    return int(number)


def status_word(made: RegisterImage, registers: Registers, unit: int) -> int:
    return int.from_bytes(words(registers, made, ModbusPoint(unit, "input", 1, "uint16"), 1), "big")


@pytest.mark.parametrize(
    ("order", "expected"),
    [("abcd", "42c8199a"), ("cdab", "199a42c8"), ("badc", "c8429a19"), ("dcba", "9a19c842")],
)
def test_a_float_stands_in_the_chosen_word_order_and_is_read_back_from_it(order: str, expected: str) -> None:
    registers = Registers(TAGS, ALARMS, order)
    made = registers.build(image({"FIC-201.SP": 100.05}))
    point = TAG["FIC-201.SP"].modbus
    assert point is not None
    raw = words(registers, made, point, 2)
    assert raw.hex() == expected
    assert registers.decode(registers.table(1, "holding").places[point.address], raw) == 100.05


@pytest.mark.parametrize("order", WORD_ORDERS)
def test_32_bit_counters_share_the_word_order_and_single_registers_have_none(order: str) -> None:
    registers = Registers(TAGS, ALARMS, order)
    made = registers.build(image({"QI-206.PV": 0x01020304, "AI-205.State": 2}, scan=0x1_01020304))
    permuted = bytes(b"\1\2\3\4"[i] for i in WORD_ORDERS[order])
    assert words(registers, made, TAG["QI-206.PV"].modbus, 2) == permuted
    assert words(registers, made, ModbusPoint(1, "input", 0, "uint32"), 2) == permuted, "scan counter, wrapped"
    assert words(registers, made, TAG["AI-205.State"].modbus, 1) == b"\0\2"


def test_an_unknown_word_order_is_refused() -> None:
    with pytest.raises(ValueError, match="word order 'acbd'; allowed are abcd, cdab, badc, dcba"):
        Registers(TAGS, ALARMS, "acbd")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (20.0, 0),
        (120.0, 27648),
        (70.0, 13824),
        (17.5, -691),  # 3.6 mA
        (-300.0, -691),
        (126.25, 29376),  # 21 mA
        (1e9, 29376),
        (math.nan, 32767),
    ],
)
def test_counts_follow_the_4_to_20_ma_signal_and_its_failure_limits(value: float, expected: int) -> None:
    assert counts(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.5, 0), (1.5, 2), (2.5, 2), (3.5, 4)])
def test_half_a_count_rounds_to_even(value: float, expected: int) -> None:
    tags = [replace(tag, low=0.0, high=27648.0) for tag in TAGS]
    registers = Registers(tags, ALARMS)
    made = registers.build(image({"TI-203.PV": value}))
    assert words(registers, made, TAG["TI-203.PV"].rack, 1) == struct.pack(">h", expected)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(BAD_SENSOR_FAILURE, 32767), (BAD_NO_COMMUNICATION, 32767), (UNCERTAIN, 13824), (GOOD_LOCAL_OVERRIDE, 13824)],
)
def test_a_bad_sensor_shows_as_an_open_loop(status: int, expected: int) -> None:
    assert counts(70.0, status) == expected


def test_sample_time_is_an_age_in_seconds_and_never_negative() -> None:
    registers = Registers(TAGS, ALARMS)
    for taken, age in ((PLANT_TIME - 754.5, 754.5), (PLANT_TIME + 1, 0.0), (math.nan, math.nan)):
        made = registers.build(image({"AI-205.SampleTime": taken}))
        (shown,) = struct.unpack(">f", words(registers, made, TAG["AI-205.SampleTime"].modbus, 2))
        assert shown == pytest.approx(age, nan_ok=True)


def test_a_quality_bit_is_one_while_its_value_is_good() -> None:
    registers = Registers(TAGS, ALARMS)
    for status, good in ((GOOD, 1), (GOOD_LOCAL_OVERRIDE, 1), (UNCERTAIN, 0), (BAD_SENSOR_FAILURE, 0)):
        made = registers.build(image(status={"TI-203.PV": status}))
        assert bit(registers, made, TAG["TI-203.PV"].modbus_quality) == good
        assert bit(registers, made, TAG["TI-301.PV"].modbus_quality) == 1


def test_booleans_stand_in_both_views() -> None:
    registers = Registers(TAGS, ALARMS)
    made = registers.build(image({"P-204.RUN": 1}))
    assert bit(registers, made, TAG["P-204.RUN"].modbus) == 1
    assert bit(registers, made, TAG["P-204.RUN"].rack) == 1
    assert bit(registers, made, TAG["P-204.CMD"].rack) == 0


@pytest.mark.parametrize("state", [0, ACTIVE, UNACKED, ACTIVE | UNACKED])
def test_an_alarm_shows_active_and_unacknowledged(state: int) -> None:
    registers = Registers(TAGS, ALARMS)
    made = registers.build(image(alarms=state))
    assert bit(registers, made, ALARMS[0].modbus_active) == bool(state & ACTIVE)
    assert bit(registers, made, ALARMS[0].modbus_unacked) == bool(state & UNACKED)
    assert bit(registers, made, ALARMS[1].modbus_active) == 0


def test_a_rack_opens_with_its_scan_counter_and_status_word() -> None:
    registers = Registers(TAGS, ALARMS)
    made = registers.build(image(scan=65536 + 3))
    assert words(registers, made, ModbusPoint(12, "input", 0, "uint16"), 1) == b"\0\3"
    assert status_word(made, registers, 12) == 0
    frozen = registers.build(image({"Simulation.Running": 0}))
    assert status_word(frozen, registers, 12) == status_word(frozen, registers, 13) == FROZEN
    external = registers.build(image(), {"iron"})
    assert (status_word(external, registers, 12), status_word(external, registers, 13)) == (0, EXTERNAL)
    bad = registers.build(image(status={"TI-203.PV": BAD_SENSOR_FAILURE}))
    assert (status_word(bad, registers, 12), status_word(bad, registers, 13)) == (BAD_SIGNAL, 0)


def test_true_values_are_absent_while_a_scenario_runs() -> None:
    registers, purity = Registers(TAGS, ALARMS), TAG["KPI.Purity.NdPr"]
    for scenario, shown, good in ((0, 99.5, 1), (1, 0.0, 0)):
        made = registers.build(image({"KPI.Purity.NdPr": 99.5, "Simulation.Scenario": scenario}))
        assert words(registers, made, purity.modbus, 2) == struct.pack(">f", shown)
        assert bit(registers, made, purity.modbus_quality) == good


def test_every_page_opens_with_the_scan_counter() -> None:
    tags = [
        Tag(f"TI-{n}.PV", f"TI-{n}", "PV", "", "leach", "", Kind.TRANSMITTER, ValueType.FLOAT, "", 0, 1, None, n)
        for n in range(60)
    ]
    tags_, alarms = with_addresses(tags, [], assign(tags, []))
    registers = Registers(tags_, alarms)
    number = len(tags)
    good, times = np.zeros(number, np.uint32), np.zeros(number)
    made = registers.build(ProcessImage(9, 0.0, 0.0, np.zeros(number), good, times, np.zeros(0, np.uint8)))
    assert registers.table(1, "input").size == 200
    for page in (0, 100):
        assert words(registers, made, ModbusPoint(1, "input", page, "uint32"), 2) == b"\0\0\0\x09"


def test_counts_written_read_back_the_same() -> None:
    registers = Registers(TAGS, ALARMS)
    point = TAG["TV-201.CMD"].rack
    assert point is not None
    place = registers.table(12, "holding").places[point.address]
    for written in (0, 1, 2, 13823, 27647, 27648):
        value = registers.decode(place, struct.pack(">h", written))
        made = registers.build(image({"TV-201.CMD": value}))
        assert words(registers, made, point, 1) == struct.pack(">h", written)
    for refused in (-1, 27649, 32767):
        with pytest.raises(ValueError, match="counts; allowed are 0 to 27648"):
            registers.decode(place, struct.pack(">h", refused))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_float_that_is_no_number_is_not_decoded(value: float) -> None:
    registers = Registers(TAGS, ALARMS)
    point = TAG["FIC-201.SP"].modbus
    assert point is not None
    with pytest.raises(ValueError, match="allowed are finite numbers"):
        registers.decode(registers.table(1, "holding").places[point.address], struct.pack(">f", value))


def test_a_value_beyond_float32_is_infinite_and_not_an_error() -> None:
    registers = Registers(TAGS, ALARMS)
    made = registers.build(image({"TI-203.PV": 1e300}))
    assert words(registers, made, TAG["TI-203.PV"].modbus, 2) == struct.pack(">f", math.inf)
