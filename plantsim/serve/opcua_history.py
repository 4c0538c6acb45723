"""History: HistoryRead of raw values, of values at given times, and of aggregates (OPC 10000-11 and -13)."""

from __future__ import annotations

import logging
import math
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua import uaprotocol_auto

from plantsim.history.aggregates import AGGREGATES, FOR_ALL, KEEPS_TYPE, Config, Interval, aggregate, intervals
from plantsim.history.samples import BAD, Samples, joined, value_at
from plantsim.history.series import Series
from plantsim.history.store import HistoryError
from plantsim.model.tag import Tag, ValueType
from plantsim.serve.opcua_event_history import EventLog, EventPoint, EventReads
from plantsim.serve.opcua_nodes import Id, NodeBatch
from plantsim.serve.opcua_values import WireType, status_code, wire_type

log = logging.getLogger(__name__)

MOST_VALUES = 10_000
"""Values of one node in one answer; the rest by continuation point."""
MOST_NODES = 1_000
"""Nodes of one request."""
MOST_POINTS = 100
"""Continuation points of one session."""
MOST_INTERVALS = 1_000_000
"""Intervals of one request for aggregates."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_NO_TIME = datetime(1601, 1, 1, tzinfo=UTC)
_HOUR = 3_600_000_000
_FOREVER = 2**62

_AGGREGATE_OF = {getattr(Id, f"AggregateFunction_{name}"): name for name in AGGREGATES}


class History(EventLog, Protocol):
    """What a historian answers."""

    def series_of(self, tag: str) -> Series | None: ...
    def branch(self) -> int: ...
    def span(self, branch: int) -> tuple[int, int]: ...
    def read(self, tag: str, start: int, end: int, *, branch: int | None = None, newest: bool = False) -> Samples: ...


def build(batch: NodeBatch) -> None:
    """Say which aggregates there are."""
    folder = ua.NodeId(Id.HistoryServerCapabilities_AggregateFunctions)
    for function in _AGGREGATE_OF:
        batch.link(folder, ua.NodeId(Id.Organizes), ua.NodeId(function))


async def announce(space: AddressSpace) -> None:
    """Fill in what the server can do with history."""
    boolean, uint32 = ua.VariantType.Boolean, ua.VariantType.UInt32
    for node, value in (
        (Id.HistoryServerCapabilities_AccessHistoryDataCapability, ua.Variant(True, boolean)),
        (Id.HistoryServerCapabilities_MaxReturnDataValues, ua.Variant(MOST_VALUES, uint32)),
        (Id.HistoryServerCapabilities_ServerTimestampSupported, ua.Variant(False, boolean)),
        (Id.Server_ServerCapabilities_MaxHistoryContinuationPoints, ua.Variant(MOST_POINTS, ua.VariantType.UInt16)),
        (Id.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData, ua.Variant(MOST_NODES, uint32)),
        (Id.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadEvents, ua.Variant(MOST_NODES, uint32)),
    ):
        await space.write_attribute_value(ua.NodeId(node), ua.AttributeIds.Value, ua.DataValue(value))


@dataclass(frozen=True, slots=True)
class Point:
    """Where an answer goes on: the branch it began on, and the first time that is not yet answered, µs."""

    node: ua.NodeId
    branch: int
    next: int


class Points:
    """The continuation points of one session."""

    def __init__(self) -> None:
        self._points: OrderedDict[bytes, Point | EventPoint] = OrderedDict()

    def keep(self, point: Point | EventPoint) -> bytes:
        """Its name; the oldest makes room."""
        name = secrets.token_bytes(8)
        self._points[name] = point
        while len(self._points) > MOST_POINTS:
            self._points.popitem(last=False)
        return name

    def take(self, name: bytes, node: ua.NodeId) -> Point | EventPoint | None:
        """The point of that name, which is good for one use and for its node."""
        point = self._points.pop(name, None)
        return point if point is not None and point.node == node else None


class _Refused(Exception):
    """The status code of a node's answer."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Asked:
    """One node of a request."""

    node: ua.NodeId
    tag: Tag
    series: Series
    branch: int
    resume: int | None
    """µs; None at the beginning."""

    @property
    def margin(self) -> int:
        """µs within which there is a neighbour, if there is one."""
        return 2 * self.series.longest + 2_000_000


Answer = tuple[list[ua.DataValue], int | None]
"""Values, and the time at which the rest begins, if there is a rest."""


