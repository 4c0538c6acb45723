"""The steady production state, found by a solver instead of by waiting.

The state x of process, instruments and loops is steady where one scan leaves it alone: G(x) = x. Pseudo-transient
continuation (Kelley and Keyes 1998) goes there from anywhere reasonable: an implicit Euler step

    (I/d - J) dx = F(x),   F(x) = (G(x) - x)/h,   J = dF/dx by differences

whose length d grows while the steps succeed; with d large it is Newton's method, and ends quadratically. Stocks that
only grow or are drawn down (bins, reagent tanks, product hoppers) have no steady state and are left as they are. Nor
has a filter press: to the solver it is the mean over its cycle, and it is empty as a run begins. A pad of heaps is put
into its stride, every cell as old as its place in the round, and the rest of the plant is steady for what the pad sends
at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, eye_array
from scipy.sparse.linalg import splu

from plantsim.engine.core import Core
from plantsim.engine.live import LivePlant, steady_path
from plantsim.engine.snapshot import SnapshotError, read_snapshot, write_snapshot
from plantsim.model.assemble import Assembly
from plantsim.model.compose.field import ALARM_MEM
from plantsim.model.plant import Plant

Vector = NDArray[np.float64]
NOWHERE = np.zeros(0, dtype=np.intp)

STOCKS = (
    "feed_bin", "store", "hopper", "filter_press", "cartridge", "heap", "ups", "organic_store",
)  # fmt: skip
WITHOUT_SPECIES = ("water_circuit", "gas_main", "reagent_tank", "enclosure", "hall")
"""Whose states are not the mol of every species first."""
FIRST_STEP_S, LONGEST_STEP_S, SHORTEST_STEP_S = 300.0, 1e12, 1e-2
MARCH_S, MOST_MARCHES = 43200.0, 6
"""Coarse explicit steps carry start-up so far before the solver is tried, and again so far where it gets stuck."""
MOST_CORRECTIONS = 10
MOST_RENEWALS = 2
STEPS_BENT, STEPS_STRAIGHT = 60, 300
"""From a marched plant the solver is tried both ways: large plants are found in few steps if the Jacobian is renewed on
the way, others only if it is not."""
FARTHEST = 10.0
"""A correction so many times what is there has no Jacobian worth having at its end."""
_SCANS_TO_SEE = 5
"""After so many scans streams, signals and outputs are those of a state that was put in."""
MEMORY_LIMIT = 1e6
"""Bound on what a step may make of a loop's memory, which no balance bounds, in % or eu."""


class SettleError(RuntimeError):
    """The solver found no steady state; says where it stood."""


@dataclass(frozen=True, slots=True)
class Settled:
    """residual: largest scaled |dx/dt| [1/s]. iterations: linear systems solved. unknowns: size of the last."""

    residual: float
    iterations: int
    unknowns: int
    worst: str


