"""What a scenario waits for: comparisons with values of the process image, and alarms that stand."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass

from plantsim.engine.image import ACTIVE, BAD, UNACKED, ProcessImage
from plantsim.model.errors import one_of
from plantsim.model.names import Names, state_named
from plantsim.model.plant import Plant
from plantsim.model.section import Section
from plantsim.model.tag import AlarmPoint, Kind, Tag, TagTable, ValueType

_RELATIONS = {"<": operator.lt, ">": operator.gt, "=": operator.eq}
_ALARM = re.compile(r"alarm\s+(\S+)(\s+unacknowledged)?")
_KPI = re.compile(r"(KPI\.[A-Za-z0-9.]+)\s*([<>])\s*(-?\d+(?:\.\d+)?)")
_TAG = re.compile(r"\s*([A-Z0-9-]+)\.([A-Za-z_]+)\s*(?:([=<>])\s*(\S.*?))?\s*")
_OTHERS = '; or a key figure, "KPI.OffSpec > 5"; or an alarm, "alarm TIC-201.HH" and "alarm TIC-201.HH unacknowledged"'


@dataclass(frozen=True, slots=True)
class Watch:
    """A condition on the image. row: of a value, or of an alarm where relation is ``alarm``; bits: of the alarm."""

    text: str
    row: int
    relation: str
    value: float = 0.0
    bits: int = 0

    def holds(self, image: ProcessImage) -> bool:
        """Whether it does. A reading of Bad quality compares as nothing."""
        if self.relation == "alarm":
            return bool(image.alarms[self.row] & self.bits)
        bad = bool(image.status[self.row] & BAD)
        if self.relation == "bad":
            return bad
        return not bad and bool(_RELATIONS[self.relation](image.value[self.row], self.value))


@dataclass(frozen=True, slots=True)
class WritePattern:
    """Writes that count: to a member, and where a relation is given those of a value."""

    text: str
    tag: Tag
    relation: str = ""
    value: float = 0.0

    def fits(self, name: str, after: str) -> bool:
        """Whether a write on record, its value as the journal has it, is one of them."""
        if name != self.tag.name:
            return False
        return not self.relation or bool(_RELATIONS[self.relation](number(self.tag, after), self.value))


def number(tag: Tag, text: str) -> float:
    """A value as the journal shows it, as the number it is; nan for what is none."""
    if text in tag.states:
        return float(tag.states.index(text))
    if text in ("true", "false"):
        return float(text == "true")
    try:
        return float(text)
    except ValueError:
        return float("nan")


class Vocabulary:
    """What a scenario of one plant can speak of, with a message for what it can not."""

    def __init__(self, plant: Plant, tags: TagTable, alarms: Sequence[AlarmPoint]) -> None:
        self.plant = plant
        self.tags = tags
        self.alarms = {alarm.name: alarm for alarm in alarms}
        self._names = Names.of(plant)

    def watch(self, section: Section, key: str, text: str) -> Watch:
        """A condition; PlantError for what is none."""
        if match := _ALARM.fullmatch(text):
            alarm = self.alarm(section, key, match[1])
            return Watch(text, alarm.row, "alarm", bits=UNACKED if match[2] else ACTIVE)
        if match := _KPI.fullmatch(text):
            return Watch(text, self.figure(section, key, match[1]).row, match[2], float(match[3]))
        match = _TAG.fullmatch(text)
        if match and match[2] not in [member.name for member in self._names.members(match[1])]:
            tag = self.tags.get(f"{match[1]}.{match[2]}")  # what a plant file has no need to compare: State, RESET
            if tag is not None and match[3]:
                return Watch(text, tag.row, match[3], self._state_or_number(section, key, tag, match[4]))
        found = self._names.condition(section, key, text, _OTHERS)
        tag = self.tags[f"{found.tag}.{found.member}"]
        return Watch(text, tag.row, found.relation, found.value)

    def _state_or_number(self, section: Section, key: str, tag: Tag, text: str) -> float:
        named = state_named(tag.states, text)
        value = number(tag, text) if named is None else float(named)
        if not tag.low <= value <= tag.high:  # nan, too
            allowed = one_of(tag.states) if tag.states else f"a number from {tag.low:g} to {tag.high:g}"
            raise section.error(key, f'"{text}" for {tag.name}', allowed)
        return value

    def watches(self, section: Section, key: str, required: bool = True) -> tuple[Watch, ...]:
        """Conditions that must all hold."""
        if not required and key not in section:
            section.get(key, "", "")
            return ()
        return tuple(self.watch(section, key, text) for text in section.texts(key))

    def alarm(self, section: Section, key: str, name: str) -> AlarmPoint:
        """An alarm by tag and condition."""
        if name not in self.alarms:
            raise section.error(key, f'an alarm "{name}"', one_of(self.alarms, name))
        return self.alarms[name]

    def tag(self, section: Section, key: str, name: str) -> Tag:
        """A value of the process image that is a number."""
        tag = self.tags.get(name)
        if tag is None or tag.type is ValueType.PROFILE:
            raise section.error(key, f'"{name}"', one_of([one.name for one in self.tags], name))
        return tag

    def figure(self, section: Section, key: str, name: str) -> Tag:
        """A key figure, a true value that the trainee does not see."""
        figures = [tag.name for tag in self.tags if tag.kind is Kind.KPI]
        if name not in figures:
            raise section.error(key, f'"{name}"', one_of(figures, name, limit=30))
        return self.tags[name]

    def writes(self, section: Section, key: str, text: str) -> WritePattern:
        """Writes that count, such as ``WIC-100.SP < 8``."""
        match = _TAG.fullmatch(text)
        if match is None:
            raise section.error(key, f'"{text}"', 'a member that can be written, such as "WIC-100.SP < 8"')
        tag = self.writable(section, key, f"{match[1]}.{match[2]}")
        value = self._state_or_number(section, key, tag, match[4]) if match[3] else 0.0
        return WritePattern(text, tag, match[3] or "", value)

    def writable(self, section: Section, key: str, name: str) -> Tag:
        """A member that somebody may write."""
        tag = self.tag(section, key, name)
        if tag.role is None:
            raise section.error(key, f'"{name}", which is read-only', "a member that can be written")
        return tag

    def settings(self, section: Section, key: str) -> tuple[tuple[str, float | bool | int], ...]:
        """Values to be written, from a table such as ``{ "WIC-100.SP" = 8, "FIC-201.MODE" = "Man" }``."""
        table = section.table(key)
        found = []
        for name, value in table.data.items():
            tag = self.writable(table, name, name)
            if isinstance(value, str):
                named = state_named(tag.states, value)
                if named is not None:
                    value = bool(named) if tag.type is ValueType.BOOL else named
            if isinstance(value, bool) != (tag.type is ValueType.BOOL) or not isinstance(value, int | float):
                wanted = "true or false" if tag.type is ValueType.BOOL else "a number"
                raise table.error(name, f"{value!r}", one_of(tag.states) if tag.states else wanted)
            if not isinstance(value, bool) and not tag.low <= value <= tag.high:
                raise table.error(name, f"{value:g}", f"a number from {tag.low:g} to {tag.high:g}")
            found.append((name, value))
        return tuple(found)


def all_hold(watches: Sequence[Watch], image: ProcessImage) -> bool:
    """Whether every one of them does."""
    return all(watch.holds(image) for watch in watches)
