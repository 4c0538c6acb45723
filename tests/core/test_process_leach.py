"""The leach tank against a single sphere, a stirred tank of spheres, and its own stoichiometry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from plantsim.model.compose.context import BIN_WIDTH_M

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

Vector = NDArray[np.float64]
MakeBench = Callable[..., "Bench"]
RATE_M_S = 0.170e-3 / 3600.0
"""Shrinking rate at 298 K in 1 mol/L of acid."""
UNIT = "R-201"
COLD = {"activation": 0.0, "water_vapour": 0.0, "acid_vapour": 0.0, "heat_dilution": 0.0}
"""No influence of temperature, nothing evaporates."""


def charge(bench: Bench, kg: float, radius_m: float, solid: str = "Fe0") -> None:
    """Spheres of one size in the tank."""
    state, radius = bench.state(UNIT), radius_m / BIN_WIDTH_M
    first = bench.nc + 1 + (bench.nb if solid.endswith("2O3") else 0) + int(np.ceil(radius)) - 1
    state[first] = kg
    state[first + 2 * bench.nb] = kg * radius
    state[bench.index[solid]] = kg / bench.mass[bench.index[solid]]


def in_bins(bench: Bench) -> float:
    """kg of particles in the tank, as the bins have it."""
    return float(bench.state(UNIT)[bench.nc + 1 : bench.nc + 1 + 2 * bench.nb].sum())


def batch(make_bench: MakeBench, mol_l: float = 1.0, **changes: object) -> Bench:
    """A closed tank with 60 L of acid."""
    bench = make_bench(UNIT, **{**COLD, **changes})
    bench.fill(UNIT, 60.0, {"HCl": mol_l})
    bench.opening("LV-206", 0.0)
    bench.opening("TV-201A", 0.0)
    bench.opening("TV-201B", 0.0)
    return bench


def test_sphere_of_50_um_radius_is_gone_in_17_6_minutes(make_bench: MakeBench) -> None:
    """m/m0 = (1 - t/T)^3 with T = R/k = 1058.8 s, to half a per cent of m0 in spite of numerical diffusion."""
    bench = batch(make_bench)
    kg, whole_s = 1e-3, 50e-6 / RATE_M_S
    assert whole_s / 60.0 == pytest.approx(17.6, abs=0.05)
    charge(bench, kg, 50e-6)
    times = np.arange(0.0, 1.5 * whole_s, 5.0)
    left = []
    for _ in times:
        left.append(in_bins(bench) / kg)
        bench.tick(UNIT, 0.5, 10)
    exact = np.clip(1.0 - times / whole_s, 0.0, None) ** 3
    assert np.max(np.abs(np.array(left) - exact)) < 5e-3
    assert np.interp(whole_s, times, left) < 1e-3
    # the mean time to dissolve, of the mass, is T/4 for a sphere
    assert float(np.trapezoid(left, times)) == pytest.approx(whole_s / 4.0, rel=2e-3)


def in_stirred_tank(q: float) -> float:
    """Share undissolved of spheres that stay for an exponential time, q being its mean over the time to dissolve."""
    return 1.0 - 3.0 * q + 6.0 * q**2 - 6.0 * q**3 * -np.expm1(-1.0 / q) if q < 30.0 else 0.25 / q - 0.05 / q**2


def flow_through(make_bench: MakeBench, mol_l: float, kg: Vector, radius: Vector) -> tuple[float, float]:
    """A thin feed of particles in constant acid: share undissolved, and radius lost in the mean residence [m]."""
    bench = make_bench(UNIT, **COLD)
    bench.fill(UNIT, 60.0, {"HCl": mol_l})
    acid = bench.liquor(100.0 / 3600.0, {"HCl": mol_l})
    bench.feed("202", acid)
    feed = 1e-6
    bench.feed("103", {"Fe0": feed * kg.sum() / bench.mass[bench.index["Fe0"]]})
    bench.particles("103", feed * np.concatenate((kg, 0.0 * kg)), np.concatenate((radius, radius)))
    bench.tick(UNIT, 2.0, 10_000)
    out = bench.tick(UNIT, 2.0, 50) / 100.0
    litres = float(bench.state(UNIT)[: bench.na] @ bench.volume[: bench.na]) * 1e3
    flow = float(out[: bench.na] @ bench.volume[: bench.na]) * 1e3
    acidity = bench.get(UNIT, "H") / litres
    assert acidity == pytest.approx(mol_l, rel=1e-2)
    undissolved = out[bench.nc : bench.nc + bench.nb].sum() / (feed * kg.sum())
    assert out[bench.index["Fe0"]] * bench.mass[bench.index["Fe0"]] == pytest.approx(
        undissolved * feed * kg.sum(), rel=1e-9
    )
    return float(undissolved), litres / flow * RATE_M_S * acidity


@pytest.mark.parametrize("radius_um", [15.0, 35.0, 50.0, 75.0, 145.0])
@pytest.mark.parametrize("mol_l", [0.2, 1.0])
def test_stirred_tank_of_one_size_leaves_the_closed_form_undissolved(
    radius_um: float, mol_l: float, make_bench: MakeBench
) -> None:
    nb = make_bench(UNIT).nb
    kg, radius = np.zeros(nb), np.full(nb, 0.5)
    at = int(np.ceil(radius_um * 1e-6 / BIN_WIDTH_M)) - 1
    kg[at], radius[at] = 1.0, radius_um * 1e-6 / BIN_WIDTH_M
    undissolved, shrink_m = flow_through(make_bench, mol_l, kg, radius)
    assert undissolved == pytest.approx(in_stirred_tank(shrink_m / (radius_um * 1e-6)), rel=5e-3)


def test_stirred_tank_of_mill_product_leaves_the_closed_form_undissolved(
    make_bench: MakeBench, live: LivePlant
) -> None:
    """The mill's Rosin-Rammler distribution, d80 75 um, as the mill puts it into the bins."""
    mill = make_bench("ML-121")
    mill.from_steady(live)
    out = mill.tick("ML-121", 0.1)[mill.nc :]
    kg, moment = out[: mill.nb], out[2 * mill.nb : 3 * mill.nb]
    undissolved, shrink_m = flow_through(make_bench, 0.5, kg / kg.sum(), moment / kg)
    r80, spread = 0.5 * float(mill.state("ML-121")[mill.nc]), 1.5

    def density(ratio: float) -> float:
        return float(np.log(5.0) * spread * ratio ** (spread - 1.0) * np.exp(-np.log(5.0) * ratio**spread))

    exact = quad(lambda x: density(x) * in_stirred_tank(shrink_m / (x * r80)), 1e-9, 8.0, limit=400)[0]
    assert undissolved == pytest.approx(exact, rel=1e-2)


