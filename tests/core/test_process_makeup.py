"""The make-up tank: volume, strength, temperature against closed forms; its heat of dilution against measured ones."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from plantsim.model.plant import Plant, Stream, Unit
from tests.core.conftest import Bench

UNIT, WATER, ACID = "TK-890", "890", "891"
SPAN_L, FULL_L_H, KELVIN = 1000.0, 400.0, 298.15
RHO_CP = 4.0e6
PARKER_KJ_MOL = {
    0.1: 0.556, 0.5: 1.172, 1.0: 1.695, 2.0: 2.623, 3.0: 3.506, 4.0: 4.402, 5.0: 5.318, 6.0: 6.268, 7.0: 7.217,
    8.0: 8.201, 9.0: 9.213, 10.0: 10.24, 15.0: 15.40,
}  # fmt: skip
"""Heat of dilution of HCl from mol/kg without end, Parker 1965."""


@pytest.fixture
def tank(belfast: Plant) -> Bench:
    """Of a cubic metre, without loss of heat, fed with water and acid; 400 L/h leave it at full speed."""
    unit = Unit(
        UNIT,
        "utilities",
        "makeup_tank",
        "Acid",
        MappingProxyType({"span": 1e-3 * SPAN_L, "overflow": None, "loss": 0.0, "jacket": 0.0, "reagent": "HCl"}),
        MappingProxyType({"volume": 0.5, "temperature": KELVIN, "liquor": {"HCl": 2.0}}),
        MappingProxyType({}),
    )
    ways = (
        Stream(WATER, "Water", "WM-801", "out", UNIT, "in", "FV-803", 1.0, False),
        Stream(ACID, "Acid", "TK-811", "out", UNIT, "in", "P-201", 1.0, False),
        Stream("892", "To its users", UNIT, "out", "", "", "P-841", FULL_L_H / 3.6e6, False),
    )
    bench = Bench(replace(belfast, units=(*belfast.units, unit), streams=(*belfast.streams, *ways)), {UNIT: {}})
    for stream in (WATER, ACID):
        bench.feed(stream, {})
    bench.opening("P-841", 0.0)
    return bench


def litres(bench: Bench) -> float:
    return 1e3 * float(bench.state(UNIT)[: bench.nc] @ bench.volume)


def strength(bench: Bench) -> float:
    return bench.get(UNIT, "Cl") / litres(bench)


def warmer(bench: Bench) -> float:
    return float(bench.state(UNIT)[bench.nc]) - KELVIN


def give(bench: Bench, stream: str, l_h: float, solutes: dict[str, float] | None = None) -> None:
    bench.feed(stream, bench.liquor(l_h / 3600.0, solutes or {}), KELVIN)


def phi(bench: Bench, m: float) -> float:
    """J/mol given off from m mol/kg on dilution without end."""
    a, b, c, d = bench.tables[UNIT]["dilution"]
    return float(a * np.sqrt(m) / (1.0 + b * np.sqrt(m)) + c * m + d * m * m)


def molality(bench: Bench, solutes: dict[str, float]) -> float:
    molar = np.array(bench.context.liquor(solutes))
    return float(molar[bench.index["Cl"]] / (molar[bench.index["H2O"]] * bench.mass[bench.index["H2O"]]))


def solution(bench: Bench, m: float) -> dict[str, float]:
    """HCl of so many mol/kg, in mol/L: a kg of water and what it holds take up so much room."""
    volume = bench.volume[bench.index["H2O"]] / bench.mass[bench.index["H2O"]] + m * bench.volume[bench.index["Cl"]]
    return {"HCl": 1e-3 * m / volume}


def test_volume_grows_with_what_comes(tank: Bench) -> None:
    tank.fill(UNIT, 100.0, {"HCl": 2.0})
    give(tank, WATER, 120.0)
    give(tank, ACID, 40.0, {"HCl": 10.2})
    for hours in (1, 2, 3):
        tank.tick(UNIT, 1.0, 3600)
        assert litres(tank) == pytest.approx(100.0 + 160.0 * hours, rel=1e-9)


def test_strength_comes_in_with_the_residence_time(tank: Bench) -> None:
    """c = c1 + (c0 - c1) exp(-Q t/V) of a tank that gives what it gets."""
    full = 500.0
    tank.fill(UNIT, full, {"HCl": 2.0})
    given = FULL_L_H * full / (full + 0.005 * SPAN_L)
    tank.opening("P-841", 1.0)
    give(tank, WATER, 0.5 * given)
    give(tank, ACID, 0.5 * given, {"HCl": 10.0})
    for hours in (1, 2, 4):
        tank.fill(UNIT, full, {"HCl": 2.0})
        tank.tick(UNIT, 1.0, 3600 * hours)
        assert litres(tank) == pytest.approx(full, rel=1e-6)
        expected = 5.0 + (2.0 - 5.0) * np.exp(-given * hours / full)
        assert strength(tank) == pytest.approx(expected, rel=1e-6)


def test_dilution_warms_it_by_what_the_acid_loses(tank: Bench) -> None:
    """An hour of 32 % acid into 200 L of water: n (phi(concentrate) - phi(made)) stays in liquor and vessel."""
    tank.fill(UNIT, 200.0, {})
    give(tank, ACID, 100.0, {"HCl": 10.2})
    tank.tick(UNIT, 1.0, 3600)
    made = {"HCl": strength(tank)}
    heat = 1020.0 * (phi(tank, molality(tank, {"HCl": 10.2})) - phi(tank, molality(tank, made)))
    assert warmer(tank) == pytest.approx(heat / (RHO_CP * 1e-3 * (300.0 + 0.02 * SPAN_L)), rel=1e-5)
    assert 6.0 < warmer(tank) < 8.0


@pytest.mark.parametrize("first", [WATER, ACID])
def test_the_way_to_a_strength_does_not_matter(first: str, tank: Bench) -> None:
    """Water onto acid ends as warm as acid onto water, and as both at once."""
    solutes: dict[str, dict[str, float]] = {WATER: {}, ACID: {"HCl": 10.2}}
    tank.fill(UNIT, 50.0, {"HCl": 3.4})
    give(tank, WATER, 100.0)
    give(tank, ACID, 50.0, {"HCl": 10.2})
    tank.tick(UNIT, 1.0, 3600)
    together = warmer(tank), strength(tank)
    tank.fill(UNIT, 50.0, {"HCl": 3.4})
    for stream in sorted((WATER, ACID), key=lambda one: one != first):
        other = WATER if stream == ACID else ACID
        give(tank, other, 0.0)
        give(tank, stream, 100.0 if stream == WATER else 50.0, solutes[stream])
        tank.tick(UNIT, 1.0, 3600)
    assert (warmer(tank), strength(tank)) == pytest.approx(together, rel=1e-5)


@pytest.mark.parametrize(("strong", "weak"), [(10.0, 5.0), (10.0, 1.0), (8.0, 4.0), (5.0, 0.5), (2.0, 0.1)])
def test_heat_of_dilution_is_that_measured(strong: float, weak: float, tank: Bench) -> None:
    """A calorimeter: solution of one molality with water to another, within 0.1 kJ/mol."""
    acid = solution(tank, strong)
    tank.fill(UNIT, 100.0, acid)
    mol = 100.0 * acid["HCl"]
    water_l = 1e3 * mol * (1.0 / weak - 1.0 / strong) * tank.volume[tank.index["H2O"]] / tank.mass[tank.index["H2O"]]
    give(tank, WATER, water_l)
    tank.tick(UNIT, 1.0, 3600)
    heat = warmer(tank) * RHO_CP * 1e-3 * (litres(tank) + 0.02 * SPAN_L)
    measured = 1e3 * (PARKER_KJ_MOL[strong] - PARKER_KJ_MOL[weak])
    assert heat / mol == pytest.approx(measured, abs=100.0)


def test_the_law_is_within_what_its_source_says(tank: Bench) -> None:
    assert max(abs(phi(tank, m) - 1e3 * x) for m, x in PARKER_KJ_MOL.items()) < 120.0


def test_elements_and_charge_close(tank: Bench) -> None:
    tank.fill(UNIT, 300.0, {"HCl": 2.0})
    give(tank, WATER, 120.0)
    give(tank, ACID, 40.0, {"HCl": 10.2})
    tank.opening("P-841", 0.4)
    assert tank.run(UNIT, 1.0, 3600) < 1e-12


def test_an_empty_tank_fills(tank: Bench) -> None:
    """Nothing in it at first: the strength is at once that of what comes."""
    tank.fill(UNIT, 0.0, {})
    give(tank, WATER, 120.0)
    give(tank, ACID, 40.0, {"HCl": 10.2})
    tank.opening("P-841", 0.4)
    assert tank.run(UNIT, 1.0, 600) < 1e-12
    assert strength(tank) == pytest.approx(10.2 / 4.0, rel=1e-9)
    assert 0.0 < warmer(tank) < 10.0


def test_what_instruments_see(tank: Bench) -> None:
    """18 % acid weighs 1.09 kg/L: here the sum of what its ions and water take up."""
    tank.fill(UNIT, 400.0, {"HCl": 5.37})
    tank.core.emit()
    assert tank.probe(UNIT, "level") == pytest.approx(0.4)
    assert tank.probe(UNIT, "strength") == pytest.approx(5370.0)
    assert tank.probe(UNIT, "density") == pytest.approx(1089.0, rel=0.01)
    assert tank.probe(UNIT, "heat") == 0.0
