"""I/O racks that an outside controller has: its heartbeat, what its outputs do without it, and its echo of the scan.

The watchdog looks for a word that changes, not for writes: a soft PLC goes on writing its outputs when its program has
stopped. It is armed by the first heartbeat, as a bus coupler's is by the first telegram. A rack whose heartbeat is lost
takes no commands; when it changes again, every output that moved meanwhile starts from where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plantsim.engine.permission import EXTERNAL, Drive
from plantsim.model.plant import Device, Loss, Plant
from plantsim.model.tag import Kind, TagTable

SHORTEST_S = 0.1
"""Wall time that a heartbeat is given at least, however fast plant time passes."""
MANY = 1_000_000
_FAILED = {"closed": 0.0, "off": 0.0, "stop": 0.0, "open": 100.0}
"""Command at each fail position, %; ``hold`` has none."""
_COMMANDS = {
    Kind.VALVE: (("CMD", "POS"),),
    Kind.ON_OFF_VALVE: (("CMD", ""),),
    Kind.DRIVE: (("CMD", ""),),
    Kind.VARIABLE_DRIVE: (("CMD", ""), ("SPEED_CMD", "SPEED")),
}
"""Commands of each kind of device, and the member that says where it stands."""

Signal = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RackOutput:
    """A command that a PLC may give.

    row: of the command. position: row that says where the device stands, -1 where the command says so. mode: row of the
    MODE of the loop that drives it, -1 without one. failed: command at the fail position, None holds.
    """

    row: int
    position: int
    mode: int
    loss: Loss
    failed: float | None


@dataclass(slots=True)
class Rack:
    """The rack of one area. Times in s: of the plant since its start, and of a monotonic clock."""

    area: str
    external: bool
    watchdog: float
    switch: int
    """Row of the tag that says that the heartbeat is lost; -1 without one."""
    outputs: tuple[RackOutput, ...]
    word: int | None = None
    changed: float = 0.0
    changed_wall: float = 0.0
    beaten: float | None = None
    """When the word last changed, by the monotonic clock; freezing does not move it."""
    lost_at: float | None = None
    ramps: dict[int, float] = field(default_factory=dict)
    """Where outputs on a ramp started, by row."""

    def obeyed(self, signal: Signal) -> tuple[RackOutput, ...]:
        """The outputs that are the PLC's now."""
        if self.external:
            return self.outputs
        return tuple(one for one in self.outputs if one.mode >= 0 and signal[one.mode] == EXTERNAL)


