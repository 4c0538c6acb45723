"""Every rationalised alarm of Belfast can be raised: by an instrument that is wrong, by one that fails, by a machine.

The loops are in manual and the interlocks bypassed, so that each cause stays what it is and the plant does not answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from plantsim.alarms.states import ACTIVE
from plantsim.engine.live import LivePlant
from plantsim.model.assemble import assemble as plain
from plantsim.model.load import load_plant
from plantsim.model.plant import Alarm, Plant

SCAN_S = 1.0
FAILED = 2
"""Mode of an instrument, as in ext/field.pxd."""
BELFAST = load_plant("belfast")
LIMITS = ("HH", "H", "L", "LL", "DEV", "TRIP")
MEASURED = {i.tag for i in BELFAST.instruments if i.measures is not None}
INSTRUMENTS = {i.tag: i for i in BELFAST.instruments}
DEVICES = {d.tag: d for d in BELFAST.devices}


def sources(tag: str) -> set[str]:
    """The elements that a reading comes from."""
    function = INSTRUMENTS[tag].function
    return {tag} if function is None else set().union(*(sources(one) for one in function.inputs))


def built(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any], str], None]) -> LivePlant:
    """Belfast with instruments changed: `change` gets an instrument's table entry and its tag."""

    def assemble(plant: Plant, row: dict[str, int], **kwargs: Any) -> Any:
        assembly = plain(plant, row, **kwargs)
        tag_of = {r: name.removesuffix(".PV") for name, r in row.items() if name.endswith(".PV")}
        for table in ("transmitters", "analysers"):
            for entry in assembly.spec[table]:
                change(entry, tag_of[entry["pv"]])
        return assembly

    monkeypatch.setattr("plantsim.engine.live.assemble", assemble)
    live = LivePlant(BELFAST, scan_period=SCAN_S)
    for loop in BELFAST.loops:
        live.core.signal[live.tags[f"{loop.tag}.MODE"].row] = 0.0
    for interlock in BELFAST.interlocks:
        live.core.signal[live.tags[f"{interlock.tag}.BYPASS"].row] = 1.0
    return live


def active(live: LivePlant) -> set[str]:
    return {live.alarms[k].name for k in np.flatnonzero(live.book.states() & ACTIVE)}


def name(alarm: Alarm) -> str:
    return f"{alarm.tag}.{alarm.condition}"


def of(*conditions: str) -> list[Alarm]:
    return [a for a in BELFAST.alarms if a.condition in conditions]


@pytest.mark.parametrize("gates", [False, True], ids=["readings", "readings that suppress"])
@pytest.mark.parametrize(("side", "conditions"), [(1.0, ("HH", "H", "TRIP")), (-1.0, ("LL", "L"))])
def test_a_reading_that_is_wrong_raises_its_limits(
    monkeypatch: pytest.MonkeyPatch, side: float, conditions: tuple[str, ...], gates: bool
) -> None:
    """Off by its whole range, to one side, for as long as the slowest analyser takes; what suppresses others apart."""
    suppressing = {t.tag for a in BELFAST.alarms if a.suppressed_when for t in a.suppressed_when.terms}
    wanted = [a for a in of(*conditions) if a.tag in INSTRUMENTS and (a.tag in suppressing) == gates]
    wrong = set().union(*(sources(a.tag) for a in wanted))

    def bias(entry: dict[str, Any], tag: str) -> None:
        if tag in wrong:
            entry["offset"] += side * (entry["high"] - entry["low"])

    live = built(monkeypatch, bias)
    seen: set[str] = set()
    for _ in range(180):
        live.advance(60)
        seen |= active(live)
    assert {name(a) for a in wanted} - seen == set()


@pytest.mark.parametrize("alarm", of("DEV"), ids=name)
def test_a_set_point_that_is_not_reached_raises_its_deviation(monkeypatch: pytest.MonkeyPatch, alarm: Alarm) -> None:
    live = built(
        monkeypatch, lambda entry, tag: entry.update(offset=entry["offset"] + 1.5 * alarm.limit * (tag == alarm.tag))
    )
    if alarm.tag in {loop.tag for loop in BELFAST.loops}:
        # in manual nothing follows the set point, and the alarm is suppressed
        live.core.signal[live.tags[f"{alarm.tag}.MODE"].row] = 3.0
        for sequence in BELFAST.sequences:
            live.core.signal[live.tags[f"{sequence.tag}.STATE"].row] = 0.0
    live.advance(math.ceil(alarm.on_delay) + 120)
    assert name(alarm) in active(live)


