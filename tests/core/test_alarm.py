"""Alarm limits: when they come, when they go, and when they must not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.core.conftest import Rig

HIGH, LOW, DEVIATION, IS_TRUE = 0, 1, 2, 3
WHEN_EQUAL, WHEN_BELOW, WHEN_ABOVE = 1, 2, 3
BAD = 0x80000000
UNCERTAIN = 0x40000000


def came_and_went(rig: Rig) -> list[tuple[int, bool]]:
    """(scan, came) of every transition so far."""
    return [(scan, came) for scan, _, came in rig.layers.events()]


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        (HIGH, [79.9, 80.0, 79.5, 79.0, 78.9, 80.0], [(2, True), (5, False), (6, True)]),
        (LOW, [80.1, 80.0, 80.5, 81.0, 81.1, 80.0], [(2, True), (5, False), (6, True)]),
        (IS_TRUE, [0.0, 1.0, 1.0, 0.0], [(2, True), (4, False)]),
    ],
)
def test_an_alarm_comes_at_its_limit_and_goes_beyond_its_deadband(
    rig: Rig, kind: int, values: list[float], wanted: list[tuple[int, bool]]
) -> None:
    rig.alarm("TI.PV", kind, limit=80.0, deadband=1.0)
    for value in values:
        rig["TI.PV"] = value
        rig.scan()
    assert came_and_went(rig) == wanted


def test_deviation_counts_on_both_sides(rig: Rig) -> None:
    rig.alarm("FIC.PV", DEVIATION, sp="FIC.SP", limit=5.0, deadband=1.0)
    rig["FIC.SP"] = 50.0
    for value in (55.0, 54.5, 45.5, 46.1, 45.0):
        rig["FIC.PV"] = value
        rig.scan()
    assert came_and_went(rig) == [(1, True), (4, False), (5, True)]


def test_a_limit_may_stand_in_a_row_and_be_moved(rig: Rig) -> None:
    rig.alarm("TI.PV", HIGH, limit_row="TI.HH")
    rig["TI.HH"] = 90.0
    rig["TI.PV"] = 85.0
    rig.scan()
    rig["TI.HH"] = 80.0
    rig.scan()
    assert came_and_went(rig) == [(2, True)]


@pytest.mark.parametrize("delay", [0.0, 0.1, 1.0, 60.0])
def test_the_condition_must_last_as_long_as_the_delay(rig: Rig, delay: float) -> None:
    rig.alarm("TI.PV", HIGH, limit=80.0, on_delay=delay, off_delay=2 * delay)
    rig["TI.PV"] = 85.0
    rig.run(delay + 0.1)  # seen in scan 1, so 1 + delay/h is the first scan at which it has lasted
    rig["TI.PV"] = 0.0
    rig.run(2 * delay + 0.1)
    on = 1 + round(delay / 0.1)
    assert came_and_went(rig) == [(on, True), (on + 1 + round(2 * delay / 0.1), False)]


def test_a_break_in_the_condition_starts_the_delay_again(rig: Rig) -> None:
    rig.alarm("TI.PV", HIGH, limit=80.0, on_delay=1.0)
    for _ in range(5):
        rig["TI.PV"] = 85.0
        rig.run(1.0)
        rig["TI.PV"] = 75.0
        rig.scan()
    assert came_and_went(rig) == []


@pytest.mark.parametrize(
    ("condition", "suppressing", "free"), [(WHEN_EQUAL, 0.0, 1.0), (WHEN_BELOW, 2.0, 3.0), (WHEN_ABOVE, 4.0, 3.0)]
)
def test_suppression_clears_at_once_and_lets_nothing_come(
    rig: Rig, condition: int, suppressing: float, free: float
) -> None:
    threshold = 0.0 if condition == WHEN_EQUAL else 3.0
    rig.alarm(
        "TI.PV",
        HIGH,
        limit=80.0,
        on_delay=1.0,
        off_delay=60.0,
        suppress=condition,
        suppress_row=rig.row("K.RUN"),
        suppress_value=threshold,
    )
    rig["K.RUN"], rig["TI.PV"] = free, 85.0
    rig.run(1.1)
    rig["K.RUN"] = suppressing
    rig.scan(50)
    assert came_and_went(rig) == [(11, True), (12, False)]
    rig["K.RUN"] = free
    rig.run(1.0)
    assert len(came_and_went(rig)) == 2
    rig.scan()
    assert came_and_went(rig)[2:] == [(72, True)]


def test_a_bad_value_neither_raises_nor_clears_an_alarm(rig: Rig) -> None:
    rig.alarm("TI.PV", HIGH, limit=80.0, on_delay=0.5)
    rig.set_quality("TI.PV", BAD)
    rig["TI.PV"] = 85.0
    rig.run(2.0)
    assert came_and_went(rig) == []
    rig.set_quality("TI.PV", UNCERTAIN)
    rig.run(0.6)
    assert [came for _, came in came_and_went(rig)] == [True]
    rig.set_quality("TI.PV", BAD)
    rig["TI.PV"] = 0.0
    rig.run(2.0)
    assert [came for _, came in came_and_went(rig)] == [True]


def test_the_ring_keeps_the_latest_transitions_and_names_the_alarm(rig: Rig) -> None:
    rig.alarm("A.PV", HIGH, limit=50.0)
    rig.alarm("B.PV", HIGH, limit=50.0)
    for k in range(100):
        rig["B.PV"] = 100.0 * (k % 2)
        rig.scan()
    events = rig.layers.events()
    assert len(events) == 64
    assert events[-1] == (100, 1, True)
    assert events[0] == (37, 1, False)


def twin(values: list[float], limit: float, deadband: float, on: int, off: int) -> list[tuple[int, bool]]:
    """A high alarm with delays counted in scans, written over the whole record."""
    active, events, since = False, [], None
    for scan, value in enumerate(values, start=1):
        condition = value >= limit - (deadband if active else 0.0)
        if condition == active:
            since = None
            continue
        since = scan if since is None else since
        if scan - since >= (off if active else on):
            active, since = not active, None
            events.append((scan, active))
    return events


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    values=st.lists(st.floats(70.0, 90.0) | st.just(math.inf), min_size=1, max_size=60),
    deadband=st.floats(0.0, 5.0),
    on=st.integers(0, 8),
    off=st.integers(0, 8),
)
def test_transitions_alternate_and_agree_with_a_plain_record(
    make_rig: type[Rig], values: list[float], deadband: float, on: int, off: int
) -> None:
    rig = make_rig()
    rig.alarm("TI.PV", HIGH, limit=80.0, deadband=deadband, on_delay=on * 0.1, off_delay=off * 0.1)
    for value in values:
        rig["TI.PV"] = value
        rig.scan()
    assert came_and_went(rig) == twin(values, 80.0, deadband, on, off)
