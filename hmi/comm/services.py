"""Browse, read and write of many nodes at once: requests cut into pieces that any server accepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

CHUNK = 500
"""Nodes in one request."""

T = TypeVar("T")


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces of ``CHUNK``."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


async def browse(client: Client, nodes: Sequence[ua.NodeId]) -> list[list[ua.ReferenceDescription]]:
    """All forward references of each node, in the server's order; empty for nodes it does not know."""
    found: list[list[ua.ReferenceDescription]] = []
    for part in chunks(nodes):
        parameters = ua.BrowseParameters()
        parameters.RequestedMaxReferencesPerNode = 0
        for node in part:
            one = ua.BrowseDescription()
            one.NodeId = node
            one.BrowseDirection = ua.BrowseDirection.Forward
            one.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.References))
            one.IncludeSubtypes = True
            one.NodeClassMask = ua.NodeClass.Unspecified
            one.ResultMask = ua.BrowseResultMask.All
            parameters.NodesToBrowse.append(one)
        for result in await client.uaclient.browse(parameters):
            references = list(result.References or [])
            while result.ContinuationPoint:
                more = ua.BrowseNextParameters()
                more.ContinuationPoints = [result.ContinuationPoint]
                result = (await client.uaclient.browse_next(more))[0]
                references += result.References or []
            found.append(references)
    return found


async def read(client: Client, wanted: Sequence[tuple[ua.NodeId, AttributeIds]]) -> list[ua.DataValue]:
    """Attributes of nodes; what cannot be read comes with a bad status."""
    values: list[ua.DataValue] = []
    for part in chunks(wanted):
        parameters = ua.ReadParameters()
        parameters.TimestampsToReturn = ua.TimestampsToReturn.Neither
        for node, attribute in part:
            one = ua.ReadValueId()
            one.NodeId = node
            one.AttributeId = attribute
            parameters.NodesToRead.append(one)
        values += await client.uaclient.read(parameters)
    return values


def plain(value: ua.DataValue) -> object:
    """The Python value of a DataValue; None where it is bad or empty."""
    if value.StatusCode is not None and value.StatusCode.is_bad():
        return None
    found = value.Value.Value if value.Value is not None else None
    return found.Text if isinstance(found, ua.LocalizedText) else found


def node_id(name: str, namespace: int) -> ua.NodeId:
    """The NodeId of a name of ours."""
    return ua.NodeId(ua.String(name), ua.Int16(namespace))
