"""What the server remembers: raw values of members over a stretch of plant time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from asyncua import ua
from asyncua.client.client import Client
from numpy.typing import NDArray

AT_ONCE = 60
"""Intervals of extremes that are asked for at once."""
_EXTREMES = tuple(
    ua.NodeId(ua.Int32(function))
    for function in (ua.ObjectIds.AggregateFunction_Minimum, ua.ObjectIds.AggregateFunction_Maximum)
)
MOST = 50_000
"""Values of one member that are taken at most."""


class Stretch(NamedTuple):
    """Times (s since 1970) and values of one member, nan where it was bad."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]


async def read_raw(client: Client, nodes: Sequence[ua.NodeId], start: float, end: float) -> list[Stretch | None]:
    """Values from the one in force at ``start`` up to ``end``; None for nodes of which the server has no history."""
    found = await read_values(client, nodes, start, end)
    return [None if values is None else _stretch(values, start) for values in found]


async def read_values(
    client: Client, nodes: Sequence[ua.NodeId], start: float, end: float, bounds: bool = True
) -> list[list[ua.DataValue] | None]:
    """Values between start and end (s since 1970) as the server has them; None for nodes without a history.

    bounds: with the one in force at ``start``, which has its own time.
    """
    details = ua.ReadRawModifiedDetails()
    details.IsReadModified = False
    details.StartTime = to_moment(start)
    details.EndTime = to_moment(end)
    details.NumValuesPerNode = 0
    details.ReturnBounds = bounds
    found: list[list[ua.DataValue] | None] = [[] for _ in nodes]
    pending: dict[int, bytes | None] = dict.fromkeys(range(len(nodes)))
    while pending:
        parameters = ua.HistoryReadParameters()
        parameters.HistoryReadDetails = details
        parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
        parameters.ReleaseContinuationPoints = False
        asked = list(pending)
        for index in asked:
            one = ua.HistoryReadValueId()
            one.NodeId = nodes[index]
            one.ContinuationPoint = pending[index]
            parameters.NodesToRead.append(one)
        for index, result in zip(asked, await client.uaclient.history_read(parameters), strict=True):
            values = found[index]
            if result.StatusCode.is_bad() or values is None:
                found[index] = None
                del pending[index]
                continue
            values += getattr(result.HistoryData, "DataValues", None) or []
            if result.ContinuationPoint and len(values) < MOST:
                pending[index] = result.ContinuationPoint
            else:
                del pending[index]
    return found


async def read_extremes(client: Client, node: ua.NodeId, start: float, end: float, intervals: int) -> Stretch | None:
    """Lowest and highest value of each of so many intervals between start and end, which the server finds, as two
    samples an interval; None where it has no such history. Asked for in parts: days of samples are many."""
    width = (end - start) / intervals
    details = ua.ReadProcessedDetails()
    details.ProcessingInterval = 1000.0 * width
    details.AggregateType = list(_EXTREMES)
    details.AggregateConfiguration.UseServerCapabilitiesDefaults = True
    values = np.full((intervals, len(_EXTREMES)), np.nan)
    for first in range(0, intervals, AT_ONCE):
        last = min(intervals, first + AT_ONCE)
        details.StartTime, details.EndTime = to_moment(start + first * width), to_moment(start + last * width)
        parameters = ua.HistoryReadParameters()
        parameters.HistoryReadDetails = details
        parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
        parameters.ReleaseContinuationPoints = False
        parameters.NodesToRead = [ua.HistoryReadValueId(NodeId=node) for _ in _EXTREMES]
        for which, result in enumerate(await client.uaclient.history_read(parameters)):
            if result.StatusCode.is_bad():
                return None
            for data in getattr(result.HistoryData, "DataValues", None) or ():
                number = data.Value.Value if data.Value is not None else None
                bad = data.StatusCode is not None and data.StatusCode.is_bad()
                if data.SourceTimestamp is None or bad or not isinstance(number, int | float):
                    continue
                place = round((seconds(data.SourceTimestamp) - start) / width)
                if first <= place < last:
                    values[place, which] = number
    times = start + width * (np.arange(intervals)[:, None] + np.array([0.0, 0.5]))
    return Stretch(times.ravel(), values.ravel())


async def first_time(client: Client, node: ua.NodeId, start: float, end: float) -> float:
    """When a member's history between start and end begins, s since 1970; ``end`` where there is none."""
    details = ua.ReadRawModifiedDetails()
    details.IsReadModified = False
    details.StartTime, details.EndTime = to_moment(start), to_moment(end)
    details.NumValuesPerNode, details.ReturnBounds = 1, False
    parameters = ua.HistoryReadParameters()
    parameters.HistoryReadDetails = details
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
    parameters.NodesToRead.append(ua.HistoryReadValueId(NodeId=node))
    (result,) = await client.uaclient.history_read(parameters)
    found = getattr(result.HistoryData, "DataValues", None) or ()
    if result.ContinuationPoint:
        parameters.NodesToRead[0].ContinuationPoint = result.ContinuationPoint
        parameters.ReleaseContinuationPoints = True
        await client.uaclient.history_read(parameters)
    return max(start, seconds(found[0].SourceTimestamp)) if found and found[0].SourceTimestamp is not None else end


def _stretch(values: list[ua.DataValue], start: float) -> Stretch:
    times: list[float] = []
    numbers: list[float] = []
    for data in values:
        stamp = data.SourceTimestamp
        number = data.Value.Value if data.Value is not None else None
        if stamp is None or (data.StatusCode is not None and data.StatusCode.is_bad() and number is None and not times):
            continue  # a bound where nothing is known
        bad = data.StatusCode is not None and data.StatusCode.is_bad()
        times.append(max(seconds(stamp), start))
        numbers.append(float(number) if isinstance(number, int | float) and not bad else np.nan)
    return Stretch(np.array(times), np.array(numbers))


def seconds(moment: datetime) -> float:
    """Seconds since 1970 of a time as asyncua gives it: UTC, with or without saying so."""
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def to_moment(seconds: float) -> datetime:
    """The time as asyncua takes it."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