@pytest.mark.parametrize(
    ("solid", "hydrogen", "acid"),
    [("Nd0", 1.5, 3.0), ("Fe0", 1.0, 2.0), ("Al0", 1.5, 3.0), ("B0", 1.5, 0.0), ("Dy2O3", 0.0, 6.0)],
)
def test_a_mol_dissolved_gives_its_hydrogen_and_takes_its_acid(
    solid: str, hydrogen: float, acid: float, make_bench: MakeBench
) -> None:
    bench = batch(make_bench, headspace=1e3)
    bench.opening("K-213A", 0.0)
    before = bench.state(UNIT).copy()
    kg = 0.01 * bench.mass[bench.index[solid]]
    charge(bench, kg, 5e-6, solid)
    out = bench.tick(UNIT, 0.5, 20_000)
    i = bench.index["H"]
    assert bench.get(UNIT, solid) < 1e-8
    assert bench.state(UNIT)[-1] + out[bench.nc + 4 * bench.nb] == pytest.approx(0.01 * hydrogen, abs=1e-7)
    assert before[i] - bench.state(UNIT)[i] == pytest.approx(0.01 * acid, abs=1e-7)


def test_bins_and_species_stay_one_mass(make_bench: MakeBench, live: LivePlant) -> None:
    """After an hour of a disturbed feed what the species weigh is what the bins hold, class by class."""
    bench = make_bench(UNIT)
    bench.from_steady(live)
    bench.scale("103", 1.7)
    bench.scale("201", 0.8)
    bench.tick(UNIT, 0.1, 36_000)
    state, classes = bench.state(UNIT), np.array(bench.tables[UNIT]["class_of"])
    for k in (1, 2):
        species = float(state[: bench.nc][classes == k] @ bench.mass[classes == k])
        first = bench.nc + 1 + (k - 1) * bench.nb
        assert species == pytest.approx(state[first : first + bench.nb].sum(), rel=1e-9)


def test_heat_of_dissolution_warms_the_tank(make_bench: MakeBench) -> None:
    """2.5 MJ/kg into liquor and wall: 4 MJ/m3/K times the volume and 2 % of the span."""
    bench = batch(make_bench, tank={"loss": 0.0})
    charge(bench, 0.2, 10e-6)
    bench.tick(UNIT, 0.5, 10_000)
    # the liquor's volume changes a little as iron takes the place of acid
    assert bench.state(UNIT)[bench.nc] - 298.15 == pytest.approx(0.2 * 2.5e6 / (4.0e6 * (0.060 + 0.002)), rel=2e-3)


def test_hydrogen_is_swept_from_the_headspace_as_from_a_stirred_volume(make_bench: MakeBench) -> None:
    """n = n0 exp(-F t/N) for a sweep F through N mol of gas."""
    bench = batch(make_bench)
    table = bench.tables[UNIT]
    bench.opening("K-213A", 0.4)
    bench.state(UNIT)[-1] = 0.5
    swept = bench.tick(UNIT, 0.1, 50)[bench.nc + 4 * bench.nb]
    left = 0.5 * np.exp(-0.4 * table["sweep_capacity"] * 5.0 / (table["headspace"] * 41.6))
    assert bench.state(UNIT)[-1] == pytest.approx(left, rel=1e-3)
    assert bench.state(UNIT)[-1] + swept == pytest.approx(0.5, rel=1e-13)


@pytest.mark.parametrize("fan", [0.5, 0.0])
def test_hydrogen_settles_at_its_share_of_sweep_and_make(fan: float, make_bench: MakeBench) -> None:
    """x = make/(sweep + make); without a sweep all air is driven out."""
    bench = batch(make_bench, mol_l=2.0, headspace=0.01)
    bench.opening("K-213A", fan)
    charge(bench, 5.0, 145e-6)
    bench.tick(UNIT, 0.1, 20_000)
    made = (
        bench.rate(UNIT)[len(bench.state(UNIT)) - 1]
        + bench.rate(UNIT)[len(bench.state(UNIT)) + bench.nc + 4 * bench.nb]
    )
    share = bench.state(UNIT)[-1] / (0.01 * 41.6)
    assert share == pytest.approx(made / (fan * bench.tables[UNIT]["sweep_capacity"] + made), rel=2e-3)


def test_without_an_agitator_a_twentieth_of_the_solids_moves_and_dissolves(make_bench: MakeBench) -> None:
    stirred, still = batch(make_bench), batch(make_bench)
    still.opening("AG-201", 0.0)
    for bench in (stirred, still):
        charge(bench, 0.01, 50e-6)
        bench.tick(UNIT, 0.01)
    lost = [0.01 - in_bins(bench) for bench in (stirred, still)]
    assert lost[1] == pytest.approx(0.05 * lost[0], rel=1e-3)
