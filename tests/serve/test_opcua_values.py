"""Rows of the image as DataValues, written Variants as numbers, engineering units as codes."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua

from plantsim.engine.image import BAD_SENSOR_FAILURE, BAD_WAITING_FOR_INITIAL_DATA, GOOD, UNCERTAIN
from plantsim.model.tag import Tag, ValueType
from plantsim.serve.opcua_units import UNECE, engineering_unit
from plantsim.serve.opcua_values import wire_type, written

Types = ua.VariantType
WHOLE = (ValueType.UINT16, ValueType.UINT32, ValueType.INT64)


@pytest.fixture
def tag(synthetic: Any) -> Tag:
    found = synthetic.tags["TIC-201.SP"]
    assert isinstance(found, Tag)
    return found


@pytest.mark.parametrize(
    ("type_", "value", "shown", "variant_type"),
    [
        (ValueType.FLOAT, 1.5, 1.5, Types.Double),
        (ValueType.BOOL, 1.0, True, Types.Boolean),
        (ValueType.UINT16, 3.0, 3, Types.UInt16),
        (ValueType.UINT16, 1e9, 65535, Types.UInt16),
        (ValueType.UINT32, 4e9, 4_000_000_000, Types.UInt32),
        (ValueType.INT64, -7.0, -7, Types.Int64),
        (ValueType.TIME, 1_767_225_600.5, datetime(2026, 1, 1, 0, 0, 0, 500_000, UTC), Types.DateTime),
        (ValueType.TEXT, 1.0, "History", Types.String),
        (ValueType.TEXT, 7.0, "", Types.String),
    ],
)
def test_a_row_is_shown_in_its_tags_type(
    tag: Tag, type_: ValueType, value: float, shown: object, variant_type: ua.VariantType
) -> None:
    variant, status = wire_type(replace(tag, type=type_, states=("", "History"))).variant(value, GOOD)
    assert (variant.Value, variant.VariantType, status) == (shown, variant_type, GOOD)


def test_what_is_bad_has_no_value_and_what_is_uncertain_keeps_it(tag: Tag) -> None:
    wire = wire_type(tag)
    bad, status = wire.variant(20.0, BAD_SENSOR_FAILURE)
    assert (bad.Value, status) == (None, BAD_SENSOR_FAILURE)
    assert wire.variant(20.0, UNCERTAIN)[0].Value == 20.0


@pytest.mark.parametrize("type_", [kind for kind in ValueType if kind not in (ValueType.FLOAT, ValueType.PROFILE)])
def test_no_number_yet_waits_for_initial_data(tag: Tag, type_: ValueType) -> None:
    variant, status = wire_type(replace(tag, type=type_)).variant(math.nan, GOOD)
    assert (variant.Value, status) == (None, BAD_WAITING_FOR_INITIAL_DATA)


@pytest.mark.parametrize(
    "variant_type", [Types.Float, Types.Double, Types.SByte, Types.Byte, Types.Int16, Types.UInt64]
)
@pytest.mark.parametrize("type_", [ValueType.FLOAT, *WHOLE])
def test_any_numeric_variant_is_taken_for_a_number(type_: ValueType, variant_type: ua.VariantType) -> None:
    floating = variant_type in (Types.Float, Types.Double)
    assert written(ua.Variant(2.0 if floating else 2, variant_type), type_) == 2


@pytest.mark.parametrize(
    ("variant", "types"),
    [
        (ua.Variant(2.5, Types.Double), WHOLE),
        (ua.Variant(math.inf, Types.Double), WHOLE),
        (ua.Variant(math.nan, Types.Double), WHOLE),
        (ua.Variant(2**53 + 1, Types.Int64), (ValueType.FLOAT, *WHOLE)),
        (ua.Variant(True, Types.Boolean), (ValueType.FLOAT, *WHOLE)),
        (ua.Variant("2", Types.String), ValueType),
        (ua.Variant([2.0], Types.Double), ValueType),
        (ua.Variant(None, Types.Null), ValueType),
        (None, ValueType),
        (ua.Variant(1, Types.Byte), (ValueType.BOOL,)),
    ],
)
def test_what_a_tag_cannot_hold_exactly_is_not_of_its_type(variant: ua.Variant | None, types: Any) -> None:
    assert [written(variant, type_) for type_ in types] == [None] * len(list(types))


def test_a_boolean_is_taken_for_a_boolean() -> None:
    assert written(ua.Variant(True, Types.Boolean), ValueType.BOOL) is True


@pytest.mark.parametrize(
    ("eu", "code", "shown"),
    [
        ("%", "P1", "%"),
        ("C", "CEL", "°C"),
        ("L/h", "E32", "L/h"),
        ("mol/L", "C38", "mol/L"),
        ("Nm3/h", "Q40", "Nm³/h"),
        ("% LEL", "P1", "% LEL"),
        ("%/%", "C62", "%/%"),
        ("kWh/kg", "C62", "kWh/kg"),
    ],
)
def test_units_carry_their_unece_code(eu: str, code: str, shown: str) -> None:
    unit = engineering_unit(eu)
    assert unit.UnitId.to_bytes(4, "big").lstrip(b"\0").decode() == code
    assert unit.DisplayName.Text == shown


def test_codes_are_unique_but_for_the_generic_ones() -> None:
    codes = [code for code, _ in UNECE.values() if code not in ("C62", "P1")]
    assert len(codes) == len(set(codes))