class Racks:
    """All racks of a plant. signal: the core's rows, which are read and written between scans."""

    def __init__(
        self, plant: Plant, tags: TagTable, drives: Mapping[str, Drive], external: frozenset[str], signal: Signal
    ) -> None:
        areas = {unit.id: unit.area for unit in plant.units}
        self.note: Callable[[str], None] = lambda text: None
        """Gets what is to be on record."""
        self._signal = signal
        self._modes = [tags[f"{loop.tag}.MODE"].row for loop in plant.loops if tags[f"{loop.tag}.PV"].area in external]
        self._racks = {
            area.id: Rack(
                area.id,
                area.id in external,
                area.watchdog,
                tags[f"{area.heartbeat}.STATE"].row if area.heartbeat else -1,
                tuple(
                    output
                    for device in plant.devices
                    if areas[device.unit] == area.id
                    for output in _outputs(device, tags, drives)
                ),
            )
            for area in plant.areas
        }

        others = [rack for rack in self._racks.values() if not rack.external]
        self._mode_rows = np.array(
            sorted({one.mode for rack in others for one in rack.outputs if one.mode >= 0}), dtype=np.intp
        )
        """Of loops that may give an area's outputs to a PLC though the area is not external."""
        self._externals = tuple(rack for rack in self._racks.values() if rack.external)
        self._age_of = tuple((f"HeartbeatAge.{rack.area}", rack) for rack in self._racks.values())

    def unplug(self) -> None:
        """Put the loops of external areas in External, whatever the state says that they start from."""
        self._signal[self._modes] = EXTERNAL

    @property
    def lost(self) -> frozenset[str]:
        """Areas whose PLC has fallen silent."""
        return frozenset(rack.area for rack in self._racks.values() if rack.lost_at is not None)

    def restart(self, now: float, wall: float) -> None:
        """Give every PLC its full time from here: after a freeze, a lock step or a jump in time."""
        for rack in self._racks.values():
            rack.changed, rack.changed_wall = now, wall
            if rack.lost_at is not None:  # its time, too, counts from here
                rack.lost_at = now
                rack.ramps.clear()
            self._show(rack)

    def ages(self, wall: float) -> dict[str, float]:
        """Members of Simulation: wall time since each area's heartbeat changed, s; -1 before the first."""
        return {name: -1.0 if rack.beaten is None else wall - rack.beaten for name, rack in self._age_of}

    def is_news(self, area: str, word: int) -> bool:
        """Whether a heartbeat differs from the last one."""
        return self._racks[area].word != word

    def beat(self, area: str, word: int, now: float, wall: float) -> bool:
        """Take a heartbeat; whether it brought a rack back that was lost."""
        rack = self._racks[area]
        if word == rack.word:
            return False
        rack.word, rack.changed, rack.changed_wall, rack.beaten = word, now, wall, wall
        if rack.lost_at is None:
            return False
        for output in rack.obeyed(self._signal):
            if output.position >= 0 and output.loss.policy != "hold":
                self._signal[output.row] = self._signal[output.position]
        rack.lost_at = None
        rack.ramps.clear()
        self._show(rack)
        self.note(f"rack of {area}: the PLC's heartbeat is back")
        return True

    def watch(self, now: float, wall: float) -> bool:
        """Look for heartbeats that have stopped; whether there are new ones."""
        found = False
        for rack in self._racks.values():
            late = now - rack.changed >= rack.watchdog and wall - rack.changed_wall >= min(SHORTEST_S, rack.watchdog)
            if rack.word is None or rack.lost_at is not None or not late or not rack.obeyed(self._signal):
                continue
            rack.lost_at = now
            self._show(rack)
            silent = now - rack.changed
            self.note(f"rack of {rack.area}: no heartbeat for {silent:.1f} s, outputs follow their loss policy")
            found = True
        return found

    def command(self, now: float) -> None:
        """Move the outputs of lost racks as their policy says, for the scan that starts now."""
        for rack in self._racks.values():
            if rack.lost_at is None:
                continue
            for output in rack.obeyed(self._signal):
                if output.loss.policy == "fail" and output.failed is not None:
                    self._signal[output.row] = output.failed
                elif output.loss.policy == "ramp":
                    start = rack.ramps.setdefault(output.row, float(self._signal[output.position]))
                    done = min((now - rack.lost_at) / output.loss.over, 1.0)
                    self._signal[output.row] = start + done * (output.loss.to - start)

    def scans_to_go(self, now: float) -> int:
        """Scans that may be run before `command` is needed again: one while an output is on its ramp."""
        for rack in self._racks.values():
            if rack.lost_at is not None and any(
                one.loss.policy == "ramp" and now - rack.lost_at <= one.loss.over for one in rack.obeyed(self._signal)
            ):
                return 1
        return MANY

    def refuses(self, area: str) -> bool:
        """Whether the rack takes no commands because its heartbeat is lost."""
        return area in self._racks and self._racks[area].lost_at is not None

    def in_step(self, scan: int) -> bool | None:
        """Whether every PLC has echoed the scan counter; None if no rack is a PLC's."""
        theirs: Sequence[Rack] = self._externals
        if (self._signal[self._mode_rows] == EXTERNAL).any():  # seldom, and asked for in every scan
            theirs = [rack for rack in self._racks.values() if rack.external or rack.obeyed(self._signal)]
        return all(rack.word == scan % 2**16 for rack in theirs) if theirs else None

    def _show(self, rack: Rack) -> None:
        if rack.switch >= 0:
            self._signal[rack.switch] = float(rack.lost_at is not None)


def _outputs(device: Device, tags: TagTable, drives: Mapping[str, Drive]) -> list[RackOutput]:
    made = []
    for command, position in _COMMANDS.get(device.kind, ()):
        name = f"{device.tag}.{command}"
        analog = bool(position)
        failed = _FAILED.get(device.fail)
        made.append(
            RackOutput(
                tags[name].row,
                tags[f"{device.tag}.{position}"].row if analog else -1,
                drives[name].mode_row if name in drives else -1,
                device.loss if analog or device.loss.policy != "ramp" else Loss(),
                failed if analog or failed is None else min(failed, 1.0),
            )
        )
    return made
