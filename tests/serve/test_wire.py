"""Malfunctions of the wire, as clients that know nothing of plantsim meet them: pymodbus, plain sockets and asyncua."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua
from asyncua.sync import Client
from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException

from plantsim.engine.command import Origin
from plantsim.model.tag import ModbusPoint, Role
from plantsim.testing import ServedPlant, serve_plant

LATEST = 30.0
"""s that a client waits at most where an answer must come."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPlant]:
    with serve_plant(state=tmp_path_factory.mktemp("plant"), seed=7) as plant:
        yield plant


@pytest.fixture
def plant(served: ServedPlant) -> Iterator[ServedPlant]:
    yield served
    served.clear()


def master(plant: ServedPlant, timeout: float = LATEST) -> Any:
    host, port = plant.modbus
    client: Any = ModbusTcpClient(host, port=port, timeout=timeout, retries=0)
    assert client.connect()
    return client


@pytest.fixture
def modbus(plant: ServedPlant) -> Iterator[Any]:
    client = master(plant)
    yield client
    client.close()


def read(client: Any) -> Any:
    return client.read_input_registers(0, count=2, device_id=1)


def counter(client: Any) -> int:
    high, low = read(client).registers
    return int(high << 16 | low)


def took(client: Any) -> float:
    begun = time.monotonic()
    assert not read(client).isError()
    return time.monotonic() - begun


def ends(link: socket.socket, request: bytes) -> bool:
    """Whether the connection is cut when a request is sent, and not answered."""
    link.settimeout(LATEST)
    with suppress(ConnectionError):
        link.sendall(request)
        return link.recv(4096) == b""
    return True


ASK = struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 0, 2)


def test_answers_come_late_and_in_time_again(plant: ServedPlant, modbus: Any) -> None:
    name = plant.inject("wire-delay@modbus", 0.15)
    assert name == "wire-delay@modbus#1"
    assert took(modbus) >= 0.3
    assert plant.engine.malfunctions == {name: 0.15}
    plant.clear(name)
    assert min(took(modbus) for _ in range(5)) < 0.2


def test_late_answers_keep_their_order(plant: ServedPlant) -> None:
    """Pipelined requests under jitter: answered in order, none before its time."""
    plant.inject("wire-jitter@modbus", 0.1)
    with socket.create_connection(plant.modbus) as link:
        link.settimeout(LATEST)
        for number in range(8):
            link.sendall(struct.pack(">HHHBBHH", number, 0, 6, 1, 4, 0, 2))
        frames = b""
        while len(frames) < 8 * 13:
            frames += link.recv(4096)
    assert [struct.unpack_from(">H", frames, 13 * i)[0] for i in range(8)] == list(range(8))


def test_only_the_client_that_is_named_suffers(plant: ServedPlant) -> None:
    first, second = master(plant), master(plant)
    host, port = first.socket.getsockname()
    plant.inject(f"wire-device-failure@modbus/{host}:{port}")
    assert read(first).exception_code == 4
    assert not read(second).isError()
    plant.clear("wire-device-failure")
    plant.inject("wire-device-failure@modbus/192.0.2.7")
    assert not read(first).isError()
    first.close()
    second.close()


@pytest.mark.parametrize(("name", "code"), [("busy", 6), ("device-failure", 4), ("gateway-timeout", 11)])
def test_exception_codes(plant: ServedPlant, modbus: Any, name: str, code: int) -> None:
    plant.inject(f"wire-{name}@modbus")
    assert read(modbus).exception_code == code
    plant.clear(f"wire-{name}")
    assert not read(modbus).isError()


def test_a_share_of_requests_is_the_same_again_with_the_same_seed(plant: ServedPlant) -> None:
    """Chances: as many as the severity says, and another run draws the same."""

    def draws(of: ServedPlant) -> list[bool]:
        of.inject("wire-busy@modbus", 0.3)
        client = master(of)
        found = [read(client).isError() for _ in range(200)]
        client.close()
        return found

    with (
        serve_plant(state=plant.engine.plant.path.parent, seed=7, opcua=False) as one,
        serve_plant(state=plant.engine.plant.path.parent, seed=7, opcua=False) as other,
        serve_plant(state=plant.engine.plant.path.parent, seed=8, opcua=False) as another,
    ):
        first = draws(one)
        assert first == draws(other)
        assert first != draws(another)
    assert 35 <= sum(first) <= 85


