"""The HMI as a web page: it comes up, and pages of others can not reach it."""

from __future__ import annotations

import asyncio
import shlex
from asyncio.subprocess import Process
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from textual_serve import server
from textual_serve.app_service import AppService

from plantsim.commands.itself import command
from plantsim.commands.web import Site

HMI = shlex.join(command("hmi", "opc.tcp://127.0.0.1:9/plantsim"))
Client = TestClient[aiohttp.web.Request, aiohttp.web.Application]


TOKEN = "a-token"


@pytest.fixture
async def stranger() -> AsyncIterator[Client]:
    """A browser's HTTP, on a site that listens on loopback."""
    async with TestClient(TestServer(await Site(HMI, "127.0.0.1", 0, TOKEN)._make_app())) as client:
        yield client


@pytest.fixture
async def client(stranger: Client) -> Client:
    """The same once it has shown the token."""
    assert (await stranger.get(f"/?token={TOKEN}")).status == 200
    return stranger


async def test_who_has_no_token_gets_nothing(stranger: Client) -> None:
    """Neither the page, nor an HMI, nor a file; a wrong one is none."""
    for path in ("/", "/ws?width=80&height=24", "/static/css/xterm.css", "/?token=another", "/?token="):
        assert (await stranger.get(path)).status == 403, path
    assert TOKEN not in await (await stranger.get("/")).text()


async def test_a_token_does_not_stay_in_the_address(stranger: Client) -> None:
    answer = await stranger.get(f"/?fontsize=12&token={TOKEN}", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/?fontsize=12")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_each_site_has_a_token_of_its_own() -> None:
    one, other = (Site(HMI, "127.0.0.1", 8000).token for _ in range(2))
    assert one != other
    assert len(one) >= 32


async def test_page_links_to_the_address_that_was_used(client: Client) -> None:
    answer = await client.get("/")
    assert answer.status == 200
    assert f"ws://127.0.0.1:{client.port}/ws" in await answer.text()


async def test_own_page_gets_an_hmi_that_ends_with_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Process] = []

    class Service(AppService):
        async def start(self, width: int, height: int) -> None:
            await super().start(width, height)
            assert self._process is not None
            started.append(self._process)

    monkeypatch.setattr(server, "AppService", Service)
    origin = {"Origin": f"http://127.0.0.1:{client.port}"}
    async with client.ws_connect("/ws?width=80&height=24", headers=origin) as socket:
        screen = b""
        while b"opc.tcp://127.0.0.1:9" not in screen:  # the HMI says where it tries to connect to
            message = await socket.receive(timeout=20)
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), "the HMI ended"
            screen += message.data if isinstance(message.data, bytes) else b""
    async with asyncio.timeout(20):
        await started[0].wait()


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://elsewhere.example"}, {"Origin": "null"}, {"Host": "elsewhere.example"}],
    ids=["foreign page", "page without origin", "foreign name"],
)
async def test_foreign_pages_are_turned_away(client: Client, headers: dict[str, str]) -> None:
    assert (await client.get("/ws", headers=headers)).status == 403


@pytest.mark.parametrize(
    ("bound", "name", "served"),
    [
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "10.1.2.3", False),
        ("0.0.0.0", "10.1.2.3", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("0.0.0.0", "elsewhere.example", False),
        ("plant.example", "plant.example", True),
    ],
)
def test_names_that_a_site_goes_by(bound: str, name: str, served: bool) -> None:
    assert Site(HMI, bound, 8000).goes_by(name) is served
