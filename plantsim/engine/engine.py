"""The engine: owner of a live plant, its clock, its commands and its process image.

The scan runs in one worker thread to absolute deadlines; it holds the lock only between scans. Servers see the image,
replaced whole, and hand in writes, which take effect at the next scan boundary in the order they came. Nothing else
changes the plant.

What it is made of: `scan_thread` says which scans run when, `scanner` runs them, `inbox` queues writes, `publication`
makes images; `course` is what they know in common. This file is their face.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from plantsim.engine.alarm_desk import AlarmDesk, AlarmListener, Change
from plantsim.engine.chronicle import Chronicle
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.course import Course
from plantsim.engine.fieldwork import NotNow, Work
from plantsim.engine.forcing import Force, Forcing
from plantsim.engine.image import ProcessImage
from plantsim.engine.inbox import Check, Inbox, Write
from plantsim.engine.journal import Event, EventKind, Journal
from plantsim.engine.live import LivePlant, NumericStop
from plantsim.engine.lockstep import Lockstep
from plantsim.engine.malfunctions import Injection
from plantsim.engine.pace import Pace
from plantsim.engine.permission import Permission, Value
from plantsim.engine.publication import Listener, Publication, Sampler
from plantsim.engine.racks import Racks
from plantsim.engine.scan_thread import ScanThread
from plantsim.engine.scanner import Scanner, Supervisor
from plantsim.engine.shelf import Kept, Shelf
from plantsim.engine.snapshot import write_snapshot
from plantsim.engine.trigger import BadCondition
from plantsim.engine.wire import Wire
from plantsim.model.malfunction import UnknownMalfunction
from plantsim.model.manual import manual
from plantsim.model.plant import Plant, Unit
from plantsim.model.remedy import FieldAction
from plantsim.model.tag import AlarmPoint, Role, TagTable

log = logging.getLogger("plantsim.engine")

LONGEST_STEP_S = 3600.0


def positive(speed: float) -> float:
    """A speed that can be run at; ValueError if it is none."""
    if not speed > 0.0:
        raise ValueError(f"speed: found {speed}, allowed a positive number")
    return speed


class Engine:
    """A running plant. All methods may be called from any thread; none blocks for longer than a batch of scans.

    scan_period: s of plant time. start: ``steady``, ``cold`` or a snapshot's path. epoch: plant time at the start,
    seconds since 1970; None is now. speed: times real time, inf for as fast as possible. external: areas that an
    outside controller has through the I/O racks. snapshots: folder of the plant's snapshots, None keeps none.
    journal: its file, None keeps the latest events in memory. lockstep:
    every scan waits until the PLCs have echoed the last one's counter, at most for lockstep_timeout, s of wall time.
    scenario: name of the one that runs until `end_scenario`, empty for none. scenarios: names of those that may begin
    later. realtime: ask the operating system for a real-time thread on a processor of its own, as far as it may be had.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        scan_period: float = 0.1,
        seed: int = 1,
        start: str = "steady",
        epoch: float | None = None,
        speed: float = 1.0,
        frozen: bool = False,
        external: frozenset[str] = frozenset(),
        snapshots: Path | None = None,
        journal: Path | None = None,
        lockstep: bool = False,
        lockstep_timeout: float = 5.0,
        scenario: str = "",
        realtime: bool = False,
        scenarios: Sequence[str] = (),
    ) -> None:
        self.plant = plant
        self.scan_period = scan_period
        self.external = external
        self.live = LivePlant(plant, scan_period=scan_period, seed=seed, start=start, epoch=epoch or 0.0)
        self._begins_now = epoch is None
        if self._begins_now:
            self.live.epoch = time.time() - float(self.live.core.time)
        self._scenarios = ("", *dict.fromkeys([*([scenario] if scenario else []), *scenarios]))
        self.live.tags = _with_scenarios(self.live.tags, self._scenarios)
        self.tags: TagTable = self.live.tags
        self.alarms: tuple[AlarmPoint, ...] = self.live.alarms
        self.permission = Permission(plant, self.tags, external)
        self._course = course = Course(running=not frozen, scenario=self._scenarios.index(scenario))
        self._racks = Racks(plant, self.tags, self.permission.drives, external, self.live.core.signal)
        self._racks.unplug()
        self._warned_of_speed = False
        self.live.core.external[self.permission.withheld] = 1
        self.journal = Journal(journal)
        """Of all events; ask it at will."""
        self._record = record = Chronicle(self.live, self.journal, lambda: course.branch)
        self._racks.note = record.system
        self._desk = AlarmDesk(self.live, record.alarm)
        self._shelf = Shelf(plant, snapshots)
        self.wire = Wire(self.live.seed, lambda: float(self.live.core.time))
        """What is wrong between servers and clients; for the servers to ask."""
        self._forcing = Forcing(self.live)
        self._pace = Pace(scan_period, positive(speed))
        self._lockstep = Lockstep(self.live, self._racks, record, on=lockstep, timeout=lockstep_timeout)
        self._inbox = Inbox(self.live, self.permission, record)
        self._publication = Publication(self.live, course, self._pace, self._lockstep, self._racks, record, self._desk)
        self._scanner = Scanner(
            self.live, course, self._racks, self._forcing, self._inbox, self._lockstep, self._publication, record
        )
        self._ring = self._scanner.ring
        self._scans = ScanThread(
            self.live,
            course,
            self._pace,
            self._lockstep,
            self._racks,
            self._inbox,
            self._scanner,
            self._publication,
            record,
            realtime=realtime,
        )
        self._wake = self._scans.wake
        self._publish = self._publication.publish

    # ------------------------------------------------------------------ what servers see

    @property
    def image(self) -> ProcessImage:
        """The latest process image; replaced, never changed."""
        return self._publication.image

    @property
    def failure(self) -> NumericStop | None:
        """Why the scan has stopped; None while it has not."""
        return self._course.failure

    def check(self, name: str, value: Value, origin: Origin) -> Refusal | None:
        """Why this write would be refused now; None if it would be accepted."""
        return self.permission.check(self.image, name, value, origin)

    @property
    def manual(self) -> str:
        """The plant's operating manual, Markdown, as operators may read it: malfunctions are the instructor's."""
        return manual(self.plant, malfunctions=False)

    def write(self, writes: Sequence[Write], origin: Origin, *, whole: bool = False) -> list[Refusal | None]:
        """Queue writes for the next scan, in order; says for each why it was refused, or None.

        A write is judged by the plant as the writes before it will have made it. whole: one refused, none is queued.
        """
        check = self.permission.check
        return self._queue(writes, origin, lambda ahead, name, value: check(ahead, name, value, origin), whole)

    def last_writes(self, tag: str) -> list[Event]:
        """The last accepted write of each member of a tag object that was written in this run, the latest first.

        What was undone by going back is not told, nor after a snapshot what was written before.
        """
        with self._wake:
            reach = self._course.reach
        return self.journal.last_writes([member.name for member in self.tags.of(tag)], reach)

    def write_rack(
        self, writes: Sequence[Write], origin: Origin, *, whole: bool = False, beat: tuple[str, int] | None = None
    ) -> list[Refusal | None]:
        """Queue actuator commands of an I/O rack, as `write` does.

        A PLC repeats its outputs with every poll: that an actuator is not the rack's is journalled once. beat: area and
        word of a heartbeat that came with them, which counts if none was refused: no scan comes between the two.
        """
        with self._wake:
            returns = beat is not None and self._racks.is_news(*beat)

            def check(ahead: ProcessImage, name: str, value: Value) -> Refusal | None:
                refusal = self.permission.check_rack(ahead, name, value)
                if refusal is None and self._racks.refuses(self.tags[name].area) and not returns:
                    return Refusal.SILENT
                return refusal

            answers = self._queue(writes, origin, check, whole) if writes else []
            if answers and not any(answers):
                self._publication.note_rack_write()
            if beat is not None and not any(answers):
                self._take_heartbeat(*beat)
        return answers

    def _take_heartbeat(self, area: str, word: int) -> None:
        """What a PLC has written to holding register 0 of its rack: proof of life, and its echo in lock step."""
        if self._racks.beat(area, word, float(self.live.core.time), time.monotonic()):
            self._publish()
        if self._pace.speed != 1.0 and self._course.running and not (self._lockstep.on or self._warned_of_speed):
            self._warned_of_speed = True
            self._record.system(f"rack of {area}: a PLC is connected at {self._pace.speed:g} times real time")
            log.warning(
                "rack of %s: a PLC is connected while the plant runs at %g times real time; its timers are wrong by"
                " that factor, which lock step (--lockstep) avoids",
                area,
                self._pace.speed,
            )
        if not (self._lockstep.waiting and self._lockstep.lacks_echo):
            self._wake.notify()

    def _queue(self, writes: Sequence[Write], origin: Origin, check: Check, whole: bool) -> list[Refusal | None]:
        with self._wake:
            answers = self._inbox.put(self.image, writes, origin, check, whole)
            if not self._lockstep.waiting:  # the echo will wake the scan: one waking for all that a PLC writes
                self._wake.notify()
        return answers

    @property
    def lost(self) -> frozenset[str]:
        """Areas whose PLC's heartbeat is lost."""
        return self._racks.lost

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every publication; returns how to stop that.

        It is called in the thread that publishes, mostly the scan's, which waits for it: it must neither block nor stop
        the engine. It is dropped if it raises.
        """
        return self._publication.listen(listener)

    def sample(self, sampler: Sampler) -> None:
        """Give `sampler` every image that is published, and one each second of plant time; it may hold up the scan."""
        with self._wake:
            self._publication.sampler = sampler
            sampler.take(self.image)

    def supervise(self, supervisor: Supervisor) -> None:
        """Have `supervisor` follow the run: told every event at once, asked after every second of plant time.

        It is called in the scan's thread with the engine's lock held, between two scans.
        """
        with self._wake:
            self._scanner.supervisor = supervisor
            self._record.tell = supervisor.hear

    def begin_scenario(self, name: str) -> None:
        """A scenario runs from now on. ValueError for one that the engine was not told of."""
        with self._wake:
            self._course.scenario = self._scenarios.index(name)
            self._publish()

    def end_scenario(self) -> None:
        """No scenario runs any longer: nothing is kept from anybody."""
        with self._wake:
            self._course.scenario = 0
            self._publish()

    def show(self) -> None:
        """Publish again as it stands, for what is shown beside the plant and has changed."""
        with self._wake:
            self._publish()

    @property
    def in_scenario(self) -> bool:
        """Whether a scenario runs: true values, malfunctions and the run itself are then the instructor's alone."""
        return self._course.scenario > 0

    def charge(self, units: Sequence[Unit]) -> None:
        """Fill units with what their `initial` says, instead of what is in them."""
        with self._wake:
            self.live.charge(units)
            self._publish()

    def lead_in(self, seconds: float) -> None:
        """Let plant time pass before the start; it lies before the epoch. RuntimeError once started."""
        if self._scans.started:
            raise RuntimeError("a lead-in comes before the start")
        with self._wake:
            self._inbox.apply()
            self._scanner.advance(round(seconds / self.scan_period))
            self.live.epoch -= seconds
            self._begins_now = False  # what was told of it has its times
            self._publish()

    def acknowledge(self, alarm: AlarmPoint, origin: Origin, comment: str = "") -> Refusal | None:
        """Acknowledge an alarm; MODE if there is nothing to acknowledge."""
        return self.act_on_alarm(alarm, Change.ACKNOWLEDGED, origin, comment)

    def act_on_alarm(
        self, alarm: AlarmPoint, change: Change, origin: Origin, comment: str = "", seconds: float | None = None
    ) -> Refusal | None:
        """Acknowledge, confirm, comment, shelve, suppress, take out of service or disable an alarm, or undo that.

        change: the action, ``Change.SHELVED`` for `seconds` of plant time. MODE: nothing of that kind to do. RANGE:
        longer than the alarm may be shelved.
        """
        with self._wake:
            refusal = self._desk.act(alarm, change, origin, comment, seconds)
            if refusal is None:
                self._record.flush()
                self._publish()
        return refusal

    def shelved_until(self, alarm: AlarmPoint) -> float | None:
        """Plant time at which an alarm's shelf ends, seconds since 1970; None if it does not."""
        return self._desk.shelved_until(alarm)

    def listen_alarms(self, listener: AlarmListener) -> Callable[[], None]:
        """Call `listener` with all changes of alarms since the last publication, in order, before that is published.

        Returns how to stop that. What holds for ``listen`` holds here too.
        """
        return self._desk.listen(listener)

    # ------------------------------------------------------------------ the simulation

    def run(self) -> None:
        """Let plant time pass."""
        with self._wake:
            self._course.running = self.failure is None
            self._record.system("running" if self._course.running else "not running: the scan has stopped")
            self._scans.restart_clocks()
            self._publish()
            self._wake.notify()

    def freeze(self) -> None:
        """Stop plant time; speed is kept, writes still show."""
        with self._wake:
            self._course.running = False
            self._record.system("frozen")
            self._publish()
            self._wake.notify()

    def set_speed(self, speed: float) -> None:
        """Times real time; inf is as fast as possible. ValueError if it is not a positive number."""
        with self._wake:
            self._pace.speed = positive(speed)
            self._record.system(f"speed {speed:g}")
            self._warned_of_speed = False
            self._scans.restart_clocks()
            self._publish()
            self._wake.notify()

    def set_lockstep(self, on: bool, origin: Origin) -> None:
        """Let every scan wait for the echo of the PLCs, or not."""
        with self._wake:
            if on != self._lockstep.on:
                self._lockstep.on = on
                self._record.system(f"lock step {'on' if on else 'off'}", origin)
                self._scans.restart_clocks()
                self._publish()
            self._wake.notify()

    def step(self, seconds: float) -> Future[None]:
        """Freeze and run round(seconds/scan) scans; done when the last image is published. ValueError beyond 3600 s.

        A step that is cancelled goes no further. An engine that stops, or has stopped, cancels what has not been run.
        """
        if not 0.0 < seconds <= LONGEST_STEP_S:
            raise ValueError(f"step: found {seconds} s, allowed more than 0 and at most {LONGEST_STEP_S:.0f} s")
        return self._scans.step(round(seconds / self.scan_period))

    def save(self, path: Path) -> None:
        """Write the whole state to a file, atomically."""
        with self._wake:
            arrays = self.live.arrays()
        write_snapshot(path, self.plant.sha256, arrays)

    def save_snapshot(self, name: str, origin: Origin) -> None:
        """Keep the whole state under a name. Raises SnapshotError for the name, OSError where it cannot be written."""
        self._shelf.check_name(name, saving=True)
        with self._wake:
            self.live.check_sound()
            arrays = self.live.arrays()
        path = self._shelf.save(name, arrays)
        with self._wake:
            self._record.system(f"snapshot {name} in {path}", origin)
            self._record.flush()

    def restore_snapshot(self, name: str, origin: Origin) -> None:
        """Go on from a snapshot, on a new branch. Raises NoSuchSnapshot, or SnapshotError with the reason."""
        arrays = self._shelf.read(name, self.live)
        with self._wake:
            before = float(self.live.core.time)
            self.live.restore(arrays)
            self._jumped(float(self.live.core.time) - before)
            self._ring.restart(int(self.live.core.scan), arrays)
            self._fork(f"snapshot {name}", origin, 0)

    def backtrack(self, minutes: float, origin: Origin) -> None:
        """Go back by so many minutes of plant time, to the last whole one before; on a new branch.

        Raises ValueError where the run, or its memory, does not reach so far back.
        """
        with self._wake:
            before = float(self.live.core.time)
            self.live.restore(self._ring.back(int(self.live.core.scan), minutes))
            self._jumped(float(self.live.core.time) - before)
            self._fork(f"back by {minutes:g} min", origin, int(self.live.core.scan))

    # ------------------------------------------------------------------ malfunctions

    def inject(self, malfunction: str, severity: float, delay: float, ramp: float, origin: Origin) -> str:
        """Let something go wrong from the next scan on; returns the instance.

        malfunction: ``id`` or ``id@target``. severity: 0..1. delay, ramp: s of plant time. Raises UnknownMalfunction,
        TooMany, or ValueError for a number.
        """
        place = self.plant.malfunctions.find(malfunction)
        with self._wake:
            if place.malfunction.wire is not None:
                name = self.wire.inject(place, severity, delay, ramp, self.live.plant_time)
                self._publish()
            else:
                name = self.live.injected.inject(malfunction, severity, delay, ramp)
            how = f"severity {severity:g}, delay {delay:g} s, ramp {ramp:g} s"
            self._record.note(EventKind.MALFUNCTION, name, "injected", origin, how)
            self._record.flush()
        return name

    def inject_when(
        self, malfunction: str, severity: float, delay: float, ramp: float, condition: str, origin: Origin
    ) -> str:
        """Let something go wrong from the scan on that finds a condition true; returns the instance, which is armed.

        condition: a comparison as scenarios have it, ``AIC-201.PV < 0.8``. delay, ramp: s of plant time from that scan
        on. Otherwise as `inject`; raises BadCondition as well, and UnknownMalfunction for one of the wire, of which no
        scan knows.
        """
        with self._wake:
            if not condition.strip():
                raise BadCondition('condition: found nothing, allowed a comparison such as "AIC-201.PV < 0.8"')
            name = self.live.injected.inject(malfunction, severity, delay, ramp, condition)
            how = f"severity {severity:g}, delay {delay:g} s, ramp {ramp:g} s"
            self._record.note(EventKind.MALFUNCTION, name, "armed", origin, f"when {condition.strip()}: {how}")
            self._record.flush()
        return name

    def clear(self, name: str, origin: Origin) -> None:
        """Mend an instance, or all of a malfunction. Raises UnknownMalfunction where nothing of that name is wrong."""
        gone: list[str] = []
        with self._wake:
            for book in (self.live.injected, self.wire):
                with suppress(UnknownMalfunction):
                    gone += book.clear(name)
            if not gone:
                raise UnknownMalfunction(f"malfunction: found {name}, allowed one that is injected")
            self._mended(gone, origin)

    def clear_all(self, origin: Origin) -> None:
        """Mend everything."""
        with self._wake:
            self._mended([*self.live.injected.clear_all(), *self.wire.clear_all()], origin)

    def _mended(self, names: Iterable[str], origin: Origin) -> None:
        for name in names:
            self._record.note(EventKind.MALFUNCTION, name, "cleared", origin)
        self._record.flush()

    @property
    def malfunctions(self) -> dict[str, float]:
        """How bad each instance of a malfunction is at present, 0..1."""
        with self._wake:
            return {**self.live.injected.levels, **{one.name: one.level for one in self.wire.injected}}

    @property
    def injected(self) -> list[Injection]:
        """What is wrong, or waits for its trigger or delay, in the order of injection: first in the plant."""
        with self._wake:
            epoch, period = self.live.epoch, self.live.scan_period
            in_plant = [
                Injection(
                    one.name, one.severity, one.delay, one.ramp, level,
                    math.nan if one.armed else epoch + one.scan * period,
                    one.trigger.text if one.armed and one.trigger else "",
                )
                for one, level in self.live.injected.standing
            ]  # fmt: skip
            return in_plant + self.wire.injected

    # ------------------------------------------------------------------ the field operator

    @property
    def field_actions(self) -> Sequence[FieldAction]:
        """What a field operator can be asked to do in this plant."""
        return tuple(self.live.field.actions.values())

    @property
    def field_work(self) -> list[Work]:
        """What a field operator does now, and what he has done or could not do, the latest first."""
        with self._wake:
            return self.live.field.work

    def do_in_field(self, action: str, origin: Origin) -> None:
        """Have the field operator do something, such as ``bleed P-201``: it takes its plant time, then he reports.

        It ends the malfunctions that it is the remedy of; where nothing is wrong it ends nothing. Raises UnknownAction,
        TooMany, or NotNow with the reason where the plant does not let him.
        """
        with self._wake:
            try:
                takes = self.live.field.begin(action).remedy.takes
            except NotNow as error:
                self._record.note(EventKind.MALFUNCTION, action, "refused in the field", origin, error.reason)
                self._record.flush()
                raise
            self._record.note(EventKind.MALFUNCTION, action, "asked of the field", origin, f"takes {takes:g} s")
            self._record.flush()

    # ------------------------------------------------------------------ forces

    def force(self, name: str, value: Value, seconds: float, origin: Origin) -> Refusal | None:
        """Hold an instrument's PV, or a device's CMD or SPEED_CMD, at a value; says why that was refused, or None.

        seconds: of plant time, 0 for until released. Raises ValueError for the time, TooMany.
        """
        tag = self.tags.get(name)
        if tag is None:
            return Refusal.UNKNOWN
        if not self._forcing.takes(tag):
            return Refusal.READ_ONLY
        with self._wake:
            refusal = self.permission.check_force(tag, value, origin)
            before = self._inbox.shown(self.image, name)
            if refusal is None:
                self._forcing.put(tag, float(value), origin, seconds)
                self._record.action(origin, name, "forced", before, tag.text(float(value)))
                self._publish()
            else:
                self._record.action(origin, name, "force refused", before, str(value), refusal.value)
            self._record.flush()
        return refusal

    def release(self, name: str, origin: Origin) -> Refusal | None:
        """Let a forced member go; MODE if it is not forced."""
        if origin.role < Role.ENGINEER:
            return Refusal.ROLE
        with self._wake:
            if self._forcing.release(name) is None:
                return Refusal.MODE
            self._record.action(origin, name, "released", self._inbox.shown(self.image, name))
            if not self._course.running:
                self.live.core.refresh()
            self._publish()
        return None

    @property
    def elapsed(self) -> float:
        """Plant time since the start, s."""
        return float(self.live.core.time)

    @property
    def forces(self) -> list[Force]:
        """What is forced, the oldest first."""
        with self._wake:
            return self._forcing.forces

    @property
    def forced(self) -> frozenset[str]:
        """Areas in which something is forced."""
        return self._forcing.areas

    # ------------------------------------------------------------------ what there is to go back to

    @property
    def snapshots(self) -> list[Kept]:
        """Snapshots that can be restored: the start states, then the others, the newest first."""
        return self._shelf.kept()

    @property
    def backtrack_reach(self) -> float:
        """Minutes of plant time that `backtrack` can go back now; 0 at the beginning."""
        with self._wake:
            return self._ring.reach(int(self.live.core.scan))

    def _jumped(self, seconds: float) -> None:
        """What is not the plant's goes on over a jump in time."""
        self.wire.jump(seconds)
        self._forcing.jump(seconds)

    def _fork(self, how: str, origin: Origin, scan: int) -> None:
        """Start a new branch at the state just restored; a numeric stop is over, writes not yet in force are gone.

        scan: of the branch that it leaves, 0 where it comes from elsewhere.
        """
        self._course.fork(scan)
        self._inbox.clear()
        self._course.failure = None
        self._racks.unplug()
        self._scans.restart_clocks()
        self._publication.restart()
        self._record.system(f"{how}, branch {self._course.branch}", origin)
        self._publish()
        self._wake.notify()

    # ------------------------------------------------------------------ the scan thread

    def start(self) -> None:
        """Start the scan thread, once. Plant time that begins now begins here: servers take seconds to get ready."""
        if self._begins_now and not self._scans.started:
            with self._wake:
                self.live.epoch = time.time() - float(self.live.core.time)
                self._publish()
        self._scans.start()

    def stop(self) -> None:
        """End the scan thread; idempotent."""
        self._scans.stop()

    @property
    def alive(self) -> bool:
        """Whether the scan thread runs."""
        return self._scans.alive


def _with_scenarios(tags: TagTable, names: tuple[str, ...]) -> TagTable:
    """With the scenarios' names for `Simulation.Scenario` to show; the first is empty."""
    return TagTable([replace(tag, states=names) if tag.name == "Simulation.Scenario" else tag for tag in tags])
