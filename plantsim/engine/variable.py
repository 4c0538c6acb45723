"""What a state of the core is called: its unit, where in the unit it stands, and the quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plantsim.model.compose.context import BINS

PARTICLES = ("alloy", "oxide", "grain boundary")
PRESS = (
    "filtrate",
    "liquor volumes washed",
    "time open",
    "discharges",
    "blinding",
    "flow taken",
    "skip",
    "discharges since a rinse",
)
PAD_INLETS = ("intermediate liquor", "barren liquor", "rinse")
PAD_OUTLETS = ("pregnant liquor", "intermediate liquor", "overflow")
PAD = ("time since the last step", "cells completed", "time to send", "depth of liquor", "water content", "run-off")
BEHIND_SPECIES: Mapping[str, tuple[str, ...]] = {
    "feed_bin": ("lots tipped", "weight of the hopper"),
    "mill": ("d80", "oxygen in the casing", "temperature of the casing"),
    "cartridge": ("cartridges changed",),
    "crystalliser": ("temperature", "moment 0", "moment 1", "moment 2", "moment 3"),
    "carbonate_tank": ("temperature", "mass of particles over radius", "height of froth", "CO2 in the headspace"),
    "filter_press": ("temperature", *PRESS),
}
"""Of kinds whose states are the mol of every species and these; others have the temperature alone."""


def variable(unit: str, entry: Mapping[str, Any], k: int, species: Sequence[str], dissolved: int) -> str:
    """Unit and quantity of a unit's k-th state, such as ``SX-1 stage 3: Nd in the organic``.

    entry: the unit's table as the core was built from it. dissolved: how many of the species are.
    """
    kind = entry["kind"]
    if kind == "store":
        return f"{unit}: contents"
    if kind == "organic_store":
        return f"{unit}: organic"
    if kind == "enclosure":
        return f"{unit}: fraction of vapour"
    if kind == "ups":
        return f"{unit}: charge"
    if kind in ("water_circuit", "gas_main"):
        return f"{unit}: {('pressure', 'temperature')[k]}"
    if kind == "reagent_tank":
        return f"{unit}: {('reagent', 'water', 'temperature')[k]}"
    if kind == "hall":
        return f"{unit}: {('spilt', 'HCl in the air')[k]}"
    if kind == "sx_circuit":
        return _of_circuit(unit, entry, k, species, dissolved)
    if kind == "heap":
        return _of_pad(unit, entry, k, species, dissolved)
    if kind == "calciner":
        names = [*species, "bed temperature", "wall temperature"]
        zone, k = divmod(k, len(names))
        return f"{unit} zone {zone + 1}: {names[k]}"
    if kind == "hopper":
        drum = [f"{one} in the off-spec drum" for one in species]
        names = [*species, *drum, "lots closed", "start of the lot", "mass of known size", "size"]
    elif kind == "leach_tank":
        bins = [f"{one} in bin {b + 1}" for one in PARTICLES for b in range(BINS)]
        names = [*species, "temperature", *bins, *(f"radius of {one}" for one in bins), "H2 in the headspace"]
    else:
        names = [*species, *BEHIND_SPECIES.get(kind, ("temperature",))]
    return f"{unit}: {names[k] if k < len(names) else f'state {k}'}"


def _of_circuit(unit: str, entry: Mapping[str, Any], k: int, species: Sequence[str], dissolved: int) -> str:
    organic = [f"{species[i]} in the organic" for i in entry["re"]] + ["Na in the organic"]
    names = [*species[:dissolved], *organic, "interface"]
    stages = sum(entry["stages"])
    quantity, stage = divmod(k, stages)
    if quantity < len(names):
        return f"{unit} stage {stage + 1}: {names[quantity]}"
    k -= len(names) * stages
    if k < len(organic):
        return f"{unit} organic tank: {organic[k]}"
    behind = ["layer of crud", *(["temperature"] if entry["at"] > 0.0 else [])]
    k -= len(organic)
    return f"{unit}: {behind[k]}" if k < len(behind) else f"{unit} organic tank: contents"


def _of_pad(unit: str, entry: Mapping[str, Any], k: int, species: Sequence[str], dissolved: int) -> str:
    liquor = species[:dissolved]
    arrived = [f"{one} in the {inlet} that came" for inlet in PAD_INLETS for one in species]
    ore = [f"{one} in the ore that came" for one in species]
    leaving = [f"{one} in the {outlet} to be sent" for outlet in PAD_OUTLETS for one in liquor]
    names = [*arrived, *ore, *leaving, *PAD]
    if k < len(names):
        return f"{unit}: {names[k]}"
    ions = entry["ions"]
    layer = [
        *liquor,
        *(f"{species[ion['ion']]} on the exchanger" for ion in ions),
        *(f"{species[ion['ion']]} bound slowly" for ion in ions),
    ]
    top = ["ore", *(f"{one} in the liquor that stands on it" for one in liquor), *species]
    cell, k = divmod(k - len(names), len(top) + entry["layers"] * len(layer))
    if k < len(top):
        return f"{unit} cell {cell + 1}: {top[k]}"
    depth, k = divmod(k - len(top), len(layer))
    return f"{unit} cell {cell + 1} layer {depth + 1}: {layer[k]}"
