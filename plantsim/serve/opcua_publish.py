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

NOT_WHOLE = "an image was not published whole"

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
        self._in_turn = 0
        """Publications that have the turn, or wait for it."""
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
        await self._take_turn(lambda: self._publish(self._engine.image))

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
            self._task = self._follow()

    def _ring(self) -> None:
        self._alarm = None
        self._come()

    def _follow(self) -> asyncio.Task[None] | None:
        """Publish the newest image; what does the rest, where something has to be waited for."""
        if self._in_turn:
            return asyncio.create_task(self._finish(self.catch_up()))
        try:
            rest = self._publish(self._engine.image)
        except Exception:
            log.exception(NOT_WHOLE)
            rest = None
        if rest is not None:
            return begin(self._finish(self._take_turn(lambda: rest)))
        self._next = asyncio.get_running_loop().time() + SHORTEST_PERIOD
        return None

    async def _finish(self, publication: Awaitable[None]) -> None:
        try:
            await publication
        except Exception:
            # whatever it was, clients must not be left with values that stand still
            log.exception(NOT_WHOLE)
        self._next = asyncio.get_running_loop().time() + SHORTEST_PERIOD

    async def _take_turn(self, publish: Callable[[], Awaitable[None] | None]) -> None:
        """Publish when nobody else does. publish: does so, or returns what is left to wait for."""
        self._in_turn += 1
        try:
            async with self._turn:
                if (rest := publish()) is not None:
                    await rest
        finally:
            self._in_turn -= 1

    def _publish(self, image: ProcessImage) -> Awaitable[None] | None:
        """Show an image and tell of it; what is left to wait for, mostly nothing."""
        if image is self._table.image:
            return None
        self._outlet.settle()
        self._table.replace(image)
        now = datetime.now(UTC)
        self._outlet.sample(now)
        if wanted := self._outlet.wanted():
            return self._push(wanted, image, now)
        for at, listener in enumerate(self._listeners):
            if (rest := listener(image)) is not None:
                return self._tell(rest, image, at + 1)
        return None

    async def _push(self, rows: Sequence[int], image: ProcessImage, now: datetime) -> None:
        for row in rows:
            await self._outlet.push(row, self._table.read(row, now))
        await self._tell(None, image, 0)

    async def _tell(self, rest: Awaitable[None] | None, image: ProcessImage, first: int) -> None:
        """Wait for what a listener returned, and tell those from ``first`` on."""
        if rest is not None:
            await rest
        for listener in self._listeners[first:]:
            if (rest := listener(image)) is not None:
                await rest
