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
    bench = make_bench(unit, belt=-1)
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


BELT, DRIVE = "BF-511", "BF-511"
LOAD_KG_S = 2.29 / 3600.0


def running(make_bench: MakeBench, live: LivePlant, speed: float) -> Bench:
    """The Nd belt in production, at so much of its usual speed, with just the slurry of the usual cake."""
    bench = make_bench(BELT)
    bench.from_steady(live)
    inlet = bench.tables[BELT]["inlet"]
    first = 2 + bench.na
    solids = bench.core.arriving[inlet, first : 2 + bench.nc] @ bench.mass[bench.na :]
    bench.core.streams[:, inlet, 1:] *= LOAD_KG_S / solids
    bench.opening(DRIVE, 0.6 * speed)
    bench.core.advance(2)
    return bench


def probe(bench: Bench, name: str) -> float:
    return float(bench.core.probe[bench.layout.probes[BELT, name]])


@pytest.mark.parametrize("speed", [0.6, 1.0, 1.6])
def test_thin_cake_loses_the_vacuum_and_stays_wet(make_bench: MakeBench, live: LivePlant, speed: float) -> None:
    bench = running(make_bench, live, speed)
    thick = 1.0 / speed
    vacuum = 2.0 * thick / (1.0 + thick)
    assert probe(bench, "vacuum") == pytest.approx(-45e3 * vacuum, rel=1e-6)
    wetter = 0.36 * (1.0 - vacuum) if thick < 1.0 else 0.1 * (thick - 1.0)
    # what the wash leaves is lighter than the liquor that the moisture is stated for
    assert probe(bench, "moisture") == pytest.approx(0.33 * (1.0 + wetter), rel=0.03)


def test_a_belt_that_stands_carries_no_cake(make_bench: MakeBench, live: LivePlant) -> None:
    bench = running(make_bench, live, 0.0)
    assert probe(bench, "cake") < 1e-9
    table = bench.tables[BELT]
    slurry, filtrate = (bench.core.arriving[table[port], 2 : 2 + bench.nc] for port in ("inlet", "filtrate"))
    assert filtrate[bench.na :] == pytest.approx(slurry[bench.na :], rel=1e-9, abs=1e-18)


def test_a_belt_carries_twice_the_usual_cake_and_no_more(make_bench: MakeBench, live: LivePlant) -> None:
    bench = running(make_bench, live, 0.25)
    table = bench.tables[BELT]
    cake = bench.core.arriving[table["cake"], 2 + bench.na : 2 + bench.nc] @ bench.mass[bench.na :]
    assert cake == pytest.approx((1.0 - table["passing"]) * 2.0 * 0.25 * LOAD_KG_S, rel=1e-6)


def test_more_wash_leaves_a_liquor_that_conducts_less(make_bench: MakeBench, live: LivePlant) -> None:
    bench = running(make_bench, live, 1.0)
    wash = bench.tables[BELT]["wash"]
    found = []
    for _ in range(3):
        bench.core.advance(2)
        found.append(probe(bench, "conductivity"))
        bench.core.streams[:, wash, 1:] *= 1.2
    assert found[0] > 1.3 * found[1] > 1.6 * found[2] > 0.0


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
