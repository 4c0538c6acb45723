"""What becomes of the organic: its tank, the make-up and the vapour over the banks, against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
L_H = 1.0 / 3.6e6
"""m3/s"""
CIRCUIT, STREAM, VALVE, PUMP = "SX-2", "412", "XV-4217", "P-4202"
SPAN_L = 800.0


@pytest.fixture
def circuit(make_bench: MakeBench, live: LivePlant) -> Bench:
    """SX-2 in production, without make-up."""
    bench = make_bench(CIRCUIT)
    bench.from_steady(live)
    return bench


def probe(bench: Bench, unit: str, name: str) -> float:
    return float(bench.core.probe[bench.layout.probes[unit, name]])


def rising(bench: Bench) -> float:
    """L/h by which the organic in the tank grows."""
    n = len(bench.state(CIRCUIT))
    return 3600.0 * float(bench.rate(CIRCUIT)[n - 1])


def make_up(bench: Bench, l_h: float) -> None:
    bench.core.streams[:, bench.layout.streams[STREAM], 1] = l_h * L_H


def test_the_tank_falls_by_what_aqueous_carries_off_and_what_evaporates(circuit: Bench) -> None:
    circuit.core.advance(20)
    lost = probe(circuit, CIRCUIT, "organic_lost") / L_H
    mixers = float(circuit.core.drive[circuit.layout.drives["MX-4214"]])
    dry = 0.005 * SPAN_L
    held = float(circuit.state(CIRCUIT)[-1])
    evaporates = 3600.0 * circuit.tables[CIRCUIT]["evaporation"] * mixers * held / (held + dry)
    assert lost > 0.0
    assert rising(circuit) == pytest.approx(-lost - evaporates, rel=1e-6)


def test_make_up_raises_it(circuit: Bench) -> None:
    without = rising(circuit)
    make_up(circuit, 40.0)
    assert rising(circuit) == pytest.approx(without + 40.0, rel=1e-9)


def test_a_pump_on_an_empty_tank_gives_nothing(circuit: Bench) -> None:
    circuit.core.advance(20)
    full = probe(circuit, CIRCUIT, "organic_flow")
    circuit.state(CIRCUIT)[-1] = 0.005 * SPAN_L
    circuit.core.advance(20)
    assert probe(circuit, CIRCUIT, "organic_flow") == pytest.approx(0.5 * full, rel=0.05)
    circuit.state(CIRCUIT)[-1] = 0.0
    circuit.core.advance(1)
    assert probe(circuit, CIRCUIT, "organic_flow") < 0.01 * full


@pytest.mark.parametrize("held", [480.0, 60.0, 790.0])
def test_elements_close_while_the_tank_fills_and_empties(circuit: Bench, held: float) -> None:
    circuit.state(CIRCUIT)[-1] = held
    make_up(circuit, 40.0)
    assert circuit.run(CIRCUIT, 1.0, 300) < 1e-9


def test_the_density_of_the_organic_is_its_own_and_that_of_its_metal(circuit: Bench) -> None:
    circuit.core.advance(20)
    # Nd and Pr to within the weight of one another
    loaded = probe(circuit, CIRCUIT, "loading")
    assert probe(circuit, CIRCUIT, "organic_density") == pytest.approx(850.0 + 0.1442 * loaded, abs=0.3)


def test_the_profile_stands_between_feed_and_strip_liquor(circuit: Bench) -> None:
    circuit.core.advance(20)
    assert 0.05 < probe(circuit, CIRCUIT, "feed_share") < 0.999


@pytest.mark.parametrize(("others", "share"), [((), 1.0), (("XV-4117",), 0.5)])
def test_the_make_up_pump_shares_its_flow_among_the_valves_that_are_open(
    make_bench: MakeBench, others: tuple[str, ...], share: float
) -> None:
    bench = make_bench("TK-4094")
    for valve in ("XV-4117", "XV-4217", "XV-4317"):
        bench.opening(valve, float(valve in (VALVE, *others)))
    bench.opening("P-4094", 0.5)
    held = float(bench.state("TK-4094")[0])
    bench.core.advance(600)
    full = held / (held + 0.002 * 0.4)
    assert bench.arriving(STREAM)[1] / L_H == pytest.approx(20.0 * share * full, rel=1e-3)
    drawn = held - float(bench.state("TK-4094")[0])
    assert drawn == pytest.approx(60.0 * 0.5 * share * full * L_H * (40.0 + 10.0 * len(others)), rel=1e-3)


def test_a_float_valve_shuts_its_line_at_the_brim_and_nothing_is_lost(make_bench: MakeBench) -> None:
    bench = make_bench("TK-4094")
    for valve in ("XV-4117", "XV-4217", "XV-4317"):
        bench.opening(valve, float(valve == VALVE))
    bench.opening("P-4094", 0.5)
    sent, levels = [], bench.core.probe[bench.layout.probes[CIRCUIT, "organic_level"] :]
    for level in (0.9, 0.995, 1.0):
        levels[0] = level
        held = float(bench.state("TK-4094")[0])
        bench.core.advance(600)
        sent.append(float(bench.arriving(STREAM)[1]))
        assert held - float(bench.state("TK-4094")[0]) == pytest.approx(60.0 * sent[-1], rel=1e-3, abs=1e-12)
    assert sent == pytest.approx([sent[0], 0.5 * sent[0], 0.0], rel=1e-3)
    assert sent[0] > 0.0


def test_a_delivery_comes_when_little_is_left(make_bench: MakeBench) -> None:
    bench = make_bench("TK-4094")
    bench.state("TK-4094")[0] = 0.0801
    for valve in ("XV-4117", "XV-4217", "XV-4317"):
        bench.opening(valve, 1.0)
    bench.core.advance(600)
    assert 0.27 < float(bench.state("TK-4094")[0]) < 0.2801


def test_vapour_is_carried_away_as_by_a_mixed_volume(make_bench: MakeBench) -> None:
    """Without the fan the draught alone: V dc/dt = E - Q c, with E of mixers at full speed."""
    bench = make_bench("EN-4093")
    first = float(bench.state("EN-4093")[0])
    bench.opening("K-4093", 0.0)
    for mixers in ("MX-4114", "MX-4214", "MX-4314"):
        bench.opening(mixers, 1.0)
    seconds = 1800.0
    bench.core.advance(round(seconds / 0.1))
    rest = 0.038 / 18.0
    expected = rest + (first - rest) * math.exp(-seconds * 18.0 / 3600.0 / 20.0)
    assert float(bench.state("EN-4093")[0]) == pytest.approx(expected, rel=1e-4)
    assert probe(bench, "EN-4093", "vapour") == pytest.approx(expected / 0.007, rel=1e-4)


def test_still_mixers_give_off_less(make_bench: MakeBench) -> None:
    bench = make_bench("EN-4093")
    turning = probe_at_rest(bench)
    for mixers in ("MX-4114", "MX-4214", "MX-4314"):
        bench.opening(mixers, 0.0)
    assert probe_at_rest(bench) == pytest.approx(0.3 * turning, rel=1e-6)


def probe_at_rest(bench: Bench) -> float:
    bench.core.advance(60000)
    return probe(bench, "EN-4093", "vapour")
