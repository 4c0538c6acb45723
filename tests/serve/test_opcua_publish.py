"""Values, qualities and times, read and subscribed to."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Node, ua

from plantsim.engine.image import (
    BAD_NO_COMMUNICATION,
    BAD_OUT_OF_SERVICE,
    BAD_SENSOR_FAILURE,
    GOOD,
    GOOD_LOCAL_OVERRIDE,
    UNCERTAIN,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIMEOUT = 10.0
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(synthetic: Any, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as server, connect(server.endpoint) as found:
        yield found


class Received:
    """What a subscription brings, in order."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[str, ua.DataValue]] = asyncio.Queue()

    def datachange_notification(self, node: Node, _: object, data: Any) -> None:
        self.queue.put_nowait((str(node.nodeid.Identifier), data.monitored_item.Value))

    async def until(self, name: str, value: object) -> list[tuple[str, object]]:
        """Everything up to the notification that ``name`` has ``value``, that one included."""
        found: list[tuple[str, object]] = []
        async with asyncio.timeout(TIMEOUT):
            while not found or found[-1] != (name, value):
                who, data = await self.queue.get()
                found.append((who, data.Value.Value))
        return found


@asynccontextmanager
async def watching(console: Any, names: Iterable[str], **options: Any) -> AsyncIterator[Received]:
    received = Received()
    subscription = await console.client.create_subscription(50, received)
    await subscription.subscribe_data_change([console.node(name) for name in names], **options)
    yield received
    await subscription.delete()


async def shown(console: Any, synthetic: Any, eventually: Any) -> None:
    """Return when clients read the engine's newest image."""

    async def newest() -> bool:
        return bool(await console.value("Simulation.ScanCount") == synthetic.image.scan)

    await eventually(newest)


@pytest.mark.parametrize(
    ("status", "name", "value"),
    [
        (GOOD, "Good", 60.0),
        (GOOD_LOCAL_OVERRIDE, "GoodLocalOverride", 60.0),
        (UNCERTAIN, "Uncertain", 60.0),
        (BAD_SENSOR_FAILURE, "BadSensorFailure", None),
        (BAD_OUT_OF_SERVICE, "BadOutOfService", None),
        (BAD_NO_COMMUNICATION, "BadNoCommunication", None),
    ],
)
async def test_a_quality_of_the_image_is_the_status_of_the_value(
    console: Any, synthetic: Any, eventually: Any, status: int, name: str, value: float | None
) -> None:
    synthetic.show({"TIC-201.PV": 60.0}, {"TIC-201.PV": status})
    await shown(console, synthetic, eventually)
    answer = await console.read("TIC-201.PV")
    assert (answer.StatusCode.name, answer.Value.Value) == (name, value)


async def test_source_time_is_plant_time_and_server_time_is_wall_time(
    console: Any, synthetic: Any, eventually: Any
) -> None:
    synthetic.show({"TIC-201.PV": synthetic.image.scan % 60})
    await shown(console, synthetic, eventually)
    answer = await console.read("TIC-201.PV")
    assert answer.SourceTimestamp == START + timedelta(seconds=0.1 * synthetic.image.scan)
    assert abs(answer.ServerTimestamp - datetime.now(UTC)) < timedelta(seconds=TIMEOUT)


async def test_a_value_that_stands_still_has_the_source_time_of_the_newest_scan(
    console: Any, synthetic: Any, eventually: Any
) -> None:
    synthetic.show({})
    await shown(console, synthetic, eventually)
    answer = await console.read("TIC-201.Gain")
    assert answer.SourceTimestamp == START + timedelta(seconds=0.1 * synthetic.image.scan)


async def test_timestamps_that_nobody_wants_are_left_out(console: Any) -> None:
    item = ua.ReadValueId(NodeId=console.id("TIC-201.PV"), AttributeId=ua.AttributeIds.Value)
    for wanted, source, server in (("Neither", False, False), ("Server", False, True), ("Both", True, True)):
        parameters = ua.ReadParameters(NodesToRead=[item], TimestampsToReturn=ua.TimestampsToReturn[wanted])
        (answer,) = await console.client.uaclient.read(parameters)
        assert (answer.SourceTimestamp is not None, answer.ServerTimestamp is not None) == (source, server)


async def test_all_values_of_one_request_are_of_one_scan(console: Any, synthetic: Any) -> None:
    nodes = [console.id("Simulation.ScanCount"), console.id("Simulation.Time")]
    stepping = synthetic.step(100.0)
    while not stepping.done():
        count, time = await console.client.uaclient.read_attributes(nodes, ua.AttributeIds.Value)
        assert time.Value.Value == START + timedelta(seconds=0.1 * count.Value.Value)
        assert time.SourceTimestamp == count.SourceTimestamp == time.Value.Value


