"""The history of events over the wire: by place, filter and parts, and the same after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.engine.engine import Engine
from plantsim.history.events import Place, Wanted
from plantsim.history.historian import Historian
from plantsim.model.load import load_plant

pytestmark = pytest.mark.asyncio(loop_scope="module")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
Id = ua.ObjectIds
FIELDS = ("EventId", "EventType", "SourceName", "Time", "EnabledState/Id", "ClientUserId", "Severity")
SERVER = ua.NodeId(Id.Server)
HISTORY = ua.EventNotifier.HistoryRead.mask | ua.EventNotifier.SubscribeToEvents.mask


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(load_plant("belfast"), epoch=EPOCH.timestamp(), frozen=True)


@pytest.fixture(scope="module")
def historian(engine: Engine, recording: Any) -> Iterator[Historian]:
    with recording(engine) as made:
        yield made


@pytest.fixture(scope="module")
def alarm(engine: Engine) -> Any:
    return next(one for one in engine.alarms if engine.tags[f"{one.object}.PV"].unit and one.area == "leach")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(
    engine: Engine, historian: Historian, alarm: Any, opcua_server: Any, connect: Any, eventually: Any
) -> AsyncIterator[Any]:
    async with opcua_server(engine, history=historian) as server, connect(server.endpoint) as found:
        for method, enabled in ((Id.ConditionType_Disable, False), (Id.ConditionType_Enable, True)) * 3:
            answer = await found.call(f"{alarm.name}.Alarm", ua.NodeId(method))
            assert answer.StatusCode.is_good(), answer

            async def shown(enabled: bool = enabled) -> bool:
                return bool(await found.value(f"{alarm.name}.Alarm.EnabledState.Id") is enabled)

            await eventually(shown)
        yield found


def event_filter(*where: ua.ContentFilterElement) -> ua.EventFilter:
    clauses = [
        ua.SimpleAttributeOperand(
            ua.NodeId(Id.BaseEventType),
            [ua.QualifiedName(part) for part in path.split("/")],
            ua.AttributeIds.Value,
        )
        for path in FIELDS
    ]
    return ua.EventFilter(clauses, ua.ContentFilter(list(where)))


def details(start: datetime | None, end: datetime | None, most: int = 0, *where: Any) -> ua.ReadEventDetails:
    never = datetime(1601, 1, 1, tzinfo=UTC)
    return ua.ReadEventDetails(most, start or never, end or never, event_filter(*where))


ALL = (EPOCH - timedelta(hours=1), EPOCH + timedelta(days=1))


async def read(console: Any, node: ua.NodeId, asked: Any, point: bytes | None = None) -> ua.HistoryReadResult:
    item = ua.HistoryReadValueId(NodeId=node, ContinuationPoint=point)
    params = ua.HistoryReadParameters(
        HistoryReadDetails=asked,
        TimestampsToReturn=ua.TimestampsToReturn.Source,
        ReleaseContinuationPoints=False,
        NodesToRead=[item],
    )
    (result,) = await console.client.uaclient.history_read(params)
    return result


def rows(result: ua.HistoryReadResult) -> list[dict[str, Any]]:
    return [
        dict(zip(FIELDS, (field.Value for field in event.EventFields), strict=True))
        for event in result.HistoryData.Events
    ]


async def test_what_was_told_is_read_again_where_it_was_heard(console: Any, engine: Engine, alarm: Any) -> None:
    unit = engine.tags[f"{alarm.object}.PV"].unit
    everywhere = rows(await read(console, SERVER, details(*ALL)))
    told = [row for row in everywhere if row["SourceName"] == alarm.object]
    assert [row["EnabledState/Id"] for row in told[-6:]] == [False, True] * 3
    assert told[-1]["EventId"] == await console.value(f"{alarm.name}.Alarm.EventId")
    assert [row["Time"] for row in everywhere] == sorted(row["Time"] for row in everywhere)
    for name in ("Plant", "Area.leach", f"Unit.{unit}"):
        found = rows(await read(console, console.id(name), details(*ALL)))
        assert [row for row in found if row["SourceName"] == alarm.object] == told, name
    elsewhere = await read(console, console.id("Area.product"), details(*ALL))
    assert alarm.object not in {row["SourceName"] for row in rows(elsewhere)}
    assert await console.value("Area.leach", ua.AttributeIds.EventNotifier) == HISTORY


async def test_filters_choose_and_parts_are_the_whole(console: Any, alarm: Any) -> None:
    operands = [
        ua.SimpleAttributeOperand(ua.NodeId(Id.BaseEventType), [ua.QualifiedName("SourceName")], 13),
        ua.LiteralOperand(ua.Variant(alarm.object)),
    ]
    mine = ua.ContentFilterElement(ua.FilterOperator.Equals, operands)
    whole = rows(await read(console, SERVER, details(*ALL, 0, mine)))
    assert {row["SourceName"] for row in whole} == {alarm.object}
    for start, end, expected in ((ALL[0], ALL[1], whole), (ALL[1], ALL[0], whole[::-1])):
        asked = details(start, end, 4, mine)
        result = await read(console, SERVER, asked)
        found = rows(result)
        while result.ContinuationPoint:
            assert len(rows(result)) == 4
            used = result.ContinuationPoint
            result = await read(console, SERVER, asked, used)
            found += rows(result)
            again = await read(console, SERVER, asked, used)
            assert again.StatusCode.name == "BadContinuationPointInvalid"
        assert found == expected
    latest = rows(await read(console, SERVER, details(None, ALL[1], 1, mine)))
    assert latest == whole[-1:]


async def test_what_cannot_be_read_says_why(console: Any) -> None:
    empty = ua.ReadEventDetails(0, *ALL, ua.EventFilter())
    for node, asked, status in (
        (console.id("No-such"), details(*ALL), "BadNodeIdUnknown"),
        (console.id("KPI"), details(*ALL), "BadHistoryOperationUnsupported"),
        (SERVER, details(None, None, 3), "BadHistoryOperationInvalid"),
        (SERVER, details(ALL[0], None), "BadHistoryOperationInvalid"),
        (SERVER, empty, "BadEventFilterInvalid"),
    ):
        assert (await read(console, node, asked)).StatusCode.name == status
    nothing = await read(console, SERVER, details(ALL[1], ALL[1] + timedelta(days=1)))
    assert (nothing.StatusCode.name, nothing.HistoryData.Events) == ("GoodNoData", [])


async def test_events_outlive_the_run_and_keep_to_their_branch(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    now = round(1e6 * engine.image.plant_time)
    first = Historian(path, engine.tags, scan_period=0.1)
    first.start()
    first.take(engine.image)
    first.note_event(now + 1, Place("leach", "R-201"), b"one")
    first.note_event(now + 2, Place("sx"), b"two")
    first.stop()
    second = Historian(path, engine.tags, scan_period=0.1)
    try:
        second.note_event(now - 1, Place("leach"), b"three")
        of_before = second.events(Wanted(now - 9, now + 9), 1, 9)
        assert [one.body for one in of_before] == [b"one", b"two"], "what comes is of the branch that begins"
        second.take(engine.image)  # at the time at which the first began: what it told is not of this branch
        found = second.events(Wanted(now + 9, now - 9), second.branch(), 9)
        assert [(one.id, one.body) for one in found] == [(3, b"three")]
        assert second.events(Wanted(now + 9, now - 9, Place("sx")), second.branch(), 9) == []
    finally:
        second.start()
        second.stop()
