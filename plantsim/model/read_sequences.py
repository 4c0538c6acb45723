"""Sequences of a plant file: steps with actions, transitions, hold and abort."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from plantsim.model.errors import one_of, shown
from plantsim.model.members import CONTROLLER, DEVICE, INTERLOCK, SEQUENCE, Member
from plantsim.model.plant import Action, Area, Condition, Device, Instrument, Loop, Sequence, Step, Unit
from plantsim.model.quantity import RAMP, TIME
from plantsim.model.read_field import check_tag
from plantsim.model.read_loops import COMMANDS, member_range
from plantsim.model.section import Section, in_si
from plantsim.model.tag import Role, ValueType

_TARGET = r"\s*([A-Z0-9-]+)\.([A-Za-z_]+)\s*"
_SET = re.compile(_TARGET + r"=\s*(\S+)\s*")
_RAMP = re.compile(_TARGET + r"->\s*(\S+)\s+at\s+(\S+\s*/\s*(?:s|min|h))\s*")
_CHECK = re.compile(_TARGET + r"([=<>])\s*(\S+)\s*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ACTION = '"TAG.MEMBER = VALUE" or "TAG.MEMBER -> VALUE at 0.5 /h"'
_COMPARISON = 'TAG.MEMBER, one of = < >, and a value: "WIC-101.PV < 0.05"'


class _Rows:
    """What sequences may look at and write, by tag."""

    def __init__(
        self,
        sequences: Iterable[str],
        instruments: Mapping[str, Instrument],
        devices: Mapping[str, Device],
        loops: Mapping[str, Loop],
        interlocks: Iterable[str],
    ) -> None:
        self.interlocks = tuple(interlocks)
        self.sequences = tuple(sequences)
        self.instruments = instruments
        self.devices = devices
        self.loops = loops
        self.driven = {f"{o.tag}.{o.member}": tag for tag, loop in loops.items() for o in loop.outputs}

    def member(self, tag: str, name: str) -> Member | None:
        """The member as its kind describes it."""
        members: tuple[Member, ...] = ()
        if tag in self.sequences:
            members = SEQUENCE
        elif tag in self.interlocks:
            members = tuple(member for member in INTERLOCK if member.name != "BYPASS")
        elif tag in self.devices:
            members = DEVICE[self.devices[tag].kind]
        elif tag in self.loops:
            members = CONTROLLER
        return next((member for member in members if member.name == name), None)

    def range(self, section: Section, key: str, tag: str, name: str) -> tuple[float, float]:
        """Of a member's value; PlantError if there is none."""
        if tag not in self.sequences:
            return member_range(section, key, tag, name, self.loops, self.instruments, self.devices, self.interlocks)
        member = self.member(tag, name)
        if member is None:
            raise section.error(key, f'"{tag}.{name}"', one_of([f"{tag}.{m.name}" for m in SEQUENCE]))
        return member.low or 0.0, 1.0 if member.high is None else member.high

    def value(self, section: Section, key: str, tag: str, name: str, text: str) -> float:
        """A number within the member's range, or the name of a state: Auto, Start, Open."""
        low, high = self.range(section, key, tag, name)
        member = self.member(tag, name)
        states = member.states if member is not None else ()
        named = [k for k, state in enumerate(states) if state.lower().startswith(text.lower())]
        if len(named) == 1:
            return float(named[0])
        allowed = f"a number from {low:g} to {high:g}" if not states else one_of(states, text)
        if not _NUMBER.fullmatch(text) or not low <= float(text) <= high:
            raise section.error(key, f'"{text}" for {tag}.{name}', allowed)
        return float(text)


def read_sequences(
    root: Section,
    areas: tuple[Area, ...],
    units: tuple[Unit, ...],
    instruments: Mapping[str, Instrument],
    devices: Mapping[str, Device],
    loops: Mapping[str, Loop],
    interlocks: Iterable[str] = (),
) -> tuple[Sequence, ...]:
    """The sequences in the file's order."""
    by_id = {unit.id: unit for unit in units}
    sections = dict(root.table("sequences").children("a sequence"))
    rows = _Rows(sections, instruments, devices, loops, interlocks)
    found = []
    for tag, section in sections.items():
        unit = by_id[section.text("unit", choices=by_id)]
        check_tag(tag, section, unit, areas)
        if tag in instruments or tag in devices:
            raise section.error("", f'a second "{tag}"', "a name that no instrument or device has")
        steps = section.tables("steps")
        if not steps:
            raise section.error("steps", "none", "at least one step")
        found.append(
            Sequence(
                tag,
                unit.id,
                section.text("title"),
                _checks(section, "permits", rows),
                tuple(_step(step, rows) for step in steps),
                section.text("initial", "idle", choices=("idle", "complete")) == "complete",
            )
        )
        section.end()
    return tuple(found)


def _step(section: Section, rows: _Rows) -> Step:
    step = Step(
        section.text("title"),
        _actions(section, "do", rows),
        _checks(section, "until", rows),
        section.quantity("for", TIME, 0.0, low=0.0),
        section.quantity("most", TIME, 0.0, low=0.0),
        _actions(section, "on_hold", rows, ramps=False),
        _actions(section, "on_abort", rows),
    )
    if not (step.checks or step.actions or step.dwell):
        raise section.error("", "a step that does nothing and waits for nothing", "do, until or for")
    section.end()
    return step


def _actions(section: Section, key: str, rows: _Rows, ramps: bool = True) -> tuple[Action, ...]:
    found = []
    for place, text in enumerate(section.texts(key, ())):
        where = f"{key}[{place}]"
        at_once, gradual = _SET.fullmatch(text), _RAMP.fullmatch(text)
        match = at_once or gradual
        if match is None or (gradual is not None and not ramps):
            raise section.error(where, shown(text), _ACTION if ramps else '"TAG.MEMBER = VALUE"')
        tag, name = match[1], match[2]
        value = rows.value(section, where, tag, name, match[3])
        _check_writable(section, where, tag, name, rows)
        rate = 0.0
        if gradual is not None:
            member = rows.member(tag, name)
            if member is None or member.type is not ValueType.FLOAT:
                raise section.error(where, f"a ramp of {tag}.{name}", "a ramp of an analog value")
            rate = in_si(gradual[4], RAMP, section.file, section.where(where))
            if rate <= 0.0:
                raise section.error(where, shown(gradual[4]), "a rate above 0")
        found.append(Action(tag, name, value, rate))
    return tuple(found)


def _check_writable(section: Section, key: str, tag: str, name: str, rows: _Rows) -> None:
    """A sequence writes what an operator may, and not what a loop writes over in each scan."""
    member = rows.member(tag, name)
    hand = tag in rows.devices and rows.devices[tag].hand
    if member is None or (not hand and (member.role is None or member.role > Role.OPERATOR)):
        raise section.error(key, f'"{tag}.{name}"', "what an operator may write")
    if f"{tag}.{name}" in rows.driven and name in COMMANDS.values():
        loop = rows.driven[f"{tag}.{name}"]
        raise section.error(key, f'"{tag}.{name}", which {loop} drives', f'"{loop}.MODE = Man" and "{loop}.OP"')


def _checks(section: Section, key: str, rows: _Rows) -> tuple[Condition, ...]:
    found = []
    for place, text in enumerate(section.texts(key, ())):
        where = f"{key}[{place}]"
        match = _CHECK.fullmatch(text)
        if match is None:
            raise section.error(where, shown(text), _COMPARISON)
        rows.range(section, where, match[1], match[2])
        value = rows.value(section, where, match[1], match[2], match[4])
        found.append(Condition(match[1], match[2], match[3], value))
    return tuple(found)