class Steady:
    """The steady-state problem of one core."""

    def __init__(self, core: Core, assembly: Assembly, step_s: float = 1.0) -> None:
        self.core = core
        self.h = step_s
        self.assembly = assembly
        offsets = core.offsets()
        stocks = np.zeros(offsets[-1], dtype=bool)
        floors = np.ones(offsets[-1])
        self.names: list[str] = []
        units = list(assembly.layout.units)
        nc = len(assembly.layout.species)
        signed = np.zeros(offsets[-1], dtype=bool)
        i_h = assembly.layout.species.index("H")
        for k, entry in enumerate(assembly.spec["units"]):
            first, last = offsets[k], offsets[k + 1]
            stocks[first:last] = entry["kind"] in STOCKS
            if entry["kind"] == "reagent_tank":
                stocks[first : first + 2] = True
            floors[first:last] = 1e-5 if entry["kind"] == "sx_circuit" else 1e-3
            stride = nc + 2 if entry["kind"] == "calciner" else last - first
            if entry["kind"] == "sx_circuit":
                stages = sum(entry["stages"])
                signed[first + i_h * stages : first + (i_h + 1) * stages] = True
                stocks[last - 1] = entry["tank_span"] > 0.0
                if entry["at"] > 0.0:
                    floors[last - 1 - (entry["tank_span"] > 0.0)] = 1.0
            elif entry["kind"] not in (*STOCKS, *WITHOUT_SPECIES) and last > first:
                for base in range(first, last, stride):
                    signed[base + i_h] = True
                    floors[base + nc : min(base + stride, last)] = 1.0 if entry["kind"] != "mill" else 1e-3
            if entry["kind"] == "leach_tank":
                floors[first + nc + 1 : last] = 1e-3
            self.names += [f"{units[k]}[{i}]" for i in range(last - first)]
        self.states = np.flatnonzero(~stocks)
        self.memory = np.array(list(assembly.smooth), dtype=int)
        self.names = [self.names[i] for i in self.states] + list(assembly.smooth.values())
        self.floor = np.concatenate((floors[self.states], np.ones(len(self.memory))))
        self.positive = np.concatenate((~signed[self.states], np.zeros(len(self.memory), dtype=bool)))
        self.n_states = len(self.states)
        # integrals of loops that meet their limits have kinks that no step is short enough for: they may be far off
        self.trust = np.where(np.arange(len(self.floor)) < self.n_states, 1.0, 0.01)
        self.places: dict[int, NDArray[np.intp]] = {}
        """The rows of the Jacobian that each column is known to have entries in."""
        self.grouped: tuple[NDArray[np.intp], list[list[int]]] | None = None
        """Active columns and their groups, as they were last."""

    def get(self) -> Vector:
        """The unknowns as they are in the core."""
        return np.concatenate((self.core.state[self.states], self.core.memory[self.memory]))

    def put(self, x: Vector) -> None:
        """Set the unknowns in the core."""
        self.core.state[self.states] = x[: self.n_states]
        self.core.memory[self.memory] = x[self.n_states :]

    def rate(self, x: Vector) -> Vector:
        """F(x) = (G(x) - x)/h; leaves the core as it was."""
        core = self.core
        state, memory, signal, quality = core.state.copy(), core.memory.copy(), core.signal.copy(), core.quality.copy()
        edges = core.edge_in.copy(), core.edge_out.copy(), core.total.copy()
        self.put(x)
        core.step_from_rest(self.h)
        result: Vector = (self.get() - x) / self.h
        core.state[:], core.memory[:], core.signal[:], core.quality[:] = state, memory, signal, quality
        core.edge_in[:], core.edge_out[:], core.total[:] = edges
        return result

    def jacobian(self, x: Vector, f: Vector, active: NDArray[np.intp], anew: int | None = None) -> csc_matrix:
        """dF/dx over the active unknowns by one-sided differences: sparse, for a unit sees few others in a scan.

        Where each column has entries is found once, a scan for each; after that, columns that share no row are had from
        one scan (Curtis, Powell and Reid 1974). Columns from `anew` on have theirs looked for again, beside those
        known: a loop that leaves its limit has more.
        """
        steps = 1e-6 * np.maximum(np.abs(x), self.floor)
        position = np.full(len(x), -1)
        position[active] = np.arange(len(active))
        rows: dict[int, NDArray[np.intp]] = {}
        values: dict[int, Vector] = {}
        groups = self.groups(active)
        if anew is not None:
            alone = {int(i) for i in active if i >= anew}
            groups = [[i] for i in sorted(alone)] + [rest for g in groups if (rest := [i for i in g if i not in alone])]
            self.grouped = None
        for group in groups:
            y = x.copy()
            y[group] += steps[group]
            change = self.rate(y) - f
            for i in group:
                if len(group) == 1:
                    self.places[i] = np.union1d(self.places.get(i, NOWHERE), np.flatnonzero(change))
                there = self.places[i]
                rows[i] = position[there]
                values[i] = change[there][rows[i] >= 0] / steps[i]
                rows[i] = rows[i][rows[i] >= 0]
        starts = np.concatenate(([0], np.cumsum([len(rows[i]) for i in active])))
        shape = (len(active), len(active))
        return csc_matrix(
            (np.concatenate([values[i] for i in active]), np.concatenate([rows[i] for i in active]), starts),
            shape=shape,
        )

    def groups(self, active: NDArray[np.intp]) -> list[list[int]]:
        """The active columns in groups that share no row; those whose rows are not known each by itself."""
        if self.grouped is not None and np.array_equal(self.grouped[0], active):
            return self.grouped[1]
        alone = [[int(i)] for i in active if int(i) not in self.places]
        known = sorted((int(i) for i in active if int(i) in self.places), key=lambda i: -len(self.places[i]))
        bits = np.zeros(len(self.floor), dtype=bool)
        taken: list[int] = []  # rows of each group, a bit each
        members: list[list[int]] = []
        for i in known:
            bits[self.places[i]] = True
            mask = int.from_bytes(np.packbits(bits).tobytes(), "big")
            bits[self.places[i]] = False
            group = next((k for k, rows in enumerate(taken) if not rows & mask), len(taken))
            if group == len(taken):
                taken.append(0)
                members.append([])
            taken[group] |= mask
            members[group].append(i)
        groups = alone + members
        self.grouped = None if alone else (active, groups)
        return groups

    def scaled(self, x: Vector, f: Vector) -> Vector:
        """|dx/dt| in units of the unknowns themselves [1/s]."""
        result: Vector = np.abs(f) / (np.abs(x) + self.floor)
        return result

    def solve(
        self,
        tolerance: float = 1e-10,
        most: int = 300,
        report: Callable[[str], None] = lambda line: None,
        bends: bool = False,
    ) -> Settled:
        """Step until the largest scaled |F| is below `tolerance` [1/s]. Raises SettleError after `most` steps.

        `bends`: how each implicit Euler step is solved, see Newton.
        """
        x = self.get()
        f = self.rate(x)
        length = FIRST_STEP_S
        newton = Newton(self, bends)
        for iteration in range(1, most + 1):
            step = newton.step(x, f, length)
            if step is None:
                if newton.better(x, f):
                    continue
                length *= 0.25
                if length < SHORTEST_STEP_S:
                    raise SettleError(f"no steady state: the step shrank to nothing at {self.names[newton.worst]}")
                continue
            x, first, last = step
            f = self.rate(x)
            residual = self.scaled(x, f)
            worst = int(np.argmax(residual))
            report(
                f"{iteration:3d}  step {length:8.1e} s  corrections {first:8.1e} {last:8.1e}  "
                f"|dx/dt| {residual[worst]:8.1e} /s at {self.names[worst]}"
            )
            if residual[worst] < tolerance:
                self.put(x)
                state = self.core.state.copy()
                self.core.step_from_rest(self.h)  # set points and outputs of the loops follow
                self.core.state[:] = state
                self.put(x)
                self.core.emit()
                return Settled(float(residual[worst]), iteration, len(newton.active), self.names[worst])
            length = min(length * (4.0 if last < 0.02 * first or last < 1e-3 else 2.0), LONGEST_STEP_S)
        raise SettleError(
            f"no steady state after {most} steps: |dx/dt| {residual[worst]:.1e} /s at {self.names[worst]}"
        )

    def corrected(self, x: Vector, step: Vector, active: NDArray[np.intp]) -> Vector:
        """x plus a step, with amounts kept from going negative and memories within bounds."""
        y = x.copy()
        y[active] += step
        low = self.positive & (y < 0.1 * x)
        y[low] = 0.1 * x[low]
        y[self.n_states :] = np.clip(y[self.n_states :], -MEMORY_LIMIT, MEMORY_LIMIT)
        return y


