"""One subscription: its clock, its queues and its messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from struct import unpack_from
from typing import Any, TypeVar

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.ua.ua_binary import struct_to_binary

from plantsim.serve import _rows
from plantsim.serve.opcua_columns import CHANGES, OVERFLOW, Columns
from plantsim.serve.opcua_counters import SubscriptionRecord
from plantsim.serve.opcua_events import overflow_mark
from plantsim.serve.opcua_messages import Place, around_changes
from plantsim.serve.opcua_records import RECORD, moment_of
from plantsim.serve.opcua_triggering import Links

PATIENCE = 0.05
"""s that a publication comes before or after its time to follow a scan."""
NO_LIMIT = 2**31 - 1
"""Notifications of a message where the client sets no limit."""

ENVELOPE = 2048
"""Bytes of a message that are kept for what is not notifications."""

One = TypeVar("One")


class Told:
    """A message of nothing but changes that is kept: the bytes that were sent.

    In the place of asyncua's PublishResult; its NotificationMessage is made when a client asks for it again.
    """

    __slots__ = ("_changes", "_message", "_moment", "_number")

    def __init__(self, number: int, moment: int, message: bytes, changes: slice) -> None:
        """moment: on the wire. changes: where in the message the encoded DataChangeNotification is."""
        self._number, self._moment, self._message, self._changes = number, moment, message, changes

    @property
    def NotificationMessage(self) -> ua.NotificationMessage:
        """As it was sent."""
        changes = ua.ExtensionObject(TypeId=CHANGES, Body=self._message[self._changes])
        return ua.NotificationMessage(self._number, moment_of(self._moment), [changes])


class Subscription(InternalSubscription):
    """A subscription that tells what its columns have, too, when a scan has just been shown.

    monitored_item_srv: as of ``opcua_items.MonitoredItems``.
    """

    monitored_item_srv: Any
    most = 0
    """Notifications of a message; 0 for any number."""
    owner: Any = None
    """As whom it was made; None for one of the server's own."""
    application = ""
    """ApplicationUri of the client that made it."""
    priority = 0
    """As the client asked for; all are served alike."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record = SubscriptionRecord()
        self._room = NO_LIMIT
        """Notifications that the message being made has room for."""
        self._bytes = NO_LIMIT
        """And bytes."""
        self._due = 0.0
        """When it is time to publish next, by the loop's clock."""
        self._follows = False
        """Whether it published last because a scan was shown."""
        self._overdue = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self._overflows: dict[int, ua.EventFieldList] = {}
        """What says that a queue of events ran over, by item."""
        self._sampled: dict[int, list[Any]] = {}
        """Values and events of items that are sampled only, until the item reports (OPC 10000-4, 5.13.1.3)."""
        self._links = Links()

    # ------------------------------------------------------------------ clock

    async def scan_shown(self) -> None:
        """Let those report that were triggered, and publish now if it is about time."""
        if self._links.any_triggered:
            self._report_linked()
        if self._alarm is not None and not self._closing and time.monotonic() >= self._due - self._patience():
            await self._publish_in_turn(follows=True)

    def tell_at_once(self) -> bool:
        """What ``scan_shown`` does, where it is nothing, or nothing but to tell what has changed with that scan.

        False where it is more, and nothing has been done. It is little ten times a second, and the way of what can do
        everything is long.
        """
        if self._links.any_triggered:
            return False
        if self._alarm is None or self._closing:
            return True
        now = time.monotonic()
        period = self._period()
        if now < self._due - min(PATIENCE, period / 2):
            return True
        if not self._follows or now - self._due > period or not self._is_plain():
            return False
        if not self._tell_changes():
            return False
        self._wait()
        return True

    def revise(self, interval_ms: float, lifetime: int, keep_alive: int, most: int) -> None:
        """Go on with these; what waits is published at once."""
        self.data.RevisedPublishingInterval = interval_ms
        self.data.RevisedLifetimeCount, self.data.RevisedMaxKeepAliveCount = lifetime, keep_alive
        self.most = most
        self.record.modified += 1
        self._due = time.monotonic()
        self._overdue.set()

    async def set_publishing_mode(self, enabled: bool) -> None:
        if enabled:
            self.record.enabled += 1
        else:
            self.record.disabled += 1
        await super().set_publishing_mode(enabled)

    @property
    def column_overflows(self) -> int:
        """Values that were lost of queues that are kept by the thousand."""
        columns: Columns | None = self.monitored_item_srv.columns
        return 0 if columns is None else columns.overflows

    @property
    def waiting(self) -> int:
        """Values and events that wait to be told."""
        columns: Columns | None = self.monitored_item_srv.columns
        queues = (*tuple(self._triggered_datachanges.values()), *tuple(self._triggered_events.values()))
        return sum(map(len, queues)) + (0 if columns is None else columns.waiting)

    @property
    def dropped(self) -> int:
        """Values that queues had no room for, and times that a queue of events had none."""
        return self.record.queue_overflows + self.record.event_overflows + self.column_overflows

    def _period(self) -> float:
        return float(self.data.RevisedPublishingInterval) / 1000.0

    def _patience(self) -> float:
        return min(PATIENCE, self._period() / 2)

    async def _subscription_loop(self) -> None:
        """Publish at first, and then whenever no scan was shown in time to follow it."""
        self._due = time.monotonic()
        await self.publish_results()
        self._wait()
        while not self._closing:
            await self._overdue.wait()
            self._overdue.clear()
            await self._publish_in_turn(follows=False)

    def _wait(self) -> None:
        """Be due a period later."""
        if self._closing:
            return
        self._due += self._period()
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(self._due + self._patience(), self._overdue.set)

    async def _publish_in_turn(self, *, follows: bool) -> None:
        """Publish, now that it is time. follows: a scan, which has just been shown."""
        before, self._follows = self._follows, follows
        now = time.monotonic()
        # from the first scan on the clock has the scan's phase; a loop that was held up does not catch up
        if (follows and not before) or now - self._due > self._period():
            self._due = now
        self._wait()
        await self.publish_results()

    async def stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        await super().stop()

    # ------------------------------------------------------------------ messages

    def _columns(self) -> Columns | None:
        columns: Columns | None = self.monitored_item_srv.columns
        return columns if columns is not None and columns.has_news else None

    def _has_more(self) -> bool:
        if not self._publishing_enabled:
            return False
        return bool(self._triggered_datachanges or self._triggered_events or self._columns() is not None)

    def has_published_results(self) -> bool:
        self.monitored_item_srv.take_due()
        if self._links.any_triggered:
            self._report_linked()
        return self._has_more() or bool(super().has_published_results())

    async def publish_results(self, requestdata: Any = None) -> bool:
        waited = self._publish_cycles_count
        if not await super().publish_results(requestdata):
            self.record.late += waited == 0 < self._publish_cycles_count
            return False
        while self._has_more() and await super().publish_results():
            pass
        return True

    def _is_plain(self) -> bool:
        """Whether nothing has to be told but what columns have, and nothing has to be decided."""
        return not (
            self._startup
            or not self._publishing_enabled
            or self._triggered_datachanges
            or self._triggered_events
            or self._triggered_statuschanges
            or self.monitored_item_srv.has_late
            or self._publish_cycles_count
            or len(self._not_acknowledged_results) >= self._no_acks_limit
        )

    def _tell_changes(self) -> bool:
        """Tell what has just changed, in one message; False where it takes more than that, and nothing is told."""
        columns: Columns | None = self.monitored_item_srv.columns
        changes = None if columns is None else columns.plain(self.most or NO_LIMIT)
        tell = getattr(getattr(self.pub_result_callback, "__self__", None), "tell", None)
        if columns is None or changes is None or tell is None or changes.size > self._bytes_of_client():
            return False
        size, number = changes.size, self._notification_seq
        told: Told | None = None

        def message(place: Place, results: Sequence[ua.StatusCode], largest: int) -> bytes | None:
            nonlocal told
            kept, moment = (*self._not_acknowledged_results, number), _rows.ticks(time.time())
            around = around_changes(size, place, self.data.SubscriptionId, kept, moment, results)
            if len(around[0]) + size + len(around[1]) > largest or (made := changes.laid(around)) is None:
                return None
            told = Told(number, moment, made, slice(len(around[0]), len(around[0]) + size))
            return made

        if not tell(message):
            return False
        columns.told()
        self._keep_alive_count = 0
        self._notification_seq += 1
        self._not_acknowledged_results[number] = told
        self.record.publish_requests += 1
        self.record.values += len(changes)
        return True

    def _pop_publish_result(self) -> ua.PublishResult:
        self._room, self._bytes = self.most or NO_LIMIT, self._bytes_of_client()
        unacknowledged, number = len(self._not_acknowledged_results), self._notification_seq
        result: ua.PublishResult = super()._pop_publish_result()
        told = self._notification_seq - number
        self.record.discarded += unacknowledged + told - len(self._not_acknowledged_results)
        self.record.publish_requests += 1
        result.MoreNotifications = self._has_more()
        return result

    def _pop_triggered_datachanges(self, result: ua.PublishResult) -> None:
        data = result.NotificationMessage.NotificationData
        if self._triggered_datachanges and (taken := self._taken(self._triggered_datachanges, not data)):
            data.append(ua.DataChangeNotification(MonitoredItems=taken))
            self.record.values += len(taken)
        columns = self._columns()
        room = min(self._room, max(self._bytes // RECORD.itemsize, not data))
        if columns is not None and room:
            message = columns.message(room)
            count = unpack_from("<i", message.Body)[0]
            self._room -= count
            self._bytes -= len(message.Body) if self._bytes < NO_LIMIT else 0
            self.record.values += count
            data.append(message)

    def _pop_triggered_events(self, result: ua.PublishResult) -> None:
        data = result.NotificationMessage.NotificationData
        if self._triggered_events and (taken := self._taken(self._triggered_events, not data)):
            data.append(ua.EventNotificationList(Events=taken))
            self.record.events += len(taken)

    def _taken(self, queues: dict[int, list[One]], is_first: bool) -> list[One]:
        """What there is room for, out of the queues. is_first: a message has one notification, however large it is."""
        found: list[One] = []
        for item in tuple(queues):
            part = self._fitting(queues[item][: self._room], is_first and not found)
            if not part:
                break
            found += part
            self._room -= len(part)
            if len(part) == len(queues[item]):
                del queues[item]
            else:
                queues[item] = queues[item][len(part) :]
        return found

    def _fitting(self, waiting: list[One], is_first: bool) -> list[One]:
        """As many from the first on as there are bytes for."""
        if self._bytes == NO_LIMIT:
            return waiting
        for count, one in enumerate(waiting):
            size = len(struct_to_binary(one))
            if size > self._bytes and not (is_first and count == 0):
                return waiting[:count]
            self._bytes -= size
        return waiting

    def _bytes_of_client(self) -> int:
        """Bytes of notifications that its client takes in a message."""
        # of the server's own subscriptions there is no connection
        connection = getattr(self.pub_result_callback, "__self__", None)
        largest: int = getattr(connection, "largest_answer", 0)
        return max(largest - ENVELOPE, 0) if largest else NO_LIMIT

    # ------------------------------------------------------------------ queues

    async def _enqueue_event(self, mid: int, eventdata: Any, size: int, queue: dict[int, list[Any]]) -> None:
        self.put(mid, eventdata, size, queue)

    def put(self, number: int, notification: Any, size: int, queues: dict[int, list[Any]]) -> None:
        """Queue a value or an event of an item. A queue that runs over says so where something is missing."""
        item = self.monitored_item_srv._monitored_items.get(number)
        mode = ua.MonitoringMode.Reporting if item is None else item.mode
        if mode == ua.MonitoringMode.Disabled:
            return
        self._links.note(number)
        waiting = (self._sampled if mode == ua.MonitoringMode.Sampling else queues).setdefault(number, [])
        self._queue(number, item, notification, size, waiting, of_events=queues is self._triggered_events)

    def _queue(
        self, number: int, item: Any, notification: Any, size: int, waiting: list[Any], *, of_events: bool
    ) -> None:
        oldest_goes = item is None or item.discard_oldest
        if of_events:
            self._put_event(number, item, notification, size, waiting, oldest_goes)
            return
        waiting.append(notification)
        while len(waiting) > max(size, 1):
            del waiting[0 if oldest_goes else -2]
            self.record.queue_overflows += 1
            if size > 1:
                at = 0 if oldest_goes else -1
                waiting[at] = _overflown(waiting[at])

    def set_triggering(self, params: ua.SetTriggeringParameters) -> ua.SetTriggeringResult:
        """Link items to one that lets them report, and others no longer. Raises ServiceError."""
        items, triggering = self.monitored_item_srv, params.TriggeringItemId
        if triggering not in items._monitored_items:
            raise ServiceError(ua.StatusCodes.BadMonitoredItemIdInvalid)
        items.leave_columns(triggering)
        return ua.SetTriggeringResult(
            RemoveResults=self._links.remove(triggering, params.LinksToRemove or []),
            AddResults=self._links.add(triggering, params.LinksToAdd or [], items._monitored_items),
        )

    def _report_linked(self) -> None:
        """Let items that are sampled tell what they have, where another one triggered them."""
        for number in sorted(self._links.take()):
            item = self.monitored_item_srv._monitored_items.get(number)
            if item is None or item.mode != ua.MonitoringMode.Sampling or number not in self._sampled:
                continue
            of_events, queues = self._queues_of(item)
            waiting = queues.setdefault(number, [])
            for one in self._sampled.pop(number):
                self._queue(number, item, one, item.queue_size, waiting, of_events=of_events)

    def _queues_of(self, item: Any) -> tuple[bool, dict[int, list[Any]]]:
        """Whether an item is one of events, and where such items wait to be told."""
        if item.read_value_id.AttributeId == ua.AttributeIds.EventNotifier:
            return True, self._triggered_events
        return False, self._triggered_datachanges

    def change_mode(self, number: int, mode: ua.MonitoringMode) -> None:
        """Let what waits of an item be told, keep it, or forget it, as its new mode says."""
        item = self.monitored_item_srv._monitored_items[number]
        _, reported = self._queues_of(item)
        waiting = reported.pop(number, None) or self._sampled.pop(number, None)
        if waiting and mode == ua.MonitoringMode.Reporting:
            reported[number] = waiting
        elif waiting and mode == ua.MonitoringMode.Sampling:
            self._sampled[number] = waiting
        elif mode == ua.MonitoringMode.Disabled:
            item.mvalue.current_dvalue = None  # it begins anew when it is enabled

    def forget(self, number: int) -> None:
        """Keep nothing of an item any longer."""
        self._links.forget(number)
        for queues in (self._triggered_datachanges, self._triggered_events, self._sampled, self._overflows):
            queues.pop(number, None)

    def _put_event(self, number: int, item: Any, event: Any, size: int, waiting: list[Any], oldest_goes: bool) -> None:
        mark = self._overflows.get(number)
        marked = any(one is mark for one in waiting)
        if len(waiting) - marked < size:
            waiting.append(event)
            return
        if not marked and item is not None:
            mark = ua.EventFieldList(item.client_handle, overflow_mark().to_event_fields(item.filter.SelectClauses))
            self._overflows[number] = mark
            self.record.event_overflows += 1
            waiting.insert(0 if oldest_goes else len(waiting), mark)
        if oldest_goes:
            waiting.append(event)
            del waiting[next(at for at, one in enumerate(waiting) if one is not self._overflows.get(number))]


class Sampling:
    """When an item's value is taken. interval: s; what is shorter than the images come takes every change."""

    __slots__ = ("_clock", "_due", "_interval", "waiting")

    def __init__(self, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._clock = interval, clock
        self._due = 0.0
        self.waiting: ua.DataValue | None = None
        """The newest value, where it is not time to take it."""

    def is_due(self) -> bool:
        """Whether it is time to take a value."""
        return self._interval <= PATIENCE or self._clock() >= self._due - PATIENCE

    def taken(self) -> None:
        """A value has been taken; the next is due an interval later."""
        now = self._clock()
        self._due = max(self._due + self._interval, now + self._interval - PATIENCE)
        self.waiting = None


def with_timestamps(value: ua.DataValue, wanted: ua.TimestampsToReturn) -> ua.DataValue:
    """A value with those of its timestamps that are wanted."""
    if wanted == ua.TimestampsToReturn.Both:
        return value
    source = wanted == ua.TimestampsToReturn.Source
    server = wanted == ua.TimestampsToReturn.Server
    return replace(
        value,
        SourceTimestamp=value.SourceTimestamp if source else None,
        ServerTimestamp=value.ServerTimestamp if server else None,
    )


def _overflown(notification: ua.MonitoredItemNotification) -> ua.MonitoredItemNotification:
    value = notification.Value
    code = value.StatusCode.value if value.StatusCode is not None else 0
    return replace(notification, Value=replace(value, StatusCode=ua.StatusCode(code | OVERFLOW)))
