"""Gain scheduling of pH: near its set point, where the titration curve is steep, a loop has half its gain.

The gain is measured on the plant: from one and the same state, what a slightly different set point makes of the output
in the next scan.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.plant import Plant

SCHEDULED = ["AIC-301", "AIC-302", "AIC-504", "AIC-524"]


class Measured:
    """One loop of the plant at its steady state."""

    def __init__(self, plant: Plant, tag: str) -> None:
        self.live = LivePlant(plant)
        self.live.advance(10)
        self.loop = next(loop for loop in plant.loops if loop.tag == tag)
        instrument = next(i for i in plant.instruments if i.tag == tag)
        self.full = self.loop.gain * 100.0 / (instrument.high - instrument.low)
        """Gain of the file, % of output per pH."""
        self._rest = self.live.arrays()
        self._rows = {member: self.live.tags[f"{tag}.{member}"].row for member in ("PV", "SP", "OP")}
        self.pv = float(self.live.core.signal[self._rows["PV"]])

    def output(self, below: float) -> float:
        """Output of the next scan with the PV so many pH below the set point."""
        self.live.restore(self._rest)
        self.live.core.signal[self._rows["SP"]] = self.pv + below
        self.live.advance(1)
        return float(self.live.core.signal[self._rows["OP"]])

    def gain(self, below: float) -> float:
        """% of output per pH there."""
        step = 0.01 * self.loop.gap
        return (self.output(below + step) - self.output(below - step)) / (2.0 * step)


@pytest.mark.parametrize("tag", SCHEDULED)
def test_a_ph_loop_has_half_its_gain_within_its_gap_and_all_of_it_outside(belfast: Plant, tag: str) -> None:
    it = Measured(belfast, tag)
    gap = it.loop.gap
    assert gap > 0.0
    for share in (-0.9, -0.4, 0.0, 0.4, 0.9):
        assert it.gain(share * gap) == pytest.approx(0.5 * it.full, rel=1e-3), f"{share} of the gap"
    for share in (-1.6, -1.1, 1.1, 1.6):
        assert it.gain(share * gap) == pytest.approx(it.full, rel=1e-3), f"{share} of the gap"
    way = it.output(1.5 * gap) - it.output(0.0)
    assert way == pytest.approx(it.full * (0.5 * gap + 0.5 * gap), rel=1e-3), "no step at the edge of the gap"


@pytest.mark.parametrize("tag", ["AIC-301", "AIC-302"])
def test_within_the_gap_noise_moves_the_pump_half_as_much(belfast: Plant, tag: str) -> None:
    def scatter(plant: Plant) -> float:
        live = LivePlant(plant)
        row = live.tags[f"{tag}.OP"].row
        outputs = np.empty(600)
        for k in range(len(outputs)):
            live.advance(1)
            outputs[k] = live.core.signal[row]
        return float(np.diff(outputs).std())

    even = replace(belfast, loops=tuple(replace(o, gap=0.0) if o.tag == tag else o for o in belfast.loops))
    assert scatter(belfast) == pytest.approx(0.5 * scatter(even), rel=0.02)
