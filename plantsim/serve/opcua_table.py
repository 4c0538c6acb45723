"""The image that clients see, row by row as DataValues."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from plantsim.engine.image import ProcessImage
from plantsim.model.tag import TagTable, ValueType
from plantsim.serve import _rows
from plantsim.serve.opcua_values import moment, profile, status_code, wire_type


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

    def replace(self, image: ProcessImage) -> None:
        """Show another image."""
        before, self.image = self.image, image
        # compared bit by bit: a nan that stays is no change
        self.changed = np.empty(len(image.value), np.bool_)
        _rows.differ(image.value, before.value, image.status, before.status, self.changed.view(np.uint8))

    def changed_rows(self) -> list[int]:
        """Rows of the tags whose value or status differ from the image before."""
        rows: list[int] = np.flatnonzero(self.changed & self._is_tag).tolist()
        return rows + [row for row, count in self._count.items() if self.changed[row : row + count].any()]
