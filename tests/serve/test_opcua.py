"""The server's life: start, stop, ports, and clients that are connected meanwhile."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua

from plantsim.engine.image import BAD_SENSOR_FAILURE, GOOD
from plantsim.serve import opcua_seam
from plantsim.serve.opcua import CannotListen, OpcUaServer


def server_of(engine: Any, port: int = 0) -> OpcUaServer:
    return OpcUaServer(engine, host="127.0.0.1", port=port, state=Path("/nowhere"), insecure=True)


def port_of(server: OpcUaServer) -> int:
    return int(server.endpoint.split(":")[2].split("/")[0])


async def test_it_can_be_stopped_and_started_again_on_the_same_port(synthetic: Any, connect: Any) -> None:
    server = server_of(synthetic)
    assert server.endpoint == "opc.tcp://127.0.0.1:0/plantsim"
    await server.start()
    port = port_of(server)
    assert port > 0
    async with connect(server.endpoint) as console:
        await console.value("TIC-201.Kind")
    await server.stop()
    await server.stop()
    with socket.create_server(("127.0.0.1", port), reuse_port=False):
        pass
    again = server_of(synthetic, port)
    await again.start()
    async with connect(again.endpoint) as console:
        assert await console.value("TIC-201.Kind") == "controller"
    await again.stop()
    assert not synthetic._listeners


async def test_stopping_with_clients_subscribed_ends_their_sessions_at_once(
    synthetic: Any, connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = server_of(synthetic)
    await server.start()
    before = asyncio.all_tasks()
    async with connect(server.endpoint) as console:
        subscription = await console.client.create_subscription(100, None)
        await subscription.subscribe_data_change([console.node("TIC-201.PV"), console.node("TIC-201.SP")])
        async with asyncio.timeout(1.0):
            await server.stop()
        with pytest.raises((ConnectionError, ua.UaError, TimeoutError)):
            await console.value("TIC-201.Kind")
        console.client.disconnect_socket()
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not {name for name in left if "opcua publishing" in name}


async def test_a_port_in_use_is_one_clear_error(synthetic: Any, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = server_of(synthetic, port)
        with pytest.raises(CannotListen) as caught:
            await server.start()
    assert caught.value.errno == errno.EADDRINUSE
    assert caught.value.strerror == f"OPC UA cannot listen on 127.0.0.1:{port}: Address already in use"
    assert not caplog.records
    await server.stop()
    await server.start()
    await server.stop()


async def test_a_host_that_does_not_exist_is_one_clear_error(synthetic: Any, tmp_path: Path) -> None:
    server = OpcUaServer(synthetic, host="no.such.host.invalid", port=0, state=tmp_path, insecure=False)
    with pytest.raises(CannotListen, match=r"OPC UA cannot listen on no\.such\.host\.invalid:0: "):
        await server.start()


async def test_a_name_with_several_addresses_can_have_a_free_port(
    synthetic: Any, opcua_server: Any, connect: Any
) -> None:
    async with opcua_server(synthetic, host="localhost") as server, connect(server.endpoint) as console:
        assert port_of(server) > 0
        assert await console.value("TIC-201.Kind") == "controller"


async def test_another_version_of_asyncua_is_served_with_a_warning(
    synthetic: Any, connect: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert opcua_seam.fits()
    monkeypatch.setattr(opcua_seam, "version", lambda _: "2.2.0")
    assert not opcua_seam.fits()
    server = server_of(synthetic)
    await server.start()
    assert "asyncua 2.2.0 is not the 2.1 that plantsim was written for" in caplog.text
    async with connect(server.endpoint) as console:
        for value, status in ((55.0, GOOD), (56.0, BAD_SENSOR_FAILURE), (57.0, GOOD)):
            synthetic.show({"TIC-201.PV": value}, {"TIC-201.PV": status})

            async def seen(status: int = status, value: float = value) -> bool:
                answer = await console.read("TIC-201.PV")
                return (answer.StatusCode.value, answer.Value.Value) == (status, None if status else value)

            await eventually(seen)
        changes: asyncio.Queue[float] = asyncio.Queue()

        class Handler:
            def datachange_notification(self, _node: object, value: float, _data: object) -> None:
                changes.put_nowait(value)

        subscription = await console.client.create_subscription(50, Handler())
        await subscription.subscribe_data_change(console.node("TIC-201.PV"))
        async with asyncio.timeout(10.0):
            assert await changes.get() == 57.0
            synthetic.show({"TIC-201.PV": 58.0})
            assert await changes.get() == 58.0
        await subscription.delete()
    await server.stop()


async def test_the_server_says_who_it_is(synthetic: Any, connect: Any) -> None:
    server = server_of(synthetic)
    await server.start()
    async with connect(server.endpoint) as console:
        info = await console.client.get_node(ua.NodeId(ua.ObjectIds.Server_ServerStatus_BuildInfo)).read_value()
        assert (info.ManufacturerName, info.ProductName) == ("plantsim", "A small plant")
        namespaces = await console.client.get_namespace_array()
        assert namespaces[2] == "urn:plantsim:plant"
        assert namespaces[1] == f"urn:{socket.gethostname()}:plantsim"
    await server.stop()


async def test_connections_are_not_worth_a_line_in_the_log(
    synthetic: Any, connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = server_of(synthetic)
    await server.start()
    async with connect(server.endpoint) as console:
        await console.value("TIC-201.Kind")
    await server.stop()
    assert not [record for record in caplog.records if record.name.startswith("asyncua.server")]
