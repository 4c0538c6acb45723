"""Jumping to what is on the display by the marks on it, and copying what is written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hmi.jump import LETTERS, marks, typed
from hmi.view import Target
from hmi.widgets.entryline import Stage
from hmi.widgets.panel import Panel

SitDown = Callable[..., AbstractAsyncContextManager[Any]]


@given(st.sets(st.text(min_size=1), max_size=80))
def test_marks_tell_all_things_apart(ids: set[str]) -> None:
    """Whoever types a mark arrives at its thing, and nowhere on the way."""
    targets = [Target("tag", id_) for id_ in sorted(ids)]
    given_ = marks(targets)
    assert set(given_) == set(targets)
    for target, mark in given_.items():
        left = given_
        for letter in mark:
            assert "" not in left.values()
            left = typed(left, letter)
        assert left == {target: ""}


def test_more_than_all_pairs_of_letters_leave_the_last_unmarked() -> None:
    assert len(marks([Target("tag", str(n)) for n in range(1000)])) == len(LETTERS) ** 2


async def test_a_faceplate_is_three_keys_away(endpoint: str, sit_down: SitDown) -> None:
    async with sit_down(endpoint) as desk:
        await desk.press("2", "g")
        await desk.see("go to the mark:    Esc stay")
        mark = desk.app.view.marks[Target("tag", "TIC-201")]
        assert len(mark) <= 2
        assert any(line.lstrip().startswith(mark) and "IC-201" in line for line in desk.lines)
        await desk.press(*mark)
        await desk.until(lambda: desk.display.face is not None and desk.display.face.id == "TIC-201")
        await desk.until(lambda: not desk.app.view.marks)
        assert not desk.display.line.engaged


async def test_escape_and_letters_of_no_mark_stay(endpoint: str, sit_down: SitDown) -> None:
    """And no key does meanwhile what it does else."""
    async with sit_down(endpoint) as desk:
        for key in ("escape", "5"):
            await desk.press("2", "g")
            await desk.see("go to the mark:")
            await desk.press(key)
            await desk.until(lambda: not desk.app.view.marks)
            assert desk.display.line.stage is Stage.IDLE
            assert "ACID LEACH" in desk.lines[0]
            assert desk.display.face is None


async def test_what_was_jumped_to_may_ask_something(endpoint: str, sit_down: SitDown) -> None:
    """A malfunction asks for its severity, as by Enter on its line."""
    async with sit_down(endpoint) as desk:
        await desk.press("f9")
        await desk.until(lambda: any(spot.target.kind == "malfunction" for spot in desk.display._spots()))
        await desk.press("g")
        await desk.see("go to the mark:")
        target = next(target for target in desk.app.view.marks if target.kind == "malfunction")
        await desk.press(*desk.app.view.marks[target])
        await desk.until(lambda: desk.display.line.engaged)
        await desk.press("escape")


async def test_the_display_behind_the_palette_stays_as_it_was(endpoint: str, sit_down: SitDown) -> None:
    async with sit_down(endpoint) as desk:
        await desk.press("2")
        await desk.see("R-201")
        panels = [panel for panel in desk.display.query(Panel) if panel.region and panel.text]
        await desk.press("ctrl+p")
        await desk.until(lambda: len(desk.app.screen_stack) > 1 and desk.app.screen is not desk.app.screen_stack[0])
        assert all(panel.text for panel in panels)
        await desk.press("escape")


async def test_what_is_under_the_cursor_is_copied(endpoint: str, sit_down: SitDown) -> None:
    async with sit_down(endpoint) as desk:
        await desk.press("2")
        desk.app.view.cursor = Target("tag", "TIC-201")
        await desk.press("y")
        await desk.see("copied: TIC-201")
        assert "°C" in desk.app.clipboard
        desk.display.open_face("TIC-201")
        await desk.press("y")
        await desk.until(lambda: "tuning" in desk.app.clipboard)
        assert "acts on" in desk.app.clipboard
