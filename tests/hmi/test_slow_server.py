"""A server that is there and yet does not do as it should: slow to answer, or silent about values it was to report."""

from __future__ import annotations

import asyncio
import re
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from hmi.comm.client import REACH
from hmi.comm.link import REQUEST_TIMEOUT
from hmi.screens.connect import Connect

if TYPE_CHECKING:
    from tests.hmi.conftest import Desk

SitDown = Callable[..., AbstractAsyncContextManager["Desk"]]
pytestmark = pytest.mark.long

PUBLISHED = struct.pack("<BBH", 1, 0, 829)
"""How the body of a PublishResponse begins: its encoding's NodeId, i=829."""
_NUMBER, _BODY = 16, 24
"""Where in a message that is not encrypted its sequence number and its body begin."""


class Between:
    """Stands between a station and a real server, and passes on what each of them says, message by message."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._at_work: set[asyncio.Task[None]] = set()
        self.late: list[float] = []
        """Seconds that the answers to come are kept back, the next one first."""
        self.lag = 0.0
        """Seconds that every answer is under way."""
        self.mute = False
        """Whether no more publish responses are passed on, as of a server that has forgotten its subscriptions."""
        self.connections = 0
        self.endpoint = ""

    async def _serve(self, station: asyncio.StreamReader, to_station: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.mute = False
        server, to_server = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        told: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        ways = [
            asyncio.create_task(way)
            for way in (self._ask(station, to_server), self._hear(server, told), self._tell(told, to_station))
        ]
        self._at_work.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        to_server.close()
        to_station.close()

    async def _ask(self, station: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        while data := await station.read(65536):
            to_server.write(data)

    async def _hear(self, server: asyncio.StreamReader, told: asyncio.Queue[tuple[float, bytes]]) -> None:
        kept = 0
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                message = bytearray(await server.readexactly(8))
                message += await server.readexactly(struct.unpack_from("<I", message, 4)[0] - 8)
                if self.mute and message[_BODY:].startswith(PUBLISHED):
                    kept += 1
                    continue
                if message.startswith(b"MSG"):  # whose numbers go on without a gap
                    struct.pack_into("<I", message, _NUMBER, struct.unpack_from("<I", message, _NUMBER)[0] - kept)
                late = self.late.pop(0) if self.late else 0.0
                told.put_nowait((time.monotonic() + self.lag + late, bytes(message)))

    async def _tell(self, told: asyncio.Queue[tuple[float, bytes]], to_station: asyncio.StreamWriter) -> None:
        while True:
            due, message = await told.get()
            await asyncio.sleep(due - time.monotonic())
            to_station.write(message)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Between]:
        """Take connections of stations."""
        listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            self.endpoint = f"opc.tcp://127.0.0.1:{listening.sockets[0].getsockname()[1]}{self._upstream.path}"
            yield self
        finally:
            listening.close()
            for way in self._at_work:
                way.cancel()
            await asyncio.gather(*self._at_work, return_exceptions=True)


@pytest.mark.parametrize("answers", [(3 * REACH,), (0.0,) * 8 + (3 * REACH,)], ids=["at the door", "when browsed"])
async def test_a_server_that_answers_late_is_waited_for(
    endpoint: str, sit_down: SitDown, answers: tuple[float, ...]
) -> None:
    """The operator sees that the station waits, and for how long; the first attempt is the one that succeeds."""
    async with Between(endpoint).open() as between:
        between.late = list(answers)
        async with sit_down(between.endpoint, wait=False) as desk:
            await desk.see(f"waiting for the server for {2 * REACH:.0f} s")
            assert isinstance(desk.app.screen, Connect)
            assert "attempt 1," in desk.text
            assert "last error" not in desk.text
            await desk.see("OVERVIEW")
            await desk.until(lambda: desk.value("TIC-201.PV") > 0)
        assert between.connections == 1


async def test_a_server_that_stays_slow_is_worked_with(endpoint: str, sit_down: SitDown) -> None:
    """Round trips of some seconds are given their time: the link is not cut and made over and over."""
    async with Between(endpoint).open() as between, sit_down(between.endpoint) as desk:
        between.lag = 1.5 * REQUEST_TIMEOUT
        await desk.until(lambda: desk.app.link.state.latency_ms > 1000 * between.lag)
        assert (await desk.app.link.call("Run")).ok
        assert desk.app.link.state.online
        assert between.connections == 1
        between.lag = 0.0


async def test_values_that_come_no_more_are_not_shown_as_if_they_did(endpoint: str, sit_down: SitDown) -> None:
    """The silence is told, then nothing is known; a new connection brings all back."""
    async with Between(endpoint).open() as between, sit_down(between.endpoint) as desk:
        desk.display.open_face("TIC-201")
        await desk.until(lambda: re.search(r"PV +\d", desk.text))
        between.mute = True
        await desk.see("○ silent ")
        await desk.see("no connection since")
        assert "the server sends no more values" in desk.text
        assert "OFFLINE" in desk.text
        assert re.search(r"PV +---", desk.text)
        await desk.until(lambda: desk.app.link.state.online)
        await desk.until(lambda: re.search(r"PV +\d", desk.text))
        assert desk.app.link.state.generation == 2


async def test_one_subscription_of_two_is_missed(endpoint: str, sit_down: SitDown) -> None:
    """That of the slow ones goes on while the server has forgotten the fast one: the station is not taken in by it."""
    async with sit_down(endpoint) as desk:
        client = desk.app.link._client
        assert client is not None
        fast = max(client.uaclient.session._subscription_callbacks)
        await client.uaclient.delete_subscriptions([fast])
        await desk.see("○ silent ")
        await desk.see("no connection since")
        await desk.until(lambda: desk.app.link.state.generation == 2 and desk.value("TIC-201.PV") > 0)
