"""In which line of a TOML file a key stands, for the parser keeps none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from plantsim.model.errors import PlantError

Words = tuple[str | int, ...]
"""Of a key's path; an item of a list of tables is its place."""

_WORD = re.compile(r"\[[^\]]*\]|[^.\[\]]+")
_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]")
_KEY = re.compile(r"""\s*((?:[\w.-]|"[^"]*"|'[^']*')+)\s*=\s*(.*)""")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')
_LONG_QUOTES = ('"""', "'''")
_NAMES = ("id", "tag", "condition")
"""Keys whose texts stand for the place of a table in its list, where a path has one; an alarm has two of them."""


@contextmanager
def on_its_line(path: Path) -> Iterator[None]:
    """What is said within about the file says the line, too."""
    try:
        yield
    except PlantError as error:
        if error.line is None and error.file == path.name:
            with suppress(OSError, UnicodeDecodeError):
                error.line = line_of(path.read_text(encoding="utf-8"), error.key)
        raise


def line_of(text: str, key: str) -> int | None:
    """The line, counted from 1, of a key such as "alarms[TIC-201.HH].limit", or of what is there of its path."""
    wanted = _WORD.findall(key)
    named: dict[Words, dict[str, str]] = {}
    entries = []
    for words, line, value in _entries(text):
        entries.append((words, line))
        if words and words[-1] in _NAMES:
            named.setdefault(words[:-1], {})[str(words[-1])] = value.strip("\"'")
    best, found = 0, None
    for words, line in entries:
        if best <= len(words) <= len(wanted) and _fits(words, wanted, named):
            best, found = len(words), line
    return found


def _fits(words: Words, wanted: list[str], named: dict[Words, dict[str, str]]) -> bool:
    """Whether the path that is wanted begins with these words."""
    for depth, (word, want) in enumerate(zip(words, wanted, strict=False)):
        if isinstance(word, int):
            texts = named.get(words[: depth + 1], {})
            if want[1:-1] not in (str(word), texts.get("id"), f"{texts.get('tag')}.{texts.get('condition')}"):
                return False
        elif word != want:
            return False
    return True


def _entries(text: str) -> Iterator[tuple[Words, int, str]]:
    """The path of every table's header and of every key that begins a line, the line, and what stands behind it."""
    table: Words = ()
    items: dict[Words, int] = {}
    depth, quotes = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if quotes:
            if quotes in line:
                quotes = ""
            continue
        rest = line
        if depth == 0:
            header, key = _HEADER.match(line), _KEY.match(line)
            if header is not None:
                table = _inside(_split(header[2]), items)
                if header[1] == "[[":
                    items[table] = items.get(table, -1) + 1
                    table = (*table, items[table])
                yield table, number, ""
                continue
            if key is None:
                continue
            rest = key[2]
            bare = _STRING.match(rest)
            yield (*table, *_split(key[1])), number, bare[0] if bare else rest
        quotes = next((one for one in _LONG_QUOTES if rest.count(one) % 2), "")
        if not quotes:
            bare_text = _STRING.sub("", rest).partition("#")[0]
            depth += sum(bare_text.count(one) for one in "[{") - sum(bare_text.count(one) for one in "]}")


def _split(path: str) -> Words:
    return tuple(part.strip(" \"'") for part in path.split("."))


def _inside(path: Words, items: dict[Words, int]) -> Words:
    """The path with the place of the last item of each list on the way."""
    inside: Words = ()
    for word in path[:-1]:
        inside = (*inside, word)
        if inside in items:
            inside = (*inside, items[inside])
    return (*inside, path[-1])
