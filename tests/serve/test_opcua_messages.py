"""Publish requests and answers that are read and written here are byte for byte what the library has of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from struct import pack
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.common.connection import SecureConnection, TransportLimits
from asyncua.crypto.security_policies import SecurityPolicyNone
from asyncua.ua.ua_binary import nodeid_to_binary, struct_from_binary, struct_to_binary, uatcp_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsim.serve.opcua_connection import Processor
from plantsim.serve.opcua_messages import Place, around_changes, chunks, publish_request, publish_response
from plantsim.serve.opcua_records import ticks_of
from plantsim.serve.opcua_subscription import Subscription, Told

CHANNEL, TOKEN = 7, 13
SESSION = ua.NodeId(b"s" * 32, 0, ua.NodeIdType.ByteString)
NOW = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
CHANGES = ua.ExtensionObject(
    TypeId=ua.NodeId(ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary), Body=b"\x00" * 4 + b"\xff" * 4
)


def connection() -> SecureConnection:
    made = SecureConnection(SecurityPolicyNone(), TransportLimits())
    made.security_token.ChannelId, made.security_token.TokenId = CHANNEL, TOKEN
    return made


def request(acknowledged: list[tuple[int, int]], **header: Any) -> bytes:
    asked = ua.PublishRequest()
    asked.RequestHeader = ua.RequestHeader(AuthenticationToken=SESSION, RequestHandle=42, TimeoutHint=9, **header)
    asked.Parameters = ua.PublishParameters([ua.SubscriptionAcknowledgement(*one) for one in acknowledged])
    made = connection()
    made._sequence_number = 99
    data: bytes = made.message_to_binary(struct_to_binary(asked), request_id=5)
    return data


def parsed(data: bytes) -> Any:
    return publish_request(data, CHANNEL, TOKEN, nodeid_to_binary(SESSION))


@pytest.mark.parametrize("acknowledged", [[], [(78, 1)], [(78, 4_294_967_295), (1, 2), (78, 3)]])
def test_a_request_is_what_was_asked(acknowledged: list[tuple[int, int]]) -> None:
    data = request(acknowledged)
    found = parsed(data)
    assert (found.SequenceNumber, found.RequestId, found.RequestHandle, found.TimeoutHint) == (100, 5, 42, 9)
    assert found.acknowledged == tuple(acknowledged)


def test_what_is_not_plain_is_left_to_the_library() -> None:
    data = request([(78, 1)])
    assert parsed(request([], AuditEntryId="who")) is None
    assert parsed(request([], ReturnDiagnostics=1)) is None
    assert parsed(request([(1, 1)] * 1001)) is None
    assert parsed(data + b"x") is None
    for length in range(len(data)):
        assert parsed(data[:length]) is None
    others = ((CHANNEL + 1, TOKEN, SESSION), (CHANNEL, TOKEN + 1, SESSION), (CHANNEL, TOKEN, ua.NodeId(1, 0)))
    for channel, token, session in others:
        assert publish_request(data, channel, token, nodeid_to_binary(session)) is None


@given(at=st.integers(0, 115), byte=st.integers(0, 255))
@settings(deadline=None)
def test_no_message_is_read_otherwise_than_the_library_reads_it(at: int, byte: int) -> None:
    data = bytearray(request([(78, 1), (78, 2)]))
    data[min(at, len(data) - 1)] = byte
    found = parsed(bytes(data))
    if found is None:
        return
    body = ua.utils.Buffer(bytes(data)[24:])
    asked = struct_from_binary(ua.PublishRequest, body)
    assert not len(body)
    assert (found.RequestHandle, found.TimeoutHint) == (
        asked.RequestHeader.RequestHandle,
        asked.RequestHeader.TimeoutHint,
    )
    acknowledged = [(one.SubscriptionId, one.SequenceNumber) for one in asked.Parameters.SubscriptionAcknowledgements]
    assert list(found.acknowledged) == acknowledged


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [CHANGES],
        [CHANGES, ua.EventNotificationList([ua.EventFieldList(1, [ua.Variant(2.5)])])],
        [ua.StatusChangeNotification(Status=ua.StatusCode(ua.StatusCodes.BadTimeout))],
    ],
)
@pytest.mark.parametrize("numbers", [[], [1, 2, 4_294_967_295]])
def test_an_answer_is_what_the_library_would_send(parts: list[Any], numbers: list[int]) -> None:
    result = ua.PublishResult(78, numbers, bool(numbers), ua.NotificationMessage(3, NOW, parts))
    result.Results = [ua.StatusCode(ua.StatusCodes.Good), ua.StatusCode(ua.StatusCodes.BadSequenceNumberUnknown)]
    response = ua.PublishResponse()
    response.Parameters = result
    response.ResponseHeader.Timestamp, response.ResponseHeader.RequestHandle = NOW, 42
    assert b"".join(publish_response(result, result.Results, 42, NOW)) == struct_to_binary(response)


@pytest.mark.parametrize("number", [0, 41, 2**32 - 2])
@pytest.mark.parametrize("size", [1, 8192 - 24, 8192 - 23, 30_000])
def test_chunks_are_those_of_the_library(size: int, number: int) -> None:
    theirs = connection()
    theirs._limits.max_send_buffer = 8192
    theirs._sequence_number = number
    body = bytes(n % 251 for n in range(size))
    made, last = chunks((body[: size // 3], body[size // 3 :]), 8192, CHANNEL, TOKEN, number, 5)
    assert made == theirs.message_to_binary(body, request_id=5)
    assert last == theirs._sequence_number


@pytest.mark.parametrize("results", [[], [ua.StatusCodes.Good], [ua.StatusCodes.BadSequenceNumberUnknown, 0, 0]])
@pytest.mark.parametrize("kept", [[3], [4_294_967_295, 2, 3]])
def test_a_message_of_changes_alone_is_the_answer_in_one_chunk(results: list[int], kept: list[int]) -> None:
    body = bytes(range(200))
    changes = ua.ExtensionObject(TypeId=CHANGES.TypeId, Body=body)
    statuses = [ua.StatusCode(one) for one in results]
    result = ua.PublishResult(78, kept, False, ua.NotificationMessage(3, NOW, [changes]))
    whole, _ = chunks(publish_response(result, statuses, 42, NOW), 8192, CHANNEL, TOKEN, 98, 5)
    before, after = around_changes(len(body), Place(CHANNEL, TOKEN, 99, 5, 42), 78, kept, ticks_of(NOW), statuses)
    assert before + body + after == whole
    told = Told(3, ticks_of(NOW), whole, slice(len(before), len(before) + len(body)))
    assert told.NotificationMessage == result.NotificationMessage


# ---------------------------------------------------------------------- over the wire


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(synthetic: Any, opcua_server: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def console(server: Any, connect: Any) -> AsyncIterator[Any]:
    async with connect(server.endpoint) as found:
        yield found


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The publish requests that were read here."""
    found: list[bytes] = []
    take = Processor.take_publish

    def counted(self: Processor, data: bytes) -> bool:
        is_taken = take(self, data)
        if is_taken:
            found.append(data)
        return is_taken

    monkeypatch.setattr(Processor, "take_publish", counted)
    return found


