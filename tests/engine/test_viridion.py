"""Magnets and mixed carbonate in one plant: three oxides, another carbonate, carbon dioxide in a hood."""

from __future__ import annotations

import pytest

from plantsim.chemistry.elements import RARE_EARTHS
from plantsim.engine.live import LivePlant
from plantsim.engine.simulate import Report, simulate
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

HOURS_PER_YEAR = 7000.0
MAGNETS = "FD-101"


@pytest.fixture(scope="module")
def viridion() -> Plant:
    return load_plant("viridion")


@pytest.fixture(scope="module")
def quarter(viridion: Plant) -> Report:
    return simulate(viridion, 900.0)


def test_it_takes_both_feeds_and_makes_three_oxides_in_spec(quarter: Report) -> None:
    """30 t/y of magnets and 21 t/y of carbonate."""
    assert quarter.throughput_kg_h * HOURS_PER_YEAR == pytest.approx(51.1e3, rel=0.02)
    assert set(quarter.products) == {"NdPr", "Dy2O3", "Tb4O7"}
    assert min(product.purity_pct for product in quarter.products.values()) > 99.5


def test_about_ten_tonnes_a_year_are_of_the_magnets(viridion: Plant, quarter: Report) -> None:
    """What the magnets bring of each oxide, at the recovery of that oxide."""
    species, oxygen = viridion.chemistry.species, viridion.chemistry.value("oxide", "oxygen")
    weight = viridion.chemistry.atomic_weights
    made = 0.0
    for product in viridion.products:
        for name, share in viridion.feed_of(MAGNETS).composition.items():
            formula = species[name].formula
            for element in set(formula) & set(product.elements) & {"Nd", "Pr", "Dy", "Tb"}:
                mol = 0.01 * share * formula[element] / species[name].molar_mass
                oxide = mol * 1e-3 * (weight[element] + oxygen[element] * weight["O"])
                made += 30.0 * oxide * 0.01 * quarter.products[product.name].recovery_pct
    assert 9.5 < made < 11.0


def test_the_carbonate_that_is_fed_is_as_published(viridion: Plant) -> None:
    """60 % TREO, 39 % of it that of the magnets' metals, 1 % of impurities, here by their oxides."""
    chemistry = viridion.chemistry
    weight = chemistry.atomic_weights
    oxide, magnet, impurity = 0.0, 0.0, 0.0
    for name, share in viridion.feed_of("FD-151").composition.items():
        for element, atoms in chemistry.species[name].formula.items():
            mol = share * atoms / chemistry.species[name].molar_mass * 1e-3
            if element in RARE_EARTHS:
                made = mol * (weight[element] + chemistry.value("oxide", "oxygen")[element] * weight["O"])
                oxide += made
                magnet += made if element in ("Nd", "Pr", "Dy", "Tb") else 0.0
            elif element in ("Al", "Fe"):
                impurity += mol * (weight[element] + 1.5 * weight["O"])
    assert oxide == pytest.approx(60.0, abs=0.01)
    assert magnet / oxide == pytest.approx(0.39, abs=1e-4)
    assert 0.1 < impurity < 1.0


def test_the_other_rare_earths_are_a_carbonate(quarter: Report) -> None:
    carbonate = quarter.byproducts["LaCe"]
    assert carbonate.purity_pct > 97.0
    assert carbonate.recovery_pct > 95.0


def test_carbonate_leaves_as_carbon_dioxide(viridion: Plant) -> None:
    """1.5 mol per mol of rare earth in 3 kg/h that is carbonate; nearly all of it in the first tank."""
    live = LivePlant(viridion)
    feed = viridion.feed_of("FD-151").composition
    mol = sum(3.0 * 0.01 * x / viridion.chemistry.species[n].molar_mass * 3.0 for n, x in feed.items() if "Carb" in n)
    made = live.core.signal[live.tags["FY-239.PV"].row] / 22.414e-3
    assert 0.95 * mol < made < mol


def test_carbon_dioxide_stops_feed_and_acid(viridion: Plant) -> None:
    """The hood fan trips: interlocks stop what makes the gas, for the air is gone."""
    live = LivePlant(viridion, scan_period=1.0)
    live.injected.inject("hood-fan-trip@K-233A", 1.0, 0.0, 0.0)
    live.advance(300)
    for drive in ("SC-151", "P-221"):
        assert live.core.signal[live.tags[f"{drive}.RUN"].row] == 0.0
    assert live.core.signal[live.tags["UZ-233.TRIPPED"].row] == 1.0


@pytest.mark.parametrize(
    "blend", [pytest.param(0.4, marks=pytest.mark.long), pytest.param(0.9, marks=pytest.mark.long(scale=2))]
)
def test_the_operator_blends_and_the_oxides_stay_in_spec(blend: float, viridion: Plant) -> None:
    """Four days at another share of carbonate, with nobody at the desk after that."""
    live = LivePlant(viridion, scan_period=1.0)
    live.core.signal[live.tags["FFIC-150.SP"].row] = blend
    live.advance(4 * 86400)
    assert live.core.signal[live.tags["WIC-151.PV"].row] == pytest.approx(4.3 * blend, rel=0.05)
    for analyser in ("AI-701", "AI-702", "AI-703"):
        assert live.core.signal[live.tags[f"{analyser}.PV"].row] > 99.5
    assert live.health.balance_error() < 1e-11


@pytest.mark.parametrize(
    ("blend", "early"),
    [
        pytest.param(0.0, "AI-4228.L", marks=pytest.mark.long),
        pytest.param(1.0, "AIC-4126.H AIC-4226.H", marks=pytest.mark.long(scale=2)),
    ],
)
def test_beyond_the_nominal_blend_an_extraction_alarms_before_the_oxide_is_off_spec(
    blend: float, early: str, viridion: Plant
) -> None:
    """Magnets alone, and as much carbonate as magnets, with nobody at the desk: ratios are the nominal blend's."""
    live = LivePlant(viridion, scan_period=1.0)
    live.core.signal[live.tags["FFIC-150.SP"].row] = blend
    seen: list[set[str]] = []
    for _ in range(5 * 24):
        live.advance(3600)
        seen.append({one.name for one, state in zip(live.alarms, live.book.states(), strict=True) if state & 1})
    off = next(k for k, alarms in enumerate(seen) if "AI-701.L" in alarms)
    assert any(alarms & set(early.split()) for alarms in seen[:off])
    assert live.core.signal[live.tags["AI-701.PV"].row] < 99.5
    assert live.health.balance_error() < 1e-11
