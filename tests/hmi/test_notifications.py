"""Publish responses as the display reads them, against asyncua's own reading of the same bytes."""

from __future__ import annotations

import math
import struct
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from hmi.comm import notifications
from hmi.comm.notifications import Changes, changes
from hmi.format import clock

T = ua.VariantType
UTC_TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1))
NUMBERS: dict[ua.VariantType, st.SearchStrategy[Any]] = {
    T.Boolean: st.booleans(),
    T.SByte: st.integers(-128, 127),
    T.Byte: st.integers(0, 255),
    T.Int16: st.integers(-(2**15), 2**15 - 1),
    T.UInt16: st.integers(0, 2**16 - 1),
    T.Int32: st.integers(-(2**31), 2**31 - 1),
    T.UInt32: st.integers(0, 2**32 - 1),
    T.Int64: st.integers(-(2**63), 2**63 - 1),
    T.UInt64: st.integers(0, 2**64 - 1),
    T.Float: st.floats(width=32),
    T.Double: st.floats(),
    T.DateTime: UTC_TIMES,
    T.String: st.none() | st.text(),
    T.LocalizedText: st.text().map(lambda text: ua.LocalizedText(text, "en")),
}


@st.composite
def variants(draw: st.DrawFn) -> ua.Variant:
    kind = draw(st.sampled_from(sorted(NUMBERS, key=int)))
    if draw(st.integers(0, 5)) == 0 and kind not in (T.DateTime, T.LocalizedText):
        return ua.Variant(draw(st.lists(NUMBERS[kind], max_size=5)), kind, is_array=True)
    return ua.Variant(draw(NUMBERS[kind]), kind)


@st.composite
def items(draw: st.DrawFn) -> ua.MonitoredItemNotification:
    value = ua.DataValue(
        draw(variants()),
        draw(st.none() | st.sampled_from([0, 0x80310000, 0x40000000]).map(ua.StatusCode)),
        draw(st.none() | UTC_TIMES),
        draw(st.none() | UTC_TIMES),
    )
    return ua.MonitoredItemNotification(draw(st.integers(0, 2**32 - 1)), value)


def seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()


def plain(variant: ua.Variant) -> Any:
    value = variant.Value
    if isinstance(value, ua.LocalizedText):
        return value.Text
    return seconds(value) if isinstance(value, datetime) else value


def same(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == pytest.approx(other, abs=2e-6) if isinstance(one, float) else one == other)


def published(*notifications: Any) -> bytes:
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = 7
    response.Parameters.AvailableSequenceNumbers = [3, 4, 5]
    response.Parameters.NotificationMessage.SequenceNumber = 5
    response.Parameters.NotificationMessage.PublishTime = datetime(2026, 1, 1)
    response.Parameters.NotificationMessage.NotificationData = list(notifications)
    return bytes(struct_to_binary(response))


@given(st.lists(items(), max_size=8))
def test_it_reads_what_asyncua_reads(told: list[ua.MonitoredItemNotification]) -> None:
    data = published(ua.DataChangeNotification(told))
    theirs = struct_from_binary(ua.PublishResponse, Buffer(data)).Parameters
    ours = notifications._response(Buffer(data)).Parameters
    assert (ours.SubscriptionId, ours.NotificationMessage.SequenceNumber) == (7, 5)
    (found,) = ours.NotificationMessage.NotificationData
    assert isinstance(found, Changes)
    for change, item in zip(found, theirs.NotificationMessage.NotificationData[0].MonitoredItems, strict=True):
        value = item.Value
        assert change.handle == item.ClientHandle
        assert same(plain(value.Value), change.value)
        assert change.status == (value.StatusCode.value if value.StatusCode is not None else 0)
        moment = value.SourceTimestamp
        assert math.isnan(change.time) if moment is None else same(seconds(moment), change.time)


def test_what_is_no_data_change_stays_as_it_is_between_those_that_are() -> None:
    ended = ua.StatusChangeNotification(Status=ua.StatusCode(ua.StatusCodes.BadTimeout))
    one = ua.MonitoredItemNotification(1, ua.DataValue(ua.Variant(2.5, T.Double)))
    message = notifications._response(
        Buffer(published(ua.DataChangeNotification([one]), ended, ua.DataChangeNotification([one])))
    ).Parameters.NotificationMessage
    first, between, last = message.NotificationData
    assert first == last == [(1, 2.5, 0, pytest.approx(math.nan, nan_ok=True))]
    assert between.Status.value == ua.StatusCodes.BadTimeout


def test_a_body_whose_length_is_not_said_ends_where_its_values_do() -> None:
    ended = ua.StatusChangeNotification(Status=ua.StatusCode(ua.StatusCodes.BadTimeout))
    one = ua.MonitoredItemNotification(1, ua.DataValue(ua.Variant(2.5, T.Double)))
    data = published(ua.DataChangeNotification([one]), ended)
    body = struct_to_binary(ua.DataChangeNotification([one]))
    at = data.index(body) - 4
    message = notifications._response(Buffer(data[:at] + b"\xff" * 4 + data[at + 4 :])).Parameters.NotificationMessage
    assert [change.value for change in message.NotificationData[0]] == [2.5]
    assert message.NotificationData[1].Status.value == ua.StatusCodes.BadTimeout


def test_the_last_moment_is_one_that_can_be_shown() -> None:
    """Whatever a server may take for the end of all time."""
    assert clock(notifications._seconds(2**63 - 1)) == "23:59:59"
    assert math.isnan(notifications._seconds(0))


@given(st.binary(max_size=200))
def test_rubbish_is_refused_by_an_error_that_the_session_catches(body: bytes) -> None:
    with suppress(struct.error, IndexError, ua.UaError, ValueError):
        changes(body)
