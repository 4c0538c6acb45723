"""What a single device that fails looks like by the instruments, and that it is gone once the device is mended.

Beside the same plant with nothing wrong: noise is the same, so that what differs is the failure's doing. What each does
to the device by itself is in tests/core/test_field.py; what goes wrong in the process is in test_signatures.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsim.engine.image import BAD_SENSOR_FAILURE
from plantsim.engine.live import LivePlant
from plantsim.model.plant import Plant

GOOD = 0
UNCERTAIN_SENSOR_NOT_ACCURATE = 0x40930000
MAN = 0.0
MINUTE = 60
"""Scans of a second."""

Rows = NDArray[np.float64]


class Pair:
    """A sound plant, and one in which something is wrong with a device."""

    def __init__(self, plant: Plant, failure: str) -> None:
        self.sound, self.wrong = (LivePlant(plant, scan_period=1.0) for _ in range(2))
        self.failure = failure

    def fail(self) -> None:
        self.wrong.injected.inject(self.failure, 1.0, 0.0, 0.0)

    def mend(self) -> None:
        self.wrong.injected.clear(self.failure)

    def set(self, name: str, value: float) -> None:
        """In both."""
        for live in (self.sound, self.wrong):
            live.core.signal[live.tags[name].row] = value

    def run(self, seconds: int, name: str) -> tuple[Rows, Rows]:
        """A tag, scan by scan, in the sound plant and in the other."""
        row = self.sound.tags[name].row
        result = np.empty((2, seconds))
        for line, live in zip(result, (self.sound, self.wrong), strict=True):
            for k in range(seconds):
                live.advance(1)
                line[k] = live.core.signal[row]
        return result[0], result[1]

    def now(self, name: str) -> tuple[float, float]:
        row = self.sound.tags[name].row
        return float(self.sound.core.signal[row]), float(self.wrong.core.signal[row])

    def quality(self, name: str) -> int:
        return int(self.wrong.core.quality[self.wrong.tags[name].row])


CASES: dict[str, Callable[[Pair], None]] = {}
"""By failure and target."""


def case(name: str) -> Callable[[Callable[[Pair], None]], Callable[[Pair], None]]:
    def keep(check: Callable[[Pair], None]) -> Callable[[Pair], None]:
        CASES[name] = check
        return check

    return keep


def test_every_failure_of_a_device_has_a_case(belfast: Plant) -> None:
    places = (place.malfunction for place in belfast.malfunctions)
    assert {one.id for one in places if one.everywhere and one.wire is None} == {n.partition("@")[0] for n in CASES}


@pytest.mark.parametrize("name", CASES)
def test_it_shows_and_is_gone_when_the_device_is_mended(belfast: Plant, name: str) -> None:
    CASES[name](Pair(belfast, name))


# ---------------------------------------------------------------- instruments


@case("transmitter-stuck@TI-823")
def stands_still_and_looks_good(pair: Pair) -> None:
    pair.fail()
    sound, wrong = pair.run(MINUTE, "TI-823.PV")
    assert np.ptp(wrong[1:]) == 0.0 < np.ptp(sound)
    assert pair.quality("TI-823.PV") == GOOD
    pair.mend()
    assert np.ptp(pair.run(MINUTE, "TI-823.PV")[1]) > 0.0


def says_so(pair: Pair, quality: int, reading: float | None) -> None:
    """Of TI-823, 0 to 80 C; None: what it was."""
    last = pair.run(1, "TI-823.PV")[1][0]
    pair.fail()
    wrong = pair.run(2, "TI-823.PV")[1]
    assert pair.quality("TI-823.PV") == quality
    assert wrong[-1] == pytest.approx(last if reading is None else reading, abs=0.2)
    pair.mend()
    sound, wrong = pair.run(3 * MINUTE, "TI-823.PV")
    assert pair.quality("TI-823.PV") == GOOD
    assert wrong[-1] == pytest.approx(sound[-1], abs=0.1)


@case("transmitter-failed@TI-823")
def fails_by_its_own_test(pair: Pair) -> None:
    says_so(pair, BAD_SENSOR_FAILURE, None)


@case("transmitter-open-circuit@TI-823")
def reads_the_low_end(pair: Pair) -> None:
    says_so(pair, BAD_SENSOR_FAILURE, 0.0)


@case("transmitter-short-circuit@TI-823")
def reads_the_high_end(pair: Pair) -> None:
    says_so(pair, BAD_SENSOR_FAILURE, 80.0)


@case("transmitter-doubtful@TI-823")
def is_uncertain(pair: Pair) -> None:
    says_so(pair, UNCERTAIN_SENSOR_NOT_ACCURATE, None)


@case("transmitter-biased@TIC-201")
def steps_and_its_loop_moves_the_true_value_the_other_way(pair: Pair) -> None:
    """A tenth of 120 C, as fast as the sensor follows; so cooling opens."""
    pair.fail()
    sound, wrong = pair.run(MINUTE, "TIC-201.PV")
    assert 9.0 < wrong[-1] - sound[-1] < 12.0
    pair.run(60 * MINUTE, "TIC-201.PV")
    position, reading = pair.now("TV-201A.POS"), pair.now("TIC-201.PV")
    assert position[1] > position[0] + 2.0
    assert reading[1] == pytest.approx(reading[0], abs=1.0)
    pair.mend()
    sound, wrong = pair.run(MINUTE, "TIC-201.PV")
    assert wrong[-1] - sound[-1] < -9.0, "it was the tank that got colder"
    pair.run(240 * MINUTE, "TIC-201.PV")
    position, reading = pair.now("TV-201A.POS"), pair.now("TIC-201.PV")
    assert reading[1] == pytest.approx(reading[0], abs=0.5)
    assert position[1] == pytest.approx(position[0], abs=1.0)


@case("transmitter-drifting@LI-822")
def goes_away_by_two_hundredths_of_its_range_an_hour(pair: Pair) -> None:
    pair.fail()
    sound, wrong = pair.run(60 * MINUTE, "LI-822.PV")
    assert wrong[-1] - sound[-1] == pytest.approx(2.0, abs=0.05)
    assert wrong[MINUTE] - sound[MINUTE] < 0.1
    pair.mend()
    sound, wrong = pair.run(MINUTE, "LI-822.PV")
    assert wrong[-1] == pytest.approx(sound[-1], abs=0.01)


@case("transmitter-spikes@LI-822")
def has_single_readings_far_off(pair: Pair) -> None:
    """One in ten, from anywhere in 0 to 100 %: nine of those are more than 5 % off."""
    pair.fail()
    sound, wrong = pair.run(10 * MINUTE, "LI-822.PV")
    assert 30 < int(np.sum(np.abs(wrong - sound) > 5.0)) < 80
    pair.mend()
    pair.run(MINUTE, "LI-822.PV")
    sound, wrong = pair.run(10 * MINUTE, "LI-822.PV")
    assert np.abs(wrong - sound).max() < 0.1


@case("transmitter-noisy@LI-822")
def has_a_broad_trace(pair: Pair) -> None:
    pair.fail()
    sound, wrong = pair.run(10 * MINUTE, "LI-822.PV")
    assert np.std(np.diff(wrong)) == pytest.approx(10.0 * np.std(np.diff(sound)), rel=0.1)
    assert np.mean(wrong) == pytest.approx(np.mean(sound), abs=0.3)
    pair.mend()
    pair.run(MINUTE, "LI-822.PV")
    sound, wrong = pair.run(10 * MINUTE, "LI-822.PV")
    assert np.std(np.diff(wrong)) == pytest.approx(np.std(np.diff(sound)), rel=0.02)


@case("transmitter-slow@FIC-4204")
def comes_late(pair: Pair) -> None:
    """A lag of 1 s becomes one of 20 s: of a flow that has been stopped for that long, it still has a third."""
    pair.set("FIC-4204.MODE", MAN)
    before, _ = pair.run(1, "FIC-4204.PV")
    pair.fail()
    pair.set("FIC-4204.OP", 0.0)
    sound, wrong = pair.run(20, "FIC-4204.PV")
    assert sound[-1] < 0.03 * before[0]
    assert 0.2 * before[0] < wrong[-1] < 0.6 * before[0]
    pair.mend()
    sound, wrong = pair.run(10, "FIC-4204.PV")
    assert wrong[-1] == pytest.approx(sound[-1], abs=0.1)


# ---------------------------------------------------------------- valves


@case("valve-stuck@LV-206")
def is_where_it_fails_to_whatever_is_commanded(pair: Pair) -> None:
    pair.set("LIC-206.MODE", MAN)
    pair.set("LIC-206.OP", 50.0)
    pair.run(MINUTE, "LV-206.POS")
    pair.fail()
    sound, wrong = pair.run(MINUTE, "LV-206.POS")
    assert (sound[-1], wrong[-1]) == (50.0, 0.0)
    pair.set("LIC-206.OP", 70.0)
    sound, wrong = pair.run(MINUTE, "LV-206.POS")
    assert (sound[-1], wrong[-1]) == (70.0, 0.0)
    assert pair.now("LIC-206.PV")[1] > pair.now("LIC-206.PV")[0], "and R-201 fills"
    pair.mend()
    sound, wrong = pair.run(MINUTE, "LV-206.POS")
    assert (sound[-1], wrong[-1]) == (70.0, 70.0)


@case("valve-leakage@FV-814B")
def passes_something_when_shut(pair: Pair) -> None:
    pair.set("LIC-814B.MODE", MAN)
    pair.set("LIC-814B.OP", 0.0)
    pair.run(MINUTE, "FI-814B.PV")
    tight, _ = pair.run(MINUTE, "FI-814B.PV")
    pair.fail()
    _, wrong = pair.run(MINUTE, "FI-814B.PV")
    assert pair.now("FV-814B.POS") == (0.0, 0.0)
    assert np.mean(wrong[20:]) > np.mean(tight) + 5.0 * np.std(tight) + 0.01
    pair.mend()
    pair.run(MINUTE, "FI-814B.PV")
    sound, wrong = pair.run(MINUTE, "FI-814B.PV")
    assert np.mean(wrong) == pytest.approx(np.mean(sound), abs=1e-6)


@case("valve-slow@LV-206")
def lags_behind_its_command(pair: Pair) -> None:
    """A stroke of 6 s takes 60 s."""
    pair.set("LIC-206.MODE", MAN)
    pair.set("LIC-206.OP", 30.0)
    pair.run(MINUTE, "LV-206.POS")
    pair.fail()
    pair.set("LIC-206.OP", 60.0)
    sound, wrong = pair.run(MINUTE, "LV-206.POS")
    assert (sound[3], wrong[3]) == (60.0, pytest.approx(36.7, abs=2.0))
    assert wrong[-1] == 60.0, "it arrives"
    pair.mend()
    pair.set("LIC-206.OP", 30.0)
    sound, wrong = pair.run(10, "LV-206.POS")
    assert np.array_equal(sound, wrong)


# ---------------------------------------------------------------- drives and pumps


@case("drive-trip@P-4104")
def trips_and_is_started_again(pair: Pair) -> None:
    pair.fail()
    pair.run(10, "P-4104.TRIP")
    assert (pair.now("P-4104.TRIP"), pair.now("P-4104.RUN")) == ((0.0, 1.0), (1.0, 0.0))
    assert pair.now("FIC-4104.PV")[1] < 0.1
    pair.mend()
    pair.run(10, "P-4104.RUN")
    assert pair.now("P-4104.TRIP")[1] == 1.0, "until somebody takes the command back"
    for command in (0.0, 1.0):
        pair.wrong.core.signal[pair.wrong.tags["P-4104.CMD"].row] = command
        pair.wrong.advance(5)
    pair.run(5 * MINUTE, "P-4104.RUN")
    assert (pair.now("P-4104.TRIP")[1], pair.now("P-4104.RUN")[1]) == (0.0, 1.0)
    assert pair.now("FIC-4104.PV")[1] == pytest.approx(pair.now("FIC-4104.PV")[0], abs=0.05)


@case("drive-no-start@P-4223")
def does_not_start(pair: Pair) -> None:
    pair.fail()
    pair.set("P-4223.CMD", 1.0)
    pair.run(10, "P-4223.RUN")
    assert pair.now("P-4223.RUN") == (1.0, 0.0)
    pair.mend()
    for command in (0.0, 1.0):
        pair.set("P-4223.CMD", command)
        pair.run(10, "P-4223.RUN")
    assert pair.now("P-4223.RUN") == (1.0, 1.0)


@case("drive-local@P-4223")
def stays_as_it_is(pair: Pair) -> None:
    pair.set("P-4223.CMD", 1.0)
    pair.run(10, "P-4223.RUN")
    pair.fail()
    pair.run(2, "P-4223.RUN")
    pair.set("P-4223.CMD", 0.0)
    pair.run(10, "P-4223.RUN")
    assert pair.now("P-4223.RUN") == (0.0, 1.0)
    pair.mend()
    pair.run(10, "P-4223.RUN")
    assert pair.now("P-4223.RUN") == (0.0, 0.0)


@case("drive-run-feedback-lost@P-4104")
def runs_unseen(pair: Pair) -> None:
    pair.fail()
    pair.run(MINUTE, "FIC-4104.PV")
    assert pair.now("P-4104.RUN") == (1.0, 0.0)
    assert pair.now("FIC-4104.PV")[1] == pytest.approx(pair.now("FIC-4104.PV")[0], abs=0.05)
    pair.mend()
    pair.run(10, "P-4104.RUN")
    assert pair.now("P-4104.RUN") == (1.0, 1.0)


@case("pump-worn@404")
def takes_twice_the_speed_for_the_same_flow(pair: Pair) -> None:
    pair.fail()
    pair.run(10 * MINUTE, "P-4104.SPEED")
    speed = pair.now("P-4104.SPEED")
    assert speed[1] == pytest.approx(2.0 * speed[0], rel=0.1)
    assert pair.now("FIC-4104.PV")[1] == pytest.approx(pair.now("FIC-4104.PV")[0], abs=0.05)
    pair.mend()
    pair.run(10 * MINUTE, "P-4104.SPEED")
    speed = pair.now("P-4104.SPEED")
    assert speed[1] == pytest.approx(speed[0], rel=0.02)
