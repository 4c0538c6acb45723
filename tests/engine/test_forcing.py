"""The forcing table: who holds what at which value, what the plant makes of it, and how it is let go."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import ModbusTcpClient

from plantsim.api import Refused
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.engine.image import GOOD_LOCAL_OVERRIDE
from plantsim.engine.malfunctions import TooMany
from plantsim.model.plant import Plant
from plantsim.model.tag import Role
from plantsim.serve.registers import FORCED
from plantsim.testing import ServedPlant, serve_plant

ENGINEER = Origin(Role.ENGINEER, "eva", "test")
OPERATOR = Origin(Role.OPERATOR, "otto", "test")
INSTRUCTOR = Origin(Role.INSTRUCTOR, "ines", "test")
WITHIN_S = 60.0


def value(engine: Engine, name: str) -> float:
    return float(engine.image.value[engine.tags[name].row])


def quality(engine: Engine, name: str) -> int:
    return int(engine.image.status[engine.tags[name].row])


def step(engine: Engine, seconds: float) -> None:
    engine.step(seconds).result(WITHIN_S)


def test_a_forced_level_is_what_control_and_alarms_see(engine: Engine) -> None:
    speed = value(engine, "P-208.SPEED_CMD")
    true = value(engine, "LIC-208.PV")
    assert engine.force("LIC-208.PV", 95.0, 0.0, ENGINEER) is None
    assert (value(engine, "LIC-208.PV"), quality(engine, "LIC-208.PV")) == (95.0, GOOD_LOCAL_OVERRIDE)
    step(engine, 30.0)
    assert (value(engine, "LIC-208.PV"), quality(engine, "LIC-208.PV")) == (95.0, GOOD_LOCAL_OVERRIDE)
    assert value(engine, "P-208.SPEED_CMD") > speed + 5.0, "the loop pumps down what it is told is there"
    assert any(engine.image.alarms[a.row] & 1 for a in engine.alarms if a.name == "LIC-208.HH" or a.name == "LIC-208.H")
    assert engine.release("LIC-208.PV", ENGINEER) is None
    assert quality(engine, "LIC-208.PV") == 0
    step(engine, 5.0)
    assert value(engine, "LIC-208.PV") == pytest.approx(true, abs=3.0)


def test_a_force_stands_above_what_fails_in_the_instrument(engine: Engine) -> None:
    engine.force("TIC-201.PV", 60.0, 0.0, ENGINEER)
    engine.inject("transmitter-open-circuit@TIC-201", 1.0, 0.0, 0.0, INSTRUCTOR)
    step(engine, 1.0)
    assert (value(engine, "TIC-201.PV"), quality(engine, "TIC-201.PV")) == (60.0, GOOD_LOCAL_OVERRIDE)
    assert list(engine.malfunctions) == ["transmitter-open-circuit@TIC-201#1"]
    engine.release("TIC-201.PV", ENGINEER)
    step(engine, 1.0)
    assert quality(engine, "TIC-201.PV") & 0x80000000


def test_a_forced_output_moves_its_actuator_and_its_loop_follows_it(engine: Engine) -> None:
    output = value(engine, "P-208.SPEED_CMD")
    assert engine.force("P-208.SPEED_CMD", output + 10.0, 0.0, ENGINEER) is None
    step(engine, 60.0)
    assert value(engine, "P-208.SPEED_CMD") == output + 10.0
    assert value(engine, "P-208.SPEED") == pytest.approx(output + 10.0, abs=0.5)
    assert value(engine, "LIC-208.OP") == pytest.approx(output + 10.0, abs=0.5), "the loop waits where it is"
    engine.release("P-208.SPEED_CMD", ENGINEER)
    step(engine, 0.1)
    assert value(engine, "P-208.SPEED_CMD") == pytest.approx(output + 10.0, abs=2.0), "without a bump"
    assert quality(engine, "P-208.SPEED_CMD") == 0


def test_an_interlock_has_a_forced_output_all_the_same(engine: Engine) -> None:
    """A sweep fan that trips stops the feed, whatever is forced."""
    assert value(engine, "SC-101.CMD") == 1.0
    assert engine.force("SC-101.CMD", True, 0.0, ENGINEER) is None
    engine.inject("sweep-fan-trip", 1.0, 0.0, 0.0, INSTRUCTOR)
    step(engine, 20.0)
    assert value(engine, "SC-101.CMD") == 0.0
    assert value(engine, "SC-101.RUN") == 0.0


@pytest.mark.parametrize("pieces", [(1.0, 7.0, 12.0), (0.1,) * 40 + (16.0,)])
def test_it_ends_at_its_time_whatever_the_steps(belfast: Plant, pieces: tuple[float, ...]) -> None:
    found = []
    for parts in ((20.0,), pieces):
        engine = Engine(belfast, frozen=True, epoch=0.0)
        engine.start()
        engine.force("LIC-208.PV", 80.0, 3.0, ENGINEER)
        engine.force("TV-201A.CMD", 30.0, 7.5, ENGINEER)
        for part in parts:
            step(engine, part)
        assert engine.forces == []
        found.append(engine.live.state_sha256())
        engine.stop()
    assert found[0] == found[1]


def test_going_back_and_snapshots_leave_the_table_as_it_is(engine: Engine, belfast: Plant, tmp_path: Path) -> None:
    step(engine, 120.0)
    engine.force("LIC-208.PV", 80.0, 100.0, ENGINEER)
    engine.force("TV-201A.CMD", 30.0, 0.0, ENGINEER)
    step(engine, 10.0)
    engine.save(tmp_path / "state")
    engine.backtrack(1.0, INSTRUCTOR)
    assert (value(engine, "LIC-208.PV"), quality(engine, "LIC-208.PV")) == (80.0, GOOD_LOCAL_OVERRIDE)
    level, valve = engine.forces
    assert (level.user, valve.name, valve.until) == ("eva", "TV-201A.CMD", None)
    assert level.until is not None
    assert level.until - engine.elapsed == pytest.approx(90.0)
    other = Engine(belfast, frozen=True, epoch=0.0, start=str(tmp_path / "state"))
    other.start()
    try:
        step(other, 1.0)
        assert {quality(other, name) for name in ("LIC-208.PV", "TV-201A.CMD")} == {0}
        assert other.forces == []
    finally:
        other.stop()


@pytest.mark.parametrize(
    ("name", "at", "origin", "refusal"),
    [
        ("LIC-208.PVV", 1.0, ENGINEER, Refusal.UNKNOWN),
        ("LIC-208.SP", 1.0, ENGINEER, Refusal.READ_ONLY),
        ("TV-201A.POS", 1.0, ENGINEER, Refusal.READ_ONLY),
        ("KPI.Throughput", 1.0, INSTRUCTOR, Refusal.READ_ONLY),
        ("LIC-208.PV", 1.0, OPERATOR, Refusal.ROLE),
        ("LIC-208.PV", True, ENGINEER, Refusal.TYPE),
        ("LIC-208.PV", 101.0, ENGINEER, Refusal.RANGE),
        ("SC-101.CMD", 1.0, ENGINEER, Refusal.TYPE),
    ],
)
def test_refused(engine: Engine, name: str, at: float | bool, origin: Origin, refusal: Refusal) -> None:
    assert engine.force(name, at, 0.0, origin) is refusal
    assert engine.forces == []


def test_what_is_not_forced_is_not_released_and_there_is_room_for_64(engine: Engine) -> None:
    assert engine.release("LIC-208.PV", ENGINEER) is Refusal.MODE
    assert engine.release("LIC-208.PV", OPERATOR) is Refusal.ROLE
    with pytest.raises(ValueError, match="seconds"):
        engine.force("LIC-208.PV", 1.0, -1.0, ENGINEER)
    for _ in range(64):
        engine.inject("hcl-leak", 0.0, 0.0, 0.0, INSTRUCTOR)
    with pytest.raises(TooMany):
        engine.force("LIC-208.PV", 50.0, 0.0, ENGINEER)
    assert engine.forces == []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPlant]:
    with serve_plant(state=tmp_path_factory.mktemp("plant")) as plant:
        yield plant


def test_a_scada_and_a_plc_see_that_something_is_forced(served: ServedPlant) -> None:
    from asyncua import ua
    from asyncua.sync import Client

    client: Any = ModbusTcpClient(served.modbus[0], port=served.modbus[1], timeout=30.0)
    assert client.connect()
    point = served.engine.tags["LIC-208.PV"].rack
    assert point is not None

    def rack() -> tuple[int, int]:
        word = client.read_input_registers(1, count=1, device_id=12).registers[0]
        counts = client.read_input_registers(point.address, count=1, device_id=12).registers[0]
        return word & FORCED, struct.unpack(">h", struct.pack(">H", counts))[0]

    with Client(served.opcua) as opcua:
        space = opcua.get_namespace_index("urn:plantsim:plant")
        simulation = opcua.get_node(f"ns={space};s=Simulation")

        def call(name: str, *given: Any) -> Any:
            return simulation.call_method(f"{space}:{name}", *given)

        call("Force", "LIC-208.PV", 75.0, 0.0)
        served.advance(1.0)
        node = opcua.get_node(f"ns={space};s=LIC-208.PV")
        shown = node.read_data_value()
        assert (shown.Value.Value, shown.StatusCode.value) == (75.0, GOOD_LOCAL_OVERRIDE)
        assert rack() == (FORCED, round(0.75 * 27648))
        assert client.read_input_registers(1, count=1, device_id=13).registers[0] & FORCED == 0
        tags, values, users, _, left = call("ListForced")
        assert (tags, values, left) == (["LIC-208.PV"], [75.0], [float("inf")])
        assert len(users) == 1
        for arguments, status in (
            (("LIC-208.PV", 101.0, 0.0), "BadOutOfRange"),
            (("LIC-208.SP", 1.0, 0.0), "BadNotWritable"),
            (("SC-101.CMD", 0.5, 0.0), "BadOutOfRange"),
            (("LIC-208.PV", 1.0, -1.0), "BadOutOfRange"),
        ):
            with pytest.raises(ua.UaStatusCodeError, match=status):
                call("Force", *arguments)
        call("Release", "LIC-208.PV")
        with pytest.raises(ua.UaStatusCodeError, match="BadInvalidState"):
            call("Release", "LIC-208.PV")
        served.advance(1.0)
        assert rack()[0] == 0
    client.close()


def test_in_other_peoples_tests(served: ServedPlant) -> None:
    served.force("LIC-208.PV", 60.0, plant_time="2s")
    served.advance(1.0)
    assert served.tags["LIC-208.PV"] == 60.0
    served.advance(2.0)
    assert served.tags.quality("LIC-208.PV") == 0
    served.force("TV-201A.CMD", 10.0)
    served.release()
    assert served.engine.forces == []
    with pytest.raises(Refused, match="not forced"):
        served.release("TV-201A.CMD")
    with pytest.raises(Refused, match="read-only"):
        served.force("LIC-208.SP", 10.0)
    with pytest.raises(KeyError, match="near to it"):
        served.force("LIC-208.PVV", 10.0)
