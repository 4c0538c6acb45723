"""Scenario files: what is refused says file, key, what was found and what is allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from plantsim.cli import main
from plantsim.model.errors import PlantError
from plantsim.model.load import plant_names
from plantsim.training.read_scenario import load_scenario
from plantsim.training.scenario import Scenario

REFUSED = {
    "unknown key": ("speed = 2", "sped = 2", "mine.toml:5: sped: found an unknown key"),
    "unknown tag": ('"WIC-101.PV > 2"', '"WIC-991.PV > 2"', 'expert.steps[2].when: found "WIC-991.PV", where'),
    "no such state": ('= "Man"', '= "Hand"', "found 'Hand', allowed Manual, Automatic"),
    "read-only": ('{ "WIC-101.MODE" = "Cascade" }', '{ "WIC-101.PV" = 4 }', '"WIC-101.PV", which is read-only'),
    "beyond its range": ('"WIC-100.SP" = 5', '"WIC-100.SP" = 5000', "found 5000, allowed a number from"),
    "malfunction": ('"feeder-bridging" }', '"feeder-bridge" }', "nearest feeder-bridging"),
    "alarm": (
        '"WIC-101.DEV"]\nwithin',
        '"WIC-101.HHH"]\nwithin',
        '[ack].acknowledge: found an alarm "WIC-101.HHH"',
    ),
    "event": (
        'after = "vibrated"',
        'after = "vibrate"',
        '[back].after: found "vibrate", allowed arch, vibrated',
    ),
    "duration": ('at = "35m"', 'at = "35"', 'end.at: found "35", allowed a duration such as'),
    "weights": (
        "weight = 30",
        "weight = 31",
        "found weights that add to 101, allowed weights that add to 100",
    ),
    "kind": ('kind = "avoid"', 'kind = "avoids"', "nearest avoid"),
    "competency": ('competency = "detect"', 'competency = "see"', "allowed detect, diagnose, act"),
    "unit to fill": ("[end]", "[initial.units]\nR-209 = {}\n\n[end]", 'units.R-209: found a unit "R-209"'),
    "too full": (
        "[end]",
        '[initial.units]\nR-201 = { volume = "120 L" }\n\n[end]',
        'initial.units.R-201.volume: found "120 L", more than its span, allowed at most',
    ),
    "plant": ('plant = "belfast"', 'plant = "belfst"', "nearest belfast"),
}


@pytest.mark.parametrize(("old", "new", "message"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_wrong_is_refused(old: str, new: str, message: str, changed: Callable[[str, str], Path]) -> None:
    with pytest.raises(PlantError) as error:
        load_scenario(changed(old, new))
    assert message in str(error.value)


def test_check_knows_scenario_files(changed: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(changed("speed = 2", "speed = 3"))]) == 0
    assert "2 events, 6 criteria, for belfast" in capsys.readouterr().out
    assert main(["check", str(changed("speed = 2", "spede = 3"))]) == 1
    assert "found an unknown key" in capsys.readouterr().err


def test_each_plant_has_four_to_practise_or_more(scenarios: dict[str, Scenario]) -> None:
    count = Counter(one.plant.name for one in scenarios.values())
    assert {name: count[name] for name in plant_names() if count[name] < 4} == {}


def test_scenarios_lists_those_of_the_plant(scenarios: dict[str, Scenario], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenarios"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [name for name, one in scenarios.items() if one.plant.name == "belfast"]
    assert ["feeder-bridging", "35 min", "The feed stops: powder arches over the screw"] in lines


def test_every_scenario_that_is_named_as_the_next_is_there(scenarios: dict[str, Scenario]) -> None:
    for name, scenario in scenarios.items():
        assert set(scenario.next) <= scenarios.keys() - {name}, name
