"""What Belfast's headers do to what lives on them: water, nitrogen, instrument air; peroxide and the acid store."""

from __future__ import annotations

import numpy as np
import pytest

import plantsim
from plantsim.engine.live import LivePlant
from plantsim.model.plant import Plant


def test_water_stands_as_designed(live: LivePlant) -> None:
    """3 to 3.6 bar, 18 C, and 12 kW at 40 % for what the jackets take."""
    probe, at = live.core.probe, live.layout.probes
    assert 3.0 < 1e-5 * probe[at["CW-826", "pressure"]] < 3.6
    assert probe[at["CW-826", "temperature"]] - 273.15 == pytest.approx(18.0, abs=0.3)
    assert probe[at["HW-827", "temperature"]] - 273.15 == pytest.approx(88.0, abs=0.1)
    assert live.core.drive[live.layout.drives["EH-827"]] == pytest.approx(0.40, abs=0.03)


def test_without_its_pump_the_leach_is_not_cooled_and_the_feed_stops() -> None:
    plant = plantsim.load("belfast")
    plant["P-826"].cmd = False
    plant.run(minutes=2)
    assert float(plant["PI-826"].pv) < 0.1
    assert plant["UZ-826"].tripped
    assert not plant["SC-101"].run
    assert "PI-826.L" not in plant.alarms, "it was stopped, and says so"
    drive = plant._live.core.drive
    assert drive[plant._live.layout.drives["TV-322"]] < 0.1 < 0.01 * float(plant["TV-322"].pos)
    before = float(plant["TIC-201"].pv)
    plant.run(minutes=8)
    assert float(plant["TIC-201"].pv) > before + 0.5
    plant["P-826"].cmd = True
    plant.run(minutes=1)
    assert not plant["UZ-826"].tripped
    assert plant._live.health.balance_error() < 1e-9


def test_a_hot_water_heater_that_fails_leaves_the_reactors_cold() -> None:
    plant = plantsim.load("belfast")
    plant["TIC-827"].mode = "Man"
    plant["TIC-827"].op = 0.0
    before = float(plant["TV-202"].pos)
    plant.run(hours=2)
    assert float(plant["TIC-827"].pv) < 70.0
    assert float(plant["TV-202"].pos) > before + 5.0


def test_without_nitrogen_the_mill_stops_before_its_purge_is_gone() -> None:
    plant = plantsim.load("belfast")
    plant.inject("gas-supply-lost@NI-828")
    plant.run(minutes=75)
    assert "PI-828.L" in plant.alarms
    assert plant["UZ-828"].tripped
    assert not plant["ML-121"].run
    assert float(plant["PI-829"].pv) > 5.5


def test_without_air_the_feed_stops_first_and_then_valves_go_to_where_they_fail() -> None:
    plant = plantsim.load("belfast")
    plant.inject("gas-supply-lost@IA-829")
    plant.run(minutes=8)
    assert plant["UZ-829"].tripped
    assert float(plant["PI-829"].pv) > 2.5
    assert float(plant["TV-201A"].pos) < 50.0
    plant.run(minutes=8)
    assert float(plant["PI-829"].pv) < 2.0
    assert float(plant["TV-201A"].pos) == 100.0, "fails open"
    assert float(plant["TV-202"].pos) == 0.0, "fails closed"
    assert float(plant["EH-614"].pos) > 5.0, "a thyristor needs no air"
    plant.clear()
    plant.run(minutes=5)
    assert float(plant["TV-202"].pos) > 0.0


def test_fouled_peroxide_heats_itself_until_its_dosing_stops() -> None:
    plant = plantsim.load("belfast", scan=1.0)
    plant.inject("peroxide-decomposing")
    plant.run(hours=8)
    assert "TI-823.H" in plant.alarms
    assert plant["UZ-821"].tripped
    assert not plant["P-304"].run
    assert plant._live.health.balance_error() < 1e-9


def test_an_acid_leak_is_told_by_the_bund_and_the_air() -> None:
    plant = plantsim.load("belfast")
    plant.inject("hcl-leak")
    plant.run(minutes=3)
    assert plant["LS-853"].state
    assert plant["UZ-853"].tripped
    assert not plant["P-201"].run
    plant.run(minutes=27)
    assert float(plant["AI-851"].pv) > 15.0
    assert plant["UZ-851"].tripped
    assert plant._live.health.balance_error() < 1e-9


def test_acid_is_in_the_air_of_the_leach_hall_when_the_sweep_fails() -> None:
    """Of 27 g/h half comes past lids that no fan draws from, into 1800 m3/h of air."""
    plant = plantsim.load("belfast")
    usual = float(plant["AI-852"].pv)
    assert 0.1 < usual < 1.0
    for fan in ("K-213A", "K-213B"):
        plant[fan].cmd = False
    plant.run(minutes=20)
    assert float(plant["AI-852"].pv) > 5.0
    assert "AI-852.H" in plant.alarms
    for fan in ("K-213A", "K-213B"):
        plant[fan].cmd = True
    plant.run(hours=1)
    assert float(plant["AI-852"].pv) < 3.0
    assert float(plant["AI-851"].pv) < 1.0, "the acid store is another hall"


def test_a_cold_day_shows_in_the_hall() -> None:
    plant = plantsim.load("belfast")
    plant.inject("ambient-cold")
    plant.run(minutes=5)
    assert float(plant["TI-855"].pv) == pytest.approx(-10.0, abs=0.2)


def test_an_empty_plant_has_no_alarm_of_its_headers(belfast: Plant) -> None:
    live = LivePlant(belfast, start="cold", scan_period=1.0)
    live.advance(600)
    standing = {p.name for p, s in zip(live.alarms, live.book.states(), strict=True) if s & 1}
    ours = ("PI-82", "TIC-82", "TI-82", "AI-85", "LS-85", "P-826", "PDI-806", "TI-81")
    assert not [name for name in standing if name.startswith(ours)]
    assert np.isfinite(live.core.state).all()


def test_headers_come_back_from_a_snapshot_bit_by_bit(belfast: Plant) -> None:
    """Between two of their steps, with the pump just stopped."""
    live = LivePlant(belfast)
    live.core.signal[live.tags["P-826.CMD"].row] = 0.0
    live.advance(33)
    kept = live.arrays()
    live.advance(200)
    there = live.core.state.copy(), live.core.signal.copy()
    other = LivePlant(belfast)
    other.restore(kept)
    other.advance(200)
    assert np.array_equal(other.core.state, there[0])
    assert np.array_equal(other.core.signal, there[1])
