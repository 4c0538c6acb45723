"""The trainee's display of a scenario that runs: briefing, hints at their price, messages, the end and the score."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hmi.comm.events import read_alarm_events
from hmi.comm.login import Login
from hmi.screens.training import Training
from hmi.widgets.entryline import Stage
from plantsim.commands.itself import command

if TYPE_CHECKING:
    from tests.hmi.conftest import Desk

SitDown = Callable[..., AbstractAsyncContextManager["Desk"]]
SCENARIO, PASSWORD = "feeder-bridging", "good for this session"
WITHIN = 60.0


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[str]:
    """The endpoint of a plant on which one trainee practises."""
    words = command("train", SCENARIO, "--opcua", "0", "--modbus", "0", "--state", str(tmp_path), "--stay")
    words += ["--speed", "20"]
    environment = {**os.environ, "PLANTSIM_PASSWORD": PASSWORD}
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("ready "), (tmp_path / "log").read_text()
            yield dict(word.split("=", 1) for word in line.split()[1:])["opcua"]
        finally:
            process.terminate()
            process.wait(WITHIN)


class Everything:
    """Whatever is looked for."""

    def __contains__(self, _: object) -> bool:
        return True


async def only_alarms_are_remembered(desk: Desk) -> None:
    """The server's history of events tells a trainee what the alarm list does, since the scenario began, and nothing of
    what was injected."""
    client, exercise, now = desk.app.link._client, desk.app.view.exercise, desk.app.view.store.now
    assert client is not None
    assert exercise is not None
    told = await read_alarm_events(client, Everything(), ("Time", "SourceName", "Message"), 0.0, now + 3600.0)
    assert told is not None
    assert {one.alarm for one in told} <= set(desk.app.view.plant.alarms)
    assert all(one.time >= now - exercise.elapsed - 60.0 for one in told)
    assert not any("feeder-bridging" in str(one.fields) for one in told)


async def test_a_scenario_is_read_helped_with_and_ended(scenario: str, sit_down: SitDown) -> None:
    async with sit_down(scenario, login=Login("trainee", PASSWORD)) as desk:
        assert not desk.app.view.plant.methods, "the run is not the trainee's"
        await desk.until(lambda: desk.app.view.exercise is not None)
        await desk.press("f7")
        await desk.until(lambda: isinstance(desk.app.screen, Training))
        await desk.see("BRIEFING")
        assert "points of 100" not in desk.text
        # the first hint comes with the first event, after two minutes
        await desk.until(lambda: desk.app.view.exercise is not None and desk.app.view.exercise.elapsed > 125.0)
        await only_alarms_are_remembered(desk)
        await desk.press("h")
        await desk.see("ask for a hint, which costs points")
        await desk.press("enter")
        await desk.see("MESSAGES")
        desk.display.open_face("WIC-101")
        await desk.press("escape", "e")
        await desk.see("end the scenario as it stands")
        await desk.press("enter")
        await desk.see("points of 100")
        await desk.see("failed")
        await desk.until(lambda: desk.display.line.stage is Stage.IDLE)
        await desk.until(lambda: desk.app.view.exercise is not None and desk.app.view.exercise.debrief, WITHIN)
        await desk.see("DEBRIEF")
        exercise = desk.app.view.exercise
        assert exercise is not None
        assert exercise.report is not None
        assert exercise.report.trends[0].tag == "WIC-101.PV"
        assert len(exercise.report.trends[0].expert.times) > 300
        await desk.press("tab")
        await desk.see("debrief: ")
