"""Acid leach."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import AIR_MOL_PER_M3, BIN_WIDTH_M, BINS, CLASSES, Context
from plantsim.model.plant import Unit

PARTICLES = ("mill", "leach_tank")
"""Kinds of units whose streams carry particles in bins, as in ext/process.pxi."""


def dissolution(c: Context) -> dict[str, list[int] | list[float]]:
    """Stoichiometry of M + z H+ -> M(z+) + z/2 H2, M2O3 + 6 H+ -> 2 M3+ + 3 H2O, B + 3 H2O -> H3BO3 + 3/2 H2."""
    n = len(c.names)
    product = [0] * n
    metal, acid, hydrogen, water, heat = ([0.0] * n for _ in range(5))
    per_kg = c.chemistry.value("leach", "heat")
    dissolved = c.chemistry.value("leach", "dissolves_to")
    for i, class_ in enumerate(c.class_of()):
        if not class_:
            continue
        s = c.species[i]
        target = c.chemistry.species[dissolved[s.name]]
        element = next(e for e in s.formula if e not in ("O", "H"))
        count = s.formula[element] / target.formula[element]
        oxygen = s.formula.get("O", 0.0) - count * target.formula.get("O", 0.0)
        product[i] = c.index[target.name]
        metal[i] = count
        acid[i] = count * target.charge
        water[i] = oxygen
        # hydrogen left over: acid taken, less what went into water and into the dissolved species
        hydrogen[i] = 0.5 * (acid[i] - 2.0 * oxygen - count * target.formula.get("H", 0.0) + s.formula.get("H", 0.0))
        heat[i] = per_kg * c.mass[i]
    return {
        "product": product,
        "n_product": metal,
        "n_acid": acid,
        "n_hydrogen": hydrogen,
        "n_water": water,
        "heat": heat,
    }


def leach_tank(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    rate = 1e3 * c.chemistry.value("leach", "rate") * p["rate_factor"]  # m/s per mol/m3 -> per mol/L
    n, temperature = c.contents(unit)
    return {
        "tank": c.tank(unit),
        "powder": [int(c.plant.unit(s.source_unit).kind in PARTICLES) for s in c.inlets.get((unit.id, "in"), [])],
        "rate": [
            rate,
            rate * c.chemistry.value("leach", "oxide_factor"),
            rate * c.chemistry.value("leach", "boundary_factor"),
        ],
        "activation": c.chemistry.value("leach", "activation"),
        "bin_width": BIN_WIDTH_M,
        "class_of": c.class_of(),
        "rich": c.rich()[0],
        **dissolution(c),
        "headspace": p["headspace"],
        "vent": c.maybe_out(unit, "vent"),
        "sweep": c.drive(unit, "sweep"),
        "sweep_capacity": p["sweep"] * AIR_MOL_PER_M3,
        "water_vapour": p["water_vapour"],
        "acid_vapour": p["acid_vapour"],
        "heat_dilution": c.chemistry.value("leach", "heat_dilution") if p["dilution_heat"] else 0.0,
        "purge": c.drive(unit, "purge"),
        "purge_capacity": p["purge"] * AIR_MOL_PER_M3,
        "draught": p["draught"],
        "breathing": p["breathing"] * AIR_MOL_PER_M3,
        "surface": p["surface"] or p["span"] ** (2.0 / 3.0),
        "foam_life": p["foam_life"],
        "dome": p["dome"] or 1.5 * p["span"],
        "current": p["current"],
        "current_idle": p["current_idle"],
        "drag": p["drag"],
        "initial": [*n, temperature, *[0.0] * (2 * CLASSES * BINS), 0.0],
    }
