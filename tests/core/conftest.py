"""A rig: instruments, actuators, loops and alarms wired by name, without a plant behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsim import _layers

MAN, AUTO, CASCADE, EXTERNAL = 0, 1, 2, 3
PID, RATIO, OVERRIDE = 0, 1, 2
NO_CONSTRAINT = {"pv": 0, "direct": 1, "limit": 0.0, "span": 1.0, "gain": 0.0, "ti": 1.0}
NO_OUTPUT = {"row": 0, "slave_mode": -1, "slave_mem": -1, "op0": 0.0, "op1": 100.0, "y0": 0.0, "y1": 100.0}


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
            "mem": 0,
            "mode": 0,
            "scale": 1.0,
            "offset": 0.0,
            "lag": 0.0,
            "noise": 0.0,
            "low": 0.0,
            "high": 100.0,
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
        }
        self._add("valve", name, fields, changes)

    def on_off_valve(self, name: str, **changes: Any) -> None:
        fields = {
            "cmd": self.row(f"{name}.CMD"),
            "opened": self.row(f"{name}.OPENED"),
            "closed": self.row(f"{name}.CLOSED"),
            "drive": self._drive(name),
            "mem": 0,
            "stroke": 0.0,
            "factor": 1.0,
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
            "ramp": 0.0,
            "factor": 1.0,
        }
        self._add("drive", name, fields, changes)

    def output(
        self, to: str, y0: float = 0.0, y1: float = 100.0, op0: float = 0.0, op1: float = 100.0
    ) -> dict[str, Any]:
        """An output to ``XV.CMD``, or to a slave's ``FIC.SP``."""
        name, _, member = to.partition(".")
        slave = member == "SP"
        return {
            "row": self.row(to),
            "slave_mode": self.row(f"{name}.MODE") if slave else -1,
            "slave_mem": self.mem("loop", name) if slave else -1,
            "op0": op0,
            "op1": op1,
            "y0": y0,
            "y1": y1,
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
        **changes: Any,
    ) -> None:
        out = [self.output(f"{name}-V.CMD")] if out is None else out
        wild = wild or []
        constraints = constraints or []
        fields = {
            "kind": kind,
            "action": -1,
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
            "lo": 0.0,
            "hi": 100.0,
            "sp_lo": 0.0,
            "sp_hi": 100.0,
            "op_lo": 0.0,
            "op_hi": 100.0,
            "gap": 0.0,
            "ramp": 0.0,
            "factor": 1.0,
            "filter": 0.0,
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
            "suppress": 0,
            "suppress_row": -1,
            "suppress_value": 0.0,
            "limit": 0.0,
            "deadband": 0.0,
            "on_delay": 0.0,
            "off_delay": 0.0,
        }
        self._add("alarm", f"{pv} alarm {len(self.tables['alarm'])}", fields, changes)

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
