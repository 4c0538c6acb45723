"""OPC UA and Modbus at once: both see the same plant, and both can control it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from asyncua import Client, Node, ua
from pymodbus.client import AsyncModbusTcpClient

from plantsim.engine.engine import Engine
from plantsim.model.tag import ModbusPoint
from plantsim.serve.modbus import ModbusServer
from plantsim.serve.opcua import OpcUaServer

NAMESPACE = "urn:plantsim:plant"
SIGMAS = 5.0


class Both:
    """An OPC UA client and a Modbus client on one frozen plant."""

    def __init__(self, engine: Engine, opcua: Client, modbus: AsyncModbusTcpClient, namespace: int) -> None:
        self.engine = engine
        self.opcua = opcua
        self.modbus = modbus
        self.namespace = namespace

    def node(self, name: str) -> Node:
        return self.opcua.get_node(ua.NodeId(name, self.namespace))

    def point(self, name: str) -> ModbusPoint:
        point = self.engine.tags[name].modbus
        assert point is not None
        return point

    async def step(self, scans: int) -> None:
        """Let the plant run so many scans, by its own method."""
        seconds = scans * self.engine.scan_period
        await self.node("Simulation").call_method(f"{self.namespace}:Step", ua.Variant(seconds, ua.VariantType.Double))

    async def read_opcua(self, name: str) -> float:
        return float(await self.node(name).read_value())

    async def write_opcua(self, name: str, value: float) -> None:
        await self.node(name).write_value(ua.Variant(value, ua.VariantType.Double))

    async def read_modbus(self, name: str) -> float:
        """A float32 tag of unit 1."""
        point = self.point(name)
        read = self.modbus.read_input_registers if point.table == "input" else self.modbus.read_holding_registers
        answer = await read(point.address, count=2, device_id=point.unit)
        return float(np.array(answer.registers, dtype=">u2").view(">f4")[0])

    async def write_modbus(self, name: str, value: float) -> None:
        point = self.point(name)
        words = np.array([value], dtype=">f4").view(">u2").tolist()
        answer = await self.modbus.write_registers(point.address, words, device_id=point.unit)
        assert not answer.isError(), answer

    async def scan_modbus(self) -> int:
        """The scan counter at the head of the first page."""
        words = (await self.modbus.read_input_registers(0, count=2, device_id=1)).registers
        return int(words[0] << 16 | words[1])


@asynccontextmanager
async def serving(engine: Engine, state: Path) -> AsyncIterator[Both]:
    opcua = OpcUaServer(engine, host="127.0.0.1", port=0, state=state, insecure=True)
    modbus = ModbusServer(engine, host="127.0.0.1", port=0)
    await opcua.start()
    await modbus.start()
    host, port = modbus.address
    master = AsyncModbusTcpClient(host, port=port)
    try:
        async with Client(opcua.endpoint) as client:
            assert await master.connect()
            yield Both(engine, client, master, await client.get_namespace_index(NAMESPACE))
    finally:
        master.close()
        await modbus.stop()
        await opcua.stop()


@pytest.mark.parametrize("writer", ["opcua", "modbus"])
async def test_set_point_from_one_client_is_seen_by_the_other_and_moves_the_plant(
    engine: Engine, tmp_path: Path, writer: str
) -> None:
    """Within two scans for the set point; then the flow follows by more than five sigma of its noise."""
    noise = next(i.noise for i in engine.plant.instruments if i.tag == "FIC-202")
    async with serving(engine, tmp_path) as both:
        mode = both.point("FIC-202.MODE")
        answer = await both.modbus.write_register(mode.address, 1, device_id=mode.unit)
        assert not answer.isError(), answer
        await both.step(20)
        before, start = await both.read_opcua("FIC-202.PV"), await both.scan_modbus()
        if writer == "opcua":
            await both.write_opcua("FIC-202.SP", 45.0)
        else:
            await both.write_modbus("FIC-202.SP", 45.0)
        await both.step(2)
        seen = await (both.read_modbus("FIC-202.SP") if writer == "opcua" else both.read_opcua("FIC-202.SP"))
        assert seen == pytest.approx(45.0)
        assert await both.scan_modbus() == start + 2 == int(await both.read_opcua("Simulation.ScanCount"))
        await both.step(600)
        moved = await (both.read_modbus("FIC-202.PV") if writer == "opcua" else both.read_opcua("FIC-202.PV"))
        assert abs(moved - before) > SIGMAS * noise


async def test_both_read_one_image_while_the_plant_runs(engine: Engine, tmp_path: Path) -> None:
    """After a freeze both answer with the same scan and the same values."""
    async with serving(engine, tmp_path) as both:
        await both.node("Simulation").call_method(f"{both.namespace}:Run")
        before = await both.scan_modbus()
        async with asyncio.timeout(10.0):
            while await both.scan_modbus() < before + 5:
                await asyncio.sleep(0.02)
        await both.node("Simulation").call_method(f"{both.namespace}:Freeze")
        await both.step(1)
        assert await both.scan_modbus() == int(await both.read_opcua("Simulation.ScanCount"))
        for name in ("TIC-201.PV", "LIC-206.PV", "FIC-201.PV", "AIC-301.PV"):
            assert await both.read_modbus(name) == pytest.approx(await both.read_opcua(name), rel=1e-6)
