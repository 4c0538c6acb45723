"""The engine: pace, freeze and step, commands and their refusals, and what it does when the numbers give out."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.engine.image import BAD, ProcessImage
from plantsim.engine.pace import MOST_BEHIND_S, Pace
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

OPERATOR = Origin(Role.OPERATOR, "anna", "test")
ENGINEER = Origin(Role.ENGINEER, "emil", "test")
RACK = Origin(Role.OPERATOR, "plc", "rack")
TIMEOUT_S = 20.0


class Watch:
    """Waits for an image that fulfils a condition."""

    def __init__(self, engine: Engine) -> None:
        self._news = threading.Condition()
        self.images: list[ProcessImage] = []
        self.stop = engine.listen(self._take)

    def _take(self, image: ProcessImage) -> None:
        with self._news:
            self.images.append(image)
            self._news.notify_all()

    def until(self, condition: Callable[[ProcessImage], bool]) -> ProcessImage:
        def found() -> bool:
            return bool(self.images) and condition(self.images[-1])

        with self._news:
            assert self._news.wait_for(found, TIMEOUT_S), "no such image in time"
            return self.images[-1]


def value(engine: Engine, name: str) -> float:
    return float(engine.image.value[engine.tags[name].row])


# ------------------------------------------------------------------ pace


def test_pace_counts_from_its_origin_and_does_not_drift() -> None:
    """A late scan is made up for: the next deadline is where it always was."""
    pace = Pace(0.1, 1.0)
    pace.restart(100.0)
    assert pace.due(100.05) == 0
    assert pace.due(100.1) == 1
    pace.ran(1, 100.15)
    assert pace.deadline() == pytest.approx(100.2)
    assert pace.due(100.5) == 4


def test_scan_that_ends_after_the_next_is_due_is_an_overrun() -> None:
    pace = Pace(0.1, 1.0)
    pace.restart(0.0)
    pace.ran(1, 0.15)
    assert pace.overruns == 0
    pace.ran(1, 0.35)
    assert pace.overruns == 1


def test_pace_gives_up_catching_up_beyond_a_bound() -> None:
    pace = Pace(0.1, 1.0)
    pace.restart(0.0)
    pace.ran(1, 5.0 + MOST_BEHIND_S)
    assert pace.due(5.0 + MOST_BEHIND_S) == 0


def test_fast_pace_knows_no_overruns() -> None:
    pace = Pace(0.1, math.inf)
    pace.restart(0.0)
    pace.ran(1, 100.0)
    assert pace.overruns == 0


# ------------------------------------------------------------------ time


def test_running_publishes_every_scan_in_real_time(engine: Engine) -> None:
    watch = Watch(engine)
    engine.run()
    watch.until(lambda image: image.scan >= 5)
    engine.freeze()
    scans = [image.scan for image in watch.images]
    assert sorted(set(scans) & set(range(1, 6))) == [1, 2, 3, 4, 5]


def test_real_time_is_kept_by_the_wall_clock(engine: Engine) -> None:
    watch = Watch(engine)
    begun = time.monotonic()
    engine.run()
    watch.until(lambda image: image.scan >= 10)
    assert time.monotonic() - begun >= 10 * engine.scan_period


def test_full_speed_outruns_real_time(engine: Engine) -> None:
    watch = Watch(engine)
    engine.set_speed(math.inf)
    engine.run()
    watch.until(lambda image: image.scan >= 3000)
    watch.until(lambda image: image.value[engine.tags["Simulation.ActualSpeed"].row] > 10.0)
    engine.freeze()
    assert math.isinf(value(engine, "Simulation.Speed"))


def test_freeze_keeps_the_scan_and_the_speed(engine: Engine) -> None:
    engine.set_speed(10.0)
    engine.run()
    Watch(engine).until(lambda image: image.scan >= 20)
    engine.freeze()
    scan = engine.image.scan
    engine.step(engine.scan_period).result(TIMEOUT_S)
    assert engine.image.scan == scan + 1
    assert value(engine, "Simulation.Speed") == 10.0
    assert value(engine, "Simulation.Running") == 0.0


@pytest.mark.parametrize(("seconds", "scans"), [(0.1, 1), (0.26, 3), (60.0, 600), (0.04, 0)])
def test_step_runs_so_many_scans_and_is_done_when_they_can_be_read(engine: Engine, seconds: float, scans: int) -> None:
    engine.step(seconds).result(TIMEOUT_S)
    assert engine.image.scan == scans


@pytest.mark.parametrize("seconds", [0.0, -1.0, 3600.1, math.nan, math.inf])
def test_step_refuses_what_is_no_step(engine: Engine, seconds: float) -> None:
    with pytest.raises(ValueError, match="allowed more than 0 and at most 3600 s"):
        engine.step(seconds)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_speed_must_be_positive(engine: Engine, speed: float) -> None:
    with pytest.raises(ValueError, match="allowed a positive number"):
        engine.set_speed(speed)


def test_long_step_lets_writes_through(engine: Engine) -> None:
    """A write during a step of an hour takes effect before its end."""
    done = engine.step(3600.0)
    assert engine.write([("TIC-201.SP", 61.0)], OPERATOR) == [None]
    done.result(TIMEOUT_S)
    assert value(engine, "TIC-201.SP") == 61.0


def test_steps_that_a_stop_cuts_off_are_cancelled(belfast: Plant) -> None:
    engine = Engine(belfast, frozen=True)
    waiting = [engine.step(3600.0) for _ in range(3)]
    engine.start()
    engine.stop()
    assert waiting[-1].cancelled()
    engine.stop()


# ------------------------------------------------------------------ commands


def test_write_shows_while_frozen_without_letting_time_pass(engine: Engine) -> None:
    watch = Watch(engine)
    engine.write([("TIC-201.SP", 58.0)], OPERATOR)
    image = watch.until(lambda image: image.value[engine.tags["TIC-201.SP"].row] == 58.0)
    assert image.scan == 0


def test_writes_take_effect_in_order(engine: Engine) -> None:
    assert engine.write([("TIC-201.SP", x) for x in (55.0, 57.0, 56.0)], OPERATOR) == [None] * 3
    engine.step(0.1).result(TIMEOUT_S)
    assert value(engine, "TIC-201.SP") == 56.0


@pytest.mark.parametrize(
    ("name", "what", "origin", "refusal"),
    [
        ("NIC-1.PV", 1.0, OPERATOR, Refusal.UNKNOWN),
        ("TIC-201.PV", 1.0, OPERATOR, Refusal.READ_ONLY),
        ("TIC-201.SP", 1.0, Origin(Role.OBSERVER, "", "test"), Refusal.ROLE),
        ("TIC-201.Gain", 1.0, OPERATOR, Refusal.ROLE),
        ("TIC-201.Gain", 1.0, ENGINEER, None),
        ("TIC-201.SP", True, OPERATOR, Refusal.TYPE),
        ("P-201.CMD", 1.0, OPERATOR, Refusal.TYPE),
        ("TIC-201.MODE", 0.5, OPERATOR, Refusal.TYPE),
        ("TIC-201.SP", 120.1, OPERATOR, Refusal.RANGE),
        ("TIC-201.SP", math.nan, OPERATOR, Refusal.RANGE),
        ("TIC-201.MODE", 2, OPERATOR, Refusal.RANGE),
        ("FIC-201.MODE", 2, OPERATOR, None),
        ("TIC-201.OP", 50.0, OPERATOR, Refusal.MODE),
        ("FIC-201.SP", 14.0, OPERATOR, Refusal.MODE),
        ("P-201.SPEED_CMD", 50.0, OPERATOR, Refusal.MODE),
        ("P-201.CMD", False, OPERATOR, None),
        ("MX-4114.SPEED_CMD", 70.0, OPERATOR, None),
    ],
)
def test_every_write_is_checked(
    engine: Engine, name: str, what: float | bool, origin: Origin, refusal: Refusal | None
) -> None:
    assert engine.check(name, what, origin) is refusal
    assert engine.write([(name, what)], origin) == [refusal]


def test_command_of_a_device_moves_its_loop_in_manual(engine: Engine) -> None:
    """What the operator asks of the pump stays, because the loop's own output goes there."""
    engine.write([("FIC-201.MODE", 0)], OPERATOR)
    engine.step(0.1).result(TIMEOUT_S)
    assert engine.write([("P-201.SPEED_CMD", 40.0)], OPERATOR) == [None]
    engine.step(5.0).result(TIMEOUT_S)
    assert value(engine, "FIC-201.OP") == pytest.approx(40.0)
    assert value(engine, "P-201.SPEED") == pytest.approx(40.0)


