"""What a malfunction may wait for, as an instructor types it: checked here as far as the plant is known here."""

from __future__ import annotations

import re

import numpy as np

from hmi.entry import EntryError, parse
from hmi.model import Plant

_WHEN = re.compile(r"(.*?)\s*\bwhen\b\s*(.*)", re.IGNORECASE | re.DOTALL)
_ALARM = re.compile(r"alarm\s+(\S+)", re.IGNORECASE)
_CONDITION = re.compile(r"([A-Za-z0-9-]+)\.([A-Za-z_]+)\s*(?:([=<>])\s*(\S.*?)|\s(bad))\s*")


def part(text: str) -> tuple[str, str | None]:
    """What stands before ``when`` and what behind it; None where nobody said when."""
    found = _WHEN.fullmatch(text)
    return (found[1], found[2]) if found is not None else (text, None)


def check_condition(plant: Plant, text: str) -> str:
    """``AIC-201.PV < 0.8``, ``TIC-201.PV bad`` or ``alarm TIC-201.HH``, as the server takes it.

    EntryError for what it would not take.
    """
    alarm = _ALARM.fullmatch(text.strip())
    if alarm is not None:
        name = alarm[1].upper()
        if f"{name}.Alarm" not in plant.alarms:
            own = [one.condition for one in plant.alarms.values() if one.tag == name.partition(".")[0]]
            raise EntryError(f"{name} is no alarm of this plant{'; that tag has ' + ', '.join(own) if own else ''}")
        return f"alarm {name}"
    found = _CONDITION.fullmatch(text.strip())
    if found is None:
        raise EntryError(f"{text.strip()!r} is no condition; allowed TAG.MEMBER with = < > or bad: AIC-201.PV < 0.8")
    id_, name = found[1].upper(), found[2]
    tag = plant.tags.get(id_)
    if tag is None:
        raise EntryError(f"{id_} is no tag of this plant")
    member = next((one for one in tag.members.values() if one.member.casefold() == name.casefold()), None)
    if member is None:
        raise EntryError(f"{id_} has no {name}; allowed {', '.join(one.member for one in tag.members.values())}")
    if found[5]:
        return f"{id_}.{member.member} bad"
    value = float(parse(tag, member, found[4]))
    named = 0 <= value < len(member.states)
    # all its digits, and no power of ten, which the server does not take
    shown = member.states[int(value)] if named else np.format_float_positional(value, trim="-")
    return f"{id_}.{member.member} {found[3]} {shown}"
