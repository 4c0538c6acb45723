"""The image that clients see, row by row as DataValues."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from plantsim.engine.image import ProcessImage
from plantsim.model.tag import TagTable, ValueType
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

    def replace(self, image: ProcessImage) -> list[int]:
        """Show another image; the rows of the tags whose value or status differ."""
        before, self.image = self.image, image
        # compared bit by bit: a nan that stays is no change
        changed = before.value.view(np.int64) != image.value.view(np.int64)
        changed |= before.status != image.status
        self.changed = changed
        rows: list[int] = np.flatnonzero(changed & self._is_tag).tolist()
        rows += [row for row, count in self._count.items() if changed[row : row + count].any()]
        return rows
