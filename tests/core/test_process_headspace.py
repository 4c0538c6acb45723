"""Beside the liquor of a leach tank: draught, nitrogen, foam, heat of dissolution, its agitator's load; the duct."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
TANK, DUCT = "R-201", "DU-213"
R_GAS = 8.314462618
NM3 = 44.615
"""mol in a normal cubic metre."""
NITROGEN, AIR = "XV-215", "K-213A"


def watered(make_bench: MakeBench) -> Bench:
    """Clear water at 20 C: nothing dissolves and nothing comes."""
    bench = make_bench(TANK, water_vapour=0.0)
    bench.core.streams[:, :, 1:] = 0.0
    bench.state(TANK)[:] = 0.0
    bench.fill(TANK, 60.0, {}, 293.15)
    bench.opening(NITROGEN, 0.0)
    bench.opening("LV-206", 0.0)
    return bench


@pytest.mark.parametrize("speed", [0.0, 0.31, 0.62, 1.0])
def test_the_fan_keeps_the_headspace_below_the_atmosphere_as_the_square_of_its_air(
    speed: float, make_bench: MakeBench
) -> None:
    bench = watered(make_bench)
    bench.opening(AIR, speed)
    bench.core.advance(4)
    assert bench.probe(TANK, "headspace_pressure") == pytest.approx(-1040.0 * speed**2, abs=1e-9)


def test_nitrogen_without_a_fan_presses_outward(make_bench: MakeBench) -> None:
    bench = watered(make_bench)
    bench.opening(AIR, 0.0)
    bench.opening(NITROGEN, 1.0)
    bench.core.advance(4)
    assert bench.probe(TANK, "headspace_pressure") == pytest.approx(100.0 * (10.0 / 12.0) ** 2, rel=1e-9)


def test_nitrogen_purges_hydrogen_from_a_headspace_without_sweep(make_bench: MakeBench) -> None:
    """n falls in first order, with the nitrogen over what the headspace holds."""
    bench = watered(make_bench)
    bench.opening(AIR, 0.0)
    bench.opening(NITROGEN, 1.0)
    state, table = bench.state(TANK), bench.tables[TANK]
    state[-1] = 1.0
    bench.tick(TANK, 0.1, 600)
    left = np.exp(-60.0 * 10.0 / 3600.0 * NM3 / (table["headspace"] * 41.6))
    assert state[-1] == pytest.approx(left, rel=1e-4)


def test_the_duct_has_what_the_tanks_give_it_in_all_their_gas(make_bench: MakeBench, live: LivePlant) -> None:
    bench = make_bench(TANK, "R-202", "R-203", DUCT)
    bench.from_steady(live)
    bench.core.advance(10)
    tanks = (TANK, "R-202", "R-203")
    hydrogen = sum(bench.probe(tank, "hydrogen_make") for tank in tanks)
    gas = sum(bench.probe(tank, "off_gas") for tank in tanks)
    assert bench.probe(DUCT, "hydrogen") == pytest.approx(hydrogen / gas, rel=1e-3)
    assert bench.probe(DUCT, "hydrogen") < bench.probe(TANK, "hydrogen")
    assert bench.probe(DUCT, "flow") == pytest.approx(620.0 / 3600.0 * NM3, rel=0.02)


def test_without_sweep_the_duct_has_what_stands_in_the_headspaces(make_bench: MakeBench, live: LivePlant) -> None:
    """And not hydrogen as it is made, which would be all of what little comes then."""
    bench = make_bench(TANK, "R-202", "R-203", DUCT)
    bench.from_steady(live)
    bench.core.advance(10)
    before = bench.probe(DUCT, "hydrogen")
    bench.opening(AIR, 0.0)
    bench.core.advance(30)
    assert before < bench.probe(DUCT, "hydrogen") <= bench.probe(TANK, "hydrogen") < 0.02


def test_heat_of_dissolution_goes_with_hydrogen(make_bench: MakeBench, live: LivePlant) -> None:
    """4.3 kg/h at 2.5 MJ/kg are 2.99 kW, of which the first tank has nearly all."""
    bench = make_bench(TANK)
    bench.from_steady(live)
    bench.core.advance(10)
    assert 2700.0 < bench.probe(TANK, "heat") < 2990.0
    assert bench.probe(TANK, "heat") / bench.probe(TANK, "hydrogen_make") == pytest.approx(2.5e6 / 16.49, rel=0.05)


def test_foam_stands_as_high_as_gas_comes_while_it_lives(make_bench: MakeBench, live: LivePlant) -> None:
    low, high = make_bench(TANK), make_bench(TANK, foam_life=300.0)
    for bench in (low, high):
        bench.from_steady(live)
        bench.core.advance(10)
    gas = low.probe(TANK, "hydrogen_make") * R_GAS * low.probe(TANK, "temperature") / 101325.0
    assert low.probe(TANK, "foam") == pytest.approx(gas / 0.159 * 30.0, rel=1e-9)
    assert (low.probe(TANK, "foamed"), high.probe(TANK, "foamed")) == (0.0, 1.0)
    assert high.probe(TANK, "foam") * 0.159 > 0.150 - high.probe(TANK, "volume")


def test_solids_load_the_agitator_and_an_empty_tank_does_not(make_bench: MakeBench) -> None:
    bench = watered(make_bench)
    bench.core.advance(4)
    clear = bench.probe(TANK, "current")
    assert clear == pytest.approx(1.08)
    bench.fill(TANK, 60.0, {}, 293.15, Inert=9.0 / bench.mass[bench.index["Inert"]])
    bench.core.advance(4)
    assert bench.probe(TANK, "current") == pytest.approx(0.6 + 0.48 * (1.0 + 0.01 * 150.0), rel=1e-3)
    bench.state(TANK)[: bench.nc] = 0.0
    bench.core.advance(4)
    assert bench.probe(TANK, "current") == pytest.approx(0.6)
