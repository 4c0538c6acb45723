"""The manual on the screen: laid out at any width, searched, and opened from alarms and faceplates."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pytest

from hmi.manual import Ink, lay_out
from hmi.screens.manual import Manual
from hmi.widgets.manual import ManualText

if TYPE_CHECKING:
    from tests.hmi.conftest import Desk

SitDown = Callable[..., AbstractAsyncContextManager["Desk"]]
TEXT = """# Small plant: operating manual

## Normal operation

| Controller | What it holds |
|---|---|
| TIC-201 | Temperature |
| TIC-202 | Temperature of the second tank |

## Procedures

### KS-1: Start

1. **Reagents are there.**
   Do: P-201 CMD to Start; TIC-201 SP to 60 C.

## Alarms

| Alarm | Priority | Consequence | Response |
|---|---|---|---|
| TIC-201 H: hot | high | The tank boils over, and the acid is in the bund | Close the steam, open the `TV-201B` |
| TIC-201 HH: very hot | high | Short | Leave the building and count heads at the gate |
"""


@pytest.mark.parametrize("width", [40, 57, 80, 100])
def test_no_line_is_longer_than_the_screen_and_no_word_is_lost(width: int) -> None:
    page = lay_out(TEXT, width)
    assert max(len(line.text) for line in page.lines) <= width
    said = " ".join(line.text for line in page.lines)
    for words in ("boils over, and the acid is in the bund", "Leave the building", "Temperature of the second tank"):
        assert set(words.split()) <= set(said.split())
    assert "**" not in said
    assert "`" not in said


def test_chapters_are_the_headings_and_know_their_lines() -> None:
    page = lay_out(TEXT, 60)
    assert [chapter.title for chapter in page.chapters] == [
        "Title page", "Normal operation", "Procedures", "KS-1: Start", "Alarms",
    ]  # fmt: skip
    assert [page.lines[chapter.line].text for chapter in page.chapters[1:]] == [c.title for c in page.chapters[1:]]
    assert page.chapters[page.chapter(len(page.lines) - 1)].title == "Alarms"


def test_a_table_that_fits_is_a_table_and_a_wide_one_is_told_row_by_row() -> None:
    page = lay_out(TEXT, 70)
    lines = [line.text for line in page.lines]
    assert "TIC-201     Temperature" in lines
    at = lines.index("TIC-201 HH: very hot")
    assert page.lines[at].ink is Ink.STRONG
    assert lines[at + 1 : at + 4] == [
        "  priority high",
        "  consequence  Short",
        "  response     Leave the building and count heads at the gate",
    ]


def test_an_alarm_is_found_by_its_name_and_no_other_one() -> None:
    page = lay_out(TEXT, 60)
    lines = [line.text for line in page.lines]
    assert page.place("TIC-201 H") == lines.index("TIC-201 H: hot")
    assert page.place("TIC-201 HH") == lines.index("TIC-201 HH: very hot")
    assert page.place("TIC-202") == next(i for i, line in enumerate(lines) if line.startswith("TIC-202"))
    assert page.place("TIC-999") is None


def test_words_are_found_one_after_the_other_and_from_the_top_again() -> None:
    page = lay_out(TEXT, 80)
    first = page.find("tic-201")
    assert first is not None
    second = page.find("TIC-201", first)
    assert second is not None
    assert second > first
    assert page.find("tic-201", len(page.lines)) == first
    assert page.find("no such words") is None


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_it_is_read_by_keys_and_from_an_alarm(endpoint: str, sit_down: SitDown, size: tuple[int, int]) -> None:
    """Contents, a chapter, words, and the way from a faceplate to what the manual says of its alarm."""
    async with sit_down(endpoint, size) as desk:
        await desk.press("f10")
        await desk.until(lambda: isinstance(desk.app.screen, Manual))
        await desk.see("Start-up to production")
        await desk.press("down", "enter")
        await desk.see("WIC-100     Throughput master")
        text = desk.app.screen.query_one(ManualText)
        await desk.press("end")
        await desk.until(lambda: text.top > 0.9 * text.last > 0)
        await desk.press("home")
        await desk.until(lambda: text.top == 0)
        await desk.press("slash")
        await desk.type("fan standby carry")
        await desk.see(">  consequence  Standby fan must carry the sweep")
        await desk.press("n")
        await desk.see("from the top again")
        await desk.press("0")
        desk.display.open_face("LIC-208")
        await desk.press("h")
        await desk.until(lambda: isinstance(desk.app.screen, Manual))
        await desk.see(">LIC-208 H: R-203 level")
        await desk.press("backspace")
        await desk.until(lambda: not isinstance(desk.app.screen, Manual))
