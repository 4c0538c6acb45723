"""The Modbus TCP server on real sockets, asked by pymodbus and by clients that misbehave."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from plantsim.engine.engine import Engine
from plantsim.model.plant import Plant
from plantsim.model.tag import ModbusPoint
from plantsim.serve.modbus import MAX_CONNECTIONS, ModbusServer
from plantsim.serve.registers import EXTERNAL

TIMEOUT = 10.0
FLOAT = AsyncModbusTcpClient.DATATYPE.FLOAT32
READ_COUNTER = bytes.fromhex("04 0000 0002")
"""Input registers 0 and 1 of unit 1, the scan counter."""

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(
    engine: Engine,
    host: str = "127.0.0.1",
    port: int = 0,
    word_order: str = "abcd",
    allow_writes: bool | None = None,
) -> AsyncIterator[ModbusServer]:
    server = ModbusServer(engine, host=host, port=port, word_order=word_order, allow_writes=allow_writes)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture
async def server(engine: Engine) -> AsyncIterator[ModbusServer]:
    async with serving(engine) as running:
        yield running


@asynccontextmanager
async def scada(server: ModbusServer) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=server.address[1], timeout=TIMEOUT, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


@asynccontextmanager
async def raw(server: ModbusServer) -> AsyncIterator[Stream]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.address[1])
    try:
        yield reader, writer
    finally:
        writer.close()


def frame(transaction: int, pdu: bytes, unit: int = 1) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Transaction and PDU of the next answer."""
    async with asyncio.timeout(TIMEOUT):
        transaction, _, length, _ = struct.unpack(">HHHB", await reader.readexactly(7))
        return transaction, await reader.readexactly(length - 1)


async def closed(reader: asyncio.StreamReader) -> bool:
    """Whether the server ends the connection without another byte."""
    async with asyncio.timeout(TIMEOUT):
        try:
            return await reader.read() == b""
        except ConnectionResetError:
            return True


def place(engine: Engine, name: str, view: str = "modbus") -> ModbusPoint:
    point = getattr(engine.tags[name], view)
    assert isinstance(point, ModbusPoint)
    return point


async def step(engine: Engine, seconds: float = 0.1) -> None:
    async with asyncio.timeout(TIMEOUT):
        await asyncio.wrap_future(engine.step(seconds))


async def set_float(client: AsyncModbusTcpClient, point: ModbusPoint, value: float) -> Any:
    return await client.write_registers(point.address, client.convert_to_registers(value, FLOAT), device_id=point.unit)


async def test_a_set_point_written_is_in_force_at_the_next_scan(engine: Engine, server: ModbusServer) -> None:
    point = place(engine, "TIC-201.SP")
    async with scada(server) as client:
        assert not (await set_float(client, point, 60.7)).isError()
        await step(engine)
        back = await client.read_holding_registers(point.address, count=2)
        assert client.convert_from_registers(back.registers, FLOAT) == pytest.approx(60.7)
    assert engine.image.value[engine.tags["TIC-201.SP"].row] == 60.7


async def test_a_measurement_reads_as_in_the_image_with_its_quality(engine: Engine, server: ModbusServer) -> None:
    await step(engine)
    tag = engine.tags["TIC-201.PV"]
    assert tag.modbus is not None
    assert tag.modbus_quality is not None
    assert tag.rack is not None
    async with scada(server) as client:
        value = await client.read_input_registers(tag.modbus.address, count=2)
        quality = await client.read_discrete_inputs(tag.modbus_quality.address, count=1)
        rack = await client.read_input_registers(tag.rack.address, device_id=tag.rack.unit)
    shown = engine.image.value[tag.row]
    assert client.convert_from_registers(value.registers, FLOAT) == pytest.approx(shown, rel=1e-6)
    assert quality.bits[0] is True
    assert rack.registers[0] == pytest.approx((shown - tag.low) / (tag.high - tag.low) * 27648, abs=0.51)


async def test_pages_of_one_answer_are_of_one_scan(engine: Engine, server: ModbusServer) -> None:
    async with scada(server) as client:
        for _ in range(5):
            await step(engine)
            read = await client.read_input_registers(0, count=102)
            assert read.registers[:2] == read.registers[100:102]
            assert read.registers[0] << 16 | read.registers[1] == engine.image.scan


