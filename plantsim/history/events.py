"""The history of events: what was told, when, and where in the plant, in the history's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

EVENT_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY, branch INTEGER NOT NULL, time INTEGER NOT NULL,
    area TEXT NOT NULL, unit TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS event_time ON event (time, id);
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the plant. area, unit: empty for anywhere."""

    area: str = ""
    unit: str = ""

    def has(self, other: Place) -> bool:
        """Whether the other one is within this one."""
        return self.area in ("", other.area) and self.unit in ("", other.unit)


@dataclass(frozen=True, slots=True)
class Happening:
    """An event. id: rises by one with each. time: of the plant, µs. body: all of it, as whoever told it wrote it."""

    id: int
    branch: int
    time: int
    place: Place
    body: bytes

    @property
    def moment(self) -> tuple[int, int]:
        """Where it stands among others."""
        return self.time, self.id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: from ``start`` to before ``end``, µs, None without an end, or the other way round.

    beyond: the moment of the last one that is known already, None to begin.
    """

    start: int | None
    end: int | None
    place: Place = Place()
    beyond: tuple[int, int] | None = None

    @property
    def backward(self) -> bool:
        """Whether the newest comes first."""
        return self.start is None or (self.end is not None and self.start > self.end)

    def span(self) -> tuple[int, int]:
        """First and last time that it includes, µs."""
        forever = 2**62
        if self.backward:
            latest = self.start if self.start is not None else self.end
            earliest = self.end + 1 if self.start is not None and self.end is not None else -forever
            return earliest, forever if latest is None else latest
        assert self.start is not None
        if self.start == self.end:
            return self.start, self.start
        return self.start, forever if self.end is None else self.end - 1


def append_events(db: sqlite3.Connection, events: Iterable[Happening]) -> None:
    """Write events, within a transaction."""
    db.executemany(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)",
        [(one.id, one.branch, one.time, one.place.area, one.place.unit, one.body) for one in events],
    )


def newest_event(db: sqlite3.Connection) -> int:
    """The id of the newest; 0 where there is none."""
    return int(db.execute("SELECT COALESCE(MAX(id), 0) FROM event").fetchone()[0])


def read_events(
    db: sqlite3.Connection, wanted: Wanted, until: Mapping[int, int], pending: Sequence[Happening], most: int
) -> list[Happening]:
    """The first so many in the order wanted. until: µs, as far as branches go. pending: what is not yet written."""
    first, last = wanted.span()
    compare, order = ("<", "DESC") if wanted.backward else (">", "ASC")
    terms, values = ["time BETWEEN ? AND ?"], [first, last]
    if wanted.beyond is not None:
        terms.append(f"(time, id) {compare} (?, ?)")
        values += wanted.beyond
    parameters: list[object] = list(values)
    for name, value in (("area", wanted.place.area), ("unit", wanted.place.unit)):
        if value:
            terms.append(f"{name} = ?")
            parameters.append(value)
    query = f"SELECT id, branch, time, area, unit, body FROM event WHERE {' AND '.join(terms)}"
    rows = db.execute(f"{query} ORDER BY time {order}, id {order}", parameters)
    found: dict[int, Happening] = {}
    for number, branch, time, area, unit, body in rows:
        if time < until.get(branch, 0):
            found[number] = Happening(number, branch, time, Place(area, unit), body)
            if len(found) == most:
                break
    for one in pending:
        beyond = wanted.beyond is None or (
            one.moment < wanted.beyond if wanted.backward else one.moment > wanted.beyond
        )
        if beyond and first <= one.time <= last and wanted.place.has(one.place) and one.time < until.get(one.branch, 0):
            found[one.id] = one
    return sorted(found.values(), key=lambda one: one.moment, reverse=wanted.backward)[:most]
