"""Alarms of a plant file."""

from __future__ import annotations

import math
from collections.abc import Mapping

from plantsim.model.errors import one_of
from plantsim.model.members import LIMITS
from plantsim.model.names import Names
from plantsim.model.plant import Alarm, AlarmClass, Conditions, Device, Instrument
from plantsim.model.quantity import TIME
from plantsim.model.section import ABOVE_0, Section
from plantsim.model.tag import Kind

CONDITIONS = (*LIMITS, "DEV", "TRIP", "FAIL", "DISCREPANCY", "ROC", "STALE", "HELD", "STANDBY")
"""DEV: off its set point, or off another reading. TRIP: of a drive, or of a reading a third level beyond HH. FAIL: a
Bad reading, or a field switch that is on. DISCREPANCY: a valve is not where it was commanded to be. ROC: change in eu
per minute, of a negative limit a fall. STALE: s since the sample. HELD: of a sequence that waits for its operator.
STANDBY: a standby machine runs.
"""
_OF_DEVICE: dict[Kind, tuple[str, ...]] = {
    Kind.DRIVE: ("TRIP",),
    Kind.VARIABLE_DRIVE: ("TRIP",),
    Kind.VALVE: ("DISCREPANCY",),
    Kind.ON_OFF_VALVE: ("DISCREPANCY",),
    Kind.SWITCH: ("FAIL",),
}
MOST_SUPPRESSIONS = 3
"""Conditions that suppress an alarm, in the core."""


def read_alarms(root: Section, names: Names) -> tuple[Alarm, ...]:
    """The alarms in the file's order, the limits of each tag in theirs."""
    alarms: dict[str, Alarm] = {}
    sections: dict[str, Section] = {}
    for section in root.tables("alarms"):
        tag, condition = section.data.get("tag"), section.data.get("condition")
        if isinstance(tag, str) and isinstance(condition, str):
            section.path = f"alarms[{tag}.{condition}]"
        alarm = _alarm(section, names)
        name = f"{alarm.tag}.{alarm.condition}"
        if name in alarms:
            raise section.error("condition", f"a second {alarm.condition} of {alarm.tag}", "one")
        alarms[name] = alarm
        sections[name] = section
    for tag in dict.fromkeys(alarm.tag for alarm in alarms.values()):
        _check_order(tag, alarms, sections)
    return tuple(alarms.values())


def _alarm(section: Section, names: Names) -> Alarm:
    instruments, devices, loops = names.instruments, names.devices, names.loops
    tag = section.text("tag")
    if tag not in instruments and tag not in devices and tag not in names.sequences:
        known = [*instruments, *devices, *names.sequences]
        raise section.error("tag", f'"{tag}", which is no tag', one_of(known, tag))
    condition = section.text("condition", choices=CONDITIONS)
    against = section.text("against", "", instruments)
    allowed: tuple[str, ...]
    if tag in names.sequences:
        allowed = ("HELD",)
    elif tag in devices:
        allowed = _OF_DEVICE[devices[tag].kind]
        allowed += ("STANDBY",) if devices[tag].standby is not None else ()
    else:
        allowed = (*LIMITS, "TRIP", "FAIL", "ROC")
        allowed += ("DEV",) if tag in loops or against else ()
        allowed += ("STALE",) if instruments[tag].sampling is not None else ()
    if condition not in allowed:
        raise section.error("condition", f'"{condition}" of {tag}', ", ".join(allowed))
    limit, deadband = _limit(section, condition, instruments.get(tag), devices.get(tag))
    alarm = Alarm(
        tag,
        condition,
        limit,
        deadband,
        section.quantity("on_delay", TIME, 0.0, low=0.0),
        section.quantity("off_delay", TIME, 0.0, low=0.0),
        section.integer("priority", 1, 4),
        section.text("class"),
        section.text("cause"),
        section.text("consequence"),
        section.text("response"),
        section.number("respond_min", low=0.0),
        _suppression(section, names),
        against,
        section.quantity("window", TIME, 60.0, low=ABOVE_0) if condition == "ROC" else 0.0,
    )
    section.end()
    return alarm


def _limit(
    section: Section, condition: str, instrument: Instrument | None, device: Device | None
) -> tuple[float, float]:
    """Limit and deadband of those conditions that have one, nan and 0 of the others."""
    if condition in ("FAIL", "HELD") or (device is not None and device.kind is not Kind.VALVE):
        return math.nan, 0.0
    if instrument is None:
        return section.number("limit", 5.0, low=0.0, high=100.0, eu="%"), section.number("deadband", 0.0, 0.0, 100.0)
    low, high, eu = instrument.low, instrument.high, instrument.eu
    span = high - low
    if condition == "DEV":
        low, high = 0.0, span
    elif condition == "ROC":
        low, high, eu = -span, span, f"{eu}/min"
    elif condition == "STALE":
        low, high, eu = 0.0, math.inf, "s"
    limit = section.number("limit", low=low, high=high, eu=eu)
    if condition == "ROC" and limit == 0.0:
        raise section.error("limit", "0", "a rise above 0, or a fall below 0")
    return limit, section.number("deadband", 0.0, 0.0, span)


def _suppression(section: Section, names: Names) -> Conditions | None:
    """Comparisons joined by ``or``, or by ``and``."""
    text = section.text("suppressed_when", "")
    if "suppressed_when" not in section:
        return None
    every = " and " in text
    parts = text.split(" and " if every else " or ")
    if len(parts) > MOST_SUPPRESSIONS:
        raise section.error("suppressed_when", f"{len(parts)} comparisons", f"at most {MOST_SUPPRESSIONS}")
    joined = '; several joined by "and", or by "or"'
    return Conditions(tuple(names.condition(section, "suppressed_when", part, joined) for part in parts), every)


def read_alarm_classes(root: Section, alarms: tuple[Alarm, ...]) -> dict[str, AlarmClass]:
    """What the file says of its classes; a class it says nothing of has the defaults."""
    known = dict.fromkeys(alarm.class_ for alarm in alarms)
    classes = dict.fromkeys(known, AlarmClass())
    for name, section in root.table("alarm_classes").children("an alarm class"):
        if name not in known:
            raise section.error("", f'"{name}", of which there is no alarm', one_of(known, name))
        longest = section.quantity("longest_shelving", TIME, AlarmClass().longest_shelving, low=ABOVE_0)
        classes[name] = AlarmClass(section.flag("confirm", False), longest)
        section.end()
    return classes


def _check_order(tag: str, alarms: Mapping[str, Alarm], sections: Mapping[str, Section]) -> None:
    """LL < L < H < HH."""
    below: Alarm | None = None
    for condition in reversed(LIMITS):
        alarm = alarms.get(f"{tag}.{condition}")
        if alarm is None:
            continue
        if below is not None and alarm.limit <= below.limit:
            found = f"{alarm.limit:g}, with {below.condition} at {below.limit:g}"
            raise sections[f"{tag}.{condition}"].error("limit", found, "limits in the order LL < L < H < HH")
        below = alarm
