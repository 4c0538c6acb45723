"""What is wrong between the servers and their clients: malfunctions that no core knows of.

They are kept apart from those of the plant: no snapshot has them, no hash, and going back in time mends no cable.
Servers ask this book; the engine writes it, and tells nobody below the instructor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from plantsim.engine.malfunctions import Injection, TooMany, check_course
from plantsim.model.malfunction import Place, UnknownMalfunction, WireFault

MOST = 64
"""Instances at a time."""


@dataclass(frozen=True, slots=True)
class WireInstance:
    """A malfunction of the wire. begun: plant time of its injection, s since the start; delay, ramp: s from there.

    since: the same for people, s since 1970.
    """

    number: int
    place: Place
    fault: WireFault
    severity: float
    delay: float
    ramp: float
    begun: float
    since: float

    @property
    def name(self) -> str:
        """By which it is cleared: ``wire-delay@modbus#1``."""
        return f"{self.place.name}#{self.number}"

    def level(self, now: float) -> float:
        """How bad it is at a plant time, s since the start: 0..severity."""
        passed = now - self.begun - self.delay
        if passed < 0.0:
            return 0.0
        return self.severity if passed >= self.ramp else self.severity * passed / self.ramp

    def hits(self, protocol: str, host: str, port: int) -> bool:
        """Whether it is one of this client's."""
        if self.place.objects[0] != protocol:
            return False
        addresses = self.place.objects[1:]
        return not addresses or addresses[0] in (host, f"{host}:{port}", f"[{host}]:{port}")


class Wire:
    """All that is wrong on the wire now; reading it needs no lock. clock: plant time, s since the start. seed: of
    chances."""

    def __init__(self, seed: int, clock: Callable[[], float]) -> None:
        self.seed = seed
        self._clock = clock
        self._count = 0
        self._instances: tuple[WireInstance, ...] = ()

    @property
    def instances(self) -> tuple[WireInstance, ...]:
        """In the order of their injection; replaced, never changed."""
        return self._instances

    @property
    def injected(self) -> list[Injection]:
        """As the instructor is shown them."""
        now = self._clock()
        return [
            Injection(one.name, one.severity, one.delay, one.ramp, one.level(now), one.since) for one in self._instances
        ]

    def in_force(self) -> list[tuple[WireInstance, float]]:
        """The instances that are above 0 now, with their levels."""
        now = self._clock()
        found = ((one, one.level(now)) for one in self._instances)
        return [(one, level) for one, level in found if level > 0.0]

    def inject(self, place: Place, severity: float, delay: float, ramp: float, since: float) -> str:
        """Let something go wrong at once; returns the instance. Raises TooMany, or ValueError for a number."""
        assert place.malfunction.wire is not None
        check_course(severity, delay, ramp)
        if len(self._instances) == MOST:
            raise TooMany(f"malfunctions of the wire: found {MOST} at a time, allowed no more")
        self._count += 1
        one = WireInstance(self._count, place, place.malfunction.wire, severity, delay, ramp, self._clock(), since)
        self._instances = (*self._instances, one)
        return one.name

    def clear(self, name: str) -> list[str]:
        """Mend an instance, or all of a malfunction; returns those that it were. Raises UnknownMalfunction."""
        gone = [one for one in self._instances if name in (one.name, one.place.name, one.place.malfunction.id)]
        if not gone:
            raise UnknownMalfunction(f"malfunction: found {name}, allowed one that is injected")
        self._instances = tuple(one for one in self._instances if one not in gone)
        return [one.name for one in gone]

    def clear_all(self) -> list[str]:
        """Mend everything; returns the instances that were."""
        gone, self._instances = self._instances, ()
        return [one.name for one in gone]

    def jump(self, seconds: float) -> None:
        """Plant time has jumped by so much: everything stays as far as it was."""
        self._instances = tuple(replace(one, begun=one.begun + seconds) for one in self._instances)