async def test_word_order_cdab_is_what_pymodbus_calls_little(engine: Engine) -> None:
    point = place(engine, "TIC-201.PV")
    async with serving(engine, word_order="cdab") as server, scada(server) as client:
        read = await client.read_input_registers(point.address, count=2)
    shown = engine.image.value[engine.tags["TIC-201.PV"].row]
    assert client.convert_from_registers(read.registers, FLOAT, "little") == pytest.approx(shown, rel=1e-6)


async def test_refused_writes_answer_their_codes_and_change_nothing(engine: Engine, server: ModbusServer) -> None:
    before = engine.image.value[engine.tags["TIC-201.OP"].row]
    set_point, output = place(engine, "TIC-201.SP"), place(engine, "TIC-201.OP")
    command = place(engine, "TV-201A.CMD", "rack")
    async with scada(server) as client:
        assert (await set_float(client, set_point, 1e6)).exception_code == 3, "out of range"
        assert (await set_float(client, output, before + 5)).exception_code == 4, "the loop is in Auto"
        assert (await client.write_register(command.address, 100, device_id=command.unit)).exception_code == 4
        assert (await client.write_register(set_point.address, 0)).exception_code == 3, "half a value"
        assert (await client.write_register(60000, 0)).exception_code == 2
        assert (await client.read_input_registers(0, count=2, device_id=99)).exception_code == 0x0B
        assert (await client.read_exception_status()).exception_code == 1
    await step(engine)
    assert engine.image.value[engine.tags["TIC-201.SP"].row] != 1e6


async def test_a_block_with_a_refused_value_changes_nothing(engine: Engine, server: ModbusServer) -> None:
    first, last = place(engine, "TIC-201.SP"), place(engine, "TIC-201.OP")
    assert last.address > first.address
    before = engine.image.value[engine.tags["TIC-201.SP"].row]
    async with scada(server) as client:
        now = await client.read_holding_registers(first.address, count=last.address + 2 - first.address)
        block = [*client.convert_to_registers(before + 1, FLOAT), *now.registers[2:]]
        assert (await client.write_registers(first.address, block)).exception_code == 4
    await step(engine)
    assert engine.image.value[engine.tags["TIC-201.SP"].row] == before


async def test_a_loop_in_external_gives_its_valve_to_the_rack(engine: Engine, server: ModbusServer) -> None:
    mode, command = place(engine, "TIC-201.MODE"), place(engine, "TV-201A.CMD")
    wire, position = place(engine, "TV-201A.CMD", "rack"), place(engine, "TV-201A.POS", "rack")
    async with scada(server) as client:
        assert not (await client.write_register(mode.address, 3)).isError()
        await step(engine)
        assert not (await client.write_register(wire.address, 20736, device_id=wire.unit)).isError()
        assert (await set_float(client, command, 10.0)).exception_code == 4, "unit 1 has lost it"
        await step(engine, 30.0)
        read = await client.read_holding_registers(wire.address, device_id=wire.unit)
        assert read.registers == [20736], "in force"
        moved = await client.read_input_registers(position.address, device_id=position.unit)
        assert moved.registers[0] == pytest.approx(20736, abs=300)
        assert not (await client.write_register(mode.address, 1)).isError()
        await step(engine)
        assert (await client.write_register(wire.address, 0, device_id=wire.unit)).exception_code == 4


async def test_an_external_area_obeys_its_rack_alone(belfast: Plant) -> None:
    engine = Engine(belfast, frozen=True, external=frozenset({"leach"}))
    engine.start()
    set_point, wire = place(engine, "TIC-201.SP"), place(engine, "P-208.SPEED_CMD", "rack")
    try:
        async with serving(engine) as server, scada(server) as client:
            assert not (await client.write_register(wire.address, 13824, device_id=wire.unit)).isError()
            assert (await set_float(client, set_point, 61.0)).exception_code == 4
            status = await client.read_input_registers(0, count=2, device_id=wire.unit)
            elsewhere = await client.read_input_registers(0, count=2, device_id=13)
    finally:
        engine.stop()
    assert (status.registers[1] & EXTERNAL, elsewhere.registers[1] & EXTERNAL) == (EXTERNAL, 0)


