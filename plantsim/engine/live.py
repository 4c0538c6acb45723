"""A plant come alive: its description, tags, core and alarm book, advanced scan by scan by whoever owns it.

No threads and no clock here; `engine.py` adds them, `simulate.py` does without.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plantsim.alarms.book import AlarmBook, Rule
from plantsim.engine.certificate import Certificate, Certificates
from plantsim.engine.core import Core
from plantsim.engine.fieldwork import FieldWork, Report
from plantsim.engine.health import Health
from plantsim.engine.image import BAD, GOOD, ProcessImage
from plantsim.engine.kpi import S_PER_H, Figures
from plantsim.engine.malfunctions import Injected
from plantsim.engine.profiles import Profiles
from plantsim.engine.snapshot import Arrays, SnapshotError, read_snapshot
from plantsim.engine.trigger import Triggers
from plantsim.engine.variable import variable
from plantsim.model.assemble import assemble
from plantsim.model.cold import cold
from plantsim.model.modbus_map import map_path, read_map, with_addresses
from plantsim.model.plant import Plant, Unit
from plantsim.model.remedy import field_actions
from plantsim.model.tag import Kind, TagTable, ValueType
from plantsim.model.tags import build_tags

Vector = NDArray[np.float64]

MINUTES_PER_DAY = 1440
CORE_ARRAYS = ("state", "memory", "signal", "quality", "probe", "edge_in", "edge_out", "total", "ring", "certificates")
STARTS = ("steady", "cold")
FROM_ALARM, FROM_INTERLOCK, FROM_FEED, FROM_MALFUNCTION = range(4)
"""Sources of the core's events, as in ext/event.pxd."""
NO_FIELD = (Kind.KPI, Kind.SIMULATION, Kind.PROFILE)
"""Kinds of tags that the core has no row of."""


class NumericStop(RuntimeError):
    """The core produced a state that is not finite; says which unit and which variable."""


def steady_path(plant: Plant) -> Path:
    """Where a plant's steady snapshot stands: beside its file."""
    return plant.path.with_suffix(".steady")


def start_path(plant: Plant, start: str) -> Path:
    """The file of a start. Raises SnapshotError if there is no steady state yet."""
    if start != "steady":
        path = Path(start)
        if path.parent == Path() and not path.exists():
            raise SnapshotError(f"{start}: not there; allowed {', '.join(STARTS)} or the path of a snapshot")
        return path
    path = steady_path(plant)
    if not path.exists():
        raise SnapshotError(f"{path}: not there; 'plantsim settle {plant.path}' finds the steady state")
    return path


