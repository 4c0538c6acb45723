"""What the numerics say of themselves: how well elements are accounted for, how often a unit divides its step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plantsim.engine.core import Core
from plantsim.model.assemble import Assembly
from plantsim.model.plant import Plant

Vector = NDArray[np.float64]

MOST_GAP = 1e-9
"""Relative gap of a balance that is put on record."""


class Health:
    """Of one core. Balances are counted from the last `restart`, sub-steps between two calls of `figures`."""

    def __init__(self, core: Core, plant: Plant, assembly: Assembly) -> None:
        self._core = core
        species = [plant.chemistry.species[name] for name in assembly.layout.species]
        self._atoms = np.array(
            [[s.formula.get(element, 0.0) for s in species] for element in sorted(plant.chemistry.elements)]
        )
        self._charge = np.array([s.charge for s in species], dtype=float)
        names = list(assembly.layout.units)
        self._units = {k: f"Substeps.{names[k]}" for k in core.effort()}
        self._names = names
        self._substeps = dict.fromkeys(self._units.values(), 1.0)
        self.restart()

    def restart(self) -> None:
        """Count from here."""
        core = self._core
        self._hold_up, self._entered, self._left = core.hold_up(), core.edge_in.copy(), core.edge_out.copy()
        self._effort = core.effort()
        self._floored = {k: floored for k, (_, _, floored, _) in self._effort.items()}
        self._gap_told = False
        self._untold: list[str] = []

    def balance_error(self) -> float:
        """Largest over the elements of |in - out - change of hold-up| / (in + initial hold-up)."""
        gap, came = self._gap()
        base = self._atoms @ came
        there = base > 0.0
        return float(np.max(np.abs(self._atoms @ gap)[there] / base[there]))

    def charge_error(self) -> float:
        """|in - out - change of hold-up| of charge, relative to that of the cations that came in or were there."""
        gap, came = self._gap()
        return float(abs(self._charge @ gap) / (np.maximum(self._charge, 0.0) @ np.abs(came)))

    def _gap(self) -> tuple[Vector, Vector]:
        """mol of every species: in - out - change of hold-up, and in + initial hold-up."""
        core = self._core
        entered = core.edge_in - self._entered
        gap = entered - (core.edge_out - self._left) - (core.hold_up() - self._hold_up)
        return gap, entered + self._hold_up

    def figures(self) -> dict[str, float]:
        """Members of Simulation: BalanceError, and in how many parts every integrator took its steps, in the mean."""
        effort = self._core.effort()
        for k, (steps, _, floored, ticks) in effort.items():
            steps_before, *_, ticks_before = self._effort[k]
            if ticks != ticks_before:
                self._substeps[self._units[k]] = (steps - steps_before) / (ticks - ticks_before)
            if floored > self._floored.get(k, floored):
                self._untold.append(f"{self._names[k]}: the shortest step was still too long for its reactions")
                del self._floored[k]
        self._effort = effort
        error = self.balance_error()
        if error > MOST_GAP and not self._gap_told:
            self._untold.append(f"the balance of an element has a gap of {error:.1e} of what there is")
            self._gap_told = True
        return {"BalanceError": error, **self._substeps}

    def news(self) -> list[str]:
        """What `figures` has found amiss and nobody was told yet: each unit, and the balances, once since `restart`."""
        news, self._untold = self._untold, []
        return news
