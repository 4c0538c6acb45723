"""Reads of many tags: what a request asks for is prepared once, and answered with joined bytes from then on.

Clients that poll send the same list of nodes again and again. Its encoding is the key of a plan: the rows of the image,
by their type on the wire. What is not one plain number now (a text, an array, a time, what is Bad) is encoded by
itself, and a request for anything but values of tags has no plan and is read attribute by attribute.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from struct import pack

import numpy as np
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from numpy.typing import NDArray

from plantsim.engine.image import BAD
from plantsim.model.tag import Tag, ValueType
from plantsim.serve.opcua_ranges import encoding_fault
from plantsim.serve.opcua_records import LATEST, ticks, ticks_of
from plantsim.serve.opcua_table import LiveTable
from plantsim.serve.opcua_values import VARIANT_TYPES, WHOLE

MOST_BYTES = 4_000_000
"""Of requests that are kept with their plans; who has not come for the longest time goes first."""

_NUMBERS = {
    ValueType.FLOAT: "<f8",
    ValueType.BOOL: "u1",
    ValueType.UINT16: "<u2",
    ValueType.UINT32: "<u4",
    ValueType.INT64: "<i8",
}
"""Types that have one length on the wire."""
_ALL = 0x0F
"""Encoding mask of a DataValue with value, status and both times (OPC 10000-6, 5.2.2.17)."""

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Group:
    """Values of one type. places: in the answer, by row."""

    type: ValueType
    places: Rows
    rows: Rows
    record: np.dtype[np.void]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a request is answered. others: place and row of what is encoded by itself."""

    count: int
    groups: tuple[Group, ...]
    others: tuple[tuple[int, int], ...]


class BatchReads:
    """Answers requests that have come before."""

    def __init__(
        self, table: LiveTable, tags: Mapping[ua.NodeId, Tag], may_be_hidden: Callable[[ua.NodeId], bool]
    ) -> None:
        """may_be_hidden: from anybody at any time; such a node is asked for one by one."""
        self._table = table
        self._tags = tags
        self._may_be_hidden = may_be_hidden
        self._plans: OrderedDict[bytes, Plan] = OrderedDict()
        self._bytes = 0

    def answer(self, request: bytes) -> bytes | None:
        """The Results of a ReadResponse, encoded; None where the request has no plan. request: ReadParameters."""
        plan = self._plans.get(request)
        if plan is None:
            return None
        self._plans.move_to_end(request)
        return self._encoded(plan)

    def prepare(self, request: bytes, params: ua.ReadParameters, most: int) -> None:
        """Make the plan of a request, if it can have one. most: nodes of a request."""
        if (
            not 0 < len(params.NodesToRead) <= most
            or params.MaxAge < 0
            or params.TimestampsToReturn not in (ua.TimestampsToReturn.Both, ua.TimestampsToReturn.Source)
            or len(request) > MOST_BYTES
        ):
            return
        tags: list[Tag] = []
        for item in params.NodesToRead:
            tag = self._tags.get(item.NodeId)
            if tag is None or item.AttributeId != ua.AttributeIds.Value or item.IndexRange:
                return
            if encoding_fault(item) is not None:
                return
            if self._may_be_hidden(item.NodeId):
                return
            tags.append(tag)
        if request not in self._plans:
            self._plans[request] = _plan(tags)
            self._bytes += len(request)
        while self._bytes > MOST_BYTES:
            gone, _ = self._plans.popitem(last=False)
            self._bytes -= len(gone)

    def _encoded(self, plan: Plan) -> bytes:
        now = datetime.now(UTC)
        count = pack("<i", plan.count)
        if len(plan.groups) == 1 and not plan.others:
            records, plain = self._records(plan.groups[0], now)
            if plain.all():
                return count + records.tobytes()
        parts: list[bytes] = [b""] * plan.count
        for group in plan.groups:
            records, plain = self._records(group, now)
            size, joined = group.record.itemsize, records.tobytes()
            for at, place in enumerate(group.places.tolist()):
                parts[place] = joined[at * size : (at + 1) * size]
            for at in np.flatnonzero(~plain).tolist():
                parts[group.places[at]] = self._alone(int(group.rows[at]), now)
        for place, row in plan.others:
            parts[place] = self._alone(row, now)
        return b"".join((count, *parts))

    def _alone(self, row: int, now: datetime) -> bytes:
        encoded: bytes = struct_to_binary(self._table.read(row, now))
        return encoded

    def _records(self, group: Group, now: datetime) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
        """DataValues, and which of them are as they are on the wire."""
        image, rows = self._table.image, group.rows
        value, status, time = image.value[rows], image.status[rows], image.time[rows]
        plain = ((status & BAD) == 0) & (time >= 0.0) & (time < LATEST)
        if group.type is not ValueType.FLOAT:
            plain &= ~np.isnan(value)
            value = np.where(plain, value, 0.0)
        if group.type in WHOLE:
            value = np.clip(value, *WHOLE[group.type])
        elif group.type is ValueType.BOOL:
            value = np.asarray(value != 0.0, np.float64)
        records = np.empty(len(rows), group.record)
        records["mask"], records["type"] = _ALL, VARIANT_TYPES[group.type].value
        records["value"] = value
        records["status"] = status
        records["source"] = ticks(np.where(plain, time, 0.0))
        records["server"] = ticks_of(now)
        return records, plain


def _plan(tags: list[Tag]) -> Plan:
    groups: list[Group] = []
    for type_, form in _NUMBERS.items():
        places = [place for place, tag in enumerate(tags) if tag.type is type_]
        if places:
            rows = [tags[place].row for place in places]
            groups.append(Group(type_, np.array(places, np.intp), np.array(rows, np.intp), _record(form)))
    others = tuple((place, tag.row) for place, tag in enumerate(tags) if tag.type not in _NUMBERS)
    return Plan(len(tags), tuple(groups), others)


def _record(form: str) -> np.dtype[np.void]:
    fields = [("mask", "u1"), ("type", "u1"), ("value", form), ("status", "<u4"), ("source", "<i8"), ("server", "<i8")]
    return np.dtype(fields)
