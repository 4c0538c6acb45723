"""Monitored doubles of one subscription, column by column: sampled, queued and encoded by the thousand.

A notification of its own for every value of every subscriber costs many times what its bytes do. Here what changed with
an image is taken in one pass over arrays, in the form that it has on the wire, and a message is those bytes one after
another. That is for the items that clients have by the thousand: all changes of a Double, oldest discarded first. The
others, and those that are modified, are asyncua's (``opcua_items.MonitoredItems``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from struct import pack

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from plantsim.engine.image import ProcessImage
from plantsim.serve import _rows
from plantsim.serve.opcua_records import (
    ALL,
    Masks,
    Places,
    Records,
    encoded,
    message_of,
    notification,
    records_of,
    size_of,
    ticks_of,
)
from plantsim.serve.opcua_table import LiveTable

OVERFLOW = 0x00000480
"""Info type DataValue with its overflow bit (OPC 10000-4, 7.39.1)."""
MOST_CHUNKS = 64
"""Samples that wait, after which they are put together and their queues shortened."""

MOST = 2**31 - 1
"""Values of a message where nobody sets a limit."""
EARLY = 0.05
"""s that a sample may be taken before its time: what waits for the next image would be late by more than that."""

CHANGES = ua.NodeId(ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary)
"""What an encoded DataChangeNotification says that it is."""
_NOWHERE: Places = np.zeros(0, np.intp)


class _Chunk:
    """Samples. places: of their items.

    Those of one image stay in its columns until somebody needs them as records: mostly they are told before the next
    image comes, and go into a message as they are.
    """

    __slots__ = ("_handles", "_image", "_masks", "_now", "_records", "_rows", "places")

    def __init__(
        self,
        places: Places,
        rows: Places,
        handles: NDArray[np.uint32],
        masks: Masks,
        image: ProcessImage,
        now: datetime,
    ) -> None:
        """rows: of the image, handles and masks, place by place; they do not change. now: server time."""
        self.places = places
        self._masks = masks
        self._rows, self._handles, self._now = rows, handles, now
        self._image: ProcessImage | None = image
        self._records: tuple[Records, bool] | None = None

    @classmethod
    def of(cls, places: Places, records: Records, plain: bool) -> _Chunk:
        """Of records. plain: whether their bytes are those on the wire."""
        made = cls.__new__(cls)
        made.places, made._records, made._image = places, (records, plain), None
        return made

    def __len__(self) -> int:
        return len(self.places)

    def records(self) -> tuple[Records, bool]:
        """The records, and whether their bytes are those on the wire; the image is let go of."""
        if self._records is None:
            assert self._image is not None
            records, plain = records_of(self._image, self._rows, self._masks)
            records["handle"] = self._handles
            records["server"] = ticks_of(self._now)
            self._records, self._image = (records, plain), None
        return self._records

    def part(self, which: slice | NDArray[np.bool_]) -> _Chunk:
        """Some of them."""
        records, plain = self.records()
        return _Chunk.of(self.places[which], records[which], plain)

    def message(self) -> bytes | None:
        """An encoded DataChangeNotification of these alone; None where that takes the records."""
        if self._image is None or not isinstance(self._masks, int):
            return None
        return message_of(self._image, self._rows, self._handles, self._now, self._masks)

    @property
    def size(self) -> int:
        """Bytes of ``message`` where there is one; 0 where it takes the records."""
        return size_of(len(self.places), self._masks) if self._image is not None and isinstance(self._masks, int) else 0

    def laid(self, around: tuple[bytes, bytes]) -> bytes | None:
        """``message`` between other bytes; only of those that have a ``size``."""
        assert self._image is not None
        assert isinstance(self._masks, int)
        return message_of(self._image, self._rows, self._handles, self._now, self._masks, around)


class Columns:
    """The items, their queues and their messages."""

    def __init__(self, table: LiveTable) -> None:
        self._table = table
        self._place: dict[int, int] = {}
        """Places by monitored item."""
        self._free: list[int] = []
        self._rows: Places = _NOWHERE
        self._handles: NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._masks: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._mask: int | None = None
        """Of all items, where they have the same."""
        self._lengths: Places = _NOWHERE
        self._in_use: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._intervals: NDArray[np.float64] = np.zeros(0)
        """s between samples; 0 for every change."""
        self._due: NDArray[np.float64] = np.zeros(0)
        """When the next sample may be taken, s since 1970."""
        self._late: NDArray[np.bool_] = np.zeros(0, np.bool_)
        """What has changed and is not sampled yet."""
        self._waiting: list[_Chunk] = []
        """What is to be told, oldest first."""
        self._new: list[int] = []
        """Places that have still to be told the value they began with, of the image that is shown."""
        self._at_once = self._of(_NOWHERE)
        """Items that want every change: places, rows, handles and masks."""
        self._slow: Places = _NOWHERE
        self._slow_rows: Places = _NOWHERE
        """Those that have an interval."""
        self._sorted = True
        """Whether these are of the items that there are."""
        self.overflows = 0
        """Values that queues had no room for."""

    def __contains__(self, item: object) -> bool:
        return item in self._place

    @property
    def has_news(self) -> bool:
        """Whether something waits to be told."""
        if self._waiting or self._new:
            return True
        if len(self._slow) and self._late.any():
            self._take_due(datetime.now(UTC))
        return bool(self._waiting)

    @property
    def waiting(self) -> int:
        """Values that wait to be told, those that queues will have no room for among them."""
        return sum(len(chunk.places) for chunk in tuple(self._waiting))

    def is_late(self, item: int) -> bool:
        """Whether it has changed since its last sample."""
        return bool(self._late[self._place[item]])

    def add(self, item: int, row: int, handle: int, length: int, interval: float = 0.0, mask: int = ALL) -> None:
        """Watch a row of the image from now on, which is the first value.

        length: of the queue, 1 or more. interval: s between samples at least, 0 for every change. mask: of its values.
        """
        self._mask = mask if self._mask == mask or not self._place else None
        if not self._free:
            self._grow()
        place = self._free.pop()
        self._place[item] = place
        self._rows[place], self._handles[place], self._lengths[place] = row, handle, length
        self._masks[place], self._in_use[place] = mask, True
        self._sorted = False
        self._intervals[place] = interval
        self._due[place] = datetime.now(UTC).timestamp() + interval
        self._new.append(place)

    def remove(self, item: int) -> list[ua.MonitoredItemNotification]:
        """Watch it no longer; what waits of it, oldest first."""
        place = self._place.pop(item)
        self.settle()
        self._limit()
        found: list[ua.MonitoredItemNotification] = []
        left: list[_Chunk] = []
        for chunk in self._waiting:
            here = chunk.places == place
            if here.any():
                found += [notification(record) for record in chunk.records()[0][here]]
                chunk = chunk.part(~here)
            if len(chunk):
                left.append(chunk)
        self._waiting = left
        self._in_use[place] = self._late[place] = self._sorted = False
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
        if not self._sorted:
            self._sort()
        every, rows = self._at_once[:2]
        if len(every):
            places = np.empty(len(every), np.intp)
            count = _rows.pick(changed.view(np.uint8), rows, every, places)
            if count == len(places):
                self._keep(_Chunk(*self._at_once, self._table.image, now))
            elif count:
                self._take(places[:count], now)
        if len(self._slow):
            self._late[self._slow] |= changed.take(self._slow_rows)
            self._take_due(now)

    def _sort(self) -> None:
        slow = self._intervals > 0.0
        self._at_once = self._of(np.flatnonzero(self._in_use & ~slow))
        self._slow, self._slow_rows, _, _ = self._of(np.flatnonzero(self._in_use & slow))
        self._sorted = True

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

    def plain(self, most: int = MOST) -> _Chunk | None:
        """All that waits, where that is what has just changed, in a form of known size; it waits still.

        most: values, 1 or more.
        """
        if len(self._waiting) != 1 or self._new or len(self._slow):
            return None
        only = self._waiting[0]
        return only if only.size and len(only.places) <= most else None

    def told(self) -> None:
        """Forget what waits: it has been told."""
        self._waiting = []

    def message(self, most: int = MOST) -> ua.ExtensionObject:
        """What waits as an encoded DataChangeNotification, the oldest first. most: values, 1 or more."""
        self.settle()
        self._limit()
        waiting, self._waiting = self._waiting, []
        if len(waiting) == 1 and len(waiting[0]) <= most and (whole := waiting[0].message()) is not None:
            return ua.ExtensionObject(TypeId=CHANGES, Body=whole)
        parts: list[bytes] = []
        left = most
        for index, chunk in enumerate(waiting):
            if len(chunk) > left:
                self._waiting = [chunk.part(slice(left, None)), *waiting[index + 1 :]]
            records, plain = chunk.records()
            records = records[:left]
            parts.append(records.tobytes() if plain else encoded(records))
            left -= len(records)
            if not left:
                self._waiting = self._waiting or waiting[index + 1 :]
                break
        return ua.ExtensionObject(TypeId=CHANGES, Body=b"".join((pack("<i", most - left), *parts, b"\xff\xff\xff\xff")))

    def _grow(self) -> None:
        old, new = len(self._rows), max(64, 2 * len(self._rows))
        more = new - old
        self._rows = np.concatenate((self._rows, np.zeros(more, np.intp)))
        self._handles = np.concatenate((self._handles, np.zeros(more, np.uint32)))
        self._masks = np.concatenate((self._masks, np.zeros(more, np.uint8)))
        self._lengths = np.concatenate((self._lengths, np.ones(more, np.intp)))
        self._in_use = np.concatenate((self._in_use, np.zeros(more, np.bool_)))
        self._intervals = np.concatenate((self._intervals, np.zeros(more)))
        self._due = np.concatenate((self._due, np.zeros(more)))
        self._late = np.concatenate((self._late, np.zeros(more, np.bool_)))
        self._free.extend(range(new - 1, old - 1, -1))

    def _take(self, places: Places, now: datetime) -> None:
        self._keep(_Chunk(*self._of(places), self._table.image, now))

    def _of(self, places: Places) -> tuple[Places, Places, NDArray[np.uint32], Masks]:
        """Places, and rows, handles and masks of the items at them."""
        masks: Masks = self._masks.take(places) if self._mask is None else self._mask
        return places, self._rows.take(places), self._handles.take(places), masks

    def _keep(self, chunk: _Chunk) -> None:
        if self._waiting:
            self._waiting[-1].records()  # what waits longer than one image does not keep it
        self._waiting.append(chunk)
        if len(self._waiting) > MOST_CHUNKS:
            self._limit()
            self._waiting = [_joined(self._waiting)]

    def _limit(self) -> None:
        """Discard the oldest of every queue that is too long, and mark what is the oldest then."""
        if len(self._waiting) <= 1:
            return
        counts = np.zeros(len(self._rows), np.intp)
        for chunk in self._waiting:
            counts += np.bincount(chunk.places, minlength=len(counts))
        surplus = np.maximum(counts - self._lengths, 0)
        if not surplus.any():
            return
        self.overflows += int(surplus.sum())
        joined = _joined(self._waiting)
        places, (records, plain) = joined.places, joined.records()
        order = np.argsort(places, kind="stable")  # by item, and of each the oldest first
        sorted_ = places[order]
        first = np.cumsum(counts) - counts
        age = np.empty(len(places), np.intp)
        age[order] = np.arange(len(places)) - first[sorted_]
        marked = (surplus[places] > 0) & (age == surplus[places]) & (self._lengths[places] > 1)
        records["status"][marked] |= np.uint32(OVERFLOW)
        stays = age >= surplus[places]
        self._waiting = [_Chunk.of(places[stays], records[stays], plain)]


def _joined(waiting: list[_Chunk]) -> _Chunk:
    found = [chunk.records() for chunk in waiting]
    return _Chunk.of(
        np.concatenate([chunk.places for chunk in waiting]),
        np.concatenate([records for records, _ in found]),
        all(plain for _, plain in found),
    )
