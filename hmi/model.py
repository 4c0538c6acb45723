"""What was browsed: areas, units, tag objects, alarms and what this session may do. Knows no OPC UA, no Textual."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from hmi.interlock import Interlock
from hmi.procedure import Procedure

LIMITS = ("HH", "H", "L", "LL")
"""Alarm limits, from the top of the range to its bottom."""

PRIMARY = {
    "valve": "POS",
    "variable drive": "SPEED",
}
"""The analog member that stands for an object where it is not ``PV``."""

_PURITY = re.compile(r"AI-70(\d)")
_ZONE = re.compile(r"(.*), zones? (\d+(?:-\d+)?)")
"""Title of a tag that measures one zone of several."""


class ValueClass(Enum):
    """How a member's value is to be shown and typed in."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXT = "text"
    TIME = "time"
    ARRAY = "array"
    """Of numbers, one for each of the member's points."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Member:
    """One variable of a tag object, such as ``FIC-201.SP``."""

    name: str
    member: str
    value_class: ValueClass
    eu: str = ""
    low: float | None = None
    high: float | None = None
    """EURange in ``eu``; None where the server gives none."""
    states: tuple[str, ...] = ()
    """Names of the values 0, 1, ... (False, True)."""
    writable: bool = False
    """Whether this session may write it."""
    for_others: bool = False
    """Whether some other role may write it."""
    points: tuple[str, ...] = ()
    """Names of an array's elements, such as stages ``E1``, ``E2``, ...; empty where the server gives none."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: its fixed facts. ``name`` is the condition's id, such as ``TIC-201.HH.Alarm``."""

    name: str
    tag: str
    condition: str
    area: str
    priority: int
    """1 high, 2 medium, 3 low, 4 diagnostic."""
    message: str = ""
    cause: str = ""
    """What may have raised it, the likeliest first."""
    consequence: str = ""
    response: str = ""
    respond_min: float = math.nan
    """Minutes in which the response must be given to help; nan where the server does not say."""
    shelving: bool = False
    """Whether the server lets it be shelved."""


@dataclass(slots=True)
class TagObject:
    """One tag object, such as ``TIC-201``. ``limits`` and ``normal`` may be read again; the rest is fixed."""

    id: str
    title: str
    kind: str
    area: str
    unit: str
    members: dict[str, Member]
    alarms: tuple[Alarm, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)
    """HH, H, L, LL in the PV's unit, as far as they are finite."""
    normal: tuple[float, float] | None = None
    acts_on: tuple[str, ...] = ()
    """What a controller's output moves: devices, and controllers whose set point it is."""
    set_by: tuple[str, ...] = ()
    """The controllers that act on this object."""
    tripped_by: tuple[str, ...] = ()
    """The interlocks that act on this device."""

    @property
    def primary(self) -> Member | None:
        """The analog member a bar or a trend of this object shows."""
        member = self.members.get("PV") or self.members.get(PRIMARY.get(self.kind, ""))
        return member if member is not None and member.value_class is ValueClass.NUMBER else None

    @property
    def display_span(self) -> tuple[float, float]:
        """The stretch of the range a bar shows: the limits or three widths of the normal band, else the whole range.

        A whole range hides what matters: purity moves by tenths of a per cent within 0..100 %.
        """
        member = self.primary
        low = member.low if member is not None and member.low is not None else 0.0
        high = member.high if member is not None and member.high is not None else 100.0
        if self.normal is None:
            return low, high
        width = self.normal[1] - self.normal[0]
        if width <= 0:
            return low, high
        bottom = min([self.normal[0] - width, *(self.limits[k] for k in ("LL", "L") if k in self.limits)])
        top = max([self.normal[1] + width, *(self.limits[k] for k in ("HH", "H") if k in self.limits)])
        return max(low, bottom), min(high, top)


