"""A rig: instruments, actuators, loops and alarms wired by name, without a plant behind them; and a bench for units."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.sparse import csc_array, eye_array, hstack
from scipy.sparse.linalg import splu

import plantsim
from plantsim import _layers
from plantsim._core import Core
from plantsim.engine.live import LivePlant
from plantsim.model.compose.context import BINS, CLASSES
from plantsim.model.compose.field import NO_CONSTRAINT, NO_OUTPUT
from plantsim.model.compose.process import Process
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

MAN, AUTO, CASCADE, EXTERNAL = 0, 1, 2, 3
PID, RATIO, OVERRIDE = 0, 1, 2


class Rig:
    """Declare devices, give rows their first values, then `scan`; ``rig["FIC.PV"]`` reads and writes a row.

    Devices are evaluated in the order of declaration within their kind, so a master is declared before its slave.
    """

    def __init__(self, scan_period: float = 0.1, seed: int = 1) -> None:
        self.scan_period = scan_period
        self.seed = seed
        self.rows: dict[str, int] = {}
        self.memory: dict[str, int] = {}
        self.drives: dict[str, int] = {}
        self.probes: dict[str, int] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _layers.MEMORY}
        self.first: dict[str, float] = {}
        self.probe: NDArray[np.float64] = np.zeros(32)
        self._slots = 0
        self._layers: _layers.Layers | None = None

    # building

    def row(self, name: str, value: float = 0.0) -> int:
        """The row of that name, made if it is new."""
        if name not in self.rows:
            self.rows[name] = len(self.rows)
            self.first[name] = value
        return self.rows[name]

    def mem(self, kind: str, name: str) -> int:
        """First memory slot of a device, made if it is new."""
        if name not in self.memory:
            self.memory[name] = self._slots
            self._slots += _layers.MEMORY[kind]
        return self.memory[name]

    def _add(self, kind: str, name: str, fields: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
        unknown = set(changes) - set(fields)
        assert not unknown, f"{kind} has no {unknown}"
        self.tables[kind].append({**fields, "mem": self.mem(kind, name), **changes})

    def _drive(self, name: str) -> int:
        return self.drives.setdefault(name, len(self.drives))

    def _probe(self, name: str) -> int:
        return self.probes.setdefault(name, len(self.probes))

    def transmitter(self, name: str, **changes: Any) -> None:
        fields = {
            "probe": self._probe(name),
            "pv": self.row(f"{name}.PV"),
            "mem": 0,
            "mode": 0,
            "scale": 1.0,
            "offset": 0.0,
            "lag": 0.0,
            "noise": 0.0,
            "low": 0.0,
            "high": 100.0,
            "spikes": 0.0,
            "deadband": 0.0,
            "key": sum(ord(c) << 8 * k for k, c in enumerate(name[:7])),
            "follow": 0.0,
        }
        self._add("transmitter", name, fields, changes)

    def analyser(self, name: str, **changes: Any) -> None:
        fields = {
            "probe": self._probe(name),
            "pv": self.row(f"{name}.PV"),
            "sample_time": self.row(f"{name}.SampleTime"),
            "next_result": self.row(f"{name}.NextResult"),
            "state": self.row(f"{name}.State"),
            "cal": self.row(f"{name}.CAL"),
            "oos": self.row(f"{name}.OOS"),
            "shared": -1,
            "true_scale": 1.0,
            "true_offset": 0.0,
            "true_noise": 0.0,
            "mem": 0,
            "mode": 0,
            "scale": 1.0,
            "offset": 0.0,
            "lag": 0.0,
            "noise": 0.0,
            "low": 0.0,
            "high": 100.0,
            "spikes": 0.0,
            "sample": 0.0,
            "phase": 0.0,
            "delay": 0.0,
            "cal_time": 60.0,
            "key": sum(ord(c) << 8 * k for k, c in enumerate(name[:7])),
            "follow": 0.0,
        }
        self._add("analyser", name, fields, changes)

    def calculation(self, name: str, kind: int, inputs: list[str], **changes: Any) -> None:
        rows = [self.row(i) for i in inputs]
        fields = {
            "kind": kind,
            "n": len(rows),
            "inputs": rows + [0] * (4 - len(rows)),
            "pv": self.row(f"{name}.PV"),
            "mem": 0,
            "time": 0.0,
            "low": 0.0,
            "high": 100.0,
            "follow": 0.0,
        }
        self._add("calculation", name, fields, changes)

    def valve(self, name: str, **changes: Any) -> None:
        fields = {
            "cmd": self.row(f"{name}.CMD"),
            "pos": self.row(f"{name}.POS"),
            "drive": self._drive(name),
            "mem": 0,
            "stroke": 0.0,
            "factor": 1.0,
            "stiction": 0.0,
            "leakage": 0.0,
            "jam": 0,
            "jam_to": -1.0,
            "air": -1,
            "supply": -1,
        }
        self._add("valve", name, fields, changes)

    def on_off_valve(self, name: str, **changes: Any) -> None:
        fields = {
            "cmd": self.row(f"{name}.CMD"),
            "opened": self.row(f"{name}.OPENED"),
            "closed": self.row(f"{name}.CLOSED"),
            "pack": -1,
            "drive": self._drive(name),
            "mem": 0,
            "stroke": 0.0,
            "factor": 1.0,
            "leakage": 0.0,
            "jam": 0,
            "jam_to": -1.0,
            "air": -1,
            "supply": -1,
        }
        self._add("on_off_valve", name, fields, changes)

    def motor(self, name: str, variable: bool = False, **changes: Any) -> None:
        fields = {
            "cmd": self.row(f"{name}.CMD"),
            "run": self.row(f"{name}.RUN"),
            "trip": self.row(f"{name}.TRIP"),
            "speed_cmd": self.row(f"{name}.SPEED_CMD") if variable else -1,
            "speed": self.row(f"{name}.SPEED") if variable else -1,
            "drive": self._drive(name),
            "mem": 0,
            "fault": 0,
            "blocked": 0,
            "local_": 0,
            "mute": 0,
            "supply": -1,
            "ramp": 0.0,
            "factor": 1.0,
        }
        self._add("drive", name, fields, changes)

    def output(
        self,
        to: str,
        y0: float = 0.0,
        y1: float = 100.0,
        op0: float = 0.0,
        op1: float = 100.0,
        drives: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """An output to ``XV.CMD``, to a slave's ``FIC.SP``, or to the speed of a drive and of the one beside it."""
        name, _, member = to.partition(".")
        slave = member == "SP"
        absent = [-1] * (2 - len(drives))
        return {
            "row": self.row(to),
            "slave_mode": self.row(f"{name}.MODE") if slave else -1,
            "slave_mem": self.mem("loop", name) if slave else -1,
            "cmd": [self.row(f"{drive}.CMD") for drive in drives] + absent,
            "trip": [self.row(f"{drive}.TRIP") for drive in drives] + absent,
            "op0": op0,
            "op1": op1,
            "y0": y0,
            "y1": y1,
            "slope": (y1 - y0) / (op1 - op0),
        }

    def constraint(self, pv: str, limit: float, gain: float, ti: float, direct: int = 1, span: float = 100.0) -> Any:
        return {"pv": self.row(pv), "direct": direct, "limit": limit, "span": span, "gain": gain, "ti": ti}

    def loop(
        self,
        name: str,
        kind: int = PID,
        out: list[dict[str, Any]] | None = None,
        wild: list[str] | None = None,
        constraints: list[dict[str, Any]] | None = None,
        gain: float = 1.0,
        ti: float = 10.0,
        td: float = 0.0,
        sp: float = 0.0,
        op: float = 0.0,
        mode: int = AUTO,
        slave_pv: str = "",
        action: int = -1,
        lo: float = 0.0,
        hi: float = 100.0,
        **changes: Any,
    ) -> None:
        out = [self.output(f"{name}-V.CMD")] if out is None else out
        wild = wild or []
        constraints = constraints or []
        fields = {
            "kind": kind,
            "pv": self.row(f"{name}.PV"),
            "sp": self.row(f"{name}.SP", sp),
            "op": self.row(f"{name}.OP", op),
            "mode": self.row(f"{name}.MODE", mode),
            "gain": self.row(f"{name}.Gain", gain),
            "ti": self.row(f"{name}.Ti", ti),
            "td": self.row(f"{name}.Td", td),
            "limit_row": self.row(f"{name}.Limit") if kind == OVERRIDE else -1,
            "mem": 0,
            "n_out": len(out),
            "n_wild": len(wild),
            "n_constraint": len(constraints),
            "out": out + [NO_OUTPUT] * (3 - len(out)),
            "wild": [self.row(w) for w in wild] + [0] * (3 - len(wild)),
            "slave_pv": self.row(slave_pv) if slave_pv else -1,
            "constraint": constraints + [NO_CONSTRAINT] * (8 - len(constraints)),
            "lo": lo,
            "hi": hi,
            "unit": action * 100.0 / (hi - lo),
            "sp_lo": 0.0,
            "sp_hi": 100.0,
            "op_lo": 0.0,
            "op_hi": 100.0,
            "gap": 0.0,
            "ramp": 0.0,
            "factor": 1.0,
            "filter": 0.0,
            "balance": 0.0,
            "ahead": -1,
            "ahead_gain": 0.0,
            "ahead_lag": 0.0,
        }
        for member, value in (("SP", sp), ("OP", op), ("MODE", mode), ("Gain", gain), ("Ti", ti), ("Td", td)):
            self.first[f"{name}.{member}"] = value
        self._add("loop", name, fields, changes)

    def alarm(self, pv: str, kind: int, sp: str = "", limit_row: str = "", **changes: Any) -> None:
        fields = {
            "kind": kind,
            "pv": self.row(pv),
            "limit_row": self.row(limit_row) if limit_row else -1,
            "sp": self.row(sp) if sp else -1,
            "mem": 0,
            "other": -1,
            "n_suppress": 0,
            "suppress_all": 0,
            "suppress": [{"relation": 1, "row": 0, "value": 0.0}] * 3,
            "window": 0.0,
            "limit": 0.0,
            "deadband": 0.0,
            "on_delay": 0.0,
            "off_delay": 0.0,
        }
        self._add("alarm", f"{pv} alarm {len(self.tables['alarm'])}", fields, changes)

    def interlock(
        self,
        tag: str,
        when: Sequence[tuple[str, int, float]],
        effects: Sequence[tuple[str, int, float]],
        group: int = 0,
        **changes: Any,
    ) -> None:
        """when: (row, relation, value); effects: (row, kind, value)."""
        terms = [{"row": self.row(row), "relation": relation, "value": value} for row, relation, value in when]
        fields = {
            "tripped": self.row(f"{tag}.TRIPPED"),
            "first_out": self.row(f"{tag}.FIRST_OUT"),
            "bypass": self.row(f"{tag}.BYPASS"),
            "reset": self.row(f"{tag}.RESET"),
            "mem": 0,
            "group": group,
            "latched": 0,
            "n_terms": len(terms),
            "votes": 1,
            "first": len(self.tables["effect"]),
            "count": len(effects),
            "locks": int(any(kind == 2 for _, kind, _ in effects)),
            "term": [*terms, *[{"row": 0, "relation": 1, "value": 0.0}] * (4 - len(terms))],
            "deadband": 0.0,
            "delay": 0.0,
            "bypass_time": 3600.0,
        }
        self.tables["effect"] += [{"row": self.row(row), "kind": kind, "value": to} for row, kind, to in effects]
        self._add("interlock", tag, fields, changes)

    # running

    @property
    def layers(self) -> _layers.Layers:
        """The compiled rig; nothing can be added once it has been asked for."""
        if self._layers is None:
            self._layers = _layers.Layers(
                self.tables, len(self.rows), self._slots, len(self.drives), self.scan_period, self.seed
            )
            for name, value in self.first.items():
                self._layers.sig[self.rows[name]] = value
        return self._layers

    def true(self, name: str, value: float) -> None:
        """Set the true value, in SI, behind an instrument."""
        self.probe[self.probes[name]] = value

    def reset(self) -> None:
        self.layers.reset(self.probe)

    def scan(self, n: int = 1) -> None:
        self.layers.scan(self.probe, n)

    def run(self, seconds: float) -> None:
        self.scan(round(seconds / self.scan_period))

    def __getitem__(self, row: str) -> float:
        value: float = self.layers.sig[self.rows[row]]
        return value

    def __setitem__(self, row: str, value: float) -> None:
        self.layers.sig[self.rows[row]] = value

    def quality(self, row: str) -> int:
        value: int = self.layers.qual[self.rows[row]]
        return value

    def set_quality(self, row: str, quality: int) -> None:
        self.layers.qual[self.rows[row]] = quality

    def opening(self, device: str) -> float:
        """What the process sees of an actuator, 0..1."""
        value: float = self.layers.drive[self.drives[device]]
        return value

    def state(self) -> bytes:
        """Everything that the next scan depends on."""
        layers = self.layers
        return bytes(layers.sig) + bytes(layers.qual) + bytes(layers.mem) + bytes(layers.drive)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture(scope="session")
