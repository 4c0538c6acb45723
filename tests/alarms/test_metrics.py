"""Measures of an alarm system, on records whose measures can be told by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsim.alarms.metrics import FLOOD_BEGINS, Annunciation, measure

HOUR = 3600.0


def at(*times: float, name: str = "TIC-201.H") -> list[Annunciation]:
    return [Annunciation(name, t) for t in times]


def test_rate_counts_what_came_in_the_span() -> None:
    found = measure(at(-1.0, 0.0, 600.0, HOUR), 0.0, HOUR)
    assert found.count == 2
    assert found.per_10_min == pytest.approx(2 / 6)
    assert found.worst_10_min == 1


def test_an_empty_record_has_measures_too() -> None:
    found = measure([], 0.0, HOUR)
    assert (found.count, found.worst_10_min, found.flood, found.top, found.acknowledge_s) == (0, 0, 0.0, (), None)


def test_a_flood_lasts_from_the_eleventh_alarm_until_fewer_than_five_are_left_in_ten_minutes() -> None:
    """One a second: the eleventh at 10 s, and the seventh leaves the window at 606 s, with four behind it."""
    found = measure(at(*range(11)), 0.0, HOUR)
    assert (found.floods, found.worst_10_min) == (1, 11)
    assert found.flood == pytest.approx((606.0 - 10.0) / HOUR)


def test_ten_alarms_are_no_flood() -> None:
    assert measure(at(*range(FLOOD_BEGINS)), 0.0, HOUR).floods == 0


def test_three_times_in_a_minute_is_chattering_and_in_longer_it_is_not() -> None:
    record = at(0.0, 30.0, 60.0, name="LIC-206.H") + at(0.0, 30.0, 61.0, name="LIC-208.H")
    assert measure(record, 0.0, HOUR).chattering == ("LIC-206.H",)


def test_what_stands_for_longer_than_a_day_is_stale() -> None:
    record = [Annunciation("A.H", 0.0), Annunciation("B.H", 0.0, went=HOUR), Annunciation("C.H", 0.0, went=25 * HOUR)]
    assert measure(record, 0.0, 30 * HOUR).stale == ("A.H", "C.H")


def test_top_ten_begins_with_the_most_frequent() -> None:
    record = [one for k in range(12) for one in at(*range(k + 1), name=f"T-{k:02d}.H")]
    top = measure(record, 0.0, HOUR).top
    assert len(top) == 10
    assert top[0] == ("T-11.H", 12)


def test_time_to_acknowledge_is_the_mean_of_those_that_were() -> None:
    record = [Annunciation("A.H", 0.0, 10.0), Annunciation("B.H", 5.0, 25.0), Annunciation("C.H", 6.0)]
    assert measure(record, 0.0, HOUR).acknowledge_s == 15.0


@given(st.lists(st.floats(0.0, 86399.0), max_size=60))
def test_worst_window_agrees_with_counting_from_every_alarm(times: list[float]) -> None:
    found = measure(at(*times), 0.0, 86400.0)
    assert found.worst_10_min == max((sum(t <= s < t + 600.0 for s in times) for t in times), default=0)
    assert 0.0 <= found.flood <= 1.0
