"""Scenarios as text, with one key changed at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plantsim.training.read_scenario import FOLDER, load_scenario
from plantsim.training.scenario import Scenario


@pytest.fixture(scope="session")
def bridging() -> Scenario:
    """The shortest of the packaged scenarios."""
    return load_scenario("feeder-bridging")


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
