"""The PLC's side of the racks: three files, one layout."""

from __future__ import annotations

import configparser
import re
from dataclasses import replace

import pytest

from plantsim.engine.engine import Engine
from plantsim.model.plc_formats import mb2hal, openplc, racks, structured_text
from plantsim.model.tag import ModbusPoint, Tag
from plantsim.serve.modbus_pdu import Client, Responder
from plantsim.serve.registers import Registers

LOCATED = re.compile(r"  (\w+) AT %([IQ])([XW])(\d+)(?:\.(\d))? : (BOOL|INT|UINT); \(\* (\d+)/(\w+)/(\d+): .* \*\)")
TABLE_OF = {"IX": "discrete", "QX": "coil", "IW": "input", "QW": "holding"}


@pytest.fixture
def wired(engine: Engine) -> list[Tag]:
    return [tag for tag in engine.tags if tag.rack is not None]


def place(tag: Tag) -> ModbusPoint:
    assert tag.rack is not None
    return tag.rack


def devices(text: str) -> list[dict[str, str]]:
    """The slave devices of an OpenPLC file."""
    found: dict[int, dict[str, str]] = {}
    for number, key, value in re.findall(r'device(\d+)\.(\w+) = "(.*)"', text):
        found.setdefault(int(number), {})[key] = value
    return [found[number] for number in range(len(found))]


def test_variables_stand_where_openplc_counts_its_slaves_points(engine: Engine, wired: list[Tag]) -> None:
    """Each located variable, walked through the slave devices in their order, is its tag's point."""
    slaves = devices(openplc(engine.tags))
    begin: dict[tuple[int, str, int], int] = {}
    count = dict.fromkeys(TABLE_OF.values(), 0)
    for slave in slaves:
        for table, key in (
            ("discrete", "Discrete_Inputs"),
            ("coil", "Coils"),
            ("input", "Input_Registers"),
            ("holding", "Holding_Registers"),
        ):
            start = int(slave[f"{key}_Start"])
            for n in range(int(slave[f"{key}_Size"])):
                assert (int(slave["slave_id"]), table, start + n) not in begin
                begin[int(slave["slave_id"]), table, start + n] = count[table] + n
            count[table] += int(slave[f"{key}_Size"])
    names = {}
    for line in structured_text(engine.tags).splitlines():
        match = LOCATED.fullmatch(line)
        if match is None:
            continue
        name, way, size, number, bit, _, unit, table, address = match.groups()
        assert TABLE_OF[way + size] == table
        index = int(number) - 100 if size == "W" else 8 * (int(number) - 100) + int(bit)
        assert index == begin[int(unit), table, int(address)]
        assert name not in names
        names[name] = (int(unit), table, int(address))
    for tag in wired:
        rack = place(tag)
        assert names[tag.name.replace("-", "_").replace(".", "_")] == (rack.unit, rack.table, rack.address)


def test_the_whole_plant_is_within_what_one_request_and_openplc_take(engine: Engine) -> None:
    text = openplc(engine.tags)
    slaves = devices(text)
    units = [side.unit for side in racks(engine.tags)]
    assert [int(slave["slave_id"]) for slave in slaves] == sorted(2 * units), "its head, and its points"
    for key in ("Input_Registers", "Holding_Registers"):
        assert all(int(slave[f"{key}_Size"]) <= 123 for slave in slaves)
        assert sum(int(slave[f"{key}_Size"]) for slave in slaves) <= 400
    assert "allowed 400" not in text


def test_it_says_when_there_are_more_registers_than_openplc_takes(wired: list[Tag]) -> None:
    """Of two plants at once."""
    far = [replace(tag, rack=replace(place(tag), unit=place(tag).unit + 100)) for tag in wired]
    text = openplc([*wired, *far])
    for key, table in (("Input_Registers", "input"), ("Holding_Registers", "holding")):
        registers = sum(int(slave[f"{key}_Size"]) for slave in devices(text))
        told = f"# found {registers} {table} registers, allowed 400: choose a PLC's areas (--area)"
        assert (told in text.splitlines()) is (registers > 400)
    assert "input registers, allowed 400" in text


def test_openplcs_blocks_are_answered_without_an_exception(engine: Engine) -> None:
    """Reads and writes, once the area is the PLC's."""
    plant = engine.plant
    external = Engine(plant, frozen=True, external=frozenset(area.id for area in plant.areas))
    responder = Responder(external, Registers(external.tags, external.alarms), identity={0: ""})
    client = Client("openplc")
    for slave in devices(openplc(engine.tags)):
        unit = int(slave["slave_id"])
        for key, function in (("Discrete_Inputs", 2), ("Input_Registers", 4)):
            size = int(slave[f"{key}_Size"])
            if size:
                request = bytes((function,)) + _span(slave, key)
                assert responder.answer(unit, request, client)[0] == function
        coils, registers = int(slave["Coils_Size"]), int(slave["Holding_Registers_Size"])
        if coils:
            data = bytes((coils + 7) // 8)
            request = b"\x0f" + _span(slave, "Coils") + bytes((len(data),)) + data
            assert responder.answer(unit, request, client)[0] == 0x0F
        if registers:
            request = b"\x10" + _span(slave, "Holding_Registers") + bytes((2 * registers,)) + bytes(2 * registers)
            assert responder.answer(unit, request, client)[0] == 0x10


def _span(slave: dict[str, str], key: str) -> bytes:
    """First address and number, as a request has them."""
    return int(slave[f"{key}_Start"]).to_bytes(2, "big") + int(slave[f"{key}_Size"]).to_bytes(2, "big")


def test_mb2hal_names_every_point_once_and_writes_nothing_else(engine: Engine, wired: list[Tag]) -> None:
    config = configparser.ConfigParser()
    config.read_string(mb2hal(engine.tags))
    sections = [name for name in config.sections() if name.startswith("TRANSACTION")]
    assert len(sections) == config.getint("MB2HAL_INIT", "TOTAL_TRANSACTIONS")
    table_of = {"fnct_02": "discrete", "fnct_15": "coil", "fnct_04": "input", "fnct_16": "holding"}
    found = {}
    for name in sections:
        section = config[name]
        table = table_of[section["MB_TX_CODE"][:7]]
        pins = section["PIN_NAMES"].split(",")
        assert len(pins) <= 100
        for address, pin in enumerate(pins, int(section["FIRST_ELEMENT"])):
            assert table in ("discrete", "input") or not pin.startswith("gap")
            found[section.getint("MB_SLAVE_ID"), table, address] = pin
    for tag in wired:
        rack = place(tag)
        assert found[rack.unit, rack.table, rack.address] == tag.name.replace("-", "_").replace(".", "_")
    assert found[12, "holding", 0] == "leach_heartbeat"
    assert (12, "holding", 1) not in found


def test_an_instrument_without_a_cable_has_no_place_in_the_rack(engine: Engine) -> None:
    """Clients read it nevertheless."""
    crud = engine.tags["LI-4123.PV"]
    assert crud.rack is None
    assert crud.modbus is not None
    assert engine.tags["LI-4115.PV"].rack is not None
