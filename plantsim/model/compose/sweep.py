"""Sweep ducts."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import AIR_MOL_PER_M3, Context
from plantsim.model.plant import Unit


def duct(c: Context, unit: Unit) -> dict[str, Any]:
    """Its tanks are those that the same fan sweeps."""
    fan = unit.drives["fan"]
    tanks = [one.id for one in c.plant.units if one.kind == "leach_tank" and one.drives.get("sweep") == fan]
    probes = c.layout.probes
    return {
        "fan": c.drive(unit, "fan"),
        "capacity": unit.parameters["capacity"] * AIR_MOL_PER_M3,
        "hydrogen": [probes[tank, "hydrogen"] for tank in tanks],
        "gas": [probes[tank, "off_gas"] for tank in tanks],
        "initial": [],
    }
