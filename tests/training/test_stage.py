"""Scenarios that are begun on a plant that runs."""

from __future__ import annotations

import json
import threading
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from plantsim.commands.run import debrief_of
from plantsim.engine.engine import Engine
from plantsim.training.runner import Runner
from plantsim.training.scenario import Scenario
from plantsim.training.stage import Stage, offered

NAMES = ("feeder-bridging", "first-shift")
WITHIN = 60.0


@pytest.fixture
def engine(bridging: Scenario) -> Iterator[Engine]:
    """A plant that runs, some minutes from its start."""
    engine = Engine(bridging.plant, scenarios=NAMES, speed=600.0)
    engine.start()
    engine.step(120.0).result(WITHIN)
    yield engine
    engine.stop()


def running(engine: Engine) -> str:
    """What Simulation.Scenario says."""
    tag = engine.tags["Simulation.Scenario"]
    return tag.states[int(engine.image.value[tag.row])]


def test_what_is_offered_is_written_for_the_plant(bridging: Scenario) -> None:
    """All packaged ones of that plant, with title and length."""
    names = offered(bridging.plant)
    assert set(NAMES) < set(names)
    engine = Engine(bridging.plant, scenarios=names)
    told = {name: (title, length) for name, title, length in Stage(engine, scenarios=names).scenarios()}
    assert told[bridging.id] == (bridging.title, bridging.length)


def test_a_scenario_begins_is_ended_and_another_begins(engine: Engine) -> None:
    """The plant goes to the start, what is hidden is hidden, the debrief is written, and the next one may begin."""
    reported: list[Runner] = []
    written = threading.Event()

    def report(runner: Runner, began: float) -> tuple[str, str]:
        assert began > 0
        reported.append(runner)
        written.set()
        return "debrief.html", "{}"

    stage = Stage(engine, scenarios=NAMES, report=report)
    assert not engine.in_scenario
    stage.begin("feeder-bridging")
    assert engine.in_scenario
    assert running(engine) == "feeder-bridging"
    first = stage.session
    assert first is not None
    assert first.record.entries == []
    with pytest.raises(RuntimeError, match="feeder-bridging runs; end it first"):
        stage.begin("first-shift")
    with pytest.raises(LookupError, match="found 'x', allowed feeder-bridging, first-shift"):
        stage.begin("x")
    engine.step(180.0).result(WITHIN)
    assert first.elapsed >= 180.0
    first.finish()
    assert running(engine) == ""
    assert written.wait(WITHIN)
    stage.begin("first-shift")
    assert running(engine) == "first-shift"
    assert reported == [first]
    assert stage.session is not first


def test_a_debrief_that_comes_late_ends_nothing(engine: Engine) -> None:
    """The expert's way takes its time: what the next scenario hides meanwhile stays hidden."""
    stage = Stage(engine, scenarios=NAMES)
    stage.begin("feeder-bridging")
    first = stage.session
    assert first is not None
    first.finish()
    stage.begin("first-shift")
    first.debriefed("debrief.html", "{}")
    assert engine.in_scenario
    assert running(engine) == "first-shift"


def test_a_begun_session_is_judged_as_one_that_ran_from_the_start(bridging: Scenario, engine: Engine) -> None:
    """What the plant did before does not count: an hour of doing nothing is worth as much as in `plantsim train`."""
    stage = Stage(engine, scenarios=NAMES)
    stage.begin("feeder-bridging")
    assert stage.session is not None
    engine.set_speed(float("inf"))
    score = stage.session.ended.result(WITHIN)
    assert (score.total, score.passed) == (20.0, False)


@pytest.mark.long
def test_its_debrief_has_the_experts_way_too(bridging: Scenario, engine: Engine, tmp_path: Path) -> None:
    """From the scenario's start with the plant's own noise, whatever the plant did before; nobody waits for it at the
    end of the run."""
    stage = Stage(engine, scenarios=NAMES)
    stage.begin("feeder-bridging")
    assert stage.session is not None
    engine.step(60.0).result(WITHIN)
    stage.session.finish()
    args = Namespace(state=tmp_path)
    path, text = debrief_of(args, stage.session, 1.8e9)
    assert Path(path).with_suffix(".json").read_text() == text
    facts = json.loads(text)
    assert facts["expert_score"] >= facts["pass_at"]
    assert all(len(trend["expert"]) == len(trend["expert_times"]) > 100 for trend in facts["trends"])
    _, cut = debrief_of(args, stage.session, 1.8e9 + 60.0, lambda: False)
    assert json.loads(cut)["expert_score"] is None
