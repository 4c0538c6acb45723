"""Clarifying filter of effluent."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import Context
from plantsim.model.plant import Unit


def clarifier(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    return {
        "inlet": c.one_in(unit),
        "out": c.one_out(unit),
        "hold": c.one_out(unit, "hold"),
        "sludge": c.one_out(unit, "sludge"),
        "discharge": c.drive(unit, "discharge"),
        "passing": 0.01 * p["passing"],
        "moisture": 0.01 * p["moisture"],
        "density": p["density"],
        "ntu": p["turbidity"],
        "initial": [],
    }
