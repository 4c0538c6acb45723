"""The thread that scans: to absolute deadlines, as fast as possible, by hand, or in step with the PLCs.

It holds the engine's lock except while it waits, and batches scans so that nobody waits long for the lock.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass

from plantsim.engine import realtime as real_time
from plantsim.engine.chronicle import Chronicle
from plantsim.engine.course import Course
from plantsim.engine.inbox import Inbox
from plantsim.engine.live import LivePlant
from plantsim.engine.lockstep import Lockstep
from plantsim.engine.pace import Pace
from plantsim.engine.publication import Publication
from plantsim.engine.racks import Racks
from plantsim.engine.scanner import Scanner

PUBLISH_S = 0.1
"""Wall time between publications where scans come faster."""
BATCH_S = 0.02
"""Wall time that the scan keeps commands waiting at most."""
DIAGNOSED_SCANS = 10
"""Scans between two looks at the numerics in lock step."""
STORAGE_WAIT_S = 0.01
"""Wall time between two looks at whether the historian has caught up."""


@dataclass
class Step:
    """Scans that were asked for by hand, and who waits for them."""

    scans: int
    done: Future[None]


class ScanThread:
    """Decides which scans run when. realtime: ask the operating system for a real-time thread.

    `wake` is the engine's lock, and wakes the thread when there is something to do.
    """

    def __init__(
        self,
        live: LivePlant,
        course: Course,
        pace: Pace,
        lockstep: Lockstep,
        racks: Racks,
        inbox: Inbox,
        scanner: Scanner,
        publication: Publication,
        record: Chronicle,
        *,
        realtime: bool,
    ) -> None:
        self._live = live
        self._course = course
        self._pace = pace
        self._lockstep = lockstep
        self._racks = racks
        self._inbox = inbox
        self._scanner = scanner
        self._publication = publication
        self._record = record
        self._realtime = realtime
        self._steps: deque[Step] = deque()
        self._stopping = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self.wake = threading.Condition()

    @property
    def started(self) -> bool:
        """Whether the thread was ever started."""
        return self._thread is not None

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread, once; RuntimeError for a second time."""
        if self._thread is not None or self._stopping:
            raise RuntimeError("an engine is started once")
        self.restart_clocks()
        self._record.system("started")
        self._record.flush()
        self._thread = threading.Thread(target=self._work, name="scan", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; idempotent."""
        with self.wake:
            self._stopping = True
            self._cancel_steps()
            self.wake.notify()
        if self._thread is not None:
            self._thread.join()
        with self.wake:
            if not self._closed:
                self._closed = True
                self._record.system("stopped")
                self._record.flush()

    def restart_clocks(self) -> None:
        """All that counts wall time counts from now."""
        now = time.monotonic()
        self._pace.restart(now)
        self._racks.restart(float(self._live.core.time), now)
        self._lockstep.restart(now)

    def step(self, scans: int) -> Future[None]:
        """Run so many scans though time stands still; done when the last image is published, or cancelled."""
        done: Future[None] = Future()
        with self.wake:
            self._course.running = False
            self._steps.append(Step(scans, done))
            if self._stopping:
                self._cancel_steps()
            self.wake.notify()
        return done

    def _cancel_steps(self) -> None:
        while self._steps:
            self._steps.popleft().done.cancel()

    def _work(self) -> None:
        with self.wake:
            if self._realtime:
                for line in real_time.take():
                    self._record.system(f"real time: {line}")
            try:
                while not self._stopping:
                    self._turn()
            finally:  # whatever ends the thread, nobody is to wait for it in vain
                self._stopping = True
                self._cancel_steps()

    def _turn(self) -> None:
        """What is to be done next."""
        applied = self._inbox.apply()
        if not (self._steps or self._course.running):
            self._lockstep.waiting = False
        elif left := self._lockstep.patience():
            self.wake.wait(left)
            return
        if self._is_held_up():
            self.wake.wait(STORAGE_WAIT_S)
        elif self._steps:
            self._keep_step(self._steps[0])
        elif self._course.running:
            self._keep_pace()
        elif applied:
            self._live.core.refresh()
            self._publication.publish()
        else:
            self.wake.wait(1.0)

    def _is_held_up(self) -> bool:
        """Whether scans have to wait for the historian; published when that changes."""
        sampler, course = self._publication.sampler, self._course
        waits = sampler is not None and sampler.behind and (course.running or bool(self._steps))
        if waits != course.waits_for_storage:
            course.waits_for_storage = waits
            self._publication.publish()
        return waits

    def _keep_step(self, step: Step) -> None:
        """Run a part of a step, so that commands need not wait for the whole of it."""
        scans = 0 if step.done.cancelled() else min(step.scans, self._batch())
        self._scanner.advance(scans)
        step.scans -= scans
        if self._lockstep.on and step.scans > 0:
            self._publication.publish(diagnose=self._diagnoses())
        if scans > 0 and step.scans > 0 and self._course.failure is None:
            if not self._lockstep.active:  # which gives the lock away by waiting for the echo
                self._yield()
            return
        self._steps.popleft()
        self._publication.publish()
        if step.done.set_running_or_notify_cancel():
            step.done.set_result(None)

    def _batch(self) -> int:
        """Scans that take about BATCH_S; one in lock step."""
        return 1 if self._lockstep.active else max(1, int(BATCH_S / self._course.scan_wall))

    def _diagnoses(self) -> bool:
        """Whether the numerics are looked at in this scan of a lock step, where every scan is published."""
        return int(self._live.core.scan) % DIAGNOSED_SCANS == 0

    def _yield(self) -> None:
        """Hand the lock to whoever waits for it: a condition's lock is not fair."""
        self.wake.wait(1e-4)

    def _keep_pace(self) -> None:
        """Run what is due, or wait for it; called with the lock held, which is given away while waiting."""
        pace, publication, now = self._pace, self._publication, time.monotonic()
        lockstep = self._lockstep.active
        if not lockstep and self._racks.watch(float(self._live.core.time), now):
            publication.publish()
        due = 10**9 if math.isinf(pace.speed) else 1 if lockstep else pace.due(now)
        if due == 0:
            self.wake.wait(max(pace.deadline() - now, 0.0))
            return
        if not lockstep and math.isfinite(pace.speed):
            publication.lateness.note(now - pace.deadline())
        scans = min(due, self._batch())
        self._scanner.advance(scans)
        now = time.monotonic()
        if not lockstep:
            pace.ran(scans, now)
        if lockstep:
            publication.publish(diagnose=self._diagnoses())
        elif pace.speed <= 1.0 or now - publication.at >= PUBLISH_S or not self._course.running:
            publication.publish()
        if scans < due:
            self._yield()
