"""History over the wire: raw values with bounds and continuation, values at times, aggregates, branches, refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.engine.engine import Engine
from plantsim.history.historian import Historian
from plantsim.model.load import load_plant
from plantsim.serve import opcua_history

pytestmark = pytest.mark.asyncio(loop_scope="module")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
TAG = "FIC-201.SP"


def at(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(load_plant("belfast"), epoch=EPOCH.timestamp(), frozen=True)


@pytest.fixture(scope="module")
def historian(engine: Engine, recording: Any) -> Iterator[Historian]:
    with recording(engine) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(
    engine: Engine, historian: Historian, opcua_server: Any, connect: Any, eventually: Any
) -> AsyncIterator[Any]:
    async with opcua_server(engine, history=historian) as server, connect(server.endpoint) as found:
        double = ua.VariantType.Double
        assert await found.write(("FIC-201.MODE", ua.Variant(1, ua.VariantType.UInt16))) == ["Good"]
        span = engine.tags[TAG].high
        for k in range(6):  # a stair: 0.1, 0.2 ... of the range, 10 s each, from 10 k on
            wanted = 0.1 * (k + 1) * span
            assert await found.write((TAG, ua.Variant(wanted, double))) == ["Good"]

            async def shown(wanted: float = wanted) -> bool:
                return bool(await found.value(TAG) == wanted)

            await eventually(shown)  # before time goes on
            assert (await found.call("Simulation", "Step", ua.Variant(10.0, double))).StatusCode.is_good()
        historian.flush()
        yield found


async def read(console: Any, details: Any, *names: str, points: tuple[bytes | None, ...] = (), **more: Any) -> Any:
    nodes = [
        ua.HistoryReadValueId(NodeId=console.id(name), ContinuationPoint=points[i] if points else None)
        for i, name in enumerate(names)
    ]
    given = {"TimestampsToReturn": ua.TimestampsToReturn.Source, "ReleaseContinuationPoints": False} | more
    params = ua.HistoryReadParameters(HistoryReadDetails=details, NodesToRead=nodes, **given)
    return await console.client.uaclient.history_read(params)


def raw(start: float | None, end: float | None, most: int = 0, bounds: bool = False) -> ua.ReadRawModifiedDetails:
    none = ua.get_win_epoch()
    return ua.ReadRawModifiedDetails(
        IsReadModified=False,
        StartTime=none if start is None else at(start),
        EndTime=none if end is None else at(end),
        NumValuesPerNode=most,
        ReturnBounds=bounds,
    )


def processed(
    start: float, end: float, every_s: float, *names: str, config: ua.AggregateConfiguration | None = None
) -> ua.ReadProcessedDetails:
    return ua.ReadProcessedDetails(
        StartTime=at(start),
        EndTime=at(end),
        ProcessingInterval=1000.0 * every_s,
        AggregateType=[ua.NodeId(getattr(ua.ObjectIds, f"AggregateFunction_{name}")) for name in names],
        AggregateConfiguration=config or ua.AggregateConfiguration(),
    )


def rows(result: Any) -> list[tuple[float, Any]]:
    """Seconds and values."""
    return [
        (round((one.SourceTimestamp - EPOCH).total_seconds(), 3), one.Value.Value)
        for one in result.HistoryData.DataValues
    ]


def tenths(engine: Engine, result: Any) -> list[tuple[float, float]]:
    """Seconds and tenths of the range."""
    return [(second, round(10 * value / engine.tags[TAG].high, 6)) for second, value in rows(result)]


async def test_what_has_a_history_says_so(console: Any) -> None:
    level = await console.value(TAG, ua.AttributeIds.UserAccessLevel)
    assert level == (
        ua.AccessLevel.CurrentRead.mask | ua.AccessLevel.CurrentWrite.mask | ua.AccessLevel.HistoryRead.mask
    )
    for name, kept in ((TAG, True), ("WIC-100.PV", True), ("Simulation.Time", False), ("SX-1.Profile.Nd.aq", False)):
        assert await console.value(name, ua.AttributeIds.Historizing) is kept
        assert bool(await console.value(name, ua.AttributeIds.AccessLevel) & ua.AccessLevel.HistoryRead.mask) is kept


async def test_the_server_says_which_aggregates_it_has(console: Any) -> None:
    points = ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_MaxHistoryContinuationPoints)
    assert await console.client.get_node(points).read_value() == opcua_history.MOST_POINTS
    folder = console.client.get_node(ua.NodeId(ua.ObjectIds.HistoryServerCapabilities_AggregateFunctions))
    found = {name.Name for name in [await node.read_browse_name() for node in await folder.get_children()]}
    assert {"Average", "Minimum", "Maximum", "Interpolative", "Count", "TimeAverage", "PercentGood"} <= found


async def test_raw_values_forwards_and_backwards(console: Any, engine: Engine) -> None:
    (result,) = await read(console, raw(0.0, 60.0), TAG)
    assert tenths(engine, result) == [(10.0 * k, k + 1.0) for k in range(6)]
    (backward,) = await read(console, raw(60.0, -1.0), TAG)
    assert rows(backward) == rows(result)[::-1]


async def test_bounds_are_the_samples_on_either_side(console: Any, engine: Engine) -> None:
    (inside,) = await read(console, raw(12.0, 45.0), TAG)
    (bounded,) = await read(console, raw(12.0, 45.0, bounds=True), TAG)
    assert rows(bounded)[1:-1] == rows(inside)
    assert rows(bounded)[0][0] < 12.0
    assert rows(bounded)[-1][0] >= 45.0
    (beyond,) = await read(console, raw(-3600.0, 86400.0, bounds=True), TAG)
    ends = [beyond.HistoryData.DataValues[k] for k in (0, -1)]
    assert [end.StatusCode.name for end in ends] == ["BadBoundNotFound"] * 2
    assert [end.SourceTimestamp for end in ends] == [at(-3600.0), at(86400.0)]


async def test_long_answers_come_in_parts(console: Any) -> None:
    (whole,) = await read(console, raw(0.0, 60.0, bounds=True), "WIC-100.PV")
    for size in (1, 2, 3, 7):
        parts, point = [], None
        for _ in range(1000):
            (part,) = await read(console, raw(0.0, 60.0, size, bounds=True), "WIC-100.PV", points=(point,))
            assert len(part.HistoryData.DataValues) <= size
            parts += rows(part)
            point = part.ContinuationPoint
            if point is None:
                break
        assert parts == rows(whole)


async def test_a_point_is_good_once_and_until_released(console: Any) -> None:
    (part,) = await read(console, raw(0.0, 60.0, 2), TAG)
    point = part.ContinuationPoint
    await read(console, raw(0.0, 60.0, 2), TAG, points=(point,), ReleaseContinuationPoints=True)
    (refused,) = await read(console, raw(0.0, 60.0, 2), TAG, points=(point,))
    assert refused.StatusCode.name == "BadContinuationPointInvalid"


async def test_one_end_and_a_number_of_values_will_do(console: Any, engine: Engine) -> None:
    (all_of,) = await read(console, raw(0.0, 1e6), TAG)
    (first,) = await read(console, raw(0.0, None, 3), TAG)
    assert rows(first) == rows(all_of)[:3]
    (last,) = await read(console, raw(None, 1e6, 3), TAG)
    assert rows(last) == rows(all_of)[:-4:-1]


async def test_nothing_there_is_no_fault(console: Any) -> None:
    (result,) = await read(console, raw(-100.0, -50.0), TAG)
    assert (result.StatusCode.name, result.HistoryData.DataValues) == ("GoodNoData", [])


async def test_values_at_times(console: Any, engine: Engine) -> None:
    details = ua.ReadAtTimeDetails(ReqTimes=[at(5.0), at(15.0), at(55.0), at(-5.0)], UseSimpleBounds=False)
    (result,) = await read(console, details, TAG)
    found = result.HistoryData.DataValues
    assert [round(10 * one.Value.Value / engine.tags[TAG].high, 6) for one in found[:3]] == [1.0, 2.0, 6.0]
    assert [one.SourceTimestamp for one in found] == details.ReqTimes
    assert found[3].StatusCode.name == "BadNoData"


async def test_aggregates_of_what_raw_reading_shows(console: Any, engine: Engine) -> None:
    (result,) = await read(console, raw(0.0, 60.0), "WIC-100.PV")
    values = rows(result)
    names = ("Average", "Minimum", "Maximum", "Count", "Start", "End")
    details = processed(0.0, 60.0, 20.0, *names)
    results = await read(console, details, *(["WIC-100.PV"] * len(names)))
    for name, one in zip(names, results, strict=True):
        for k, found in enumerate(one.HistoryData.DataValues):
            inside = [value for second, value in values if 20 * k <= second < 20 * (k + 1)]
            if not inside:
                assert (name, found.Value.Value if name == "Count" else found.StatusCode.name) in (
                    ("Count", 0),
                    (name, "BadNoData"),
                )
                continue
            expected = {
                "Average": sum(inside) / len(inside),
                "Minimum": min(inside),
                "Maximum": max(inside),
                "Count": len(inside),
                "Start": inside[0],
                "End": inside[-1],
            }[name]
            assert found.Value.Value == pytest.approx(expected)
            assert found.StatusCode.is_good()
            if name not in ("Start", "End"):
                assert found.SourceTimestamp == at(20.0 * k)


async def test_interpolated_values_keep_the_steps_of_a_set_point(console: Any, engine: Engine) -> None:
    (result,) = await read(console, processed(5.0, 55.0, 10.0, "Interpolative"), TAG)
    assert tenths(engine, result) == [(5.0 + 10 * k, k + 1.0) for k in range(5)]


@pytest.mark.parametrize(
    ("details", "name", "status"),
    [
        (raw(0.0, 1.0), "Simulation.Time", "BadHistoryOperationUnsupported"),
        (raw(0.0, 1.0), "No-such.PV", "BadNodeIdUnknown"),
        (raw(None, None, 5), TAG, "BadHistoryOperationInvalid"),
        (raw(0.0, None), TAG, "BadHistoryOperationInvalid"),
        (ua.ReadRawModifiedDetails(StartTime=at(0), EndTime=at(1)), TAG, "BadHistoryOperationUnsupported"),
        (ua.ReadAtTimeDetails(), TAG, "BadInvalidTimestampArgument"),
        (processed(0.0, 1.0, 1.0, "AnnotationCount"), TAG, "BadAggregateNotSupported"),
        (processed(0.0, 1.0, 1.0, "Average"), "P-201.CMD", "BadAggregateNotSupported"),
        (processed(0.0, 0.0, 1.0, "Average"), TAG, "BadInvalidTimestampArgument"),
        (processed(0.0, 1.0, -1.0, "Average"), TAG, "BadAggregateInvalidInputs"),
        (
            processed(0.0, 1.0, 1.0, "Average", config=ua.AggregateConfiguration(False, True, 20, 20, False)),
            TAG,
            "BadAggregateConfigurationRejected",
        ),
    ],
)
async def test_refusals_of_one_node(console: Any, details: Any, name: str, status: str) -> None:
    (result,) = await read(console, details, name)
    assert result.StatusCode.name == status


async def test_refusals_of_a_whole_request(console: Any) -> None:
    with pytest.raises(ua.uaerrors.BadNothingToDo):
        await read(console, raw(0.0, 1.0))
    with pytest.raises(ua.uaerrors.BadTimestampsToReturnInvalid):
        await read(console, raw(0.0, 1.0), TAG, TimestampsToReturn=ua.TimestampsToReturn.Neither)
    with pytest.raises(ua.uaerrors.BadAggregateListMismatch):
        await read(console, processed(0.0, 1.0, 1.0, "Average", "Count"), TAG)
    with pytest.raises(ua.uaerrors.BadTooManyOperations):
        await read(console, raw(0.0, 1.0), *[TAG] * (opcua_history.MOST_NODES + 1))


async def test_going_back_begins_a_branch_with_a_history_of_its_own(console: Any, engine: Engine) -> None:
    double = ua.VariantType.Double
    span = engine.tags[TAG].high
    assert await console.write((TAG, ua.Variant(0.9 * span, double))) == ["Good"]
    assert (await console.call("Simulation", "Step", ua.Variant(60.0, double))).StatusCode.is_good()
    (before,) = await read(console, raw(60.0, 125.0), TAG)
    assert [value for _, value in tenths(engine, before)] == [9.0]
    assert (await console.call("Simulation", "Backtrack", ua.Variant(1.0, double))).StatusCode.is_good()
    assert await console.value("Simulation.Branch") == 1
    assert (await console.call("Simulation", "Step", ua.Variant(10.0, double))).StatusCode.is_good()
    (after,) = await read(console, raw(0.0, 125.0), TAG)
    found = tenths(engine, after)
    assert 9.0 not in [value for _, value in found]
    assert found[0][1] == 1.0  # what the branch goes back to is still there
    assert all(second <= 70.1 for second, _ in found)


async def test_without_a_historian_nothing_is_historizing(engine: Engine, opcua_server: Any, connect: Any) -> None:
    async with opcua_server(engine) as server, connect(server.endpoint) as console:
        assert await console.value(TAG, ua.AttributeIds.Historizing) is False
        (result,) = await read(console, raw(0.0, 1.0), TAG)
        assert result.StatusCode.name == "BadHistoryOperationUnsupported"


async def test_the_folder_of_a_history_is_its_owners(tmp_path: Path, engine: Engine) -> None:
    path = tmp_path / "new" / "h.sqlite"
    Historian(path, engine.tags, scan_period=0.1).stop()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o077) == (0o600, 0)
