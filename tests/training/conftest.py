"""Scenarios as text, with one key changed at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plantsim.model.load import load_plant, plant_names
from plantsim.training.read_scenario import FOLDER, load_scenario, scenario_names, scenario_path, scenario_plant
from plantsim.training.scenario import Scenario


@pytest.fixture(scope="session")
def bridging() -> Scenario:
    """The shortest of the packaged scenarios."""
    return load_scenario("feeder-bridging")


@pytest.fixture(scope="session")
def scenarios() -> dict[str, Scenario]:
    """All packaged scenarios by name, each plant loaded once."""
    plants = {name: load_plant(name) for name in plant_names()}
    return {name: load_scenario(name, plants[scenario_plant(scenario_path(name))]) for name in scenario_names()}


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, str], Path]:
    """A file with the shortest scenario in which one text stands for another."""
    text = (FOLDER / "feeder-bridging.toml").read_text(encoding="utf-8")

    def write(old: str, new: str) -> Path:
        assert old in text
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return write
