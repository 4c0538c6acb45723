"""Feed preparation: bin, furnace, mill."""

from __future__ import annotations

import math
from typing import Any

from plantsim.model.compose.context import AMBIENT_K, BIN_WIDTH_M, Context
from plantsim.model.plant import Unit

FURNACE_K = 633.15
"""A furnace starts hot."""
AIR_O2 = 0.2095
"""Of a mill without nitrogen."""


def feed_bin(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    hopper = [p["hopper_initial"]] if p["hopper"] else []
    return {
        "outlet": c.outlet(c.outlets[unit.id, "out"][0]),
        "per_kg": c.feed_per_kg(unit.id),
        "ways": c.feed_ways(unit.id),
        "refill_at": p["refill_at"],
        "lot": p["lot"],
        "temperature": AMBIENT_K,
        "hopper": p["hopper"],
        "gate": c.drive(unit, "gate"),
        "refill": p["refill"],
        "initial": [*(n * (p["initial"] + p["hopper_initial"]) for n in c.feed_per_kg(unit.id)), 0.0, *hopper],
    }


def furnace(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    return {
        "inlet": c.one_in(unit),
        "outlet": c.one_out(unit),
        "residence": p["residence"],
        "heat_capacity": p["heat_capacity"],
        "power": p["power"],
        "loss": p["loss"],
        "ambient": AMBIENT_K,
        "solids_cp": 450.0,
        "field": p["residual_field"],
        "field_scale": p["field_scale"],
        "heater": c.drive(unit, "heater"),
        "initial": [*c.solids_hold_up(unit, p["residence"]), AMBIENT_K if c.plant.empty else FURNACE_K],
    }


def mill(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    spread = p["spread"]
    cooling = max(p["idle_power"], 1.0) / p["casing_rise"]
    casing = AMBIENT_K if c.plant.empty else AMBIENT_K + p["casing_rise"]
    table = [1.0 - math.exp(-math.log(5.0) * (i / 16.0) ** spread) for i in range(64)]
    return {
        "inlet": c.one_in(unit),
        "outlet": c.one_out(unit),
        "residence": p["residence"],
        "class_of": c.class_of(),
        "rich": c.rich()[0],
        "rich_share": c.rich()[1],
        "d80": p["d80"],
        "classifier_normal": 0.01 * p["classifier_normal"],
        "classifier_lag": p["classifier_lag"],
        "feed_d80": p["feed_d80"],
        # Bond: W = 10 Wi (1/sqrt P - 1/sqrt F), Wi in kWh/t and sizes in um, so 10 * 3600 J/kg * 1e-3 sqrt m
        "work_index": p["work_index"] * 36.0,
        "idle_power": p["idle_power"],
        "casing": p["casing"],
        "leak": p["air_leak"],
        "purge": p["purge"],
        "table": table,
        "bin_width": BIN_WIDTH_M,
        "motor": c.drive(unit, "motor"),
        "classifier": c.drive(unit, "classifier"),
        "nitrogen": c.drive(unit, "nitrogen"),
        "airlock": c.drive(unit, "airlock"),
        "gate": c.drive(unit, "gate"),
        "cooling": cooling,
        "warmth": cooling * p["casing_lag"],
        "ambient": AMBIENT_K,
        "vibration": p["vibration"],
        "initial": [*c.solids_hold_up(unit, p["residence"]), p["d80"], AIR_O2 if c.plant.empty else 0.02, casing],
    }
