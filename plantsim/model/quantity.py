"""Quantities as a plant file spells them, such as ``"250 W/m2/K"``, in SI.

Own code rather than a units library: pint alone takes longer to import than a plant to load, and errors should name the
dimension that a key needs.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from operator import add, sub

from plantsim.model.errors import a

Exponents = tuple[int, ...]
"""Powers of m, kg, s, K, mol, A and normal cubic metre of gas (which is an amount, no volume)."""

MOL_PER_NM3 = 44.615
"""Gas at 0 C and 101.325 kPa."""

_NONE: Exponents = (0, 0, 0, 0, 0, 0, 0)


def _exponents(m: int = 0, kg: int = 0, s: int = 0, k: int = 0, mol: int = 0, a: int = 0, nm3: int = 0) -> Exponents:
    return (m, kg, s, k, mol, a, nm3)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement: SI value = scale * value + offset."""

    exponents: Exponents = _NONE
    scale: float = 1.0
    offset: float = 0.0

    def __mul__(self, other: Unit) -> Unit:
        return Unit(tuple(map(add, self.exponents, other.exponents)), self.scale * other.scale)

    def __truediv__(self, other: Unit) -> Unit:
        return Unit(tuple(map(sub, self.exponents, other.exponents)), self.scale / other.scale)

    def __pow__(self, power: int) -> Unit:
        return Unit(tuple(power * e for e in self.exponents), self.scale**power)

    def to_si(self, value: float) -> float:
        """The value in SI."""
        return self.scale * value + self.offset


_LENGTH, _MASS, _TIME = _exponents(m=1), _exponents(kg=1), _exponents(s=1)
_KELVIN, _MOL, _AMPERE = _exponents(k=1), _exponents(mol=1), _exponents(a=1)
_VOLUME, _NORMAL_VOLUME = _exponents(m=3), _exponents(nm3=1)
_ENERGY, _POWER = _exponents(m=2, kg=1, s=-2), _exponents(m=2, kg=1, s=-3)
_PRESSURE = _exponents(m=-1, kg=1, s=-2)
_VOLT = _exponents(m=2, kg=1, s=-3, a=-1)
_SIEMENS = _exponents(m=-2, kg=-1, s=3, a=2)
_TESLA = _exponents(kg=1, s=-2, a=-1)

