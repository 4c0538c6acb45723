"""Instruments and actuators: what stands between the true values and the controllers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

if TYPE_CHECKING:
    from tests.core.conftest import Rig

GOOD, UNCERTAIN, UNCERTAIN_RANGE = 0, 0x40000000, 0x40940000
BAD_SENSOR_FAILURE, BAD_OUT_OF_SERVICE = 0x808C0000, 0x808D0000
MAXIMUM, AVERAGE = 0, 1
IN_SERVICE, CALIBRATING, OUT_OF_SERVICE, FAILED = 0, 1, 2, 3


# Transmitters


def test_transmitter_converts_from_si(rig: Rig) -> None:
    rig.transmitter("TI", scale=1.0, offset=-273.15)
    rig.true("TI", 333.15)
    rig.scan()
    assert rig["TI.PV"] == pytest.approx(60.0, abs=1e-12)
    assert rig.quality("TI.PV") == GOOD


@pytest.mark.parametrize("lag", [0.05, 3.0, 20.0, 3600.0])
def test_transmitter_lag_is_the_exact_exponential(rig: Rig, lag: float) -> None:
    rig.transmitter("TI", lag=lag)
    rig.true("TI", 10.0)
    rig.reset()
    rig.true("TI", 50.0)
    for scan in range(1, 200):
        rig.scan()
        assert rig["TI.PV"] == pytest.approx(50.0 - 40.0 * math.exp(-scan * 0.1 / lag), abs=1e-11)


def test_transmitter_noise_has_its_sigma_and_no_bias(rig: Rig) -> None:
    rig.transmitter("TI", noise=0.3)
    rig.true("TI", 50.0)
    x = np.empty(20_000)
    for k in range(x.size):
        rig.scan()
        x[k] = rig["TI.PV"]
    assert kstest((x - 50.0) / 0.3, "norm").pvalue > 0.01


def noisy(rig: Rig, instruments: list[str]) -> list[float]:
    for name in instruments:
        rig.transmitter(name, noise=1.0)
        rig.true(name, 50.0)
    found = []
    for _ in range(100):
        rig.scan()
        found.append(rig["TI-A.PV"])
    return found


def test_noise_repeats_with_the_seed_whatever_other_instruments_there_are(make_rig: type[Rig]) -> None:
    alone = noisy(make_rig(seed=5), ["TI-A"])
    assert alone == noisy(make_rig(seed=5), ["TI-B", "TI-A", "TI-C"])
    assert alone != noisy(make_rig(seed=6), ["TI-A"])


def test_reading_is_clipped_to_the_range_and_uncertain_only_well_outside(rig: Rig) -> None:
    rig.transmitter("LI", low=0.0, high=100.0)
    for true, reading, quality in (
        (-1.0, 0.0, GOOD),
        (-1.3, 0.0, UNCERTAIN_RANGE),
        (103.0, 100.0, GOOD),
        (103.2, 100.0, UNCERTAIN_RANGE),
        (50.0, 50.0, GOOD),
    ):
        rig.true("LI", true)
        rig.scan()
        assert (rig["LI.PV"], rig.quality("LI.PV")) == (reading, quality)


def test_deadband_holds_the_reading_until_it_has_moved_enough(rig: Rig) -> None:
    rig.transmitter("LI", deadband=0.5)
    seen = []
    for true in (10.0, 10.4, 10.5, 10.9, 11.1):
        rig.true("LI", true)
        rig.scan()
        seen.append(rig["LI.PV"])
    assert seen == [10.0, 10.0, 10.5, 10.5, 11.1]


@pytest.mark.parametrize("true", [math.nan, math.inf, -math.inf])
def test_a_true_value_that_is_not_finite_is_never_published_as_good(rig: Rig, true: float) -> None:
    rig.transmitter("TI", lag=1.0)
    rig.true("TI", 42.0)
    rig.reset()
    rig.true("TI", true)
    rig.scan()
    assert (rig["TI.PV"], rig.quality("TI.PV")) == (42.0, BAD_SENSOR_FAILURE)
    rig.true("TI", 42.0)
    rig.scan()
    assert (rig["TI.PV"], rig.quality("TI.PV")) == (42.0, GOOD)


def test_a_frozen_transmitter_looks_good_and_a_failed_one_does_not(rig: Rig) -> None:
    rig.transmitter("TI")
    rig.true("TI", 40.0)
    rig.reset()
    rig.true("TI", 80.0)
    rig.layers.set_instrument_mode("transmitter", 0, 1)
    rig.scan()
    assert (rig["TI.PV"], rig.quality("TI.PV")) == (40.0, GOOD)
    rig.layers.set_instrument_mode("transmitter", 0, 2)
    rig.scan()
    assert (rig["TI.PV"], rig.quality("TI.PV")) == (40.0, BAD_SENSOR_FAILURE)
    rig.layers.set_instrument_mode("transmitter", 0, 0)
    rig.scan()
    assert (rig["TI.PV"], rig.quality("TI.PV")) == (80.0, GOOD)


def test_settling_has_neither_noise_nor_deadband(rig: Rig) -> None:
    rig.transmitter("TI", noise=1.0, deadband=5.0)
    rig.true("TI", 50.0)
    rig.reset()
    rig.true("TI", 51.0)
    rig.layers.settling = True
    rig.scan(3)
    assert rig["TI.PV"] == 51.0


def test_refresh_writes_rows_without_letting_time_pass(rig: Rig) -> None:
    rig.transmitter("TI", lag=10.0, noise=1.0)
    rig.valve("TV", stroke=10.0)
    rig.true("TI", 50.0)
    rig.reset()
    rig["TV.CMD"] = 100.0
    rig.true("TI", 80.0)
    rig.run(1.0)
    memory = bytes(rig.layers.mem)
    rig["TI.PV"] = rig["TV.POS"] = -1.0
    rig.layers.refresh()
    assert rig["TI.PV"] == pytest.approx(80.0 - 30.0 * math.exp(-0.1), abs=1e-9)
    assert rig["TV.POS"] == pytest.approx(10.0)
    assert rig.opening("TV") == pytest.approx(0.1)
    assert bytes(rig.layers.mem) == memory


OPEN_CIRCUIT, SHORT_CIRCUIT, SILENT, DOUBTFUL = 3, 4, 5, 6
BAD_NO_COMMUNICATION, UNCERTAIN_SENSOR = 0x80310000, 0x40930000


@pytest.mark.parametrize(
    ("mode", "reading", "quality"),
    [
        (OPEN_CIRCUIT, 0.0, BAD_SENSOR_FAILURE),
        (SHORT_CIRCUIT, 100.0, BAD_SENSOR_FAILURE),
        (SILENT, 40.0, BAD_NO_COMMUNICATION),
        (DOUBTFUL, 80.0, UNCERTAIN_SENSOR),
    ],
)
@pytest.mark.parametrize("kind", ["transmitter", "analyser"])
def test_conditions_of_an_instrument(rig: Rig, kind: str, mode: int, reading: float, quality: int) -> None:
    getattr(rig, kind)("AI")
    rig.true("AI", 40.0)
    rig.reset()
    rig.scan()
    rig.true("AI", 80.0)
    rig.layers.set_instrument_mode(kind, 0, mode)
    rig.scan()
    assert (rig["AI.PV"], rig.quality("AI.PV")) == (reading, quality)
    rig.layers.set_instrument_mode(kind, 0, 0)
    rig.scan()
    rig.scan()
    assert rig["AI.PV"] == 80.0


def test_spikes_come_as_often_as_they_should_and_anywhere_in_the_range(rig: Rig) -> None:
    rig.transmitter("TI", spikes=0.5)
    rig.true("TI", 50.0)
    x = np.empty(20_000)
    for k in range(x.size):
        rig.scan()
        x[k] = rig["TI.PV"]
    spikes = x[x != 50.0]
    assert abs(spikes.size - 1000) < 4.0 * math.sqrt(1000)
    assert kstest(spikes / 100.0, "uniform").pvalue > 0.01


# Analysers


def test_a_sample_is_reported_after_its_delay_with_the_time_it_was_taken(rig: Rig) -> None:
    rig.analyser("AI", sample=60.0, phase=30.0, delay=45.0)
    rig.true("AI", 10.0)
    rig.reset()
    assert (rig["AI.SampleTime"], rig["AI.NextResult"]) == pytest.approx((-90.0, 15.0))
    rig.run(15.0)  # the sample taken 30 s before the start
    assert (rig["AI.PV"], rig["AI.SampleTime"]) == (10.0, -30.0)
    rig.true("AI", 20.0)
    rig.run(15.0)  # 30 s: sample taken
    rig.true("AI", 99.0)
    assert rig["AI.NextResult"] == pytest.approx(45.0)
    rig.run(44.9)
    assert (rig["AI.PV"], rig["AI.SampleTime"]) == (10.0, -30.0)
    assert rig["AI.NextResult"] == pytest.approx(0.1)
    rig.run(0.1)  # 75 s
    assert (rig["AI.PV"], rig["AI.SampleTime"]) == (20.0, 30.0)
    assert rig["AI.NextResult"] == pytest.approx(60.0)


def test_several_samples_may_be_under_way(rig: Rig) -> None:
    rig.analyser("AI", sample=10.0, delay=75.0, high=1000.0)
    rig.true("AI", 0.0)
    rig.reset()
    for k in range(1, 4001):
        rig.true("AI", k * 0.1)
        rig.scan()
        taken = 10.0 * math.floor((rig.layers.time - 75.0 + 1e-6) / 10.0)
        assert rig["AI.SampleTime"] == pytest.approx(taken)
        assert rig["AI.PV"] == pytest.approx(max(0.0, taken))
        assert 0.0 < rig["AI.NextResult"] <= 10.0 + 1e-9


def test_sample_times_do_not_drift_in_a_month(make_rig: type[Rig]) -> None:
    rig = make_rig(scan_period=1.0)
    rig.analyser("AI", sample=900.0, delay=600.0)
    rig.true("AI", 5.0)
    rig.reset()
    rig.run(30 * 86400.0)
    assert rig["AI.SampleTime"] == 30 * 86400.0 - 900.0
    assert rig["AI.NextResult"] == 600.0


def test_a_scan_period_that_does_not_divide_the_sample_period_loses_no_sample(make_rig: type[Rig]) -> None:
    rig = make_rig(scan_period=0.7)
    rig.analyser("AI", sample=10.0, delay=3.0)
    rig.reset()
    times = set()
    for _ in range(1000):
        rig.scan()
        times.add(rig["AI.SampleTime"])
    assert sorted(times) == [pytest.approx(10.0 * k) for k in range(-1, 70)]


def test_calibration_holds_the_value_uncertain_and_cal_reads_back_false(rig: Rig) -> None:
    rig.analyser("AI", cal_time=30.0, lag=1.0)
    rig.true("AI", 10.0)
    rig.reset()
    rig.true("AI", 20.0)
    rig["AI.CAL"] = 1.0
    rig.scan()
    assert (rig["AI.CAL"], rig["AI.State"]) == (0.0, CALIBRATING)
    rig.run(29.8)
    assert (rig["AI.PV"], rig.quality("AI.PV"), rig["AI.State"]) == (10.0, UNCERTAIN, CALIBRATING)
    rig.run(0.2)
    assert (rig.quality("AI.PV"), rig["AI.State"]) == (GOOD, IN_SERVICE)
    assert rig["AI.PV"] == pytest.approx(20.0)


def test_what_befalls_an_analyser_befalls_all_its_streams(rig: Rig) -> None:
    rig.analyser("ONE", sample=60.0, delay=30.0, cal_time=100.0)
    rig.analyser("TWO", sample=60.0, delay=30.0, phase=20.0, cal_time=100.0, shared=rig.row("ONE.State"))
    rig.true("ONE", 10.0)
    rig.true("TWO", 20.0)
    rig.reset()
    rig.run(60.0)
    assert (rig["ONE.SampleTime"], rig["TWO.SampleTime"]) == (0.0, 20.0)
    rig["ONE.OOS"] = 1.0
    rig.scan()
    assert (rig["TWO.State"], rig.quality("TWO.PV"), rig["TWO.NextResult"]) == (OUT_OF_SERVICE, BAD_OUT_OF_SERVICE, 0.0)
    rig["ONE.OOS"] = 0.0
    rig["TWO.OOS"] = 1.0
    rig.scan()
    assert (rig["ONE.State"], rig["TWO.State"]) == (IN_SERVICE, OUT_OF_SERVICE), "a stream is taken out of the round"
    rig["TWO.OOS"] = 0.0
    rig["ONE.CAL"] = 1.0
    rig.scan()
    assert (rig["ONE.State"], rig["TWO.State"]) == (CALIBRATING, CALIBRATING)
    rig.run(100.0)
    assert (rig["ONE.State"], rig["TWO.State"]) == (IN_SERVICE, IN_SERVICE)
    rig.layers.set_instrument_mode("analyser", 0, 2)
    rig.scan()
    assert (rig["TWO.State"], rig.quality("TWO.PV"), rig["TWO.PV"]) == (3.0, BAD_SENSOR_FAILURE, 20.0)


def test_results_under_way_wait_for_the_end_of_a_calibration_and_no_sample_is_taken_in_it(rig: Rig) -> None:
    rig.analyser("AI", sample=60.0, delay=50.0, cal_time=100.0)
    rig.true("AI", 10.0)
    rig.reset()
    rig.run(30.0)
    rig["AI.CAL"] = 1.0  # until 130.1 s: swallows the samples of 60 s and 120 s
    rig.scan()
    assert rig["AI.NextResult"] == pytest.approx(100.0)
    rig.run(99.9)
    assert rig["AI.SampleTime"] == -60.0
    rig.run(0.2)
    assert (rig["AI.SampleTime"], rig.quality("AI.PV")) == (0.0, GOOD)
    rig.run(99.7)
    assert rig["AI.SampleTime"] == 0.0
    rig.run(0.2)
    assert rig["AI.SampleTime"] == 180.0


def test_out_of_service_is_bad_and_the_first_result_after_it_is_good(rig: Rig) -> None:
    rig.analyser("AI", sample=60.0, delay=50.0)
    rig.true("AI", 10.0)
    rig.reset()
    rig["AI.OOS"] = 1.0
    rig.true("AI", 20.0)
    rig.run(65.0)
    assert (rig["AI.PV"], rig.quality("AI.PV"), rig["AI.State"]) == (10.0, BAD_OUT_OF_SERVICE, OUT_OF_SERVICE)
    assert rig["AI.NextResult"] == 0.0
    rig["AI.OOS"] = 0.0
    rig.scan()
    assert (rig["AI.PV"], rig.quality("AI.PV"), rig["AI.State"]) == (10.0, UNCERTAIN, IN_SERVICE)
    assert rig["AI.NextResult"] == pytest.approx(120.0 + 50.0 - 65.1)
    rig.run(rig["AI.NextResult"])
    assert (rig["AI.PV"], rig.quality("AI.PV"), rig["AI.SampleTime"]) == (20.0, GOOD, 120.0)


def test_calibrating_an_analyser_that_is_out_of_service_does_nothing(rig: Rig) -> None:
    rig.analyser("AI")
    rig.reset()
    rig["AI.OOS"] = rig["AI.CAL"] = 1.0
    rig.scan()
    assert (rig["AI.CAL"], rig["AI.State"]) == (0.0, OUT_OF_SERVICE)
    rig["AI.OOS"] = 0.0
    rig.scan()
    assert rig["AI.State"] == IN_SERVICE


def test_a_failed_analyser_says_so(rig: Rig) -> None:
    rig.analyser("AI")
    rig.reset()
    rig.layers.set_instrument_mode("analyser", 0, 2)
    rig.scan()
    assert (rig.quality("AI.PV"), rig["AI.State"]) == (BAD_SENSOR_FAILURE, FAILED)


def test_noise_of_a_result_is_drawn_once_per_sample(rig: Rig) -> None:
    rig.analyser("AI", sample=10.0, noise=0.5)
    rig.true("AI", 50.0)
    rig.reset()
    seen = []
    for _ in range(2000):
        rig.run(5.0)
        between = rig["AI.PV"]
        rig.run(4.9)
        assert rig["AI.PV"] == between
        seen.append(between)
        rig.run(0.1)
    assert kstest((np.array(seen) - 50.0) / 0.5, "norm").pvalue > 0.01


def test_while_settling_a_sampled_analyser_follows_at_once(rig: Rig) -> None:
    rig.analyser("AI", sample=900.0, delay=600.0, noise=1.0)
    rig.true("AI", 10.0)
    rig.reset()
    rig.layers.settling = True
    rig.true("AI", 30.0)
    rig.scan()
    assert rig["AI.PV"] == 30.0


# Calculations


def test_the_greater_of_two_detectors_and_the_one_that_is_left(rig: Rig) -> None:
    rig.transmitter("AI-A")
    rig.transmitter("AI-B")
    rig.calculation("AI", MAXIMUM, ["AI-A.PV", "AI-B.PV"])
    rig.true("AI-A", 7.0)
    rig.true("AI-B", 9.0)
    rig.scan()
    assert (rig["AI.PV"], rig.quality("AI.PV")) == (9.0, GOOD)
    rig.layers.set_instrument_mode("transmitter", 1, 2)
    rig.scan()
    assert (rig["AI.PV"], rig.quality("AI.PV")) == (7.0, UNCERTAIN)
    rig.layers.set_instrument_mode("transmitter", 0, 2)
    rig.true("AI-A", 50.0)
    rig.scan()
    assert (rig["AI.PV"], rig.quality("AI.PV")) == (7.0, BAD_SENSOR_FAILURE)


def test_the_average_forgets_exponentially(rig: Rig) -> None:
    rig.transmitter("WI")
    rig.calculation("WIC", AVERAGE, ["WI.PV"], time=600.0)
    rig.true("WI", 4.0)
    rig.reset()
    rig.true("WI", 5.0)
    rig.run(600.0)
    assert rig["WIC.PV"] == pytest.approx(5.0 - math.exp(-1.0), abs=1e-9)


@pytest.mark.parametrize(("kind", "sign"), [(2, 1.0), (3, -1.0)])
def test_an_estimate_follows_the_fast_input_and_its_bias_the_slow_one(rig: Rig, kind: int, sign: float) -> None:
    rig.transmitter("FAST")
    rig.transmitter("LAB")
    rig.calculation("AY", kind, ["FAST.PV", "LAB.PV"], time=600.0)
    rig.true("FAST", 40.0)
    rig.true("LAB", 70.0)
    rig.reset()
    rig.scan()
    assert rig["AY.PV"] == pytest.approx(70.0)
    rig.true("FAST", 41.0)
    rig.scan()
    assert rig["AY.PV"] == pytest.approx(70.0 + sign, abs=1e-3), "at once"
    rig.run(600.0)
    assert rig["AY.PV"] == pytest.approx(70.0 + sign * math.exp(-1.0), abs=2e-3), "the laboratory has it back"
    rig.layers.set_instrument_mode("transmitter", 1, 2)
    rig.scan()
    stands = rig["AY.PV"]
    rig.run(60.0)
    assert (rig["AY.PV"], rig.quality("AY.PV")) == (stands, UNCERTAIN), "the bias stands"
    rig.layers.set_instrument_mode("transmitter", 0, 2)
    rig.scan()
    assert (rig["AY.PV"], rig.quality("AY.PV")) == (stands, BAD_SENSOR_FAILURE)


# Actuators


@pytest.mark.parametrize("target", [100.0, 40.0])
def test_a_valve_travels_at_its_stroke_time_and_arrives_exactly(rig: Rig, target: float) -> None:
    rig.valve("TV", stroke=6.0)
    rig.reset()
    rig["TV.CMD"] = target
    rig.run(2.0)
    assert rig["TV.POS"] == pytest.approx(100.0 / 3.0)
    assert rig.opening("TV") == pytest.approx(1.0 / 3.0)
    rig.run(4.0)
    assert (rig["TV.POS"], rig.opening("TV")) == (target, target * 0.01)
    rig["TV.CMD"] = -20.0
    rig.run(6.1)
    assert (rig["TV.POS"], rig.opening("TV")) == (0.0, 0.0)


def test_a_worn_valve_shows_its_position_but_passes_less(rig: Rig) -> None:
    rig.valve("TV", factor=0.5)
    rig["TV.CMD"] = 80.0
    rig.scan()
    assert (rig["TV.POS"], rig.opening("TV")) == (80.0, 0.4)


def test_limit_switches_make_only_at_the_ends(rig: Rig) -> None:
    rig.on_off_valve("XV", stroke=3.0)
    rig.reset()
    assert (rig["XV.OPENED"], rig["XV.CLOSED"]) == (0.0, 1.0)
    rig["XV.CMD"] = 1.0
    rig.run(0.1)
    assert (rig["XV.OPENED"], rig["XV.CLOSED"]) == (0.0, 0.0)
    rig.run(2.8)
    assert (rig["XV.OPENED"], rig["XV.CLOSED"]) == (0.0, 0.0)
    rig.run(0.2)
    assert (rig["XV.OPENED"], rig["XV.CLOSED"], rig.opening("XV")) == (1.0, 0.0, 1.0)


def test_a_hydraulic_valve_stays_where_it_is_while_its_pack_stands(rig: Rig) -> None:
    rig.on_off_valve("XV", stroke=3.0, pack=rig.row("PACK.RUN"))
    rig.reset()
    rig["XV.CMD"] = 1.0
    rig.run(5.0)
    assert rig["XV.CLOSED"] == 1.0
    rig["PACK.RUN"] = 1.0
    rig.run(1.5)
    rig["PACK.RUN"] = 0.0
    rig.run(5.0)
    assert rig.opening("XV") == pytest.approx(0.5)
    rig["PACK.RUN"] = 1.0
    rig.run(1.6)
    assert rig["XV.OPENED"] == 1.0


def test_a_start_runs_in_the_next_scan_and_a_stop_at_once(rig: Rig) -> None:
    rig.motor("P")
    rig.reset()
    rig["P.CMD"] = 1.0
    rig.scan()
    assert (rig["P.RUN"], rig.opening("P")) == (0.0, 0.0)
    rig.scan()
    assert (rig["P.RUN"], rig.opening("P")) == (1.0, 1.0)
    rig["P.CMD"] = 0.0
    rig.scan()
    assert (rig["P.RUN"], rig.opening("P")) == (0.0, 0.0)


def test_a_variable_drive_ramps_to_its_speed_and_coasts_down(rig: Rig) -> None:
    rig.motor("P", variable=True, ramp=10.0)
    rig.reset()
    rig["P.CMD"] = 1.0
    rig["P.SPEED_CMD"] = 60.0
    rig.run(0.1 + 3.0)
    assert rig["P.SPEED"] == pytest.approx(30.0)
    rig.run(10.0)
    assert (rig["P.SPEED"], rig.opening("P")) == (60.0, 0.6)
    rig["P.CMD"] = 0.0
    rig.run(3.0)
    assert (rig["P.RUN"], rig["P.SPEED"]) == pytest.approx((0.0, 30.0))
    rig.run(3.1)
    assert rig.opening("P") == 0.0


def test_a_trip_stays_until_the_fault_is_gone_and_the_command_taken_back(rig: Rig) -> None:
    rig.motor("P")
    rig["P.CMD"] = 1.0
    rig.reset()
    rig.scan()
    assert rig["P.RUN"] == 1.0
    rig.layers.set_fault(0, True)
    rig.scan()
    assert (rig["P.RUN"], rig["P.TRIP"], rig.opening("P")) == (0.0, 1.0, 0.0)
    rig["P.CMD"] = 0.0
    rig.scan()
    assert rig["P.TRIP"] == 1.0
    rig["P.CMD"] = 1.0
    rig.layers.set_fault(0, False)
    rig.scan(10)
    assert (rig["P.RUN"], rig["P.TRIP"]) == (0.0, 1.0)
    rig["P.CMD"] = 0.0
    rig.scan()
    assert rig["P.TRIP"] == 0.0
    rig["P.CMD"] = 1.0
    rig.scan(2)
    assert rig["P.RUN"] == 1.0


def test_while_settling_actuators_go_where_they_are_told_at_once(rig: Rig) -> None:
    rig.valve("TV", stroke=60.0)
    rig.motor("P", variable=True, ramp=60.0)
    rig["TV.CMD"] = 70.0
    rig["P.CMD"] = 1.0
    rig["P.SPEED_CMD"] = 30.0
    rig.layers.settling = True
    rig.scan()
    assert (rig["TV.POS"], rig["P.SPEED"], rig["P.RUN"]) == (70.0, 30.0, 1.0)


# Promises for any input


NUMBER = st.floats(-1e6, 1e6) | st.sampled_from([0.0, math.nan, math.inf, -math.inf, 1e300])


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    true=st.lists(NUMBER, min_size=1, max_size=20),
    commands=st.lists(st.tuples(NUMBER, st.booleans(), st.booleans()), min_size=1, max_size=20),
    lag=st.floats(0.0, 100.0),
    sample=st.sampled_from([0.0, 0.1, 0.35, 5.0]),
)
def test_readings_and_openings_stay_in_range_and_finite(
    make_rig: type[Rig], true: list[float], commands: list[tuple[float, bool, bool]], lag: float, sample: float
) -> None:
    rig = make_rig()
    rig.transmitter("TI", lag=lag, noise=0.5)
    rig.analyser("AI", lag=lag, noise=0.5, sample=sample, delay=5 * sample, cal_time=1.0)
    rig.calculation("CI", MAXIMUM, ["TI.PV", "AI.PV"])
    rig.valve("TV", stroke=3.0)
    rig.motor("P", variable=True, ramp=3.0)
    for k in range(60):
        rig.true("TI", true[k % len(true)])
        rig.true("AI", true[-k % len(true)])
        position, run, service = commands[k % len(commands)]
        rig["TV.CMD"] = rig["P.SPEED_CMD"] = position if math.isfinite(position) else 0.0
        rig["P.CMD"] = run
        rig["AI.CAL"] = run and service
        rig["AI.OOS"] = not service
        rig.scan()
        for row in ("TI.PV", "AI.PV", "CI.PV", "TV.POS", "P.SPEED"):
            assert 0.0 <= rig[row] <= 100.0
        assert 0.0 <= rig.opening("TV") <= 1.0
        assert 0.0 <= rig.opening("P") <= 1.0
    assert np.isfinite(np.asarray(rig.layers.mem)).all()


@settings(derandomize=True, deadline=None, max_examples=100)
@given(true=st.floats(-10.0, 110.0), command=st.floats(0.0, 100.0), run=st.booleans(), lag=st.floats(0.0, 1e4))
def test_what_stands_still_stays_bitwise_as_it_is(
    make_rig: type[Rig], true: float, command: float, run: bool, lag: float
) -> None:
    rig = make_rig()
    rig.transmitter("TI", lag=lag)
    rig.analyser("AI", lag=lag)
    rig.calculation("CI", AVERAGE, ["TI.PV"], time=lag)
    rig.valve("TV", stroke=3.0)
    rig.on_off_valve("XV", stroke=3.0)
    rig.motor("P", variable=True, ramp=3.0)
    rig.true("TI", true)
    rig.true("AI", true)
    rig["TV.CMD"] = rig["P.SPEED_CMD"] = command
    rig["XV.CMD"] = rig["P.CMD"] = run
    rig.reset()
    rig["AI.SampleTime"] = 0.0
    memory, openings, reading = bytes(rig.layers.mem), bytes(rig.layers.drive), rig["TI.PV"]
    rig.scan(50)
    changed = np.frombuffer(memory) != np.asarray(rig.layers.mem)
    changed[rig.memory["AI"] + 2] = False  # when the continuous analyser's value was taken: now
    assert not changed.any()
    assert (bytes(rig.layers.drive), rig["TI.PV"]) == (openings, reading)


def test_a_run_in_two_parts_is_bitwise_the_run_in_one(make_rig: type[Rig]) -> None:
    states = []
    for parts in ((500,), (1, 199, 300)):
        rig = make_rig()
        rig.transmitter("TI", lag=5.0, noise=0.1)
        rig.analyser("AI", sample=7.0, delay=11.0, noise=0.1)
        rig.valve("TV", stroke=30.0)
        rig.true("TI", 50.0)
        rig.true("AI", 20.0)
        rig["TV.CMD"] = 77.0
        for n in parts:
            rig.scan(n)
        states.append(rig.state())
    assert states[0] == states[1]


@pytest.mark.parametrize("field", ["lag", "noise", "key"])
def test_a_table_row_without_a_field_is_refused_by_name(rig: Rig, field: str) -> None:
    rig.transmitter("TI")
    del rig.tables["transmitter"][0][field]
    with pytest.raises(ValueError, match=f"attribute '{field}'"):
        rig.scan()


# Actuators out of order


def test_a_sticking_valve_stays_until_the_command_is_far_enough_off_and_then_slips_all_the_way(rig: Rig) -> None:
    rig.valve("TV", stroke=10.0, stiction=5.0)
    seen = []
    for command in (4.0, 5.0, 5.5, 9.0, 11.0, 6.0):
        rig["TV.CMD"] = command
        rig.scan()
        seen.append(rig["TV.POS"])
    assert seen == [0.0, 0.0, 5.5, 5.5, 11.0, 11.0]


@pytest.mark.parametrize(("jam_to", "position"), [(0.0, 0.0), (100.0, 100.0), (-1.0, 40.0)])
def test_a_valve_without_air_goes_where_it_fails_to(rig: Rig, jam_to: float, position: float) -> None:
    rig.valve("TV", jam_to=jam_to, jam=1)
    rig["TV.CMD"] = 40.0
    rig.reset()
    rig["TV.CMD"] = 70.0
    rig.scan()
    assert rig["TV.POS"] == position


def test_a_leaking_valve_passes_something_when_shut(rig: Rig) -> None:
    rig.valve("TV", leakage=10.0)
    rig["TV.CMD"] = 0.0
    rig.scan()
    assert rig["TV.POS"] == 0.0
    assert rig.layers.drive[0] == pytest.approx(0.1)


def test_an_on_off_valve_without_air_shows_neither_limit_where_it_stuck_between(rig: Rig) -> None:
    rig.on_off_valve("XV", stroke=1.0, jam_to=-1.0)
    rig["XV.CMD"] = 1.0
    rig.scan()
    assert (rig["XV.OPENED"], rig["XV.CLOSED"]) == (0.0, 0.0)


def test_a_blocked_drive_does_not_start_but_goes_on(rig: Rig) -> None:
    rig.motor("P", blocked=1)
    rig["P.CMD"] = 1.0
    for _ in range(3):
        rig.scan()
    assert rig["P.RUN"] == 0.0
    other = type(rig)()
    other.motor("P", blocked=1)
    other["P.CMD"] = 1.0
    other.reset()
    other.scan()
    assert other["P.RUN"] == 1.0


def test_a_drive_in_local_does_not_hear_its_command(rig: Rig) -> None:
    rig.motor("P", local_=1)
    rig["P.CMD"] = 1.0
    rig.reset()
    rig["P.CMD"] = 0.0
    rig.scan()
    assert rig["P.RUN"] == 1.0


def test_without_its_feedback_a_drive_runs_unseen(rig: Rig) -> None:
    rig.motor("P", mute=1)
    rig["P.CMD"] = 1.0
    rig.scan()
    rig.scan()
    assert rig["P.RUN"] == 0.0
    assert rig.layers.drive[0] == 1.0
