"""States by their names, and durations: how files and command line speak of both."""

from __future__ import annotations

import pytest

from plantsim.model.duration import seconds
from plantsim.model.names import state_named


@pytest.mark.parametrize(
    ("text", "place"),
    [("Manual", 0), ("man", 0), ("a", 1), ("open", 2), ("opening", 3), ("o", None), ("shut", None), ("", None)],
)
def test_a_state_has_its_name_or_the_only_beginning(text: str, place: int | None) -> None:
    """Whatever the case; a whole name is meant even where another state begins with it."""
    assert state_named(("Manual", "Automatic", "Open", "Opening"), text) == place


@pytest.mark.parametrize(
    ("text", "found"), [("90s", 90.0), ("1.5h", 5400.0), ("2d", 172800.0), ("10ms", 0.01), ("5", None), ("1 h", None)]
)
def test_a_duration_has_one_number_and_one_unit(text: str, found: float | None) -> None:
    """None is what the reader makes its own message of."""
    assert seconds(text) == found
