"""`belfast` beside its design basis: each figure at rest within 5 %, or with a reason that goes with a stated ratio;
and tags that are there by another name, or not at all."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from plantsim.model.plant import Plant
from plantsim.model.tags import build_tags

MAKER = Path(__file__).parents[2] / "docs" / "make_design_basis.py"
WITHIN = 0.05


def test_what_is_beyond_five_per_cent_of_the_design_has_its_reason() -> None:
    for row in runpy.run_path(str(MAKER))["rows"]():
        what = f"{row.place} {row.of}"
        assert row.simulated == pytest.approx(row.ratio * row.design, rel=WITHIN), what
        assert bool(row.why) == (row.ratio != 1.0), what


def test_what_stands_for_a_tag_of_the_design_is_there_and_what_is_not_there_is_not(belfast: Plant) -> None:
    there = {tag.object for tag in build_tags(belfast)[0]}
    entries = runpy.run_path(str(MAKER))["named"]()
    for one in entries:
        assert set(one.plant) <= there, one.design
        assert one.why
        assert len(one.plant) > len(one.design) or not set(one.design) & there, f"{one.design}: by its name"
    design = [tag for one in entries for tag in one.design]
    assert len(design) == len(set(design))


def test_the_plant_file_names_the_rows_that_are_not_there(belfast: Plant) -> None:
    """Over its interlocks, and no others."""
    text = belfast.path.read_text(encoding="utf-8")
    comment = text.split("# Rows of the design basis that are not here", 1)[1].split("\n\n", 1)[0]
    rows = re.findall(r"^#   UZ-(\d+)(?: to (\d+))?", comment, re.MULTILINE)
    numbers = {n for first, last in rows for n in range(int(first), int(last or first) + 1)}
    entries = runpy.run_path(str(MAKER))["named"]()
    assert {f"UZ-{n}" for n in numbers} == {tag for one in entries for tag in one.design if tag.startswith("UZ-")}
