"""Lock step: every scan waits until the PLCs have echoed the last one's counter, and not for ever."""

from __future__ import annotations

import time

from plantsim.engine.chronicle import Chronicle
from plantsim.engine.live import LivePlant
from plantsim.engine.racks import Racks


class Lockstep:
    """Asked with the engine's lock held. on: whether scans wait. timeout: s of wall time that they wait at most."""

    def __init__(self, live: LivePlant, racks: Racks, record: Chronicle, *, on: bool, timeout: float) -> None:
        self._live = live
        self._racks = racks
        self._record = record
        self._timeout = timeout
        self._since = time.monotonic()
        self.on = on
        self.waiting = False
        """Whether the last look found no echo."""
        self.timeouts = 0

    def restart(self, now: float) -> None:
        """Give the PLCs their full time from `now`, s of a monotonic clock: after a scan, a freeze, a jump in time."""
        self._since = now

    @property
    def active(self) -> bool:
        """Whether lock step is on and there is a PLC to keep step with."""
        return self.on and self._racks.in_step(int(self._live.core.scan)) is not None

    @property
    def lacks_echo(self) -> bool:
        """Whether a PLC has yet to echo the last scan."""
        return self.on and self._racks.in_step(int(self._live.core.scan)) is False

    def patience(self) -> float:
        """Wall time to wait for the echo of the last scan, s; 0 once it has come, or has not in time."""
        self.waiting = self.lacks_echo
        if not self.waiting:
            return 0.0
        left = self._since + self._timeout - time.monotonic()
        if left > 0.0:
            return left
        self.timeouts += 1
        scan = int(self._live.core.scan)
        self._record.system(f"lock step: no echo of scan {scan} within {self._timeout:g} s, going on without")
        return 0.0
