"""The alarm list: what is active or unacknowledged, in the order an operator works it off."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from hmi.model import Alarm

FIELDS = ("ActiveState.Id", "AckedState.Id", "EventId", "Time")
"""What is watched of each condition."""
OPTIONAL = ("ShelvingState.CurrentState", "SuppressedState.Id", "OutOfServiceState.Id")
"""What is watched where the server has it."""
UNSHELVED = "Unshelved"
"""Name of the shelving state of an alarm that is not shelved."""
TRANSITIONS = 5000
"""Changes kept for the history and the metrics."""


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
    shelved: str = ""
    """``Timed Shelved`` or ``One Shot Shelved``; empty when it is not."""
    suppressed: bool = False
    """By design: the plant's logic says that it means nothing now."""
    out_of_service: bool = False

    @property
    def withheld(self) -> str:
        """Why it is not annunciated, in a word; empty when it is."""
        if self.out_of_service:
            return "out of service"
        if self.suppressed:
            return "suppressed"
        return self.shelved.lower().removesuffix(" shelved") + " shelved" if self.shelved else ""

    @property
    def state(self) -> AlarmState:
        """Where the alarm stands."""
        if self.active:
            return AlarmState.ACKED if self.acked else AlarmState.UNACKED
        return AlarmState.NORMAL if self.acked else AlarmState.RETURNED


@dataclass(frozen=True, slots=True)
class Transition:
    """One alarm's change of state."""

    alarm: Alarm
    before: AlarmState
    after: AlarmState
    time: float
    """Of the condition's change, plant time in s since 1970."""
    seen: float
    """Plant time at which this station saw it."""


class AlarmBook:
    """All alarms of the plant; ``put`` is called by notifications."""

    def __init__(self) -> None:
        self._records: dict[str, AlarmRecord] = {}
        self._by_tag: dict[str, list[str]] = {}
        self._list: list[AlarmRecord] | None = None
        self._settled: dict[str, AlarmRecord] = {}
        self._touched: set[str] = set()
        self.transitions: deque[Transition] = deque(maxlen=TRANSITIONS)
        """Changes of state in the order they were seen, without those found at a browse."""
        self.changes = 0
        """Counts the transitions, those no longer kept included."""
        self.watched_since = math.nan
        """Plant time of the first look at the alarms."""
        self.version = 0
        self.stale = True
        """Whether the list is only what was last heard before the connection was lost."""
        self.annunciated = 0
        """Counts the alarms that became active and unacknowledged since the start; the bell follows it."""

    def lay_out(self, alarms: Iterable[Alarm]) -> None:
        """Prepare a record for every alarm after a browse."""
        self._records = {alarm.name: AlarmRecord(alarm) for alarm in alarms}
        self._by_tag = {}
        self._settled = {}
        self._touched = set()
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
        elif field == "Time":
            after = replace(before, time=float(value) if isinstance(value, int | float) else math.nan)
        elif field == "ShelvingState.CurrentState":
            after = replace(before, shelved="" if value in (UNSHELVED, None) else str(value))
        elif field == "SuppressedState.Id":
            after = replace(before, suppressed=bool(value))
        else:
            after = replace(before, out_of_service=bool(value))
        self._touched.add(name)
        if after == before:
            return
        self._records[name] = after
        if after.state is AlarmState.UNACKED and before.state is not AlarmState.UNACKED:
            self.annunciated += 1
        self._changed()

    def settle(self, now: float) -> None:
        """Take the records as they stand now, after a whole notification: what differs from before is a transition.

        ``now`` is plant time. The first state of an alarm after a browse is where it stands, not a change.
        """
        if math.isnan(self.watched_since):
            self.watched_since = now
        for name in sorted(self._touched, key=lambda name: (self._records[name].time, name)):
            record = self._records[name]
            before = self._settled.get(name)
            self._settled[name] = record
            if before is not None and before.state is not record.state:
                self.transitions.append(Transition(record.alarm, before.state, record.state, record.time, now))
                self.changes += 1
        self._touched.clear()

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
            found = [r for r in self._records.values() if r.state is not AlarmState.NORMAL and not r.withheld]
            self._list = sorted(
                found, key=lambda r: (r.acked, r.alarm.priority, -(r.time if math.isfinite(r.time) else 0.0))
            )
        return self._list

    def withheld(self) -> list[AlarmRecord]:
        """Shelved, suppressed or out of service: those that would stand first, then by priority."""
        found = [record for record in self._records.values() if record.withheld]
        return sorted(found, key=lambda r: (r.state is AlarmState.NORMAL, r.alarm.priority, r.alarm.name))

    def worst(self, tag: str) -> AlarmRecord | None:
        """The standing alarm that marks a tag: the highest priority, active before returned."""
        found = [r for r in self.of_tag(tag) if r.state is not AlarmState.NORMAL and not r.withheld]
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
