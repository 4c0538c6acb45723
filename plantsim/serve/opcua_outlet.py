"""Between the live table and asyncua's nodes: how a tag's value gets to whoever reads or watches it."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol
from weakref import ref

from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue

from plantsim.serve.opcua_columns import Columns
from plantsim.serve.opcua_live import Column, LiveValue, Watchers
from plantsim.serve.opcua_table import LiveTable

log = logging.getLogger(__name__)


class Outlet(Protocol):
    """Where changed rows go."""

    def settle(self) -> None:
        """The table is about to show another image."""
        ...

    def sample(self, now: datetime) -> None:
        """The table shows another image. now: its server time."""
        ...

    def wanted(self) -> Sequence[int]:
        """Those rows that have changed with the image of which it is worth making a DataValue."""
        ...

    async def push(self, row: int, value: ua.DataValue) -> None:
        """Hand a changed row's value on."""
        ...


class LiveOutlet:
    """Values are made when somebody reads or watches them; what nobody looks at costs nothing."""

    def __init__(
        self, space: AddressSpace, table: LiveTable, nodes: Mapping[int, ua.NodeId], doubles: Container[int]
    ) -> None:
        """nodes: of the tags, by row. doubles: rows of those that are one Double."""
        self._table = table
        self._watched: set[int] = set()
        self._values: dict[int, LiveValue] = {}
        for row in nodes:
            column = Column(row, self.columns) if row in doubles else None
            self._values[row] = LiveValue(partial(table.read, row), Watchers(row, self._watched), column)
        self._columns: list[ref[Columns]] = []
        for row, node in nodes.items():
            space[node].attributes[ua.AttributeIds.Value] = self._values[row]

    def columns(self) -> Columns:
        """Columns that are told of images for as long as somebody holds them."""
        made = Columns(self._table)
        self._columns.append(ref(made, self._columns.remove))
        return made

    def settle(self) -> None:
        for held in tuple(self._columns):
            if (columns := held()) is not None:
                columns.settle()

    def sample(self, now: datetime) -> None:
        for held in tuple(self._columns):
            if (columns := held()) is not None:
                columns.sample(self._table.changed, now)

    def wanted(self) -> Sequence[int]:
        return sorted(self._watched.intersection(self._table.changed_rows())) if self._watched else ()

    async def push(self, row: int, value: ua.DataValue) -> None:
        await notify(self._values[row], value)


class StoredOutlet:
    """Values are stored in the nodes by asyncua's public interface: for versions that ``LiveOutlet`` does not fit.

    A value that does not change keeps the source time of its last change.
    """

    def __init__(self, space: AddressSpace, table: LiveTable, nodes: Mapping[int, ua.NodeId]) -> None:
        """nodes: of the tags, by row."""
        self._space = space
        self._table = table
        self._nodes = nodes

    def settle(self) -> None:
        """Nothing is kept of the image that goes."""

    def sample(self, now: datetime) -> None:
        """All goes by ``push``."""

    def wanted(self) -> Sequence[int]:
        return self._table.changed_rows()

    async def push(self, row: int, value: ua.DataValue) -> None:
        await self._space.write_attribute_value(self._nodes[row], ua.AttributeIds.Value, value)


async def notify(attribute: AttributeValue, value: ua.DataValue) -> None:
    """Tell the monitored items of an attribute its new value."""
    # a copy, for a client may come or go while another one is told
    for handle, callback in tuple(attribute.datachange_callbacks.items()):
        try:
            await callback(handle, value)
        except Exception:
            log.exception("monitored item %s could not take a value", handle)
