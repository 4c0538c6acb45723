"""Solvent extraction against Kremser's equation, total reflux, the acid law, and stage equations solved by SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import fsolve

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

Vector = NDArray[np.float64]
MakeBench = Callable[..., "Bench"]
UNIT = "SX-1"
METALS = ("Pr", "Nd", "Tb", "Dy", "Fe3")
ORGANIC = (*METALS, "Na")
TWO = ("Nd", "Dy", "Na")
"""What the independent solver follows in the organic."""
EXTRACTANT, K_NA, FILM = 0.5, 1e-5, 1e3
K_EX = {"Pr": 10.0**-2.9261, "Nd": 10.0**-2.75, "Tb": 10.0**-0.4347, "Dy": 10.0**-0.1132}


def circuit(make_bench: MakeBench, stages: Sequence[int], acids: Sequence[float], **changes: Any) -> Bench:
    """A circuit without metal and carry-over; acids: mol/L of HCl in each bank. Organic runs at 24 L/h."""
    bench: Bench = make_bench(UNIT)
    banks = [
        [*1e-3 * np.array(bench.context.liquor({"HCl": acid}))[: bench.na], *[0.0] * len(ORGANIC), 0.2]
        for acid in acids
    ]
    state = np.repeat(banks, stages, axis=0).T
    changes = {"carry_over": [0.0, 0.0], "tank_span": 0.0, "at": 0.0, **changes}
    bench = make_bench(UNIT, stages=list(stages), initial=[*state.ravel(), *[0.0] * (len(ORGANIC) + 1)], **changes)
    bench.opening("P-4102", 24.0 / 60.0)
    for weir in ("LV-4114", "LV-4116"):
        bench.opening(weir, 0.5)
    for stream in ("401", "403", "404", "405"):
        bench.feed(stream, {})
    return bench


def aqueous(bench: Bench, species: str) -> Vector:
    return bench.stages(UNIT)[:, bench.index[species]]


def organic(bench: Bench, metal: str) -> Vector:
    return bench.stages(UNIT)[:, bench.na + ORGANIC.index(metal)]


def tank(bench: Bench, *metals: str) -> Vector:
    """Of the organic in the tank, mol/L."""
    return bench.behind(UNIT)[[ORGANIC.index(metal) for metal in metals]]


@pytest.mark.parametrize(("acid", "kt"), [(0.05, 5.0), (0.08, 0.0162), (0.10, 0.0162), (0.15, 5.0)])
def test_a_trace_is_extracted_as_kremser_says(acid: float, kt: float, make_bench: MakeBench) -> None:
    """x1/xF = (L - 1)/(L a^n - 1), L = D O/A, a = 1 + E (L - 1): with stage efficiency E = 1 Kremser's equation.

    A micromole of metal leaves acid and free extractant as they are, so D is constant; 4 M acid strips it.
    """
    n, flow = 6, 45.0 / 3600.0
    bench = circuit(make_bench, (n, 1, 3), (acid, acid, 4.0), transfer=[kt, 5.0, 5.0])
    bench.feed("401", bench.liquor(flow, {"HCl": acid, "NdCl3": 1e-6}))
    bench.feed("404", bench.liquor(3.0 / 3600.0, {"HCl": 4.0}))
    bench.tick(UNIT, 1.0, 100_000)
    assert np.max(np.abs(bench.rate(UNIT)[: len(bench.state(UNIT))])) < 1e-11
    d = K_EX["Nd"] * (0.5 * EXTRACTANT / acid) ** 3
    residence = kt * bench.tables[UNIT]["v_org"][0] / (24.0 / 3600.0)
    efficiency = residence / (1.0 + residence + d / FILM)
    factor = d * 24.0 / 45.0
    a = 1.0 + efficiency * (factor - 1.0)
    raffinate = aqueous(bench, "Nd")[0]
    # what comes back with stripped organic is left out of Kremser's equation
    assert float(tank(bench, "Nd")[0]) < 1e-4 * raffinate
    assert raffinate / 1e-6 == pytest.approx((factor - 1.0) / (factor * a**n - 1.0), rel=2e-3)


def test_total_reflux_separates_by_beta_in_every_stage(make_bench: MakeBench) -> None:
    """Nd/Pr rises by 1.5 a stage: soda lets no metal out at one end, scrub acid none at the other."""
    bench = circuit(make_bench, (10, 8, 2), (0.03, 0.3, 4.0), transfer=[20.0, 20.0, 20.0], entrainment=0.0)
    for metal in ("Nd", "Pr"):
        aqueous(bench, metal)[4:10] = 0.05
        bench.stages(UNIT)[4:10, bench.index["Cl"]] += 0.15
    bench.feed("403", bench.liquor(8.0 / 3600.0, {"HCl": 0.3}))
    bench.feed("404", bench.liquor(1.0 / 3600.0, {"HCl": 4.0}))
    # as much soda as scrub acid: none is left to carry metal out at either end
    bench.feed("405", bench.liquor(8.0 * 0.3 / 2.72 / 3600.0, {"NaOH": 2.72}))
    bench.tick(UNIT, 1.0, 400_000)
    nd, pr = aqueous(bench, "Nd"), aqueous(bench, "Pr")
    held = [j for j in range(18) if nd[j] > 1e-4 and pr[j] > 1e-4]
    assert len(held) >= 6
    assert K_EX["Nd"] / K_EX["Pr"] == pytest.approx(1.5, rel=1e-4)
    ratio = nd / pr
    for j in held[:-1]:
        assert ratio[j + 1] / ratio[j] == pytest.approx(1.5, rel=5e-3)
        assert organic(bench, "Nd")[j] / organic(bench, "Pr")[j] / ratio[j] == pytest.approx(1.5, rel=1e-3)


def signed(bench: Bench) -> NDArray[np.bool_]:
    """Which states may be negative: net acidity."""
    result = np.zeros(len(bench.state(UNIT)), dtype=bool)
    stages = len(bench.stages(UNIT))
    result[bench.index["H"] * stages :][:stages] = True
    return result


def test_steady_circuit_obeys_the_acid_law(make_bench: MakeBench, live: LivePlant) -> None:
    """3 P = soda + raffinate acid - acid of scrub, feed and entrainment, P going to strip; all else closes."""
    bench = make_bench(UNIT, carry_over=[0.0, 0.0], tank_span=0.0)
    bench.from_steady(live)
    bench.settle(UNIT, signed(bench))
    index, na, stage = bench.index, bench.na, bench.stages(UNIT)
    out = bench.rate(UNIT)[len(bench.state(UNIT)) :]
    flow = {
        name: bench.arriving(stream)[2 : 2 + bench.nc]
        for name, stream in (("feed", "401"), ("scrub", "403"), ("strip", "404"), ("soda", "405"))
    }
    litres_s = 24.0 / 3600.0 * bench.core.drive[bench.layout.drives["P-4102"]] / 0.4
    stripped = tank(bench, *ORGANIC)
    entrained = min(3e-4 * litres_s, 0.5e3 * float(bench.arriving("404")[1])) * stage[-1, :na]
    # the organic that leaves the last scrub stage, less what it comes back with
    gained = litres_s * (stage[15, na:-1] - stripped)
    h = index["H"]
    law = (-flow["soda"][h] + out[h]) - flow["scrub"][h] - flow["feed"][h] - entrained[h]
    # Na that stays on the organic is soda that took up no metal
    assert 3.0 * gained[:-1].sum() == pytest.approx(law - gained[-1], rel=1e-8)
    assert abs(gained[-1]) < 1e-2 * law
    for name in ("Na", "Cl", *METALS):
        i = index[name]
        came = sum(part[i] for part in flow.values())
        # iron takes weeks to be as much as strip acid takes back, and meanwhile gives others away for it
        close = 1e-5 if name == "Fe3" else 1e-7
        assert out[i] + out[na + i] == pytest.approx(came, rel=close, abs=1e-16), name


def stage_equations(z: Vector, bench: Bench, feeds: dict[str, dict[str, float]]) -> Vector:
    """Balances of a two-metal circuit at rest, L, mol and h, written from the design basis; feeds: L/h and mol/L.

    z: per stage x1, x2, net acid, Na of the aqueous and y1, y2, Na of the organic; then the organic tank.
    """
    table = bench.tables[UNIT]
    extract, scrub, strip = table["stages"]
    n, first_strip = extract + scrub + strip, extract + scrub
    o, phi = 24.0, 3e-4
    up, down = table["carry_over"]
    s = z[: 7 * n].reshape(n, 7)
    tank = z[7 * n :]
    feed, acid_in, strip_in, soda_in = (feeds[name] for name in ("feed", "scrub", "strip", "soda"))
    soda = soda_in["L"] * soda_in["NaOH"]
    taken = min(soda, 0.9 * o * (EXTRACTANT - 6.0 * (tank[0] + tank[1]) - tank[2]))
    # aqueous up with the organic, then aqueous down so that every stage keeps its volume
    rising = [up * o] * (n - 1) + [max(up, phi) * o]
    falling = [0.0] * (n + 1)
    for j in reversed(range(n)):
        come = {n - 1: strip_in["L"], first_strip - 1: acid_in["L"]}.get(j, falling[j + 1])
        come += {extract - 1: feed["L"], 0: soda_in["L"] + rising[n - 1]}.get(j, 0.0)
        falling[j] = come + (rising[j - 1] if j else 0.0) - rising[j]
    sinking = [down * falling[j] for j in range(n)]
    # organic up, less what the tank has to make good
    climbing = [o]
    for j in range(n):
        back = sinking[j + 1] if j + 1 not in (first_strip, n) else 0.0
        climbing.append(climbing[j] + back - sinking[j])
    f = np.zeros_like(z)
    g = f[: 7 * n].reshape(n, 7)
    for j in range(n):
        bank = 0 if j < extract else 1 if j < first_strip else 2
        x1, x2, net, sodium, y1, y2, ys = s[j]
        acid = 0.5 * (net + math.sqrt(net * net + 4e-14))
        free = 0.5 * EXTRACTANT - 3.0 * (y1 + y2) - 0.5 * ys
        kt, litres = table["transfer"][bank] * 3600.0, table["v_org"][bank]
        r = []
        for metal, x, y in (("Nd", x1, y1), ("Dy", x2, y2)):
            d = K_EX[metal] * free**3 / acid**3
            r.append(litres * kt * (d * x - y) / (1.0 + d / FILM))
        release = litres * 3600.0 * 0.2 * (ys - K_NA * sodium * math.sqrt(free) / acid)
        g[j, :4] = -(falling[j] + rising[j]) * s[j, :4]
        if j not in (first_strip - 1, n - 1):
            g[j, :4] += falling[j + 1] * s[j + 1, :4]
        g[j, :4] += rising[j - 1] * s[j - 1, :4]  # to E1 from the last strip stage
        if j == extract - 1:
            g[j, :4] += feed["L"] * np.array([feed["NdCl3"], feed["DyCl3"], feed["HCl"], feed["NaCl"]])
        if j == first_strip - 1:
            g[j, 2] += acid_in["L"] * acid_in["HCl"]
        if j == n - 1:
            g[j, 2] += strip_in["L"] * strip_in["HCl"]
        if j == 0:
            g[j, 2:4] += np.array([-soda + taken, soda - taken])
        g[j, :2] -= r
        g[j, 2] += 3.0 * sum(r) - release
        g[j, 3] += release
        below = tank if j == 0 else s[j - 1, 4:]
        g[j, 4:] = climbing[j] * below - (climbing[j + 1] + sinking[j]) * s[j, 4:] + np.array([r[0], r[1], -release])
        if j + 1 not in (first_strip, n):
            g[j, 4:] += sinking[j + 1] * s[j + 1, 4:]
        if j == 0:
            g[j, 6] += taken
    f[7 * n :] = climbing[n] * s[n - 1, 4:] - o * tank
    return f


@pytest.mark.parametrize("carry_over", [(0.0, 0.0), (0.02, 0.01)])
def test_two_metals_settle_where_an_independent_solver_puts_them(
    carry_over: tuple[float, float], make_bench: MakeBench
) -> None:
    """With settlers that part the phases, and with such that do not quite."""
    feeds = {
        "feed": {"L": 45.0, "HCl": 0.003, "NaCl": 0.3, "NdCl3": 0.15, "DyCl3": 0.015},
        "scrub": {"L": 10.0, "HCl": 0.3},
        "strip": {"L": 1.5, "HCl": 4.0},
        "soda": {"L": 1.3, "NaOH": 2.72},
    }
    bench = circuit(make_bench, (4, 2, 3), (0.05, 0.2, 3.0), carry_over=list(carry_over))
    for name, stream in (("feed", "401"), ("scrub", "403"), ("strip", "404"), ("soda", "405")):
        solutes = {solute: x for solute, x in feeds[name].items() if solute != "L"}
        bench.feed(stream, bench.liquor(feeds[name]["L"] / 3600.0, solutes))
    bench.tick(UNIT, 1.0, 300_000)
    columns = [bench.index[name] for name in ("Nd", "Dy", "H", "Na")] + [bench.na + ORGANIC.index(name) for name in TWO]
    found = np.concatenate((bench.stages(UNIT)[:, columns].ravel(), tank(bench, *TWO)))
    start = found * np.random.default_rng(5).uniform(0.8, 1.25, len(found))
    solved, _, success, message = fsolve(stage_equations, start, (bench, feeds), xtol=1e-13, full_output=True)
    assert success == 1, message
    np.testing.assert_allclose(found, solved, rtol=1e-7, atol=1e-12)


def test_a_mixer_that_stands_transfers_nothing(make_bench: MakeBench, live: LivePlant) -> None:
    """Flows go on, metal stays in its phase."""
    bench = make_bench(UNIT)
    bench.from_steady(live)
    bench.opening("MX-4114", 0.0)
    for stream in ("401", "403", "404", "405"):
        bench.scale(stream, 0.0)
    before = bench.stages(UNIT).copy()
    bench.opening("P-4102", 0.0)
    bench.tick(UNIT, 0.1, 100)
    np.testing.assert_array_equal(bench.stages(UNIT)[:, :-1], before[:, :-1])


def test_without_an_organic_pump_feed_leaves_as_raffinate(make_bench: MakeBench, live: LivePlant) -> None:
    """After ten residence times without organic what comes out is what goes in, mixed with scrub, within 1e-2: the
    standing organic goes on taking up iron, and gives a little of the others for it."""
    bench = make_bench(UNIT)
    bench.from_steady(live)
    bench.opening("P-4102", 0.0)
    bench.scale("405", 0.0)
    bench.tick(UNIT, 1.0, 200_000)
    out = bench.rate(UNIT)[len(bench.state(UNIT)) :]
    for metal in METALS[:-1]:
        i = bench.index[metal]
        assert out[i] == pytest.approx(bench.arriving("401")[2 + i], rel=1e-2)
