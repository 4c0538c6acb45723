"""The filter press of the Belfast line at its work: its sequence, what ends its steps, and what its interlocks do."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.plant import Plant

if TYPE_CHECKING:
    from tests.engine.conftest import MakeTrial, Trial

CLOSE, FILL, FASTER, CLEAR, FILTER, WASH, BLOW, DRAIN, DISCHARGE, RINSE, WAIT = range(1, 12)
RUNNING, HELD = 1.0, 2.0
HOLD, ABORT = 2.0, 4.0
HOUR_S = 3600.0


def until(trial: Trial, step: int, most_min: int = 300) -> None:
    """Let plant time pass until the cycle is in that step."""
    for _ in range(6 * most_min):
        if trial["KS-310.STEP"] == step:
            return
        trial.run(10.0)
    raise AssertionError(f"KS-310 stands in step {trial['KS-310.STEP']:.0f}")


def probe(trial: Trial, name: str) -> float:
    live = trial.live
    return float(live.core.probe[live.layout.probes["FP-301", name]])


def test_two_cycles_take_their_steps_in_their_times(make_trial: MakeTrial) -> None:
    """A batch in less than four hours; the feed tank within its band, extraction all but steady."""
    trial = make_trial(scan_period=1.0)
    assert trial["KS-310.STATE"] == RUNNING, "the steady state has it running"
    names = ["KS-310.STEP", "LIC-305.PV", "PDI-312.PV", "AI-317.PV", "FIC-4101.PV", "WI-313.PV", "TIC-322.PV"]
    seen = trial.record(names, 8.0 * HOUR_S, 1920)
    steps = [(int(step), 0.25 * len(list(rows))) for step, rows in groupby(seen[:, 0])]
    one = [FILL, CLEAR, FILTER, WASH, BLOW, DISCHARGE, WAIT]
    assert [step for step, _ in steps if step not in (CLOSE, DRAIN)][:13] == [*one, *one][:13], "15 s and less apart"
    minutes = dict(reversed(steps[:8]))
    for step, t in ((FILL, 20.0), (FILTER, 125.0), (WASH, 30.0), (BLOW, 15.0), (DISCHARGE, 16.0)):
        assert minutes[step] == pytest.approx(t, abs=0.8)
    assert 2.0 < minutes[CLEAR] < 5.0
    level, pressure, turbidity, feed, skip, temperature = seen[:, 1:].T
    assert 22.0 < level.min() < level.max() < 62.0
    assert 2.0 < pressure[seen[:, 0] == FILTER].max() < 2.6
    assert pressure[seen[:, 0] == BLOW].max() == pytest.approx(4.0, abs=0.1)
    assert 60.0 < turbidity.max() < 100.0, "the clean cloth bleeds, not enough for UZ-317"
    assert np.ptp(feed) < 6.0, "L/h, noise included: the PLS tank takes the cycle up"
    assert np.ptp(temperature) < 8.0, "C: its cooler only cools, and between two batches nothing warm comes"
    assert skip[-1] == pytest.approx(65.0, abs=4.0)
    assert trial["WIC-100.Limit"] == 0.0
    assert not np.flatnonzero(trial.live.book.states() & 1).size


def test_wash_water_takes_the_liquor_out_of_the_cake(make_trial: MakeTrial) -> None:
    trial = make_trial(scan_period=1.0)
    until(trial, WASH)
    unit = trial.live.layout.units["FP-301"]
    sodium = trial.live.core.offsets()[unit] + trial.live.layout.species.index("Na")
    before = trial.live.core.state[sodium]
    until(trial, BLOW)
    assert trial.live.core.state[sodium] < 0.2 * before
    assert probe(trial, "wash_ratio") > 1.5


@pytest.mark.parametrize(
    ("loop", "step", "wrong", "device"),
    [
        ("FIC-311", FILL, {"streams": {"303": 0.88}}, "P-311.SPEED_CMD"),
        ("FIC-314", WASH, {"streams": {"304": 0.9}}, "FV-314.CMD"),
    ],
)
def test_its_flow_loops_hold_their_set_points_in_their_steps(
    make_trial: MakeTrial, loop: str, step: int, wrong: dict[str, dict[str, float]], device: str
) -> None:
    """In Auto a worn pump or a weak main makes no difference; in Man it does."""
    trial = make_trial(scan_period=1.0, **wrong)
    until(trial, step)
    trial.run(120.0)
    off = trial.record([f"{loop}.PV"], 300.0, 60).mean() - trial[f"{loop}.SP"]
    assert abs(off) < 0.5
    held = trial[device]
    trial[f"{loop}.MODE"] = 0.0
    trial[f"{loop}.OP"] = 0.9 * held
    trial.run(60.0)
    assert trial[f"{loop}.PV"] < 0.95 * trial[f"{loop}.SP"]


def test_the_feed_tank_s_level_has_the_flow_where_the_operator_gives_it(make_trial: MakeTrial) -> None:
    """With the cycle held in its filtration FIC-311 may follow LIC-305: less slurry goes as the level falls."""
    trial = make_trial(scan_period=1.0)
    until(trial, FILTER)
    trial["FIC-311.MODE"] = 2.0
    before = trial["FIC-311.SP"]
    trial.run(HOUR_S)
    assert trial["LIC-305.PV"] < 60.0
    assert trial["FIC-311.SP"] < before - 5.0
    assert trial["FIC-311.PV"] == pytest.approx(trial["FIC-311.SP"], abs=2.0)


def test_resistant_cake_ends_the_filtration_at_5_bar(make_trial: MakeTrial) -> None:
    trial = make_trial(scan_period=1.0, units={"FP-301": {"cake_resistance": 3.0}})
    until(trial, FILTER)
    seen = trial.record(["KS-310.STEP", "PDI-312.PV"], 2.0 * HOUR_S, 720)
    steps, pressure = seen.T
    assert (steps == FILTER).sum() / 6.0 < 110.0
    assert pressure[steps == FILTER].max() == pytest.approx(5.0, abs=0.1)
    assert WASH in steps


def test_a_press_that_gets_no_slurry_goes_on_with_what_it_has(make_trial: MakeTrial) -> None:
    """P-311 stopped in the filtration: the mean flow falls below 40 L/h within five minutes."""
    trial = make_trial(scan_period=1.0)
    until(trial, FILTER)
    trial.run(1800.0)
    trial["P-311.CMD"] = 0.0
    trial.run(240.0)
    assert trial["KS-310.STEP"] == FILTER
    trial.run(60.0)
    assert trial["KS-310.STEP"] == WASH


def test_a_high_feed_tank_is_worked_off_faster(make_trial: MakeTrial) -> None:
    trial = make_trial(scan_period=1.0)
    until(trial, FILL)
    trial["KS-310.CMD"] = HOLD
    trial.run(1.0)
    assert trial["KS-310.STATE"] == HELD
    trial.run(1.5 * HOUR_S)
    assert trial["LIC-305.PV"] > 75.0
    trial["KS-310.CMD"] = 3.0
    until(trial, FILTER)
    assert trial["FIC-311.PV"] == pytest.approx(130.0, abs=2.0)


def test_over_pressure_stops_the_feed_until_somebody_resets_it(make_trial: MakeTrial) -> None:
    """Held in its filtration, with the pump by hand at full speed: UZ-312, and no next cycle while it stands."""
    trial = make_trial(scan_period=1.0, units={"FP-301": {"cake_resistance": 4.0}})
    until(trial, FILTER)
    trial["KS-310.CMD"] = HOLD
    trial.run(1.0)
    trial["FIC-311.OP"] = 60.0
    trial["P-311.CMD"] = 1.0
    for _ in range(180):
        trial.run(60.0)
        if trial["UZ-312.TRIPPED"]:
            break
    assert trial["UZ-312.TRIPPED"] == 1.0
    trial.run(5.0)
    assert (trial["P-311.RUN"], trial["XV-311.CLOSED"]) == (0.0, 1.0)
    trial["KS-310.CMD"] = ABORT
    trial.run(2.0)
    trial["KS-310.CMD"] = 1.0
    trial.run(301.0)
    assert (trial["KS-310.STATE"], trial["KS-310.STEP"]) == (HELD, CLOSE)
    trial["UZ-312.RESET"] = 1.0
    trial["KS-310.CMD"] = 3.0
    trial.run(15.0)
    assert (trial["KS-310.STATE"], trial["KS-310.STEP"]) == (RUNNING, FILL)


def test_an_open_press_gets_neither_feed_nor_air(make_trial: MakeTrial) -> None:
    trial = make_trial(scan_period=1.0)
    until(trial, DISCHARGE)
    trial.run(60.0)
    assert trial["UZ-316.TRIPPED"] == 1.0
    for name, value in (("XV-315.CMD", 1.0), ("XV-311.CMD", 1.0), ("P-311.CMD", 1.0)):
        trial[name] = value
    trial.run(10.0)
    assert (trial["XV-315.CLOSED"], trial["XV-311.CLOSED"], trial["P-311.RUN"]) == (1.0, 1.0, 0.0)
    until(trial, FILL)
    assert trial["UZ-316.TRIPPED"] == 0.0


def test_a_torn_cloth_sends_the_filtrate_back_and_holds_the_next_cycle(make_trial: MakeTrial) -> None:
    trial = make_trial(scan_period=1.0)
    until(trial, FILTER)
    trial.run(1800.0)
    trial.live.injected.inject("filter-cloth-tear", 1.0, 0.0, 0.0)
    trial.run(60.0)
    assert trial["AI-317.PV"] > 900.0
    assert (trial["UZ-317.TRIPPED"], trial["XV-318.CLOSED"]) == (1.0, 1.0)
    assert trial.live.core.arriving[trial.live.layout.streams["306"]][1] == 0.0
    assert "AI-317.H" in {trial.live.alarms[k].name for k in np.flatnonzero(trial.live.book.states() & 1)}
    until(trial, FILL)
    trial.run(60.0 * 60.0)
    assert (trial["KS-310.STATE"], trial["KS-310.STEP"]) == (HELD, CLEAR)
    trial.live.injected.clear_all()
    trial["KS-310.CMD"] = 3.0
    until(trial, FILTER, 60)
    assert trial["XV-318.CMD"] == 1.0


@pytest.mark.parametrize(
    ("loop", "wrong", "hours", "within", "beyond"),
    [
        pytest.param("LIC-321", {"meters": {"FIC-4101": 1.15}}, 72, 6.0, 25.0, marks=pytest.mark.long(scale=2)),
        pytest.param("TIC-322", {"units": {"TK-311": {"jacket": 0.65}}}, 24, 0.8, 1.6, marks=pytest.mark.long),
    ],
)
def test_the_pls_tank_s_loops_win_on_the_mean_over_the_cycles(
    make_trial: MakeTrial, loop: str, wrong: dict[str, dict[str, Any]], hours: int, within: float, beyond: float
) -> None:
    """Two cycles long; in Man they lose. The level averages: it takes days."""
    means = []
    for mode in (1.0, 0.0):
        trial = make_trial(scan_period=1.0, **wrong)
        trial[f"{loop}.MODE"] = mode
        trial.run((hours - 7.3) * HOUR_S)
        means.append(trial.record([f"{loop}.PV"], 7.3 * HOUR_S).mean() - trial[f"{loop}.SP"])
    assert abs(means[0]) < within
    assert abs(means[1]) > beyond


@pytest.mark.long
def test_every_sixth_cycle_ends_with_a_rinse(make_trial: MakeTrial) -> None:
    trial = make_trial(scan_period=1.0)
    seen = trial.record(["KS-310.STEP", "UI-319.PV", "WI-313.PV"], 48.0 * HOUR_S, 48 * 120)
    rinses = [k for k, (step, rows) in enumerate(groupby(seen[:, 0])) if step == RINSE]
    discharges = [k for k, (step, rows) in enumerate(groupby(seen[:, 0])) if step == DISCHARGE]
    assert [sum(d < r for d in discharges) for r in rinses] == [6, 12]
    assert seen[:, 1].max() < 6.5
    assert 150.0 < seen[:, 2].max() < 190.0, "a full skip is taken away"


@pytest.mark.long
def test_a_day_on_the_press_is_quiet_and_its_products_are_good(belfast: Plant, scale: float) -> None:
    """No alarm comes, purities stay above 99.5 %, and SX-1's feed swings by no more than 3 L/h to either side."""
    live = LivePlant(belfast)
    rows = [live.tags[name].row for name in ("AI-701.PV", "AI-702.PV", "FIC-4101.PV", "LIC-305.PV", "WIC-100.Limit")]
    came: set[str] = set()
    seen = []
    for _ in range(round(24 * 60 * scale)):
        live.advance(600)
        seen.append(live.core.signal[rows].copy())
        came |= {live.alarms[k].name for k in np.flatnonzero(live.book.states() & 1)}
    nd, dy, feed, level, limit = np.array(seen).T
    assert came == set()
    assert min(nd.min(), dy.min()) > 99.5
    print(f"FIC-4101 {feed.min():.1f} to {feed.max():.1f} L/h, LIC-305 {level.min():.0f} to {level.max():.0f} %")
    assert np.ptp(feed) < 6.0
    assert 22.0 < level.min() < level.max() < 62.0
    assert not limit.any()
