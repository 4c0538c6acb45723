"""The historian of a plant: what it keeps, how it holds up a scan that is too fast, and what a killed run leaves."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plantsim.commands.itself import command
from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.history import historian as module
from plantsim.history.archive import folder_of
from plantsim.history.export import recorded
from plantsim.history.historian import Historian
from plantsim.history.samples import BAD_DATA_LOST, value_at
from plantsim.history.settings import SettingsError
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

EPOCH = 1_767_225_600.0
US = 1_000_000
INSTRUCTOR = Origin(Role.INSTRUCTOR, "test", "test")


@pytest.fixture(scope="module")
def plant() -> Plant:
    return load_plant("belfast")


def running(plant: Plant, path: Path, seconds: float, epoch: float = EPOCH) -> None:
    """A run of so much plant time, with a history."""
    engine = Engine(plant, epoch=epoch, frozen=True)
    historian = Historian(path, engine.tags, scan_period=0.1)
    historian.start()
    engine.sample(historian)
    engine.start()
    engine.step(seconds).result(60)
    engine.stop()
    historian.stop()


def test_a_run_is_sampled_each_second_and_within_its_dead_band(plant: Plant, tmp_path: Path) -> None:
    engine = Engine(plant, epoch=EPOCH, frozen=True)
    historian = Historian(tmp_path / "h.sqlite", engine.tags, scan_period=0.1)
    truth: dict[int, float] = {}
    row = engine.tags["TIC-201.PV"].row
    take = historian.take

    def watching(image: Any) -> None:
        truth[round(US * image.plant_time)] = float(image.value[row])
        take(image)

    historian.take = watching  # type: ignore[method-assign]
    historian.start()
    engine.sample(historian)
    engine.start()
    engine.step(120).result(60)
    engine.stop()
    assert len(truth) == 121
    found = historian.read("TIC-201.PV", 0, 2**62, newest=True)
    series = historian.series_of("TIC-201.PV")
    assert series is not None
    for at, value in truth.items():
        assert abs(value_at(found, at, stepped=False)[0] - value) <= 2 * series.deadband
    historian.stop()


def test_between_two_runs_the_history_says_that_nothing_was_kept(plant: Plant, tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    running(plant, path, 10)
    running(plant, path, 10, epoch=EPOCH + 3600)
    ((_, found),) = recorded(path, ["WIC-100.SP"], 0, 2**62)
    lost = found.status == BAD_DATA_LOST
    assert lost.sum() == 1
    at = int(lost.argmax())
    assert EPOCH * US < found.time[at] <= (EPOCH + 10) * US + 1
    assert found.time[at + 1] == round((EPOCH + 3600) * US)


def test_a_run_that_begins_earlier_hides_what_was_later(plant: Plant, tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    running(plant, path, 30)
    running(plant, path, 5, epoch=EPOCH + 10)
    ((_, found),) = recorded(path, ["KPI.Throughput"], 0, 2**62)
    assert found.time[-1] <= (EPOCH + 15) * US


def test_the_scan_waits_for_a_history_that_is_behind(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PENDING", 5000)
    engine = Engine(plant, epoch=EPOCH, speed=float("inf"))
    historian = Historian(tmp_path / "h.sqlite", engine.tags, scan_period=0.1)
    pacing = engine.tags["Simulation.Pacing"].row
    seen: list[float] = []
    engine.listen(lambda image: seen.append(float(image.value[pacing])))
    engine.sample(historian)  # nothing is written yet
    engine.start()
    try:
        wait_until(lambda: 1.0 in seen)
        stopped_at = engine.image.scan
        wait_until(lambda: historian.behind)
        historian.start()
        wait_until(lambda: engine.image.scan > stopped_at + 100)
        wait_until(lambda: 0.0 in seen[seen.index(1.0) :])
    finally:
        engine.stop()
        historian.stop()


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_a_disk_that_fails_ends_the_history_and_not_the_scan(plant: Plant, tmp_path: Path) -> None:
    engine = Engine(plant, epoch=EPOCH, frozen=True)
    historian = Historian(tmp_path / "h.sqlite", engine.tags, scan_period=0.1)

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    historian._store.append = fail  # type: ignore[assignment,method-assign]
    engine.sample(historian)
    historian.start()
    historian.flush()
    assert historian.failure is not None
    assert "disk I/O error" in historian.failure
    assert not historian.behind
    engine.start()
    engine.step(5).result(30)
    engine.stop()
    historian.stop()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format = 2", "format: allowed 1"),
        ("format = 1\nkeep_days = 0", "keep_days: found 0, allowed above 0"),
        ("format = 1\nkeep = 3", "keep: not known here; allowed: keep_days, max_mb, deadband_pct, longest_s"),
        (
            'format = 1\n[tags."FIC-201.PV"]\nband = 1',
            "tags.FIC-201.PV.band: not known here; allowed: deadband, longest_s",
        ),
        ('format = 1\n[tags."FIC-999.PV"]\ndeadband = 1', 'tags."FIC-999.PV": the plant has no such tag'),
    ],
)
def test_settings_that_are_wrong_are_refused(plant: Plant, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "h.sqlite.toml").write_text(text)
    engine = Engine(plant, frozen=True)
    with pytest.raises(SettingsError) as refused:
        Historian(tmp_path / "h.sqlite", engine.tags, scan_period=0.1)
    assert message in str(refused.value)


def test_settings_of_a_tag_and_of_all(plant: Plant, tmp_path: Path) -> None:
    tags = '[tags."FIC-201.PV"]\ndeadband = 7.5\n[tags."FIC-202.PV"]\nkeep = false\n'
    (tmp_path / "h.sqlite.toml").write_text(f"format = 1\nkeep_days = 2\ndeadband_pct = 1\n{tags}")
    engine = Engine(plant, frozen=True)
    historian = Historian(tmp_path / "h.sqlite", engine.tags, scan_period=0.1)
    bands = {series.tag.name: series.deadband for series in historian.series}
    assert bands["FIC-201.PV"] == 7.5
    assert "FIC-202.PV" not in bands
    span = engine.tags["TIC-201.PV"].high - engine.tags["TIC-201.PV"].low
    assert bands["TIC-201.PV"] == pytest.approx(0.01 * span)
    assert historian.settings.keep_days == 2
    historian.stop()


def test_export_to_csv_and_parquet(plant: Plant, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "h.sqlite"
    running(plant, path, 20)
    for name in ("out.csv", "out.parquet"):
        words = ["history", "export", "--history", str(path), "--out", str(tmp_path / name)]
        words += ["--tags", "WIC-100.PV,P-201.CMD", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T00:00:10Z"]
        done = subprocess.run(command(*words), capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["tag"] for row in rows} == {"WIC-100.PV", "P-201.CMD"}
    assert rows[0]["time"] == "2026-01-01T00:00:00Z"
    assert max(row["time"] for row in rows) <= "2026-01-01T00:00:10Z"
    table = pyarrow.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["value"] for row in table] == [float(row["value"]) for row in rows]
    assert [row["time"].isoformat() for row in table] == [row["time"].replace("Z", "+00:00") for row in rows]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "x.txt"], "--out x.txt: found .txt, allowed .csv and .parquet"),
        (["--out", "x.csv"], "not there"),
    ],
)
def test_export_refusals(tmp_path: Path, words: list[str], message: str) -> None:
    done = subprocess.run(
        command("history", "export", "--state", str(tmp_path), *words),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


WRITER = """
import json, sys
from pathlib import Path
from plantsim.engine.engine import Engine
from plantsim.history import historian as module
from plantsim.history.historian import Historian
from plantsim.model.load import load_plant

