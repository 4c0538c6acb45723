"""Whole hours as Parquet files: read as if they were still in the data base, and in one place whatever happens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plantsim.history import archive
from plantsim.history.archive import HOUR_US, folder_of
from plantsim.history.exceptions import Entry
from plantsim.history.export import recorded
from plantsim.history.settings import SettingsError, read_settings
from plantsim.history.store import Branch, Store, connect_reader, read_rolled

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed (pip install 'plantsim[data]')")

EVER = {1: 2**62}
STEP = 600_000_000
"""Between two samples, µs."""
DAY = 480_000 * HOUR_US
"""A whole hour."""


def fill(store: Store, hours: int) -> None:
    """Two series, six samples an hour each, rolled each hour."""
    store.series_ids([("A.PV", "A"), ("B.PV", "B")])
    store.append([Branch(1, None, 0, DAY)], [])
    for hour in range(hours):
        times = [DAY + hour * HOUR_US + k * STEP for k in range(6)]
        entries = [
            Entry(1, time, np.array([1, 2], np.int32), np.array([time * 1.0, -time * 1.0]), np.array([0, k], np.uint32))
            for k, time in enumerate(times)
        ]
        store.append([], entries)
        store.roll(entries)


def read(path: Path, series: int = 1, start: int = 0, end: int = 2**62, until: dict[int, int] = EVER) -> list[int]:
    db = connect_reader(path)
    pieces = read_rolled(db, path, series, start, end, until)
    db.close()
    return [time for _, samples in pieces for time in samples.time.tolist()]


def test_whole_hours_become_files_and_are_read_as_before(tmp_path: Path) -> None:
    store = Store(tmp_path / "h.sqlite")
    fill(store, 4)
    before = read(store.path), read(store.path, 2, DAY + STEP, DAY + 9 * STEP)
    store.archive(DAY + 3 * HOUR_US + STEP)
    files = sorted(folder_of(store.path).iterdir())
    assert len(files) == 3
    assert (read(store.path), read(store.path, 2, DAY + STEP, DAY + 9 * STEP)) == before
    assert read(store.path, until={1: DAY + 2 * STEP}) == [DAY, DAY + STEP]
    assert read(store.path, until={2: 2**62}) == []
    store.archive(DAY + 3 * HOUR_US + STEP)
    assert sorted(folder_of(store.path).iterdir()) == files, "an hour is written once"
    exported = dict(recorded(store.path, (), 0, 2**62))
    assert exported["B.PV"].time.tolist() == before[0]
    assert exported["B.PV"].value.tolist() == [-1.0 * time for time in before[0]]
    assert exported["B.PV"].status.tolist() == [0, 1, 2, 3, 4, 5] * 4
    store.close()


def test_other_programs_read_the_files_as_they_are(tmp_path: Path) -> None:
    store = Store(tmp_path / "h.sqlite")
    fill(store, 1)
    store.archive(DAY + HOUR_US)
    store.close()
    (path,) = folder_of(store.path).iterdir()
    table = pq.read_table(path)
    assert table.column_names == ["time", "tag", "value", "status", "branch", "series"]
    rows = table.to_pylist()
    assert (rows[0]["tag"], rows[-1]["tag"], len(rows)) == ("A.PV", "B.PV", 12)
    assert round(rows[0]["time"].timestamp() * 1e6) == DAY
    assert path.stat().st_mode & 0o077 == 0


def test_what_ends_between_the_steps_loses_nothing_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "h.sqlite")
    fill(store, 2)
    before = read(store.path)
    write = archive.write_file

    def interrupted(*arguments: object) -> int:
        write(*arguments)  # type: ignore[arg-type]
        raise OSError("the end")

    monkeypatch.setattr(archive, "write_file", interrupted)
    with pytest.raises(OSError, match="the end"):
        store.archive(DAY + HOUR_US)
    monkeypatch.undo()
    store.abandon()
    others = folder_of(store.path) / "notes.txt"
    others.write_text("not ours")
    again = Store(store.path)
    assert list(folder_of(store.path).iterdir()) == [others]
    assert read(store.path) == before
    again.archive(DAY + 2 * HOUR_US)
    assert read(store.path) == before
    again.close()


def test_the_oldest_files_go_by_age_and_by_size(tmp_path: Path) -> None:
    store = Store(tmp_path / "h.sqlite")
    fill(store, 6)
    store.archive(DAY + 5 * HOUR_US)
    assert len(list(folder_of(store.path).iterdir())) == 5
    store.retain(DAY + 2 * HOUR_US, 1e12)
    assert read(store.path)[0] == DAY + 2 * HOUR_US
    sizes = [path.stat().st_size for path in folder_of(store.path).iterdir()]
    store.retain(0, store.size() + sum(sizes) - 1)
    assert read(store.path)[0] == DAY + 3 * HOUR_US
    assert len(list(folder_of(store.path).iterdir())) == 2
    assert read(store.path)[-1] == DAY + 6 * HOUR_US - STEP
    store.close()


def test_a_file_that_is_gone_is_an_hour_that_is_lost_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "h.sqlite")
    fill(store, 3)
    store.archive(DAY + 3 * HOUR_US)
    store.close()
    min(folder_of(store.path).iterdir()).unlink()
    assert read(store.path)[0] == DAY + HOUR_US
    Store(store.path).close()
    assert "its hour is lost" in caplog.text


def test_files_are_asked_for_in_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "h.toml"
    path.write_text("format = 1\nparquet = true\n")
    assert read_settings(path).parquet is True
    assert read_settings(tmp_path / "none").parquet is False
    path.write_text('format = 1\nparquet = "yes"\n')
    with pytest.raises(SettingsError, match="parquet: found 'yes', allowed true and false"):
        read_settings(path)