async def test_only_what_changed_is_pushed(console: Any, synthetic: Any, eventually: Any) -> None:
    synthetic.show({"TIC-201.PV": 60.0, "TIC-201.SP": 60.0, "P-201.CMD": 0.0}, {"TIC-201.PV": GOOD})
    await shown(console, synthetic, eventually)
    names = ("TIC-201.PV", "TIC-201.SP", "P-201.CMD", "KPI.Purity.NdPr")
    async with watching(console, names, queuesize=10) as received:
        await received.until("KPI.Purity.NdPr", 0.0)
        synthetic.show({"TIC-201.PV": 61.0, "TIC-201.SP": 60.0})
        assert await received.until("TIC-201.PV", 61.0) == [("TIC-201.PV", 61.0)]
        synthetic.show({"P-201.CMD": 1.0})
        assert await received.until("P-201.CMD", True) == [("P-201.CMD", True)]
        synthetic.show({}, {"TIC-201.SP": BAD_SENSOR_FAILURE})
        assert await received.until("TIC-201.SP", None) == [("TIC-201.SP", None)]
        synthetic.show({}, {"TIC-201.SP": GOOD})
        assert await received.until("TIC-201.SP", 60.0) == [("TIC-201.SP", 60.0)]


async def test_a_nan_that_stays_is_pushed_once(console: Any, synthetic: Any) -> None:
    async with watching(console, ("TIC-201.Gain", "TIC-201.OP"), queuesize=10) as received:
        synthetic.show({"TIC-201.Gain": math.nan, "TIC-201.OP": 1.0})
        await received.until("TIC-201.OP", 1.0)
        synthetic.show({"TIC-201.Gain": math.nan, "TIC-201.OP": 2.0})
        assert await received.until("TIC-201.OP", 2.0) == [("TIC-201.OP", 2.0)]
    synthetic.show({"TIC-201.Gain": 1.0})


async def test_two_sessions_see_the_same_plant(console: Any, synthetic: Any, connect: Any) -> None:
    async with connect(console.client.server_url.geturl()) as other:
        async with watching(console, ["TIC-201.OP"]) as here, watching(other, ["TIC-201.OP"]) as there:
            synthetic.show({"TIC-201.OP": 33.0})
            await here.until("TIC-201.OP", 33.0)
            await there.until("TIC-201.OP", 33.0)
        assert await other.write(("TIC-201.OP", ua.Variant(34.0, ua.VariantType.Double))) == ["Good"]
        async with watching(console, ["TIC-201.OP"]) as here:
            synthetic.show({})
            await here.until("TIC-201.OP", 34.0)


class TestMonitoredItems:
    """What asyncua by itself does otherwise; see opcua_items and opcua_subscription."""

    @pytest.mark.parametrize("kind", [ua.DeadbandType.Absolute, ua.DeadbandType.Percent])
    async def test_a_dead_band_is_measured_from_what_was_last_reported(
        self, console: Any, synthetic: Any, eventually: Any, kind: ua.DeadbandType
    ) -> None:
        band = 2.4 if kind is ua.DeadbandType.Absolute else 2.0  # 2 % of 0 to 120
        synthetic.show({"TIC-201.PV": 50.0}, {"TIC-201.PV": GOOD})
        await shown(console, synthetic, eventually)
        received = Received()
        subscription = await console.client.create_subscription(50, received)
        await subscription.deadband_monitor(console.node("TIC-201.PV"), band, kind, queuesize=20)
        for half in range(1, 11):
            synthetic.show({"TIC-201.PV": 50.0 + half / 2})
            await shown(console, synthetic, eventually)
        reported = await received.until("TIC-201.PV", 55.0)
        assert [value for _, value in reported] == [50.0, 52.5, 55.0]
        await subscription.delete()

    async def test_what_has_no_range_has_no_percent_dead_band(self, console: Any) -> None:
        subscription = await console.client.create_subscription(50, Received())
        with pytest.raises(ua.uaerrors.BadFilterNotAllowed):
            await subscription.deadband_monitor(console.node("Simulation.ScanCount"), 1.0, ua.DeadbandType.Percent)
        await subscription.delete()

    async def test_intervals_lifetimes_and_queues_are_kept_within_reason(self, console: Any) -> None:
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=0.0,
            RequestedLifetimeCount=10,
            RequestedMaxKeepAliveCount=10,
            PublishingEnabled=True,
        )
        subscription = await console.client.create_subscription(parameters, Received())
        revised = await console.client.uaclient.modify_subscription(
            ua.ModifySubscriptionParameters(subscription.subscription_id, 0.0, 10, 10)
        )
        assert revised.RevisedPublishingInterval == 50.0
        assert revised.RevisedLifetimeCount == 30
        item = ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=console.id("TIC-201.PV"), AttributeId=ua.AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(QueueSize=0),
        )
        (answer,) = await console.client.uaclient.create_monitored_items(
            ua.CreateMonitoredItemsParameters(
                SubscriptionId=subscription.subscription_id,
                TimestampsToReturn=ua.TimestampsToReturn.Both,
                ItemsToCreate=[item],
            )
        )
        assert answer.RevisedQueueSize == 1
        (deleted,) = await console.client.uaclient.delete_monitored_items(
            ua.DeleteMonitoredItemsParameters(subscription.subscription_id, [answer.MonitoredItemId])
        )
        deleted.check()
        await subscription.delete()
