"""A picture of any display without a terminal: SVG, or with a name that ends in .txt the characters alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from hmi.app import HmiApp
from hmi.comm.login import Login
from hmi.journal import Kind
from hmi.replay import Player
from hmi.screens.alarms import VIEWS, Alarms
from hmi.screens.display import Display
from hmi.screens.help import Help
from hmi.screens.instructor import Instructor
from hmi.screens.journal import JournalDisplay
from hmi.screens.manual import Manual
from hmi.screens.overview import Overview
from hmi.screens.procedures import Procedures
from hmi.screens.section import Section
from hmi.screens.training import Training
from hmi.screens.trends import Trends
from hmi.settings import Settings
from hmi.widgets.panel import LEAST

WITHIN = 20.0
"""Seconds that the server is given to answer and to send its values."""
SETTLED = 1.0
"""Seconds a display is given to paint its trends."""
DISPLAYS = (
    "overview",
    "alarms",
    "trends",
    "journal",
    "comms",
    "analysers",
    "instructor",
    "training",
    "manual",
    "procedures",
    "help",
)


class NoPicture(Exception):
    """There is nothing to take a picture of; the message says why."""


def screen_text(app: HmiApp) -> str:
    """The characters on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


async def take(endpoint: str, login: Login, settings: Settings, path: Path, display: str = "overview",
               size: tuple[int, int] = (120, 40), player: Player | None = None) -> None:  # fmt: skip
    """Take a picture of a display, as ``turn_to`` finds it. player: of a session that is replayed. Raises NoPicture."""
    if size[0] < LEAST[0] or size[1] < LEAST[1]:
        raise NoPicture(f"size {size[0]}x{size[1]}; allowed: at least {LEAST[0]}x{LEAST[1]}")
    app = HmiApp(endpoint, login, settings, player)
    app.blinking = False
    async with app.run_test(size=size) as pilot:
        await _until(pilot, lambda: isinstance(app.screen, Overview) and _values(app), lambda: app.link.state.error)
        await turn_to(app, pilot, display)
        await asyncio.sleep(SETTLED)
        await pilot.pause()
        if path.suffix == ".txt":
            path.write_text(screen_text(app), encoding="utf-8")
        else:
            path.write_text(app.export_screenshot(title=app.view.plant.title), encoding="utf-8")


async def turn_to(app: HmiApp, pilot: Pilot[int], display: str) -> None:
    """Go to a display: its name, a section's number, id or title, or a tag for its faceplate; behind a slash its page.

    Raises NoPicture where there is none of that name.
    """
    name, _, page = (part.strip() for part in display.strip().partition("/"))
    assert isinstance(app.screen, Display)
    if name.lower() == "instructor" and not app.view.plant.instructs:
        raise NoPicture(f"display {display!r}: only an instructor's login has it; this is {app.view.identity}")
    if name.lower() in DISPLAYS:
        getattr(app, f"show_{name.lower()}")()
    elif not app.go_to(name):
        areas = [area.id for area in app.view.plant.areas]
        raise NoPicture(
            f"display {display!r}; allowed: {', '.join(DISPLAYS)}, a section ({', '.join(areas)}) or a tag, "
            "with a page of it behind a slash"
        )
    await pilot.pause()
    if isinstance(app.screen, Instructor):
        await _until(pilot, lambda: app.view.facts.known, lambda: "the server lists nothing to choose from")
    if isinstance(app.screen, Manual):
        await _until(pilot, lambda: app.view.manual is not None, lambda: "the manual cannot be read")
    if page:
        _turn_page(app, display, page)
        await pilot.pause()


def _turn_page(app: HmiApp, display: str, page: str) -> None:
    """Turn to a page of the display that is open. Raises NoPicture where it has none of that name."""
    if isinstance(app.screen, Manual) and app.screen.knows(page):
        app.screen.show_place(page)
        return
    pages = _pages(app)
    turn = next((turn for name, turn in pages.items() if name.lower() == page.lower()), None)
    if turn is None:
        allowed = ", ".join(pages) or "no page"
        allowed = "a tag or an alarm such as TIC-201 HH" if isinstance(app.screen, Manual) else allowed
        raise NoPicture(f"display {display!r}: page {page!r}; allowed: {allowed}")
    turn()


def _pages(app: HmiApp) -> dict[str, Callable[[], None]]:
    """Ways to the pages of the display that is open, by name."""
    screen = app.screen
    if isinstance(screen, Alarms):
        return {name: partial(screen.show_view, name) for name in VIEWS}
    if isinstance(screen, JournalDisplay):
        kinds = {kind.value.lower(): kind for kind in Kind}
        return {name: partial(screen.show_kind, kind) for name, kind in {"all": None, **kinds}.items()}
    if isinstance(screen, Section) and screen.face is None:
        return {name: partial(screen.show_page, name) for name in screen.page_names}
    if isinstance(screen, Procedures):
        return {tag: partial(screen.show_procedure, tag) for tag in app.view.plant.procedures}
    if isinstance(screen, Trends):
        names = ["own", *(area.id for area in app.view.plant.areas)]
        return {name: partial(screen.show_group, index) for index, name in enumerate(names)}
    if isinstance(screen, Help | Training):
        return {str(number): partial(screen.show_page, number) for number in range(1, screen.pages() + 1)}
    return {}


def _values(app: HmiApp) -> bool:
    """Whether every value has come that the server lets us watch."""
    return app.view.store.unheard <= set(app.view.health.refused)


async def _until(pilot: Pilot[int], condition: Callable[[], bool], why: Callable[[], str]) -> None:
    end = time.monotonic() + WITHIN
    while not condition():
        if time.monotonic() > end:
            raise NoPicture(f"no plant to be seen within {WITHIN:g} s: {why() or 'no values came'}")
        await pilot.pause(0.05)
