"""Stirred tanks: washout, heat, acidity, and the reactions of the iron stage, each against its closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
TANK, REACTOR = "TK-4118", "R-301"
R_GAS = 8.314462618
FE_K25 = 10.0 ** (8.37 - 1866.0 / 298.15)
"""Millero and Sotolongo 1989, L/mol/s."""


def closed(make_bench: MakeBench, solutes: dict[str, float], kelvin: float = 298.15, **solids: float) -> Bench:
    """80 L in the iron reactor, below its overflow, without heat exchange."""
    bench = make_bench(REACTOR, tank={"jacket": 0.0, "loss": 0.0})
    bench.fill(REACTOR, 80.0, solutes, kelvin, **solids)
    return bench


def concentration(bench: Bench, species: str, unit: str = REACTOR) -> float:
    """mol/L."""
    state = bench.state(unit)
    return bench.get(unit, species) / (1e3 * float(state[: bench.na] @ bench.volume[: bench.na]))


def seen(bench: Bench, unit: str, probe: str) -> float:
    bench.core.refresh()
    return bench.probe(unit, probe)


# Tanks


def test_tracer_washes_out_as_an_exponential(make_bench: MakeBench) -> None:
    """Two tanks' worth of water through a tank at constant level."""
    bench = make_bench(TANK)
    bench.fill(TANK, 10.0, {"NaCl": 1e-3})
    table = bench.tables[TANK]["tank"]
    volume = 0.010
    for other in table["outlets"][1:]:
        bench.core.drive[other["drive"]] = 0.0
    flow = table["outlets"][0]["capacity"] * volume / (volume + 0.005 * table["span"])
    bench.feed("407", bench.liquor(1e3 * flow, {}))
    start, residence = bench.get(TANK, "Na"), volume / flow
    ticks = round(2.0 * residence)
    bench.tick(TANK, 1.0, ticks)
    assert bench.get(TANK, "Na") / start == pytest.approx(math.exp(-ticks / residence), rel=1e-4)


def test_gravity_outflow_empties_a_tank_as_torricelli_says(make_bench: MakeBench) -> None:
    """sqrt(V) falls in proportion to time, while there is enough to cover the outlet."""
    bench = make_bench("R-202")
    bench.fill("R-202", 90.0, {})
    table = bench.tables["R-202"]["tank"]
    capacity, span = table["outlets"][0]["capacity"], table["span"]
    bench.tick("R-202", 0.5, 1200)
    left = float(bench.state("R-202")[: bench.na] @ bench.volume[: bench.na])
    ideal = (math.sqrt(0.090) - 0.5 * capacity / math.sqrt(span) * 600.0) ** 2
    # an outlet half a per cent of the span deep takes about as much off the flow
    assert 0.0 < left - ideal < 0.01 * (0.090 - ideal)


def test_jacket_warms_as_a_first_order_lag(make_bench: MakeBench) -> None:
    """T = Tj + (T0 - Tj) exp(-UA t/C)."""
    bench = make_bench("R-302", tank={"loss": 0.0})
    bench.fill("R-302", 80.0, {})
    table = bench.tables["R-302"]["tank"]
    bench.tick("R-302", 1.0, 1000)
    lag = 4.0e6 * (0.080 + 0.02 * table["span"]) / table["jacket"]
    exact = table["hot"] + (298.15 - table["hot"]) * math.exp(-1000.0 / lag)
    assert bench.state("R-302")[bench.nc] == pytest.approx(exact, abs=1e-3)


def test_hot_and_cold_inflow_mix_by_volume(make_bench: MakeBench) -> None:
    bench = make_bench(REACTOR, tank={"jacket": 0.0, "loss": 0.0})
    bench.fill(REACTOR, 100.0, {})
    bench.feed("203", bench.liquor(0.03, {}), 350.0)
    bench.feed("300", bench.liquor(0.01, {}), 290.0)
    bench.tick(REACTOR, 1.0, 40_000)
    assert bench.state(REACTOR)[bench.nc] == pytest.approx(0.75 * 350.0 + 0.25 * 290.0, abs=1e-3)


def test_without_an_agitator_solids_stay_behind(make_bench: MakeBench) -> None:
    """A twentieth leaves with the liquor."""
    out = []
    for agitator in (1.0, 0.0):
        bench = make_bench(REACTOR)
        bench.fill(REACTOR, 110.0, {}, Inert=10.0)
        bench.opening("AG-301", agitator)
        out.append(bench.tick(REACTOR, 0.1)[bench.index["Inert"]])
    assert out[1] == pytest.approx(0.05 * out[0], rel=1e-3)


# Acidity and redox


