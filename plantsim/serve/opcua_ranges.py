"""How a value is wanted: which part of an array or text (OPC 10000-4, 7.27), and in which encoding (7.29)."""

from __future__ import annotations

import re
from dataclasses import replace

from asyncua import ua

from plantsim.serve.opcua_values import status_code

_RANGE = re.compile(r"(\d{1,9})(?::(\d{1,9}))?")


_BINARY = "Default Binary"


def is_range(index_range: str) -> bool:
    """Whether it names elements at all, in as many dimensions as it likes."""
    found = [_RANGE.fullmatch(one) for one in index_range.split(",")]
    return all(one is not None and (one[2] is None or int(one[1]) < int(one[2])) for one in found)


def encoding_fault(item: ua.ReadValueId) -> int | None:
    """The status of an encoding that cannot be had; None for binary, and where none is named."""
    encoding = item.DataEncoding
    if encoding is None or not encoding.Name:
        return None
    if item.AttributeId != ua.AttributeIds.Value:
        return int(ua.StatusCodes.BadDataEncodingInvalid)
    is_binary = encoding.Name == _BINARY and not encoding.NamespaceIndex
    return None if is_binary else int(ua.StatusCodes.BadDataEncodingUnsupported)


def part_of(value: ua.DataValue, index_range: str) -> ua.DataValue:
    """The elements of an array, or the characters of a text, that a range such as ``2`` or ``0:9`` names."""
    if not is_range(index_range):
        return _no(ua.StatusCodes.BadIndexRangeInvalid)
    found = _RANGE.fullmatch(index_range)
    if found is None:  # nothing here has two dimensions
        return _no(ua.StatusCodes.BadIndexRangeNoData)
    first = int(found[1])
    last = int(found[2]) if found[2] is not None else first
    whole = value.Value.Value if value.Value is not None else None
    if whole is None and value.StatusCode is not None and not value.StatusCode.is_good():
        return value  # there is nothing to take a part of, and the status says why
    if not isinstance(whole, list | str | bytes) or first >= len(whole):
        return _no(ua.StatusCodes.BadIndexRangeNoData)
    part = whole[first : last + 1]
    return replace(value, Value=ua.Variant(part, value.Value.VariantType, None, isinstance(part, list)))


def _no(code: int) -> ua.DataValue:
    return ua.DataValue(None, status_code(code))
