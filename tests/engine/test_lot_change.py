"""A change of lots by its own sequence: slower while the new lot goes through leach and extraction."""

from __future__ import annotations

import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.plant import Plant

START, ABORT = 1, 4
HOUR = 3600
"""Scans of a second."""


class Feed:
    """Belfast with so many kg in its bin."""

    def __init__(self, plant: Plant, kg: float) -> None:
        self.live = LivePlant(plant.with_even_lots(), scan_period=1.0)
        offsets, unit = self.live.core.offsets(), self.live.layout.units["FD-101"]
        self.live.core.state[offsets[unit] :][: len(self.live.layout.species)] *= kg / 350.0
        self.live.advance(10)

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def command(self, command: int, seconds: int) -> tuple[str, int]:
        self.live.core.signal[self.live.tags["KS-700.CMD"].row] = command
        self.live.advance(seconds)
        return SEQUENCE_STATES[int(self["KS-700.STATE"])], int(self["KS-700.STEP"])


def test_it_does_not_start_while_the_bin_is_full(belfast: Plant) -> None:
    assert Feed(belfast, 350.0).command(START, 2) == ("Idle", 0)


def test_aborted_the_feed_goes_back_to_its_rate(belfast: Plant) -> None:
    feed = Feed(belfast, 100.0)
    assert feed.command(START, HOUR) == ("Running", 1)
    assert feed["WIC-100.SP"] == pytest.approx(3.9)
    assert feed.command(ABORT, 2) == ("Aborting", 1)
    assert feed.command(0, HOUR) == ("Idle", 0)
    assert feed["WIC-100.SP"] == pytest.approx(4.3)


@pytest.mark.long
def test_a_usual_lot_goes_through(belfast: Plant) -> None:
    feed = Feed(belfast, 90.0)
    state = feed.command(START, 60)
    steps = [state[1]]
    for _ in range(60 * 72):
        feed.live.advance(60)
        if feed["KS-700.STEP"] != steps[-1]:
            steps.append(int(feed["KS-700.STEP"]))
        if feed["KS-700.STATE"] != 1.0:
            break
    assert SEQUENCE_STATES[int(feed["KS-700.STATE"])] == "Complete"
    assert [step for step in steps if step != 9] == [1, 2, 3, 4, 6, 7, 8, 10], (
        "looked at every minute, a short step may be over"
    )
    assert feed["UI-104.PV"] == 1.0
    assert feed["WIC-101.PV"] > 4.1
    assert min(feed["AI-701.PV"], feed["AI-702.PV"]) > 99.5
    closed = feed.live.certificates()
    assert [(lot.product, lot.end) for lot in closed[-2:]] == [(name, closed[-1].end) for name in ("Dy2O3", "Nd2O3")]
    assert all(lot.in_spec for lot in closed[-2:])
    assert feed["HS-715.STATE"] == 0.0


@pytest.mark.long
def test_a_lot_rich_in_dysprosium_finds_more_organic_before_its_raffinate_tells(belfast: Plant) -> None:
    """Without that step the raffinate of SX-1 comes to 45 mg/L of Dy and Tb, which is an alarm."""
    feed = Feed(belfast, 80.0)
    feed.command(START, 60)
    most, ahead, worst = 0.0, 0.0, 100.0
    for _ in range(60 * 72):
        feed.live.advance(60)
        worst = min(worst, feed["AI-701.PV"], feed["AI-702.PV"])
        if feed["KS-700.STEP"] == 2.0 and not feed.live.injected.standing:
            feed.live.injected.inject("dy-grade-x3@FD-101", 1.0, 0.0, 0.0)
        if feed["KS-700.STEP"] == 5.0:
            ahead = feed["AIC-4126.PV"]
        most = max(most, feed["AIC-4126.PV"])
    assert ahead < 10.0, "long before it is high"
    assert 25.0 < most < 38.0
    assert feed["AIC-4126.MODE"] == 1.0
    assert worst > 99.5, "at any time, so that nothing is diverted"