@pytest.mark.parametrize(
    ("solutes", "ph"),
    [
        ({"HCl": 0.1}, 1.0),
        ({"HCl": 0.01}, 2.0),
        ({}, 7.0),
        ({"NaCl": 1.0}, 7.0),
        ({"NaOH": 0.01}, 12.0),
        ({"HCl": 0.3, "NaOH": 0.29}, 2.0),
        ({"HCl": 1e-7}, -math.log10(0.5e-7 * (1.0 + math.sqrt(5.0)))),
        ({"HCl": 0.29, "NaOH": 0.3}, 12.0),
    ],
)
def test_ph_of_known_mixtures(solutes: dict[str, float], ph: float, make_bench: MakeBench) -> None:
    bench = make_bench(TANK)
    bench.fill(TANK, 10.0, solutes)
    assert seen(bench, TANK, "pH") == pytest.approx(ph, abs=1e-6)


def test_redox_potential_is_nernst_s(make_bench: MakeBench) -> None:
    """0.574 V over Ag/AgCl at equal iron, 59.16 mV a decade at 25 C."""
    readings = []
    for ferric in (0.8, 8.0):
        bench = closed(make_bench, {"FeCl2": 0.01, "HCl": 0.5}, Fe3=ferric)
        readings.append(seen(bench, REACTOR, "redox"))
    assert readings[0] == pytest.approx(0.574, abs=1e-5)
    assert readings[1] - readings[0] == pytest.approx(0.05916, abs=1e-4)


# Reactions


@pytest.mark.parametrize("kelvin", [298.15, 318.15, 353.15])
def test_iron_under_much_peroxide_oxidises_at_millero_s_rate(kelvin: float, make_bench: MakeBench) -> None:
    """Pseudo-first order, [Fe2+] = [Fe2+]0 exp(-k [H2O2] t), log k = 8.37 - 1866/T."""
    bench = closed(make_bench, {"FeCl2": 1e-6, "H2O2": 1e-3, "HCl": 0.5}, kelvin)
    peroxide = concentration(bench, "H2O2")
    start = bench.get(REACTOR, "Fe2")
    bench.tick(REACTOR, 0.1, 100)
    rate = 10.0 ** (8.37 - 1866.0 / kelvin) * peroxide
    assert math.log(start / bench.get(REACTOR, "Fe2")) == pytest.approx(rate * 10.0, rel=5e-3)


def test_iron_and_peroxide_use_each_other_up_as_two_to_one(make_bench: MakeBench) -> None:
    """A = c A0 e/(c + A0/2 (1 - e)), e = exp(-k c t), c = [H2O2]0 - A0/2."""
    bench = closed(make_bench, {"FeCl2": 1.5e-3, "H2O2": 1.2e-3, "HCl": 0.5})
    a0, b0 = concentration(bench, "Fe2"), concentration(bench, "H2O2")
    seconds, c = 20.0, b0 - 0.5 * a0
    bench.tick(REACTOR, 0.1, round(seconds / 0.1))
    k = bench.tables[REACTOR]["reactions"][0]["k"]
    assert k == pytest.approx(FE_K25, rel=2e-3)
    e = math.exp(-k * c * seconds)
    assert concentration(bench, "Fe2") == pytest.approx(c * a0 * e / (c + 0.5 * a0 * (1.0 - e)), rel=3e-3)


def test_oxidation_warms_by_its_heat(make_bench: MakeBench) -> None:
    """100 kJ per mol of iron."""
    bench = closed(make_bench, {"FeCl2": 0.01, "H2O2": 0.02, "HCl": 0.5})
    bench.tick(REACTOR, 0.1, 600)
    warmed = 80.0 * 0.01 * 100e3 / (4.0e6 * (0.080 + 0.02 * 0.150))
    assert bench.state(REACTOR)[bench.nc] - 298.15 == pytest.approx(warmed, rel=2e-3)


@pytest.mark.parametrize(
    ("cation", "solid", "log_k", "acid"),
    [
        ("Al", "AlOH3", 7.76, 1e-3),
        ("Nd", "NdOH3", 18.09, 1e-6),
        ("Dy", "DyOH3", 15.89, 1e-5),
    ],
)
@pytest.mark.parametrize("side", ["from above", "from below"])
def test_hydrolysis_comes_to_its_equilibrium(
    cation: str, solid: str, log_k: float, acid: float, side: str, make_bench: MakeBench
) -> None:
    """[M]/{H+}^3 = K, whether the solid grows or dissolves."""
    metal = {"from above": 8.0, "from below": 0.02}[side]
    bench = closed(make_bench, {"HCl": acid}, **{cation: metal, solid: 3.0})
    bench.tick(REACTOR, 0.5, 60_000)
    state = bench.state(REACTOR)
    assert 0.1 < bench.get(REACTOR, solid) < 20.0
    kelvin = state[bench.nc]
    slope = next(r["log_k_slope"] for r in bench.tables[REACTOR]["reactions"] if r["b"] == bench.index[solid])
    expected = log_k + slope * (1.0 / kelvin - 1.0 / 298.15)
    acidity = seen(bench, REACTOR, "pH")
    assert math.log10(concentration(bench, cation)) + 3.0 * acidity == pytest.approx(expected, abs=1e-4)


