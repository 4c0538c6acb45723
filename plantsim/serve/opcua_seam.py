"""What reaches into asyncua past its public interface, with ``opcua_subscription`` and ``opcua_connection``.

asyncua copies every value once per monitored item, stores every value of every scan whether somebody looks or not,
makes a notification of its own of every value for every subscriber, takes a queue size of 0 for 10,000, measures dead
bands against the last value seen instead of the last one reported, has no percent dead band, keeps to no sampling
interval and no number of notifications, and looks up all subtypes of a reference type anew for each reference that is
browsed. The classes here mend that by overriding methods; nothing of the library is patched.
``fits`` says whether the installed version has what they override; without it the server uses the library as it is.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace, AttributeValue, ViewService
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.monitored_item_service import MonitoredItemData, MonitoredItemService
from asyncua.server.subscription_service import SubscriptionService
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua import uaprotocol_auto

from plantsim.serve.opcua_columns import Columns
from plantsim.serve.opcua_events import Event, IsSubtype, Where, is_event_filter, subtypes
from plantsim.serve.opcua_subscription import Sampling, Subscription, with_timestamps

log = logging.getLogger(__name__)

SHORTEST_INTERVAL_MS = 50.0
"""Publishing intervals below this one, 0 among them, would publish on every write."""
LONGEST_INTERVAL_MS = 3_600_000.0
"""Publishing intervals above this one are of nobody who still listens."""
LONGEST_SAMPLING_MS = 86_400_000.0
EVENT_QUEUE = 1000
"""Events that a monitored item keeps where the client leaves it to the server."""
WITHDRAWN = -1
"""In place of the callback of an item whose node is hidden by now."""
KEEP_ALIVES_PER_LIFETIME = 3
"""OPC 10000-4, 5.14.2: the least lifetime count, in keep-alive counts."""

_SUPPORTED = (2, 1)
_OVERRIDDEN: tuple[tuple[Callable[..., Any], tuple[str, ...]], ...] = (
    (MonitoredItemService.datachange_callback, ("self", "handle", "value", "error")),
    (MonitoredItemService._create_data_change_monitored_item, ("self", "params")),
    (MonitoredItemService._create_events_monitored_item, ("self", "params")),
    (MonitoredItemService._modify_monitored_item, ("self", "params")),
    (MonitoredItemService._delete_monitored_items, ("self", "mid")),
    (MonitoredItemService._revise_queue_size, ("self", "requested")),
    (MonitoredItemService._set_monitoring_mode, ("self", "mode", "mid")),
    (MonitoredItemService._make_monitored_item_common, ("self", "params")),
    (InternalSubscription.has_published_results, ("self",)),
    (InternalSubscription._pop_triggered_datachanges, ("self", "result")),
    (InternalSubscription._pop_triggered_events, ("self", "result")),
    (InternalSubscription._pop_publish_result, ("self",)),
    (InternalSubscription._enqueue_event, ("self", "mid", "eventdata", "size", "queue")),
    (InternalSubscription._subscription_loop, ("self",)),
    (InternalSubscription.publish_results, ("self", "requestdata")),
    (UaProcessor._process_message, ("self", "typeid", "requesthdr", "seqhdr", "body")),
    (OPCUAProtocol.connection_made, ("self", "transport")),
    (BinaryServer._make_protocol, ("self",)),
    (SubscriptionService.modify_subscription, ("self", "params")),
    (SubscriptionService.create_subscription, ("self", "params", "callback", "session_id", "request_callback")),
    (ViewService._suitable_reftype, ("self", "ref1", "ref2", "subtypes")),
)


def fits() -> bool:
    """Whether the installed asyncua is one that these classes were written for."""
    found = tuple(int(part) for part in version("asyncua").split(".")[:2] if part.isdigit())
    return found == _SUPPORTED and all(
        tuple(inspect.signature(method).parameters) == names for method, names in _OVERRIDDEN
    )


@dataclass(frozen=True, slots=True)
class Column:
    """How a tag that is one Double is watched by the thousand. new: makes the columns of a subscription."""

    row: int
    new: Callable[[], Columns]


class Watchers(dict[int, Callable[..., Any]]):
    """The callbacks of one tag's monitored items. rows: of all tags that have some; kept up to date."""

    def __init__(self, row: int, rows: set[int]) -> None:
        super().__init__()
        self._row, self._rows = row, rows

    def __setitem__(self, handle: int, callback: Callable[..., Any]) -> None:
        super().__setitem__(handle, callback)
        self._rows.add(self._row)

    def pop(self, handle: int) -> Callable[..., Any]:  # type: ignore[override]
        callback = super().pop(handle)
        if not self:
            self._rows.discard(self._row)
        return callback


