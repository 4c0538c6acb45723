"""The heap's column against closed forms: trace exchange, the shock of a favoured ion, and what no step may do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import gammainc

from plantsim.model.compose.context import Context
from plantsim.model.compose.heap import ions
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant
from tests.core.conftest import Bench

PAD, BARREN, DRAIN = "HL-201", "202", "204"
AREA, HEIGHT, LAYERS = 10.0, 4.0, 20
FLUX = 7.5e-3 / 3600.0
CEC = 20.0
"""mol of charge per m3 of heap: little, so that a front passes soon."""
Vector = NDArray[np.float64]


class Column:
    """One cell of the pad, irrigated with barren liquor, its exchange at equilibrium unless said; scans of `step` s."""

    def __init__(self, plant: Plant, step: float = 60.0, **table: Any) -> None:
        context = Context(plant)
        na, nc = context.na, len(context.names)
        self.ions = [context.names[ion["ion"]] for ion in ions(context)]
        size = 1 + na + nc + LAYERS * (na + 2 * len(self.ions))
        self.more = 3 * na + 4 * nc
        changes = {
            "cells": 1,
            "phases": [2],
            "area": AREA,
            "height": HEIGHT,
            "cell_mass": 2.0,
            "rate": 1.0,
            "slow_rate": 0.0,
            "acid_rate": 0.0,
            "rain": 0.0,
            "evaporation": 0.0,
            "step": step,
            "initial": [0.0] * (self.more + 6 + size),
            **table,
        }
        self.bench = Bench(plant, {PAD: changes}, scan_period=step)
        self.step = step
        self.na = na
        state = self.bench.state(PAD)
        self.cell = state[self.more + 6 :]
        self.cell[0] = 1.0  # kg of ore of the two that complete it: half of the area
        self.layers = self.cell[1 + na + nc :].reshape(LAYERS, -1)

    @property
    def area(self) -> float:
        return AREA / 2.0

    def fill(self, theta: float, liquor: dict[str, float], bound: dict[str, float]) -> None:
        """Water content, what is dissolved [mol/L] and what the exchanger holds [mol/m3 of heap]."""
        room = self.area * HEIGHT / LAYERS
        self.layers[:] = 0.0
        self.layers[:, : self.na] = self.bench.liquor(1e3 * theta * room, liquor)[: self.na]
        for name, amount in bound.items():
            self.layers[:, self.na + self.ions.index(name)] = amount * room

    def irrigate(self, liquor: dict[str, float], flux: float = FLUX) -> None:
        self.bench.feed(BARREN, self.bench.liquor(1e3 * flux * self.area, liquor))

    def run(self, seconds: float) -> None:
        steps = round(seconds / self.step)
        assert self.bench.core.advance(steps) == steps

    def bottom(self, name: str) -> float:
        """mol/m3 in the lowest layer."""
        n = self.layers[-1, : self.na]
        return float(n[self.bench.index[name]] / (n @ self.bench.volume[: self.na]))

    def water(self) -> float:
        """m3 of liquor per m3 of heap."""
        return float((self.layers[:, : self.na] @ self.bench.volume[: self.na]).sum() / (self.area * HEIGHT))


@pytest.fixture(scope="module")
def clay() -> Plant:
    return load_plant("makuutu")


def wet(column: Column, liquor: dict[str, float], bound: dict[str, float]) -> float:
    """Fill and irrigate until the flow is even; the water content."""
    column.fill(0.41, liquor, bound)
    column.irrigate(liquor)
    column.run(5 * 86400.0)
    return column.water()


def test_flow_is_even_where_conductivity_is_what_is_sprayed(clay: Plant) -> None:
    """q = Ks Se^6 at unit gradient."""
    column = Column(clay)
    theta = wet(column, {"AS": 0.15}, {"NH4": CEC})
    assert theta == pytest.approx(0.18 + 0.28 * (7.5 / 25.0) ** (1.0 / 6.0), rel=1e-3)


def test_a_trace_breaks_through_as_stirred_layers_in_series(clay: Plant) -> None:
    """Na beside 0.3 mol/L of NH4 has a linear isotherm: R = theta + CEC K/[NH4], a gamma distribution of order N."""
    column = Column(clay)
    theta = wet(column, {"AS": 0.15}, {"NH4": CEC})
    column.irrigate({"AS": 0.15, "Na2SO4": 5e-5})
    mean = HEIGHT * (theta + CEC * 10.0**-0.6 / 300.0) / FLUX
    for share in (0.7, 1.0, 1.3):
        column.run(0.7 * mean if share == 0.7 else 0.3 * mean)
        assert column.bottom("Na") / 0.1 == pytest.approx(gammainc(LAYERS, share * LAYERS), abs=0.01)


def test_a_favoured_ion_comes_as_a_shock_when_the_exchanger_is_full(clay: Plant) -> None:
    """NH4 into Na: the front moves at q/(theta + CEC/c0), and stays as steep as the layers let it be."""
    column = Column(clay)
    theta = wet(column, {"Na2SO4": 0.05}, {"Na": CEC})
    column.irrigate({"AS": 0.05})
    arrival = HEIGHT * (theta + CEC / 100.0) / FLUX
    seen, at = [], 0.0
    while at < 1.6 * arrival:
        column.run(3600.0)
        at += 3600.0
        seen.append(column.bottom("NH4") / 100.0)
    front = 3600.0 * (0.5 + sum(1.0 - np.array(seen)))
    assert front == pytest.approx(arrival, rel=0.01)
    middle = 3600.0 * (1 + int(np.argmax(np.array(seen) > 0.5)))
    assert middle == pytest.approx(arrival, rel=0.04)
    linear = np.interp([0.1, 0.9], gammainc(LAYERS, np.linspace(0, 2, 400) * LAYERS), np.linspace(0, 2, 400))
    steep = 3600.0 * (np.argmax(np.array(seen) > 0.9) - np.argmax(np.array(seen) > 0.1)) / arrival
    assert steep < 0.9 * (linear[1] - linear[0])


def test_rare_earth_moves_ahead_of_ammonium(clay: Plant) -> None:
    """Trivalent ions are given up in the dilute foot of the front, and displace each other no further than it."""
    column = Column(clay)
    column.fill(0.41, {"MgSO4": 0.001}, {"Mg": 7.0, "Nd": 1.0, "Y": 1.0})
    column.irrigate({"AS": 0.15})
    peak, ammonium = 0.0, None
    for _ in range(24 * 12):
        column.run(3600.0)
        peak = max(peak, column.bottom("Nd"))
        if column.bottom("Nd") >= peak > 1.0:
            ammonium = column.bottom("NH4")
    assert peak > 3.0
    assert ammonium is not None
    assert ammonium < 150.0


@pytest.mark.parametrize("step", [10.0, 600.0, 3600.0])
def test_no_step_makes_an_amount_negative_or_loses_any(clay: Plant, step: float) -> None:
    """Fast exchange in dilute liquor, where an explicit step takes more than there is."""
    column = Column(clay, step=step)
    column.fill(0.3, {"MgSO4": 1e-5}, {"Mg": 100.0, "Al": 30.0, "Nd": 20.0, "La": 20.0})
    column.irrigate({"AS": 0.15, "H2SO4": 1e-3})
    bench = column.bench
    drain = bench.layout.streams[DRAIN]
    before, gone = bench.core.hold_up(), np.zeros(bench.nc)
    for _ in range(200):
        gone += step * bench.core.arriving[drain, 2 : 2 + bench.nc]  # what is under way is held still
        column.run(step)
        assert bench.state(PAD).min() >= 0.0
    assert np.isfinite(bench.state(PAD)).all()
    dissolved = column.layers[:, : column.na]
    charge = dissolved @ np.array([s.charge for s in bench.species[: column.na]])
    assert np.abs(charge).max() < 1e-11 * dissolved[:, bench.index["SO4"]].max()
    change = bench.core.hold_up() - before + gone
    for ion in column.ions:
        if ion != "NH4":
            bound = bench.index[{"Fe3": "FeX"}.get(ion, f"{ion}X")]
            assert abs(change[bench.index[ion]] + change[bound]) <= 1e-12 * before[bound], ion
