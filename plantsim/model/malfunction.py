"""Malfunctions of a plant: what goes wrong, where it may, and what it does there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from plantsim.model.errors import one_of

PROTOCOLS = ("modbus", "opcua")
"""Targets of malfunctions of the wire, of all clients or, as ``modbus/192.0.2.7``, of those at one address."""


class UnknownMalfunction(ValueError):
    """A name that the plant has no malfunction of; says what comes close."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a malfunction of severity 1 does to its target.

    on: a number or switch of the target; or one of ``feed``, ``strength``, ``water``, ``fines``, ``leak``, ``lining``,
    ``iron``, ``mains``. how: ``times``, ``plus``, ``spans`` (plus so many spans of the instrument's range),
    ``spans_per_hour``, ``to``, or empty. size: in the number's own unit. above: level from which a switch is thrown.
    elements: of ``feed``, factors by element or way in which lots differ.
    """

    on: str
    how: str
    size: float
    above: float = 0.0
    elements: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class WireFault:
    """What a malfunction of severity 1 does between a server and its clients.

    kind: one of ``delay``, ``jitter`` (size in s), ``drop``, ``duplicate``, ``reset``, ``refuse`` (share of requests,
    or of connections), ``exception`` (Modbus code that requests are answered by, as many as the severity says),
    ``freeze``, ``bad_quality`` (size without a meaning), ``restart`` (s of outage), ``clock_skew`` (s ahead).
    """

    kind: str
    size: float


PER_CLIENT = {
    "modbus": ("delay", "jitter", "drop", "duplicate", "reset", "refuse", "exception", "freeze"),
    "opcua": ("delay", "jitter", "reset", "refuse"),
}
"""Wire faults that a single client may have; others are of the whole server."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a field operator can do about a malfunction.

    does: in words, before the name of what it is done to; done: behind that name. takes: s of plant time. needs:
    ``stopped``, its drives stand, ``manual``, no loop moves it, ``local``, its own switch says so, or empty. on:
    ``target``, or the ``unit`` of that.
    """

    id: str
    does: str
    done: str
    takes: float
    needs: str = ""
    on: str = "target"


@dataclass(frozen=True, slots=True)
class Malfunction:
    """An entry of the catalogue.

    number: in the trainer's catalogue, 0 for failures of single devices. layer: ``physics``, ``field`` or ``wire``.
    targets: kinds of units or devices, or ``instrument``, ``stream``, ``area`` or a protocol. everywhere: every such
    target of a plant can have it. wire: what it does outside the plant, None for what goes wrong in it. remedy: None
    for what no field operator can end.
    """

    id: str
    number: int
    title: str
    layer: str
    targets: tuple[str, ...]
    everywhere: bool
    cause: str
    sees: str
    response: str
    effects: tuple[Effect, ...]
    wire: WireFault | None = None
    remedy: Remedy | None = None


@dataclass(frozen=True, slots=True)
class Liability:
    """A malfunction that a plant may have. targets: name -> what is hit there; the first is meant if none is named."""

    malfunction: Malfunction
    targets: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """A malfunction at one of its targets. objects: devices, instruments, units, streams or areas."""

    malfunction: Malfunction
    target: str
    objects: tuple[str, ...]

    @property
    def name(self) -> str:
        """As it may be injected: ``ph-electrode-drift@AIC-302``."""
        return f"{self.malfunction.id}@{self.target}"


class Malfunctions:
    """Those of a plant, in the order of the catalogue."""

    def __init__(self, liabilities: tuple[Liability, ...]) -> None:
        self._by_id = {one.malfunction.id: one for one in liabilities}

    def __iter__(self) -> Iterator[Place]:
        for one in self._by_id.values():
            for target, objects in one.targets.items():
                yield Place(one.malfunction, target, objects)

    def ids(self) -> tuple[str, ...]:
        """Names without targets."""
        return tuple(self._by_id)

    def find(self, name: str) -> Place:
        """By ``id@target``, or by ``id`` at its default target. Raises UnknownMalfunction."""
        id_, at, target = name.partition("@")
        if id_ not in self._by_id:
            raise UnknownMalfunction(f"malfunction: found {name}, allowed {one_of(self._by_id, id_)}")
        one = self._by_id[id_]
        if not at and not one.malfunction.everywhere:
            target = next(iter(one.targets))
        protocol, slash, address = target.partition("/")
        if slash and one.malfunction.wire is not None and protocol in one.targets:
            return Place(one.malfunction, target, (protocol, _client(one.malfunction.wire, protocol, address, name)))
        if target not in one.targets:
            found = f"target {target}" if at else "no target"
            raise UnknownMalfunction(f"malfunction {id_}: found {found}, allowed {one_of(one.targets, target)}")
        return Place(one.malfunction, target, one.targets[target])


def _client(fault: WireFault, protocol: str, address: str, name: str) -> str:
    """The address of a client, checked."""
    if fault.kind not in PER_CLIENT[protocol]:
        raise UnknownMalfunction(f"malfunction: found {name}, allowed of all clients alone: {protocol}")
    host, _, port = address.rpartition(":")
    for text, rest in ((address, "0"), (host.strip("[]"), port)):
        try:
            ip_address(text)
        except ValueError:
            continue
        if rest.isdecimal():
            return address
    allowed = "an IP address, or address:port, behind the stroke"
    raise UnknownMalfunction(f"malfunction: found {name}, allowed {allowed}")
