"""Items watched by the thousand: each has the queue that it would have by itself, and the wire has what it holds."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from struct import pack
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary

from plantsim.engine.image import BAD_SENSOR_FAILURE, GOOD, UNCERTAIN, ProcessImage
from plantsim.model.tag import Kind, Tag, TagTable, ValueType
from plantsim.serve._rows import differ
from plantsim.serve.opcua_columns import OVERFLOW, Columns
from plantsim.serve.opcua_records import encoded, mask_of, message_of, records_of, ticks_of
from plantsim.serve.opcua_subscription import with_timestamps
from plantsim.serve.opcua_table import LiveTable
from plantsim.serve.opcua_values import moment

ROWS = 12
START = 1_767_225_600.0
TIMEOUT = 10.0
Told = tuple[float | None, int, datetime | None, datetime | None]


def _tags() -> TagTable:
    names = [f"X-{n}" for n in range(ROWS)]
    kind, type_ = Kind.CALCULATION, ValueType.FLOAT
    return TagTable(
        [Tag(f"{one}.PV", one, "PV", one, "", "", kind, type_, "", 0, 1, None, row) for row, one in enumerate(names)]
    )


def _image(scan: int, random_: random.Random, before: ProcessImage | None) -> ProcessImage:
    """Some values changed, some statuses, and now and then a time that is none."""
    value = np.zeros(ROWS) if before is None else before.value.copy()
    status = np.zeros(ROWS, np.uint32) if before is None else before.status.copy()
    time = np.full(ROWS, START + scan * 0.1 + 1e-7 * random_.random())
    for row in range(ROWS):
        if random_.random() < 0.4:
            value[row] = random_.choice((float(scan), math.nan, -0.0))
        if random_.random() < 0.1:
            status[row] = random_.choice((GOOD, UNCERTAIN, BAD_SENSOR_FAILURE))
        if random_.random() < 0.05:
            time[row] = math.nan
    return ProcessImage(scan, START + scan * 0.1, 0.0, value, status, time, np.zeros(0, np.uint8))


class Alone:
    """The queue of one item by itself, as the specification has it."""

    def __init__(self, row: int, length: int, times: ua.TimestampsToReturn) -> None:
        self.row, self.length, self.times = row, length, times
        self.queue: list[Told] = []

    def take(self, table: LiveTable, now: datetime | None) -> None:
        value = with_timestamps(table.read(self.row, now), self.times)
        now = now if self.times in (ua.TimestampsToReturn.Both, ua.TimestampsToReturn.Server) else None
        assert value.Value is not None
        assert value.StatusCode is not None
        self.queue.append((value.Value.Value, value.StatusCode.value, value.SourceTimestamp, now))
        if len(self.queue) > self.length:
            del self.queue[0]
            if self.length > 1:
                number, status, source, server = self.queue[0]
                self.queue[0] = (number, status | OVERFLOW, source, server)


def _told(value: ua.DataValue, servers: set[datetime]) -> Told:
    """As in ``Alone``; the server time of first values is that of the call."""
    assert value.Value is not None
    assert value.StatusCode is not None
    server = value.ServerTimestamp if value.ServerTimestamp in servers else None
    return value.Value.Value, value.StatusCode.value, value.SourceTimestamp, server


def _decoded(message: ua.ExtensionObject) -> list[ua.MonitoredItemNotification]:
    buffer = Buffer(message.Body)
    found = struct_from_binary(ua.DataChangeNotification, buffer)
    assert len(buffer) == 0
    return list(found.MonitoredItems)


@pytest.mark.parametrize("seed", range(8))
def test_each_queue_is_what_it_would_be_alone(seed: int) -> None:
    """Items come and go, scans go by with and without a message, some longer than any queue."""
    random_ = random.Random(seed)
    image = _image(0, random_, None)
    table = LiveTable(_tags(), image)
    columns = Columns(table)
    alone: dict[int, Alone] = {}
    servers: set[datetime] = set()
    mixed = list(ua.TimestampsToReturn)[:4]

    def compare(found: list[ua.MonitoredItemNotification], item: int) -> None:
        told = [_told(one.Value, servers) for one in found if one.ClientHandle == 1000 + item]
        assert repr(told) == repr(alone[item].queue)  # nan is equal to itself, and 0.0 not to -0.0
        alone[item].queue = []

    for step in range(300):
        match random_.choices(("scan", "add", "remove", "message"), (10, 3, 1, 1 if step % 100 < 50 else 0.05))[0]:
            case "scan":
                now = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(milliseconds=step)
                servers.add(now)
                columns.settle()
                image = _image(step + 1, random_, image)
                table.replace(image)
                rows = table.changed_rows()
                columns.sample(table.changed, now)
                for one in alone.values():
                    if one.row in rows:
                        one.take(table, now)
            case "add":
                row, length = random_.randrange(ROWS), random_.choice((1, 2, 3, 10))
                times = random_.choice(mixed if seed % 2 else mixed[seed // 2 : seed // 2 + 1])
                columns.add(step, row, 1000 + step, length, mask=mask_of(times))
                alone[step] = Alone(row, length, times)
                alone[step].take(table, None)
            case "remove" if alone:
                item = random_.choice(sorted(alone))
                compare(columns.remove(item), item)
                del alone[item]
                assert item not in columns
            case "message":
                assert columns.has_news == any(one.queue for one in alone.values())
                found = _decoded(columns.message())
                assert len(found) == sum(len(one.queue) for one in alone.values())
                for item in alone:
                    compare(found, item)
                assert not columns.has_news


def test_what_nobody_fetches_does_not_grow() -> None:
    random_ = random.Random(1)
    image = _image(0, random_, None)
    table = LiveTable(_tags(), image)
    columns = Columns(table)
    for row in range(ROWS):
        columns.add(row, row, row, 3)
    for scan in range(1, 1000):
        columns.settle()
        image = replace(image, value=np.full(ROWS, float(scan)), status=np.zeros(ROWS, np.uint32))
        table.replace(image)
        columns.sample(table.changed, datetime.now(UTC))
        assert sum(len(chunk.places) for chunk in columns._waiting) <= ROWS * (3 + 64)
    assert len(_decoded(columns.message())) == 3 * ROWS


def test_times_on_the_wire_are_those_of_a_datetime() -> None:
    """Half a microsecond is rounded the same way wherever a value goes through."""
    table = LiveTable(_tags(), _image(0, random.Random(0), None))
    columns = Columns(table)
    for row in range(ROWS):
        columns.add(row, row, row, 1)
    columns.message()
    times = START + np.array([0.0, 0.1, 0.3, 1e-6, 5e-7, 1.5e-6, 0.999_999_9, 12345.678_901_5, 1e9, 7e9, -START, 2e11])
    good = np.zeros(ROWS, np.uint32)
    table.replace(ProcessImage(1, START, 0.0, np.arange(0.5, ROWS), good, times, np.zeros(0, np.uint8)))
    columns.sample(table.changed, datetime.now(UTC))
    found = {one.ClientHandle: one.Value.SourceTimestamp for one in _decoded(columns.message())}
    assert found == {row: moment(float(time)) for row, time in enumerate(times)}


class Received:
    """Values and statuses of one item, in order."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[object, int]] = asyncio.Queue()

    def datachange_notification(self, _: object, __: object, data: Any) -> None:
        value = data.monitored_item.Value
        self.queue.put_nowait((value.Value.Value, value.StatusCode.value))

    async def until(self, value: object) -> list[tuple[object, int]]:
        found: list[tuple[object, int]] = []
        async with asyncio.timeout(TIMEOUT):
            while not found or found[-1][0] != value:
                found.append(await self.queue.get())
        return found