class Publishing:
    """Publish requests of one session, as bytes that are sent in the pieces that a test likes."""

    def __init__(self, console: Any) -> None:
        self.protocol = console.client.uaclient.protocol

    def message(self, *acknowledged: tuple[int, int]) -> tuple[bytes, asyncio.Future[Any]]:
        asked = ua.PublishRequest()
        asked.RequestHeader.AuthenticationToken = self.protocol.authentication_token
        asked.Parameters = ua.PublishParameters([ua.SubscriptionAcknowledgement(*one) for one in acknowledged])
        self.protocol._request_id += 1
        answer = asyncio.get_running_loop().create_future()
        self.protocol._callbackmap[self.protocol._request_id] = answer
        data = self.protocol._connection.message_to_binary(
            struct_to_binary(asked), request_id=self.protocol._request_id
        )
        return data, answer

    async def answered(self, answer: asyncio.Future[Any]) -> Any:
        async with asyncio.timeout(10.0):
            return struct_from_binary(ua.PublishResponse, await answer)

    async def send(self, *acknowledged: tuple[int, int]) -> Any:
        data, answer = self.message(*acknowledged)
        self.protocol.transport.write(data)
        return await self.answered(answer)


async def subscription(console: Any, interval_ms: float) -> int:
    asked = ua.CreateSubscriptionRequest()
    asked.Parameters = ua.CreateSubscriptionParameters(interval_ms, 3000, 1, 0, True, 0)
    answer = await console.client.uaclient.protocol.send_request(asked)
    return int(struct_from_binary(ua.CreateSubscriptionResponse, answer).Parameters.SubscriptionId)


