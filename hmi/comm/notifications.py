"""Publish responses read as they are on the wire: of changed numbers only what a display needs.

Part 6, 5.2.2.17 (DataValue), and Part 4, 7.25.2 (DataChangeNotification). What is no number, boolean or time, and all
else of a response, asyncua reads: an object for each field of each value was a third of what a display cost.
"""

from __future__ import annotations

import math
from struct import Struct
from typing import Any, NamedTuple

from asyncua import ua
from asyncua.client.ua_client import UaClient
from asyncua.client.ua_session import UaSession
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import (
    extensionobject_from_binary,
    nodeid_from_binary,
    struct_from_binary,
    variant_from_binary,
)
from asyncua.ua.uaerrors import UaStructParsingError

_SCALARS = {
    1: Struct("<?"), 2: Struct("<b"), 3: Struct("<B"), 4: Struct("<h"), 5: Struct("<H"), 6: Struct("<i"),
    7: Struct("<I"), 8: Struct("<q"), 9: Struct("<Q"), 10: Struct("<f"), 11: Struct("<d"),
}  # fmt: skip
"""Layout of each built-in type that is a number, by its number (Part 6, table 1)."""
_TIME = 13
_HEAD, _COUNT, _STATUS, _TICKS, _LENGTH = (Struct(f"<{code}") for code in ("IB", "i", "I", "q", "i"))
_EPOCH = 116_444_736_000_000_000
"""Ticks of 100 ns from 1601, from which OPC UA counts, to 1970."""
_LAST = 2_650_467_743_990_000_000
"""Ticks of the last moment that there is (Part 6, 5.2.2.5)."""
_VALUE, _STATE, _SOURCE, _SERVER, _SOURCE_PS, _SERVER_PS = (1 << bit for bit in (0, 1, 2, 3, 4, 5))
"""Bits of a DataValue's mask."""
_CHANGES = ua.NodeId(ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary)


class Change(NamedTuple):
    """One changed value: the item's handle, the value or None, its status code, and its source time (s since 1970)."""

    handle: int
    value: Any
    status: int
    time: float


class Changes(list[Change]):
    """What a DataChangeNotification tells."""


class Session(UaSession):
    """As asyncua's, but that data change notifications come as Changes."""

    async def publish(self, acks: list[ua.SubscriptionAcknowledgement]) -> ua.PublishResponse:
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = acks
        data = await self._send_request(request, timeout=0)
        try:
            return _response(data)
        except Exception as error:  # whatever a server may send
            self.logger.exception("a publish response that cannot be read")
            raise UaStructParsingError from error


def quick(client: UaClient) -> None:
    """Have a client, before it connects, read its publish responses so."""
    client.session = Session(client)


def _response(data: Buffer) -> ua.PublishResponse:
    response = ua.PublishResponse()
    nodeid_from_binary(data)
    response.ResponseHeader = struct_from_binary(ua.ResponseHeader, data)
    result = response.Parameters
    (result.SubscriptionId,) = _STATUS.unpack(data.read(4))
    data.skip(4 * max(0, *_COUNT.unpack(data.read(4))))  # numbers to be had again
    (result.MoreNotifications,) = _SCALARS[1].unpack(data.read(1))
    message = result.NotificationMessage
    (message.SequenceNumber,) = _STATUS.unpack(data.read(4))
    data.skip(8)  # when it was published
    (count,) = _COUNT.unpack(data.read(4))
    message.NotificationData = [_notification(data) for _ in range(max(0, count))]
    return response


def _notification(data: Buffer) -> Any:
    ahead = data.copy()
    if nodeid_from_binary(ahead) != _CHANGES:
        return extensionobject_from_binary(data)
    ahead.skip(1)  # the body is a byte string
    (length,) = _LENGTH.unpack(ahead.read(4))
    # some servers say no length
    found, end = changes(ahead.copy().read(length if length >= 0 else len(ahead)))
    ahead.skip(length if length >= 0 else end)
    data.skip(len(data) - len(ahead))
    return found


def changes(body: bytes) -> tuple[Changes, int]:
    """The values of a DataChangeNotification's body, and where they end. struct.error or IndexError where it is cut."""
    (count,) = _COUNT.unpack_from(body)
    at = _COUNT.size
    found = Changes()
    for _ in range(count):
        handle, mask = _HEAD.unpack_from(body, at)
        at += _HEAD.size
        value: Any = None
        if mask & _VALUE:
            kind = body[at]
            scalar = _SCALARS.get(kind)
            if scalar is not None:
                (value,) = scalar.unpack_from(body, at + 1)
                at += 1 + scalar.size
            elif kind == _TIME:
                value = _seconds(*_TICKS.unpack_from(body, at + 1))
                at += 1 + _TICKS.size
            else:
                value, at = _other(body, at)
        status = 0
        if mask & _STATE:
            (status,) = _STATUS.unpack_from(body, at)
            at += _STATUS.size
        time = math.nan
        if mask & _SOURCE:
            time = _seconds(*_TICKS.unpack_from(body, at))
            at += _TICKS.size
        at += (8 if mask & _SERVER else 0) + (2 if mask & _SOURCE_PS else 0) + (2 if mask & _SERVER_PS else 0)
        found.append(Change(handle, value, status, time))
    (diagnostics,) = _COUNT.unpack_from(body, at)
    if diagnostics > 0:
        raise ValueError("diagnostics, which nobody asked for")
    return found, at + _COUNT.size


def _other(body: bytes, at: int) -> tuple[Any, int]:
    """A text, an array or a structure, and where it ends."""
    buffer = Buffer(body, at)
    value = variant_from_binary(buffer).Value
    return value.Text if isinstance(value, ua.LocalizedText) else value, buffer.cur_pos


def _seconds(ticks: int) -> float:
    """Seconds since 1970 of a DateTime, 100 ns since 1601; nan where it says no time."""
    return (min(ticks, _LAST) - _EPOCH) / 1e7 if ticks > 0 else math.nan
