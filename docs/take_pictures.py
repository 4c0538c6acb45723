"""Takes the pictures of the HMI that the README shows, from a plant that runs for an hour and a half of its time.

    python docs/take_pictures.py

The pictures land beside this file. Between the start and the pictures the throughput is raised, and the first leach
tank's level stands in Manual for a while, so that there are trends to see and an alarm to show.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from hmi.app import HmiApp
from hmi.comm.login import Login
from hmi.screens.overview import Overview
from hmi.screens.section import Section

HERE = Path(__file__).parent
SIZE = (120, 40)
SPEED = 60.0
OPTIONS = ("--opcua", "0", "--modbus", "0", "--insecure", "--seed", "7", "--epoch", "2026-03-02T06:00:00Z")


async def until(condition: Callable[[], object], within: float) -> None:
    """Wait until something holds. Raises TimeoutError."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.1)


async def write(app: HmiApp, tag: str, member: str, value: float) -> None:
    """Write as the operator would, and wait for the value to be in force; a refusal ends the script."""
    outcome = await app.link.write(app.view.plant.tags[tag].members[member], value)
    if not outcome.ok:
        raise SystemExit(f"{tag}.{member}: {outcome.text}")
    await until(lambda: app.view.store.number(f"{tag}.{member}") == value, 5)


async def let_run(app: HmiApp, minutes: float) -> None:
    """Wait for so many minutes of plant time."""
    end = app.view.store.now + 60 * minutes
    await until(lambda: app.view.store.now >= end, 600)


async def live(app: HmiApp) -> None:
    """An hour and a half with a little in it."""
    await app.link.call("SetSpeed", SPEED)
    await let_run(app, 40)
    await write(app, "WIC-100", "SP", 4.5)
    await let_run(app, 25)
    await write(app, "LIC-206", "MODE", 0)
    await write(app, "LIC-206", "OP", 5.0)
    await until(lambda: app.view.book.standing(), 600)
    await let_run(app, 1)
    await write(app, "LIC-206", "MODE", 1)
    await let_run(app, 2)
    await app.link.call("SetSpeed", 1.0)


async def picture(app: HmiApp, pilot: Pilot[int], name: str, *keys: str) -> None:
    """Press keys and save what is to be seen then."""
    for key in keys:
        await pilot.press(key)
    await asyncio.sleep(2.0)
    await pilot.pause()
    app.save_screenshot(name, str(HERE))
    print(f"docs/{name}")


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
    raise SystemExit(f"section {section} has no page {title}")


async def main(endpoint: str) -> None:
    """Take all pictures of the plant at an endpoint."""
    app = HmiApp(endpoint, Login())
    app.blinking = False
    async with app.run_test(size=SIZE) as pilot:
        await until(lambda: isinstance(app.screen, Overview), 20)
        await live(app)
        await picture(app, pilot, "overview.svg")
        await picture(app, pilot, "leach.svg", "2")
        await turn_to(app, pilot, "4", "SX-2 stages")
        await picture(app, pilot, "stages.svg", "right", "right", "right", "right")
        await picture(app, pilot, "faceplate.svg", "colon", *"lic206", "enter", "p", "5", "8", "enter")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-m", "plantsim", "run", "belfast", *OPTIONS, "--state", state]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            try:
                asyncio.run(main(dict(word.split("=", 1) for word in words[1:])["opcua"]))
            finally:
                process.terminate()
