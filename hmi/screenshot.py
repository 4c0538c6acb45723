"""A picture of any display without a terminal: SVG, or with a name that ends in .txt the characters alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from hmi.app import HmiApp
from hmi.comm.login import Login
from hmi.screens.display import LEAST, Display
from hmi.screens.overview import Overview
from hmi.settings import Settings

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
               size: tuple[int, int] = (120, 40)) -> None:  # fmt: skip
    """Take a picture of a display: its name, a section's number, id or title, or a tag. Raises NoPicture."""
    if size[0] < LEAST[0] or size[1] < LEAST[1]:
        raise NoPicture(f"size {size[0]}x{size[1]}; allowed: at least {LEAST[0]}x{LEAST[1]}")
    app = HmiApp(endpoint, login, settings)
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
    """Go to a display by name. Raises NoPicture where there is none of that name."""
    wanted = display.strip().lower()
    screen = app.screen
    assert isinstance(screen, Display)
    if wanted in DISPLAYS:
        getattr(app, f"show_{wanted}")()
    elif not app.go_to(display):
        areas = [area.id for area in app.view.plant.areas]
        raise NoPicture(f"display {display!r}; allowed: {', '.join(DISPLAYS)}, a section ({', '.join(areas)}) or a tag")
    await pilot.pause()


def _values(app: HmiApp) -> bool:
    """Whether every value has come that the server lets us watch."""
    return app.view.store.unheard <= set(app.view.health.refused)


async def _until(pilot: Pilot[int], condition: Callable[[], bool], why: Callable[[], str]) -> None:
    end = time.monotonic() + WITHIN
    while not condition():
        if time.monotonic() > end:
            raise NoPicture(f"no plant to be seen within {WITHIN:g} s: {why() or 'no values came'}")
        await pilot.pause(0.05)
