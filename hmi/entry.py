"""Changing a value: what was typed becomes a checked change that can be read out before it is sent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hmi.format import places, range_text, value_text
from hmi.model import Member, TagObject, ValueClass
from hmi.store import Reading

PULSES = frozenset((("sequence", "CMD"), ("interlock", "RESET")))
"""Kinds and members that are commands of a moment."""


class EntryError(ValueError):
    """What was typed cannot be sent; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A write that awaits confirmation."""

    tag: TagObject
    member: Member
    old: object
    new: float | bool | int

    @property
    def text(self) -> str:
        """``TIC-201 SP 60.0 -> 62.0 C``."""
        return f"{self.tag.id} {self.short_text}"

    @property
    def short_text(self) -> str:
        """The same without the tag: ``SP 60.0 -> 62.0 C``."""
        old, new = (value_text(self.member, value, self.tag) for value in (self.old, self.new))
        return f"{self.member.member} {old} -> {new} {self.member.eu}".rstrip()

    @property
    def pulse(self) -> bool:
        """Whether the member reads back as nothing whatever was written: its effect is to be seen elsewhere."""
        return (self.tag.kind, self.member.member) in PULSES

    def shown_by(self, reading: Reading) -> bool:
        """Whether a reading is what was asked for: half the last shown digit is near enough."""
        if self.pulse:
            return True
        value = reading.value
        if not isinstance(value, int | float):
            return False
        if self.member.value_class is ValueClass.NUMBER:
            return abs(float(value) - float(self.new)) <= 0.5 * 10.0 ** -places(self.member, self.tag)
        return int(value) == int(self.new)


def parse(tag: TagObject, member: Member, text: str) -> float | bool | int:
    """The value an operator typed. EntryError where it is none, or outside the range."""
    typed = text.strip()
    if member.value_class is ValueClass.BOOLEAN or member.states:
        return _state(tag, member, typed)
    try:
        value = float(typed.replace(",", "."))
    except ValueError:
        raise EntryError(f"{typed!r} is not a number; allowed {range_text(member, tag)}") from None
    if not math.isfinite(value):
        raise EntryError(f"{typed!r} is not a number; allowed {range_text(member, tag)}")
    low = -math.inf if member.low is None else member.low
    high = math.inf if member.high is None else member.high
    if not low <= value <= high:
        raise EntryError(f"{typed} is outside {range_text(member, tag)}")
    return value if member.value_class is ValueClass.NUMBER else int(value)


def _state(tag: TagObject, member: Member, typed: str) -> bool | int:
    names = member.states or ("off", "on")
    wanted = typed.lower()
    hits = [i for i, name in enumerate(names) if wanted and name.lower().startswith(wanted)]
    if typed.isdigit() and int(typed) < len(names):
        hits = [int(typed)]
    if len(hits) != 1:
        raise EntryError(f"{typed!r} is not one of {range_text(member, tag)}")
    return bool(hits[0]) if member.value_class is ValueClass.BOOLEAN else hits[0]


def parse_member(tag: TagObject, text: str) -> str:
    """The writable member of a tag object that was typed, in any case of letters or by its beginning. EntryError."""
    names = [member.member for member in tag.members.values() if member.writable]
    wanted = text.strip().casefold()
    exact = [name for name in names if name.casefold() == wanted]
    hits = exact or [name for name in names if wanted and name.casefold().startswith(wanted)]
    if len(hits) != 1:
        raise EntryError(f"{text.strip()!r} is not one of {', '.join(names)}")
    return hits[0]


MOST_SHELVED = 480.0
"""Minutes an alarm may be shelved for at a time."""


@dataclass(frozen=True, slots=True)
class Shelving:
    """For how long an alarm is shelved, and why; without seconds until it returns to normal."""

    seconds: float | None
    reason: str


def parse_shelving(text: str) -> Shelving:
    """``30 transmitter under repair``, or ``30m ...``, ``2h ...``. EntryError without a time or without a reason."""
    first, _, reason = text.strip().partition(" ")
    unit = first[-1:].casefold()
    try:
        minutes = float(first.rstrip("mMhH").replace(",", ".")) * (60.0 if unit == "h" else 1.0)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes <= MOST_SHELVED or not reason.strip():
        raise EntryError(f"minutes from 0 to {MOST_SHELVED:g} and a reason, such as 30 transmitter under repair")
    return Shelving(60.0 * minutes if minutes else None, reason.strip())


def parse_text(text: str) -> str:
    """Any words at all. EntryError where there are none."""
    if not text.strip():
        raise EntryError("some words are needed")
    return text.strip()


def parse_positive(text: str, what: str, most: float) -> float:
    """A positive number up to ``most``. EntryError otherwise."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 < value <= most:
        raise EntryError(f"{text.strip()!r} is no {what}; allowed more than 0 up to {most:g}")
    return value


def parse_minutes(text: str) -> float:
    """Minutes of plant time, back with a minus. EntryError otherwise."""
    try:
        minutes = float(text.strip().replace(",", "."))
    except ValueError:
        minutes = math.nan
    if not math.isfinite(minutes):
        raise EntryError(f"{text.strip()!r} is no number of minutes, such as 5 or -2.5")
    return minutes
