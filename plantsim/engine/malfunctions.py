"""What is wrong with a live plant at present: instances of malfunctions, put into its core and taken out again."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plantsim.engine.core import Core
from plantsim.engine.snapshot import SnapshotError
from plantsim.engine.trigger import NO_TRIGGER, Trigger, Triggers
from plantsim.model.compose.faults import Faults
from plantsim.model.malfunction import Malfunctions, Place, UnknownMalfunction

LONGEST_S = 1e9
"""s of a delay or ramp, some 30 years."""
_HELD_ROW = (-1.0, 0.0, 1.0, 0.0, 0.0, -1.0)
"""Of a forced instrument in the core's table: in force from before the first scan."""
NUMBER, KEY, SEVERITY, DELAY, RAMP, SCAN = range(6)
"""Columns of `Core.malfunctions`, as in ext/malfunction.pxd."""


class TooMany(ValueError):
    """There is no room for another malfunction."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A malfunction that was injected. scan: when; infinite while it is armed. trigger: what it waits for, or has."""

    number: int
    place: Place
    severity: float
    delay: float
    ramp: float
    scan: float
    trigger: Trigger | None = None

    @property
    def armed(self) -> bool:
        """Whether it still waits for its trigger."""
        return math.isinf(self.scan)

    @property
    def name(self) -> str:
        """By which it is cleared: ``sweep-fan-trip@K-213A#1``."""
        return f"{self.place.name}#{self.number}"

    @property
    def row(self) -> tuple[float, ...]:
        """As the core keeps it."""
        return self.number, _key(self.place), self.severity, self.delay, self.ramp, self.scan


@dataclass(frozen=True, slots=True)
class Injection:
    """An instance as the instructor is shown it.

    delay, ramp: s of plant time. level: how bad it is at present, 0..1. since: plant time of its injection, seconds
    since 1970; nan while it is armed. condition: what it waits for then, empty for all others.
    """

    name: str
    severity: float
    delay: float
    ramp: float
    level: float
    since: float
    condition: str = ""


def check_course(severity: float, delay: float, ramp: float) -> None:
    """Raise ValueError for a severity beyond 0..1, or for a delay or ramp, s, that is none."""
    if not 0.0 <= severity <= 1.0:
        raise ValueError(f"severity: found {severity}, allowed 0 to 1")
    for what, seconds in (("delay", delay), ("ramp", ramp)):
        if not 0.0 <= seconds <= LONGEST_S:
            raise ValueError(f"{what}: found {seconds} s, allowed 0 or more")


def _key(place: Place) -> float:
    """From the name, so that a state does not depend on the order of the catalogue."""
    return float(zlib.crc32(place.name.encode()))


