"""From a bare pad and empty ponds to production: the sequence of the clay plant, with nobody at the desk."""

from __future__ import annotations

import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.plant import Plant

START, ABORT = 1, 4
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


@pytest.mark.long(scale=2)
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
