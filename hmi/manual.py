"""The plant's operating manual, laid out for a screen: chapters, lines of a given width, places by words.

Of Markdown it knows what such manuals are made of: headings, paragraphs, numbered steps and tables. A table that is too
wide for the screen is told row by row, for half of a sentence beside half of another is no help in an alarm.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_HEADING = re.compile(r"(#+) (.*)")
_ITEM = re.compile(r"(\d+\.|-) (.*)")
_MARKS = re.compile(r"\*\*|`")
_SHORT = 26
"""Letters of its longest cell up to which a column shares a line with others."""
_APART = 2
"""Blanks between the columns of a table."""


class Ink(Enum):
    """What a line is."""

    TEXT = "text"
    TITLE = "title"
    STRONG = "strong"
    """What is looked for by its first words: an alarm, a step, a row of a table."""
    DIM = "dim"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page; ``dim`` cells at its beginning are less important than the rest."""

    text: str
    ink: Ink = Ink.TEXT
    dim: int = 0


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading: its level (1 the manual's own), and the line where it stands."""

    title: str
    level: int
    line: int


@dataclass(frozen=True, slots=True)
class Page:
    """The manual at one width."""

    lines: tuple[Line, ...]
    chapters: tuple[Chapter, ...]

    def chapter(self, line: int) -> int:
        """Index of the chapter that a line stands in."""
        return max((i for i, one in enumerate(self.chapters) if one.line <= line), default=0)

    def find(self, words: str, after: int = -1) -> int | None:
        """The next line behind ``after`` that has all the words, from the top again behind the last; None for none."""
        wanted = words.casefold().split()
        hits = [i for i, one in enumerate(self.lines) if wanted and all(w in one.text.casefold() for w in wanted)]
        return next((i for i in hits if i > after), hits[0] if hits else None)

    def place(self, name: str) -> int | None:
        """Where something is told of by its name, such as ``TIC-201 HH``: by preference where a line begins with it."""
        begins = re.compile(rf"\W*{re.escape(name)}(?![\w-])")
        hits = [(one.ink is not Ink.STRONG, i) for i, one in enumerate(self.lines) if begins.match(one.text)]
        return min(hits)[1] if hits else self.find(name)


def lay_out(markdown: str, width: int) -> Page:
    """The manual in lines of at most ``width`` cells."""
    lines: list[Line] = []
    chapters: list[Chapter] = []
    source = markdown.splitlines()
    at = 0
    while at < len(source):
        text = source[at]
        if match := _HEADING.fullmatch(text):
            if lines and lines[-1].text:
                lines.append(Line(""))
            title = _plain(match[2])
            chapters.append(Chapter("Title page" if len(match[1]) == 1 else title, len(match[1]), len(lines)))
            lines += [Line(part, Ink.TITLE) for part in textwrap.wrap(title, width)]
        elif text.startswith("|"):
            end = next((i for i in range(at, len(source)) if not source[i].startswith("|")), len(source))
            lines += _table([_cells(row) for row in source[at:end] if not _is_rule(row)], width)
            at = end - 1
        else:
            lines += _paragraph(text, width)
        at += 1
    return Page(tuple(lines), tuple(chapters))


def _plain(text: str) -> str:
    return _MARKS.sub("", text)


def _paragraph(text: str, width: int) -> Iterator[Line]:
    indent = len(text) - len(text.lstrip())
    words = text.strip()
    item = _ITEM.fullmatch(words)
    hanging = indent + (len(item[1]) + 1 if item is not None else 0)
    ink = Ink.STRONG if "**" in words else Ink.TEXT
    wrapped = textwrap.wrap(
        _plain(words), width, break_on_hyphens=False, initial_indent=" " * indent, subsequent_indent=" " * hanging
    )
    return (Line(part, ink) for part in wrapped or [""])


def _is_rule(row: str) -> bool:
    return not row.strip("|-: ")


def _cells(row: str) -> list[str]:
    return [_plain(cell.strip()) for cell in row.strip().strip("|").split("|")]


def _table(rows: list[list[str]], width: int) -> Iterator[Line]:
    if not rows:
        return
    head, *body = rows
    wide = [max(len(row[i]) if i < len(row) else 0 for row in rows) for i in range(len(head))]
    if sum(wide) + _APART * (len(wide) - 1) <= width:
        yield Line(_across(head, wide), Ink.DIM)
        yield from (Line(_across(row, wide), dim=0) for row in body)
        return
    short = [cells <= _SHORT for cells in wide]
    for row in body:
        yield from _told(head, row, short, width)


def _across(row: list[str], wide: list[int]) -> str:
    return (" " * _APART).join(cell.ljust(cells) for cell, cells in zip(row, wide, strict=False)).rstrip()


def _told(head: list[str], row: list[str], short: list[bool], width: int) -> Iterator[Line]:
    """A row one below the other: its first cell, then those of short columns side by side, then the others."""
    yield from (Line(part, Ink.STRONG) for part in textwrap.wrap(row[0], width))
    named = [one for one in zip(head[1:], row[1:], short[1:], strict=False) if one[1]]
    facts = "   ".join(f"{name.lower()} {cell}" for name, cell, is_short in named if is_short)
    yield from (Line(f"  {part}", Ink.DIM) for part in textwrap.wrap(facts, width - 2))
    label = max((len(name) for name, _, is_short in named if not is_short), default=0) + 4
    for name, cell, is_short in named:
        if not is_short:
            for index, part in enumerate(textwrap.wrap(cell, max(20, width - label), break_on_hyphens=False)):
                yield Line(f"  {'' if index else name.lower()}".ljust(label) + part, dim=label)
    yield Line("")
