"""``plantsim new``: the plant it writes works, and nothing is overwritten."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from plantsim.commands.itself import command
from plantsim.engine.live import LivePlant
from plantsim.engine.simulate import simulate
from plantsim.model.load import load_plant
from plantsim.model.schema import plant_schema


def new(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, run in a folder."""
    return subprocess.run(command("new", *words), capture_output=True, text=True, timeout=120, check=False, cwd=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a plant was written."""
    folder = tmp_path_factory.mktemp("plants")
    done = new(folder, "my-plant", "--title", "Mine: {a} plant")
    assert (done.returncode, done.stderr) == (0, "")
    assert "plantsim demo ./my-plant.toml" in done.stdout
    return folder


def test_it_writes_file_map_and_steady_state(folder: Path) -> None:
    files = ["my-plant.map.toml", "my-plant.steady", "my-plant.toml", "plant.schema.json"]
    assert sorted(path.name for path in folder.iterdir()) == files
    plant = load_plant(folder / "my-plant.toml")
    assert (plant.name, plant.title) == ("my-plant", "Mine: {a} plant")


def test_an_editor_finds_the_schema_by_the_first_line(folder: Path) -> None:
    first = (folder / "my-plant.toml").read_text(encoding="utf-8").splitlines()[0]
    schema = folder / first.removeprefix("#:schema ")
    assert json.loads(schema.read_text(encoding="utf-8")) == plant_schema()


def test_its_stores_begin_as_full_as_the_file_says(folder: Path) -> None:
    """The search for the steady state has drawn on them for half a day."""
    plant = load_plant(folder / "my-plant.toml")
    live = LivePlant(plant)
    first = live.core.offsets()
    stores = [unit for unit in plant.units if unit.kind == "store" and unit.parameters["span"]]
    assert len(stores) == 3
    for unit in stores:
        held = live.core.state[first[live.layout.units[unit.id]]]
        assert held == pytest.approx(0.01 * unit.parameters["initial"] * unit.parameters["span"]), unit.id


def test_its_day_is_in_spec_quiet_and_closed(folder: Path) -> None:
    report = simulate(load_plant(folder / "my-plant.toml"), 86400.0)
    assert report.products["Nd2O3"].purity_pct > 99.6
    assert report.products["Nd2O3"].recovery_pct == pytest.approx(98.1, abs=0.5)
    assert (report.off_spec_kg, report.alarms) == (0.0, 0)
    assert report.balance_error < 1e-11


def test_a_file_that_is_there_stays(folder: Path) -> None:
    before = (folder / "my-plant.toml").read_bytes()
    done = new(folder, "my-plant")
    assert done.returncode == 1
    assert done.stderr == "plantsim new: my-plant.toml: there already; allowed a name that is free\n"
    assert (folder / "my-plant.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["My plant"], 'plantsim new: NAME: My plant: allowed a name in lower case such as "my-plant"\n'),
        (
            ["x", "--title", 'a "b"'],
            "plantsim new: --title: 'a \"b\"': allowed one line without quotes and backslashes\n",
        ),
    ],
)
def test_what_cannot_stand_in_the_file_is_refused(tmp_path: Path, words: list[str], message: str) -> None:
    done = new(tmp_path, *words)
    assert (done.returncode, done.stderr) == (2, message)
    assert list(tmp_path.iterdir()) == []