async def test_every_answer_is_whole_while_the_plant_runs_at_full_speed(engine: Engine, server: ModbusServer) -> None:
    engine.set_speed(math.inf)
    engine.run()
    try:
        async with scada(server) as client:
            last = seen = 0
            async with asyncio.timeout(TIMEOUT):
                while seen < 5:
                    registers = (await client.read_input_registers(0, count=102)).registers
                    scan = registers[0] << 16 | registers[1]
                    assert registers[100:102] == registers[:2]
                    assert scan >= last
                    seen, last = seen + (scan > last), scan
    finally:
        engine.freeze()
        engine.set_speed(1.0)


@pytest.mark.long
async def test_no_block_is_ever_torn_under_load(engine: Engine, server: ModbusServer, scale: float) -> None:
    """Ten clients read two pages as one block, 20,000 times in all; a million at ``--scale 50``."""
    blocks: dict[int, bytes] = {}

    async def reader_of(count: int) -> int:
        last = scans = 0
        async with raw(server) as (reader, writer):
            for number in range(count):
                writer.write(frame(number % 2**16, bytes.fromhex("04 0000 0066")))
                block = (await answer(reader))[1][2:]
                scan = int.from_bytes(block[:4], "big")
                assert block[200:204] == block[:4], "both pages are of one scan"
                assert blocks.setdefault(scan, block) == block, "a scan has one image, whoever reads it"
                assert scan >= last
                scans, last = scans + (scan > last), scan
                while len(blocks) > 1000:
                    del blocks[next(iter(blocks))]
        return scans

    engine.set_speed(math.inf)
    engine.run()
    try:
        seen = await asyncio.gather(*(reader_of(round(2000 * scale)) for _ in range(10)))
    finally:
        engine.freeze()
        engine.set_speed(1.0)
    assert min(seen) > 1, "the plant ran meanwhile"


async def test_identity_names_the_plant(engine: Engine, server: ModbusServer) -> None:
    async with scada(server) as client:
        identity: Any = await client.read_device_information(read_code=2)
    assert identity.information[0] == b"plantsim"
    assert identity.information[5] == engine.plant.title.encode()


async def test_writes_are_refused_where_they_are_not_allowed(engine: Engine) -> None:
    point = place(engine, "TIC-201.SP")
    async with serving(engine, allow_writes=False) as server, scada(server) as client:
        assert (await set_float(client, point, 60)).exception_code == 4
    async with serving(engine, host="0.0.0.0") as server, scada(server) as client:
        assert (await set_float(client, point, 60)).exception_code == 4, "beyond loopback"
        assert not (await client.read_holding_registers(point.address, count=2)).isError()
    async with serving(engine, host="0.0.0.0", allow_writes=True) as server, scada(server) as client:
        assert not (await set_float(client, point, 60)).isError()


async def test_clients_come_from_the_networks_that_are_allowed(engine: Engine) -> None:
    for networks, heard in (("10.0.0.0/8,192.0.2.7", False), ("10.0.0.0/8,127.0.0.0/8", True)):
        server = ModbusServer(engine, host="127.0.0.1", port=0, allow=[ip_network(n) for n in networks.split(",")])
        await server.start()
        async with raw(server) as (reader, writer):
            if heard:
                writer.write(frame(1, READ_COUNTER))
                assert (await answer(reader))[0] == 1
            else:
                assert await closed(reader)
        await server.stop()