class LivePlant:
    """A plant and its state.

    scan_period: s of plant time. start: ``steady``, ``cold`` or the path of a snapshot, which brings its seed and must
    be of the same scan period; ``charged`` is as the plant file has it, where the solver begins. epoch: plant time at
    scan 0, seconds since 1970.
    """

    def __init__(
        self, plant: Plant, *, scan_period: float = 0.1, seed: int = 1, start: str = "steady", epoch: float = 0.0
    ) -> None:
        saved = None if start in ("cold", "charged") else read_snapshot(start_path(plant, start), plant.sha256)
        self.plant = plant
        self.epoch = epoch
        self.scan_period = scan_period
        if saved is not None:
            if start == "steady":
                saved = {**saved, "seed": np.array(seed)}
            else:
                self.check_scan(saved, start)
        self.seed = seed
        self.tags, self.alarms = build_tags(plant)
        addresses = map_path(plant.path)
        if addresses.exists():
            tags, self.alarms = with_addresses(self.tags, self.alarms, read_map(addresses))
            self.tags = TagTable(tags)
        field_rows = {t.name: t.row for t in self.tags if t.kind not in NO_FIELD}
        begun = cold(plant) if start == "cold" else plant
        self.assembly = assemble(begun, field_rows, scan_period=scan_period, seed=seed)
        self.layout = self.assembly.layout
        self.core = Core(self.assembly.spec)
        self.core_rows = len(field_rows)
        self.feed_bins = tuple(unit.id for unit in plant.units if unit.kind == "feed_bin")
        self.tell: Callable[[list[tuple[int, int, int, int]]], None] = lambda events: None
        """Gets what the core reports of interlocks, feed and triggers: (scan, source, index, what), in order."""
        self.hear_field: Callable[[list[Report]], None] = lambda reports: None
        """Gets what the field operator reports, in order."""
        self.forced_rows: list[int] = []
        """Rows that are forced, which no saved state says."""
        self.injected = Injected(
            self.core, plant.malfunctions, self.assembly.faults, Triggers(plant, self.tags, self.core_rows, self.alarms)
        )
        places, motors = self.assembly.faults.places, self.assembly.spec["motors"]
        started = {tag: motors[index]["mem"] for tag, (table, index) in places.items() if table == "motors"}
        self.field = FieldWork(self.core, self.tags, self.injected, field_actions(plant), scan_period, started)
        self.figures = Figures(plant, self.layout.meters)
        self.book = AlarmBook(
            [Rule(a.area, a.confirm, max(1, round(a.longest_shelving / scan_period))) for a in self.alarms]
        )
        self._certificates = Certificates(plant, self.layout.species)
        self._time_rows = np.array(
            [t.row for t in self.tags if t.type is ValueType.TIME and t.row < self.core_rows], dtype=int
        )
        rows = {t.name.removeprefix("KPI."): t.row for t in self.tags if t.kind is Kind.KPI}
        self._throughput_row, self._off_spec_row = rows["Throughput"], rows["OffSpec"]
        self._quotient_rows = np.array([rows[name] for name in self.figures.names], dtype=np.intp)
        shown = (("OxideRate", S_PER_H), ("Purity", 100.0))
        factors = {f"{name}.{p.name}": factor for p in plant.products for name, factor in shown}
        self._probed = np.array([self.layout.probes["KPI", name] for name in factors], dtype=np.intp)
        self._probed_rows = np.array([rows[name] for name in factors], dtype=np.intp)
        self._probed_factors = np.array(list(factors.values()))
        self.simulation_rows = {t.member: t.row for t in self.tags if t.kind is Kind.SIMULATION}
        self._profiles = Profiles(self.tags, self.assembly, self.core.offsets())
        self.core.reset_field()
        self._diagnosis: dict[str, float] = {}
        self.health = Health(self.core, plant, self.assembly)
        if saved is not None:
            self.restore(saved)

    # ------------------------------------------------------------------ running

    @property
    def plant_time(self) -> float:
        """Seconds since 1970 in plant time."""
        return self.epoch + float(self.core.time)

    def advance(self, scans: int) -> None:
        """Run scans; alarms and the field operator follow. Raises NumericStop if the core stops."""
        while scans > 0:
            scans -= self.core.advance(min(scans, self.field.scans_to_go()))
            self._hear(self.core.events())
            if reports := self.field.finish():
                self.hear_field(reports)
            if self.core.bad_state >= 0:
                raise NumericStop(self.where(self.core.bad_state))

    def _hear(self, events: list[tuple[int, int, int, int]]) -> None:
        """Take what happened, scan by scan, so that it is told in the same order however many ran in a row."""
        for at, together in groupby(events, key=itemgetter(0)):
            those = list(together)
            self.book.apply(((scan, i, what) for scan, source, i, what in those if source == FROM_ALARM), at)
            others = [event for event in those if event[1] != FROM_ALARM]
            if others:
                self.tell(others)
        self.book.apply((), self.core.scan)

    def where(self, state: int) -> str:
        """Unit and variable of a state, in words."""
        offsets = self.core.offsets()
        unit = int(np.searchsorted(offsets, state, side="right")) - 1
        name, entry = list(self.layout.units)[unit], self.assembly.spec["units"][unit]
        dissolved = self.assembly.spec["species"]["dissolved"]
        called = variable(name, entry, state - offsets[unit], self.layout.species, dissolved)
        return f"{called} is not finite in scan {self.core.scan}"

    def lots(self) -> list[dict[str, float]]:
        """Assays of the lots of feed tipped since the start, in wt % by species; the first is what was in the bin."""
        units = [unit.id for unit in self.plant.units if unit.kind == "feed_bin"]
        if not units:
            return []
        mass = self.assembly.spec["species"]["mass"]
        unit = self.layout.units[units[0]]
        tipped = int(self.core.state[self.core.offsets()[unit] + len(self.layout.species)])
        return [
            {
                name: 100.0 * mol * kg
                for name, mol, kg in zip(self.layout.species, self.core.lot(unit, number).tolist(), mass, strict=True)
                if mol
            }
            for number in range(tipped + 1)
        ]

    def certificates(self) -> list[Certificate]:
        """Of the lots of product closed since the start, the last 32 of each hopper, in the order of their ends."""
        return self._certificates.read(self.core.certificates, self.epoch)

    # ------------------------------------------------------------------ image

    def image(self, simulation: Mapping[str, float], *, stopped: bool = False, diagnose: bool = True) -> ProcessImage:
        """The process image as of now, with the values of the Simulation rows; after a numeric stop no row is Good.

        diagnose: look at the numerics anew, rather than show what was found last.
        """
        if diagnose or not self._diagnosis:
            self._diagnosis = self.health.figures()
        value = np.zeros(self.tags.rows)
        status = np.full(self.tags.rows, GOOD, dtype=np.uint32)
        value[: self.core_rows] = self.core.signal
        status[: self.core_rows] = self.core.quality
        value[self._time_rows] += self.epoch
        self._figures_into(value)
        self._profiles.into(value, self.core.state)
        for member, x in {**simulation, **self._diagnosis}.items():
            if member in self.simulation_rows:
                value[self.simulation_rows[member]] = x
        if stopped:
            status[:] = BAD
        now = self.plant_time
        return ProcessImage(
            scan=int(self.core.scan),
            plant_time=now,
            wall=time.time(),
            value=value,
            status=status,
            time=np.full(self.tags.rows, now),
            alarms=self.book.states(),
        )

    def _figures_into(self, value: Vector) -> None:
        probe = self.core.probe
        value[self._throughput_row] = S_PER_H * probe[self.layout.feeders].sum()
        value[self._probed_rows] = self._probed_factors * probe[self._probed]
        value[self._quotient_rows] = self.figures.quotients(self.day())
        value[self._off_spec_row] = self.figures.off_spec_kg(self.core.total)

    def day(self) -> Vector:
        """Totals of the last 24 plant hours, or of the time since the start if that is shorter."""
        per_minute = round(60.0 / self.scan_period)
        minute = int(self.core.scan) // per_minute
        if minute <= MINUTES_PER_DAY:
            return np.array(self.core.total)
        result: Vector = self.core.total - self.core.ring[(minute - MINUTES_PER_DAY) % len(self.core.ring)]
        return result

    # ------------------------------------------------------------------ whole state

    def at_rest(self) -> None:
        """Make the present process state a beginning: no time, no totals, samples as if taken all along."""
        self.core.settle_samples()
        core = self.core
        for totals in (core.edge_in, core.edge_out, core.total, core.ring, core.certificates):
            totals[...] = 0.0
        for meter in self.assembly.spec["transmitters"]:
            if meter["probe"] in self.layout.totals:
                core.probe[meter["probe"]] = core.memory[meter["mem"]] = core.signal[meter["pv"]] = 0.0
        self.core.scan = 0
        self.core.reset_alarms()
        self.book.clear()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The whole state as arrays, for a snapshot."""
        result: dict[str, NDArray[np.generic]] = {name: getattr(self.core, name).copy() for name in CORE_ARRAYS}
        result["streams"] = self.core.arriving.copy()
        result["gathered"] = self.core.gathered.copy()
        result |= self.book.arrays()
        result["malfunctions"] = self.injected.rows()
        result["triggers"] = self.injected.triggers()
        result["field"] = self.field.rows()
        result["quality"][self.forced_rows] = GOOD
        result["injected"] = np.array(self.injected.count)
        result["scan"] = np.array(self.core.scan)
        result["scan_period"] = np.array(self.scan_period)
        result["seed"] = np.array(self.seed)
        return result

    def charge(self, units: Sequence[Unit]) -> None:
        """Fill units anew with what their `initial` says; what flows between units is left as it is."""
        anew = {unit.id: unit for unit in units}
        plant = replace(self.plant, units=tuple(anew.get(unit.id, unit) for unit in self.plant.units))
        rows = {tag.name: tag.row for tag in self.tags if tag.kind not in NO_FIELD}
        filled = assemble(plant, rows, scan_period=self.scan_period, seed=self.seed).spec["units"]
        offsets = self.core.offsets()
        for place in (self.layout.units[id_] for id_ in anew):
            self.core.state[offsets[place] : offsets[place + 1]] = filled[place]["initial"]
        self.core.refresh()
        self.health.restart()

    def check_sound(self) -> None:
        """Raise SnapshotError if the state is none to go on from."""
        if self.core.bad_state >= 0:
            raise SnapshotError(f"snapshot: {self.where(self.core.bad_state)}, allowed a state to go on from")

    def check_scan(self, arrays: Arrays, source: str) -> None:
        """Raise SnapshotError if a state was saved by a run of another scan period."""
        if float(arrays["scan_period"]) != self.scan_period:
            found = float(arrays["scan_period"])
            raise SnapshotError(f"{source}: found a scan of {found} s, allowed the run's {self.scan_period} s")

    def restore(self, arrays: Arrays) -> None:
        """Take over a whole state, its seed with it. Raises SnapshotError, and changes nothing, if it does not fit."""
        own = self.arrays()
        # a state of rest need not say that nothing is wrong, nor an older one that nothing is armed or worked at
        nothing = {name: np.zeros_like(own[name]) for name in ("malfunctions", "triggers", "injected", "field")}
        arrays = {**nothing, **arrays}
        for name, array in own.items():
            if name not in arrays or arrays[name].shape != array.shape:
                found = arrays[name].shape if name in arrays else "nothing"
                raise SnapshotError(f"{name}: found {found}, allowed an array of shape {array.shape}")
        instances = self.injected.read(arrays["malfunctions"], arrays["triggers"])
        under_way = self.field.read(arrays["field"])
        self.injected.clear_all()
        for name in CORE_ARRAYS:
            getattr(self.core, name)[...] = arrays[name]
        self.core.arriving[...] = arrays["streams"]
        self.core.scan = int(arrays["scan"])
        self.core.gathered[...] = arrays["gathered"]
        self.injected.restore(instances, int(arrays["injected"]))
        self.field.restore(under_way)
        self.core.bad_state = -1
        self.seed = self.core.seed = int(arrays["seed"])
        self.book.restore(arrays)
        self.core.refresh()
        for name in ("signal", "quality", "probe"):  # refreshing has taken the last scan's noise off the readings
            getattr(self.core, name)[...] = arrays[name]
        self.health.restart()

    def state_sha256(self) -> str:
        """Hash of everything that decides how the run goes on."""
        digest = hashlib.sha256()
        for name in (*CORE_ARRAYS, "streams", "gathered", "malfunctions", "triggers", "field"):
            digest.update(np.ascontiguousarray(self.arrays()[name]).tobytes())
        return digest.hexdigest()
