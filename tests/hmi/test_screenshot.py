"""Pictures taken by the command, and what colours and characters they have."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from os import environ
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hmi.screenshot import NoPicture, turn_to
from hmi.settings import Settings
from plantsim.commands.itself import command

SitDown = Callable[..., AbstractAsyncContextManager[Any]]


def run(*words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """``plantsim hmi`` with its configuration and state where there is none."""
    return subprocess.run(
        command("hmi", *words), capture_output=True, text=True, timeout=120, env={**environ, **(env or {})}
    )


OTHERS = [
    ("leach", "2 ACID LEACH"), ("4", "4 SOLVENT EXTRACTION"), ("alarms", "ALARMS"), ("analysers", "next in"),
    ("help", "Moving about"), ("comms", "SUBSCRIPTION"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("display", "found"),
    [
        ("overview", "OVERVIEW"),
        ("tic-201", "MODE"),
        *(pytest.param(*other, marks=pytest.mark.long) for other in OTHERS),
    ],
)
def test_any_display_becomes_a_picture(endpoint: str, tmp_path: Path, display: str, found: str) -> None:
    """With .txt the characters alone."""
    file = tmp_path / "picture.txt"
    done = run(endpoint, "--screenshot", str(file), "--display", display, "--size", "100x30")
    assert done.returncode == 0, done.stderr
    assert found in file.read_text()
    assert len(file.read_text().splitlines()) == 30


PLACES = {
    "overview": "OVERVIEW", "alarms": "ALARMS  0 standing", "alarms/withheld": "withheld", "alarms/History": "history",
    "alarms/metrics": "ALARMS  metrics", "trends": "TRENDS  own", "trends/leach": "TRENDS  2 ACID LEACH",
    "journal": "JOURNAL  all", "journal/system": "JOURNAL  system", "comms": "COMMUNICATION",
    "analysers": "ANALYSERS", "instructor": "MALFUNCTIONS", "training": "SCENARIO", "manual": "MANUAL",
    "manual/TIC-201 HH": "TIC-201", "procedures": "PROCEDURES", "procedures/KS-305": "PROCEDURES  KS-305",
    "leach": "2 ACID LEACH", "leach/2": "2 ACID LEACH  analysers  2/", "sx/stages": "stages", "sx/SX-2": "SX-2 stages",
    "calcine/zones": "zones", "uz-101": "FIRST_OUT", "AG-203": "fixed drive", "KS-305": "STEP_TIME",
    "AI-701": "NextResult", "help/2": "page 2 of",
}  # fmt: skip
"""What a picture can be of, and what is on it."""


async def test_every_display_and_every_page_can_be_turned_to(endpoint: str, sit_down: SitDown) -> None:
    async with sit_down(endpoint, (100, 30)) as desk:
        for name, found in PLACES.items():
            await turn_to(desk.app, desk.pilot, name)
            await desk.until(lambda found=found: found.lower() in desk.text.lower())
            if name.startswith("help"):
                await desk.press("escape")


WRONG = [
    ("nix", "display 'nix'; allowed: overview, alarms, .*a section .feed, leach, .*with a page of it behind a slash"),
    ("alarms/shelf", "page 'shelf'; allowed: standing, withheld, history, metrics"),
    ("sx/99", "page '99'; allowed: 1, 2, .*stages, .*SX-1"),
    ("procedures/KS-0", "page 'KS-0'; allowed: KS-"),
    ("comms/2", "page '2'; allowed: no page"),
    ("TIC-201/2", "page '2'; allowed: no page"),
    ("manual/nix", "page 'nix'; allowed: a tag or an alarm such as TIC-201 HH"),
]


async def test_what_is_no_display_or_no_page_is_said_with_what_is_allowed(endpoint: str, sit_down: SitDown) -> None:
    async with sit_down(endpoint, (100, 30)) as desk:
        for name, said in WRONG:
            with pytest.raises(NoPicture, match=said):
                await turn_to(desk.app, desk.pilot, name)
        desk.app.view.plant = replace(desk.app.view.plant, methods=frozenset())
        with pytest.raises(NoPicture, match="only an instructor's login has it; this is "):
            await turn_to(desk.app, desk.pilot, "instructor")


def test_svg_is_a_picture(endpoint: str, tmp_path: Path) -> None:
    """Well-formed, and in all normal state without a hue but the blue of set points."""
    file = tmp_path / "picture.svg"
    done = run(endpoint, "--screenshot", str(file))
    assert done.returncode == 0, done.stderr
    ElementTree.parse(file)
    text = file.read_text().partition("<g ")[2].partition("fill: #")[0] + file.read_text()
    hues = set()
    for colour in re.findall(r"#[0-9a-f]{6}", text):
        parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        if max(parts) - min(parts) > 0.12 * 255:
            hues.add(colour)
    assert hues - {"#ff5f57", "#febc2e", "#28c840"} <= {"#8fb3d9"}  # besides the buttons of the window's frame


@pytest.mark.long
def test_what_cannot_be_pictured_is_said(endpoint: str, tmp_path: Path) -> None:
    """An unknown display, a folder that is not there, a size that is too small."""
    done = run(endpoint, "--screenshot", str(tmp_path / "x.svg"), "--display", "nix")
    assert done.returncode == 1
    assert "display 'nix'; allowed: overview, alarms," in done.stderr
    done = run(endpoint, "--screenshot", str(tmp_path / "no" / "x.svg"))
    assert done.returncode == 1
    assert "no/x.svg: " in done.stderr
    done = run(endpoint, "--screenshot", "x.svg", "--size", "10x10")
    assert done.returncode == 2
    assert "'10x10' is no screen size; allowed: 80x24" in done.stderr


def test_configuration_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    """One line, exit code 1."""
    folder = tmp_path / "plantsim"
    folder.mkdir()
    (folder / "hmi.toml").write_text('theme = "pink"')
    done = run("--screenshot", "x.svg", env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "theme: 'pink'; allowed: grey-dark" in done.stderr


async def test_ascii_mode_shows_ascii_alone(endpoint: str, sit_down: SitDown) -> None:
    """On every display."""
    async with sit_down(endpoint, (80, 24), settings=Settings(ascii=True)) as desk:
        for keys in (["0"], ["2"], ["4", "4", "4", "4"], ["6"], ["f2"], ["f3"], ["f4"], ["f5"], ["f8"]):
            await desk.press(*keys)
            await desk.pilot.pause()
            await desk.until(lambda: desk.text.isascii())
        desk.display.open_face("TIC-201")
        await desk.see("MODE")
        await desk.until(lambda: desk.text.isascii())


async def test_mono_sends_no_colours(endpoint: str, sit_down: SitDown, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written to the terminal has attributes alone; alarms and bars are told by shapes."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with sit_down(endpoint, settings=Settings(theme="mono")) as desk:
        await desk.press("2")
        await desk.see("▒")
        for strip in desk.app.screen._compositor.render_strips():
            for segment in strip.apply_filter(desk.app._filters[-1], desk.app.screen.background_colors[1]):
                style = segment.style
                assert style is None or style.color is None or style.color.is_default
                assert style is None or style.bgcolor is None or style.bgcolor.is_default
