"""Scrubber, effluent and meters of the Belfast line: what they do at rest, and what happens when something is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

import plantsim
from plantsim.engine.live import LivePlant

KW, K1, K2, KA_BORIC, DISSOLVED_CO2 = 1e-14, 4.45e-7, 4.69e-11, 5.8e-10, 0.0339 * 450e-6


def liquor(live: LivePlant, unit: str) -> dict[str, float]:
    """What is dissolved in a unit, mol/L."""
    core, names = live.core, live.layout.species
    first = core.offsets()[live.layout.units[unit]]
    mol = core.state[first : first + len(names)]
    dissolved = live.assembly.spec["species"]["dissolved"]
    litres = 1e3 * float(mol[:dissolved] @ np.array(live.assembly.spec["species"]["molar_volume"])[:dissolved])
    return {name: float(x) / litres for name, x in zip(names, mol, strict=True)}


def probe(live: LivePlant, unit: str, name: str) -> float:
    """A true value, SI."""
    return float(live.core.probe[live.layout.probes[unit, name]])


def test_scrubber_takes_what_its_transfer_units_say(live: LivePlant) -> None:
    """1 - exp(-3.7) = 97.5 % at full recirculation; the stack is far below its consent of 30 mg/Nm3."""
    assert probe(live, "SB-801", "removal") == pytest.approx(1.0 - np.exp(-3.7), abs=1e-4)
    assert 0.1 < 1e6 * probe(live, "SB-801", "stack_acid") < 10.0


def test_what_leaves_by_the_stack_and_the_sweep_is_what_came(live: LivePlant) -> None:
    """Hydrogen passes; acid is taken or goes up."""
    arriving, names = live.core.arriving, live.layout.species
    sweep = sum(arriving[live.layout.streams[k]][2 : 2 + len(names)] for k in ("211", "212", "213"))
    acid, hydrogen = sweep[names.index("Cl")], sweep[names.index("H2")]
    assert sweep[names.index("H")] == pytest.approx(acid, rel=1e-12)
    assert hydrogen * 3600.0 == pytest.approx(16.8 * 4.3, rel=0.05)  # mol/h, of 16.8 mol per kg of feed
    up = probe(live, "SB-801", "stack_acid") * probe(live, "SB-801", "stack_flow") / 44.615 / 0.036461
    assert up == pytest.approx(acid * np.exp(-3.7), rel=1e-3)


def test_scrubber_liquor_is_buffered_by_the_carbon_dioxide_of_the_air(live: LivePlant) -> None:
    """pH of the charge balance, solved apart."""
    net = liquor(live, "SB-801")["H"]

    def charge(ph: float) -> float:
        h = 10.0**-ph
        return float(h - (KW + K1 * DISSOLVED_CO2) / h - 2.0 * K1 * K2 * DISSOLVED_CO2 / h**2 - net)

    assert probe(live, "SB-801", "pH") == pytest.approx(brentq(charge, 1.0, 13.0), abs=1e-6)
    assert probe(live, "SB-801", "pH") == pytest.approx(8.0, abs=0.05)


def test_effluent_is_buffered_by_borate_and_loses_its_metals(live: LivePlant) -> None:
    """At pH 9 cobalt is soluble to 1e-6 mol/L; what is left has had no time to precipitate, 1.6 h at 0.01 1/s."""
    there = liquor(live, "TK-841")

    def charge(ph: float) -> float:
        h = 10.0**-ph
        return float(h - KW / h - there["B"] * KA_BORIC / (KA_BORIC + h) - there["H"])

    assert probe(live, "TK-841", "pH") == pytest.approx(brentq(charge, 1.0, 13.0), abs=1e-6)
    assert probe(live, "TK-841", "pH") == pytest.approx(9.0, abs=0.05)
    came, names = (
        sum(live.core.arriving[live.layout.streams[k]] for k in ("506", "526", "546", "556")),
        live.layout.species,
    )
    left = live.core.arriving[live.layout.streams["843"]]
    for metal in ("Co", "Ni", "Cu", "Nd", "Pr", "Dy", "Tb"):
        i = 2 + names.index(metal)
        assert 0.0 < left[i] < 0.03 * came[i], metal
    assert there["CoOH2"] > 0.0


def test_without_caustic_the_scrubber_turns_acid_and_says_so() -> None:
    """But takes the acid all the same: over dilute acid there is hardly any HCl."""
    plant = plantsim.load("belfast")
    plant["AIC-801"].mode = "Man"
    plant["AIC-801"].op = 0.0
    plant.run(minutes=45)
    assert float(plant["AIC-801"].pv) < 6.0
    assert "AIC-801.L" in plant.alarms
    assert float(plant["AI-807"].pv) < 10.0
    plant["AIC-801"].mode = "Auto"
    plant.run(hours=2)
    assert float(plant["AIC-801"].pv) > 7.0


def test_a_dry_packing_lets_the_acid_up_the_stack() -> None:
    plant = plantsim.load("belfast")
    before = float(plant["AI-807"].pv)
    plant["P-802A"].cmd = False
    plant.run(minutes=10)
    assert float(plant["AI-807"].pv) > 10.0 * before
    assert "AI-807.H" in plant.alarms


def test_caustic_stop_makes_the_effluent_acid_and_metals_pass() -> None:
    plant = plantsim.load("belfast")
    cobalt = liquor(plant._live, "TK-841")["Co"]
    plant["AIC-842"].mode = "Man"
    plant["AIC-842"].op = 0.0
    plant.run(hours=2)
    assert float(plant["AIC-842"].pv) < 7.5
    assert "AIC-842.L" in plant.alarms
    assert liquor(plant._live, "TK-841")["Co"] > 10.0 * cobalt
    assert plant._live.health.balance_error() < 1e-9


def test_effluent_off_limits_goes_to_the_hold_tank_until_it_is_in_them_again() -> None:
    plant = plantsim.load("belfast", scan=1.0)
    level = float(plant["LI-848"].pv)
    plant["AIC-842"].mode = "Man"
    plant["AIC-842"].op = 100.0
    plant.run(hours=1)
    assert plant["UZ-843"].tripped
    assert plant["XV-844"].closed
    assert float(plant["FI-845"].pv) > 100.0, "it flows, but to the hold tank"
    assert float(plant["LI-848"].pv) > level + 1.0
    plant["AIC-842"].op = 0.0
    while plant["UZ-843"].tripped:
        plant.run(minutes=1)
    plant["AIC-842"].mode = "Auto"
    plant.run(minutes=1)
    assert plant["XV-844"].closed, "until somebody opens it"
    plant["XV-844"].cmd = True
    plant.run(minutes=1)
    assert plant["XV-844"].opened
    held = float(plant["LI-848"].pv)
    plant["P-848"].cmd = True
    plant.run(hours=1)
    assert float(plant["LI-848"].pv) < held - 4.0, "150 L of 2500 L go back"
    assert plant._live.health.balance_error() < 1e-9


def test_a_full_hold_tank_stops_effluent_and_feed_and_is_worked_off() -> None:
    plant = plantsim.load("belfast", scan=1.0)
    live = plant._live
    here = live.core.offsets()[live.layout.units["TK-848"]]
    live.core.state[here : here + len(live.layout.species)] *= 95.5 / float(plant["LI-848"].pv)
    live.core.refresh()
    live.health.restart()
    plant.run(minutes=2)
    assert plant["UZ-848"].tripped
    assert "LI-848.H" in plant.alarms
    assert not plant["P-841"].run
    assert not plant["SC-101"].run
    plant["P-848"].cmd = True
    plant.run(minutes=28)
    assert not plant["UZ-848"].tripped
    plant["P-841"].cmd = True
    plant.run(minutes=10)
    assert float(plant["FI-845"].pv) > 100.0
    assert not plant["UZ-841"].tripped, "there was room for what came back"


def test_the_clarifying_filter_keeps_the_hydroxides(live: LivePlant) -> None:
    """A few mg/L pass, of the gram per litre that comes."""
    assert 2.0 < probe(live, "FL-843", "turbidity") < 15.0
    assert probe(live, "FL-843", "sludge") > 0.0


def test_meters_count_what_was_drawn_and_used() -> None:
    """Acid by the fall of its tank, energy by the mean power."""
    plant = plantsim.load("belfast")
    assert (plant["FQI-811"].pv, plant["JQI-831"].pv) == (0.0, 0.0)
    level = float(plant["LI-811"].pv)
    plant.run(hours=1)
    litres = 0.01 * (level - float(plant["LI-811"].pv)) * 2000.0
    assert float(plant["FQI-811"].pv) == pytest.approx(1.16 * litres, rel=0.15)
    assert float(plant["JQI-831"].pv) == pytest.approx(float(plant["JI-831"].pv), rel=0.02)
    assert float(plant["FQI-816"].pv) > 0.0


def test_a_full_pls_tank_overflows_to_the_effluent() -> None:
    """With the feed pump of SX-1 stopped the tank holds no more than its 1200 L, and what it loses is treated."""
    plant = plantsim.load("belfast")
    live = plant._live
    stream = live.layout.streams["309"]
    assert live.core.arriving[stream][1] == 0.0
    first = live.core.offsets()[live.layout.units["TK-311"]]
    live.core.state[first : first + len(live.layout.species)] *= 1.0 / (0.01 * float(plant["LIC-321"].pv)) * 0.999
    live.health.restart()
    plant["P-4101"].cmd = False
    plant.run(minutes=30)
    assert 1.0 <= probe(live, "TK-311", "level") < 1.002
    assert 3.6e6 * live.core.arriving[stream][1] == pytest.approx(
        live.core.arriving[live.layout.streams["306"]][1] * 3.6e6, rel=0.02
    )
    assert live.health.balance_error() < 1e-9