def test_stopped_pump_stops_the_flow(engine: Engine) -> None:
    engine.write([("P-201.CMD", False)], OPERATOR)
    engine.step(60.0).result(TIMEOUT_S)
    assert value(engine, "P-201.RUN") == 0.0
    assert value(engine, "FIC-201.PV") < 0.5


def test_external_area_obeys_the_rack_alone(belfast: Plant) -> None:
    engine = Engine(belfast, frozen=True, external=frozenset({"leach"}))
    engine.start()
    try:
        assert value(engine, "FIC-201.MODE") == 3.0
        assert engine.write([("FIC-201.SP", 10.0), ("P-201.CMD", False)], ENGINEER) == [Refusal.EXTERNAL] * 2
        assert engine.write([("TIC-306.SP", 79.0)], OPERATOR) == [None]
        assert engine.write_rack([("P-201.SPEED_CMD", 33.0), ("P-301.SPEED_CMD", 33.0)], RACK) == [
            None,
            Refusal.NOT_EXTERNAL,
        ]
        engine.step(5.0).result(TIMEOUT_S)
        assert value(engine, "P-201.SPEED") == pytest.approx(33.0)
        assert value(engine, "FIC-201.OP") == pytest.approx(33.0)
    finally:
        engine.stop()


def test_loop_in_external_mode_belongs_to_the_rack_and_returns_without_a_bump(engine: Engine) -> None:
    engine.write([("FIC-201.MODE", 3)], OPERATOR)
    engine.step(0.1).result(TIMEOUT_S)
    assert engine.write([("FIC-201.OP", 10.0)], OPERATOR) == [Refusal.EXTERNAL]
    assert engine.write_rack([("P-201.SPEED_CMD", 50.0)], RACK) == [None]
    engine.step(10.0).result(TIMEOUT_S)
    engine.write([("FIC-201.MODE", 0)], OPERATOR)
    engine.step(0.1).result(TIMEOUT_S)
    assert value(engine, "P-201.SPEED_CMD") == pytest.approx(50.0)


