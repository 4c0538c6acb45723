"""Certificates of product lots: what is in a lot that the hopper has closed, from the amounts that were in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from plantsim.chemistry.chemistry import Chemistry
from plantsim.model.plant import Plant, Product

NUMBER, START, END, SIZE, AMOUNTS = range(5)
"""Columns of `Core.certificates`; mol of every species from the last on."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A lot of a product.

    lot: number, counted from 1. start, end: plant time, UTC, at which the lot was begun and closed. mass_kg: as it is,
    loss on ignition included. oxides: % of all oxide by mass, by formula, the largest first. purity_pct: the product's
    oxides, % of all oxide. loss_on_ignition_pct: % of the mass. d50_um: mean particle size by mass, nan where the plant
    has no crystals of it.
    """

    product: str
    lot: int
    start: np.datetime64
    end: np.datetime64
    mass_kg: float
    oxides: Mapping[str, float]
    purity_pct: float
    loss_on_ignition_pct: float
    d50_um: float
    in_spec: bool


def oxide_formula(element: str, oxygen: float) -> str:
    """Of so much oxygen to an atom of metal: Nd2O3, CoO, Pr6O11."""
    ratio = Fraction(oxygen).limit_denominator(12)
    metal, oxide = ratio.denominator, ratio.numerator
    return f"{element}{metal if metal > 1 else ''}O{oxide if oxide > 1 else ''}"


class Certificates:
    """Reads the lots that a core has closed. species: names in the core's order."""

    def __init__(self, plant: Plant, species: tuple[str, ...]) -> None:
        chemistry: Chemistry = plant.chemistry
        self._hoppers = [unit.id for unit in plant.units if unit.kind == "hopper"]
        self._products = plant.products
        self._mass = np.array([chemistry.species[name].molar_mass for name in species])
        oxygen, weights = chemistry.value("oxide", "oxygen"), chemistry.atomic_weights
        self._oxides = {
            element: np.array([chemistry.species[name].formula.get(element, 0.0) for name in species])
            * (1e-3 * (weights[element] + oxygen[element] * weights["O"]))
            for element in oxygen
        }
        """kg of an element's oxide that a mol of each species leaves on ignition."""
        self._formulas = {element: oxide_formula(element, o) for element, o in oxygen.items()}

    def read(self, rings: NDArray[np.float64], epoch: float) -> list[Certificate]:
        """All that are kept, in the order in which the lots were closed. rings: `Core.certificates`."""
        found = [
            (float(row[END]), self._certificate(product, row, epoch))
            for product, ring in self._of_products(rings)
            for row in ring
            if row[NUMBER] > 0.0
        ]
        return [certificate for _, certificate in sorted(found, key=lambda pair: (pair[0], pair[1].product))]

    def _of_products(self, rings: NDArray[np.float64]) -> Iterator[tuple[Product, NDArray[np.float64]]]:
        for product in self._products:
            yield product, rings[self._hoppers.index(product.hopper)]

    def _certificate(self, product: Product, row: NDArray[np.float64], epoch: float) -> Certificate:
        mol = row[AMOUNTS:]
        mass = float(mol @ self._mass)
        kg = {element: float(mol @ per_mol) for element, per_mol in self._oxides.items()}
        oxide = sum(kg.values())
        base = mass if product.graded_by == "mass" else oxide
        purity = 100.0 * sum(kg[element] for element in product.elements) / base if base > 0.0 else 0.0
        loss = 100.0 * (1.0 - oxide / mass)
        shares = {self._formulas[element]: 100.0 * x / oxide for element, x in kg.items() if x > 0.0}
        return Certificate(
            product=product.name,
            lot=int(row[NUMBER]),
            start=_moment(epoch + row[START]),
            end=_moment(epoch + row[END]),
            mass_kg=mass,
            oxides=MappingProxyType(dict(sorted(shares.items(), key=lambda pair: -pair[1]))),
            purity_pct=purity,
            loss_on_ignition_pct=loss,
            d50_um=1e6 * float(row[SIZE]) if row[SIZE] > 0.0 else float("nan"),
            in_spec=purity >= product.spec_pct and loss <= product.most_loss_pct,
        )


def _moment(seconds: float) -> np.datetime64:
    return np.datetime64(round(1e6 * seconds), "us")
