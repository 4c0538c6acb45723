"""Key figures from the core's running totals: true values, not measurements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plantsim.model.plant import Plant

Vector = NDArray[np.float64]

S_PER_H = 3600.0
J_PER_KWH = 3.6e6
LEAST = 1e-9
"""Of a denominator: below it nothing was made yet."""

Terms = list[tuple[int, float]]
"""Meters and their weights."""


class Figures:
    """Of a span of plant time, as `end - start` of two rows of totals, a value a meter.

    The quotients, which every image shows, are summed in one go and always in one order, which BLAS does not promise.
    """

    def __init__(self, plant: Plant, meters: Mapping[str, int]) -> None:
        self._meters: dict[str, list[int]] = {"feed": []}  # of which a plant without a bin has none
        for name, i in meters.items():
            self._meters.setdefault(name.partition("/")[0], []).append(i)
        off_spec = [i for p in plant.products for i in self._meters[f"off_spec.{p.name}"]]
        self._off_spec = np.array(off_spec, dtype=np.intp)
        weight = plant.chemistry.atomic_weights

        def metal(what: str, product: str, elements: tuple[str, ...]) -> Terms:
            return [(i, weight[e]) for e in elements for i in self._meters[f"{what}.{product}.{e}"]]

        parts: dict[str, tuple[float, Terms, Terms]] = {
            f"Recovery.{p.name}": (100.0, metal("made", p.name, p.elements), metal("fed", p.name, p.elements))
            for p in plant.products
        }
        acids = [(i, 1.0) for name, i in meters.items() if name.startswith("acid.")]
        oxides = [(i, 1.0) for p in plant.products for i in self._meters[f"oxide.{p.name}"]]
        parts["SpecificAcid"] = (1.0, acids, [(i, 1.0) for i in self._meters["feed"]])
        parts["SpecificEnergy"] = (1.0 / J_PER_KWH, [(i, 1.0) for i in self._meters["energy"]], oxides)
        self.names = tuple(parts)
        """Of the quotients: recovery of each product as oxide, diverted or not, % of the metal fed, by mass; kg of
        acid, as HCl 32 %, per kg of feed; kWh per kg of oxide."""
        self._factors = np.array([factor for factor, _, _ in parts.values()])
        sums = [[(0, 0.0), *terms] for _, *both in parts.values() for terms in both]  # a sum of nothing is 0
        self._at = np.array([i for terms in sums for i, _ in terms], dtype=np.intp)
        self._weights = np.array([w for terms in sums for _, w in terms])
        self._starts = np.cumsum([0, *(len(terms) for terms in sums[:-1])])

    def quotients(self, span: Vector) -> Vector:
        """In the order of `names`; 0 where nothing was made yet."""
        sums = np.add.reduceat(span[self._at] * self._weights, self._starts)
        over, under = sums[::2], sums[1::2]
        return self._factors * np.divide(over, under, out=np.zeros(len(over)), where=under > LEAST)

    def of(self, span: Vector, name: str) -> float:
        """One total, of all units that share it."""
        return float(span[self._meters[name]].sum())

    def purity_pct(self, span: Vector, product: str) -> float:
        """Mass-weighted purity of what was made, % of oxide."""
        return self._percent(span, f"pure.{product}", f"oxide.{product}")

    def element_recovery_pct(self, span: Vector, product: str, element: str) -> float:
        """One metal that reached the product's hopper, % of that fed."""
        return self._percent(span, f"made.{product}.{element}", f"fed.{product}.{element}")

    def _percent(self, span: Vector, part: str, whole: str) -> float:
        under = self.of(span, whole)
        return 100.0 * self.of(span, part) / under if under > LEAST else 0.0

    def off_spec_kg(self, span: Vector) -> float:
        """Oxide below its specified purity, and oxide that was diverted to the off-spec drum."""
        return float(span[self._off_spec].sum())
