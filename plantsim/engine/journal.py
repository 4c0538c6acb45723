"""The journal of events: operator actions, alarms, trips, lots and what the system did, in one stream that only grows.

An SQLite file in WAL mode: a commit is one write to the log, so that what is committed outlives a process killed at any
moment, and other programs may read while it grows. Commits are not forced to the disk one by one
(``synchronous=NORMAL``): that would stall the scan for as long as the disk takes, and would only matter when the
machine itself loses power, which may then cost the last entries but never the file. A line file would survive as well,
but could be asked nothing without being read whole.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from enum import Enum
from pathlib import Path

from plantsim.model.tag import Role

log = logging.getLogger("plantsim.journal")

WRITTEN = "written"
"""What an accepted write did."""
MOST_IN_MEMORY = 10_000
"""Entries of a journal without a file; the oldest make room."""
MOST_ANSWERED = 10_000
"""Entries that one query gives at most."""


class EventKind(Enum):
    """What an entry is about. What is MALFUNCTION only an instructor sees."""

    ACTION = "action"
    ALARM = "alarm"
    TRIP = "trip"
    LOT = "lot"
    SYSTEM = "system"
    MALFUNCTION = "malfunction"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened.

    scan: since the start. plant_time, wall: seconds since 1970. branch: of the run's time line. source: a tag, an
    alarm, an interlock, empty for the run itself. before, after: values as text. user, via: who, and by which way.
    """

    kind: EventKind
    scan: int
    plant_time: float
    wall: float
    branch: int
    source: str
    what: str
    before: str = ""
    after: str = ""
    user: str = ""
    via: str = ""
    comment: str = ""

    def __str__(self) -> str:
        who = f"{self.user} ({self.via}): " if self.via else ""
        change = f" {self.before} -> {self.after}" if self.before or self.after else ""
        comment = f", {self.comment}" if self.comment else ""
        return f"{who}{self.source} {self.what}{change}{comment}".replace("  ", " ")


@dataclass(frozen=True, slots=True)
class Entry:
    """An event on record. id: rises by one. session: counts the runs that wrote to this journal."""

    id: int
    session: int
    event: Event


_COLUMNS = tuple(field.name for field in fields(Event))
_REFUSED = "BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END"
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, session INTEGER NOT NULL,
    kind TEXT NOT NULL, scan INTEGER NOT NULL, plant_time REAL NOT NULL, wall REAL NOT NULL, branch INTEGER NOT NULL,
    {", ".join(f"{name} TEXT NOT NULL" for name in _COLUMNS[5:])}
);
CREATE INDEX IF NOT EXISTS entry_source ON entry (source, id);
CREATE INDEX IF NOT EXISTS entry_wall ON entry (wall);
CREATE TRIGGER IF NOT EXISTS entry_stands BEFORE UPDATE ON entry {_REFUSED};
"""
_STAYS = f"CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE DELETE ON entry {_REFUSED}"
_INSERT = f"INSERT INTO entry (session, {', '.join(_COLUMNS)}) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"


class JournalError(RuntimeError):
    """The journal cannot be opened, and why."""


class Journal:
    """An open journal; safe to use from any thread. path: of its file, None keeps the latest entries in memory only.

    Raises JournalError if the file cannot be opened or is none of ours.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.lost = ""
        """Why entries could not be written, empty if all were."""
        self._lock = threading.Lock()
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", timeout=5.0, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            if path is not None:
                self._db.execute(_STAYS)
            found = self._db.execute("SELECT COALESCE(MAX(session), 0), COALESCE(MAX(id), 0) FROM entry").fetchone()
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"{path}: found {error}, allowed a journal that can be written") from None
        self.session: int = found[0] + 1
        self._before: int = found[1]
        """Last entry of earlier runs."""

    def write(self, events: Sequence[Event]) -> None:
        """Put events on record, all or none. A journal that fails says so in the log, once; the plant runs on."""
        for event in events:
            log.info("%s", event)
        rows = [(self.session, event.kind.value, *astuple(event)[1:]) for event in events]
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    self._db.executemany(_INSERT, rows)
                    if self.path is None:
                        self._db.execute(
                            "DELETE FROM entry WHERE id <= (SELECT MAX(id) FROM entry) - ?", (MOST_IN_MEMORY,)
                        )
                    self._db.execute("COMMIT")
                except sqlite3.Error:
                    self._db.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            if not self.lost:
                log.error("%s: events are being lost: %s", self.path, error)
            self.lost = str(error)

    def entries(
        self,
        *,
        after: int = 0,
        kinds: Iterable[EventKind] | None = None,
        source: str | None = None,
        session: int | None = None,
        branch: int | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int = 1000,
        newest: bool = False,
        role: Role = Role.OPERATOR,
    ) -> list[Entry]:
        """Entries in the order in which they were written, the first `limit` of them or, with `newest`, the last.

        after: id after which to begin. source: exactly, or with its members where it ends in a dot. since, until: plant
        time, seconds since 1970. role: below instructor malfunctions are not shown.
        """
        wanted = set(EventKind if kinds is None else kinds)
        if role < Role.INSTRUCTOR:
            wanted.discard(EventKind.MALFUNCTION)
        terms, values = ["id > ?"], [after]
        terms.append(f"kind IN ({', '.join('?' * len(wanted))})")
        parameters: list[object] = [*values, *(kind.value for kind in wanted)]
        if source is not None and source.endswith("."):
            terms.append("substr(source, 1, ?) = ?")
            parameters += [len(source), source]
        elif source is not None:
            terms.append("source = ?")
            parameters.append(source)
        for term, value in (
            ("session = ?", session),
            ("branch = ?", branch),
            ("plant_time >= ?", since),
            ("plant_time <= ?", until),
        ):
            if value is not None:
                terms.append(term)
                parameters.append(value)
        parameters.append(min(limit, MOST_ANSWERED))
        query = (
            f"SELECT id, session, {', '.join(_COLUMNS)} FROM entry WHERE {' AND '.join(terms)} "
            f"ORDER BY id {'DESC' if newest else 'ASC'} LIMIT ?"
        )
        with self._lock:
            rows = self._db.execute(query, parameters).fetchall()
        found = [Entry(row[0], row[1], Event(EventKind(row[2]), *row[3:])) for row in rows]
        return found[::-1] if newest else found

    def last_writes(self, members: Iterable[str], reach: Mapping[int, float]) -> list[Event]:
        """The last accepted write of each of these members that was written in this run, the latest first.

        reach: scan before which a write counts, by branch; those of other branches were undone.
        """
        # from the newest on, member by member: one that a client writes every second has a million entries
        query = (
            f"SELECT id, {', '.join(_COLUMNS)} FROM entry WHERE source = ? AND id > ? AND session = ? AND kind = ? AND "
            "what = ? ORDER BY id DESC"
        )
        found: list[tuple[int, Event]] = []
        with self._lock:
            for member in members:
                values = (member, self._before, self.session, EventKind.ACTION.value, WRITTEN)
                for id_, kind, *facts in self._db.execute(query, values):
                    event = Event(EventKind(kind), *facts)
                    if event.scan < reach.get(event.branch, -math.inf):
                        found.append((id_, event))
                        break
        return [event for _, event in sorted(found, key=lambda one: one[0], reverse=True)]

    def close(self) -> None:
        """Close the file; idempotent."""
        with self._lock:
            self._db.close()
