"""Whatever keys do on the screen the mouse does, too: pages, lists, cursors, speeds, entries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from textual import events

from hmi.commands import TABLE, find, label_parts
from hmi.screens.procedures import Procedures
from hmi.screens.section import Section
from hmi.screens.trends import Trends
from hmi.widgets.entryline import Stage
from hmi.widgets.pens import Pens
from hmi.widgets.stages import Stages
from hmi.widgets.trend import LABEL

SitDown = Callable[..., AbstractAsyncContextManager[Any]]


async def click(desk: Any, text: str, line: int | None = None, nth: int = 0, of: str = "") -> None:
    """Click on a text, on a line where it is given, as it stands: or only its last part ``of`` it."""
    await desk.until(lambda: any(text in found for found in desk.lines))
    y = next(y for y, found in enumerate(desk.lines) if text in found) if line is None else line % len(desk.lines)
    x = desk.lines[y].index(text) + (text.rindex(of) if of else 0)
    await desk.pilot.click(offset=(x + nth, y))


def test_each_part_of_a_label_is_its_key() -> None:
    """``+ -`` is faster and slower; what has one key or one word is one thing."""
    assert label_parts("+ -", find("speed")) == [("+", 0), ("-", 2)]
    assert label_parts("[ ]", find("span")) == [("[", 0), ("]", 1)]
    assert label_parts("p", find("setpoint")) == [("p", 0)]
    for command in TABLE:
        assert label_parts(command.label, command)


async def test_pages_and_views_are_turned_by_their_title(endpoint: str, sit_down: SitDown) -> None:
    async with sit_down(endpoint, (80, 24)) as desk:
        await click(desk, "Alarms", -1)
        for shown in ("standing", "withheld", "history", "metrics", "standing"):
            await desk.see(shown)
            await desk.until(lambda shown=shown: shown in desk.lines[0])
            await click(desk, "ALARMS", 0)
        await desk.press("4")
        await desk.see("SOLVENT EXTRACTION  1/")
        await click(desk, "SOLVENT", 0)
        await desk.until(lambda: "  2/" in desk.lines[0])
        await desk.press("f4")
        await click(desk, "JOURNAL", 0)
        await desk.see("JOURNAL  action")
        await desk.press("f6")
        await click(desk, "PROCEDURES", 0)
        await desk.until(lambda: isinstance(desk.display, Procedures) and desk.display.view_name() == "steps")
        await desk.press("f10")
        await desk.until(lambda: desk.app.view.manual and "MANUAL  " in desk.lines[0])
        await click(desk, "MANUAL", 0)
        await desk.until(lambda: desk.display.view_name() == "text")
        await click(desk, " ms", 0)
        await desk.see("COMMUNICATION")
        await click(desk, "1 0", 0)
        await desk.see("ALARMS  ")


async def test_trends_are_read_off_where_the_mouse_is(endpoint: str, sit_down: SitDown) -> None:
    """By a click, and on with the button down; a click on the scale reads off now again."""
    async with sit_down(endpoint) as desk:
        await desk.press("f3", "full_stop")
        await desk.until(lambda: isinstance(desk.display, Trends) and desk.app.view.pens)
        panel = desk.display.query_one(Pens)
        await desk.until(lambda: panel.region.height > 10)
        await desk.pilot.click(panel, offset=(LABEL + 40, 3))
        await desk.see("read at")
        assert panel.read_off == 40
        panel.post_message(events.MouseMove(panel, LABEL + 30, 3, 0, 0, button=1, shift=False, meta=False, ctrl=False))
        await desk.until(lambda: panel.read_off == 30)
        panel.post_message(events.MouseMove(panel, LABEL + 10, 3, 0, 0, button=0, shift=False, meta=False, ctrl=False))
        await desk.pilot.pause()
        assert panel.read_off == 30, "no button is down"
        await desk.pilot.click(panel, offset=(1, 3))
        assert panel.read_off is None


async def test_stages_are_read_off_where_the_mouse_is(endpoint: str, sit_down: SitDown) -> None:
    async with sit_down(endpoint, (160, 50)) as desk:
        await desk.press("4")
        await desk.until(lambda: isinstance(desk.display, Section) and desk.display.page_names)
        desk.display.show_page("stages")
        panel = desk.display.query_one(Stages)
        await desk.until(lambda: panel.region.height > 10)
        for x in (panel.size.width // 2 - 2, panel.size.width - 2):
            panel.stage = 0
            await desk.pilot.click(panel, offset=(x, 4))
            await desk.until(lambda: panel.stage > 10)
        await click(desk, "linear scale")
        await desk.see("logarithmic scale")


async def test_an_instructor_clicks_speeds_lists_and_answers(endpoint: str, sit_down: SitDown) -> None:
    """Run and freeze, any speed of those that are named, the head of a list, and Enter and Esc of a question."""
    async with sit_down(endpoint, (80, 24)) as desk:
        await desk.press("f9")
        await desk.until(lambda: desk.app.view.facts.known)
        await desk.see("F1 Help")
        await click(desk, " 10 ", 1, nth=1)
        await desk.until(lambda: desk.value("Simulation.Speed") == 10)
        await desk.see("[10]")
        await click(desk, " 1 ", 1, nth=1)
        await desk.until(lambda: desk.value("Simulation.Speed") == 1)
        await click(desk, "SNAPSHOTS")
        await desk.see("> SNAPSHOTS")
        await click(desk, "MALFUNCTIONS")
        await desk.see("> MALFUNCTIONS")
        await desk.until(lambda: any(hit.target.kind == "snapshot" for p in desk.display.query("*") for hit in
                                     getattr(p, "hits", ())))  # fmt: skip
        await click(desk, "steady")
        await desk.until(lambda: desk.display.line.stage is Stage.CONFIRMING)
        await click(desk, "Enter restore  Esc", of="Esc")
        await desk.until(lambda: desk.display.line.stage is Stage.IDLE)


async def test_a_faceplate_is_operated_by_clicks(endpoint: str, sit_down: SitDown) -> None:
    """A member that may be set asks for its value, a drive for the other state; Enter of the question is clicked."""
    async with sit_down(endpoint, (80, 24)) as desk:
        desk.app.go_to("TIC-201")
        await click(desk, "SP    ")
        await desk.see("TIC-201 SP (0.0 .. 120.0 °C):")
        await desk.press("escape")
        await click(desk, "Gain")
        await desk.see("TIC-201 Gain (")
        await desk.press("escape")
        desk.app.go_to("AG-203")
        for word in ("Start -> Stop", "Stop -> Start"):
            await click(desk, "CMD    ")
            await desk.see(f"AG-203 CMD {word}")
            await click(desk, "Enter send")
            await desk.see(f"{word} done")


@pytest.mark.parametrize("command", ["f8", "overview"])
async def test_the_help_does_what_is_clicked(endpoint: str, sit_down: SitDown, command: str) -> None:
    """Also what a narrow last line has no room for; the wheel turns its pages."""
    async with sit_down(endpoint, (80, 24)) as desk:
        await desk.press("2", "f1")
        if command == "f8":
            await desk.see("page 1 of")
            await click(desk, ", PgDn")
            await desk.see("page 2 of")
            await click(desk, "all analysers and the age")
            await desk.see("ANALYSERS")
        else:
            await desk.see("page 1 of")  # whichever of its pages the line is on
            while not any("the whole plant" in line for line in desk.lines):
                await click(desk, ", PgDn")
            await click(desk, "the whole plant")
            await desk.see("OVERVIEW")
