"""What the entries of unit kinds are made of: parameters of usual bounds, and what all tanks and filters have."""

from __future__ import annotations

from plantsim.model.quantity import (
    FRACTION,
    HEAT_LOSS,
    MASS,
    MASS_FLOW,
    NUMBER,
    PH,
    TEMPERATURE,
    VOLTAGE,
    VOLUME,
    VOLUME_FLOW,
    Dimension,
)
from plantsim.model.section import ABOVE_0
from plantsim.model.tag import Kind
from plantsim.model.unit_kind import Driven, Form, Parameter, Port, Probe, Role

AMBIENT = 293.15
"""K, of the hall."""

MODULATING = (Kind.VALVE, Kind.VARIABLE_DRIVE)
MOTOR = (Kind.DRIVE, Kind.VARIABLE_DRIVE)
ON_OFF = (Kind.ON_OFF_VALVE,)


def size(name: str, dimension: Dimension, doc: str, default: float | None = None) -> Parameter:
    """A quantity above 0; required unless it has a default."""
    if default is None:
        return Parameter(name, dimension, doc, low=ABOVE_0)
    return Parameter(name, dimension, doc, default, ABOVE_0)


def amount(name: str, dimension: Dimension, doc: str, default: float | None = None) -> Parameter:
    """A quantity that may be 0, but not less; required unless it has a default."""
    if default is None:
        return Parameter(name, dimension, doc, low=0.0)
    return Parameter(name, dimension, doc, default, 0.0)


def percent(name: str, doc: str, default: float | None = None) -> Parameter:
    """A plain number in %, kept in %."""
    if default is None:
        return Parameter(name, NUMBER, f"{doc}, %", low=0.0, high=100.0)
    return Parameter(name, NUMBER, f"{doc}, %", default, 0.0, 100.0)


def speed(name: str, doc: str) -> Parameter:
    """A plain number above 0 in %, kept in %."""
    return Parameter(name, NUMBER, f"{doc}, %", low=ABOVE_0, high=100.0)


TANK = (
    size("span", VOLUME, "volume at 100 % level"),
    Parameter("overflow", VOLUME, "volume above which outlets without a device overflow", None, ABOVE_0),
    amount("loss", HEAT_LOSS, "to the surroundings", 0.0),
    amount("jacket", HEAT_LOSS, "of the jacket at full flow of its medium", 0.0),
)
TANK_INITIAL = (
    amount("volume", VOLUME, "liquor in the tank"),
    Parameter("temperature", TEMPERATURE, "of the liquor", AMBIENT),
    Parameter("liquor", Form.LIQUOR, "what is dissolved", {}),
)
TANK_DRIVES = (
    Role("agitator", MOTOR, "keeps solids in suspension", required=False),
    Role("cooling", MODULATING, "cooling water to the jacket", required=False),
    Role("heating", MODULATING, "hot water or heater", required=False),
)
TANK_IN = (Port("in", most=8),)
TANK_OUT = (Port("out", driven=Driven.MAY, most=4),)
TANK_PROBES = {
    "level": Probe(FRACTION),
    "temperature": Probe(TEMPERATURE),
    "volume": Probe(VOLUME),
}
LIQUOR_PROBES = {**TANK_PROBES, "pH": Probe(PH), "redox": Probe(VOLTAGE), "solids": Probe(MASS)}
FILTER_PROBES = {
    "cake": Probe(MASS_FLOW),
    "filtrate": Probe(VOLUME_FLOW),
    "wash_ratio": Probe(NUMBER),
    "washed": Probe(FRACTION),
}
