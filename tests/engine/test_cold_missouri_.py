"""The plant of two feeds before its first start: empty, cold and quiet; its own sequence brings it to production."""

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
def missouri() -> Plant:
    return load_plant("missouri")


@pytest.fixture
def cold(missouri: Plant) -> LivePlant:
    return LivePlant(missouri, start="cold", scan_period=1.0)


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
    stores = ("811", "812", "812B", "812C", "814", "816", "817", "819", "822")
    assert min(value(cold, f"LI-{tag}.PV") for tag in stores) >= 69.0


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
def test_its_sequence_brings_it_to_production_unattended(missouri: Plant, cold: LivePlant) -> None:
    """Some four days without an alarm, most of it for the gadolinium that stands in SX-3."""
    cold.core.signal[cold.tags["KS-800.CMD"].row] = 1
    most_hydrogen, most_fed_at_first, minutes = 0.0, 0.0, 0
    raised: set[str] = set()
    while value(cold, "KS-800.STATE") in (0.0, 1.0) and minutes < 240 * 60:
        cold.advance(60)
        minutes += 1
        most_hydrogen = max(most_hydrogen, *(value(cold, f"AI-2{line}1A.PV") for line in (1, 3)))
        raised |= in_alarm(cold)
        if not value(cold, "FIC-311.PV") > 400.0:
            most_fed_at_first = max(most_fed_at_first, value(cold, "WIC-101.PV"))
    steps = len(next(s for s in cold.plant.sequences if s.tag == "KS-800").steps)
    assert (SEQUENCE_STATES[int(value(cold, "KS-800.STATE"))], value(cold, "KS-800.STEP")) == ("Complete", steps)
    assert value(cold, "WIC-101.PV") > 57.0
    assert value(cold, "WIC-151.PV") > 6.3
    assert min(value(cold, f"AI-70{k}.PV") for k in range(1, 7)) > 99.5
    assert value(cold, "AI-707.PV") > 75.0
    modes = {loop.tag: value(cold, f"{loop.tag}.MODE") for loop in missouri.loops}
    assert modes == {loop.tag: float(loop.mode) for loop in missouri.loops}
    assert most_fed_at_first < 25.0, "a third of the rate, until there is a filter that takes it"
    assert most_hydrogen < 10.0
    assert cold.health.balance_error() < 1e-9
    assert raised == set()
