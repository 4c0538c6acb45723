"""Whole trajectories of disturbed units beside CVODE of SUNDIALS, an independent multistep code, at 1e-10."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from sksundae.cvode import CVODE

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

Vector = NDArray[np.float64]
MakeBench = Callable[..., "Bench"]
TICK_S, TICKS, SAMPLES = 0.1, 600, 6

DISTURBANCES: dict[str, dict[str, float]] = {
    "R-201": {"201": 0.9, "103": 1.3},
    "R-301": {"300": 1.1, "302": 0.8},
    "SX-1": {"401": 1.2, "403": 1.3},
    "SX-3": {"461": 0.8, "463": 1.1},
    "CR-501": {"501": 1.2},
    "KL-641": {"631": 1.5},
    "DR-601": {"505": 1.3},
}
"""Unit -> streams and what they deliver of what they should."""
BOUND = {"KL-641": 2e-5}
"""Anhydrous oxalate at the feed end of the kiln lives for a second; what there is in passing has order one."""


@pytest.mark.parametrize("unit", DISTURBANCES)
def test_a_minute_after_a_disturbance_is_the_same(unit: str, make_bench: MakeBench, live: LivePlant) -> None:
    """Largest error of any state at any of six times, relative to the state or to 1e-3 of its unit."""
    bench = make_bench(unit)
    bench.from_steady(live)
    for stream, factor in DISTURBANCES[unit].items():
        bench.scale(stream, factor)
    ny = len(bench.state(unit))

    def rate(t: float, y: Vector, derivative: Vector) -> None:
        derivative[:] = bench.rate(unit, y)[:ny]

    times = np.linspace(0.0, TICKS * TICK_S, SAMPLES + 1)
    solver = CVODE(rate, rtol=1e-10, atol=1e-13, max_num_steps=100_000)
    exact = solver.solve(times, bench.state(unit).copy())
    assert exact.success
    for expected in exact.y[1:]:
        bench.tick(unit, TICK_S, TICKS // SAMPLES)
        error = np.abs(bench.state(unit) - expected) / np.maximum(np.abs(expected), 1e-3)
        assert error.max() < BOUND.get(unit, 2e-6)
