"""Exception reporting: of the samples of all tags those that have to be kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Entry:
    """Samples of some series at one time of one branch.

    time: µs of plant time since 1970. series: indices, rising. value, status: of each of them.
    """

    branch: int
    time: int
    series: NDArray[np.int32]
    value: NDArray[np.float64]
    status: NDArray[np.uint32]


class Exceptions:
    """Keeps a sample when it leaves the dead band around the last one kept, when its status changes, and after a while.

    The sample before is then kept, too, of what is not stepped: a line drawn from sample to sample is never further
    from what was there than two dead bands, a step stays a step. deadband: per series, in its unit. fast: series that
    are looked at in every scan, the others once a second. longest: µs between two samples of a series.
    """

    def __init__(
        self,
        deadband: NDArray[np.float64],
        stepped: NDArray[np.bool_],
        fast: NDArray[np.bool_],
        longest: NDArray[np.int64],
    ) -> None:
        self._deadband, self._stepped, self._fast, self._longest = deadband, stepped, fast, longest
        self.reset()

    def reset(self) -> None:
        """Begin anew: the next samples are all kept."""
        count = len(self._deadband)
        self.look: tuple[int, NDArray[np.float64], NDArray[np.uint32]] | None = None
        """The newest look at all series: time, values, statuses. Replaced whole."""
        self._kept = np.full(count, np.nan)
        self._kept_status = np.zeros(count, dtype=np.uint32)
        self._kept_time = np.zeros(count, dtype=np.int64)

    def take(
        self, branch: int, time: int, value: NDArray[np.float64], status: NDArray[np.uint32], *, all_series: bool
    ) -> list[Entry]:
        """What is to be kept at this time, and perhaps of the time before."""
        if self.look is None:
            where = np.arange(len(value))
            entries = []
        else:
            changed = np.abs(value - self._kept) > self._deadband
            changed |= np.isnan(value) != np.isnan(self._kept)
            if not all_series:
                changed &= self._fast
            changed |= status != self._kept_status
            entries = self._before(branch, time, np.flatnonzero(changed))
            if all_series:
                changed |= time - self._kept_time >= self._longest
            where = np.flatnonzero(changed)
        if len(where):
            entries.append(Entry(branch, time, where.astype(np.int32), value[where], status[where]))
            self._kept[where], self._kept_status[where], self._kept_time[where] = value[where], status[where], time
        if all_series or self.look is None:
            self.look = time, value, status
        return entries

    def _before(self, branch: int, time: int, where: NDArray[np.intp]) -> list[Entry]:
        """The look before this one, of the series that are no longer what they were then."""
        if self.look is None or self.look[0] >= time:
            return []
        then, value, status = self.look
        where = where[~self._stepped[where] & (self._kept_time[where] < then)]
        if not len(where):
            return []
        return [Entry(branch, then, where.astype(np.int32), value[where], status[where])]
