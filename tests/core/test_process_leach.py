"""The leach tank against a single sphere, a stirred tank of spheres, and its own stoichiometry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from plantsim.model.compose.context import BIN_WIDTH_M, CLASSES

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


ALLOY, OXIDE, BOUNDARY = range(CLASSES)


def charge(bench: Bench, kg: float, radius_m: float, solid: str = "Fe0", class_: int | None = None) -> None:
    """Spheres of one size in the tank, beside those that are there."""
    state, radius = bench.state(UNIT), radius_m / BIN_WIDTH_M
    if class_ is None:
        class_ = OXIDE if solid.endswith("2O3") else ALLOY
    first = bench.nc + 1 + class_ * bench.nb + int(np.ceil(radius)) - 1
    state[first] += kg
    state[first + CLASSES * bench.nb] += kg * radius
    state[bench.index[solid]] += kg / bench.mass[bench.index[solid]]


def in_bins(bench: Bench, *classes: int) -> float:
    """kg of particles in the tank, as the bins have it; of all classes if none is named."""
    kg = bench.state(UNIT)[bench.nc + 1 : bench.nc + 1 + CLASSES * bench.nb].reshape(CLASSES, bench.nb)
    return float(kg[list(classes)].sum() if classes else kg.sum())


def batch(make_bench: MakeBench, mol_l: float = 1.0, **changes: object) -> Bench:
    """A closed tank with 60 L of acid."""
    bench = make_bench(UNIT, purge=-1, **{**COLD, **changes})
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


def test_grain_boundary_dissolves_three_times_as_fast_and_leaves_the_alloy_its_neodymium(make_bench: MakeBench) -> None:
    """The phase between the grains, 40 % of the neodymium, is gone after a third of the time that the alloy takes; the
    other 60 % go with the alloy's iron."""
    bench = batch(make_bench)
    whole_s = 50e-6 / RATE_M_S
    charge(bench, 6e-4, 50e-6, "Nd0")
    charge(bench, 2e-3, 50e-6, "Fe0")
    charge(bench, 4e-4, 50e-6, "Nd0", BOUNDARY)
    start = {solid: bench.get(UNIT, solid) for solid in ("Nd0", "Fe0")}
    times = np.arange(0.0, 0.5 * whole_s, 5.0)
    left, bound = [], []
    for _ in times:
        left.append([bench.get(UNIT, solid) / start[solid] for solid in ("Fe0", "Nd0")])
        bound.append(in_bins(bench, BOUNDARY) / 4e-4)
        bench.tick(UNIT, 0.5, 10)
    iron, neodymium = np.array(left).T
    exact = np.clip(1.0 - 3.0 * times / whole_s, 0.0, None) ** 3
    assert np.max(np.abs(np.array(bound) - exact)) < 5e-3
    assert neodymium == pytest.approx(0.6 * iron + 0.4 * np.array(bound), abs=1e-9)


def test_mill_puts_the_share_of_the_grain_boundary_into_its_bins(make_bench: MakeBench, live: LivePlant) -> None:
    """21 % of the metallic neodymium, as finely ground as the rest."""
    mill = make_bench("ML-121")
    mill.from_steady(live)
    out = mill.tick("ML-121", 0.1)
    kg, moment = out[mill.nc :].reshape(2, CLASSES, mill.nb)
    neodymium, oxide = (out[mill.index[solid]] * mill.mass[mill.index[solid]] for solid in ("Nd0", "Nd2O3"))
    assert kg[BOUNDARY].sum() == pytest.approx(0.21 * neodymium, rel=1e-12)
    assert kg[OXIDE].sum() > oxide
    assert moment[BOUNDARY] / kg[BOUNDARY] == pytest.approx(moment[ALLOY] / kg[ALLOY], rel=1e-9)


