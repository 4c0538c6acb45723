"""A running plant and clients that die, stall, lie and come again: the others lose nothing, nothing is left behind.

``--scale 50`` makes 100,000 malformed messages, ``--scale 10`` 1,000 reconnects; the soak takes as many minutes.
The server goes before the other processes of the machine where that is permitted, so that a scan that is late was made
late by its own clients.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from asyncua import Client, ua
from asyncua.common.connection import SecureConnection, TransportLimits
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256, SecurityPolicyNone
from asyncua.ua.ua_binary import (
    nodeid_from_binary,
    nodeid_to_binary,
    struct_from_binary,
    struct_to_binary,
    uatcp_to_binary,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plantsim.commands.itself import command

pytestmark = pytest.mark.long
NAMESPACE = "urn:plantsim:plant"
WATCHED, OVERRUNS = "Simulation.ScanCount", "Simulation.Overruns"
PATIENCE = 20.0
"""s for what takes milliseconds."""
RSS_MB = 200.0
"""What the server of `belfast` may have (issue: OPC UA server complete)."""
GROWTH_MB = 10.0
STALLED_MB = 13.0
"""What a client may cost that asks for megabytes and fetches nothing: its requests, and answers that wait for it."""


FIRST = ("nice", "-n", "-15")
"""Before a command: it runs as always where a lower niceness is not permitted."""


class Running:
    """``plantsim run belfast``, with anonymous for an observer, or an instructor where it is insecure."""

    def __init__(self, folder: Path, *more: str) -> None:
        words = ("--opcua", "0", "--modbus", "0", "--state", str(folder), "--history", str(folder / "h.sqlite"), *more)
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*FIRST, *command("run", "belfast", *words)], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        said = dict(word.split("=", 1) for word in self.process.stdout.readline().split()[1:])
        self.endpoint = said["opcua"]
        host, port = self.endpoint.removeprefix("opc.tcp://").partition("/")[0].rsplit(":", 1)
        self.address = host, int(port)
        self._proc = Path("/proc") / str(self.process.pid)

    def close(self) -> None:
        """Ctrl-C; it ends as it should."""
        self.process.terminate()
        assert self.process.wait(60.0) == 0

    @property
    def rss(self) -> float:
        """MB."""
        line = next(one for one in (self._proc / "status").read_text().splitlines() if "VmRSS" in one)
        return int(line.split()[1]) / 1024

    @property
    def handles(self) -> int:
        """Open files and sockets."""
        return len(list((self._proc / "fd").iterdir()))

    def threads(self) -> int:
        """Threads that run."""
        return len(list((self._proc / "task").iterdir()))

    def wait_until_left(self, handles: int) -> None:
        """Return once no more files and sockets are open than that."""
        deadline = time.monotonic() + 60.0
        while self.handles > handles:
            assert time.monotonic() < deadline, f"{self.handles} files and sockets are open, there were {handles}"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    found = Running(tmp_path_factory.mktemp("state"))
    yield found
    found.close()


class Watcher:
    """A well-behaved client that counts what it is told, in a thread of its own."""

    def __init__(self, running: Running, tags: int = 500) -> None:
        self.scans: list[int] = []
        self.numbers: list[int] = []
        self.overruns: list[int] = []
        self.values = 0
        self._running, self._tags = running, tags
        self._ended = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch()))

    def __enter__(self) -> Watcher:
        self._thread.start()
        assert self._ready.wait(10 * PATIENCE), "it browses first, on a machine that may be busy"
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(PATIENCE)

    async def _watch(self) -> None:
        async with Client(self._running.endpoint, timeout=60.0, watchdog_intervall=3600.0) as client:
            index = await client.get_namespace_index(NAMESPACE)
            protocol = client.uaclient.protocol
            assert protocol is not None
            names = [WATCHED, OVERRUNS, *await all_names(client, index)][: self._tags]
            await make_items(protocol, await make_subscription(protocol, 100.0), index, names)
            acknowledged: list[ua.SubscriptionAcknowledgement] = []
            while not self._ended.is_set():
                request = ua.PublishRequest()
                request.Parameters = ua.PublishParameters(acknowledged)
                async with asyncio.timeout(PATIENCE):
                    answer = struct_from_binary(ua.PublishResponse, await protocol.send_request(request)).Parameters
                message = answer.NotificationMessage
                acknowledged = [ua.SubscriptionAcknowledgement(answer.SubscriptionId, message.SequenceNumber)]
                if message.NotificationData:
                    self.numbers.append(message.SequenceNumber)
                for part in message.NotificationData:
                    self.values += len(part.MonitoredItems)
                    for one in part.MonitoredItems:
                        if one.ClientHandle < 2:
                            (self.scans, self.overruns)[one.ClientHandle].append(one.Value.Value.Value)
                if len(self.scans) > 1:
                    self._ready.set()

    def check(self) -> None:
        """No message is missing, none late or twice; how many scans were not shown is printed, for quiet machines."""
        assert not self._ended.is_set()
        assert self._thread.is_alive()
        assert self.numbers == list(range(self.numbers[0], self.numbers[0] + len(self.numbers)))
        scans = list(self.scans)
        missed = scans[-1] - scans[0] + 1 - len(scans)
        overruns = self.overruns[-1] - self.overruns[0]
        print(f"{len(scans)} scans watched, {missed} not shown, {overruns} overruns, {self.values} values")
        assert scans == sorted(set(scans))
        assert overruns <= max(1, len(scans) // 100), "the scan is not made late by clients"


async def all_names(client: Client, index: int) -> list[str]:
    """Identifiers of the plant's variables that have a number."""
    nodes, found = [client.get_node(ua.NodeId("Plant", index))], []
    while nodes:
        children = await nodes.pop().get_references(ua.ObjectIds.HierarchicalReferences, ua.BrowseDirection.Forward)
        for one in children:
            name = str(one.NodeId.Identifier)
            if one.NodeId.NamespaceIndex != index or name.startswith("Plant."):
                continue
            if one.NodeClass == ua.NodeClass.Variable and name.endswith((".PV", ".OP", ".POS", ".SP")):
                found.append(name)
            elif one.NodeClass == ua.NodeClass.Object:
                nodes.append(client.get_node(one.NodeId))
    return sorted(set(found))


