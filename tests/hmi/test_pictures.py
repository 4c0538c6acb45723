"""The pictures of the README and the docs, taken from a plant that has run for an hour and a half of its time.

``UPDATE_PICTURES=1 pytest -m long tests/hmi/test_pictures.py`` puts them into docs/.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from hmi.app import HmiApp
from hmi.comm.login import Login
from hmi.screens.overview import Overview
from hmi.screens.section import Section

StartPlant = Callable[..., AbstractContextManager[str]]
pytestmark = pytest.mark.long
DOCS = Path(__file__).parents[2] / "docs"
SIZE = (120, 40)
SPEED = 300.0
OPTIONS = ("--opcua", "0", "--insecure", "--seed", "7", "--epoch", "2026-03-02T06:00:00Z")
SAYS = {
    "overview.svg": ("OVERVIEW", "Throughput", "4.50", "UNACK", "LIC-206"),
    "leach.svg": ("ACID LEACH", "R-201", "TIC-201"),
    "stages.svg": ("SX-2", "stage"),
    "faceplate.svg": ("LIC-206", "deviation", "60.0 -> 58.0", "Enter"),
}
"""What is to be read on each."""


async def until(condition: Callable[[], object], within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def write(app: HmiApp, tag: str, member: str, value: float) -> None:
    """As the operator would; and wait for the value to be in force."""
    outcome = await app.link.write(app.view.plant.tags[tag].members[member], value)
    assert outcome.ok, outcome.text
    await until(lambda: app.view.store.number(f"{tag}.{member}") == value)


async def let_run(app: HmiApp, minutes: float) -> None:
    """Wait for so many minutes of plant time."""
    end = app.view.store.now + 60 * minutes
    await until(lambda: app.view.store.now >= end, 600)


async def live(app: HmiApp) -> None:
    """The throughput is raised, and the first leach tank's level stands in Manual for a while: there are trends to see,
    and an alarm to show."""
    await app.link.call("SetSpeed", SPEED)
    await let_run(app, 40)
    await write(app, "WIC-100", "SP", 4.5)
    await let_run(app, 25)
    await app.link.call("SetSpeed", SPEED / 5)
    await write(app, "LIC-206", "MODE", 0)
    await write(app, "LIC-206", "OP", 5.0)
    await until(app.view.book.standing, 600)
    await let_run(app, 1)
    await write(app, "LIC-206", "MODE", 1)
    await let_run(app, 2)
    await app.link.call("SetSpeed", 1.0)


async def turn_to(app: HmiApp, pilot: Pilot[int], section: str, title: str) -> None:
    """A section's page of that title, on whichever place it is."""
    await pilot.press(section)
    await pilot.pause()
    for _ in range(20):
        assert isinstance(app.screen, Section)
        if app.screen.page.title == title:
            return
        await pilot.press("pagedown")
        await pilot.pause()
    pytest.fail(f"section {section} has no page {title}")


async def test_pictures_are_taken(start_plant: StartPlant, tmp_path: Path) -> None:
    folder = DOCS if os.environ.get("UPDATE_PICTURES") else tmp_path

    async def picture(name: str, *keys: str) -> None:
        for key in keys:
            await pilot.press(key)
        await asyncio.sleep(2.0)  # the trends' period, twice
        await pilot.pause()
        app.save_screenshot(name, str(folder))

    with start_plant(*OPTIONS) as endpoint:
        app = HmiApp(endpoint, Login(folder=tmp_path))
        app.blinking = False
        async with app.run_test(size=SIZE) as pilot:
            await until(lambda: isinstance(app.screen, Overview))
            await live(app)
            await picture("overview.svg")
            await picture("leach.svg", "2")
            await turn_to(app, pilot, "4", "SX-2 stages")
            await picture("stages.svg", "right", "right", "right", "right")
            await picture("faceplate.svg", "colon", *"lic206", "enter", "p", "5", "8", "enter")
    for name, words in SAYS.items():
        drawn = re.sub(r"<[^>]+>", " ", (folder / name).read_text()).replace("&#160;", " ")
        assert [word for word in words if word not in drawn.replace("&gt;", ">")] == [], name


def test_the_docs_show_those_that_are_taken() -> None:
    assert {path.name for path in DOCS.glob("*.svg")} == set(SAYS)
