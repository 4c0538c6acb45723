"""Every plant of the package: at rest where it starts, in spec, quiet, closed in every element."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from plantsim.engine.backtrack import DEPTH
from plantsim.engine.live import LivePlant
from plantsim.engine.settle import Steady
from plantsim.engine.simulate import Report, simulate
from plantsim.model.load import load_plant, plant_names
from plantsim.model.plant import Plant

AUTO = 1
HOUR_S = 3600.0


@pytest.fixture(scope="module", params=plant_names())
def plant(request: pytest.FixtureRequest) -> Plant:
    return load_plant(request.param)


@pytest.fixture(scope="module")
def hour(plant: Plant) -> Report:
    return simulate(plant, HOUR_S)


def test_it_starts_at_rest(plant: Plant) -> None:
    live = LivePlant(plant)
    problem = Steady(live.core, live.assembly)
    x = problem.get()
    assert problem.scaled(x, problem.rate(x)).max() < 1e-9


def test_an_hour_to_go_back_to_takes_less_than_100_mb(plant: Plant) -> None:
    assert (DEPTH + 1) * sum(array.nbytes for array in LivePlant(plant).arrays().values()) < 100e6


def test_every_reading_starts_within_what_is_called_normal(plant: Plant) -> None:
    live = LivePlant(plant)
    live.advance(1)
    for instrument in plant.instruments:
        if instrument.normal is not None:
            low, high = instrument.normal
            pv = float(live.core.signal[live.tags[f"{instrument.tag}.PV"].row])
            slack = 4.0 * (instrument.noise or 0.0)
            assert low - slack <= pv <= high + slack, instrument.tag


def test_every_section_has_a_reading_of_which_the_normal_is_known(plant: Plant) -> None:
    """An overview shows those. The product's are its purities."""
    area = {unit.id: unit.area for unit in plant.units}
    told = {area[instrument.unit] for instrument in plant.instruments if instrument.normal is not None}
    assert {one.id for one in plant.areas} - told == set()


def test_alarms_are_few_urgent_ones_and_each_says_what_to_do(plant: Plant) -> None:
    """ISA-18.2, 16.5.5: few are urgent. Each says what it may come from, what comes of it, what to do and how soon."""
    share = Counter(alarm.priority for alarm in plant.alarms if alarm.condition != "LOST")
    total = sum(share.values())
    assert share[1] <= 0.05 * total
    assert share[2] <= 0.15 * total
    assert share[3] >= 0.8 * total
    for alarm in plant.alarms:
        assert alarm.cause, alarm
        assert alarm.consequence, alarm
        assert alarm.response, alarm


@pytest.mark.parametrize(("name", "masters"), [("missouri", 6), ("viridion", 3)])
def test_purity_masters_are_in_service_and_ask_for_no_more_than_there_is(name: str, masters: int) -> None:
    live = LivePlant(load_plant(name))
    for master in (f"AIC-70{k}" for k in range(1, masters + 1)):
        assert live.core.signal[live.tags[f"{master}.MODE"].row] == AUTO
        assert live.core.signal[live.tags[f"{master}.OP"].row] == pytest.approx(0.0, abs=0.1)
        assert live.core.signal[live.tags[f"{master}.PV"].row] > live.core.signal[live.tags[f"{master}.SP"].row]


def test_an_hour_is_in_spec_without_an_alarm_and_closed(plant: Plant, hour: Report) -> None:
    made = {**hour.products, **hour.byproducts}
    for product in plant.products:
        assert product.spec_pct < made[product.name].purity_pct < 100.0
        # most of the rare earth of an ore is not on exchange sites, and stays
        assert (20.0 if product.graded_by == "mass" else 90.0) < made[product.name].recovery_pct < 100.0
    assert hour.off_spec_kg == 0.0
    assert hour.alarms == 0
    assert hour.balance_error < 1e-9


def test_the_commercial_plant_makes_what_is_published() -> None:
    """1,200 t/y of magnets in 7,500 h become some 400 t/y of oxide."""
    report = simulate(load_plant("belfast-commercial"), HOUR_S)
    assert report.throughput_kg_h * 7.5 == pytest.approx(1200.0, rel=0.01)
    oxide = sum(product.rate_kg_h for product in report.products.values())
    assert oxide * 7.5 == pytest.approx(400.0, rel=0.05)
    assert {name: product.purity_pct > 99.5 for name, product in report.products.items()} == {
        "NdPr": True,
        "Dy2O3": True,
        "Tb4O7": True,
    }


@pytest.mark.long
def test_a_week_of_changing_set_points_closes_in_every_element_and_in_charge(plant: Plant, scale: float) -> None:
    """A shift, a week at ``--scale 21``: every hour an operator turns ten set points by up to 5 % of their ranges."""
    hours = min(7 * 24, round(8 * scale))
    live = LivePlant(plant)
    points = [tag for tag in live.tags if tag.member == "SP" and tag.role is not None]
    chance = np.random.default_rng(1)
    before = {tag.name: float(live.core.signal[tag.row]) for tag in points}
    worst = 0.0
    for _ in range(hours):
        for tag in chance.choice(np.array(points, dtype=object), 10):
            moved = before[tag.name] + chance.uniform(-0.05, 0.05) * (tag.high - tag.low)
            live.core.signal[tag.row] = min(max(moved, tag.low), tag.high)
        live.advance(round(HOUR_S / live.scan_period))
        worst = max(worst, live.health.balance_error(), live.health.charge_error())
    print(f"\n{plant.name}: {hours} h close to {worst:.1e}")
    assert worst < 1e-9
