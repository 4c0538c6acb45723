"""A session replayed: the time cursor, the record that it comes from, and that nothing of it can be changed."""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hmi.alarms import AlarmBook
from hmi.app import HmiApp
from hmi.comm.login import Login
from hmi.comm.replaylink import REFUSED, ReplayLink, read_only
from hmi.model import Plant
from hmi.replay import SPEEDS, Happening, NotASession, Player, Session, marks, read_session
from hmi.screens.overview import Overview
from hmi.screenshot import screen_text
from hmi.store import TagStore
from plantsim.commands.itself import command
from plantsim.commands.replay import recording_of, served
from plantsim.commands.stop import Stop
from plantsim.model.load import plant_path
from plantsim.model.modbus_map import map_path

START = 1_772_000_000.0
HAPPENINGS = tuple(
    Happening(START + at, kind, name, "")
    for at, kind, name in ((10.0, "scenario", "arch"), (60.0, "alarm", "WIC-101.L"), (61.0, "return", "WIC-101.L"),
                           (300.0, "action", "WIC-101.OP"))
)  # fmt: skip
FACTS: dict[str, Any] = {
    "title": "The feed stops", "briefing": "Keep it going.", "plant": "belfast", "seconds": 600.0, "score": 47.5,
    "passed": False, "plant_began": "2026-02-25T06:13:20+00:00",
    "criteria": [{"competency": "detect", "title": "Seen", "points": 20.0, "of": 20.0, "evidence": "at 31 s"}],
    "penalties": [{"at": 70.0, "title": "hint", "points": 1.0}],
    "timeline": [{"at": 60.0, "kind": "alarm", "name": "WIC-101.L", "text": "came"},
                 {"at": 65.0, "kind": "message", "name": "", "text": "Look at the feeder"}],
}  # fmt: skip


@pytest.fixture
def player() -> Player:
    """Of ten minutes, all of which are known."""
    made = Player(Session(START, START + 600.0, "", HAPPENINGS))
    made.ready = made.session.end
    return made


def test_the_cursor_moves_as_fast_as_asked_and_stops_at_the_end(player: Player) -> None:
    player.advance(2.0)
    player.faster(3)
    player.advance(2.0)
    assert (player.speed, player.cursor) == (10.0, START + 22.0)
    player.faster(99)
    assert player.speed == SPEEDS[-1]
    player.advance(3600.0)
    assert (player.cursor, player.at_end, player.playing) == (START + 600.0, True, False)
    player.toggle()
    assert (player.cursor, player.playing) == (START, True)


def test_it_waits_where_nothing_is_known_yet_and_stands_while_paused(player: Player) -> None:
    player.leap(START + 100.0)
    assert player.leaps == 1
    player.advance(5.0)
    assert player.cursor == START + 100.0
    assert player.reads
    player.ready = START + 103.0
    player.advance(5.0)
    assert player.cursor == START + 103.0
    player.ready = START + 200.0
    player.toggle()
    player.advance(5.0)
    assert player.cursor == START + 103.0
    player.leap(START - 50.0)
    assert player.cursor == START


def test_events_are_met_one_after_the_other_both_ways(player: Player) -> None:
    met = []
    while (event := player.next_happening(1)) is not None:
        met.append(event.name)
        player.leap(event.time - 2.0)
    assert met == ["arch", "WIC-101.L", "WIC-101.OP"]
    back = []
    while (event := player.next_happening(-1)) is not None:
        back.append(event.name)
        player.leap(event.time - 2.0)
    assert back == ["WIC-101.L", "arch"]


def test_the_line_of_a_session_has_a_letter_for_what_counts_most() -> None:
    assert marks(HAPPENINGS, START, START + 600.0, 10) == "·A···S····"
    assert marks((), START, START + 600.0, 4) == "····"


def test_a_debrief_tells_of_the_session(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_text(json.dumps(FACTS))
    session = read_session(path)
    assert (session.start, session.end - session.start) == (START, 600.0)
    assert session.happenings[0] == Happening(START + 60.0, "alarm", "WIC-101.L", "came")
    assert session.exercise is not None
    assert session.exercise.over
    assert session.exercise.messages == ("0:01:05 Look at the feeder",)
    assert [one.points for one in session.exercise.criteria] == ["20", "-1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rubbish", "no debrief's JSON"),
        ("[]", "found no timeline"),
        (json.dumps(FACTS | {"plant_began": None}), "does not say when it began"),
        (json.dumps(FACTS | {"plant_began": "soon"}), "no debrief's JSON: ValueError"),
        (json.dumps(FACTS | {"criteria": 5}), "no debrief's JSON: TypeError"),
    ],
)
def test_what_is_no_session_is_refused_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "session.json"
    path.write_text(text)
    with pytest.raises(NotASession, match=said):
        read_session(path)


@pytest.mark.parametrize(
    ("recording", "plant", "said"),
    [
        (b"rubbish" * 100, "belfast", "file is not a database"),
        (b"", "belfast", "no such table: series"),
        (b"", "../mine.toml", "plant: found '../mine.toml', allowed belfast, "),
    ],
)
def test_what_is_no_recording_of_ours_is_refused_in_a_line(
    tmp_path: Path, recording: bytes, plant: str, said: str
) -> None:
    session = tmp_path / "session.json"
    session.write_text(json.dumps(FACTS | {"plant": plant}))
    recording_of(session).write_bytes(recording)
    with pytest.raises(Stop, match=re.escape(said)), served(session):
        pytest.fail("it was served")


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("", "another one's file with --plant FILE"),
        ("belfast", "found the plant 'belfast', allowed that of the session"),
    ],
)
def test_a_plant_of_ones_own_is_asked_for_by_its_file(tmp_path: Path, own: str, said: str) -> None:
    session = tmp_path / "session.json"
    session.write_text(json.dumps(FACTS | {"plant": "mine"}))
    with sqlite3.connect(recording_of(session)) as db:
        db.execute("CREATE TABLE series (name TEXT)")
    with pytest.raises(Stop, match=re.escape(said)), served(session, own):
        pytest.fail("it was served")


