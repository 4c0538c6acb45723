"""Every scenario: its expert passes, nobody at the desk fails, and the wrong way that it names fails."""

from __future__ import annotations

import dataclasses
import math
import time

import pytest

from plantsim.training.read_scenario import load_scenario, scenario_names
from plantsim.training.runner import Runner
from plantsim.training.scenario import Scenario
from plantsim.training.script import Attempt, Player, attempt, engine_for

IN_THE_SUITE = ("feeder-bridging",)
OF_DAYS = ("clay-heap-clogs", "clay-long-rain", "dy-grade-triples")


def judged(name: str) -> None:
    """A scenario of days is played with a scan a second, which costs a tenth."""
    scenario = load_scenario(name)
    scan_period = 1.0 if scenario.end.at > 86_400.0 else 0.1
    began = time.monotonic()
    expert = attempt(scenario, scenario.expert, scan_period=scan_period)
    assert not expert.refused
    assert expert.score.passed, expert.score.verdict
    assert expert.score.total >= 85.0, [(mark.id, mark.evidence) for mark in expert.score.marks if mark.share != 1.0]
    nobody = attempt(scenario, None, scan_period=scan_period)
    assert not nobody.score.passed
    wrong = attempt(scenario, scenario.wrong, scan_period=scan_period)
    assert not wrong.score.passed
    assert {mark.share is not None and mark.evidence != "" for mark in expert.score.marks} == {True}
    print(
        f"{name}: expert {expert.score.total:.0f}, nobody {nobody.score.total:.0f}, wrong {wrong.score.total:.0f};"
        f" {time.monotonic() - began:.1f} s"
    )


@pytest.mark.parametrize("name", IN_THE_SUITE)
def test_scenario(name: str) -> None:
    judged(name)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long(scale=2 if name in OF_DAYS else 1))
        for name in scenario_names()
        if name not in IN_THE_SUITE
    ],
)
def test_each_other_scenario(name: str) -> None:
    judged(name)


def told(attempt_: Attempt) -> list[object]:
    return [*attempt_.score.marks, *attempt_.score.losses, *attempt_.runner.record.entries]


def test_a_score_depends_on_no_speed(bridging: Scenario) -> None:
    """As fast as it goes, and step by step with other pieces: the same actions, alarms and points."""
    fast = attempt(bridging, bridging.expert)
    engine = engine_for(bridging)
    player = Player(bridging.expert, engine)
    runner = Runner(bridging, engine, player.follow)
    player.runner = runner
    engine.start()
    try:
        while not runner.ended.done():
            engine.step(173.3).result(60)
    finally:
        engine.stop()
    assert told(Attempt(runner, runner.score(), (), 0)) == told(fast)
    assert runner.record.samples == fast.runner.record.samples


def test_hints_cost_what_they_say_and_are_for_what_has_come(bridging: Scenario) -> None:
    engine = engine_for(bridging)
    runner = Runner(bridging, engine)
    engine.start()
    try:
        assert runner.hint() == "No hint yet."
        engine.step(180.0).result(60)
        assert runner.hint() == bridging.hints[0].text
        assert runner.hint() == bridging.hints[1].text
        assert runner.hint() == "No hint is left."
        score = runner.finish()
        assert [(loss.title, loss.points) for loss in score.losses] == [("hint", 1.0), ("hint", 1.0)]
        assert not score.passed
        assert runner.hint() == "The scenario is over."
        assert not engine.image.value[engine.tags["Simulation.Scenario"].row]
    finally:
        engine.stop()


def test_the_run_says_which_scenario_it_is(bridging: Scenario) -> None:
    engine = engine_for(bridging)
    tag = engine.tags["Simulation.Scenario"]
    assert tag.states[int(engine.image.value[tag.row])] == "feeder-bridging"
    assert engine.in_scenario
    assert math.isinf(engine.image.value[engine.tags["Simulation.Speed"].row])


def test_a_lead_in_lies_before_the_beginning(bridging: Scenario) -> None:
    engine = engine_for(dataclasses.replace(bridging, lead_in=60.0))
    assert engine.image.scan == 600
    assert abs(engine.image.plant_time) < 1e-6, "plant time begins where the scenario does"
    assert Runner(bridging, engine).elapsed == 0.0
    engine.start()
    try:
        engine.step(5.0).result(60)
        assert engine.image.plant_time == pytest.approx(5.0)
        with pytest.raises(RuntimeError, match="before the start"):
            engine.lead_in(1.0)
    finally:
        engine.stop()


def test_a_start_is_prepared_before_the_lead_in(bridging: Scenario) -> None:
    """Tanks are filled otherwise than the start has them, drives stand; the balances hold from there on."""
    cold = load_scenario("cold-start-of-leach").initial
    engine = engine_for(dataclasses.replace(bridging, initial=cold, lead_in=60.0))
    value = {name: float(engine.image.value[tag.row]) for name, tag in ((tag.name, tag) for tag in engine.tags)}
    for tank in ("TIC-201", "TIC-202", "TIC-203"):
        assert value[f"{tank}.PV"] == pytest.approx(22.0, abs=2.0)
    assert value["LIC-206.PV"] == pytest.approx(60.0, abs=3.0)
    assert value["WIC-101.MODE"] == 0.0
    assert value["K-213A.RUN"] == 0.0
    assert value["UZ-213.TRIPPED"] == 1.0
    assert engine.live.health.balance_error() < 1e-9
