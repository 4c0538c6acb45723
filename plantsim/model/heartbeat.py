"""The heartbeat of an area's PLC in a plant file: a switch that says that it is lost, and its alarm."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from plantsim.model.plant import Alarm, Area, Device, Loss, Unit
from plantsim.model.quantity import TIME, parse_quantity
from plantsim.model.section import Section
from plantsim.model.tag import TAG_NAME, Kind

LOST = "LOST"
"""Condition of the alarm."""
LOSSES = '"hold", "fail" or, of a valve or variable drive, "ramp(30, 60 s)": to 30 % over 60 s'
_RAMP = re.compile(r"ramp\(\s*([0-9.]+)\s*,\s*([^)]+)\)")


def read_heartbeat(section: Section) -> str:
    """The tag of an area's switch; empty where the file names none."""
    section.get("heartbeat", None, "a tag")
    return section.matching("heartbeat", TAG_NAME, 'a tag such as "XA-299"', "")


def read_loss(section: Section, *, analog: bool) -> Loss:
    """The loss policy of a device."""
    text = section.text("loss", "hold")
    if text in ("hold", "fail"):
        return Loss(text)
    match = _RAMP.fullmatch(text)
    over = parse_quantity(match[2]) if match else None
    if match and over is not None and over[1] == TIME.exponents and over[0] > 0.0 and analog:
        to = float(match[1]) if match[1].count(".") <= 1 else math.inf
        if to <= 100.0:
            return Loss("ramp", to, over[0])
    raise section.error("loss", f'"{text}"', LOSSES)


def switches(areas: Iterable[Area], units: Iterable[Unit]) -> list[Device]:
    """The switch of every area that names one, at the area's first unit."""
    first: dict[str, str] = {}
    for unit in units:
        first.setdefault(unit.area, unit.id)
    return [
        Device(area.heartbeat, Kind.SWITCH, first[area.id], f"PLC of {area.title.lower()}", 0.0, "", 0.0, 0.0)
        for area in areas
        if area.heartbeat and area.id in first
    ]


def alarms(areas: Iterable[Area]) -> tuple[Alarm, ...]:
    """The alarm of every switch."""
    return tuple(
        Alarm(
            area.heartbeat,
            LOST,
            math.nan,
            0.0,
            0.0,
            0.0,
            2,
            "system",
            "The PLC has stopped or hangs, or its connection is lost: its heartbeat stands still",
            "Outputs follow their loss policy, nobody controls the area",
            "Restart the PLC, or take its loops out of External",
            5.0,
            None,
        )
        for area in areas
        if area.heartbeat
    )