class Newton:
    """Newton's method for one implicit Euler step, with a Jacobian that is kept for as long as it serves.

    `bends`: where corrections do not get smaller, the Jacobian is had anew where they have come to, and they go on;
    else after two, and from where the step begins.
    """

    def __init__(self, problem: Steady, bends: bool) -> None:
        self.problem = problem
        self.bends = bends
        self.worst = 0
        """The unknown that the last correction moved most."""
        self.active: NDArray[np.intp] = NOWHERE
        self.stale = True
        self.fresh = False
        """The Jacobian is that of where the step begins."""
        self.exact = False
        """It was had with the places of its entries."""
        self.kinked = False
        """A loop met or left its limit in the last step."""
        self.incomplete = False
        """Corrections stayed as large as they were with the Jacobian of where they begin: it lacks entries."""

    def renew(self, x: Vector, f: Vector, anew: int | None = None) -> None:
        """The Jacobian at x, over what moves there."""
        self.active = np.flatnonzero((x != 0.0) | (f != 0.0))
        self.exact = anew is not None or not self.problem.places
        self.jacobian = self.problem.jacobian(x, f, self.active, anew)
        self.stale = self.kinked = self.incomplete = False
        self.fresh = True
        self.factored_for = 0.0

    def better(self, x: Vector, f: Vector) -> bool:
        """Whether a better Jacobian could be had for a step that failed."""
        if self.bends or (self.fresh and self.exact):
            return False
        self.renew(x, f, anew=0 if self.fresh else None)
        return True

    def factor(self, length: float) -> None:
        if self.factored_for == length:
            return
        try:
            self.factors = splu(csc_matrix(eye_array(len(self.active)) / length - self.jacobian))
        except RuntimeError as error:
            raise SettleError(f"no steady state: a step of {length:.1e} s has no answer: {error}") from None
        self.factored_for = length

    def step(self, x: Vector, f: Vector, length: float) -> tuple[Vector, float, float] | None:
        """Where the step leads, and the sizes of its first and its last correction; none if it comes to no end.

        It counts as solved when a correction is small beside the first. Where they do not get smaller something bends
        on the way: the Jacobian is had where they have come to, the second time with the places of its entries.
        """
        problem = self.problem
        awake = (x != 0.0) | (f != 0.0)  # a loop that leaves its limit moves what stood still
        awake[self.active] = False
        if self.stale or awake.any():
            # only memories see the loops: what else shares rows, shares them still
            looked_for = 0 if self.incomplete else problem.n_states if self.kinked and not self.exact else None
            self.renew(x, f, anew=looked_for)
        weight = 1.0 / (np.abs(x) + 10.0 * problem.floor)
        y, g = x, f
        first, before, renewals = 0.0, np.inf, 0
        for _ in range(MOST_CORRECTIONS):
            self.factor(length)
            z = problem.corrected(y, self.factors.solve((g - (y - x) / length)[self.active]), self.active)
            # a loop that the step took to its limit rests there: its integral has no equation to go back to
            rests = (g == 0.0) & (f != 0.0)
            rests[: problem.n_states] = False
            z[rests] = y[rests]
            change = np.abs(z - y) * weight
            trusted = change * problem.trust
            self.worst = int(np.argmax(trusted))
            size = float(trusted[self.worst])
            first = first or (size if self.bends else float(np.max(change)))
            if before < np.inf and (size < 0.25 * (min(first, 4.0) if self.bends else first) or size < 1e-3):
                self.stale = size > 0.25 * first or (size > 0.05 * first and size > 1e-3)
                self.kinked = not self.bends and float(np.max(change)) > 0.25 * first and size > 1e-3
                self.incomplete = self.fresh and not self.exact and size > 0.25 * first
                self.fresh = False
                return z, first, size
            if not size < FARTHEST:
                return None
            if size < 0.7 * before and (self.bends or before == np.inf):
                y, before = z, size
                g = problem.rate(y)
            elif self.bends and renewals < MOST_RENEWALS:
                renewals += 1
                before = np.inf
                self.renew(y, g, anew=problem.n_states if renewals > 1 else None)
            else:
                return None
        return None


