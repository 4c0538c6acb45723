"""What happened in a session: the scenario's events, the trainee's actions, alarms, displays, and trends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from plantsim.alarms.metrics import Annunciation
from plantsim.engine.image import BAD, ProcessImage
from plantsim.engine.journal import Event
from plantsim.model.tag import AlarmPoint, Tag

MOST_SAMPLES = 400
"""Points of a trend: as many as a plot has columns for."""


class Kind(Enum):
    """What an entry of the record is about."""

    SCENARIO = "scenario"
    ACTION = "action"
    REFUSED = "refused"
    ACKNOWLEDGE = "acknowledge"
    ALARM = "alarm"
    RETURN = "return"
    TRIP = "trip"
    DISPLAY = "display"
    HINT = "hint"
    MESSAGE = "message"
    PENALTY = "penalty"


@dataclass(frozen=True, slots=True)
class Entry:
    """at: s of plant time since the scenario began. name: tag, alarm, event or display. hidden: from the trainee
    while the scenario runs."""

    at: float
    kind: Kind
    name: str
    text: str
    after: str = ""
    hidden: bool = False


@dataclass(slots=True)
class Record:
    """Grows while the scenario runs. every: s between two points of a trend."""

    trends: tuple[Tag, ...]
    every: float
    alarms: dict[str, AlarmPoint]
    entries: list[Entry] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    samples: list[list[float | None]] = field(default_factory=list)

    @classmethod
    def begin(cls, trends: tuple[Tag, ...], length: float, alarms: Sequence[AlarmPoint]) -> Record:
        """An empty one for a scenario of at most `length` s."""
        every = max(1.0, float(round(length / MOST_SAMPLES)))
        return cls(trends, every, {alarm.name: alarm for alarm in alarms}, samples=[[] for _ in trends])

    def note(self, entry: Entry) -> Entry:
        """Put an entry on record."""
        self.entries.append(entry)
        return entry

    def sample(self, at: float, image: ProcessImage) -> None:
        """A point of every trend, if one is due; none for what is Bad."""
        if self.times and at - self.times[-1] < self.every - 1e-6:
            return
        self.times.append(at)
        for points, tag in zip(self.samples, self.trends, strict=True):
            bad = image.status[tag.row] & BAD
            points.append(None if bad else float(f"{image.value[tag.row]:.6g}"))

    def of(self, kind: Kind) -> list[Entry]:
        """Entries of one kind."""
        return [entry for entry in self.entries if entry.kind is kind]

    def annunciations(self) -> list[Annunciation]:
        """Alarms that came, with when each was acknowledged and went."""
        open_: dict[str, list[float | None]] = {}
        done: list[tuple[str, list[float | None]]] = []
        for entry in self.entries:
            if entry.kind is Kind.ALARM:
                times: list[float | None] = [entry.at, None, None]
                open_[entry.name] = times
                done.append((entry.name, times))
            elif entry.kind in (Kind.ACKNOWLEDGE, Kind.RETURN) and entry.name in open_:
                place = 1 if entry.kind is Kind.ACKNOWLEDGE else 2
                if open_[entry.name][place] is None:
                    open_[entry.name][place] = entry.at
        return [Annunciation(name, came or 0.0, acked, went) for name, (came, acked, went) in done]


def entry_of(event: Event, at: float) -> Entry | None:
    """A journal's event as an entry; None for what a session's record does not keep."""
    match event.kind.value, event.what:
        case "action", "written":
            return Entry(at, Kind.ACTION, event.source, f"{event.before} -> {event.after}", event.after)
        case "action", "refused":
            return Entry(at, Kind.REFUSED, event.source, f"{event.after}: {event.comment}", event.after)
        case "alarm", "came":
            return Entry(at, Kind.ALARM, event.source, "came")
        case "alarm", "went":
            return Entry(at, Kind.RETURN, event.source, "went")
        case "alarm", "acknowledged":
            return Entry(at, Kind.ACKNOWLEDGE, event.source, "acknowledged")
        case "trip", what:
            return Entry(at, Kind.TRIP, event.source, what)
        case _:
            return None
