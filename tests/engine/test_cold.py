"""A plant before its first start: empty, cold and quiet, whichever it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.compose.context import AMBIENT_K
from plantsim.model.load import load_plant, plant_names
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.tag import Kind

MANUAL = 0.0
TRACE = 1e-6
"""Least level that is one: readings are made of at least a millilitre."""
DELIVERED = ("store", "feed_bin", "organic_store", "reagent_tank")
"""Kinds of units that are full before a start."""

CONTENTS = ("hold_up", "stacked", "water", "ponding")
"""Probes of what is in crystallisers, filters and heaps."""


@pytest.fixture(params=plant_names())
def cold(request: pytest.FixtureRequest) -> LivePlant:
    return LivePlant(load_plant(request.param), start="cold", scan_period=1.0)


def value(live: LivePlant, name: str) -> float:
    return float(live.core.signal[live.tags[name].row])


def in_alarm(live: LivePlant) -> set[str]:
    return {alarm.name for alarm, state in zip(live.alarms, live.book.states(), strict=True) if state & 1}


def test_its_vessels_are_empty_and_what_has_a_temperature_has_that_of_the_hall(cold: LivePlant) -> None:
    probes = {key: cold.core.probe[index] for key, index in cold.layout.probes.items()}
    delivered = {unit.id for unit in cold.plant.units if unit.kind in DELIVERED}
    assert {unit for (unit, name), x in probes.items() if name == "level" and x > TRACE} <= delivered
    assert {
        name for (_, name), x in probes.items() if name in ("hold_up", "stacked", "water", "ponding") and x
    } == set()
    warm = ("temperature", "wall_", "bed_")
    as_ever = {
        unit.id
        for unit in cold.plant.units
        if unit.kind == "sx_circuit" and unit.parameters["organic_temperature"] is None
    }
    without = delivered | as_ever
    temperatures = [x for (unit, name), x in probes.items() if name.startswith(warm) and unit not in without and x]
    assert len(temperatures) > 10
    assert set(temperatures) == {AMBIENT_K}


def test_nothing_runs_and_no_controller_acts(cold: LivePlant) -> None:
    drives = [d.tag for d in cold.plant.devices if d.kind in (Kind.DRIVE, Kind.VARIABLE_DRIVE)]
    assert [tag for tag in drives if value(cold, f"{tag}.RUN")] == []
    assert {value(cold, f"{loop.tag}.MODE") for loop in cold.plant.loops if loop.type == "PID"} == {MANUAL}
    assert value(cold, "WIC-100.SP") == 0.0
    states = {s.tag: SEQUENCE_STATES[int(value(cold, f"{s.tag}.STATE"))] for s in cold.plant.sequences}
    assert {tag for tag, state in states.items() if state != "Idle"} == {"KS-801"}
    assert states["KS-801"] == "Complete"


def test_what_is_delivered_is_there(cold: LivePlant) -> None:
    """As much as the file has at the first filling."""
    stored = {unit.id for unit in cold.plant.units if unit.kind in DELIVERED}
    levels = [
        cold.core.probe[at] for (unit, name), at in cold.layout.probes.items() if name == "level" and unit in stored
    ]
    assert len(levels) >= 3
    assert min(levels) > 0.5


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
    plant = dataclasses.replace(load_plant("makuutu"), cold_is_empty=False)
    one, other = (LivePlant(plant, start=start, scan_period=1.0) for start in ("cold", "charged"))
    assert one.state_sha256() == other.state_sha256()
