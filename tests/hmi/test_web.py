"""The HMI in a browser: a set point is changed by keyboard, and the plant follows.

Chromium is driven by its debugging protocol over a WebSocket; where it is not installed the test is skipped.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from asyncua import Client, ua

from plantsim.commands.itself import command

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WITHIN = 90.0
StartPlant = Callable[..., AbstractContextManager[str]]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt install chromium)")


class Page:
    """One page of a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0

    async def do(self, method: str, **parameters: Any) -> Any:
        """One command of the protocol and its result."""
        self._count += 1
        await self._socket.send_json({"id": self._count, "method": method, "params": parameters})
        while True:
            answer = json.loads((await self._socket.receive(WITHIN)).data)
            if answer.get("id") == self._count:
                return answer.get("result", {})

    async def press(self, key: str, text: str = "") -> None:
        """A key as the keyboard sends it."""
        await self.do("Input.dispatchKeyEvent", type="keyDown", key=key, text=text or key, unmodifiedText=text or key)
        await self.do("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def type(self, text: str) -> None:
        """Several keys."""
        for key in text:
            await self.press(key)
            await asyncio.sleep(0.05)

    async def enter(self) -> None:
        """The key that sends."""
        await self.do("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r", windowsVirtualKeyCode=13)
        await self.do("Input.dispatchKeyEvent", type="keyUp", key="Enter", windowsVirtualKeyCode=13)


@asynccontextmanager
async def browser(address: str, folder: Path) -> AsyncIterator[Page]:
    """Headless Chromium on one page."""
    words = [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
    words += [f"--user-data-dir={folder}", "--window-size=1400,900", address]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = folder / "DevToolsActivePort"
        await until(lambda: port.exists() and port.read_text().strip() != "")
        number = port.read_text().split()[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{number}/json") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.kill()
        process.wait()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.1)


@pytest.mark.long
async def test_a_set_point_is_changed_in_a_browser(
    start_plant: StartPlant, tmp_path: Path, unused_tcp_port: int
) -> None:
    """Keys typed into the page go the way of keys in a terminal: tag, set point, confirmation; OPC UA shows it."""
    with start_plant("--opcua", "0", "--insecure") as endpoint:
        words = command("hmi", endpoint, "--web", str(unused_tcp_port))
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as site:
            try:
                assert site.stdout is not None
                address = site.stdout.readline().strip().removeprefix("ready web=")
                await listening(unused_tcp_port)
                async with (
                    browser(address, tmp_path / "browser") as page,
                    Client(endpoint) as client,
                ):
                    index = await client.get_namespace_index("urn:plantsim:plant")
                    node = client.get_node(ua.NodeId("TIC-201.SP", index))
                    before = await node.read_value()
                    end = time.monotonic() + WITHIN
                    while await node.read_value() == before:
                        assert time.monotonic() < end, "the plant did not follow"
                        await asyncio.sleep(6.0)  # the page, the HMI's process and its browse
                        await page.do("Input.dispatchMouseEvent", type="mousePressed", x=700, y=400, button="left",
                                      clickCount=1)  # fmt: skip
                        await page.do("Input.dispatchMouseEvent", type="mouseReleased", x=700, y=400, button="left",
                                      clickCount=1)  # fmt: skip
                        await page.type(":tic201")
                        await page.enter()
                        await asyncio.sleep(1.0)
                        await page.type("p61")
                        await page.enter()
                        await asyncio.sleep(0.5)
                        await page.enter()
                        await asyncio.sleep(1.0)
                    assert await node.read_value() == 61.0
            finally:
                site.terminate()
                site.wait()


async def listening(port: int) -> None:
    """Wait until somebody listens."""
    end = time.monotonic() + WITHIN
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < end
            await asyncio.sleep(0.2)
            continue
        writer.close()
        return