async def make_subscription(protocol: Any, interval_ms: float) -> int:
    asked = ua.CreateSubscriptionRequest()
    asked.Parameters = ua.CreateSubscriptionParameters(interval_ms, 3000, 10, 0, True, 0)
    answer = struct_from_binary(ua.CreateSubscriptionResponse, await protocol.send_request(asked))
    return int(answer.Parameters.SubscriptionId)


async def make_items(protocol: Any, subscription: int, index: int, names: list[str]) -> None:
    """Items of a subscription whose handles count from 0."""
    items = [
        ua.MonitoredItemCreateRequest(
            ua.ReadValueId(ua.NodeId(name, index), ua.AttributeIds.Value),
            ua.MonitoringMode.Reporting,
            ua.MonitoringParameters(handle, 0.0, None, 100, True),
        )
        for handle, name in enumerate(names)
    ]
    asked = ua.CreateMonitoredItemsRequest()
    asked.Parameters = ua.CreateMonitoredItemsParameters(subscription, ua.TimestampsToReturn.Both, items)
    answer = struct_from_binary(ua.CreateMonitoredItemsResponse, await protocol.send_request(asked))
    for result in answer.Results:
        result.StatusCode.check()


# ---------------------------------------------------------------------- malformed messages


class Raw:
    """A client by its bytes alone, on an unencrypted channel."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = SecureConnection(SecurityPolicyNone(), TransportLimits())
        self.requests = 0
        self.token = ua.NodeId()
        self._received = b""
        hello = ua.Hello(0, 65535, 65535, 0, 0, f"opc.tcp://{address[0]}:{address[1]}/plantsim")
        self.socket.sendall(uatcp_to_binary(ua.MessageType.Hello, hello))
        self.receive()
        opening = ua.OpenSecureChannelRequest()
        opening.Parameters.SecurityMode = ua.MessageSecurityMode.None_
        opening.Parameters.RequestedLifetime = 3_600_000
        self.socket.sendall(self.framed(opening, ua.MessageType.SecureOpen))
        answer = struct_from_binary(ua.OpenSecureChannelResponse, ua.utils.Buffer(self.body(self.receive())))
        self.connection.security_token = answer.Parameters.SecurityToken

    def framed(self, request: Any, kind: ua.MessageType = ua.MessageType.SecureMessage) -> bytes:
        self.requests += 1
        body = request if isinstance(request, bytes) else struct_to_binary(request)
        framed: bytes = self.connection.message_to_binary(body, kind, self.requests)
        return framed

    def receive(self) -> bytes:
        """One message; b"" where the server has closed."""
        while len(self._received) < 8 or len(self._received) < struct.unpack_from("<I", self._received, 4)[0]:
            part = self.socket.recv(65536)
            if not part:
                return b""
            self._received += part
        size = struct.unpack_from("<I", self._received, 4)[0]
        found, self._received = self._received[:size], self._received[size:]
        return found

    @staticmethod
    def body(message: bytes) -> bytes:
        if message[:3] == b"OPN":
            at = 12
            for _ in range(3):
                at += 4 + max(struct.unpack_from("<i", message, at)[0], 0)
            return message[at + 8 :]
        return message[24:]

    def log_in(self) -> None:
        """As anonymous, with a session that does not stay long after its connection."""
        creating = ua.CreateSessionRequest()
        creating.Parameters = ua.CreateSessionParameters(RequestedSessionTimeout=20_000.0, SessionName="raw")
        answer = struct_from_binary(ua.CreateSessionResponse, ua.utils.Buffer(self.ask(creating)))
        assert self.resume(answer.Parameters.AuthenticationToken)

    def resume(self, token: ua.NodeId) -> bool:
        """Go on with a session, perhaps that of a connection that is no more; False where there is none."""
        activating = ua.ActivateSessionRequest()
        activating.RequestHeader.AuthenticationToken = self.token = token
        activating.Parameters.UserIdentityToken = ua.AnonymousIdentityToken(PolicyId="anonymous")
        answer = nodeid_from_binary(ua.utils.Buffer(self.ask(activating)))
        return bool(answer == ua.NodeId(ua.ObjectIds.ActivateSessionResponse_Encoding_DefaultBinary))

    def ask(self, request: Any) -> bytes:
        self.socket.sendall(self.framed(request))
        return self.body(self.receive())


class Probe:
    """A request whose answer says that the server has dealt with what came before."""

    def __init__(self, raw: Raw) -> None:
        asked = ua.ReadRequest()
        asked.RequestHeader.AuthenticationToken = raw.token
        asked.Parameters.NodesToRead = [
            ua.ReadValueId(ua.NodeId(ua.ObjectIds.Server_ServerStatus_State), ua.AttributeIds.Value)
        ]
        self._raw = raw
        self._body = struct_to_binary(asked)

    def message(self) -> bytes:
        return self._raw.framed(self._body)

    def is_answered(self) -> bool:
        """Whether the answer of the last one comes; False where the server closes before."""
        number = self._raw.requests
        while message := self._raw.receive():
            if message[:3] == b"MSG" and struct.unpack_from("<I", message, 20)[0] == number:
                return True
        return False


EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
Edit = tuple[int, int, bool]


@st.composite
def mutations(draw: Any) -> tuple[int, list[Edit], int, bool]:
    """Which captured message, what to write where, how much to leave of it, and whether its frame is meant, too."""
    edits = draw(
        st.lists(st.tuples(st.integers(0, 1023), st.sampled_from(EXTREMES), st.booleans()), min_size=1, max_size=4)
    )
    cut = draw(st.one_of(st.just(1 << 20), st.integers(0, 255)))
    return draw(st.integers(0, 255)), edits, cut, draw(st.integers(0, 9)) == 0


def mutated(data: bytes, edits: list[Edit], cut: int, begin: int) -> bytes:
    """begin: bytes that stay as they are."""
    found = bytearray(data)
    for offset, value, whole in edits:
        at = begin + offset % max(len(found) - begin, 1)
        part = struct.pack("<I", value)[: 4 if whole else 1]
        found[at : at + len(part)] = part
    return bytes(found[: max(cut, begin)])


class Captured(NamedTuple):
    """What a session has asked. ``creating`` and ``watching`` begin its subscription, whose number is kept, too."""

    bodies: list[bytes]
    token: bytes
    creating: bytes
    watching: bytes
    subscription: int

    def begun(self, raw: Raw) -> bytes:
        """Log a client in and give it such a subscription with the same items; its number, encoded."""
        raw.log_in()
        token = nodeid_to_binary(raw.token)
        answer = ua.utils.Buffer(raw.ask(self.creating.replace(self.token, token)))
        made = struct_from_binary(ua.CreateSubscriptionResponse, answer).Parameters
        number = struct.pack("<I", made.SubscriptionId)
        watching = self.watching.replace(self.token, token).replace(struct.pack("<I", self.subscription), number)
        items = struct_from_binary(ua.CreateMonitoredItemsResponse, ua.utils.Buffer(raw.ask(watching)))
        for one in items.Results:
            one.StatusCode.check()
        return number


async def captured(endpoint: str) -> Captured:
    """The requests of a session that does all there is to do, as encoded bodies."""
    found: list[bytes] = []
    async with Client(endpoint, timeout=60.0, watchdog_intervall=3600.0) as client:
        protocol = client.uaclient.protocol
        assert protocol is not None
        connection = protocol._connection
        to_binary = connection.message_to_binary

        def kept(message: bytes, *rest: Any, **more: Any) -> bytes:
            found.append(message)
            binary: bytes = to_binary(message, *rest, **more)
            return binary

        connection.message_to_binary = kept
        index = await client.get_namespace_index(NAMESPACE)
        tag, other = ua.NodeId("TIC-201.PV", index), ua.NodeId("TIC-201.SP", index)
        node = client.get_node(tag)
        await node.read_data_value()
        await client.read_values([node, client.get_node(other)])
        await client.get_node(ua.NodeId("Plant", index)).get_children()
        browsing = ua.BrowseDescription(
            ua.NodeId("Plant", index), ua.BrowseDirection.Forward, ua.NodeId(ua.ObjectIds.References), True, 0, 63
        )
        (part,) = await client.uaclient.browse(ua.BrowseParameters(ua.ViewDescription(), 2, [browsing]))
        await client.uaclient.browse_next(ua.BrowseNextParameters(False, [part.ContinuationPoint]))
        await client.get_endpoints()
        await protocol.send_request(ua.FindServersRequest())
        await client.nodes.objects.get_child([f"{index}:Plant"])
        now = datetime.now(UTC)
        with suppress(ua.UaError):
            await node.read_raw_history(now - timedelta(minutes=5), now, 100)
        for details in (
            ua.ReadProcessedDetails(
                now - timedelta(minutes=5), now, 60_000.0, [ua.NodeId(ua.ObjectIds.AggregateFunction_Average)]
            ),
            ua.ReadAtTimeDetails([now - timedelta(minutes=1)], True),
        ):
            history = ua.HistoryReadParameters(details, ua.TimestampsToReturn.Both, False, [ua.HistoryReadValueId(tag)])
            with suppress(ua.UaError):
                await client.uaclient.history_read(history)
        with suppress(ua.UaError):
            await client.nodes.server.read_event_history(now - timedelta(minutes=5), now, 10)
        with suppress(ua.UaError):
            await client.get_node(other).write_value(50.0)
        with suppress(ua.UaError):
            await client.get_node(ua.NodeId("Simulation", index)).call_method(f"{index}:SetSpeed", 1.0)
        await client.register_nodes([node])
        await client.unregister_nodes([node])
        subscription = await make_subscription(protocol, 100.0)
        creating = found[-1]
        await make_items(protocol, subscription, index, ["TIC-201.PV", "P-201.RUN"])
        watching = found[-1]
        deadband = ua.DataChangeFilter(ua.DataChangeTrigger.StatusValue, ua.DeadbandType.Percent, 1.0)
        item = ua.MonitoredItemCreateRequest(
            ua.ReadValueId(tag, ua.AttributeIds.Value),
            ua.MonitoringMode.Reporting,
            ua.MonitoringParameters(7, 100.0, deadband, 5, True),
        )
        select = ua.SimpleAttributeOperand(
            ua.NodeId(ua.ObjectIds.BaseEventType), [ua.QualifiedName("Severity")], ua.AttributeIds.Value
        )
        where = ua.ContentFilter(
            [
                ua.ContentFilterElement(
                    ua.FilterOperator.OfType,
                    [ua.LiteralOperand(ua.Variant(ua.NodeId(ua.ObjectIds.ConditionType), ua.VariantType.NodeId))],
                )
            ]
        )
        events = ua.MonitoredItemCreateRequest(
            ua.ReadValueId(ua.NodeId(ua.ObjectIds.Server), ua.AttributeIds.EventNotifier),
            ua.MonitoringMode.Reporting,
            ua.MonitoringParameters(8, 0.0, ua.EventFilter([select], where), 5, True),
        )
        uaclient = client.uaclient
        made = await uaclient.create_monitored_items(
            ua.CreateMonitoredItemsParameters(subscription, ua.TimestampsToReturn.Both, [item, events])
        )
        ids = [one.MonitoredItemId for one in made]
        change = ua.MonitoredItemModifyRequest(ids[0], ua.MonitoringParameters(9, 200.0, deadband, 6, False))
        await uaclient.modify_monitored_items(
            ua.ModifyMonitoredItemsParameters(subscription, ua.TimestampsToReturn.Both, [change])
        )
        await uaclient.set_monitoring_mode(
            ua.SetMonitoringModeParameters(subscription, ua.MonitoringMode.Sampling, ids)
        )
        linking = ua.SetTriggeringRequest()
        linking.Parameters = ua.SetTriggeringParameters(subscription, ids[0], ids, [])
        await protocol.send_request(linking)
        linking.Parameters = ua.SetTriggeringParameters(subscription, ids[0], [], ids)
        await protocol.send_request(linking)
        await uaclient.set_publishing_mode(ua.SetPublishingModeParameters(True, [subscription]))
        await uaclient.modify_subscription(ua.ModifySubscriptionParameters(subscription, 200.0, 300, 10, 5, 0))
        publish = ua.PublishRequest()
        publish.Parameters = ua.PublishParameters([ua.SubscriptionAcknowledgement(subscription, 1)])
        await protocol.send_request(publish)
        again = ua.RepublishRequest()
        again.Parameters = ua.RepublishParameters(subscription, 1)
        with suppress(ua.UaError):
            await protocol.send_request(again)
        moving = ua.TransferSubscriptionsRequest()
        moving.Parameters = ua.TransferSubscriptionsParameters([subscription], True)
        await protocol.send_request(moving)
        await uaclient.delete_monitored_items(ua.DeleteMonitoredItemsParameters(subscription, ids))
        await uaclient.delete_subscriptions([subscription])
        token = nodeid_to_binary(protocol.authentication_token)
    return Captured(found, token, creating, watching, subscription)


def test_malformed_messages_hurt_nobody(running: Running, scale: float) -> None:
    """Captured requests with bytes changed and ends cut, framed well or not, in sessions that go on as they may."""
    exchange = asyncio.run(captured(running.endpoint))
    bodies, token, known = exchange.bodies, exchange.token, struct.pack("<I", exchange.subscription)
    kinds = {body[:4] for body in bodies}
    assert len(kinds) >= 25, "kinds of requests"
    assert nodeid_to_binary(ua.NodeId(ua.ObjectIds.SetTriggeringRequest_Encoding_DefaultBinary)) in kinds
    before, handles = running.rss, running.handles
    raw: Raw | None = None
    lost: Raw | None = None
    probe: Probe | None = None
    number = b""
    tried = closed = framed_badly = 0

    def session() -> tuple[Raw, Probe]:
        nonlocal raw, probe, number
        if raw is None or raw.requests > 500:
            before, raw = raw or lost, Raw(running.address)
            # what a subscription is for outlives a connection: a session for each would be more than the server has
            if before is None or not raw.resume(before.token):
                number = exchange.begun(raw)
            if before is not None:
                before.socket.close()
            probe = Probe(raw)
        assert probe is not None
        return raw, probe

    @given(mutation=mutations())
    @settings(
        max_examples=round(2000 * scale), deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def attack(mutation: tuple[int, list[Edit], int, bool]) -> None:
        nonlocal raw, lost, tried, closed, framed_badly
        which, edits, cut, frame_too = mutation
        one, asked = session()
        body = bodies[which % len(bodies)].replace(token, nodeid_to_binary(one.token)).replace(known, number)
        tried += 1
        answered = False
        with suppress(OSError):  # it may have been closed by what came before
            if frame_too:
                framed_badly += 1
                one.socket.sendall(mutated(one.framed(body), edits, cut, 0))
                one.socket.shutdown(socket.SHUT_WR)
                while one.socket.recv(65536):
                    pass
            else:
                one.socket.sendall(one.framed(mutated(body, edits, cut, 0) or b"\x00") + asked.message())
                answered = asked.is_answered()
        if not answered:
            closed += 1
            one.socket.close()
            raw, lost = None, one

    with Watcher(running) as watcher:
        attack()
        print(f"{tried} messages, {framed_badly} of them in bad frames, {closed} connections ended")
        watcher.check()
    if raw is not None:
        raw.socket.close()
    running.wait_until_left(handles)
    print(f"RSS {before:.1f} -> {running.rss:.1f} MB")
    assert running.rss < RSS_MB
    assert running.rss - before < 2 * GROWTH_MB


# ---------------------------------------------------------------------- certificates


def opening(policy: str, certificate: bytes, thumbprint: bytes, secret: bytes) -> bytes:
    """A message that opens a secured channel, its encrypted part any bytes."""

    def of(part: bytes) -> bytes:
        return struct.pack("<i", len(part)) + part

    body = struct.pack("<I", 0) + of(policy.encode()) + of(certificate) + of(thumbprint) + secret
    return b"OPNF" + struct.pack("<I", 8 + len(body)) + body


def test_certificates_that_are_none_or_nobodys_hurt_nobody(running: Running, scale: float, tmp_path: Path) -> None:
    """Bytes that are none, halves of one, the server's own, others with a wrong secret, good ones that are unknown."""
    random_ = random.Random(3)
    key = rsa.generate_private_key(65537, 2048)
    handles, before = running.handles, running.rss
    policies = (
        "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256",
        "http://opcfoundation.org/UA/SecurityPolicy#Aes256_Sha256_RsaPss",
        "http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15",
        "http://opcfoundation.org/UA/SecurityPolicy#None",
        "",
    )

    def self_signed() -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"client {random_.random()}")])
        now = datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now)
        return made.not_valid_after(now + timedelta(days=1)).sign(key, SHA256()).public_bytes(Encoding.DER)

    async def server_certificate() -> bytes:
        found = await Client(running.endpoint).connect_and_get_server_endpoints()
        return next(bytes(one.ServerCertificate) for one in found if one.ServerCertificate)

    async def unknown() -> None:
        client = Client(running.endpoint, timeout=60.0)
        client.application_uri = "urn:stranger"
        await client.set_security(SecurityPolicyBasic256Sha256, tmp_path / "c.der", tmp_path / "c.pem")
        with pytest.raises(ua.uaerrors.BadCertificateUntrusted):
            await client.connect()

    async def strange(count: int) -> None:
        await setup_self_signed_certificate(tmp_path / "c.pem", tmp_path / "c.der", "urn:stranger", "here", [], {})
        for _ in range(count):
            await unknown()

    servers = asyncio.run(server_certificate())
    ended = 0
    with Watcher(running) as watcher:
        for _ in range(round(100 * scale)):
            whole = self_signed()
            certificate = random_.choice(
                (b"", b"\x30\x82\xff\xff", random_.randbytes(2000), whole, whole[:300], whole * 2, servers)
            )
            thumbprint = random_.choice((hashlib.sha1(servers).digest(), b"", random_.randbytes(20)))
            secret = random_.randbytes(random_.choice((0, 1, 256, 257, 512)))
            with socket.create_connection(running.address, PATIENCE) as link:
                hello = ua.Hello(0, 65535, 65535, 0, 0, running.endpoint)
                link.sendall(uatcp_to_binary(ua.MessageType.Hello, hello))
                link.recv(65536)
                link.sendall(opening(random_.choice(policies), certificate, thumbprint, secret))
                link.shutdown(socket.SHUT_WR)
                with suppress(ConnectionError):
                    while link.recv(65536):
                        pass
                ended += 1
        asyncio.run(strange(round(10 * scale) or 1))
        watcher.check()
    running.wait_until_left(handles)
    print(f"{ended} channels that were not opened, RSS {before:.1f} -> {running.rss:.1f} MB")
    assert running.rss - before < GROWTH_MB
    log = running.log.read_text()
    assert "Traceback" not in log
    assert "plantsim certs trust" in log


