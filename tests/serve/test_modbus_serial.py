"""Modbus RTU on pseudo-terminals: the real port, asked byte by byte and by an independent client."""

from __future__ import annotations

import asyncio
import os
import shutil
import struct
import time
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plantsim.engine.engine import Engine
from plantsim.serve.modbus import ModbusServer
from plantsim.serve.modbus_rtu import Line, crc
from plantsim.serve.modbus_serial import SerialError

TIMEOUT = 10.0
READ_COUNTER = bytes.fromhex("01 04 0000 0002")


@asynccontextmanager
async def serving(engine: Engine, device: str) -> AsyncIterator[ModbusServer]:
    server = ModbusServer(engine, host="127.0.0.1", port=0, line=Line(device))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Wire:
    """The client's end of a line."""

    def __init__(self) -> None:
        self.end, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.device = os.ttyname(self.slave)
        os.set_blocking(self.end, False)

    def send(self, frame: bytes) -> None:
        assert os.write(self.end, frame + crc(frame)) == len(frame) + 2

    async def receive(self, size: int) -> bytes:
        """The next frame, of so many bytes without its CRC, which must fit."""
        received = b""
        async with asyncio.timeout(TIMEOUT):
            while len(received) < size + 2:
                ready = asyncio.get_running_loop().create_future()
                asyncio.get_running_loop().add_reader(self.end, ready.set_result, None)
                try:
                    await ready
                finally:
                    asyncio.get_running_loop().remove_reader(self.end)
                received += os.read(self.end, size + 2 - len(received))
        assert crc(received[:-2]) == received[-2:]
        return received[:-2]

    def close(self) -> None:
        os.close(self.end)
        os.close(self.slave)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    line = Wire()
    yield line
    line.close()


async def test_a_line_shows_the_plant_that_the_network_shows(engine: Engine, wire: Wire) -> None:
    async with serving(engine, wire.device):
        await asyncio.wrap_future(engine.step(0.5))
        wire.send(READ_COUNTER)
        assert await wire.receive(7) == bytes.fromhex("01 04 04") + struct.pack(">I", engine.image.scan)
        wire.send(bytes.fromhex("63 03 0000 0001"))
        assert await wire.receive(3) == bytes.fromhex("63 83 0b"), "an unknown unit"
        wire.send(bytes.fromhex("01 63 00"))
        assert await wire.receive(3) == bytes.fromhex("01 e3 01"), "an unknown function"


async def test_a_set_point_is_written_over_the_line(engine: Engine, wire: Wire) -> None:
    point = engine.tags["TIC-201.SP"].modbus
    assert point is not None
    async with serving(engine, wire.device):
        request = struct.pack(">BBHHBf", 1, 16, point.address, 2, 4, 61.5)
        wire.send(request)
        assert await wire.receive(6) == request[:6]
        await asyncio.wrap_future(engine.step(0.1))
    assert engine.image.value[engine.tags["TIC-201.SP"].row] == 61.5


async def test_broadcasts_and_spoilt_frames_have_no_answer(engine: Engine, wire: Wire) -> None:
    async with serving(engine, wire.device):
        wire.send(bytes.fromhex("00 06 000a 0001"))
        wire.send(READ_COUNTER)
        assert (await wire.receive(7))[:2] == b"\x01\x04", "the answer is the second's"
        os.write(wire.end, READ_COUNTER + b"\0\0")
        await asyncio.sleep(2.5 * Line("").patience_s)  # the silence that a master keeps before it asks again
        wire.send(bytes.fromhex("01 02 0000 0001"))
        assert (await wire.receive(3))[:2] == b"\x01\x82"


async def test_the_line_rests_between_a_request_and_its_answer(engine: Engine, wire: Wire) -> None:
    async with serving(engine, wire.device):
        asked = time.monotonic()
        wire.send(READ_COUNTER)
        wire.send(READ_COUNTER)
        first = await wire.receive(7)
        assert time.monotonic() - asked >= Line("").rest_s
        assert await wire.receive(7) == first
        assert time.monotonic() - asked >= 2 * Line("").rest_s + 9 * Line("").character_s


async def test_a_line_that_comes_back_is_served_again(engine: Engine, tmp_path: Path) -> None:
    device, first, second = tmp_path / "line", Wire(), Wire()
    device.symlink_to(first.device)
    async with serving(engine, str(device)):
        device.unlink()
        device.symlink_to(second.device)
        first.close()
        async with asyncio.timeout(TIMEOUT):
            while True:
                try:
                    second.send(READ_COUNTER)
                    async with asyncio.timeout(0.5):
                        assert (await second.receive(7))[0] == 1
                        break
                except TimeoutError:
                    pass
    second.close()


async def test_what_is_no_line_is_named(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "nothing"):
        server = ModbusServer(engine, host="127.0.0.1", port=0, line=Line(str(tmp_path / name)))
        with pytest.raises(SerialError, match=rf"{name}: .*; allowed: a serial device or a pty"):
            await server.start()
        await server.stop()


@pytest.mark.skipif(shutil.which("mbpoll") is None, reason="mbpoll is not installed (apt install mbpoll)")
async def test_libmodbus_reads_and_writes_over_the_line(engine: Engine) -> None:
    """mbpoll on its own pseudo-terminal, the two wired together here."""
    ours, theirs = Wire(), Wire()
    loop = asyncio.get_running_loop()
    loop.add_reader(ours.end, lambda: os.write(theirs.end, os.read(ours.end, 4096)))
    loop.add_reader(theirs.end, lambda: os.write(ours.end, os.read(theirs.end, 4096)))
    point = engine.tags["TIC-201.SP"].modbus
    assert point is not None

    async def mbpoll(*words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *("mbpoll", "-m", "rtu", "-b", "19200", "-P", "even", "-a", "1", "-0", "-1", "-q", "-B", *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(TIMEOUT):
            text = (await process.communicate())[0].decode()
        assert process.returncode == 0, text
        return text

    try:
        async with serving(engine, ours.device):
            where = ("-t", "4:float", "-r", str(point.address))
            assert "Written 1 references" in await mbpoll(*where, theirs.device, "62.5")
            await asyncio.wrap_future(engine.step(0.1))
            assert "62.5" in await mbpoll(*where, "-c", "1", theirs.device)
    finally:
        for wire in (ours, theirs):
            loop.remove_reader(wire.end)
            wire.close()
