"""The tag store: values, quality, history by source time."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.store import HISTORY_LENGTH, History, Quality, TagStore

BAD_SENSOR_FAILURE = 0x808C0000
UNCERTAIN = 0x40000000
GOOD_LOCAL_OVERRIDE = 0x00960000
T0 = 1_767_225_600.0


def make(*names: str, clock: str | None = None) -> TagStore:
    store = TagStore()
    store.lay_out(names, names, clock)
    return store


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (0, Quality.GOOD),
        (GOOD_LOCAL_OVERRIDE, Quality.OVERRIDE),
        (UNCERTAIN, Quality.UNCERTAIN),
        (BAD_SENSOR_FAILURE, Quality.BAD),
    ],
)
def test_quality_follows_the_status_code(status: int, quality: Quality) -> None:
    """The four things a display tells apart come from the status code's bits."""
    assert Quality.of(status) is quality


def test_bad_value_is_no_number() -> None:
    """A value of bad quality is never handed out as a number, even if the server sends one."""
    store = make("TIC-201.PV")
    store.put(0, 60.0, BAD_SENSOR_FAILURE, T0)
    assert math.isnan(store.number("TIC-201.PV"))
    assert store.read("TIC-201.PV").value == 60.0


def test_unknown_name_reads_bad() -> None:
    """A name that was never browsed reads as bad, not as an error."""
    assert make().read("XX-1.PV").quality is Quality.BAD


def test_lost_connection_makes_everything_bad_and_leaves_a_gap() -> None:
    """After the connection is lost no value looks good and the trend ends there."""
    store = make("TIC-201.PV", "Simulation.Time", clock="Simulation.Time")
    for second in range(0, 20, 2):
        store.put(1, T0 + second, 0, T0 + second)
        store.put(0, 60.0, 0, T0 + second)
    store.lose()
    assert store.read("TIC-201.PV").quality is Quality.BAD
    last = store.trace("TIC-201.PV", 10, 5, end=T0 + 40).last
    assert np.isnan(last).all()


def test_plant_time_is_the_clock_tags_value() -> None:
    """Time on the displays is what the server's clock says, not when a message arrived."""
    store = make("TIC-201.PV", "Simulation.Time", clock="Simulation.Time")
    store.put(1, T0 + 5, 0, T0 + 5)
    store.put(0, 60.0, 0, T0 + 4)
    assert store.now == T0 + 5


def test_plant_time_without_a_clock_is_the_newest_source_time() -> None:
    """Where the Simulation object cannot be browsed, source times tell the time."""
    store = make("TIC-201.PV", "TI-202.PV")
    store.put(0, 60.0, 0, T0 + 4)
    store.put(1, 60.0, 0, T0 + 2)
    assert store.now == T0 + 4


def test_history_survives_a_new_browse() -> None:
    """A reconnection does not wipe the trends of tags that are still there."""
    store = make("TIC-201.PV")
    store.put(0, 60.0, 0, T0)
    store.lay_out(["TI-1.PV", "TIC-201.PV"], ["TIC-201.PV"], None)
    assert store.trace("TIC-201.PV", 10, 1, end=T0 + 1).last[0] == 60.0


def test_history_holds_a_value_until_the_next_sample() -> None:
    """Exception reports mean that a value stands until another comes: the trend is a staircase."""
    history = History(period=1.0)
    history.add(T0, 1.0)
    history.add(T0 + 60, 5.0)
    trace = history.trace(T0, T0 + 100, 10)
    assert trace.last[:5].tolist() == [1.0] * 5
    assert trace.last[6:].tolist() == [5.0] * 4


def test_history_column_shows_the_extremes_within_it() -> None:
    """A spike narrower than a column is still drawn."""
    history = History(period=1.0)
    for second, value in enumerate([1.0, 1.0, 9.0, 1.0, 1.0, 1.0]):
        history.add(T0 + second, value)
    trace = history.trace(T0 - 0.5, T0 + 5.5, 3)
    assert trace.high.tolist() == [1.0, 9.0, 1.0]
    assert trace.low.tolist() == [1.0, 1.0, 1.0]


def test_history_before_the_first_sample_is_unknown() -> None:
    """Nothing is invented for the time before the first value."""
    history = History()
    history.add(T0, 1.0)
    assert np.isnan(history.trace(T0 - 100, T0 - 50, 5).high).all()


