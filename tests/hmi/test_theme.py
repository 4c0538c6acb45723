"""What the themes promise: colours that the terminal has, and nothing told by colour alone."""

from __future__ import annotations

from dataclasses import fields

import pytest
from rich.color import ColorSystem

from hmi.theme import LOOKS, SIXTEEN
from hmi.widgets.trend import DASHED, DOTTED, SOLID, sample

COLOURS = [f.name for f in fields(SIXTEEN) if str(getattr(SIXTEEN, f.name)).startswith("#")]


CONSOLE = {f"#{r}{g}{b}" for low, high in (("00", "aa"), ("55", "ff")) for r in (low, high) for g in (low, high)
           for b in (low, high)} - {"#aaaa00"} | {"#aa5500"}  # fmt: skip
"""The text console's colours; its dark yellow is a brown."""


@pytest.mark.parametrize("name", COLOURS)
def test_sixteen_has_only_what_a_terminal_of_sixteen_colours_shows(name: str) -> None:
    assert getattr(SIXTEEN, name) in CONSOLE


def test_priorities_settings_and_doubt_differ_in_sixteen_colours() -> None:
    looks = LOOKS["sixteen"]
    styles = (looks.p1, looks.p2, looks.p3, looks.bad, looks.setting, looks.text, looks.live)
    shown = [style.color.downgrade(ColorSystem.STANDARD).number for style in styles if style.color is not None]
    assert len(set(shown)) == len(styles)


def test_curves_differ_without_any_colour() -> None:
    assert len({sample(stroke) for stroke in (SOLID, DASHED, DOTTED)}) == 3
