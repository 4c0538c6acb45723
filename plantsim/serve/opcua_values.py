"""Values of tags on the wire: image rows to DataValues, and written Variants back to numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from plantsim.engine.image import BAD, BAD_WAITING_FOR_INITIAL_DATA
from plantsim.model.tag import Tag, ValueType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_VALUE = ua.Variant(None, ua.VariantType.Null)
_EXACT = 2**53
"""Whole numbers up to here are exact as float64."""

VARIANT_TYPES = {
    ValueType.FLOAT: ua.VariantType.Double,
    ValueType.BOOL: ua.VariantType.Boolean,
    ValueType.UINT16: ua.VariantType.UInt16,
    ValueType.UINT32: ua.VariantType.UInt32,
    ValueType.INT64: ua.VariantType.Int64,
    ValueType.TIME: ua.VariantType.DateTime,
    ValueType.TEXT: ua.VariantType.String,
    ValueType.PROFILE: ua.VariantType.Double,
}

WHOLE = {
    ValueType.UINT16: (0.0, 2.0**16 - 1),
    ValueType.UINT32: (0.0, 2.0**32 - 1),
    ValueType.INT64: (-(2.0**62), 2.0**62),
}

_INTEGERS = frozenset(
    (
        ua.VariantType.SByte,
        ua.VariantType.Byte,
        ua.VariantType.Int16,
        ua.VariantType.UInt16,
        ua.VariantType.Int32,
        ua.VariantType.UInt32,
        ua.VariantType.Int64,
        ua.VariantType.UInt64,
    )
)
_FLOATS = frozenset((ua.VariantType.Float, ua.VariantType.Double))


def moment(seconds: float) -> datetime | None:
    """The time that is ``seconds`` after 1970-01-01T00:00:00Z; None for nan and what a datetime cannot hold."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None


@cache
def status_code(code: int) -> ua.StatusCode:
    """The one StatusCode object of that code: values are made by the thousand, codes are few. Not to be changed."""
    return ua.StatusCode(code)


@dataclass(frozen=True, slots=True)
class WireType:
    """How a tag's row of the image is shown."""

    variant_type: ua.VariantType
    decode: Callable[[float], Any]
    """From float64 to the Python value; not asked for what is Bad, nor for nan unless it is a Double."""

    def variant(self, value: float, status: int) -> tuple[ua.Variant, int]:
        """Variant and status. What is Bad has no value; nor has what the image has no value of yet."""
        if status & BAD:
            return _NO_VALUE, status
        if value != value and self.variant_type is not ua.VariantType.Double:
            return _NO_VALUE, BAD_WAITING_FOR_INITIAL_DATA
        return ua.Variant(self.decode(value), self.variant_type, None, False), status


def profile(values: NDArray[np.float64], status: int) -> tuple[ua.Variant, int]:
    """Variant and status of an array of Doubles. What is Bad has no value."""
    if status & BAD:
        return _NO_VALUE, status
    return ua.Variant(values.tolist(), ua.VariantType.Double, None, True), status


def wire_type(tag: Tag) -> WireType:
    """How that tag is shown."""
    decode: Callable[[float], Any]
    match tag.type:
        case ValueType.FLOAT:
            decode = float
        case ValueType.BOOL:
            decode = bool
        case ValueType.TIME:
            decode = moment
        case ValueType.TEXT:
            decode = _text(tag.states)
        case _:
            decode = _whole(*WHOLE[tag.type])
    return WireType(VARIANT_TYPES[tag.type], decode)


def _whole(low: float, high: float) -> Callable[[float], int]:
    return lambda value: int(min(max(value, low), high))


def _text(states: tuple[str, ...]) -> Callable[[float], str]:
    return lambda index: states[int(index)] if 0 <= index < len(states) else ""


def written(variant: ua.Variant | None, type_: ValueType) -> float | bool | int | None:
    """The number that was written, or None where it is none of the tag's type.

    Any numeric Variant will do for a number that the tag can hold exactly; a Boolean only for a BOOL.
    """
    if variant is None or variant.is_array or variant.Value is None:
        return None
    if type_ is ValueType.BOOL:
        return bool(variant.Value) if variant.VariantType is ua.VariantType.Boolean else None
    if type_ in (ValueType.TIME, ValueType.TEXT, ValueType.PROFILE):
        return None
    if variant.VariantType in _INTEGERS:
        whole = int(variant.Value)
        return whole if abs(whole) <= _EXACT else None
    if variant.VariantType not in _FLOATS:
        return None
    number = float(variant.Value)
    if type_ is ValueType.FLOAT:
        return number
    return int(number) if math.isfinite(number) and number.is_integer() else None
