"""The line of a file that a mistake is in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plantsim.model.errors import PlantError
from plantsim.model.lines import line_of
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

TEXT = '''\
format = 1
briefing = """
alarms = 3
"""
[units.R-201]  # a tank
kind = "tank"
initial = { volume = "60 L" }
list = [
    "a = 3",  # ]
    "b",
]
span = "100 L"
[units."R-202"]
kind = 'tank'
[[alarms]]
tag = "TIC-201"
condition = "H"
limit = 90
[[alarms]]
tag = "TIC-201"
condition = "HH"
limit = 80
[sequences.KS-1]
title = "One"
[[sequences.KS-1.steps]]
for = "2 s"
[[sequences.KS-1.steps]]
for = "3 s"
[sequences.KS-2]
[[sequences.KS-2.steps]]
for = "4 s"
[[areas]]
number = 200
id = "leach"
[tags]
TI-203.PV = "1/input/3/float32"
'''


@pytest.mark.parametrize(
    ("key", "begins"),
    [
        ("format", "format"),
        ("units.R-201.span", 'span = "100 L"'),
        ("units.R-201.list[1]", "list ="),
        ("units.R-201.initial.volume", "initial"),
        ("units.R-201.jacket", "[units.R-201]"),
        ("units.R-202.kind", "kind = 'tank'"),
        ("alarms[TIC-201.H].limit", "limit = 90"),
        ("alarms[TIC-201.HH].limit", "limit = 80"),
        ("alarms[1].limit", "limit = 80"),
        ("sequences.KS-1.steps[1].for", 'for = "3 s"'),
        ("sequences.KS-2.steps[0].for", 'for = "4 s"'),
        ("sequences.KS-2.steps[0].until[0]", "[[sequences.KS-2.steps]]"),
        ("areas[leach].number", "number = 200"),
        ("tags.TI-203.PV", "TI-203.PV"),
    ],
)
def test_a_key_is_found_or_the_table_around_it(key: str, begins: str) -> None:
    line = line_of(TEXT, key)
    assert line is not None
    assert TEXT.splitlines()[line - 1].startswith(begins)


def test_what_is_nowhere_has_no_line() -> None:
    assert line_of(TEXT, "title") is None


def test_every_table_and_key_of_a_plant_is_on_its_line(belfast: Plant) -> None:
    """As an editor shows it: the header or the key is in that line."""
    text = belfast.path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for unit in belfast.units:
        line = line_of(text, f"units.{unit.id}.title")
        assert line is not None
        assert lines[line - 1] == f'title = "{unit.title}"'
        assert f"[units.{unit.id}]" in lines[line - 6 : line]


def test_the_message_says_it(load_toy: Callable[..., Plant], tmp_path: Path) -> None:
    with pytest.raises(PlantError, match=r"^toy\.toml:41: units\.R-201\.span: found 100, allowed a volume"):
        load_toy(('span = "100 L"', "span = 100"))
    assert (tmp_path / "toy.toml").read_text(encoding="utf-8").splitlines()[40] == "span = 100"


def test_a_mistake_of_the_chemistry_is_in_its_own_file(load_toy: Callable[..., Plant], tmp_path: Path) -> None:
    load_toy()
    file = tmp_path / "chemistry.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("charge = 1\n", 'charge = "1"\n', 1), encoding="utf-8")
    with pytest.raises(PlantError, match=r"^chemistry\.toml:13: species\.H\.charge: "):
        load_plant(tmp_path / "toy.toml")
