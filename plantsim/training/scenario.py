"""A scenario: what is to happen, what the trainee is to make of it, and how that is judged. The facts of its file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from plantsim.model.plant import Plant, Unit
from plantsim.model.tag import AlarmPoint, Tag
from plantsim.training.watch import Watch, WritePattern

Setting = tuple[str, float | bool | int]


class Competency(Enum):
    """What a criterion is about."""

    DETECT = "detect"
    DIAGNOSE = "diagnose"
    ACT = "act"
    STABILISE = "stabilise"
    ALARMS = "alarm handling"


@dataclass(frozen=True, slots=True)
class Preparation:
    """What the start is not: units that are filled otherwise, and then values that are written, before the lead-in."""

    units: tuple[Unit, ...] = ()
    write: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class When:
    """A moment, in plant time: `at` s after the start of the scenario, or after the event `after`; and not before all
    of `when` has held for `hold` s."""

    at: float = 0.0
    after: str = ""
    when: tuple[Watch, ...] = ()
    hold: float = 0.0


@dataclass(frozen=True, slots=True)
class Injection:
    """A malfunction: severity 0..1; delay and ramp in s."""

    malfunction: str
    severity: float
    delay: float
    ramp: float


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the scenario: once its moment has come all of what it has is done. told: for the debrief."""

    id: str
    moment: When
    told: str
    inject: Injection | None
    clear: str
    write: tuple[Setting, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Hint:
    """Help that the trainee may ask for once its event has come."""

    text: str
    after: str


@dataclass(frozen=True, slots=True)
class Respond:
    """Something is to be done in time: an alarm acknowledged, a display opened, or a value written. Full points within
    `within` s of the event `after`, none after `late` s."""

    after: str
    within: float
    late: float
    acknowledge: tuple[AlarmPoint, ...] = ()
    display: tuple[str, ...] = ()
    write: tuple[WritePattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """A value is to stay between two limits, from `delay` s after the event on. most, none: shares of the time in the
    band that give all points, and none."""

    after: str
    delay: float
    tag: Tag
    low: float
    high: float
    most: float
    none: float


@dataclass(frozen=True, slots=True)
class Reach:
    """A state is to be reached: all of `when` for `hold` s; full points within `within` s, none after `late` s."""

    after: str
    when: tuple[Watch, ...]
    hold: float
    within: float
    late: float


@dataclass(frozen=True, slots=True)
class Order:
    """Writes that are to be made in this order; each that is gives its part of the points."""

    steps: tuple[WritePattern, ...]


@dataclass(frozen=True, slots=True)
class Avoid:
    """What must not happen, a state, a write, or a write while the state holds; all points until it does."""

    when: tuple[Watch, ...]
    write: tuple[WritePattern, ...]


@dataclass(frozen=True, slots=True)
class AlarmHandling:
    """Alarms are to be acknowledged within `acknowledge` s each, and to be no more than `most` in any ten minutes."""

    acknowledge: float
    most: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure at the end: `full` gives all points, `none` gives none. change: its change since the start."""

    tag: Tag
    full: float
    none: float
    change: bool


Rule = Respond | Band | Reach | Order | Avoid | AlarmHandling | Figure


@dataclass(frozen=True, slots=True)
class Criterion:
    """weight: points of 100. required: less than half of its points fails the scenario. practise: what to, if it went
    badly."""

    id: str
    title: str
    competency: Competency
    weight: float
    required: bool
    practise: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Penalty:
    """Points that are lost each time `when` begins to hold."""

    title: str
    points: float
    when: tuple[Watch, ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """A step of a script. wait: s after the step before; write, acknowledge (``all`` or names), display, hint: done."""

    moment: When
    write: tuple[Setting, ...]
    acknowledge: tuple[str, ...]
    display: str
    hint: bool


@dataclass(frozen=True, slots=True)
class Script:
    """What an operator does, in order, with the operator's rights. acknowledges: every alarm so many s after it came;
    0 only those that a step names."""

    title: str
    steps: tuple[Deed, ...]
    acknowledges: float = 0.0


@dataclass(frozen=True, slots=True)
class End:
    """at: s; or before, once all of `when` has held for `hold` s. fail: what ends and fails it at once."""

    at: float
    when: tuple[Watch, ...]
    hold: float
    fail: tuple[Watch, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """All of a scenario file.

    start: ``steady``, ``cold`` or a snapshot's name. initial: what is made of that. lead_in: s of plant time that then
    pass before it begins. speed: times real time.
    pass_at: points. hint_points: lost with each hint. trends: values that the debrief plots.
    """

    id: str
    title: str
    plant: Plant
    path: Path
    briefing: str
    start: str
    initial: Preparation
    lead_in: float
    seed: int
    speed: float
    pass_at: float
    hint_points: float
    happenings: tuple[Happening, ...]
    hints: tuple[Hint, ...]
    criteria: tuple[Criterion, ...]
    penalties: tuple[Penalty, ...]
    end: End
    expert: Script
    wrong: Script
    trends: tuple[Tag, ...]
    lesson: str
    next: tuple[str, ...]

    @property
    def length(self) -> float:
        """s of plant time that it takes at most."""
        return self.end.at
