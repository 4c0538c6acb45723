"""Clay heaps to mixed carbonate: what is published of the plant, its balances, and what its malfunctions look like."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from plantsim.engine.live import LivePlant
from plantsim.engine.simulate import Report, simulate
from plantsim.model.load import load_plant
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.plant import Plant
from plantsim.model.read_malfunctions import catalogue

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


@dataclass(frozen=True)
class Signs:
    """What a malfunction shows after so many days of it, and the days after which, cleared, it shows that no more.

    By how much each reading is beside that of a sound plant at the same time, at least.
    """

    days: float
    by: dict[str, float]
    gone: float


SIGNS = {
    "heap-permeability-drop": Signs(1.0, {"LI-203": 30.0, "MI-204": 1.0, "FI-214": -100.0}, 2.0),
    "ammonium-balance": Signs(2.0, {"FI-806": -0.3}, 1.0),
    "al-breakthrough": Signs(0.5, {"AI-302": -0.3, "AI-312": 10.0, "FI-304": -0.3}, 1.0),
    "rain-dilution": Signs(1.5, {"FI-214": 50.0, "FI-215": 50.0, "LIC-263": 3.0}, 5.0),
    "mrec-over-ph": Signs(0.5, {"AI-503": 0.1, "FI-505": 1.0}, 1.0),
}


def beside(wrong: LivePlant, sound: LivePlant, signs: Signs) -> dict[str, float]:
    """How much of each sign there is: 1 is the least that counts."""
    return {tag: (reading(wrong, tag) - reading(sound, tag)) / least for tag, least in signs.by.items()}


def test_every_malfunction_of_a_clay_plant_has_its_signs() -> None:
    assert {one.id for one in catalogue().values() if one.number > 50} == set(SIGNS)


@pytest.mark.long
@pytest.mark.parametrize("malfunction", SIGNS)
def test_a_malfunction_shows_where_its_description_says(makuutu: Plant, malfunction: str) -> None:
    signs = SIGNS[malfunction]
    sound, wrong = (LivePlant(makuutu, scan_period=1.0) for _ in range(2))
    wrong.injected.inject(malfunction, 1.0, 0.0, 60.0)
    for live in (sound, wrong):
        live.advance(round(signs.days * DAY))
    found = beside(wrong, sound, signs)
    assert min(found.values()) > 1.0, found
    assert wrong.health.balance_error() < 1e-9


@pytest.mark.long(scale=2)
@pytest.mark.parametrize("malfunction", SIGNS)
def test_what_it_showed_is_gone_days_after_it(makuutu: Plant, malfunction: str) -> None:
    """Of the rain, what has run into the ponds has to be worked off, while the leach of the lifts goes on."""
    signs = SIGNS[malfunction]
    sound, wrong = (LivePlant(makuutu, scan_period=1.0) for _ in range(2))
    wrong.injected.inject(malfunction, 1.0, 0.0, 60.0)
    wrong.advance(round(signs.days * DAY))
    wrong.injected.clear(malfunction)
    wrong.advance(round(signs.gone * DAY))
    sound.advance(round((signs.days + signs.gone) * DAY))
    found = beside(wrong, sound, signs)
    assert max(abs(share) for share in found.values()) < 1.0, found
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