def _begin_at(live: LivePlant, path: Path) -> bool:
    """Put a charged plant where it was steady before its file was edited; false where there is no such state."""
    try:
        before = read_snapshot(path, None)
    except SnapshotError:
        return False
    state, memory, alarms = before.get("state"), before.get("memory"), before.get("alarms")
    if state is None or memory is None or alarms is None or state.shape != live.core.state.shape:
        return False
    # what alarms remember stands behind all that the solver looks for: an alarm more or less leaves that where it was
    if memory.size - ALARM_MEM * alarms.size != live.core.memory.size - ALARM_MEM * len(live.alarms):
        return False
    problem = Steady(live.core, live.assembly)
    x = np.concatenate((state[problem.states], memory[problem.memory]))
    problem.put(x)
    for _ in range(_SCANS_TO_SEE):
        live.core.step_from_rest(problem.h)
        problem.put(x)
    _empty_of_lots(live)
    return True


def _from_charged(live: LivePlant, problem: Steady, report: Callable[[str], None]) -> Settled:
    march = 0
    while True:
        for _ in range(round(MARCH_S / problem.h)):
            live.core.step_from_rest(problem.h)
        march += 1
        report(f"marched {march * MARCH_S / 3600.0:.0f} h of plant time")
        _empty_of_lots(live)
        for bends, most in ((True, STEPS_BENT), (False, STEPS_STRAIGHT)):
            try:
                return problem.solve(most=most, report=report, bends=bends)
            except SettleError as error:
                report(str(error))
                failure = error
        if march == MOST_MARCHES:
            raise failure


