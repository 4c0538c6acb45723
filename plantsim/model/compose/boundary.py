"""Stores and hoppers at the boundary, and the battery behind the mains."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import AIR_MOL_PER_M3, Context
from plantsim.model.plant import Unit
from plantsim.model.tag import Kind


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


def organic_store(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    lines = c.outlets.get((unit.id, "out"), [])
    return {
        "outlets": [c.outlet(line) for line in lines],
        "levels": [_level(c, line.target_unit) for line in lines],
        "pump": c.drive(unit, "pump"),
        "temperature": p["temperature"],
        "span": p["span"],
        "refill_at": 0.01 * p["refill_at"] * p["span"],
        "delivery": p["delivery"],
        "initial": [0.01 * p["initial"] * p["span"]],
    }


def _level(c: Context, circuit: str) -> int:
    """Probe of what is in a circuit's tank, -1 where that always holds the same."""
    spanned = circuit and c.plant.unit(circuit).parameters.get("organic_span", 0.0) > 0.0
    return c.layout.probes[circuit, "organic_level"] if spanned else -1


def hopper(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    product = next((one for one in c.plant.products if one.hopper == unit.id), None)
    oxide = c.graded_mass(product)
    source = c.source_of(unit, "crystalliser")
    return {
        "inlet": c.one_in(unit),
        "divert": c.drive(unit, "divert"),
        "close": c.drive(unit, "close"),
        "bag_at": p["bag_at"],
        "oxide": oxide,
        "pure": c.oxide_mass(product.elements) if product else oxide,
        "spec": 0.01 * product.spec_pct if product else 0.0,
        "size": c.layout.probes[source, "size"] if source else -1,
        "size_ratio": p["size_ratio"],
        "initial": [0.0] * (2 * len(c.names) + 4),
    }


def enclosure(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    mixers = [unit.drives[f"mixers{n + 1}"] for n in range(int(p["circuits"]))]
    speed = {
        d.tag: 0.0 if c.plant.empty else float(d.initial) * (0.01 if d.kind is Kind.VARIABLE_DRIVE else 1.0)
        for d in c.plant.devices
        if d.tag in unit.drives.values()
    }
    turning = sum(speed[tag] for tag in mixers) / len(mixers)
    made = p["vapour"] * (p["still"] + (1.0 - p["still"]) * turning)
    circuits = [
        next((one for one in c.plant.units if one.kind == "sx_circuit" and one.drives.get("mixers") == tag), None)
        for tag in mixers
    ]
    return {
        "fan": c.drive(unit, "fan"),
        "mixers": [c.layout.drives[tag] for tag in mixers],
        "organic": [c.layout.probes[one.id, "temperature"] if one else 0 for one in circuits],
        "warm_at": [one.parameters["organic_temperature"] or 0.0 if one else 0.0 for one in circuits],
        "volume": p["volume"] * AIR_MOL_PER_M3,
        "air": p["air"] * AIR_MOL_PER_M3,
        "draught": p["draught"] * AIR_MOL_PER_M3,
        "vapour": p["vapour"] * AIR_MOL_PER_M3,
        "still": p["still"],
        "limit": p["explosive"],
        # as it comes to rest with these drives
        "initial": [made / (p["air"] * speed[unit.drives["fan"]] + p["draught"])],
    }


def ups(c: Context, unit: Unit) -> dict[str, Any]:
    carried = [d for d in c.plant.devices if d.supply == unit.id]
    return {
        "loads": [c.layout.own[d.tag] for d in carried],
        "power": [d.power for d in carried],
        "capacity": unit.parameters["capacity"],
        "charger": unit.parameters["charger"],
        "initial": [unit.parameters["capacity"]],
    }
