"""Malfunctions that are armed: the core injects them in the scan that finds their condition true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import plantsim
from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.engine.image import ACTIVE
from plantsim.engine.journal import EventKind
from plantsim.engine.live import CORE_ARRAYS, LivePlant
from plantsim.engine.malfunctions import TooMany
from plantsim.engine.snapshot import SnapshotError, read_snapshot, write_snapshot
from plantsim.engine.trigger import BadCondition
from plantsim.model.malfunction import UnknownMalfunction
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

INSTRUCTOR = Origin(Role.INSTRUCTOR, "ina", "test")
OPERATOR = Origin(Role.OPERATOR, "olga", "test")
STOPPED = "SC-101.RUN = 0"


def step(engine: Engine, seconds: float) -> None:
    engine.step(seconds).result(60)


def test_it_is_injected_in_the_scan_that_finds_the_condition_true_and_then_waits_and_grows(belfast: Plant) -> None:
    """As an instructor would by hand between those two scans, bit for bit."""
    armed, by_hand = (LivePlant(belfast, scan_period=1.0) for _ in range(2))
    name = armed.injected.inject("acid-overdose", 0.8, 10.0, 20.0, "WIC-101.PV < 3")
    row = armed.tags["WIC-101.PV"].row
    for each in (armed, by_hand):
        each.advance(20)
        each.core.signal[each.tags["SC-101.CMD"].row] = 0.0
    while armed.core.signal[row] >= 3.0:
        assert (armed.injected.standing[0][0].armed, armed.injected.levels[name]) == (True, 0.0)
        for each in (armed, by_hand):
            each.advance(1)
    fired = int(by_hand.core.scan)
    by_hand.injected.inject("acid-overdose", 0.8, 10.0, 20.0)
    for each in (armed, by_hand):
        each.advance(20)
    assert armed.injected.standing[0][0].scan == fired
    assert armed.injected.levels[name] == pytest.approx(0.4)
    for each in (armed, by_hand):
        each.advance(40)
    assert all(np.array_equal(getattr(armed.core, one), getattr(by_hand.core, one)) for one in CORE_ARRAYS)
    assert armed.injected.levels == by_hand.injected.levels == {name: 0.8}


@pytest.mark.parametrize("pieces", [(1,) * 90, (7, 43, 40)])
def test_the_scan_is_the_same_whatever_the_batches(belfast: Plant, pieces: tuple[int, ...]) -> None:
    found = []
    for parts in ((90,), pieces):
        live = LivePlant(belfast, scan_period=0.1)
        live.injected.inject("drive-trip@SC-101", 1.0, 2.0, 0.0)
        live.injected.inject("organic-pump-trip", 1.0, 1.0, 0.0, STOPPED)
        for part in parts:
            live.advance(part)
        found.append((live.injected.standing, live.state_sha256()))
    assert found[0] == found[1]
    assert 20 < found[0][0][1][0].scan < 60


def test_a_real_engine_at_full_speed_finds_the_scan_that_single_scans_find(belfast: Plant) -> None:
    found = []
    for fast in (False, True):
        engine = Engine(belfast, frozen=True, epoch=0.0)
        engine.start()
        engine.inject("drive-trip@SC-101", 1.0, 1.0, 0.0, INSTRUCTOR)
        engine.inject_when("organic-pump-trip", 1.0, 0.5, 0.0, STOPPED, INSTRUCTOR)
        for seconds in (6.0,) if fast else (0.1,) * 60:
            step(engine, seconds)
        found.append((engine.injected, engine.live.state_sha256()))
        engine.stop()
    assert found[0] == found[1]
    assert found[0][0][1].level == 1.0


def test_a_condition_that_holds_already_is_true_in_the_next_scan_and_one_shot(belfast: Plant) -> None:
    live = LivePlant(belfast, scan_period=1.0)
    live.advance(3)
    name = live.injected.inject("drive-trip@P-4202", 1.0, 0.0, 0.0, "SC-101.RUN = 1")
    live.advance(1)
    assert live.injected.standing[0][0].scan == 3
    assert live.injected.levels == {name: 1.0}
    live.core.signal[live.tags["SC-101.CMD"].row] = 0.0
    live.advance(10)
    assert live.injected.standing[0][0].scan == 3


def test_what_was_written_between_two_scans_pulls_it(engine: Engine) -> None:
    step(engine, 1.0)
    engine.inject_when("sweep-fan-trip", 1.0, 0.0, 0.0, "WIC-100.SP < 3", INSTRUCTOR)
    step(engine, 1.0)
    assert engine.injected[0].condition == "WIC-100.SP < 3"
    assert engine.write([("WIC-100.SP", 2.5)], OPERATOR) == [None]
    step(engine, 0.1)
    (one,) = engine.injected
    assert (one.condition, one.level) == ("", 1.0)
    assert one.since - engine.live.epoch == pytest.approx(2.0)


def test_a_bad_reading_pulls_no_trigger_but_one_that_asks_for_it(belfast: Plant) -> None:
    live = LivePlant(belfast, scan_period=1.0)
    live.injected.inject("transmitter-open-circuit@TIC-202", 1.0, 0.0, 0.0)
    low = live.injected.inject("drive-trip@P-4202", 1.0, 0.0, 0.0, "TIC-202.PV < 20")
    bad = live.injected.inject("drive-trip@P-4203", 1.0, 0.0, 0.0, "TIC-202.PV bad")
    live.advance(5)
    assert live.core.signal[live.tags["TIC-202.PV"].row] < 20.0
    assert (live.injected.levels[low], live.injected.levels[bad]) == (0.0, 1.0)


def test_an_alarm_pulls_it_in_the_scan_after_it_came(belfast: Plant) -> None:
    live = LivePlant(belfast, scan_period=1.0)
    live.injected.inject("drive-trip@AG-201", 1.0, 5.0, 0.0)
    live.injected.inject("drive-trip@P-4202", 1.0, 0.0, 0.0, "alarm AG-201.TRIP")
    alarm = next(one for one in live.alarms if one.name == "AG-201.TRIP")
    for _ in range(60):
        if live.book.states()[alarm.row] & ACTIVE:
            break
        live.advance(1)
    came = int(live.core.scan)
    assert 5 < came < 60
    assert live.injected.standing[1][0].armed
    live.restore(live.arrays())
    trigger = live.injected.standing[1][0].trigger
    assert trigger is not None
    assert trigger.text == "alarm AG-201.TRIP"
    live.advance(1)
    assert live.injected.standing[1][0].scan == came


def test_an_armed_one_is_part_of_the_state_bit_for_bit(belfast: Plant, tmp_path: Path) -> None:
    live = LivePlant(belfast, scan_period=1.0)
    live.injected.inject("drive-trip@SC-101", 1.0, 60.0, 0.0)
    live.injected.inject("acid-overdose", 0.8, 5.0, 20.0, STOPPED)
    live.injected.inject("sweep-fan-trip", 1.0, 0.0, 0.0, "AIC-201.MODE = Man")
    live.advance(30)
    write_snapshot(tmp_path / "state", belfast.sha256, live.arrays())
    other = LivePlant(belfast, scan_period=1.0, seed=5)
    other.injected.inject("hcl-leak", 1.0, 0.0, 0.0, STOPPED)
    other.restore(read_snapshot(tmp_path / "state", belfast.sha256))
    assert [one.trigger and one.trigger.text for one, _ in other.injected.standing] == [
        None,
        "SC-101.RUN = Stopped",
        "AIC-201.MODE = Manual",
    ]
    for each in (live, other):
        each.advance(50)
    assert other.injected.standing[1][0].scan == live.injected.standing[1][0].scan > 60
    assert other.state_sha256() == live.state_sha256()
    assert other.injected.standing[2][0].armed
    for each in (live, other):  # a later change of the table keeps what has fired and what has not
        each.injected.clear("drive-trip@SC-101")
        each.advance(20)
    assert other.state_sha256() == live.state_sha256()
    assert [one.armed for one, _ in other.injected.standing] == [False, True]
    assert other.injected.clear("sweep-fan-trip")


def test_a_state_of_before_there_were_triggers_is_taken_and_a_wrong_one_refused(belfast: Plant) -> None:
    live = LivePlant(belfast, scan_period=1.0)
    live.injected.inject("hcl-leak", 1.0, 0.0, 0.0)
    arrays = live.arrays()
    del arrays["triggers"]
    live.restore(arrays)
    assert not live.injected.standing[0][0].armed
    live.injected.inject("hcl-leak", 1.0, 0.0, 0.0, STOPPED)
    arrays = live.arrays()
    arrays["triggers"][1] = (2.0, 1e6, 0.0)
    with pytest.raises(SnapshotError, match="triggers: found relation 2 on row 1e\\+06, allowed one of this plant"):
        live.restore(arrays)


def test_going_back_arms_it_again(engine: Engine) -> None:
    engine.inject_when("sweep-fan-trip", 1.0, 0.0, 0.0, STOPPED, INSTRUCTOR)
    step(engine, 65.0)
    engine.write([("SC-101.CMD", False)], OPERATOR)
    step(engine, 20.0)
    assert engine.injected[0].level == 1.0
    engine.backtrack(1.0, INSTRUCTOR)
    assert engine.elapsed == 0.0, "nothing was armed then"
    assert engine.injected == []
    engine.inject_when("sweep-fan-trip", 1.0, 0.0, 0.0, STOPPED, INSTRUCTOR)
    step(engine, 65.0)
    engine.write([("SC-101.CMD", False)], OPERATOR)
    step(engine, 60.0)
    assert engine.injected[0].condition == ""
    engine.backtrack(1.0, INSTRUCTOR)
    assert engine.elapsed == 60.0
    assert engine.injected[0].condition == "SC-101.RUN = Stopped"


def test_the_journal_has_when_it_was_armed_and_when_it_fired_for_the_instructor_alone(engine: Engine) -> None:
    step(engine, 1.0)
    engine.inject_when("sweep-fan-trip", 1.0, 5.0, 0.0, STOPPED, INSTRUCTOR)
    engine.write([("SC-101.CMD", False)], OPERATOR)
    step(engine, 20.0)
    fired = engine.injected[0].since
    entries = engine.journal.entries(kinds=[EventKind.MALFUNCTION], role=Role.INSTRUCTOR)
    epoch = engine.live.epoch
    assert [one.event.plant_time - epoch for one in entries] == pytest.approx([1.0, fired - epoch])
    assert [(one.event.what, one.event.comment) for one in entries] == [
        ("armed", f"when {STOPPED}: severity 1, delay 5 s, ramp 0 s"),
        ("injected", "when SC-101.RUN = Stopped"),
    ]
    assert engine.journal.entries(kinds=[EventKind.MALFUNCTION]) == []


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("", 'found nothing, allowed a comparison such as "AIC-201.PV < 0.8"'),
        ("AIC-201.PV", 'found "AIC-201.PV", allowed TAG.MEMBER with one of = < > and a value'),
        ("AIC-201.PV <= 0.8", 'found "= 0.8"|found "AIC-201.PV <= 0.8"'),
        ("AIC-209.PV < 0.8", 'found "AIC-209.PV", where AIC-209 is no tag, allowed .*nearest AIC-201'),
        ("AIC-201.PX < 0.8", 'found "AIC-201.PX", allowed AIC-201.PV'),
        ("AIC-201.PV < 1e9", 'found "1e9" for AIC-201.PV, allowed a number from'),
        ("AIC-201.MODE = Autumn", 'found "Autumn" for AIC-201.MODE, allowed Manual, Automatic'),
        ("KPI.OffSpec > 5", "where KPI is no tag"),
        ("alarm TIC-201.XX", 'found alarm "TIC-201.XX", allowed TIC-201.HH, TIC-201.H'),
    ],
)
def test_a_bad_condition_is_refused_with_what_is_allowed(engine: Engine, condition: str, message: str) -> None:
    with pytest.raises(BadCondition, match=message):
        engine.inject_when("sweep-fan-trip", 1.0, 0.0, 0.0, condition, INSTRUCTOR)
    assert engine.injected == []


def test_what_else_is_refused(engine: Engine) -> None:
    with pytest.raises(UnknownMalfunction, match="allowed where servers run alone"):
        engine.inject_when("wire-delay@modbus", 1.0, 0.0, 0.0, STOPPED, INSTRUCTOR)
    with pytest.raises(ValueError, match="severity: found 2"):
        engine.inject_when("sweep-fan-trip", 2.0, 0.0, 0.0, STOPPED, INSTRUCTOR)
    for _ in range(64):
        engine.inject_when("hcl-leak", 1.0, 0.0, 0.0, STOPPED, INSTRUCTOR)
    with pytest.raises(TooMany):
        engine.inject_when("hcl-leak", 1.0, 0.0, 0.0, STOPPED, INSTRUCTOR)
    engine.clear_all(INSTRUCTOR)
    assert engine.injected == []


def test_in_a_python_program() -> None:
    plant = plantsim.load("belfast", scan=1.0)
    name = plant.inject("drive-trip@P-4202", when=STOPPED)
    plant.run(10)
    assert plant.malfunctions == {name: 0.0}
    plant["SC-101"].cmd = False
    plant.run(30)
    assert plant.malfunctions == {name: 1.0}
    assert plant["P-4202"].trip
    with pytest.raises(ValueError, match="condition: found"):
        plant.inject("drive-trip@P-4202", when="SC-101 stands")