def test_an_instrument_that_fails_raises_its_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {name(a) for a in of("FAIL")}
    failing = {a.tag for a in of("FAIL")}
    live = built(monkeypatch, lambda entry, tag: entry.update(mode=FAILED) if tag in failing else None)
    live.advance(120)
    assert wanted - active(live) == set()


def test_a_machine_that_trips_raises_its_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    live = built(monkeypatch, lambda entry, tag: None)
    drives = [a for a in of("TRIP") if a.tag in DEVICES]
    for alarm in drives:
        live.core.signal[live.tags[f"{alarm.tag}.TRIP"].row] = 1.0
    live.advance(10)
    assert {name(a) for a in drives} - active(live) == set()


def test_a_valve_that_sticks_raises_its_discrepancy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take a day for its stroke."""

    def stuck(plant: Plant, row: dict[str, int], **kwargs: Any) -> Any:
        slow = [replace(d, stroke=86400.0) if d.tag in {a.tag for a in of("DISCREPANCY")} else d for d in plant.devices]
        return plain(replace(plant, devices=tuple(slow)), row, **kwargs)

    monkeypatch.setattr("plantsim.engine.live.assemble", stuck)
    live = LivePlant(BELFAST, scan_period=SCAN_S)
    for alarm in of("DISCREPANCY"):
        at = live.tags[f"{alarm.tag}.CMD"].row
        for loop in BELFAST.loops:
            if any(o.tag == alarm.tag for o in loop.outputs):
                live.core.signal[live.tags[f"{loop.tag}.MODE"].row] = 3.0
        live.core.signal[at] = 100.0 if live.core.signal[at] < 50.0 else 0.0
    live.advance(120)
    assert {name(a) for a in of("DISCREPANCY")} - active(live) == set()


def test_a_fast_rise_raises_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that runs away by 20 C with a time constant of two minutes."""
    (alarm,) = of("ROC")

    def run_away(entry: dict[str, Any], tag: str) -> None:
        if tag == alarm.tag:
            entry.update(offset=entry["offset"] + 20.0, lag=120.0)

    live = built(monkeypatch, run_away)
    seen: set[str] = set()
    for _ in range(60):
        live.advance(10)
        seen |= active(live)
    assert name(alarm) in seen


def test_an_analyser_out_of_service_raises_staleness(monkeypatch: pytest.MonkeyPatch) -> None:
    live = built(monkeypatch, lambda entry, tag: None)
    for alarm in of("STALE"):
        live.core.signal[live.tags[f"{alarm.tag}.OOS"].row] = 1.0
    live.advance(round(max(a.limit for a in of("STALE")) + 3600))
    assert {name(a) for a in of("STALE")} - active(live) == set()


def test_a_sequence_that_is_held_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    live = built(monkeypatch, lambda entry, tag: None)
    for alarm in of("HELD"):
        live.core.signal[live.tags[f"{alarm.tag}.STATE"].row] = 2.0
    live.advance(10)
    assert {name(a) for a in of("HELD")} - active(live) == set()


def test_there_are_about_as_many_of_each_priority_as_people_can_deal_with() -> None:
    """About 150, of which a few in a hundred are high, and four in five low (ISA-18.2, 16.5.5)."""
    # without the heartbeats of the PLCs, which are not of the plant
    share = Counter(
        a.priority for a in BELFAST.alarms if a.condition != "LOST"
    )  # a PLC's heartbeat is not of the plant
    total = sum(share.values())
    assert 140 <= total <= 200
    assert share[1] <= 0.05 * total
    assert share[2] <= 0.15 * total
    assert share[3] >= 0.8 * total


@pytest.mark.long
def test_steady_production_is_quiet(request: pytest.FixtureRequest) -> None:
    """A day, a week at full scale: fewer than one alarm an hour, none standing, none chattering."""
    scale = float(request.config.getoption("--scale"))
    days = min(7, max(1, round(scale)))
    live = LivePlant(BELFAST, scan_period=0.1)
    for _ in range(24 * days):
        live.advance(36_000)
    assert live.book.annunciated < 24 * days
    assert active(live) == set()
