"""Drying and calcination."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import AIR_MOL_PER_M3, AMBIENT_K, Context
from plantsim.model.plant import Unit

STEFAN_BOLTZMANN = 5.670374e-8
EMISSIVITY = 0.7
SOLIDS_CP_J_KG_K = 600.0
AIR_CP_J_MOL_K = 29.1


def dryer(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    return {
        "inlet": c.one_in(unit),
        "outlet": c.one_out(unit),
        "residence": p["residence"],
        "rate": p["rate"],
        "power": p["power"],
        "efficiency": 0.01 * p["efficiency"],
        "heat_capacity": p["heat_capacity"],
        "loss": p["loss"],
        "ambient": AMBIENT_K,
        "heater": c.drive(unit, "heater"),
        "drive": c.drive(unit, "paddle"),
        "initial": [*[0.0] * len(c.names), AMBIENT_K if c.plant.empty else 378.15],
    }


def calciner(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    ix = c.index
    chemistry = c.chemistry
    zones = int(p["zones"])
    fan = c.drive(unit, "fan")
    volatile = c.vector({"H2O": c.mass[ix["H2O"]]})
    chains = []
    for hydrate, anhydrous, oxycarbonate, oxide in chemistry.value("calcination", "chains"):
        element = next(e for e in chemistry.species[hydrate].formula if e not in ("C", "H", "O"))
        per = chemistry.species[hydrate].formula[element] / chemistry.species[oxide].formula[element]
        for name in (hydrate, anhydrous, oxycarbonate):
            volatile[ix[name]] = c.mass[ix[name]] - per * c.mass[ix[oxide]]
        chains.append(
            {
                "hydrate": ix[hydrate],
                "anhydrous": ix[anhydrous],
                "oxycarbonate": ix[oxycarbonate],
                "oxide": ix[oxide],
                "n_oxide": per,
                # RE2O2CO3 has five O, of which CO2 takes two
                "oxygen": 0.5 * (per * chemistry.species[oxide].formula["O"] - 3.0),
            }
        )
    simple = []
    for oxalate, oxide in chemistry.value("calcination", "simple"):
        f, g = chemistry.species[oxalate].formula, chemistry.species[oxide].formula
        element = next(e for e in f if e not in ("C", "H", "O"))
        per = f[element] / g[element]
        water = 0.5 * f.get("H", 0.0)
        volatile[ix[oxalate]] = c.mass[ix[oxalate]] - per * c.mass[ix[oxide]]
        simple.append(
            {
                "oxalate": ix[oxalate],
                "oxide": ix[oxide],
                "n_oxide": per,
                "oxygen": 0.5 * (per * g["O"] + 2.0 * f["C"] + water - f["O"]),
                "carbon_dioxide": f["C"],
                "water": water,
            }
        )
    # the bed is colder than a wall that heats it
    zone_k = [(AMBIENT_K, AMBIENT_K)] * zones if c.plant.empty else [(k - 15.0, k) for k in unit.initial["zones"]]
    return {
        "inlet": c.one_in(unit),
        "outlet": c.one_out(unit),
        "zones": zones,
        "residence": p["residence"],
        "speed_normal": 0.01 * p["speed_normal"],
        "a": list(chemistry.value("calcination", "a")),
        "ea": list(chemistry.value("calcination", "ea")),
        "chains": chains,
        "simple": simple,
        "oxalate": ix["Ox"],
        "volatile": volatile,
        "heaters": [c.drive(unit, f"zone{z + 1}") for z in range(zones)],
        "power": p["power"],
        "wall_capacity": p["wall"],
        "bed_capacity": p["bed"],
        "solids_cp": SOLIDS_CP_J_KG_K,
        "film": p["film"],
        "radiation": EMISSIVITY * STEFAN_BOLTZMANN * p["heat_area"],
        "shell": p["shell"],
        "gas": p["exhaust" if fan >= 0 else "air"] * AIR_MOL_PER_M3 * AIR_CP_J_MOL_K,
        "fan": fan,
        "exhaust": p["exhaust"] * AIR_MOL_PER_M3,
        "draft": p["draft"],
        "idle_current": p["idle_current"],
        "load_current": p["load_current"],
        "ambient": AMBIENT_K,
        "tube": c.drive(unit, "tube"),
        "initial": [x for bed_k, wall_k in zone_k for x in (*[0.0] * len(c.names), bed_k, wall_k)],
    }