def test_listener_hears_nothing_after_it_left(engine: Engine) -> None:
    watch = Watch(engine)
    watch.stop()
    watch.stop()
    engine.step(0.1).result(TIMEOUT_S)
    assert watch.images == []


# ------------------------------------------------------------------ when the numbers give out


def test_state_that_is_not_finite_stops_the_scan_and_makes_everything_bad(engine: Engine) -> None:
    """The unit and the variable are named, and the engine goes on answering."""
    first = engine.live.core.offsets()[list(engine.live.layout.units).index("R-201")]
    engine.live.core.state[first + engine.live.layout.species.index("Nd")] = math.nan
    engine.step(10.0).result(TIMEOUT_S)
    assert engine.failure is not None
    assert "not finite" in str(engine.failure)
    assert np.all(engine.image.status == BAD)
    assert engine.check("TIC-201.SP", 60.0, OPERATOR) is None
    engine.run()
    assert value(engine, "Simulation.Running") == 0.0
    engine.step(10.0).result(TIMEOUT_S)


# ------------------------------------------------------------------ when it begins


def test_plant_time_begins_with_the_scan_and_not_with_what_comes_before(belfast: Plant) -> None:
    """Between an engine and its start its servers get ready, which takes seconds."""
    engine = Engine(belfast, frozen=True)
    seen: list[float] = []
    engine.listen(lambda image: seen.append(image.plant_time))
    made, at = engine.image.plant_time, time.time()
    try:
        engine.start()
        assert made <= at <= engine.image.plant_time <= time.time()
        assert value(engine, "Simulation.Time") == engine.image.plant_time
        assert seen == [engine.image.plant_time]
    finally:
        engine.stop()
