"""From an empty plant to production: its own sequence brings each magnet plant there, with nobody at the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.compose.context import AMBIENT_K
from plantsim.model.load import load_plant
from plantsim.model.members import SEQUENCE_STATES

START, HOLD, RESUME = 1.0, 2.0, 3.0
RUNNING = 1.0
pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Start:
    """What a start comes to. most: highest readings on the way. least: lowest at its end. first_feed: most of WIC-101
    before a step. No alarm rises at all, not even one that goes by itself, nor in the day after."""

    days: int
    most: dict[str, float]
    least: dict[str, float]
    first_feed: float
    before_step: float
    stores: tuple[str, ...] = field(default=("811", "816", "819", "822"))


def purities(count: int) -> dict[str, float]:
    return {f"AI-{700 + k}.PV": 99.5 for k in range(1, count + 1)}


STARTS = {
    # most of it for the 600 mol of rare earth that stand in SX-2
    "belfast": Start(10, {"AI-211A.PV": 10.0}, purities(2) | {"WIC-101.PV": 4.1}, 1.7, 17),
    # one of two days for the terbium that stands in SX-3
    "belfast-commercial": Start(5, {"AI-211A.PV": 10.0}, purities(3) | {"WIC-101.PV": 150.0}, 60.0, 16),
    # half of four days for the gadolinium that stands in SX-3
    "missouri": Start(
        10, {"AI-211A.PV": 10.0, "AI-231A.PV": 10.0},
        purities(6) | {"AI-707.PV": 75.0, "WIC-101.PV": 57.0, "WIC-151.PV": 6.3}, 25.0, 16,
    ),
    # half of three days for the dysprosium that stands in SX-4 and SX-5; AI-231A is of carbon dioxide, %
    "viridion": Start(
        7, {"AI-211A.PV": 10.0, "AI-231A.PV": 3.5}, purities(3) | {"WIC-101.PV": 4.08, "WIC-151.PV": 2.83}, 1.8, 16,
    ),
}  # fmt: skip


@pytest.fixture
def cold() -> Callable[[str], LivePlant]:
    return lambda plant: LivePlant(load_plant(plant), start="cold", scan_period=1.0)


def value(live: LivePlant, name: str) -> float:
    return float(live.core.signal[live.tags[name].row])


def command(live: LivePlant, name: str, what: float) -> None:
    live.core.signal[live.tags[name].row] = what


def in_alarm(live: LivePlant) -> set[str]:
    return {alarm.name for alarm, state in zip(live.alarms, live.book.states(), strict=True) if state & 1}


@pytest.mark.parametrize("plant", STARTS)
def test_its_sequence_brings_it_to_production_unattended(cold: Callable[[str], LivePlant], plant: str) -> None:
    live, start = cold(plant), STARTS[plant]
    command(live, "KS-800.CMD", START)
    most, first_feed, least_stored = dict.fromkeys(start.most, 0.0), 0.0, 100.0
    raised: set[str] = set()
    for _ in range(start.days * 1440):
        live.advance(60)
        most = {name: max(high, value(live, name)) for name, high in most.items()}
        least_stored = min(least_stored, *(value(live, f"LI-{store}.PV") for store in start.stores))
        raised |= in_alarm(live)
        if value(live, "KS-800.STEP") < start.before_step:
            first_feed = max(first_feed, value(live, "WIC-101.PV"))
        if value(live, "KS-800.STATE") > RUNNING:
            break
    steps = len(next(s for s in live.plant.sequences if s.tag == "KS-800").steps)
    assert (SEQUENCE_STATES[int(value(live, "KS-800.STATE"))], value(live, "KS-800.STEP")) == ("Complete", steps)
    assert {name: high for name, high in most.items() if high >= start.most[name]} == {}
    assert {name: value(live, name) for name, low in start.least.items() if value(live, name) <= low} == {}
    assert first_feed < start.first_feed, "no more than was asked for, until there is a filter that takes it"
    assert least_stored > 15.0
    assert in_alarm(live) == set()
    assert raised == set()
    assert live.health.balance_error() < 1e-9
    cycling = {a.tag for s in live.plant.sequences if s.repeat for step in s.steps for a in step.actions}
    loops = [loop for loop in load_plant(plant).loops if loop.tag not in cycling]
    assert {loop.tag: value(live, f"{loop.tag}.MODE") for loop in loops} == {x.tag: float(x.mode) for x in loops}
    for _ in range(24):
        live.advance(3600)
        assert in_alarm(live) == set(), "nor does one come once the masters have it"


@pytest.mark.long(scale=2)
def test_held_in_every_step_and_resumed_it_comes_to_production(cold: Callable[[str], LivePlant]) -> None:
    """Ten minutes each: what a hold stops, resuming starts again."""
    live = cold("belfast-commercial")
    command(live, "KS-800.CMD", START)
    held: set[float] = set()
    for _ in range(120 * 60):
        live.advance(60)
        state, step = value(live, "KS-800.STATE"), value(live, "KS-800.STEP")
        if state == RUNNING and step not in held and value(live, "KS-800.STEP_TIME") > 30.0:
            held.add(step)
            command(live, "KS-800.CMD", HOLD)
            live.advance(600)
            assert value(live, "KS-800.STATE") == 2.0
            command(live, "KS-800.CMD", RESUME)
        elif state > RUNNING:
            break
    assert SEQUENCE_STATES[int(value(live, "KS-800.STATE"))] == "Complete"
    assert held >= {6.0, 7.0, 8.0, 13.0, 14.0, 15.0}
    assert value(live, "WIC-101.PV") > 150.0
    assert min(value(live, f"AI-70{k}.PV") for k in (1, 2, 3)) > 99.5
    assert in_alarm(live) == set()


def test_acids_are_made_up_once_there_is_leave(cold: Callable[[str], LivePlant]) -> None:
    """The make-up tanks fill with the leach, by their ratios, and are then as strong as their users want them."""
    live = cold("belfast")
    tanks = {
        "LIC-812": "AIC-813",
        "LIC-812B": "AIC-813B",
        "LIC-812C": "AIC-813C",
        "LIC-814": "AIC-815",
        "LIC-814B": "AIC-815B",
    }
    assert max(value(live, f"{level}.PV") for level in tanks) < 1.0
    command(live, "KS-800.CMD", START)
    for _ in range(48):
        live.advance(3600)
        if min(value(live, f"{level}.PV") for level in tanks) > 50.0:
            break
    assert min(value(live, f"{level}.PV") for level in tanks) > 50.0
    for strength in tanks.values():
        assert value(live, f"{strength}.PV") == pytest.approx(value(live, f"{strength}.SP"), rel=0.05), strength
    warmer = live.core.probe[live.layout.probes["TK-814", "temperature"]] - AMBIENT_K
    assert 0.0 < warmer < 10.0, "heat of dilution"
    assert live.health.balance_error() < 1e-12
