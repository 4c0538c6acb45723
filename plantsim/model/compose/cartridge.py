"""Polishing filter."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import Context
from plantsim.model.plant import Unit


def cartridge(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    return {
        "inlet": c.one_in(unit),
        "outlet": c.one_out(unit),
        "change": c.drive(unit, "change"),
        "area": p["surface"],
        "clean": p["clean_resistance"],
        "resistance": p["cake_resistance"],
        "viscosity": p["viscosity"],
        "catches": 0.01 * p["catches"],
        "relief": p["relief"],
        "initial": [0.0] * (len(c.names) + 1),
    }
