"""Stores and hoppers at the boundary."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import Context
from plantsim.model.plant import Unit


def store(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    span = p.get("span") or 0.0
    return {
        "outlets": [c.outlet(s) for s in c.outlets.get((unit.id, "out"), [])],
        "molar": c.liquor(p.get("liquor") or {}),
        "temperature": p["temperature"],
        "span": span,
        "refill_at": 0.01 * p["refill_at"] * span,
        "delivery": p.get("delivery") or 0.0,
        "initial": [0.01 * p["initial"] * span],
    }


def hopper(c: Context, unit: Unit) -> dict[str, Any]:
    return {
        "inlet": c.one_in(unit),
        "bag_at": unit.parameters["bag_at"],
        "initial": [0.0] * (len(c.names) + 1),
    }
