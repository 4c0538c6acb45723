"""The organic of Belfast as operators see it: losses and make-up of a tank, vapour over the banks, purity estimates."""

from __future__ import annotations

import pytest

import plantsim
from plantsim.alarms.states import ACTIVE
from tests.engine.conftest import MakeTrial, Trial


def alarmed(desk: Trial, name: str) -> bool:
    at = next(i for i, a in enumerate(desk.live.alarms) if a.name == name)
    return bool(desk.live.book.states()[at] & ACTIVE)


@pytest.fixture
def desk(make_trial: MakeTrial) -> Trial:
    """The plant in production, a scan a second."""
    return make_trial(scan_period=1.0)


def test_fresh_organic_fills_the_tank_whose_valve_is_open(desk: Trial) -> None:
    before = [desk[f"LI-4{k}17.PV"] for k in (1, 2, 3)]
    store = desk["LI-4094.PV"]
    desk["XV-4217.CMD"] = 1.0
    desk["P-4094.SPEED_CMD"] = 100.0
    desk["P-4094.CMD"] = 1.0
    desk.run(3600.0)
    # 40 L/h into 800 L, out of 400 L
    assert desk["LI-4217.PV"] - before[1] == pytest.approx(5.0, abs=0.5)
    assert store - desk["LI-4094.PV"] == pytest.approx(10.0, abs=0.6)
    assert abs(desk["LI-4117.PV"] - before[0]) < 0.5
    assert abs(desk["LI-4317.PV"] - before[2]) < 0.5


def test_an_interface_at_the_floor_takes_the_organic_along(desk: Trial) -> None:
    """Weirs that leak at their foot: organic goes under with the raffinate, as long as nothing stops the bank."""
    desk["UZ-4214.BYPASS"] = 1.0
    desk.live.injected.inject("interface-loss@SX-2", 1.0, 0.0, 0.0)
    for _ in range(4 * 60):
        desk.run(60.0)
        if alarmed(desk, "LI-4217.ROC"):
            break
    assert alarmed(desk, "LI-4217.ROC")
    assert alarmed(desk, "LIC-4214.LL")


def test_a_fan_that_is_lost_shows_in_the_vapour_and_the_alarm_goes_with_it(desk: Trial) -> None:
    desk.run(60.0)
    assert desk["AI-4091.PV"] == pytest.approx(2.0, abs=1.0)
    desk["K-4093.CMD"] = 0.0
    desk.run(12000.0)
    assert alarmed(desk, "AI-4091.H")
    assert not desk["UZ-4091.TRIPPED"], "the draught keeps it below half the limit"
    desk["K-4093.CMD"] = 1.0
    desk.run(1800.0)
    assert not alarmed(desk, "AI-4091.H")


def test_withdrawn_permit_stops_the_feeds_alone(desk: Trial) -> None:
    desk["HS-4092.STATE"] = 0.0
    desk.run(6.0)
    assert [desk[f"P-4{k}01.RUN"] for k in (1, 2, 3)] == [0.0, 0.0, 0.0]
    assert [desk[f"P-4{k}02.RUN"] for k in (1, 2, 3)] == [1.0, 1.0, 1.0]


@pytest.mark.long
def test_the_purity_estimate_knows_what_comes_from_extraction_alone(desk: Trial) -> None:
    """Iron of a worn lining lowers the oxide's purity; the strip liquor has none of it."""
    before = desk["AY-701.PV"]
    desk.live.injected.inject("product-contamination@KL-611", 1.0, 0.0, 0.0)
    desk.run(18000.0)
    assert desk["AI-701.PV"] < before - 0.3
    assert desk["AY-701.PV"] > desk["AI-701.PV"] + 0.15, "its bias goes after the result in half a day"
    assert desk["AI-701D.PV"] > 2000.0


def test_on_a_cold_day_heaters_hold_the_organic_and_what_has_none_cools() -> None:
    plant = plantsim.load("belfast")
    before = {tag: float(plant[tag].op) for tag in ("TIC-4120", "TIC-4220")}
    vapour, cool = float(plant["AI-4091"].pv), float(plant["TI-4320"].pv)
    plant.inject("ambient-cold")
    plant.run(hours=2)
    for tag, output in before.items():
        assert float(plant[tag].op) > output + 15.0
        assert float(plant[tag].pv) == pytest.approx(35.0, abs=1.0)
    assert float(plant["TI-4320"].pv) < cool - 1.0
    assert float(plant["AI-4091"].pv) < vapour + 0.5
