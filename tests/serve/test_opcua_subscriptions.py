"""Subscriptions as a client asks for them: intervals, queues, timestamps and limits, over the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary

from plantsim.serve.opcua_columns import OVERFLOW

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEVER_MS = 60_000.0
TIMES = ua.TimestampsToReturn
NUMBER, TEXT, SWITCH = "TIC-201.PV", "Simulation.Pacing", "P-201.CMD"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def serving(synthetic: Any, opcua_server: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(serving: Any, connect: Any) -> AsyncIterator[Any]:
    async with connect(serving.endpoint) as found:
        yield found


class Raw:
    """A subscription by its services alone, message by message."""

    def __init__(self, console: Any, made: ua.CreateSubscriptionResult) -> None:
        self.console, self.made, self.number = console, made, made.SubscriptionId
        self.client = console.client.uaclient

    @classmethod
    async def create(cls, console: Any, interval_ms: float = 50.0, most: int = 0) -> Raw:
        request = ua.CreateSubscriptionRequest()
        request.Parameters = ua.CreateSubscriptionParameters(interval_ms, 3000, 1000, most, True, 0)
        answer = await console.client.uaclient.protocol.send_request(request)
        return cls(console, struct_from_binary(ua.CreateSubscriptionResponse, answer).Parameters)

    async def watch(
        self,
        *names: str,
        sampling_ms: float = 0.0,
        queue: int = 10,
        discard_oldest: bool = True,
        times: ua.TimestampsToReturn = TIMES.Both,
    ) -> list[ua.MonitoredItemCreateResult]:
        """Items whose client handles count from 0."""
        items = [
            ua.MonitoredItemCreateRequest(
                ua.ReadValueId(self.console.id(name), ua.AttributeIds.Value),
                ua.MonitoringMode.Reporting,
                ua.MonitoringParameters(handle, sampling_ms, None, queue, discard_oldest),
            )
            for handle, name in enumerate(names)
        ]
        results = await self.client.create_monitored_items(ua.CreateMonitoredItemsParameters(self.number, times, items))
        return list(results)

    async def publish(self) -> tuple[list[tuple[int, ua.DataValue]], bool]:
        """The next message: handles with their values, and whether there is more."""
        async with asyncio.timeout(10.0):
            answer = await self.client.protocol.send_request(ua.PublishRequest())
        found = struct_from_binary(ua.PublishResponse, answer).Parameters
        parts = found.NotificationMessage.NotificationData
        return [(one.ClientHandle, one.Value) for part in parts for one in part.MonitoredItems], found.MoreNotifications

    async def first(self, *names: str, **options: Any) -> None:
        """Watch, and let the values pass that it begins with."""
        await self.watch(*names, **options)
        told: set[int] = set()
        while len(told) < len(names):
            told |= {handle for handle, _ in (await self.publish())[0]}

    async def modify(self, interval_ms: float, most: int = 0) -> ua.ModifySubscriptionResult:
        return await self.client.modify_subscription(
            ua.ModifySubscriptionParameters(self.number, interval_ms, 3000, 1000, most)
        )

    async def end(self) -> None:
        await self.client.delete_subscriptions([self.number])


async def shown(console: Any, synthetic: Any, values: dict[str, float]) -> None:
    """Show values, and wait until clients can read them."""
    synthetic.show(values)
    async with asyncio.timeout(10.0):
        while await console.value("Simulation.ScanCount") < synthetic.image.scan:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("times", "source", "server"), [(TIMES.Both, 1, 1), (TIMES.Source, 1, 0), (TIMES.Server, 0, 1)]
)
async def test_an_item_tells_the_times_that_it_was_asked_for(
    console: Any, synthetic: Any, times: ua.TimestampsToReturn, source: int, server: int
) -> None:
    raw = await Raw.create(console)
    await raw.watch(NUMBER, TEXT, times=times)
    values: dict[int, ua.DataValue] = {}
    while len(values) < 2:
        values |= dict((await raw.publish())[0])
    for value in values.values():
        assert (value.SourceTimestamp is not None, value.ServerTimestamp is not None) == (source == 1, server == 1)
    await raw.end()


async def test_times_that_there_are_none_of_are_refused(console: Any) -> None:
    raw = await Raw.create(console)
    with pytest.raises(ua.uaerrors.BadTimestampsToReturnInvalid):
        await raw.watch(NUMBER, times=TIMES.Invalid)
    await raw.end()


def dead_band(kind: int, width: float) -> ua.DataChangeFilter:
    return ua.DataChangeFilter(ua.DataChangeTrigger.StatusValue, kind, width)


ABSOLUTE, PERCENT = ua.DeadbandType.Absolute, ua.DeadbandType.Percent
VALUE, DISPLAY_NAME = ua.AttributeIds.Value, ua.AttributeIds.DisplayName
XML = {"DataEncoding": ua.QualifiedName("Default XML", 0)}


@pytest.mark.parametrize(
    ("asked", "filter_", "status"),
    [
        (ua.ReadValueId(NUMBER, VALUE), dead_band(ABSOLUTE, 0.0), "Good"),
        (ua.ReadValueId("TIC-201.MODE", VALUE), dead_band(ABSOLUTE, 1.0), "Good"),
        (ua.ReadValueId(NUMBER, VALUE), dead_band(ABSOLUTE, -1.0), "BadDeadbandFilterInvalid"),
        (ua.ReadValueId(NUMBER, VALUE), dead_band(ABSOLUTE, float("nan")), "BadDeadbandFilterInvalid"),
        (ua.ReadValueId(NUMBER, VALUE), dead_band(PERCENT, 100.5), "BadDeadbandFilterInvalid"),
        (ua.ReadValueId(NUMBER, VALUE), dead_band(PERCENT, -1.0), "BadDeadbandFilterInvalid"),
        (ua.ReadValueId(NUMBER, VALUE), dead_band(9, 1.0), "BadMonitoredItemFilterInvalid"),
        (ua.ReadValueId(NUMBER, DISPLAY_NAME), dead_band(ABSOLUTE, 1.0), "BadFilterNotAllowed"),
        (ua.ReadValueId(TEXT, VALUE), dead_band(ABSOLUTE, 1.0), "BadFilterNotAllowed"),
        (ua.ReadValueId(SWITCH, VALUE), dead_band(ABSOLUTE, 1.0), "BadFilterNotAllowed"),
        (ua.ReadValueId("TIC-201.MODE", VALUE), dead_band(PERCENT, 1.0), "BadFilterNotAllowed"),
        (ua.ReadValueId("No-such.PV", VALUE), dead_band(ABSOLUTE, 1.0), "BadNodeIdUnknown"),
        (ua.ReadValueId("TIC-201.PV.EURange", VALUE), dead_band(ABSOLUTE, 1.0), "BadFilterNotAllowed"),
        (ua.ReadValueId(NUMBER, VALUE), ua.AggregateFilter(), "BadMonitoredItemFilterUnsupported"),
        (ua.ReadValueId(NUMBER, VALUE, **XML), None, "BadDataEncodingUnsupported"),
        (ua.ReadValueId(NUMBER, DISPLAY_NAME, **XML), None, "BadDataEncodingInvalid"),
        (ua.ReadValueId("TIC-201.MODE.EnumStrings", VALUE, IndexRange="2:1"), None, "BadIndexRangeInvalid"),
        (ua.ReadValueId("No-such.PV", VALUE, IndexRange="2:1"), None, "BadNodeIdUnknown"),
    ],
)
async def test_an_item_that_cannot_be_served_is_refused_with_its_status(
    console: Any, asked: ua.ReadValueId, filter_: Any, status: str
) -> None:
    raw = await Raw.create(console)
    item = ua.MonitoredItemCreateRequest(
        replace(asked, NodeId=console.id(asked.NodeId)),
        ua.MonitoringMode.Reporting,
        ua.MonitoringParameters(0, 0.0, filter_, 1, True),
    )
    (answer,) = await raw.client.create_monitored_items(
        ua.CreateMonitoredItemsParameters(raw.number, TIMES.Both, [item])
    )
    assert answer.StatusCode.name == status
    await raw.end()


async def test_an_item_for_a_part_of_a_value_tells_that_part(console: Any, synthetic: Any) -> None:
    """And what is not there: a text may grow until it is."""
    await shown(console, synthetic, {TEXT: 1.0})
    raw = await Raw.create(console)
    told: dict[int, list[Any]] = {0: [], 1: [], 2: []}

    async def until(handle: int, value: Any) -> None:
        while value not in told[handle]:
            for which, one in (await raw.publish())[0]:
                told[which].append(one.Value.Value if one.StatusCode.is_good() else one.StatusCode.name)

    items = [
        ua.MonitoredItemCreateRequest(
            ua.ReadValueId(console.id(name), VALUE, IndexRange=part),
            ua.MonitoringMode.Reporting,
            ua.MonitoringParameters(handle, 0.0, None, 10, True),
        )
        for handle, (name, part) in enumerate(((TEXT, "0:3"), (TEXT, "100"), ("TIC-201.MODE.EnumStrings", "0:1")))
    ]
    await raw.client.create_monitored_items(ua.CreateMonitoredItemsParameters(raw.number, TIMES.Both, items))
    await until(0, "Hist")
    await until(1, "BadIndexRangeNoData")
    await until(2, [ua.LocalizedText("Manual"), ua.LocalizedText("Automatic")])
    synthetic.show({TEXT: 0.0})
    await until(0, "BadIndexRangeNoData")
    assert len(told[1]) == 1, "no more to tell of what is still not there"
    await raw.end()


@pytest.mark.parametrize("name", [NUMBER, "TIC-201.MODE"])
@pytest.mark.parametrize(
    ("discard_oldest", "kept", "marked"), [(True, [3.0, 4.0, 5.0], 3.0), (False, [1.0, 2.0, 5.0], 5.0)]
)
async def test_a_full_queue_discards_what_it_was_told_to_and_says_so(
    console: Any, synthetic: Any, name: str, discard_oldest: bool, kept: list[float], marked: float
) -> None:
    await shown(console, synthetic, {name: 0.0})
    raw = await Raw.create(console)
    await raw.first(name, queue=3, discard_oldest=discard_oldest)
    await raw.modify(NEVER_MS)
    await raw.client.set_publishing_mode(ua.SetPublishingModeParameters(False, [raw.number]))
    for value in (1.0, 2.0, 3.0, 4.0, 5.0):
        await shown(console, synthetic, {name: value})
    await raw.client.set_publishing_mode(ua.SetPublishingModeParameters(True, [raw.number]))
    await raw.modify(50.0)
    told, _ = await raw.publish()
    assert [value.Value.Value for _, value in told] == kept
    assert [value.Value.Value for _, value in told if (value.StatusCode.value & OVERFLOW) == OVERFLOW] == [marked]
    await raw.end()


async def test_a_message_has_as_many_notifications_as_it_may(console: Any, synthetic: Any) -> None:
    raw = await Raw.create(console, most=4)
    numbers = (NUMBER, "TIC-201.SP", "TIC-201.OP", "TIC-201.Gain", "AIC-201.PV", "AI-201.PV")
    await raw.watch(*numbers, TEXT, SWITCH, "TIC-201.MODE")
    messages = [await raw.publish() for _ in range(3)]
    assert [(len(told), more) for told, more in messages] == [(4, True), (4, True), (1, False)]
    assert sorted(handle for told, _ in messages for handle, _ in told) == list(range(9))
    await raw.modify(50.0, most=7)
    await shown(console, synthetic, {name: 0.5 + synthetic.image.value[synthetic.tags[name].row] for name in numbers})
    await shown(console, synthetic, {name: 0.5 + synthetic.image.value[synthetic.tags[name].row] for name in numbers})
    found: list[tuple[int, ua.DataValue]] = []
    while len(found) < 12:
        told, _ = await raw.publish()
        assert len(told) <= 7
        found += told
    for handle in range(6):
        values = [value.Value.Value for one, value in found if one == handle]
        assert values[1] == values[0] + 0.5, "of one item the oldest comes first"
    await raw.end()


@pytest.mark.parametrize("name", [NUMBER, "TIC-201.MODE"])
async def test_values_are_sampled_no_more_often_than_asked(console: Any, synthetic: Any, name: str) -> None:
    await shown(console, synthetic, {name: 0.0})
    raw = await Raw.create(console)
    (made,) = await raw.watch(name, sampling_ms=600.0)
    assert made.RevisedSamplingInterval == 600.0
    ((_, value),), _ = await raw.publish()
    assert value.Value.Value == 0.0
    began = time.monotonic()
    for number in (1.0, 2.0, 3.0):
        await shown(console, synthetic, {name: number})
    told, _ = await raw.publish()
    if time.monotonic() - began < 1.0:  # a machine that stood still may have come to a second sample
        assert [value.Value.Value for _, value in told] == [3.0], "what came between is not sampled"
        assert time.monotonic() - began > 0.4
    await raw.end()


@pytest.mark.parametrize(("asked", "revised"), [(0.0, 50.0), (-1.0, 250.0), (1.0, 50.0), (400.0, 400.0)])
async def test_sampling_intervals_are_revised(console: Any, asked: float, revised: float) -> None:
    raw = await Raw.create(console, 250.0)
    for result in await raw.watch(NUMBER, TEXT, sampling_ms=asked):
        assert result.RevisedSamplingInterval == revised
    (item, _) = await raw.watch(NUMBER, TEXT)
    (modified,) = await raw.client.modify_monitored_items(
        ua.ModifyMonitoredItemsParameters(
            raw.number,
            TIMES.Both,
            [ua.MonitoredItemModifyRequest(item.MonitoredItemId, ua.MonitoringParameters(0, asked, None, 5, True))],
        )
    )
    assert (modified.RevisedSamplingInterval, modified.RevisedQueueSize) == (revised, 5)
    await raw.end()


async def test_a_subscription_takes_on_another_interval_at_once(console: Any, synthetic: Any) -> None:
    raw = await Raw.create(console)
    await raw.first(NUMBER)
    slow = await raw.modify(NEVER_MS)
    assert (slow.RevisedPublishingInterval, slow.RevisedLifetimeCount, slow.RevisedMaxKeepAliveCount) == (
        NEVER_MS,
        3000,
        1000,
    )
    await shown(console, synthetic, {NUMBER: 40.0})
    waiting = asyncio.ensure_future(raw.publish())
    assert (await raw.modify(1.0)).RevisedPublishingInterval == 50.0
    (*_, (_, value)), _ = await waiting
    assert value.Value.Value == 40.0
    await raw.end()


async def test_messages_follow_the_scan(console: Any, synthetic: Any) -> None:
    """With an interval as long as the scan a value waits for no clock of the subscription's own."""
    raw = await Raw.create(console, 200.0)
    await raw.first(NUMBER)
    ages: list[float] = []
    value = 0.0
    due = time.monotonic()
    for _ in range(8):
        due += 0.2
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        value = value + 1.0 if value < 100.0 else 0.0
        pending = asyncio.ensure_future(raw.publish())
        began = time.monotonic()
        synthetic.show({NUMBER: value})
        told, _ = await pending
        assert told
        ages.append(time.monotonic() - began)
    assert sorted(ages[2:])[3] < 0.06, ages
    await raw.end()


