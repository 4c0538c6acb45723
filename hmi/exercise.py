"""A scenario that is practised, as the server tells of it."""

from __future__ import annotations

from dataclasses import dataclass

from hmi.debrief import Debrief


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a part of the score is for."""

    competency: str
    title: str
    points: str
    of: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Exercise:
    """What trainee or instructor knows of the scenario. length, elapsed: s of plant time.

    messages: each with its time before the first blank. score: of 100, None while it is the instructor's alone.
    """

    title: str
    briefing: str
    length: float
    elapsed: float
    state: str
    messages: tuple[str, ...] = ()
    debrief: str = ""
    score: float | None = None
    criteria: tuple[Criterion, ...] = ()
    report: Debrief | None = None
    """All of the debrief, once it is known here."""

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state != "running"
