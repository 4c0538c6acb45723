"""The clay plant before its first start: a bare pad and empty ponds; its own sequence brings it to production."""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.compose.context import AMBIENT_K
from plantsim.model.load import load_plant
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.plant import Plant
from plantsim.model.tag import Kind

MANUAL = 0.0
START, ABORT = 1, 4
TRACE = 1e-6
"""Least level that is one: readings are made of at least a millilitre."""
DAY = 86400
"""Scans of a second."""


@pytest.fixture(scope="module")
def makuutu() -> Plant:
    return load_plant("makuutu")


@pytest.fixture
def cold(makuutu: Plant) -> LivePlant:
    return LivePlant(makuutu, start="cold", scan_period=1.0)


def value(live: LivePlant, name: str) -> float:
    return float(live.core.signal[live.tags[name].row])


def command(live: LivePlant, tag: str, cmd: int) -> None:
    live.core.signal[live.tags[f"{tag}.CMD"].row] = cmd


def state(live: LivePlant, tag: str) -> str:
    return SEQUENCE_STATES[int(value(live, f"{tag}.STATE"))]


def in_alarm(live: LivePlant) -> set[str]:
    return {alarm.name for alarm, state in zip(live.alarms, live.book.states(), strict=True) if state & 1}


def run_to_the_end(live: LivePlant, tag: str, days: int) -> list[int]:
    """The steps it went through, as seen every ten minutes."""
    steps: list[int] = []
    for _ in range(144 * days):
        live.advance(600)
        step = int(value(live, f"{tag}.STEP"))
        if step not in steps:
            steps.append(step)
        if state(live, tag) != "Running":
            break
    return steps


def test_its_vessels_are_empty_and_what_has_a_temperature_has_that_of_the_hall(cold: LivePlant) -> None:
    probes = {key: cold.core.probe[index] for key, index in cold.layout.probes.items()}
    delivered = {unit.id for unit in cold.plant.units if unit.kind in ("store", "feed_bin")}
    assert {unit for (unit, name), x in probes.items() if name == "level" and x > TRACE} <= delivered
    assert all(x == 0.0 for (_, name), x in probes.items() if name == "hold_up")
    temperatures = [x for (unit, name), x in probes.items() if name == "temperature" and unit not in delivered and x]
    assert len(temperatures) == 11
    assert set(temperatures) == {AMBIENT_K}
    assert max(probes["HL-201", name] for name in ("stacked", "cells", "water", "ponding")) == 0.0


def test_nothing_runs_and_no_controller_acts(cold: LivePlant) -> None:
    drives = [d.tag for d in cold.plant.devices if d.kind in (Kind.DRIVE, Kind.VARIABLE_DRIVE)]
    assert [tag for tag in drives if value(cold, f"{tag}.RUN")] == []
    assert {value(cold, f"{loop.tag}.MODE") for loop in cold.plant.loops if loop.type == "PID"} == {MANUAL}
    assert value(cold, "WIC-100.SP") == 0.0
    states = {s.tag: state(cold, s.tag) for s in cold.plant.sequences}
    assert {tag for tag, state in states.items() if state != "Idle"} == {"KS-801"}
    assert states["KS-801"] == "Complete"


def test_reagents_and_ore_are_there(cold: LivePlant) -> None:
    assert min(value(cold, f"LI-80{k}.PV") for k in (1, 2, 3)) >= 70.0
    assert value(cold, "WI-102.PV") > 3000.0


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


def test_ore_is_stacked_and_the_first_liquor_made_up_at_once_and_without_an_alarm(cold: LivePlant) -> None:
    command(cold, "KS-800", START)
    raised: set[str] = set()
    for _ in range(48 * 6):
        cold.advance(600)
        raised |= in_alarm(cold)
    assert raised == set()
    assert value(cold, "ZI-201.PV") == pytest.approx(40.0, abs=1.0)
    assert value(cold, "LIC-263.PV") > 20.0
    assert 4500.0 < value(cold, "AIC-267.PV") < 6300.0
    assert value(cold, "AIC-271.PV") == pytest.approx(3.3, abs=0.3)
    assert cold.health.balance_error() < 1e-9


@pytest.mark.long
def test_its_sequence_brings_it_to_production_unattended(cold: LivePlant) -> None:
    """45 days, for a cell comes to its next place every five, and rinsing begins with the ninth cell."""
    command(cold, "KS-800", START)
    seen = run_to_the_end(cold, "KS-800", 60)
    steps = len(next(s for s in cold.plant.sequences if s.tag == "KS-800").steps)
    assert (state(cold, "KS-800"), seen[-1]) == ("Complete", steps)
    assert seen == sorted(seen)
    assert value(cold, "KI-202.PV") == pytest.approx(9.0)
    assert value(cold, "WIC-101.PV") > 540000.0
    assert 55.0 < value(cold, "AI-701.PV") < 60.0
    assert value(cold, "AIC-501.PV") == pytest.approx(7.0, abs=0.4)
    assert in_alarm(cold) == set()
    modes = {loop.tag: value(cold, f"{loop.tag}.MODE") for loop in cold.plant.loops}
    assert modes == {loop.tag: float(loop.mode) for loop in cold.plant.loops}
    assert cold.health.balance_error() < 1e-9
    raised: set[str] = set()
    for _ in range(144 * 20):
        cold.advance(600)
        raised |= in_alarm(cold)
    assert raised == set(), "while the round closes"
    assert value(cold, "KI-202.PV") == pytest.approx(13.0)


@pytest.mark.long
@pytest.mark.parametrize("day", [2.2, 22.0])
def test_a_start_that_was_stopped_goes_on_where_the_pad_is(cold: LivePlant, day: float) -> None:
    """Aborted while ponds fill; shut down while barren liquor is on the first cell."""
    command(cold, "KS-800", START)
    cold.advance(round(day * DAY))
    if day < 10.0:
        command(cold, "KS-800", ABORT)
        cold.advance(DAY // 2)
        assert value(cold, "WIC-101.PV") < 20000.0
    else:
        command(cold, "KS-801", START)
        run_to_the_end(cold, "KS-801", 2)
        assert state(cold, "KS-801") == "Complete"
        assert in_alarm(cold) == set()
    command(cold, "KS-800", START)
    seen = run_to_the_end(cold, "KS-800", 60)
    assert state(cold, "KS-800") == "Complete"
    assert seen[0] == (6 if day < 10.0 else 15)
    assert value(cold, "AI-701.PV") > 55.0
    assert in_alarm(cold) == set()
    assert cold.health.balance_error() < 1e-9