class LiveValue(AttributeValue):
    """The Value attribute of a tag's node: made from the process image when somebody asks, stored nowhere."""

    def __init__(self, make: Callable[[], ua.DataValue], watchers: Watchers, column: Column | None = None) -> None:
        self._make = make
        self.column = column
        self.value_callback = None
        self.value_setter = None
        self.datachange_callbacks = watchers

    @property
    def value(self) -> ua.DataValue:
        """The value now. There is no setter: only the image changes a tag."""
        return self._make()


class MonitoredItems(MonitoredItemService):
    """The monitored items of one subscription. DataValues are shared between items and never changed."""

    def __init__(self, subscription: Any, aspace: AddressSpace, is_subtype: IsSubtype) -> None:
        super().__init__(subscription, aspace)
        self._is_subtype = is_subtype
        self._late: set[int] = set()
        """Items with a value that waits for their sampling interval."""
        self.columns: Columns | None = None
        """Of those items that are watched by the thousand, once there is one."""
        self._timestamps = ua.TimestampsToReturn.Both
        """Of the request that is being answered."""

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        self._timestamps = _valid(params.TimestampsToReturn)
        results: list[ua.MonitoredItemCreateResult] = await super().create_monitored_items(params)
        return results

    def modify_monitored_items(self, params: ua.ModifyMonitoredItemsParameters) -> list[ua.MonitoredItemModifyResult]:
        self._timestamps = _valid(params.TimestampsToReturn)
        results: list[ua.MonitoredItemModifyResult] = super().modify_monitored_items(params)
        return results

    def _make_monitored_item_common(
        self, params: ua.MonitoredItemCreateRequest
    ) -> tuple[ua.MonitoredItemCreateResult, MonitoredItemData]:
        result, item = super()._make_monitored_item_common(params)
        result.RevisedSamplingInterval = self._sample(item, params.RequestedParameters)
        return result, item

    def _sample(self, item: MonitoredItemData, wanted: ua.MonitoringParameters) -> float:
        """Sample, queue and show an item as it is wanted; the sampling interval that it gets, ms."""
        interval_ms = self._revised_sampling(wanted.SamplingInterval)
        item.sampling = Sampling(interval_ms / 1e3)
        item.discard_oldest = wanted.DiscardOldest
        item.timestamps = self._timestamps
        if item.read_value_id.AttributeId == ua.AttributeIds.EventNotifier:
            return 0.0
        return interval_ms

    def _revised_sampling(self, requested_ms: float) -> float:
        """OPC 10000-4, 7.21: a negative one stands for the publishing interval."""
        if requested_ms < 0.0:
            requested_ms = self.isub.data.RevisedPublishingInterval
        # written so that nan, too, becomes the shortest
        return (
            min(float(requested_ms), LONGEST_SAMPLING_MS)
            if requested_ms >= SHORTEST_INTERVAL_MS
            else (SHORTEST_INTERVAL_MS)
        )

    def take_due(self) -> None:
        """Queue the values that have waited for their sampling interval."""
        for number in tuple(self._late):
            item = self._monitored_items.get(number)
            if item is None or item.sampling.waiting is None:
                self._late.discard(number)
            elif item.sampling.is_due():
                self._late.discard(number)
                self._take(number, item, item.sampling.waiting)

    def _take(self, number: int, item: MonitoredItemData, value: ua.DataValue) -> None:
        item.sampling.taken()
        if item.mode == ua.MonitoringMode.Disabled or not self._is_worth_reporting(item, value):
            return
        item.mvalue.current_dvalue = value
        notification = ua.MonitoredItemNotification(item.client_handle, with_timestamps(value, item.timestamps))
        self.isub.put(number, notification, item.queue_size, self.isub._triggered_datachanges)

    async def datachange_callback(self, handle: int, value: ua.DataValue, error: ua.StatusCode | None = None) -> None:
        if error is not None:
            await super().datachange_callback(handle, value, error)
            return
        item_id = self._monitored_datachange[handle]
        item = self._monitored_items[item_id]
        if item.mode == ua.MonitoringMode.Disabled:
            return
        if item.sampling.is_due():
            self._take(item_id, item, value)
        else:
            item.sampling.waiting = value
            self._late.add(item_id)

    def _is_worth_reporting(self, item: MonitoredItemData, value: ua.DataValue) -> bool:
        """Whether the filter passes ``value``, compared with what was last reported."""
        reported = item.mvalue.current_dvalue
        if reported is None or reported.StatusCode != value.StatusCode:
            return True
        trigger = item.filter.Trigger if item.filter else ua.DataChangeTrigger.StatusValue
        if trigger == ua.DataChangeTrigger.Status:
            return False
        if reported.Value != value.Value:
            return not item.filter or not self._within_deadband(reported, value, item.filter)
        return bool(
            trigger == ua.DataChangeTrigger.StatusValueTimestamp and reported.SourceTimestamp != value.SourceTimestamp
        )

    @staticmethod
    def _within_deadband(reported: ua.DataValue, value: ua.DataValue, filter_: ua.DataChangeFilter) -> bool:
        if filter_.DeadbandType == ua.DeadbandType.None_ or reported.Value is None or value.Value is None:
            return False
        old, new = reported.Value.Value, value.Value.Value
        if not (isinstance(old, int | float) and isinstance(new, int | float)):
            return False
        return abs(new - old) <= float(filter_.DeadbandValue)

    async def _create_data_change_monitored_item(
        self, params: ua.MonitoredItemCreateRequest
    ) -> ua.MonitoredItemCreateResult:
        status = self._prepare_filter(params.ItemToMonitor.NodeId, params.RequestedParameters)
        if status is not None:
            return ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(status))
        column = self._column(params)
        if column is None:
            return await super()._create_data_change_monitored_item(params)
        if self.columns is None:
            self.columns = column.new()
        result, item = self._make_monitored_item_common(params)
        interval = (
            result.RevisedSamplingInterval / 1e3 if result.RevisedSamplingInterval > SHORTEST_INTERVAL_MS else 0.0
        )
        self.columns.add(result.MonitoredItemId, column.row, item.client_handle, item.queue_size, interval)
        self._commit_monitored_item(result, item)
        return result

    def _column(self, params: ua.MonitoredItemCreateRequest) -> Column | None:
        """The column of an item that asks for every change of a Double, and discards the oldest."""
        asked, wanted = params.ItemToMonitor, params.RequestedParameters
        if (
            asked.AttributeId != ua.AttributeIds.Value
            or asked.IndexRange
            or not _every_change(wanted.Filter)
            or not wanted.DiscardOldest
            or params.MonitoringMode != ua.MonitoringMode.Reporting
            or self._timestamps != ua.TimestampsToReturn.Both
        ):
            return None
        node = self.aspace.get(asked.NodeId)
        value = node.attributes.get(ua.AttributeIds.Value) if node is not None else None
        return value.column if isinstance(value, LiveValue) else None

    def _leave_columns(self, mid: int) -> None:
        """Make one of the items that are watched by the thousand one like all others, with what it has to tell."""
        if self.columns is None or mid not in self.columns:
            return
        item = self._monitored_items[mid]
        late = self.columns.is_late(mid)
        waiting = self.columns.remove(mid)
        node = item.read_value_id.NodeId
        if waiting:
            self.isub._triggered_datachanges[mid] = waiting
        now = self.aspace.read_attribute_value(node, ua.AttributeIds.Value)
        if late:
            item.sampling.waiting = now
            self._late.add(mid)
        else:
            item.mvalue.current_dvalue = now
        _, item.callback_handle = self.aspace.add_datachange_callback(
            node, ua.AttributeIds.Value, self.datachange_callback
        )
        self._monitored_datachange[item.callback_handle] = mid

    async def _set_monitoring_mode(self, mode: ua.MonitoringMode, mid: int) -> ua.StatusCode:
        self._leave_columns(mid)
        item = self._monitored_items.get(mid)
        if item is not None and item.callback_handle == WITHDRAWN:
            item.mode = mode
            return ua.StatusCode()
        return await super()._set_monitoring_mode(mode, mid)

    def _create_events_monitored_item(self, params: ua.MonitoredItemCreateRequest) -> ua.MonitoredItemCreateResult:
        wanted = params.RequestedParameters
        node = self.aspace.get(params.ItemToMonitor.NodeId)
        if node is None:
            return ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown))
        if ua.AttributeIds.EventNotifier not in node.attributes:
            return ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(ua.StatusCodes.BadAttributeIdInvalid))
        if not is_event_filter(wanted.Filter):
            return ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(ua.StatusCodes.BadEventFilterInvalid))
        wanted.QueueSize = self._revise_event_queue_size(wanted.QueueSize)
        result = super()._create_events_monitored_item(params)
        if result.StatusCode.is_good():
            self._filter_events(self._monitored_items[result.MonitoredItemId], wanted.Filter)
        return result

    def _filter_events(self, item: MonitoredItemData, filter_: ua.EventFilter) -> None:
        item.filter = filter_
        item.where_clause_evaluator = Where(filter_.WhereClause, self._is_subtype)

    @staticmethod
    def _revise_event_queue_size(requested: int) -> int:
        """An event is not the newest value of anything: by default many are kept."""
        return requested if requested > 1 else EVENT_QUEUE

    def _modify_monitored_item(self, params: ua.MonitoredItemModifyRequest) -> ua.MonitoredItemModifyResult:
        self._leave_columns(params.MonitoredItemId)
        item = self._monitored_items.get(params.MonitoredItemId)
        if item is None:
            return ua.MonitoredItemModifyResult(StatusCode=ua.StatusCode(ua.StatusCodes.BadMonitoredItemIdInvalid))
        wanted = params.RequestedParameters
        if item.callback_handle is not None:  # an event's filter is of another kind
            status = self._prepare_filter(item.read_value_id.NodeId, wanted)
            if status is not None:
                return ua.MonitoredItemModifyResult(StatusCode=ua.StatusCode(status))
            item.filter = wanted.Filter
        else:
            if not is_event_filter(wanted.Filter):
                return ua.MonitoredItemModifyResult(StatusCode=ua.StatusCode(ua.StatusCodes.BadEventFilterInvalid))
            self._filter_events(item, wanted.Filter)
            wanted.QueueSize = self._revise_event_queue_size(wanted.QueueSize)
        item.client_handle = wanted.ClientHandle
        item.queue_size = self._revise_queue_size(wanted.QueueSize)
        waiting = item.sampling.waiting
        interval_ms = self._sample(item, wanted)
        item.sampling.waiting = waiting
        return ua.MonitoredItemModifyResult(RevisedSamplingInterval=interval_ms, RevisedQueueSize=item.queue_size)

    def _prepare_filter(self, node_id: ua.NodeId, wanted: ua.MonitoringParameters) -> int | None:
        """Turn a percent dead band into an absolute one; the status of a filter that cannot be served."""
        filter_ = wanted.Filter
        if isinstance(filter_, ua.ExtensionObject) and filter_.TypeId.is_null():
            filter_ = wanted.Filter = None
        if filter_ is None:
            return None
        # decoding yields the generated class, of which ua.DataChangeFilter is a subclass
        if not isinstance(filter_, uaprotocol_auto.DataChangeFilter):
            return int(ua.StatusCodes.BadMonitoredItemFilterUnsupported)
        if filter_.DeadbandType != ua.DeadbandType.Percent:
            return None
        span = self._span(node_id)
        if span is None:
            return int(ua.StatusCodes.BadFilterNotAllowed)
        if not 0.0 <= filter_.DeadbandValue <= 100.0:
            return int(ua.StatusCodes.BadDeadbandFilterInvalid)
        filter_.DeadbandType = ua.DeadbandType.Absolute
        filter_.DeadbandValue *= span / 100.0
        return None

    def _span(self, node_id: ua.NodeId) -> float | None:
        """Width of a variable's EURange; None where it has none."""
        node = self.aspace.get(node_id)
        for reference in node.references if node is not None else ():
            if reference.IsForward and reference.BrowseName.Name == "EURange":
                value = self.aspace.read_attribute_value(reference.NodeId, ua.AttributeIds.Value).Value
                if value is not None:
                    return float(value.Value.High - value.Value.Low)
        return None

    def _revise_queue_size(self, requested: int) -> int:
        return int(super()._revise_queue_size(max(requested, 1)))

    def _delete_monitored_items(self, mid: int) -> ua.StatusCode:
        if self.columns is not None and mid in self.columns:
            self.columns.remove(mid)
            del self._monitored_items[mid]
            return ua.StatusCode()
        # the library looks for each item among all others, which is quadratic when a subscription ends
        item = self._monitored_items.get(mid)
        if item is None or self._monitored_datachange.pop(item.callback_handle, None) is None:
            return super()._delete_monitored_items(mid)
        self.aspace.delete_datachange_callback(item.callback_handle)
        del self._monitored_items[mid]
        return ua.StatusCode()


