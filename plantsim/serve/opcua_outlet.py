"""Between the live table and asyncua's nodes: how a tag's value gets to whoever reads or watches it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Protocol

from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue

from plantsim.serve.opcua_seam import LiveValue
from plantsim.serve.opcua_table import LiveTable

log = logging.getLogger(__name__)


class Outlet(Protocol):
    """Where changed rows go."""

    def watched(self, row: int) -> bool:
        """Whether it is worth making a DataValue of the row."""
        ...

    async def push(self, row: int, value: ua.DataValue) -> None:
        """Hand a changed row's value on."""
        ...


class LiveOutlet:
    """Values are made when somebody reads or watches them; what nobody looks at costs nothing."""

    def __init__(self, space: AddressSpace, table: LiveTable, nodes: Mapping[int, ua.NodeId]) -> None:
        """nodes: of the tags, by row."""
        self._values = {row: LiveValue(partial(table.read, row)) for row in nodes}
        for row, node in nodes.items():
            space[node].attributes[ua.AttributeIds.Value] = self._values[row]

    def watched(self, row: int) -> bool:
        return bool(self._values[row].datachange_callbacks)

    async def push(self, row: int, value: ua.DataValue) -> None:
        await notify(self._values[row], value)


class StoredOutlet:
    """Values are stored in the nodes by asyncua's public interface: for versions that ``LiveOutlet`` does not fit.

    A value that does not change keeps the source time of its last change.
    """

    def __init__(self, space: AddressSpace, nodes: Mapping[int, ua.NodeId]) -> None:
        """nodes: of the tags, by row."""
        self._space = space
        self._nodes = nodes

    def watched(self, row: int) -> bool:
        return True

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