@pytest.mark.asyncio(loop_scope="module")
async def test_requests_are_answered_whole_in_pieces_and_together(console: Any, taken: list[bytes]) -> None:
    number = await subscription(console, 50.0)
    publishing = Publishing(console)
    await publishing.send()  # of which the library reads whose they are
    assert not taken
    first, second, third = (publishing.message((number, 999)), publishing.message((1, 1)), publishing.message())
    publishing.protocol.transport.write(first[0] + second[0] + third[0])
    results = [(await publishing.answered(answer)).Parameters.Results for _, answer in (first, second, third)]
    assert [[one.name for one in part] for part in results] == [
        ["BadSequenceNumberUnknown"],
        ["BadSubscriptionIdInvalid"],
        [],
    ]
    assert taken
    data, answer = publishing.message()
    publishing.protocol.transport.write(data[:50])
    await asyncio.sleep(0)
    publishing.protocol.transport.write(data[50:])
    assert (await publishing.answered(answer)).Parameters.SubscriptionId == number


@pytest.mark.asyncio(loop_scope="module")
async def test_changes_that_are_told_at_once_are_told_again_as_they_were(
    console: Any, synthetic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []
    tell = Subscription._tell_changes

    def counted(self: Subscription) -> bool:
        number = self._notification_seq
        is_told = tell(self)
        if is_told:
            at_once.append(number)
        return is_told

    monkeypatch.setattr(Subscription, "_tell_changes", counted)
    number = await subscription(console, 50.0)
    item = ua.MonitoredItemCreateRequest(
        ua.ReadValueId(console.id("TIC-201.PV"), ua.AttributeIds.Value), ua.MonitoringMode.Reporting
    )
    await console.client.uaclient.create_monitored_items(
        ua.CreateMonitoredItemsParameters(number, ua.TimestampsToReturn.Both, [item])
    )
    publishing = Publishing(console)
    told: dict[int, Any] = {}
    value = 60.0
    async with asyncio.timeout(20.0):
        while not set(at_once) & told.keys():
            data, answer = publishing.message()
            publishing.protocol.transport.write(data)
            while not answer.done():
                value += 0.25
                await asyncio.to_thread(synthetic.show, {"TIC-201.PV": value})
                await asyncio.sleep(0.01)
            message = (await publishing.answered(answer)).Parameters.NotificationMessage
            if message.NotificationData:
                told[message.SequenceNumber] = message
    assert list(told) == list(range(1, len(told) + 1))
    for sequence, message in told.items():
        again = ua.RepublishRequest()
        again.Parameters = ua.RepublishParameters(number, sequence)
        answer = await console.client.uaclient.protocol.send_request(again)
        assert struct_from_binary(ua.RepublishResponse, answer).NotificationMessage == message
    changes = [one for message in told.values() for one in message.NotificationData[0].MonitoredItems]
    values = [one.Value.Value.Value for one in changes]
    assert values == sorted(values)
    assert values[-1] <= value


@pytest.mark.asyncio(loop_scope="module")
async def test_a_request_too_many_answers_the_oldest(console: Any, taken: list[bytes]) -> None:
    await subscription(console, 3_600_000.0)
    publishing = Publishing(console)
    await publishing.send()  # what it begins with
    messages = [publishing.message() for _ in range(30)]
    publishing.protocol.transport.write(b"".join(data for data, _ in messages))
    async with asyncio.timeout(10.0):
        answer = await asyncio.shield(messages[0][1])
    fault = struct_from_binary(ua.ServiceFault, answer)
    assert fault.ResponseHeader.ServiceResult.name == "BadTooManyPublishRequests"
    assert taken


def cut_off(console: Any) -> bytes:
    """A ReadRequest without its end."""
    asked = ua.ReadRequest()
    asked.RequestHeader.AuthenticationToken = console.client.uaclient.protocol.authentication_token
    asked.Parameters.NodesToRead = [ua.ReadValueId(console.id("TIC-201.PV"), ua.AttributeIds.Value)]
    return bytes(struct_to_binary(asked)[:-10])


def backwards(console: Any) -> bytes:
    """A HistoryReadRequest with a text whose length is below zero: a way back to what has been read."""
    asked = ua.HistoryReadRequest()
    asked.RequestHeader.AuthenticationToken = console.client.uaclient.protocol.authentication_token
    clause = ua.SimpleAttributeOperand(ua.NodeId(ua.ObjectIds.BaseEventType), [ua.QualifiedName("Severity")], 13)
    asked.Parameters.HistoryReadDetails = ua.ReadEventDetails(5, NOW, NOW, ua.EventFilter([clause] * 2))
    asked.Parameters.NodesToRead = [ua.HistoryReadValueId(ua.NodeId(ua.ObjectIds.Server))]
    body = bytes(struct_to_binary(asked))
    name = pack("<i", 8) + b"Severity"
    return body.replace(name, pack("<i", -256) + b"Severity", 1)


def of_nulls(console: Any) -> bytes:
    """A WriteRequest of two thousand million nulls, which take no bytes."""
    asked = ua.WriteRequest()
    asked.RequestHeader.AuthenticationToken = console.client.uaclient.protocol.authentication_token
    value = ua.DataValue(ua.Variant([7, 7], ua.VariantType.Int32))
    asked.Parameters.NodesToWrite = [ua.WriteValue(console.id("TIC-201.SP"), ua.AttributeIds.Value, None, value)]
    body = bytes(struct_to_binary(asked))
    array = b"\x86" + pack("<i", 2)
    return body.replace(array, b"\x80" + pack("<i", 2**31 - 1), 1)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("encoded", [cut_off, backwards, of_nulls])
async def test_a_request_that_cannot_be_read_is_answered_so(
    console: Any, caplog: pytest.LogCaptureFixture, encoded: Callable[[Any], bytes]
) -> None:
    protocol = console.client.uaclient.protocol
    body = encoded(console)
    protocol._request_id += 1
    answer = protocol._callbackmap[protocol._request_id] = asyncio.get_running_loop().create_future()
    protocol.transport.write(protocol._connection.message_to_binary(body, request_id=protocol._request_id))
    async with asyncio.timeout(10.0):
        fault = struct_from_binary(ua.ServiceFault, await answer)
    assert fault.ResponseHeader.ServiceResult.name == "BadDecodingError"
    assert await console.value("TIC-201.PV") is not None  # the session goes on
    assert not [one for one in caplog.records if one.name.startswith("asyncua.server") and one.levelname == "ERROR"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("at", "part", "status"),
    [
        (0, b"XXX", "BadSecurityChecksFailed"),
        (8, b"\xff\xff", "BadSecurityChecksFailed"),
        (16, b"\xff\xff", "BadSecurityChecksFailed"),
        (24, b"\x3f", "BadDecodingError"),
        (4, b"\xff\xff\xff\x7f", "BadTcpMessageTooLarge"),
    ],
)
async def test_what_is_no_message_ends_the_connection(
    server: Any, connect: Any, at: int, part: bytes, status: str
) -> None:
    """message type, channel, sequence number, type of the request, size"""
    host, port = server.endpoint.removeprefix("opc.tcp://").partition("/")[0].rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    made = connection()
    hello = ua.Hello(0, 65535, 65535, 0, 0, server.endpoint)
    writer.write(uatcp_to_binary(ua.MessageType.Hello, hello))
    opening = ua.OpenSecureChannelRequest()
    opening.Parameters.SecurityMode = ua.MessageSecurityMode.None_
    opening.Parameters.RequestedLifetime = 60_000
    writer.write(made.message_to_binary(struct_to_binary(opening), ua.MessageType.SecureOpen, 1))
    await reader.readexactly(28)
    opened = await reader.readexactly(int.from_bytes((await reader.readexactly(8))[4:], "little") - 8)
    made.security_token.ChannelId = int.from_bytes(opened[:4], "little")
    data = bytearray(made.message_to_binary(struct_to_binary(ua.GetEndpointsRequest()), request_id=2))
    data[at : at + len(part)] = part
    writer.write(data)
    async with asyncio.timeout(10.0):
        error = await reader.read()
    assert error[:3] == b"ERR"
    assert ua.StatusCode(int.from_bytes(error[8:12], "little")).name == status
    writer.close()
