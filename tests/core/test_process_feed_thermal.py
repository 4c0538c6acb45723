"""Furnace, mill, dryer, calciner and the leach's vapours, each against its closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from plantsim.model.compose.solids import AIR_O2

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
R_GAS = 8.314462618


def idle(make_bench: MakeBench, unit: str, **changes: object) -> Bench:
    """Empty, and nothing comes."""
    bench = make_bench(unit, **changes)
    bench.core.streams[:, :, 1:] = 0.0
    return bench


def test_an_empty_furnace_warms_in_first_order(make_bench: MakeBench) -> None:
    bench = idle(make_bench, "FU-111")
    table, state = bench.tables["FU-111"], bench.state("FU-111")
    state[: bench.nc], state[bench.nc] = 0.0, 400.0
    bench.core.drive[table["heater"]] = 0.5
    rest = table["ambient"] + 0.5 * table["power"] / table["loss"]
    lag = table["heat_capacity"] / table["loss"]
    bench.tick("FU-111", 1.0, 600)
    assert state[bench.nc] == pytest.approx(rest + (400.0 - rest) * math.exp(-600.0 / lag), abs=1e-3)


def test_magnetism_that_is_left_falls_by_e_in_its_own_degrees(make_bench: MakeBench) -> None:
    bench = idle(make_bench, "FU-111")
    table = bench.tables["FU-111"]
    for kelvin in (523.15, 523.15 + table["field_scale"], 523.15 - 2.0 * table["field_scale"]):
        bench.state("FU-111")[bench.nc] = kelvin
        bench.core.emit()
        expected = table["field"] * math.exp((523.15 - kelvin) / table["field_scale"])
        assert bench.core.probe[table["probe"] + 1] == pytest.approx(expected, rel=1e-12)


def test_what_is_in_the_furnace_leaves_as_from_a_stirred_vessel(make_bench: MakeBench) -> None:
    bench = idle(make_bench, "FU-111")
    bench.state("FU-111")[bench.index["Fe0"]] = 2.0
    bench.tick("FU-111", 1.0, 300)
    left = 2.0 * math.exp(-300.0 / bench.tables["FU-111"]["residence"])
    assert bench.get("FU-111", "Fe0") == pytest.approx(left, rel=1e-5)


@pytest.mark.parametrize("valve", [0.0, 0.3, 1.0])
def test_oxygen_in_the_mill_is_what_leaks_in_and_is_purged(valve: float, make_bench: MakeBench) -> None:
    bench = idle(make_bench, "ML-121")
    table, state = bench.tables["ML-121"], bench.state("ML-121")
    bench.core.drive[table["nitrogen"]] = valve
    state[bench.nc + 1] = AIR_O2
    through = table["leak"] + valve * table["purge"]
    rest = AIR_O2 * table["leak"] / through
    bench.tick("ML-121", 0.1, 600)
    expected = rest + (AIR_O2 - rest) * math.exp(-60.0 * through / table["casing"])
    assert state[bench.nc + 1] == pytest.approx(expected, rel=1e-4)


def test_a_faster_classifier_grinds_finer_and_bond_s_law_says_what_it_costs(make_bench: MakeBench) -> None:
    """W = 10 Wi (1/sqrt P80 - 1/sqrt F80), P80 going to its new value with the classifier's lag."""
    bench = make_bench("ML-121")
    table, state = bench.tables["ML-121"], bench.state("ML-121")
    normal, lag = table["classifier_normal"], table["classifier_lag"]
    state[bench.nc] = table["d80"]
    faster = min(1.0, 1.25 * normal)
    bench.core.drive[table["classifier"]] = faster
    bench.tick("ML-121", 0.1, round(10.0 * lag))
    rest = table["d80"] * normal / faster
    assert rest < table["d80"]
    assert state[bench.nc] == pytest.approx(rest + (table["d80"] - rest) / math.e, rel=1e-4)
    bench.core.advance(1)
    d80, power, _, _, rate = bench.core.probe[table["probe"] : table["probe"] + 5]
    assert rate > 0.0
    work = table["work_index"] * (1.0 / math.sqrt(d80) - 1.0 / math.sqrt(table["feed_d80"]))
    assert power == pytest.approx(table["idle_power"] + rate * work, rel=1e-9)


