"""The measured quantities that each kernel writes."""

from __future__ import annotations

PROBES: dict[str, tuple[str, ...]] = {
    "feed_bin": ("weight", "rate", "lots"),
    "demag_furnace": ("temperature", "residual_field", "hold_up"),
    "mill": ("d80", "power", "oxygen", "hold_up", "rate"),
    "leach_tank": ("level", "temperature", "acid", "hydrogen", "hydrogen_make", "volume", "solids", "pH"),
    "reactor": ("level", "temperature", "pH", "redox", "volume", "solids"),
    "tank": ("level", "temperature", "pH", "redox", "volume", "solids"),
    "filter": ("cake", "filtrate", "wash_ratio", "washed"),
    "filter_press": (
        "cake",
        "filtrate",
        "wash_ratio",
        "washed",
        "pressure_drop",
        "solids",
        "weight",
        "filtered",
        "discharges",
        "fullness",
        "turbidity",
        "skip",
        "unrinsed",
    ),
    "sx_circuit": (
        "organic_flow",
        "ph_raffinate",
        "ph_feed",
        "ph_scrub",
        "acid_liquor",
        "loading",
        "loading_share",
        "free_dimer",
        "extract_interface",
        "scrub_interface",
        "strip_interface",
        "organic_in_raffinate",
        "organic_in_liquor",
        "organic_lost",
    ),
    "crystalliser": ("level", "temperature", "pH", "supersaturation", "size", "volume", "rare_earth_left"),
    "dryer": ("temperature", "moisture", "water"),
    "calciner": (
        *(f"wall_{z}" for z in range(1, 9)),
        *(f"bed_{z}" for z in range(1, 9)),
        "loss_on_ignition",
        "hold_up",
        "heat",
    ),
    "store": ("level", "volume", "draw"),
    "scrubber": (
        "level",
        "temperature",
        "pH",
        "volume",
        "recirculation",
        "stack_acid",
        "stack_flow",
        "removal",
        "conductivity",
    ),
    "hopper": ("weight", "lots", "off_spec", "off_spec_rate"),
}
"""Measured quantities of each kind of unit, in the order in which its kernel writes them."""

TOTALS: dict[str, tuple[str, ...]] = {"store": ("drawn",), "power_meter": ("energy",)}
"""Running totals that a kind of unit offers beside."""
