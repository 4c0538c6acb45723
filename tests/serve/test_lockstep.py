"""A PLC outside the plant, in lock step over Modbus: what it does comes back the same to the bit."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from pymodbus.client import AsyncModbusTcpClient

from plantsim.engine.engine import Engine
from plantsim.model.plant import Plant
from plantsim.model.tag import ModbusPoint, TagTable
from plantsim.serve.modbus import ModbusServer
from plantsim.serve.registers import EXTERNAL, HEARTBEAT_LOST

TIMEOUT = 60.0
UNIT = 12
FULL_SCALE = 27648


def rack(tags: TagTable, name: str) -> ModbusPoint:
    point = tags[name].rack
    assert point is not None
    return point


@asynccontextmanager
async def serving(engine: Engine) -> AsyncIterator[AsyncModbusTcpClient]:
    server = ModbusServer(engine, host="127.0.0.1", port=0)
    await server.start()
    client = AsyncModbusTcpClient("127.0.0.1", port=server.address[1], timeout=10.0, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()
        await server.stop()


@dataclass
class LevelPlc:
    """A PI controller of the last leach tank's level, by its slurry pump's speed, in counts as a PLC has them.

    One turn: read the rack's inputs until they are of a new scan, compute, write speed and echo as one block.
    """

    client: AsyncModbusTcpClient
    level: ModbusPoint
    speed: ModbusPoint
    set_point: float
    gain: float = 20.0
    ti: float = 600.0
    integral: float = 0.0
    turns: int = 0
    last: int = -1

    async def turn(self) -> None:
        count = self.level.address + 1
        while True:
            words = (await self.client.read_input_registers(0, count=count, device_id=UNIT)).registers
            if words[0] != self.last:
                break
        self.last = words[0]
        (counts,) = struct.unpack(">h", words[self.level.address].to_bytes(2, "big"))
        error = counts / FULL_SCALE - self.set_point
        self.integral += 0.1 / self.ti * error
        output = min(max(0.5 + self.gain * (error + self.integral), 0.0), 1.0)
        answer = await self.client.write_register(self.speed.address, round(output * FULL_SCALE), device_id=UNIT)
        assert not answer.isError()
        answer = await self.client.write_register(0, self.last, device_id=UNIT)
        assert not answer.isError()
        self.turns += 1


async def trajectory(plant: Plant, scans: int) -> tuple[str, float, float]:
    """Hash of the plant after so many scans under the PLC, the level then in %, and the timeouts."""
    engine = Engine(
        plant, frozen=True, epoch=0.0, external=frozenset({"leach"}), lockstep=True, lockstep_timeout=TIMEOUT
    )
    engine.start()
    try:
        async with serving(engine) as client:
            plc = LevelPlc(client, rack(engine.tags, LEVEL), rack(engine.tags, SPEED), SET_POINT)
            done = asyncio.wrap_future(engine.step(scans * engine.scan_period))
            for _ in range(scans):
                await plc.turn()
            async with asyncio.timeout(TIMEOUT):
                await done
        value = engine.image.value
        timeouts = float(value[engine.tags["Simulation.LockstepTimeouts"].row])
        return engine.live.state_sha256(), float(value[engine.tags[LEVEL].row]), timeouts
    finally:
        engine.stop()


LEVEL, SPEED, SET_POINT = "LIC-208.PV", "P-208.SPEED_CMD", 0.58


async def test_two_runs_under_the_same_plc_are_the_same_to_the_bit(belfast: Plant) -> None:
    first, second = await trajectory(belfast, 300), await trajectory(belfast, 300)
    assert first == second
    assert first[2] == 0.0, "no scan ran without the PLC"


@pytest.mark.long
async def test_the_plc_brings_the_level_to_its_set_point(belfast: Plant, scale: float) -> None:
    _, level, timeouts = await trajectory(belfast, round(6_000 * max(scale, 1.0)))
    assert level == pytest.approx(100.0 * SET_POINT, abs=0.7)
    assert timeouts == 0.0


async def test_coil_0_switches_lock_step_and_shows_it(belfast: Plant) -> None:
    engine = Engine(belfast, frozen=True, epoch=0.0, external=frozenset({"leach"}))
    engine.start()
    try:
        async with serving(engine) as client:
            for on in (True, False):
                assert not (await client.write_coil(0, on)).isError()
                assert (await client.read_coils(0, count=1)).bits[0] is on
                assert engine.image.value[engine.tags["Simulation.Lockstep"].row] == float(on)
    finally:
        engine.stop()


async def test_the_status_word_says_that_the_heartbeat_is_lost(belfast: Plant) -> None:
    engine = Engine(belfast, epoch=0.0, external=frozenset({"leach"}), speed=20.0)
    engine.start()
    try:
        async with serving(engine) as client:

            async def status() -> int:
                return int((await client.read_input_registers(1, count=1, device_id=UNIT)).registers[0])

            assert not (await client.write_register(0, 1, device_id=UNIT)).isError()
            assert await status() & EXTERNAL
            async with asyncio.timeout(TIMEOUT):
                while not await status() & HEARTBEAT_LOST:
                    pass
            command = rack(engine.tags, "FV-202.CMD")
            assert (await client.write_register(command.address, 100, device_id=UNIT)).exception_code == 4
            engine.freeze()
            assert not (await client.write_register(0, 2, device_id=UNIT)).isError()
            assert not await status() & HEARTBEAT_LOST
            assert not (await client.write_register(command.address, 100, device_id=UNIT)).isError()
    finally:
        engine.stop()
