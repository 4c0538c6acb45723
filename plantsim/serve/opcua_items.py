"""Monitored items: asyncua's, with sampling, filters, queues and modification as OPC 10000-4 has them.

asyncua copies every value once per monitored item, makes a notification of its own of every value for every subscriber,
takes a queue size of 0 for 10,000, measures dead bands against the last value seen instead of the last one reported,
has no percent dead band, and keeps to no sampling interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.server.monitored_item_service import MonitoredItemData, MonitoredItemService
from asyncua.ua import uaprotocol_auto

from plantsim.serve.opcua_columns import Columns
from plantsim.serve.opcua_events import IsSubtype, Where, is_event_filter
from plantsim.serve.opcua_limits import (
    MOST_ITEMS,
    MOST_ITEMS_OF_A_SUBSCRIPTION,
    SHORTEST_INTERVAL_MS,
    longest_queue,
)
from plantsim.serve.opcua_live import Column, LiveValue
from plantsim.serve.opcua_ranges import encoding_fault, is_range, part_of
from plantsim.serve.opcua_records import mask_of
from plantsim.serve.opcua_subscription import Sampling, with_timestamps

_NUMBERS = frozenset(
    ua.NodeId(getattr(ua.ObjectIds, name))
    for name in (
        "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double", "Duration",
        "Number", "Integer", "UInteger",
    )
)  # fmt: skip
"""Data types that a dead band is for."""
LONGEST_SAMPLING_MS = 86_400_000.0
EVENT_QUEUE = 1000
"""Events that a monitored item keeps where the client leaves it to the server."""
WITHDRAWN = -1
"""In place of the callback of an item whose node is hidden by now."""


class MonitoredItems(MonitoredItemService):
    """The monitored items of one subscription. DataValues are shared between items and never changed."""

    def __init__(
        self, subscription: Any, aspace: AddressSpace, is_subtype: IsSubtype, count_all: Callable[[], int]
    ) -> None:
        """count_all: items of all subscriptions."""
        super().__init__(subscription, aspace)
        self._count_all = count_all
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
        room = min(MOST_ITEMS_OF_A_SUBSCRIPTION - len(self._monitored_items), MOST_ITEMS - self._count_all())
        wanted = replace(params, ItemsToCreate=params.ItemsToCreate[: max(room, 0)])
        results: list[ua.MonitoredItemCreateResult] = await super().create_monitored_items(wanted)
        too_many = ua.StatusCode(ua.StatusCodes.BadTooManyMonitoredItems)
        beyond = len(params.ItemsToCreate) - len(results)
        return results + [ua.MonitoredItemCreateResult(StatusCode=too_many) for _ in range(beyond)]

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

    def tell_again(self) -> None:
        """Queue the values of now of all items that report, whether they have changed or not."""
        if self.columns is not None:
            self.columns.tell_again()
        for number, item in self._monitored_items.items():
            in_columns = self.columns is not None and number in self.columns
            if in_columns or item.mode != ua.MonitoringMode.Reporting or item.callback_handle in (None, WITHDRAWN):
                continue
            asked = item.read_value_id
            value = _part(item, self.aspace.read_attribute_value(asked.NodeId, asked.AttributeId))
            item.mvalue.current_dvalue = value
            notification = ua.MonitoredItemNotification(item.client_handle, with_timestamps(value, item.timestamps))
            self.isub.put(number, notification, item.queue_size, self.isub._triggered_datachanges)

    @property
    def has_late(self) -> bool:
        """Whether values wait for their sampling interval."""
        return bool(self._late)

    def take_due(self) -> None:
        """Queue the values that have waited for their sampling interval."""
        if not self._late:
            return
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
        value = _part(item, value)
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
        width = float(filter_.DeadbandValue)

        def is_within(old: object, new: object) -> bool:
            return isinstance(old, int | float) and isinstance(new, int | float) and abs(new - old) <= width

        old, new = reported.Value.Value, value.Value.Value
        if isinstance(old, list) and isinstance(new, list):  # each of its elements (OPC 10000-4, 7.22.2)
            return len(old) == len(new) and all(map(is_within, old, new))
        return is_within(old, new)

    async def _create_data_change_monitored_item(
        self, params: ua.MonitoredItemCreateRequest
    ) -> ua.MonitoredItemCreateResult:
        status = self._fault(params.ItemToMonitor) or self._prepare_filter(
            params.ItemToMonitor, params.RequestedParameters
        )
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
        mask = mask_of(item.timestamps)
        self.columns.add(result.MonitoredItemId, column.row, item.client_handle, item.queue_size, interval, mask)
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
        ):
            return None
        node = self.aspace.get(asked.NodeId)
        value = node.attributes.get(ua.AttributeIds.Value) if node is not None else None
        return value.column if isinstance(value, LiveValue) else None

    def leave_columns(self, mid: int) -> None:
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
        self.leave_columns(mid)
        item = self._monitored_items.get(mid)
        if item is not None:
            self.isub.change_mode(mid, mode)
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
        notifier = self.aspace.read_attribute_value(params.ItemToMonitor.NodeId, ua.AttributeIds.EventNotifier).Value
        if notifier is None or not notifier.Value & ua.EventNotifier.SubscribeToEvents.mask:
            return ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(ua.StatusCodes.BadNotSupported))
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
        self.leave_columns(params.MonitoredItemId)
        item = self._monitored_items.get(params.MonitoredItemId)
        if item is None:
            return ua.MonitoredItemModifyResult(StatusCode=ua.StatusCode(ua.StatusCodes.BadMonitoredItemIdInvalid))
        wanted = params.RequestedParameters
        if item.callback_handle is not None:  # an event's filter is of another kind
            status = self._prepare_filter(item.read_value_id, wanted)
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

    def _fault(self, asked: ua.ReadValueId) -> int | None:
        """The status of a part or an encoding that there is not; None where the node itself is not there, either."""
        if asked.NodeId not in self.aspace:
            return None
        if asked.IndexRange and not is_range(asked.IndexRange):
            return int(ua.StatusCodes.BadIndexRangeInvalid)
        return encoding_fault(asked)

    def _prepare_filter(self, asked: ua.ReadValueId, wanted: ua.MonitoringParameters) -> int | None:
        """Turn a percent dead band into an absolute one; the status of a filter that cannot be served."""
        filter_ = wanted.Filter
        if isinstance(filter_, ua.ExtensionObject) and filter_.TypeId.is_null():
            filter_ = wanted.Filter = None
        if filter_ is None:
            return None
        # decoding yields the generated class, of which ua.DataChangeFilter is a subclass
        if not isinstance(filter_, uaprotocol_auto.DataChangeFilter):
            return int(ua.StatusCodes.BadMonitoredItemFilterUnsupported)
        if filter_.DeadbandType == ua.DeadbandType.None_ or asked.NodeId not in self.aspace:
            return None
        if not self._has_numbers(asked):
            return int(ua.StatusCodes.BadFilterNotAllowed)
        if filter_.DeadbandType == ua.DeadbandType.Absolute:
            # written so that nan, too, is refused
            return None if filter_.DeadbandValue >= 0.0 else int(ua.StatusCodes.BadDeadbandFilterInvalid)
        if filter_.DeadbandType != ua.DeadbandType.Percent:
            return int(ua.StatusCodes.BadMonitoredItemFilterInvalid)
        span = self._span(asked.NodeId)
        if span is None:
            return int(ua.StatusCodes.BadFilterNotAllowed)
        if not 0.0 <= filter_.DeadbandValue <= 100.0:
            return int(ua.StatusCodes.BadDeadbandFilterInvalid)
        filter_.DeadbandType = ua.DeadbandType.Absolute
        filter_.DeadbandValue *= span / 100.0
        return None

    def _has_numbers(self, asked: ua.ReadValueId) -> bool:
        """Whether what is watched is a number, or an array of them."""
        if asked.AttributeId != ua.AttributeIds.Value:
            return False
        type_ = self.aspace.read_attribute_value(asked.NodeId, ua.AttributeIds.DataType).Value
        return type_ is not None and type_.Value in _NUMBERS

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
        return min(int(super()._revise_queue_size(max(requested, 1))), longest_queue(len(self._monitored_items)))

    def _delete_monitored_items(self, mid: int) -> ua.StatusCode:
        if self.columns is not None and mid in self.columns:
            self.columns.remove(mid)
            self.isub.forget(mid)
            del self._monitored_items[mid]
            return ua.StatusCode()
        # the library looks for each item among all others, which is quadratic when a subscription ends
        item = self._monitored_items.get(mid)
        self.isub.forget(mid)
        if item is None or self._monitored_datachange.pop(item.callback_handle, None) is None:
            return super()._delete_monitored_items(mid)
        self.aspace.delete_datachange_callback(item.callback_handle)
        del self._monitored_items[mid]
        return ua.StatusCode()


def _part(item: MonitoredItemData, value: ua.DataValue) -> ua.DataValue:
    """What of a value an item is for."""
    index_range = item.read_value_id.IndexRange
    return part_of(value, index_range) if index_range else value


def _every_change(filter_: ua.DataChangeFilter | None) -> bool:
    """Whether a filter lets every change of value and status through, as no filter does."""
    return filter_ is None or (
        filter_.Trigger == ua.DataChangeTrigger.StatusValue and filter_.DeadbandType == ua.DeadbandType.None_
    )


def _valid(wanted: ua.TimestampsToReturn) -> ua.TimestampsToReturn:
    if wanted not in tuple(ua.TimestampsToReturn)[:4]:
        raise ServiceError(ua.StatusCodes.BadTimestampsToReturnInvalid)
    return wanted
