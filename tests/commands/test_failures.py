"""Runs that can not start or that fail: one line on stderr, and the exit code that tells which."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from plantsim.cli import main
from plantsim.engine.live import LivePlant, NumericStop
from plantsim.model.load import FOLDER

SERVERS = ("--opcua", "0", "--modbus", "0", "--insecure")


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A plant file of the user's own, without its snapshot."""
    return Path(shutil.copy(FOLDER / "belfast.toml", tmp_path / "mine.toml"))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A core whose state is soon not finite."""

    def advance(self: LivePlant, scans: int) -> None:
        raise NumericStop("R-201: H is not finite in scan 7")

    monkeypatch.setattr(LivePlant, "advance", advance)


@pytest.mark.parametrize("words", [["simulate"], ["run", *SERVERS]], ids=["simulate", "run"])
def test_plant_without_its_steady_state_says_how_to_find_it(
    plant: Path, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command, *options = words
    assert main([command, str(plant), *options, *(["--state", str(tmp_path)] if options else [])]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(rf"plantsim {command}: .*mine\.steady: .*; 'plantsim settle .*mine\.toml' .*\n", err)


@pytest.mark.usefixtures("failing")
def test_simulate_that_fails_exits_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--for", "1m"]) == 3
    expected = "plantsim simulate: the scan stopped: R-201: H is not finite in scan 7\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.usefixtures("failing")
def test_run_that_fails_exits_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *SERVERS, "--state", str(tmp_path), "--for", "1m"]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("ready plant=belfast ")
    assert err.endswith("plantsim run: the scan stopped: R-201: H is not finite in scan 7\n")


def test_state_folder_that_can_not_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    assert main(["run", "--opcua", "0", "--modbus", "0", "--state", str(file / "state")]) == 1
    assert re.fullmatch(r"plantsim run: --state .*: Not a directory\n", capsys.readouterr().err)


def test_check_reports_a_map_that_is_wrong(plant: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(plant), "--update"]) == 0
    addresses = plant.with_suffix(".map.toml")
    text = addresses.read_text()
    addresses.write_text(text.replace('"WIC-100.SP" = "1/holding/10/', '"WIC-100.SP" = "1/holding/9000/'))
    capsys.readouterr()
    assert main(["check", str(addresses)]) == 1
    assert re.match(
        r"plantsim check: mine\.map\.toml:\d+: tags\.WIC-100\.SP: found .*, allowed ", capsys.readouterr().err
    )


def test_a_state_that_nobody_kept_is_refused_with_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "snapshots" / "belfast"
    folder.mkdir(parents=True)
    (folder / "before_lot.snapshot").touch()
    assert main(["simulate", "--for", "1s", "--start", "last", "--state", str(tmp_path)]) == 1
    allowed = "allowed cold, steady, before_lot, or a path"
    expected = f"plantsim simulate: --start last: found no state of that name of belfast; {allowed}\n"
    assert capsys.readouterr() == ("", expected)
