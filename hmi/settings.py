"""What the operator prefers: read from a configuration file and the command line, and what is remembered between runs.

    # <the platform's configuration folder>/plantsim/hmi.toml
    theme = "grey-light"
    ascii = true

    [keys]
    ack = "space"

Keys are Textual's names; a command with several keys takes as many, separated by commas. No key may ask for two things
that are on offer at the same time.
"""

from __future__ import annotations

import json
import os
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from hmi.clashes import clash
from hmi.commands import TABLE

FILE = "hmi.toml"
THEMES = ("grey-dark", "grey-light", "sixteen", "mono")


class SettingsError(Exception):
    """The configuration file cannot be used; the message says where, what and what is allowed."""


@dataclass(slots=True)
class Settings:
    """Preferences. ``state`` is the file that remembers; None remembers nothing."""

    theme: str = ""
    """Of THEMES; empty is what the terminal can show, and what was chosen last."""
    ascii: bool = False
    """Only ASCII characters, for terminals and fonts without others."""
    keys: dict[str, str] = field(default_factory=dict)
    """Keys by command id, in place of the table's own."""
    state: Path | None = None


def config_file() -> Path:
    """Where the preferences are written."""
    return platformdirs.user_config_path("plantsim") / FILE


def state_file() -> Path:
    """Where the station remembers its trend groups and theme."""
    return platformdirs.user_state_path("plantsim") / "hmi" / "station.json"


def load(path: Path) -> Settings:
    """Preferences of a file; a file that is not there prefers nothing. Raises SettingsError."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    allowed = ("theme", "ascii", "keys")
    for key in found:
        if key not in allowed:
            raise SettingsError(f"{path}: {key}: unknown; allowed: {', '.join(allowed)}")
    theme = found.get("theme", "")
    if theme not in ("", *THEMES):
        raise SettingsError(f"{path}: theme: {theme!r}; allowed: {', '.join(THEMES)}")
    if not isinstance(found.get("ascii", False), bool):
        raise SettingsError(f"{path}: ascii: {found['ascii']!r}; allowed: true, false")
    return Settings(theme, found.get("ascii", False), _keys(path, found.get("keys", {})))


def _keys(path: Path, found: Any) -> dict[str, str]:
    commands = {command.id: command for command in TABLE}
    if not isinstance(found, dict):
        raise SettingsError(f"{path}: keys: {found!r}; allowed: a table of command = key")
    for id_, keys in found.items():
        command = commands.get(id_)
        if command is None:
            raise SettingsError(f"{path}: keys.{id_}: no such command; allowed: {', '.join(sorted(commands))}")
        count = len(command.keys.split(","))
        if not isinstance(keys, str) or len([key for key in keys.split(",") if key.strip()]) != count:
            raise SettingsError(f"{path}: keys.{id_}: {keys!r}; allowed: {count} key{'s' * (count > 1)}, as in "
                                f"{command.keys!r}")  # fmt: skip
    wanted = {id_: ",".join(key.strip() for key in keys.split(",")) for id_, keys in found.items()}
    if (found_clash := clash(wanted)) is not None:
        raise SettingsError(f"{path}: keys.{found_clash}")
    return wanted


def remembered(path: Path | None) -> dict[str, Any]:
    """What the last run left; nothing where there is no file or one that cannot be read."""
    if path is None:
        return {}
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def remember(path: Path | None, what: dict[str, Any]) -> None:
    """Leave something for the next run; a folder that cannot be written to is no reason to stop."""
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(what, indent=1), encoding="utf-8")
        aside.replace(path)
