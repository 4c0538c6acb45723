"""The last hour of a plant, a whole state a minute of its time, to go back to."""

from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plantsim.engine.snapshot import Arrays

DEPTH = 60
PERIOD_S = 60.0
"""s of plant time between states."""
FRESH_S = 30.0
"""s of wall time after which a state is packed. Of a run that is far faster than real time none gets so old."""

_Packed = tuple[np.dtype[np.generic], tuple[int, ...], bytes]


class _State:
    """A state, which takes a tenth of its memory once it is packed, and is the same after that."""

    def __init__(self, scan: int, arrays: Arrays, since: float) -> None:
        self.scan = scan
        self.since = since
        self._arrays: Arrays | None = arrays
        self._packed: dict[str, _Packed] = {}

    @property
    def is_packed(self) -> bool:
        return self._arrays is None

    def pack(self) -> None:
        if self._arrays is not None:
            self._packed = {
                name: (one.dtype, one.shape, zlib.compress(one.tobytes(), 1)) for name, one in self._arrays.items()
            }
            self._arrays = None

    def arrays(self) -> Arrays:
        if self._arrays is not None:
            return self._arrays
        return {name: _unpacked(*one) for name, one in self._packed.items()}


def _unpacked(kind: np.dtype[np.generic], shape: tuple[int, ...], packed: bytes) -> NDArray[np.generic]:
    return np.frombuffer(zlib.decompress(packed), kind).reshape(shape).copy()


class BacktrackRing:
    """States in the order of their plant time, at most `DEPTH` of them. scan_period: s of plant time.

    clock: s of wall time.
    """

    def __init__(self, scan_period: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.every = max(1, round(PERIOD_S / scan_period))
        """Scans between states."""
        self._states: deque[_State] = deque(maxlen=DEPTH + 1)  # so that the oldest is a whole hour old
        self._scan_period = scan_period
        self._clock = clock

    def __len__(self) -> int:
        return len(self._states)

    def scans_to_go(self, scan: int) -> int:
        """Scans from `scan` to the next state."""
        return self.every - scan % self.every

    def add(self, scan: int, state: Arrays) -> None:
        """Keep a state; the oldest makes room."""
        now = self._clock()
        self._states.append(_State(scan, state, now))
        # one at a time, for this is done between two scans
        for one in self._states:
            if not one.is_packed and now - one.since >= FRESH_S:
                one.pack()
                break

    def back(self, scan: int, minutes: float) -> Arrays:
        """The newest state that is at least so old at `scan`; what is newer is forgotten.

        Raises ValueError if there is none, or minutes is not above 0 and at most `DEPTH`; then nothing is forgotten.
        """
        if not 0.0 < minutes <= DEPTH:
            raise ValueError(f"backtrack: found {minutes} min, allowed above 0 and at most {DEPTH}")
        latest = scan - minutes * PERIOD_S / self._scan_period + 1e-6
        oldest = self._states[0].scan
        if oldest > latest:
            most = (scan - oldest) * self._scan_period / PERIOD_S
            raise ValueError(f"backtrack: found {minutes} min, allowed at most {most:.1f}: the run is no older")
        while self._states[-1].scan > latest:
            self._states.pop()
        return self._states[-1].arrays()

    def reach(self, scan: int) -> float:
        """Minutes that `back` can go back at `scan`, at most `DEPTH`."""
        return min(float(DEPTH), (scan - self._states[0].scan) * self._scan_period / PERIOD_S)

    def restart(self, scan: int, state: Arrays) -> None:
        """Forget all, and begin with this state."""
        self._states.clear()
        self.add(scan, state)
