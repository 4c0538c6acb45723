"""The engine's process image: composed anew after scans and changes, and shown to those who listen."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from plantsim.engine.alarm_desk import AlarmDesk
from plantsim.engine.chronicle import Chronicle
from plantsim.engine.course import Course
from plantsim.engine.image import ProcessImage
from plantsim.engine.live import LivePlant
from plantsim.engine.lockstep import Lockstep
from plantsim.engine.pace import Pace
from plantsim.engine.racks import Racks
from plantsim.engine.timing import Timing

log = logging.getLogger("plantsim.engine")

Listener = Callable[[ProcessImage], None]


class Sampler(Protocol):
    """Keeps images for later."""

    @property
    def behind(self) -> bool:
        """Whether the scan is to wait for it."""
        ...

    def take(self, image: ProcessImage) -> None:
        """Keep an image, or what is new in it; must not block."""
        ...


class Publication:
    """Makes images and replaces the one that is seen; called with the engine's lock held."""

    def __init__(
        self,
        live: LivePlant,
        course: Course,
        pace: Pace,
        lockstep: Lockstep,
        racks: Racks,
        record: Chronicle,
        desk: AlarmDesk,
    ) -> None:
        self._live = live
        self._course = course
        self._pace = pace
        self._lockstep = lockstep
        self._racks = racks
        self._record = record
        self._desk = desk
        self._listeners: list[Listener] = []
        self._actual_speed = 0.0
        self._rack_written: float | None = None
        """When a PLC wrote what no scan has obeyed yet, by the monotonic clock."""
        self._loop_latency = Timing()
        self.lateness = Timing()
        """Of scans behind their deadlines."""
        self.sampler: Sampler | None = None
        self.at = 0.0
        """When the image was replaced, by the monotonic clock."""
        self.image = self.compose()
        """The latest; replaced, never changed."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every publication until it raises; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._unlisten(listener)

    def _unlisten(self, listener: Listener) -> None:
        with suppress(ValueError):
            self._listeners.remove(listener)

    def note_rack_write(self) -> None:
        """A PLC has moved an output: the time until a scan has obeyed is the loop's latency."""
        if self._rack_written is None:
            self._rack_written = time.monotonic()

    def compose(self, diagnose: bool = True) -> ProcessImage:
        """The image as of now. diagnose: look at the numerics anew."""
        live, course = self._live, self._course
        simulation = {
            "Time": live.plant_time,
            "Elapsed": float(live.core.time),
            "Speed": self._pace.speed,
            "ActualSpeed": self._actual_speed,
            "Running": float(course.running),
            "ScanPeriod": live.scan_period,
            "ScanTime": 1e3 * course.scan_wall,
            "ScanCount": float(live.core.scan),
            "Overruns": float(self._pace.overruns),
            "Seed": float(live.seed),
            "Branch": float(course.branch),
            "Pacing": 1.0 if course.waits_for_storage else 2.0 if self._lockstep.waiting and course.running else 0.0,
            "Lockstep": float(self._lockstep.on),
            "LockstepTimeouts": float(self._lockstep.timeouts),
            "Scenario": float(course.scenario),
        }
        now = time.monotonic()
        for name, timing in (("Lateness", self.lateness), ("LoopLatency", self._loop_latency)):
            simulation |= {f"{name}{which}": 1e3 * seconds for which, seconds in timing.figures(now).items()}
        simulation |= self._racks.ages(now)
        return live.image(simulation, stopped=course.failure is not None, diagnose=diagnose)

    def restart(self) -> None:
        """Replace the image untold after a jump in time: no speed is read off it."""
        self.image = self.compose()

    def publish(self, *, diagnose: bool = True) -> None:
        """Replace the image and tell the listeners."""
        live, now = self._live, time.monotonic()
        if self._rack_written is not None and int(live.core.scan) > self.image.scan:
            self._loop_latency.note(now - self._rack_written)
            self._rack_written = None
        if now > self.at:
            speed = (float(live.core.time) - self.image.plant_time + live.epoch) / (now - self.at)
            self._actual_speed += 0.3 * (speed - self._actual_speed) if self._course.running else -self._actual_speed
        self.at = now
        self.image = self.compose(diagnose)
        for news in live.health.news():
            log.warning("numerics: %s", news)
            self._record.system(f"numerics: {news}")
        self._record.flush()
        self._desk.deliver()
        if self.sampler is not None:
            self.sampler.take(self.image)
        for listener in tuple(self._listeners):
            try:
                listener(self.image)
            except Exception:
                log.exception("a listener raised and is dropped")
                self._unlisten(listener)
