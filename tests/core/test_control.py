"""Controllers against closed forms, a plain twin, and what an operator expects of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.core.conftest import Rig

MAN, AUTO, CASCADE, EXTERNAL = 0, 1, 2, 3
RATIO, OVERRIDE = 1, 2
BAD = 0x80000000
UNCERTAIN = 0x40000000
LOCAL_OVERRIDE = 0x00960000


# PID


def step_error(make_rig: type[Rig], h: float) -> float:
    """Largest difference from y = 10 (1 - exp(-t K Kc/T)): a step of 10 %, PI control of K/(T s + 1), Ti = T."""
    rig = make_rig(scan_period=h)
    gain, process, lag = 2.5, 2.0, 50.0
    rig.loop("TIC", gain=gain, ti=lag, sp=10.0, op_lo=-1e9, op_hi=1e9)
    y, worst = 0.0, 0.0
    for k in range(round(60.0 / h)):
        worst = max(worst, abs(y - 10.0 * -math.expm1(-k * h * gain * process / lag)))
        rig["TIC.PV"] = y
        rig.scan()
        y = process * rig["TIC.OP"] + (y - process * rig["TIC.OP"]) * math.exp(-h / lag)
    return worst


def test_step_response_is_the_closed_form_to_first_order_in_the_scan_period(make_rig: type[Rig]) -> None:
    coarse, fine = step_error(make_rig, 0.1), step_error(make_rig, 0.01)
    assert coarse < 0.05
    assert 8.0 < coarse / fine < 12.0


def test_output_is_gain_times_error_in_percent_of_span_and_integral_repeats_it_in_ti(rig: Rig) -> None:
    rig.loop("TIC", gain=4.0, ti=20.0, sp=60.0, op=50.0, mode=MAN, lo=-100.0, hi=300.0)
    rig["TIC.PV"] = 60.0
    rig.scan()
    rig["TIC.MODE"] = AUTO
    rig.scan()
    rig["TIC.PV"] = 56.0  # 1 % of span low, reverse acting
    rig.scan()
    assert rig["TIC.OP"] == pytest.approx(50.0 + 4.0 * (1.0 + 0.1 / 20.0))
    rig.run(19.9)
    assert rig["TIC.OP"] == pytest.approx(50.0 + 4.0 * 2.0)


def test_a_direct_loop_opens_as_its_pv_rises(rig: Rig) -> None:
    rig.loop("LIC", action=1, gain=2.0, ti=0.0, sp=50.0, op=30.0, mode=MAN)
    rig["LIC.PV"] = 50.0
    rig.scan()
    rig["LIC.MODE"] = AUTO
    rig.scan()
    rig["LIC.PV"] = 55.0
    rig.scan()
    assert rig["LIC.OP"] == pytest.approx(40.0)
    rig.run(60.0)
    assert rig["LIC.OP"] == pytest.approx(40.0), "Ti = 0 is no integral action"


def test_derivative_acts_on_the_pv_and_not_on_the_set_point(rig: Rig) -> None:
    rig.loop("TIC", gain=2.0, ti=0.0, td=8.0, sp=50.0, op=50.0, mode=MAN)
    rig["TIC.PV"] = 50.0
    rig.reset()
    rig["TIC.MODE"] = AUTO
    rig.scan()
    rig["TIC.SP"] = 55.0
    rig.scan()
    assert rig["TIC.OP"] == pytest.approx(60.0)
    pv = 50.0
    for _ in range(200):  # a ramp of 0.1 %/s: derivative part K Td 0.1
        pv += 0.01
        rig["TIC.PV"] = pv
        rig.scan()
    assert rig["TIC.OP"] == pytest.approx(50.0 + 2.0 * (55.0 - pv) - 2.0 * 8.0 * 0.1, abs=1e-6)


def test_a_pv_step_is_never_amplified_by_more_than_nine_by_the_derivative(rig: Rig) -> None:
    rig.loop("TIC", gain=1.0, ti=0.0, td=1000.0, sp=50.0, op=50.0, mode=MAN)
    rig["TIC.PV"] = 50.0
    rig.reset()
    rig["TIC.MODE"] = AUTO
    rig.scan()
    rig["TIC.PV"] = 51.0
    rig.scan()
    assert rig["TIC.OP"] == pytest.approx(50.0 - 9.0, abs=0.01)


def test_gain_is_half_inside_the_gap_and_the_output_has_no_step_at_its_edge(rig: Rig) -> None:
    rig.loop("AIC", gain=10.0, ti=0.0, sp=3.0, op=50.0, mode=MAN, lo=0.0, hi=10.0, sp_hi=10.0, gap=0.1)
    rig["AIC.PV"] = 3.0
    rig.reset()
    rig["AIC.MODE"] = AUTO
    rig.scan()
    seen = {}
    for error in (0.0, 0.05, 0.1, 0.1000001, 0.2, -0.05, -0.2):
        rig["AIC.PV"] = 3.0 - error
        rig.scan()
        seen[error] = rig["AIC.OP"]
    assert seen[0.0] == pytest.approx(50.0)
    assert seen[0.05] == pytest.approx(52.5)
    assert seen[0.1] == pytest.approx(seen[0.1000001], abs=1e-4)
    assert seen[0.2] == pytest.approx(65.0)
    assert seen[-0.05] == pytest.approx(47.5)
    assert seen[-0.2] == pytest.approx(35.0)


def test_the_set_point_is_approached_by_its_ramp(rig: Rig) -> None:
    rig.loop("TIC", gain=1.0, ti=0.0, sp=20.0, op=50.0, mode=MAN, ramp=5.0 / 60.0)
    rig["TIC.PV"] = 20.0
    rig.reset()
    rig["TIC.MODE"] = AUTO
    rig["TIC.SP"] = 30.0
    rig.run(60.0)
    assert rig["TIC.OP"] == pytest.approx(55.0)
    assert rig["TIC.SP"] == 30.0
    rig.run(61.0)
    assert rig["TIC.OP"] == 60.0


def test_output_respects_its_limits_in_auto_and_the_operators_hand_in_manual(rig: Rig) -> None:
    rig.loop("AIC", gain=10.0, ti=1.0, sp=50.0, op=20.0, op_lo=15.0, op_hi=80.0)
    for pv, wanted in ((0.0, 80.0), (100.0, 15.0)):
        rig["AIC.PV"] = pv
        rig.run(10.0)
        assert rig["AIC.OP"] == wanted
    rig["AIC.MODE"] = MAN
    rig["AIC.OP"] = 5.0
    rig.scan()
    assert (rig["AIC.OP"], rig["AIC-V.CMD"]) == (5.0, 5.0)


def test_going_from_manual_to_automatic_is_bumpless_and_leaves_the_set_point(rig: Rig) -> None:
    rig.loop("TIC", gain=5.0, ti=30.0, td=5.0, sp=60.0, op=37.0, mode=MAN)
    rig["TIC.PV"] = 52.0
    rig.reset()
    rig.run(5.0)
    assert rig["TIC.OP"] == 37.0
    rig["TIC.MODE"] = AUTO
    rig.scan()
    assert rig["TIC.OP"] == 37.0
    rig.scan()
    assert rig["TIC.OP"] == pytest.approx(37.0 + 5.0 * 8.0 * 0.1 / 30.0)
    assert rig["TIC.SP"] == 60.0


def test_a_set_point_written_together_with_the_mode_makes_no_bump(rig: Rig) -> None:
    rig.loop("TIC", gain=4.0, ti=100.0, sp=60.0, op=50.0, mode=MAN)
    rig["TIC.PV"] = 60.0
    rig.scan()
    rig["TIC.MODE"], rig["TIC.SP"] = AUTO, 70.0
    rig.scan()
    assert rig["TIC.OP"] == 50.0
    rig.scan()
    assert rig["TIC.OP"] == pytest.approx(50.0 + 4.0 * 10.0 * 0.1 / 100.0)


@pytest.mark.parametrize("lag", [0.0, 30.0])
def test_what_is_fed_forward_moves_the_output_behind_its_lag_and_takes_over_without_a_bump(
    rig: Rig, lag: float
) -> None:
    rig.loop("AIC", gain=0.0, ti=100.0, op=40.0, mode=MAN, ahead=rig.row("FIC.PV"), ahead_gain=2.0, ahead_lag=lag)
    rig["FIC.PV"] = 7.0
    rig.scan()
    rig.run(600.0)
    rig["AIC.MODE"] = AUTO
    rig.scan(2)
    assert rig["AIC.OP"] == pytest.approx(40.0)
    rig["FIC.PV"] = 12.0
    rig.scan()
    assert rig["AIC.OP"] == pytest.approx(40.0 + 10.0 * 0.1 / (lag + 0.1))
    rig.run(30.0)
    assert rig["AIC.OP"] == pytest.approx(50.0 - (10.0 * math.exp(-1.0) if lag else 0.0), rel=5e-3)
    rig.set_quality("FIC.PV", BAD)
    rig["FIC.PV"] = 0.0
    before = rig["AIC.OP"]
    rig.run(60.0)
    assert rig["AIC.OP"] == before, "Bad, it stands"


def test_going_to_manual_holds_the_output(rig: Rig) -> None:
    rig.loop("TIC", gain=5.0, ti=30.0, sp=60.0)
    rig["TIC.PV"] = 59.0
    rig.run(5.0)
    held = rig["TIC.OP"]
    rig["TIC.MODE"] = MAN
    rig["TIC.PV"] = 20.0
    rig.run(5.0)
    assert rig["TIC.OP"] == held


@pytest.mark.parametrize("pv", [math.nan, 55.0])
def test_a_bad_pv_holds_the_output_and_control_resumes_without_a_bump(rig: Rig, pv: float) -> None:
    rig.loop("TIC", gain=5.0, ti=30.0, sp=60.0)
    rig["TIC.PV"] = 58.0
    rig.run(1.0)
    held = rig["TIC.OP"]
    rig.set_quality("TIC.PV", BAD)
    rig["TIC.PV"] = pv
    rig.run(60.0)
    assert rig["TIC.OP"] == held
    rig.set_quality("TIC.PV", UNCERTAIN)
    rig["TIC.PV"] = 50.0
    rig.scan()
    assert rig["TIC.OP"] == held
    rig.scan()
    assert rig["TIC.OP"] == pytest.approx(held + 5.0 * 10.0 * 0.1 / 30.0)


def test_a_saturated_loop_leaves_its_limit_as_soon_as_the_error_turns(rig: Rig) -> None:
    rig.loop("FIC", gain=0.5, ti=5.0, sp=80.0)
    rig["FIC.PV"] = 20.0
    rig.run(3600.0)
    assert rig["FIC.OP"] == 100.0
    rig["FIC.PV"] = 81.0
    rig.scan()
    assert rig["FIC.OP"] < 100.0


@pytest.mark.parametrize(("op", "sign", "left"), [(100.0, 1.0, 4.0), (0.0, -1.0, 96.0)])
def test_an_error_long_past_does_not_hold_a_loop_at_the_other_limit(
    rig: Rig, op: float, sign: float, left: float
) -> None:
    """A large error at one limit leaves an integral far beyond the other; some Ti at that other one and it is gone."""
    rig.loop("AIC", gain=4.0, ti=5.0, sp=50.0, op=op, mode=MAN)
    rig["AIC.PV"] = 50.0 - 40.0 * sign
    rig.scan()
    rig["AIC.MODE"] = AUTO
    rig.scan()
    rig["AIC.PV"] = 50.0 + sign
    rig.run(60.0)
    assert rig["AIC.OP"] == 100.0 - op
    rig["AIC.PV"] = 50.0 - sign
    rig.scan()
    assert rig["AIC.OP"] == pytest.approx(left, abs=0.2)


def recovery(rig: Rig, seconds: float) -> list[float]:
    """PV of a lag of 20 s whose valve was stuck shut for a while."""
    y, record = 0.0, []
    for k in range(round((seconds + 200.0) / 0.1)):
        rig["FIC.PV"] = y
        rig.scan()
        u = 0.0 if k * 0.1 < seconds else rig["FIC.OP"]
        y += (u - y) * -math.expm1(-0.1 / 20.0)
        record.append(y)
    return record[-2000:]


def test_recovery_from_saturation_does_not_depend_on_how_long_it_lasted(make_rig: type[Rig]) -> None:
    records = []
    for seconds in (200.0, 2000.0):
        rig = make_rig()
        rig.loop("FIC", gain=2.0, ti=20.0, sp=60.0)
        records.append(recovery(rig, seconds))
    assert np.allclose(records[0], records[1], atol=1e-9)
    assert max(records[0]) < 60.0 * 1.35
    assert records[0][-1] == pytest.approx(60.0, abs=0.5)


def test_external_follows_the_racks_command_and_hands_back_without_a_bump(rig: Rig) -> None:
    rig.loop("FIC", gain=2.0, ti=20.0, sp=60.0, op=30.0, mode=EXTERNAL)
    rig["FIC.PV"] = 50.0
    rig["FIC-V.CMD"] = 72.0
    rig.scan()
    assert (rig["FIC.OP"], rig["FIC-V.CMD"]) == (72.0, 72.0)
    rig["FIC.MODE"] = AUTO
    rig.scan()
    assert rig["FIC.OP"] == 72.0
    rig.scan()
    assert rig["FIC.OP"] == pytest.approx(72.0 + 2.0 * 10.0 * 0.1 / 20.0)


# Several outputs


def split_range(rig: Rig, **changes: Any) -> None:
    out = [
        rig.output("TV-A.CMD", op0=0.0, op1=45.0, y0=100.0, y1=0.0),
        rig.output("TV-B.CMD", op0=55.0, op1=100.0, y0=0.0, y1=100.0),
    ]
    rig.loop("TIC", out=out, mode=MAN, **changes)


@pytest.mark.parametrize(
    ("op", "cooling", "heating"),
    [(0.0, 100.0, 0.0), (22.5, 50.0, 0.0), (45.0, 0.0, 0.0), (50.0, 0.0, 0.0), (77.5, 0.0, 50.0), (100.0, 0.0, 100.0)],
)
def test_split_range_cools_below_and_heats_above_its_dead_zone(
    rig: Rig, op: float, cooling: float, heating: float
) -> None:
    split_range(rig)
    rig["TIC.OP"] = op
    rig.scan()
    assert (rig["TV-A.CMD"], rig["TV-B.CMD"]) == pytest.approx((cooling, heating))


@given(op=st.floats(0.0, 100.0), before=st.floats(0.0, 100.0))
@settings(derandomize=True, deadline=None)
def test_working_back_through_a_split_range_finds_the_output_again(
    make_rig: type[Rig], op: float, before: float
) -> None:
    rig = make_rig()
    split_range(rig)
    rig["TIC.OP"] = op
    rig.scan()
    valves = rig["TV-A.CMD"], rig["TV-B.CMD"]
    rig["TIC.MODE"] = EXTERNAL
    rig["TIC.OP"] = before
    rig.scan()
    if not 45.0 <= op <= 55.0:
        assert rig["TIC.OP"] == pytest.approx(op, abs=1e-9)
    rig["TIC.MODE"] = MAN
    rig.scan()
    assert (rig["TV-A.CMD"], rig["TV-B.CMD"]) == pytest.approx(valves, abs=1e-9)


def dosing(rig: Rig, *drives: str) -> None:
    """AIC by the speed of a pump, and of the one beside it, at rest at 40 %."""
    rig.loop("AIC", gain=2.0, ti=100.0, sp=50.0, op=40.0, out=[rig.output("P-A.SPEED_CMD", drives=drives)])
    rig["AIC.PV"] = 50.0
    rig["P-A.CMD"] = 1.0
    rig.reset()


@pytest.mark.parametrize(("member", "stands"), [("CMD", 0.0), ("TRIP", 1.0)])
def test_while_its_drive_stands_the_integral_does_too(rig: Rig, member: str, stands: float) -> None:
    """It answers the error of the moment, and goes on from there when the drive runs."""
    dosing(rig, "P-A")
    rig[f"P-A.{member}"] = stands
    rig["AIC.PV"] = 45.0
    rig.run(3600.0)
    assert rig["AIC.OP"] == pytest.approx(50.0)
    rig["AIC.PV"] = 52.0
    rig.scan()
    assert rig["AIC.OP"] == pytest.approx(36.0)
    rig["AIC.PV"] = 45.0
    rig[f"P-A.{member}"] = 1.0 - stands
    rig.run(100.0)
    assert rig["AIC.OP"] == pytest.approx(60.0, abs=0.1)


def test_a_standby_that_runs_is_a_drive_that_runs(rig: Rig) -> None:
    dosing(rig, "P-A", "P-B")
    rig["P-A.TRIP"] = rig["P-B.CMD"] = 1.0
    rig["AIC.PV"] = 45.0
    rig.run(100.0)
    assert rig["AIC.OP"] == pytest.approx(60.0, abs=0.1)
    rig["P-B.CMD"] = 0.0
    rig.run(3600.0)
    assert rig["AIC.OP"] == pytest.approx(60.0, abs=0.1)


def test_the_masters_of_a_loop_whose_drive_stands_do_not_wind_up(rig: Rig) -> None:
    rig.loop("LIC", gain=2.0, ti=100.0, sp=50.0, op=40.0, out=[rig.output("FIC.SP", y1=25.0)])
    out = rig.output("P-A.SPEED_CMD", drives=("P-A",))
    rig.loop("FIC", gain=0.5, ti=5.0, hi=25.0, sp=10.0, sp_hi=25.0, mode=CASCADE, op=30.0, out=[out])
    rig["LIC.PV"] = 50.0
    rig["FIC.PV"] = 0.0
    rig.reset()
    rig.scan()
    rig["LIC.PV"] = 45.0
    rig.run(3600.0)
    assert rig["FIC.SP"] == pytest.approx(12.5, abs=0.01), "the level's error of the moment"
    assert rig["FIC.OP"] == pytest.approx(30.0 + 0.5 * 10.0, abs=0.1)


# Cascade


def cascade(rig: Rig, slave_mode: int) -> None:
    """LIC over FIC: 0-100 % is 0-25 L/h."""
    rig.loop("LIC", gain=2.0, ti=100.0, sp=50.0, op=40.0, out=[rig.output("FIC.SP", y1=25.0)])
    rig.loop("FIC", gain=0.5, ti=5.0, hi=25.0, sp=12.0, sp_hi=25.0, mode=slave_mode, op=30.0)
    rig["LIC.PV"] = 50.0
    rig["FIC.PV"] = 12.0
    rig.reset()


def test_a_master_writes_the_set_point_of_a_slave_in_cascade(rig: Rig) -> None:
    cascade(rig, CASCADE)
    rig.scan()
    assert (rig["LIC.OP"], rig["FIC.SP"]) == pytest.approx((40.0, 10.0))


@pytest.mark.parametrize("mode", [MAN, AUTO, EXTERNAL])
def test_a_master_tracks_a_slave_that_is_out_of_cascade_and_takes_over_without_a_bump(rig: Rig, mode: int) -> None:
    cascade(rig, mode)
    rig["LIC.PV"] = 45.0
    rig.run(600.0)
    assert rig["LIC.OP"] == pytest.approx(48.0)
    assert rig["FIC.SP"] == 12.0
    rig["FIC.MODE"] = CASCADE
    rig.scan()
    assert rig["FIC.SP"] == pytest.approx(12.0, abs=0.01)
    rig.run(10.0)
    assert rig["FIC.SP"] > 12.0


def test_opening_the_chain_at_its_end_stops_every_master_above_from_winding_up(rig: Rig) -> None:
    rig.loop("AIC", gain=1.0, ti=100.0, sp=50.0, op=50.0, out=[rig.output("FFIC.SP", y0=1.0, y1=3.0)])
    rig.loop("FFIC", RATIO, mode=CASCADE, sp=2.0, wild=["WI.PV"], out=[rig.output("FIC.SP", y1=100.0)], lo=0.0, hi=5.0)
    rig.loop("FIC", sp=40.0, mode=CASCADE)
    rig["WI.PV"] = 20.0
    rig["AIC.PV"] = 50.0
    rig.reset()
    rig.run(1.0)
    assert (rig["FFIC.SP"], rig["FIC.SP"]) == pytest.approx((2.0, 40.0))
    rig["FIC.MODE"] = AUTO
    rig.scan()
    rig["AIC.PV"] = 10.0
    rig.run(3600.0)
    assert rig["AIC.OP"] == pytest.approx(50.0)
    assert rig["FIC.SP"] == pytest.approx(40.0)
    rig["FIC.MODE"] = CASCADE
    rig.run(100.0)
    assert rig["AIC.OP"] > 80.0


def test_a_master_with_one_slave_left_goes_on_controlling(rig: Rig) -> None:
    rig.loop("LIC", gain=2.0, ti=0.0, sp=50.0, out=[rig.output("FIC-A.SP"), rig.output("FIC-B.SP")], op=40.0, mode=MAN)
    rig.loop("FIC-A", mode=AUTO, sp=7.0)
    rig.loop("FIC-B", mode=CASCADE, sp=7.0)
    rig["LIC.PV"] = 50.0
    rig.reset()
    rig["LIC.MODE"] = AUTO
    rig.scan()
    rig["LIC.PV"] = 45.0
    rig.scan()
    assert (rig["FIC-A.SP"], rig["FIC-B.SP"]) == pytest.approx((7.0, 50.0))


# Ratio


def ratio(rig: Rig, slave_mode: int = CASCADE, **changes: Any) -> None:
    """FFIC: FIC in L/h per kg/h of WI-A + WI-B."""
    out = [rig.output("FIC.SP", y1=40.0)]
    rig.loop("FFIC", RATIO, wild=["WI-A.PV", "WI-B.PV"], out=out, sp=3.0, hi=10.0, slave_pv="FIC.PV", **changes)
    rig.loop("FIC", hi=40.0, sp=5.0, sp_hi=40.0, mode=slave_mode)
    rig["WI-A.PV"], rig["WI-B.PV"] = 1.5, 2.5


def test_the_slaves_set_point_is_ratio_times_wild_flow(rig: Rig) -> None:
    ratio(rig, factor=0.5)
    rig["FIC.PV"] = 7.0
    rig.scan()
    assert rig["FIC.SP"] == 3.0 * 0.5 * 4.0
    assert rig["FFIC.PV"] == 3.5
    assert rig["FFIC.OP"] == pytest.approx(15.0)


def test_the_slaves_set_point_stays_in_its_range(rig: Rig) -> None:
    ratio(rig)
    rig["WI-A.PV"] = 1000.0
    rig.scan()
    assert (rig["FIC.SP"], rig["FFIC.OP"]) == (40.0, 100.0)


def test_the_wild_flow_is_filtered(rig: Rig) -> None:
    ratio(rig, filter=120.0)
    rig.reset()
    rig["WI-A.PV"] = 3.5
    rig.run(120.0)
    assert rig["FIC.SP"] == pytest.approx(3.0 * (6.0 - 2.0 * math.exp(-1.0)), rel=1e-3)


def test_in_manual_the_operators_output_sets_the_slave(rig: Rig) -> None:
    ratio(rig, mode=MAN)
    rig["FFIC.OP"] = 25.0
    rig.scan()
    assert rig["FIC.SP"] == 10.0


def test_a_ratio_whose_slave_is_out_of_cascade_shows_what_the_slave_is_set_to(rig: Rig) -> None:
    ratio(rig, AUTO)
    rig.scan()
    assert (rig["FFIC.OP"], rig["FIC.SP"], rig["FFIC.SP"]) == (12.5, 5.0, 3.0)


@pytest.mark.parametrize("taken", ["ratio", "slave"])
def test_a_ratio_taken_over_starts_from_what_is_there_and_goes_to_its_set_point_within_the_balance_time(
    rig: Rig, taken: str
) -> None:
    ratio(rig, balance=60.0)
    rig.scan(2)
    rig["FFIC.MODE" if taken == "ratio" else "FIC.MODE"] = MAN if taken == "ratio" else AUTO
    rig["FFIC.OP" if taken == "ratio" else "FIC.SP"] = 20.0
    rig.scan()
    there = rig["FIC.SP"]
    rig["FFIC.MODE"], rig["FIC.MODE"] = AUTO, CASCADE
    rig.scan()
    assert rig["FIC.SP"] == pytest.approx(there, abs=0.04)
    rig.run(60.0)
    assert rig["FIC.SP"] == pytest.approx(12.0 + (there - 12.0) * math.exp(-1.0), rel=2e-3)
    rig["WI-A.PV"], rig["WI-B.PV"] = 1.0, 1.0
    rig.scan()
    assert rig["FIC.SP"] == pytest.approx(0.5 * (12.0 + (there - 12.0) * math.exp(-1.0)), rel=1e-2), (
        "it is a ratio still"
    )
    rig["WI-A.PV"], rig["WI-B.PV"] = 1.5, 2.5
    rig.run(1200.0)
    assert rig["FIC.SP"] == 12.0


@pytest.mark.parametrize("slave", ["in Man", "held by an interlock"])
def test_a_slave_that_nobody_else_sets_gets_the_whole_ratio_at_once(rig: Rig, slave: str) -> None:
    """A set point that stood in Man means nothing, and none may pour on what an interlock has stopped pouring."""
    ratio(rig, balance=60.0)
    rig.scan(2)
    if slave == "in Man":
        rig["FIC.MODE"] = MAN
    else:
        rig.set_quality("FIC-V.CMD", LOCAL_OVERRIDE)
    rig.scan(5)
    rig["WI-A.PV"] = 0.5
    rig["FIC.MODE"] = CASCADE
    rig.set_quality("FIC-V.CMD", 0)
    rig.scan(2)
    assert rig["FIC.SP"] == pytest.approx(9.0)


def test_a_bad_wild_flow_holds_the_last_one(rig: Rig) -> None:
    ratio(rig)
    rig.scan()
    rig.set_quality("WI-B.PV", BAD)
    rig["WI-B.PV"] = 0.0
    rig.scan()
    assert rig["FIC.SP"] == 12.0
    assert rig.quality("FFIC.PV") == BAD


def test_a_ratio_to_nothing_is_uncertain_and_finite(rig: Rig) -> None:
    ratio(rig)
    rig["FIC.PV"] = 8.0
    rig.scan()
    rig["WI-A.PV"] = rig["WI-B.PV"] = 0.0
    rig.scan()
    assert (rig["FFIC.PV"], rig.quality("FFIC.PV"), rig["FIC.SP"]) == (2.0, UNCERTAIN, 0.0)


# Override


def throughput(rig: Rig, **changes: Any) -> None:
    """WIC-100 over WIC-101, 0-6 kg/h, held back by a gas reading above 10 % and by a cooling valve above 85 %."""
    rig.loop(
        "WIC-100",
        OVERRIDE,
        out=[rig.output("WIC-101.SP", y1=6.0)],
        constraints=[
            rig.constraint("AIC.PV", limit=10.0, gain=0.5, ti=8.0, span=60.0),
            rig.constraint("TIC.OP", limit=85.0, gain=1.0, ti=60.0),
        ],
        sp=4.3,
        hi=6.0,
        sp_hi=6.0,
        **changes,
    )
    rig.loop("WIC-101", hi=10.0, sp=4.3, sp_hi=10.0, mode=CASCADE)
    rig["AIC.PV"], rig["TIC.OP"] = 7.6, 40.0
    rig["WIC-100.OP"] = 4.3 / 6.0 * 100.0
    rig.reset()


def test_far_from_every_constraint_the_set_point_passes_exactly(rig: Rig) -> None:
    throughput(rig)
    rig.run(60.0)
    assert (rig["WIC-101.SP"], rig["WIC-100.Limit"]) == (4.3, 0.0)
    assert rig["WIC-100.OP"] == pytest.approx(4.3 / 6.0 * 100.0)


def test_the_tightest_constraint_is_in_force_and_named(rig: Rig) -> None:
    throughput(rig)
    rig["AIC.PV"] = 12.0
    rig.run(10.0)
    assert rig["WIC-100.Limit"] == 1.0
    first = rig["WIC-101.SP"]
    assert first < 4.2
    rig["AIC.PV"] = 7.6
    rig["TIC.OP"] = 99.0
    rig.run(10.0)
    assert rig["WIC-100.Limit"] == 2.0
    assert rig["WIC-101.SP"] < first
    rig["TIC.OP"] = 40.0
    rig.run(300.0)
    assert (rig["WIC-101.SP"], rig["WIC-100.Limit"]) == (4.3, 0.0)


def closed_over(rig: Rig, seconds: float, gas_per_kg: Callable[[float], float]) -> tuple[float, float]:
    """Final feed and gas reading, the gas following the feed with a lag of 8 s."""
    gas = rig["AIC.PV"]
    for k in range(round(seconds / 0.1)):
        rig["AIC.PV"] = gas
        rig.scan()
        gas += (gas_per_kg(k * 0.1) * rig["WIC-101.SP"] - gas) * -math.expm1(-0.1 / 8.0)
    return rig["WIC-101.SP"], gas


def test_a_constraint_holds_its_pv_at_the_limit_and_releases_without_windup(rig: Rig) -> None:
    throughput(rig)
    feed, gas = closed_over(rig, 3000.0, lambda t: 3.0)
    assert (feed, gas) == pytest.approx((10.0 / 3.0, 10.0), rel=1e-3)
    assert rig["WIC-100.Limit"] == 1.0
    feed, _ = closed_over(rig, 100.0, lambda t: 1.5)
    assert feed == 4.3


def test_a_low_constraint_acts_below_its_limit(rig: Rig) -> None:
    rig.loop(
        "WIC-100",
        OVERRIDE,
        out=[rig.output("WIC-101.SP", y1=6.0)],
        constraints=[rig.constraint("LIC.PV", limit=20.0, gain=1.0, ti=60.0, direct=0)],
        sp=4.0,
        sp_hi=6.0,
    )
    rig.loop("WIC-101", mode=CASCADE)
    rig["LIC.PV"] = 50.0
    rig["WIC-100.OP"] = 4.0 / 6.0 * 100.0
    rig.reset()
    rig.scan()
    assert rig["WIC-101.SP"] == 4.0
    rig["LIC.PV"] = 10.0
    rig.scan()
    assert (rig["WIC-101.SP"], rig["WIC-100.Limit"]) == pytest.approx((3.4, 1.0))


def test_throughput_is_ramped_up_and_down(rig: Rig) -> None:
    throughput(rig, ramp=0.5 / 60.0)
    rig["WIC-100.SP"] = 5.0
    rig.run(60.0)
    assert rig["WIC-101.SP"] == pytest.approx(4.8)
    rig["WIC-100.SP"] = 4.0
    rig.run(60.0)
    assert rig["WIC-101.SP"] == pytest.approx(4.3)
    rig.run(40.0)
    assert rig["WIC-101.SP"] == 4.0


def test_after_manual_the_ramp_starts_from_where_the_feed_is(rig: Rig) -> None:
    throughput(rig, ramp=0.5 / 60.0)
    rig["WIC-100.MODE"] = MAN
    rig["WIC-100.OP"] = 50.0
    rig.run(10.0)
    assert rig["WIC-101.SP"] == 3.0
    rig["WIC-100.MODE"] = AUTO
    rig.run(60.0)
    assert rig["WIC-101.SP"] == pytest.approx(3.5)


def test_a_blind_constraint_lets_the_feed_fall_but_not_rise(rig: Rig) -> None:
    throughput(rig)
    rig.set_quality("AIC.PV", BAD)
    rig["WIC-100.SP"] = 5.0
    rig.run(10.0)
    assert (rig["WIC-101.SP"], rig["WIC-100.Limit"]) == (4.3, 1.0)
    rig["WIC-100.SP"] = 4.0
    rig.run(10.0)
    assert (rig["WIC-101.SP"], rig["WIC-100.Limit"]) == (4.0, 0.0)


# A plain twin


def twin(pv: list[float], sp: list[float], gain: float, ti: float, td: float, h: float, integral: float) -> list[float]:
    """Positional PID in percent, reverse acting, as one would write it on paper."""
    filtered, out = pv[0], []
    for x, s in zip(pv, sp, strict=True):
        error = s - x
        derivative = td * (x - filtered) / (td / 8 + h) if td else 0.0
        filtered = filtered + (x - filtered) * h / (td / 8 + h) if td else x
        u = gain * (error - derivative) + integral
        if u >= 100.0 and error > 0.0:
            integral += min(100.0 - integral, 0.0) * h / (ti + h)
        elif u <= 0.0 and error < 0.0:
            integral += max(-integral, 0.0) * h / (ti + h)
        else:
            integral += gain * h / ti * error
            u = gain * (error - derivative) + integral
        out.append(min(max(u, 0.0), 100.0))
    return out


PERCENT = st.floats(0.0, 100.0)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    points=st.lists(st.tuples(PERCENT, PERCENT), min_size=2, max_size=80),
    gain=st.floats(0.1, 10.0),
    ti=st.floats(1.0, 1e4),
    td=st.just(0.0) | st.floats(0.1, 100.0),
    op=PERCENT,
)
def test_pid_agrees_with_its_twin(
    make_rig: type[Rig], points: list[tuple[float, float]], gain: float, ti: float, td: float, op: float
) -> None:
    pv, sp = [p[0] for p in points], [p[1] for p in points]
    rig = make_rig()
    rig.loop("TIC", gain=gain, ti=ti, td=td, sp=sp[0], op=op)
    rig["TIC.PV"] = pv[0]
    rig.reset()
    out = []
    for x, s in points:
        rig["TIC.PV"], rig["TIC.SP"] = x, s
        rig.scan()
        out.append(rig["TIC.OP"])
    assert out == pytest.approx(twin(pv, sp, gain, ti, td, 0.1, op - gain * (sp[0] - pv[0])), abs=1e-8)


# Promises for any input


ANY = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])
SCAN = st.tuples(ANY, ANY, PERCENT, PERCENT, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.booleans())


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    scans=st.lists(SCAN, min_size=1, max_size=30),
    gain=st.floats(0.0, 100.0),
    ti=st.just(0.0) | st.floats(0.1, 1e5),
    td=st.just(0.0) | st.floats(0.1, 1e4),
    gap=st.just(0.0) | st.floats(0.0, 20.0),
    ramp=st.just(0.0) | st.floats(0.0, 5.0),
)
def test_outputs_stay_in_range_and_memory_finite_whatever_comes(
    make_rig: type[Rig], scans: list[tuple[float, ...]], gain: float, ti: float, td: float, gap: float, ramp: float
) -> None:
    rig = make_rig()
    rig.loop(
        "WIC-100",
        OVERRIDE,
        out=[rig.output("AIC.SP", y0=20.0, y1=60.0)],
        constraints=[rig.constraint("GAS.PV", limit=10.0, gain=gain, ti=8.0)],
        ramp=ramp,
    )
    rig.loop("AIC", gain=gain, ti=ti, td=td, out=[rig.output("FFIC.SP", y1=5.0)], gap=gap, ramp=ramp, mode=CASCADE)
    rig.loop("FFIC", RATIO, wild=["AIC.PV"], out=[rig.output("FIC.SP")], filter=td, slave_pv="GAS.PV", sp_hi=5.0)
    rig.loop("FIC", gain=gain, ti=ti, td=td, action=1, mode=CASCADE)
    for pv, gas, sp, op, first, second, third, bad in scans:
        rig["AIC.PV"], rig["GAS.PV"] = pv, gas
        rig["FIC.PV"] = pv
        rig["WIC-100.SP"] = sp
        rig["WIC-100.OP"] = op
        rig["WIC-100.MODE"], rig["AIC.MODE"], rig["FFIC.MODE"] = first, second, third
        rig.set_quality("AIC.PV", BAD if bad else 0)
        rig.scan()
        for loop in ("WIC-100", "AIC", "FFIC", "FIC"):
            assert 0.0 <= rig[f"{loop}.OP"] <= 100.0
        assert 0.0 <= rig["FIC.SP"] <= 100.0
        assert 0.0 <= rig["FIC-V.CMD"] <= 100.0
    assert np.isfinite(np.asarray(rig.layers.mem)).all()


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    pv=PERCENT,
    op=PERCENT,
    gain=st.floats(0.1, 20.0),
    ti=st.floats(0.5, 3e4),
    td=st.just(0.0) | st.floats(1.0, 100.0),
    wild=st.floats(0.01, 10.0),
    mode=st.sampled_from([MAN, AUTO]),
    ramp=st.sampled_from([0.0, 0.01]),
)
def test_at_rest_on_the_set_point_everything_stays_bitwise_as_it_is(
    make_rig: type[Rig],
    pv: float,
    op: float,
    gain: float,
    ti: float,
    td: float,
    wild: float,
    mode: int,
    ramp: float,
) -> None:
    rig = make_rig()
    rig.loop(
        "WIC-100",
        OVERRIDE,
        out=[rig.output("WIC-101.SP", y1=6.0)],
        constraints=[rig.constraint("TIC.PV", limit=110.0, gain=1.0, ti=60.0)],
        sp=4.3,
        ramp=ramp,
        op=4.3 / 6.0 * 100.0,
    )
    rig.loop("WIC-101", gain=gain, ti=ti, sp=4.3, op=op, mode=CASCADE)
    rig.loop("TIC", gain=gain, ti=ti, td=td, sp=pv, op=op, mode=mode, gap=1.0, ramp=ramp)
    rig.loop("LIC", action=1, gain=gain, ti=ti, sp=50.0, op=op, mode=mode, out=[rig.output("FIC.SP", y1=25.0)])
    rig.loop("FIC", gain=gain, ti=ti, sp=op * 0.25, op=op, mode=CASCADE, hi=25.0, sp_hi=25.0)
    rig.loop("FFIC", RATIO, wild=["WI.PV"], sp=2.0, mode=AUTO, out=[rig.output("FIC-2.SP")], filter=120.0)
    rig.loop("FIC-2", gain=gain, ti=ti, op=op, mode=CASCADE)
    rig["TIC.PV"], rig["LIC.PV"], rig["WI.PV"], rig["WIC-101.PV"] = pv, 50.0, wild, 4.3
    rig.reset()
    rig.scan(2)  # masters write their slaves' set points
    for slave in ("FIC", "FIC-2", "WIC-101"):
        rig[f"{slave}.PV"] = rig[f"{slave}.SP"]
    rig.reset()
    rig.scan()
    before = rig.state()
    rig.scan(20)
    assert rig.state() == before


@given(pv=PERCENT, sp=PERCENT, op=PERCENT, td=st.just(0.0) | st.floats(1.0, 100.0))
@settings(derandomize=True, deadline=None)
def test_refresh_gives_the_rows_of_the_last_scan_without_moving_the_memory(
    make_rig: type[Rig], pv: float, sp: float, op: float, td: float
) -> None:
    rig = make_rig()
    rig.loop("TIC", gain=2.0, ti=50.0, td=td, sp=sp, op=op)
    rig["TIC.PV"] = pv
    rig.reset()
    rig.run(2.0)
    memory, out = bytes(rig.layers.mem), rig["TIC.OP"]
    rig["TIC-V.CMD"] = -1.0
    rig.layers.refresh()
    assert bytes(rig.layers.mem) == memory
    assert rig["TIC.OP"] == pytest.approx(out, abs=1e-9)
    assert rig["TIC-V.CMD"] == rig["TIC.OP"]
