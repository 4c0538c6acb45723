"""Aggregates of OPC 10000-13 over samples, interval by interval.

Where the standard lets the server choose: uncertain samples count as bad unless the client wants otherwise, and nothing
is extrapolated along a slope.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plantsim.history.samples import (
    BAD,
    BAD_NO_DATA,
    CALCULATED,
    PARTIAL,
    SEVERITY,
    UNCERTAIN_SUB_NORMAL,
    Samples,
    value_at,
)

_MS = 1e-3
"""ms in a µs."""


@dataclass(frozen=True, slots=True)
class Config:
    """AggregateConfiguration: what counts as Good. percent_good, percent_bad: of the samples or of the time."""

    uncertain_is_bad: bool = True
    percent_good: float = 100.0
    percent_bad: float = 100.0

    def status(self, good: float, bad: float) -> int:
        """The status of a result from which these shares, in %, are Good and Bad."""
        if bad >= self.percent_bad:
            return BAD
        return 0 if good >= self.percent_good else UNCERTAIN_SUB_NORMAL


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``start`` to before ``end``, µs; ``stamp`` is the time of the result. partial: cut off by the request."""

    start: int
    end: int
    stamp: int
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One value of an aggregate; nan where there is none. time: µs."""

    time: int
    value: float
    status: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """What an aggregate of one interval is made from. samples: with neighbours on both sides; inside: its own."""

    samples: Samples
    inside: Samples
    interval: Interval
    stepped: bool
    config: Config

    @property
    def good(self) -> Samples:
        """Of the samples inside those that count as Good."""
        return self.inside.good(not self.config.uncertain_is_bad)

    def by_number(self) -> int:
        """The status by the share of samples that are Good."""
        share = 100.0 * len(self.good) / len(self.inside)
        return self.config.status(share, 100.0 - share)

    def good_us(self) -> float:
        """µs that are Good: those that follow a Good sample, until the next one or the end of what is known."""
        interval, samples = self.interval, self.samples
        if not len(samples):
            return 0.0
        first = max(0, int(np.searchsorted(samples.time, interval.start, side="right")) - 1)
        last = int(np.searchsorted(samples.time, interval.end))
        piece = samples[first:last]
        ends = np.append(piece.time[1:], min(interval.end, int(samples.time[-1]))) if len(piece) else piece.time
        spans = np.clip(ends - np.maximum(piece.time, interval.start), 0, None)
        severity = piece.status & np.uint32(SEVERITY)
        is_good = (severity & np.uint32(BAD)) == 0 if not self.config.uncertain_is_bad else severity == 0
        return float(spans[is_good].sum())

    def by_time(self) -> int:
        """The status by the share of time that is Good."""
        share = 100.0 * self.good_us() / (self.interval.end - self.interval.start)
        return self.config.status(share, 100.0 - share)


Aggregate = Callable[[Stretch], Result]


def intervals(start: int, end: int, width: int) -> list[Interval]:
    """The intervals of a request, in its order; the whole of it for a width of 0. start after end: backwards in time.

    A last one that is cut short is partial.
    """
    if width <= 0:
        width = abs(end - start)
    found = []
    if start < end:
        for low in range(start, end, width):
            found.append(Interval(low, min(low + width, end), low, low + width > end))
    else:
        for high in range(start, end, -width):
            found.append(Interval(max(high - width, end), high, high, high - width < end))
    return found


def aggregate(
    name: str, samples: Samples, wanted: Iterable[Interval], *, stepped: bool, config: Config | None = None
) -> list[Result]:
    """The aggregate of each interval. samples: of all of them, with those next to them on either side."""
    config = config or Config()
    good = samples.good(not config.uncertain_is_bad).time
    found = []
    for interval in wanted:
        # no further than to the Good sample on either side, for speed
        low = int(np.searchsorted(good, interval.start, side="right")) - 1
        high = int(np.searchsorted(good, interval.end))
        first = int(np.searchsorted(samples.time, good[low])) if low >= 0 else 0
        last = int(np.searchsorted(samples.time, good[high])) + 1 if high < len(good) else len(samples)
        found.append(_one(name, samples[first:last], interval, stepped, config))
    return found


def _one(name: str, samples: Samples, interval: Interval, stepped: bool, config: Config) -> Result:
    inside = samples.between(interval.start, interval.end)
    known = len(samples) > 0 and interval.start <= samples.time[-1] and interval.end > samples.time[0]
    if not known:
        return Result(interval.stamp, math.nan, BAD_NO_DATA)
    stretch = Stretch(samples, inside, interval, stepped, config)
    result = AGGREGATES[name](stretch)
    if interval.partial and result.status != BAD_NO_DATA:
        return Result(result.time, result.value, result.status | PARTIAL)
    return result


def _over_good(figure: Callable[[NDArray[np.float64]], float], *, exact: bool = False) -> Aggregate:
    """An aggregate of the Good samples. exact: any sample that is not Good makes it uncertain."""

    def of(stretch: Stretch) -> Result:
        good = stretch.good
        if not len(good):
            return Result(stretch.interval.stamp, math.nan, BAD_NO_DATA)
        all_good = len(good) == len(stretch.inside)
        status = stretch.by_number() if not exact else 0 if all_good else UNCERTAIN_SUB_NORMAL
        value = math.nan if status & BAD else float(figure(good.value))
        return Result(stretch.interval.stamp, value, status | CALCULATED)

    return of


def _interpolative(stretch: Stretch) -> Result:
    at = stretch.interval.stamp
    uncertain_too = not stretch.config.uncertain_is_bad
    value, status = value_at(stretch.samples, at, stepped=stretch.stepped, uncertain_too=uncertain_too)
    return Result(at, value, status)


def _time_average(stretch: Stretch) -> Result:
    """The integral over the interval, between interpolated bounds, by its length."""
    interval, good = stretch.interval, stretch.good
    uncertain_too = not stretch.config.uncertain_is_bad
    left, right = (
        value_at(stretch.samples, at, stepped=stretch.stepped, uncertain_too=uncertain_too)
        for at in (interval.start, interval.end)
    )
    time, value = good.time.astype(np.float64), good.value
    if left[1] == BAD_NO_DATA:  # nothing is known before the first sample
        if not len(good):
            return Result(interval.stamp, math.nan, BAD_NO_DATA)
    elif not len(good) or good.time[0] != interval.start:
        time, value = np.insert(time, 0, interval.start), np.insert(value, 0, left[0])
    time, value = np.append(time, interval.end), np.append(value, right[0])
    widths = np.diff(time)
    heights = value[:-1] if stretch.stepped else (value[:-1] + value[1:]) / 2.0
    mean = float((widths * heights).sum() / widths.sum())
    status = stretch.by_time()
    return Result(interval.stamp, math.nan if status & BAD else mean, status | CALCULATED)


def _count(stretch: Stretch) -> Result:
    status = stretch.by_number() if len(stretch.inside) else 0
    return Result(stretch.interval.stamp, float(len(stretch.good)), (0 if status & BAD else status) | CALCULATED)


def _sample(index: int) -> Aggregate:
    """The first or the last sample inside, whatever its status, at its own time."""

    def of(stretch: Stretch) -> Result:
        inside = stretch.inside
        if not len(inside):
            return Result(stretch.interval.stamp, math.nan, BAD_NO_DATA)
        return Result(int(inside.time[index]), float(inside.value[index]), int(inside.status[index]))

    return of


def _actual_time(pick: Callable[[NDArray[np.float64]], np.intp]) -> Aggregate:
    """The extreme sample at its own time, of several the first."""

    def of(stretch: Stretch) -> Result:
        good = stretch.good
        if not len(good):
            return Result(stretch.interval.stamp, math.nan, BAD_NO_DATA)
        at = int(pick(good.value))
        status = 0 if len(good) == len(stretch.inside) else UNCERTAIN_SUB_NORMAL | CALCULATED
        return Result(int(good.time[at]), float(good.value[at]), status)

    return of


def _duration(good: bool, percent: bool) -> Aggregate:
    """Time that is Good, or that is not, in ms or in % of the interval."""

    def of(stretch: Stretch) -> Result:
        whole = float(stretch.interval.end - stretch.interval.start)
        found = stretch.good_us()
        found = found if good else whole - found
        return Result(stretch.interval.stamp, 100.0 * found / whole if percent else _MS * found, CALCULATED)

    return of


AGGREGATES: dict[str, Aggregate] = {
    "Interpolative": _interpolative,
    "Average": _over_good(np.mean),
    "TimeAverage": _time_average,
    "Minimum": _over_good(np.min, exact=True),
    "Maximum": _over_good(np.max, exact=True),
    "MinimumActualTime": _actual_time(np.argmin),
    "MaximumActualTime": _actual_time(np.argmax),
    "Range": _over_good(np.ptp, exact=True),
    "Count": _count,
    "Start": _sample(0),
    "End": _sample(-1),
    "Delta": _over_good(lambda value: float(value[-1] - value[0]), exact=True),
    "DurationGood": _duration(good=True, percent=False),
    "DurationBad": _duration(good=False, percent=False),
    "PercentGood": _duration(good=True, percent=True),
    "PercentBad": _duration(good=False, percent=True),
}
"""By the browse names of their functions."""

KEEPS_TYPE = frozenset(
    ("Interpolative", "Minimum", "Maximum", "MinimumActualTime", "MaximumActualTime", "Start", "End")
)
"""Aggregates whose values are of the variable's own type."""
FOR_ALL = frozenset(
    ("Interpolative", "Count", "Start", "End", "DurationGood", "DurationBad", "PercentGood", "PercentBad")
)
"""Aggregates that make sense of texts and truths, too."""
