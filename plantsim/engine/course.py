"""How a run stands: what the parts of an engine know in common, to be read and written with the engine's lock held."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from plantsim.engine.live import NumericStop


@dataclass
class Course:
    """running: plant time passes by itself. scenario: index of the one that runs, 0 for none. branch: counts restored
    states. reach: scan before which what was written belongs to the present state, by branch. scan_wall: wall time of a
    scan, s, as of late. waits_for_storage: scans have to wait for the historian. failure: why the scan has stopped;
    going back in time mends it.
    """

    running: bool
    scenario: int = 0
    branch: int = 0
    reach: dict[int, float] = field(default_factory=lambda: {0: math.inf})
    scan_wall: float = 50e-6
    waits_for_storage: bool = False
    failure: NumericStop | None = None

    def fork(self, scan: float) -> None:
        """Begin a branch at a scan of the present one; 0 for a state that is none of this run's."""
        self.reach = {branch: until for branch, before in self.reach.items() if (until := min(before, scan)) > 0}
        self.branch += 1
        self.reach[self.branch] = math.inf
