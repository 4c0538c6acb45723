"""The station's journal: what was done here, what the alarms did, what became of the connection, newest last."""

from __future__ import annotations

import csv
import io
import math
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

MOST = 5000
"""Entries kept; the oldest go first."""


class Kind(Enum):
    """What an entry is about."""

    ACTION = "ACTION"
    ALARM = "ALARM"
    PROCEDURE = "PROC"
    NOTE = "NOTE"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal."""

    number: int
    """Counts from 1 in the order in which the station wrote them."""
    time: float
    """Plant time, s since 1970; nan where it was not known."""
    wall: datetime
    """When it was written, or the server told of it, in wall-clock UTC."""
    kind: Kind
    who: str
    tag: str
    text: str
    instructs: bool = False
    """Whether it is of an instructor's doings with the run, which may be what somebody is to find out."""

    @property
    def id(self) -> str:
        """What a list knows it by."""
        return str(self.number)


class Journal:
    """Entries in the order they came, as many as are kept; what the server remembers stands where it happened."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._entries: list[Entry] = []
        self._by_id: dict[str, Entry] = {}
        self._count = 0

    def add(
        self, time: float, kind: Kind, who: str, tag: str, text: str, wall: datetime | None = None,
        instructs: bool = False,
    ) -> Entry:  # fmt: skip
        """Write an entry; ``time`` is plant time, ``wall`` when it was told of: by default now."""
        self._count += 1
        entry = Entry(self._count, time, wall or datetime.now(UTC), kind, who, tag, text, instructs)
        if wall is None:
            self._entries.append(entry)
        else:
            insort(self._entries, entry, key=lambda one: one.wall)
        self._by_id[entry.id] = entry
        if len(self._entries) > self._most:
            del self._by_id[self._entries.pop(0).id]
        return entry

    def newest_first(self) -> Iterator[Entry]:
        """All entries kept."""
        return reversed(self._entries)

    def get(self, id_: str) -> Entry | None:
        """The entry of an id, if it is still kept."""
        return self._by_id.get(id_)

    def __len__(self) -> int:
        return len(self._entries)


def as_csv(entries: Iterable[Entry]) -> str:
    """Entries as CSV with a header, times in ISO 8601."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("plant_time", "wall_time", "kind", "who", "tag", "text"))
    for entry in entries:
        plant = "" if math.isnan(entry.time) else datetime.fromtimestamp(entry.time, UTC).isoformat()
        writer.writerow((plant, entry.wall.isoformat(), entry.kind.value, entry.who, entry.tag, entry.text))
    return out.getvalue()
