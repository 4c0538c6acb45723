"""Quantities and engineering units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsim.model.quantity import (
    FRACTION,
    GAS_FLOW,
    HEAT_LOSS,
    HYDROGEN,
    MASS_CONCENTRATION,
    MOLAR_FLOW,
    PH,
    TEMPERATURE,
    VOLUME,
    VOLUME_FLOW,
    Dimension,
    parse_eu,
    parse_quantity,
    parse_unit,
)


@pytest.mark.parametrize(
    ("text", "si", "exponents"),
    [
        ("60 L", 0.06, (3, 0, 0, 0, 0, 0, 0)),
        ("250 W/m2/K", 250.0, (0, 1, -3, -1, 0, 0, 0)),
        ("40 kJ/mol", 4e4, (2, 1, -2, 0, -1, 0, 0)),
        ("0.17 mm/h/(mol/L)", 0.17e-3 / 3600 / 1e3, (4, 0, -1, 0, -1, 0, 0)),
        ("1.5 kW/m3", 1500.0, (-1, 1, -3, 0, 0, 0, 0)),
        ("2.5 MJ/kg", 2.5e6, (2, 0, -2, 0, 0, 0, 0)),
        ("30 kWh/t", 1.08e5, (2, 0, -2, 0, 0, 0, 0)),
        ("60 C", 333.15, (0, 0, 0, 1, 0, 0, 0)),
        ("5 C/min", 5 / 60, (0, 0, -1, 1, 0, 0, 0)),
        ("15 min", 900.0, (0, 0, 1, 0, 0, 0, 0)),
        ("24 h", 86400.0, (0, 0, 1, 0, 0, 0, 0)),
        ("300 ppm", 3e-4, (0, 0, 0, 0, 0, 0, 0)),
        ("10 %", 0.1, (0, 0, 0, 0, 0, 0, 0)),
        ("620 Nm3/h", 620 / 3600, (0, 0, -1, 0, 0, 0, 1)),
        ("5 mS/cm", 0.5, (-3, -1, 3, 0, 0, 2, 0)),
        ("620 mV", 0.62, (2, 1, -3, 0, 0, -1, 0)),
        ("25 mT", 0.025, (0, 1, -2, 0, 0, -1, 0)),
        ("3 mbar", 300.0, (-1, 1, -2, 0, 0, 0, 0)),
        ("0.6 mol/L", 600.0, (-3, 0, 0, 0, 1, 0, 0)),
        ("18 g/L", 18.0, (-3, 1, 0, 0, 0, 0, 0)),
        ("5 mg/L", 5e-3, (-3, 1, 0, 0, 0, 0, 0)),
        ("75 um", 75e-6, (1, 0, 0, 0, 0, 0, 0)),
        ("0.05 1/s", 0.05, (0, 0, -1, 0, 0, 0, 0)),
        ("5 /min", 5 / 60, (0, 0, -1, 0, 0, 0, 0)),
        ("-1.2 cm3/mol", -1.2e-6, (3, 0, 0, 0, -1, 0, 0)),
        ("129 L/mol/s", 0.129, (3, 0, -1, 0, -1, 0, 0)),
        ("3e-9 W/K^4", 3e-9, (2, 1, -3, -4, 0, 0, 0)),
        ("2 kg*m2/s2", 2.0, (2, 1, -2, 0, 0, 0, 0)),
        ("7", 7.0, (0, 0, 0, 0, 0, 0, 0)),
    ],
)
def test_a_quantity_is_read_into_si(text: str, si: float, exponents: tuple[int, ...]) -> None:
    """Value and dimension follow from the unit alone."""
    parsed = parse_quantity(text)
    assert parsed is not None
    assert parsed[0] == pytest.approx(si, rel=1e-12)
    assert parsed[1] == exponents


@pytest.mark.parametrize(
    "text",
    ["", "L", "60 litres", "60 L/", "60 (L", "60 L)", "60 L h", "60 L^", "60 L^m", "nan L", "inf", "1e999 L", "6 0"],
)
def test_what_is_no_quantity_is_none(text: str) -> None:
    """No guesses are made."""
    assert parse_quantity(text) is None


@given(st.floats(-1e6, 1e6, allow_subnormal=False), st.sampled_from(["L/h", "kJ/mol", "W/m2/K", "mm/h/(mol/L)", "%"]))
def test_reading_scales_with_the_number(value: float, unit: str) -> None:
    """SI value = number times the unit's scale."""
    parsed, one = parse_quantity(f"{value!r} {unit}"), parse_quantity(f"1 {unit}")
    assert parsed is not None
    assert one is not None
    assert parsed[0] == pytest.approx(value * one[0], rel=1e-12, abs=1e-300)


def test_a_quotient_undoes_a_product() -> None:
    """Brackets group."""
    assert parse_unit("kg/(kg/L)") == parse_unit("L")
    assert parse_unit("W/(m2*K)") == parse_unit("W/m2/K")


@pytest.mark.parametrize(
    ("eu", "dimension", "si", "shown"),
    [
        ("C", TEMPERATURE, 333.15, 60.0),
        ("K", TEMPERATURE, 333.15, 333.15),
        ("%", FRACTION, 0.6, 60.0),
        ("% oxide", FRACTION, 0.995, 99.5),
        ("% wt", FRACTION, 0.01, 1.0),
        ("ppm", FRACTION, 3e-4, 300.0),
        ("L/h", VOLUME_FLOW, 1e-3 / 3600, 1.0),
        ("m3/h", VOLUME_FLOW, 1 / 3600, 1.0),
        ("g/L", MASS_CONCENTRATION, 18.0, 18.0),
        ("mg/L", MASS_CONCENTRATION, 0.005, 5.0),
        ("kg/m3", MASS_CONCENTRATION, 5.0, 5.0),
        ("pH", PH, 2.5, 2.5),
        ("% LEL", HYDROGEN, 0.004, 10.0),
        ("% vol", HYDROGEN, 0.004, 0.4),
        ("Nm3/h", GAS_FLOW, 1 / 3600, 1.0),
        ("Nm3/h", MOLAR_FLOW, 44.615 / 3600, 1.0),
    ],
)
def test_an_instrument_shows_its_probe_in_its_unit(eu: str, dimension: Dimension, si: float, shown: float) -> None:
    """Reading = scale * SI + offset."""
    unit = parse_eu(eu)
    assert unit is not None
    reading = unit.reading(dimension)
    assert reading is not None
    scale, offset = reading
    assert scale * si + offset == pytest.approx(shown, rel=1e-12)


@pytest.mark.parametrize(
    ("eu", "dimension"),
    [
        ("kg", VOLUME),
        ("pH", FRACTION),
        ("%", PH),
        ("1", PH),
        ("% LEL", FRACTION),
        ("Nm3/h", VOLUME_FLOW),
        ("C", FRACTION),
    ],
)
def test_a_unit_of_another_dimension_does_not_fit(eu: str, dimension: Dimension) -> None:
    """A number of the right form but of something else is refused."""
    unit = parse_eu(eu)
    assert unit is not None
    assert unit.reading(dimension) is None


def test_a_dimension_says_what_it_is_and_gives_an_example() -> None:
    """As in messages."""
    assert str(VOLUME) == 'a volume such as "60 L"'
    assert str(HEAT_LOSS) == 'a heat flow per kelvin such as "150 W/K"'
