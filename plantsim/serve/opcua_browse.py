"""Browsing in parts: what did not go into an answer waits under a continuation point (OPC 10000-4, 5.9.2 and 7.9)."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace

MOST_POINTS = 50
"""Of one session; those of earlier requests make room for new ones."""

_RESULTS: tuple[tuple[str, Any], ...] = (
    ("ReferenceTypeId", ua.NodeId()),
    ("IsForward", False),
    ("NodeClass", ua.NodeClass.Unspecified),
    ("BrowseName", ua.QualifiedName()),
    ("DisplayName", ua.LocalizedText()),
    ("TypeDefinition", ua.NodeId()),
)
"""What a reference tells, in the order of the mask's bits, and what stands in its place where nobody asks for it."""
_MAX_POINTS = ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_MaxBrowseContinuationPoints)
_NONE_LEFT = ua.StatusCode(ua.StatusCodes.BadNoContinuationPoints)
_INVALID = ua.StatusCode(ua.StatusCodes.BadContinuationPointInvalid)


@dataclass(frozen=True, slots=True)
class Rest:
    """References that have not been told yet. most: of one answer."""

    references: list[ua.ReferenceDescription]
    most: int


class BrowsePoints:
    """The continuation points of one session."""

    def __init__(self) -> None:
        self._rests: OrderedDict[bytes, Rest] = OrderedDict()

    def shorten(self, results: list[ua.BrowseResult], most: int) -> None:
        """Leave as many references in each result as there may be. most: 0 for any number."""
        made = 0
        for result in results:
            if not most or len(result.References) <= most:
                continue
            if made == MOST_POINTS:
                result.StatusCode, result.References = _NONE_LEFT, []
                continue
            made += 1
            self._put(result, Rest(result.References, most))

    def next(self, point: bytes, is_hidden: Callable[[ua.NodeId], bool]) -> ua.BrowseResult:
        """What comes next; a point is good for one use. is_hidden: of nodes by now."""
        rest = self._rests.pop(point, None)
        if rest is None:
            return ua.BrowseResult(StatusCode=_INVALID)
        result = ua.BrowseResult()
        seen = [one for one in rest.references if not is_hidden(one.NodeId)]
        self._put(result, Rest(seen, rest.most))
        return result

    def release(self, point: bytes) -> ua.BrowseResult:
        """Keep what is under it no longer."""
        return ua.BrowseResult() if self._rests.pop(point, None) is not None else ua.BrowseResult(StatusCode=_INVALID)

    def _put(self, result: ua.BrowseResult, rest: Rest) -> None:
        result.References, left = rest.references[: rest.most], rest.references[rest.most :]
        if left:
            result.ContinuationPoint = secrets.token_bytes(8)
            self._rests[result.ContinuationPoint] = Rest(left, rest.most)
            while len(self._rests) > MOST_POINTS:
                self._rests.popitem(last=False)


def fault(asked: ua.BrowseDescription, space: AddressSpace) -> int | None:
    """The status of what cannot be followed from a node that there is (OPC 10000-4, 5.9.2.4); None if it can be."""
    if asked.BrowseDirection not in tuple(ua.BrowseDirection)[:3]:
        return int(ua.StatusCodes.BadBrowseDirectionInvalid)
    if asked.ReferenceTypeId.is_null():
        return None
    node_class = space.read_attribute_value(asked.ReferenceTypeId, ua.AttributeIds.NodeClass).Value
    is_known = node_class is not None and node_class.Value == ua.NodeClass.ReferenceType
    return None if is_known else int(ua.StatusCodes.BadReferenceTypeIdInvalid)


def masked(references: list[ua.ReferenceDescription], mask: int) -> list[ua.ReferenceDescription]:
    """References with what a client wants to know of them (OPC 10000-4, 5.9.2.2, resultMask)."""
    left_out = {name: nothing for bit, (name, nothing) in enumerate(_RESULTS) if not mask & 1 << bit}
    # those of the address space are not to be changed
    return [replace(one, **left_out) for one in references] if left_out else references


async def announce(space: AddressSpace) -> None:
    """Say how many continuation points a session has."""
    value = ua.DataValue(ua.Variant(MOST_POINTS, ua.VariantType.UInt16))
    await space.write_attribute_value(_MAX_POINTS, ua.AttributeIds.Value, value)
