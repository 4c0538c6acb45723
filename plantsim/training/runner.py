"""Runs a scenario over an engine: lets its events happen, keeps the record, and judges every second of plant time.

It follows the engine from inside (``Engine.supervise``), so that the same scenario with the same actions at the same
scans has the same score at any speed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from plantsim.engine.chronicle import FIELD
from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.engine.image import ProcessImage
from plantsim.engine.journal import Event, EventKind
from plantsim.model.tag import Role
from plantsim.training.judges import clock, judge_of
from plantsim.training.record import Entry, Kind, Record, entry_of
from plantsim.training.scenario import Happening, Scenario, Setting, When
from plantsim.training.score import Loss, Mark, Score
from plantsim.training.watch import all_hold

log = logging.getLogger("plantsim.training")

SCENARIO = Origin(Role.INSTRUCTOR, "scenario", "scenario")
"""Who does what the scenario file says."""


def prepare(scenario: Scenario, engine: Engine) -> None:
    """Make of the scenario's start what its `initial` says. The lead-in comes after that."""
    if scenario.initial.units:
        engine.charge(scenario.initial.units)
    _write(scenario, "initial", scenario.initial.write, engine)


def _write(scenario: Scenario, what: str, settings: Sequence[Setting], engine: Engine) -> None:
    for (name, _), refusal in zip(settings, engine.write(settings, SCENARIO), strict=True):
        if refusal is not None:
            log.error("scenario %s, %s: %s: %s", scenario.id, what, name, refusal.value)


class Moment:
    """Waits for a When."""

    def __init__(self, when: When) -> None:
        self.when = when
        self.holds: float | None = None

    def has_come(self, at: float, image: ProcessImage, came: dict[str, float]) -> bool:
        """Whether it has, by now; to be asked every second."""
        since = came.get(self.when.after)
        if since is None or at < since + self.when.at or not all_hold(self.when.when, image):
            self.holds = None
            return False
        self.holds = at if self.holds is None else self.holds
        return at - self.holds >= self.when.hold


