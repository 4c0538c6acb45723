"""Every input of a plant thrown about: set points, outputs, commands, modes, feed and malfunctions, whatever they are.

No state may lose its finiteness or, but for net acidity, its sign; every element and the charge close all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plantsim.engine.live import LivePlant
from plantsim.engine.settle import Steady
from plantsim.engine.snapshot import Arrays
from plantsim.model.load import load_plant, plant_names
from plantsim.model.tag import Kind, Role, Tag, ValueType

INPUTS = ("SP", "OP", "MODE", "CMD", "SPEED_CMD", "STATE")
EXTERNAL = 3
LEAST = -1e-9
"""mol (kg, J, ...): rounding of a state that has run empty."""
SHOCKED_SCANS, LONG_SCANS = 600, 36_000
BEGINNINGS = [*((name, "steady") for name in plant_names()), ("belfast", "cold")]
"""Plants and their starts; what is not empty when it is cold has nothing new to show."""


@dataclass
class Subject:
    """A plant that is put back to its start before each run."""

    live: LivePlant
    start: Arrays
    inputs: list[Tag]
    malfunctions: list[str]
    positive: NDArray[np.intp]


@cache
def subject(name: str, start: str) -> Subject:
    live = LivePlant(load_plant(name), start=start)
    problem = Steady(live.core, live.assembly)
    positive = problem.states[problem.positive[: problem.n_states]]
    inputs = [
        tag
        for tag in live.tags
        if tag.member in INPUTS
        and tag.role is not None
        and tag.role <= Role.OPERATOR
        and tag.kind not in (Kind.SIMULATION, Kind.KPI)
    ]
    places = [place.name for place in live.plant.malfunctions if place.malfunction.wire is None]
    return Subject(live, live.arrays(), inputs, places, positive)


def thrown(tag: Tag, share: float) -> float:
    """A value of the tag: from its range, or one of its states."""
    if tag.type is ValueType.FLOAT:
        return tag.low + share * (tag.high - tag.low)
    if tag.member == "MODE":
        return float(min(int(share * EXTERNAL), EXTERNAL - 1))
    return float(min(int(share * (tag.high - tag.low + 1.0)), int(tag.high - tag.low)) + int(tag.low))


SHARES = st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0)
MOVES = st.lists(st.tuples(st.integers(0, 10**6), SHARES), min_size=1, max_size=40)
FAULTS = st.lists(st.tuples(st.integers(0, 10**6), SHARES), max_size=4)


def throw(one: Subject, moves: list[tuple[int, float]], faults: list[tuple[int, float]], scans: int) -> None:
    """From the start, all at once; then a part of the time again with everything as it was, but for what broke."""
    live = one.live
    live.restore(one.start)
    for k, severity in faults:
        live.injected.inject(one.malfunctions[k % len(one.malfunctions)], severity, 0.0, 0.0)
    for k, share in moves:
        tag = one.inputs[k % len(one.inputs)]
        live.core.signal[tag.row] = thrown(tag, share)
    live.advance(scans)
    live.core.signal[[tag.row for tag in one.inputs]] = one.start["signal"][[tag.row for tag in one.inputs]]
    live.advance(scans // 3)
    state = live.core.state
    assert np.all(np.isfinite(state))
    lowest = int(one.positive[np.argmin(state[one.positive])])
    assert state[lowest] > LEAST, live.where(lowest)
    assert live.health.balance_error() < 1e-9
    assert live.health.charge_error() < 1e-9


@pytest.mark.parametrize(("name", "start"), BEGINNINGS)
def test_whatever_is_thrown_at_a_plant_it_stays_finite_positive_and_closed(name: str, start: str) -> None:
    @settings(max_examples=12, derandomize=True, deadline=None, database=None)
    @given(moves=MOVES, faults=FAULTS)
    def check(moves: list[tuple[int, float]], faults: list[tuple[int, float]]) -> None:
        throw(subject(name, start), moves, faults, SHOCKED_SCANS)

    check()


AT_ONCE, FAULTS_AT_ONCE = 80, 60
"""Inputs that are thrown together, none of them a neighbour's in the list; malfunctions, of which 64 is the most."""


@pytest.mark.parametrize("name", plant_names())
@pytest.mark.parametrize("share", [0.0, 1.0], ids=["bottom", "top"])
def test_no_input_is_left_out(name: str, share: float) -> None:
    """Every one of them goes to an end of its range, for a minute and back for a third of it."""
    one = subject(name, "steady")
    rounds = -(-len(one.inputs) // AT_ONCE)
    thrown_so_far = set()
    for first in range(rounds):
        places = range(first, len(one.inputs), rounds)
        throw(one, [(k, share) for k in places], [], SHOCKED_SCANS)
        thrown_so_far |= set(places)
    assert thrown_so_far == set(range(len(one.inputs)))


@pytest.mark.long
@pytest.mark.parametrize("name", plant_names())
def test_no_malfunction_is_left_out(name: str) -> None:
    """All that can go wrong, each as bad as it gets, many at a time."""
    one = subject(name, "steady")
    rounds = -(-len(one.malfunctions) // FAULTS_AT_ONCE)
    for first in range(rounds):
        throw(one, [], [(k, 1.0) for k in range(first, len(one.malfunctions), rounds)], SHOCKED_SCANS)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        pytest.param(*one, marks=pytest.mark.long(scale=1 if one[0] in ("belfast", "makuutu") else 2))
        for one in BEGINNINGS
    ],
)
def test_so_it_does_for_an_hour_and_in_many_ways(name: str, start: str, scale: float) -> None:
    @settings(max_examples=round(40 * scale), deadline=None, database=None, print_blob=True)
    @given(moves=MOVES, faults=FAULTS)
    def check(moves: list[tuple[int, float]], faults: list[tuple[int, float]]) -> None:
        throw(subject(name, start), moves, faults, LONG_SCANS)

    check()
