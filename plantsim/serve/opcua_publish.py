"""Publishing: from the engine's newest image to the address space, and of that only what changed to subscribers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from plantsim.engine.image import ProcessImage
from plantsim.serve.begin import begin
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_outlet import Outlet
from plantsim.serve.opcua_table import LiveTable

log = logging.getLogger(__name__)

SHORTEST_PERIOD = 0.05
"""s of wall time between publications, also when the scan is faster."""

Listener = Callable[[ProcessImage], Awaitable[None] | None]
"""Told of an image; what it returns is waited for."""


class Publisher:
    """Brings images to the address space, in the event loop, the newest only.

    listeners: told of every image once the tags are done.
    """

    def __init__(
        self,
        engine: Engine,
        table: LiveTable,
        outlet: Outlet,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._engine = engine
        self._table = table
        self._outlet = outlet
        self._listeners = listeners
        self._next = 0.0
        """Not before which it publishes again, by the loop's clock."""
        self._turn = asyncio.Lock()
        self._alarm: asyncio.TimerHandle | None = None
        """What publishes when it is time, where an image came before that."""
        self._task: asyncio.Task[None] | None = None
        """A publication that has to wait for something."""
        self._unlisten: Callable[[], None] | None = None

    def start(self) -> None:
        """Follow the engine from now on."""
        loop = asyncio.get_running_loop()

        def in_scan_thread(_: ProcessImage) -> None:
            # a scan may end between the end of the loop and stop()
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._come)

        self._unlisten = self._engine.listen(in_scan_thread)
        loop.call_soon(self._come)

    async def stop(self) -> None:
        """Follow no longer; a second call does nothing."""
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def catch_up(self) -> None:
        """Return when clients can read the newest image there is at the time of the call, or a newer one."""
        async with self._turn:
            await self._publish(self._engine.image)

    def _come(self) -> None:
        """There is another image."""
        if self._unlisten is None or self._alarm is not None:
            return
        loop = asyncio.get_running_loop()
        if (left := self._next - loop.time()) > 0.0:
            self._alarm = loop.call_later(left, self._ring)
        elif self._task is not None and not self._task.done():
            self._task.add_done_callback(lambda _: self._come())
        else:
            self._task = begin(self._follow())

    def _ring(self) -> None:
        self._alarm = None
        self._come()

    async def _follow(self) -> None:
        try:
            await self.catch_up()
        except Exception:
            # whatever it was, clients must not be left with values that stand still
            log.exception("an image was not published whole")
        self._next = asyncio.get_running_loop().time() + SHORTEST_PERIOD

    async def _publish(self, image: ProcessImage) -> None:
        if image is self._table.image:
            return
        self._outlet.settle()
        self._table.replace(image)
        now = datetime.now(UTC)
        self._outlet.sample(now)
        for row in self._outlet.wanted():
            await self._outlet.push(row, self._table.read(row, now))
        for listener in self._listeners:
            if (rest := listener(image)) is not None:
                await rest
