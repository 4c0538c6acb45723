"""The alarm system's figures, checked against plain counting."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from hmi.alarms import AlarmRecord, AlarmState, Transition
from hmi.metrics import Metrics, measure
from hmi.model import Alarm

HOUR = 3600.0


def alarm(number: int = 1, priority: int = 3) -> Alarm:
    return Alarm(f"TIC-{number}.H.Alarm", f"TIC-{number}", "H", "leach", priority)


def came(time: float, of: Alarm | None = None) -> Transition:
    return Transition(of or alarm(), AlarmState.NORMAL, AlarmState.UNACKED, time, time)


def figures(transitions: Sequence[Transition], now: float, standing: Sequence[AlarmRecord] = ()) -> Metrics:
    return measure(transitions, standing, 0.0, now)


def test_quiet_plant_has_no_figures_to_worry_about() -> None:
    """Nothing came: no rate, no flood, nothing stale."""
    quiet = figures([], HOUR)
    assert (quiet.annunciated, quiet.rate, quiet.peak, quiet.flood, quiet.top) == (0, 0, 0, False, ())
    assert math.isnan(quiet.acknowledged_after)


@given(st.lists(st.integers(0, 7200), max_size=60), st.integers(0, 7200))
def test_rate_and_windows_are_counts(times: list[int], now: int) -> None:
    """The last six windows and the last ten minutes, as counting on fingers gives them."""
    past = sorted(t for t in times if t <= now)
    found = figures([came(float(t)) for t in past], float(now))
    assert found.rate == sum(now - 600 < t <= now for t in past)
    assert found.windows == tuple(sum(now - 600 * (b + 1) < t <= now - 600 * b for t in past) for b in range(5, -1, -1))
    assert found.peak == max((sum(t <= other <= t + 600 for other in past) for t in past), default=0)


def test_flood_begins_above_ten_and_ends_below_five() -> None:
    """Eleven alarms ten seconds apart: the flood begins with the last and ends when seven have left the window."""
    eleven = [came(10.0 * n) for n in range(11)]
    assert not figures(eleven[:10], 95.0).flood
    assert figures(eleven, 100.0).flood
    assert figures(eleven, 655.0).flood
    over = figures(eleven, 2000.0)
    assert not over.flood
    assert over.flood_seconds == 660.0 - 100.0


def test_most_frequent_and_chattering_are_named() -> None:
    """Three times in a minute chatters, three times in an hour does not."""
    fast, slow = alarm(1, 1), alarm(2, 2)
    found = figures([came(t, fast) for t in (0.0, 20.0, 40.0, 500.0)] + [came(t, slow) for t in (600.0, 900.0)], HOUR)
    assert found.top == ((fast.name, 4), (slow.name, 2))
    assert found.chattering == (fast.name,)
    assert found.share == {1: 4 / 6, 2: 2 / 6}


def test_stale_is_what_stands_for_more_than_a_day() -> None:
    """Returned alarms do not stand."""
    old = AlarmRecord(alarm(1), active=True, acked=True, time=0.0)
    returned = AlarmRecord(alarm(2), active=False, acked=False, time=0.0)
    young = AlarmRecord(alarm(3), active=True, acked=False, time=20 * HOUR)
    assert figures([], 25 * HOUR, [old, returned, young]).stale == ("TIC-1.H.Alarm",)


def test_time_to_acknowledge_is_the_median() -> None:
    """From annunciation to acknowledgement, whether the alarm still stood or had returned."""
    first, second = alarm(1), alarm(2)
    done = [
        came(0.0, first),
        came(0.0, second),
        Transition(first, AlarmState.UNACKED, AlarmState.ACKED, 0.0, 30.0),
        Transition(second, AlarmState.UNACKED, AlarmState.RETURNED, 40.0, 40.0),
        Transition(second, AlarmState.RETURNED, AlarmState.NORMAL, 40.0, 90.0),
    ]
    assert figures(done, HOUR).acknowledged_after == 60.0
