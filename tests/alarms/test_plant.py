"""Alarms of the Belfast line: they come for a cause after a delay, are acknowledged, and go when the cause has gone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from plantsim.alarms.states import ACTIVE, FIRST_OUT, SUPPRESSED, UNACKED, UNCONFIRMED
from plantsim.engine.alarm_desk import AlarmEvent, AlarmState, Change, isa_state
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.engine.live import LivePlant
from plantsim.model.plant import Plant
from plantsim.model.tag import AlarmPoint, Role

OPERATOR = Origin(Role.OPERATOR, "anna", "test")
ENGINEER = Origin(Role.ENGINEER, "emil", "test")
OBSERVER = Origin(Role.OBSERVER, "", "test")
TIMEOUT_S = 20.0
MAN = 0.0


def alarm(engine: Engine, name: str) -> AlarmPoint:
    return next(a for a in engine.alarms if a.name == name)


def state(engine: Engine, name: str) -> int:
    """Active and waiting to be acknowledged, or kept quiet."""
    return int(engine.image.alarms[alarm(engine, name).row]) & ~(FIRST_OUT | UNCONFIRMED)


def step(engine: Engine, seconds: float) -> None:
    engine.step(seconds).result(TIMEOUT_S)


@pytest.fixture
def slow_fan(engine: Engine) -> Engine:
    """The sweep fan at 40 %, 400 Nm3/h, for long enough that FIC-213.L stands."""
    engine.write([("FIC-213.MODE", MAN), ("FIC-213.OP", 40.0)], OPERATOR)
    step(engine, 20.0)
    return engine


def restore_fan(engine: Engine) -> None:
    engine.write([("FIC-213.OP", 62.0)], OPERATOR)


def test_alarm_comes_once_its_cause_has_lasted_its_delay(live: LivePlant) -> None:
    """FIC-213.L: below 450 Nm3/h for 4 s."""
    point = next(a for a in live.alarms if a.name == "FIC-213.L")
    signal, pv = live.core.signal, live.tags["FIC-213.PV"].row
    signal[live.tags["FIC-213.MODE"].row] = MAN
    signal[live.tags["FIC-213.OP"].row] = 40.0
    above = 0
    while not live.book.states()[point.row] & ACTIVE:
        live.advance(1)
        if signal[pv] > 450.0:
            above = live.core.scan
        assert live.core.scan < 200
    assert live.core.scan - above == pytest.approx(4.0 / live.scan_period, abs=1)


def test_no_alarm_comes_before_its_delay(engine: Engine) -> None:
    engine.write([("FIC-213.MODE", MAN), ("FIC-213.OP", 40.0)], OPERATOR)
    step(engine, 4.0)
    assert state(engine, "FIC-213.L") == 0


def test_lower_limit_alone_does_not_raise_the_lowest(slow_fan: Engine) -> None:
    assert state(slow_fan, "FIC-213.L") == ACTIVE | UNACKED
    assert state(slow_fan, "FIC-213.LL") == 0


def test_acknowledged_alarm_stands_until_its_cause_has_gone(slow_fan: Engine) -> None:
    point = alarm(slow_fan, "FIC-213.L")
    assert slow_fan.acknowledge(point, OPERATOR, "fan B on its way") is None
    assert state(slow_fan, "FIC-213.L") == ACTIVE
    restore_fan(slow_fan)
    step(slow_fan, 6.0)
    assert state(slow_fan, "FIC-213.L") == ACTIVE, "it goes 10 s after its cause"
    step(slow_fan, 30.0)
    assert state(slow_fan, "FIC-213.L") == 0


def test_alarm_that_went_by_itself_waits_to_be_acknowledged(slow_fan: Engine) -> None:
    restore_fan(slow_fan)
    step(slow_fan, 40.0)
    assert state(slow_fan, "FIC-213.L") == UNACKED
    assert slow_fan.acknowledge(alarm(slow_fan, "FIC-213.L"), OPERATOR) is None
    assert state(slow_fan, "FIC-213.L") == 0


def test_acknowledging_takes_an_operator_and_something_to_acknowledge(slow_fan: Engine) -> None:
    point = alarm(slow_fan, "FIC-213.L")
    assert slow_fan.acknowledge(point, OBSERVER) is Refusal.ROLE
    assert slow_fan.acknowledge(point, OPERATOR) is None
    assert slow_fan.acknowledge(point, OPERATOR) is Refusal.MODE
    assert slow_fan.acknowledge(alarm(slow_fan, "TIC-201.HH"), OPERATOR) is Refusal.MODE


def test_shelved_alarm_is_quiet_for_its_time_and_asks_again_if_it_is_still_there(slow_fan: Engine) -> None:
    point = alarm(slow_fan, "FIC-213.L")
    now = slow_fan.image.plant_time
    assert slow_fan.act_on_alarm(point, Change.SHELVED, OPERATOR, "fan under repair", seconds=60.0) is None
    assert isa_state(state(slow_fan, "FIC-213.L")) is AlarmState.SHELVED
    assert slow_fan.shelved_until(point) == pytest.approx(now + 60.0)
    step(slow_fan, 59.9)
    assert isa_state(state(slow_fan, "FIC-213.L")) is AlarmState.SHELVED
    step(slow_fan, 0.1)
    assert isa_state(state(slow_fan, "FIC-213.L")) is AlarmState.UNACK
    assert slow_fan.shelved_until(point) is None


def test_an_alarm_that_protects_people_is_confirmed_and_not_shelved_for_long(engine: Engine) -> None:
    point = alarm(engine, "FIC-213.LL")
    assert point.confirm
    assert engine.act_on_alarm(point, Change.SHELVED, OPERATOR, seconds=7200.0) is Refusal.RANGE
    engine.write([("FIC-213.MODE", MAN), ("FIC-213.OP", 20.0)], OPERATOR)
    step(engine, 30.0)
    assert engine.act_on_alarm(point, Change.CONFIRMED, OPERATOR) is Refusal.MODE
    assert engine.acknowledge(point, OPERATOR) is None
    assert engine.image.alarms[point.row] & UNCONFIRMED
    assert engine.act_on_alarm(point, Change.CONFIRMED, OPERATOR) is None
    assert not engine.image.alarms[point.row] & UNCONFIRMED


def test_a_chattering_alarm_asks_three_times_and_then_stands_until_it_is_gone_for_a_minute(engine: Engine) -> None:
    """The limit goes up and down beside a reading that stands, every ten seconds for five minutes, then stays below."""
    heard: list[AlarmEvent] = []
    stop = engine.listen_alarms(heard.extend)
    point, purity = alarm(engine, "AI-701.L"), float(engine.image.value[engine.tags["AI-701.PV"].row])
    for _ in range(30):
        for limit in (purity + 0.05, purity - 0.1):
            assert engine.write([("AI-701.L", limit)], ENGINEER) == [None]
            step(engine, 5.0)
    stop()
    changes = [event.change for event in heard if event.alarm.name == point.name]
    assert changes == [Change.CAME, Change.WENT, Change.CAME, Change.WENT, Change.CAME, Change.CHATTERS]
    assert engine.acknowledge(point, OPERATOR) is None
    step(engine, 54.0)
    assert state(engine, point.name) == ACTIVE, "acknowledged, it stands and asks for nothing"
    step(engine, 2.0)
    assert state(engine, point.name) == 0


def test_taking_an_alarm_from_service_takes_an_engineer(engine: Engine) -> None:
    point = alarm(engine, "FIC-213.L")
    assert engine.act_on_alarm(point, Change.TAKEN_OUT, OPERATOR) is Refusal.ROLE
    assert engine.act_on_alarm(point, Change.TAKEN_OUT, ENGINEER) is None
    engine.write([("FIC-213.MODE", MAN), ("FIC-213.OP", 40.0)], OPERATOR)
    step(engine, 20.0)
    assert isa_state(state(engine, "FIC-213.L")) is AlarmState.OUT_OF_SERVICE


def test_who_listens_hears_every_change_once_with_who_did_it_and_when(engine: Engine) -> None:
    heard: list[AlarmEvent] = []
    stop = engine.listen_alarms(heard.extend)
    engine.write([("FIC-213.MODE", MAN), ("FIC-213.OP", 40.0)], OPERATOR)
    step(engine, 20.0)
    engine.acknowledge(alarm(engine, "FIC-213.L"), OPERATOR, "fan B on its way")
    stop()
    restore_fan(engine)
    step(engine, 40.0)
    assert [e.number for e in heard] == list(range(1, len(heard) + 1))
    low = [e for e in heard if e.alarm.name == "FIC-213.L"]
    assert [(e.alarm.name, e.change, e.user, e.comment) for e in low] == [
        ("FIC-213.L", Change.CAME, "", ""),
        ("FIC-213.L", Change.ACKNOWLEDGED, "anna", "fan B on its way"),
    ]
    came, acknowledged = low
    assert came.plant_time == pytest.approx(engine.live.epoch + came.scan * engine.scan_period)
    assert acknowledged.plant_time - came.plant_time > 0.0
    assert (came.before, acknowledged.before & ~FIRST_OUT, acknowledged.after & ~FIRST_OUT & ~UNCONFIRMED) == (
        0,
        ACTIVE | UNACKED,
        ACTIVE,
    )


@pytest.mark.parametrize(
    ("what", "writes", "minutes", "first", "others"),
    [
        ("acid pump stops", {"P-201.CMD": 0.0}, 30, "FIC-201.DEV", {"FY-219.L"}),
        ("feeder stops", {"SC-101.CMD": 0.0}, 10, "WIC-101.DEV", set()),
        ("peroxide pump stops", {"P-304.CMD": 0.0}, 12, "FIC-304.DEV", {"AIC-303.L"}),
        ("oxalic acid pump stops", {"P-503.CMD": 0.0}, 40, "FIC-503.DEV", {"AI-508.H", "PI-514.H"}),
        ("organic pump stops", {"P-4102.CMD": 0.0}, 10, "FIC-4102.DEV", set()),
        ("calciner heater switched off", {"TIC-613.MODE": MAN, "TIC-613.OP": 0.0}, 240, "TIC-613.L", set()),
    ],
)
def test_failure_raises_its_own_alarm_first_and_only_those_that_follow_from_it(
    belfast: Plant, what: str, writes: Mapping[str, float], minutes: int, first: str, others: set[str]
) -> None:
    live = LivePlant(belfast, scan_period=1.0)
    for name, value in writes.items():
        live.core.signal[live.tags[name].row] = value
    came: list[str] = []
    for _ in range(minutes):
        live.advance(60)
        came += sorted({live.alarms[k].name for k in np.flatnonzero(live.book.states() & ACTIVE)} - set(came))
    assert came[0] == first
    assert set(came) - {first} == others


def test_suppressed_alarm_does_not_come(belfast: Plant) -> None:
    """Without feed there is no hydrogen, and nothing wrong about it."""
    live = LivePlant(belfast, scan_period=1.0)
    live.core.signal[live.tags["WIC-100.SP"].row] = 0.0
    live.advance(4 * 3600)
    row = next(a.row for a in live.alarms if a.name == "FY-219.L")
    assert live.core.signal[live.tags["FY-219.PV"].row] < 0.5
    assert live.book.states()[row] == SUPPRESSED


@pytest.mark.long
@pytest.mark.parametrize("kg_h", [2.2, 3.87, 4.73])
def test_other_throughput_is_no_cause_for_alarm(belfast: Plant, kg_h: float) -> None:
    """A day at half load, and at 10 % less and more than the design."""
    live = LivePlant(belfast, scan_period=1.0)
    live.core.signal[live.tags["WIC-100.SP"].row] = kg_h
    live.advance(24 * 3600)
    assert [live.alarms[k].name for k in np.flatnonzero(live.book.states() & ACTIVE)] == []


def test_no_limit_lies_within_the_normal_band(belfast: Plant) -> None:
    normal = {i.tag: i.normal for i in belfast.instruments if i.normal is not None}
    for a in belfast.alarms:
        if a.tag in normal:
            low, high = normal[a.tag]
            assert not (a.condition in ("H", "HH") and a.limit < high), f"{a.tag}.{a.condition}"
            assert not (a.condition in ("L", "LL") and a.limit > low), f"{a.tag}.{a.condition}"
