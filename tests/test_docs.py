"""The generated pages say what the files and the loader say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", ["process", "plant_file"])
def test_a_generated_page_is_up_to_date(name: str) -> None:
    """If not: python docs/make_NAME.py."""
    page = runpy.run_path(str(DOCS / f"make_{name}.py"))["page"]
    assert (DOCS / f"{name.replace('_', '-')}.md").read_text(encoding="utf-8") == page()


PATH = re.compile(r"`((?:plantsim|hmi|ext|tests|docs|docker)/[\w./-]+)`")


@pytest.mark.parametrize("page", [*DOCS.glob("*.md"), DOCS.parent / "README.md"], ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = PATH.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not (DOCS.parent / name).exists()] == []