UNITS: dict[str, Unit] = {
    "1": Unit(),
    "%": Unit(_NONE, 0.01),
    "ppm": Unit(_NONE, 1e-6),
    "um": Unit(_LENGTH, 1e-6),
    "mm": Unit(_LENGTH, 1e-3),
    "cm": Unit(_LENGTH, 1e-2),
    "m": Unit(_LENGTH),
    "mg": Unit(_MASS, 1e-6),
    "g": Unit(_MASS, 1e-3),
    "kg": Unit(_MASS),
    "t": Unit(_MASS, 1e3),
    "ms": Unit(_TIME, 1e-3),
    "s": Unit(_TIME),
    "min": Unit(_TIME, 60.0),
    "h": Unit(_TIME, 3600.0),
    "d": Unit(_TIME, 86400.0),
    "K": Unit(_KELVIN),
    "C": Unit(_KELVIN, 1.0, 273.15),  # the offset counts where C stands alone, as a temperature
    "mmol": Unit(_MOL, 1e-3),
    "mol": Unit(_MOL),
    "kmol": Unit(_MOL, 1e3),
    "mA": Unit(_AMPERE, 1e-3),
    "A": Unit(_AMPERE),
    "mL": Unit(_VOLUME, 1e-6),
    "L": Unit(_VOLUME, 1e-3),
    "NL": Unit(_NORMAL_VOLUME, 1e-3),
    "Nm3": Unit(_NORMAL_VOLUME),
    "J": Unit(_ENERGY),
    "kJ": Unit(_ENERGY, 1e3),
    "MJ": Unit(_ENERGY, 1e6),
    "Wh": Unit(_ENERGY, 3.6e3),
    "kWh": Unit(_ENERGY, 3.6e6),
    "mW": Unit(_POWER, 1e-3),
    "W": Unit(_POWER),
    "kW": Unit(_POWER, 1e3),
    "MW": Unit(_POWER, 1e6),
    "Pa": Unit(_PRESSURE),
    "mPa": Unit(_PRESSURE, 1e-3),
    "kPa": Unit(_PRESSURE, 1e3),
    "MPa": Unit(_PRESSURE, 1e6),
    "mbar": Unit(_PRESSURE, 1e2),
    "bar": Unit(_PRESSURE, 1e5),
    "mV": Unit(_VOLT, 1e-3),
    "V": Unit(_VOLT),
    "uS": Unit(_SIEMENS, 1e-6),
    "mS": Unit(_SIEMENS, 1e-3),
    "S": Unit(_SIEMENS),
    "mT": Unit(_TESLA, 1e-3),
    "T": Unit(_TESLA),
    "Hz": Unit(_exponents(s=-1)),
    "rpm": Unit(_exponents(s=-1), 1.0 / 60.0),
}


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a key or a probe measures.

    example: a quantity of it, for messages. special: engineering units (``pH``, ``% LEL``) that belong to it alone.
    plain: whether units without a special may be used for it as well. special_scale: SI value of the special unit,
    where that is not what it stands for elsewhere.
    """

    name: str
    exponents: Exponents
    example: str
    special: str = ""
    plain: bool = True
    special_scale: float = 0.0

    def __str__(self) -> str:
        return f"{a(self.name)} such as {self.shown}"

    @property
    def shown(self) -> str:
        """The example as a file has it: quoted where it has a unit."""
        return f'"{self.example}"' if " " in self.example else self.example


def _dimension(name: str, example: str, special: str = "", plain: bool = True) -> Dimension:
    unit = parse_unit(example.partition(" ")[2])
    return Dimension(name, unit.exponents if unit else _NONE, example, special, plain)


_TOKEN = re.compile(r"\s*(%|[A-Za-z]+\d*|\d+|[()*/^·])")
_NAME = re.compile(r"([A-Za-z]+)(-?\d+)?")


def parse_unit(text: str) -> Unit | None:
    """The unit that ``text`` spells (``mm/h/(mol/L)``, ``m3``, ``/min``; empty is dimensionless), or None."""
    text = text.strip()
    if text in UNITS:
        return UNITS[text]
    tokens: list[str] = []
    end = 0
    while end < len(text):
        match = _TOKEN.match(text, end)
        if match is None:
            return None
        tokens.append(match[1])
        end = match.end()
    if not tokens:
        return Unit()
    if tokens[0] == "/":
        tokens.insert(0, "1")
    unit = _product(tokens)
    return unit if not tokens else None


def _product(tokens: list[str]) -> Unit | None:
    """Factor (* or /) factor ...; takes what it reads off ``tokens``."""
    unit = _factor(tokens)
    while unit is not None and tokens and tokens[0] in "*·/":
        sign = tokens.pop(0)
        other = _factor(tokens)
        if other is None:
            return None
        unit = unit / other if sign == "/" else unit * other
    return unit


def _factor(tokens: list[str]) -> Unit | None:
    if not tokens:
        return None
    token = tokens.pop(0)
    if token == "(":
        unit = _product(tokens)
        if not tokens or tokens.pop(0) != ")":
            return None
    elif token in UNITS:
        unit = UNITS[token]
    else:
        match = _NAME.fullmatch(token)
        if match is None or match[2] is None or match[1] not in UNITS:
            return None
        unit = UNITS[match[1]] ** int(match[2])
    if unit is not None and tokens and tokens[0] == "^":
        tokens.pop(0)
        if not tokens or not tokens[0].isdecimal():
            return None
        unit = unit ** int(tokens.pop(0))
    return unit


_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")


def parse_quantity(text: str) -> tuple[float, Exponents] | None:
    """SI value and exponents of a number with a unit, or None if ``text`` is none."""
    match = _QUANTITY.fullmatch(text)
    unit = parse_unit(match[2]) if match else None
    if match is None or unit is None:
        return None
    value = unit.to_si(float(match[1]))
    return (value, unit.exponents) if math.isfinite(value) else None


NUMBER = Dimension("number", _NONE, "0.5")
FRACTION = Dimension("fraction", _NONE, "10 %")
PH = Dimension("pH", _NONE, "2.5", special="pH", plain=False)
HYDROGEN = Dimension("volume fraction of hydrogen", _NONE, "300 ppm", special="% LEL")
VAPOUR = Dimension("share of the lower explosive limit", _NONE, "10 %", special="% LEL", special_scale=0.01)
TURBIDITY = Dimension("turbidity", _NONE, "8 NTU", special="NTU", plain=False)
LENGTH = _dimension("length", "75 um")
AREA = _dimension("area", "2.4 m2")
VOLUME = _dimension("volume", "60 L")
MASS = _dimension("mass", "350 kg")
TIME = _dimension("time", "15 min")
TEMPERATURE = _dimension("temperature", "60 C")
VOLUME_FLOW = _dimension("volume flow", "40 L/h")
MASS_FLOW = _dimension("mass flow", "4.3 kg/h")
SPECIFIC_FLOW = _dimension("flow per area", "4 m3/h/m2")
MOLAR_FLOW = _dimension("molar flow", "70 mol/h")
GAS_FLOW = _dimension("normal gas flow", "620 Nm3/h")
CONCENTRATION = _dimension("concentration", "0.3 mol/L")
MASS_CONCENTRATION = _dimension("mass concentration", "18 g/L")
GAS_CONCENTRATION = _dimension("mass concentration in gas", "10 mg/Nm3")
CONDUCTIVITY = _dimension("conductivity", "60 mS/cm")
ENERGY = _dimension("energy", "25 kWh")
DENSITY = _dimension("density", "1136 kg/m3")
MOLAR_ENERGY = _dimension("molar energy", "35 kJ/mol")
MOLAR_VOLUME = _dimension("molar volume", "18 cm3/mol")
PRESSURE = _dimension("pressure", "2.5 bar")
VISCOSITY = _dimension("viscosity", "0.5 mPa*s")
CAKE_RESISTANCE = _dimension("specific cake resistance", "6e12 m/kg")
TURBIDITY_YIELD = Dimension("turbidity by solids", _exponents(m=3, kg=-1), "1 L/mg")
MEDIUM_RESISTANCE = _dimension("resistance of a filter medium", "5e10 1/m")
POWER = _dimension("power", "1.5 kW")
HEAT_LOSS = _dimension("heat flow per kelvin", "150 W/K")
HEAT_CAPACITY = _dimension("heat capacity", "2.8 kJ/K")
RAMP = _dimension("ramp", "5 /min")
FREQUENCY = _dimension("rate", "0.05 1/s")
VOLTAGE = _dimension("voltage", "620 mV")
CURRENT = _dimension("current", "1.1 A")
VELOCITY = _dimension("velocity", "1.8 mm/s")
DRAG = Dimension("load by solids", _exponents(m=3, kg=-1), "0.01 m3/kg")
CURRENT_PER_MASS = _dimension("current per mass", "0.2 A/kg")
FLUX_DENSITY = _dimension("flux density", "25 mT")


@dataclass(frozen=True, slots=True)
class EngineeringUnit:
    """The unit of an instrument's readings: ``C``, ``L/h``, ``% LEL``."""

    text: str
    unit: Unit
    special: str = ""

    def reading(self, dimension: Dimension) -> tuple[float, float] | None:
        """(scale, offset) with reading = scale * SI value + offset; None if this unit does not fit the dimension."""
        if self.special != dimension.special if self.special else not dimension.plain:
            return None
        per_si = 1.0 / ((self.special and dimension.special_scale) or self.unit.scale)
        if self.unit.exponents == dimension.exponents:
            return per_si, -self.unit.offset * per_si
        if dimension.exponents == MOLAR_FLOW.exponents and self.unit.exponents == GAS_FLOW.exponents:
            return per_si / MOL_PER_NM3, 0.0
        return None


_SPECIAL: dict[str, Unit] = {"pH": Unit(), "NTU": Unit(), "% LEL": Unit(_NONE, 4e-4)}
"""Units that only one dimension has. The lower explosive limit is that of hydrogen in air, 4 % by volume."""

_QUALIFIED = re.compile(r"% (vol|wt|oxide|conv)|x stoich")
"""A share with a word that says of what."""


def parse_eu(text: str) -> EngineeringUnit | None:
    """The engineering unit that ``text`` spells, or None."""
    if text in _SPECIAL:
        return EngineeringUnit(text, _SPECIAL[text], text)
    if _QUALIFIED.fullmatch(text):
        return EngineeringUnit(text, UNITS["%"] if text.startswith("%") else UNITS["1"])
    unit = parse_unit(text)
    return None if unit is None else EngineeringUnit(text, unit)
