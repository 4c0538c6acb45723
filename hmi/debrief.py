"""What a session was worth and why: the report that the server writes once it is over, as a display needs it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hmi.format import elapsed


class NotADebrief(Exception):
    """A text is no report of a session; the message says why."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion, or what was taken off. expert: his evidence, empty where nobody knows it."""

    competency: str
    title: str
    points: float
    of: float
    evidence: str
    expert: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened. at: s since the beginning. kind: as in the report, such as alarm or action.

    priority: of an alarm, 0 for all else.
    """

    at: float
    kind: str
    name: str
    text: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """What the scenario let fail, from since until s after the beginning."""

    name: str
    text: str
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Run:
    """A value over one run: times, s since the beginning, and values, nan where bad."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Compared:
    """A value over the trainee's run and the expert's, who may have none. normal: its band where it has one."""

    tag: str
    title: str
    eu: str
    trainee: Run
    expert: Run
    normal: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Debrief:
    """The report. began: plant time, s since 1970. seconds: length in plant time."""

    title: str
    trainee: str
    began: float
    seconds: float
    score: float
    pass_at: float
    verdict: str
    expert_score: float | None
    competencies: tuple[tuple[str, float, float], ...]
    """Name, points, of how many."""
    judged: tuple[Judged, ...]
    marks: tuple[Mark, ...]
    failures: tuple[Failure, ...]
    trends: tuple[Compared, ...]
    happened: tuple[tuple[float, str], ...]
    lesson: str
    practise: tuple[str, ...]
    next: tuple[str, ...]


def from_json(text: str) -> Debrief:
    """The report of a JSON text. Raises NotADebrief."""
    try:
        return debrief_of(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise NotADebrief(f"the report cannot be read: {type(error).__name__}: {error}") from None


def debrief_of(facts: Mapping[str, Any]) -> Debrief:
    """The report of its facts. ValueError, KeyError, TypeError, AttributeError or OverflowError for what is none."""
    judged = [
        Judged(
            one["competency"], one["title"], float(one["points"]), float(one["of"]), one["evidence"],
            one.get("expert") or "",
        )
        for one in facts["criteria"]
    ]  # fmt: skip
    judged += [
        Judged("penalty", one["title"], -float(one["points"]), 0.0, elapsed(float(one["at"])))
        for one in facts["penalties"]
    ]
    expert = facts["expert_score"]
    return Debrief(
        title=facts["title"],
        trainee=facts["trainee"],
        began=datetime.fromisoformat(facts["plant_began"]).astimezone(UTC).timestamp(),
        seconds=float(facts["seconds"]),
        score=float(facts["score"]),
        pass_at=float(facts["pass_at"]),
        verdict=facts["verdict"],
        expert_score=None if expert is None else float(expert),
        competencies=tuple(
            (name, float(one["points"]), float(one["of"])) for name, one in facts["competencies"].items()
        ),
        judged=tuple(judged),
        marks=tuple(
            Mark(float(one["at"]), one["kind"], one["name"], one["text"], int(one.get("priority") or 0))
            for one in facts["timeline"]
        ),
        failures=tuple(
            Failure(one["malfunction"], one["text"], float(one["from"]), float(one["to"]))
            for one in facts.get("malfunctions", ())
        ),
        trends=tuple(
            Compared(
                one["tag"], one["description"], one["eu"], _run(one["times"], one["trainee"]),
                _run(one["expert_times"], one["expert"]), _band(one.get("normal")),
            )
            for one in facts["trends"]
        ),
        happened=tuple((float(one["at"]), one["text"]) for one in facts["happened"]),
        lesson=facts["lesson"],
        practise=tuple(facts["practise"]),
        next=tuple(facts["next"]),
    )  # fmt: skip


def _run(times: Sequence[float], values: Sequence[float | None]) -> Run:
    count = min(len(times), len(values))
    return Run(np.array(times[:count], np.float64), np.array(values[:count], np.float64))  # None becomes nan


def _band(normal: Sequence[float] | None) -> tuple[float, float] | None:
    return (float(normal[0]), float(normal[1])) if normal else None
