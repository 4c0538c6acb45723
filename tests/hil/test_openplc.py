"""The Structured Text program that the documentation offers, run against a plant as OpenPLC would run it.

OpenPLC is not needed: the program uses assignments, IF, LIMIT and conversions alone, which are carried out here from
its own text, and the slave devices are polled as OpenPLC polls them.
"""

from __future__ import annotations

import re
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import ModbusTcpClient

from plantsim.model.tag import Kind
from plantsim.testing import ServedPlant, serve_plant

FOLDER = Path(__file__).parents[2] / "docs" / "openplc"
LOCATED = re.compile(r"(\w+) AT %([IQ])W(\d+) : (\w+);")
TYPES = {"REAL": float, "INT": int, "UINT": int, "BOOL": bool}
FIRST = 100
CYCLE_S = 1.0
"""Plant time between two polls: ten times OpenPLC's, so that half an hour passes in seconds."""


class Program:
    """A program of Structured Text: its variables, and its body as Python."""

    def __init__(self, text: str) -> None:
        text = re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)
        head, _, body = text.partition("END_PROGRAM")[0].rpartition("END_VAR")
        self.located = {name: (way, int(at), type_) for name, way, at, type_ in LOCATED.findall(head)}
        self.memory: dict[str, Any] = dict.fromkeys(self.located, 0)
        for name, type_, start in re.findall(r"(\w+) : (\w+) := (\S+);", head):
            self.memory[name] = start == "TRUE" if type_ == "BOOL" else TYPES[type_](start)
        self._body = compile(translated(body), "level.st", "exec")

    def scan(self) -> None:
        """Once through; integers wrap as theirs do."""
        functions = {
            "INT_TO_REAL": float, "REAL_TO_INT": round, "LIMIT": lambda low, x, high: min(max(x, low), high),
        }  # fmt: skip
        exec(self._body, {"__builtins__": {}, **functions}, self.memory)
        for name, (_, _, type_) in self.located.items():
            if type_ == "UINT":
                self.memory[name] %= 2**16
            assert -(2**15) <= self.memory[name] < 2**16, name


def translated(body: str) -> str:
    """Statements of the subset as Python. ValueError for what is none."""
    lines, depth = [], 0
    for statement in re.split(r"(?<=;)|(?<=\bTHEN\b)", body):
        text = " ".join(statement.split())
        if not text:
            continue
        text = re.sub(r"\bTRUE\b", "True", re.sub(r"\bFALSE\b", "False", text))
        for word in ("AND", "OR", "NOT"):
            text = re.sub(rf"\b{word}\b", word.lower(), text)
        if found := re.fullmatch(r"IF (.*) THEN", text):
            lines.append("    " * depth + f"if {found[1]}:")
            depth += 1
        elif text == "END_IF;":
            depth -= 1
        elif found := re.fullmatch(r"(\w+) := ([^:]*);", text):
            lines.append("    " * depth + f"{found[1]} = {found[2]}")
        else:
            raise ValueError(f"level.st: found {text!r}, allowed assignments and IF")
    assert depth == 0
    return "\n".join(lines)


