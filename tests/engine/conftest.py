"""A bench for control: the Belfast line at its steady state with something wrong in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsim.engine.live import LivePlant
from plantsim.model.plant import Plant

Factors = Mapping[str, float]


@dataclass(frozen=True)
class Wrong:
    """What differs from the plant as designed, as factors on what it should be.

    streams: what a stream's device delivers. units: parameters of units. liquors: strength of what is in a store, or in
    a make-up tank whose analyser shows what it should be. meters: what a meter shows of the true value. writes: what
    somebody sets, as it is.
    """

    streams: Factors = field(default_factory=dict)
    units: Mapping[str, Factors] = field(default_factory=dict)
    liquors: Factors = field(default_factory=dict)
    meters: Factors = field(default_factory=dict)
    writes: Factors = field(default_factory=dict)

    def made_of(self, plant: Plant) -> Plant:
        """The plant as it really is. It still takes the steady snapshot of the one designed."""
        units = []
        for unit in plant.units:
            changed = dict(unit.parameters)
            for name, factor in self.units.get(unit.id, {}).items():
                changed[name] *= factor
            if unit.id in self.liquors and unit.kind in ("store", "reagent_tank"):
                changed["liquor"] = {k: x * self.liquors[unit.id] for k, x in changed["liquor"].items()}
            units.append(dataclasses.replace(unit, parameters=changed))
        instruments = []
        for i in plant.instruments:
            factor = self.meters.get(i.tag, 1.0)
            if i.measures is not None and i.measures.probe == "strength":
                factor /= self.liquors.get(i.measures.source, 1.0)
            if factor != 1.0:
                assert i.measures is not None
                i = dataclasses.replace(i, measures=dataclasses.replace(i.measures, scale=i.measures.scale * factor))
            instruments.append(i)
        return dataclasses.replace(plant, units=tuple(units), instruments=tuple(instruments))


class Trial:
    """A run from the steady state. ``trial["TIC-201.PV"]`` reads a tag and sets it at once, past every check."""

    def __init__(self, plant: Plant, wrong: Wrong, scan_period: float) -> None:
        self.live = LivePlant(wrong.made_of(plant), scan_period=scan_period)
        for unit in self.live.plant.units:
            if unit.kind == "makeup_tank" and unit.id in wrong.liquors:
                self._make_up(unit.id, wrong.liquors[unit.id])
            if unit.kind == "reagent_tank" and unit.id in wrong.liquors:
                reagent = self.live.core.offsets()[self.live.layout.units[unit.id]]
                self.live.core.state[reagent] *= wrong.liquors[unit.id]
        for stream, factor in wrong.streams.items():
            self.live.core.disturb(self.live.layout.streams[stream], factor)
        for name, value in wrong.writes.items():
            self[name] = value

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.live.tags[name].row] = value

    def _make_up(self, unit: str, factor: float) -> None:
        """Have so much of what is dissolved in a tank, and water instead of the rest."""
        offsets = self.live.core.offsets()
        n = self.live.core.state[offsets[self.live.layout.units[unit]] :]
        volumes = [self.live.plant.chemistry.species[name].molar_volume for name in self.live.layout.species]
        water = self.live.layout.species.index("H2O")
        for i in (self.live.layout.species.index(name) for name in ("H", "Cl")):
            n[water] += (1.0 - factor) * n[i] * volumes[i] / volumes[water]
            n[i] *= factor

    def run(self, seconds: float) -> None:
        """Let plant time pass."""
        self.live.advance(round(seconds / self.live.scan_period))

    def run_in_the_mean(self, seconds: float) -> None:
        """Let plant time pass without noise and in the mean over any cycle of batches, as the solver sees it."""
        for _ in range(round(seconds)):
            self.live.core.step_from_rest(1.0)

    def record(self, names: list[str], seconds: float, points: int = 200) -> NDArray[np.float64]:
        """Run, and read tags at equal intervals: (points, tags)."""
        rows = [self.live.tags[name].row for name in names]
        scans = round(seconds / self.live.scan_period / points)
        result = np.empty((points, len(rows)))
        for line in result:
            self.live.advance(scans)
            line[:] = self.live.core.signal[rows]
        return result


MakeTrial = Callable[..., Trial]


@pytest.fixture(scope="session")
def make_trial(belfast: Plant) -> MakeTrial:
    """A trial from what is wrong, by the fields of `Wrong`. scan_period: s."""

    def make(*, scan_period: float = 0.1, **wrong: Mapping[str, Any]) -> Trial:
        return Trial(belfast, Wrong(**wrong), scan_period)

    return make
