"""The carbonate tank: its acidity, dissolution, precipitation and carbon dioxide, each against its own closed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.integrate import quad

from plantsim.model.compose.carbonate import solids
from plantsim.model.compose.context import Context
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant
from tests.core.conftest import Bench
from tests.core.test_process_stoichiometry import gap

if TYPE_CHECKING:
    from tests.core.test_process_stoichiometry import Terms

UNIT = "R-221"
KW, K1, K2 = 1e-14, 4.45e-7, 4.69e-11
SHRINK = 2e-7
"""m/s per mol/L at 25 C."""
RADIUS = 1e-5
"""m, of what comes in."""


@pytest.fixture(scope="module")
def viridion() -> Plant:
    return load_plant("viridion")


@pytest.fixture
def bench(viridion: Plant) -> Bench:
    """The first dissolving tank, closed, unheated and without loss of heat."""
    bench = Bench(viridion, {UNIT: {"tank": {"loss": 0.0, "jacket": 0.0}, "heat": 0.0}})
    for device in ("LV-226", "K-233A"):
        bench.opening(device, 0.0)
    return bench


def solid_carbonate(bench: Bench, mol: float) -> None:
    """Lanthanum carbonate in particles of the radius at which it comes."""
    state = bench.state(UNIT)
    state[bench.index["LaCarb"]] = mol
    state[bench.nc + 1] = mol * bench.mass[bench.index["LaCarb"]] / RADIUS


def test_every_solid_closes(viridion: Plant) -> None:
    context = Context(viridion)
    rows = solids(context)
    assert len(rows) == 12
    for row in rows:
        terms: Terms = [
            (context.names[row["solid"]], -1.0),
            (context.names[row["metal"]], row["n_metal"]),
            ("CO3", row["n_carbonate"]),
            ("H2O", row["n_water"]),
            ("H", row["n_acid"]),
        ]
        assert gap(viridion.chemistry, terms) < 1e-12, terms


@pytest.mark.parametrize("h", [1e-1, 1e-3, 1e-5, K1, 1e-8, 1e-10])
def test_acidity_of_carbonic_acid(h: float, bench: Bench) -> None:
    c = 0.02
    net = h - KW / h + c * (K1 * h + 2.0 * h * h) / (h * h + K1 * h + K1 * K2)
    bench.fill(UNIT, 60.0, {"Na2CO3": c, "HCl": net})
    bench.core.emit()
    assert bench.probe(UNIT, "pH") == pytest.approx(-math.log10(h), abs=1e-6)


def test_a_dump_dissolves_as_its_closure_says_and_near_the_shrinking_spheres(bench: Bench) -> None:
    """With s = v t/r0 the moments give r = r0 exp(-s), M3 = exp(-3 (exp(s) - 1)); spheres (1 - s)^3."""
    bench.fill(UNIT, 60.0, {"HCl": 1.0})
    solid_carbonate(bench, 1e-4)
    for step in range(1, 9):
        bench.tick(UNIT, 0.05, 100)
        s = SHRINK * 5.0 * step / RADIUS
        left = bench.get(UNIT, "LaCarb") / 1e-4
        assert left == pytest.approx(math.exp(-3.0 * (math.exp(s) - 1.0)), rel=1e-4)
        assert left == pytest.approx((1.0 - s) ** 3, abs=0.022)


@pytest.mark.parametrize("acid", [0.003, 0.01, 0.05])
def test_what_leaves_a_stirred_tank_undissolved(acid: float, bench: Bench) -> None:
    """Against spheres that shrink at one rate, in a tank with an exponential distribution of residence times."""
    bench.fill(UNIT, 60.0, {"HCl": acid})
    bench.opening("LV-226", 0.7)
    bench.feed("151", {"LaCarb": 1e-8})
    bench.feed("221", bench.liquor(12e-3, {"HCl": acid}))
    bench.tick(UNIT, 20.0, 2500)
    volume = 1e3 * bench.state(UNIT)[: bench.na] @ bench.volume[: bench.na]
    out = bench.tick(UNIT, 20.0)
    flow = out[: bench.na] @ bench.volume[: bench.na] * 1e3 / 20.0
    residence, life = volume / flow, RADIUS / (SHRINK * acid)
    exact = quad(lambda t: math.exp(-t / residence) * (1.0 - t / life) ** 3 / residence, 0.0, life)[0]
    assert out[bench.index["LaCarb"]] / (20.0 * 1e-8) == pytest.approx(exact, rel=0.02)


def test_carbon_dioxide_leaves_and_every_element_is_kept(bench: Bench) -> None:
    bench.fill(UNIT, 60.0, {"HCl": 0.5, "LaCl3": 0.1})
    solid_carbonate(bench, 0.5)
    bench.opening("K-233A", 1.0)
    bench.opening("LV-226", 0.5)
    before = bench.state(UNIT)[: bench.nc].copy()
    out = bench.tick(UNIT, 0.2, 3000)
    left = bench.left(UNIT, out)
    held = bench.state(UNIT)[: bench.nc].copy()
    held[bench.index["CO2"]] += bench.state(UNIT)[bench.nc + 3]
    lost = bench.atoms @ (before - left - held)
    assert np.abs(lost).max() < 1e-10 * np.abs(bench.atoms @ before).max()
    assert left[bench.index["CO2"]] == pytest.approx(1.5, rel=0.02)
    assert out[bench.index["CO3"]] < 1e-5


def test_froth_stands_as_high_as_gas_comes_and_bubbles_last(bench: Bench) -> None:
    """h = v t where gas comes evenly: here from carbonate that goes into strong acid as fast as it comes."""
    bench.fill(UNIT, 60.0, {"HCl": 2.0})
    bench.opening("K-233A", 1.0)
    bench.feed("151", {"LaCarb": 1e-3})
    bench.tick(UNIT, 0.2, 10000)
    bench.core.emit()
    make = 3e-3
    assert bench.probe(UNIT, "froth") == pytest.approx(make * 0.0245 / 0.16 * 120.0, rel=0.01)


def test_soda_precipitates_at_its_rate_and_carries_cobalt(bench: Bench) -> None:
    """n = n0 exp(-k t) where the liquor is far over saturation; d ln Co = -carried dRE/V."""
    bench.fill(UNIT, 60.0, {"LaCl3": 0.02, "CoCl2": 0.005, "Na2CO3": 0.06})
    bench.tick(UNIT, 0.1, 1000)
    assert bench.get(UNIT, "La") == pytest.approx(1.2 * math.exp(-1.0), rel=0.01)
    assert bench.get(UNIT, "La") + 2.0 * bench.get(UNIT, "LaCarb") == pytest.approx(1.2, rel=1e-12)
    gone = (1.2 - bench.get(UNIT, "La")) / 60.0
    assert bench.get(UNIT, "Co") == pytest.approx(0.3 * math.exp(-0.5 * gone), rel=1e-3)
