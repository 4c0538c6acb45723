"""What an instructor chooses from and has done: malfunctions, what is injected, and states to go back to."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from hmi.entry import EntryError
from hmi.format import clock, duration

LISTS = ("ListMalfunctions", "ListInjected", "ListSnapshots")
"""Methods that the display cannot do without."""
FIELD_ACTIONS, FIELD = "ListFieldActions", "ListField"
"""What a field operator can do, and what he does; a server without a field operator has neither."""
SCENARIOS = "ListScenarios"
"""The Training object's; a server where nothing is practised has none."""
SNAPSHOT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
RESERVED = ("cold", "steady", "last")
"""Snapshots that nobody saves under."""
PLAIN_SPEEDS = (0.25, 1.0, 10.0, 60.0, 600.0, math.inf)
"""Times real time that the display names."""
LONGEST = 1e6
"""Seconds of a delay or a ramp."""

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_LENGTH = re.compile(r"(\d+(?:[.,]\d+)?)(s|min|m|h)?")


@dataclass(frozen=True, slots=True)
class Malfunction:
    """What may be injected. name: ``sweep-fan-trip@K-213A``. default: the target that its id alone stands for."""

    name: str
    title: str
    default: bool = False

    @property
    def target(self) -> str:
        """What it happens to."""
        return self.name.partition("@")[2]


@dataclass(frozen=True, slots=True)
class Injected:
    """An injected malfunction. level, severity: 0..1. delay, ramp: s of plant time. since: plant time, s since 1970.

    condition: what it waits for while it is armed, empty for others.
    """

    instance: str
    level: float
    severity: float
    delay: float
    ramp: float
    since: float
    condition: str = ""

    @property
    def name(self) -> str:
        """The malfunction, without the number of the instance."""
        return self.instance.rpartition("#")[0]

    def state(self, now: float) -> str:
        """In a word or two at a plant time: armed, waiting, growing or what it is."""
        if self.condition:
            return "ARMED"
        waits = self.since + self.delay - now
        if waits > 0 and self.level == 0:
            return f"in {duration(waits)}"
        if self.level < self.severity:
            return "growing"
        return "in force"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state to go on from. saved: wall time, s since 1970; nan for a start state."""

    name: str
    saved: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """What may be practised. length: s of plant time that it takes at most."""

    name: str
    title: str
    length: float


@dataclass(frozen=True, slots=True)
class FieldAction:
    """What a field operator can be asked to do. takes: s of plant time. needs: in words, or empty."""

    name: str
    takes: float
    needs: str


@dataclass(frozen=True, slots=True)
class FieldWork:
    """An action that was asked for. state: as the server words it. end: plant time at which it is or was over."""

    action: str
    state: str
    end: float

    def told(self, now: float) -> str:
        """``under way, 4 min left``, ``done 06:11:40`` or ``refused: P-201.RUN is Running``, at a plant time."""
        if self.under_way:
            return f"{self.state}, {duration(self.end - now)} left"
        return f"{self.state} {clock(self.end)}" if self.state == "done" else self.state

    @property
    def under_way(self) -> bool:
        """Whether somebody is at it."""
        return self.state == "under way"


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it, as the server told it last. reach: minutes that can be gone back. known: whether it told anything."""

    malfunctions: tuple[Malfunction, ...] = ()
    injected: tuple[Injected, ...] = ()
    actions: tuple[FieldAction, ...] = ()
    field: tuple[FieldWork, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    reach: float = 0.0
    known: bool = False


@dataclass(frozen=True, slots=True)
class Injection:
    """How a malfunction is to come. severity: 0..1. delay, ramp: s of plant time. when: what it waits for, or empty."""

    severity: float
    delay: float
    ramp: float
    when: str = ""

    @property
    def text(self) -> str:
        """``60 %, after 2 min, growing over 5 min``; ``60 %, when AIC-201.PV < 0.8, after 2 min``."""
        begins = [f"when {self.when}"] if self.when else []
        if self.delay or not self.when:
            begins.append(f"after {duration(self.delay)}" if self.delay else "at once")
        growing = [f"growing over {duration(self.ramp)}"] if self.ramp else []
        return ", ".join([f"{100 * self.severity:g} %", *begins, *growing])


def parse_injection(text: str) -> Injection:
    """``60``, ``60 2m`` or ``60 %, 2m, 300``: severity, delay, ramp; s unless m or h is said. EntryError otherwise."""
    words = [bare for word in text.replace("%", " ").split() if (bare := word.rstrip(","))]
    try:
        severity = float(words[0].replace(",", ".")) if words else math.nan
        lengths = [_seconds(word) for word in words[1:]]
    except ValueError:
        severity, lengths = math.nan, []
    if not 0 < severity <= 100 or len(lengths) > 2 or any(length > LONGEST for length in lengths):
        raise EntryError(f"{text.strip()!r}: severity above 0 to 100 %, then delay and ramp if any, such as 60 2m 300s")
    delay, ramp = [*lengths, 0.0, 0.0][:2]
    return Injection(severity / 100.0, delay, ramp)


def _seconds(word: str) -> float:
    found = _LENGTH.fullmatch(word.casefold())
    if found is None:
        raise ValueError(word)
    return float(found[1].replace(",", ".")) * _UNITS[found[2] or ""]


def parse_speed(text: str) -> float:
    """``60``, ``x60`` or ``max``: times real time. EntryError otherwise."""
    typed = text.strip().casefold().removeprefix("x")
    if typed and "max".startswith(typed):
        return math.inf
    try:
        value = float(typed.replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise EntryError(f"{text.strip()!r} is no speed; allowed a number above 0, or max")
    return value


def parse_snapshot_name(text: str) -> str:
    """A name to save a state under. EntryError for what is none, or is taken by a state of the plant's own."""
    name = text.strip()
    if name in RESERVED:
        raise EntryError(f"{name} is a state of the plant's own; another name")
    if not SNAPSHOT_NAME.fullmatch(name):
        raise EntryError(f"{name!r} is no name; allowed 1 to 64 letters, digits, _ and -")
    return name
