"""Browse, read and write of many nodes at once: requests cut into pieces that any server accepts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

CHUNK = 500
"""Nodes in one request."""

_MASK = (
    ua.BrowseResultMask.ReferenceTypeId
    | ua.BrowseResultMask.NodeClass
    | ua.BrowseResultMask.BrowseName
    | ua.BrowseResultMask.DisplayName
)
"""What of a reference is looked at here; the rest stays with the server."""

T = TypeVar("T")


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces of ``CHUNK``."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


async def browse(
    client: Client,
    nodes: Sequence[ua.NodeId],
    along: int = ObjectIds.References,
    classes: int = ua.NodeClass.Unspecified,
) -> list[list[ua.ReferenceDescription]]:
    """Forward references of each node, in the server's order; empty for nodes it does not know.

    along: the kind of references, its subtypes included. classes: mask of what they lead to, 0 for anything.
    """
    # all pieces are asked for at once: the server is at the next one while an answer is taken in
    parts = await asyncio.gather(*(_browse(client, part, along, classes) for part in chunks(nodes)))
    return [references for part in parts for references in part]


async def _browse(
    client: Client, nodes: Sequence[ua.NodeId], along: int, classes: int
) -> list[list[ua.ReferenceDescription]]:
    parameters = ua.BrowseParameters()
    parameters.RequestedMaxReferencesPerNode = 0
    for node in nodes:
        one = ua.BrowseDescription()
        one.NodeId = node
        one.BrowseDirection = ua.BrowseDirection.Forward
        one.ReferenceTypeId = ua.NodeId(ua.Int32(along))
        one.IncludeSubtypes = True
        one.NodeClassMask = ua.UInt32(classes)
        one.ResultMask = _MASK
        parameters.NodesToBrowse.append(one)
    found: list[list[ua.ReferenceDescription]] = []
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
    parts = await asyncio.gather(*(_read(client, part) for part in chunks(wanted)))
    return [value for part in parts for value in part]


async def _read(client: Client, wanted: Sequence[tuple[ua.NodeId, AttributeIds]]) -> list[ua.DataValue]:
    parameters = ua.ReadParameters()
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Neither
    for node, attribute in wanted:
        one = ua.ReadValueId()
        one.NodeId = node
        one.AttributeId = attribute
        parameters.NodesToRead.append(one)
    values: list[ua.DataValue] = await client.uaclient.read(parameters)
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
