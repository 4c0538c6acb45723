"""The polishing cartridge: what it takes up, how it resists, its relief valve and its change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
FILTER, IN, OUT = "FL-312", "306", "312"
LITRE_H = 1.0 / 3600.0


def loaded(make_bench: MakeBench, kg_h: float, **changes: object) -> Bench:
    """100 L/h of liquor with so much FeOOH."""
    bench = make_bench(FILTER, **changes)
    bench.opening("HS-325", 0.0)
    mol = bench.liquor(100.0 * LITRE_H, {"NaCl": 1.0})
    mol[bench.index["FeOOH"]] = kg_h / 3600.0 / bench.mass[bench.index["FeOOH"]]
    bench.feed(IN, mol)
    return bench


def test_it_resists_in_proportion_to_what_it_has_taken_up(make_bench: MakeBench) -> None:
    bench = loaded(make_bench, 0.01)
    table = bench.tables[FILTER]
    assert bench.core.advance(36000) == 36000
    kg = bench.probe(FILTER, "solids")
    assert kg == pytest.approx(0.98 * 0.01, rel=1e-3)
    through = bench.arriving(OUT)[1]
    resistance = table["clean"] + table["resistance"] * kg / table["area"]
    assert bench.probe(FILTER, "pressure_drop") == pytest.approx(
        table["viscosity"] * through / table["area"] * resistance, rel=1e-9
    )


def test_what_comes_stays_or_goes_on(make_bench: MakeBench) -> None:
    bench = loaded(make_bench, 0.01)
    bench.core.advance(10)
    come, gone = (bench.arriving(stream)[2 + bench.index["FeOOH"]] for stream in (IN, OUT))
    assert gone == pytest.approx(0.02 * come, rel=1e-9)
    before = bench.get(FILTER, "FeOOH")
    bench.core.advance(100)
    assert bench.get(FILTER, "FeOOH") - before == pytest.approx(10.0 * (come - gone), rel=1e-9)


def test_its_relief_valve_lets_solids_pass(make_bench: MakeBench) -> None:
    bench = loaded(make_bench, 1.0)
    bench.core.advance(36000)
    come, gone = (bench.arriving(stream)[2 + bench.index["FeOOH"]] for stream in (IN, OUT))
    assert bench.probe(FILTER, "pressure_drop") == 2.5e5
    assert gone > 0.3 * come


def test_a_new_cartridge_is_clean_and_the_old_one_is_booked_as_gone(make_bench: MakeBench) -> None:
    bench = loaded(make_bench, 0.1)
    bench.core.advance(3600)
    held = bench.get(FILTER, "FeOOH")
    assert held > 0.0
    bench.feed(IN, bench.liquor(100.0 * LITRE_H, {"NaCl": 1.0}))
    bench.core.advance(2)
    held = bench.get(FILTER, "FeOOH")
    bench.opening("HS-325", 1.0)
    bench.core.advance(1)
    bench.opening("HS-325", 0.0)
    bench.core.advance(1)
    assert bench.get(FILTER, "FeOOH") == 0.0
    assert bench.core.edge_out[bench.index["FeOOH"]] == pytest.approx(held, rel=1e-12)
    assert bench.probe(FILTER, "changed") == 1.0
    table = bench.tables[FILTER]
    clean = table["viscosity"] * bench.arriving(OUT)[1] / table["area"] * table["clean"]
    assert bench.probe(FILTER, "pressure_drop") == pytest.approx(clean, rel=1e-6)
