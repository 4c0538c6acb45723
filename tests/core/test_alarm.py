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
FAILURE, DISCREPANCY, RATE, STALE = 4, 5, 6, 7
FROM_ALARM = 0
WENT, CAME, SUPPRESSED, RELEASED, CHATTERS = range(5)
NO_CONDITION = [{"relation": WHEN_EQUAL, "row": 0, "value": 0.0}]
BAD = 0x80000000
UNCERTAIN = 0x40000000


def came_and_went(rig: Rig) -> list[tuple[int, bool]]:
    """(scan, came) of every transition so far."""
    return [(scan, bool(what)) for scan, _, _, what in rig.layers.events() if what in (0, 1)]


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
        n_suppress=1,
        suppress=[{"relation": condition, "row": rig.row("K.RUN"), "value": threshold}, *NO_CONDITION * 2],
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
        rig.run(60.0)
    events = rig.layers.events()
    assert len(events) == 64
    assert events[-1] == (59401, FROM_ALARM, 1, CAME)
    assert events[0] == (59401 - 63 * 600, FROM_ALARM, 1, WENT)


def twin(values: list[float], limit: float, deadband: float, on: int, off: int) -> list[tuple[int, bool]]:
    """A high alarm with delays counted in scans, written over the whole record, which is shorter than a minute.

    Having come three times it chatters, and would have to be gone for a minute.
    """
    active, since = False, None
    events: list[tuple[int, bool]] = []
    for scan, value in enumerate(values, start=1):
        condition = value >= limit - (deadband if active else 0.0)
        if condition == active:
            since = None
            continue
        since = scan if since is None else since
        chatters = sum(came for _, came in events) >= 3
        if scan - since >= (off if active else on) and not (active and chatters):
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


@pytest.mark.parametrize(("every", "wanted"), [(False, [False, True, True, True]), (True, [False, False, False, True])])
def test_several_conditions_suppress_together_or_each_alone(rig: Rig, every: bool, wanted: list[bool]) -> None:
    terms = [{"relation": WHEN_EQUAL, "row": rig.row(f"{name}.RUN"), "value": 0.0} for name in ("A", "B")]
    rig.alarm("TI.PV", HIGH, limit=80.0, n_suppress=2, suppress_all=every, suppress=[*terms, *NO_CONDITION])
    rig["TI.PV"] = 85.0
    quiet = []
    for a, b in ((1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)):
        rig["A.RUN"], rig["B.RUN"] = a, b
        rig.scan()
        quiet.append(not came_and_went(rig)[-1][1] if came_and_went(rig) else True)
    assert quiet == wanted


def test_suppression_is_reported_for_those_who_show_it(rig: Rig) -> None:
    terms = [{"relation": WHEN_EQUAL, "row": rig.row("K.RUN"), "value": 0.0}, *NO_CONDITION * 2]
    rig.alarm("TI.PV", HIGH, limit=80.0, n_suppress=1, suppress=terms)
    rig["TI.PV"], rig["K.RUN"] = 85.0, 1.0
    rig.scan()
    rig["K.RUN"] = 0.0
    rig.scan()
    rig["K.RUN"] = 1.0
    rig.scan()
    assert [(scan, what) for scan, _, _, what in rig.layers.events()] == [
        (1, CAME), (2, WENT), (2, SUPPRESSED), (3, RELEASED), (3, CAME),
    ]  # fmt: skip


def test_an_alarm_of_failure_looks_at_the_quality_alone(rig: Rig) -> None:
    rig.alarm("TI.PV", FAILURE, on_delay=0.2)
    rig.run(1.0)
    rig.set_quality("TI.PV", BAD)
    rig.run(0.5)
    rig.set_quality("TI.PV", 0)
    rig.scan()
    assert came_and_went(rig) == [(13, True), (16, False)]


@pytest.mark.parametrize(
    ("cmd", "opened", "closed", "wrong"),
    [(1.0, 1.0, 0.0, False), (1.0, 0.0, 0.0, True), (0.0, 0.0, 1.0, False), (0.0, 0.0, 0.0, True)],
)
def test_a_valve_is_in_discrepancy_until_its_switch_says_what_was_commanded(
    rig: Rig, cmd: float, opened: float, closed: float, wrong: bool
) -> None:
    rig.alarm("XV.CMD", DISCREPANCY, sp="XV.OPENED", other=rig.row("XV.CLOSED"))
    rig["XV.CMD"], rig["XV.OPENED"], rig["XV.CLOSED"] = cmd, opened, closed
    rig.scan()
    assert bool(came_and_went(rig)) == wrong


@pytest.mark.parametrize(("limit", "per_minute", "comes"), [(2.0, 2.2, True), (2.0, 1.8, False), (-2.0, -2.2, True)])
def test_a_rate_counts_by_the_minute(rig: Rig, limit: float, per_minute: float, comes: bool) -> None:
    rig.alarm("TI.PV", RATE, limit=limit, window=30.0, on_delay=5.0)
    for k in range(3000):
        rig["TI.PV"] = 60.0 + per_minute * k * 0.1 / 60.0
        rig.scan()
    assert bool(came_and_went(rig)) == comes


def test_a_value_that_was_always_there_is_no_rise(rig: Rig) -> None:
    rig.alarm("TI.PV", RATE, limit=2.0, window=30.0)
    rig["TI.PV"] = 60.0
    rig.run(10.0)
    assert came_and_went(rig) == []


def test_a_result_grows_stale(rig: Rig) -> None:
    rig.alarm("AI.SampleTime", STALE, limit=30.0)
    rig.run(29.0)
    assert came_and_went(rig) == []
    rig.run(2.0)
    rig["AI.SampleTime"] = 31.0
    rig.scan()
    assert [came for _, came in came_and_went(rig)] == [True, False]


def test_a_chattering_alarm_is_made_to_stand_until_it_has_calmed_down(rig: Rig) -> None:
    """Every 10 s for half an hour, then quiet: two short visits, one long one, and it is done."""
    rig.alarm("TI.PV", HIGH, limit=80.0)
    for k in range(360):
        rig["TI.PV"] = 85.0 if k % 2 else 75.0
        rig.run(5.0)
    rig["TI.PV"] = 75.0
    rig.run(700.0)
    events = [(scan, what) for scan, _, _, what in rig.layers.events()]
    assert [what for _, what in events] == [CAME, WENT, CAME, WENT, CAME, CHATTERS, WENT]
    assert events[-1][0] == pytest.approx(18000 + 600, abs=1), "a minute after it was last there"
    rig["TI.PV"] = 85.0
    rig.scan()
    rig["TI.PV"] = 75.0
    rig.scan()
    assert came_and_went(rig)[-1][0] == came_and_went(rig)[-2][0] + 1, "after ten calm minutes it is as any other"
