"""The values last heard of, their quality, source time and history: written by notifications, read at paint."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NAN = math.nan

_GOOD_LOCAL_OVERRIDE = 0x00960000
_BAD_NO_COMMUNICATION = 0x80310000

HISTORY_PERIOD = 2.0
"""Shortest distance of two kept samples, seconds of plant time."""
HISTORY_LENGTH = 1000
"""Samples kept of each number, 8 kB: with the 550 numbers of a plant that move no more than 5 MB."""


DAY = 86_400.0
"""Longest stretch, s of plant time, that is shown from samples; of a longer one the server gives the extremes."""
INTERVALS = 360
"""Parts of a longer stretch whose extremes are kept, 12 kB: 12 min of three days, 28 min of seven."""
_NEAR = 65536.0
"""s from the origin of a history within which its times are good to ``_FINE``."""
_FINE = 0.004
"""s that a kept time may be off."""


class Quality(IntEnum):
    """OPC UA status codes as far as a display tells them apart."""

    GOOD = 0
    OVERRIDE = 1
    """Good, but forced by hand."""
    UNCERTAIN = 2
    BAD = 3

    @classmethod
    def of(cls, status: int) -> Quality:
        """The quality of an OPC UA status code."""
        if status & 0x80000000:
            return cls.BAD
        if status & 0x40000000:
            return cls.UNCERTAIN
        return cls.OVERRIDE if status & 0xFFFF0000 == _GOOD_LOCAL_OVERRIDE else cls.GOOD


class Reading(NamedTuple):
    """One value as it stands: the value or None, its quality, status code and source time (s since 1970)."""

    value: object
    quality: Quality
    status: int
    time: float

    @property
    def number(self) -> float:
        """The value as a number; nan where it is none or bad."""
        if self.quality is Quality.BAD or not isinstance(self.value, int | float):
            return NAN
        return float(self.value)

    @property
    def array(self) -> NDArray[np.float64]:
        """The value as an array of numbers; empty where it is none or bad."""
        if self.quality is Quality.BAD or not isinstance(self.value, list):
            return np.empty(0)
        return np.array(self.value, np.float64)


NOTHING = Reading(None, Quality.BAD, _BAD_NO_COMMUNICATION, NAN)


class Trace(NamedTuple):
    """A trend cut into columns: lowest and highest value in each, nan where nothing is known."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    last: NDArray[np.float64]
    """The value at each column's end."""


def cut(times: NDArray[np.float64], values: NDArray[np.float64], start: float, end: float, columns: int) -> Trace:
    """Samples in order, each of which holds until the next, from start to end cut into columns. All times in s."""
    nothing = np.full(max(0, columns), NAN)
    if not len(times) or columns < 1 or not end > start:
        return Trace(nothing, nothing, nothing)
    edge = np.searchsorted(times, np.linspace(start, end, columns + 1) + _FINE, side="right")
    # each column holds the sample in force at its left edge and those that arrive within it
    left = np.maximum(edge[:-1] - 1, 0)
    right = np.maximum(edge[1:], left + 1)
    spans = np.column_stack((left, right)).ravel()
    padded = np.append(values, NAN)
    low = np.fmin.reduceat(padded, spans)[::2]
    high = np.fmax.reduceat(padded, spans)[::2]
    last = padded[right - 1]
    known = edge[1:] > 0
    return Trace(np.where(known, low, NAN), np.where(known, high, NAN), np.where(known, last, NAN))


