"""Step tests: every PID loop gets a step of its set point at nominal production, and meets its overshoot and settling.

What a step does is the difference to the same run without it: noise, the press cycle and lots are in both. The size is
within what is normal of the PV and leaves the output its room. Loops that hear little of each other share a run.

Levels that average flows (closed loop of an hour and more) swing over by the nature of a PI controller on an
integrator, and are stated so; what they are for is that the flow behind them changes slowly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant

if TYPE_CHECKING:
    from plantsim.model.plant import Plant

MAN, AUTO = 0.0, 1.0
SCANS = 10
"""Between two readings."""


@dataclass(frozen=True)
class Step:
    """size: of the set point, eu; 0: half the room to the end of the normal band. overshoot: % of the way that the PV
    has to go. settling: s after which it stays within that part of the way from the set point."""

    size: float
    overshoot: float
    settling: float
    within: float = 0.1


@dataclass(frozen=True)
class Round:
    hours: float
    steps: dict[str, Step]


ROUNDS = {
    "temperatures, interfaces and pH, first half": Round(
        4,
        {
            "TIC-111": Step(5.0, 10, 900),
            "AIC-122": Step(0.5, 10, 1200),
            "TIC-201": Step(1.5, 10, 1200),
            "TIC-203": Step(1.5, 10, 3000),
            "AIC-301": Step(0.15, 25, 7200),
            "TIC-307": Step(1.5, 15, 8000),  # jackets of one hot water feel each other's steps
            "TIC-4120": Step(1.0, 15, 6000),
            "LIC-4114": Step(15.0, 5, 600),
            "LIC-4214": Step(15.0, 5, 600),
            "LIC-4314": Step(15.0, 5, 600),
            "AIC-504": Step(0.1, 15, 1200),
            "AIC-524": Step(0.1, 15, 1200),
            "AIC-544": Step(0.1, 10, 11500),
            "AIC-554": Step(0.1, 10, 9000),
            "TIC-601": Step(2.5, 15, 1200),
            "PIC-620": Step(-3.0, 10, 120),
            "TIC-611": Step(7.5, 25, 6300),
            "TIC-613": Step(7.5, 25, 6300),
            "TIC-631": Step(2.5, 15, 1300),
            "TIC-641": Step(7.5, 25, 6000),
            "TIC-651": Step(7.5, 20, 6600),
        },
    ),
    "temperatures, interfaces and pH, second half": Round(
        4,
        {
            "AIC-124": Step(5.0, 10, 600),
            "TIC-202": Step(1.5, 10, 3000),
            "LIC-208": Step(5.0, 20, 7200),
            "TIC-306": Step(1.5, 13, 5000),
            "LIC-4116": Step(15.0, 5, 1800),
            "LIC-4216": Step(15.0, 5, 1800),
            "LIC-4316": Step(15.0, 5, 1800),
            "TIC-505": Step(1.0, 10, 1200),
            "AIC-513": Step(0.4, 15, 1600),
            "TIC-525": Step(1.0, 10, 1200),
            "TIC-545": Step(1.0, 10, 1200),
            "TIC-612": Step(7.5, 25, 6300),
            "TIC-614": Step(7.5, 25, 6300),
            "TIC-642": Step(7.5, 25, 6000),
            "TIC-656": Step(7.5, 20, 5400),
            "AIC-842": Step(0.2, 15, 4800),
        },
    ),
    # the caustic that lifts the scrubber's pH comes to the effluent, so AIC-801 is not with AIC-842
    "levels and what hangs on them": Round(
        6,
        {
            "LIC-206": Step(2.5, 20, 2700),
            # downwards: upwards a logarithm of what is left of the iron, with all the peroxide that FFIC-304 may give
            # it takes more than 8 h
            "AIC-303": Step(-30.0, 15, 12000),
            "LIC-506": Step(2.5, 25, 6000),
            "LIC-526": Step(2.5, 25, 6000),
            "LIC-546": Step(2.5, 20, 6000),
            "LIC-556": Step(2.5, 15, 3000),
            "AIC-801": Step(0.25, 25, 7500),
            "TIC-4220": Step(1.0, 15, 7000),
            "TIC-827": Step(1.5, 20, 6000),
            "AIC-4090": Step(0.09, 15, 7200),
            "LIC-841": Step(5.0, 30, 10800),
        },
    ),
    "averaging levels, first half, and slow analysers": Round(
        12,
        {
            "TIC-821": Step(1.0, 25, 36000),
            "LIC-207": Step(2.5, 20, 2700),
            "AIC-4110": Step(0.05, 10, 28000),
            "AIC-201": Step(0.02, 20, 28000),
            "LIC-4118": Step(5.0, 25, 12000, 0.25),
            "LIC-4119": Step(5.0, 25, 12000, 0.25),
            # make-up can only add: what is too much leaves by the scrubber's vapour and blow-down
            "LIC-803": Step(5.0, 40, 28000),
        },
    ),
    "averaging levels, second half, and slow analysers": Round(
        12,
        {
            "LIC-4218": Step(5.0, 35, 20000, 0.35),
            "LIC-4219": Step(5.0, 25, 12000, 0.25),
            "LIC-4318": Step(5.0, 35, 20000, 0.35),
            "LIC-4319": Step(5.0, 25, 12000, 0.25),
            # the slurry that LIC-206 to LIC-208 send on is what AIC-302 works on
            "AIC-302": Step(0.15, 20, 9000),
            "AIC-804": Step(2.0, 10, 42000),
            # the cut of a circuit answers in days (Ti 20 h and 10 h): half a day shows the way, without swinging over
            "AIC-4226": Step(1.0, 0, 40000, 0.85),
            "AIC-4326": Step(0.5, 0, 40000, 0.9),
        },
    ),
    "levels of the acids made up": Round(
        9, dict.fromkeys(("LIC-812", "LIC-812B", "LIC-812C", "LIC-814", "LIC-814B"), Step(2.5, 25, 28000))
    ),
    # a tank is turned over in many hours, and its strength with it (Ti 12 h)
    "strengths of the acids made up": Round(
        11,
        {
            "AIC-813": Step(0.0075, 20, 36000, 0.15),
            "AIC-813B": Step(0.03, 20, 36000, 0.15),
            "AIC-813C": Step(0.025, 20, 36000, 0.15),
            "AIC-815": Step(0.1, 20, 36000, 0.15),
            "AIC-815B": Step(0.1, 20, 36000, 0.15),
        },
    ),
}

AT_THEIR_LIMIT = ("AIC-701", "AIC-702", "AIC-4126", "AIC-4128")
"""Masters on analysers that limit: nominal production is better than their set points, so their output is at its end
and a step that the product allows moves nothing. What they do beyond is in test_loops.py and test_lot_change.py."""

IN_BATCHES = ("LIC-305", "FIC-311", "FIC-314", "LIC-321", "TIC-322")
"""Of the filter press and the tank behind it, to which its cycle gives work now and then: test_press_cycle.py."""

IN_MANUAL = ("AIC-703", "AIC-704", "AIC-4210", "AIC-4310")
"""For the operator to take."""

FLOW = Step(0.0, 5, 60)
MORE_AIR = Step(-1.5, 10, 900)
"""AIC-211 acts where there is more hydrogen than its set point: a step below what there is."""


def flow_loops(plant: Plant) -> list[str]:
    """Loops on flows, in Auto or Cascade, that are at work all the time."""
    flows = [loop for loop in plant.loops if loop.type == "PID" and loop.tag.startswith(("FIC", "WIC"))]
    return [loop.tag for loop in flows if loop.mode != MAN and loop.tag not in IN_BATCHES]


def run(
    plant: Plant, steps: dict[str, Step], seconds: float, scan_period: float, *, stepped: bool
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """PVs, a row every so often, a column per loop; and the set points in force."""
    live = LivePlant(plant, scan_period=scan_period)
    signal, rows = live.core.signal, live.tags
    instruments = {i.tag: i for i in plant.instruments}
    set_points = {}
    for tag, step in steps.items():
        sp = rows[f"{tag}.SP"].row
        if signal[rows[f"{tag}.MODE"].row] != AUTO:
            signal[sp] = signal[rows[f"{tag}.PV"].row]
            signal[rows[f"{tag}.MODE"].row] = AUTO
        if stepped:
            low, high = instruments[tag].normal or (instruments[tag].low, instruments[tag].high)
            room = max(high - signal[sp], low - signal[sp], key=abs)
            signal[sp] += step.size or 0.5 * room
        set_points[tag] = float(signal[sp])
    result = np.empty((round(seconds / scan_period / SCANS), len(steps)))
    columns = [rows[f"{tag}.PV"].row for tag in steps]
    for line in result:
        live.advance(SCANS)
        line[:] = signal[columns]
    return result, set_points


def check(plant: Plant, steps: dict[str, Step], seconds: float, scan_period: float) -> None:
    """Print what each step does, and assert that it is as stated."""
    rest, _ = run(plant, steps, seconds, scan_period, stepped=False)
    path, set_points = run(plant, steps, seconds, scan_period, stepped=True)
    at = (1.0 + np.arange(len(path))) * SCANS * scan_period
    missed = []
    for (tag, step), before, after in zip(steps.items(), rest.T, path.T, strict=True):
        way = set_points[tag] - before.mean()
        gone = (after - before) / way
        overshoot = 100.0 * (gone.max() - 1.0)
        outside = np.flatnonzero(np.abs(gone - 1.0) > step.within)
        settling = at[outside[-1]] if len(outside) else 0.0
        print(f"{tag:9} way {way:8.3g}: overshoot {overshoot:5.1f} %, settling {settling:6.0f} s; {step}")
        if overshoot > step.overshoot or settling > step.settling:
            missed.append(f"{tag}: overshoot {overshoot:.1f} %, settling {settling:.0f} s, stated {step}")
    assert missed == []


def test_every_loop_has_a_step_or_a_reason(belfast: Plant) -> None:
    tried = [tag for one in ROUNDS.values() for tag in one.steps] + flow_loops(belfast) + ["AIC-211"]
    without = [*AT_THEIR_LIMIT, *IN_BATCHES, *IN_MANUAL]
    assert sorted(tried + without) == sorted(loop.tag for loop in belfast.loops if loop.type == "PID")


def test_masters_that_limit_stand_at_their_end(belfast: Plant) -> None:
    live = LivePlant(belfast, scan_period=1.0)
    live.advance(600)
    for tag in AT_THEIR_LIMIT:
        assert live.core.signal[live.tags[f"{tag}.OP"].row] == 0.0


@pytest.mark.long
@pytest.mark.parametrize("name", ROUNDS)
def test_slow_loops_meet_their_overshoot_and_settling(belfast: Plant, name: str) -> None:
    check(belfast, ROUNDS[name].steps, 3600.0 * ROUNDS[name].hours, 1.0)


@pytest.mark.long
@pytest.mark.parametrize("name", ["belfast", "belfast-commercial", "makuutu", "missouri", "viridion"])
def test_flow_loops_meet_their_overshoot_and_settling(name: str) -> None:
    plant = load_plant(name)
    check(plant, dict.fromkeys(flow_loops(plant), FLOW), 180.0, 0.1)


@pytest.mark.long
def test_sweep_air_follows_the_hydrogen_set_point(belfast: Plant) -> None:
    check(belfast, {"AIC-211": MORE_AIR}, 1080.0, 0.1)
