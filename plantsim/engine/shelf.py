"""The snapshots of one plant by name: a folder of files, and the names that stand for states of their own."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from plantsim.engine.live import STARTS, LivePlant, steady_path
from plantsim.engine.snapshot import Arrays, SnapshotError, read_snapshot, write_snapshot
from plantsim.model.plant import Plant

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
RESERVED = (*STARTS, "last")
"""Names that nobody saves under: the start states, and what a run leaves behind."""


class NoSuchSnapshot(SnapshotError):
    """There is no snapshot of that name."""


def snapshot_file(folder: Path, name: str) -> Path:
    """The file of a snapshot."""
    return folder / f"{name}.snapshot"


@dataclass(frozen=True, slots=True)
class Kept:
    """A snapshot that can be restored. saved: wall time of its file, seconds since 1970; nan for a start state."""

    name: str
    saved: float


class Shelf:
    """folder: of the plant's snapshots; None keeps none."""

    def __init__(self, plant: Plant, folder: Path | None) -> None:
        self._plant = plant
        self._folder = folder

    def check_name(self, name: str, *, saving: bool = False) -> None:
        """Raise SnapshotError for what is no name, or when saving under a reserved one."""
        if not NAME.fullmatch(name):
            raise SnapshotError(f"snapshot: found the name {name!r}, allowed 1 to 64 of A-Z a-z 0-9 _ -")
        if saving and name in RESERVED:
            raise SnapshotError(f"snapshot: found the name {name!r}, allowed any but {', '.join(RESERVED)}")

    def save(self, name: str, arrays: Arrays) -> Path:
        """Write a state under a name, atomically. Raises SnapshotError, or OSError where it cannot be written."""
        self.check_name(name, saving=True)
        if self._folder is None:
            raise SnapshotError("snapshot: this plant has no folder to keep it in")
        path = snapshot_file(self._folder, name)
        write_snapshot(path, self._plant.sha256, arrays)
        return path

    def kept(self) -> list[Kept]:
        """What can be restored: the start states, then the files, the newest first."""
        starts = [name for name in STARTS if name != "steady" or steady_path(self._plant).exists()]
        files = [] if self._folder is None else [*self._folder.glob(snapshot_file(self._folder, "*").name)]
        found = []
        for file in files:
            with suppress(FileNotFoundError):  # taken away meanwhile
                if NAME.fullmatch(file.stem):
                    found.append(Kept(file.stem, file.stat().st_mtime))
        found.sort(key=lambda one: (-one.saved, one.name))
        return [*(Kept(name, math.nan) for name in starts), *found]

    def read(self, name: str, live: LivePlant) -> Arrays:
        """The state of that name for a plant that runs. Raises NoSuchSnapshot, or SnapshotError with the reason.

        ``cold`` and ``steady`` go on with the seed of the run, all others with their own.
        """
        self.check_name(name)
        if name == "cold":
            cold = LivePlant(self._plant, scan_period=live.scan_period, seed=live.seed, start="cold")
            return cold.arrays()
        if name == "steady":
            path = steady_path(self._plant)
        elif self._folder is not None:
            path = snapshot_file(self._folder, name)
        else:
            raise NoSuchSnapshot(f"snapshot: found {name!r}, allowed {', '.join(STARTS)}: this plant keeps no others")
        if not path.exists():
            raise NoSuchSnapshot(f"{path}: not there")
        arrays = read_snapshot(path, self._plant.sha256)
        if name == "steady":
            own = live.arrays()
            return {**arrays, "seed": own["seed"], "scan_period": own["scan_period"]}
        live.check_scan(arrays, str(path))
        return arrays