def in_stirred_tank(q: float) -> float:
    """Share undissolved of spheres that stay for an exponential time, q being its mean over the time to dissolve."""
    return 1.0 - 3.0 * q + 6.0 * q**2 - 6.0 * q**3 * -np.expm1(-1.0 / q) if q < 30.0 else 0.25 / q - 0.05 / q**2


def flow_through(
    make_bench: MakeBench, mol_l: float, kg: Vector, radius: Vector, class_: int = ALLOY
) -> tuple[float, float]:
    """A thin feed of particles in constant acid: share undissolved, and what alloy loses of its radius in the mean
    residence [m]."""
    bench = make_bench(UNIT, purge=-1, **COLD)
    bench.fill(UNIT, 60.0, {"HCl": mol_l})
    acid = bench.liquor(100.0 / 3600.0, {"HCl": mol_l})
    bench.feed("202", acid)
    feed = 1e-6
    solid = ("Fe0", "Nd2O3", "Nd0")[class_]
    bench.feed("103", {solid: feed * kg.sum() / bench.mass[bench.index[solid]]})
    bench.particles("103", feed * np.outer(np.arange(CLASSES) == class_, kg).ravel(), np.tile(radius, CLASSES))
    bench.tick(UNIT, 2.0, 10_000)
    out = bench.tick(UNIT, 2.0, 50) / 100.0
    litres = float(bench.state(UNIT)[: bench.na] @ bench.volume[: bench.na]) * 1e3
    flow = float(out[: bench.na] @ bench.volume[: bench.na]) * 1e3
    acidity = bench.get(UNIT, "H") / litres
    assert acidity == pytest.approx(mol_l, rel=1e-2)
    undissolved = out[bench.nc : bench.nc + CLASSES * bench.nb].sum() / (feed * kg.sum())
    assert out[bench.index[solid]] * bench.mass[bench.index[solid]] == pytest.approx(
        undissolved * feed * kg.sum(), rel=1e-9
    )
    return float(undissolved), litres / flow * RATE_M_S * acidity


@pytest.mark.parametrize("radius_um", [15.0, 35.0, 50.0, 75.0, 145.0])
@pytest.mark.parametrize("mol_l", [0.2, 1.0])
def test_stirred_tank_of_one_size_leaves_the_closed_form_undissolved(
    radius_um: float, mol_l: float, make_bench: MakeBench
) -> None:
    nb = make_bench(UNIT, purge=-1).nb
    kg, radius = np.zeros(nb), np.full(nb, 0.5)
    at = int(np.ceil(radius_um * 1e-6 / BIN_WIDTH_M)) - 1
    kg[at], radius[at] = 1.0, radius_um * 1e-6 / BIN_WIDTH_M
    undissolved, shrink_m = flow_through(make_bench, mol_l, kg, radius)
    assert undissolved == pytest.approx(in_stirred_tank(shrink_m / (radius_um * 1e-6)), rel=5e-3)


@pytest.mark.parametrize(("class_", "factor"), [(OXIDE, 0.2), (BOUNDARY, 3.0)])
def test_every_class_leaves_the_closed_form_of_its_own_rate_undissolved(
    class_: int, factor: float, make_bench: MakeBench
) -> None:
    kg = np.zeros(make_bench(UNIT, purge=-1).nb)
    kg[7] = 1.0
    undissolved, shrink_m = flow_through(make_bench, 0.5, kg, np.full(len(kg), 7.5), class_)
    assert undissolved == pytest.approx(in_stirred_tank(factor * shrink_m / 75e-6), rel=5e-3)


def test_stirred_tank_of_mill_product_leaves_the_closed_form_undissolved(
    make_bench: MakeBench, live: LivePlant
) -> None:
    """The mill's Rosin-Rammler distribution, d80 75 um, as the mill puts it into the bins."""
    mill = make_bench("ML-121")
    mill.from_steady(live)
    out = mill.tick("ML-121", 0.1)[mill.nc :]
    kg, moment = out[: mill.nb], out[CLASSES * mill.nb : (CLASSES + 1) * mill.nb]
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
    assert bench.state(UNIT)[-1] + out[bench.nc + 2 * CLASSES * bench.nb] == pytest.approx(0.01 * hydrogen, abs=1e-7)
    assert before[i] - bench.state(UNIT)[i] == pytest.approx(0.01 * acid, abs=1e-7)