async def test_a_full_queue_of_events_says_where_some_are_missing(console: Any, synthetic: Any) -> None:
    raw = await Raw.create(console)
    clause = ua.SimpleAttributeOperand(
        ua.NodeId(ua.ObjectIds.BaseEventType), [ua.QualifiedName("EventType")], ua.AttributeIds.Value
    )
    item = ua.MonitoredItemCreateRequest(
        ua.ReadValueId(ua.NodeId(ua.ObjectIds.Server), ua.AttributeIds.EventNotifier),
        ua.MonitoringMode.Reporting,
        ua.MonitoringParameters(7, 0.0, ua.EventFilter([clause]), 2, True),
    )
    (made,) = await raw.client.create_monitored_items(ua.CreateMonitoredItemsParameters(raw.number, TIMES.Both, [item]))
    assert made.RevisedQueueSize == 2
    await raw.publish()
    await raw.client.set_publishing_mode(ua.SetPublishingModeParameters(False, [raw.number]))
    refresh = ua.CallMethodRequest(
        ua.NodeId(ua.ObjectIds.ConditionType),
        ua.NodeId(ua.ObjectIds.ConditionType_ConditionRefresh),
        [ua.Variant(raw.number, ua.VariantType.UInt32)],
    )
    for _ in range(2):  # a start and an end each
        (answer,) = await raw.client.call([refresh])
        assert answer.StatusCode.is_good()
    await raw.client.set_publishing_mode(ua.SetPublishingModeParameters(True, [raw.number]))
    answer = await raw.client.protocol.send_request(ua.PublishRequest())
    (events,) = struct_from_binary(ua.PublishResponse, answer).Parameters.NotificationMessage.NotificationData
    types = [one.EventFields[0].Value.Identifier for one in events.Events]
    assert types == [
        ua.ObjectIds.EventQueueOverflowEventType,
        ua.ObjectIds.RefreshStartEventType,
        ua.ObjectIds.RefreshEndEventType,
    ]
    await raw.end()


