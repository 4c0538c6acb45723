"""The last hour of a plant, a whole state a minute of its time, to go back to."""

from __future__ import annotations

from collections import deque

from plantsim.engine.snapshot import Arrays

DEPTH = 60
PERIOD_S = 60.0
"""s of plant time between states."""


class BacktrackRing:
    """States in the order of their plant time, at most `DEPTH` of them. scan_period: s of plant time."""

    def __init__(self, scan_period: float) -> None:
        self.every = max(1, round(PERIOD_S / scan_period))
        """Scans between states."""
        self._states: deque[tuple[int, Arrays]] = deque(maxlen=DEPTH + 1)  # so that the oldest is a whole hour old
        self._scan_period = scan_period

    def __len__(self) -> int:
        return len(self._states)

    def scans_to_go(self, scan: int) -> int:
        """Scans from `scan` to the next state."""
        return self.every - scan % self.every

    def add(self, scan: int, state: Arrays) -> None:
        """Keep a state; the oldest makes room."""
        self._states.append((scan, state))

    def back(self, scan: int, minutes: float) -> Arrays:
        """The newest state that is at least so old at `scan`; what is newer is forgotten.

        Raises ValueError if there is none, or minutes is not above 0 and at most `DEPTH`; then nothing is forgotten.
        """
        if not 0.0 < minutes <= DEPTH:
            raise ValueError(f"backtrack: found {minutes} min, allowed above 0 and at most {DEPTH}")
        latest = scan - minutes * PERIOD_S / self._scan_period + 1e-6
        oldest, _ = self._states[0]
        if oldest > latest:
            most = (scan - oldest) * self._scan_period / PERIOD_S
            raise ValueError(f"backtrack: found {minutes} min, allowed at most {most:.1f}: the run is no older")
        while self._states[-1][0] > latest:
            self._states.pop()
        return self._states[-1][1]

    def reach(self, scan: int) -> float:
        """Minutes that `back` can go back at `scan`, at most `DEPTH`."""
        oldest, _ = self._states[0]
        return min(float(DEPTH), (scan - oldest) * self._scan_period / PERIOD_S)

    def restart(self, scan: int, state: Arrays) -> None:
        """Forget all, and begin with this state."""
        self._states.clear()
        self.add(scan, state)
