"""Iron(III) in the liquor against PHREEQC, and against its own equations solved by SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.optimize import brentq, root

if TYPE_CHECKING:
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
REACTOR, LITRES = "R-301", 80.0

PHREEQC = [
    (25.0, 0.05, 0.0, 2.018, 0.1),
    (25.0, 0.10, 0.0, 2.601, 0.1),
    (25.0, 0.15, 0.0, 3.276, 0.0841),
    (25.0, 0.20, 0.0, 3.297, 0.0555),
    (25.0, 0.28, 0.0, 3.433, 0.0106),
    (60.0, 0.05, 0.0, 2.000, 0.1),
    (60.0, 0.10, 0.0, 2.448, 0.0956),
    (60.0, 0.20, 0.0, 2.503, 0.0449),
    (60.0, 0.25, 0.0, 2.578, 0.0210),
    (60.0, 0.28, 0.0, 2.699, 0.00761),
    (80.0, 0.10, 0.0, 2.111, 0.0819),
    (80.0, 0.20, 0.0, 2.187, 0.0376),
    (80.0, 0.28, 0.0, 2.427, 0.00591),
    (60.0, 0.10, 1.6, 2.651, 0.0828),
    (60.0, 0.28, 1.6, 2.964, 0.00710),
    (80.0, 0.20, 1.6, 2.460, 0.0349),
    (80.0, 0.28, 1.6, 2.705, 0.00619),
]
"""Temperature [C], NaOH and NaCl [mol/kg], pH and iron left [mol/kg]: 0.1 m FeCl3, 0.03 m NdCl3, 0.002 m DyCl3, only
Fe(OH)3 may form (PHREEQC 3, llnl.dat, by the package phreeqc 1.1.1)."""


def liquor(make_bench: MakeBench, celsius: float, iron: float, solutes: dict[str, float], **table: Any) -> Bench:
    """80 L of ferric chloride and solutes, mol/L, without heat of reaction or exchange."""
    bench = make_bench(REACTOR, tank={"jacket": 0.0, "loss": 0.0}, **table)
    bench.fill(REACTOR, LITRES, solutes, celsius + 273.15, Fe3=iron * LITRES)
    bench.state(REACTOR)[bench.index["Cl"]] += 3.0 * iron * LITRES
    return bench


def hydrolysis_of_iron(make_bench: MakeBench) -> list[dict[str, Any]]:
    bench = make_bench(REACTOR)
    return [
        {**r, "heat": 0.0} for r in bench.tables[REACTOR]["reactions"] if r["a"] == bench.index["Fe3"] and r["b"] >= 0
    ]


def litres(bench: Bench) -> float:
    return 1e3 * float(bench.state(REACTOR)[: bench.na] @ bench.volume[: bench.na])


def ph(bench: Bench) -> float:
    bench.core.refresh()
    return bench.probe(REACTOR, "pH")


@pytest.mark.parametrize(("celsius", "soda", "salt", "acidity", "iron"), PHREEQC)
def test_titrated_iron_is_where_phreeqc_has_it(
    celsius: float, soda: float, salt: float, acidity: float, iron: float, make_bench: MakeBench
) -> None:
    """pH within 0.05 and iron within 5 %, at the same soda."""
    solutes = {"NdCl3": 0.03, "DyCl3": 0.002, "NaOH": soda, "NaCl": salt}
    bench = liquor(make_bench, celsius, 0.1, solutes, reactions=hydrolysis_of_iron(make_bench))
    bench.tick(REACTOR, 1.0, 4000)
    assert np.max(np.abs(bench.rate(REACTOR)[: bench.nc])) < 1e-6
    assert ph(bench) == pytest.approx(acidity, abs=0.05)
    assert bench.get(REACTOR, "Fe3") / litres(bench) == pytest.approx(iron, rel=0.05)


@pytest.mark.parametrize(("celsius", "acid"), [(25.0, 3.27), (60.0, 2.47)])
def test_first_hydroxide_comes_where_phreeqc_says(celsius: float, acid: float, make_bench: MakeBench) -> None:
    """0.1 mol/L: titrated without solid to the pH at which it would begin."""
    reactions = hydrolysis_of_iron(make_bench)

    def excess(soda: float) -> float:
        bench = liquor(make_bench, celsius, 0.1, {"NdCl3": 0.03, "DyCl3": 0.002, "NaOH": soda}, reactions=reactions)
        return float(bench.rate(REACTOR)[bench.index["FeOOH"]])

    soda = brentq(lambda x: excess(x) - 1e-9, 0.05, 0.2, xtol=1e-6)
    bench = liquor(make_bench, celsius, 0.1, {"NdCl3": 0.03, "DyCl3": 0.002, "NaOH": soda}, reactions=reactions)
    assert ph(bench) == pytest.approx(acid, abs=0.05)


def by_scipy(table: dict[str, Any], iron: float, net: float, chloride: float, sodium: float, strength: float) -> Any:
    """Activity of H+ and of Fe3+ at 25 C from the same constants, by a general solver on the balances."""
    root_i = np.sqrt(strength)
    gamma = 10.0 ** (
        -table["a"][0]
        * np.array(table["charge"]) ** 2
        * root_i
        / (1.0 + table["b"][0] * np.array(table["size"]) * root_i)
        + table["bdot"][0] * strength
    )
    p, q, r = (np.array(table[key]) for key in ("iron", "hydroxide", "chloride"))
    pair = 10.0 ** table["pair_log10_k"] * gamma[2] ** 2

    def balances(x: Any) -> Any:
        f, h, c = np.exp(x)
        complexes = 10.0 ** np.array(table["log10_k"]) / gamma[3:]
        complexes = complexes * (f * gamma[0]) ** p * (c * gamma[2]) ** r / (h * gamma[1]) ** q
        return [
            np.log((f + p @ complexes) / iron),
            np.log((h + max(-net, 0.0)) / (1e-14 / h + q @ complexes + max(net, 0.0))),
            np.log((c + r @ complexes + sodium * pair * c / (1.0 + pair * c)) / chloride),
        ]

    found = root(balances, np.log([0.1 * iron, 3e-3, 0.8 * chloride]), tol=1e-12)
    assert np.max(np.abs(balances(found.x))) < 1e-9
    f, h, _ = np.exp(found.x)
    return h * gamma[1], f * gamma[0]


@pytest.mark.parametrize(
    ("iron", "soda", "salt"), [(0.1, 0.05, 0.5), (0.1, 0.15, 1.0), (1e-3, 1e-3, 2.0), (0.01, 0.02, 0.1)]
)
def test_speciation_solves_its_equations(iron: float, soda: float, salt: float, make_bench: MakeBench) -> None:
    bench = liquor(make_bench, 25.0, iron, {"NaOH": soda, "NaCl": salt}, reactions=hydrolysis_of_iron(make_bench))
    table, volume, n = bench.tables[REACTOR]["speciation"], litres(bench), bench.state(REACTOR)
    net, total, chloride, sodium = (float(n[bench.index[name]]) / volume for name in ("H", "Fe3", "Cl", "Na"))
    strength = float(n[: bench.na] @ np.array(table["weight"])) / volume + 0.5 * float(np.hypot(net, 2e-7))
    acid, ferric = by_scipy(table, total, net, chloride, sodium, strength)
    assert ph(bench) == pytest.approx(-np.log10(acid), abs=1e-9)
    # the hydroxide's equilibrium concentration, from the rate of its forming
    (reaction,) = bench.tables[REACTOR]["reactions"]
    left = total - float(bench.rate(REACTOR)[bench.index["FeOOH"]]) / volume / reaction["k"]
    if left < total:
        assert left == pytest.approx(10.0 ** reaction["log_k"] * acid**3 * total / ferric, rel=1e-6)


@pytest.mark.parametrize("acid", [5.0, 0.3, 0.0, -0.3])
@pytest.mark.parametrize("iron", [0.0, 1e-9, 0.05, 1.0])
def test_speciation_is_found_in_every_liquor(acid: float, iron: float, make_bench: MakeBench) -> None:
    """From strong acid to caustic, from no iron to a mol per litre; more acid gives a lower pH."""
    bench = liquor(make_bench, 80.0, iron, {"NaCl": 1.0}, reactions=hydrolysis_of_iron(make_bench))
    readings = []
    for more in (0.0, 0.01):
        bench.state(REACTOR)[bench.index["H"]] = LITRES * (acid + more)
        readings.append(ph(bench))
        assert np.all(np.isfinite(bench.rate(REACTOR)))
    assert -1.5 < readings[1] < readings[0] < 14.0