async def test_a_racks_refused_command_is_journalled_once(
    engine: Engine, server: ModbusServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Until the rack has had the actuator: then a new refusal is news."""
    mode, wire = place(engine, "TIC-201.MODE"), place(engine, "TV-201A.CMD", "rack")

    def refusals() -> int:
        return sum("TV-201A.CMD" in message and "refused" in message for message in caplog.messages)

    with caplog.at_level("INFO", "plantsim.journal"):
        async with scada(server) as client:
            for expected in (1, 2):
                for _ in range(5):
                    refused = await client.write_register(wire.address, 100, device_id=wire.unit)
                    assert refused.exception_code == 4
                assert refusals() == expected
                await client.write_register(mode.address, 3)
                await step(engine)
                assert not (await client.write_register(wire.address, 100, device_id=wire.unit)).isError()
                await client.write_register(mode.address, 1)
                await step(engine)


async def test_pipelined_requests_are_all_answered_in_order(server: ModbusServer) -> None:
    async with raw(server) as (reader, writer):
        writer.write(b"".join(frame(n, READ_COUNTER) for n in range(200)))
        assert [(await answer(reader))[0] for _ in range(200)] == list(range(200))


async def test_a_client_that_floods_and_does_not_listen_does_not_hold_up_another(server: ModbusServer) -> None:
    flood = 20_000
    async with raw(server) as (reader, writer), raw(server) as (other_reader, other_writer):
        writer.write(b"".join(frame(n, bytes.fromhex("04 0000 0064")) for n in range(flood)))
        for n in range(20):
            other_writer.write(frame(n, READ_COUNTER))
            assert (await answer(other_reader))[0] == n
        for n in range(flood):
            assert (await answer(reader))[0] == n


async def test_a_request_in_pieces_is_answered_when_whole(server: ModbusServer) -> None:
    async with raw(server) as (reader, writer):
        for byte in frame(7, READ_COUNTER) + frame(8, READ_COUNTER)[:5]:
            writer.write(bytes((byte,)))
            await writer.drain()
        assert (await answer(reader))[0] == 7
        writer.write(frame(8, READ_COUNTER)[5:])
        assert (await answer(reader))[0] == 8


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        bytes.fromhex("0001 0000 0200 01 04"),  # longer than any request
        bytes.fromhex("0001 0000 0001 01"),  # no function code
        bytes(64),
    ],
)
async def test_garbage_ends_its_own_connection_alone(server: ModbusServer, garbage: bytes) -> None:
    async with raw(server) as (reader, writer), raw(server) as (other_reader, other_writer):
        writer.write(frame(1, READ_COUNTER) + garbage)
        assert (await answer(reader))[0] == 1, "what came before is answered"
        assert await closed(reader)
        other_writer.write(frame(2, READ_COUNTER))
        assert (await answer(other_reader))[0] == 2


async def test_a_client_that_leaves_in_mid_frame_does_no_harm(server: ModbusServer) -> None:
    for _ in range(10):
        async with raw(server) as (_, writer):
            writer.write(frame(1, READ_COUNTER)[:9])
    async with raw(server) as (reader, writer):
        writer.write(frame(2, READ_COUNTER))
        assert (await answer(reader))[0] == 2


async def test_one_client_too_many_is_turned_away_until_another_leaves(server: ModbusServer) -> None:
    streams = [await asyncio.open_connection(*server.address) for _ in range(MAX_CONNECTIONS)]
    for reader, writer in streams:
        writer.write(frame(1, READ_COUNTER))
        await answer(reader)
    async with raw(server) as (reader, _):
        assert await closed(reader)
    reader, writer = streams.pop()
    writer.write(b"\1" * 8)  # the server ends this one
    assert await closed(reader)
    async with raw(server) as (reader, writer):
        writer.write(frame(2, READ_COUNTER))
        assert (await answer(reader))[0] == 2
    for _, writer in streams:
        writer.close()


async def test_stopping_ends_connections_and_frees_the_port(engine: Engine) -> None:
    async with serving(engine) as server:
        port = server.address[1]
        async with raw(server) as (reader, writer):
            writer.write(frame(1, READ_COUNTER))
            await answer(reader)
            await server.stop()
            assert await closed(reader)
        await server.stop()
        async with serving(engine, port=port) as second:
            assert second.address == ("127.0.0.1", port)


async def test_a_port_in_use_is_named(engine: Engine, server: ModbusServer) -> None:
    host, port = server.address
    with pytest.raises(OSError, match=f"Modbus cannot listen on {host}:{port}: "):
        await ModbusServer(engine, host=host, port=port).start()
