"""Malfunctions of the wire as servers carry them out: what becomes of a request, and what image is shown instead.

Chances are drawn from the run's seed, the instance and the order in which clients connect: the same requests in the
same order meet the same fate.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any, Protocol, TypeVar, cast

import numpy as np

from plantsim.engine.image import BAD_NO_COMMUNICATION, ProcessImage
from plantsim.engine.wire import Wire, WireInstance
from plantsim.model.tag import Kind, Tag

log = logging.getLogger(__name__)

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset."""


@dataclass(slots=True)
class Fate:
    """What becomes of one request. delay: s until its answer leaves. exception: code to answer by, 0 for none.

    frozen: number of the instance that has frozen the image, 0 for none.
    """

    delay: float = 0.0
    drop: bool = False
    duplicate: bool = False
    reset: bool = False
    exception: int = 0
    frozen: int = 0


class Client:
    """One connection of a protocol. peer: host and port, as a socket has them. number: of the connection."""

    def __init__(self, wire: Wire, protocol: str, peer: Sequence[Any], number: int) -> None:
        self._wire = wire
        self._protocol = protocol
        self._host, self._port = str(peer[0]), int(peer[1])
        self._number = number
        self._chances: dict[int, Random] = {}

    @property
    def refused(self) -> bool:
        """Whether it is turned away, being new."""
        return any(self._chance(one) < level for one, level in self._own() if one.fault.kind == "refuse")

    def fate(self) -> Fate | None:
        """What becomes of the request that has just come; None where nothing is wrong."""
        if not self._wire.instances:
            return None
        fate: Fate | None = None
        for one, level in self._own():
            fate = fate or Fate()
            kind, size = one.fault.kind, one.fault.size
            if kind == "delay":
                fate.delay += size * level
            elif kind == "jitter":
                fate.delay += size * level * self._chance(one)
            elif kind == "freeze":
                fate.frozen = fate.frozen or one.number
            elif kind == "exception":
                fate.exception = int(size) if self._chance(one) < level else fate.exception
            elif kind in ("drop", "duplicate", "reset"):
                setattr(fate, kind, getattr(fate, kind) or self._chance(one) < size * level)
        return fate

    def _own(self) -> list[tuple[WireInstance, float]]:
        return [
            (one, level) for one, level in self._wire.in_force() if one.hits(self._protocol, self._host, self._port)
        ]

    def _chance(self, one: WireInstance) -> float:
        """0..1, below 1."""
        if one.number not in self._chances:
            self._chances[one.number] = Random(f"{self._wire.seed} {one.name} {self._number}")
        return self._chances[one.number].random()


class Clients:
    """Numbers the connections of one server, in the order in which they come."""

    def __init__(self, wire: Wire, protocol: str) -> None:
        self._wire = wire
        self._protocol = protocol
        self._numbers = count(1)

    def new(self, peer: Sequence[Any]) -> Client:
        """A client that has just connected."""
        return Client(self._wire, self._protocol, peer, next(self._numbers))


class Late:
    """Data that leave a transport later than they were written, in their order."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._last = 0.0
        self._pieces: deque[bytes] = deque()

    @property
    def waiting(self) -> int:
        """Pieces that have not left."""
        return len(self._pieces)

    def write(self, data: bytes, delay: float) -> None:
        """Send after so many s, and after everything before it."""
        loop = asyncio.get_running_loop()
        self._last = max(self._last, loop.time() + delay)
        self._pieces.append(data)
        loop.call_at(self._last, self._leave)

    def _leave(self) -> None:
        data = self._pieces.popleft()  # the oldest: timers of the same time go off in any order
        if not self._transport.is_closing():
            self._transport.write(data)


def reset(transport: asyncio.Transport) -> None:
    """Cut a connection so that the client sees a reset."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


class Engine(Protocol):
    """What is asked of an engine here."""

    @property
    def tags(self) -> Sequence[Tag]: ...
    @property
    def image(self) -> ProcessImage: ...
    def listen(self, listener: Callable[[ProcessImage], None]) -> Callable[[], None]: ...


E = TypeVar("E")


class _Glass:
    """An engine whose image is what the wire lets through; everything else is the engine's own."""

    def __init__(self, engine: Engine, wire: Wire, protocol: str) -> None:
        self._engine = engine
        self._wire = wire
        self._protocol = protocol
        self._rows: dict[str, list[int]] = {}
        for tag in engine.tags:
            self._rows.setdefault(tag.object, []).append(tag.row)
        self._always = [tag.row for tag in engine.tags if tag.kind is Kind.SIMULATION]
        self._frozen: ProcessImage | None = None
        self._last: tuple[ProcessImage, tuple[WireInstance, ...], ProcessImage] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @property
    def image(self) -> ProcessImage:
        source, instances = self._engine.image, self._wire.instances
        if not instances:
            self._frozen = self._last = None
            return source
        last = self._last
        if last is not None and last[0] is source and last[1] is instances:
            return last[2]
        shown = self._through(source)
        self._last = source, instances, shown
        return shown

    def listen(self, listener: Callable[[ProcessImage], None]) -> Callable[[], None]:
        return self._engine.listen(lambda _: listener(self.image))

    def _through(self, source: ProcessImage) -> ProcessImage:
        frozen, ahead, bad = False, 0.0, list[int]()
        for one, level in self._wire.in_force():
            kind, (target, *_) = one.fault.kind, one.place.objects
            if kind == "bad_quality":
                bad += self._rows.get(target, [])
            elif target == self._protocol and kind == "clock_skew":
                ahead += one.fault.size * level
            elif target == self._protocol == "opcua" and kind == "freeze":  # Modbus freezes client by client
                frozen = True
        self._frozen = (self._frozen or source) if frozen else None
        shown = source
        if self._frozen is not None:  # the run itself goes on being shown, or nobody could mend it
            value = self._frozen.value.copy()
            value[self._always] = source.value[self._always]
            shown = replace(self._frozen, value=value)
        if bad:
            status = shown.status.copy()
            status[bad] = BAD_NO_COMMUNICATION
            shown = replace(shown, status=status)
        if ahead:
            shown = replace(shown, time=np.add(shown.time, ahead))
        return shown


def seen_through(engine: E, wire: Wire, protocol: str) -> E:
    """The engine as all clients of a protocol see it."""
    return cast(E, _Glass(cast(Engine, engine), wire, protocol))


class Restarts:
    """Has a server restart when that is injected. restart: gets the outage, s, and returns when all is as before."""

    def __init__(self, engine: Engine, wire: Wire, protocol: str, restart: Callable[[float], Awaitable[None]]) -> None:
        self._wire = wire
        self._protocol = protocol
        self._restart = restart
        self._done: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()

        def in_scan_thread(_: ProcessImage) -> None:
            if wire.instances:
                with suppress(RuntimeError):  # the loop may have ended before the scan
                    loop.call_soon_threadsafe(self._look)

        self._unlisten = engine.listen(in_scan_thread)

    def _look(self) -> None:
        for one, level in self._wire.in_force():
            due = one.fault.kind == "restart" and one.place.objects[0] == self._protocol
            if due and one.number not in self._done and (self._task is None or self._task.done()):
                self._done.add(one.number)
                self._task = asyncio.ensure_future(self._carry_out(one, one.fault.size * level))

    async def _carry_out(self, one: WireInstance, outage: float) -> None:
        log.info("%s: the server is away for %.1f s", one.name, outage)
        try:
            await self._restart(outage)
        except OSError as error:
            log.error("%s: the server did not come back: %s", one.name, error)

    async def stop(self) -> None:
        """No more of them; one that is on its way is broken off."""
        self._unlisten()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