def _every_change(filter_: ua.DataChangeFilter | None) -> bool:
    """Whether a filter lets every change of value and status through, as no filter does."""
    return filter_ is None or (
        filter_.Trigger == ua.DataChangeTrigger.StatusValue and filter_.DeadbandType == ua.DeadbandType.None_
    )


class Subscriptions(SubscriptionService):
    """Subscriptions with the monitored items above, and with intervals and lifetimes within reason."""

    def __init__(self, aspace: AddressSpace, iserver: Any) -> None:
        super().__init__(aspace, iserver=iserver)
        self._is_subtype = subtypes(aspace)

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        session_id: ua.NodeId,
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        _put_within_reason(params)
        # the library's own method with our class in it
        if len(self.subscriptions) >= self.iserver.max_subscriptions:
            raise ServiceError(ua.StatusCodes.BadTooManySubscriptions)
        self._sub_id_counter += 1
        number = self._sub_id_counter
        result = ua.CreateSubscriptionResult(
            SubscriptionId=number,
            RevisedPublishingInterval=params.RequestedPublishingInterval,
            RevisedLifetimeCount=self._clamp_lifetime_count(params.RequestedLifetimeCount),
            RevisedMaxKeepAliveCount=self._clamp_keep_alive_count(params.RequestedMaxKeepAliveCount),
        )
        subscription = Subscription(
            result,
            self.aspace,
            callback,
            session_id,
            request_callback=request_callback,
            delete_callback=lambda: self.subscriptions.pop(number, None),
            no_acks_limit=self.iserver.max_unacked_messages_per_subscription,
            max_queue_size=self.iserver.max_monitored_item_queue_size,
            publishing_enabled=params.PublishingEnabled,
        )
        subscription.most = params.MaxNotificationsPerPublish
        subscription.monitored_item_srv = MonitoredItems(subscription, self.aspace, self._is_subtype)
        await subscription.start()
        self.subscriptions[number] = subscription
        return result

    def modify_subscription(self, params: ua.ModifySubscriptionParameters) -> ua.ModifySubscriptionResult:
        subscription = self.subscriptions.get(params.SubscriptionId)
        if subscription is None:
            raise ServiceError(ua.StatusCodes.BadSubscriptionIdInvalid)
        _put_within_reason(params)
        lifetime = self._clamp_lifetime_count(params.RequestedLifetimeCount)
        keep_alive = self._clamp_keep_alive_count(params.RequestedMaxKeepAliveCount)
        interval_ms = params.RequestedPublishingInterval
        subscription.revise(interval_ms, lifetime, keep_alive, params.MaxNotificationsPerPublish)
        return ua.ModifySubscriptionResult(interval_ms, lifetime, keep_alive)