def test_precipitate_carries_rare_earth_down_in_proportion(make_bench: MakeBench) -> None:
    """ln([Nd]0/[Nd]) = alpha times the iron precipitated, mol/L."""
    bench = closed(make_bench, {"NdCl3": 0.1, "NaOH": 0.12}, 333.15, Fe3=8.0)
    alpha = next(r["k"] for r in bench.tables[REACTOR]["reactions"] if r["kind"] == 2)
    before = bench.get(REACTOR, "Nd")
    bench.tick(REACTOR, 0.05, 2000)
    iron = bench.get(REACTOR, "FeOOH") / 80.0
    assert iron > 5e-4
    assert math.log(before / bench.get(REACTOR, "Nd")) == pytest.approx(alpha * iron, rel=1e-2)


def test_peroxide_decays_in_first_order_and_gives_half_its_oxygen(make_bench: MakeBench) -> None:
    bench = closed(make_bench, {"H2O2": 0.5}, 353.15)
    start = bench.get(REACTOR, "H2O2")
    rate = 3e-6 * math.exp(-75e3 / R_GAS * (1.0 / 353.15 - 1.0 / 298.15))
    out = bench.tick(REACTOR, 1.0, 1000)
    assert bench.get(REACTOR, "H2O2") == pytest.approx(start * math.exp(-1000.0 * rate), rel=1e-6)
    assert out[bench.nc] == pytest.approx(0.5 * (start - bench.get(REACTOR, "H2O2")), rel=1e-12)


def test_copper_dissolves_in_peroxide_in_first_order(make_bench: MakeBench) -> None:
    bench = closed(make_bench, {"H2O2": 0.5, "HCl": 1.0}, Cu0=0.1)
    bench.tick(REACTOR, 1.0, 5000)
    rate = 1.2e-4 * 0.5 / 0.51
    assert bench.get(REACTOR, "Cu0") == pytest.approx(0.1 * math.exp(-5000.0 * rate), rel=1e-4)
    assert bench.get(REACTOR, "Cu") == pytest.approx(0.1 - bench.get(REACTOR, "Cu0"), rel=1e-9)


def test_strong_acid_does_not_dissolve_a_trace_of_hydroxide_faster_than_its_rate(make_bench: MakeBench) -> None:
    """The driving force is 18 decades; the solid still leaves as exp(-kp t)."""
    bench = closed(make_bench, {"HCl": 3.0}, NdOH3=1e-3)
    bench.tick(REACTOR, 0.1, 1000)
    assert bench.get(REACTOR, "NdOH3") == pytest.approx(1e-3 * math.exp(-0.01 * 100.0), rel=1e-4)
    assert np.all(np.isfinite(bench.state(REACTOR)))


def dose(bench: Bench, acidity: float) -> None:
    """Soda, or acid, to a pH."""
    state, h, na = bench.state(REACTOR), bench.index["H"], bench.index["Na"]
    before, low, high = float(state[h]), -40.0, 40.0
    for _ in range(30):
        state[h] = 0.5 * (low + high)
        low, high = (state[h], high) if seen(bench, REACTOR, "pH") > acidity else (low, state[h])
    state[na] += before - state[h]


def test_half_an_hour_at_ph_3_6_takes_iron_and_most_aluminium_and_leaves_the_rare_earth(
    make_bench: MakeBench,
) -> None:
    """Quoted of liquor at 81 C: all Fe, 65 % of the Al, less than 3 % of the rare earth."""
    bench = closed(make_bench, {"NdCl3": 0.12, "PrCl3": 0.03, "HCl": 0.05}, 354.15, Fe3=24.0, Al=0.8)
    bench.state(REACTOR)[bench.index["Cl"]] += 3.0 * 24.8
    start = {cation: bench.get(REACTOR, cation) for cation in ("Fe3", "Al", "Nd", "Pr")}
    for _ in range(900):
        dose(bench, 3.6)
        bench.state(REACTOR)[bench.nc] = 354.15
        bench.tick(REACTOR, 0.5, 4)
    taken = {cation: 100.0 * (1.0 - bench.get(REACTOR, cation) / mol) for cation, mol in start.items()}
    assert taken["Fe3"] > 99.9
    assert taken["Al"] == pytest.approx(65.0, abs=5.0)
    assert 0.0 < max(taken["Nd"], taken["Pr"]) < 3.0