def test_lost_answers(plant: ServedPlant) -> None:
    """The request is carried out, its answer is not to be had."""
    client = master(plant, timeout=0.3)
    host, port = client.socket.getsockname()
    plant.inject(f"wire-drop@modbus/{host}:{port}")
    with pytest.raises(ModbusIOException):
        read(client)
    client.close()


def test_doubled_answers(plant: ServedPlant) -> None:
    plant.inject("wire-duplicate@modbus")
    with socket.create_connection(plant.modbus) as link:
        link.settimeout(LATEST)
        link.sendall(struct.pack(">HHHBBHH", 5, 0, 6, 1, 4, 0, 2))
        frames = b""
        while len(frames) < 26:
            frames += link.recv(4096)
    assert frames[:13] == frames[13:]


def test_connections_are_reset_and_refused(plant: ServedPlant, modbus: Any) -> None:
    assert not read(modbus).isError()
    plant.inject("wire-reset@modbus")
    with socket.create_connection(plant.modbus) as link:
        link.sendall(ASK)
        with pytest.raises(ConnectionResetError):
            link.recv(100)
    plant.clear()
    plant.inject("wire-refuse@modbus")
    assert not read(modbus).isError(), "who is connected stays so"
    with socket.create_connection(plant.modbus) as link:
        assert ends(link, ASK)


def test_a_frozen_image_goes_on_answering_and_takes_writes(plant: ServedPlant) -> None:
    frozen, live = master(plant), master(plant)
    host, port = frozen.socket.getsockname()
    plant.inject(f"wire-freeze@modbus/{host}:{port}")
    before = counter(frozen)
    plant.advance(5.0)
    assert counter(frozen) == before
    assert counter(live) == before + 50
    place = plant.engine.tags["TIC-201.SP"].modbus
    assert place is not None
    words = list(struct.unpack(">HH", struct.pack(">f", 61.5)))
    assert not frozen.write_registers(place.address, words, device_id=1).isError()
    plant.advance(1.0)
    assert plant.tags["TIC-201.SP"] == 61.5
    plant.clear()
    assert counter(frozen) == before + 60
    frozen.close()
    live.close()


def test_the_server_restarts_on_the_same_port(plant: ServedPlant, modbus: Any) -> None:
    assert not read(modbus).isError()
    address = plant.modbus
    plant.inject("wire-restart@modbus", 0.02)
    deadline = time.monotonic() + LATEST
    with suppress(ConnectionException, ModbusIOException, ConnectionResetError):
        while not read(modbus).isError():
            assert time.monotonic() < deadline
    again: Any = ModbusTcpClient(address[0], port=address[1], timeout=1.0, retries=0)
    while not again.connect():
        assert time.monotonic() < deadline
    assert not read(again).isError()
    again.close()
    assert plant.modbus == address


def test_it_begins_after_its_delay_of_plant_time(plant: ServedPlant, modbus: Any) -> None:
    plant.inject("wire-busy@modbus", delay="10s")
    plant.advance(9.0)
    assert not read(modbus).isError()
    plant.advance(2.0)
    assert read(modbus).isError()


def test_going_back_in_time_mends_no_cable_and_changes_no_hash(plant: ServedPlant, modbus: Any) -> None:
    plant.advance(120.0)
    before = plant.sha256
    name = plant.inject("wire-busy@modbus", delay="10s")
    assert plant.sha256 == before
    plant.advance(11.0)
    plant.engine.backtrack(1.0, Origin(Role.INSTRUCTOR, "test", "test"))
    assert plant.engine.malfunctions == {name: 1.0}
    assert read(modbus).isError()
    (shown,) = plant.engine.injected
    assert (shown.name, shown.level) == (name, 1.0)


