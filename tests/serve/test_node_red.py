"""A Node-RED flow, headless, reads and writes a running plant over Modbus and OPC UA."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import struct
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua

from plantsim.engine.engine import Engine
from plantsim.serve.modbus import ModbusServer

HERE = Path(__file__).parent / "node-red"
RED = Path(__file__).parents[2] / ".ci" / "node-red" / "node_modules" / "node-red" / "red.js"
TIMEOUT = 60.0

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed (apt install nodejs)"),
    pytest.mark.skipif(not RED.exists(), reason="no Node-RED here (npm ci --prefix .ci/node-red)"),
]

Ask = Callable[..., Awaitable[dict[str, Any]]]
"""Path of the flow, and what it is given; what it answers."""


@pytest.fixture
async def ask(engine: Engine, opcua_server: Any, tmp_path: Path) -> AsyncIterator[Ask]:
    modbus = ModbusServer(engine, host="127.0.0.1", port=0)
    await modbus.start()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    for name in ("flows.json", "settings.js"):
        shutil.copy(HERE / name, tmp_path)
    async with opcua_server(engine) as opcua:
        environment = os.environ | {
            "NODE_RED_PORT": str(port),
            "MODBUS_PORT": str(modbus.address[1]),
            "OPCUA_ENDPOINT": opcua.endpoint,
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }
        process = await asyncio.create_subprocess_exec(
            *("node", RED, "--userDir", tmp_path, "--settings", tmp_path / "settings.js"),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = b""
        async with asyncio.timeout(TIMEOUT):
            while b"Started flows" not in said:
                line = await process.stdout.readline()
                said += line
                assert line, said.decode()
        drained = asyncio.create_task(process.stdout.read())

        def post(path: str, body: dict[str, Any], patience_s: float) -> Any:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=patience_s) as answer:
                return json.load(answer)

        async def asked(path: str, patience_s: float = TIMEOUT, **body: Any) -> dict[str, Any]:
            result: dict[str, Any] = await asyncio.to_thread(post, path, body, patience_s)
            return result

        yield asked
        process.terminate()
        await process.wait()
        await drained
    await modbus.stop()


async def step(engine: Engine, seconds: float = 0.1) -> None:
    await asyncio.wrap_future(engine.step(seconds))


async def connected(ask: Ask) -> None:
    """Until both of the flow's clients are: they answer nothing to what comes before."""
    questions: list[tuple[str, dict[str, Any]]] = [
        ("opcua/read", {"node": "ns=2;s=TIC-201.PV"}),
        ("modbus/read", {"fc": 4, "unit": 1, "address": 0, "quantity": 2}),
    ]
    async with asyncio.timeout(TIMEOUT):
        for path, body in questions:
            answered = False
            while not answered:
                with suppress(TimeoutError):
                    answered = "value" in await ask(path, patience_s=1.0, **body)


async def test_a_flow_reads_and_writes_both_protocols(engine: Engine, ask: Ask) -> None:
    await connected(ask)
    row = engine.tags["TIC-201.SP"].row
    point = engine.tags["TIC-201.SP"].modbus
    assert point is not None
    where = {"unit": point.unit, "address": point.address}

    written = await ask("opcua/write", node="ns=2;s=TIC-201.SP", type="Double", value=61.5)
    assert written["value"] == {"value": ua.StatusCodes.Good}
    await step(engine)
    assert engine.image.value[row] == 61.5
    registers = (await ask("modbus/read", fc=3, quantity=2, **where))["value"]
    assert struct.unpack(">f", struct.pack(">HH", *registers)) == (61.5,)

    await ask("modbus/write", fc=16, value=list(struct.unpack(">HH", struct.pack(">f", 58.25))), **where)
    await step(engine)
    assert engine.image.value[row] == 58.25
    async with asyncio.timeout(TIMEOUT):
        while (answer := await ask("opcua/read", node="ns=2;s=TIC-201.SP"))["value"] != 58.25:
            pass  # the OPC UA server is told of a scan, and takes its turn
    assert answer["status"] == "Good"

    assert (await ask("modbus/read", fc=4, unit=1, address=0, quantity=2))["value"] == [0, engine.image.scan]


async def test_what_is_refused_is_said(ask: Ask) -> None:
    await connected(ask)
    assert "Illegal data address" in (await ask("modbus/read", fc=3, unit=1, address=60000, quantity=1))["error"]
    assert "Illegal data address" in (await ask("modbus/write", fc=6, unit=1, address=60000, value=1))["error"]
    written = await ask("opcua/write", node="ns=2;s=TIC-201.SP", type="Double", value=1e6)
    assert written["value"] == {"value": ua.StatusCodes.BadOutOfRange}
