"""Monitored doubles of one subscription, column by column: sampled, queued and encoded by the thousand.

A notification of its own for every value of every subscriber costs many times what its bytes do. Here what changed with
an image is taken in one pass over arrays, in the form that it has on the wire, and a message is those bytes one after
another. That is for the items that clients have by the thousand: all changes of a Double, oldest discarded first. The
others, and those that are modified, are asyncua's (``opcua_items.MonitoredItems``).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from struct import pack

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from plantsim.engine.image import BAD, ProcessImage
from plantsim.serve.opcua_table import LiveTable

OVERFLOW = 0x00000480
"""Info type DataValue with its overflow bit (OPC 10000-4, 7.39.1)."""
MOST_CHUNKS = 64
"""Samples that wait, after which they are put together and their queues shortened."""

MOST = 2**31 - 1
"""Values of a message where nobody sets a limit."""
EARLY = 0.05
"""s that a sample may be taken before its time: what waits for the next image would be late by more than that."""

_RECORD = np.dtype(
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
_ENCODING = ua.NodeId(ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS_PER_US = 10
_TICKS_TO_1970 = 116_444_736_000_000_000
LATEST = 2.5e11
"""s since 1970 in the year 9892: a datetime, which the other items' times go through, ends soon after."""

Places = NDArray[np.intp]
Records = NDArray[np.void]


class Columns:
    """The items, their queues and their messages."""

    def __init__(self, table: LiveTable) -> None:
        self._table = table
        self._place: dict[int, int] = {}
        """Places by monitored item."""
        self._free: list[int] = []
        self._rows: Places = np.zeros(0, np.intp)
        self._handles: NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._lengths: Places = np.zeros(0, np.intp)
        self._in_use: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._intervals: NDArray[np.float64] = np.zeros(0)
        """s between samples; 0 for every change."""
        self._due: NDArray[np.float64] = np.zeros(0)
        """When the next sample may be taken, s since 1970."""
        self._late: NDArray[np.bool_] = np.zeros(0, np.bool_)
        """What has changed and is not sampled yet."""
        self._waiting: list[tuple[Places, Records]] = []
        """What is to be told, oldest first, with the places that it is of."""
        self._new: list[int] = []
        """Places that have still to be told the value they began with, of the image that is shown."""
        self.overflows = 0
        """Values that queues had no room for."""

    def __contains__(self, item: object) -> bool:
        return item in self._place

    @property
    def has_news(self) -> bool:
        """Whether something waits to be told."""
        if self._late.any():
            self._take_due(datetime.now(UTC))
        return bool(self._waiting or self._new)

    def is_late(self, item: int) -> bool:
        """Whether it has changed since its last sample."""
        return bool(self._late[self._place[item]])

    def add(self, item: int, row: int, handle: int, length: int, interval: float = 0.0) -> None:
        """Watch a row of the image from now on, which is the first value.

        length: of the queue, 1 or more. interval: s between samples at least, 0 for every change.
        """
        if not self._free:
            self._grow()
        place = self._free.pop()
        self._place[item] = place
        self._rows[place], self._handles[place], self._lengths[place] = row, handle, length
        self._in_use[place] = True
        self._intervals[place] = interval
        self._due[place] = datetime.now(UTC).timestamp() + interval
        self._new.append(place)

    def remove(self, item: int) -> list[ua.MonitoredItemNotification]:
        """Watch it no longer; what waits of it, oldest first."""
        place = self._place.pop(item)
        self.settle()
        self._limit()
        found: list[ua.MonitoredItemNotification] = []
        left: list[tuple[Places, Records]] = []
        for places, records in self._waiting:
            here = places == place
            if here.any():
                found += [_notification(record) for record in records[here]]
                places, records = places[~here], records[~here]
            if len(places):
                left.append((places, records))
        self._waiting = left
        self._in_use[place] = self._late[place] = False
        self._free.append(place)
        return found

    def settle(self) -> None:
        """Take the first values of new items; to be called before the table shows another image."""
        if self._new:
            places, self._new = np.array(self._new, np.intp), []
            self._take(places, datetime.now(UTC))

    def tell_again(self) -> None:
        """Tell the values of now of all items, whether they have changed or not."""
        self._new = np.flatnonzero(self._in_use).tolist()

    def sample(self, changed: NDArray[np.bool_], now: datetime) -> None:
        """Take what changed with the image that the table shows now. changed: by row of the image."""
        self._late |= changed[self._rows] & self._in_use
        self._take_due(now)

    def _take_due(self, now: datetime) -> None:
        """Take what changed and has waited for its interval."""
        clock = now.timestamp()
        # a clock that was put back does not make anybody wait for it
        due = np.minimum(self._due - np.minimum(EARLY, self._intervals / 2), clock + self._intervals)
        places = np.flatnonzero(self._late & (due <= clock))
        if not len(places):
            return
        self._late[places] = False
        intervals = self._intervals[places]
        self._due[places] = np.maximum(self._due[places] + intervals, clock + intervals - EARLY)
        self._take(places, now)
        if len(self._waiting) > MOST_CHUNKS:
            self._limit()
            self._waiting = [_joined(self._waiting)]

    def message(self, most: int = MOST) -> ua.ExtensionObject:
        """What waits as an encoded DataChangeNotification, the oldest first. most: values, 1 or more."""
        self.settle()
        self._limit()
        waiting, self._waiting = self._waiting, []
        taken: list[Records] = []
        left = most
        for index, (places, records) in enumerate(waiting):
            taken.append(records[:left])
            if len(records) > left:
                self._waiting = [(places[left:], records[left:]), *waiting[index + 1 :]]
                break
            left -= len(records)
            if not left:
                self._waiting = waiting[index + 1 :]
                break
        parts = [pack("<i", sum(len(records) for records in taken))]
        parts += [_encoded(records) for records in taken]
        return ua.ExtensionObject(TypeId=_ENCODING, Body=b"".join((*parts, pack("<i", -1))))

    def _grow(self) -> None:
        old, new = len(self._rows), max(64, 2 * len(self._rows))
        more = new - old
        self._rows = np.concatenate((self._rows, np.zeros(more, np.intp)))
        self._handles = np.concatenate((self._handles, np.zeros(more, np.uint32)))
        self._lengths = np.concatenate((self._lengths, np.ones(more, np.intp)))
        self._in_use = np.concatenate((self._in_use, np.zeros(more, np.bool_)))
        self._intervals = np.concatenate((self._intervals, np.zeros(more)))
        self._due = np.concatenate((self._due, np.zeros(more)))
        self._late = np.concatenate((self._late, np.zeros(more, np.bool_)))
        self._free.extend(range(new - 1, old - 1, -1))

    def _take(self, places: Places, now: datetime) -> None:
        image: ProcessImage = self._table.image
        rows = self._rows[places]
        status, time = image.status[rows], image.time[rows]
        timed = (time >= 0.0) & (time < LATEST)
        records = np.empty(len(places), _RECORD)
        records["handle"] = self._handles[places]
        records["mask"] = np.where(timed, _ALL, _ALL & ~_SOURCE_TIME)
        records["type"] = np.where(status & BAD, 0, _DOUBLE)
        records["value"] = image.value[rows]
        records["status"] = status
        records["source"] = ticks(np.where(timed, time, 0.0))
        records["server"] = ticks_of(now)
        self._waiting.append((places, records))

    def _limit(self) -> None:
        """Discard the oldest of every queue that is too long, and mark what is the oldest then."""
        if len(self._waiting) <= 1:
            return
        counts = np.zeros(len(self._rows), np.intp)
        for places, _ in self._waiting:
            counts += np.bincount(places, minlength=len(counts))
        surplus = np.maximum(counts - self._lengths, 0)
        if not surplus.any():
            return
        self.overflows += int(surplus.sum())
        places, records = _joined(self._waiting)
        order = np.argsort(places, kind="stable")  # by item, and of each the oldest first
        sorted_ = places[order]
        first = np.cumsum(counts) - counts
        age = np.empty(len(places), np.intp)
        age[order] = np.arange(len(places)) - first[sorted_]
        marked = (surplus[places] > 0) & (age == surplus[places]) & (self._lengths[places] > 1)
        records["status"][marked] |= np.uint32(OVERFLOW)
        stays = age >= surplus[places]
        self._waiting = [(places[stays], records[stays])]