# ---------------------------------------------------------------------- clients that die and stall


def test_clients_that_come_and_go_leave_nothing_behind(running: Running, scale: float) -> None:
    """Well, by a reset, half open, and in the middle of a message."""
    random_ = random.Random(1)
    handles, count = running.handles, round(100 * scale)
    half_open: list[Raw] = []

    async def admitted(client: Client) -> None:
        """Sessions that were cut off last until their time is up, and count until then."""
        async with asyncio.timeout(60.0):
            while True:
                try:
                    await client.connect()
                except ua.uaerrors.BadTooManySessions:
                    await asyncio.sleep(0.2)
                else:
                    return

    async def come_and_go(how: str) -> None:
        client = Client(running.endpoint, timeout=60.0, watchdog_intervall=3600.0)
        client.session_timeout = 10_000
        await admitted(client)
        index = await client.get_namespace_index(NAMESPACE)
        protocol = client.uaclient.protocol
        assert protocol is not None
        await make_items(protocol, await make_subscription(protocol, 100.0), index, names)
        await protocol.send_request(ua.PublishRequest())
        if how == "well":
            await client.disconnect()
            return
        assert isinstance(protocol.transport, asyncio.Transport)
        if how == "cut":
            protocol.transport.write(b"MSGF\x00\x10\x00\x00half of")
        else:
            linger = struct.pack("ii", 1, 0)
            protocol.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        client.uaclient.disconnect_socket()

    async def found_names() -> list[str]:
        async with Client(running.endpoint, timeout=60.0) as client:
            return (await all_names(client, await client.get_namespace_index(NAMESPACE)))[:100]

    names = asyncio.run(found_names())
    level = 0.0
    with Watcher(running) as watcher:
        for number in range(count):
            how = random_.choice(("well", "reset", "cut"))
            asyncio.run(come_and_go(how))
            if number % 20 == 0:
                half_open.append(Raw(running.address))  # and does not go on
            if number == count // 5:
                level = running.rss
        watcher.check()
    for raw in half_open:
        raw.socket.close()
    running.wait_until_left(handles)
    print(f"RSS after a fifth {level:.1f}, after {count} reconnects {running.rss:.1f} MB")
    assert running.rss < RSS_MB
    assert running.rss - level < GROWTH_MB


