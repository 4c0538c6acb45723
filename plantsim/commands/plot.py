"""The main trends of a run as a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from plantsim.commands.stop import Stop

if TYPE_CHECKING:
    from plantsim.engine.image import ProcessImage
    from plantsim.model.tag import Tag

PANELS = (
    ("Feed, kg/h", r"WIC-100\.(PV|SP)"),
    ("Oxide, kg/h", r"KPI\.OxideRate\..+"),
    ("Purity, %", r"KPI\.Purity\..+|AI-7\d\d\.PV"),
    ("Recovery, %", r"KPI\.Recovery\..+"),
)
"""Title of each panel, and the tags it shows."""


class Plot:
    """Collects the main tags of each sample and draws them at the end."""

    def __init__(self, path: Path, tags: Sequence[Tag], title: str) -> None:
        try:
            import matplotlib  # noqa: F401  # asked for now, not after hours of plant time
        except ModuleNotFoundError as error:
            raise Stop(f"--plot {path}: needs {error.name}: pip install 'plantsim[plot]'") from None
        self._path = path
        self._title = title
        self._panels = [(name, [tag for tag in tags if re.fullmatch(pattern, tag.name)]) for name, pattern in PANELS]
        self._times: list[float] = []
        self._values: dict[str, list[float]] = {tag.name: [] for _, shown in self._panels for tag in shown}

    def add(self, image: ProcessImage) -> None:
        """Keep one sample."""
        self._times.append(image.plant_time)
        for _, shown in self._panels:
            for tag in shown:
                self._values[tag.name].append(float(image.value[tag.row]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.save()

    def save(self) -> None:
        """Draw, in the format that the file's suffix names."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 2.2 * len(self._panels)), layout="constrained")
        figure.suptitle(self._title)
        axes = figure.subplots(len(self._panels), sharex=True)
        hours = [(time - self._times[0]) / 3600 for time in self._times]
        for axis, (name, shown) in zip(axes, self._panels, strict=True):
            for tag in shown:
                axis.plot(hours, self._values[tag.name], label=tag.name, linewidth=1)
            axis.set_ylabel(name)
            axis.ticklabel_format(axis="y", useOffset=False)
            axis.grid(alpha=0.3)
            if shown:
                axis.legend(fontsize="small", loc="upper left")
        axes[-1].set_xlabel("plant time, h")
        try:
            figure.savefig(self._path)
        except OSError as error:
            raise Stop(f"--plot {self._path}: {error.strerror or error}") from None
