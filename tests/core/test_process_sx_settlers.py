"""Settlers: interfaces that balance over their weirs, and what each phase carries along of the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

Vector = NDArray[np.float64]
MakeBench = Callable[..., "Bench"]
UNIT = "SX-1"
FIRST = {"extract": 0, "scrub": 10, "strip": 16}
WEIR = 1.77
"""m^0.5/s: flow over a sharp-crested weir per metre of width and head^1.5."""


def circuit(make_bench: MakeBench, live: LivePlant, **changes: Any) -> Bench:
    """At rest, its liquors clear and without crud."""
    bench: Bench = make_bench(UNIT, **{"tank_span": 0.0, "at": 0.0, **changes})
    bench.from_steady(live)
    for stream in ("401", "403", "404"):
        bench.arriving(stream)[2 + bench.na : 2 + bench.nc] = 0.0
    bench.state(UNIT)[-1] = 0.0
    return bench


def interface(bench: Bench) -> Vector:
    """m, from E1."""
    return bench.stages(UNIT)[:, -1]


def flows(bench: Bench) -> tuple[float, tuple[float, float, float]]:
    """Organic, and the aqueous of each bank, m3/s."""
    feed, scrub, strip = (float(bench.arriving(stream)[1]) for stream in ("401", "403", "404"))
    speed = float(bench.core.drive[bench.layout.drives["P-4102"]])
    return 1e-3 * float(bench.tables[UNIT]["organic_capacity"]) * speed, (feed + scrub, scrub, strip)


def balanced(bench: Bench, stage: int, through: float, weir: float) -> float:
    """The interface [m] at which as much aqueous leaves as comes: the columns weigh the same on both sides."""
    table, row = bench.tables[UNIT], bench.stages(UNIT)[stage]
    bank = sum(stage >= first for first in FIRST.values()) - 1
    aqueous = 1e3 * bench.mass[: bench.na] @ row[: bench.na]
    organic = table["organic_density"] + 1e3 * bench.mass[table["re"]] @ row[bench.na : bench.na + len(table["re"])]
    width = math.sqrt(0.5 * table["area"][bank])
    lip = table["depth"] + (flows(bench)[0] / (WEIR * width)) ** (2.0 / 3.0)
    crest = (through / (WEIR * width)) ** (2.0 / 3.0)

    def off(level: float) -> float:
        return float(aqueous * (weir + crest - level) - organic * (lip - level))

    return float(brentq(off, 0.0, table["depth"]))


def test_an_interface_stands_where_the_columns_weigh_the_same(make_bench: MakeBench, live: LivePlant) -> None:
    """Of the plant at rest, with carry-over of a few ppm of the flows."""
    bench = circuit(make_bench, live)
    _, through = flows(bench)
    levels = interface(bench)
    for stage in (3, 10, 13, 18):
        bank = sum(stage >= first for first in FIRST.values()) - 1
        weir = bench.tables[UNIT]["weir"][bank]
        assert levels[stage] == pytest.approx(balanced(bench, stage, through[bank], weir), abs=2e-4), stage
    assert np.all((levels > 0.15) & (levels < 0.25))
    assert levels[[0, 16]] == pytest.approx([0.2, 0.2], abs=1e-3), "held by their loops"


def test_a_lower_weir_lowers_its_interface_alone(make_bench: MakeBench, live: LivePlant) -> None:
    """By 1/(1 - organic over aqueous density) mm per mm: five of them, in minutes."""
    bench = circuit(make_bench, live)
    before = interface(bench).copy()
    opening = float(bench.core.drive[bench.layout.drives["LV-4114"]])
    bench.opening("LV-4114", opening + 0.1)
    bench.tick(UNIT, 0.1, 6000)
    moved = interface(bench) - before
    table, row = bench.tables[UNIT], bench.stages(UNIT)[0]
    aqueous = 1e3 * bench.mass[: bench.na] @ row[: bench.na]
    organic = table["organic_density"] + 1e3 * bench.mass[table["re"]] @ row[bench.na : bench.na + 5]
    assert moved[0] == pytest.approx(-0.1 * table["travel"] / (1.0 - organic / aqueous), rel=0.02)
    assert np.max(np.abs(moved[1:])) < 1e-4


def test_a_step_of_feed_runs_down_the_bank(make_bench: MakeBench, live: LivePlant) -> None:
    """More aqueous stands higher over the weirs, first where it enters, at the raffinate end a minute later."""
    bench = circuit(make_bench, live)
    before = interface(bench).copy()
    bench.scale("401", 1.3)
    bench.tick(UNIT, 0.1, 100)
    early = interface(bench) - before
    bench.tick(UNIT, 0.1, 3000)
    late = interface(bench) - before
    assert early[9] > 1e-3 > 10.0 * early[0]
    assert np.all(late[:10] > 1.2e-3)
    assert np.max(np.abs(late[11:])) < 1e-3


@pytest.mark.parametrize("level", [0.02, 0.2, 0.39])
def test_what_is_carried_along_is_not_lost(level: float, make_bench: MakeBench, live: LivePlant) -> None:
    """With the interface at either outlet, and settlers that part the phases badly."""
    bench = circuit(make_bench, live, carry_over=[5e-3, 5e-3], capacity=[0.01, 0.01, 0.005])
    interface(bench)[:] = level
    assert bench.run(UNIT, 0.1, 3000) < 1e-12


def carried(bench: Bench) -> tuple[float, float]:
    """Organic in raffinate and in strip liquor, kg/m3."""
    bench.core.emit()
    return bench.probe(UNIT, "organic_in_raffinate"), bench.probe(UNIT, "organic_in_liquor")


def test_organic_in_raffinate_grows_above_the_capacity_and_near_the_floor(
    make_bench: MakeBench, live: LivePlant
) -> None:
    """40 ppm of organic, 34 mg/L, while the settlers have time and the interface its range."""
    organic, through = flows(circuit(make_bench, live))

    def at(load: float, level: float) -> float:
        capacity = 1e3 * (organic + through[0]) / load
        bench = circuit(make_bench, live, capacity=[capacity, 1.0, 1.0])
        interface(bench)[:] = level
        return carried(bench)[0]

    for load, level in ((0.5, 0.2), (0.99, 0.2), (0.99, 0.1), (0.99, 0.3)):
        assert at(load, level) == pytest.approx(40e-6 * 850.0, rel=1e-9)
    assert at(1.2, 0.2) == pytest.approx(40e-6 * 850.0 * (1.0 + 40.0 * 0.04), rel=1e-9)
    assert at(1.5, 0.2) > 3.0 * at(1.2, 0.2)
    assert at(0.99, 0.06) > 100.0 * at(0.99, 0.08), "organic is drawn into the outlet"


def test_organic_that_leaves_takes_its_metal_to_the_raffinate(make_bench: MakeBench, live: LivePlant) -> None:
    """Litres lost times what E1 has loaded, and three protons per metal that stay behind with the extractant."""
    outflow = {}
    for share in (0.0, 1e-3):
        bench = circuit(make_bench, live, carry_over=[0.0, share])
        outflow[share] = bench.rate(UNIT)[len(bench.state(UNIT)) :][: bench.na]
    _, through = flows(bench)
    litres_s = 1e-3 * 1e3 * (through[0] + float(bench.arriving("405")[1]) + 3e-4 * flows(bench)[0])
    more = outflow[1e-3] - outflow[0.0]
    loaded = bench.stages(UNIT)[0, bench.na : -1]
    for metal, y in zip(("Pr", "Nd", "Tb", "Dy", "Fe3", "Na"), loaded, strict=True):
        assert more[bench.index[metal]] == pytest.approx(litres_s * y, rel=1e-9), metal
    assert more[bench.index["H"]] == pytest.approx(-litres_s * (3.0 * loaded[:-1].sum() + loaded[-1]), rel=1e-9)


def crud(bench: Bench) -> float:
    """m: the last state of a circuit."""
    return float(bench.state(UNIT)[-1])


def test_crud_grows_with_the_flow_and_is_drawn_off(make_bench: MakeBench, live: LivePlant) -> None:
    """Against the closed form of its equation, dC/dt = f v (1 - C/40 mm) - C/age, at constant flows."""
    bench = circuit(make_bench, live)
    organic, through = flows(bench)
    assert crud(bench) == 0.0
    solid = bench.index["FeOOH"]
    stream = bench.arriving("401")
    stream[2 + solid] = 0.5 * float(stream[1]) / bench.mass[solid]  # half a kg of solids in a m3 of feed
    formed = 2e-5 * 0.5 * 1e3 * (organic + through[0]) / bench.tables[UNIT]["capacity"][0]

    def after(first: float, seconds: float, away: float, formed: float) -> float:
        speed = formed / 0.04 + away
        rest = formed / speed
        return rest + (first - rest) * math.exp(-speed * seconds)

    bench.tick(UNIT, 1.0, 1800)
    grown = crud(bench)
    assert grown == pytest.approx(after(0.0, 1800.0, 1.0 / 43200.0, formed), rel=1e-3)
    bench.opening("P-4123", 1.0)
    bench.tick(UNIT, 1.0, 1800)
    assert crud(bench) == pytest.approx(after(grown, 1800.0, 1.0 / 43200.0 + 1.0 / 1200.0, formed), rel=1e-3)
    stream[2 + solid] = 0.0
    bench.tick(UNIT, 1.0, 7200)
    assert crud(bench) < 1e-4


def test_crud_takes_settling_capacity_and_nothing_else(make_bench: MakeBench, live: LivePlant) -> None:
    """20 mm take half of it: what is carried along is that of a settler of half the area, and nothing is lost."""
    bench = circuit(make_bench, live)
    organic, through = flows(bench)
    bench.state(UNIT)[-1] = 0.02
    load = 2e3 * (organic + through[0]) / bench.tables[UNIT]["capacity"][0]
    assert load > 1.2
    assert carried(bench)[0] == pytest.approx(40e-6 * 850.0 * (1.0 + 40.0 * (load - 1.0) ** 2), rel=1e-9)
    assert bench.run(UNIT, 0.1, 3000) < 1e-12
