"""Whole hours of the history as Parquet files beside it, which other programs read as they are.

An hour's file is written whole under another name and renamed, and only then does one transaction note it and take its
samples out of the data base: whatever ends the process between, each sample is in one place or the other. pyarrow is
imported when there is something to write or to read: whoever keeps no such files need not have it.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from plantsim.history.samples import Samples

log = logging.getLogger(__name__)

HOUR_US = 3_600_000_000
ROW_GROUP = 20_000
"""Rows that a reader of one series has to decode at least."""
_OURS = re.compile(r"\.?\d{8}T\d\d-\d+\.parquet")

ARCHIVE_SCHEMA = """
CREATE TABLE IF NOT EXISTS archive (
    name TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, bytes INTEGER NOT NULL
) WITHOUT ROWID;
"""

Piece = tuple[int, int, Samples]
"""Number of a series, number of a branch, and samples."""


def folder_of(path: Path) -> Path:
    """Where the files of the history ``path`` are."""
    return path.with_name(f"{path.name}.parquet")


def can_archive() -> bool:
    """Whether pyarrow is installed."""
    return find_spec("pyarrow") is not None


def write_file(path: Path, pieces: list[Piece], names: Mapping[int, str]) -> int:
    """Write a file, whole or not at all; its size in bytes. names: of the series."""
    import pyarrow
    import pyarrow.parquet

    sizes = [len(samples) for _, _, samples in pieces]
    order = sorted({number for number, _, _ in pieces})
    place = {number: at for at, number in enumerate(order)}
    tags = np.repeat(np.array([place[number] for number, _, _ in pieces], np.int32), sizes)
    table = pyarrow.table(
        {
            "time": pyarrow.array(
                np.concatenate([samples.time for _, _, samples in pieces]), pyarrow.timestamp("us", tz="UTC")
            ),
            "tag": pyarrow.DictionaryArray.from_arrays(tags, [names.get(number, "") for number in order]),
            "value": np.concatenate([samples.value for _, _, samples in pieces]),
            "status": np.concatenate([samples.status for _, _, samples in pieces]),
            "branch": np.repeat(np.array([branch for _, branch, _ in pieces], np.int32), sizes),
            "series": np.repeat(np.array([number for number, _, _ in pieces], np.int32), sizes),
        }
    )
    path.parent.mkdir(mode=0o700, exist_ok=True)
    new = path.with_name(f".{path.name}")
    pyarrow.parquet.write_table(
        table,
        new,
        row_group_size=ROW_GROUP,
        compression="zstd",
        use_dictionary=["tag", "status", "branch", "series"],
        column_encoding={"time": "DELTA_BINARY_PACKED", "value": "BYTE_STREAM_SPLIT"},  # six tenths of the size
    )
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.chmod(0o600)
    new.replace(path)
    return path.stat().st_size


def read_archive(
    db: sqlite3.Connection, folder: Path, series: int, start: int, end: int, until: Mapping[int, int]
) -> list[tuple[int, Samples]]:
    """Samples of a series from ``start`` to ``end``, µs, both included, as far as its branches go (``until``, µs).

    In the order of the files, each with the branch's number. Raises ImportError without pyarrow, OSError for a file
    that cannot be read.
    """
    query = "SELECT name FROM archive WHERE last >= ? AND first <= ? ORDER BY first, name"
    names = [name for (name,) in db.execute(query, (start, end))]
    if not names:
        return []
    import pyarrow.parquet

    found: list[tuple[int, Samples]] = []
    for name in names:
        try:
            table = pyarrow.parquet.read_table(
                folder / name, columns=["time", "value", "status", "branch"], filters=[("series", "=", series)]
            )
        except FileNotFoundError:  # too old by now
            continue
        time = table["time"].to_numpy().astype("datetime64[us]").astype(np.int64)
        value, status, branch = (table[column].to_numpy() for column in ("value", "status", "branch"))
        for one in np.unique(branch).tolist():
            if one in until:
                here = branch == one
                samples = Samples(time[here], value[here], status[here])
                found.append((one, samples.between(start, min(end + 1, until[one]))))
    return found


def sweep(db: sqlite3.Connection, folder: Path) -> None:
    """Remove what a run that ended between two steps left behind, and forget files that are not there any more."""
    known = {name for (name,) in db.execute("SELECT name FROM archive")}
    there = {path.name for path in folder.iterdir() if _OURS.fullmatch(path.name)} if folder.is_dir() else set()
    for name in there - known:
        (folder / name).unlink()
    for name in known - there:
        log.error("%s is not there any more: its hour is lost", folder / name)
        with db:
            db.execute("DELETE FROM archive WHERE name = ?", (name,))


def forget(db: sqlite3.Connection, folder: Path, condition: str, parameters: tuple[Any, ...]) -> int:
    """Remove the files that a condition on ``archive`` holds for; how many they were."""
    names = [name for (name,) in db.execute(f"SELECT name FROM archive WHERE {condition}", parameters)]
    with db:
        db.executemany("DELETE FROM archive WHERE name = ?", [(name,) for name in names])
    for name in names:
        (folder / name).unlink(missing_ok=True)
    return len(names)


def archived_bytes(db: sqlite3.Connection) -> int:
    """Bytes of all files."""
    return int(db.execute("SELECT COALESCE(SUM(bytes), 0) FROM archive").fetchone()[0])
