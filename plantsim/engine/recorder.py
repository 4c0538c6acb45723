"""Trends of some tags over a run, in memory: the newest rows, as many as there is room for."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plantsim.engine.image import BAD, ProcessImage
from plantsim.engine.live import LivePlant
from plantsim.model.tag import Tag


class Recorder:
    """names: of the columns. every: s of plant time between rows, a whole number of scans. most: rows kept."""

    def __init__(self, names: Sequence[str], tags: Sequence[Tag], every: float, most: int, scan_period: float) -> None:
        scans = round(every / scan_period) if 0.0 < every < float("inf") else 0
        if scans < 1 or abs(scans * scan_period - every) > 1e-9 * every:
            raise ValueError(f"every: found {every} s, allowed a multiple of the scan's {scan_period} s")
        if most < 1:
            raise ValueError(f"most: found {most}, allowed 1 row or more")
        self._names = tuple(names)
        self._rows = np.array([tag.row for tag in tags], dtype=np.intp)
        self._scans = scans
        self._times: deque[float] = deque(maxlen=most)
        self._values: deque[NDArray[np.float64]] = deque(maxlen=most)

    def column(self, tag: Tag) -> str | None:
        """The name of the column that has a tag's values, None if there is none."""
        found = np.flatnonzero(self._rows == tag.row)
        return self._names[int(found[0])] if len(found) else None

    def scans_to_go(self, live: LivePlant) -> int:
        """Scans to the next row."""
        return self._scans - int(live.core.scan) % self._scans

    def is_due(self, live: LivePlant) -> bool:
        """Whether the present scan makes a row."""
        return int(live.core.scan) % self._scans == 0

    def add(self, image: ProcessImage) -> None:
        """Keep a row; what is Bad becomes nan."""
        self._times.append(image.plant_time)
        self._values.append(np.where(image.status[self._rows] & BAD, np.nan, image.value[self._rows]))

    def arrays(self) -> dict[str, NDArray[np.float64] | NDArray[np.datetime64]]:
        """``time`` (UTC, microseconds) and a column for each name."""
        micros = np.round(1e6 * np.array(self._times)).astype(np.int64)
        table = np.array(self._values).reshape(len(self._times), len(self._names))
        columns: dict[str, NDArray[np.float64] | NDArray[np.datetime64]] = {"time": micros.astype("datetime64[us]")}
        return columns | {name: table[:, i].copy() for i, name in enumerate(self._names)}
