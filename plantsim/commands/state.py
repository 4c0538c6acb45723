"""The state folder: certificates, passwords, snapshots, logs."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from plantsim.commands.stop import Stop


def state_folder(chosen: Path | None) -> Path:
    """The folder that the user chose, else the platform's; made when it is not there, for its owner alone."""
    folder = chosen or platformdirs.user_state_path("plantsim")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Stop(f"--state {folder}: {error.strerror}") from None
    return folder


def start_of(chosen: Path | None, plant: str, start: str) -> str:
    """What the engine is to start from: ``cold``, ``steady``, or the file of a snapshot given by name or path.

    Raises Stop for a name that no snapshot has.
    """
    if start in ("cold", "steady") or "/" in start:
        return start
    path = snapshot_path(state_folder(chosen), plant, start)
    if not path.exists():
        kept = sorted(one.stem for one in path.parent.glob(f"*{path.suffix}"))
        names = ", ".join(["cold", "steady", *kept])
        raise Stop(f"--start {start}: found no state of that name of {plant}; allowed {names}, or a path")
    return str(path)


def snapshot_folder(folder: Path, plant: str) -> Path:
    """Where a plant's snapshots stand in the state folder."""
    return folder / "snapshots" / plant


def journal_path(folder: Path, plant: str) -> Path:
    """Where a plant's journal of events stands in the state folder."""
    return folder / "journal" / f"{plant}.sqlite3"


def snapshot_path(folder: Path, plant: str, name: str) -> Path:
    """Where a plant's snapshot of that name stands in the state folder."""
    from plantsim.engine.shelf import snapshot_file

    return snapshot_file(snapshot_folder(folder, plant), name)


def history_path(folder: Path, plant: str) -> Path:
    """Where a plant's history stands in the state folder."""
    return folder / "history" / f"{plant}.sqlite"
