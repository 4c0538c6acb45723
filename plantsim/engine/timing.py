"""How well the run keeps time with the outside: distributions of wall times, over the latest of them."""

from __future__ import annotations

import numpy as np

LATEST = 1000
"""Times that a distribution is of."""
AGAIN_S = 0.5
"""Wall time for which figures are kept: sorting is not for every scan."""
QUANTILES = (("P50", 0.50), ("P99", 0.99), ("Max", 1.0))


class Timing:
    """The latest wall times of one kind, s."""

    def __init__(self) -> None:
        self._times = np.zeros(LATEST)
        self.count = 0
        self._known = 0
        self._at = 0.0
        self._figures = {name: 0.0 for name, _ in QUANTILES}

    def note(self, seconds: float) -> None:
        """Another time."""
        self._times[self.count % LATEST] = seconds
        self.count += 1

    def figures(self, now: float) -> dict[str, float]:
        """P50, P99 and Max, s; 0 before the first. now: s of a monotonic clock."""
        if self.count != self._known and (self._known == 0 or now - self._at >= AGAIN_S):
            self._known, self._at = self.count, now
            ordered = np.sort(self._times[: min(self.count, LATEST)])
            last = len(ordered) - 1
            # the smallest time that this share of all does not exceed: never better than what was seen
            self._figures = {name: float(ordered[int(np.ceil(share * last))]) for name, share in QUANTILES}
        return self._figures
