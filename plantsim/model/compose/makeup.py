"""Reagent make-up."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import Context
from plantsim.model.plant import Unit


def makeup_tank(c: Context, unit: Unit) -> dict[str, Any]:
    reagent = unit.parameters["reagent"]
    # the ion that neither water nor another acid or base shares with it
    ion, per_mol = next((s, x) for s, x in c.chemistry.solutes[reagent].items() if s not in ("H", "H2O"))
    n, temperature = c.contents(unit)
    return {
        "tank": c.tank(unit),
        "reagent": c.index[ion],
        "per_mol": per_mol,
        "dilution": c.chemistry.value("dilution", reagent),
        "initial": [*n, temperature],
    }
