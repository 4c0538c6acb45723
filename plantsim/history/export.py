"""Exporting a history: long tables of time, tag, value and status."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from plantsim.history.samples import Samples, joined
from plantsim.history.store import HistoryError, connect_reader, lineage, read_branches, read_rolled, read_tail, tail_of

COLUMNS = ("time", "tag", "value", "status")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def recorded(path: Path, tags: Sequence[str], start: int, end: int) -> Iterator[tuple[str, Samples]]:
    """The samples of some tags, of all for none given, in µs of plant time, as the newest branch has them.

    Raises HistoryError for a tag that the file does not know. May be read while a run writes.
    """
    with closing(connect_reader(path)) as db:
        db.execute("BEGIN")  # one state of the file for all
        branches = read_branches(db)
        until = lineage(branches, branches[-1].id) if branches else {}
        tail = read_tail(db)
        ids: dict[str, list[int]] = {}
        for number, name in db.execute("SELECT id, name FROM series ORDER BY id"):
            ids.setdefault(name, []).append(number)
        for tag in tags or sorted(ids):
            if tag not in ids:
                raise HistoryError(f"history {path}: there is no {tag}")
            pieces = []
            for number in ids[tag]:
                pieces += read_rolled(db, path, number, start, end, until)
                pieces += tail_of(tail, number, start, end, until)
            yield tag, joined([samples for _, samples in sorted(pieces, key=lambda piece: piece[0])])


def write_csv(path: Path, rows: Iterator[tuple[str, Samples]]) -> int:
    """Write a CSV file; the number of its rows. Times are ISO 8601, statuses hexadecimal; what is bad has no value."""
    count = 0
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for tag, samples in rows:
            times = [_iso(time) for time in samples.time.tolist()]
            values = ["" if value != value else repr(value) for value in samples.value.tolist()]
            statuses = [f"0x{status:08X}" for status in samples.status.tolist()]
            writer.writerows(zip(times, [tag] * len(samples), values, statuses, strict=True))
            count += len(samples)
    return count


def write_parquet(path: Path, rows: Iterator[tuple[str, Samples]]) -> int:
    """Write a Parquet file, a row group for each tag; the number of its rows. Raises ImportError without pyarrow."""
    import pyarrow
    import pyarrow.parquet

    schema: Any = pyarrow.schema(
        [
            ("time", pyarrow.timestamp("us", tz="UTC")),
            ("tag", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
            ("value", pyarrow.float64()),
            ("status", pyarrow.uint32()),
        ]
    )
    count = 0
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for tag, samples in rows:
            names = pyarrow.DictionaryArray.from_arrays(
                pyarrow.array([0] * len(samples), pyarrow.int32()), pyarrow.array([tag])
            )
            columns = [
                pyarrow.array(samples.time, schema.field("time").type),
                names,
                pyarrow.array(samples.value, from_pandas=True),
                pyarrow.array(samples.status),
            ]
            writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))
            count += len(samples)
    return count


def _iso(time: int) -> str:
    return (_EPOCH + timedelta(microseconds=time)).isoformat().replace("+00:00", "Z")