@dataclass(frozen=True, slots=True)
class Unit:
    """A plant unit; ``to`` are the units its streams lead to, in the order the server gives."""

    id: str
    area: str
    title: str
    tags: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    profiles: tuple[Member, ...] = ()
    """What stands in its stages, as arrays: ``SX-1.Profile.Nd.aq``."""


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone of a furnace: its number or range as the title gives it, and the tag that measures it."""

    name: str
    tag: str


@dataclass(frozen=True, slots=True)
class Area:
    """A section of the plant; ``units`` stand in flow order."""

    id: str
    title: str
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Purity:
    """A product's purity: the analyser that measures it and the master that holds the target, where there is one."""

    number: int
    analyser: str
    master: str | None


@dataclass(frozen=True, slots=True)
class Plant:
    """All that was browsed, in flow order."""

    title: str
    areas: tuple[Area, ...]
    units: dict[str, Unit]
    tags: dict[str, TagObject]
    alarms: dict[str, Alarm] = field(default_factory=dict)
    simulation: dict[str, Member] = field(default_factory=dict)
    """Members of the Simulation object by member name; empty where it cannot be browsed."""
    procedures: dict[str, Procedure] = field(default_factory=dict)
    """Sequences step by step, by tag, as far as the server tells of their steps, and procedures by hand by name."""
    methods: frozenset[str] = frozenset()
    """Simulation methods this session may call."""
    interlocks: dict[str, Interlock] = field(default_factory=dict)
    """By tag, as far as the server tells what trips them."""
    purities: tuple[Purity, ...] = field(init=False, compare=False)
    """Product purities in product order; found once, since every layout asks for them."""

    def __post_init__(self) -> None:
        found = ((match, tag) for tag in self.tags if (match := _PURITY.fullmatch(tag)))
        made = [
            Purity(int(m[1]), tag, master if (master := f"AIC-70{m[1]}") in self.tags else None) for m, tag in found
        ]
        object.__setattr__(self, "purities", tuple(sorted(made, key=lambda purity: purity.number)))

    @property
    def instructs(self) -> bool:
        """Whether this session is an instructor's."""
        return {"Inject", "ListInjected"} <= self.methods

    def area_of(self, tag: str) -> Area | None:
        """The section a tag object belongs to."""
        found = self.tags.get(tag)
        return next((a for a in self.areas if found is not None and a.id == found.area), None)

    def of_area(self, area: str) -> Iterator[TagObject]:
        """The tag objects of a section, in flow order."""
        return (tag for tag in self.tags.values() if tag.area == area)

    def zones(self, unit: str) -> dict[str, list[Zone]]:
        """Zone profiles of a unit, from its tags' titles: what is measured, and in which zones, in flow order."""
        found: dict[str, list[Zone]] = {}
        for id_ in self.units[unit].tags:
            match = _ZONE.fullmatch(self.tags[id_].title)
            if match is not None and self.tags[id_].kind in ("transmitter", "controller"):
                found.setdefault(match[1], []).append(Zone(match[2], id_))
        return found if any(len(zones) > 1 for zones in found.values()) else {}

    def feeds(self, unit: str) -> list[str]:
        """The units whose streams lead to a unit, in flow order."""
        return [other.id for other in self.units.values() if unit in other.to]

    @property
    def throughput(self) -> TagObject | None:
        """The throughput master, WIC-100 in every plant."""
        return self.tags.get("WIC-100")

    def find(self, text: str) -> list[str]:
        """Tag ids that match what an operator typed: exact first, then by beginning, then by containing."""
        wanted = text.strip().upper()
        if not wanted:
            return []
        plain = wanted.replace("-", "").replace(" ", "")

        def rank(tag: str) -> int | None:
            flat = tag.replace("-", "")
            if flat == plain:
                return 0
            if flat.startswith(plain):
                return 1
            if plain in flat:
                return 2
            return 3 if wanted in self.tags[tag].title.upper() else None

        ranked = [(r, tag) for tag in self.tags if (r := rank(tag)) is not None]
        return [tag for _, tag in sorted(ranked, key=lambda pair: pair[0])]
