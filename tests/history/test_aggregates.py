"""Aggregates against plain computations of Part 13's definitions, sample by sample."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsim.history.aggregates import Config, Interval, aggregate, intervals
from plantsim.history.samples import BAD, BAD_NO_DATA, CALCULATED, INTERPOLATED, PARTIAL, UNCERTAIN_SUB_NORMAL, Samples

S = 1_000_000
BAD_SENSOR_FAILURE, UNCERTAIN = 0x808C0000, 0x40000000


def samples(*rows: tuple[float, float, int]) -> Samples:
    """Of seconds, values and statuses."""
    time, value, status = zip(*rows, strict=True)
    return Samples(
        np.array([round(S * second) for second in time], np.int64), np.array(value), np.array(status, np.uint32)
    )


@st.composite
def histories(draw: st.DrawFn) -> Samples:
    """Some samples in the first hundred seconds."""
    seconds = sorted(draw(st.sets(st.integers(0, 100), min_size=2, max_size=30)))
    statuses = st.sampled_from((0, 0, 0, 0, UNCERTAIN, BAD_SENSOR_FAILURE))
    return samples(*((second, draw(st.floats(-100, 100)), draw(statuses)) for second in seconds))


def one(
    name: str, of: Samples, start: float, end: float, *, stepped: bool = False, config: Config | None = None
) -> tuple[float, int]:
    (found,) = aggregate(name, of, intervals(round(S * start), round(S * end), 0), stepped=stepped, config=config)
    return found.value, found.status


def good_rows(of: Samples, start: float, end: float) -> list[tuple[float, float]]:
    rows = zip((of.time / S).tolist(), of.value.tolist(), of.status.tolist(), strict=True)
    return [(second, value) for second, value, status in rows if start <= second < end and status == 0]


spans = st.tuples(st.integers(0, 99), st.integers(1, 60)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(histories(), spans)
def test_figures_of_the_good_samples(of: Samples, span: tuple[int, int]) -> None:
    rows = good_rows(of, *span)
    values = [value for _, value in rows]
    inside = [second for second in (of.time / S).tolist() if span[0] <= second < span[1]]
    outside = of.time[-1] < S * span[0] or of.time[0] >= S * span[1]
    if outside:
        assert one("Count", of, *span)[1] == BAD_NO_DATA
        return
    assert one("Count", of, *span)[0] == len(rows)
    for name, figure in (
        ("Average", lambda v: sum(v) / len(v)),
        ("Minimum", min),
        ("Maximum", max),
        ("Range", lambda v: max(v) - min(v)),
        ("Delta", lambda v: v[-1] - v[0]),
    ):
        value, status = one(name, of, *span)
        if not rows:
            assert (math.isnan(value), status) == (True, BAD_NO_DATA)
        else:
            assert value == pytest.approx(figure(values), abs=1e-9)
            all_good = len(rows) == len(inside)
            assert status == (0 if all_good else UNCERTAIN_SUB_NORMAL) | CALCULATED


@given(histories(), st.integers(0, 110), st.booleans())
def test_an_interpolated_value_is_on_the_line_between_its_good_neighbours(of: Samples, at: int, stepped: bool) -> None:
    before, after = good_rows(of, 0, at + 1), good_rows(of, at + 1, 1000)
    value, status = one("Interpolative", of, at, at + 1, stepped=stepped)
    known = of.time[0] < S * (at + 1) and of.time[-1] >= S * at
    if not known or not before:
        assert status == BAD_NO_DATA
    elif before[-1][0] == at:
        assert (value, status) == (before[-1][1], 0)
    elif not after:
        assert (value, status) == (before[-1][1], UNCERTAIN_SUB_NORMAL | INTERPOLATED)
    else:
        (t0, v0), (t1, v1) = before[-1], after[0]
        assert value == pytest.approx(v0 if stepped else v0 + (v1 - v0) * (at - t0) / (t1 - t0), abs=1e-9)
        skipped = any(S * t0 < time < S * t1 for time in of.time.tolist())
        assert status == (UNCERTAIN_SUB_NORMAL if skipped else 0) | INTERPOLATED


@given(histories(), spans, st.booleans())
def test_the_time_average_is_the_mean_of_the_line(of: Samples, span: tuple[int, int], stepped: bool) -> None:
    every = np.zeros_like(of.status)
    of = Samples(of.time, of.value, every)
    start, end = max(span[0], of.time[0] / S), min(span[1], of.time[-1] / S)
    if end - start < 1 or span[0] < start or span[1] > end:
        return
    fine = np.linspace(start, end, round(end - start) * 1000, endpoint=False) + 0.0005
    seconds = of.time / S
    steps = of.value[np.searchsorted(seconds, fine, side="right") - 1]
    line = steps if stepped else np.interp(fine, seconds, of.value)
    value, status = one("TimeAverage", of, *span, stepped=stepped)
    assert value == pytest.approx(line.mean(), abs=1e-6)
    assert status == CALCULATED


@given(histories(), spans)
def test_good_time_is_what_follows_a_good_sample(of: Samples, span: tuple[int, int]) -> None:
    rows = list(zip((of.time / S).tolist(), of.status.tolist(), strict=True))
    if rows[-1][0] < span[0] or rows[0][0] >= span[1]:
        return
    good = 0
    for second in range(*span):  # samples are at whole seconds
        last = [status for at, status in rows if at <= second]
        good += bool(last) and last[-1] == 0 and second < rows[-1][0]
    width = span[1] - span[0]
    assert one("DurationGood", of, *span)[0] == pytest.approx(1000.0 * good)
    assert one("PercentGood", of, *span)[0] == pytest.approx(100.0 * good / width)
    assert one("PercentBad", of, *span)[0] == pytest.approx(100.0 - 100.0 * good / width)


def test_start_and_end_are_samples_at_their_own_time() -> None:
    of = samples((1, 5.0, 0), (2, 7.0, UNCERTAIN), (8, 9.0, 0))
    for name, time, value, status in (("Start", 2, 7.0, UNCERTAIN), ("End", 2, 7.0, UNCERTAIN)):
        (found,) = aggregate(name, of, intervals(2 * S, 8 * S, 0), stepped=False)
        assert (found.time, found.value, found.status) == (time * S, value, status)
    (found,) = aggregate("MaximumActualTime", of, intervals(0, 9 * S, 0), stepped=False)
    assert (found.time, found.value) == (8 * S, 9.0)


@pytest.mark.parametrize(
    ("config", "status"),
    [
        (Config(), UNCERTAIN_SUB_NORMAL | CALCULATED),
        (Config(percent_good=50.0), CALCULATED),
        (Config(percent_good=75.0, percent_bad=25.0), BAD | CALCULATED),
        (Config(uncertain_is_bad=False), CALCULATED),
    ],
)
def test_the_client_says_how_much_has_to_be_good(config: Config, status: int) -> None:
    of = samples((0, 1.0, 0), (1, 2.0, 0), (2, 3.0, UNCERTAIN), (3, 4.0, 0), (10, 5.0, 0))
    assert one("Average", of, 0, 4, config=config)[1] == status


def test_intervals_follow_the_request_and_the_last_may_be_short() -> None:
    assert intervals(0, 25, 10) == [Interval(0, 10, 0), Interval(10, 20, 10), Interval(20, 25, 20, True)]
    assert intervals(25, 0, 10) == [Interval(15, 25, 25), Interval(5, 15, 15), Interval(0, 5, 5, True)]
    assert intervals(0, 20, 0) == [Interval(0, 20, 0)]
    of = samples((0, 1.0, 0), (30, 1.0, 0))
    found = aggregate("Count", of, intervals(0, 25 * S, 10 * S), stepped=False)
    assert [one.status for one in found] == [CALCULATED, CALCULATED, CALCULATED | PARTIAL]
