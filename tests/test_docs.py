"""The generated pages say what the files and the loader say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", ["process", "plant_file"])
def test_a_generated_page_is_up_to_date(name: str) -> None:
    """If not: python docs/make_NAME.py."""
    page = runpy.run_path(str(DOCS / f"make_{name}.py"))["page"]
    assert (DOCS / f"{name.replace('_', '-')}.md").read_text(encoding="utf-8") == page()
