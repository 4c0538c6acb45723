"""The history of events: what was told at Server, areas and units, read again (OPC 10000-11, 6.4.2)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.server.address_space import AddressSpace
from asyncua.ua.ua_binary import (
    Primitives,
    nodeid_from_binary,
    nodeid_to_binary,
    variant_from_binary,
    variant_to_binary,
)

from plantsim.history.events import Happening, Place, Wanted
from plantsim.serve.opcua_events import Event, IsSubtype, Where, is_event_filter
from plantsim.serve.opcua_nodes import Id
from plantsim.serve.opcua_space import AREA, PLANT, UNIT

MOST_EVENTS = 1_000
"""Events of one node in one answer; the rest by continuation point."""
MOST_LOOKED_AT = 20_000
"""Events of one node that are held against a filter for one answer."""
_PAGE = 500

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_EVERYWHERE = (ua.NodeId(Id.Server),)
_NOTIFIES = ua.EventNotifier.SubscribeToEvents.mask | ua.EventNotifier.HistoryRead.mask


class EventLog(Protocol):
    """Where events are kept."""

    def note_event(self, time: int, place: Place, body: bytes) -> None: ...
    def events(self, wanted: Wanted, branch: int, most: int) -> list[Happening]: ...


@dataclass(frozen=True, slots=True)
class EventPoint:
    """Where an answer goes on: the branch it began on, and the moment of the last event that was looked at."""

    node: ua.NodeId
    branch: int
    last: tuple[int, int]


async def announce(space: AddressSpace, namespace: int) -> None:
    """Say what there is: the limits, and the nodes that have a history of events."""
    for node, value in (
        (Id.HistoryServerCapabilities_AccessHistoryEventsCapability, ua.Variant(True, ua.VariantType.Boolean)),
        (Id.HistoryServerCapabilities_MaxReturnEventValues, ua.Variant(MOST_EVENTS, ua.VariantType.UInt32)),
    ):
        await space.write_attribute_value(ua.NodeId(node), ua.AttributeIds.Value, ua.DataValue(value))
    notifies = ua.DataValue(ua.Variant(_NOTIFIES, ua.VariantType.Byte))
    for node_id in tuple(space.keys()):
        if place_of(node_id, namespace) is not None:
            await space.write_attribute_value(node_id, ua.AttributeIds.EventNotifier, notifies)


def place_of(node: ua.NodeId, namespace: int) -> Place | None:
    """The part of the plant whose events are heard at a node; None where none are. namespace: of our nodes."""
    if node in _EVERYWHERE:
        return Place()
    name = node.Identifier
    if node.NamespaceIndex != namespace or not isinstance(name, str):
        return None
    if name == PLANT:
        return Place()
    kind, _, id_ = name.partition(".")
    if "." in id_:  # a property
        return None
    return {AREA: Place(area=id_), UNIT: Place(unit=id_)}.get(kind)


def keep(log: EventLog, event: Event, namespace: int) -> None:
    """Put an event on record; one that has no time of the plant is not worth it."""
    time = event.fields.get("Time")
    if time is None or not isinstance(time.Value, datetime):
        return
    places = [place for node in event.notifiers if (place := place_of(node, namespace)) is not None]
    place = Place(
        next((one.area for one in places if one.area), ""),
        next((one.unit for one in places if one.unit), ""),
    )
    log.note_event((time.Value - _EPOCH) // _US, place, packed(event))


def packed(event: Event) -> bytes:
    """An event in few bytes: type, condition and fields as they go over the wire, deflated."""
    parts = [nodeid_to_binary(event.type), nodeid_to_binary(event.condition or ua.NodeId())]
    for path, value in event.fields.items():
        parts += (Primitives.String.pack(path), variant_to_binary(value))
    return zlib.compress(b"".join(parts), 1)


def unpacked(body: bytes) -> Event:
    """What was packed."""
    data = Buffer(zlib.decompress(body))
    type_, condition = nodeid_from_binary(data), nodeid_from_binary(data)
    fields: dict[str, ua.Variant] = {}
    while len(data):
        path = Primitives.String.unpack(data)
        fields[path] = variant_from_binary(data)
    return Event(type_, fields, condition=None if condition.is_null() else condition)


class EventReads:
    """Answers ReadEventDetails. Its methods read files: not for the event loop."""

    def __init__(self, log: EventLog, namespace: int, is_subtype: IsSubtype) -> None:
        self._log = log
        self._namespace = namespace
        self._is_subtype = is_subtype

    def has(self, node: ua.NodeId) -> bool:
        """Whether there is a history of the events that are heard at a node."""
        return place_of(node, self._namespace) is not None

    def read(
        self,
        node: ua.NodeId,
        details: ua.ReadEventDetails,
        branch: int,
        beyond: tuple[int, int] | None,
        time_of: Callable[[Any], int | None],
    ) -> tuple[ua.HistoryEvent, tuple[int, int] | None] | int:
        """The events, and the moment of the last one looked at if there may be more; or why not, a status code.

        time_of: µs since 1970 of a time in a request, None for the one that stands for none.
        """
        place = place_of(node, self._namespace)
        assert place is not None
        if not is_event_filter(details.Filter) or not details.Filter.SelectClauses:
            return int(ua.StatusCodes.BadEventFilterInvalid)
        start, end, limit = time_of(details.StartTime), time_of(details.EndTime), details.NumValuesPerNode
        if start is end is None or (not limit and (start is None or end is None)):
            return int(ua.StatusCodes.BadHistoryOperationInvalid)
        where = Where(details.Filter.WhereClause, self._is_subtype)
        most = min(limit or MOST_EVENTS, MOST_EVENTS)
        found: list[ua.HistoryEventFieldList] = []
        looked_at = 0
        while True:
            page = self._log.events(Wanted(start, end, place, beyond), branch, _PAGE)
            for one in page:
                if len(found) == most or looked_at == MOST_LOOKED_AT:
                    return ua.HistoryEvent(Events=found), beyond
                looked_at += 1
                beyond = one.moment
                event = unpacked(one.body)
                if where.eval(event):
                    found.append(ua.HistoryEventFieldList(event.to_event_fields(details.Filter.SelectClauses)))
            if len(page) < _PAGE:
                return ua.HistoryEvent(Events=found), None
