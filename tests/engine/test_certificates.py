"""Lots of product: certificates, and the divert valve that keeps oxide off spec out of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import plantsim
from plantsim.engine.certificate import oxide_formula
from plantsim.engine.live import LivePlant
from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant


def fill(live: LivePlant, hopper: str, kg: float, off: float = 0.0) -> None:
    """Put so much of the oxide that arrives into a hopper, with a part of Fe2O3 that spoils it."""
    core, layout = live.core, live.layout
    first = core.offsets()[layout.units[hopper]]
    stream = next(s.id for s in live.plant.streams if s.target_unit == hopper)
    nc = len(layout.species)
    mass = np.array(live.assembly.spec["species"]["mass"])
    mol = core.arriving[layout.streams[stream]][2 : 2 + nc].copy()
    mol *= (1.0 - off) * kg / (mol @ mass)
    if off:
        iron = layout.species.index("Fe0")
        mol[iron] += off * kg / mass[iron]
    core.state[first : first + nc] = mol
    live.health.restart()  # the balance starts with it


def test_a_full_hopper_closes_its_lot_with_a_certificate() -> None:
    plant = plantsim.load("belfast")
    live = plant._live
    assert plant.certificates == []
    fill(live, "HP-711", 49.99)
    plant.run(minutes=3)
    (lot,) = plant.certificates
    assert (lot.product, lot.lot, lot.in_spec) == ("Nd2O3", 1, True)
    assert lot.mass_kg == pytest.approx(50.0, abs=0.01)
    assert 99.5 < lot.purity_pct <= 100.0
    assert next(iter(lot.oxides)) == "Nd2O3"
    assert sum(lot.oxides.values()) == pytest.approx(100.0, abs=1e-9)
    assert lot.oxides["Nd2O3"] == pytest.approx(lot.purity_pct, rel=1e-12)
    assert 0.0 <= lot.loss_on_ignition_pct < 1.0
    assert 6.0 < lot.d50_um < 10.0
    assert lot.start == np.datetime64("2026-01-01T00:00:00", "us") < lot.end < plant.time
    assert plant["UI-711"].pv == 1
    assert float(plant["WI-711"].pv) < 1.0
    assert live.health.balance_error() < 1e-9


def test_a_hand_switch_closes_the_lots_of_its_hoppers_once_each_time_it_is_turned_on() -> None:
    plant = plantsim.load("belfast")
    fill(plant._live, "HP-711", 20.0)
    fill(plant._live, "HP-712", 2.0)
    fill(plant._live, "HP-713", 10.0)
    plant.run(minutes=1)
    plant["HS-715"].state = True
    plant.run(minutes=10)
    assert [(lot.product, lot.lot, lot.in_spec) for lot in plant.certificates] == [
        ("Dy2O3", 1, True), ("Nd2O3", 1, True),
    ]  # fmt: skip
    nd = plant.certificates[1]
    assert nd.mass_kg == pytest.approx(20.0, rel=0.01)
    assert nd.end == plant.certificates[0].end
    assert (plant["UI-711"].pv, plant["UI-712"].pv, plant["UI-713"].pv) == (1, 1, 0)
    plant["HS-715"].state = False
    plant.run(minutes=1)
    assert len(plant.certificates) == 2
    plant["HS-715"].state = True
    plant.run(minutes=1)
    assert [lot.lot for lot in plant.certificates] == [1, 1, 2, 2]
    assert plant._live.health.balance_error() < 1e-9


def test_a_lot_with_nothing_in_it_is_not_closed() -> None:
    plant = plantsim.load("belfast", start="cold")
    plant["HS-715"].state = True
    plant.run(minutes=1)
    assert plant.certificates == []


def test_a_lot_with_iron_in_it_is_not_in_spec() -> None:
    plant = plantsim.load("belfast")
    fill(plant._live, "HP-711", 49.99, off=0.01)
    plant.run(minutes=3)
    (lot,) = plant.certificates
    assert not lot.in_spec
    assert lot.oxides["Fe2O3"] > 1.0
    assert lot.purity_pct < 99.0


def test_certificates_are_kept_in_a_bounded_ring_and_in_snapshots(tmp_path: Path) -> None:
    plant = plantsim.load("belfast")
    for _ in range(34):
        fill(plant._live, "HP-714", 2.01)
        plant.run(0.3)
    numbers = [lot.lot for lot in plant.certificates]
    assert numbers == list(range(3, 35))
    starts = [lot.start for lot in plant.certificates[1:]]
    assert starts == [lot.end for lot in plant.certificates[:-1]]
    plant.save(tmp_path / "state")
    again = plantsim.load("belfast", start=str(tmp_path / "state"))
    assert again.certificates == plant.certificates


def test_oxide_off_spec_goes_to_its_drum_until_two_results_are_good_again() -> None:
    """Samples come every 15 minutes, results 10 minutes later: bad at 10, good at 25 and 40 minutes."""
    plant = plantsim.load("belfast")
    live = plant._live
    core, nc = live.core, len(live.layout.species)
    row = live.tags["AI-701.PV"].row
    memory = next(one["mem"] for one in live.assembly.spec["analysers"] if one["pv"] == row)
    plant.run(minutes=9)
    assert plant["XV-711"].opened
    assert not plant["HS-711"].state
    core.memory[memory + 7 : memory + 15] = 99.0  # results under way
    off_spec = plant.kpi["OffSpec"]
    plant.run(minutes=2)
    assert float(plant["AI-701"].pv) < 99.5
    assert plant["XV-711"].closed
    weight = plant["WI-711"].pv
    plant.run(minutes=13)
    assert plant["WI-711"].pv == pytest.approx(weight, abs=0.1)
    first = core.offsets()[live.layout.units["HP-711"]]
    mass = np.array(live.assembly.spec["species"]["mass"])
    drum = float(core.state[first + nc : first + 2 * nc] @ mass)
    assert drum == pytest.approx(14.0 / 60.0 * plant.kpi["OxideRate.Nd2O3"], rel=0.01)
    assert plant.kpi["OffSpec"] - off_spec == pytest.approx(drum, rel=0.01)
    plant.run(minutes=2)
    assert float(plant["AI-701"].pv) > 99.5
    assert plant["XV-711"].closed
    plant.run(minutes=15)
    assert plant["XV-711"].opened
    assert live.health.balance_error() < 1e-9


def test_the_divert_valve_is_the_operators_only_by_hand() -> None:
    plant = plantsim.load("belfast")
    with pytest.raises(plantsim.Refused):
        plant["XV-712"].cmd = False
    plant["HS-712"].state = True
    plant["XV-712"].cmd = False
    plant.run(minutes=2)
    assert plant["XV-712"].closed
    assert float(plant["AI-702"].pv) > 99.5
    assert plant.kpi["OffSpec"] > 0.0
    plant["HS-712"].state = False
    plant.run(10)
    assert plant["XV-712"].opened


@pytest.mark.parametrize(
    ("element", "oxygen", "formula"),
    [
        ("Nd", 1.5, "Nd2O3"),
        ("Pr", 11.0 / 6.0, "Pr6O11"),
        ("Tb", 1.75, "Tb4O7"),
        ("Co", 1.0, "CoO"),
        ("Na", 0.5, "Na2O"),
    ],
)
def test_formulas_of_oxides(element: str, oxygen: float, formula: str) -> None:
    assert oxide_formula(element, oxygen) == formula


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('divert = "XV-711", hand = "HS-711"', 'divert = "XV-711"', "divert and hand together, or neither"),
        ('hopper = "HP-711"', 'hopper = "HP-712"', "a hopper of no product"),
        (
            'sample = "15 min"\ndelay = "10 min"\n\n[instruments.AI-701B]',
            "\n[instruments.AI-701B]",
            "no analyser AI-701",
        ),
    ],
)
def test_a_divert_valve_that_cannot_work_is_refused(
    old: str, new: str, message: str, belfast: Plant, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    text = belfast.path.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(PlantError, match=message):
        load_plant(file)