def test_a_dryer_leaves_the_water_of_a_first_order_in_a_stirred_bed(make_bench: MakeBench) -> None:
    """At one temperature: n = in/(1/tau + k), k in proportion to what is above 25 C; heat is what the water takes."""
    bench = idle(make_bench, "DR-601", heat_capacity=1e12)
    table, state = bench.tables["DR-601"], bench.state("DR-601")
    state[: bench.nc], state[bench.nc] = 0.0, 363.15
    bench.feed("505", {"H2O": 1e-3, "NdOxH": 1e-5})
    leave = 1.0 / table["residence"]
    k = table["rate"] * (363.15 - 298.15) / 80.0
    bench.tick("DR-601", 5.0, round(20.0 * table["residence"] / 5.0))
    assert bench.get("DR-601", "H2O") == pytest.approx(1e-3 / (leave + k), rel=1e-5)
    assert bench.get("DR-601", "NdOxH") == pytest.approx(1e-5 / leave, rel=1e-5)
    lost = table["loss"] * (363.15 - table["ambient"]) + 44.0e3 * 1e-3 * k / (leave + k)
    heated = table["efficiency"] * table["power"]
    assert bench.rate("DR-601")[bench.nc] * 1e12 == pytest.approx(heated - lost, rel=1e-4)


@pytest.mark.parametrize("kelvin", [420.0, 760.0, 1100.0])
def test_four_zones_decompose_as_four_stirred_vessels_in_series(kelvin: float, make_bench: MakeBench) -> None:
    """All at one temperature: the chain hydrate, anhydrous, oxycarbonate, oxide solved zone by zone."""
    bench = idle(make_bench, "KL-611", wall_capacity=1e15, bed_capacity=1e15)
    table = bench.tables["KL-611"]
    zones = bench.state("KL-611").reshape(4, bench.nc + 2)
    zones[:, : bench.nc] = 0.0
    zones[:, bench.nc :] = kelvin
    bench.core.drive[table["tube"]] = table["speed_normal"]
    bench.feed("601", {"NdOxH": 1e-5})
    k = [a * math.exp(-ea / (R_GAS * kelvin)) for a, ea in zip(table["a"], table["ea"], strict=True)]
    chain = next(c for c in table["chains"] if c["hydrate"] == bench.index["NdOxH"])
    coming, leave = np.array([1e-5, 0.0, 0.0, 0.0]), 1.0 / table["residence"]
    bench.tick("KL-611", 20.0, round(60.0 * table["residence"] / 20.0))
    for zone in zones:
        held = np.zeros(4)
        made = 0.0
        for i in range(4):
            rate = k[i] if i < 3 else 0.0
            held[i] = (coming[i] + made) / (leave + rate)
            made = rate * held[i] * (chain["n_oxide"] if i == 2 else 1.0)
        coming = leave * held
        found = zone[[chain[name] for name in ("hydrate", "anhydrous", "oxycarbonate", "oxide")]]
        assert found == pytest.approx(held, rel=1e-4, abs=1e-12)


def test_loss_on_ignition_is_what_the_oxalate_that_is_left_would_lose(make_bench: MakeBench) -> None:
    """Of a bed with a tenth of its Nd as anhydrous oxalate."""
    bench = idle(make_bench, "KL-611")
    zones = bench.state("KL-611").reshape(4, bench.nc + 2)
    table = bench.tables["KL-611"]
    chain = next(c for c in table["chains"] if c["hydrate"] == bench.index["NdOxH"])
    zones[:, : bench.nc] = 0.0
    zones[3, chain["oxide"]] = 0.9
    zones[3, chain["anhydrous"]] = 0.1 / chain["n_oxide"]
    bench.core.emit()
    mass = bench.mass
    oxalate = 0.1 / chain["n_oxide"] * mass[chain["anhydrous"]]
    total = 0.9 * mass[chain["oxide"]] + oxalate
    assert bench.core.probe[table["probe"] + 16] == pytest.approx(
        (oxalate - 0.1 * mass[chain["oxide"]]) / total, rel=1e-3
    )


def test_hydrogen_chloride_and_water_leave_the_leach_by_their_vapour_pressures(
    make_bench: MakeBench, live: LivePlant
) -> None:
    """HCl in proportion to [H+][Cl-]; water by 5,200 K in exp(-B/T), 43 kJ/mol."""
    bench = make_bench("R-201")
    bench.from_steady(live)
    table, state = bench.tables["R-201"], bench.state("R-201")
    first = len(state) + bench.nc + 6 * bench.nb
    water, acid = [], []
    for kelvin, factor in ((333.15, 1.0), (343.15, 1.0), (333.15, 2.0)):
        state[bench.nc] = kelvin
        bench.fill("R-201", 60.0, {"HCl": 0.5 * factor}, kelvin)
        out = bench.rate("R-201")
        water.append(float(out[first + 1]))
        acid.append(float(out[first + 2]))
    assert water[0] == pytest.approx(table["water_vapour"], rel=0.02)
    assert water[1] / water[0] == pytest.approx(math.exp(5200.0 * (1.0 / 333.15 - 1.0 / 343.15)), rel=1e-6)
    assert acid[0] == pytest.approx(table["acid_vapour"] * 0.25, rel=0.03)
    assert acid[2] / acid[0] == pytest.approx(4.0, rel=0.01)