class Runner:
    """A session of one scenario.

    follow: called every second of plant time with the seconds since the start, after the scenario's own events, as an
    expert's script is. Methods may be called from any thread.
    """

    def __init__(self, scenario: Scenario, engine: Engine, follow: Callable[[float, ImageAndCame], None] | None = None):
        self.scenario = scenario
        self.engine = engine
        self.record = Record.begin(scenario.trends, scenario.end.at, engine.alarms)
        self.messages: list[tuple[float, str]] = []
        """To the trainee, with when they came."""
        self.ended: Future[Score] = Future()
        self.debrief = ""
        """Where its report is, once there is one."""
        self.report = ""
        """All of the report, as JSON, once there is one."""
        self.plant_began = engine.image.plant_time
        """Plant time at which it began, seconds since 1970."""
        self._follow = follow
        self._begun = self._scan = engine.image.scan
        self._at = 0.0
        self._came: dict[str, float] = {"": 0.0}
        self._waiting = [(Moment(one.moment), one) for one in scenario.happenings]
        self._judges = [judge_of(one.rule) for one in scenario.criteria]
        self._penalised = [False] * len(scenario.penalties)
        self._losses: list[Loss] = []
        self._hints = list(scenario.hints)
        self._end = Moment(When(when=scenario.end.when, hold=scenario.end.hold))
        self._failed = ""
        self._lock = threading.RLock()
        """Of what is told from outside, between two scans: the score, hints and displays."""
        for judge in self._judges:
            judge.see(0.0, engine.image, self._came)
        self.record.sample(0.0, engine.image)
        engine.supervise(self)

    # ------------------------------------------------------------------ what the engine tells

    def hear(self, event: Event) -> None:
        """Something went on record; the scenario's own doings and the run's do not count."""
        if self.ended.done() or event.via == SCENARIO.via:
            return
        if event.via == FIELD.via:  # the trainee hears what came by radio, not what it has mended
            if event.kind is EventKind.ACTION:
                self.tell(f"Field: {event.what}.")
            return
        at = round((event.scan - self._begun) * self.engine.scan_period, 6)
        entry = entry_of(event, at)
        if entry is not None:
            self._note(entry)

    def judge(self, image: ProcessImage) -> None:
        """A second has passed."""
        with self._lock:
            if self.ended.done():
                return
            if image.scan <= self._scan:  # the instructor went back: the session goes on in its own time
                self._begun += image.scan - self._scan - max(1, round(1.0 / self.engine.scan_period))
            self._scan = image.scan
            at = self._at = round((image.scan - self._begun) * self.engine.scan_period, 6)
            for moment, one in tuple(self._waiting):
                if moment.has_come(at, image, self._came):
                    self._waiting.remove((moment, one))
                    self._let_happen(one, at)
            self._penalise(at, image)
            for judge in self._judges:
                judge.see(at, image, self._came)
            self.record.sample(at, image)
            if self._follow is not None:
                self._follow(at, (image, self._came))
            self._look_for_end(at, image)

    def _note(self, entry: Entry) -> None:
        with self._lock:
            self.record.note(entry)
            for judge in self._judges:
                judge.hear(entry, self._came)

    def _let_happen(self, one: Happening, at: float) -> None:
        self._came[one.id] = at
        self._note(Entry(at, Kind.SCENARIO, one.id, one.told or one.message or one.id, hidden=True))
        try:
            if one.inject is not None:
                how = one.inject
                self.engine.inject(how.malfunction, how.severity, how.delay, how.ramp, SCENARIO)
            if one.clear:
                self.engine.clear(one.clear, SCENARIO)
        except ValueError as error:
            log.error("scenario %s, event %s: %s", self.scenario.id, one.id, error)
        if one.write:
            _write(self.scenario, f"event {one.id}", one.write, self.engine)
        if one.message:
            self.tell(one.message)

    def _penalise(self, at: float, image: ProcessImage) -> None:
        for place, penalty in enumerate(self.scenario.penalties):
            holds = all_hold(penalty.when, image)
            if holds and not self._penalised[place]:
                self._lose(at, penalty.title, penalty.points)
            self._penalised[place] = holds

    def _lose(self, at: float, title: str, points: float) -> None:
        self._losses.append(Loss(at, title, points))
        self._note(Entry(at, Kind.PENALTY, "", f"{title} (-{points:g})"))

    def _look_for_end(self, at: float, image: ProcessImage) -> None:
        end = self.scenario.end
        if end.fail and all_hold(end.fail, image):
            self._failed = " and ".join(watch.text for watch in end.fail)
        over = at >= end.at or (bool(end.when) and self._end.has_come(at, image, self._came))
        if over or self._failed:
            self._finish(at)
            self._release()

    def _finish(self, at: float) -> None:
        score = self.score()
        self.tell(f"Scenario over at {clock(at)}: {score.total:.0f} of 100, {score.verdict}")
        self.ended.set_result(score)

    def _release(self) -> None:
        """Let the plant stand as it is. Not with our lock alone: the engine's comes before it."""
        self.engine.freeze()
        self.engine.end_scenario()

    # ------------------------------------------------------------------ what trainee and instructor ask

    @property
    def elapsed(self) -> float:
        """s of plant time since the start."""
        return self._at

    @property
    def state(self) -> str:
        """running, passed or failed."""
        return ("passed" if self.ended.result().passed else "failed") if self.ended.done() else "running"

    @property
    def lines(self) -> list[str]:
        """Messages to the trainee, each with its time."""
        with self._lock:
            return [f"{clock(at)} {text}" for at, text in self.messages]

    @property
    def points(self) -> float:
        """Of 100 so far."""
        return self.score().total

    @property
    def evidence(self) -> list[str]:
        """A line a criterion and a penalty, its parts divided by tabs."""
        score = self.score()
        marks = [
            f"{one.competency.value}\t{one.title}\t{one.points:.1f}\t{one.weight:g}\t{one.evidence}"
            for one in score.marks
        ]
        return marks + [f"penalty\t{one.title}\t{-one.points:g}\t0\t{clock(one.at)}" for one in score.losses]

    def score(self) -> Score:
        """As of now, or of the end."""
        if self.ended.done():
            return self.ended.result()
        with self._lock:
            marks = []
            for criterion, judge in zip(self.scenario.criteria, self._judges, strict=True):
                share, evidence = judge.verdict(self._at, self.record)
                marks.append(
                    Mark(
                        criterion.id, criterion.title, criterion.competency, criterion.weight,
                        None if share is None else round(share, 6), criterion.required, evidence, criterion.practise,
                    )
                )  # fmt: skip
            return Score(tuple(marks), tuple(self._losses), self.scenario.pass_at, self._failed)

    def tell(self, text: str) -> None:
        """A message to the trainee, from the scenario or the instructor."""
        with self._lock:
            self.messages.append((self._at, text))
            self._note(Entry(self._at, Kind.MESSAGE, "", text))

    def hint(self) -> str:
        """The next hint, at its price; a text that says so where there is none."""
        with self._lock:
            if self.ended.done():
                return "The scenario is over."
            ready = next((hint for hint in self._hints if hint.after in self._came), None)
            if ready is None:
                return "No hint is left." if not self._hints else "No hint yet."
            self._hints.remove(ready)
            self._note(Entry(self._at, Kind.HINT, "", ready.text))
            self._lose(self._at, "hint", self.scenario.hint_points)
            self.tell(f"Hint: {ready.text}")
            return ready.text

    def display_opened(self, name: str) -> None:
        """The trainee looks at a display: a section, ``alarms``, or a tag's faceplate."""
        with self._lock:
            if not self.ended.done():
                self._note(Entry(self._at, Kind.DISPLAY, name, "opened"))

    def debriefed(self, path: str, report: str) -> None:
        """Say where the report is, and what it says, as JSON."""
        self.report = report
        self.debrief = path
        self.tell(f"Debrief: {path}")
        self.engine.show()

    def finish(self) -> Score:
        """End it now, as it stands: what is open counts as 0."""
        with self._lock:
            ours = not self.ended.done()
            if ours:
                self._finish(self._at)
        if ours:
            self._release()
        return self.score()


ImageAndCame = tuple[ProcessImage, dict[str, float]]
