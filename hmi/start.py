"""The ways to start the HMI: in this terminal, or headless for a picture."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from hmi.comm.login import Login, Security
from hmi.replay import Player, read_session
from hmi.settings import Settings, config_file, load, state_file


def main(
    endpoint: str,
    user: str | None = None,
    password: str | None = None,
    security: Security = "none",
    theme: str = "",
    ascii_only: bool = False,
    trust: str = "",
    session: Path | None = None,
) -> int:
    """Run the HMI in this terminal until it is left. Returns the exit code: 0, or 3 when the program itself failed.

    session: the JSON of a debrief, whose session is replayed from what the server remembers.

    Raises NotASession, or SettingsError for a configuration file that cannot be used.
    """
    from hmi.app import HmiApp

    settings = preferences(theme, ascii_only)
    settings.state = state_file()
    _hush()
    player = Player(read_session(session)) if session is not None else None
    app = HmiApp(endpoint, Login(user, password, security, trust=trust), settings, player)
    app.run()
    return app.return_code or 0


def picture(
    endpoint: str,
    path: Path,
    display: str,
    size: tuple[int, int],
    user: str | None = None,
    password: str | None = None,
    security: Security = "none",
    theme: str = "",
    ascii_only: bool = False,
    trust: str = "",
    session: Path | None = None,
) -> None:
    """Take a picture of a display. session: as for ``main``.

    Raises NoPicture, NotASession or SettingsError, and OSError where it cannot be written.
    """
    from hmi.screenshot import take

    _hush()
    settings = preferences(theme, ascii_only)
    player = Player(read_session(session)) if session is not None else None
    asyncio.run(take(endpoint, Login(user, password, security, trust=trust), settings, path, display, size, player))


def preferences(theme: str = "", ascii_only: bool = False) -> Settings:
    """What the configuration file prefers, and before it what was asked for. Raises SettingsError.

    NO_COLOR in the environment (https://no-color.org) asks for none.
    """
    settings = load(config_file())
    if theme or os.environ.get("NO_COLOR"):
        settings.theme = theme or "mono"
    settings.ascii = settings.ascii or ascii_only
    return settings


def _hush() -> None:
    """asyncua's log must not write over the display."""
    quiet = logging.getLogger("asyncua")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