def test_a_client_that_does_not_read_costs_the_others_nothing(running: Running) -> None:
    """It asks for much, and fetches nothing."""
    handles = running.handles

    async def large() -> bytes:
        async with Client(running.endpoint, timeout=60.0) as client:
            index = await client.get_namespace_index(NAMESPACE)
            names = await all_names(client, index)
        asked = ua.ReadRequest()
        asked.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
        asked.Parameters.NodesToRead = [ua.ReadValueId(ua.NodeId(one, index), ua.AttributeIds.Value) for one in names]
        return bytes(struct_to_binary(asked))

    body = asyncio.run(large())
    with Watcher(running) as watcher:
        before = running.rss
        raws = [Raw(running.address) for _ in range(3)]
        sent = 0
        for raw in raws:
            raw.log_in()
            raw.socket.settimeout(1.0)
            # null token of the body made above for the one of this session
            mine = body[:4] + nodeid_to_binary(raw.token) + body[6:]
            with suppress(TimeoutError):
                for _ in range(2000):
                    raw.socket.sendall(raw.framed(mine))
                    sent += 1
        seen = len(watcher.scans)
        deadline = time.monotonic() + PATIENCE
        while len(watcher.scans) < seen + 20:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        watcher.check()
        print(f"{sent} requests of {len(body)} bytes taken, RSS {before:.1f} -> {running.rss:.1f} MB")
        assert running.rss - before < STALLED_MB * len(raws)
        for raw in raws:
            raw.socket.close()
    running.wait_until_left(handles)


