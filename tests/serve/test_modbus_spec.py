"""Modbus Application Protocol 1.1b3 as a table: every public function code, and what each exception is for.

Asked of a running plant over a socket, as any client would.
"""

from __future__ import annotations

import asyncio
import gc
import os
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plantsim.engine.engine import Engine
from plantsim.serve.modbus import ModbusServer
from plantsim.serve.modbus_pdu import Client, Responder
from plantsim.serve.registers import Registers

TIMEOUT = 10.0
RACK = 12
"""The leach area's."""
SERVED = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0F, 0x10, 0x16, 0x17, 0x2B)
FUNCTION, ADDRESS, VALUE, FAILURE, GATEWAY = 1, 2, 3, 4, 0x0B

# What a request is refused for, in the order in which section 6 checks it: quantity or value, address, then the device.
# In unit 1 of belfast address 10 is the first holding register (half of a float) and coil; 9 and 60000 are nothing.
REFUSED = [
    ("01 0000 0000", VALUE, "no coils"),
    ("01 000a 07d1", VALUE, "2001 coils"),
    ("01 ea60 0001", ADDRESS, "coils beyond the table"),
    ("01 ffff 0002", ADDRESS, "coils beyond the last address"),
    ("01 000a", VALUE, "a request cut short"),
    ("02 0000 0000", VALUE, "no inputs"),
    ("02 0000 07d1", VALUE, "2001 inputs"),
    ("02 ea60 0001", ADDRESS, "inputs beyond the table"),
    ("03 000a 0000", VALUE, "no registers"),
    ("03 000a 007e", VALUE, "126 registers"),
    ("03 0000 0001", ADDRESS, "nothing stands there"),
    ("03 ea60 0001", ADDRESS, "registers beyond the table"),
    ("03 000a 0001", VALUE, "half a value"),
    ("04 0000 0000", VALUE, "no registers"),
    ("04 0000 007e", VALUE, "126 registers"),
    ("04 ea60 0001", ADDRESS, "registers beyond the table"),
    ("04 0001 0002", VALUE, "half a value"),
    ("05 000a 0001", VALUE, "neither on nor off"),
    ("05 ea60 ff00", ADDRESS, "no such coil"),
    ("05 ea60 0001", VALUE, "value before address"),
    ("06 ea60 0000", ADDRESS, "no such register"),
    ("06 000a 0000", VALUE, "half a value"),
    ("0f 000a 0000 00", VALUE, "no coils"),
    ("0f 000a 07b1 f7" + "00" * 247, VALUE, "1969 coils"),
    ("0f 000a 0009 01 00", VALUE, "fewer bytes than coils"),
    ("0f ea60 0001 01 00", ADDRESS, "no such coil"),
    ("10 000a 0000 00", VALUE, "no registers"),
    ("10 000a 007c f8" + "00" * 248, VALUE, "124 registers"),
    ("10 000a 0002 02 0000", VALUE, "fewer bytes than registers"),
    ("10 ea60 0002 04 00000000", ADDRESS, "no such register"),
    ("10 000a 0001 02 0000", VALUE, "half a value"),
    ("10 000a 0002 04 7fc00000", VALUE, "not a number"),
    ("16 ea60 0000 0000", ADDRESS, "no such register"),
    ("16 000a 0000", VALUE, "a request cut short"),
    ("17 000a 0000 000a 0002 04 00000000", VALUE, "nothing to read"),
    ("17 000a 007e 000a 0002 04 00000000", VALUE, "126 registers to read"),
    ("17 000a 0002 000a 007a f4" + "00" * 244, VALUE, "122 registers to write"),
    ("17 ea60 0002 000a 0002 04 00000000", ADDRESS, "nothing to be read there"),
    ("17 000a 0002 ea60 0002 04 00000000", ADDRESS, "nothing to be written there"),
    ("17 000a 0002 000a 0002 03 000000", VALUE, "an odd number of bytes"),
    ("2b 0e 00 00", VALUE, "no such category"),
    ("2b 0e 05 00", VALUE, "no such category"),
    ("2b 0e 04 7f", ADDRESS, "no such object"),
    ("2b 0d 00 00", FUNCTION, "CANopen is not served"),
]


