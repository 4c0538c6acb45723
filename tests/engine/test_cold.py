"""A plant before its first start: empty, cold and quiet; its own sequence brings it to production."""

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


@pytest.fixture
def cold(belfast: Plant) -> LivePlant:
    return LivePlant(belfast, start="cold", scan_period=1.0)


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
    assert min(value(cold, f"{tag}.PV") for tag in ("LI-811", "LI-816", "LI-819", "LI-822")) >= 70.0


@pytest.mark.long
def test_acids_are_made_up_once_there_is_leave(cold: LivePlant) -> None:
    """The make-up tanks fill with the leach, by their ratios, and are then as strong as their users want them."""
    tanks = {
        "LIC-812": "AIC-813",
        "LIC-812B": "AIC-813B",
        "LIC-812C": "AIC-813C",
        "LIC-814": "AIC-815",
        "LIC-814B": "AIC-815B",
    }
    assert max(value(cold, f"{level}.PV") for level in tanks) < 1.0
    cold.core.signal[cold.tags["KS-800.CMD"].row] = 1
    for _ in range(48):
        cold.advance(3600)
        if min(value(cold, f"{level}.PV") for level in tanks) > 50.0:
            break
    assert min(value(cold, f"{level}.PV") for level in tanks) > 50.0
    for strength in tanks.values():
        assert value(cold, f"{strength}.PV") == pytest.approx(value(cold, f"{strength}.SP"), rel=0.05), strength
    warmer = cold.core.probe[cold.layout.probes["TK-814", "temperature"]] - AMBIENT_K
    assert 0.0 < warmer < 10.0, "heat of dilution"
    assert cold.health.balance_error() < 1e-12


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


def test_a_plant_that_does_not_say_so_is_cold_as_it_is_charged() -> None:
    plant = load_plant("makuutu")
    one, other = (LivePlant(plant, start=start, scan_period=1.0) for start in ("cold", "charged"))
    assert one.state_sha256() == other.state_sha256()


@pytest.mark.long
def test_its_sequence_brings_it_to_production_unattended(cold: LivePlant) -> None:
    """Four to six days, most of it for the 600 mol of rare earth that stand in SX-2."""
    cold.core.signal[cold.tags["KS-800.CMD"].row] = 1
    most_hydrogen, hours = 0.0, 0
    while value(cold, "KS-800.STATE") in (0.0, 1.0) and hours < 240:
        for _ in range(60):
            cold.advance(60)
            most_hydrogen = max(most_hydrogen, value(cold, "AI-211A.PV"))
        hours += 1
    steps = len(next(s for s in cold.plant.sequences if s.tag == "KS-800").steps)
    assert (SEQUENCE_STATES[int(value(cold, "KS-800.STATE"))], value(cold, "KS-800.STEP")) == ("Complete", steps)
    assert value(cold, "WIC-101.PV") > 4.1
    assert min(value(cold, f"AI-{701 + k}.PV") for k in range(2)) > 99.5
    assert most_hydrogen < 10.0
    assert cold.health.balance_error() < 1e-9
    assert in_alarm(cold) == set()
