"""Every rationalised alarm of every plant can be raised: by a wrong instrument, by one that fails, by a machine.

The loops are in manual and the interlocks bypassed, so that each cause stays what it is and the plant does not answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from plantsim.alarms.metrics import Annunciation, measure
from plantsim.alarms.states import ACTIVE, Change
from plantsim.engine.live import LivePlant
from plantsim.engine.permission import Permission
from plantsim.engine.racks import Racks
from plantsim.model.assemble import assemble as plain
from plantsim.model.load import load_plant, plant_names
from plantsim.model.plant import Alarm, Plant
from plantsim.model.tag import Kind

SCAN_S = 1.0
FAILED = 2
"""Mode of an instrument, as in ext/field.pxd."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[] if name == "belfast" else [pytest.mark.long]) for name in plant_names()],
)
def plant(request: pytest.FixtureRequest) -> Plant:
    return load_plant(request.param)


def sources(plant: Plant, tag: str) -> set[str]:
    """The elements that a reading comes from."""
    function = next(i.function for i in plant.instruments if i.tag == tag)
    return {tag} if function is None else set().union(*(sources(plant, one) for one in function.inputs))


def built(plant: Plant, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any], str], None]) -> LivePlant:
    """A plant with instruments changed: `change` gets an instrument's table entry and its tag."""

    def assemble(plant: Plant, row: dict[str, int], **kwargs: Any) -> Any:
        assembly = plain(plant, row, **kwargs)
        tag_of = {r: name.rpartition(".")[0] for name, r in row.items() if name.endswith((".PV", ".STATE"))}
        for table in ("transmitters", "analysers"):
            for entry in assembly.spec[table]:
                change(entry, tag_of[entry["pv"]])
        return assembly

    monkeypatch.setattr("plantsim.engine.live.assemble", assemble)
    live = LivePlant(plant, scan_period=SCAN_S)
    for loop in plant.loops:
        live.core.signal[live.tags[f"{loop.tag}.MODE"].row] = 0.0
    for interlock in plant.interlocks:
        live.core.signal[live.tags[f"{interlock.tag}.BYPASS"].row] = 1.0
    return live


def active(live: LivePlant) -> set[str]:
    return {live.alarms[k].name for k in np.flatnonzero(live.book.states() & ACTIVE)}


def name(alarm: Alarm) -> str:
    return f"{alarm.tag}.{alarm.condition}"


def of(plant: Plant, *conditions: str) -> list[Alarm]:
    return [a for a in plant.alarms if a.condition in conditions]


@pytest.mark.parametrize("gates", [False, True], ids=["readings", "readings that suppress"])
@pytest.mark.parametrize(("side", "conditions"), [(1.0, ("HH", "H", "TRIP")), (-1.0, ("LL", "L"))])
def test_a_reading_that_is_wrong_raises_its_limits(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, side: float, conditions: tuple[str, ...], gates: bool
) -> None:
    """Off by its whole range, to one side, for as long as the slowest analyser takes; what suppresses others apart."""
    instruments = {i.tag for i in plant.instruments}
    suppressing = {t.tag for a in plant.alarms if a.suppressed_when for t in a.suppressed_when.terms}
    wanted = [a for a in of(plant, *conditions) if a.tag in instruments and (a.tag in suppressing) == gates]
    wrong = set().union(*(sources(plant, a.tag) for a in wanted))

    def bias(entry: dict[str, Any], tag: str) -> None:
        if tag in wrong:
            entry["offset"] += side * (entry["high"] - entry["low"])

    live = built(plant, monkeypatch, bias)
    seen: set[str] = set()
    slowest = max(i.sampling.sample + i.sampling.delay for i in plant.instruments if i.sampling is not None)
    for _ in range(max(180, math.ceil(slowest / 60.0) + 60)):
        live.advance(60)
        seen |= active(live)
    assert {name(a) for a in wanted} - seen == set()