class HistoryReads:
    """Answers HistoryRead. Its methods read files: not for the event loop."""

    def __init__(
        self,
        history: History | None,
        tags: Mapping[ua.NodeId, Tag],
        space: AddressSpace,
        events: EventReads | None = None,
    ) -> None:
        self._history = history
        self._events = events
        self._space = space
        self._tags = tags
        self._wire: dict[str, WireType] = {}

    def has(self, node: ua.NodeId) -> bool:
        """Whether a node's history is kept."""
        tag = self._tags.get(node)
        return tag is not None and self._history is not None and self._history.series_of(tag.name) is not None

    def read(self, params: ua.HistoryReadParameters, points: Points) -> list[ua.HistoryReadResult]:
        """One result for each node. Raises ServiceError for what is wrong with the whole request."""
        nodes, details = params.NodesToRead or [], params.HistoryReadDetails
        if not nodes:
            raise ServiceError(ua.StatusCodes.BadNothingToDo)
        if len(nodes) > MOST_NODES:
            raise ServiceError(ua.StatusCodes.BadTooManyOperations)
        of_events = isinstance(details, uaprotocol_auto.ReadEventDetails)
        if not of_events and params.TimestampsToReturn not in (
            ua.TimestampsToReturn.Source,
            ua.TimestampsToReturn.Both,
        ):
            raise ServiceError(ua.StatusCodes.BadTimestampsToReturnInvalid)
        if params.ReleaseContinuationPoints:
            for item in nodes:
                points.take(item.ContinuationPoint or b"", item.NodeId)
            return [ua.HistoryReadResult() for _ in nodes]
        if isinstance(details, uaprotocol_auto.ReadProcessedDetails) and len(details.AggregateType) != len(nodes):
            raise ServiceError(ua.StatusCodes.BadAggregateListMismatch)
        if of_events:
            return [self._answer_events(item, details, points) for item in nodes]
        return [self._answer(item, details, index, points) for index, item in enumerate(nodes)]

    def _answer_events(
        self, item: ua.HistoryReadValueId, details: ua.ReadEventDetails, points: Points
    ) -> ua.HistoryReadResult:
        def refused(code: int) -> ua.HistoryReadResult:
            return ua.HistoryReadResult(StatusCode=ua.StatusCode(code))

        if self._space.get(item.NodeId) is None:
            return refused(ua.StatusCodes.BadNodeIdUnknown)
        if self._history is None or self._events is None or not self._events.has(item.NodeId):
            return refused(ua.StatusCodes.BadHistoryOperationUnsupported)
        branch, beyond = self._history.branch(), None
        if item.ContinuationPoint:
            point = points.take(item.ContinuationPoint, item.NodeId)
            if not isinstance(point, EventPoint):
                return refused(ua.StatusCodes.BadContinuationPointInvalid)
            branch, beyond = point.branch, point.last
        try:
            answer = self._events.read(item.NodeId, details, branch, beyond, _time)
        except (HistoryError, sqlite3.Error, OSError) as error:
            log.error("HistoryRead of events: %s", error)
            return refused(ua.StatusCodes.BadResourceUnavailable)
        if isinstance(answer, int):
            return refused(answer)
        found, last = answer
        return ua.HistoryReadResult(
            StatusCode=ua.StatusCode(ua.StatusCodes.Good if found.Events else ua.StatusCodes.GoodNoData),
            ContinuationPoint=points.keep(EventPoint(item.NodeId, branch, last)) if last is not None else None,
            HistoryData=found,
        )

    def _answer(self, item: ua.HistoryReadValueId, details: Any, index: int, points: Points) -> ua.HistoryReadResult:
        try:
            asked = self._asked(item, points)
            values, rest = self._values(asked, details, index)
        except _Refused as refused:
            return ua.HistoryReadResult(StatusCode=ua.StatusCode(refused.code))
        except (HistoryError, sqlite3.Error, OSError) as error:
            log.error("HistoryRead: %s", error)
            return ua.HistoryReadResult(StatusCode=ua.StatusCode(ua.StatusCodes.BadResourceUnavailable))
        point = points.keep(Point(asked.node, asked.branch, rest)) if rest is not None else None
        return ua.HistoryReadResult(
            StatusCode=ua.StatusCode(ua.StatusCodes.Good if values else ua.StatusCodes.GoodNoData),
            ContinuationPoint=point,
            HistoryData=ua.HistoryData(DataValues=values),
        )

    def _asked(self, item: ua.HistoryReadValueId, points: Points) -> _Asked:
        tag = self._tags.get(item.NodeId)
        if tag is None and self._space.get(item.NodeId) is None:
            raise _Refused(ua.StatusCodes.BadNodeIdUnknown)
        if self._history is None or tag is None:
            raise _Refused(ua.StatusCodes.BadHistoryOperationUnsupported)
        series = self._history.series_of(tag.name)
        if series is None:
            raise _Refused(ua.StatusCodes.BadHistoryOperationUnsupported)
        if item.IndexRange:
            raise _Refused(ua.StatusCodes.BadIndexRangeNoData)
        if item.DataEncoding is not None and item.DataEncoding.Name:
            raise _Refused(ua.StatusCodes.BadDataEncodingUnsupported)
        if not item.ContinuationPoint:
            return _Asked(item.NodeId, tag, series, self._history.branch(), None)
        point = points.take(item.ContinuationPoint, item.NodeId)
        if not isinstance(point, Point):
            raise _Refused(ua.StatusCodes.BadContinuationPointInvalid)
        return _Asked(item.NodeId, tag, series, point.branch, point.next)

    def _values(self, asked: _Asked, details: Any, index: int) -> Answer:
        # decoding yields the generated classes
        if isinstance(details, uaprotocol_auto.ReadRawModifiedDetails) and not details.IsReadModified:
            return self._raw(asked, details)
        if isinstance(details, uaprotocol_auto.ReadAtTimeDetails):
            return self._at_times(asked, details)
        if isinstance(details, uaprotocol_auto.ReadProcessedDetails):
            return self._processed(asked, details, details.AggregateType[index])
        raise _Refused(ua.StatusCodes.BadHistoryOperationUnsupported)

    def _read(self, asked: _Asked, start: int, end: int, *, newest: bool = False) -> Samples:
        assert self._history is not None
        return self._history.read(asked.tag.name, start, end, branch=asked.branch, newest=newest)

    # ------------------------------------------------------------------ raw

    def _raw(self, asked: _Asked, details: ua.ReadRawModifiedDetails) -> Answer:
        start, end = _time(details.StartTime), _time(details.EndTime)
        limit = details.NumValuesPerNode
        if start is end is None or (not limit and (start is None or end is None)):
            raise _Refused(ua.StatusCodes.BadHistoryOperationInvalid)
        backward = start is None or (end is not None and start > end)
        if start is None:
            start, end = end, None
        assert start is not None
        first = asked.resume is None
        most = min(limit or MOST_VALUES, MOST_VALUES)
        bounds = bool(details.ReturnBounds)
        values = []
        if first and bounds:
            values += self._bound(asked, start, backward=not backward)
        at = start if first else asked.resume
        assert at is not None
        samples = self._stretch(asked, at, end, backward, most + 1)
        if first and start == end:
            samples = self._read(asked, start, start)
        if first and bounds and len(samples) and samples.time[0] == start:
            samples = samples[1:]  # it is its own bound
        room = most - len(values)
        values += [self._value(asked, *one) for one in _rows(samples[:room])]
        if len(samples) > room:
            return values, int(samples.time[room])
        if bounds and end is not None:
            if len(values) >= most:  # its bound alone is left
                return values, end
            values += self._bound(asked, end, backward=backward)
        return values, None

    def _stretch(self, asked: _Asked, start: int, end: int | None, backward: bool, most: int) -> Samples:
        """At most so many samples from ``start`` on, in the order asked for, without what is at ``end``."""
        assert self._history is not None
        earliest, latest = self._history.span(asked.branch)
        pieces: list[Samples] = []
        count, width = 0, _HOUR
        at = min(start, latest) if backward else max(start, earliest)
        last = max(end + 1 if end is not None else earliest, earliest) if backward else min(end or _FOREVER, latest + 1)
        while count < most and (at >= last if backward else at < last):
            # further with each step: there may be days without a sample, or a thousand in a minute
            if backward:
                piece = self._read(asked, max(at - width, last), at)
                at -= width + 1
            else:
                piece = self._read(asked, at, min(at + width, last) - 1)
                at += width
            pieces.append(piece)
            count += len(piece)
            width *= 4
        samples = joined(pieces)
        return (samples[::-1] if backward else samples)[:most]

    def _bound(self, asked: _Asked, time: int, *, backward: bool) -> list[ua.DataValue]:
        """The sample at a time, or else the next one beyond it; a value that says so where there is none."""
        found = (
            self._read(asked, time - asked.margin, time)[-1:]
            if backward
            else self._read(asked, time, time + asked.margin)[:1]
        )
        if not len(found):
            return [ua.DataValue(None, status_code(ua.StatusCodes.BadBoundNotFound), _moment(time))]
        return [self._value(asked, *one) for one in _rows(found)]

    # ------------------------------------------------------------------ at times

    def _at_times(self, asked: _Asked, details: ua.ReadAtTimeDetails) -> Answer:
        times = [_time(time) for time in details.ReqTimes or ()]
        if not times or None in times:
            raise _Refused(ua.StatusCodes.BadInvalidTimestampArgument)
        if len(times) > MOST_VALUES:
            raise _Refused(ua.StatusCodes.BadTooManyOperations)
        wanted = [time for time in times if time is not None]
        samples = self._read(asked, min(wanted) - asked.margin, max(wanted) + asked.margin, newest=True)
        values = []
        for time in wanted:
            value, status = value_at(samples, time, stepped=asked.series.stepped, uncertain_too=True)
            values.append(self._value(asked, time, value, status))
        return values, None

    # ------------------------------------------------------------------ processed

    def _processed(self, asked: _Asked, details: ua.ReadProcessedDetails, function: ua.NodeId) -> Answer:
        name = _AGGREGATE_OF.get(function.Identifier) if function.NamespaceIndex == 0 else None
        numeric = asked.tag.type not in (ValueType.TEXT, ValueType.BOOL)
        if name is None or not (numeric or name in FOR_ALL):
            raise _Refused(ua.StatusCodes.BadAggregateNotSupported)
        start, end = _time(details.StartTime), _time(details.EndTime)
        if start is None or end is None or start == end:
            raise _Refused(ua.StatusCodes.BadInvalidTimestampArgument)
        if not (math.isfinite(details.ProcessingInterval) and details.ProcessingInterval >= 0.0):
            raise _Refused(ua.StatusCodes.BadAggregateInvalidInputs)
        width = round(1000.0 * details.ProcessingInterval)
        if details.ProcessingInterval > 0 and (width == 0 or abs(end - start) / width > MOST_INTERVALS):
            raise _Refused(ua.StatusCodes.BadAggregateInvalidInputs)
        config = _config(details.AggregateConfiguration)
        begin = start if asked.resume is None else asked.resume
        wanted = intervals(begin, end, width)
        rest = wanted[MOST_VALUES].stamp if len(wanted) > MOST_VALUES else None
        wanted = wanted[:MOST_VALUES]
        samples = self._read(asked, *_span(wanted, asked.margin), newest=True)
        results = aggregate(name, samples, wanted, stepped=asked.series.stepped, config=config)
        return [self._result(asked, name, one.time, one.value, one.status) for one in results], rest

    # ------------------------------------------------------------------ values

    def _value(self, asked: _Asked, time: int, value: float, status: int) -> ua.DataValue:
        wire = self._wire.get(asked.tag.name) or self._wire.setdefault(asked.tag.name, wire_type(asked.tag))
        variant, status = wire.variant(value, status)
        return ua.DataValue(variant, status_code(status), _moment(time))

    def _result(self, asked: _Asked, name: str, time: int, value: float, status: int) -> ua.DataValue:
        if name in KEEPS_TYPE:
            return self._value(asked, time, value, status)
        if status & BAD:
            return ua.DataValue(None, status_code(status), _moment(time))
        variant = (
            ua.Variant(int(value), ua.VariantType.Int32)
            if name == "Count"
            else ua.Variant(value, ua.VariantType.Double)
        )
        return ua.DataValue(variant, status_code(status), _moment(time))


def _time(time: datetime | None) -> int | None:
    """µs since 1970; None for the time that stands for none."""
    if time is None:
        return None
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return None if aware <= _NO_TIME else (aware - _EPOCH) // _US


def _moment(time: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time)


def _rows(samples: Samples) -> Iterator[tuple[int, float, int]]:
    return zip(samples.time.tolist(), samples.value.tolist(), samples.status.tolist(), strict=True)


def _span(wanted: Sequence[Interval], margin: int) -> tuple[int, int]:
    return min(one.start for one in wanted) - margin, max(one.end for one in wanted) + margin


def _config(given: ua.AggregateConfiguration) -> Config:
    if given.UseServerCapabilitiesDefaults:
        return Config()
    good, bad = given.PercentDataGood, given.PercentDataBad
    if good > 100 or bad > 100 or good + bad < 100 or given.UseSlopedExtrapolation:
        raise _Refused(ua.StatusCodes.BadAggregateConfigurationRejected)
    return Config(given.TreatUncertainAsBad, float(good), float(bad))
