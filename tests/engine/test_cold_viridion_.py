"""Viridion before its first start: empty, cold and quiet; its own sequence brings both feeds to three oxides."""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.compose.context import AMBIENT_K
from plantsim.model.load import load_plant
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.plant import Plant
from plantsim.model.tag import Kind

MANUAL = 0.0
TRACE = 1e-6
"""Least level that is one: readings are made of at least a millilitre."""


@pytest.fixture(scope="module")
def viridion() -> Plant:
    return load_plant("viridion")


@pytest.fixture
def cold(viridion: Plant) -> LivePlant:
    return LivePlant(viridion, start="cold", scan_period=1.0)


def value(live: LivePlant, name: str) -> float:
    return float(live.core.signal[live.tags[name].row])


def in_alarm(live: LivePlant) -> set[str]:
    return {alarm.name for alarm, state in zip(live.alarms, live.book.states(), strict=True) if state & 1}


def test_its_vessels_are_empty_and_what_has_a_temperature_has_that_of_the_hall(cold: LivePlant) -> None:
    probes = {key: cold.core.probe[index] for key, index in cold.layout.probes.items()}
    delivered = {unit.id for unit in cold.plant.units if unit.kind in ("store", "feed_bin")}
    assert {unit for (unit, name), x in probes.items() if name == "level" and x > TRACE} <= delivered
    assert all(x == 0.0 for (_, name), x in probes.items() if name == "hold_up")
    warm = ("temperature", "wall_", "bed_")
    temperatures = [x for (unit, name), x in probes.items() if name.startswith(warm) and unit not in delivered and x]
    assert len(temperatures) > 30
    assert set(temperatures) == {AMBIENT_K}


def test_nothing_runs_and_no_controller_acts(cold: LivePlant) -> None:
    drives = [d.tag for d in cold.plant.devices if d.kind in (Kind.DRIVE, Kind.VARIABLE_DRIVE)]
    assert [tag for tag in drives if value(cold, f"{tag}.RUN")] == []
    assert {value(cold, f"{loop.tag}.MODE") for loop in cold.plant.loops if loop.type == "PID"} == {MANUAL}
    assert value(cold, "WIC-100.SP") == 0.0
    states = {s.tag: SEQUENCE_STATES[int(value(cold, f"{s.tag}.STATE"))] for s in cold.plant.sequences}
    assert {tag for tag, state in states.items() if state != "Idle"} == {"KS-801"}
    assert states["KS-801"] == "Complete"


def test_reagents_are_there(cold: LivePlant) -> None:
    assert min(value(cold, f"{tag}.PV") for tag in ("LI-811", "LI-816", "LI-819", "LI-822")) > 60.0


@pytest.mark.parametrize("hours", [1, pytest.param(24, marks=pytest.mark.long)])
def test_it_stands_quietly(cold: LivePlant, hours: int) -> None:
    raised: set[str] = set()
    for _ in range(60 * hours):
        cold.advance(60)
        raised |= in_alarm(cold)
    assert raised == set()
    assert np.isfinite(cold.core.signal).all()
    assert max(x for name, x in cold.health.figures().items() if name.startswith("Substeps")) < 1.1
    assert cold.health.balance_error() < 1e-12


@pytest.mark.long
def test_its_sequence_brings_it_to_production_unattended(cold: LivePlant) -> None:
    """Three to four days, half of it for the Dy that stands in SX-4 and SX-5; reagents never run out."""
    cold.core.signal[cold.tags["KS-800.CMD"].row] = 1
    stores = [tag.name for tag in cold.tags if tag.name.startswith("LI-8") and tag.member == "PV"]
    assert len(stores) == 11
    gases = ("AI-211A.PV", "AI-231A.PV")
    most_gas, most_feed, least_stored, hours = dict.fromkeys(gases, 0.0), 0.0, 100.0, 0
    while value(cold, "KS-800.STATE") in (0.0, 1.0) and hours < 168:
        for _ in range(60):
            cold.advance(60)
            most_gas = {tag: max(most, value(cold, tag)) for tag, most in most_gas.items()}
            least_stored = min(least_stored, *(value(cold, tag) for tag in stores))
            if value(cold, "KS-800.STEP") == 15.0:
                most_feed = max(most_feed, value(cold, "WIC-101.PV"))
        hours += 1
    steps = len(next(s for s in cold.plant.sequences if s.tag == "KS-800").steps)
    assert (SEQUENCE_STATES[int(value(cold, "KS-800.STATE"))], value(cold, "KS-800.STEP")) == ("Complete", steps)
    assert value(cold, "WIC-101.PV") > 4.08
    assert value(cold, "WIC-151.PV") > 2.83
    assert min(value(cold, f"AI-70{k}.PV") for k in (1, 2, 3)) > 99.5
    assert most_gas["AI-211A.PV"] < 10.0, "hydrogen, % LEL"
    assert most_gas["AI-231A.PV"] < 3.5, "carbon dioxide, %"
    assert 1.3 < most_feed < 1.8, "first feed is a third of the nominal, without a bump"
    assert least_stored > 15.0
    assert cold.health.balance_error() < 1e-9
    assert in_alarm(cold) == set()

    for _ in range(3 * 24):
        cold.advance(3600)
        assert in_alarm(cold) == set(), "nor does one come once the masters have it"
    assert min(value(cold, f"AI-70{k}.PV") for k in (1, 2, 3)) > 99.5
