"""Key figures from the core's running totals: true values, not measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plantsim.model.plant import Plant

Span = NDArray[np.float64] | Sequence[float]
"""Totals of a span of plant time, by meter; a list is the faster one to sum a few of."""

S_PER_H = 3600.0
J_PER_KWH = 3.6e6


class Figures:
    """Sums of totals over a span of plant time, as `end - start` of two rows of totals."""

    def __init__(self, plant: Plant, meters: Mapping[str, int]) -> None:
        self.plant = plant
        self.meters: dict[str, list[int]] = {}
        for name, i in meters.items():
            self.meters.setdefault(name.partition("/")[0], []).append(i)
        self.acids = [i for name, i in meters.items() if name.startswith("acid.")]

    def of(self, span: Span, name: str) -> float:
        """One total of a span, of all units that share it."""
        return float(sum(span[i] for i in self.meters[name]))

    def ratio(self, top: float, bottom: float, empty: float = 0.0) -> float:
        """top/bottom, `empty` where nothing was made yet."""
        return top / bottom if bottom > 1e-9 else empty

    def purity_pct(self, span: Span, product: str) -> float:
        """Mass-weighted purity of what was made, % of oxide."""
        return 100.0 * self.ratio(self.of(span, f"pure.{product}"), self.of(span, f"oxide.{product}"))

    def recovery_pct(self, span: Span, product: str) -> float:
        """Metal of the product that came as oxide, diverted or not, % of that fed, by mass."""
        elements = next(p.elements for p in self.plant.products if p.name == product)
        weight = self.plant.chemistry.atomic_weights
        made = sum(weight[e] * self.of(span, f"made.{product}.{e}") for e in elements)
        fed = sum(weight[e] * self.of(span, f"fed.{product}.{e}") for e in elements)
        return 100.0 * self.ratio(made, fed)

    def element_recovery_pct(self, span: Span, product: str, element: str) -> float:
        """One metal that reached the product's hopper, % of that fed."""
        return 100.0 * self.ratio(self.of(span, f"made.{product}.{element}"), self.of(span, f"fed.{product}.{element}"))

    def specific_acid(self, span: Span) -> float:
        """kg of acid, as HCl 32 %, per kg of feed."""
        return self.ratio(float(sum(span[i] for i in self.acids)), self.of(span, "feed"))

    def specific_energy(self, span: Span) -> float:
        """kWh per kg of oxide."""
        oxide = sum(self.of(span, f"oxide.{p.name}") for p in self.plant.products)
        return self.ratio(self.of(span, "energy") / J_PER_KWH, oxide)

    def off_spec_kg(self, span: Span) -> float:
        """Oxide below its specified purity, and oxide that was diverted to the off-spec drum."""
        return sum(self.of(span, f"off_spec.{p.name}") for p in self.plant.products)
