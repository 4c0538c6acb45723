"""The alarm list: what is active or unacknowledged, in the order an operator works it off."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from hmi.model import Alarm

FIELDS = ("ActiveState.Id", "AckedState.Id", "EventId", "Time")
"""What is watched of each condition."""
STATE = FIELDS[:2]
"""Of these, what the state is made of."""
OPTIONAL = ("ShelvingState.CurrentState", "SuppressedState.Id", "OutOfServiceState.Id")
"""What is watched where the server has it."""
UNSHELVED = "Unshelved"
"""Name of the shelving state of an alarm that is not shelved."""
SEAM = 5.0
"""Seconds of plant time before it was asked in which the server's history may lack what was seen already."""
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
        return _state(self.active, self.acked)


@dataclass(frozen=True, slots=True)
class Transition:
    """One alarm's change of state."""

    alarm: Alarm
    before: AlarmState
    after: AlarmState
    time: float
    """Of the condition's change, plant time in s since 1970."""
    seen: float
    """Plant time at which this station saw it; of what the server remembers, when it happened."""

    @property
    def moment(self) -> float:
        """When it happened, whichever desk tells of it: as the server has it, else as it was seen."""
        return self.time if math.isfinite(self.time) else self.seen

    @property
    def key(self) -> tuple[str, int, AlarmState]:
        """What tells it from others, whoever told of it."""
        return self.alarm.name, round(1000 * self.time), self.after


@dataclass(frozen=True, slots=True)
class Told:
    """An alarm's state after an event of it, as the server remembers it. time: of the plant, s since 1970.

    wall: when the server told of it, s since 1970. who: did it, empty for nobody.
    """

    alarm: str
    time: float
    wall: float
    active: bool
    acked: bool
    who: str = ""


class Memory(Enum):
    """How far back a station knows what the alarms did."""

    ASKING = "history is being read"
    WHOLE = "with the server's history"
    CUT = "newest history only"
    NONE = "no history is kept"
    SILENT = "history not readable"


class AlarmBook:
    """All alarms of the plant; ``put`` is called by notifications."""

    def __init__(self) -> None:
        self._records: dict[str, AlarmRecord] = {}
        self._by_tag: dict[str, list[str]] = {}
        self._list: list[AlarmRecord] | None = None
        self._settled: dict[str, AlarmRecord] = {}
        self._touched: set[str] = set()
        self._unheard: dict[str, set[str]] = {}
        """What a state is made of and has not been heard of an alarm yet: first values may come in several messages."""
        self.transitions: deque[Transition] = deque(maxlen=TRANSITIONS)
        """Changes of state in the order they happened, without those found at a browse."""
        self.changes = 0
        """Counts the transitions, those no longer kept included."""
        self.watched_since = math.nan
        """Plant time since which the changes are known: of the first look at the alarms, or of the server's memory."""
        self.memory = Memory.ASKING
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
        self._unheard = {name: set(STATE) for name in self._records}
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
        if name in self._unheard:
            self._unheard[name].discard(field)
            if not self._unheard[name]:
                del self._unheard[name]
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
        whole = self._touched - self._unheard.keys()
        for name in sorted(whole, key=lambda name: (self._records[name].time, name)):
            record = self._records[name]
            before = self._settled.get(name)
            self._settled[name] = record
            if before is not None and before.state is not record.state:
                self.transitions.append(Transition(record.alarm, before.state, record.state, record.time, now))
                self.changes += 1
        self._touched -= whole

    def set_back(self, now: float, newest: int) -> None:
        """The plant was set back to a time: what came after it is of a run that did not happen.

        newest: changes seen last that are nothing but the leap, as far as the server does not remember them.
        """
        before = list(self.transitions)[: len(self.transitions) - newest]
        self.transitions = deque((t for t in before if t.time <= now), TRANSITIONS)
        self.watched_since = min(self.watched_since, now)
        self.version += 1

    def remember(self, told: Sequence[Told], since: float, until: float) -> list[tuple[Transition, Told]]:
        """Put what the server remembers in place of what is known from since to until (plant time, s since 1970).

        told: in the order it happened. Gives what was not known before.
        """
        known = {transition.key for transition in self.transitions}
        told = [one for one in told if one.time <= until and one.alarm in self._records]
        came = list(_transitions(told, self._records))
        kept = [t for t in self.transitions if not since <= t.time <= until]
        kept += self._not_told(told, until)
        kept += (t for t, _ in came)
        # of one time in the order in which they happened: a plant that stands still is operated all the same
        self.transitions = deque(sorted(kept, key=lambda t: t.moment), TRANSITIONS)
        self.watched_since = min(since, self.watched_since) if math.isfinite(self.watched_since) else since
        self.version += 1
        return [(transition, one) for transition, one in came if transition.key not in known]

    def _not_told(self, told: Sequence[Told], until: float) -> Iterator[Transition]:
        """What was seen just before the server was asked, and after what it remembers of the alarm."""
        last = {one.alarm: (round(1000 * one.time), _state(one.active, one.acked)) for one in told}
        for t in self.transitions:
            if until - SEAM < t.time <= until:
                time, state = last.get(t.alarm.name, (0, None))
                if t.key[1] > time and t.after is not state:
                    last[t.alarm.name] = t.key[1], t.after
                    yield t

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


def _state(active: bool, acked: bool) -> AlarmState:
    if active:
        return AlarmState.ACKED if acked else AlarmState.UNACKED
    return AlarmState.NORMAL if acked else AlarmState.RETURNED


def _transitions(told: Sequence[Told], records: Mapping[str, AlarmRecord]) -> Iterator[tuple[Transition, Told]]:
    """The changes of state among what was told. Of an alarm's first event nobody knows what was before: it came from
    what it must have been in, and one that is normal is no change."""
    states: dict[str, AlarmState] = {}
    for one in told:
        after = _state(one.active, one.acked)
        first = AlarmState.NORMAL if after in (AlarmState.UNACKED, AlarmState.NORMAL) else AlarmState.UNACKED
        before = states.get(one.alarm, first)
        states[one.alarm] = after
        if before is not after:
            yield Transition(records[one.alarm].alarm, before, after, one.time, one.time), one
