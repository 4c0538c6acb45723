"""The throughput master of the Belfast line: it holds the feed, and yields to whatever cannot keep up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant, plant_names
from plantsim.model.tag import Tag

if TYPE_CHECKING:
    from tests.engine.conftest import MakeTrial, Trial

HOUR_S = 3600.0
MAN, AUTO, CASCADE = 0.0, 1.0, 2.0
DESIGN_KG_H = 4.3


def limit_of(live: LivePlant) -> str:
    """Tag of the constraint in force, as clients read it."""
    tag: Tag = live.tags["WIC-100.Limit"]
    return tag.states[round(float(live.core.signal[tag.row]))]


def in_force(trial: Trial) -> str:
    return limit_of(trial.live)


@pytest.mark.parametrize("set_point", [3.9, 4.5])
def test_feed_follows_the_set_point(make_trial: MakeTrial, set_point: float) -> None:
    trial = make_trial(scan_period=1.0, writes={"WIC-100.SP": set_point})
    trial.run(1.5 * HOUR_S)
    assert trial["WIC-100.PV"] == pytest.approx(set_point, rel=0.002)
    assert in_force(trial) == ""


def test_feed_is_held_though_the_screw_delivers_more(make_trial: MakeTrial) -> None:
    trial = make_trial(scan_period=1.0, streams={"101": 1.1})
    pv = trial.record(["WIC-100.PV"], 2.0 * HOUR_S)
    assert np.abs(pv - DESIGN_KG_H).max() < 0.02


def test_set_point_moves_no_feed_in_manual(make_trial: MakeTrial) -> None:
    trial = make_trial(scan_period=1.0, writes={"WIC-100.MODE": MAN, "WIC-100.SP": 3.0})
    trial.run(HOUR_S)
    assert trial["WIC-101.PV"] == pytest.approx(DESIGN_KG_H, abs=0.1)
    assert in_force(trial) == ""


def test_set_point_rises_by_its_ramp(make_trial: MakeTrial) -> None:
    """0.5 kg/h a minute."""
    trial = make_trial(writes={"WIC-100.SP": 3.3})
    trial.run(60.0)
    assert trial["WIC-101.SP"] == pytest.approx(3.8, abs=0.01)


@dataclass(frozen=True)
class Case:
    """pv, limit, below: what is kept on which side of what. wrong: fields of the bench's `Wrong`.

    hours: until the feed has settled at what the limit allows. swing: kg/h that it may still move, noise included.
    within: of the limit, in the last quarter, on average. worst: that the PV reaches on the way.
    release: writes that take the cause away. mended: stream whose device delivers again what it should.
    hours_back: until the feed is that of the set point again.
    """

    tag: str
    pv: str
    limit: float
    below: bool
    wrong: Mapping[str, Mapping[str, Any]]
    hours: float
    swing: float
    within: float
    worst: float
    release: Mapping[str, float]
    hours_back: float
    set_point: float = field(default=DESIGN_KG_H)
    mended: str = ""


CASES = [
    Case(
        "AIC-211",
        "AIC-211.PV",
        10.0,
        True,
        {"writes": {"FIC-213.MODE": AUTO, "FIC-213.SP": 480.0}},
        hours=4.0,
        swing=0.5,
        within=0.2,
        worst=11.8,
        release={"FIC-213.SP": 620.0},
        hours_back=1.0,
    ),
    Case(
        "TIC-201",
        "TIC-201.OP",
        8.0,
        False,
        {"writes": {"WIC-100.SP": 5.5}, "units": {"R-201": {"jacket": 0.14}}},
        hours=12.0,
        swing=0.2,
        within=1.5,
        worst=0.0,
        release={"TIC-201.SP": 70.0},
        hours_back=3.0,
        set_point=5.5,
    ),
    # what the press takes; behind it, too, its batches are seen in the feed
    Case(
        "LY-305",
        "LY-305.PV",
        70.0,
        True,
        {"streams": {"303": 0.4}},
        hours=40.0,
        swing=1.0,
        within=3.0,
        worst=82.0,
        release={},
        hours_back=24.0,
        mended="303",
    ),
    Case(
        "LY-321",
        "LY-321.PV",
        85.0,
        True,
        {"writes": {"FIC-4101.MODE": AUTO, "FIC-4101.SP": 52.0}},
        hours=60.0,
        swing=0.9,
        within=4.0,
        worst=97.0,
        release={"FIC-4101.MODE": CASCADE},
        hours_back=24.0,
    ),
    Case(
        "FIC-4102",
        "FIC-4102.OP",
        95.0,
        True,
        {"writes": {"FFIC-4106.MODE": AUTO, "FFIC-4106.SP": 0.36}, "units": {"SX-1": {"organic": 0.48}}},
        hours=60.0,
        swing=0.5,
        within=2.0,
        worst=100.0,
        release={"FFIC-4106.SP": 0.29},
        hours_back=12.0,
    ),
]


def runs() -> list[Any]:
    """The cases, those of a day among the long tests."""
    return [
        pytest.param(case, marks=[pytest.mark.long] if case.hours + case.hours_back >= 24.0 else [], id=case.tag)
        for case in CASES
    ]


@pytest.mark.parametrize("case", runs())
def test_limit_takes_over_lowers_the_feed_and_lets_go(make_trial: MakeTrial, case: Case) -> None:
    """`WIC-100.Limit` names it meanwhile, and nothing swings."""
    trial = make_trial(scan_period=1.0, **case.wrong)
    seen = trial.record([case.pv, "WIC-101.SP"], case.hours * HOUR_S, 400)
    pv, feed = seen[-100:].T
    assert in_force(trial) == case.tag
    assert feed.max() < case.set_point - 0.1
    assert np.ptp(feed) < case.swing
    assert pv.mean() == pytest.approx(case.limit, abs=case.within)
    assert seen[:, 0].max() <= case.worst if case.below else seen[:, 0].min() >= case.worst
    for name, value in case.release.items():
        trial[name] = value
    if case.mended:
        trial.live.core.disturb(trial.live.layout.streams[case.mended], 1.0)
    trial.run(case.hours_back * HOUR_S)
    assert in_force(trial) == ""
    assert trial["WIC-101.SP"] == pytest.approx(case.set_point)


@pytest.mark.parametrize("name", plant_names())
def test_each_constraint_of_every_plant_is_named_while_it_limits(name: str) -> None:
    """Held a fiftieth of its range beyond its limit it lowers the feed; back within, it lets go of it."""
    plant = load_plant(name).with_even_lots()
    live = LivePlant(plant, scan_period=1.0)
    live.advance(2)
    rest = live.arrays()
    for c in next(loop.constraints for loop in plant.loops if loop.tag == "WIC-100"):
        live.restore(rest)
        signal, tag = live.core.signal, live.tags[f"{c.tag}.{c.member}"]
        op = live.tags["WIC-100.OP"].row
        before = float(signal[op])
        if c.member == "OP":
            signal[live.tags[f"{c.tag}.MODE"].row] = MAN
        beyond = 0.02 * (tag.high - tag.low) * (1.0 if c.direct else -1.0)
        named = {}
        for way in (beyond, -5.0 * beyond):
            for _ in range(300):
                signal[tag.row] = c.limit + way
                live.advance(1)
            named[way] = limit_of(live), float(signal[op])
        assert named[beyond][0] == c.tag, c.tag
        assert named[beyond][1] < 0.99 * before, c.tag
        assert named[-5.0 * beyond][0] != c.tag, c.tag
        assert named[-5.0 * beyond][1] > named[beyond][1], c.tag
