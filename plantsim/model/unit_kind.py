"""What a kind of unit asks of the plant file: parameters, drives, ports, and the probes it offers to instruments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from plantsim.model.quantity import Dimension
from plantsim.model.section import REQUIRED
from plantsim.model.tag import Kind


class Form(Enum):
    """Parameters that are no quantities."""

    INTEGER = "integer"
    FLAG = "flag"
    SPECIES = "species"
    """A list of dissolved species."""
    GROUPS = "groups"
    """A list of parameter groups of the chemistry."""
    EXTRACTANT = "extractant"
    REAGENT = "reagent"
    """A solute whose heat of dilution the chemistry knows."""
    LIQUOR = "liquor"
    """A table of solutes of the chemistry in mol/L; water fills up the volume."""
    LOADING = "loading"
    """A table of the circuit's metals, and Na, in mol/L of organic."""
    SOLIDS = "solids"
    """A table of solid species in mol."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key of a unit.

    what: the dimension of a quantity, or another form. count: a list of so many, or of as many as the integer parameter
    of that name says; 0: no list. low, high: in SI, of a list of names how many there may be. default: as the loader
    returns it.
    """

    name: str
    what: Dimension | Form
    doc: str
    default: object = REQUIRED
    low: float = -math.inf
    high: float = math.inf
    count: int | str = 0


@dataclass(frozen=True, slots=True)
class Role:
    """A device that the unit needs, or may have. per: one for each of an integer parameter's: zone1, zone2 ..."""

    name: str
    kinds: tuple[Kind, ...]
    doc: str
    required: bool = True
    per: str = ""


class Medium(Enum):
    """What flows through a port: capacities are volume flows of liquids and mass flows of powders."""

    LIQUID = "liquid"
    POWDER = "powder"


class Driven(Enum):
    """Whether a device sets the flow out of a port."""

    NEVER = "never"
    MAY = "may"
    MUST = "must"


@dataclass(frozen=True, slots=True)
class Port:
    """Where streams begin and end. least, most: how many streams it takes."""

    name: str
    medium: Medium = Medium.LIQUID
    driven: Driven = Driven.NEVER
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Probe:
    """A true value that an instrument may measure. per: one for each of an integer parameter's: wall_1, wall_2 ..."""

    dimension: Dimension
    per: str = ""


@dataclass(frozen=True, slots=True)
class UnitKind:
    """A kind of unit operation. initial: the keys of the table ``initial``.

    step_s: of the integrator [s], where what it holds changes so slowly that a scan is needlessly short; 0: a scan.
    contacts: those of its probes that are 1 or 0, which a field switch may show.
    """

    name: str
    doc: str
    parameters: tuple[Parameter, ...] = ()
    initial: tuple[Parameter, ...] = ()
    drives: tuple[Role, ...] = ()
    inlets: tuple[Port, ...] = ()
    outlets: tuple[Port, ...] = ()
    probes: Mapping[str, Probe] = field(default_factory=dict)
    step_s: float = 0.0
    contacts: tuple[str, ...] = ()

    def roles(self, parameters: Mapping[str, Any]) -> dict[str, Role]:
        """The roles of a unit with these parameters, by name."""
        return {f"{role.name}{number or ''}": role for role in self.drives for number in _numbers(role.per, parameters)}

    def probe_names(self, parameters: Mapping[str, Any]) -> dict[str, Dimension]:
        """The probes of a unit with these parameters."""
        return {
            f"{name}_{number}" if number else name: probe.dimension
            for name, probe in self.probes.items()
            for number in _numbers(probe.per, parameters)
        }


def _numbers(per: str, parameters: Mapping[str, Any]) -> range:
    """1 to n, or 0 alone for what is there once."""
    return range(1, int(parameters[per]) + 1) if per else range(1)
