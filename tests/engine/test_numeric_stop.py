"""What a state that is no number is called."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from plantsim.engine.live import LivePlant, NumericStop
from plantsim.model.load import load_plant, plant_names


def first_of(live: LivePlant, unit: str) -> int:
    return live.core.offsets()[live.layout.units[unit]]


@pytest.mark.parametrize(
    ("unit", "variable"),
    [("FU-111", "Fe0"), ("R-201", "Nd"), ("R-302", "Fe2"), ("CR-501", "NdOxH"), ("HP-711", "Nd2O3")],
)
def test_scan_stops_where_a_number_gives_out_and_names_it(live: LivePlant, unit: str, variable: str) -> None:
    live.core.state[first_of(live, unit) + live.layout.species.index(variable)] = math.nan
    with pytest.raises(NumericStop, match=f"^{unit}: .* is not finite in scan 1$"):
        live.advance(10)
    assert live.core.scan == 1


@pytest.mark.parametrize("name", plant_names())
def test_every_state_of_every_plant_has_a_name_of_its_own(name: str) -> None:
    live = LivePlant(load_plant(name))
    offsets = live.core.offsets()
    edges = [k for first, last in pairwise(offsets) if first < last for k in (first, last - 1)]
    some = {*edges, *range(0, offsets[-1], 7)}
    assert len({live.where(k) for k in some}) == len(some)


def test_every_state_has_a_name_that_says_what_it_is(live: LivePlant) -> None:
    species = len(live.layout.species)
    dissolved = live.assembly.spec["species"]["dissolved"]
    names = {
        ("FD-101", live.layout.species.index("Nd0")): "FD-101: Nd0",
        ("R-201", species): "R-201: temperature",
        ("R-201", live.layout.species.index("Nd")): "R-201: Nd",
        ("SX-1", 21 * live.layout.species.index("Dy")): "SX-1 stage 1: Dy",
        ("SX-1", 21 * dissolved + 2): "SX-1 stage 3: Pr in the organic",
        ("SX-1", 21 * (dissolved + 6) + 4): "SX-1 stage 5: interface",
        ("SX-1", 21 * (dissolved + 7) + 5): "SX-1 organic tank: Na in the organic",
        ("SX-1", 21 * (dissolved + 7) + 6): "SX-1: layer of crud",
        ("KL-611", species + 2 + species + 1): "KL-611 zone 2: wall temperature",
        ("R-201", species + 1 + 15): "R-201: oxide in bin 1",
        ("ML-121", species): "ML-121: d80",
        ("CR-501", species + 4): "CR-501: moment 3",
        ("TK-811", 0): "TK-811: contents",
    }
    for (unit, k), name in names.items():
        assert live.where(first_of(live, unit) + k) == f"{name} is not finite in scan 0"