def test_bad_quality_is_the_clients_alone(plant: ServedPlant, modbus: Any) -> None:
    tag = plant.engine.tags["TIC-201.PV"]
    bit_at, counts_at = tag.modbus_quality, tag.rack
    assert bit_at is not None
    assert counts_at is not None

    def quality(bit_at: ModbusPoint = bit_at, counts_at: ModbusPoint = counts_at) -> tuple[bool, int]:
        bit = modbus.read_discrete_inputs(bit_at.address, count=1, device_id=1).bits[0]
        counts = modbus.read_input_registers(counts_at.address, count=1, device_id=counts_at.unit).registers[0]
        return bool(bit), int(counts)

    assert quality()[0]
    plant.inject("wire-bad-quality@TIC-201")
    assert quality() == (False, 32767)
    assert plant.tags.quality("TIC-201.PV") == 0, "the plant's own control reads on"
    with Client(plant.opcua) as client:
        space = client.get_namespace_index("urn:plantsim:plant")
        node = client.get_node(f"ns={space};s=TIC-201.PV")
        plant.advance(1.0)
        assert node.read_data_value(raise_on_bad_status=False).StatusCode.name == "BadNoCommunication"
        plant.clear()
        plant.advance(1.0)
        assert node.read_data_value().StatusCode.is_good()


def test_opc_ua_freezes_and_its_clock_goes_wrong(plant: ServedPlant) -> None:
    with Client(plant.opcua) as client:
        space = client.get_namespace_index("urn:plantsim:plant")
        level, scan = (client.get_node(f"ns={space};s={name}") for name in ("LIC-208.PV", "Simulation.ScanCount"))
        plant.inject("wire-freeze@opcua")
        plant.advance(0.1)
        before, scans = level.read_value(), scan.read_value()
        plant.advance(5.0)
        assert level.read_value() == before
        assert scan.read_value() == scans + 50, "the run itself goes on being shown"
        plant.clear()
        plant.advance(0.1)
        assert level.read_value() != before
        plant.inject("wire-clock-skew@opcua", 0.5)
        plant.advance(0.1)
        stamp = level.read_data_value().SourceTimestamp.replace(tzinfo=UTC)
        true = datetime.fromtimestamp(plant.engine.image.plant_time, UTC)
        assert abs(stamp - true - timedelta(seconds=150)) < timedelta(seconds=1)


def test_opc_ua_answers_late_resets_and_restarts(plant: ServedPlant) -> None:
    with Client(plant.opcua) as client:
        space = client.get_namespace_index("urn:plantsim:plant")
        node = client.get_node(f"ns={space};s=LIC-208.PV")
        plant.inject("wire-delay@opcua", 0.1)
        begun = time.monotonic()
        node.read_value()
        assert time.monotonic() - begun >= 0.2
        plant.clear()
    host, port = plant.opcua.removeprefix("opc.tcp://").partition("/")[0].split(":")
    url = plant.opcua.encode()
    body = struct.pack("<6I", 0, 65536, 65536, 0, 0, len(url)) + url
    hello = b"HELF" + struct.pack("<I", 8 + len(body)) + body
    for malfunction, severity in (("wire-reset@opcua", 1.0), ("wire-restart@opcua", 0.02)):
        with socket.create_connection((host, int(port))) as link:
            link.sendall(hello)
            assert link.recv(100)[:3] == b"ACK"
            plant.inject(malfunction, severity)
            assert ends(link, hello)
        plant.clear()
    endpoint = plant.opcua
    deadline = time.monotonic() + LATEST
    while True:
        try:
            with Client(endpoint) as client:
                client.get_namespace_index("urn:plantsim:plant")
            break
        except (OSError, ua.UaError, TimeoutError):
            assert time.monotonic() < deadline
    plant.inject("wire-refuse@opcua")
    with socket.create_connection((host, int(port))) as link:
        assert ends(link, hello)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wire-delay", "found no target, allowed modbus, opcua"),
        ("wire-delay@mqtt", "found target mqtt, allowed modbus, opcua"),
        ("wire-drop@opcua", "found target opcua, allowed modbus"),
        ("wire-delay@modbus/somebody", "allowed an IP address, or address:port"),
        ("wire-delay@modbus/192.0.2.7:x", "allowed an IP address, or address:port"),
        ("wire-restart@modbus/192.0.2.7", "allowed of all clients alone: modbus"),
        ("wire-freeze@opcua/192.0.2.7", "allowed of all clients alone: opcua"),
    ],
)
def test_refused(plant: ServedPlant, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plant.inject(name)


def test_a_plant_without_servers_has_no_wire() -> None:
    import plantsim

    with pytest.raises(ValueError, match="allowed where servers run alone"):
        plantsim.load("belfast").inject("wire-delay@modbus")