def test_what_is_too_large_is_refused_by_its_header(running: Running) -> None:
    handles = running.handles
    for size in (0x7FFFFFFF, 0xFFFFFFFF, 65536):
        raw = Raw(running.address)
        raw.socket.sendall(b"MSGF" + struct.pack("<I", size) + b"\x00" * 1000)
        error = raw.receive()
        assert error[:3] == b"ERR"
        assert ua.StatusCode(struct.unpack_from("<I", error, 8)[0]).name == "BadTcpMessageTooLarge"
        assert raw.receive() == b""
        raw.socket.close()
    endless = Raw(running.address)
    endless.log_in()
    before = running.rss
    with suppress(ConnectionError, TimeoutError):
        part = b"\x00" * 60_000
        for _ in range(2000):  # 120 MB of one message
            framed = bytearray(endless.framed(part))
            framed[3:4] = b"C"
            # one and the same request
            framed[20:24] = struct.pack("<I", 1)
            endless.socket.sendall(framed)
    endless.socket.close()
    running.wait_until_left(handles)
    assert running.rss - before < 4 * GROWTH_MB


# ---------------------------------------------------------------------- for long


def test_soak(tmp_path: Path, scale: float) -> None:
    """Three clients, a history, and malfunctions that come and go."""
    running = Running(tmp_path, "--insecure")
    seconds = 60.0 * scale
    figures: list[tuple[float, float, int, int]] = []

    async def disturb() -> None:
        random_ = random.Random(2)
        async with Client(running.endpoint, timeout=60.0, watchdog_intervall=3600.0) as client:
            index = await client.get_namespace_index(NAMESPACE)
            simulation = client.get_node(ua.NodeId("Simulation", index))
            listed = subprocess.run(command("malfunctions", "belfast"), capture_output=True, text=True, check=True)
            names = [line.split("\t")[0] for line in listed.stdout.splitlines()]
            began = time.monotonic()
            while (elapsed := time.monotonic() - began) < seconds:
                with suppress(ua.UaError):  # some want a target
                    await simulation.call_method(
                        f"{index}:Inject", random_.choice(names), ua.Variant(0.5), ua.Variant(0.0), ua.Variant(5.0)
                    )
                await asyncio.sleep(min(10.0, seconds / 6))
                with suppress(ua.UaError):
                    await simulation.call_method(f"{index}:ClearAll")
                figures.append((elapsed, running.rss, running.handles, running.threads()))
                if len(figures) % 6 == 1:
                    print(
                        f"{elapsed:.0f} s: RSS {figures[-1][1]:.1f} MB, {figures[-1][2]} files and sockets", flush=True
                    )

    try:
        with Watcher(running, 2000) as first, Watcher(running, 1000) as second, Watcher(running, 100) as third:
            asyncio.run(disturb())
            for watcher in (first, second, third):
                watcher.check()
        settled = figures[len(figures) // 2 :]
        print(f"RSS {settled[0][1]:.1f} -> {settled[-1][1]:.1f} MB")
        assert max(rss for _, rss, *_ in figures) < RSS_MB
        assert settled[-1][1] - settled[0][1] < GROWTH_MB
        assert settled[-1][2:] == settled[0][2:], "files, sockets and threads"
    finally:
        running.close()
