"""Scans in a row, with all that falls due between two of them: racks, forces, samples, states to go back to."""

from __future__ import annotations

import logging
import time
from typing import Protocol

from plantsim.engine.backtrack import BacktrackRing
from plantsim.engine.chronicle import Chronicle
from plantsim.engine.course import Course
from plantsim.engine.forcing import Forcing
from plantsim.engine.image import ProcessImage
from plantsim.engine.inbox import Inbox
from plantsim.engine.journal import Event, EventKind
from plantsim.engine.live import LivePlant, NumericStop
from plantsim.engine.lockstep import Lockstep
from plantsim.engine.publication import Publication
from plantsim.engine.racks import Racks

log = logging.getLogger("plantsim.engine")

SAMPLE_S = 1.0
"""Plant time between two images that a historian is given, where scans come faster than images are published."""


class Supervisor(Protocol):
    """Follows a run from inside, in plant time: what it does depends on no clock and no speed."""

    def hear(self, event: Event) -> None:
        """Something went on record. Must do nothing to the engine."""
        ...

    def judge(self, image: ProcessImage) -> None:
        """A second of plant time has passed. What it writes or injects is in force with the next scan."""
        ...


class Scanner:
    """Lets plant time pass; called with the engine's lock held."""

    def __init__(
        self,
        live: LivePlant,
        course: Course,
        racks: Racks,
        forcing: Forcing,
        inbox: Inbox,
        lockstep: Lockstep,
        publication: Publication,
        record: Chronicle,
    ) -> None:
        self._live = live
        self._course = course
        self._racks = racks
        self._forcing = forcing
        self._inbox = inbox
        self._lockstep = lockstep
        self._publication = publication
        self._record = record
        self._sample_scans = max(1, round(SAMPLE_S / live.scan_period))
        self.supervisor: Supervisor | None = None
        self.ring = BacktrackRing(live.scan_period)
        """States to go back to."""
        self.ring.add(int(live.core.scan), live.arrays())

    def advance(self, scans: int) -> None:
        """Run so many scans, fewer if the core stops, which ends the run and is put on record."""
        if self._course.failure is not None or scans == 0:
            return
        begun = time.perf_counter()
        try:
            self._run(scans)
        except NumericStop as failure:
            self._course.failure = failure
            self._course.running = False
            log.error("the scan has stopped: %s", failure)
            self._record.system(f"the scan has stopped: {failure}")
        wall = time.perf_counter() - begun
        self._course.scan_wall = max(wall / scans, 1e-6)
        self._record.flush()
        self._lockstep.restart(time.monotonic())

    def _run(self, scans: int) -> None:
        """Run scans, and keep a state a minute and a sample a second of plant time on the way.

        A supervisor that freezes the plant has it stand at the scan that it saw.
        """
        live, core, publication = self._live, self._live.core, self._publication
        running = self._course.running
        while scans > 0:
            scan, now = int(core.scan), float(core.time)
            self._racks.command(now)
            for name in self._forcing.over():
                self._forcing.release(name)
                self._record.note(EventKind.ACTION, name, "released", comment="its time is up")
            self._forcing.hold()
            piece = min(scans, self.ring.scans_to_go(scan), self._racks.scans_to_go(now), self._forcing.scans_to_go())
            if publication.sampler is not None or self.supervisor is not None:
                piece = min(piece, self._sample_scans - scan % self._sample_scans)
            live.advance(piece)
            scans -= piece
            if publication.sampler is not None and int(core.scan) % self._sample_scans == 0:
                publication.sampler.take(publication.compose(diagnose=False))
            if int(core.scan) % self.ring.every == 0:
                self.ring.add(int(core.scan), live.arrays())
            if self.supervisor is not None and int(core.scan) % self._sample_scans == 0:
                publication.image = publication.compose(diagnose=False)
                self.supervisor.judge(publication.image)
                self._inbox.apply()
                if running and not self._course.running:
                    break
