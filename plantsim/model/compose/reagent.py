"""Reagent tanks that are charged in batches, and the air of the hall that a tank may leak into."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import AMBIENT_K, Context
from plantsim.model.plant import Unit

LIQUOR_J_PER_M3_K = 4.0e6
"""RHO_CP of ext/sheet.pxd."""


def reagent_tank(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    ((solute, strength),) = p["liquor"].items()
    molar = c.liquor(p["liquor"])
    reagent = 1e3 * strength
    per = c.vector(c.chemistry.solutes[solute])
    water = c.index["H2O"]
    free = molar[water] - reagent * per[water]
    solute_volume = sum(n * one.molar_volume for n, one in zip(per[: c.na], c.species, strict=False))
    batch = p["delivery"]
    return {
        "outlets": [c.outlet(s) for s in c.outlets.get((unit.id, "out"), [])],
        "per": per,
        "solute_volume": solute_volume,
        "solute_mass": sum(n * m for n, m in zip(per, c.mass, strict=True)),
        "span": p["span"],
        "refill_at": 0.01 * p["refill_at"] * p["span"],
        "reagent": batch * reagent,
        "water": batch * free,
        "batch": p["batch_temperature"] + p["dissolution"] * reagent / LIQUOR_J_PER_M3_K,
        "batch_capacity": batch * LIQUOR_J_PER_M3_K,
        "loss": p["loss"],
        "ambient": AMBIENT_K,
        "heater": c.drive(unit, "heater"),
        "power": p["power"],
        "decay": p["decay"],
        "activation": p["decay_activation"],
        "heat": p["decay_heat"],
        "initial": [0.01 * p["initial"] * p["span"] * x for x in (reagent, free)] + [_at_start(c, unit)],
    }


def _at_start(c: Context, unit: Unit) -> float:
    """K: a plant that stands cold has its reagents cold."""
    return AMBIENT_K if c.plant.empty else float(unit.parameters["temperature"])


def hall(c: Context, unit: Unit) -> dict[str, Any]:
    """Its leach tanks are those that its fan sweeps through a vent."""
    p, probes, fan = unit.parameters, c.layout.probes, unit.drives.get("sweep")
    swept = [one.id for one in c.plant.units if fan and one.drives.get("sweep") == fan]
    tanks = [tank for tank in swept if (tank, "acid_vapour") in probes]
    return {
        "volume": p["air"],
        "exchange": p["exchange"],
        "evaporation": p["evaporation"],
        "wet": p["wet"],
        "drained": p["drained"],
        "leak_at": p["leak_at"],
        "background": p["background"],
        "ambient": AMBIENT_K,
        "vapour": [probes[tank, "acid_vapour"] for tank in tanks],
        "dome": [probes[tank, "headspace_pressure"] for tank in tanks],
        "fugitive": p["fugitive"],
        "lids": p["lids"],
        "initial": [0.0, 0.0],
    }
