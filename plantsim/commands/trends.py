"""Every tag's trend in a file: one row per sample, one column per tag, empty where the value's quality is Bad."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from plantsim.commands.stop import Stop

if TYPE_CHECKING:
    from plantsim.engine.image import ProcessImage
    from plantsim.model.tag import Tag

BAD = 0x80000000
"""Set in the status of a value that must not be used."""
ROWS_AT_ONCE = 1000
"""Rows kept before they are written, in Parquet a row group."""


def open_trends(path: Path, tags: Sequence[Tag]) -> CsvTrends | ParquetTrends:
    """A file of the kind that the suffix names, ``.csv`` or ``.parquet``; ``Stop`` when it can not be written.

    Profiles, which are arrays, are left out.
    """
    from plantsim.model.tag import ValueType

    tags = [tag for tag in tags if tag.type is not ValueType.PROFILE]
    try:
        return CsvTrends(path, tags) if path.suffix == ".csv" else ParquetTrends(path, tags)
    except ModuleNotFoundError as error:
        raise Stop(
            f"--out {path}: Parquet needs {error.name}: pip install 'plantsim[data]'; .csv needs nothing"
        ) from None
    except OSError as error:
        raise Stop(f"--out {path}: {error.strerror or error}") from None


def cells(image: ProcessImage, tags: Sequence[Tag]) -> list[Any]:
    """The values of one image as Python objects of the tags' types; None where the quality is Bad."""
    values, bad = image.value.tolist(), (image.status & BAD).tolist()
    return [None if bad[tag.row] else tag_value(tag, values[tag.row]) for tag in tags]


def tag_value(tag: Tag, value: float) -> Any:
    """What a row of the image means: a number, a bool, a text, a time in UTC; None where there is nothing yet."""
    from plantsim.model.tag import ValueType

    if value != value:  # nan
        return None
    match tag.type:
        case ValueType.FLOAT:
            return value
        case ValueType.BOOL:
            return value != 0
        case ValueType.TIME:
            return datetime.fromtimestamp(value, UTC)
        case ValueType.TEXT:
            return tag.states[int(value)]
        case _:
            return int(value)


class CsvTrends:
    """RFC 4180; times in ISO 8601."""

    def __init__(self, path: Path, tags: Sequence[Tag]) -> None:
        self._tags = tags
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(["time", *(tag.name for tag in tags)])

    def add(self, image: ProcessImage) -> None:
        """Write one row."""
        time = datetime.fromtimestamp(image.plant_time, UTC)
        row = [time, *cells(image, self._tags)]
        self._writer.writerow([cell.isoformat() if isinstance(cell, datetime) else cell for cell in row])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class ParquetTrends:
    """Columns of the tags' own types; each field's metadata has the description and the engineering unit."""

    def __init__(self, path: Path, tags: Sequence[Tag]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        from plantsim.model.tag import ValueType

        time = pa.timestamp("us", tz="UTC")
        types = {
            ValueType.FLOAT: pa.float64(),
            ValueType.BOOL: pa.bool_(),
            ValueType.UINT16: pa.uint16(),
            ValueType.UINT32: pa.uint32(),
            ValueType.INT64: pa.int64(),
            ValueType.TIME: time,
            ValueType.TEXT: pa.string(),
        }
        fields = [
            pa.field(tag.name, types[tag.type], metadata={"description": tag.description, "eu": tag.eu}) for tag in tags
        ]
        self._schema = pa.schema([pa.field("time", time, nullable=False), *fields])
        self._writer = pq.ParquetWriter(path, self._schema)
        self._tags = tags
        self._rows: list[list[Any]] = []

    def add(self, image: ProcessImage) -> None:
        """Keep one row, and write when there are enough."""
        self._rows.append([datetime.fromtimestamp(image.plant_time, UTC), *cells(image, self._tags)])
        if len(self._rows) == ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rows:
            self._flush()
        self._writer.close()
