"""Sequences of a plant file: steps with actions, transitions, hold and abort."""

from __future__ import annotations

import re

from plantsim.model.errors import shown
from plantsim.model.names import TARGET, Names
from plantsim.model.plant import Action, Area, Condition, Sequence, Step, Unit
from plantsim.model.quantity import RAMP, TIME
from plantsim.model.read_field import check_tag
from plantsim.model.read_loops import COMMANDS
from plantsim.model.section import Section, in_si
from plantsim.model.tag import Role, ValueType

_SET = re.compile(TARGET + r"=\s*(\S+)\s*")
_RAMP = re.compile(TARGET + r"->\s*(\S+)\s+at\s+(\S+\s*/\s*(?:s|min|h))\s*")
_ACTION = '"TAG.MEMBER = VALUE" or "TAG.MEMBER -> VALUE at 0.5 /h"'


def read_sequences(
    root: Section,
    areas: tuple[Area, ...],
    units: tuple[Unit, ...],
    names: Names,
) -> tuple[Sequence, ...]:
    """The sequences in the file's order. names: theirs among them."""
    by_id = {unit.id: unit for unit in units}
    found = []
    for tag, section in root.table("sequences").children("a sequence"):
        unit = by_id[section.text("unit", choices=by_id)]
        check_tag(tag, section, unit, areas)
        if tag in names.instruments or tag in names.devices:
            raise section.error("", f'a second "{tag}"', "a name that no instrument or device has")
        steps = section.tables("steps")
        if not steps:
            raise section.error("steps", "none", "at least one step")
        initial = section.text("initial", "idle", choices=("idle", "running", "complete"))
        found.append(
            Sequence(
                tag,
                unit.id,
                section.text("title"),
                _checks(section, "permits", names),
                tuple(_step(step, names) for step in steps),
                initial == "complete",
                section.flag("repeat", False),
                initial == "running",
                section.text("cold", "idle", choices=("idle", "complete")) == "complete",
            )
        )
        section.end()
    return tuple(found)


def _step(section: Section, names: Names) -> Step:
    step = Step(
        section.text("title"),
        _actions(section, "do", names),
        _checks(section, "until", names),
        section.quantity("for", TIME, 0.0, low=0.0),
        section.quantity("most", TIME, 0.0, low=0.0),
        _actions(section, "on_hold", names, ramps=False),
        _actions(section, "on_abort", names),
        _checks(section, "or_until", names),
        _checks(section, "skip_unless", names),
    )
    if not (step.checks or step.actions or step.dwell or step.ends):
        raise section.error("", "a step that does nothing and waits for nothing", "do, until or for")
    if step.ends and not (step.checks or step.dwell):
        raise section.error("or_until", "what ends a step that ends at once", "it beside until or for")
    section.end()
    return step


def _actions(section: Section, key: str, names: Names, ramps: bool = True) -> tuple[Action, ...]:
    found = []
    for place, text in enumerate(section.texts(key, ())):
        where = f"{key}[{place}]"
        at_once, gradual = _SET.fullmatch(text), _RAMP.fullmatch(text)
        match = at_once or gradual
        if match is None or (gradual is not None and not ramps):
            raise section.error(where, shown(text), _ACTION if ramps else '"TAG.MEMBER = VALUE"')
        tag, name = match[1], match[2]
        value = names.value(section, where, tag, name, match[3])
        _check_writable(section, where, tag, name, names)
        rate = 0.0
        if gradual is not None:
            if names.member(section, where, tag, name).type is not ValueType.FLOAT:
                raise section.error(where, f"a ramp of {tag}.{name}", "a ramp of an analog value")
            rate = in_si(gradual[4], RAMP, section.file, section.where(where))
            if rate <= 0.0:
                raise section.error(where, shown(gradual[4]), "a rate above 0")
        found.append(Action(tag, name, value, rate))
    return tuple(found)


def _check_writable(section: Section, key: str, tag: str, name: str, names: Names) -> None:
    """A sequence writes what an operator may, and not what a loop writes over in each scan."""
    member = names.member(section, key, tag, name)
    hand = tag in names.devices and names.devices[tag].hand
    if not hand and (member.role is None or member.role > Role.OPERATOR):
        raise section.error(key, f'"{tag}.{name}"', "what an operator may write")
    drivers = (loop.tag for loop in names.loops.values() for o in loop.outputs if (o.tag, o.member) == (tag, name))
    driver = next(drivers, "")
    if driver and name in COMMANDS.values():
        raise section.error(key, f'"{tag}.{name}", which {driver} drives', f'"{driver}.MODE = Man" and "{driver}.OP"')


def _checks(section: Section, key: str, names: Names) -> tuple[Condition, ...]:
    texts = section.texts(key, ())
    return tuple(names.condition(section, f"{key}[{place}]", text) for place, text in enumerate(texts))
