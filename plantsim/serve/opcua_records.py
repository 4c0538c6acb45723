"""What is told of a Double, as it is on the wire: one record per value, made from the image by the thousand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from asyncua import ua
from numpy.lib.recfunctions import repack_fields
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
ALL = 0x0F
"""The mask of a DataValue that has everything."""
_SOURCE_TIME, _SERVER_TIME, _DOUBLE = 0x04, 0x08, 11
_LEFT_OUT = {
    ua.TimestampsToReturn.Both: 0,
    ua.TimestampsToReturn.Source: _SERVER_TIME,
    ua.TimestampsToReturn.Server: _SOURCE_TIME,
    ua.TimestampsToReturn.Neither: _SOURCE_TIME | _SERVER_TIME,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS_PER_US = 10
_TICKS_TO_1970 = 116_444_736_000_000_000

Places = NDArray[np.intp]
Records = NDArray[np.void]


Masks = int | NDArray[np.uint8]
"""What is wanted of each DataValue, or of all of them alike."""


def mask_of(wanted: ua.TimestampsToReturn) -> int:
    """The mask of DataValues with these times."""
    return ALL & ~_LEFT_OUT[wanted]


def records_of(image: ProcessImage, rows: Places, masks: Masks = ALL) -> tuple[Records, bool]:
    """Records of rows of an image, and whether all are plain; handle and server time are still to come.

    Plain is what has a value and both times, as nearly everything always does: its bytes are those on the wire.
    """
    value, status, time = image.value.take(rows), image.status.take(rows), image.time.take(rows)
    records = np.empty(len(value), RECORD)
    records["value"] = value
    records["status"] = status
    good, timed = (status & BAD) == 0, (time >= 0.0) & (time < LATEST)
    plain = bool(np.all(masks == ALL) and good.all() and timed.all())
    if plain:
        records["mask"], records["type"] = ALL, _DOUBLE
        records["source"] = ticks(time[:1])
        if (other := time != time[:1]).any():  # most are of one scan
            records["source"][other] = ticks(time[other])
    else:
        wanted = np.asarray(masks, np.uint8)
        records["mask"] = np.where(timed, wanted, wanted & ~np.uint8(_SOURCE_TIME))
        records["type"] = np.where(good, _DOUBLE, 0)
        records["source"] = ticks(np.where(timed, time, 0.0))
    return records, plain


def message_of(
    image: ProcessImage,
    rows: Places,
    handles: NDArray[np.uint32],
    now: datetime,
    mask: int = ALL,
    around: tuple[bytes, bytes] = (b"", b""),
) -> bytes | None:
    """An encoded DataChangeNotification of rows of an image; None where not all have a value, and the times wanted.

    handles: row by row. around: bytes that are put before and after it.
    """
    times = bool(mask & _SOURCE_TIME), bool(mask & _SERVER_TIME)
    columns = image.value, image.status, image.time, rows, handles
    return _rows.lay(*columns, ticks_of(now), mask, _DOUBLE, BAD, LATEST, *times, *around)


def size_of(count: int, mask: int = ALL) -> int:
    """Bytes of what ``message_of`` makes of so many rows."""
    left_out = bool(~mask & _SOURCE_TIME) + bool(~mask & _SERVER_TIME)
    return 8 + count * (RECORD.itemsize - 8 * left_out)


def encoded(records: Records) -> bytes:
    """Records one after another on the wire, of which some may not be plain."""
    # runs of one form, for the values of one item keep their order
    forms = records["mask"].astype(np.uint16) << 8 | records["type"]
    bounds = [0, *(np.flatnonzero(forms[1:] != forms[:-1]) + 1).tolist(), len(records)]
    return b"".join(_alike(records[begin:end]) for begin, end in pairwise(bounds) if end > begin)


def _alike(records: Records) -> bytes:
    """Those of one form on the wire: what is Bad has no value, and what has no time, or nobody wants, is left out."""
    mask, left_out = int(records["mask"][0]), set()
    if records["type"][0] != _DOUBLE:
        left_out.add("value")
    if not mask & _SOURCE_TIME:
        left_out.add("source")
    if not mask & _SERVER_TIME:
        left_out.add("server")
    assert RECORD.names is not None
    names = [name for name in RECORD.names if name not in left_out]
    return repack_fields(records[names]).tobytes() if left_out else records.tobytes()


def notification(record: np.void) -> ua.MonitoredItemNotification:
    """A record as asyncua has it."""
    bad = record["type"] != _DOUBLE
    value = ua.Variant(None, ua.VariantType.Null) if bad else ua.Variant(float(record["value"]), ua.VariantType.Double)
    return ua.MonitoredItemNotification(
        int(record["handle"]),
        ua.DataValue(
            value,
            ua.StatusCode(int(record["status"])),
            moment_of(int(record["source"])) if record["mask"] & _SOURCE_TIME else None,
            moment_of(int(record["server"])) if record["mask"] & _SERVER_TIME else None,
        ),
    )


def moment_of(ticks: int) -> datetime:
    """The time that is on the wire so."""
    return _EPOCH + timedelta(microseconds=(ticks - _TICKS_TO_1970) // _TICKS_PER_US)


def ticks(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Times on the wire, of seconds since 1970: rounded to whole microseconds, as a datetime rounds them."""
    whole = np.floor(seconds)
    microseconds = whole.astype(np.int64) * 1_000_000 + np.rint((seconds - whole) * 1e6).astype(np.int64)
    return microseconds * _TICKS_PER_US + _TICKS_TO_1970


def ticks_of(now: datetime) -> int:
    """A time on the wire: 100 ns since 1601."""
    since = now - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * _TICKS_PER_US + _TICKS_TO_1970
