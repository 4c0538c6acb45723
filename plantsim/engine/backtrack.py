"""The last hour of a plant, a whole state a minute of its time, to go back to."""

from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Callable

import numpy as np

from plantsim.engine.snapshot import Arrays

DEPTH = 60
PERIOD_S = 60.0
"""s of plant time between states."""
FRESH_S = 2.0
"""s of wall time after which a state is packed. Of a run that is far faster than real time none gets so old."""
BLOCK = 4096
"""Bytes that a state has in common with the one before, or not."""

_Kind = tuple[np.dtype[np.generic], tuple[int, ...]]


class _State:
    """A state, which shares with the one before what is the same there: a third of it is new after a minute.

    Once it is packed it takes a tenth of its memory.
    """

    def __init__(self, scan: int, arrays: Arrays, since: float, before: _State | None = None) -> None:
        self.scan = scan
        self.since = since
        self._kinds: dict[str, _Kind] = {name: (one.dtype, one.shape) for name, one in arrays.items()}
        shared: dict[str, list[bytes]] = {} if before is None else before._blocks
        self._blocks: dict[str, list[bytes]] = {
            name: _blocks(one.tobytes(), shared.get(name, [])) for name, one in arrays.items()
        }
        self._packed: dict[str, bytes] = {}

    @property
    def is_packed(self) -> bool:
        return bool(self._packed)

    def pack(self) -> None:
        if not self.is_packed:
            self._packed = {name: zlib.compress(b"".join(one), 1) for name, one in self._blocks.items()}
            self._blocks = {}

    def arrays(self) -> Arrays:
        if self.is_packed:
            raw = {name: zlib.decompress(one) for name, one in self._packed.items()}
        else:
            raw = {name: b"".join(one) for name, one in self._blocks.items()}
        return {
            name: np.frombuffer(raw[name], kind).reshape(shape).copy() for name, (kind, shape) in self._kinds.items()
        }


def _blocks(raw: bytes, before: list[bytes]) -> list[bytes]:
    """Bytes in blocks, those of before where they are the same."""
    own = [raw[at : at + BLOCK] for at in range(0, len(raw), BLOCK)]
    if len(before) != len(own):
        return own
    return [old if old == new else new for old, new in zip(before, own, strict=True)]


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
        self._states.append(_State(scan, state, now, self._states[-1] if self._states else None))
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
