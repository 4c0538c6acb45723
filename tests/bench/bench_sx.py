"""What a stage of solvent extraction costs: in every circuit of every plant, and in circuits of more and more stages.

    python tests/bench/bench_sx.py

Prints us of processor time per tick of 0.1 s, and ns per stage, with the call from Python, some 2.5 us, in it; tanks
and reactors of belfast beside them. A stage costs by its metals.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant, plant_names
from tests.core.conftest import Bench

TICKS, ROUNDS = 500, 5
STAGES = ((3, 2, 2), (10, 6, 5), (20, 32, 5), (40, 60, 20))


def cost(bench: Bench, unit: str) -> float:
    """Least processor time of a tick [us]."""
    k = list(bench.tables).index(unit)
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(TICKS):
            bench.core.advance_unit(k, 0.1)
        times.append((time.process_time() - begun) / TICKS)
    return 1e6 * min(times)


def circuits(name: str) -> None:
    """Prints what a stage costs in each circuit of a plant in its steady state."""
    plant = load_plant(name)
    live = LivePlant(plant)
    whole_us, whole_stages = 0.0, 0
    for unit in plant.units:
        if unit.kind != "sx_circuit":
            continue
        bench = Bench(plant, {unit.id: {}})
        bench.from_steady(live)
        us, stages, metals = cost(bench, unit.id), sum(unit.parameters["stages"]), len(unit.parameters["metals"])
        whole_us, whole_stages = whole_us + us, whole_stages + stages
        what = f"{unit.id:8}{stages:4d} stages, {metals} metals"
        print(f"{name:20} {what} {us:8.2f} us a tick, {1e3 * us / stages:6.0f} ns a stage")
    if whole_stages:
        what = f"{'all':8}{whole_stages:4d} stages          "
        print(f"{name:20} {what} {whole_us:8.2f} us a tick, {1e3 * whole_us / whole_stages:6.0f} ns a stage")


def main() -> None:
    for name in plant_names():
        circuits(name)
    plant = load_plant("belfast")
    live = LivePlant(plant)
    for unit in ("R-301", "TK-311", "R-201"):
        bench = Bench(plant, {unit: {}})
        bench.from_steady(live)
        print(f"{unit}: {cost(bench, unit):6.2f} us a tick")
    whole = Bench(plant, {"SX-1": {}})
    whole.from_steady(live)
    rows = whole.stages("SX-1")
    banks = (np.arange(10), np.arange(10, 16), np.arange(16, 21))
    for stages in STAGES:
        taken = np.sort(np.concatenate([np.resize(bank, n) for bank, n in zip(banks, stages, strict=True)]))
        initial = [*rows[taken].T.ravel(), *whole.state("SX-1")[-7:]]
        bench = Bench(plant, {"SX-1": {"stages": list(stages), "tank_span": 0.0, "at": 0.0, "initial": initial}})
        bench.core.streams[:] = whole.core.streams
        bench.core.drive[:] = whole.core.drive
        bench.tick("SX-1", 1.0, 100_000)
        us = cost(bench, "SX-1")
        print(f"{sum(stages):4d} stages {us:8.2f} us a tick, {1e3 * us / sum(stages):6.0f} ns a stage")


if __name__ == "__main__":
    main()
