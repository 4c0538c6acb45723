"""How fast the closed loop runs, beside general solvers on the same equations in the same process.

    python tests/bench/bench_core.py

Prints plant-seconds per second of processor time, which neighbours on the machine disturb less than wall time: the
whole scan (control, actuators, process, transmitters, alarms) of every plant of the package, with the baseline core and
with the one for AVX2; one to sixteen plants in turn; then the process of Belfast alone, its compiled right-hand side
under SciPy's BDF and LSODA and under CVODE, from a state 2 % off the steady one: restarted at every scan as inputs from
outside demand, and in one shot with all inputs held. The claim is about being cheap per scan; with inputs held for long
a multistep code may take long steps.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import BDF, LSODA
from scipy.sparse import csc_array, hstack
from sksundae.cvode import CVODE

import plantsim._core
from plantsim.engine import live as live_module
from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant, plant_names

Vector = NDArray[np.float64]
Rhs = Callable[[float, Vector], Vector]
Advance = Callable[[Vector, float], Iterator[tuple[float, Vector]]]
"""Goes on from a state for so many seconds, step by step: how far it is, and the state there."""

CLOSED_LOOP_S = 3600.0
ROUNDS = 5
BUDGET_S = 20.0
"""Processor time that each solver gets in each mode; how far it comes is what counts."""
RTOL, ATOL = 1e-6, 1e-9


def best(rounds: int, run: Callable[[], None]) -> float:
    """Least processor time of several runs [s]."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        run()
        times.append(time.process_time() - begun)
    return min(times)


def closed_loop(name: str) -> float:
    """Times real time; prints it."""
    live = LivePlant(load_plant(name))
    scans = round(CLOSED_LOOP_S / live.scan_period)
    wall = best(ROUNDS, lambda: live.advance(scans))
    module = type(live.core).__module__.removeprefix("plantsim._core").removeprefix("_") or "baseline"
    speed = CLOSED_LOOP_S / wall
    print(f"{name:20} {module:9} {live.core.state.size:5} states {1e6 * wall / scans:6.1f} us a scan, {speed:6,.0f} x")
    return speed


def side_by_side() -> None:
    """Prints what a scan of one plant costs among others, scan by scan in turn, each a second."""
    plant = load_plant("belfast")
    for n in (1, 2, 4, 8, 16):
        lives = [LivePlant(plant, seed=seed) for seed in range(n)]

        def turn(lives: list[LivePlant] = lives) -> None:
            for _ in range(120):
                for live in lives:
                    live.advance(10)

        print(f"{n:4} plants {1e6 * best(ROUNDS, turn) / (1200 * n):6.1f} us a scan of one")


def equations(live: LivePlant) -> tuple[Rhs, Vector, csc_array]:
    """dy/dt of the process from the core's own kernels, y, and where the Jacobian has entries; over states that are not
    idle, for species that a unit does not see would cost a general solver dearly for nothing."""
    core = live.core
    busy = np.flatnonzero((core.state != 0.0) & (core.rates() != 0.0))

    def f(_: float, y: Vector) -> Vector:
        core.state[busy] = y
        result: Vector = core.rates()[busy]
        return result

    start = core.state[busy] * np.random.default_rng(1).uniform(0.98, 1.02, len(busy))
    there = f(0.0, start)
    columns = []
    for k in range(len(start)):
        y = start.copy()
        y[k] += 1e-4 * max(abs(y[k]), 1e-4)
        columns.append(csc_array((f(0.0, y) != there)[:, None]))
    return f, start, hstack(columns, format="csc")


def scipy_steps(solver: type[BDF | LSODA], f: Rhs, **options: object) -> Advance:
    def advance(y: Vector, span: float) -> Iterator[tuple[float, Vector]]:
        one = solver(f, 0.0, y, span, rtol=RTOL, atol=ATOL, **options)
        while one.status == "running":
            one.step()
            yield one.t, one.y

    return advance


def cvode_steps(f: Rhs, pattern: csc_array) -> Advance:
    def rhs(t: float, y: Vector, derivative: Vector) -> None:
        derivative[:] = f(t, y)

    solver = CVODE(rhs, rtol=RTOL, atol=ATOL, linsolver="sparse", sparsity=pattern, max_num_steps=100_000)

    def advance(y: Vector, span: float) -> Iterator[tuple[float, Vector]]:
        solver.init_step(0.0, y)
        t = 0.0
        while t < span:
            done = solver.step(span, method="onestep", tstop=span)
            t = float(done.t)
            yield t, np.asarray(done.y)

    return advance


def speed_of(advance: Advance, y: Vector, span: float) -> float:
    """Plant seconds per processor second of a solver started anew after every `span` s, as far as the budget goes."""
    begun = time.process_time()
    covered = 0.0
    while time.process_time() - begun < BUDGET_S:
        reached = 0.0
        for reached, state in advance(y.copy(), span):  # noqa: B007
            y = state
            if time.process_time() - begun > BUDGET_S:
                break
        covered += reached
    return covered / (time.process_time() - begun)


def main() -> None:
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}")
    chosen = vars(live_module)["Core"]
    ours = 0.0
    for name in plant_names():
        for core in dict.fromkeys((plantsim._core.Core, chosen)):
            vars(live_module)["Core"] = core
            speed = closed_loop(name)
            ours = speed if name == "belfast" else ours
    vars(live_module)["Core"] = chosen
    side_by_side()
    live = LivePlant(load_plant("belfast"))
    live.advance(600)
    f, start, pattern = equations(live)
    print(f"general solvers on {start.size} of belfast's states, {pattern.nnz} entries, rtol {RTOL:g}:")
    solvers = {
        "SciPy BDF, sparse": scipy_steps(BDF, f, jac_sparsity=pattern),
        "SciPy LSODA, dense": scipy_steps(LSODA, f),
        "CVODE, sparse": cvode_steps(f, pattern),
    }
    for what, advance in solvers.items():
        ticks = speed_of(advance, start, live.scan_period)
        shot = speed_of(advance, start, CLOSED_LOOP_S)
        print(
            f"{what:20} restarted each scan {ticks:8.3f} x, our {ours / ticks:,.0f}th part; in one shot {shot:9.2f} x"
        )


if __name__ == "__main__":
    main()
