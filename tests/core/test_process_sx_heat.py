"""The temperature of a circuit's organic: its heat balance, and what follows it, against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

Vector = NDArray[np.float64]
MakeBench = Callable[..., "Bench"]
CIRCUIT, STORE, ENCLOSURE = "SX-1", "411", "EN-4093"
TEMPERATURE = -2
"""Place of the state: the organic in the tank is the last one."""
DESIGN_K, R = 308.15, 8.314462618
AQUEOUS_CP, ORGANIC_CP = 4.0e6, 1.7e6
"""J/m3/K"""
TRANSFER, FLOW, VAPOUR = 10e3, 16e3, 50e3
"""J/mol"""
INLETS = ("401", "403", "404", "405")
MOVING = ("P-4102", "P-4123")


def faster(kelvin: float, activation: float) -> float:
    return math.exp(activation / R * (1.0 / DESIGN_K - 1.0 / kelvin))


@pytest.fixture
def circuit(make_bench: MakeBench, live: LivePlant) -> Bench:
    """SX-1 in production."""
    bench = make_bench(CIRCUIT)
    bench.from_steady(live)
    return bench


def capacity(bench: Bench) -> float:
    """J/K of all that it holds."""
    table = bench.tables[CIRCUIT]
    stages = zip(table["stages"], table["v_aq"], table["v_org"], strict=True)
    banks = sum(n * (AQUEOUS_CP * aqueous + ORGANIC_CP * organic) for n, aqueous, organic in stages)
    return float(1e-3 * (banks + ORGANIC_CP * bench.state(CIRCUIT)[-1]))


def warming(bench: Bench) -> float:
    """K/s"""
    return float(bench.rate(CIRCUIT)[len(bench.state(CIRCUIT)) + TEMPERATURE])


def at(bench: Bench, kelvin: float) -> Bench:
    bench.state(CIRCUIT)[TEMPERATURE] = kelvin
    return bench


def rate(bench: Bench, kelvin: float) -> Vector:
    """dy/dt at a temperature."""
    return np.array(at(bench, kelvin).rate(CIRCUIT))


def in_raffinate(bench: Bench, kelvin: float) -> float:
    """kg/m3 of organic at a temperature."""
    at(bench, kelvin).core.refresh()
    return bench.probe(CIRCUIT, "organic_in_raffinate")


def standing(bench: Bench) -> Bench:
    """Nothing flows; the mixers turn."""
    for stream in (*INLETS, STORE):
        bench.scale(stream, 0.0)
    for pump in MOVING:
        bench.opening(pump, 0.0)
    return bench


def test_it_warms_by_what_comes_in_the_heater_and_the_mixers_less_its_loss(circuit: Bench) -> None:
    table, kelvin = circuit.tables[CIRCUIT], 305.0
    streams = [circuit.arriving(stream) for stream in INLETS]
    brought = sum(AQUEOUS_CP * x[1] * (x[0] - kelvin) for x in streams)
    circuit.opening("EH-4120", 0.4)
    mixers = float(circuit.core.drive[circuit.layout.drives["MX-4114"]])
    heat = brought + 0.4 * table["power"] + mixers * table["stirring"] - table["loss"] * (kelvin - 293.15)
    assert warming(at(circuit, kelvin)) == pytest.approx(heat / capacity(circuit), rel=1e-9)


def test_cold_make_up_cools_it(circuit: Bench) -> None:
    at(circuit, DESIGN_K)
    without = warming(circuit)
    circuit.core.streams[:, circuit.layout.streams[STORE], :2] = 288.15, 40.0 / 3.6e6
    cooling = ORGANIC_CP * 40.0 / 3.6e6 * 20.0 / capacity(circuit)
    assert warming(circuit) == pytest.approx(without - cooling, rel=1e-9)


def test_standing_it_cools_to_the_hall_as_a_mixed_vessel(circuit: Bench) -> None:
    standing(at(circuit, DESIGN_K))
    for off in ("EH-4120", "MX-4114"):
        circuit.opening(off, 0.0)
    seconds = 7200.0
    lag = capacity(circuit) / circuit.tables[CIRCUIT]["loss"]
    circuit.core.advance(round(seconds / 0.1))
    expected = 293.15 + 15.0 * math.exp(-seconds / lag)
    assert float(circuit.state(CIRCUIT)[TEMPERATURE]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kelvin", [293.15, 323.15])
def test_transfer_follows_arrhenius_and_stands_at_the_temperature_of_the_figures(circuit: Bench, kelvin: float) -> None:
    standing(circuit)
    table = circuit.tables[CIRCUIT]
    stages = sum(table["stages"])
    metals = slice(circuit.na * stages, (circuit.na + len(table["re"])) * stages)
    circuit.state(CIRCUIT)[metals] *= 0.5  # away from equilibrium
    design = rate(circuit, DESIGN_K)[metals]
    warm = rate(circuit, kelvin)[metals]
    moving = np.abs(design) > 1e-3 * np.max(np.abs(design))
    assert moving.sum() > stages
    np.testing.assert_allclose((warm / design)[moving], faster(kelvin, TRANSFER), rtol=1e-6)


def test_warm_organic_runs_thin_and_less_of_it_goes_with_the_raffinate(circuit: Bench) -> None:
    design, warm = (in_raffinate(circuit, kelvin) for kelvin in (DESIGN_K, 318.15))
    assert warm / design == pytest.approx(1.0 / faster(318.15, FLOW), rel=1e-6)


def test_cold_organic_leaves_settlers_without_time(circuit: Bench) -> None:
    """More than its viscosity alone carries off goes with the raffinate."""
    design, cold = (in_raffinate(circuit, kelvin) for kelvin in (DESIGN_K, 283.15))
    assert cold / design > 1.2 / faster(283.15, FLOW)


def test_warm_diluent_evaporates_faster(circuit: Bench) -> None:
    standing(circuit)
    place = len(circuit.state(CIRCUIT)) - 1
    design, warm = (float(rate(circuit, kelvin)[place]) for kelvin in (DESIGN_K, 318.15))
    assert warm / design == pytest.approx(faster(318.15, VAPOUR), rel=1e-9)


def test_vapour_over_the_banks_follows_the_circuit_that_is_warm(make_bench: MakeBench) -> None:
    bench = make_bench(ENCLOSURE)
    bench.core.advance(60000)
    before = bench.probe(ENCLOSURE, "vapour")
    bench.core.probe[bench.layout.probes["SX-2", "temperature"]] = 318.15
    bench.core.advance(60000)
    rise = (faster(318.15, VAPOUR) - 1.0) / 3.0
    assert bench.probe(ENCLOSURE, "vapour") == pytest.approx((1.0 + rise) * before, rel=1e-6)


@pytest.mark.parametrize("kelvin", [283.15, 333.15])
def test_elements_close_while_it_comes_back_to_its_temperature(
    make_bench: MakeBench, live: LivePlant, kelvin: float
) -> None:
    bench = make_bench("SX-2")
    bench.from_steady(live)
    bench.state("SX-2")[TEMPERATURE] = kelvin
    assert bench.run("SX-2", 1.0, 300) < 1e-9


def test_raffinate_and_strip_liquor_leave_as_warm_as_it_is(circuit: Bench) -> None:
    at(circuit, 300.15)
    circuit.core.advance(2)
    kelvin = float(circuit.state(CIRCUIT)[TEMPERATURE])
    leaving = [circuit.arriving(one)[0] for one in ("406", "407")]
    assert leaving == pytest.approx([kelvin, kelvin], abs=1e-3)


def test_a_circuit_without_a_temperature_has_its_figures_at_any(make_bench: MakeBench, live: LivePlant) -> None:
    """At the temperature of the figures the two are the same to the bit."""
    with_one = make_bench(CIRCUIT)
    with_one.from_steady(live)
    at(with_one, DESIGN_K)
    initial = [*with_one.state(CIRCUIT)[:TEMPERATURE], with_one.state(CIRCUIT)[-1]]
    without = make_bench(CIRCUIT, at=0.0, initial=[float(x) for x in initial])
    without.core.streams[:] = live.core.arriving
    without.core.drive[:] = live.core.drive
    rates = np.array(with_one.rate(CIRCUIT)), np.array(without.rate(CIRCUIT))
    place = len(initial) - 1
    assert (np.delete(rates[0], place)[: len(rates[1])] == rates[1]).all()
