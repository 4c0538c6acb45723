"""Publish requests and their answers as bytes: what a client that watches something exchanges ten times a second.

The library makes a tree of objects of each message, from annotations of types, and takes longer for that than for a
thousand values. Any message that is not of the plain form here is left to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct, pack
from typing import NamedTuple

from asyncua import ua
from asyncua.ua.ua_binary import extensionobject_to_binary

from plantsim.serve.opcua_records import ticks_of

_HEAD = Struct("<4sIIIII4s")
"""Message and chunk type, size, channel, token, sequence number, request id; type of the request."""
_TAIL = Struct("<QIIiI3si")
"""Timestamp, handle, diagnostics, audit entry, timeout, additional header; count of acknowledgements."""
_ACKNOWLEDGEMENT = Struct("<II")
_SINGLE, _PART = b"MSGF", b"MSGC"
_PUBLISH = b"\x01\x00\x3a\x03"
_ANSWER = "<4sQII8sI i{}I? Iqi"
"""Type of the answer; timestamp, handle, result, no diagnostics, no texts, no additional header; subscription.

Count and numbers of the messages that are kept, and whether there is more; number, time and parts of this one.
"""
_ANSWER_TYPE = b"\x01\x00\x3d\x03"
_NOTHING = b"\x00" * 8
_NO_TEXT = (-1, 0)
_NO_HEADER = b"\x00" * 3
_CHANGES = b"\x01\x00\x2b\x03\x01"
"""Type of a DataChangeNotification, and that its body is bytes."""
_CHANGES_ID = ua.NodeId(ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary)
_CHUNK = Struct("<4sIIIII")
_TOLD = f"{_CHUNK.format}{_ANSWER.removeprefix('<')}5si"
"""All of a message in one chunk up to the changes that it tells: head of the chunk, answer, type and size of these."""
MOST_ACKNOWLEDGEMENTS = 1000
"""Of one request that is read here."""


class PublishRequest(NamedTuple):
    """One request; has the fields of asyncua's two headers that an answer needs.

    acknowledged: subscriptions and sequence numbers.
    """

    SequenceNumber: int
    RequestId: int
    RequestHandle: int
    TimeoutHint: int
    acknowledged: tuple[tuple[int, int], ...]


def publish_request(data: bytes, channel: int, token: int, session: bytes) -> PublishRequest | None:
    """The request that a message of an unencrypted channel is; None where it is no plain one.

    session: the encoded authentication token.
    """
    tail = _HEAD.size + len(session)
    if len(data) < tail + _TAIL.size:
        return None
    kind, size, of_channel, of_token, number, request, type_ = _HEAD.unpack_from(data)
    if (
        kind != _SINGLE
        or type_ != _PUBLISH
        or size != len(data)
        or of_channel != channel
        or of_token != token
        or data[_HEAD.size : tail] != session
    ):
        return None
    _, handle, diagnostics, audit, timeout, additional, count = _TAIL.unpack_from(data, tail)
    audited, count = audit not in _NO_TEXT, 0 if count == -1 else count
    begin = tail + _TAIL.size
    if (
        diagnostics
        or audited
        or additional != _NO_HEADER
        or not 0 <= count <= MOST_ACKNOWLEDGEMENTS
        or len(data) != begin + count * _ACKNOWLEDGEMENT.size
    ):
        return None
    acknowledged = tuple(_ACKNOWLEDGEMENT.iter_unpack(data[begin:]))
    return PublishRequest(number, request, handle, timeout, acknowledged)


def publish_response(
    result: ua.PublishResult, results: Sequence[ua.StatusCode], handle: int, now: datetime | None = None
) -> list[bytes]:
    """The body of an answer, in parts.

    results: of the request's acknowledgements. handle: the request's. now: by default now.
    """
    message = result.NotificationMessage
    numbers = result.AvailableSequenceNumbers
    moment = ticks_of(datetime.now(UTC) if now is None else now)
    head = (_ANSWER_TYPE, moment, handle, 0, _NOTHING, result.SubscriptionId, len(numbers), *numbers)
    told = (message.SequenceNumber, ticks_of(message.PublishTime), len(message.NotificationData))
    parts = [pack(_ANSWER.format(len(numbers)), *head, result.MoreNotifications, *told)]
    for one in message.NotificationData:
        if isinstance(one, ua.ExtensionObject) and one.TypeId == _CHANGES_ID and one.Body is not None:
            parts += (_CHANGES, pack("<i", len(one.Body)), one.Body)
        else:
            parts.append(extensionobject_to_binary(one))
    parts.append(pack(f"<i{len(results)}Ii", len(results), *(one.value for one in results), 0))
    return parts


class Place(NamedTuple):
    """Where a message goes, in an unencrypted channel. number: of its chunk. request, handle: of what it answers."""

    channel: int
    token: int
    number: int
    request: int
    handle: int


def around_changes(
    size: int,
    place: Place,
    subscription: int,
    kept: Sequence[int],
    moment: int,
    results: Sequence[ua.StatusCode],
) -> tuple[bytes, bytes]:
    """What comes before and after an encoded DataChangeNotification that is all that a message tells.

    It is the message of ``publish_response`` in the one chunk of ``chunks``. size: bytes of the notification. kept:
    sequence numbers of the messages that are kept, this one the last. moment: on the wire. results: of the
    acknowledgements.
    """
    count = len(results)
    told = _told(len(kept))
    after = _results(count).pack(count, *[one.value for one in results], 0)
    channel, token, number, request, handle = place
    before = told.pack(
        _SINGLE, told.size + size + len(after), channel, token, number, request,
        _ANSWER_TYPE, moment, handle, 0, _NOTHING, subscription, len(kept), *kept, False,
        kept[-1], moment, 1, _CHANGES, size,
    )  # fmt: skip
    return before, after


@lru_cache(maxsize=16)
def _told(kept: int) -> Struct:
    return Struct(_TOLD.format(kept))


@lru_cache(maxsize=16)
def _results(count: int) -> Struct:
    return Struct(f"<i{count}Ii")


def next_number(number: int) -> int:
    """The sequence number of a chunk after another one."""
    return number + 1 if number < 2**32 - 1 else 1


def chunks(
    body: Sequence[bytes], largest: int, channel: int, token: int, number: int, request: int
) -> tuple[bytes, int]:
    """A message of an unencrypted channel in chunks of so many bytes at most, and the sequence number of the last one.

    body: in parts. number: of the message before.
    """
    room, size = largest - _CHUNK.size, sum(map(len, body))
    if size <= room:
        number = next_number(number)
        return b"".join((_CHUNK.pack(_SINGLE, size + _CHUNK.size, channel, token, number, request), *body)), number
    parts: list[bytes | memoryview] = []
    view = memoryview(b"".join(body))
    for begin in range(0, size, room):
        part = view[begin : begin + room]
        number = next_number(number)
        kind = _SINGLE if begin + room >= size else _PART
        parts += (_CHUNK.pack(kind, len(part) + _CHUNK.size, channel, token, number, request), part)
    return b"".join(parts), number
