"""Numbers and times as an operator reads them."""

import math
from datetime import UTC, datetime

import pytest

from hmi.format import (
    WHEN,
    as_many,
    clock,
    decimals,
    duration,
    figures,
    mode_letter,
    moment,
    number,
    pace,
    range_text,
    short,
    speed,
    value_text,
)
from hmi.model import Member, ValueClass

TEMPERATURE = Member("TIC-201.SP", "SP", ValueClass.NUMBER, "C", 0.0, 120.0, writable=True)
MODE = Member("TIC-201.MODE", "MODE", ValueClass.INTEGER, states=("Manual", "Automatic", "Cascade", "External"))
COMMAND = Member("P-201.CMD", "CMD", ValueClass.BOOLEAN, states=("Stop", "Start"))


@pytest.mark.parametrize(
    ("span", "band", "digits"),
    [(1200, None, 0), (120, None, 1), (25, None, 2), (2, None, 3), (0.1, None, 4), (100, 0.5, 2), (120, 4, 1)],
)
def test_decimals_follow_range_and_normal_band(span: float, band: float | None, digits: int) -> None:
    """Purity moves by tenths within 0..100 %: the band, not the range alone, decides."""
    assert decimals(span, band) == digits


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(60.04, 1, "60.0"), (-0.001, 2, "0.00"), (math.nan, 1, "---"), (math.inf, 1, "max")]
)
def test_numbers(value: float, digits: int, text: str) -> None:
    """Fixed decimals, no minus zero, dashes for what is not known."""
    assert number(value, digits) == text


def test_number_gives_up_decimals_before_it_grows() -> None:
    """A number never pushes its neighbours aside while it can shed decimals."""
    assert number(12345.678, 3, 7) == "12345.7"


@pytest.mark.parametrize(
    ("seconds", "text"), [(45, "45 s"), (480, "8 min"), (7500, "2 h 05"), (270000, "3 d 03 h"), (math.nan, "?")]
)
def test_durations(seconds: float, text: str) -> None:
    """One or two units, no more."""
    assert duration(seconds) == text


def test_clock_is_utc() -> None:
    """Plant time is shown as the server gives it, in no local zone."""
    assert clock(1_767_225_600.0) == "00:00:00"
    assert clock(math.nan) == "--:--:--"


@pytest.mark.parametrize(("value", "text"), [(1.0, "x1"), (0.25, "x0.25"), (math.inf, "xmax"), (math.nan, "x?")])
def test_speed(value: float, text: str) -> None:
    """As the header shows it."""
    assert speed(value) == text


def test_moments_of_other_days_have_their_date() -> None:
    """A list that goes back by days would seem out of order without."""
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp()
    assert moment(noon - 3600.0, noon) == "11:00:00"
    assert moment(noon - 86400.0, noon) == "11-30 12:00"
    assert len(moment(noon - 86400.0, noon)) == WHEN
    assert moment(math.nan, noon) == "--:--:--"


@pytest.mark.parametrize(
    ("value", "text"), [(43200.0, "43200"), (2200.4, "2200"), (999.96, "1000"), (1.4512, "1.451"), (math.nan, "---")]
)
def test_figures(value: float, text: str) -> None:
    """Nor in powers of ten."""
    assert figures(value) == text


@pytest.mark.parametrize(
    ("per_minute", "text"), [(5.0, "5 a minute"), (0.1, "0.1 a minute"), (0.5 / 60, "0.5 an hour")]
)
def test_ramps(per_minute: float, text: str) -> None:
    """No operator thinks in thousandths."""
    assert pace(per_minute) == text


def test_states_are_shown_by_name() -> None:
    """A mode or a command is a word, not a number."""
    assert value_text(MODE, 2) == "Cascade"
    assert value_text(COMMAND, False) == "Stop"
    assert mode_letter(MODE, 1.0) == "A"
    assert mode_letter(MODE, math.nan) == "?"


def test_range_names_what_is_allowed() -> None:
    """Numbers with unit, states by name."""
    assert range_text(TEMPERATURE) == "0.0 .. 120.0 C"
    assert range_text(COMMAND) == "Stop, Start"


def test_short_marks_the_cut() -> None:
    """A cut text says that it is cut."""
    assert short("R-201 temperature", 8) == "R-201 t…"
    assert short("R-201", 8) == "R-201"


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (24, "FIC-201  TIC-201  AI-201"),
        (23, "FIC-201  and 2 more"),
        (18, "3"),
    ],
)
def test_names_that_have_no_room_are_counted(width: int, text: str) -> None:
    assert as_many(("FIC-201", "TIC-201", "AI-201"), width) == text


def test_of_no_names_nothing_is_said() -> None:
    assert as_many((), 10) == ""
