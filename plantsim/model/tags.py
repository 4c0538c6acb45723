"""The one list of tags of a plant, and of its alarms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from plantsim.model.heartbeat import LOST
from plantsim.model.members import CONTROLLER, DEVICE, INTERLOCK, LIMIT, LIMITS, NORMAL, PV, SAMPLED, SEQUENCE, Member
from plantsim.model.plant import Alarm, AlarmClass, Device, Instrument, Interlock, Loop, Plant, Sequence
from plantsim.model.plant_wide import kpis, simulation
from plantsim.model.profiles import profiles
from plantsim.model.tag import AlarmPoint, Kind, Role, Tag, TagTable, ValueType

_CONDITIONS = {
    "HH": "high high",
    "H": "high",
    "L": "low",
    "LL": "low low",
    "DEV": "off its set point",
    "TRIP": "tripped",
    "FAIL": "failed",
    "DISCREPANCY": "not where it was commanded to be",
    "ROC": "changes too fast",
    "STALE": "no new result",
    "HELD": "held",
    "STANDBY": "has taken over",
    LOST: "heartbeat lost",
}
_TUNING = ("Gain", "Ti", "Td")


def build_tags(plant: Plant, first_row: int = 0) -> tuple[TagTable, tuple[AlarmPoint, ...]]:
    """All tags: unit by unit in flow order, instruments before devices, then KPI, Simulation, profiles; and all alarms.

    The tags' rows count from ``first_row``, the alarms' from 0.
    """
    tags: list[Tag] = []
    for unit in plant.units:
        for instrument in plant.instruments:
            if instrument.unit == unit.id:
                tags += _of_instrument(plant, instrument, unit.area)
        for device in plant.devices:
            if device.unit == unit.id:
                tags += _of_device(device, unit.area)
        for sequence in plant.sequences:
            if sequence.unit == unit.id:
                tags += _of_sequence(sequence, unit.area)
        for interlock in plant.interlocks:
            if interlock.unit == unit.id:
                tags += _of_interlock(interlock, unit.area)
    tags += kpis(plant)
    tags += simulation(plant)
    tags += profiles(plant)
    rows = accumulate((tag.count for tag in tags), initial=first_row)
    return TagTable([replace(tag, row=row) for row, tag in zip(rows, tags, strict=False)]), _alarm_points(plant)


def _of_instrument(plant: Plant, instrument: Instrument, area: str) -> Iterator[Tag]:
    loop = plant.loop(instrument.tag)
    kind = plant.kind_of(instrument)
    yield replace(
        _tag(instrument.tag, instrument.unit, area, kind, instrument.title, PV, instrument),
        normal=instrument.normal,
        field=loop is not None and instrument.measures is not None,
        wired=instrument.wired,
    )
    if loop is not None:
        yield from _of_loop(loop, instrument, area)
    configured = {alarm.condition for alarm in plant.alarms if alarm.tag == instrument.tag}
    members = [LIMIT[name] for name in LIMITS if name in configured]
    if instrument.normal is not None:
        members += NORMAL
    if instrument.sampling is not None:
        members += SAMPLED
    for member in members:
        yield _tag(instrument.tag, instrument.unit, area, kind, instrument.title, member, instrument)


def _of_loop(loop: Loop, instrument: Instrument, area: str) -> Iterator[Tag]:
    """All members but the PV. Only a PID has a tuning to write."""
    for member in CONTROLLER[1:]:
        tag = _tag(loop.tag, instrument.unit, area, Kind.CONTROLLER, instrument.title, member, instrument)
        if member.name == "SP":
            tag = replace(tag, low=loop.sp_range[0], high=loop.sp_range[1])
        elif member.name in _TUNING and loop.type != "PID":
            tag = replace(tag, role=None)
        yield tag
    if loop.type == "override":
        in_force = ("", *(constraint.tag for constraint in loop.constraints))
        limit = Member("Limit", "constraint in force", ValueType.TEXT, high=len(in_force) - 1.0, states=in_force)
        yield _tag(loop.tag, instrument.unit, area, Kind.CONTROLLER, instrument.title, limit, instrument)


def _of_device(device: Device, area: str) -> Iterator[Tag]:
    for member in DEVICE[device.kind]:
        tag = _tag(device.tag, device.unit, area, device.kind, device.title, member)
        yield replace(tag, role=Role.OPERATOR) if device.hand else tag


def _of_interlock(interlock: Interlock, area: str) -> Iterator[Tag]:
    roles = {"BYPASS": interlock.bypass_role, "RESET": interlock.reset_role}
    for member in INTERLOCK:
        tag = _tag(interlock.tag, interlock.unit, area, Kind.INTERLOCK, interlock.title, member)
        yield replace(tag, role=roles.get(member.name))


def _of_sequence(sequence: Sequence, area: str) -> Iterator[Tag]:
    for member in SEQUENCE:
        tag = _tag(sequence.tag, sequence.unit, area, Kind.SEQUENCE, sequence.title, member)
        if member.name == "STEP":
            titles = ("Idle", *(step.title for step in sequence.steps))
            tag = replace(tag, high=float(len(sequence.steps)), states=titles)
        yield tag


def _tag(
    object_: str, unit: str, area: str, kind: Kind, title: str, member: Member, instrument: Instrument | None = None
) -> Tag:
    eu, low, high = member.eu, member.low, member.high
    if instrument is not None:
        eu = instrument.eu if eu is None else eu
        low = instrument.low if low is None else low
        high = instrument.high if high is None else high
    return Tag(
        name=f"{object_}.{member.name}",
        object=object_,
        member=member.name,
        description=f"{title}, {member.what}" if member.what else title,
        area=area,
        unit=unit,
        kind=kind,
        type=member.type,
        eu=eu or "",
        low=low or 0.0,
        high=1.0 if high is None else high,
        role=member.role,
        row=0,
        states=member.states,
    )


def _alarm_points(plant: Plant) -> tuple[AlarmPoint, ...]:
    everything: tuple[Instrument | Device | Sequence, ...] = (*plant.instruments, *plant.devices, *plant.sequences)
    owners: dict[str, Instrument | Device | Sequence] = {one.tag: one for one in everything}
    areas = {unit.id: unit.area for unit in plant.units}
    return tuple(
        _alarm_point(
            row, alarm, owners[alarm.tag].title, areas[owners[alarm.tag].unit], plant.alarm_classes[alarm.class_]
        )
        for row, alarm in enumerate(plant.alarms)
    )


def _alarm_point(row: int, alarm: Alarm, title: str, area: str, class_: AlarmClass) -> AlarmPoint:
    return AlarmPoint(
        row,
        alarm.tag,
        alarm.condition,
        area,
        alarm.priority,
        f"{title}: {_CONDITIONS[alarm.condition]}",
        alarm.cause,
        alarm.consequence,
        alarm.response,
        alarm.respond_min,
        alarm.class_,
        class_.confirm,
        class_.longest_shelving,
        alarm.on_delay,
        alarm.off_delay,
    )
