"""What is said about a file that is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class PlantError(ValueError):
    """A plant, map or scenario file holds something that it may not: where, what was found, what is allowed.

    `line`: of the file, from 1, where it is known.
    """

    def __init__(self, file: str, key: str, found: str, allowed: str) -> None:
        super().__init__(file, key, found, allowed)
        self.file = file
        self.key = key
        self.found = found
        self.allowed = allowed
        self.line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: found {self.found}, allowed {self.allowed}"


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
    """What is allowed where a name is looked up, and which of it is nearest to what was found."""
    names = list(names)
    if not names:
        return "nothing, as there are none"
    near = get_close_matches(found, names, n=1) if found else []
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    nearest = f"; nearest {near[0]}" if near else ""
    return f"{', '.join(names[:limit])}{more}{nearest}"


def a(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