def _put_within_reason(params: ua.CreateSubscriptionParameters | ua.ModifySubscriptionParameters) -> None:
    """Interval and lifetime that a request may have."""
    # written so that nan, too, becomes the shortest
    if not params.RequestedPublishingInterval >= SHORTEST_INTERVAL_MS:
        params.RequestedPublishingInterval = SHORTEST_INTERVAL_MS
    params.RequestedPublishingInterval = min(params.RequestedPublishingInterval, LONGEST_INTERVAL_MS)
    params.RequestedLifetimeCount = max(
        params.RequestedLifetimeCount, KEEP_ALIVES_PER_LIFETIME * params.RequestedMaxKeepAliveCount
    )


def _valid(wanted: ua.TimestampsToReturn) -> ua.TimestampsToReturn:
    if wanted not in tuple(ua.TimestampsToReturn)[:4]:
        raise ServiceError(ua.StatusCodes.BadTimestampsToReturnInvalid)
    return wanted


class View(ViewService):
    """Browsing of an address space whose reference types do not change."""

    def __init__(self, aspace: AddressSpace) -> None:
        super().__init__(aspace)
        self._below: dict[ua.NodeId, frozenset[ua.NodeId]] = {}

    def _suitable_reftype(self, ref1: ua.NodeId, ref2: ua.NodeId, subtypes: bool) -> bool:
        if not subtypes or ref1 == ref2 or ref1.is_null():
            return bool(super()._suitable_reftype(ref1, ref2, subtypes))
        below = self._below.get(ref1)
        if below is None:
            below = self._below[ref1] = frozenset(self._get_sub_ref(ref1))
        return ref2 in below


