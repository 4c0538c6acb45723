"""A stretch of one tag's history as arrays, and what it says of a moment between two samples."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BAD = 0x80000000
BAD_NO_DATA = 0x809B0000
BAD_DATA_LOST = 0x809D0000
"""Of a gap: nobody kept the tag from here on."""
UNCERTAIN_SUB_NORMAL = 0x40A40000
SEVERITY = 0xC0000000
RAW, CALCULATED, INTERPOLATED, PARTIAL = 0x0, 0x401, 0x402, 0x404
"""Info bits of historical values (OPC 10000-11, 6.4.3): the type of information, and where the value comes from."""

_NONE = np.zeros(0)


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of one tag in rising order of time, no two at the same.

    time: µs of plant time since 1970. value: as in the process image. status: OPC UA status codes.
    """

    time: NDArray[np.int64] = field(default_factory=lambda: _NONE.astype(np.int64))
    value: NDArray[np.float64] = field(default_factory=lambda: _NONE)
    status: NDArray[np.uint32] = field(default_factory=lambda: _NONE.astype(np.uint32))

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, which: slice | NDArray[np.generic]) -> Samples:
        return Samples(self.time[which], self.value[which], self.status[which])

    def between(self, start: int, end: int) -> Samples:
        """What is at or after ``start`` and before ``end``."""
        return self[slice(*np.searchsorted(self.time, (start, end)).tolist())]

    def good(self, uncertain_too: bool = False) -> Samples:
        """What is Good; or not Bad, with ``uncertain_too``."""
        severity = self.status & np.uint32(SEVERITY)
        return self[(severity & np.uint32(BAD)) == 0 if uncertain_too else severity == 0]


def joined(pieces: list[Samples]) -> Samples:
    """One stretch of several; of samples at the same time the last piece's counts."""
    if not pieces:
        return Samples()
    time = np.concatenate([piece.time for piece in pieces])
    value = np.concatenate([piece.value for piece in pieces])
    status = np.concatenate([piece.status for piece in pieces])
    order = np.argsort(time, kind="stable")
    last = np.ones(len(time), dtype=np.bool_)
    last[:-1] = np.diff(time[order]) > 0
    order = order[last]
    return Samples(time[order], value[order], status[order])


def value_at(samples: Samples, time: int, *, stepped: bool, uncertain_too: bool = False) -> tuple[float, int]:
    """Value and status at a moment by the interpolated bounding values of OPC 10000-13, 3.1.8.

    Linear between two Good samples, or the earlier one's of what is stepped. Uncertain where samples that are not Good
    lie between, and beyond the last one; no data before the first.
    """
    at = int(np.searchsorted(samples.time, time, side="right"))
    good = samples.good(uncertain_too)
    after = int(np.searchsorted(good.time, time, side="right"))
    if after == 0:
        return float("nan"), BAD_NO_DATA
    before = after - 1
    if good.time[before] == time:
        return float(good.value[before]), int(good.status[before])
    skipped = samples.time[at - 1] != good.time[before]
    if after == len(good):
        return float(good.value[before]), UNCERTAIN_SUB_NORMAL | INTERPOLATED
    skipped = skipped or samples.time[at] != good.time[after]
    low, high = float(good.value[before]), float(good.value[after])
    t0, t1 = int(good.time[before]), int(good.time[after])
    value = low if stepped else low + (high - low) * ((time - t0) / (t1 - t0))
    return value, (UNCERTAIN_SUB_NORMAL if skipped else 0) | INTERPOLATED
