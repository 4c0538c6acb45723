"""How a plant file speaks of a value: tag and member, what it may be, and comparisons with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from plantsim.model.errors import one_of, shown
from plantsim.model.members import CONTROLLER, DEVICE, INTERLOCK, PV, SAMPLED, SEQUENCE, Member
from plantsim.model.plant import Condition, Device, Instrument, Loop, Plant
from plantsim.model.section import Section
from plantsim.model.tag import ValueType

TARGET = r"\s*([A-Z0-9-]+)\.([A-Za-z_]+)\s*"
"""Tag and member, in a pattern."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CONDITION = re.compile(TARGET + r"(?:([=<>])\s*(\S+|[A-Z][a-z]+(?: [a-z]+)+)|(bad))\s*")
_COMPARISON = 'TAG.MEMBER with one of = < > and a value, or with bad: "TIC-201.PV > 80", "K-213A.RUN = 0"'


def state_named(states: Sequence[str], text: str) -> int | None:
    """Which of the states has that name, or alone begins so, whatever the case; None for none and for several."""
    wanted = text.lower()
    names = [state.lower() for state in states]
    found = [k for k, name in enumerate(names) if name == wanted] or [
        k for k, name in enumerate(names) if name.startswith(wanted)
    ]
    return found[0] if len(found) == 1 else None


class Names:
    """The values of a plant by tag and member, as far as the file has been read."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        devices: Mapping[str, Device],
        loops: Mapping[str, Loop],
        interlocks: Iterable[str] = (),
        sequences: Iterable[str] = (),
    ) -> None:
        self.instruments = instruments
        self.devices = devices
        self.loops = loops
        self.sequences = tuple(sequences)
        self._others = dict.fromkeys(interlocks, INTERLOCK) | dict.fromkeys(self.sequences, SEQUENCE)

    @classmethod
    def of(cls, plant: Plant) -> Names:
        """Those of a whole plant."""
        return cls(
            {one.tag: one for one in plant.instruments},
            {one.tag: one for one in plant.devices},
            {one.tag: one for one in plant.loops},
            [one.tag for one in plant.interlocks],
            [one.tag for one in plant.sequences],
        )

    def members(self, tag: str) -> tuple[Member, ...]:
        """Members that may be asked for, as their kind describes them; none of what is no tag."""
        if tag in self.devices:
            return DEVICE[self.devices[tag].kind]
        if tag in self.instruments:
            loop = [one for one in CONTROLLER if one.type in (ValueType.FLOAT, ValueType.UINT16)]
            own = tuple(loop) if tag in self.loops else (PV,)
            if self.instruments[tag].sampling is None:
                return own
            return (*own, *(one for one in SAMPLED if one.type is not ValueType.TIME))
        return self._others.get(tag, ())

    def member(self, section: Section, key: str, tag: str, name: str) -> Member:
        """The member of that name; PlantError if there is no such tag or it has no such member."""
        members = {member.name: member for member in self.members(tag)}
        if not members:
            known = [*self.instruments, *self.devices, *self._others]
            raise section.error(key, f'"{tag}.{name}", where {tag} is no tag', one_of(known, tag))
        if name not in members:
            allowed = one_of([f"{tag}.{member}" for member in members], f"{tag}.{name}")
            raise section.error(key, f'"{tag}.{name}"', allowed)
        return members[name]

    def value(self, section: Section, key: str, tag: str, name: str, text: str) -> float:
        """A number within the member's range, or the name of one of its states or the only beginning of one."""
        member = self.member(section, key, tag, name)
        named = state_named(member.states, text)
        if named is not None:
            return float(named)
        low, high = self._range(tag, member)
        if not _NUMBER.fullmatch(text) or not low <= float(text) <= high:
            allowed = one_of(member.states, text) if member.states else f"a number from {low:g} to {high:g}"
            raise section.error(key, f'"{text}" for {tag}.{name}', allowed)
        return float(text)

    def condition(self, section: Section, key: str, text: str, joined: str = "") -> Condition:
        """A comparison, or that a reading is Bad. joined: what may be said besides, for the message."""
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise section.error(key, shown(text), f"{_COMPARISON}{joined}")
        tag, name = match[1], match[2]
        if match[5]:
            self.member(section, key, tag, name)
            return Condition(tag, name, "bad", 0.0)
        return Condition(tag, name, match[3], self.value(section, key, tag, name, match[4]))

    def _range(self, tag: str, member: Member) -> tuple[float, float]:
        """Of a member's value; without one of its own that of the instrument."""
        if tag in self.instruments and (member.low is None or member.high is None):
            return self.instruments[tag].low, self.instruments[tag].high
        return member.low or 0.0, 1.0 if member.high is None else member.high
