"""The score: points by criterion and competency, each with its line of evidence, and what was taken off."""

from __future__ import annotations

from dataclasses import dataclass

from plantsim.training.scenario import Competency

HALF = 0.5
"""Share below which a required criterion fails the scenario."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One criterion. share: of its points, 0..1; None while open, which counts as 0."""

    id: str
    title: str
    competency: Competency
    weight: float
    share: float | None
    required: bool
    evidence: str
    practise: str

    @property
    def points(self) -> float:
        """Of 100."""
        return self.weight * (self.share or 0.0)


@dataclass(frozen=True, slots=True)
class Loss:
    """Points taken off, and why."""

    at: float
    title: str
    points: float


@dataclass(frozen=True, slots=True)
class Score:
    """As of a moment. failed: what ended the scenario as failed, empty for nothing."""

    marks: tuple[Mark, ...]
    losses: tuple[Loss, ...]
    pass_at: float
    failed: str = ""

    @property
    def total(self) -> float:
        """Points of 100."""
        return max(0.0, sum(mark.points for mark in self.marks) - sum(loss.points for loss in self.losses))

    @property
    def missed(self) -> tuple[Mark, ...]:
        """Required criteria that have less than half of their points."""
        return tuple(mark for mark in self.marks if mark.required and (mark.share or 0.0) < HALF)

    @property
    def passed(self) -> bool:
        """Points enough, everything required, and nothing that fails it."""
        return not self.failed and not self.missed and self.total >= self.pass_at

    def by_competency(self) -> dict[str, tuple[float, float]]:
        """Points and weight of each competency that is judged."""
        result: dict[str, tuple[float, float]] = {}
        for one in Competency:
            marks = [mark for mark in self.marks if mark.competency is one]
            if marks:
                result[one.value] = sum(mark.points for mark in marks), sum(mark.weight for mark in marks)
        return result

    @property
    def verdict(self) -> str:
        """In a line."""
        if self.failed:
            return f"failed: {self.failed}"
        if self.missed:
            return "failed: " + ", ".join(f"{mark.title} is required" for mark in self.missed)
        return "passed" if self.passed else f"failed: {self.total:.0f} of {self.pass_at:g} points"
