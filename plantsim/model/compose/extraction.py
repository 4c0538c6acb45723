"""Solvent extraction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from plantsim.chemistry.chemistry import LAWS
from plantsim.model.compose.context import AMBIENT_K, Context
from plantsim.model.plant import Unit

BANKS = ("extract", "scrub", "strip")
TRACE = 1e-4
"""mol/L"""


def charged(c: Context, unit: Unit, metals: Sequence[str], concentration: float) -> list[list[float]]:
    """What a litre of each bank's stages holds where the plant file has the circuit at work."""
    banks = []
    for bank, (fill, loading) in enumerate(zip(unit.initial["aqueous"], unit.initial["organic"], strict=True)):
        aqueous = [1e-3 * x for x in c.liquor(fill)[: c.na]]
        # a trace of each, for the solver goes by what is there
        for metal in metals:
            aqueous[c.index[metal]] = max(aqueous[c.index[metal]], TRACE)
        organic = [loading.get(metal, TRACE) for metal in metals]
        banks.append([*aqueous, *organic, loading.get("Na", 0.05 * concentration if bank == 0 else 1e-6)])
    return banks


def fresh(c: Context, unit: Unit, metals: Sequence[str]) -> list[list[float]]:
    """What a litre of each bank's stages holds before the first start: acid, and organic that has taken up nothing."""
    unloaded = [0.0] * (len(metals) + 1)
    return [[*(1e-3 * x for x in c.liquor(fill)[: c.na]), *unloaded] for fill in unit.initial["fill"]]


def sx_circuit(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    extractant = c.chemistry.extractants[p["extractant"]]
    metals = list(p["metals"])
    stages = [int(x) for x in p["stages"]]
    concentration = 1e-3 * p["concentration"]
    banks = fresh(c, unit, metals) if c.plant.empty else charged(c, unit, metals, concentration)
    state = [
        x for quantity in zip(*banks, strict=True) for x, n in zip(quantity, stages, strict=True) for _ in range(n)
    ]
    state += [unit.initial["interface"]] * sum(stages)
    state += [0.0 if c.plant.empty else 1e-6] * (len(metals) + 1)
    state += [0.0]  # no crud
    if p["organic_temperature"]:
        state += [AMBIENT_K if c.plant.empty else p["organic_temperature"]]
    if p["organic_span"]:
        state += [1e3 * p["organic_tank"]]
    return {
        "stages": stages,
        "feed": c.one_in(unit, "feed"),
        "scrub": c.one_in(unit, "scrub"),
        "strip": c.one_in(unit, "strip"),
        "soda": c.one_in(unit, "soda"),
        "raffinate": c.one_out(unit, "raffinate"),
        "liquor": c.one_out(unit, "liquor"),
        "organic": c.drive(unit, "organic"),
        "organic_capacity": 1e3 * p["organic"],
        "mixer": c.drive(unit, "mixers"),
        "crud_pump": c.drive(unit, "crud_pump"),
        "re": [c.index[m] for m in metals],
        "k_ex": [10.0 ** extractant.log10_k_ex[m] for m in metals],
        "law": LAWS.index(extractant.law),
        "charge": [float(c.chemistry.species[m].charge) for m in metals],
        "order": [extractant.order[m] for m in metals],
        "order_by_dose": [extractant.order_by_dose[m] for m in metals],
        "power_of_dose": [extractant.power_of_dose[m] for m in metals],
        "dose_per_free": 200.0 * 1e3 * extractant.molar_volume,
        "k_na": extractant.k_na,
        **c.bisulfate(),
        "extractant": concentration,
        "entrainment": p["entrainment"],
        "v_aq": [1e3 * v for v in p["aqueous_holdup"]],
        "v_org": [1e3 * v for v in p["organic_holdup"]],
        "transfer": list(p["transfer"]),
        "transfer_na": p["transfer_na"],
        "area": list(p["settler_area"]),
        "capacity": [1e3 * p["settler_capacity"] * area for area in p["settler_area"]],
        # settlers are twice as long as wide, and overflow along their width
        "width": [math.sqrt(0.5 * area) for area in p["settler_area"]],
        "depth": p["settler_depth"],
        "weir": list(p["weir"]),
        "travel": p["weir_travel"],
        "end_weir": [c.drive(unit, f"{bank}_weir") for bank in BANKS],
        "carry_over": list(p["carry_over"]),
        "organic_density": p["organic_density"],
        "tank_volume": 1e3 * p["organic_tank"],
        "tank_span": 1e3 * p["organic_span"],
        "fresh": c.maybe_in(unit, "fresh"),
        "evaporation": 1e3 * p["evaporation"],
        "at": p["organic_temperature"] or 0.0,
        "loss": p["loss"],
        "ambient": AMBIENT_K,
        "heater": c.drive(unit, "heater"),
        "power": p["power"],
        "stirring": p["stirring"],
        "profile": c.index[p["profile"][0]] if p["profile"] else -1,
        "initial": state,
    }


def stage_states(entry: Mapping[str, Any], species: Mapping[str, Any], name: str, *, organic: bool) -> list[int]:
    """Where a species stands in the state of a circuit, stage by stage from E1 to the last strip stage.

    entry: the circuit's table. species: the core's species table. organic: in the organic, else in the aqueous.
    """
    index = species["index"][name]
    stages = sum(entry["stages"])
    place = species["dissolved"] + list(entry["re"]).index(index) if organic else index
    return list(range(place * stages, (place + 1) * stages))


def interface_states(entry: Mapping[str, Any], species: Mapping[str, Any]) -> list[int]:
    """Where the interfaces [m] stand in the state of a circuit, from E1 to the last strip stage."""
    stages = sum(entry["stages"])
    place = species["dissolved"] + len(entry["re"]) + 1
    return list(range(place * stages, (place + 1) * stages))
