"""Gas cleaning."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import AIR_MOL_PER_M3, Context
from plantsim.model.plant import Unit

HENRY_CO2_MOL_L_ATM = 0.0339
"""Carbon dioxide in water at 25 C (Plummer and Busenberg 1982, log10 K_H = -1.47)."""


def scrubber(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    n, temperature = c.contents(unit)
    return {
        "tank": c.tank(unit),
        "gas": [c.layout.streams[s.id] for s in c.inlets.get((unit.id, "gas"), [])],
        "pump": c.drive(unit, "pump"),
        "fan": c.drive(unit, "fan"),
        "recirculation": p["recirculation"],
        "air": p["air"] * AIR_MOL_PER_M3,
        "drop": p["packing_drop"],
        "transfer_units": p["transfer_units"],
        "carbonic": HENRY_CO2_MOL_L_ATM * p["carbon_dioxide"],
        "initial": [*n, temperature],
    }
