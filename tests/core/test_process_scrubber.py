"""The scrubber's transfer units and its acid, and the acidity of buffered liquors, each against its own closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
UNIT = "SB-801"


def over(make_bench: MakeBench, liquor: dict[str, float]) -> Bench:
    """A sump of 150 L without inflow or outflow, with acid gas coming."""
    bench = make_bench(UNIT, tank={"loss": 0.0})
    bench.fill(UNIT, 150.0, liquor)
    bench.opening("FV-804", 0.0)
    bench.opening("K-808", 0.7)
    bench.feed("211", {"H2": 0.02, "H2O": 0.01, "H": 4e-4, "Cl": 4e-4})
    return bench


@pytest.mark.parametrize("pump", [1.0, 0.25, 0.0])
def test_packing_takes_one_minus_exp_of_its_transfer_units(pump: float, make_bench: MakeBench) -> None:
    bench = over(make_bench, {"NaOH": 0.01})
    bench.opening("P-802A", pump)
    before = bench.get(UNIT, "Cl")
    out = bench.tick(UNIT, 1.0, 100)
    taken = 0.04 * (1.0 - np.exp(-3.7 * np.sqrt(pump)))
    assert bench.get(UNIT, "Cl") - before == pytest.approx(taken, rel=1e-9, abs=1e-15)
    assert out[bench.nc : bench.nc + 3] == pytest.approx([2.0, 1.0, 0.04 - taken], rel=1e-9)


def test_strong_acid_holds_less(make_bench: MakeBench) -> None:
    """y* = [H+][Cl-]/2.0e6 atm: over 5 mol/L 12.5 ppm of the air stay in it."""
    bench = over(make_bench, {"HCl": 5.0})
    before = bench.get(UNIT, "Cl")
    bench.tick(UNIT, 1.0)
    stays = 5.0 * 5.0 / 2.0e6 * 0.7 * 1429.0 * 44.615 / 3600.0
    assert bench.get(UNIT, "Cl") - before == pytest.approx((4e-4 - stays) * (1.0 - np.exp(-3.7)), rel=1e-3)


def test_heat_of_absorption_warms_the_sump(make_bench: MakeBench) -> None:
    """74.8 kJ/mol into the liquor and 2 % of the span."""
    bench = over(make_bench, {"NaOH": 0.01})
    bench.tick(UNIT, 1.0, 1000)
    warmer = bench.state(UNIT)[bench.nc] - 298.15
    assert warmer == pytest.approx(0.4 * (1.0 - np.exp(-3.7)) * 74.8e3 / (4.0e6 * (0.150 + 0.005)), rel=1e-3)
