"""Pads of ore heaps."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import Context
from plantsim.model.errors import PlantError
from plantsim.model.plant import Unit

REST, INTERMEDIATE, FIRST, SECOND, RINSE, DRAIN = range(6)
"""Phases of a cell, as in ext/heap.pxd."""
MOST_CELLS = 32
"""Of a pad, as in ext/heap.pxd."""
LIQUORS = ("intermediate", "barren", "rinse")
"""Inlets of a pad."""
OUTLETS = ("pregnant", "intermediate", "overflow")


def ions(c: Context) -> list[dict[str, Any]]:
    """What the ore exchanges: selectivities against NH4 and sulfate complexes, in mol/L."""
    exchange = c.chemistry.group("exchange")
    return [
        {
            "ion": c.index[name],
            "bound": c.index[bound],
            "slow": c.index[exchange["slow"][name]] if name in exchange["slow"] else -1,
            "charge": float(c.chemistry.species[name].charge),
            "selectivity": 10.0 ** exchange["log10_k"][name],
            "sulfate": exchange["sulfate"].get(name, 0.0),
        }
        for name, bound in exchange["bound"].items()
    ]


def heap(c: Context, unit: Unit) -> dict[str, Any]:
    p, start = unit.parameters, unit.initial
    exchange = c.chemistry.group("exchange")
    table = ions(c)
    phases = [
        phase
        for phase, places in zip((REST, INTERMEDIATE, FIRST, SECOND, RINSE, DRAIN), p["places"], strict=True)
        for _ in range(places)
    ]
    cell = 1 + c.na + len(c.names) + p["layers"] * (c.na + 2 * len(table))
    cells = len(phases)
    if p["places"][REST] < 1 or cells > MOST_CELLS:
        raise PlantError(
            c.plant.path.name,
            f"units.{unit.id}.places",
            str(list(p["places"])),
            f"a first place that is 1 or more, for ore is stacked there, and {MOST_CELLS} together at most",
        )
    return {
        "ore": c.one_in(unit, "ore"),
        "inlets": [c.one_in(unit, name) for name in LIQUORS],
        "outlets": [c.one_out(unit, name) for name in OUTLETS],
        "cells": cells,
        "layers": p["layers"],
        "phases": phases,
        "area": p["cell_area"],
        "height": p["height"],
        "cell_mass": p["cell_area"] * p["height"] * p["density"],
        "moisture": 0.01 * p["moisture"],
        "conductivity": p["conductivity"],
        "exponent": float(p["exponent"]),
        "saturated": p["saturated"],
        "residual": p["residual"],
        "deepest": p["deepest"],
        "rain": p["rain"],
        "evaporation": p["evaporation"],
        "step": p["step"],
        "temperature": p["temperature"],
        "slot": start["slot"],
        "flux": [start[f"{name}_flux"] for name in LIQUORS],
        "liquors": [c.liquor(start[name]) for name in LIQUORS],
        "per_kg": c.feed_per_kg(c.bin_of(unit)),
        "ions": table,
        "nh4": [c.names[ion["ion"]] for ion in table].index("NH4"),
        "so4": c.index["SO4"],
        "carbonate": c.index.get("CO3", -1),
        "aluminium": c.index["Al"],
        "gibbsite": c.index["AlOH3"],
        "rate": exchange["rate"],
        "strength": exchange["strength"] * 1e-3,
        "slow_rate": exchange["slow_rate"],
        "acid_rate": exchange["acid_rate"],
        "log_gibbsite": exchange["log10_gibbsite"],
        # a bare pad
        "initial": [0.0] * (3 * c.na + 4 * len(c.names) + 6 + cells * cell),
    }
