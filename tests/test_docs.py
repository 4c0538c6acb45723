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


def test_every_kernel_has_its_equations_on_the_page_and_typical_constants_are_marked() -> None:
    """Every file with a right-hand side."""
    page = (DOCS / "process.md").read_text(encoding="utf-8")
    ext = DOCS.parent / "ext"
    integrated = {path.stem for path in ext.glob("*.pxd") if re.search(r"void \w+_rhs\(", path.read_text("utf-8"))}
    assert integrated >= {"leach", "sx", "scrubber"}
    assert [name for name in sorted(integrated) if f"As `ext/{name}.pxd` says:" not in page] == []
    assert "| sx | CRUD_HALF | 0.02 | typical, without a source |" in page


PATH = re.compile(r"`((?:plantsim|hmi|ext|tests|docs|docker)/[\w./-]+)`")


@pytest.mark.parametrize("page", [*DOCS.glob("*.md"), DOCS.parent / "README.md"], ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = PATH.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not (DOCS.parent / name).exists()] == []
