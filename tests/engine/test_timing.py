"""How well the run keeps time, as its own figures have it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.engine.timing import LATEST, Timing
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

PLC = Origin(Role.OPERATOR, "plc", "rack")
WITHIN_S = 20.0


def test_quantiles_are_never_better_than_what_was_seen() -> None:
    timing = Timing()
    assert timing.figures(0.0) == {"P50": 0.0, "P99": 0.0, "Max": 0.0}
    for x in np.random.default_rng(1).permutation(np.arange(1, 201)):
        timing.note(float(x))
    assert timing.figures(1.0) == {"P50": 101.0, "P99": 199.0, "Max": 200.0}


def test_only_the_latest_count_and_figures_are_kept_for_a_while() -> None:
    timing = Timing()
    timing.note(1e6)
    assert timing.figures(0.0)["Max"] == 1e6
    for _ in range(LATEST):
        timing.note(1.0)
    assert timing.figures(0.1)["Max"] == 1e6
    assert timing.figures(1.0) == {"P50": 1.0, "P99": 1.0, "Max": 1.0}


def member(engine: Engine, name: str) -> float:
    return float(engine.image.value[engine.tags[f"Simulation.{name}"].row])


def test_a_plc_in_real_time_is_measured(belfast: Plant) -> None:
    """Scans are late by something; a write waits for its scan; the heartbeat grows old from its last change."""
    engine = Engine(belfast, epoch=0.0, scan_period=0.02, external=frozenset({"leach"}))
    engine.start()
    try:
        assert member(engine, "HeartbeatAge.leach") == -1.0
        end = time.monotonic() + WITHIN_S
        word = 0
        while member(engine, "LoopLatencyP50") == 0.0 or member(engine, "LatenessP50") == 0.0:
            assert time.monotonic() < end
            word += 1
            engine.write_rack([("P-208.SPEED_CMD", 50.0)], PLC, beat=("leach", word))
            time.sleep(0.005)
        scan = engine.image.scan
        while engine.image.scan < scan + 10:
            assert time.monotonic() < end
            time.sleep(0.005)
        assert member(engine, "HeartbeatAge.leach") >= 0.15
        assert member(engine, "HeartbeatAge.sx") == -1.0
        assert 0.0 < member(engine, "LatenessP50") <= member(engine, "LatenessP99") <= member(engine, "LatenessMax")
        assert member(engine, "LoopLatencyMax") <= 1e3 * WITHIN_S
    finally:
        engine.stop()


@pytest.mark.parametrize("frozen", [True, False])
def test_as_fast_as_possible_nothing_is_late(belfast: Plant, frozen: bool) -> None:
    engine = Engine(belfast, epoch=0.0, speed=float("inf"), frozen=frozen)
    engine.start()
    try:
        engine.step(5.0).result(WITHIN_S)
        assert member(engine, "LatenessMax") == 0.0
    finally:
        engine.stop()