READING = (0x01, 0x02, 0x03, 0x04, 0x2B)


def stop_sequences(engine: Engine) -> None:
    """So that nobody but the clients writes."""
    for sequence in engine.live.plant.sequences:
        engine.live.core.signal[engine.tags[f"{sequence.tag}.STATE"].row] = 0.0


def settings_of(engine: Engine) -> dict[str, float]:
    """What only people change in a plant that runs well: modes, starts and stops, set points of the masters."""
    return {
        tag.name: float(engine.image.value[tag.row])
        for tag in engine.tags
        if tag.member == "MODE" or tag.name in ("WIC-100.SP", "TIC-201.SP") or (tag.member == "CMD" and tag.high == 1.0)
    }


@dataclass
class Asker:
    """One connection, one request at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes, unit: int = 1) -> bytes:
        self.writer.write(struct.pack(">HHHB", 1, 0, len(request) + 1, unit) + request)
        async with asyncio.timeout(TIMEOUT):
            head = await self.reader.readexactly(7)
            return await self.reader.readexactly(struct.unpack(">HHHB", head)[2] - 1)

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


@pytest.fixture
async def server(engine: Engine) -> AsyncIterator[ModbusServer]:
    running = ModbusServer(engine, host="127.0.0.1", port=0)
    await running.start()
    yield running
    await running.stop()


async def connect(server: ModbusServer) -> Asker:
    return Asker(*await asyncio.open_connection(*server.address))


async def test_every_refusal_of_the_standard_has_its_code(engine: Engine, server: ModbusServer) -> None:
    stop_sequences(engine)
    before = settings_of(engine)
    client = await connect(server)
    for request, code, why in REFUSED:
        pdu = bytes.fromhex(request)
        assert await client.ask(pdu) == bytes((pdu[0] | 0x80, code)), f"{request}: {why}"
    for pdu in (bytes.fromhex("05 000a ff00"), bytes.fromhex("10 000a 0002 04 00000000")):
        assert (await client.ask(pdu, unit=200))[1] == GATEWAY
    await asyncio.wrap_future(engine.step(0.1))
    assert settings_of(engine) == before
    await client.close()


async def test_functions_that_are_not_served_are_illegal(server: ModbusServer) -> None:
    client = await connect(server)
    for function in sorted(set(range(1, 128)) - set(SERVED)):
        assert await client.ask(bytes((function, 0, 0, 0, 0))) == bytes((function | 0x80, FUNCTION))
    await client.close()


async def test_every_function_that_is_served_answers_as_the_standard_says(engine: Engine, server: ModbusServer) -> None:
    """On the rack of an area whose loop is in External, which has all four tables."""
    client = await connect(server)
    mode, wire = engine.tags["TIC-201.MODE"].modbus, engine.tags["TV-201A.CMD"].rack
    assert mode is not None
    assert wire is not None
    assert await client.ask(struct.pack(">BHH", 6, mode.address, 3)) == struct.pack(">BHH", 6, mode.address, 3)
    await asyncio.wrap_future(engine.step(0.1))
    one = struct.pack(">HH", wire.address, 1)

    async def held() -> int:
        answer = await client.ask(b"\x03" + one, RACK)
        assert answer[:2] == b"\x03\x02"
        return int.from_bytes(answer[2:], "big")

    assert (await client.ask(bytes.fromhex("01 000a 0003"), RACK))[:2] == b"\x01\x01"
    assert (await client.ask(bytes.fromhex("02 000a 0009"), RACK))[:2] == b"\x02\x02"
    assert len(await client.ask(bytes.fromhex("04 0000 0014"), RACK)) == 2 + 40
    write = b"\x10" + one + b"\x02" + (1000).to_bytes(2, "big")
    assert await client.ask(write, RACK) == write[:5]
    await asyncio.wrap_future(engine.step(0.1))
    assert await held() == 1000
    mask = struct.pack(">BHHH", 0x16, wire.address, 0xFF0F, 0x0001)
    assert await client.ask(mask, RACK) == mask
    await asyncio.wrap_future(engine.step(0.1))
    assert await held() == (1000 & 0xFF0F) | (0x0001 & 0x00F0)
    exchange = b"\x17" + struct.pack(">HH", 0, 1) + one + b"\x02" + (2000).to_bytes(2, "big")
    assert (await client.ask(exchange, RACK))[:2] == b"\x17\x02"
    await asyncio.wrap_future(engine.step(0.1))
    assert await held() == 2000
    assert (await client.ask(bytes.fromhex("2b 0e 01 00"), RACK))[:4] == bytes.fromhex("2b 0e 01 82")
    await client.close()


async def test_coils_of_the_plant_switch_and_read_back(engine: Engine, server: ModbusServer) -> None:
    client = await connect(server)
    point = engine.tags["P-201.CMD"].modbus
    assert point is not None
    at = point.address.to_bytes(2, "big")
    for on, code in ((b"\0\0", 0), (b"\xff\0", 1)):
        assert await client.ask(b"\x05" + at + on) == b"\x05" + at + on
        await asyncio.wrap_future(engine.step(0.1))
        assert await client.ask(b"\x01" + at + b"\0\1") == bytes((1, 1, code))
    assert await client.ask(b"\x0f" + at + b"\0\1\1\0") == b"\x0f" + at + b"\0\1"
    await asyncio.wrap_future(engine.step(0.1))
    assert await client.ask(b"\x01" + at + b"\0\1") == bytes((1, 1, 0))
    await client.close()


@pytest.fixture
def registers(engine: Engine) -> Registers:
    return Registers(engine.tags, engine.alarms)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_generated_requests_are_answered_and_touch_nothing(
    engine: Engine, registers: Registers, data: st.DataObject
) -> None:
    """Any bytes at all to any unit: answered, and the plant is as it was unless the answer accepts a write."""
    responder = Responder(engine, registers, identity={0: "plantsim"})
    stop_sequences(engine)
    before = settings_of(engine)
    small = st.integers(0, 2500).map(lambda n: n.to_bytes(2, "big"))
    fields = st.lists(small, min_size=1, max_size=8).map(b"".join) | st.binary(max_size=252)
    unit = data.draw(st.sampled_from([0, 1, RACK, 18, 255]) | st.integers(0, 255))
    request = bytes((data.draw(st.sampled_from(SERVED) | st.integers(1, 127)),)) + data.draw(fields)
    answer = responder.answer(unit, request, Client("fuzz", may_write=data.draw(st.booleans())))
    assert 2 <= len(answer) <= 253
    assert answer[0] in (request[0], request[0] | 0x80)
    refused = answer[0] != request[0]
    if refused:
        assert answer[1] in (FUNCTION, ADDRESS, VALUE, FAILURE, GATEWAY)
    engine.step(0.1).result(TIMEOUT)
    if refused or request[0] in READING:
        assert settings_of(engine) == before


async def test_a_hundred_clients_read_the_same_scan(engine: Engine, server: ModbusServer) -> None:
    await asyncio.wrap_future(engine.step(1.0))
    clients = await asyncio.gather(*(connect(server) for _ in range(100)))
    expected = bytes.fromhex("04 04") + struct.pack(">I", engine.image.scan)
    for _ in range(5):
        answers = await asyncio.gather(*(client.ask(bytes.fromhex("04 0000 0002")) for client in clients))
        assert set(answers) == {expected}
    await asyncio.gather(*(client.close() for client in clients))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident() -> int:
    """Bytes of memory in use."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.long
@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts what Linux shows under /proc")
async def test_a_thousand_connections_leave_nothing_behind(server: ModbusServer, scale: float) -> None:
    async def once() -> None:
        client = await connect(server)
        await client.ask(bytes.fromhex("04 0000 0064"))
        await client.close()

    for _ in range(200):
        await once()
    gc.collect()
    files, memory = open_files(), resident()
    for _ in range(round(1000 * scale)):
        await once()
    await asyncio.sleep(0)
    gc.collect()
    assert open_files() <= files + 1
    assert resident() - memory < 4e6
