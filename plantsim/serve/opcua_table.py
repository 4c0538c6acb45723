"""The image that clients see, row by row as DataValues."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from plantsim.engine.image import ProcessImage
from plantsim.model.tag import TagTable, ValueType
from plantsim.serve.opcua_records import Places, Records, records_of
from plantsim.serve.opcua_values import moment, profile, status_code, wire_type

MANY = 4
"""One in so many rows of an image from which on it pays to make the records of all, once for everybody."""


class LiveTable:
    """The image that clients see, as DataValues by row. It is replaced whole: one request reads one scan."""

    def __init__(self, tags: TagTable, image: ProcessImage) -> None:
        self.image = image
        self.changed: NDArray[np.bool_] = np.zeros(len(image.value), dtype=np.bool_)
        """Rows in which the image differs from the one before."""
        self._wire = {tag.row: wire_type(tag) for tag in tags if tag.type is not ValueType.PROFILE}
        self._count = {tag.row: tag.count for tag in tags if tag.type is ValueType.PROFILE}
        self._is_tag = np.zeros(len(image.value), dtype=np.bool_)
        self._is_tag[list(self._wire)] = True
        self._records: tuple[Records, bool] | None = None
        """Of the whole image, once somebody has asked for many."""

    def read(self, row: int, now: datetime | None = None) -> ua.DataValue:
        """Value, status and source time of the tag at a row; ``now`` is its server time, by default the call's."""
        image = self.image
        if row in self._count:
            variant, status = profile(image.value[row : row + self._count[row]], int(image.status[row]))
        else:
            variant, status = self._wire[row].variant(float(image.value[row]), int(image.status[row]))
        return ua.DataValue(
            variant, status_code(status), moment(float(image.time[row])), datetime.now(UTC) if now is None else now
        )

    def records(self, rows: Places) -> tuple[Records, bool]:
        """Records of rows that are one Double each, and whether all are plain (``opcua_records``)."""
        if self._records is None:
            if MANY * len(rows) < len(self.image.value):
                return records_of(self.image, rows)
            self._records = records_of(self.image)
        found, plain = self._records
        return found.take(rows), plain

    def replace(self, image: ProcessImage) -> None:
        """Show another image."""
        before, self.image, self._records = self.image, image, None
        # compared bit by bit: a nan that stays is no change
        self.changed = before.value.view(np.int64) != image.value.view(np.int64)
        self.changed |= before.status != image.status

    def changed_rows(self) -> list[int]:
        """Rows of the tags whose value or status differ from the image before."""
        rows: list[int] = np.flatnonzero(self.changed & self._is_tag).tolist()
        return rows + [row for row, count in self._count.items() if self.changed[row : row + count].any()]
