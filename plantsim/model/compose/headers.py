"""Utility headers: water circuits and gas mains, and who takes from them."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import AIR_MOL_PER_M3, AMBIENT_K, Context
from plantsim.model.plant import Device, Unit

WATER_J_PER_M3_K = 4.18e6
LAG_S = 5.0
"""In which the pressure of a water circuit follows its pump."""
BAND = 0.1
"""Of the set point of a gas main: its regulator is fully open so far below."""


def _consumers(c: Context, unit: Unit) -> list[Device]:
    return [d for d in c.plant.devices if d.supply == unit.id]


def water_circuit(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    consumers = _consumers(c, unit)
    jackets = [_jacket(c, unit, device) for device in consumers]
    return {
        "drives": [c.layout.drives[d.tag] for d in consumers],
        "draws": [d.draw for d in consumers],
        "exchange": [exchange for exchange, _ in jackets],
        "warm": [warm for _, warm in jackets],
        "pump": c.drive(unit, "pump"),
        "heater": c.drive(unit, "heater"),
        "shut_off": p["shut_off"],
        "pressure": p["pressure"],
        "flow": p["flow"],
        "lag": LAG_S,
        "power": p["power"],
        "capacity": WATER_J_PER_M3_K * p["volume"],
        "cooler": p["cooler"],
        "cooled_to": p["cooled_to"],
        "loss": p["loss"],
        "ambient": AMBIENT_K,
        "initial": [0.0, AMBIENT_K] if c.plant.empty else [p["pressure"], p["temperature"]],
    }


def _jacket(c: Context, circuit: Unit, device: Device) -> tuple[float, int]:
    """W/K that a consumer's jacket takes at full opening, and the probe of the temperature in it."""
    unit = c.plant.unit(device.unit)
    if device.tag not in (unit.drives.get("cooling"), unit.drives.get("heating")):
        return 0.0, c.layout.probes[circuit.id, "temperature"]
    return unit.parameters.get("jacket") or 0.0, c.layout.probes[unit.id, "temperature"]


def gas_main(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    consumers = _consumers(c, unit)
    return {
        "drives": [c.layout.drives[d.tag] for d in consumers],
        "draws": [d.draw * AIR_MOL_PER_M3 for d in consumers],
        "set_point": p["set_point"],
        "band": BAND * p["set_point"],
        "most": p["most"] * AIR_MOL_PER_M3,
        "use": p["use"] * AIR_MOL_PER_M3,
        "pressure": p["pressure"],
        "fails_below": p["fails_below"],
        "volume": p["volume"],
        "initial": [p["set_point"] * (1.0 - BAND)],
    }