class History:
    """Samples, the newer half as dense as they came. A value holds until the next, as exception reports mean it.

    Where there is no more room, those of the older half give way whose neighbours are closest. What marks a gap stays.
    """

    def __init__(self, length: int = HISTORY_LENGTH, period: float = HISTORY_PERIOD) -> None:
        self._length = length
        self._period = period
        self._origin = 0.0
        """s since 1970 that the times are from: near the newest, where a float32 tells milliseconds."""
        self._time = np.empty(0, np.float32)  # most numbers stand still
        self._value = np.empty(0, np.float32)
        self._count = 0
        self._bucket = -math.inf

    def __len__(self) -> int:
        return self._count

    def add(self, time: float, value: float) -> None:
        """Record a value; within one period the last one counts. A time that goes back undoes what came after it."""
        if not math.isfinite(time):
            return
        bucket = time // self._period
        if self._count:
            if bucket < self._bucket:
                self._count = int(np.searchsorted(self._time[: self._count], np.float32(time - self._origin)))
            elif bucket == self._bucket:
                self._value[self._count - 1] = value
                return
        self._bucket = bucket
        if self._count == len(self._time):
            self._make_room()
        if abs(time - self._origin) > _NEAR:
            self._keep(*self.samples(), time)
        self._time[self._count] = time - self._origin
        self._value[self._count] = value
        self._count += 1

    def replace(self, times: NDArray[np.float64], values: NDArray[np.float64], start: float, end: float) -> None:
        """Put what somebody else remembers in place of the stretch from start to end (s since 1970)."""
        own_times, own_values = self.samples()
        before, after = own_times < start, own_times >= end
        within = (times >= start) & (times < end)
        times, values = times[within], values[within]
        # where it is denser than can be kept, the last of each bucket counts
        period = max(self._period, (end - start) / (self._length / 2))
        last = np.append(np.diff(times // period) > 0, True)[: len(times)]
        all_times = np.concatenate((own_times[before], times[last], own_times[after]))[-self._length :]
        all_values = np.concatenate((own_values[before], values[last], own_values[after]))[-self._length :]
        self._time, self._value = np.empty(len(all_times), np.float32), np.empty(len(all_times), np.float32)
        self._keep(all_times, all_values, all_times[-1] if len(all_times) else 0.0)
        self._bucket = all_times[-1] // self._period if len(all_times) else -math.inf

    def _keep(self, times: NDArray[np.float64], values: NDArray[np.float64], origin: float) -> None:
        """Keep these samples, for which there is room, with times from an origin."""
        self._origin = float(origin)
        self._count = len(times)
        self._time[: self._count], self._value[: self._count] = times - self._origin, values

    def samples(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times and values, oldest first."""
        return self._origin + self._time[: self._count].astype(np.float64), self._value[: self._count].astype(
            np.float64
        )

    def trace(self, start: float, end: float, columns: int) -> Trace:
        """The stretch from start to end (s since 1970) cut into columns."""
        return cut(*self.samples(), start, end, columns)

    def _make_room(self) -> None:
        if self._count < self._length:
            more = min(max(self._count, 16), self._length - self._count)
            self._time = np.append(self._time, np.empty(more, np.float32))
            self._value = np.append(self._value, np.empty(more, np.float32))
            return
        one = np.arange(1, self._count // 2, 2)
        apart = np.where(np.isnan(self._value[one]), np.float32(np.inf), self._time[one + 1] - self._time[one - 1])
        kept = np.full(self._count, True)
        kept[one[np.argsort(apart, kind="stable")[: (len(one) + 1) // 2]] if len(one) else 0] = False
        times, values = self._time[kept], self._value[kept]
        self._count = len(times)
        self._time[: self._count], self._value[: self._count] = times, values


class _Long(NamedTuple):
    """What the server says of a long stretch, up to ``end``; what came after is among the samples."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    end: float


class TagStore:
    """Slots by name. ``put`` is called for every notification, ``read`` for every painted cell; both are cheap."""

    def __init__(self) -> None:
        self._slot: dict[str, int] = {}
        self._readings: list[Reading] = []
        self._histories: list[History | None] = []
        self._clock = -1
        self._newest = NAN
        self._begun = NAN
        self._asked: dict[str, float] = {}
        self._long: dict[tuple[str, float], _Long | None] = {}
        """By name and length; None while the server is asked."""
        self.version = 0
        """Rises with every change; equal versions mean an equal picture."""

    def lay_out(self, names: Iterable[str], kept: Iterable[str], clock: str | None) -> None:
        """Prepare a slot for every name after a browse.

        ``kept`` are the names whose history is recorded; histories of names that stay survive. ``clock`` is the
        variable whose value is plant time.
        """
        before = {name: self._histories[slot] for name, slot in self._slot.items()}
        recorded = set(kept)
        self._slot = {name: slot for slot, name in enumerate(dict.fromkeys(names))}
        self._readings = [NOTHING] * len(self._slot)
        self._histories = [before.get(name) or History() if name in recorded else None for name in self._slot]
        self._clock = self._slot.get(clock, -1) if clock is not None else -1
        self._newest = NAN
        self._begun = NAN
        self._asked = {}
        self._long = {}
        self.version += 1

    def slot(self, name: str) -> int:
        """The number under which ``put`` knows a name. KeyError where it was not laid out."""
        return self._slot[name]

    def put(self, slot: int, value: object, status: int, time: float) -> None:
        """Take a notification in: the value, its status code and source time (s since 1970)."""
        quality = Quality.of(status)
        self._readings[slot] = Reading(value, quality, status, time)
        history = self._histories[slot]
        if history is not None:
            known = quality is not Quality.BAD and isinstance(value, int | float)
            history.add(time, float(value) if known else NAN)  # type: ignore[arg-type]
        if slot == self._clock or (self._clock < 0 and not time < self._newest):
            now = float(value) if slot == self._clock and isinstance(value, int | float) else time
            if self._long and now < self._newest - HISTORY_PERIOD:  # set back: what the server said came to be is not
                self._long = {}
            self._newest = now
            if not self._begun <= self._newest:
                self._begun = self._newest
        self.version += 1

    def lose(self) -> None:
        """The connection is gone: nothing is known any more, and the trends show a gap from here on."""
        now = self.now
        for slot, reading in enumerate(self._readings):
            self._readings[slot] = reading._replace(quality=Quality.BAD, status=_BAD_NO_COMMUNICATION)
            history = self._histories[slot]
            if history is not None and len(history) and not math.isnan(now):
                history.add(now + HISTORY_PERIOD, NAN)
        self.version += 1

    def restart(self) -> None:
        """Nothing is known any more, nor of what was before: another time is about to be shown."""
        self._readings = [NOTHING] * len(self._slot)
        self._histories = [None if history is None else History() for history in self._histories]
        self._newest = self._begun = NAN
        self._asked = {}
        self._long = {}
        self.version += 1

    def set_clock(self, now: float) -> None:
        """Say what plant time it is (s since 1970), where no variable of the server does."""
        self._newest = now
        if not self._begun <= now:
            self._begun = now
        self.version += 1

    def read(self, name: str) -> Reading:
        """The value of a name as it stands; bad where nothing was heard of it."""
        slot = self._slot.get(name)
        return NOTHING if slot is None else self._readings[slot]

    @property
    def unheard(self) -> set[str]:
        """Names laid out of which nothing was heard yet."""
        return {name for name, slot in self._slot.items() if self._readings[slot] is NOTHING}

    def number(self, name: str) -> float:
        """The value as a number; nan where it is bad or not a number."""
        return self.read(name).number

    @property
    def now(self) -> float:
        """Plant time, s since 1970: what the server's clock says, else the newest source time."""
        return self._newest

    def missing(self, name: str, span: float) -> tuple[float, float] | None:
        """The stretch of the last ``span`` seconds from before this connection, unless it was asked for already."""
        start = self.now - span
        asked = self._asked.get(name, self._begun)
        slot = self._slot.get(name)
        if slot is None or self._histories[slot] is None or not start < asked - 2 * HISTORY_PERIOD:
            return None
        self._asked[name] = start
        return start, self._begun

    def remember(
        self, name: str, times: NDArray[np.float64], values: NDArray[np.float64], start: float, end: float
    ) -> None:
        """Take in what the server remembers of a name between start and end (s since 1970)."""
        slot = self._slot.get(name)
        history = self._histories[slot] if slot is not None else None
        if history is not None and len(times):
            history.replace(times, values, start, end)
            self.version += 1

    def missing_long(self, name: str, span: float) -> tuple[float, float] | None:
        """The last ``span`` seconds, of more than a day, unless they were asked for already."""
        slot = self._slot.get(name)
        known = slot is None or self._histories[slot] is None or (name, span) in self._long
        if known or math.isnan(self.now):
            return None
        self._long[name, span] = None
        return self.now - span, self.now

    def remember_long(
        self, name: str, span: float, times: NDArray[np.float64], values: NDArray[np.float64], end: float
    ) -> None:
        """Take in the extremes of a long stretch up to ``end`` (s since 1970)."""
        if (name, span) in self._long:
            self._long[name, span] = _Long(times, values, end)
            self.version += 1

    def told_long(self, name: str, span: float) -> bool:
        """Whether the server has told of a stretch of that length."""
        return self._long.get((name, span)) is not None

    def _known(self, name: str, span: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times and values that a stretch of that length is shown from."""
        slot = self._slot.get(name)
        history = self._histories[slot] if slot is not None else None
        if history is None:
            return np.empty(0), np.empty(0)
        times, values = history.samples()
        long = self._long.get((name, span)) if span > DAY else None
        if long is None:
            return times, values
        after = times >= long.end
        return np.concatenate((long.times, times[after])), np.concatenate((long.values, values[after]))

    def samples(self, name: str, span: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times and values kept of the last ``span`` seconds, from the sample in force at their beginning on."""
        times, values = self._known(name, span)
        if not len(times) or math.isnan(self.now):
            return np.empty(0), np.empty(0)
        first = max(0, int(np.searchsorted(times, self.now - span, side="right")) - 1)
        return times[first:], values[first:]

    def trace(self, name: str, span: float, columns: int, end: float | None = None) -> Trace:
        """The last ``span`` seconds of plant time before ``end`` (default now), cut into columns."""
        slot = self._slot.get(name)
        history = self._histories[slot] if slot is not None else None
        upto = self.now if end is None else end
        if history is None or math.isnan(upto):
            nothing = np.full(columns, NAN)
            return Trace(nothing, nothing, nothing)
        if span <= DAY:
            return history.trace(upto - span, upto, columns)
        return cut(*self._known(name, span), upto - span, upto, columns)
