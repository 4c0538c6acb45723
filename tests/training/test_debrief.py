"""The debrief: what of the scenario and of the session its facts and its page tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plantsim.training.debrief import as_json, debrief, malfunctions
from plantsim.training.debrief_page import page
from plantsim.training.read_scenario import load_scenario
from plantsim.training.runner import Runner
from plantsim.training.scenario import Scenario
from plantsim.training.script import Attempt, attempt


@pytest.fixture(scope="module")
def wrong() -> Attempt:
    """The shortest scenario as one should not play it."""
    scenario = load_scenario("feeder-bridging")
    return attempt(scenario, scenario.wrong)


@pytest.fixture(scope="module")
def facts(wrong: Attempt) -> dict[str, Any]:
    """Of that, without an expert."""
    return debrief(wrong.runner, "ann", 0.0, None)


def test_what_failed_did_so_from_its_injection_until_it_was_mended(wrong: Attempt) -> None:
    (one,) = malfunctions(wrong.runner)
    assert (one["malfunction"], one["from"], one["to"]) == ("feeder-bridging", 120.0, 840.0)
    assert one["text"].startswith("Powder arches")


@pytest.mark.parametrize(
    ("clear", "until"),
    [("feeder-bridging@WIC-101", 840.0), ("feeder-bridging@WIC-102", 840.0), ("feeder", 2100.0), ("", 2100.0)],
)
def test_what_is_never_mended_lasts_to_the_end(wrong: Attempt, clear: str, until: float) -> None:
    """A clear that names a target is of the default one, for the scenario that leaves it out means that."""
    runner = wrong.runner
    changed = tuple(replace(one, clear=clear) if one.clear else one for one in runner.scenario.happenings)
    played = Played(replace(runner.scenario, happenings=changed), runner)
    assert [one["to"] for one in malfunctions(played)] == [until]  # type: ignore[arg-type]


class Played:
    """A session as it was, of a scenario that is not quite the same."""

    def __init__(self, scenario: Scenario, runner: Runner) -> None:
        self.scenario, self.record, self.elapsed = scenario, runner.record, runner.elapsed


def test_alarms_have_their_priority_and_trends_their_band(facts: dict[str, Any]) -> None:
    alarms = [one for one in facts["timeline"] if one["kind"] == "alarm"]
    assert alarms
    assert all(one["priority"] in (1, 2, 3) for one in alarms)
    assert {one["priority"] for one in facts["timeline"] if one["kind"] == "message"} == {None}
    feed = next(one for one in facts["trends"] if one["tag"] == "WIC-101.PV")
    assert feed["low"] <= feed["normal"][0] < feed["normal"][1] <= feed["high"]
    assert json.loads(as_json(facts))["trends"] == json.loads(json.dumps(facts["trends"]))


def test_the_documented_keys_are_those_there_are(facts: dict[str, Any]) -> None:
    text = Path("docs/scenarios.md").read_text(encoding="utf-8").partition("## The debrief")[2]
    table = [line.split("|")[1] for line in text.partition("## On the wire")[0].splitlines() if line.startswith("| `")]
    keys = {word.strip(" `") for cell in table for word in cell.split(",")}
    assert keys | {"format"} == set(facts)


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts["trends"].clear(),
        lambda facts: facts["timeline"].clear(),
        lambda facts: facts.update(seconds=0.0, malfunctions=[]),
        lambda facts: facts["trends"][0].update(trainee=[None] * 3, times=[0.0, 1.0, 2.0], normal=None),
        lambda facts: facts["trends"][0].update(trainee=[5e6, 5e6], times=[0.0, 1.0], normal=None),
        lambda facts: facts["malfunctions"].append(facts["malfunctions"][0] | {"to": 2100.0, "text": "<b>"}),
        lambda facts: facts.update(seconds=864_000.0),
    ],
)
def test_a_page_is_made_of_any_session(facts: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> None:
    changed = json.loads(as_json(facts))
    change(changed)
    text = page(changed)
    assert "nan" not in text
    assert "<b>" not in text
    assert text.count("<svg") == text.count("</svg>") == 1 + len(changed["trends"])
