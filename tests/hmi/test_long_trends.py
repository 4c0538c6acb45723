"""Trends of days: the extremes that the server finds, and behind them what the station saw itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from hmi.screens.trends import Trends
from hmi.store import DAY, INTERVALS, TagStore
from hmi.widgets.trend import SPANS, at_time, next_span, span_text

if TYPE_CHECKING:
    from tests.hmi.conftest import Desk

SitDown = Callable[..., AbstractAsyncContextManager["Desk"]]
StartPlant = Callable[..., AbstractContextManager[str]]
NOW = 1_772_000_000.0
WEEK = 7 * DAY
NAME = "TIC-201.PV"


@pytest.fixture
def store() -> TagStore:
    """A store that has one number, and has just heard of it."""
    made = TagStore()
    made.lay_out([NAME, "Simulation.Time"], [NAME], "Simulation.Time")
    made.put(0, 60.0, 0, NOW)
    made.put(1, NOW, 0, NOW)
    return made


def extremes(end: float, span: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As the server would give them: from 40 to 80 in every interval."""
    times = np.linspace(end - span, end, 2 * INTERVALS, endpoint=False)
    return times, np.tile([40.0, 80.0], INTERVALS)


def test_a_week_is_asked_for_once_and_shown_whole(store: TagStore) -> None:
    start, end = store.missing_long(NAME, WEEK) or (0.0, 0.0)
    assert (start, end) == (NOW - WEEK, NOW)
    assert store.missing_long(NAME, WEEK) is None
    assert store.missing_long("nobody", WEEK) is None
    assert not np.isfinite(store.trace(NAME, WEEK, 100).low[:90]).any()
    store.remember_long(NAME, WEEK, *extremes(end, WEEK), end)
    trace = store.trace(NAME, WEEK, 100)
    assert (trace.low.min(), trace.high.max()) == (40.0, 80.0)
    assert np.isfinite(trace.low).all()
    assert store.missing_long(NAME, 3 * DAY) is not None, "three days are told more finely"


def test_what_came_after_is_what_the_station_saw(store: TagStore) -> None:
    store.missing_long(NAME, WEEK)
    store.remember_long(NAME, WEEK, *extremes(NOW, WEEK), NOW)
    for hour in range(1, 49):
        store.put(0, 100.0, 0, NOW + 3600.0 * hour)
        store.put(1, NOW + 3600.0 * hour, 0, NOW + 3600.0 * hour)
    trace = store.trace(NAME, WEEK, 7)
    assert list(trace.high) == [80.0] * 5 + [100.0] * 2
    times, values = store.samples(NAME, WEEK)
    assert len(times) == len(values)
    assert (np.diff(times) >= 0).all()
    assert store.trace(NAME, 3600.0, 10).high[-1] == 100.0


def test_what_a_plant_that_was_set_back_would_have_done_is_asked_for_anew(store: TagStore) -> None:
    store.missing_long(NAME, WEEK)
    store.remember_long(NAME, WEEK, *extremes(NOW, WEEK), NOW)
    store.put(1, NOW - 3600.0, 0, NOW)
    assert store.missing_long(NAME, WEEK) == (NOW - 3600.0 - WEEK, NOW - 3600.0)
    store.lay_out([NAME, "Simulation.Time"], [NAME], "Simulation.Time")
    assert store.missing_long(NAME, WEEK) is None, "nobody knows what time it is"
    store.remember_long(NAME, WEEK, *extremes(NOW, WEEK), NOW)
    assert len(store.samples(NAME, WEEK)[0]) == 0, "an answer to before"


def test_spans_reach_to_a_week_and_are_written_so() -> None:
    assert [span_text(span) for span in SPANS[-3:]] == ["24 h", "3 d", "7 d"]
    assert next_span(DAY, 1) == 3 * DAY
    assert next_span(WEEK, 1) == WEEK
    assert at_time(NOW, WEEK) == "02-25 06:13"
    assert at_time(NOW, DAY) == "06:13:20"


async def test_the_server_finds_the_extremes(start_plant: StartPlant, sit_down: SitDown) -> None:
    """Those of what it remembers, interval by interval; of what it does not, none. And the display asks for them."""
    with start_plant("--opcua", "0", "--insecure", "--frozen") as endpoint:
        async with sit_down(endpoint) as desk:
            link, store = desk.app.link, desk.app.view.store
            began = store.now
            for _ in range(10):
                assert (await link.call("Step", 60.0)).ok
            await desk.until(lambda: store.now > began + 599.0)
            end = store.now
            found = await link.extremes("WIC-101.PV", end - 1200.0, end, 120)
            raw = (await link.history(["WIC-101.PV"], began, end + 1.0))["WIC-101.PV"]
            assert found is not None
            assert len(found.times) == 240
            low, high = found.values[::2], found.values[1::2]
            assert np.isnan(low[: int((began - (end - 1200.0)) / 10.0) - 1]).all(), "there was nothing"
            told = 0
            for place, at in enumerate(found.times[::2]):
                inside = raw.values[(raw.times >= at) & (raw.times < at + 10.0) & (raw.times > began)]
                if len(inside) and at > began:
                    assert (low[place], high[place]) == pytest.approx((inside.min(), inside.max()))
                    told += 1
            assert told > 20
            assert await link.extremes("No-such.PV", began, end, 10) is None

            await desk.press("f3", "full_stop")
            await desk.until(lambda: isinstance(desk.app.screen, Trends))
            while desk.app.view.span < WEEK:
                await desk.press("right_square_bracket")
            await desk.see("7 d of plant time")
            name = desk.app.view.pens[0]
            await desk.until(lambda: len(store.samples(name, WEEK)[0]) >= 2 * INTERVALS)
            await desk.see("min ")
            await desk.until(lambda: "nothing from the server" not in desk.text)
