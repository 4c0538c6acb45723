"""Every loop of every plant is taken by hand, by its own set point and by a rack, and given back: no OP jumps for it.

Without noise, so that whatever an OP does from one scan to the next is the transfer's doing. Meanwhile OPs or set
points are moved by a few per cent, which a loop that did not track would take back at once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant, plant_names
from plantsim.model.plant import Loop, Plant

MAN, AUTO, CASCADE, EXTERNAL = 0.0, 1.0, 2.0, 3.0
MOVE_PERCENT = 3.0
JUMP_PERCENT = 0.25
"""Of OP in a scan. The fastest loops (gain 0.6, Ti 2.5 s) integrate an error of 3 % by less than 0.1 % in one."""


@dataclass(frozen=True)
class Away:
    """mode: to where and back from there. moved: whether something is moved meanwhile, OP, set point or command."""

    mode: float
    moved: bool


WAYS = {
    "Man": Away(MAN, False),
    "Man and moved": Away(MAN, True),
    "Auto": Away(AUTO, False),
    "Auto and moved": Away(AUTO, True),
    "External": Away(EXTERNAL, False),
    "External and moved": Away(EXTERNAL, True),
}


class Desk:
    """A plant at its steady state whose meters have no noise."""

    def __init__(self, name: str) -> None:
        plant = load_plant(name).with_even_lots()
        quiet = tuple(dataclasses.replace(i, noise=0.0) for i in plant.instruments)
        self.live = LivePlant(dataclasses.replace(plant, instruments=quiet))
        self.plant: Plant = self.live.plant
        self.loops = {loop.tag: loop for loop in self.plant.loops}
        self.ops = [self.live.tags[f"{tag}.OP"].row for tag in self.loops]
        self.live.advance(20)
        self.start = self.live.arrays()

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.live.tags[name].row] = value

    def worst(self, scans: int) -> NDArray[np.float64]:
        """By how much each OP moves at most within a scan."""
        worst = np.zeros(len(self.ops))
        for _ in range(scans):
            before = self.live.core.signal[self.ops]
            self.live.advance(1)
            worst = np.maximum(worst, np.abs(self.live.core.signal[self.ops] - before))
        return worst

    def move(self, loop: Loop, mode: float) -> None:
        """Move what is free in that mode by a few per cent, towards the middle of what its master may ask for."""
        if mode == AUTO:
            masters = (o for master in self.loops.values() for o in master.outputs if o.tag == loop.tag)
            low, high = sorted(next((o.value for o in masters), loop.sp_range))
            step = 0.01 * MOVE_PERCENT * (high - low)
            self[f"{loop.tag}.SP"] += step if self[f"{loop.tag}.SP"] < 0.5 * (low + high) else -step
        elif mode == MAN:
            low, high = loop.op_limits
            step = MOVE_PERCENT if self[f"{loop.tag}.OP"] < 50.0 else -MOVE_PERCENT
            self[f"{loop.tag}.OP"] = min(max(self[f"{loop.tag}.OP"] + step, low), high)
        for output in loop.outputs if mode == EXTERNAL else ():
            if output.tag not in self.loops:
                name = f"{output.tag}.{output.member}"
                self[name] += MOVE_PERCENT if self[name] < 50.0 else -MOVE_PERCENT

    def jumps(self, tags: list[str], way: Away) -> dict[str, float]:
        """OPs that jump as those loops go that way and come back, and by how much."""
        self.live.restore(self.start)
        modes = {tag: self[f"{tag}.MODE"] for tag in tags}
        for tag in tags:
            self[f"{tag}.MODE"] = way.mode
        worst = self.worst(3)
        for tag in tags if way.moved else ():
            self.move(self.loops[tag], way.mode)
        self.live.advance(20)
        for tag, mode in modes.items():
            self[f"{tag}.MODE"] = mode
        worst = np.maximum(worst, self.worst(3))
        return {tag: float(jump) for tag, jump in zip(self.loops, worst, strict=True) if jump > JUMP_PERCENT}

    def movable(self, way: Away) -> list[str]:
        """Loops that control and are not where that way leads already."""
        wanted = (CASCADE,) if way.mode == AUTO else (AUTO, CASCADE)
        return [tag for tag in self.loops if self[f"{tag}.MODE"] in wanted]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.long] if name != "belfast" else []) for name in plant_names()],
)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_all_loops_at_once_are_taken_and_given_back_without_a_bump(desk: Desk, way: Away) -> None:
    desk.live.restore(desk.start)
    assert desk.jumps(desk.movable(way), way) == {}


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_each_loop_by_itself_is_taken_and_given_back_without_a_bump(desk: Desk, way: Away) -> None:
    """Its masters wait meanwhile, and go on from what they find."""
    desk.live.restore(desk.start)
    found = {tag: jumps for tag in desk.movable(way) if (jumps := desk.jumps([tag], way))}
    assert found == {}
