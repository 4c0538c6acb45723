"""Reagent tanks charged in batches: temperature, batches, decomposition against closed forms; every element closes."""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.model.plant import Plant
from tests.core.conftest import Bench

OXALIC, PEROXIDE, HALL, LEACH_HALL = "TK-819", "TK-822", "AS-851", "LH-852"
RHO_CP = 4.0e6


def bench(plant: Plant, unit: str, **changes: object) -> Bench:
    """A tank that nothing is drawn from, in scans of a second."""
    one = Bench(plant, {unit: changes}, scan_period=1.0)
    one.core.drive[:] = 0.0
    one.state(unit)[:] = one.tables[unit]["initial"]
    return one


def gap(one: Bench, before: np.ndarray) -> float:
    """Largest gap in the balance of an element, of what there is."""
    missing = one.atoms @ (one.core.hold_up() - before - one.core.edge_in + one.core.edge_out)
    size = np.abs(one.atoms) @ np.abs(before)
    return float(np.max(np.abs(missing[size > 0.0]) / size[size > 0.0]))


def test_an_unheated_tank_cools_to_the_hall(belfast: Plant) -> None:
    """560 L and 2 % of 800 L lose 12 W/K."""
    one = bench(belfast, OXALIC)
    one.core.advance(7200)
    assert one.state(OXALIC)[2] == pytest.approx(
        293.15 + 25.0 * np.exp(-7200.0 * 12.0 / (RHO_CP * (0.56 + 0.016))), abs=1e-3
    )


def test_its_heater_warms_it(belfast: Plant) -> None:
    one = bench(belfast, OXALIC, loss=0.0)
    one.opening("EH-821", 0.5)
    one.core.advance(3600)
    assert one.state(OXALIC)[2] - 318.15 == pytest.approx(3600.0 * 1500.0 / (RHO_CP * 0.576), rel=1e-6)


def test_a_batch_of_crystals_takes_up_its_heat_of_dissolving(belfast: Plant) -> None:
    """480 L of 1.017 mol/L in water of 50 C: 35.5 kJ/mol are 9 K of it."""
    one = bench(belfast, OXALIC, loss=0.0)
    state = one.state(OXALIC)
    state[:2] *= 159.9 / 560.0
    before = one.core.hold_up()
    one.core.advance(1)
    batch = 323.15 - 35.5e3 * 1017.0 / RHO_CP
    there = 0.1599 + 0.016
    assert state[2] == pytest.approx((there * 318.15 + 0.48 * batch) / (there + 0.48), abs=1e-6)
    assert one.probe(OXALIC, "volume") == pytest.approx(0.6399, rel=1e-6)
    assert one.probe(OXALIC, "strength") == pytest.approx(1017.0, rel=1e-9)
    assert gap(one, before) < 1e-12


def test_peroxide_decomposes_to_water_and_oxygen_and_heats_itself(belfast: Plant) -> None:
    one = bench(belfast, PEROXIDE, loss=0.0, decay=2e-6, activation=0.0)
    before, start = one.core.hold_up(), one.state(PEROXIDE).copy()
    one.core.advance(3600)
    gone = start[0] * (1.0 - np.exp(-2e-6 * 3600.0))
    assert start[0] - one.state(PEROXIDE)[0] == pytest.approx(gone, rel=1e-5)
    assert one.state(PEROXIDE)[1] - start[1] == pytest.approx(gone, rel=1e-5)
    assert one.core.edge_out[one.index["O2"]] == pytest.approx(0.5 * gone, rel=1e-5)
    assert one.state(PEROXIDE)[2] - start[2] == pytest.approx(gone * 94.6e3 / (RHO_CP * 0.36), rel=2e-3)
    assert gap(one, before) < 1e-12


def test_decomposition_doubles_in_ten_kelvin(belfast: Plant) -> None:
    one = bench(belfast, PEROXIDE)
    heat = []
    for kelvin in (298.15, 308.15):
        one.state(PEROXIDE)[2] = kelvin
        one.core.emit()
        heat.append(one.probe(PEROXIDE, "heat"))
    assert heat[0] == pytest.approx(3e-10 * one.state(PEROXIDE)[0] * 94.6e3, rel=1e-9)
    assert heat[1] / heat[0] == pytest.approx(np.exp(60e3 / 8.314462618 * (1 / 298.15 - 1 / 308.15)), rel=1e-9)


def test_a_runaway_boils_and_stays_finite(belfast: Plant) -> None:
    one = bench(belfast, PEROXIDE, decay=6e-6)
    before = one.core.hold_up()
    one.core.advance(20 * 3600)
    assert np.isfinite(one.core.state).all()
    assert one.state(PEROXIDE)[2] <= 378.15 + 1e-9
    assert one.core.edge_out[one.index["H2O"]] > 0.0
    assert gap(one, before) < 1e-10


def test_a_bund_fills_drains_and_fumes(belfast: Plant) -> None:
    one = bench(belfast, HALL)
    one.state(HALL)[0] = 0.002
    one.core.advance(1800)
    assert one.state(HALL)[0] == pytest.approx(0.002 * np.exp(-1.0), rel=1e-3)
    assert one.probe(HALL, "leak") == 1.0
    assert 0.0 < one.state(HALL)[1] < 30e-3 / 600.0
    one.core.advance(7200)
    assert one.probe(HALL, "leak") == 0.0
    assert 0.3e-6 < one.probe(HALL, "hydrogen_chloride") < 1e-6


def test_lids_leak_little_under_draught_and_half_under_pressure(belfast: Plant) -> None:
    """20 g/h of HCl off R-201 into 1800 m3/h of air: 1 % is 0.11 mg/m3 over the background, half 5.6."""
    one = bench(belfast, LEACH_HALL)
    probe, at = one.core.probe, one.layout.probes
    probe[at["R-201", "acid_vapour"]] = 0.02 / 3600.0
    for pascal, share in ((-100.0, 0.01), (0.0, 0.01), (0.1, 0.255), (0.2, 0.5), (80.0, 0.5)):
        probe[at["R-201", "headspace_pressure"]] = pascal
        one.core.advance(7200)
        assert one.probe(LEACH_HALL, "hydrogen_chloride") == pytest.approx(0.1e-6 + share * 0.02 / 1800.0, rel=1e-4)
