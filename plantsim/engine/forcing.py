"""The forcing table: instruments and outputs that somebody holds at a value, apart from what is wrong with them.

A forced instrument shows its value to control, alarms and clients, with the quality Good_LocalOverride, whatever it
measures and whatever fails in it. A forced output is what the actuator gets, whatever loop, sequence, operator or PLC
would have; loops that drive it follow it, and go on from there. An interlock that trips has it all the same. The table
is the run's, not the plant's: no snapshot keeps it, and restoring one leaves it as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from plantsim.engine.command import Origin
from plantsim.engine.image import GOOD, GOOD_LOCAL_OVERRIDE
from plantsim.engine.live import LivePlant
from plantsim.engine.malfunctions import TooMany
from plantsim.model.tag import Kind, Tag

MANY = 1_000_000
LONGEST_S = 1e9
OUTPUTS = ("CMD", "SPEED_CMD")
DEVICES = (Kind.VALVE, Kind.ON_OFF_VALVE, Kind.DRIVE, Kind.VARIABLE_DRIVE)


@dataclass(frozen=True, slots=True)
class Force:
    """An entry of the table. since: plant time, s since 1970. until: plant time, s since the start; None for release
    by hand."""

    tag: Tag
    value: float
    user: str
    since: float
    until: float | None

    @property
    def name(self) -> str:
        """Of the member that is forced."""
        return self.tag.name


class Forcing:
    """The table of one live plant; used between scans alone."""

    def __init__(self, live: LivePlant) -> None:
        self._live = live
        places = live.assembly.faults.places
        self._instruments = {name for name, (table, _) in places.items() if table in ("transmitters", "analysers")}
        self._forces: dict[str, Force] = {}
        self._areas: frozenset[str] = frozenset()

    @property
    def forces(self) -> list[Force]:
        """The table, the oldest first."""
        return list(self._forces.values())

    @property
    def areas(self) -> frozenset[str]:
        """Areas in which something is forced; replaced, never changed."""
        return self._areas

    def takes(self, tag: Tag) -> bool:
        """Whether a member may be forced: an instrument's PV, or a command of a device."""
        if tag.member == "PV":
            return tag.object in self._instruments
        return tag.member in OUTPUTS and tag.kind in DEVICES

    def put(self, tag: Tag, value: float, origin: Origin, seconds: float) -> None:
        """Force a member from now on, for so many s of plant time, 0 for until released.

        Raises ValueError for the time, or TooMany.
        """
        if not 0.0 <= seconds <= LONGEST_S:
            raise ValueError(f"seconds: found {seconds}, allowed 0 or more")
        until = float(self._live.core.time) + seconds if seconds > 0.0 else None
        before = self._forces.pop(tag.name, None)
        self._forces[tag.name] = Force(tag, value, origin.user, self._live.plant_time, until)
        if before is None:
            try:
                self._changed()
            except TooMany:
                del self._forces[tag.name]
                self._changed()
                raise
        self.hold()

    def release(self, name: str) -> Force | None:
        """Let a member go; None if it is not forced."""
        gone = self._forces.pop(name, None)
        if gone is not None:
            self._live.core.quality[gone.tag.row] = GOOD  # an interlock that holds it says so again with the next scan
            self._changed()
        return gone

    def _changed(self) -> None:
        forces = self._forces.values()
        self._areas = frozenset(one.tag.area for one in forces)
        self._live.forced_rows = [one.tag.row for one in forces]
        self._live.injected.hold([one.tag.object for one in forces if one.tag.member == "PV"])

    def hold(self) -> None:
        """Put all values where the scan that starts now finds them."""
        core = self._live.core
        for one in self._forces.values():
            core.signal[one.tag.row] = one.value
            core.quality[one.tag.row] = GOOD_LOCAL_OVERRIDE

    def over(self) -> list[str]:
        """Members whose time is up."""
        if not self._forces:
            return []
        now = float(self._live.core.time) + 0.5 * self._live.scan_period
        return [name for name, one in self._forces.items() if one.until is not None and now >= one.until]

    def scans_to_go(self) -> int:
        """Scans that may be run before `over` and `hold` are needed again: one while an output is forced, which
        interlocks and sequences write within the scan."""
        if not self._forces:
            return MANY
        if any(one.tag.member != "PV" for one in self._forces.values()):
            return 1
        ends = [one.until for one in self._forces.values() if one.until is not None]
        left = (min(ends) - float(self._live.core.time)) / self._live.scan_period if ends else MANY
        return max(1, math.ceil(left - 0.5))

    def jump(self, seconds: float) -> None:
        """Plant time has jumped by so much: what is left of each time stays, and so do the values."""
        for name, one in self._forces.items():
            if one.until is not None:
                self._forces[name] = replace(one, until=one.until + seconds)
        self.hold()
