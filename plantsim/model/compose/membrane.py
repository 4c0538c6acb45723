"""Reverse osmosis."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import Context
from plantsim.model.plant import Unit


def membrane(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    return {
        "inlet": c.one_in(unit),
        "permeate": c.one_out(unit, "permeate"),
        "retentate": c.one_out(unit, "retentate"),
        "recovery": 0.01 * p["recovery"],
        "rejection": 0.01 * p["rejection"],
        "initial": [],
    }
