"""How a run stands: what the parts of an engine know in common, to be read and written with the engine's lock held."""

from __future__ import annotations

from dataclasses import dataclass

from plantsim.engine.live import NumericStop


@dataclass
class Course:
    """running: plant time passes by itself. scenario: index of the one that runs, 0 for none. branch: counts restored
    states. scan_wall: wall time of a scan, s, as of late. waits_for_storage: scans have to wait for the historian.
    failure: why the scan has stopped; going back in time mends it.
    """

    running: bool
    scenario: int = 0
    branch: int = 0
    scan_wall: float = 50e-6
    waits_for_storage: bool = False
    failure: NumericStop | None = None
