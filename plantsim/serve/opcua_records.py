"""What is told of a Double, as it is on the wire: one record per value, made from the image by the thousand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from struct import pack

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from plantsim.engine.image import BAD, ProcessImage
from plantsim.serve import _rows

LATEST = 2.5e11
"""s since 1970 in the year 9892: a datetime, which the other items' times go through, ends soon after."""

RECORD = np.dtype(
    [
        ("handle", "<u4"),
        ("mask", "u1"),
        ("type", "u1"),
        ("value", "<f8"),
        ("status", "<u4"),
        ("source", "<i8"),
        ("server", "<i8"),
    ]
)
"""A MonitoredItemNotification with value, status and both times on the wire (OPC 10000-6, 5.2.2.17)."""
_ALL, _SOURCE_TIME, _DOUBLE = 0x0F, 0x04, 11
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS_PER_US = 10
_TICKS_TO_1970 = 116_444_736_000_000_000

Places = NDArray[np.intp]
Records = NDArray[np.void]


def records_of(image: ProcessImage, rows: Places) -> tuple[Records, bool]:
    """Records of rows of an image, and whether all are plain; handle and server time are still to come.

    Plain is what has a value and both times, as nearly everything always does: its bytes are those on the wire.
    """
    value, status, time = image.value.take(rows), image.status.take(rows), image.time.take(rows)
    records = np.empty(len(value), RECORD)
    records["value"] = value
    records["status"] = status
    good, timed = (status & BAD) == 0, (time >= 0.0) & (time < LATEST)
    plain = bool(good.all() and timed.all())
    if plain:
        records["mask"], records["type"] = _ALL, _DOUBLE
        records["source"] = ticks(time[:1])
        if (other := time != time[:1]).any():  # most are of one scan
            records["source"][other] = ticks(time[other])
    else:
        records["mask"] = np.where(timed, _ALL, _ALL & ~_SOURCE_TIME)
        records["type"] = np.where(good, _DOUBLE, 0)
        records["source"] = ticks(np.where(timed, time, 0.0))
    return records, plain


def message_of(image: ProcessImage, rows: Places, handles: NDArray[np.uint32], now: datetime) -> bytes | None:
    """An encoded DataChangeNotification of rows of an image; None where not all are plain. handles: row by row."""
    return _rows.lay(image.value, image.status, image.time, rows, handles, ticks_of(now), _ALL, _DOUBLE, BAD, LATEST)


def encoded(records: Records) -> bytes:
    """Records one after another on the wire, of which some may not be plain."""
    plain = (records["type"] == _DOUBLE) & (records["mask"] == _ALL)
    # runs between those that are shorter, for the values of one item keep their order
    parts: list[bytes] = []
    begin = 0
    for at in np.flatnonzero(~plain).tolist():
        parts += [records[begin:at].tobytes(), _short(records[at])]
        begin = at + 1
    return b"".join((*parts, records[begin:].tobytes()))


def _short(record: np.void) -> bytes:
    """One that leaves something out: what is Bad has no value, and what has no time none."""
    short = pack("<IBB", record["handle"], record["mask"], record["type"])
    if record["type"] == _DOUBLE:
        short += pack("<d", record["value"])
    short += pack("<I", record["status"])
    if record["mask"] & _SOURCE_TIME:
        short += pack("<q", record["source"])
    return short + pack("<q", record["server"])


def notification(record: np.void) -> ua.MonitoredItemNotification:
    """A record as asyncua has it."""
    bad = record["type"] != _DOUBLE
    value = ua.Variant(None, ua.VariantType.Null) if bad else ua.Variant(float(record["value"]), ua.VariantType.Double)
    return ua.MonitoredItemNotification(
        int(record["handle"]),
        ua.DataValue(
            value,
            ua.StatusCode(int(record["status"])),
            _moment(record["source"]) if record["mask"] & _SOURCE_TIME else None,
            _moment(record["server"]),
        ),
    )


def _moment(ticks: np.int64) -> datetime:
    return _EPOCH + timedelta(microseconds=(int(ticks) - _TICKS_TO_1970) // _TICKS_PER_US)


def ticks(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Times on the wire, of seconds since 1970: rounded to whole microseconds, as a datetime rounds them."""
    whole = np.floor(seconds)
    microseconds = whole.astype(np.int64) * 1_000_000 + np.rint((seconds - whole) * 1e6).astype(np.int64)
    return microseconds * _TICKS_PER_US + _TICKS_TO_1970


def ticks_of(now: datetime) -> int:
    """A time on the wire: 100 ns since 1601."""
    since = now - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * _TICKS_PER_US + _TICKS_TO_1970