def _empty_of_lots(live: LivePlant) -> None:
    """Lots tipped and closed on the way are none of the plant's, nor is what its stores gave."""
    offsets = live.core.offsets()
    for k, entry in enumerate(live.assembly.spec["units"]):
        if entry["kind"] in ("feed_bin", "hopper", "store", "ups", "organic_store"):
            live.core.state[offsets[k] : offsets[k + 1]] = entry["initial"]
        elif entry["kind"] == "reagent_tank":
            live.core.state[offsets[k] : offsets[k] + 2] = entry["initial"][:2]
        elif entry["kind"] == "sx_circuit" and entry["tank_span"] > 0.0:
            live.core.state[offsets[k + 1] - 1] = entry["initial"][-1]


def _charged(plant: Plant) -> LivePlant:
    live = LivePlant(plant.with_even_lots(), start="charged")
    for unit in range(len(live.assembly.spec["units"])):
        live.core.develop(unit)
    return live


def settle(plant: Plant, report: Callable[[str], None] = lambda line: None) -> tuple[Settled, Path]:
    """Find the steady production state of a plant and write it beside its file as the `steady` snapshot.

    The search begins at the snapshot that is there, where an edit has left its states, and else, or where that leads
    nowhere, from what the plant file has in its vessels. Raises SettleError if there is none to be found.
    """
    live = _charged(plant)
    settled = None
    if _begin_at(live, steady_path(plant)):
        report("from the steady state of before")
        try:
            settled = Steady(live.core, live.assembly).solve(report=report)
        except SettleError as error:
            report(str(error))
            live = _charged(plant)
    problem = Steady(live.core, live.assembly)
    if settled is None:
        settled = _from_charged(live, problem, report)
    live.at_rest()
    state = live.core.state.copy()
    live.core.step_from_rest(problem.h)  # the loops see the samples that analysers now stand at
    live.core.state[:] = state
    live.at_rest()
    path = steady_path(plant)
    write_snapshot(path, plant.sha256, live.arrays())
    return settled, path