def test_a_set_point_that_is_not_reached_raises_its_deviation(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {a.tag: a for a in of(plant, "DEV")}

    def bias(entry: dict[str, Any], tag: str) -> None:
        if tag in wanted:
            entry["offset"] += 1.5 * wanted[tag].limit

    live = built(plant, monkeypatch, bias)
    for loop in plant.loops:
        if loop.tag in wanted:
            # in manual nothing follows the set point, and the alarm is suppressed
            live.core.signal[live.tags[f"{loop.tag}.MODE"].row] = 3.0
    for sequence in plant.sequences:
        live.core.signal[live.tags[f"{sequence.tag}.STATE"].row] = 0.0  # or it would set them
    live.advance(math.ceil(max((a.on_delay for a in wanted.values()), default=0.0)) + 120)
    assert {name(a) for a in wanted.values()} - active(live) == set()


def test_an_instrument_that_fails_raises_its_failure(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {name(a) for a in of(plant, "FAIL")}
    failing = {a.tag for a in of(plant, "FAIL")}
    switches = {d.tag for d in plant.devices if d.contact is not None}

    def fail(entry: dict[str, Any], tag: str) -> None:
        if tag in switches:
            entry["offset"] = 1.0  # what it reports is the failure
        elif tag in failing:
            entry["mode"] = FAILED

    live = built(plant, monkeypatch, fail)
    live.advance(120)
    assert wanted - active(live) == set()


def test_a_machine_that_trips_raises_its_trip(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    live = built(plant, monkeypatch, lambda entry, tag: None)
    drives = [a for a in of(plant, "TRIP") if a.tag in {d.tag for d in plant.devices}]
    for alarm in drives:
        live.core.signal[live.tags[f"{alarm.tag}.CMD"].row] = 1.0  # a machine in reserve runs before it trips
    live.advance(10)
    for alarm in drives:
        live.core.signal[live.tags[f"{alarm.tag}.TRIP"].row] = 1.0
    live.advance(10)
    assert {name(a) for a in drives} - active(live) == set()


def test_a_standby_that_is_called_says_so(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    live = built(plant, monkeypatch, lambda entry, tag: None)
    wanted = {name(a) for a in of(plant, "STANDBY")}
    for device in plant.devices:
        if device.standby is not None:
            live.core.signal[live.tags[f"{device.standby.machine}.TRIP"].row] = 1.0
    live.advance(10)
    assert wanted - active(live) == set()


def test_a_valve_that_sticks_raises_its_discrepancy(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take a day for its stroke."""

    valves = {a.tag for a in of(plant, "DISCREPANCY")}

    def stuck(plant: Plant, row: dict[str, int], **kwargs: Any) -> Any:
        slow = [replace(d, stroke=86400.0) if d.tag in valves else d for d in plant.devices]
        return plain(replace(plant, devices=tuple(slow)), row, **kwargs)

    monkeypatch.setattr("plantsim.engine.live.assemble", stuck)
    live = LivePlant(plant, scan_period=SCAN_S)
    for sequence in plant.sequences:
        live.core.signal[live.tags[f"{sequence.tag}.STATE"].row] = 0.0  # or it would command them
    for alarm in of(plant, "DISCREPANCY"):
        at = live.tags[f"{alarm.tag}.CMD"].row
        for loop in plant.loops:
            if any(o.tag == alarm.tag for o in loop.outputs):
                live.core.signal[live.tags[f"{loop.tag}.MODE"].row] = 3.0
        full = 1.0 if live.tags[f"{alarm.tag}.CMD"].kind is Kind.ON_OFF_VALVE else 100.0
        live.core.signal[at] = full if live.core.signal[at] < 0.5 * full else 0.0
    live.advance(120)
    assert {name(a) for a in of(plant, "DISCREPANCY")} - active(live) == set()


def test_a_fast_rise_raises_its_rate(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that runs away by 20 eu to the side of its limit with a time constant of two minutes."""
    wanted = {a.tag: a for a in of(plant, "ROC")}

    def run_away(entry: dict[str, Any], tag: str) -> None:
        if tag in wanted:
            entry.update(offset=entry["offset"] + math.copysign(20.0, wanted[tag].limit), lag=120.0)

    live = built(plant, monkeypatch, run_away)
    seen: set[str] = set()
    for _ in range(100):
        live.advance(10)
        seen |= active(live)
    assert {name(a) for a in wanted.values()} - seen == set()


def test_an_analyser_out_of_service_raises_staleness(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    live = built(plant, monkeypatch, lambda entry, tag: None)
    for alarm in of(plant, "STALE"):
        live.core.signal[live.tags[f"{alarm.tag}.OOS"].row] = 1.0
    live.advance(round(max((a.limit for a in of(plant, "STALE")), default=0.0) + 3600))
    assert {name(a) for a in of(plant, "STALE")} - active(live) == set()


def test_a_sequence_that_is_held_says_so(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    live = built(plant, monkeypatch, lambda entry, tag: None)
    for alarm in of(plant, "HELD"):
        live.core.signal[live.tags[f"{alarm.tag}.STATE"].row] = 2.0
    live.advance(10)
    assert {name(a) for a in of(plant, "HELD")} - active(live) == set()


def test_a_plc_that_falls_silent_raises_its_loss(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each area under a PLC of its own, whose heartbeat stops."""
    live = built(plant, monkeypatch, lambda entry, tag: None)
    areas = frozenset(area.id for area in plant.areas)
    permission = Permission(plant, live.tags, areas)
    racks = Racks(plant, live.tags, permission.drives, areas, live.core.signal)
    racks.unplug()
    racks.restart(0.0, 0.0)
    for area in areas:
        racks.beat(area, 1, 0.0, 0.0)
    racks.watch(10.0, 10.0)
    live.advance(10)
    area_of = {unit.id: unit.area for unit in plant.units}
    commanded = {area_of[device.unit] for device in plant.devices if device.kind is not Kind.SWITCH}
    wanted = {f"{area.heartbeat}.LOST" for area in plant.areas if area.id in commanded}
    assert {name(a) for a in of(plant, "LOST")} == wanted, "of each area in which a PLC has something to command"
    assert wanted - active(live) == set()


def test_no_other_condition_is_rationalised(plant: Plant) -> None:
    """Or no test here would raise it; HH, H, L and LL are of instruments, and a trip is of one, too, or of a drive."""
    tried = ["HH", "H", "L", "LL", "TRIP", "DEV", "FAIL", "STANDBY", "DISCREPANCY", "ROC", "STALE", "HELD", "LOST"]
    measured, driven = {i.tag for i in plant.instruments}, {d.tag for d in plant.devices}
    assert {a.condition for a in plant.alarms} <= set(tried)
    assert {a.tag for a in of(plant, "HH", "H", "L", "LL")} <= measured
    assert {a.tag for a in of(plant, "TRIP")} <= measured | driven


@pytest.mark.parametrize("name", ["belfast", "belfast-commercial", "missouri"])
def test_there_are_about_three_alarms_for_two_loops(name: str) -> None:
    """Without the heartbeats of the PLCs, which are not of the plant; tests of all plants look at the priorities."""
    plant = load_plant(name)
    total = sum(alarm.condition != "LOST" for alarm in plant.alarms)
    assert 1.2 * len(plant.loops) <= total <= 1.7 * len(plant.loops)


@pytest.mark.long
def test_steady_production_is_quiet(plant: Plant, request: pytest.FixtureRequest) -> None:
    """A day, a week at full scale: fewer than one alarm an hour, none standing, none chattering.

    The larger plants with a scan a second, which costs a tenth.
    """
    scale = float(request.config.getoption("--scale"))
    days = min(7, max(1, round(scale)))
    live = LivePlant(plant, scan_period=0.1 if plant.name == "belfast" else 1.0)
    came: list[Annunciation] = []
    live.book.tell = lambda t: (
        came.append(Annunciation(live.alarms[t.alarm].name, t.scan * live.scan_period))
        if t.change is Change.CAME
        else None
    )
    for _ in range(24 * days):
        live.advance(round(3600.0 / live.scan_period))
    assert live.book.annunciated < 24 * days
    assert measure(came, 0.0, 86400.0 * days).chattering == ()
    assert active(live) == set()
