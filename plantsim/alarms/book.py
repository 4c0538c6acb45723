"""The alarm book: what the core's limit checks mean to people.

Active or not comes from the core, acknowledged from here.

States of ISA-18.2 that follow: normal, unacknowledged, acknowledged, returned unacknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

ACTIVE, UNACKED = 1, 2


class AlarmBook:
    """State of every alarm, one byte each: bits ACTIVE and UNACKED."""

    def __init__(self, count: int) -> None:
        self._state = np.zeros(count, dtype=np.uint8)
        self.annunciated = 0

    def apply(self, transitions: Iterable[tuple[int, int, bool]]) -> None:
        """Take over the core's transitions (scan, alarm, active), in order."""
        for _, alarm, active in transitions:
            if active:
                self._state[alarm] |= ACTIVE | UNACKED
                self.annunciated += 1
            else:
                self._state[alarm] &= ~np.uint8(ACTIVE)

    def acknowledge(self, alarm: int) -> bool:
        """Acknowledge; False if there was nothing to acknowledge."""
        if not self._state[alarm] & UNACKED:
            return False
        self._state[alarm] &= ~np.uint8(UNACKED)
        return True

    def states(self) -> NDArray[np.uint8]:
        """A copy of all states."""
        return self._state.copy()

    def restore(self, states: NDArray[np.uint8]) -> None:
        """Take over states saved before."""
        self._state[:] = states
