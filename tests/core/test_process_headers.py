"""Utility headers against closed forms: pressure at rest, heat balance, the fall of a receiver that nothing feeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsim.model.plant import Plant
from tests.core.conftest import Bench

if TYPE_CHECKING:
    from tests.core.conftest import Vector

MakeBench = Callable[..., "Bench"]
COLD, HOT, AIR, NITROGEN = "CW-826", "HW-827", "IA-829", "NI-828"
BAR, R_T = 1e5, 8.314462618 * 293.15
MOL_S = 44.615 / 3600.0
"""mol/s in a Nm3/h."""


def run(bench: Bench, unit: str, seconds: int) -> Vector:
    bench.tick(unit, 1.0, seconds)
    return bench.state(unit)


def rest(speed: float, part: float) -> float:
    """Pa at which cooling water stands: 3.6 bar shut off, 2 bar at the pump's flow."""
    return 3.6 * BAR * speed**2 / (1.0 + 0.8 * part**2)


@pytest.mark.parametrize(("speed", "opening"), [(1.0, 0.0), (1.0, 0.5), (1.0, 1.0), (0.6, 0.5), (0.0, 1.0)])
def test_water_stands_where_pump_and_consumers_meet(speed: float, opening: float, make_bench: MakeBench) -> None:
    """Three consumers of 1.2 m3/h on a pump for 4."""
    bench = make_bench(COLD)
    bench.opening("P-826", speed)
    for valve in ("TV-201A", "TV-306A", "TV-322"):
        bench.opening(valve, opening)
    assert run(bench, COLD, 120)[0] == pytest.approx(rest(speed, 0.9 * opening), rel=1e-6, abs=10.0)


def test_a_header_that_loses_its_pump_falls_with_its_lag(make_bench: MakeBench) -> None:
    bench = make_bench(COLD)
    bench.state(COLD)[0] = 3.0 * BAR
    bench.opening("P-826", 0.0)
    assert run(bench, COLD, 10)[0] == pytest.approx(3.0 * BAR * np.exp(-10.0 / 5.0), rel=0.02)


def test_a_jacket_gets_its_full_flow_down_to_the_stated_pressure(make_bench: MakeBench) -> None:
    bench = make_bench(COLD)
    for pressure, share in ((3.0, 1.0), (2.0, 1.0), (0.5, 0.5), (0.02, 0.1), (0.0, 0.0)):
        bench.state(COLD)[0] = pressure * BAR
        bench.core.refresh()
        assert bench.probe(COLD, "share") == pytest.approx(share, abs=1e-12)


def test_hot_water_heats_up_by_its_heater_and_loses_to_the_hall(make_bench: MakeBench) -> None:
    """12 kW on 200 L; at rest 12 kW/15 W/K above the hall were it not for boiling, 0.2 of it 160 K."""
    bench = make_bench(HOT)
    for valve in ("TV-201B", "TV-202", "TV-203", "TV-306B", "TV-307", "TV-505", "TV-525", "TV-545"):
        bench.opening(valve, 0.0)
    bench.opening("EH-827", 0.2)
    bench.state(HOT)[1] = 293.15
    capacity, loss = 0.2 * 4.18e6, 15.0
    expected = 293.15 + 2400.0 / loss * (1.0 - np.exp(-3600.0 * loss / capacity))
    assert run(bench, HOT, 3600)[1] == pytest.approx(expected, rel=1e-5)


def test_what_jackets_take_is_missing_in_the_water(make_bench: MakeBench) -> None:
    """R-202, 75 W/K, at 60 C: 2.1 kW of water at 88 C."""
    bench = make_bench(HOT)
    for valve in ("TV-201B", "TV-203", "TV-306B", "TV-307", "TV-505", "TV-525", "TV-545", "EH-827"):
        bench.opening(valve, 0.0)
    bench.core.probe[bench.layout.probes["R-202", "temperature"]] = 333.15
    bench.state(HOT)[1] = 361.15
    bench.opening("TV-202", 1.0)
    fall = 361.15 - run(bench, HOT, 10)[1]
    assert fall == pytest.approx(10.0 * (75.0 * 28.0 + 15.0 * 68.0) / (0.2 * 4.18e6), rel=1e-3)


def test_a_gas_main_stands_in_the_band_of_its_regulator(make_bench: MakeBench) -> None:
    """8 of 30 Nm3/h: the regulator is open by 8/30 of a band of 0.65 bar."""
    bench = make_bench(AIR)
    assert run(bench, AIR, 3600)[0] == pytest.approx((6.5 - 0.65 * 8.0 / 30.0) * BAR, rel=1e-6)


def test_a_receiver_that_nothing_feeds_falls_evenly_and_then_valves_fail(belfast: Plant) -> None:
    bench = Bench(belfast, {AIR: {"most": 0.0}})
    bench.state(AIR)[0] = 6.2 * BAR
    bench.core.refresh()
    assert bench.probe(AIR, "lost") == 0.0
    fall = 8.0 * MOL_S * R_T / 0.4
    assert run(bench, AIR, 420)[0] == pytest.approx(6.2 * BAR - 420.0 * fall, rel=1e-6)
    run(bench, AIR, 400)
    bench.core.refresh()
    assert bench.probe(AIR, "lost") == 1.0


@settings(max_examples=40, deadline=None)
@given(pressure=st.floats(0.0, 5.3), opening=st.floats(0.0, 1.0))
def test_nitrogen_never_leaves_the_range_between_nothing_and_its_set_point(
    belfast: Plant, pressure: float, opening: float
) -> None:
    bench = Bench(belfast, {NITROGEN: {}})
    bench.state(NITROGEN)[0] = pressure * BAR
    bench.opening("FV-122", opening)
    for _ in range(20):
        assert -1e-6 <= run(bench, NITROGEN, 30)[0] <= 5.3 * BAR + 1e-6
