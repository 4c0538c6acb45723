"""What a chemistry file holds: species, parameters and extractants, each value with its standing and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plantsim.chemistry.elements import ATOMIC_WEIGHTS
from plantsim.model.errors import PlantError, one_of

STANDINGS = {
    "S": "read in a named source",
    "Q": "quoted by a secondary source",
    "C": "computed from stated inputs",
    "T": "typical, without a source",
}

PHASES = ("aq", "solid", "gas")
LAWS = ("dimer", "polynomial")
"""Laws of extraction, in the order of the core's."""


@dataclass(frozen=True, slots=True)
class Species:
    """A component of liquor, solids or gas.

    formula: atoms of each element. charge: elementary charges. molar_volume: m3/mol in solution, 0 for solids and
    gases. molar_mass: kg/mol. standing, source: of the molar volume; empty where there is nothing to source.
    """

    name: str
    formula: Mapping[str, float]
    charge: int
    phase: str
    molar_volume: float
    molar_mass: float
    standing: str
    source: str


@dataclass(frozen=True, slots=True)
class Datum:
    """One parameter: the value with quantities in SI (number, text, list or table), and where it is from."""

    value: Any
    standing: str
    source: str


@dataclass(frozen=True, slots=True)
class Extractant:
    """Constants of an extractant, for concentrations in mol/L.

    law: ``dimer``, M3+ + 3 (HA)2 = M(HA2)3 + 3 H+, or ``polynomial``, log10 D = b + m pH, fitted at one strength of the
    extractant or, with m = order + order_by_dose c and b = log10_k_ex + power_of_dose log10 c, for c vol % of it free.
    log10_k_ex: of the dimer's equilibrium, or b, per metal. order: m per metal, 3 of the dimer's. molar_volume: of
    the extractant as monomer [m3/mol], 0 where the law knows no dose. k_na: of the uptake of Na+. sources: of each
    constant. sha256: of the file, empty if it is the chemistry's.
    """

    name: str
    law: str
    log10_k_ex: Mapping[str, float]
    order: Mapping[str, float]
    order_by_dose: Mapping[str, float]
    power_of_dose: Mapping[str, float]
    molar_volume: float
    k_na: float
    sources: Mapping[str, Datum]
    sha256: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Chemistry:
    """All of a chemistry file; the mappings keep its order.

    solutes: substances that a plant file may name in a liquor, and the species that a mole of each puts there (NaOH:
    Na - H + H2O); every dissolved species is one.
    """

    name: str
    title: str
    file: str
    species: Mapping[str, Species]
    solutes: Mapping[str, Mapping[str, float]]
    parameters: Mapping[str, Mapping[str, Datum]]
    extractants: Mapping[str, Extractant]
    sha256: str = field(repr=False)

    @property
    def elements(self) -> frozenset[str]:
        """Every element that some species carries."""
        return frozenset(element for species in self.species.values() for element in species.formula)

    @property
    def atomic_weights(self) -> Mapping[str, float]:
        """g/mol of every element."""
        return ATOMIC_WEIGHTS

    def value(self, group: str, name: str) -> Any:
        """A parameter with quantities in SI: float, text, or a list or dict of such; PlantError if there is none."""
        found = self.parameters.get(group, {}).get(name)
        if found is None:
            raise PlantError(
                self.file, f"parameters.{group}.{name}", "nothing", "a parameter with value, standing and source"
            )
        return found.value

    def group(self, group: str) -> dict[str, Any]:
        """The values of all parameters of a group."""
        if group not in self.parameters:
            raise PlantError(self.file, f"parameters.{group}", "nothing", one_of(self.parameters, group))
        return {name: datum.value for name, datum in self.parameters[group].items()}
