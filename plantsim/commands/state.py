"""The state folder: certificates, passwords, logs."""

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