def slave_devices() -> list[dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for number, key, value in re.findall(r'device(\d+)\.(\w+) = "(.*)"', (FOLDER / "mbconfig.cfg").read_text()):
        found.setdefault(int(number), {})[key] = value
    return [found[number] for number in sorted(found)]


class OpenPlc:
    """The runtime's input and output images, and its Modbus master."""

    def __init__(self, plant: ServedPlant) -> None:
        self.program = Program((FOLDER / "level.st").read_text())
        client: Any = ModbusTcpClient(plant.modbus[0], port=plant.modbus[1], timeout=30.0, retries=0)
        assert client.connect()
        self.client = client
        self._devices = slave_devices()
        self.inputs: list[int] = []

    def poll(self) -> list[bool]:
        """Read all inputs, write all outputs, used or not; whether each device took them."""
        inputs: list[int] = []
        taken, written = [], 0
        outputs = {at - FIRST: name for name, (way, at, _) in self.program.located.items() if way == "Q"}
        for device in self._devices:
            unit, count = int(device["slave_id"]), int(device["Input_Registers_Size"])
            if count:
                start = int(device["Input_Registers_Start"])
                inputs += self.client.read_input_registers(start, count=count, device_id=unit).registers
            size = int(device["Holding_Registers_Size"])
            words = [self.program.memory[outputs[written + n]] % 2**16 for n in range(size)]
            written += size
            start = int(device["Holding_Registers_Start"])
            taken.append(not self.client.write_registers(start, words, device_id=unit).isError())
        for name, (way, at, type_) in self.program.located.items():
            if way == "I":
                word = inputs[at - FIRST]
                (self.program.memory[name],) = struct.unpack(">h" if type_ == "INT" else ">H", struct.pack(">H", word))
        return taken


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[ServedPlant]:
    with serve_plant(state=tmp_path, opcua=False) as served:
        yield served


def test_variables_stand_where_the_slave_devices_put_their_points(plant: ServedPlant) -> None:
    """By the export's own rule: points are counted through, device by device."""
    program = Program((FOLDER / "level.st").read_text())
    places: dict[tuple[str, int], int] = {}
    for way, key in (("I", "Input_Registers"), ("Q", "Holding_Registers")):
        at = FIRST
        for device in slave_devices():
            for n in range(int(device[f"{key}_Size"])):
                places[way, at] = int(device[f"{key}_Start"]) + n
                at += 1
    points = {tag.name.replace("-", "_").replace(".", "_"): tag.rack for tag in plant.engine.tags if tag.rack}
    special = {"leach_scan_counter": ("I", 0), "leach_status_word": ("I", 1), "leach_heartbeat": ("Q", 0)}
    for name, (way, at, _) in program.located.items():
        if name in special:
            assert (way, places[way, at]) == special[name]
            continue
        point = points[name]
        assert point is not None
        assert (point.unit, point.address) == (12, places[way, at]), name
        assert point.table == {"I": "input", "Q": "holding"}[way]
    assert plant.engine.tags["LIC-208.PV"].kind is Kind.CONTROLLER


def test_the_program_takes_the_level_over_without_a_bump(plant: ServedPlant) -> None:
    plc = OpenPlc(plant)
    plant.advance(0.1)
    assert not plc.poll()[1], "the loop is not the rack's yet"
    plant.tags["LIC-208.MODE"] = 3
    before = float(plant.tags["P-208.SPEED"])
    error = abs(float(plant.tags["LIC-208.PV"]) - 58.0)
    plc.program.scan()
    assert plc.poll() == [True, True]
    plant.advance(0.1)
    assert plant.tags["P-208.SPEED_CMD"] == pytest.approx(before, abs=1.0)
    run(plc, plant, 120)
    assert abs(float(plant.tags["LIC-208.PV"]) - 58.0) < error
    assert plant.engine.lost == frozenset()
    plc.client.close()


def run(plc: OpenPlc, plant: ServedPlant, cycles: int) -> None:
    plc.program.memory["cycle"] = CYCLE_S
    for _ in range(cycles):
        plc.program.scan()
        assert plc.poll() == [True, True]
        plant.advance(CYCLE_S)


@pytest.mark.long
def test_the_program_brings_the_level_to_its_set_point(plant: ServedPlant) -> None:
    plc = OpenPlc(plant)
    plant.tags["LIC-208.MODE"] = 3
    plant.advance(0.1)
    plc.poll()
    run(plc, plant, 1800)
    assert abs(float(plant.tags["LIC-208.PV"]) - 58.0) < 0.7
    plc.client.close()


def test_its_death_is_noticed_and_an_open_loop_is_held(plant: ServedPlant) -> None:
    plc = OpenPlc(plant)
    plant.tags["LIC-208.MODE"] = 3
    plant.advance(0.1)
    plc.poll()
    plc.program.scan()
    command = plc.program.memory["P_208_SPEED_CMD"]
    plant.inject("transmitter-open-circuit@LIC-208")
    plant.advance(1.0)
    beat = plc.program.memory["leach_heartbeat"]
    plc.poll()
    plc.program.scan()
    assert plc.program.memory["LIC_208_PV"] > 28000 or plc.program.memory["LIC_208_PV"] < -600
    assert plc.program.memory["P_208_SPEED_CMD"] == command
    assert plc.program.memory["leach_heartbeat"] == beat + 1
    plc.poll()
    plc.client.close()
    plant.run(speed=20.0)
    lost = threading.Event()
    stop = plant.engine.listen(lambda _: lost.set() if plant.engine.lost else None)
    lost.wait(20.0)
    stop()
    assert plant.engine.lost == {"leach"}