def _joined(waiting: list[tuple[Places, Records]]) -> tuple[Places, Records]:
    return np.concatenate([places for places, _ in waiting]), np.concatenate([records for _, records in waiting])


def _encoded(records: Records) -> bytes:
    plain = (records["type"] == _DOUBLE) & (records["mask"] == _ALL)
    if plain.all():
        return records.tobytes()
    # runs between those that are shorter, for the values of one item keep their order
    parts: list[bytes] = []
    begin = 0
    for at in np.flatnonzero(~plain).tolist():
        parts += [records[begin:at].tobytes(), _short(records[at])]
        begin = at + 1
    return b"".join((*parts, records[begin:].tobytes()))


def _short(record: np.void) -> bytes:
    """One that leaves something out: what is Bad has no value, and what has no time none."""
    encoded = pack("<IBB", record["handle"], record["mask"], record["type"])
    if record["type"] == _DOUBLE:
        encoded += pack("<d", record["value"])
    encoded += pack("<I", record["status"])
    if record["mask"] & _SOURCE_TIME:
        encoded += pack("<q", record["source"])
    return encoded + pack("<q", record["server"])


def _notification(record: np.void) -> ua.MonitoredItemNotification:
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
    return (now - _EPOCH) // timedelta(microseconds=1) * _TICKS_PER_US + _TICKS_TO_1970