def install(service: Any, aspace: AddressSpace) -> bool:
    """Give an InternalServer these subscriptions and this view; False, with a warning, where they do not fit."""
    if not fits():
        log.warning(
            "asyncua %s is not the %d.%d that plantsim was written for: OPC UA works, but costs more processor time",
            version("asyncua"),
            *_SUPPORTED,
        )
        return False
    service.subscription_service = Subscriptions(aspace, iserver=service)
    service.view_service = View(aspace)
    return True


def watched(service: Any) -> int:
    """Monitored items of all subscriptions. service: an InternalServer."""
    subscriptions = tuple(service.subscription_service.subscriptions.values())
    return sum(len(one.monitored_item_srv._monitored_items) for one in subscriptions)


def channel_certificate(service: Any, session: Any) -> bytes | None:
    """The certificate (DER) whose key a session's secure channel was opened with; None of a channel without security.

    service: an InternalServer. session: as its connection has just created it. Raises LookupError for any other.
    """
    for transport in service.asyncio_transports:
        processor = transport.get_protocol().processor
        if processor is not None and processor.session is session:
            certificate = processor._connection.security_policy.peer_certificate
            return bytes(certificate) if certificate else None
    raise LookupError("a session without a connection")


def own(subscription: Any, owner: object) -> None:
    """Note as whom a subscription was made."""
    subscription.owner = owner


