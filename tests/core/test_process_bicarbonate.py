"""The carbonate tank: its acidity, its equilibria against titrations, and what each reaction keeps."""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.model.load import load_plant
from plantsim.model.plant import Plant
from tests.core.conftest import Bench

TANK, LITRES = "R-301", 100e3
SULFATE = {"AS": 0.065, "MgSO4": 0.058, "Na2SO4": 0.0255}
RARE_EARTH = {
    "La": 15.4,
    "Ce": 5.8,
    "Pr": 5.2,
    "Nd": 21.4,
    "Sm": 4.5,
    "Gd": 3.3,
    "Tb": 0.5,
    "Dy": 2.8,
    "Ho": 3.3,
    "Y": 37.8,
}
"""mol % of the liquor's."""


@pytest.fixture(scope="module")
def clay() -> Plant:
    return load_plant("makuutu")


def tank(plant: Plant, dose: float, aluminium: float = 0.0, **table: float) -> Bench:
    """A closed batch with 2.39 mmol/L of rare earth, mol/m3 of bicarbonate and of Al."""
    bench = Bench(plant, {TANK: table}, scan_period=1.0)
    for stream in ("301", "302"):
        bench.feed(stream, {})
    solutes = {**SULFATE, "NH4HCO3": 1e-3 * dose, "Al2S3O12": 0.5e-3 * aluminium}
    for metal, share in RARE_EARTH.items():
        solutes[f"{metal}2S3O12"] = 0.5 * 2.39e-5 * share
    bench.fill(TANK, LITRES, solutes)
    return bench


def left(bench: Bench) -> float:
    """Dissolved share of the rare earth, %."""
    return sum(bench.get(TANK, metal) for metal in RARE_EARTH) / (2.39e-3 * LITRES) * 100.0


@pytest.mark.parametrize(("dose", "ph", "share"), [(5.0, 6.64, 35.0), (7.0, 6.90, 11.0), (8.0, 7.15, 2.6)])
def test_titration_with_vented_carbon_dioxide(clay: Plant, dose: float, ph: float, share: float) -> None:
    """PHREEQC (llnl.dat), pure carbonates, CO2 of air: dose in mol/m3, pH, % of the rare earth left."""
    bench = tank(clay, dose, strip=0.01)
    bench.core.advance(4 * 3600)
    assert bench.probe(TANK, "pH") == pytest.approx(ph, abs=0.25)
    assert left(bench) == pytest.approx(share, abs=5.0)


def test_aluminium_leaves_to_its_solubility_and_takes_a_few_per_cent_of_rare_earth(clay: Plant) -> None:
    """Al_sat = 10^(10.4 + 2.1 - 3 pH) mol/L; 0.03 mol of rare earth per mol of Al at pH 5.4, tenfold
    per unit: all bicarbonate at once begins above that."""
    bench = tank(clay, 8.7, aluminium=3.0, strip=1.667e-3)
    bench.core.advance(4 * 3600)
    ph = bench.probe(TANK, "pH")
    assert 5.0 < ph < 5.7
    assert bench.get(TANK, "Al") / LITRES == pytest.approx(10.0 ** (12.5 - 3.0 * ph), rel=0.1)
    carried = sum(bench.get(TANK, f"{metal}Ads") for metal in RARE_EARTH)
    assert 0.01 < carried / bench.get(TANK, "AlOH3") < 0.3


def test_heavy_rare_earth_comes_last(clay: Plant) -> None:
    """Under-dosing loses Dy and Ho before Ce: take-up is in proportion to [RE]/k."""
    bench = tank(clay, 5.0, strip=0.01)
    bench.core.advance(3600)
    rest = {m: bench.get(TANK, m) / (2.39e-5 * share * LITRES) for m, share in RARE_EARTH.items()}
    assert rest["Ho"] > rest["Dy"] > rest["Nd"] > rest["Ce"]


def test_everything_closes(clay: Plant) -> None:
    """Elements and charge of a closed tank with the gas that it gave off."""
    bench = tank(clay, 12.0, aluminium=3.0, strip=0.01)
    n0 = bench.state(TANK)[: bench.nc].copy()
    left0 = bench.core.edge_out.copy()
    bench.core.advance(7200)
    gone = bench.core.edge_out - left0
    gap = bench.atoms @ (bench.state(TANK)[: bench.nc] - n0 + gone)
    assert np.abs(gap).max() < 1e-9 * np.abs(bench.atoms @ n0).max()
    assert gone[bench.index["CO2"]] > 0.0