def test_bins_and_species_stay_one_mass(make_bench: MakeBench, live: LivePlant) -> None:
    """After an hour of a disturbed feed what the species weigh is what the bins hold: of metal in two classes, of oxide
    in one, and neodymium between the grains is a part of all neodymium."""
    bench = make_bench(UNIT, purge=-1)
    bench.from_steady(live)
    bench.scale("103", 1.7)
    bench.scale("201", 0.8)
    bench.tick(UNIT, 0.1, 36_000)
    state, classes = bench.state(UNIT), np.array(bench.tables[UNIT]["class_of"])
    for kind, in_classes in ((1, (ALLOY, BOUNDARY)), (2, (OXIDE,))):
        species = float(state[: bench.nc][classes == kind] @ bench.mass[classes == kind])
        assert species == pytest.approx(in_bins(bench, *in_classes), rel=1e-9)
    neodymium = bench.get(UNIT, "Nd0") * bench.mass[bench.index["Nd0"]]
    assert 0.0 < in_bins(bench, BOUNDARY) < 0.21 * neodymium  # in the feed it is 21 %, and dissolves before the rest


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
    swept = bench.tick(UNIT, 0.1, 50)[bench.nc + 2 * CLASSES * bench.nb]
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
        + bench.rate(UNIT)[len(bench.state(UNIT)) + bench.nc + 2 * CLASSES * bench.nb]
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


def test_solids_that_settled_while_the_agitator_stood_run_away_when_it_starts(
    make_bench: MakeBench, live: LivePlant
) -> None:
    """A quarter of an hour of feed settles; stirred up it dissolves with several times the usual hydrogen, and is gone
    half an hour later."""
    bench = make_bench(UNIT)
    bench.from_steady(live)
    usual, held = made(bench), in_bins(bench)
    bench.opening("AG-201", 0.0)
    bench.tick(UNIT, 0.1, 9000)
    assert made(bench) < 0.7 * usual
    assert in_bins(bench) > 2.0 * held
    bench.opening("AG-201", 1.0)
    bench.tick(UNIT, 0.1, 10)
    surge = made(bench)
    assert 2.0 < surge / usual < 20.0
    bench.tick(UNIT, 0.1, 18_000)
    assert made(bench) == pytest.approx(usual, rel=0.1)


def made(bench: Bench) -> float:
    """mol/s of hydrogen: what gathers in the headspace and what is swept away."""
    rate, ny = bench.rate(UNIT), len(bench.state(UNIT))
    return float(rate[ny - 1] + rate[ny + bench.nc + 2 * CLASSES * bench.nb])


def test_dissolution_hastens_by_its_activation_energy(make_bench: MakeBench) -> None:
    """40 kJ/mol from 298 K, where the rate is that of the source, to 333 K."""
    lost = []
    for kelvin in (298.15, 333.15):
        bench = batch(make_bench, activation=40e3, tank={"jacket": 0.0, "loss": 0.0})
        bench.state(UNIT)[bench.nc] = kelvin
        charge(bench, 1e-3, 50e-6)
        bench.tick(UNIT, 0.01)
        lost.append(1e-3 - in_bins(bench))
    assert lost[0] == pytest.approx(1e-3 * 3.0 * RATE_M_S / 50e-6 * 0.01, rel=0.02)
    assert lost[1] / lost[0] == pytest.approx(np.exp(40e3 / 8.314462618 * (1.0 / 298.15 - 1.0 / 333.15)), rel=1e-3)


def test_the_plant_s_tanks_have_that_activation_energy(make_bench: MakeBench) -> None:
    assert make_bench(UNIT).tables[UNIT]["activation"] == pytest.approx(40e3)
