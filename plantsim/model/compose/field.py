"""Plant description to core tables: instruments, actuators, loops and alarms over the rows of the process image."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from plantsim.model.compose.context import Layout
from plantsim.model.compose.interlocks import interlocks
from plantsim.model.compose.sequences import COMPLETE, HELD, RUNNING, sequences
from plantsim.model.heartbeat import LOST
from plantsim.model.members import LIMITS
from plantsim.model.plant import (
    Alarm,
    Condition,
    Device,
    Divert,
    Function,
    Instrument,
    Loop,
    Measurement,
    Output,
    Plant,
    Sampling,
    Standby,
)
from plantsim.model.tag import Kind

CALCULATIONS = {"average": 1, "estimate": 2, "falling": 3}
"""Kinds of calculation as in ext/field.pxd; max and copy are 0."""
TRANSMITTER_MEM, ANALYSER_MEM, CALCULATION_MEM, VALVE_MEM, DRIVE_MEM, LOOP_MEM, ALARM_MEM = 1, 25, 1, 1, 2, 14, 8
DIVERT_MEM, STANDBY_MEM, BUTTON_MEM = 2, 2, 1
"""Memory of each kind of device, as in ext/field.pxd, control.pxd, alarm.pxd, divert.pxd and standby.pxd."""
IS_TRUE = 3
ALARM_KINDS = {
    "HH": 0, "H": 0, "L": 1, "LL": 1, "DEV": 2, "TRIP": 0, "FAIL": 4, "DISCREPANCY": 5, "ROC": 6, "STALE": 7,
    "HELD": 8, "STANDBY": IS_TRUE, LOST: IS_TRUE,
}  # fmt: skip
"""Of readings, as in ext/alarm.pxd."""
RELATIONS = {"=": 1, "<": 2, ">": 3, "bad": 4}
"""Codes of ext/condition.pxd."""
TABLES = {
    Kind.VALVE: "valves",
    Kind.ON_OFF_VALVE: "on_off_valves",
    Kind.DRIVE: "motors",
    Kind.VARIABLE_DRIVE: "motors",
}
"""Table of the core that a device stands in."""
JAM_TO = {"closed": 0.0, "off": 0.0, "open": 100.0, "hold": -1.0}
"""% that a valve goes to without air or signal; negative: it stays."""
NO_OUTPUT = {
    "row": 0,
    "slave_mode": -1,
    "slave_mem": -1,
    "cmd": [-1, -1],
    "trip": [-1, -1],
    "op0": 0.0,
    "op1": 100.0,
    "y0": 0.0,
    "y1": 0.0,
    "slope": 0.0,
}
NO_CONDITION = {"relation": 1, "row": 0, "value": 0.0}
NO_CONSTRAINT = {"pv": 0, "direct": 1, "limit": 0.0, "span": 1.0, "gain": 0.0, "ti": 1.0}


def places(plant: Plant) -> dict[str, tuple[str, int]]:
    """Table of the core, and index in it, of measuring instruments and of devices by tag."""
    found: dict[str, tuple[str, int]] = {}
    count: dict[str, int] = {}
    for tag, table in (
        *((i.tag, "transmitters" if i.sampling is None else "analysers") for i in plant.instruments if i.measures),
        *((d.tag, TABLES[d.kind]) for d in plant.devices if d.kind in TABLES),
    ):
        found[tag] = (table, count.setdefault(table, 0))
        count[table] += 1
    return found


class Field:
    """Builds the field half of the core's tables.

    row: tag name -> row. probe: measurement -> index of the true value.
    """

    def __init__(
        self, plant: Plant, layout: Layout, row: Mapping[str, int], probe: Callable[[Measurement], int]
    ) -> None:
        self.plant = plant
        self.layout = layout
        self.row = row
        self.probe = probe
        self.loops = {loop.tag: loop for loop in plant.loops}
        self.instruments = {i.tag: i for i in plant.instruments}
        self.devices = {d.tag: d for d in plant.devices}
        self.used = 0
        self.smooth: dict[int, str] = {}
        """Memory slots whose steady value the solver looks for, and whose they are."""
        self.loop_memory: dict[str, int] = {}
        self.signal = [0.0] * (1 + max(row.values(), default=-1))

    def take(self, owner: str, slots: int, smooth: tuple[int, ...] = ()) -> int:
        """Reserve memory; returns its first slot."""
        first = self.used
        self.used += slots
        self.smooth |= {first + k: owner for k in smooth}
        return first

    def optional(self, name: str) -> int:
        """Row of a tag, -1 if there is none."""
        return self.row.get(name, -1)

    def set(self, name: str, value: float) -> None:
        """Initial value of a row, if the tag exists."""
        if name in self.row:
            self.signal[self.row[name]] = value

    # ---------------------------------------------------------------- instruments

    def _common(self, i: Instrument, m: Measurement) -> dict[str, Any]:
        # CRC of the name, so that the noise of a tag depends neither on the other tags nor on their order
        return {
            "probe": self.probe(m),
            "pv": self.row[f"{i.tag}.PV"],
            "mode": 0,
            "scale": m.scale,
            "offset": m.offset,
            "lag": i.lag,
            "noise": i.noise,
            "low": i.low,
            "high": i.high,
            "spikes": 0.0,
            "key": zlib.crc32(i.tag.encode()),
            "follow": 0.0,
        }

    def transmitter(self, i: Instrument, m: Measurement) -> dict[str, Any]:
        """A continuous reading."""
        common = self._common(i, m)
        smooth = () if common["probe"] in self.layout.totals else (0,)  # a total has no steady value
        return {**common, "mem": self.take(i.tag, TRANSMITTER_MEM, smooth), "deadband": 0.0}

    def contact(self, d: Device, m: Measurement) -> dict[str, Any]:
        """A field switch: a reading of 1 or 0."""
        return {
            "probe": self.probe(m),
            "pv": self.row[f"{d.tag}.STATE"],
            "mem": self.take(d.tag, TRANSMITTER_MEM),
            "mode": 0,
            "scale": m.scale,
            "offset": m.offset,
            "lag": 0.0,
            "noise": 0.0,
            "low": 0.0,
            "high": 1.0,
            "deadband": 0.0,
            "spikes": 0.0,
            "key": zlib.crc32(d.tag.encode()),
            "follow": 0.0,
        }

    def analyser(self, i: Instrument, m: Measurement, sampling: Sampling) -> dict[str, Any]:
        """A reading by sample, or a continuous one with an analyser's commands."""
        return {
            **self._common(i, m),
            "mem": self.take(i.tag, ANALYSER_MEM, (0, 1)),
            "sample_time": self.optional(f"{i.tag}.SampleTime"),
            "next_result": self.optional(f"{i.tag}.NextResult"),
            "state": self.optional(f"{i.tag}.State"),
            "cal": self.optional(f"{i.tag}.CAL"),
            "oos": self.optional(f"{i.tag}.OOS"),
            "shared": self.row[f"{sampling.shared}.State"] if sampling.shared not in ("", i.tag) else -1,
            "true_scale": m.scale,
            "true_offset": m.offset,
            "true_noise": i.noise,
            "sample": sampling.sample,
            "phase": sampling.phase,
            "delay": sampling.delay,
            "cal_time": 600.0,
        }

    def calculation(self, i: Instrument, f: Function) -> dict[str, Any]:
        """A reading made of others; a copy is the greatest of one."""
        rows = [self.row[f"{tag}.PV"] for tag in f.inputs]
        return {
            "kind": CALCULATIONS.get(f.name, 0),
            "n": len(rows),
            "inputs": [*rows, *[0] * (4 - len(rows))],
            "pv": self.row[f"{i.tag}.PV"],
            "mem": self.take(i.tag, CALCULATION_MEM, (0,)),
            "time": f.time,
            "low": i.low,
            "high": i.high,
            "follow": 0.0,
        }

    # ---------------------------------------------------------------- actuators

    def air(self, d: Device) -> int:
        """Probe that is 1 while a valve has no air to move it, -1 of a thyristor or where nothing is said of air."""
        mains = [u.id for u in self.plant.units if u.kind == "gas_main" and u.parameters["fails_below"] > 0.0]
        return self.layout.probes[mains[0], "lost"] if mains and d.fail != "off" else -1

    def valve(self, d: Device) -> dict[str, Any]:
        """A modulating valve or heater."""
        self.set(f"{d.tag}.CMD", d.initial)
        return {
            "cmd": self.row[f"{d.tag}.CMD"],
            "pos": self.optional(f"{d.tag}.POS"),
            "drive": self.layout.drives[d.tag],
            "mem": self.take(d.tag, VALVE_MEM, (0,)),
            "stroke": d.stroke,
            "factor": 1.0,
            "stiction": 0.0,
            "leakage": 0.0,
            "jam": 0,
            "jam_to": JAM_TO[d.fail],
            "air": self.air(d),
            "supply": self.layout.probes[d.supply, "share"] if d.supply else -1,
        }

    def on_off_valve(self, d: Device) -> dict[str, Any]:
        """A valve with two limit switches."""
        self.set(f"{d.tag}.CMD", d.initial)
        # a divert valve jumps where a purity passes its limit, which no solver follows, and nothing else depends on it
        smooth = () if any(one.valve == d.tag for one in self.plant.diverts) else (0,)
        return {
            "cmd": self.row[f"{d.tag}.CMD"],
            "opened": self.row[f"{d.tag}.OPENED"],
            "closed": self.row[f"{d.tag}.CLOSED"],
            "pack": self.row[f"{d.moved_by}.RUN"] if d.moved_by else -1,
            "drive": self.layout.drives[d.tag],
            "mem": self.take(d.tag, VALVE_MEM, smooth),
            "stroke": d.stroke,
            "factor": 1.0,
            "leakage": 0.0,
            "jam": 0,
            "jam_to": JAM_TO[d.fail],
            "air": self.air(d),
            "supply": self.layout.probes[d.supply, "share"] if d.supply else -1,
        }

    def motor(self, d: Device) -> dict[str, Any]:
        """A drive, fixed or variable in speed: running from the start, unless it begins at 0 or the plant is empty."""
        variable = d.kind is Kind.VARIABLE_DRIVE
        self.set(f"{d.tag}.CMD", 1.0 if d.initial > 0.0 and not self.plant.empty else 0.0)
        if variable:
            self.set(f"{d.tag}.SPEED_CMD", d.initial)
        return {
            "cmd": self.row[f"{d.tag}.CMD"],
            "run": self.row[f"{d.tag}.RUN"],
            "trip": self.row[f"{d.tag}.TRIP"],
            "speed_cmd": self.row[f"{d.tag}.SPEED_CMD"] if variable else -1,
            "speed": self.row[f"{d.tag}.SPEED"] if variable else -1,
            "drive": self.layout.own[d.tag],
            "mem": self.take(d.tag, DRIVE_MEM, (1,)),
            "fault": 0,
            "blocked": 0,
            "local_": 0,
            "mute": 0,
            "supply": self.layout.probes[d.supply, "empty"] if d.supply else -1,
            "ramp": d.stroke,
            "factor": 1.0,
        }

    def button(self, d: Device) -> dict[str, Any]:
        """A hand switch that the process sees."""
        return {
            "state": self.row[f"{d.tag}.STATE"],
            "drive": self.layout.drives[d.tag],
            "mem": self.take(d.tag, BUTTON_MEM),
        }

    def standby(self, d: Device, standby: Standby) -> dict[str, Any]:
        """A pair of machines on one line, the first of which is the one that the process knows."""
        pair = (standby.machine, d.tag)
        return {
            "cmd": [self.row[f"{tag}.CMD"] for tag in pair],
            "run": [self.row[f"{tag}.RUN"] for tag in pair],
            "trip": [self.row[f"{tag}.TRIP"] for tag in pair],
            "speed_cmd": [self.optional(f"{tag}.SPEED_CMD") for tag in pair],
            "selector": self.optional(f"{standby.selector}.STATE"),
            "own": [self.layout.own[tag] for tag in pair],
            "common": self.layout.drives[standby.machine],
            "mem": self.take(d.tag, STANDBY_MEM),
            "delay": standby.delay,
        }

    # ---------------------------------------------------------------- loops

    def order(self) -> list[Loop]:
        """Masters before their slaves."""
        done: list[Loop] = []
        slaves = {loop.tag: [o.tag for o in self.outputs(loop) if o.tag in self.loops] for loop in self.plant.loops}
        masters: dict[str, list[str]] = {tag: [] for tag in self.loops}
        for tag, below in slaves.items():
            for slave in below:
                masters[slave].append(tag)
        waiting = list(self.plant.loops)
        while waiting:
            ready = [loop for loop in waiting if all(self.loops[m] in done for m in masters[loop.tag])]
            done += ready
            waiting = [loop for loop in waiting if loop not in ready]
        return done

    def outputs(self, loop: Loop) -> tuple[Output, ...]:
        """Where a loop's OP goes; a ratio or override sets its slave over the whole of the slave's range."""
        if not loop.slave:
            return loop.outputs
        return (Output(loop.slave, "SP", (0.0, 100.0), self.loops[loop.slave].sp_range),)

    def _output(self, o: Output) -> dict[str, Any]:
        slave = o.tag if o.tag in self.loops else None
        beside = [d.tag for d in self.plant.devices if d.standby is not None and d.standby.machine == o.tag]
        drives = [o.tag, *beside, ""][:2] if o.member == "SPEED_CMD" else ["", ""]
        return {
            "row": self.row[f"{o.tag}.{o.member}"],
            "slave_mode": self.row[f"{slave}.MODE"] if slave else -1,
            "slave_mem": self.loop_memory[slave] if slave else -1,
            "cmd": [self.optional(f"{drive}.CMD") for drive in drives],
            "trip": [self.optional(f"{drive}.TRIP") for drive in drives],
            "op0": o.op[0],
            "op1": o.op[1],
            "y0": o.value[0],
            "y1": o.value[1],
            "slope": (o.value[1] - o.value[0]) / (o.op[1] - o.op[0]),
        }

    def initial_op(self, outputs: list[dict[str, Any]]) -> float:
        """OP that stands for the outputs' initial values: the inverse of their maps."""
        low, high = 0.0, 100.0
        for o in outputs:
            if o["y0"] == o["y1"]:
                continue
            t = (self.signal[o["row"]] - o["y0"]) / (o["y1"] - o["y0"])
            if t <= 0.0:
                high = min(high, o["op0"])
            elif t >= 1.0:
                low = max(low, o["op1"])
            else:
                return float(o["op0"] + t * (o["op1"] - o["op0"]))
        return 0.5 * (low + high) if low <= high else low

    def loop(self, loop: Loop) -> dict[str, Any]:
        """A controller. Its slaves' initial set points are known already."""
        tag = loop.tag
        i = self.instruments[tag]
        outputs = [self._output(o) for o in self.outputs(loop)]
        self.set(f"{tag}.OP", self.initial_op(outputs))
        rows = {name: self.optional(f"{tag}.{name}") for name in ("PV", "SP", "OP", "MODE", "Gain", "Ti", "Td")}
        constraints = [
            {
                "pv": self.row[f"{c.tag}.{c.member}"],
                "direct": int(c.direct),
                "limit": c.limit,
                "span": 100.0 if c.member == "OP" else self.instruments[c.tag].high - self.instruments[c.tag].low,
                "gain": c.gain,
                "ti": c.ti,
            }
            for c in loop.constraints
        ]
        wild = [self.row[f"{name}.PV"] for name in loop.wild]
        slave_pv = self.row[f"{loop.slave}.PV"] if loop.type == "ratio" else -1
        return {
            "kind": {"PID": 0, "ratio": 1, "override": 2}[loop.type],
            "pv": rows["PV"],
            "sp": rows["SP"],
            "op": rows["OP"],
            "mode": rows["MODE"],
            "gain": rows["Gain"],
            "ti": rows["Ti"],
            "td": rows["Td"],
            "limit_row": self.optional(f"{tag}.Limit"),
            "mem": self.loop_memory[tag],
            "n_out": len(outputs),
            "n_wild": len(wild),
            "n_constraint": len(constraints),
            "out": [*outputs, *[NO_OUTPUT] * (3 - len(outputs))],
            "wild": [*wild, *[0] * (3 - len(wild))],
            "slave_pv": slave_pv,
            "constraint": [*constraints, *[NO_CONSTRAINT] * (8 - len(constraints))],
            "lo": i.low,
            "hi": i.high,
            "unit": (100.0 if loop.direct else -100.0) / (i.high - i.low),
            "sp_lo": loop.sp_range[0],
            "sp_hi": loop.sp_range[1],
            "op_lo": loop.op_limits[0],
            "op_hi": loop.op_limits[1],
            "gap": loop.gap,
            "ramp": loop.ramp,
            "factor": loop.factor,
            "filter": loop.filter,
            "balance": loop.balance,
            "ahead": self.row[f"{loop.ahead.tag}.PV"] if loop.ahead else -1,
            "ahead_gain": loop.ahead.gain if loop.ahead else 0.0,
            "ahead_lag": loop.ahead.lag if loop.ahead else 0.0,
        }

    # ---------------------------------------------------------------- divert valves

    def divert(self, d: Divert) -> dict[str, Any]:
        """A divert valve that follows its product's purity analyser."""
        return {
            "cmd": self.row[f"{d.valve}.CMD"],
            "hand": self.row[f"{d.hand}.STATE"],
            "pv": self.row[f"{d.analyser}.PV"],
            "sample_time": self.row[f"{d.analyser}.SampleTime"],
            "mem": self.take(d.valve, DIVERT_MEM),
            "limit": d.limit,
            "wanted": float(d.good_results),
        }

    # ---------------------------------------------------------------- alarms

    def condition(self, c: Condition) -> dict[str, Any]:
        """A comparison with a row."""
        return {"relation": RELATIONS[c.relation], "row": self.row[f"{c.tag}.{c.member}"], "value": c.value}

    def alarm(self, a: Alarm) -> dict[str, Any]:
        """A condition with its delays."""
        terms = [self.condition(c) for c in a.suppressed_when.terms] if a.suppressed_when else []
        return {
            **self._judged(a),
            "limit_row": self.optional(f"{a.tag}.{a.condition}") if a.condition in LIMITS else -1,
            "mem": self.take(f"{a.tag}.{a.condition}", ALARM_MEM),
            "n_suppress": len(terms),
            "suppress_all": int(a.suppressed_when is not None and a.suppressed_when.all),
            "suppress": [*terms, *[NO_CONDITION] * (3 - len(terms))],
            "limit": HELD if a.condition == "HELD" else 0.0 if math.isnan(a.limit) else a.limit,
            "deadband": a.deadband,
            "on_delay": a.on_delay,
            "off_delay": a.off_delay,
            "window": a.window,
        }

    def _judged(self, a: Alarm) -> dict[str, int]:
        """Kind of the condition, and the rows that it looks at."""
        device = next((d for d in self.plant.devices if d.tag == a.tag), None)
        kind, pv, sp, other = ALARM_KINDS[a.condition], "PV", "SP", ""
        if device is not None and a.condition == "DISCREPANCY":
            pv = "CMD"
            if device.kind is Kind.VALVE:
                kind, sp = ALARM_KINDS["DEV"], "POS"
            else:
                sp, other = "OPENED", "CLOSED"
        elif a.condition == "STANDBY":
            pv = "RUN"
        elif device is not None:
            kind, pv = IS_TRUE, "STATE" if device.kind is Kind.SWITCH else "TRIP"
        elif a.condition == "STALE":
            pv = "SampleTime"
        elif a.condition == "HELD":
            pv = "STATE"
        return {
            "kind": kind,
            "pv": self.row[f"{a.tag}.{pv}"],
            "sp": self.row[f"{a.against}.PV"] if a.against else self.optional(f"{a.tag}.{sp}"),
            "other": self.optional(f"{a.tag}.{other}"),
        }

    def build(self, *, scan_period: float, seed: int) -> dict[str, Any]:
        """The field half of the specification."""
        for i in self.plant.instruments:
            if i.normal:
                self.set(f"{i.tag}.NormalLow", i.normal[0])
                self.set(f"{i.tag}.NormalHigh", i.normal[1])
        for d in self.plant.devices:
            if d.kind is Kind.SWITCH:
                self.set(f"{d.tag}.STATE", d.initial)
        for a in self.plant.alarms:
            if not math.isnan(a.limit):
                self.set(f"{a.tag}.{a.condition}", a.limit)
        for loop in self.plant.loops:
            self.set(f"{loop.tag}.SP", loop.sp)
            self.set(f"{loop.tag}.MODE", float(loop.mode))
            self.set(f"{loop.tag}.Gain", loop.gain)
            self.set(f"{loop.tag}.Ti", loop.ti)
            self.set(f"{loop.tag}.Td", loop.td)
            self.loop_memory[loop.tag] = self.take(loop.tag, LOOP_MEM, tuple(range(3, LOOP_MEM)))
        for sequence in self.plant.sequences:
            if sequence.complete:
                self.set(f"{sequence.tag}.STATE", COMPLETE)
                self.set(f"{sequence.tag}.STEP", float(len(sequence.steps)))
            elif sequence.running:
                self.set(f"{sequence.tag}.STATE", RUNNING)
        instruments, devices = self.plant.instruments, self.plant.devices
        measured = [(i, i.measures) for i in instruments if i.measures]
        pressed = {
            unit.drives[role] for unit in self.plant.units for role in ("close", "change") if role in unit.drives
        }
        return {
            "transmitters": [
                *(self.transmitter(i, m) for i, m in measured if i.sampling is None),
                *(self.contact(d, d.contact) for d in devices if d.contact is not None),
            ],
            "analysers": [self.analyser(i, m, i.sampling) for i, m in measured if i.sampling is not None],
            "calculations": [
                self.calculation(i, i.function) for i in instruments if i.function and i.function.name != "ratio"
            ],
            "valves": [self.valve(d) for d in devices if TABLES.get(d.kind) == "valves"],
            "on_off_valves": [self.on_off_valve(d) for d in devices if TABLES.get(d.kind) == "on_off_valves"],
            "motors": [self.motor(d) for d in devices if TABLES.get(d.kind) == "motors"],
            "buttons": [self.button(d) for d in devices if d.tag in pressed],
            "standbys": [self.standby(d, d.standby) for d in devices if d.standby is not None],
            "loops": [self.loop(loop) for loop in self.order()],
            "diverts": [self.divert(d) for d in self.plant.diverts],
            "alarms": [self.alarm(a) for a in self.plant.alarms],
            **sequences(self.plant, self.row, self.take, self.condition),
            **interlocks(self.plant, self.row, self.take, self.condition),
            "signal": self.signal,
            "rows": len(self.signal),
            "memory": self.used,
            "scan_period": scan_period,
            "seed": seed,
        }
