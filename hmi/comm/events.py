"""What the server remembers of the alarms: its history of events, read page by page."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from typing import NamedTuple

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.object_ids import ObjectIds

from hmi.comm.history import seconds, to_moment

PAGE = 500
"""Events asked for at once."""
_SERVER = ua.NodeId(ua.Int32(ObjectIds.Server))


class AlarmEvent(NamedTuple):
    """One event of one alarm: its time, s since 1970, and those of the fields asked for that it has."""

    time: float
    alarm: str
    fields: dict[str, object]


async def read_alarm_events(
    client: Client, alarms: Container[str], fields: Sequence[str], start: float, end: float, most: int | None = None
) -> list[AlarmEvent] | None:
    """What alarms did between start and end (s since 1970), the oldest first; None where the server keeps no events.

    fields: browse paths such as ``ActiveState.Id``, ``Time`` among them. most: the newest so many alone.
    """
    details = ua.ReadEventDetails()
    details.NumValuesPerNode = PAGE if most is None else min(PAGE, most)
    first, last = (start, end) if most is None else (end, start)  # the server gives the newest first where it goes back
    details.StartTime, details.EndTime = to_moment(first), to_moment(last)
    details.Filter = ua.EventFilter(SelectClauses=[_condition(), *map(_clause, fields)])
    found: list[AlarmEvent] = []
    point: bytes | None = None
    while True:
        result = await _page(client, details, point)
        if result.StatusCode.is_bad():
            return None
        for event in getattr(result.HistoryData, "Events", None) or ():
            condition, *values = (field.Value for field in event.EventFields)
            name = str(getattr(condition, "Identifier", ""))
            moment = values[fields.index("Time")]
            if name in alarms and isinstance(moment, datetime):
                told = {field: plain_field(one) for field, one in zip(fields, values, strict=True) if one is not None}
                found.append(AlarmEvent(seconds(moment), name, told))
        point = result.ContinuationPoint
        if not point or (most is not None and len(found) >= most):
            break
    if point:
        await _page(client, details, point, release=True)
    return found if most is None else found[:most][::-1]


async def _page(
    client: Client, details: ua.ReadEventDetails, point: bytes | None, release: bool = False
) -> ua.HistoryReadResult:
    parameters = ua.HistoryReadParameters()
    parameters.HistoryReadDetails = details
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
    parameters.ReleaseContinuationPoints = release
    parameters.NodesToRead.append(ua.HistoryReadValueId(NodeId=_SERVER, ContinuationPoint=point))
    (result,) = await client.uaclient.history_read(parameters)
    return result


def plain_field(value: object) -> object:
    """A value of the wire as the station keeps it: of a text its words, of a time s since 1970."""
    if isinstance(value, ua.LocalizedText):
        return value.Text
    return seconds(value) if isinstance(value, datetime) else value


def _clause(path: str) -> ua.SimpleAttributeOperand:
    names: Sequence[str] = path.split(".")
    return ua.SimpleAttributeOperand(
        ua.NodeId(ua.Int32(ObjectIds.BaseEventType)), [ua.QualifiedName(name) for name in names], ua.AttributeIds.Value
    )


def _condition() -> ua.SimpleAttributeOperand:
    """The id of the condition that an event is of."""
    return ua.SimpleAttributeOperand(ua.NodeId(ua.Int32(ObjectIds.ConditionType)), [], ua.AttributeIds.NodeId)
