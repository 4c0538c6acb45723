"""The belt filter: moisture of its cake, wash, solids through the cloth; and the feeder's screw."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
Vector = NDArray[np.float64]


def belt(make_bench: MakeBench, live: LivePlant, wash: float) -> tuple[Bench, str, Vector, Vector, Vector]:
    """The first belt filter with so many times its cake's liquor of wash water: bench and name, slurry, filtrate and
    cake, mol/s."""
    unit = next(u.id for u in live.plant.units if u.kind == "filter")
    bench = make_bench(unit)
    bench.from_steady(live)
    table = bench.tables[unit]
    slurry = bench.core.arriving[table["inlet"], 2 : 2 + bench.nc].copy()
    solids = (1.0 - table["passing"]) * slurry[bench.na :] @ bench.mass[bench.na :]
    kept = solids * table["moisture"] / (1.0 - table["moisture"]) / table["density"]
    water = np.zeros(bench.nc)
    water[0] = wash * kept / bench.volume[0]
    bench.core.streams[:, table["wash"], 1] = wash * kept
    bench.core.streams[:, table["wash"], 2 : 2 + bench.nc] = water
    bench.core.advance(1)
    filtrate, cake = (bench.core.arriving[table[port], 2 : 2 + bench.nc] for port in ("filtrate", "cake"))
    gap = slurry + water - filtrate - cake
    assert np.abs(gap).max() < 1e-12 * np.abs(slurry).max()
    return bench, unit, slurry, filtrate, cake


@pytest.mark.parametrize("wash", [0.0, 0.5, 1.0, 3.0])
def test_wash_water_displaces_the_cake_s_liquor_as_an_exponential(
    wash: float, make_bench: MakeBench, live: LivePlant
) -> None:
    """The liquor that stays is 1 - w of moisture's share, with w = 1 - exp(-e N), and no more than there is water."""
    bench, unit, slurry, _, cake = belt(make_bench, live, wash)
    table = bench.tables[unit]
    washed = min(1.0 - math.exp(-table["efficiency"] * wash), wash)
    solids = cake[bench.na :] @ bench.mass[bench.na :]
    kept = solids * table["moisture"] / (1.0 - table["moisture"]) / table["density"]
    flow = slurry[: bench.na] @ bench.volume[: bench.na]
    salt = bench.index["Cl"]
    assert cake[salt] == pytest.approx(slurry[salt] * kept / flow * (1.0 - washed), rel=1e-9)
    assert cake[: bench.na] @ bench.volume[: bench.na] == pytest.approx(kept, rel=1e-6)


def test_the_cloth_lets_its_share_of_the_solids_through(make_bench: MakeBench, live: LivePlant) -> None:
    bench, unit, slurry, filtrate, _ = belt(make_bench, live, 1.0)
    passing = bench.tables[unit]["passing"]
    assert 0.0 < passing < 0.1
    assert filtrate[bench.na :] == pytest.approx(passing * slurry[bench.na :], rel=1e-9, abs=1e-18)


@pytest.mark.parametrize("speed", [0.2, 0.8])
def test_the_screw_takes_from_the_bin_in_proportion_to_its_speed(
    speed: float, make_bench: MakeBench, live: LivePlant
) -> None:
    bench = make_bench("FD-101")
    bench.from_steady(live)
    outlet = bench.tables["FD-101"]["outlet"]
    bench.core.drive[outlet["drive"]] = speed
    held = bench.state("FD-101")[: bench.nc] @ bench.mass
    bench.core.advance(600)
    hopper = bench.state("FD-101")[bench.nc + 1]
    full = hopper / (hopper + 0.5)  # the screw is not quite full where the last half a kg is near
    taken = held - bench.state("FD-101")[: bench.nc] @ bench.mass
    assert taken == pytest.approx(60.0 * speed * outlet["capacity"] * full, rel=1e-4)
