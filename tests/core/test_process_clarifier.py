"""The clarifying filter of effluent: what passes, what settles, where its valve sends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
FILTER, IN, OUT, HOLD, SLUDGE = "FL-843", "843", "844", "845", "846"
VALVE, SOLID = "XV-844", "CoOH2"
LITRE_H = 1.0 / 3600.0


def laden(make_bench: MakeBench, opening: float, g_l: float = 1.0, **changes: object) -> Bench:
    """200 L/h of liquor with so much cobalt hydroxide, the valve so far open."""
    bench = make_bench(FILTER, **changes)
    bench.opening(VALVE, opening)
    mol = bench.liquor(200.0 * LITRE_H, {"NaCl": 1.0})
    mol[bench.index[SOLID]] = 1e-3 * g_l * 200.0 * LITRE_H / bench.mass[bench.index[SOLID]]
    bench.feed(IN, mol)
    bench.core.advance(10)
    return bench


@pytest.mark.parametrize("opening", [0.0, 0.25, 1.0])
def test_what_comes_is_discharged_held_or_sludge(make_bench: MakeBench, opening: float) -> None:
    bench = laden(make_bench, opening)
    come, out, hold, sludge = (bench.arriving(stream)[2:] for stream in (IN, OUT, HOLD, SLUDGE))
    assert out + hold + sludge == pytest.approx(come, rel=1e-12, abs=1e-18)
    assert out == pytest.approx(opening * (come - sludge), rel=1e-12, abs=1e-18)


def test_a_stated_share_of_the_solids_passes_and_is_the_turbidity(make_bench: MakeBench) -> None:
    bench = laden(make_bench, 1.0)
    solid = 2 + bench.index[SOLID]
    assert bench.arriving(OUT)[solid] == pytest.approx(0.006 * bench.arriving(IN)[solid], rel=1e-9)
    assert bench.probe(FILTER, "turbidity") == pytest.approx(6.0, rel=0.01)


def test_sludge_keeps_liquor_in_proportion_to_its_solids(make_bench: MakeBench) -> None:
    bench = laden(make_bench, 1.0, density=bench_density(make_bench))
    n = len(bench.mass)
    sludge = bench.arriving(SLUDGE)[2 : 2 + n]
    solids = sludge[bench.index[SOLID]] * bench.mass[bench.index[SOLID]]
    assert solids / (sludge @ bench.mass) == pytest.approx(0.3, rel=1e-6)
    assert bench.probe(FILTER, "sludge") == pytest.approx(float(sludge @ bench.mass), rel=1e-9)


def bench_density(make_bench: MakeBench) -> float:
    """kg/m3 of the liquor that `laden` sends."""
    bench = make_bench(FILTER)
    return 1e3 * float(bench.liquor(1.0, {"NaCl": 1.0}) @ bench.mass)


def test_without_flow_the_turbidity_stands(make_bench: MakeBench) -> None:
    bench = laden(make_bench, 1.0)
    before = bench.probe(FILTER, "turbidity")
    bench.feed(IN, np.zeros(len(bench.mass)))
    bench.core.advance(10)
    assert bench.probe(FILTER, "filtrate") == 0.0
    assert bench.probe(FILTER, "turbidity") == before
