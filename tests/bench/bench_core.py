"""How fast the closed loop runs, beside SciPy's LSODA on the same equations in the same process.

    python tests/bench/bench_core.py

Prints plant-seconds per wall second: the whole scan (control, actuators, process, transmitters, alarms) of Belfast; the
process alone by LSODA, restarted at every scan as inputs from outside demand, and in one shot with all inputs held.
The claim is about being cheap per scan: with inputs held for hours a multistep code may take long steps.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import LSODA

from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant

Vector = NDArray[np.float64]

CLOSED_LOOP_S = 3600.0
ROUNDS = 5
BUDGET_S = 20.0
"""Wall time that LSODA gets in each mode; how far it comes is what counts."""
RTOL, ATOL = 1e-6, 1e-9


def best(rounds: int, run: Callable[[], None]) -> float:
    """Least wall time of several runs [s]."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return min(times)


def equations(live: LivePlant) -> tuple[Callable[[float, Vector], Vector], Vector]:
    """dy/dt of the process from the core's own kernels, and y, over the states that are not idle: LSODA's Jacobian is
    dense, so species that a unit does not see would cost it dearly for nothing."""
    core = live.core
    busy = np.flatnonzero((core.state != 0.0) & (core.rates() != 0.0))

    def f(_: float, y: Vector) -> Vector:
        core.state[busy] = y
        result: Vector = core.rates()[busy]
        return result

    return f, core.state[busy].copy()


def lsoda(f: Callable[[float, Vector], Vector], y: Vector, span: float) -> float:
    """Plant seconds per wall second of LSODA, started anew after every `span` s, as far as the budget goes."""
    begun = time.perf_counter()
    covered = 0.0
    while time.perf_counter() - begun < BUDGET_S:
        solver = LSODA(f, 0.0, y, span, rtol=RTOL, atol=ATOL)
        while solver.status == "running" and time.perf_counter() - begun < BUDGET_S:
            solver.step()
        y = solver.y
        covered += solver.t
    return covered / (time.perf_counter() - begun)


def main() -> None:
    plant = load_plant("belfast")
    live = LivePlant(plant)
    scans = round(CLOSED_LOOP_S / live.scan_period)
    wall = best(ROUNDS, lambda: live.advance(scans))
    ours = CLOSED_LOOP_S / wall
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    print(f"{platform.machine()}, {versions}, {live.core.state.size} states")
    print(f"closed loop, {live.scan_period} s scans: {ours:10.0f} x real time, {1e6 * wall / scans:.1f} us a scan")

    other = LivePlant(plant)
    other.advance(600)
    f, start = equations(other)
    print(f"LSODA on {start.size} of the states, rtol {RTOL:g}")

    theirs = lsoda(f, start, other.scan_period)
    print(f"restarted each scan: {theirs:12.4f} x real time   (the closed loop is {ours / theirs:.0f} times as fast)")
    shot = lsoda(f, start, CLOSED_LOOP_S)
    print(f"in one shot:         {shot:12.4f} x real time   (the closed loop is {ours / shot:.0f} times as fast)")


if __name__ == "__main__":
    main()
