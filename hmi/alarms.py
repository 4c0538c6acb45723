"""The alarm list: what is active or unacknowledged, in the order an operator works it off."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from hmi.model import Alarm

FIELDS = ("ActiveState.Id", "AckedState.Id", "EventId", "Time")
"""What is watched of each condition."""


class AlarmState(Enum):
    """ISA-18.2 states as far as the list tells them apart."""

    NORMAL = "normal"
    UNACKED = "UNACK"
    ACKED = "ACKED"
    RETURNED = "RTN-U"
    """Back to normal but never acknowledged."""


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """One alarm as it stands."""

    alarm: Alarm
    active: bool = False
    acked: bool = True
    time: float = math.nan
    """When it last changed, s since 1970 in plant time."""
    event_id: bytes = b""
    """Of the change the operator sees; what an acknowledgement must name."""

    @property
    def state(self) -> AlarmState:
        """Where the alarm stands."""
        if self.active:
            return AlarmState.ACKED if self.acked else AlarmState.UNACKED
        return AlarmState.NORMAL if self.acked else AlarmState.RETURNED


class AlarmBook:
    """All alarms of the plant; ``put`` is called by notifications."""

    def __init__(self) -> None:
        self._records: dict[str, AlarmRecord] = {}
        self._by_tag: dict[str, list[str]] = {}
        self._list: list[AlarmRecord] | None = None
        self.version = 0
        self.stale = True
        """Whether the list is only what was last heard before the connection was lost."""
        self.annunciated = 0
        """Counts the alarms that became active and unacknowledged since the start; the bell follows it."""

    def lay_out(self, alarms: Iterable[Alarm]) -> None:
        """Prepare a record for every alarm after a browse."""
        self._records = {alarm.name: AlarmRecord(alarm) for alarm in alarms}
        self._by_tag = {}
        self.stale = False
        for name, record in self._records.items():
            self._by_tag.setdefault(record.alarm.tag, []).append(name)
        self._changed()

    def put(self, name: str, field: str, value: object) -> None:
        """Take a notification of one of ``FIELDS`` in."""
        before = self._records[name]
        if field == "ActiveState.Id":
            after = replace(before, active=bool(value))
        elif field == "AckedState.Id":
            after = replace(before, acked=bool(value))
        elif field == "EventId":
            after = replace(before, event_id=value if isinstance(value, bytes) else b"")
        else:
            after = replace(before, time=float(value) if isinstance(value, int | float) else math.nan)
        if after == before:
            return
        self._records[name] = after
        if after.state is AlarmState.UNACKED and before.state is not AlarmState.UNACKED:
            self.annunciated += 1
        self._changed()

    def lose(self) -> None:
        """The connection is gone. The list stays as it was, marked: an empty one would say that all is well."""
        self.stale = True
        self.version += 1

    def get(self, name: str) -> AlarmRecord | None:
        """The record of one alarm."""
        return self._records.get(name)

    def of_tag(self, tag: str) -> list[AlarmRecord]:
        """All alarms of a tag object, whatever their state."""
        return [self._records[name] for name in self._by_tag.get(tag, ())]

    def standing(self) -> list[AlarmRecord]:
        """Active or unacknowledged: unacknowledged first, then by priority, then the newest first."""
        if self._list is None:
            found = [record for record in self._records.values() if record.state is not AlarmState.NORMAL]
            self._list = sorted(
                found, key=lambda r: (r.acked, r.alarm.priority, -(r.time if math.isfinite(r.time) else 0.0))
            )
        return self._list

    def worst(self, tag: str) -> AlarmRecord | None:
        """The standing alarm that marks a tag: the highest priority, active before returned."""
        found = [record for record in self.of_tag(tag) if record.state is not AlarmState.NORMAL]
        return min(found, key=lambda r: (not r.active, r.alarm.priority, r.acked), default=None)

    def worst_of_area(self, area: str) -> AlarmRecord | None:
        """The standing alarm that marks a section."""
        found = [record for record in self.standing() if record.alarm.area == area]
        return min(found, key=lambda r: (not r.active, r.alarm.priority, r.acked), default=None)

    def counts(self) -> tuple[dict[int, int], int]:
        """Active alarms by priority, and how many alarms are unacknowledged."""
        active = dict.fromkeys((1, 2, 3, 4), 0)
        for record in self.standing():
            if record.active:
                active[record.alarm.priority] = active.get(record.alarm.priority, 0) + 1
        return active, sum(not record.acked for record in self.standing())

    def _changed(self) -> None:
        self._list = None
        self.version += 1
