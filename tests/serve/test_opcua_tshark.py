"""Wireshark's dissector, which is not ours, takes every message of a session for what it should be."""

from __future__ import annotations

import asyncio
import shutil
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua

from plantsim.engine.engine import Engine
from plantsim.history.historian import Historian
from plantsim.model.load import load_plant

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt install tshark)"),
]
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
Id = ua.ObjectIds
CLIENT, SERVER = (b"\x0a\x00\x00\x01", 50_000), (b"\x0a\x00\x00\x02", 4840)
SEGMENT = 1400


class Capture:
    """A pcap file of what went over one connection, as Ethernet frames that were never on a wire."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._next = {CLIENT: 1, SERVER: 1}

    def add(self, source: tuple[bytes, int], data: bytes) -> None:
        """Bytes that one end sent."""
        target = SERVER if source == CLIENT else CLIENT
        for begin in range(0, len(data), SEGMENT):
            part = data[begin : begin + SEGMENT]
            sequence, acknowledged = self._next[source], self._next[target]
            self._next[source] = (sequence + len(part)) & 0xFFFFFFFF
            tcp = struct.pack(">HHIIBBHHH", source[1], target[1], sequence, acknowledged, 0x50, 0x18, 65_535, 0, 0)
            length = 40 + len(part)
            ip = struct.pack(
                ">BBHHHBBH4s4s", 0x45, 0, length, len(self._frames) & 0xFFFF, 0, 64, 6, 0, source[0], target[0]
            )
            frame = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\x00" + ip + tcp + part
            seconds, rest = divmod(time.time_ns(), 10**9)
            self._frames.append(struct.pack("<IIII", seconds, rest // 1000, len(frame), len(frame)) + frame)

    def write(self, path: Path) -> None:
        """Write the file."""
        path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1) + b"".join(self._frames))


async def relayed(endpoint: str, capture: Capture) -> tuple[asyncio.Server, str]:
    """A port that passes everything on to the server, and its endpoint."""
    host, _, rest = endpoint.removeprefix("opc.tcp://").partition(":")
    port, _, path = rest.partition("/")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, source: tuple[bytes, int]) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                capture.add(source, data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, back, CLIENT), pump(there, writer, SERVER))

    relay = await asyncio.start_server(serve, "127.0.0.1", 0)
    return relay, f"opc.tcp://127.0.0.1:{relay.sockets[0].getsockname()[1]}/{path}"


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine(load_plant("belfast"), epoch=EPOCH.timestamp(), frozen=True)
    yield made
    made.stop()


@pytest.fixture
def historian(engine: Engine, tmp_path: Path) -> Iterator[Historian]:
    made = Historian(tmp_path / "h.sqlite", engine.tags, scan_period=engine.scan_period)
    made.start()
    engine.sample(made)
    engine.start()
    yield made
    engine.stop()
    made.stop()


class Silent:
    """Takes notifications."""

    def __init__(self) -> None:
        self.count = 0

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        self.count += 1

    def event_notification(self, event: Any) -> None:
        self.count += 1


async def all_of_it(console: Any, engine: Engine, eventually: Any) -> None:
    """A bit of every service."""
    client = console.client
    await client.get_endpoints()
    nodes, seen = (
        [client.nodes.server, console.node("Plant"), console.node("Simulation"), console.node("LoopType")],
        set(),
    )
    while nodes:
        node = nodes.pop()
        if node.nodeid in seen:
            continue
        seen.add(node.nodeid)
        if len(seen) < 400:
            nodes += await node.get_children()
    some = [one for one in seen if one.NamespaceIndex]
    for attribute in (
        ua.AttributeIds.Value,
        ua.AttributeIds.DisplayName,
        ua.AttributeIds.BrowseName,
        ua.AttributeIds.UserAccessLevel,
    ):
        await client.uaclient.read_attributes(some, attribute)
    for private in (
        Id.Server_ServerDiagnostics_ServerDiagnosticsSummary,
        Id.Server_ServerDiagnostics_SessionsDiagnosticsSummary_SessionDiagnosticsArray,
        Id.Server_ServerDiagnostics_SessionsDiagnosticsSummary_SessionSecurityDiagnosticsArray,
        Id.Server_ServerDiagnostics_SubscriptionDiagnosticsArray,
    ):
        request = ua.ReadRequest()
        request.Parameters.NodesToRead = [ua.ReadValueId(ua.NodeId(private), ua.AttributeIds.Value)]
        await client.uaclient.protocol.send_request(request)
    everything = ua.BrowseDescription(client.nodes.server.nodeid, ua.BrowseDirection.Forward, ua.NodeId(), True, 0, 63)
    (part,) = await client.uaclient.browse(ua.BrowseParameters(ua.ViewDescription(), 2, [everything]))
    while part.ContinuationPoint:
        asked = ua.BrowseNextParameters(ContinuationPoints=[part.ContinuationPoint])
        (part,) = await client.uaclient.browse_next(asked)
    told = Silent()
    subscription = await client.create_subscription(100, told)
    tags = [console.node(tag.name) for tag in engine.tags][:300]
    items = await subscription.subscribe_data_change(tags)
    linking = ua.SetTriggeringRequest()
    linking.Parameters = ua.SetTriggeringParameters(
        SubscriptionId=subscription.subscription_id, TriggeringItemId=items[0], LinksToAdd=items[1:3]
    )
    await client.uaclient.protocol.send_request(linking)
    await subscription.subscribe_alarms_and_conditions(client.nodes.server)
    double = ua.VariantType.Double
    await console.write(("FIC-201.SP", ua.Variant(1.0, double)), ("FIC-201.PV", ua.Variant(1.0, double)))
    await console.call("Simulation", "Step", ua.Variant(5.0, double))
    await console.call(f"{engine.alarms[0].name}.Alarm", ua.NodeId(Id.ConditionType_Disable))

    async def told_enough() -> bool:
        return told.count > 300

    await eventually(told_enough)
    ever = {"StartTime": EPOCH - timedelta(hours=1), "EndTime": EPOCH + timedelta(hours=1)}
    mean = [ua.NodeId(Id.AggregateFunction_Average)]
    where = ua.EventFilter([ua.SimpleAttributeOperand(ua.NodeId(Id.BaseEventType), [ua.QualifiedName("Message")], 13)])
    for details, node in (
        (ua.ReadRawModifiedDetails(False, NumValuesPerNode=10, ReturnBounds=True, **ever), console.id("FIC-201.PV")),
        (ua.ReadProcessedDetails(ProcessingInterval=60e3, AggregateType=mean, **ever), console.id("FIC-201.PV")),
        (ua.ReadAtTimeDetails([EPOCH], False), console.id("FIC-201.PV")),
        (ua.ReadEventDetails(10, Filter=where, **ever), ua.NodeId(Id.Server)),
    ):
        asked = ua.HistoryReadParameters(details, ua.TimestampsToReturn.Source, False, [ua.HistoryReadValueId(node)])
        await client.uaclient.history_read(asked)
    await client.register_nodes([console.node("FIC-201.PV")])
    await client.nodes.root.get_child(["0:Objects", "0:Server"])
    await subscription.delete()


async def test_tshark_decodes_a_session_with_no_malformed_packet(
    engine: Engine, historian: Historian, opcua_server: Any, connect: Any, eventually: Any, tmp_path: Path
) -> None:
    capture, path = Capture(), tmp_path / "session.pcap"
    async with opcua_server(engine, history=historian) as server:
        relay, endpoint = await relayed(server.endpoint, capture)
        async with relay, connect(endpoint) as console:
            await all_of_it(console, engine, eventually)
    capture.write(path)
    base = ["tshark", "-n", "-r", str(path), "-d", f"tcp.port=={SERVER[1]},opcua"]

    def ask(*words: str) -> list[str]:
        done = subprocess.run([*base, *words], capture_output=True, text=True, timeout=300, check=True)
        return done.stdout.splitlines()

    services = Counter(
        int(one) for line in ask("-T", "fields", "-e", "opcua.servicenodeid.numeric") for one in line.split(",") if one
    )
    names = {getattr(Id, name): name for name in dir(Id) if name.endswith("_Encoding_DefaultBinary")}
    found = {names[one].removesuffix("_Encoding_DefaultBinary") for one in services}
    for service in [
        "Read",
        "Write",
        "Browse",
        "BrowseNext",
        "Call",
        "Publish",
        "HistoryRead",
        "CreateSession",
        "CreateMonitoredItems",
        "SetTriggering",
        "RegisterNodes",
    ]:
        assert {f"{service}Request", f"{service}Response"} <= found, service
    assert ask("-Y", "_ws.malformed") == []
    assert ask("-Y", "tcp.analysis.flags") == [], "the capture itself is whole"
