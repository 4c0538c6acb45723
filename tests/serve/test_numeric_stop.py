"""A core whose numbers have given out, as clients of the real servers see it."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

from asyncua import Node, ua
from pymodbus.client import AsyncModbusTcpClient

from plantsim.engine.engine import Engine
from plantsim.model.load import load_plant
from plantsim.serve.modbus import ModbusServer

WHY = "R-201: Nd is not finite in scan 1"
BITS = 2000
"""Most in one answer."""


class Heard:
    """What is said at Server."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.came = asyncio.Event()

    def event_notification(self, event: Any) -> None:
        if event.SourceName == "Simulation":
            self.messages.append(f"{event.Severity} {event.Message.Text}")
            self.came.set()

    def datachange_notification(self, node: Node, value: Any, data: Any) -> None:
        pass

    def status_change_notification(self, status: Any) -> None:
        pass


async def statuses(console: Any, engine: Engine) -> set[str]:
    """Of all tags."""
    ids = [console.id(tag.name) for tag in engine.tags]
    found: set[str] = set()
    for k in range(0, len(ids), 1000):
        answers = await console.client.uaclient.read_attributes(ids[k : k + 1000], ua.AttributeIds.Value)
        found |= {answer.StatusCode.name for answer in answers}
    return found


async def qualities(scada: AsyncModbusTcpClient, engine: Engine) -> set[bool]:
    """Quality bits of all measurements."""
    points = [tag.modbus_quality for tag in engine.tags if tag.modbus_quality is not None]
    (table,) = {(point.unit, point.table) for point in points}
    assert table[1] == "discrete"
    last = max(point.address for point in points)
    bits: list[bool] = []
    while len(bits) <= last:
        bits += (await scada.read_discrete_inputs(len(bits), count=min(BITS, last + 1 - len(bits)), device_id=1)).bits
    return {bits[point.address] for point in points}


async def test_every_value_is_bad_on_the_wire_and_unit_and_variable_are_told(
    tmp_path: Path, opcua_server: Any, connect: Any, eventually: Any
) -> None:
    """Until somebody goes back to a state that was good."""
    engine = Engine(load_plant("belfast"), frozen=True)
    modbus = ModbusServer(engine, host="127.0.0.1", port=0)
    await modbus.start()
    engine.start()
    scada = AsyncModbusTcpClient("127.0.0.1", port=modbus.address[1])
    heard = Heard()
    try:
        async with opcua_server(engine, state=tmp_path) as server, connect(server.endpoint) as console:
            await scada.connect()
            subscription = await console.client.create_subscription(100, heard)
            await subscription.subscribe_events(ua.ObjectIds.Server, ua.ObjectIds.SystemEventType)
            assert await console.value("Simulation.Failure") == ""
            assert "Good" in await statuses(console, engine)
            assert True in await qualities(scada, engine)

            first = engine.live.core.offsets()[engine.live.layout.units["R-201"]]
            engine.live.core.state[first + engine.live.layout.species.index("Nd")] = math.nan
            await console.call("Simulation", "Step", ua.Variant(10.0, ua.VariantType.Double))
            await asyncio.wait_for(heard.came.wait(), 30.0)
            assert heard.messages == [f"1000 The scan has stopped: {WHY}"]
            assert await console.value("Simulation.Failure") == WHY
            assert await statuses(console, engine) == {"Bad"}
            assert await qualities(scada, engine) == {False}

            answer = await console.call("Simulation", "RestoreSnapshot", ua.Variant("steady"))
            assert answer.StatusCode.is_good()

            async def well() -> bool:
                return bool(await console.value("Simulation.Failure") == "")

            await eventually(well)
            assert "Good" in await statuses(console, engine)
            assert len(heard.messages) == 1
            await subscription.delete()
    finally:
        scada.close()
        await modbus.stop()
        engine.stop()
