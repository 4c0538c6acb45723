"""What is said about a file that is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class PlantError(ValueError):
    """A plant, map or scenario file holds something that it may not: where, what was found, what is allowed."""

    def __init__(self, file: str, key: str, found: str, allowed: str) -> None:
        super().__init__(file, key, found, allowed)
        self.file = file
        self.key = key
        self.found = found
        self.allowed = allowed

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: found {self.found}, allowed {self.allowed}"


def shown(value: object) -> str:
    """A value of a TOML file as its author knows it: strings in quotes, true and false, lists in brackets."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(shown(item) for item in value)}]"
    if isinstance(value, dict):
        return "a table"
    return str(value)


def one_of(names: Iterable[str], found: str = "", limit: int = 12) -> str:
    """What is allowed where a name is looked up: the nearest to what was found first, then others."""
    names = list(names)
    near = get_close_matches(found, names, n=1)
    if not names:
        return "none, there are none"
    rest = [name for name in names if name not in near]
    listed = near + rest[: limit - len(near)]
    more = len(names) - len(listed)
    return ", ".join(listed) + (f" and {more} more" if more else "") + (f"; nearest {near[0]}" if near else "")
