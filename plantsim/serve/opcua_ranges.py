"""Index ranges: parts of arrays and texts (OPC 10000-4, 7.27)."""

from __future__ import annotations

import re
from dataclasses import replace

from asyncua import ua

from plantsim.serve.opcua_values import status_code

_RANGE = re.compile(r"(\d{1,9})(?::(\d{1,9}))?")


def part_of(value: ua.DataValue, index_range: str) -> ua.DataValue:
    """The elements of an array, or the characters of a text, that a range such as ``2`` or ``0:9`` names."""
    found = _RANGE.fullmatch(index_range)
    if found is None:
        # two dimensions are well formed, but nothing here has them
        dimensions = index_range.split(",")
        formed = len(dimensions) > 1 and all(_RANGE.fullmatch(one) for one in dimensions)
        return _no(ua.StatusCodes.BadIndexRangeNoData if formed else ua.StatusCodes.BadIndexRangeInvalid)
    first = int(found[1])
    last = int(found[2]) if found[2] is not None else first
    if found[2] is not None and last <= first:
        return _no(ua.StatusCodes.BadIndexRangeInvalid)
    whole = value.Value.Value if value.Value is not None else None
    if whole is None and value.StatusCode is not None and not value.StatusCode.is_good():
        return value  # there is nothing to take a part of, and the status says why
    if not isinstance(whole, list | str | bytes) or first >= len(whole):
        return _no(ua.StatusCodes.BadIndexRangeNoData)
    part = whole[first : last + 1]
    return replace(value, Value=ua.Variant(part, value.Value.VariantType, None, isinstance(part, list)))


def _no(code: int) -> ua.DataValue:
    return ua.DataValue(None, status_code(code))