class Injected:
    """The instances of one core, in the order of their injection. count: how many there have been."""

    def __init__(self, core: Core, known: Malfunctions, faults: Faults, triggers: Triggers) -> None:
        self._core = core
        self._known = known
        self._faults = faults
        self._triggers = triggers
        self._instances: list[Instance] = []
        self._held: tuple[str, ...] = ()
        self.count = 0

    @property
    def levels(self) -> dict[str, float]:
        """How bad each instance is at present, 0..1."""
        return {one.name: level for one, level in self.standing}

    @property
    def standing(self) -> list[tuple[Instance, float]]:
        """The instances, and how bad each is at present, 0..1; one that still waits for its delay or trigger is 0."""
        self._catch_up()
        return list(zip(self._instances, self._core.malfunction_levels(), strict=False))

    def inject(self, name: str, severity: float, delay: float, ramp: float, condition: str = "") -> str:
        """Let something go wrong from the next scan on, or from the one that finds a condition true; returns the
        instance.

        name: ``id`` or ``id@target``. severity: 0..1. delay, ramp: s of plant time, from that scan on. condition: such
        as ``AIC-201.PV < 0.8``, empty for none. Raises UnknownMalfunction, BadCondition, TooMany, or ValueError for a
        number.
        """
        place = self._known.find(name)
        if place.malfunction.wire is not None:
            raise UnknownMalfunction(f"malfunction: found {name}, allowed where servers run alone")
        check_course(severity, delay, ramp)
        trigger = self._triggers.read(condition) if condition else None
        self._catch_up()
        self._check_room(len(self._instances) + len(self._held) + 1)
        scan = math.inf if trigger else int(self._core.scan)
        one = Instance(self.count + 1, place, severity, delay, ramp, scan, trigger)
        self._put([*self._instances, one])
        self.count += 1
        return one.name

    def clear(self, name: str) -> list[str]:
        """Mend an instance, or all of a malfunction, at one target or at any; returns those that it were.

        Raises UnknownMalfunction where nothing of that name is wrong.
        """
        self._catch_up()
        gone = [one for one in self._instances if name in (one.name, one.place.name, one.place.malfunction.id)]
        if not gone:
            raise UnknownMalfunction(f"malfunction: found {name}, allowed one that is injected")
        self._put([one for one in self._instances if one not in gone])
        return [one.name for one in gone]

    def clear_all(self) -> list[str]:
        """Mend everything; returns the instances that were."""
        gone = [one.name for one in self._instances]
        self._put([])
        return gone

    def hold(self, instruments: Sequence[str]) -> None:
        """Let these instruments, and no others, show what they are given, whatever is wrong with them: forces.

        They share the core's table with the malfunctions, behind them, so that they come last. Raises TooMany.
        """
        self._check_room(len(self._instances) + len(instruments))
        self._catch_up()
        self._held = tuple(instruments)
        self._put(self._instances, book=False)

    def _check_room(self, wanted: int) -> None:
        most = len(self._core.malfunctions)
        if wanted > most:
            raise TooMany(f"malfunctions and forced instruments: found {wanted} at a time, allowed {most}")

    def fired(self, number: int) -> Instance:
        """The instance of that number, of which the core says that its trigger was pulled."""
        self._catch_up()
        return next(one for one in self._instances if one.number == number)

    def _catch_up(self) -> None:
        """What was armed and is so no longer was injected in the scan that the core has noted."""
        for place, one in enumerate(self._instances):
            if one.armed and math.isfinite(scan := float(self._core.malfunctions[place, SCAN])):
                self._instances[place] = replace(one, scan=int(scan))

    def _put(self, instances: list[Instance], *, book: bool = True) -> None:
        rows = [one.row for one in instances] + [_HELD_ROW] * len(self._held)
        actions = [self._faults.actions(one.place) for one in instances]
        actions += [self._faults.standing_still(tag) for tag in self._held]
        triggers = [one.trigger.row if one.armed and one.trigger else NO_TRIGGER for one in instances]
        self._core.set_malfunctions(rows, actions, triggers, book)
        self._instances = instances

    # ---------------------------------------------------------------- whole state

    def rows(self) -> NDArray[np.float64]:
        """The instances as a state keeps them, without forces."""
        rows: NDArray[np.float64] = self._core.malfunctions.copy()
        rows[len(self._instances) :] = 0.0
        return rows

    def triggers(self) -> NDArray[np.float64]:
        """What they wait for, as a state keeps it."""
        triggers: NDArray[np.float64] = self._core.triggers.copy()
        return triggers

    def read(self, rows: NDArray[np.generic], triggers: NDArray[np.generic]) -> list[Instance]:
        """The instances of a saved state. Raises SnapshotError for one that the plant does not know."""
        known = {_key(place): place for place in self._known}
        found = []
        for row, waiting in zip(np.asarray(rows, np.float64), np.asarray(triggers, np.float64), strict=True):
            if row[NUMBER] == 0.0:
                break
            if row[KEY] not in known:
                raise SnapshotError(
                    f"malfunctions: found one that this plant does not have ({math.trunc(row[KEY]):08x})"
                )
            number, _, severity, delay, ramp, scan = row.tolist()
            trigger = self._triggers.of(waiting.tolist()) if math.isinf(scan) else None
            scan = scan if trigger is not None else int(scan)
            found.append(Instance(int(number), known[row[KEY]], severity, delay, ramp, scan, trigger))
        return found

    def restore(self, instances: Sequence[Instance], injected: int) -> None:
        """Take over what `read` has found; the core stands at the scan of that state."""
        self._put(list(instances), book=False)
        self.count = injected
