"""Clay heaps to mixed carbonate: what is published of the plant, its balances, and what its malfunctions look like."""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.engine.simulate import Report, simulate
from plantsim.model.load import load_plant
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.plant import Plant

DAY = 86400
"""Scans of a second."""
RARE_EARTHS = ("La", "Ce", "Pr", "Nd", "Sm", "Gd", "Tb", "Dy", "Ho", "Y")
OXIDE_G = {"Ce": 172.1, "Pr": 170.2, "Tb": 186.9}
"""Of a mole of rare earth; the others are M2O3."""


@pytest.fixture(scope="module")
def makuutu() -> Plant:
    return load_plant("makuutu")


@pytest.fixture(scope="module")
def half_hour(makuutu: Plant) -> Report:
    return simulate(makuutu, 1800.0, scan_period=1.0)


def reading(live: LivePlant, name: str) -> float:
    return float(live.core.signal[live.tags[name if "." in name else f"{name}.PV"].row])


def test_it_stacks_5_million_t_a_year_and_the_carbonate_is_in_spec(half_hour: Report) -> None:
    assert half_hour.throughput_kg_h * 8760.0 == pytest.approx(5e9, rel=0.01)
    assert 55.0 < half_hour.products["MREC"].purity_pct < 60.0
    assert half_hour.balance_error < 1e-9


def test_the_pad_begins_in_its_stride(makuutu: Plant) -> None:
    """Published: 200 to 1,000 mg/L of TREO in the pregnant liquor."""
    live = LivePlant(makuutu)
    assert 200.0 < 1.2 * reading(live, "AI-266") < 1000.0
    assert 40.0 < reading(live, "AI-266B") < 150.0
    assert reading(live, "AIC-267") == pytest.approx(5411.0, rel=1e-3)


def test_a_charged_pad_is_bare_and_sprays_to_its_drain(makuutu: Plant) -> None:
    live = LivePlant(makuutu, start="charged", scan_period=1.0)
    live.advance(600)
    assert reading(live, "FI-214") == pytest.approx(reading(live, "FIC-211"), rel=0.05)
    assert live.health.balance_error() < 1e-9


@pytest.mark.long
def test_a_round_recovers_what_is_published(makuutu: Plant) -> None:
    """About 40 % of TREO less CeO2, and 27.6 % of TREO; the heavy and magnet rare earths about 71 % of the product."""
    live = LivePlant(makuutu, scan_period=1.0)
    index = {name: 2 + i for i, name in enumerate(live.layout.species)}
    product, ore = live.layout.streams["601"], live.layout.streams["101"]
    made, fed = dict.fromkeys(RARE_EARTHS, 0.0), dict.fromkeys(RARE_EARTHS, 0.0)
    oxide = {m: OXIDE_G.get(m, makuutu.chemistry.atomic_weights[m] + 24.0) for m in RARE_EARTHS}
    for _ in range(60 * 24):
        live.advance(3600)
        now = live.core.arriving
        for m in RARE_EARTHS:
            for name, atoms in ((m, 1), (f"{m}Ads", 1), (f"{m}Carb", 2)):
                made[m] += atoms * now[product, index[name]] * oxide[m]
            mineral = ("CeO2", 1) if m == "Ce" else (f"{m}2O3", 2)
            for name, atoms in ((f"{m}X", 1), (f"{m}S", 1), mineral):
                fed[m] += atoms * now[ore, index[name]] * oxide[m]
    total = sum(made.values())
    assert total / sum(fed.values()) == pytest.approx(0.276, abs=0.025)
    assert total / (sum(fed.values()) - fed["Ce"]) == pytest.approx(0.40, abs=0.04)
    valued = sum(made[m] for m in ("Pr", "Nd", "Gd", "Tb", "Dy", "Ho", "Y"))
    assert valued / total == pytest.approx(0.71, abs=0.04)
    assert live.health.balance_error() < 1e-9
    assert reading(live, "KI-202") == pytest.approx(12.0)


@pytest.mark.long
@pytest.mark.parametrize(
    ("malfunction", "days", "signs"),
    [
        ("heap-permeability-drop", 1.0, {"LI-203": 30.0, "MI-204": 1.0, "FI-214": -100.0}),
        ("ammonium-balance", 2.0, {"FI-806": -0.3}),
        ("al-breakthrough", 0.5, {"AI-302": -0.3, "AI-312": 10.0, "FI-304": -0.3}),
        ("rain-dilution", 1.5, {"FI-214": 50.0, "FI-215": 50.0, "LIC-263": 3.0}),
        ("mrec-over-ph", 0.5, {"AI-503": 0.1, "FI-505": 1.0}),
    ],
)
def test_a_malfunction_shows_where_its_description_says(
    makuutu: Plant, malfunction: str, days: float, signs: dict[str, float]
) -> None:
    """By how much each reading is beside that of a sound plant at the same time, at least."""
    sound, wrong = (LivePlant(makuutu, scan_period=1.0) for _ in range(2))
    wrong.injected.inject(malfunction, 1.0, 0.0, 60.0)
    for live in (sound, wrong):
        live.advance(round(days * DAY))
    for tag, least in signs.items():
        change = reading(wrong, tag) - reading(sound, tag)
        assert change * np.sign(least) > abs(least), (tag, change)
    assert wrong.health.balance_error() < 1e-9


@pytest.mark.long
def test_production_is_stopped_and_started_by_its_sequences(makuutu: Plant) -> None:
    """A pad in its stride does not wait for what it has: a start takes a day."""
    live = LivePlant(makuutu, scan_period=1.0)
    modes = {loop.tag: reading(live, f"{loop.tag}.MODE") for loop in makuutu.loops}
    for tag, steps in (("KS-801", 8), ("KS-800", 26)):
        live.core.signal[live.tags[f"{tag}.CMD"].row] = 1
        for _ in range(48 * 6):
            live.advance(600)
            if reading(live, f"{tag}.STATE") != 1.0:
                break
        assert SEQUENCE_STATES[int(reading(live, f"{tag}.STATE"))] == "Complete"
        assert reading(live, f"{tag}.STEP") == steps
        if tag == "KS-801":
            assert max(reading(live, t) for t in ("WIC-101", "FI-304", "FI-505", "FI-806")) < 0.1
            assert reading(live, "DR-601.RUN") == 0.0
    assert {tag: reading(live, f"{tag}.MODE") for tag in modes} == modes
    assert reading(live, "WIC-101") > 540000.0
    assert reading(live, "AIC-501") == pytest.approx(7.0, abs=0.4)
    assert reading(live, "AI-701") > 55.0
    assert live.health.balance_error() < 1e-9
