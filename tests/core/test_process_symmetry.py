"""What must not matter to a unit: its size, the order of its metals, and time where nothing happens."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
TICK_S = 0.1


def larger(tank: dict[str, Any], factor: float) -> dict[str, Any]:
    """A stirred tank's table for so many times its volume and its flows."""
    tank = copy.deepcopy(tank)
    for name in ("span", "weir", "loss", "jacket"):
        tank[name] *= factor
    for outlet in tank["outlets"]:
        outlet["capacity"] *= factor
    return tank


@pytest.mark.parametrize("unit", ["R-301", "CR-501", "TK-311"])
def test_a_unit_eight_times_as_large_with_eight_times_the_flows_has_the_same_concentrations(
    unit: str, make_bench: MakeBench, live: LivePlant
) -> None:
    small = make_bench(unit)
    small.from_steady(live)
    tank = larger(small.tables[unit]["tank"], 8.0)
    large = make_bench(unit, tank={name: tank[name] for name in ("span", "weir", "loss", "jacket", "outlets")})
    large.from_steady(live)
    large.core.streams[:, :, 1:] *= 8.0
    amounts = np.arange(len(small.state(unit))) != small.nc
    large.state(unit)[amounts] *= 8.0
    for bench in (small, large):
        first = bench.inlets(unit)[0]
        bench.core.streams[:, first, 1:] *= 1.1
        bench.tick(unit, TICK_S, 3000)
    found, expected = large.state(unit).copy(), small.state(unit)
    found[amounts] /= 8.0
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_order_of_its_metals_makes_no_difference_to_a_circuit(make_bench: MakeBench, live: LivePlant) -> None:
    """But for the rounding of sums over them."""
    one = make_bench("SX-1")
    one.from_steady(live)
    table = one.tables["SX-1"]
    order = list(range(len(table["re"])))[::-1]
    turned = {
        name: [table[name][i] for i in order]
        for name, values in table.items()
        if name in ("re", "charge", "k_ex", "order", "order_by_dose", "power_of_dose") and isinstance(values, list)
    }
    other = make_bench("SX-1", **turned)
    other.from_steady(live)
    stages, na, n = len(one.stages("SX-1")), one.na, len(order)
    state = other.state("SX-1")
    rows = state[: stages * (na + n + 2)].reshape(-1, stages)
    rows[na : na + n] = rows[na : na + n][::-1].copy()
    tank = state[stages * (na + n + 2) :]
    tank[:n] = tank[:n][::-1].copy()
    for bench in (one, other):
        bench.scale("401", 1.2)
        bench.tick("SX-1", TICK_S, 3000)
    rows[na : na + n] = rows[na : na + n][::-1].copy()
    tank[:n] = tank[:n][::-1].copy()
    assert state == pytest.approx(one.state("SX-1"), rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("unit", ["TK-311", "FU-111", "ML-121", "SB-801"])
def test_where_nothing_comes_goes_or_reacts_every_bit_stays(unit: str, make_bench: MakeBench, live: LivePlant) -> None:
    changes: dict[str, Any] = {"tank": {"loss": 0.0, "jacket": 0.0}}
    if unit == "FU-111":
        changes = {"loss": 0.0, "residence": np.inf}
    if unit == "ML-121":
        changes = {"leak": 0.0, "purge": 0.0}
    bench = make_bench(unit, **changes)
    bench.from_steady(live)
    bench.core.streams[:, :, 1:] = 0.0
    bench.core.drive[:] = 0.0
    if unit == "ML-121":
        bench.core.drive[bench.tables[unit]["classifier"]] = bench.tables[unit]["classifier_normal"]
        bench.state(unit)[bench.nc] = bench.tables[unit]["d80"]
        bench.state(unit)[-1] = bench.tables[unit]["ambient"]  # its casing
    before = bench.state(unit).tobytes()
    bench.tick(unit, TICK_S, 1000)
    assert bench.state(unit).tobytes() == before