def test_history_keeps_the_last_value_within_a_period() -> None:
    """Several values within one period count as one sample: the last."""
    history = History(period=2.0)
    history.add(T0, 1.0)
    history.add(T0 + 1, 2.0)
    assert len(history) == 1
    assert history.samples()[1].tolist() == [2.0]


def test_time_set_back_undoes_what_came_after() -> None:
    """After a backtrack the trend shows the new branch only."""
    history = History(period=1.0)
    for second in range(10):
        history.add(T0 + second, float(second))
    history.add(T0 + 5, 50.0)
    assert history.samples()[1].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 50.0]


def test_history_is_bounded_and_tells_the_older_the_more_coarsely() -> None:
    """Each value holds until the next that is kept, and a gap stays one."""
    history, seconds = History(), range(0, 12 * HISTORY_LENGTH, 2)
    for second in seconds:
        history.add(T0 + second, math.nan if second == 100 else float(second))
    times, values = history.samples()
    assert HISTORY_LENGTH // 2 < len(times) <= HISTORY_LENGTH
    assert times[0] < T0 + 100
    assert np.all(np.isnan(values) == (times == T0 + 100))
    assert np.array_equal(values[~np.isnan(values)], (times - T0)[~np.isnan(values)])
    steps = np.diff(times)
    assert set(steps[-HISTORY_LENGTH // 2 :]) == {2.0}
    assert steps.max() < 0.01 * seconds[-1]


def test_days_of_a_number_take_12_kb() -> None:
    """Of history 8 kB: 5 MB of the 550 numbers of a plant that move."""
    names = [f"T-{k}.PV" for k in range(4)]
    store = TagStore()
    store.lay_out(names, names, None)
    tracemalloc.start()
    try:
        for minute in range(4 * HISTORY_LENGTH):
            for slot in range(len(names)):
                store.put(slot, float(minute), 0, T0 + 60.0 * minute)
        assert tracemalloc.get_traced_memory()[0] < 12e3 * len(names)
    finally:
        tracemalloc.stop()


def test_what_the_server_remembers_stands_before_what_was_seen() -> None:
    """Own samples outside the stretch stay, those within give way; a value holds until the next."""
    history = History()
    for time in (100.0, 110.0, 200.0):
        history.add(time, 1.0)
    history.replace(np.array([90.0, 104.0, 150.0]), np.array([5.0, 6.0, np.nan]), 90.0, 160.0)
    times, values = history.samples()
    assert times.tolist() == [90.0, 104.0, 150.0, 200.0]
    assert values[:2].tolist() == [5.0, 6.0]
    assert np.isnan(values[2])
    history.add(210.0, 9.0)
    assert history.samples()[0][-1] == 210.0


@given(
    st.lists(st.integers(0, 800_000).map(lambda n: n / 8), min_size=1, max_size=3000, unique=True), st.integers(2, 64)
)
def test_a_remembered_stretch_never_outgrows_the_ring(found: list[float], length: int) -> None:
    """However dense it is, time rises and the newest is kept."""
    history = History(length=length)
    history.add(2e5, 7.0)
    history.replace(np.array(sorted(found)), np.zeros(len(found)), 0.0, 1.5e5)
    times, values = history.samples()
    assert len(times) <= length
    assert np.all(np.diff(times) > 0)
    assert (times[-1], values[-1]) == (2e5, 7.0)


def test_missing_history_is_asked_for_once() -> None:
    """What is older than the connection, and again only for a longer span."""
    store = TagStore()
    store.lay_out(["T.PV", "clock"], ["T.PV"], "clock")
    store.put(store.slot("clock"), 1000.0, 0, 1000.0)
    store.put(store.slot("T.PV"), 5.0, 0, 1000.0)
    assert store.missing("T.PV", 300.0) == (700.0, 1000.0)
    assert store.missing("T.PV", 300.0) is None
    assert store.missing("T.PV", 900.0) == (100.0, 1000.0)
    assert store.missing("clock", 900.0) is None
    store.remember("T.PV", np.array([150.0, 800.0]), np.array([3.0, 4.0]), 100.0, 1000.0)
    trace = store.trace("T.PV", 900.0, 9)
    assert trace.last.tolist() == [3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 4.0, 4.0, 5.0]