module.ROLL_SAMPLES = 3000
module.COMMIT_S = 0.01
engine = Engine(load_plant("belfast"), epoch=float(sys.argv[2]), speed=float("inf"))
historian = Historian(Path(sys.argv[1]), engine.tags, scan_period=0.1)
append = historian._store.append

def acknowledged(branches, entries, events):
    append(branches, entries, events)
    print(json.dumps([[e.time, int(n), float(x)] for e in entries for n, x in zip(e.series, e.value) if n % 100 == 1]))
    sys.stdout.flush()

historian._store.append = acknowledged
historian.start()
engine.sample(historian)
engine.start()
import time; time.sleep(3600)
"""


def lost(path: Path, told: dict[tuple[int, int], float], start: float) -> dict[tuple[int, int], Any]:
    """What was told of some series since a time (us since 1970), where the file, which is sound, has something else."""
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    numbers = dict(db.execute("SELECT id, name FROM series WHERE id % 100 = 1"))
    db.close()
    kept = {
        (number, at): value
        for number, (_, found) in zip(numbers, recorded(path, list(numbers.values()), int(start), 2**62), strict=True)
        for at, value in zip(found.time.tolist(), found.value.tolist(), strict=True)
    }
    return {key: (value, kept.get(key)) for key, value in told.items() if kept.get(key) != value}


@pytest.mark.parametrize(
    "parquet", [pytest.param("true", marks=pytest.mark.long), pytest.param("false", marks=pytest.mark.long(scale=2))]
)
def test_what_was_acknowledged_outlasts_a_kill(tmp_path: Path, scale: float, parquet: str) -> None:
    """kill -9 at any moment; the list of what was written is kept here, outside the process."""
    path, script = tmp_path / "h.sqlite", tmp_path / "writer.py"
    script.write_text(WRITER)
    # a hundred rounds are 116 days of plant time, more than is kept unless told to
    path.with_name("h.sqlite.toml").write_text(f"format = 1\nkeep_days = 1000\nparquet = {parquet}\n")
    known: dict[tuple[int, int], float] = {}
    for round_ in range(max(3, round(4 * scale))):
        began = EPOCH + 1e5 * round_
        words = [sys.executable, str(script), str(path), str(began)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(5 + 37 * round_ % 50)]
            assert process.poll() is None
            os.kill(process.pid, signal.SIGKILL)
            lines += process.stdout.readlines()
        new = [tuple(one) for line in lines if line.endswith("\n") for one in json.loads(line)]
        assert new[-1][0] < US * (began + 1e5)  # else the next run would take over from there
        told = {(number, at): value for at, number, value in new if value == value}
        assert lost(path, told, US * began) == {}
        known |= told
    assert lost(path, known, 0) == {}, "of an earlier run"
    assert len(known) > 1000
    assert folder_of(path).exists() == (parquet == "true")