def make_rig() -> type[Rig]:
    return Rig


COAL_REFUSE = Path(__file__).with_name("coal-refuse.toml")
"""A plant of one tank in which an ore is leached, a kind of unit that no plant of the package has."""
COAL_REFUSE_EXTRACTION = Path(__file__).with_name("coal-refuse-extraction.toml")
"""A plant of one circuit that extracts by polynomials of the pH from sulfate, which none of the package does."""


@cache
def at_work(name: str) -> LivePlant:
    """A plant of the package at its steady state, or one of these tests after a day, which is at rest as well."""
    for path in (COAL_REFUSE, COAL_REFUSE_EXTRACTION):
        if name == path.stem:
            return plantsim.load(path, start="charged", scan=1.0).run("24h")._live
    return LivePlant(load_plant(name))


Vector = NDArray[np.float64]
NO_FIELD = (
    "transmitters",
    "analysers",
    "calculations",
    "valves",
    "on_off_valves",
    "motors",
    "loops",
    "diverts",
    "buttons",
    "standbys",
    "alarms",
    "sequences",
    "steps",
    "actions",
    "checks",
    "interlocks",
    "effects",
)


def merge(into: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Replace what `changes` names, dicts within dicts key by key."""
    for key, value in changes.items():
        assert key in into, f"no {key}"
        if isinstance(value, Mapping) and isinstance(into[key], dict):
            merge(into[key], value)
        else:
            into[key] = value


class Bench:
    """Units of the Belfast line without instruments or control: streams and openings are what a test makes of them.

    units: what to change in the table of each unit taken. All actuators stand fully open. scan_period: s, of
    `Core.advance`.
    """

    def __init__(
        self,
        plant: Plant,
        units: Mapping[str, Mapping[str, Any]],
        *,
        molar_volumes: bool = True,
        scan_period: float = 0.1,
    ) -> None:
        process = Process(plant)
        spec = process.build()
        self.layout = process.layout
        self.chemistry = plant.chemistry
        self.context = process.context
        self.species = [plant.chemistry.species[name] for name in self.layout.species]
        self.index = {name: i for i, name in enumerate(self.layout.species)}
        self.nc, self.na, self.nb = len(self.species), int(spec["species"]["dissolved"]), BINS
        tables = {unit: spec["units"][self.layout.units[unit]] for unit in units}
        self._without: dict[str, list[int]] = {}
        for unit, changes in units.items():
            circuit = tables[unit]["kind"] == "sx_circuit"
            last = [key for key in ("at", "tank_span") if circuit and tables[unit][key] > 0.0]
            merge(tables[unit], changes)
            # a circuit without a temperature, or with a tank that holds one volume, has no state of it
            self._without[unit] = [k - len(last) for k, key in enumerate(last) if tables[unit][key] == 0.0]
            if "initial" not in changes:
                tables[unit]["initial"] = np.delete(tables[unit]["initial"], self._without[unit]).tolist()
        self.tables: dict[str, dict[str, Any]] = copy.deepcopy(tables)
        self.spec = {
            **spec,
            "units": list(self.tables.values()),
            "weighted": [],
            "meters": [],
            "paces": [],
            "probes": process.n_probes,
            "rows": 1,
            "memory": 1,
            "signal": [0.0],
            "scan_period": scan_period,
            "seed": 1,
            **{name: [] for name in NO_FIELD},
        }
        self.mass = np.array(spec["species"]["mass"])
        self.volume = np.array(spec["species"]["molar_volume"])
        if not molar_volumes:
            self.volume[1:] = 0.0
            self.spec["species"] = {**spec["species"], "molar_volume": self.volume.tolist()}
        self.core = Core(self.spec)
        self.core.drive[:] = 1.0
        for circuit in (one for one in plant.units if one.kind == "water_circuit"):
            self.core.probe[self.layout.probes[circuit.id, "temperature"]] = circuit.parameters["temperature"]
        offsets = self.core.offsets()
        self._at = {unit: slice(*offsets[k : k + 2]) for k, unit in enumerate(self.tables)}
        self._unit = {unit: k for k, unit in enumerate(self.tables)}
        elements = sorted(plant.chemistry.elements)
        self.elements: tuple[str, ...] = (*elements, "charge")
        self.atoms = np.array(
            [[s.formula.get(e, 0.0) for s in self.species] for e in elements] + [[s.charge for s in self.species]],
            dtype=float,
        )

    # state

    def state(self, unit: str) -> Vector:
        """The states of a unit, live."""
        return self.core.state[self._at[unit]]

    def stages(self, circuit: str) -> Vector:
        """The stages of a circuit from E1, live: a column each of dissolved species, organic metals, Na, interface."""
        n, width = sum(self.tables[circuit]["stages"]), self.na + len(self.tables[circuit]["re"]) + 2
        return self.state(circuit)[: n * width].reshape(width, n).T

    def behind(self, circuit: str) -> Vector:
        """What stands behind a circuit's stages, live: organic in its tank, crud, temperature, contents of the tank."""
        return self.state(circuit)[self.stages(circuit).size :]

    def get(self, unit: str, species: str) -> float:
        """mol of a species in a unit whose states begin with them."""
        return float(self.state(unit)[self.index[species]])

    def fill(
        self, unit: str, litres: float, solutes: Mapping[str, float], kelvin: float = 298.15, **solids: float
    ) -> None:
        """Put a liquor (mol/L of solutes) and solids (mol) into a vessel."""
        molar = np.array(self.context.liquor(solutes))
        if not self.volume[1:].any():
            molar[0] = 1.0 / self.volume[0]
        state = self.state(unit)
        state[: self.nc] = 1e-3 * litres * molar
        state[self.nc] = kelvin
        for name, mol in solids.items():
            state[self.index[name]] = mol

    def probe(self, unit: str, name: str) -> float:
        """A true value, as of the last emission."""
        return float(self.core.probe[self.layout.probes[unit, name]])

    def from_steady(self, live: LivePlant) -> None:
        """Take states, streams and openings of the plant at its steady state."""
        offsets = live.core.offsets()
        for unit in self.tables:
            k = live.layout.units[unit]
            self.state(unit)[:] = np.delete(live.core.state[offsets[k] : offsets[k + 1]], self._without[unit])
        self.core.streams[:] = live.core.arriving
        self.core.drive[:] = live.core.drive

    # surroundings

    def scale(self, stream: str, factor: float) -> None:
        """Hold `factor` times what arrives by a stream."""
        self.core.streams[:, self.layout.streams[stream], 1:] *= factor

    def feed(self, stream: str, mol: Mapping[str, float] | Vector, kelvin: float = 298.15) -> None:
        """Hold what arrives by a stream: mol/s of species."""
        block = np.zeros(self.core.streams.shape[2])
        block[0] = kelvin
        if isinstance(mol, Mapping):
            for name, x in mol.items():
                block[2 + self.index[name]] = x
        else:
            block[2 : 2 + self.nc] = mol
        block[1] = block[2 : 2 + self.na] @ self.volume[: self.na]
        self.core.streams[:, self.layout.streams[stream]] = block

    def liquor(self, litres_per_s: float, solutes: Mapping[str, float]) -> Vector:
        """mol/s of a flow of liquor, mol/L of solutes."""
        return 1e-3 * litres_per_s * np.array(self.context.liquor(solutes))

    def particles(self, stream: str, kg: Vector, radius: Vector) -> None:
        """Hold the particles of a stream: kg/s in each bin, class by class, and their mean radius in bins."""
        first = 2 + self.nc
        self.core.streams[:, self.layout.streams[stream], first : first + CLASSES * self.nb] = kg
        self.core.streams[:, self.layout.streams[stream], first + CLASSES * self.nb :] = kg * radius

    def arriving(self, stream: str) -> Vector:
        """The block of a stream as it arrives in the next scan."""
        block: Vector = self.core.arriving[self.layout.streams[stream]]
        return block

    def opening(self, device: str, position: float) -> None:
        """Set an actuator, 0..1."""
        self.core.drive[self.layout.drives[device]] = position

    # running

    def tick(self, unit: str, h: float, n: int = 1) -> Vector:
        """n ticks of one unit; returns its outflows integrated, mol (kg in bins)."""
        out = h * self.core.advance_unit(self._unit[unit], h)
        for _ in range(n - 1):
            out += h * self.core.advance_unit(self._unit[unit], h)
        return out

    def left(self, unit: str, out: Vector) -> Vector:
        """mol of every species in integrated outflows, what went as gas included."""
        nc, kind = self.nc, self.tables[unit]["kind"]
        mol = np.zeros(nc)
        if kind == "sx_circuit":
            mol[: self.na] = out[: self.na] + out[self.na :]
            return mol
        mol[:] = out[:nc]
        gases = {
            "leach_tank": ("H2", "H2O", "H"),
            "reactor": ("O2",),
            "carbonate_tank": ("CO2",),
            "dryer": ("H2O",),
            "calciner": ("H2O", "CO2", "O2"),
        }
        first = nc + 2 * CLASSES * self.nb if kind == "leach_tank" else nc
        for k, gas in enumerate(gases.get(kind, ())):
            mol[self.index[gas]] += out[first + k]
            if gas == "H":
                mol[self.index["Cl"]] += out[first + k]
        return mol

    def arrived(self, unit: str) -> Vector:
        """mol/s of every species that arrives in a unit."""
        result: Vector = self.core.arriving[self.inlets(unit), 2 : 2 + self.nc].sum(axis=0)
        if self.tables[unit]["kind"] == "sx_circuit":
            result[self.na :] = 0.0  # solids go through extraction with the aqueous, and are never in it
        return result

    def inlets(self, unit: str) -> list[int]:
        """The streams of liquor and solids that arrive in a unit."""
        table = self.tables[unit]
        ports = (table.get(port) for port in ("inlet", "wash", "feed", "scrub", "strip", "soda"))
        return [port for port in ports if isinstance(port, int)] + (
            list(table["tank"]["inlets"]) if "tank" in table else []
        )

    def run(self, unit: str, h: float, n: int) -> float:
        """n ticks of one unit that holds something; returns the largest gap in the balances of elements and charge,
        each relative to what there was and what came."""
        before = self.core.hold_up()
        out = self.left(unit, self.tick(unit, h, n))
        came = n * h * self.arrived(unit)
        gap = self.atoms @ (self.core.hold_up() - before + out - came)
        size = np.abs(self.atoms) @ (np.abs(before) + np.abs(came))
        result: float = np.max(np.abs(gap[size > 0.0]) / size[size > 0.0])
        return result

    def rate(self, unit: str, y: Vector | None = None) -> Vector:
        """dy/dt of a unit at its state or at y, its outflows behind."""
        state = self.state(unit)
        keep = state.copy()
        if y is not None:
            state[:] = y
        result = self.core.derivative(self._unit[unit])
        state[:] = keep
        return result

    def relax(self, unit: str, gh: float, b: Vector) -> Vector:
        """(I - gh A)^-1 b with the integrator's A."""
        return self.core.relax(self._unit[unit], gh, b)

    def exact(self, unit: str, seconds: float, rtol: float = 1e-11, atol: float = 1e-13) -> Vector:
        """Where the unit's states go in that time, by SciPy's Radau on the same right-hand side."""
        ny = len(self.state(unit))
        solution = solve_ivp(
            lambda t, y: self.rate(unit, y)[:ny], (0.0, seconds), self.state(unit).copy(), "Radau", rtol=rtol, atol=atol
        )
        assert solution.success
        result: Vector = solution.y[:, -1]
        return result

    def settle(self, unit: str, signed: NDArray[np.bool_]) -> None:
        """Put a unit where its equations rest with all inputs held, by implicit Euler steps that grow; signed: which
        states may be negative."""
        y = self.state(unit).copy()
        step, jacobian = 300.0, None
        for _ in range(200):
            f = self.rate(unit, y)[: len(y)]
            if np.max(np.abs(f) / (np.abs(y) + 1e-5)) < 1e-11:
                self.state(unit)[:] = y
                return
            if jacobian is None:
                columns = []
                for i in range(len(y)):
                    z = y.copy()
                    z[i] += 1e-6 * max(abs(y[i]), 1e-5)
                    columns.append(csc_array(((self.rate(unit, z)[: len(y)] - f) / (z[i] - y[i]))[:, None]))
                jacobian = hstack(columns, format="csc")
                fresh = True
            factors = splu(csc_array(eye_array(len(y)) / step - jacobian))
            z, last, good = y, np.inf, False
            for _ in range(3):
                dz = factors.solve(self.rate(unit, z)[: len(y)] - (z - y) / step)
                size = float(np.max(np.abs(dz) / (np.abs(y) + 1e-4)))
                z = np.where(signed, z + dz, np.maximum(z + dz, 0.1 * z))
                good = size < 1e-3 or size < 0.3 * last
                last = size
            if good and last < 0.05:
                y, step, fresh = z, min(4.0 * step, 1e12), False
                jacobian = jacobian if last < 1e-4 else None
            elif fresh:
                step *= 0.25
            else:
                jacobian = None
        raise AssertionError(f"{unit} does not settle: {np.max(np.abs(f) / (np.abs(y) + 1e-5)):.1e} 1/s")

    def effort(self, unit: str) -> tuple[int, int, int]:
        """Accepted steps, rejected steps, ticks in which the smallest step was too large."""
        return self.core.effort()[self._unit[unit]][:3]


@pytest.fixture
def make_bench(belfast: Plant) -> Callable[..., Bench]:
    """A bench from the units' names, each with what to change in its table."""

    def make(*units: str, molar_volumes: bool = True, **changes: Any) -> Bench:
        """`changes` apply to the only unit, or are given per unit under `tables`."""
        tables: Mapping[str, Mapping[str, Any]] = changes.pop("tables", {units[0]: changes})
        return Bench(belfast, {unit: tables.get(unit, {}) for unit in units}, molar_volumes=molar_volumes)

    return make
