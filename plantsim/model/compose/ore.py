"""Leach of an ore."""

from __future__ import annotations

from typing import Any

from plantsim.chemistry.elements import RARE_EARTHS
from plantsim.model.compose.context import Context
from plantsim.model.errors import PlantError
from plantsim.model.plant import Unit

HOUR_S = 3600.0


def oxides(c: Context, unit: Unit) -> list[dict[str, Any]]:
    """Per oxide that the unit's feed brings: M_a O_w H_h + n H+ -> a M(z+) + w H2O, and its rate."""
    solids, powers = c.chemistry.value("ore", "dissolves_to"), c.chemistry.value("ore", "power")
    rates, tracer = c.chemistry.value("ore", "rate"), c.index[c.chemistry.value("ore", "tracer")]
    feed = c.feed_per_kg(c.bin_of(unit))
    if not feed[tracer]:
        allowed = f"some, by which {unit.id} counts what it has dissolved"
        raise PlantError(c.plant.path.name, "feed", f"no {c.names[tracer]}", allowed)
    rows = []
    for name, metal in solids.items():
        solid, ion = c.chemistry.species[name].formula, c.chemistry.species[metal]
        element = next(iter(ion.formula))
        count = solid[element] / ion.formula[element]
        if not feed[c.index[name]]:
            continue
        rows.append(
            {
                "solid": c.index[name],
                "metal": c.index[metal],
                "n_metal": count,
                "n_acid": count * ion.charge,
                "n_water": solid["O"],
                "rate": rates[name] / HOUR_S,
                "power": powers[name],
                "brought": feed[c.index[name]] / feed[tracer],
                "counted": int(element in RARE_EARTHS),
            }
        )
    return rows


def ore_tank(c: Context, unit: Unit) -> dict[str, Any]:
    n, temperature = c.contents(unit)
    if not c.plant.empty:
        ore = unit.initial["ore"]
        n = [x + ore * per_kg for x, per_kg in zip(n, c.feed_per_kg(c.bin_of(unit)), strict=True)]
    return {
        "tank": c.tank(unit),
        "oxides": oxides(c, unit),
        "tracer": c.index[c.chemistry.value("ore", "tracer")],
        **c.bisulfate(),
        "initial": [*n, temperature],
    }