def test_the_mill_s_casing_warms_with_its_power_and_nitrogen_cools_it(make_bench: MakeBench) -> None:
    """It loses to the hall what stands 17 K above it at idle, and to nitrogen 1300 J/m3/K."""
    bench = idle(make_bench, "ML-121")
    table, state = bench.tables["ML-121"], bench.state("ML-121")
    state[: bench.nc] = 0.0
    state[bench.nc + 2] = 293.15
    for valve in (0.0, 1.0):
        bench.core.drive[table["nitrogen"]] = valve
        loss = 450.0 / 17.0 + 1300.0 * valve * table["purge"]
        rest, start = 293.15 + 450.0 / loss, float(state[bench.nc + 2])
        bench.tick("ML-121", 1.0, 1200)
        lag = table["warmth"] / loss
        assert state[bench.nc + 2] == pytest.approx(rest + (start - rest) * math.exp(-1200.0 / lag), abs=1e-2)


@pytest.mark.parametrize("device", ["RV-131", "XV-131"])
def test_nothing_leaves_the_mill_past_a_shut_gate_or_a_standing_airlock(device: str, make_bench: MakeBench) -> None:
    bench = idle(make_bench, "ML-121")
    bench.state("ML-121")[bench.index["Fe0"]] = 2.0
    bench.opening(device, 0.0)
    assert np.abs(bench.tick("ML-121", 0.1, 100)).max() == 0.0
    assert bench.get("ML-121", "Fe0") == pytest.approx(2.0, rel=1e-12)
    bench.opening(device, 1.0)
    bench.tick("ML-121", 0.1, 100)
    left = 2.0 * math.exp(-10.0 / bench.tables["ML-121"]["residence"])
    assert bench.get("ML-121", "Fe0") == pytest.approx(left, rel=1e-5)


def test_worn_bearings_shake_in_proportion_to_wear_and_load(make_bench: MakeBench) -> None:
    bench = make_bench("ML-121")
    bench.core.advance(10)
    table = bench.tables["ML-121"]
    power, shaken = (bench.probe("ML-121", name) for name in ("power", "vibration"))
    assert shaken == pytest.approx(0.0014 * power / table["idle_power"], rel=1e-12)
    bench.core.drive[table["motor"]] = 0.0
    bench.core.advance(10)
    assert bench.probe("ML-121", "vibration") == 0.0


def test_the_feeder_draws_on_its_hopper_and_the_gate_refills_it_from_the_bin(make_bench: MakeBench) -> None:
    """Nothing is lost between the two, and a full hopper dams back what falls."""
    bench = make_bench("FD-101")
    state = bench.state("FD-101")
    hopper = bench.nc + 1
    total = float(state[: bench.nc] @ bench.mass)
    assert state[hopper] == 25.0
    bench.opening("XV-102", 0.0)
    bench.opening("SC-101", 1.0)
    bench.core.advance(36000)
    fed = total - float(state[: bench.nc] @ bench.mass)
    assert fed == pytest.approx(25.0 - state[hopper], rel=1e-9)
    assert bench.probe("FD-101", "weight") == pytest.approx(total - 25.0, rel=1e-12)
    bench.opening("SC-101", 0.0)
    bench.opening("XV-102", 1.0)
    left = float(state[: bench.nc] @ bench.mass)
    bench.core.advance(3000)
    assert state[hopper] == pytest.approx(40.0, abs=1e-6)
    assert state[: bench.nc] @ bench.mass == pytest.approx(left, rel=1e-12)


def test_an_empty_hopper_feeds_nothing_though_the_bin_is_full(make_bench: MakeBench) -> None:
    bench = make_bench("FD-101")
    bench.state("FD-101")[bench.nc + 1] = 0.0
    bench.opening("XV-102", 0.0)
    bench.core.advance(10)
    assert bench.probe("FD-101", "rate") == pytest.approx(0.0, abs=1e-12)
    assert bench.probe("FD-101", "weight") > 300.0
