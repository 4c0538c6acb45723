"""The engine among threads: wall-clock pace, waiters that must not hang, listeners that misbehave."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError

import pytest

from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.engine.image import ProcessImage
from plantsim.engine.pace import Pace
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

OPERATOR = Origin(Role.OPERATOR, "anna", "test")
TIMEOUT_S = 20.0
LATE_S = 3.0
"""What a machine that does other things besides may be late."""


def value(engine: Engine, name: str) -> float:
    return float(engine.image.value[engine.tags[name].row])


class Stopwatch:
    """Wall time and scan of every publication, until a scan is reached."""

    def __init__(self, engine: Engine, last: int) -> None:
        self.begun = time.monotonic()
        self.seen: list[tuple[float, int]] = []
        self.last = last
        self.reached = threading.Event()
        engine.listen(self._take)

    def _take(self, image: ProcessImage) -> None:
        self.seen.append((time.monotonic() - self.begun, image.scan))
        if image.scan >= self.last:
            self.reached.set()


@pytest.mark.parametrize(("speed", "scans"), [(1.0, 15), (10.0, 150)])
def test_scans_keep_to_absolute_deadlines(engine: Engine, speed: float, scans: int) -> None:
    """Never early, and however late one scan is, the later ones are not later for it."""
    engine.set_speed(speed)
    watch = Stopwatch(engine, scans)
    engine.run()
    assert watch.reached.wait(TIMEOUT_S)
    engine.freeze()
    period = engine.scan_period / speed
    assert all(wall >= scan * period - 1e-3 for wall, scan in watch.seen)
    wall, scan = next(x for x in watch.seen if x[1] >= scans)
    assert wall - scan * period < LATE_S
    assert value(engine, "Simulation.ScanCount") == engine.image.scan


def test_scans_that_a_busy_thread_held_up_are_made_up_for_and_counted(engine: Engine) -> None:
    """A listener blocks the scan thread for three periods and more."""
    blocked = threading.Event()

    def block(image: ProcessImage) -> None:
        if image.scan >= 2 and not blocked.is_set():
            blocked.wait(3.5 * engine.scan_period)
            blocked.set()

    engine.listen(block)
    watch = Stopwatch(engine, 12)
    engine.run()
    assert watch.reached.wait(TIMEOUT_S)
    engine.freeze()
    assert value(engine, "Simulation.Overruns") >= 2.0
    wall, scan = next(x for x in watch.seen if x[1] >= 12)
    assert wall - scan * engine.scan_period < LATE_S


def test_scans_made_up_for_in_a_row_were_overruns_in_real_time_alone() -> None:
    slow, fast = Pace(0.1, 1.0), Pace(0.1, 100.0)
    for pace in (slow, fast):
        pace.restart(0.0)
        pace.ran(4, 0.1 * 4 / pace.speed)
    assert (slow.overruns, fast.overruns) == (3, 0)


def test_step_asked_of_a_stopped_engine_does_not_hang(engine: Engine) -> None:
    engine.stop()
    with pytest.raises(CancelledError):
        engine.step(1.0).result(TIMEOUT_S)


def test_step_of_an_engine_that_never_started_ends_with_it(belfast: Plant) -> None:
    engine = Engine(belfast, frozen=True)
    done = engine.step(1.0)
    engine.stop()
    with pytest.raises(CancelledError):
        done.result(TIMEOUT_S)


def test_step_that_its_owner_cancels_goes_no_further(engine: Engine) -> None:
    """The next step in the queue is run, and the scan thread survives."""
    whole, after = engine.step(3600.0), engine.step(0.1)
    assert whole.cancel()
    after.result(TIMEOUT_S)
    assert engine.image.scan < 36000


def test_engine_starts_once(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="started once"):
        engine.start()


@pytest.mark.parametrize("speed", [0.0, float("nan")])
def test_engine_is_not_made_with_a_speed_that_is_none(belfast: Plant, speed: float) -> None:
    with pytest.raises(ValueError, match="allowed a positive number"):
        Engine(belfast, speed=speed)


def test_listener_that_raises_is_dropped_and_harms_nobody(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[int] = []

    def bad(image: ProcessImage) -> None:
        raise LookupError("no such client")

    engine.listen(bad)
    engine.listen(lambda image: heard.append(image.scan))
    engine.step(0.1).result(TIMEOUT_S)
    engine.step(0.1).result(TIMEOUT_S)
    assert heard == [1, 2]
    assert caplog.text.count("LookupError: no such client") == 1


def test_writers_on_many_threads_are_all_heard_while_the_plant_runs(engine: Engine) -> None:
    """Each thread writes a loop of its own; the last write of each is in force in the end."""
    engine.set_speed(float("inf"))
    engine.run()
    loops = ["TIC-201", "TIC-202", "TIC-203", "TIC-306"]
    answers: list[object] = []

    def write(loop: str) -> None:
        for k in range(50):
            answers.extend(engine.write([(f"{loop}.SP", 50.0 + 0.1 * k)], OPERATOR))

    threads = [threading.Thread(target=write, args=(loop,)) for loop in loops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()
    engine.step(0.1).result(TIMEOUT_S)
    assert answers == [None] * 200
    assert [value(engine, f"{loop}.SP") for loop in loops] == [pytest.approx(54.9)] * 4
