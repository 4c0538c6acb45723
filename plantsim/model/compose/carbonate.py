"""Tanks in which carbonates dissolve or precipitate."""

from __future__ import annotations

import math
from typing import Any

from plantsim.model.compose.context import AIR_MOL_PER_M3, Context
from plantsim.model.plant import Unit

DISSOLVES, PRECIPITATES, CARRIED = range(3)
"""What a solid does, as in ext/carbonate.pxd."""


def solids(c: Context) -> list[dict[str, Any]]:
    """Per solid: solid = a M(z+) + b CO3 + w H2O + y H+, closed over the elements and the charge."""
    constants = c.chemistry.value("carbonate", "log10_ksp")
    carried = c.chemistry.value("carbonate", "carried")
    rows = []
    for name, metal in c.chemistry.value("carbonate", "metals").items():
        solid, ion = c.chemistry.species[name].formula, c.chemistry.species[metal]
        element = next(iter(ion.formula))
        count = solid[element] / ion.formula[element]
        carbonate = solid.get("C", 0.0)
        water = solid.get("O", 0.0) - 3.0 * carbonate
        kind = PRECIPITATES if metal in constants else CARRIED if metal in carried else DISSOLVES
        rows.append(
            {
                "solid": c.index[name],
                "metal": c.index[metal],
                "n_metal": count,
                "n_carbonate": carbonate,
                "n_water": water,
                "n_acid": solid.get("H", 0.0) - 2.0 * water,
                "log_k": math.log(10.0) * constants.get(metal, 0.0),
                "precipitates": kind,
                "carried": carried.get(metal, 0.0),
            }
        )
    return rows


def carbonate_tank(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    n, temperature = c.contents(unit)
    rows = solids(c)
    mass = sum(n[row["solid"]] * c.mass[row["solid"]] for row in rows)
    return {
        "tank": c.tank(unit),
        "carbonates": rows,
        "carbonate": c.index["CO3"],
        "shrink": c.chemistry.value("carbonate", "rate") * 1e3,  # m/s per mol/m3 -> per mol/L
        "activation": c.chemistry.value("carbonate", "activation"),
        "rate": c.chemistry.value("carbonate", "precipitation"),
        "heat": c.chemistry.value("carbonate", "heat"),
        "radius": p["particle"],
        "strip": p["stripping"],
        "surface": p["surface"],
        "froth_life": p["froth_life"],
        "headspace": p["headspace"],
        "sweep": c.drive(unit, "sweep"),
        "sweep_capacity": p["sweep"] * AIR_MOL_PER_M3,
        "initial": [*n, temperature, mass / p["particle"], 0.0, 0.0],
    }
