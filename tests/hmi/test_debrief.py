"""The debrief on the screen: what is read of a report, the time it is read at, and where a replay goes from there."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from hmi.app import HmiApp
from hmi.comm.login import Login
from hmi.debrief import NotADebrief, from_json
from hmi.exercise import Exercise
from hmi.format import elapsed
from hmi.model import Plant
from hmi.replay import Player, read_session
from hmi.screens.display import Display
from hmi.screenshot import screen_text
from hmi.widgets.debrief import Block, DebriefPanel, paged
from tests.hmi.session import facts
from tests.hmi.test_grids import Still, fill

SHORT = (80, 24)
TALL = (120, 40)


def test_a_report_is_read_whole() -> None:
    report = from_json(json.dumps(facts()))
    assert [(name, points, of) for name, points, of in report.competencies][1] == ("act", 10.0, 40.0)
    assert (report.judged[-1].competency, report.judged[-1].points) == ("penalty", -1.0)
    assert [mark.priority for mark in report.marks if mark.kind == "alarm"] == [3, 1, 2]
    assert report.began == 1_771_997_900.0
    assert report.trends[0].normal == (4.1, 4.5)
    assert math.isnan(report.trends[1].trainee.values[70])
    assert len(report.trends[1].expert.times) == 0


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", json.dumps(facts(trends=[{}])), json.dumps(facts(plant_began="soon"))]
)
def test_what_is_no_report_says_so(text: str) -> None:
    with pytest.raises(NotADebrief, match="the report cannot be read: "):
        from_json(text)


def test_one_of_an_older_version_is_replayed_without(tmp_path: Path) -> None:
    """It has no bars and no bands, which is as well; one without trends has none to show."""
    path = tmp_path / "session.json"
    older = facts()
    del older["malfunctions"], older["trends"][0]["normal"], older["timeline"][1]["priority"]
    path.write_text(json.dumps(older))
    exercise = read_session(path).exercise
    assert exercise is not None
    assert exercise.report is not None
    assert exercise.report.failures == ()
    del older["trends"]
    path.write_text(json.dumps(older))
    assert read_session(path).exercise == replace(exercise, report=None)


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0:00"), (173.0, "2:53"), (3725.0, "1:02:05")])
def test_times_are_written_as_the_evidence_has_them(seconds: float, said: str) -> None:
    assert elapsed(seconds) == said


@given(st.lists(st.integers(1, 9)), st.integers(9, 30))
def test_pages_hold_all_blocks_in_their_order_and_none_overflows(heights: list[int], height: int) -> None:
    blocks = [Block(one, lambda *_: None) for one in heights]
    pages = paged(blocks, height)
    assert [block for page in pages for block in page] == blocks
    assert all(sum(block.height for block in page) <= height for page in pages)
    assert all(pages) or not blocks


@asynccontextmanager
async def reading(
    plant: Plant, size: tuple[int, int], player: Player | None = None, **changes: Any
) -> AsyncIterator[tuple[HmiApp, Pilot[int]]]:
    """The HMI at the debrief of a session."""
    app = Still("opc.tcp://127.0.0.1:4840/plantsim", Login(), None, player)
    async with app.run_test(size=size) as pilot:
        fill(app, plant)
        app.tick()
        await pilot.pause()
        report = from_json(json.dumps(facts(**changes)))
        app.view.exercise = Exercise("The feed stops", "", 2100.0, 2100.0, "failed", score=36.5, report=report)
        app.show_training()
        await pilot.pause()
        app.tick()
        await pilot.pause()
        yield app, pilot
        assert app.defects == 0


async def test_it_is_there_once_the_scenario_is_over_and_tab_turns_back(make_plant: Callable[..., Plant]) -> None:
    async with reading(make_plant(), SHORT) as (app, pilot):
        assert "DEBRIEF" in screen_text(app)
        assert "Low feed acknowledged" in screen_text(app)
        await pilot.press("tab")
        assert "BRIEFING" in screen_text(app)
        await pilot.press("tab")
        assert "DEBRIEF" in screen_text(app)
        seen = ""
        assert isinstance(app.screen, Display)
        for _ in range(app.screen.pages()):
            seen += screen_text(app)
            await pilot.press("pagedown")
        for said in ("TIMELINE", "WIC-100.PV", "TIC-111.PV", "WHAT HAPPENED", "WHAT TO PRACTISE", "acid-pump-air-lock"):
            assert said in seen, said
        await pilot.press("tab")
        over = app.view.exercise
        assert over is not None
        app.view.exercise = replace(over, state="running", report=None)
        app.tick()
        await pilot.pause()
        assert "BRIEFING" in screen_text(app), "another one has begun"
        app.view.exercise = over
        app.tick()
        await pilot.pause()
        assert "DEBRIEF" in screen_text(app), "its own is there at once"


async def test_it_is_read_at_a_time_and_at_what_happened(make_plant: Callable[..., Plant]) -> None:
    async with reading(make_plant(), TALL) as (app, pilot):
        await pilot.press("down", "down")
        assert "2:30 alarm WIC-100.L came" in screen_text(app)
        await pilot.press("up")
        assert "2:00 scenario arch Powder arches over the screw" in screen_text(app)
        await pilot.press("up", "up")
        assert "at 2:00" in screen_text(app), "there is nothing before it"
        panel = app.screen.query_one(DebriefPanel)
        await pilot.press("right")
        assert 120.0 < (panel.at or 0.0) < 160.0
        await pilot.press("left", "left")
        assert (panel.at or 0.0) < 120.0
        panel.at = 840.0
        app.tick()
        app.screen.paint(True)  # type: ignore[attr-defined]
        await pilot.pause()
        head = next(line for line in screen_text(app).splitlines() if line.startswith(" WIC-100.PV"))
        assert "7.00" in head, "the trainee's"
        assert "4.30" in head, "the expert's"
        for way in (-1, 1):
            for _ in range(130):
                panel.step(way)
            assert 0.0 <= (panel.at or 0.0) <= 2100.0


@pytest.mark.parametrize("changes", [{"timeline": [], "trends": [], "malfunctions": []}, {"seconds": 0.0},
                                     {"seconds": 864_000.0}, {"expert_score": None, "criteria": []}])  # fmt: skip
async def test_any_session_is_shown(make_plant: Callable[..., Plant], changes: dict[str, Any]) -> None:
    async with reading(make_plant(), SHORT, **changes) as (app, pilot):
        assert isinstance(app.screen, Display)
        for _ in range(app.screen.pages()):
            await pilot.press("right", "down", "pagedown")


async def test_a_replay_goes_on_from_the_time_that_is_read(make_plant: Callable[..., Plant], tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_text(json.dumps(facts()))
    player = Player(read_session(path))
    async with reading(make_plant(), TALL, player) as (app, pilot):
        await pilot.press("enter")
        assert "pick a time first" in screen_text(app)
        await pilot.press("down", "down", "enter")
        assert player.cursor == player.session.start + 150.0
        assert player.leaps == 1
        assert "goes on from there" in screen_text(app)


@pytest.mark.parametrize("size", [(1, 1), (10, 24)])
async def test_a_terminal_that_becomes_far_too_small_takes_nothing_away(
    make_plant: Callable[..., Plant], size: tuple[int, int]
) -> None:
    """What has no room is not painted, whatever is open and opened meanwhile, and is there again once it has."""
    async with reading(make_plant(), TALL) as (app, pilot):
        for show in (app.show_help, app.show_training):
            show()
            await pilot.pause()
            await pilot.resize_terminal(*size)
            await pilot.pause()
            await pilot.press("f1")
            await pilot.resize_terminal(*TALL)
            await pilot.press("escape")
        app.show_training()
        app.tick()
        await pilot.pause()
        assert "DEBRIEF" in screen_text(app)
