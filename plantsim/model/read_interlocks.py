"""Interlocks of a plant file: one row of the cause-and-effect matrix each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from plantsim.model.errors import a, one_of, shown
from plantsim.model.names import Names
from plantsim.model.plant import Device, Effect, Interlock
from plantsim.model.quantity import TIME
from plantsim.model.section import ABOVE_0, Section
from plantsim.model.tag import Kind, Role

MOST_TERMS = 4
"""Of a cause, in the core."""
ROLES = {"operator": Role.OPERATOR, "engineer": Role.ENGINEER}
NAME = re.compile(r"UZ-\d{3,4}[A-D]?")
_EFFECT = re.compile(r"\s*([A-Z0-9-]+)\s+(?:([A-Z]+)|(\d+(?:\.\d+)?)\s*%)\s*")
_VERBS: dict[Kind, tuple[str, ...]] = {
    Kind.DRIVE: ("STOP", "START", "LOCK"),
    Kind.VARIABLE_DRIVE: ("STOP", "START", "LOCK", "%"),
    Kind.VALVE: ("OPEN", "CLOSE", "%"),
    Kind.ON_OFF_VALVE: ("OPEN", "CLOSE"),
}


def read_interlocks(root: Section, names: Names) -> tuple[Interlock, ...]:
    """The interlocks in the file's order, which decides between effects that disagree."""
    interlocks: dict[str, Interlock] = {}
    for section in root.tables("interlocks", "id"):
        interlock = _interlock(section, names)
        if interlock.tag in interlocks:
            raise section.error("id", f"a second {interlock.tag}", "one")
        interlocks[interlock.tag] = interlock
    return tuple(interlocks.values())


def _interlock(section: Section, names: Names) -> Interlock:
    tag = section.matching("id", NAME, 'a name such as "UZ-201"')
    terms = tuple(names.condition(section, "when", text) for text in section.texts("when"))
    if len(terms) > MOST_TERMS:
        raise section.error("when", f"{len(terms)} conditions", f"at most {MOST_TERMS}")
    first = terms[0].tag
    latched = section.flag("latched", False)
    bypass = section.text("bypass_role", "engineer", choices=[*ROLES, "none"])
    interlock = Interlock(
        tag=tag,
        unit=(names.instruments[first] if first in names.instruments else names.devices[first]).unit,
        title=section.text("title"),
        group=section.text("group"),
        when=terms,
        votes=section.integer("votes", 1, len(terms), 1),
        deadband=section.number("deadband", 0.0, low=0.0),
        delay=section.quantity("delay", TIME, 0.0, low=0.0),
        latched=latched,
        reset_role=ROLES[section.text("reset_role", "operator", choices=ROLES)],
        bypass_role=ROLES.get(bypass),
        bypass_time=section.quantity("bypass_time", TIME, 8.0 * 3600.0, low=ABOVE_0),
        effects=tuple(_effect(section, text, names.devices) for text in section.texts("effects")),
    )
    if any(effect.verb == "LOCK" for effect in interlock.effects) and not latched:
        raise section.error("latched", "false", "true, as only a reset gives leave to start what is locked")
    section.end()
    return interlock


def _effect(section: Section, text: str, devices: Mapping[str, Device]) -> Effect:
    match = _EFFECT.fullmatch(text)
    if match is None:
        raise section.error("effects", shown(text), 'a device and what it does: "P-201 STOP", "TV-201A 100 %"')
    tag, verb = match[1], match[2] or "%"
    if tag not in devices:
        raise section.error("effects", f'"{tag}", which is no device', one_of(devices, tag))
    kind = devices[tag].kind
    if kind not in _VERBS:
        raise section.error("effects", f'"{tag}", which is {a(kind.value)}', "a valve or a drive")
    if verb not in _VERBS[kind]:
        allowed = ", ".join(one if one != "%" else "0 % to 100 %" for one in _VERBS[kind])
        raise section.error("effects", f"{shown(text)} of {a(kind.value)}", allowed)
    value = float(match[3]) if verb == "%" else {"OPEN": 100.0, "CLOSE": 0.0}.get(verb, 0.0)
    if value > 100.0:
        raise section.error("effects", shown(text), "at most 100 %")
    return Effect(tag, verb, value)
