"""Pairs of machines: the one in reserve starts by itself when the duty machine is lost, and only then."""

from __future__ import annotations

import pytest

from plantsim.alarms.states import ACTIVE
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.live import LivePlant
from plantsim.engine.permission import Permission
from plantsim.model.plant import Plant
from plantsim.model.tag import Role


class Line:
    """The sweep fans K-213A and K-213B at work."""

    def __init__(self, plant: Plant, scan_period: float = 0.1) -> None:
        self.live = LivePlant(plant, scan_period=scan_period)

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.live.tags[name].row] = value

    def run(self, seconds: float) -> None:
        self.live.advance(round(seconds / self.live.scan_period))

    def lowest(self, name: str, seconds: float) -> float:
        """The least of a value while the plant runs on, scan by scan."""
        found = self[name]
        for _ in range(round(10 * seconds)):
            self.run(0.1)
            found = min(found, self[name])
        return found

    def alarmed(self, name: str) -> bool:
        at = next(i for i, a in enumerate(self.live.alarms) if a.name == name)
        return bool(self.live.book.states()[at] & ACTIVE)


@pytest.fixture
def line(belfast: Plant) -> Line:
    return Line(belfast)


def test_a_trip_of_the_duty_fan_is_ridden_through(line: Line) -> None:
    """In the scan after TRIP the other is commanded, and neither feed nor acid is stopped."""
    line.live.injected.inject("sweep-fan-trip@K-213A", 1.0, 0.0, 0.0)
    line.live.advance(1)
    assert (line["K-213A.TRIP"], line["K-213B.CMD"]) == (1.0, 0.0)
    line.live.advance(1)
    assert line["K-213B.CMD"] == 1.0
    lowest = line.lowest("FIC-213.PV", 20.0)
    assert lowest > 300.0
    line.run(60)
    assert line["FIC-213.PV"] == pytest.approx(620.0, abs=30.0)
    assert line["K-213B.SPEED"] == pytest.approx(62.0, abs=3.0)
    assert (line["UZ-213.TRIPPED"], line["SC-101.RUN"]) == (0.0, 1.0)
    assert line.alarmed("K-213A.TRIP")
    assert line.alarmed("K-213B.STANDBY")


def test_a_fan_that_is_stopped_is_not_lost(line: Line) -> None:
    line["K-213A.CMD"] = 0.0
    line.run(10)
    assert (line["K-213A.RUN"], line["K-213B.RUN"]) == (0.0, 0.0)
    assert line["UZ-213.TRIPPED"] == 1.0


def test_a_run_report_that_does_not_come_calls_the_other_after_its_time(line: Line) -> None:
    """Two seconds by the plant file's default, to the scan."""
    line.live.injected.inject("drive-run-feedback-lost@K-213A", 1.0, 0.0, 0.0)
    line.live.advance(1)
    assert line["K-213A.RUN"] == 0.0
    line.live.advance(20)
    assert line["K-213B.CMD"] == 0.0
    line.live.advance(1)
    assert line["K-213B.CMD"] == 1.0


def test_once_called_it_is_the_operators(line: Line) -> None:
    """He may stop it, and it stays so; mended, the duty fan is started by hand and the other stopped, without a dip."""
    line.live.injected.inject("sweep-fan-trip@K-213A", 1.0, 0.0, 0.0)
    line.run(20)
    line.live.injected.clear_all()
    line["K-213A.CMD"] = 0.0
    line.run(1)
    assert (line["K-213A.TRIP"], line["K-213B.RUN"]) == (0.0, 1.0)
    line["K-213A.CMD"] = 1.0
    line.run(10)
    assert (line["K-213A.RUN"], line["K-213B.RUN"]) == (1.0, 1.0)
    line["K-213B.CMD"] = 0.0
    lowest = line.lowest("FIC-213.PV", 10.0)
    assert lowest > 560.0
    line.run(20)
    assert line["K-213B.CMD"] == 0.0
    assert not line.alarmed("K-213B.STANDBY")
    line.live.injected.inject("sweep-fan-trip@K-213A", 1.0, 0.0, 0.0)
    line.run(5)
    line["K-213B.CMD"] = 0.0
    line.run(5)
    assert line["K-213B.RUN"] == 0.0


def test_the_selector_gives_the_duty_away_and_stops_nothing(line: Line) -> None:
    line["HS-213.STATE"] = 1.0
    line.run(10)
    assert (line["K-213A.RUN"], line["K-213B.RUN"]) == (1.0, 0.0)
    line["K-213B.CMD"] = 1.0
    line.run(10)
    line["K-213A.CMD"] = 0.0
    line.run(10)
    assert (line["K-213A.RUN"], line["K-213B.RUN"]) == (0.0, 1.0)
    assert not line.alarmed("K-213B.STANDBY")
    line.live.injected.inject("sweep-fan-trip@K-213B", 1.0, 0.0, 0.0)
    line.run(10)
    assert (line["K-213A.RUN"], line["K-213B.TRIP"]) == (1.0, 1.0)
    assert line["UZ-213.TRIPPED"] == 0.0


def test_a_standby_that_has_tripped_itself_stays_where_it_is(line: Line) -> None:
    """When both are mended nothing starts before somebody resets it."""
    line.live.injected.inject("sweep-fan-trip", 1.0, 0.0, 0.0)
    line.run(10)
    assert line["UZ-213.TRIPPED"] == 1.0
    line.live.injected.clear_all()
    line.run(10)
    assert (line["K-213A.RUN"], line["K-213B.CMD"], line["K-213B.RUN"]) == (0.0, 0.0, 0.0)


def test_the_scrubbers_pumps_are_a_pair_too(line: Line) -> None:
    line["P-802A.TRIP"] = 1.0
    line.run(30)
    assert (line["P-802A.RUN"], line["P-802B.RUN"]) == (0.0, 1.0)
    assert line["FI-802.PV"] == pytest.approx(3.5, abs=0.3)
    assert line["UZ-802.TRIPPED"] == 0.0


def test_only_the_machine_that_runs_takes_power(line: Line) -> None:
    """The pair's line draws nothing itself: 2 kW at full speed."""
    line.run(1)
    before = line["JI-831.PV"]
    line["K-213B.CMD"] = 1.0
    line.run(30)
    assert line["JI-831.PV"] - before == pytest.approx(0.62 * 2.0, abs=0.5)
    assert line["FIC-213.PV"] == pytest.approx(620.0, abs=30.0)


def test_its_speed_follows_and_is_not_to_be_written(line: Line) -> None:
    permission = Permission(line.live.plant, line.live.tags, frozenset())
    origin = Origin(Role.OPERATOR, "operator", "test")
    image = line.live.image({})
    assert permission.check(image, "K-213B.SPEED_CMD", 50.0, origin) is Refusal.MODE
    line["FIC-213.MODE"] = 0.0
    line["FIC-213.OP"] = 40.0
    line.run(1)
    assert line["K-213B.SPEED_CMD"] == 40.0


def test_a_pair_goes_through_a_snapshot_the_same(belfast: Plant, line: Line) -> None:
    line["P-802A.TRIP"] = 1.0
    line.run(0.2)
    other = Line(belfast)
    other.live.restore(line.live.arrays())
    for one in (line, other):
        one.run(20)
    assert line["FI-802.PV"] == other["FI-802.PV"]
