"""The filter press against Ruth's law, the closed forms of washing, blowing and discharging, and its balances."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from plantsim.model.plant import Plant
from tests.core.conftest import Bench

PRESS, PUMPED = "FP-301", "TK-304"
LITRE_H = 1e-3 / 3600.0


class Press:
    """A press on the bench, closed, its air shut, its cloth tight; scans of 1 s. Other units may stand beside it."""

    def __init__(self, plant: Plant, *others: str, **table: float) -> None:
        changes = {"bleed": 0.0, "passing": 0.0, **table}
        self.bench = Bench(plant, {**{unit: {} for unit in others}, PRESS: changes}, scan_period=1.0)
        self.bench.opening("XV-315", 0.0)
        self.iron = self.bench.mass[self.bench.index["FeOOH"]]

    def arrive(self, litres_h: float, kg_h: float = 0.0, wash: float = 0.0) -> None:
        """Slurry with FeOOH for its solids, and wash water, L/h."""
        mol = self.bench.liquor(litres_h / 3600.0, {"NaCl": 1.0})
        mol[self.bench.index["FeOOH"]] = kg_h / 3600.0 / self.iron
        self.bench.feed("303", mol)
        self.bench.feed("304", self.bench.liquor(wash / 3600.0, {}))

    def run(self, seconds: int) -> None:
        assert self.bench.core.advance(seconds) == seconds

    def get(self, probe: str) -> float:
        return self.bench.probe(PRESS, probe)

    def volume(self) -> float:
        """m3 of liquor in the chambers."""
        return float(self.bench.state(PRESS)[: self.bench.na] @ self.bench.volume[: self.bench.na])


@pytest.fixture
def press(belfast: Plant) -> Press:
    return Press(belfast)


def test_pressure_rises_in_a_straight_line_with_what_is_filtered(press: Press) -> None:
    """dp = mu q/A (alpha c V/A + R0) at constant flow, c kg of solids per m3."""
    press.arrive(105.0, 7.2)
    press.run(1800)
    seen = []
    for _ in range(3):
        press.run(1200)
        solids = press.get("solids")
        resistance = 6e12 * solids / 2.4 + 5e10
        assert press.get("pressure_drop") == pytest.approx(0.45e-3 * press.get("filtrate") / 2.4 * resistance, rel=1e-9)
        seen.append(press.get("pressure_drop"))
    assert seen[2] - seen[1] == pytest.approx(seen[1] - seen[0], rel=1e-6)
    assert press.get("solids") == pytest.approx(7.2 * 5400.0 / 3600.0, rel=1e-9)


def test_the_pump_s_pressure_bounds_the_flow_and_t_over_v_is_linear(belfast: Plant) -> None:
    """Ruth at constant pressure: dt/dV = mu (alpha c V/A + R0)/(A dp), so t/V is linear in V; behind 200 L/h."""
    press = Press(belfast, resistance=6e13, pump=6e5)
    takes = press.bench.nc + 6
    c, volume, points = 20.0, 0.0, []
    press.arrive(0.0)
    for second in range(1, 7201):
        press.run(1)
        flow = min(press.bench.state(PRESS)[takes], 200.0 * LITRE_H)
        press.arrive(flow / LITRE_H, flow * c * 3600.0)
        volume += flow
        if second in (3600, 5400, 7200):
            points.append((volume, second))
    assert flow < 100.0 * LITRE_H
    slope = 0.45e-3 * 6e13 * c / (2.0 * 2.4**2 * 6e5)
    clean = 0.45e-3 * 5e10 / (2.4 * 6e5)
    for (v0, t0), (v1, t1) in pairwise(points):
        assert t1 - t0 == pytest.approx(slope * (v1**2 - v0**2) + clean * (v1 - v0), rel=1e-3)


def test_the_tank_s_pump_gives_what_the_press_takes(belfast: Plant) -> None:
    """The pump stands at full speed, 200 L/h; a shut valve before the press stops it, a clean press does not."""
    press = Press(belfast, PUMPED)
    press.bench.fill(PUMPED, 150.0, {"NaCl": 1.0})
    for valve, flow in ((1.0, 200.0 * LITRE_H), (0.0, 0.0)):
        press.bench.opening("XV-311", valve)
        press.run(3)
        assert press.bench.arriving("303")[1] == pytest.approx(flow, rel=0.02, abs=1e-15)


def test_no_filtrate_before_the_chambers_are_full(press: Press) -> None:
    press.arrive(60.0)
    press.run(1799)
    assert press.get("filtrate") == 0.0
    press.run(60)
    assert press.get("filtrate") == pytest.approx(60.0 * LITRE_H, rel=1e-6)
    assert press.volume() == pytest.approx(0.030, rel=1e-9)


def test_washing_displaces_the_liquor_as_an_exponential(press: Press) -> None:
    """exp(-e N), N wash volumes over the liquor held."""
    press.arrive(105.0, 7.2)
    press.run(7200)
    sodium, held = press.bench.get(PRESS, "Na"), press.volume()
    press.arrive(0.0, wash=88.0)
    press.run(1800)
    n = 44e-3 / held
    assert press.bench.get(PRESS, "Na") == pytest.approx(sodium * math.exp(-0.95 * n), rel=2e-3)
    assert press.get("wash_ratio") == pytest.approx(n, rel=1e-3)


def test_air_drives_the_liquor_out_to_the_moisture_of_the_cake(press: Press) -> None:
    """In first order, to 50 % of the wet cake."""
    press.arrive(105.0, 7.2)
    press.run(7200)
    solids, held = press.get("solids"), press.volume()
    kept = solids / 1080.0
    press.arrive(0.0)
    press.bench.opening("XV-315", 1.0)
    press.run(240)
    assert press.volume() - kept == pytest.approx((held - kept) * math.exp(-1.0), rel=1e-9)
    press.run(7200)
    assert press.volume() == pytest.approx(kept, rel=1e-9)
    assert press.get("pressure_drop") == pytest.approx(4e5)


def test_an_open_press_lets_go_of_its_cake_evenly_and_blinds_its_cloth(press: Press) -> None:
    press.arrive(105.0, 7.2)
    press.run(3600)
    solids = press.get("solids")
    press.arrive(0.0)
    press.bench.opening("XV-316", 0.0)
    press.run(300)
    assert press.get("solids") == pytest.approx(solids * 2.0 / 3.0, rel=1e-9)
    assert press.get("discharges") == 0.0
    press.run(600)
    state = press.bench.state(PRESS)
    assert not state[: press.bench.nc].any()
    assert press.get("discharges") == 1.0
    assert state[press.bench.nc + 5] == pytest.approx(1e9)
    press.arrive(0.0, wash=60.0)
    press.run(3000)
    assert state[press.bench.nc + 5] == pytest.approx(1e9 * math.exp(-1.0), rel=1e-9)


def test_chambers_full_of_cake_take_no_more(press: Press) -> None:
    press.arrive(105.0, 24.0)
    press.run(3600)
    assert press.get("fullness") > 1.0
    assert press.bench.state(PRESS)[press.bench.nc + 6] == 0.0


def test_a_clean_cloth_bleeds_until_its_pores_are_bridged(belfast: Plant) -> None:
    """Turbidity in proportion to the solids that pass: c b exp(-v/v0), v m3 of filtrate on each m2."""
    press = Press(belfast, bleed=0.002, bridge=0.0015)
    press.arrive(100.0, 7.0)
    press.run(1000)
    assert press.get("turbidity") == 0.0, "no filtrate yet"
    press.run(70)
    v, first = press.get("filtered"), press.get("turbidity")
    assert 0.0 < v < 0.001
    press.run(100)
    again = press.get("turbidity")
    assert math.log(first / again) == pytest.approx((press.get("filtered") - v) / (2.4 * 0.0015), rel=1e-4)
    # 70 g/L of slurry, whose liquor has a little less room than its flow says
    assert first == pytest.approx(70e3 * 0.002 * math.exp(-v / (2.4 * 0.0015)), rel=0.02)
    press.arrive(0.0)
    press.run(60)
    assert press.get("turbidity") == pytest.approx(again), "an idle line reads as it did"


def test_the_divert_valve_sends_the_filtrate_back(belfast: Plant) -> None:
    press = Press(belfast)
    press.arrive(100.0, 7.0)
    press.run(1800)
    for on in (1.0, 0.25, 0.0):
        press.bench.opening("XV-318", on)
        press.run(2)
        forward, back = (press.bench.arriving(stream)[1] for stream in ("306", "310"))
        assert forward + back == pytest.approx(press.get("filtrate"), rel=1e-12)
        assert forward == pytest.approx(on * press.get("filtrate"), rel=1e-12)


def test_the_skip_takes_the_cake_and_a_full_one_goes_when_the_press_closes(belfast: Plant) -> None:
    press = Press(belfast, skip=4.0)
    weights = []
    for _ in range(3):
        press.arrive(100.0, 7.0)
        press.bench.opening("XV-316", 1.0)
        press.run(1500)
        weights.append(press.get("skip"))
        contents = press.get("weight")
        press.arrive(0.0)
        press.bench.opening("XV-316", 0.0)
        press.run(1000)
        weights.append(press.get("skip"))
    assert weights[1] == pytest.approx(contents, rel=0.01)
    assert weights[2] == 0.0, "it was full"
    assert press.get("unrinsed") == 3.0
    press.arrive(0.0, wash=88.0)
    press.run(5)
    assert press.get("unrinsed") == 0.0


def test_a_cycle_keeps_every_species(belfast: Plant) -> None:
    """What came is in the press or has left, each species to 1e-12."""
    press = Press(belfast, bleed=0.002)
    press.bench.opening("XV-318", 0.5)
    came = np.zeros(press.bench.nc)
    left = np.zeros(press.bench.nc)

    def go(seconds: int) -> None:
        nonlocal came, left
        came = came + seconds * press.bench.arrived(PRESS)
        for _ in range(seconds):
            press.run(1)
            left = left + sum(press.bench.arriving(stream)[2 : 2 + press.bench.nc] for stream in ("305", "306", "310"))

    for _ in range(2):
        press.arrive(105.0, 7.2)
        go(3600)
        press.arrive(0.0, wash=88.0)
        go(600)
        press.arrive(0.0)
        press.bench.opening("XV-315", 1.0)
        go(300)
        press.bench.opening("XV-315", 0.0)
        press.bench.opening("XV-316", 0.0)
        go(1000)
        press.bench.opening("XV-316", 1.0)
    held = press.bench.state(PRESS)[: press.bench.nc]
    assert np.max(np.abs(came - left - held) / np.maximum(came, 1e-9)) < 1e-12
