"""When the next scans are due: real time times a speed, as fast as possible, or not at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST_BEHIND_S = 1.0
"""Wall time that a slow machine is allowed to fall behind before it gives up catching up."""


@dataclass
class Pace:
    """Absolute deadlines: no drift, and a bound on catching up.

    speed: plant seconds per wall second, inf for as fast as possible. period: s of plant time per scan.
    """

    period: float
    speed: float
    origin: float = 0.0
    done: int = 0
    overruns: int = 0

    def restart(self, now: float) -> None:
        """Count from `now` [s of a monotonic clock]: after a freeze or a change of speed."""
        self.origin = now
        self.done = 0

    def due(self, now: float) -> int:
        """Scans that should have run by now and have not."""
        wanted = int((now - self.origin) * self.speed / self.period + 1e-9)
        return max(0, wanted - self.done)

    def ran(self, scans: int, now: float) -> None:
        """Tell that so many scans were run in a row. One that ends after the next is due is an overrun.

        Faster than real time, scans are run in a row on purpose: only the last of them can overrun.
        """
        self.done += scans
        if math.isinf(self.speed):
            return
        if self.speed <= 1.0:
            self.overruns += scans - 1
        late = now - self.deadline()
        if late > 0.0:
            self.overruns += 1
            if late > MOST_BEHIND_S:
                self.restart(now)

    def deadline(self) -> float:
        """When the next scan is due [s of the monotonic clock]."""
        return self.origin + (self.done + 1) * self.period / self.speed
