"""The members of each kind of tag object."""

from __future__ import annotations

from dataclasses import dataclass

from plantsim.model.tag import Kind, Role, ValueType

MODES = ("Manual", "Automatic", "Cascade", "External")
ANALYSER_STATES = ("In service", "Calibrating", "Out of service", "Failed")
LIMITS = ("HH", "H", "L", "LL")


@dataclass(frozen=True, slots=True)
class Member:
    """One member. eu, low, high: None takes that of the instrument. what: appended to the object's description."""

    name: str
    what: str
    type: ValueType = ValueType.FLOAT
    eu: str | None = ""
    low: float | None = 0.0
    high: float | None = 1.0
    role: Role | None = None
    states: tuple[str, ...] = ()


def _reading(name: str, what: str, role: Role | None = None) -> Member:
    """In the instrument's own unit and range."""
    return Member(name, what, eu=None, low=None, high=None, role=role)


def _percent(name: str, what: str, role: Role | None = None) -> Member:
    return Member(name, what, eu="%", high=100.0, role=role)


def _bool(name: str, what: str, states: tuple[str, str], role: Role | None = None) -> Member:
    return Member(name, what, ValueType.BOOL, role=role, states=states)


PV = _reading("PV", "")
LIMIT = {
    "HH": _reading("HH", "high high limit", Role.ENGINEER),
    "H": _reading("H", "high limit", Role.ENGINEER),
    "L": _reading("L", "low limit", Role.ENGINEER),
    "LL": _reading("LL", "low low limit", Role.ENGINEER),
}
NORMAL = (_reading("NormalLow", "normal from"), _reading("NormalHigh", "normal to"))

CONTROLLER = (
    PV,
    _reading("SP", "set point", Role.OPERATOR),
    _percent("OP", "output", Role.OPERATOR),
    Member("MODE", "mode", ValueType.UINT16, high=3.0, role=Role.OPERATOR, states=MODES),
    Member("Gain", "gain", eu="%/%", high=1000.0, role=Role.ENGINEER),
    Member("Ti", "integral time", eu="s", high=1e6, role=Role.ENGINEER),
    Member("Td", "derivative time", eu="s", high=1e5, role=Role.ENGINEER),
)

SAMPLED = (
    Member("SampleTime", "time of the sample", ValueType.TIME, high=0.0),
    Member("NextResult", "time to the next result", eu="s", high=86400.0),
    Member("State", "analyser state", ValueType.UINT16, high=3.0, states=ANALYSER_STATES),
    _bool("CAL", "calibrate", ("Off", "Calibrate"), Role.OPERATOR),
    _bool("OOS", "out of service", ("In service", "Out of service"), Role.OPERATOR),
)

_DRIVE = (
    _bool("CMD", "command", ("Stop", "Start"), Role.OPERATOR),
    _bool("RUN", "running", ("Stopped", "Running")),
    _bool("TRIP", "tripped", ("Healthy", "Tripped")),
)

SEQUENCE_COMMANDS = ("None", "Start", "Hold", "Resume", "Abort")
SEQUENCE_STATES = ("Idle", "Running", "Held", "Aborting", "Complete")
MOST_STEPS = 99

SEQUENCE = (
    Member("CMD", "command", ValueType.UINT16, high=4.0, role=Role.OPERATOR, states=SEQUENCE_COMMANDS),
    Member("STATE", "state", ValueType.UINT16, high=4.0, states=SEQUENCE_STATES),
    Member("STEP", "step", ValueType.UINT16, high=float(MOST_STEPS)),
    Member("STEP_TIME", "time in the step", eu="s", high=1e7),
)

INTERLOCK = (
    _bool("TRIPPED", "tripped", ("Healthy", "Tripped")),
    _bool("FIRST_OUT", "first out", ("No", "First")),
    _bool("BYPASS", "bypass", ("Armed", "Bypassed"), Role.ENGINEER),
    _bool("RESET", "reset", ("No", "Reset"), Role.OPERATOR),
)
"""Roles of the last two are the interlock's own."""

DEVICE: dict[Kind, tuple[Member, ...]] = {
    Kind.VALVE: (_percent("CMD", "command", Role.OPERATOR), _percent("POS", "position")),
    Kind.ON_OFF_VALVE: (
        _bool("CMD", "command", ("Close", "Open"), Role.OPERATOR),
        _bool("OPENED", "open limit switch", ("Off", "On")),
        _bool("CLOSED", "closed limit switch", ("Off", "On")),
    ),
    Kind.DRIVE: _DRIVE,
    Kind.VARIABLE_DRIVE: (
        *_DRIVE,
        _percent("SPEED_CMD", "speed command", Role.OPERATOR),
        _percent("SPEED", "speed"),
    ),
    Kind.SWITCH: (_bool("STATE", "", ("Off", "On")),),
}
"""Of devices; a hand switch's STATE is written by the operator."""