@pytest.mark.asyncio(loop_scope="module")
class TestOnTheWire:
    """Through a server, with asyncua's own client."""

    @pytest_asyncio.fixture(scope="class", loop_scope="module")
    async def console(self, synthetic: Any, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
        async with opcua_server(synthetic) as server, connect(server.endpoint) as found:
            yield found

    @staticmethod
    async def _shown(console: Any, synthetic: Any, eventually: Any) -> None:
        async def newest() -> bool:
            return bool(await console.value("Simulation.ScanCount") == synthetic.image.scan)

        await eventually(newest)

    async def test_a_queue_that_ran_over_says_so(self, console: Any, synthetic: Any, eventually: Any) -> None:
        synthetic.show({"TIC-201.PV": 0.0})
        await self._shown(console, synthetic, eventually)
        received = Received()
        subscription = await console.client.create_subscription(50, received)
        await subscription.subscribe_data_change(console.node("TIC-201.PV"), queuesize=2)
        assert await received.until(0.0) == [(0.0, GOOD)]
        await subscription.set_publishing_mode(False)
        for value in (1.0, 2.0, 3.0):
            synthetic.show({"TIC-201.PV": value})
            await self._shown(console, synthetic, eventually)
        await subscription.set_publishing_mode(True)
        assert await received.until(3.0) == [(2.0, OVERFLOW), (3.0, GOOD)]
        await subscription.delete()

    async def test_what_waits_outlives_a_change_of_the_item(
        self, console: Any, synthetic: Any, eventually: Any
    ) -> None:
        synthetic.show({"TIC-201.PV": 10.0})
        await self._shown(console, synthetic, eventually)
        received = Received()
        subscription = await console.client.create_subscription(50, received)
        item = await subscription.subscribe_data_change(console.node("TIC-201.PV"), queuesize=5)
        await received.until(10.0)
        await subscription.set_publishing_mode(False)
        synthetic.show({"TIC-201.PV": 11.0})
        await self._shown(console, synthetic, eventually)
        await subscription.modify_monitored_item(item, 50.0, new_queuesize=5, mod_filter_val=2.0)
        for value in (12.0, 14.0):  # a dead band of 2 from 11 on
            synthetic.show({"TIC-201.PV": value})
            await self._shown(console, synthetic, eventually)
        await subscription.set_publishing_mode(True)
        assert await received.until(14.0) == [(11.0, GOOD), (14.0, GOOD)]
        await subscription.delete()

    async def test_an_item_that_is_switched_off_and_on_begins_anew(
        self, console: Any, synthetic: Any, eventually: Any
    ) -> None:
        synthetic.show({"TIC-201.PV": 20.0})
        await self._shown(console, synthetic, eventually)
        received = Received()
        subscription = await console.client.create_subscription(50, received)
        item = await subscription.subscribe_data_change(console.node("TIC-201.PV"))
        await received.until(20.0)
        await subscription.set_monitoring_mode(ua.MonitoringMode.Disabled)
        synthetic.show({"TIC-201.PV": 21.0})
        await self._shown(console, synthetic, eventually)
        synthetic.show({"TIC-201.PV": 22.0})
        await self._shown(console, synthetic, eventually)
        await subscription.set_monitoring_mode(ua.MonitoringMode.Reporting)
        assert await received.until(22.0) == [(22.0, GOOD)]
        await subscription.unsubscribe(item)
        await subscription.delete()

    async def test_items_have_the_times_that_they_ask_for(self, console: Any, synthetic: Any, eventually: Any) -> None:
        """Of all kinds in one subscription: each message is as a client has asked, item by item."""
        synthetic.show({"TIC-201.PV": 30.0})
        await self._shown(console, synthetic, eventually)
        told: asyncio.Queue[ua.MonitoredItemNotification] = asyncio.Queue()

        async def take(result: ua.PublishResult) -> None:
            for part in result.NotificationMessage.NotificationData:
                for one in part.MonitoredItems:
                    told.put_nowait(one)

        wire = console.client.uaclient
        made = await wire.create_subscription(ua.CreateSubscriptionParameters(50.0, 3000, 1000, 0, True, 0), take)
        kinds = list(ua.TimestampsToReturn)[:4]
        for handle, times in enumerate(kinds):
            item = ua.MonitoredItemCreateRequest(
                ua.ReadValueId(console.node("TIC-201.PV").nodeid, ua.AttributeIds.Value),
                ua.MonitoringMode.Reporting,
                ua.MonitoringParameters(handle, 0.0, None, 10, True),
            )
            asked = ua.CreateMonitoredItemsParameters(made.SubscriptionId, times, [item])
            (result,) = await wire.create_monitored_items(asked)
            result.StatusCode.check()
        for value in (30.0, 31.0):
            if value == 31.0:
                synthetic.show({"TIC-201.PV": value})
            async with asyncio.timeout(TIMEOUT):
                found = {one.ClientHandle: one.Value for one in [await told.get() for _ in kinds]}
            for handle, times in enumerate(kinds):
                one = found[handle]
                assert one.Value.Value == value
                assert (one.SourceTimestamp is not None) == (times.name in ("Source", "Both"))
                assert (one.ServerTimestamp is not None) == (times.name in ("Server", "Both"))
        await wire.delete_subscriptions([made.SubscriptionId])


@pytest.mark.parametrize("seed", range(20))
def test_a_message_of_one_image_has_the_bytes_of_its_records(seed: int) -> None:
    """What goes into a message in one pass over the columns is what the records of the same rows would be."""
    random_ = np.random.default_rng(seed)
    count = int(random_.integers(1, 50))
    now = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    value = random_.normal(size=count)
    value[random_.random(count) < 0.1] = math.nan
    status = random_.choice(np.array([GOOD, UNCERTAIN], np.uint32), count)
    time = START + random_.choice(random_.random(3) * 10.0 ** random_.integers(-7, 9), count)
    image = ProcessImage(1, START, 0.0, value, status, time, np.zeros(0, np.uint8))
    rows = random_.integers(0, count, count)
    handles = random_.integers(0, 2**32, count, dtype=np.uint32)
    records, plain = records_of(image, rows)
    assert plain
    records["handle"], records["server"] = handles, ticks_of(now)
    assert message_of(image, rows, handles, now) == pack("<i", count) + records.tobytes() + pack("<i", -1)
    for times in list(ua.TimestampsToReturn)[:4]:
        records, _ = records_of(image, rows, mask_of(times))
        records["handle"], records["server"] = handles, ticks_of(now)
        made = message_of(image, rows, handles, now, mask_of(times))
        assert made == pack("<i", count) + encoded(records) + pack("<i", -1)


@pytest.mark.parametrize("what", [{"status": BAD_SENSOR_FAILURE}, {"time": math.nan}, {"time": -1.0}, {"time": 1e300}])
def test_a_message_with_something_left_out_is_made_of_records(what: dict[str, float]) -> None:
    status, time = np.zeros(3, np.uint32), np.full(3, START)
    status[2], time[2] = what.get("status", GOOD), what.get("time", START)
    image = ProcessImage(1, START, 0.0, np.zeros(3), status, time, np.zeros(0, np.uint8))
    assert message_of(image, np.arange(3), np.arange(3, dtype=np.uint32), datetime.now(UTC)) is None


def test_a_value_differs_by_its_bits() -> None:
    quiet = np.array([1.0, math.nan, 0.0, 5.0])
    out = np.empty(4, np.uint8)
    differ(np.array([1.0, math.nan, -0.0, 5.0]), quiet, np.array([0, 0, 0, 1], np.uint32), np.zeros(4, np.uint32), out)
    assert out.tolist() == [0, 0, 1, 1]
    with pytest.raises(ValueError, match="different lengths; allowed: equal"):
        differ(quiet, quiet[1:], np.zeros(4, np.uint32), np.zeros(4, np.uint32), out)
