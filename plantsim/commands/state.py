"""The state folder: certificates, passwords, logs."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def state_folder(chosen: Path | None) -> Path:
    """The folder that the user chose, else the platform's; made when it is not there, for its owner alone."""
    folder = chosen or platformdirs.user_state_path("plantsim")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
