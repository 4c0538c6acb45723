"""The generated page says what the parameter files say."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_constants_is_up_to_date() -> None:
    """If not: python docs/make_process.py."""
    page = runpy.run_path(str(DOCS / "make_process.py"))["page"]
    assert (DOCS / "process.md").read_text(encoding="utf-8") == page()