@pytest.mark.long
async def test_a_session_of_ones_own_plant_is_replayed(tmp_path: Path) -> None:
    """Of a plant file that no package has: the same words as for a packaged one, and its file."""
    own = tmp_path / "mine.toml"
    text = plant_path("belfast").read_text(encoding="utf-8")
    own.write_text(text.replace('name = "belfast"', 'name = "mine"', 1), encoding="utf-8")
    shutil.copyfile(map_path(plant_path("belfast")), map_path(own))
    session = await trained("feeder-bridging", str(own), "--start", "cold", state=tmp_path)
    assert json.loads(session.read_text(encoding="utf-8"))["plant"] == "mine"
    with served(session, str(own)) as endpoint:
        app = HmiApp(endpoint, Login(), None, Player(read_session(session)))
        async with app.run_test(size=(120, 40)) as pilot, asyncio.timeout(180.0):
            while math.isnan(app.view.store.number("TIC-201.PV")):
                await pilot.pause(0.05)
            assert app.view.store.number("TIC-201.PV") < 40.0, "cold"
            assert app.defects == 0


async def trained(*words: str, state: Path) -> Path:
    """A session that nobody sits at, as fast as it goes: the JSON of its debrief."""
    environment = {**os.environ, "PLANTSIM_PASSWORD": "good for this session"}
    process = await asyncio.create_subprocess_exec(
        *command("train", *words, "--opcua", "0", "--modbus", "0", "--state", str(state), "--speed", "max"),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment,
    )  # fmt: skip
    async with asyncio.timeout(300.0):
        _, said = await process.communicate()
    found = list((state / "sessions").glob("*.json"))
    assert len(found) == 1, said.decode()
    return found[0]


async def test_nothing_is_ever_written(make_plant: Callable[..., Plant], player: Player) -> None:
    """Neither is it offered, nor does it get to the wire."""
    plant = read_only(replace(make_plant(), methods=frozenset(("Run", "Inject"))))
    assert not plant.methods
    members = [member for tag in plant.tags.values() for member in tag.members.values()]
    assert not any(member.writable or member.for_others for member in members)
    book = AlarmBook()
    book.lay_out(plant.alarms.values())
    link = ReplayLink("opc.tcp://127.0.0.1:4840/plantsim", Login(), TagStore(), book, player)
    assert await link.write(members[0], 1.0) is REFUSED
    assert await link.call("Run") == replace(REFUSED, text="no connection; nothing was sent")


@pytest.mark.long
async def test_a_trained_session_is_replayed_from_its_recording(tmp_path: Path) -> None:
    """The feed stops two minutes after the beginning: it is seen to stop, the alarm comes, and before all is well."""
    session = await trained("feeder-bridging", state=tmp_path)
    before = recording_of(session).read_bytes()
    with served(session) as endpoint:
        player = Player(read_session(session))
        app = HmiApp(endpoint, Login(), None, player)
        async with app.run_test(size=(120, 40)) as pilot:

            async def until(condition: Callable[[], object]) -> None:
                async with asyncio.timeout(60.0):
                    while not condition():
                        await pilot.pause(0.05)

            await until(lambda: isinstance(app.screen, Overview))
            await until(lambda: app.view.store.number("WIC-101.PV") > 4.0)
            await until(lambda: "REPLAY" in screen_text(app))
            assert not app.view.book.standing()
            await pilot.press("right_curly_bracket", "right_curly_bracket")
            await until(lambda: [one.alarm.name for one in app.view.book.standing()] == ["WIC-101.L.Alarm"])
            assert app.view.store.number("WIC-101.PV") < 4.0
            assert app.view.store.number("WIC-101.MODE") == 2.0, "in cascade"
            await pilot.press("space")
            assert not player.playing
            await pilot.press("b")
            app.screen._wind(-0.8)  # type: ignore[attr-defined]
            await until(lambda: app.view.store.number("WIC-101.PV") > 4.0)
            assert not app.view.book.standing()
            await pilot.press("f7")
            await until(lambda: "DEBRIEF" in screen_text(app))
            while "alarm WIC-101.L came" not in screen_text(app):
                await pilot.press("down")
            await pilot.press("right", "enter")
            assert player.cursor > player.session.start + 120.0
            await until(lambda: [one.alarm.name for one in app.view.book.standing()] == ["WIC-101.L.Alarm"])
            await until(lambda: app.view.store.number("WIC-101.PV") < 4.0)
            assert app.defects == 0
    picture = tmp_path / "replay.txt"
    words = command("hmi", "--replay", str(session), "--screenshot", str(picture), "--display", "feed")
    taken = await asyncio.create_subprocess_exec(*words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    async with asyncio.timeout(120.0):
        _, said = await taken.communicate()
    assert taken.returncode == 0, said.decode()
    assert "REPLAY" in picture.read_text(encoding="utf-8").splitlines()[0]
    assert recording_of(session).read_bytes() == before