def is_owned_by(subscription: Any, owner: object) -> bool:
    """Whether a subscription was made as that one."""
    return bool(getattr(subscription, "owner", None) == owner)


def acknowledge(subscription: Any, number: int) -> ua.StatusCode:
    """Keep a message no longer; whether it was kept."""
    known = subscription._not_acknowledged_results.pop(number, None) is not None
    return ua.StatusCode(ua.StatusCodes.Good if known else ua.StatusCodes.BadSequenceNumberUnknown)


def sent(subscription: Any, number: int) -> ua.NotificationMessage:
    """A message that is kept. Raises ServiceError where there is none."""
    found = subscription._not_acknowledged_results.get(number)
    if found is None:
        raise ServiceError(ua.StatusCodes.BadMessageNotAvailable)
    return found.NotificationMessage


def hand_over(subscription: Any, session: ua.NodeId, callback: Any) -> list[int]:
    """Give a subscription to another session, with that one's connection; the messages that are kept.

    callback: the method of the connection that sends answers. The library leaves requests at the old one.
    """
    subscription.session_id = session
    subscription.pub_result_callback = callback
    subscription.pub_request_callback = callback.__self__.get_publish_request
    return sorted(subscription._not_acknowledged_results)


def withdraw(subscription: Any, hides: Callable[[ua.NodeId], bool], status: ua.StatusCode) -> None:
    """Let items whose nodes are hidden tell that status, and nothing more; nor is what waits or is kept told any more.

    An item stays so: who may see the node later watches it anew.
    """
    service = subscription.monitored_item_srv
    columns = getattr(service, "columns", None)
    for number, item in service._monitored_items.items():
        if item.callback_handle == WITHDRAWN or not hides(item.read_value_id.NodeId):
            continue
        subscription._not_acknowledged_results.clear()
        subscription._triggered_events.pop(number, None)
        listening = service._monitored_events.get(item.read_value_id.NodeId, [])
        if columns is not None and number in columns:
            columns.remove(number)
        elif service._monitored_datachange.pop(item.callback_handle, None) is not None:
            service.aspace.delete_datachange_callback(item.callback_handle)
        elif number in listening:
            listening.remove(number)
            item.callback_handle = WITHDRAWN
            continue
        item.callback_handle = WITHDRAWN
        notification = ua.MonitoredItemNotification(item.client_handle, ua.DataValue(StatusCode=status))
        subscription._triggered_datachanges[number] = [notification]


