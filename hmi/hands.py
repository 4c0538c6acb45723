"""Hands on the plant: who set what last, and what happens to a value while somebody is about to change it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hmi.format import value_text
from hmi.model import Member, TagObject
from hmi.store import Quality, TagStore

_MANUAL, _CASCADE = 0, 2
_OUTPUTS = ("OP", "SPEED_CMD", "CMD")
"""What a loop moves in Automatic; of numbers among them the station hears a second later than of the mode."""


@dataclass(frozen=True, slots=True)
class LastWrite:
    """The last write of a member by somebody. value: as the server's journal has it. time: plant time, s since 1970."""

    member: str
    value: str
    who: str
    time: float

    def text(self, tag: TagObject) -> str:
        """The value as the display writes it."""
        try:
            return value_text(tag.members[self.member], float(self.value), tag)
        except (KeyError, ValueError):  # the name of a state
            return self.value


@dataclass(slots=True)
class Hands:
    """What the server told of the last writes."""

    writes: dict[str, tuple[LastWrite, ...]] = field(default_factory=dict)
    """By tag, the latest first."""
    asked: dict[str, float] = field(default_factory=dict)
    """When that was asked for, by tag, s of the monotonic clock."""

    def of(self, tag: str, member: str) -> LastWrite | None:
        """The last write of a member, as far as it is known."""
        return next((write for write in self.writes.get(tag, ()) if write.member == member), None)


def driven(store: TagStore, tag: TagObject, member: Member) -> bool:
    """Whether a loop moves the member at present: no hand does, for the server refuses it."""
    mode = store.number(f"{tag.id}.MODE")
    if member.member == "SP":
        return mode >= _CASCADE
    if member.member not in _OUTPUTS:
        return False
    return mode > _MANUAL or any(store.number(f"{id_}.MODE") > _MANUAL for id_ in tag.set_by)


class Meanwhile:
    """A member that somebody is about to change: what it is now, and whether others have changed it since."""

    def __init__(self, store: TagStore, hands: Hands, tag: TagObject, member: Member) -> None:
        self._store = store
        self._hands = hands
        self._tag = tag
        self._member = member
        self._since = store.now
        self._first: str | None = None
        self._changed = math.nan
        """When that was seen, s of the monotonic clock."""
        self.value: object = store.read(member.name).value
        """As it was last looked at."""
        self.unseen = False
        """Whether it was changed since somebody took note."""

    def look(self, now: float) -> None:
        """Look at the value. now: s of the monotonic clock. What its own loop moves is no surprise."""
        reading = self._store.read(self._member.name)
        before, after = (value_text(self._member, value, self._tag) for value in (self.value, reading.value))
        if reading.quality is Quality.BAD or before == after:
            return
        self.value = reading.value
        if not self._is_late(reading.time) and not driven(self._store, self._tag, self._member):
            self._first = before if self._first is None else self._first
            self._changed = now
            self.unseen = True

    def _is_late(self, time: float) -> bool:
        """Whether an output has been like this since before the entry was opened, s since 1970."""
        runs = self._store.number("Simulation.Running") != 0.0
        return self._member.member in _OUTPUTS and (time < self._since or (runs and time == self._since))

    @property
    def words(self) -> str:
        """What others did to it, with who did as soon as the server has told; empty for nothing."""
        return "" if self._first is None else f"changed{self._by()} from {self._first}"

    def _by(self) -> str:
        known = self._hands.asked.get(self._tag.id, -math.inf) >= self._changed
        if not known or not (self._member.writable or self._member.for_others):
            return ""
        write = self._hands.of(self._tag.id, self._member.member)
        shown = value_text(self._member, self.value, self._tag)
        return f" by {write.who}" if write is not None and write.text(self._tag) == shown else " by the plant"
