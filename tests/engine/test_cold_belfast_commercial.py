"""The commercial plant before its first start: empty, cold and quiet; its own sequence brings it to production."""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.compose.context import AMBIENT_K
from plantsim.model.load import load_plant
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.tag import Kind

START, HOLD, RESUME = 1.0, 2.0, 3.0
MANUAL = 0.0
TRACE = 1e-6
"""Least level that is one: readings are made of at least a millilitre."""


@pytest.fixture
def cold() -> LivePlant:
    return LivePlant(load_plant("belfast-commercial"), start="cold", scan_period=1.0)


def value(live: LivePlant, name: str) -> float:
    return float(live.core.signal[live.tags[name].row])


def command(live: LivePlant, name: str, what: float) -> None:
    live.core.signal[live.tags[name].row] = what


def in_alarm(live: LivePlant) -> set[str]:
    return {alarm.name for alarm, state in zip(live.alarms, live.book.states(), strict=True) if state & 1}


def test_its_vessels_are_empty_and_what_has_a_temperature_has_that_of_the_hall(cold: LivePlant) -> None:
    probes = {key: cold.core.probe[index] for key, index in cold.layout.probes.items()}
    delivered = {unit.id for unit in cold.plant.units if unit.kind in ("store", "feed_bin")}
    assert {unit for (unit, name), x in probes.items() if name == "level" and x > TRACE} <= delivered
    assert all(x == 0.0 for (_, name), x in probes.items() if name == "hold_up")
    warm = ("temperature", "wall_", "bed_")
    temperatures = [x for (unit, name), x in probes.items() if name.startswith(warm) and unit not in delivered and x]
    assert len(temperatures) > 20
    assert set(temperatures) == {AMBIENT_K}


def test_nothing_runs_and_no_controller_acts(cold: LivePlant) -> None:
    drives = [d.tag for d in cold.plant.devices if d.kind in (Kind.DRIVE, Kind.VARIABLE_DRIVE)]
    assert [tag for tag in drives if value(cold, f"{tag}.RUN")] == []
    assert {value(cold, f"{loop.tag}.MODE") for loop in cold.plant.loops if loop.type == "PID"} == {MANUAL}
    assert value(cold, "WIC-100.SP") == 0.0
    states = {s.tag: SEQUENCE_STATES[int(value(cold, f"{s.tag}.STATE"))] for s in cold.plant.sequences}
    assert {tag for tag, state in states.items() if state != "Idle"} == {"KS-801"}
    assert states["KS-801"] == "Complete"


def test_reagents_are_there(cold: LivePlant) -> None:
    stores = ("811", "812", "812C", "814", "814B", "816", "817", "819", "822")
    assert min(value(cold, f"LI-{tank}.PV") for tank in stores) >= 69.0


@pytest.mark.parametrize("hours", [1, pytest.param(24, marks=pytest.mark.long)])
def test_it_stands_quietly(cold: LivePlant, hours: int) -> None:
    raised: set[str] = set()
    for _ in range(60 * hours):
        cold.advance(60)
        raised |= in_alarm(cold)
    assert raised == set()
    assert np.isfinite(cold.core.signal).all()
    assert max(x for name, x in cold.health.figures().items() if name.startswith("Substeps")) < 1.1
    assert cold.health.balance_error() < 1e-12


@pytest.mark.long
def test_its_sequence_brings_it_to_production_unattended(cold: LivePlant) -> None:
    """Two days, one of them for the terbium that stands in SX-3. The feed never exceeds what was asked for."""
    command(cold, "KS-800.CMD", START)
    most_hydrogen, most_feed, hours = 0.0, 0.0, 0
    raised: set[str] = set()
    while value(cold, "KS-800.STATE") in (0.0, 1.0) and hours < 120:
        for _ in range(60):
            cold.advance(60)
            raised |= in_alarm(cold)
            most_hydrogen = max(most_hydrogen, value(cold, "AI-211A.PV"))
            if value(cold, "KS-800.STEP") < 16.0:
                most_feed = max(most_feed, value(cold, "WIC-101.PV"))
        hours += 1
    steps = len(next(s for s in cold.plant.sequences if s.tag == "KS-800").steps)
    assert (SEQUENCE_STATES[int(value(cold, "KS-800.STATE"))], value(cold, "KS-800.STEP")) == ("Complete", steps)
    assert value(cold, "WIC-101.PV") > 150.0
    assert min(value(cold, f"AI-70{k}.PV") for k in (1, 2, 3)) > 99.5
    assert most_hydrogen < 10.0
    assert most_feed < 60.0
    assert cold.health.balance_error() < 1e-9
    assert raised == set()


@pytest.mark.long
def test_held_in_every_step_and_resumed_it_comes_to_production(cold: LivePlant) -> None:
    """Ten minutes each: what a hold stops, resuming starts again."""
    command(cold, "KS-800.CMD", START)
    held: set[float] = set()
    for _ in range(120 * 60):
        cold.advance(60)
        state, step = value(cold, "KS-800.STATE"), value(cold, "KS-800.STEP")
        if state == 1.0 and step not in held and value(cold, "KS-800.STEP_TIME") > 30.0:
            held.add(step)
            command(cold, "KS-800.CMD", HOLD)
            cold.advance(600)
            assert value(cold, "KS-800.STATE") == 2.0
            command(cold, "KS-800.CMD", RESUME)
        elif state not in (0.0, 1.0):
            break
    assert SEQUENCE_STATES[int(value(cold, "KS-800.STATE"))] == "Complete"
    assert held >= {6.0, 7.0, 8.0, 13.0, 14.0, 15.0}
    assert value(cold, "WIC-101.PV") > 150.0
    assert min(value(cold, f"AI-70{k}.PV") for k in (1, 2, 3)) > 99.5
    assert in_alarm(cold) == set()