def scan_shown(service: Any) -> None:
    """Let the subscriptions whose time it is publish. service: an InternalServer with subscriptions of ours."""
    for subscription in tuple(service.subscription_service.subscriptions.values()):
        subscription.scan_shown()


async def notify_event(service: Any, event: Event) -> None:
    """Send an event to whoever listens at one of its notifiers. service: an InternalServer."""
    for node in event.notifiers:
        heard = event.at(node)
        for subscription in tuple(service.subscription_service.subscriptions.values()):
            try:
                await subscription.monitored_item_srv.trigger_event(heard)
            except Exception:
                log.exception("subscription %s could not take an event", subscription.data.SubscriptionId)


def hear(service: Any, event: Event, may: Callable[[Any], bool]) -> None:
    """Queue an event that is heard at Server for subscriptions of ours whose owner may hear it."""
    for subscription in tuple(service.subscription_service.subscriptions.values()):
        if subscription.owner is None or not may(subscription.owner):
            continue
        items = subscription.monitored_item_srv
        for number in items._monitored_events.get(event.emitting_node, ()):
            item = items._monitored_items[number]
            if item.mode != ua.MonitoringMode.Disabled and item.where_clause_evaluator.eval(event):
                fields = ua.EventFieldList(item.client_handle, event.to_event_fields(item.filter.SelectClauses))
                subscription.put(number, fields, item.queue_size, subscription._triggered_events)


def is_heard(service: Any, may: Callable[[Any], bool]) -> bool:
    """Whether a subscription of ours whose owner may hear listens to events at Server."""
    server = ua.NodeId(ua.ObjectIds.Server)
    return any(
        one.owner is not None and server in one.monitored_item_srv._monitored_events and may(one.owner)
        for one in tuple(service.subscription_service.subscriptions.values())
    )


async def notify_again(
    service: Any, subscription_id: int, item: int | None, session: ua.NodeId, events: Sequence[Event]
) -> int:
    """Send events to one subscription of a session, or to one item of it; the status code of a ConditionRefresh."""
    subscription = service.subscription_service.subscriptions.get(subscription_id)
    if subscription is None or subscription.session_id != session:
        return int(ua.StatusCodes.BadSubscriptionIdInvalid)
    items = subscription.monitored_item_srv
    listening = {node: tuple(ids) for node, ids in items._monitored_events.items()}
    if item is not None:
        listening = {node: (item,) for node, ids in listening.items() if item in ids}
        if not listening:
            return int(ua.StatusCodes.BadMonitoredItemIdInvalid)
    for event in events:
        for node, ids in listening.items():
            if not event.notifiers or node in event.notifiers:
                for one in ids:
                    await items.trigger_event(event.at(node), one)
    return int(ua.StatusCodes.Good)
