"""A replay: where its time cursor is and how fast it moves, what happened in the session, and what it was worth."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hmi.debrief import Debrief, debrief_of
from hmi.exercise import Criterion, Exercise

SPEEDS = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0)
"""Times real time."""
LEAD = 2.0
"""Seconds before an event at which a replay goes on after a leap to it."""
TELLING = ("action", "refused", "alarm", "trip", "hint", "message", "scenario", "penalty")
"""Kinds of what happened that the cursor leaps to."""


class NotASession(Exception):
    """A file is no record of a session that could be replayed; the text says why."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something of the session. time: plant time, s since 1970. kind: as in the debrief, such as action or alarm."""

    time: float
    kind: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Session:
    """What is replayed, from start to end (s since 1970, plant time)."""

    start: float
    end: float
    title: str = ""
    happenings: tuple[Happening, ...] = ()
    exercise: Exercise | None = None
    """As it ended."""


@dataclass(slots=True)
class Player:
    """The time cursor. It goes no further than ``ready``, up to where the values are known."""

    session: Session
    cursor: float = field(init=False)
    ready: float = field(init=False)
    speed: float = 1.0
    playing: bool = True
    leaps: int = 0
    """Counts the leaps: after one the values are to be read anew."""

    def __post_init__(self) -> None:
        self.cursor = self.ready = self.session.start

    @property
    def at_end(self) -> bool:
        """Whether there is no more to come."""
        return self.cursor >= self.session.end

    @property
    def reads(self) -> bool:
        """Whether the cursor waits for values that are being read."""
        return self.cursor >= self.ready and not self.at_end

    @property
    def share(self) -> float:
        """How much of the session lies behind the cursor, 0 to 1."""
        length = self.session.end - self.session.start
        return (self.cursor - self.session.start) / length if length > 0 else 1.0

    def advance(self, seconds: float) -> None:
        """Let wall time pass."""
        if self.playing:
            self.cursor = min(self.cursor + seconds * self.speed, self.ready, self.session.end)
            self.playing = not self.at_end

    def toggle(self) -> None:
        """Play or pause; at the end from the beginning."""
        if not self.playing and self.at_end:
            self.leap(self.session.start)
        self.playing = not self.playing

    def faster(self, notches: int) -> None:
        """Change the speed by notches."""
        at = SPEEDS.index(self.speed) + notches
        self.speed = SPEEDS[max(0, min(len(SPEEDS) - 1, at))]

    def leap(self, time: float) -> None:
        """Move the cursor to a plant time, within the session."""
        self.cursor = self.ready = max(self.session.start, min(self.session.end, time))
        self.leaps += 1

    def next_happening(self, steps: int) -> Happening | None:
        """The next thing that happened (1), or the one before (-1); None where there is none."""
        told = [one for one in self.session.happenings if one.kind in TELLING]
        if steps > 0:
            return next((one for one in told if one.time > self.cursor + LEAD + 0.5), None)
        return next((one for one in reversed(told) if one.time < self.cursor - 0.5), None)


def read_session(path: Path) -> Session:
    """The session of a debrief, from its JSON file. Raises NotASession or OSError."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotASession(f"{path}: no debrief's JSON: {error}") from None
    if not isinstance(facts, dict) or "timeline" not in facts:
        raise NotASession(f"{path}: found no timeline; allowed: the JSON of a debrief")
    if not facts.get("plant_began"):
        raise NotASession(f"{path}: does not say when it began in plant time; it was written by an older version")
    try:
        return _session(facts)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise NotASession(f"{path}: no debrief's JSON: {type(error).__name__}: {error}") from None


def _session(facts: Mapping[str, Any]) -> Session:
    start = datetime.fromisoformat(facts["plant_began"]).astimezone(UTC).timestamp()
    happenings = tuple(
        Happening(start + float(one["at"]), str(one["kind"]), str(one["name"]), str(one["text"]))
        for one in facts["timeline"]
    )
    return Session(start, start + float(facts["seconds"]), str(facts["title"]), happenings, _exercise(facts))


def _exercise(facts: Mapping[str, Any]) -> Exercise:
    messages = (one for one in facts["timeline"] if one["kind"] == "message")
    criteria = [
        Criterion(one["competency"], one["title"], f"{one['points']:g}", f"{one['of']:g}", one["evidence"])
        for one in facts["criteria"]
    ]
    criteria += [
        Criterion("penalty", one["title"], f"{-one['points']:g}", "0", _clock(one["at"])) for one in facts["penalties"]
    ]
    return Exercise(
        title=facts["title"],
        briefing=facts["briefing"],
        length=float(facts["seconds"]),
        elapsed=float(facts["seconds"]),
        state="passed" if facts["passed"] else "failed",
        messages=tuple(f"{_clock(one['at'])} {one['text']}" for one in messages),
        score=float(facts["score"]),
        criteria=tuple(criteria),
        report=_report(facts),
    )


def _report(facts: Mapping[str, Any]) -> Debrief | None:
    """All of the debrief; None where an older version wrote less of it than is shown."""
    try:
        return debrief_of(facts)
    except KeyError:
        return None


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def marks(happenings: Sequence[Happening], start: float, end: float, cells: int) -> str:
    """A line of so many cells on which what happened has its letter: A alarm, T trip, S action, H hint, M message."""
    letters = {"alarm": "A", "trip": "T", "action": "S", "refused": "S", "hint": "H", "message": "M", "penalty": "P"}
    rank = "TAPHSM"
    line = ["·"] * cells
    for one in happenings:
        letter = letters.get(one.kind)
        if letter is None or not end > start or cells < 1:
            continue
        at = min(cells - 1, max(0, math.floor((one.time - start) / (end - start) * cells)))
        if line[at] == "·" or rank.index(letter) < rank.index(line[at]):
            line[at] = letter
    return "".join(line)
