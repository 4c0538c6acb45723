"""Alarms of the Belfast line: they come for a cause after a delay, are acknowledged, and go when the cause has gone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from plantsim.alarms.book import ACTIVE, UNACKED
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.engine.live import LivePlant
from plantsim.model.plant import Plant
from plantsim.model.tag import AlarmPoint, Role

OPERATOR = Origin(Role.OPERATOR, "anna", "test")
OBSERVER = Origin(Role.OBSERVER, "", "test")
TIMEOUT_S = 20.0
MAN = 0.0


def alarm(engine: Engine, name: str) -> AlarmPoint:
    return next(a for a in engine.alarms if a.name == name)


def state(engine: Engine, name: str) -> int:
    return int(engine.image.alarms[alarm(engine, name).row])


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
    while not live.book.states()[point.row]:
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


@pytest.mark.parametrize(
    ("what", "writes", "minutes", "first", "others"),
    [
        ("acid pump stops", {"P-201.CMD": 0.0}, 30, "FIC-201.DEV", {"FY-219.L"}),
        ("feeder stops", {"SC-101.CMD": 0.0}, 10, "WIC-101.L", {"WIC-101.DEV"}),
        ("peroxide pump stops", {"P-304.CMD": 0.0}, 12, "FIC-304.DEV", {"AIC-303.L", "AIC-301.H"}),
        ("oxalic acid pump stops", {"P-503.CMD": 0.0}, 40, "FIC-503.DEV", {"AI-508.H"}),
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
        came += sorted({live.alarms[k].name for k in np.flatnonzero(live.book.states())} - set(came))
    assert came[0] == first
    assert set(came) - {first} == others


def test_suppressed_alarm_does_not_come(belfast: Plant) -> None:
    """Without feed there is no hydrogen, and nothing wrong about it."""
    live = LivePlant(belfast, scan_period=1.0)
    live.core.signal[live.tags["WIC-100.SP"].row] = 0.0
    live.advance(4 * 3600)
    row = next(a.row for a in live.alarms if a.name == "FY-219.L")
    assert live.core.signal[live.tags["FY-219.PV"].row] < 0.5
    assert live.book.states()[row] == 0


@pytest.mark.parametrize("kg_h", [2.2, 3.87, 4.73])
def test_other_throughput_is_no_cause_for_alarm(belfast: Plant, kg_h: float) -> None:
    """A day at half load, and at 10 % less and more than the design."""
    live = LivePlant(belfast, scan_period=1.0)
    live.core.signal[live.tags["WIC-100.SP"].row] = kg_h
    live.advance(24 * 3600)
    assert [live.alarms[k].name for k in np.flatnonzero(live.book.states())] == []


def test_no_limit_lies_within_the_normal_band(belfast: Plant) -> None:
    normal = {i.tag: i.normal for i in belfast.instruments if i.normal is not None}
    for a in belfast.alarms:
        if a.tag in normal:
            low, high = normal[a.tag]
            assert not (a.condition in ("H", "HH") and a.limit < high), f"{a.tag}.{a.condition}"
            assert not (a.condition in ("L", "LL") and a.limit > low), f"{a.tag}.{a.condition}"
