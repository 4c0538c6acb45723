"""The engine: owner of a live plant, its clock, its commands and its process image.

The scan runs in one worker thread to absolute deadlines; it holds the lock only between scans. Servers see the image,
replaced whole, and hand in writes, which take effect at the next scan boundary in the order they came. Nothing else
changes the plant.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from plantsim.engine import realtime as real_time
from plantsim.engine.alarm_desk import AlarmDesk, AlarmListener, Change
from plantsim.engine.backtrack import BacktrackRing
from plantsim.engine.chronicle import Chronicle
from plantsim.engine.command import Command, Origin, Refusal
from plantsim.engine.forcing import Force, Forcing
from plantsim.engine.image import ProcessImage
from plantsim.engine.journal import Event, EventKind, Journal
from plantsim.engine.live import LivePlant, NumericStop
from plantsim.engine.malfunctions import Injection
from plantsim.engine.pace import Pace
from plantsim.engine.permission import Permission, Value
from plantsim.engine.racks import Racks
from plantsim.engine.shelf import Kept, Shelf
from plantsim.engine.snapshot import write_snapshot
from plantsim.engine.timing import Timing
from plantsim.engine.wire import Wire
from plantsim.model.malfunction import UnknownMalfunction
from plantsim.model.manual import manual
from plantsim.model.plant import Plant
from plantsim.model.tag import AlarmPoint, Role, TagTable

log = logging.getLogger("plantsim.engine")

PUBLISH_S = 0.1
"""Wall time between publications where scans come faster."""
BATCH_S = 0.02
"""Wall time that the scan keeps commands waiting at most."""
LONGEST_STEP_S = 3600.0
DIAGNOSED_SCANS = 10
"""Scans between two looks at the numerics in lock step."""

SAMPLE_S = 1.0
"""Plant time between two images that a historian is given, where scans come faster than images are published."""
STORAGE_WAIT_S = 0.01
"""Wall time between two looks at whether the historian has caught up."""

Listener = Callable[[ProcessImage], None]
Write = tuple[str, Value]


def positive(speed: float) -> float:
    """A speed that can be run at; ValueError if it is none."""
    if not speed > 0.0:
        raise ValueError(f"speed: found {speed}, allowed a positive number")
    return speed


class Sampler(Protocol):
    """Keeps images for later."""

    @property
    def behind(self) -> bool:
        """Whether the scan is to wait for it."""
        ...

    def take(self, image: ProcessImage) -> None:
        """Keep an image, or what is new in it; must not block."""
        ...


class Supervisor(Protocol):
    """Follows a run from inside, in plant time: what it does depends on no clock and no speed."""

    def hear(self, event: Event) -> None:
        """Something went on record. Must do nothing to the engine."""
        ...

    def judge(self, image: ProcessImage) -> None:
        """A second of plant time has passed. What it writes or injects is in force with the next scan."""
        ...


@dataclass
class Step:
    """Scans that were asked for by hand, and who waits for them."""

    scans: int
    done: Future[None]


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
        self._realtime = realtime
        self.scan_period = scan_period
        self.external = external
        self.live = LivePlant(plant, scan_period=scan_period, seed=seed, start=start, epoch=epoch or 0.0)
        if epoch is None:
            self.live.epoch = time.time() - float(self.live.core.time)
        self._scenarios = ("", *dict.fromkeys([*([scenario] if scenario else []), *scenarios]))
        self._scenario = self._scenarios.index(scenario)
        self.live.tags = _with_scenarios(self.live.tags, self._scenarios)
        self.tags: TagTable = self.live.tags
        self.alarms: tuple[AlarmPoint, ...] = self.live.alarms
        self.permission = Permission(plant, self.tags, external)
        self.failure: NumericStop | None = None
        self._racks = Racks(plant, self.tags, self.permission.drives, external, self.live.core.signal)
        self._racks.unplug()
        self._lockstep = lockstep
        self._lockstep_timeout = lockstep_timeout
        self._lockstep_timeouts = 0
        self._lockstep_since = time.monotonic()
        self._waiting = False
        self._warned_of_speed = False
        self.live.core.external[self.permission.withheld] = 1
        self.journal = Journal(journal)
        """Of all events; ask it at will."""
        self._record = Chronicle(self.live, self.journal, lambda: self._branch)
        self._racks.note = self._record.system
        self._desk = AlarmDesk(self.live, self._record.alarm)
        self._shelf = Shelf(plant, snapshots)
        self.wire = Wire(self.live.seed, lambda: float(self.live.core.time))
        """What is wrong between servers and clients; for the servers to ask."""
        self._forcing = Forcing(self.live)
        self._ring = BacktrackRing(scan_period)
        self._ring.add(int(self.live.core.scan), self.live.arrays())
        self._branch = 0
        self._pace = Pace(scan_period, positive(speed))
        self._running = not frozen
        self._stopping = False
        self._closed = False
        self._wake = threading.Condition()
        self._commands: deque[Command] = deque()
        self._strangers: set[str] = set()
        """Commands of racks that were refused and journalled since the rack last had the actuator."""
        self._steps: deque[Step] = deque()
        self._listeners: list[Listener] = []
        self._sampler: Sampler | None = None
        self._supervisor: Supervisor | None = None
        self._sample_scans = max(1, round(SAMPLE_S / scan_period))
        self._waits_for_storage = False
        self._thread: threading.Thread | None = None
        self._actual_speed = 0.0
        self._scan_wall = 50e-6
        self._published = 0.0
        self._lateness, self._loop_latency = Timing(), Timing()
        self._rack_written: float | None = None
        """When a PLC wrote what no scan has obeyed yet, by the monotonic clock."""
        self._image = self._compose()

    # ------------------------------------------------------------------ what servers see

    @property
    def image(self) -> ProcessImage:
        """The latest process image; replaced, never changed."""
        return self._image

    def check(self, name: str, value: Value, origin: Origin) -> Refusal | None:
        """Why this write would be refused now; None if it would be accepted."""
        return self.permission.check(self._image, name, value, origin)

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
            if answers and not any(answers) and self._rack_written is None:
                self._rack_written = time.monotonic()
            if beat is not None and not any(answers):
                self._take_heartbeat(*beat)
        return answers

    def _take_heartbeat(self, area: str, word: int) -> None:
        """What a PLC has written to holding register 0 of its rack: proof of life, and its echo in lock step."""
        if self._racks.beat(area, word, float(self.live.core.time), time.monotonic()):
            self._publish()
        if self._pace.speed != 1.0 and self._running and not (self._lockstep or self._warned_of_speed):
            self._warned_of_speed = True
            self._record.system(f"rack of {area}: a PLC is connected at {self._pace.speed:g} times real time")
            log.warning(
                "rack of %s: a PLC is connected while the plant runs at %g times real time; its timers are wrong by"
                " that factor, which lock step (--lockstep) avoids",
                area,
                self._pace.speed,
            )
        if not (self._waiting and self._waits_for_echo()):
            self._wake.notify()

    def _queue(
        self,
        writes: Sequence[Write],
        origin: Origin,
        check: Callable[[ProcessImage, str, Value], Refusal | None],
        whole: bool,
    ) -> list[Refusal | None]:
        answers: list[Refusal | None] = []
        accepted: list[tuple[str, str, dict[int, float]]] = []
        with self._wake:
            ahead = self._ahead()
            for name, value in writes:
                refusal = check(ahead, name, value)
                answers.append(refusal)
                before = self._shown(ahead, name)
                if refusal is not None:
                    self._journal_refusal(name, value, origin, refusal, before)
                    continue
                if origin.via == "rack":
                    moved = {self.tags[name].row: float(value)}
                else:
                    moved = self.permission.moves(ahead, name, value)
                accepted.append((name, before, moved))
                for row, to in moved.items():
                    ahead.value[row] = to
            if not whole or len(accepted) == len(answers):
                for name, before, moved in accepted:
                    if origin.via == "rack":  # a PLC repeats its outputs for ever: they are signals, not actions
                        self._strangers.discard(name)
                    else:
                        tag = self.tags[name]
                        self._record.action(origin, name, "written", before, tag.text(moved[tag.row]))
                    self._commands.extend(Command(row, to, origin) for row, to in moved.items())
            self._record.flush()
            if not self._waiting:  # the echo will wake the scan: one waking for all that a PLC writes
                self._wake.notify()
        return answers

    def _shown(self, image: ProcessImage, name: str) -> str:
        tag = self.tags.get(name)
        return "" if tag is None else tag.text(float(image.value[tag.row]))

    def _journal_refusal(self, name: str, value: Value, origin: Origin, refusal: Refusal, before: str) -> None:
        if refusal in (Refusal.NOT_EXTERNAL, Refusal.SILENT):
            if name in self._strangers:
                return
            self._strangers.add(name)
        tag = self.tags.get(name)
        after = str(value) if tag is None or isinstance(value, str) else tag.text(float(value))
        self._record.action(origin, name, "refused", before, after, refusal.value)

    @property
    def lost(self) -> frozenset[str]:
        """Areas whose PLC's heartbeat is lost."""
        return self._racks.lost

    def _ahead(self) -> ProcessImage:
        """The image with commands as they stand by now, and as those that are queued will make them."""
        value = self._image.value.copy()
        value[: self.live.core_rows] = self.live.core.signal
        for command in self._commands:
            value[command.row] = command.value
        return replace(self._image, value=value)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every publication; returns how to stop that.

        It is called in the thread that publishes, mostly the scan's, which waits for it: it must neither block nor stop
        the engine. It is dropped if it raises.
        """
        self._listeners.append(listener)
        return lambda: self._unlisten(listener)

    def _unlisten(self, listener: Listener) -> None:
        with suppress(ValueError):
            self._listeners.remove(listener)

    def sample(self, sampler: Sampler) -> None:
        """Give `sampler` every image that is published, and one each second of plant time; it may hold up the scan."""
        with self._wake:
            self._sampler = sampler
            sampler.take(self._image)

    def supervise(self, supervisor: Supervisor) -> None:
        """Have `supervisor` follow the run: told every event at once, asked after every second of plant time.

        It is called in the scan's thread with the engine's lock held, between two scans.
        """
        with self._wake:
            self._supervisor = supervisor
            self._record.tell = supervisor.hear

    def begin_scenario(self, name: str) -> None:
        """A scenario runs from now on. ValueError for one that the engine was not told of."""
        with self._wake:
            self._scenario = self._scenarios.index(name)
            self._publish()

    def end_scenario(self) -> None:
        """No scenario runs any longer: nothing is kept from anybody."""
        with self._wake:
            self._scenario = 0
            self._publish()

    @property
    def in_scenario(self) -> bool:
        """Whether a scenario runs: true values, malfunctions and the run itself are then the instructor's alone."""
        return self._scenario > 0

    def lead_in(self, seconds: float) -> None:
        """Let plant time pass before the start; it lies before the epoch. RuntimeError once started."""
        if self._thread is not None:
            raise RuntimeError("a lead-in comes before the start")
        with self._wake:
            self._advance(round(seconds / self.scan_period))
            self.live.epoch -= seconds
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
            self._running = self.failure is None
            self._record.system("running" if self._running else "not running: the scan has stopped")
            self._restart_clocks()
            self._publish()
            self._wake.notify()

    def freeze(self) -> None:
        """Stop plant time; speed is kept, writes still show."""
        with self._wake:
            self._running = False
            self._record.system("frozen")
            self._publish()
            self._wake.notify()

    def set_speed(self, speed: float) -> None:
        """Times real time; inf is as fast as possible. ValueError if it is not a positive number."""
        with self._wake:
            self._pace.speed = positive(speed)
            self._record.system(f"speed {speed:g}")
            self._warned_of_speed = False
            self._restart_clocks()
            self._publish()
            self._wake.notify()

    def set_lockstep(self, on: bool, origin: Origin) -> None:
        """Let every scan wait for the echo of the PLCs, or not."""
        with self._wake:
            if on != self._lockstep:
                self._lockstep = on
                self._record.system(f"lock step {'on' if on else 'off'}", origin)
                self._restart_clocks()
                self._publish()
            self._wake.notify()

    def _restart_clocks(self) -> None:
        """All that counts wall time counts from now."""
        now = time.monotonic()
        self._pace.restart(now)
        self._racks.restart(float(self.live.core.time), now)
        self._lockstep_since = now

    def step(self, seconds: float) -> Future[None]:
        """Freeze and run round(seconds/scan) scans; done when the last image is published. ValueError beyond 3600 s.

        A step that is cancelled goes no further. An engine that stops, or has stopped, cancels what has not been run.
        """
        if not 0.0 < seconds <= LONGEST_STEP_S:
            raise ValueError(f"step: found {seconds} s, allowed more than 0 and at most {LONGEST_STEP_S:.0f} s")
        done: Future[None] = Future()
        with self._wake:
            self._running = False
            self._steps.append(Step(round(seconds / self.scan_period), done))
            if self._stopping:
                self._cancel_steps()
            self._wake.notify()
        return done

    def save(self, path: Path) -> None:
        """Write the whole state to a file, atomically."""
        with self._wake:
            arrays = self.live.arrays()
        write_snapshot(path, self.plant.sha256, arrays)

    def save_snapshot(self, name: str, origin: Origin) -> None:
        """Keep the whole state under a name. Raises SnapshotError for the name, OSError where it cannot be written."""
        self._shelf.check_name(name, saving=True)
        with self._wake:
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
            self._fork(f"snapshot {name}", origin)

    def backtrack(self, minutes: float, origin: Origin) -> None:
        """Go back by so many minutes of plant time, to the last whole one before; on a new branch.

        Raises ValueError where the run, or its memory, does not reach so far back.
        """
        with self._wake:
            before = float(self.live.core.time)
            self.live.restore(self._ring.back(int(self.live.core.scan), minutes))
            self._jumped(float(self.live.core.time) - before)
            self._fork(f"back by {minutes:g} min", origin)

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
        """What is wrong, or waits for its delay, in the order of injection: first in the plant, then on the wire."""
        with self._wake:
            epoch, period = self.live.epoch, self.live.scan_period
            in_plant = [
                Injection(one.name, one.severity, one.delay, one.ramp, level, epoch + one.scan * period)
                for one, level in self.live.injected.standing
            ]
            return in_plant + self.wire.injected

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
            before = self._shown(self._image, name)
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
            self._record.action(origin, name, "released", self._shown(self._image, name))
            if not self._running:
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

    def _fork(self, how: str, origin: Origin) -> None:
        """Start a new branch at the state just restored; a numeric stop is over, writes not yet in force are gone."""
        self._branch += 1
        self._commands.clear()
        self.failure = None
        self._racks.unplug()
        self._restart_clocks()
        # no speed is read off a jump in time
        self._image = self._compose()
        self._record.system(f"{how}, branch {self._branch}", origin)
        self._publish()
        self._wake.notify()

    # ------------------------------------------------------------------ the scan thread

    def start(self) -> None:
        """Start the scan thread, once."""
        if self._thread is not None or self._stopping:
            raise RuntimeError("an engine is started once")
        self._restart_clocks()
        self._record.system("started")
        self._record.flush()
        self._thread = threading.Thread(target=self._work, name="scan", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the scan thread; idempotent."""
        with self._wake:
            self._stopping = True
            self._cancel_steps()
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
        with self._wake:
            if not self._closed:
                self._closed = True
                self._record.system("stopped")
                self._record.flush()

    def _cancel_steps(self) -> None:
        while self._steps:
            self._steps.popleft().done.cancel()

    def _work(self) -> None:
        with self._wake:
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
        applied = self._apply()
        if not (self._steps or self._running):
            self._waiting = False
        elif self._waits_for_plc():
            return
        if self._is_held_up():
            self._wake.wait(STORAGE_WAIT_S)
        elif self._steps:
            self._keep_step(self._steps[0])
        elif self._running:
            self._keep_pace()
        elif applied:
            self.live.core.refresh()
            self._publish()
        else:
            self._wake.wait(1.0)

    def _waits_for_plc(self) -> bool:
        """In lock step: wait for the echo of the last scan. False once it has come, or has not in time."""
        self._waiting = self._waits_for_echo()
        if not self._waiting:
            return False
        left = self._lockstep_since + self._lockstep_timeout - time.monotonic()
        if left > 0.0:
            self._wake.wait(left)
            return True
        self._lockstep_timeouts += 1
        scan = int(self.live.core.scan)
        self._record.system(f"lock step: no echo of scan {scan} within {self._lockstep_timeout:g} s, going on without")
        return False

    def _waits_for_echo(self) -> bool:
        return self._lockstep and self._racks.in_step(int(self.live.core.scan)) is False

    def _in_lockstep(self) -> bool:
        return self._lockstep and self._racks.in_step(int(self.live.core.scan)) is not None

    def _is_held_up(self) -> bool:
        """Whether scans have to wait for the historian; published when that changes."""
        waits = self._sampler is not None and self._sampler.behind and (self._running or bool(self._steps))
        if waits != self._waits_for_storage:
            self._waits_for_storage = waits
            self._publish()
        return waits

    def _keep_step(self, step: Step) -> None:
        """Run a part of a step, so that commands need not wait for the whole of it."""
        scans = 0 if step.done.cancelled() else min(step.scans, self._batch())
        self._advance(scans)
        step.scans -= scans
        if self._lockstep and step.scans > 0:
            self._publish(diagnose=self._diagnoses())
        if scans > 0 and step.scans > 0 and self.failure is None:
            if not self._in_lockstep():  # which gives the lock away by waiting for the echo
                self._yield()
            return
        self._steps.popleft()
        self._publish()
        if step.done.set_running_or_notify_cancel():
            step.done.set_result(None)

    def _batch(self) -> int:
        """Scans that take about BATCH_S; one in lock step."""
        return 1 if self._in_lockstep() else max(1, int(BATCH_S / self._scan_wall))

    def _diagnoses(self) -> bool:
        """Whether the numerics are looked at in this scan of a lock step, where every scan is published."""
        return int(self.live.core.scan) % DIAGNOSED_SCANS == 0

    def _yield(self) -> None:
        """Hand the lock to whoever waits for it: a condition's lock is not fair."""
        self._wake.wait(1e-4)

    def _keep_pace(self) -> None:
        """Run what is due, or wait for it; called with the lock held, which is given away while waiting."""
        now = time.monotonic()
        lockstep = self._in_lockstep()
        if not lockstep and self._racks.watch(float(self.live.core.time), now):
            self._publish()
        due = 10**9 if math.isinf(self._pace.speed) else 1 if lockstep else self._pace.due(now)
        if due == 0:
            self._wake.wait(max(self._pace.deadline() - now, 0.0))
            return
        if not lockstep and math.isfinite(self._pace.speed):
            self._lateness.note(now - self._pace.deadline())
        scans = min(due, self._batch())
        self._advance(scans)
        now = time.monotonic()
        if not lockstep:
            self._pace.ran(scans, now)
        if lockstep:
            self._publish(diagnose=self._diagnoses())
        elif self._pace.speed <= 1.0 or now - self._published >= PUBLISH_S or not self._running:
            self._publish()
        if scans < due:
            self._yield()

    def _apply(self) -> bool:
        """Put the queued commands into force."""
        applied = bool(self._commands)
        while self._commands:
            command = self._commands.popleft()
            self.live.core.signal[command.row] = command.value
        return applied

    def _advance(self, scans: int) -> None:
        if self.failure is not None or scans == 0:
            return
        begun = time.perf_counter()
        try:
            self._advance_live(scans)
        except NumericStop as failure:
            self.failure = failure
            self._running = False
            log.error("the scan has stopped: %s", failure)
            self._record.system(f"the scan has stopped: {failure}")
        wall = time.perf_counter() - begun
        self._scan_wall = max(wall / scans, 1e-6)
        self._record.flush()
        self._lockstep_since = time.monotonic()

    def _advance_live(self, scans: int) -> None:
        """Run scans, and keep a state a minute and a sample a second of plant time on the way.

        A supervisor that freezes the plant has it stand at the scan that it saw.
        """
        running = self._running
        while scans > 0:
            scan, now = int(self.live.core.scan), float(self.live.core.time)
            self._racks.command(now)
            for name in self._forcing.over():
                self._forcing.release(name)
                self._record.note(EventKind.ACTION, name, "released", comment="its time is up")
            self._forcing.hold()
            piece = min(scans, self._ring.scans_to_go(scan), self._racks.scans_to_go(now), self._forcing.scans_to_go())
            if self._sampler is not None or self._supervisor is not None:
                piece = min(piece, self._sample_scans - scan % self._sample_scans)
            self.live.advance(piece)
            scans -= piece
            if self._sampler is not None and int(self.live.core.scan) % self._sample_scans == 0:
                self._sampler.take(self._compose())
            if int(self.live.core.scan) % self._ring.every == 0:
                self._ring.add(int(self.live.core.scan), self.live.arrays())
            if self._supervisor is not None and int(self.live.core.scan) % self._sample_scans == 0:
                self._image = self._compose()
                self._supervisor.judge(self._image)
                self._apply()
                if running and not self._running:
                    break

    def _compose(self, diagnose: bool = True) -> ProcessImage:
        simulation = {
            "Time": self.live.plant_time,
            "Elapsed": float(self.live.core.time),
            "Speed": self._pace.speed,
            "ActualSpeed": self._actual_speed,
            "Running": float(self._running),
            "ScanPeriod": self.scan_period,
            "ScanTime": 1e3 * self._scan_wall,
            "ScanCount": float(self.live.core.scan),
            "Overruns": float(self._pace.overruns),
            "Seed": float(self.live.seed),
            "Branch": float(self._branch),
            "Pacing": 1.0 if self._waits_for_storage else 2.0 if self._waiting and self._running else 0.0,
            "Lockstep": float(self._lockstep),
            "LockstepTimeouts": float(self._lockstep_timeouts),
            "Scenario": float(self._scenario),
        }
        now = time.monotonic()
        for name, timing in (("Lateness", self._lateness), ("LoopLatency", self._loop_latency)):
            simulation |= {f"{name}{which}": 1e3 * seconds for which, seconds in timing.figures(now).items()}
        simulation |= self._racks.ages(now)
        return self.live.image(simulation, stopped=self.failure is not None, diagnose=diagnose)

    def _publish(self, *, diagnose: bool = True) -> None:
        """Replace the image and tell the listeners."""
        now = time.monotonic()
        if self._rack_written is not None and int(self.live.core.scan) > self._image.scan:
            self._loop_latency.note(now - self._rack_written)
            self._rack_written = None
        if now > self._published:
            speed = (float(self.live.core.time) - self._image.plant_time + self.live.epoch) / (now - self._published)
            self._actual_speed += 0.3 * (speed - self._actual_speed) if self._running else -self._actual_speed
        self._published = now
        self._image = self._compose(diagnose)
        self._record.flush()
        self._desk.deliver()
        if self._sampler is not None:
            self._sampler.take(self._image)
        for listener in tuple(self._listeners):
            try:
                listener(self._image)
            except Exception:
                log.exception("a listener raised and is dropped")
                self._unlisten(listener)


def _with_scenarios(tags: TagTable, names: tuple[str, ...]) -> TagTable:
    """With the scenarios' names for `Simulation.Scenario` to show; the first is empty."""
    return TagTable([replace(tag, states=names) if tag.name == "Simulation.Scenario" else tag for tag in tags])
