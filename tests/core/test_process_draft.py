"""The calciner's exhaust: draft of the hood, oxygen in what the fan takes, and the current of the tube's motor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plantsim.engine.live import LivePlant
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
KILN, FAN, TUBE = "KL-611", "K-620", "SC-619"
EXHAUST_MOL_S = 14.4 * 44.615 / 3600.0


@pytest.fixture
def kiln(make_bench: MakeBench, live: LivePlant) -> Bench:
    bench = make_bench(KILN)
    bench.from_steady(live)
    return bench


def probe(bench: Bench, name: str) -> float:
    return float(bench.core.probe[bench.layout.probes[KILN, name]])


def given_off(bench: Bench) -> tuple[float, float]:
    """mol/s of gas that the bed gives off, and of oxygen that it takes."""
    out = bench.tick(KILN, 0.1) / 0.1
    water, carbon_dioxide, oxygen = out[bench.nc : bench.nc + 3]
    return float(water + carbon_dioxide + oxygen), float(-oxygen)


@pytest.mark.parametrize("speed", [0.3, 0.5, 1.0])
def test_draft_is_that_of_an_orifice_for_the_air_that_comes_in(kiln: Bench, speed: float) -> None:
    kiln.opening(FAN, speed)
    given, _ = given_off(kiln)
    kiln.core.advance(1)
    air = speed - given / EXHAUST_MOL_S
    assert probe(kiln, "draft") == pytest.approx(-227.0 * air * air, rel=1e-3)


def test_oxygen_is_what_air_brings_and_burning_leaves(kiln: Bench) -> None:
    kiln.opening(FAN, 0.5)
    given, burnt = given_off(kiln)
    kiln.core.advance(1)
    taken = 0.5 * EXHAUST_MOL_S
    assert burnt > 0.0
    assert probe(kiln, "oxygen") == pytest.approx((0.2095 * (taken - given) - burnt) / taken, rel=1e-3)


def test_without_the_fan_the_hood_blows_out(kiln: Bench) -> None:
    kiln.opening(FAN, 0.0)
    kiln.core.advance(20)
    assert probe(kiln, "draft") > 0.0
    assert probe(kiln, "oxygen") == 0.0


def test_the_motor_draws_more_the_more_it_lifts_and_nothing_when_it_stands(kiln: Bench) -> None:
    kiln.core.advance(20)
    assert probe(kiln, "current") == pytest.approx(1.0 + 0.15 * probe(kiln, "hold_up"), rel=1e-9)
    kiln.opening(TUBE, 0.0)
    kiln.core.advance(20)
    assert probe(kiln, "current") == 0.0
