"""Which units take longer steps than a scan, and what they gather and hold meanwhile."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import Layout
from plantsim.model.kinds import KINDS
from plantsim.model.plant import Plant


def paces(plant: Plant, layout: Layout, scan_period: float) -> list[dict[str, Any]]:
    """Table of the units whose kind's step is at least two scans [s] long."""
    result = []
    for unit in plant.units:
        scans = int(KINDS[unit.kind].step_s / scan_period + 1e-9)
        if scans > 1:
            result.append(
                {
                    "unit": layout.units[unit.id],
                    "scans": scans,
                    "inlets": [layout.streams[s.id] for s in plant.streams if s.target_unit == unit.id],
                    "outlets": [layout.streams[s.id] for s in plant.streams if s.source_unit == unit.id],
                }
            )
    return result