async def test_what_is_sampled_is_told_once_it_reports(console: Any, synthetic: Any) -> None:
    raw = await Raw.create(console)
    await raw.first(NUMBER)  # which tells when the others would have
    asked = [
        ua.MonitoredItemCreateRequest(
            ua.ReadValueId(console.id(name), ua.AttributeIds.Value),
            ua.MonitoringMode.Sampling,
            ua.MonitoringParameters(handle, 0.0, None, 10, True),
        )
        for handle, name in ((1, SWITCH), (2, "TIC-201.SP"))
    ]
    made = await raw.client.create_monitored_items(ua.CreateMonitoredItemsParameters(raw.number, TIMES.Both, asked))
    switch, setpoint = [one.MonitoredItemId for one in made]

    async def told(number: float, switch: float) -> list[tuple[int, Any]]:
        synthetic.show({NUMBER: number, SWITCH: switch, "TIC-201.SP": number})
        found: list[tuple[int, Any]] = []
        while (0, number) not in found:
            found += [(handle, value.Value.Value) for handle, value in (await raw.publish())[0]]
        return found

    assert {handle for handle, _ in await told(11.0, 1.0)} == {0}
    assert {handle for handle, _ in await told(12.0, 0.0)} == {0}
    mode = ua.SetMonitoringModeParameters(raw.number, ua.MonitoringMode.Reporting, [switch])
    await raw.client.set_monitoring_mode(mode)
    waited = [value for handle, value in await told(13.0, 1.0) if handle == 1]
    assert waited[-3:] == [True, False, True]
    disabled = ua.SetMonitoringModeParameters(raw.number, ua.MonitoringMode.Disabled, [setpoint])
    await raw.client.set_monitoring_mode(disabled)
    reporting = ua.SetMonitoringModeParameters(raw.number, ua.MonitoringMode.Reporting, [setpoint])
    await raw.client.set_monitoring_mode(reporting)
    again = [value for handle, value in await told(14.0, 1.0) if handle == 2]
    assert again == [13.0, 14.0], "nothing of what was sampled before it was disabled"
    await raw.client.delete_subscriptions([raw.number])


@pytest.mark.parametrize("name", [NUMBER, "TIC-201.MODE"])
async def test_what_waits_and_what_is_dropped_is_counted(console: Any, synthetic: Any, serving: Any, name: str) -> None:
    """Also of a subscription that is no more."""
    await shown(console, synthetic, {name: 0.0})
    raw, before = await Raw.create(console), serving.dropped
    await raw.first(name, queue=2)
    await raw.modify(NEVER_MS)
    await raw.client.set_publishing_mode(ua.SetPublishingModeParameters(False, [raw.number]))
    for value in (1.0, 2.0):
        await shown(console, synthetic, {name: value})
    assert (serving.waiting, serving.dropped - before) == (2, 0)
    await shown(console, synthetic, {name: 3.0})
    await raw.client.set_publishing_mode(ua.SetPublishingModeParameters(True, [raw.number]))
    await raw.modify(50.0)
    await raw.publish()
    assert (serving.waiting, serving.dropped - before) == (0, 1)
    await raw.end()
    assert (serving.waiting, serving.dropped - before) == (0, 1)
