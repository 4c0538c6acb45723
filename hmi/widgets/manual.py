"""The manual's panels: its contents, and its text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style

from hmi.manual import Chapter, Ink, Line, Page, lay_out
from hmi.view import View
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.listing import Listing
from hmi.widgets.panel import Panel

READ = 100
"""Columns of text that are read with ease."""
_NOTHING = Page((), ())


class ManualText(Panel):
    """A stretch of the manual, from its line ``top`` on."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.top = 0
        self.columns = 0
        """Cells that a line may take; known also while the panel is not shown."""
        self.room = 1
        """Lines that can be seen at once."""
        self.sought = ""
        """Words that are marked."""
        self.found = -1
        """The line that was found last."""
        self._made: tuple[str, int, Page] = ("", 0, _NOTHING)

    @property
    def page(self) -> Page:
        """The manual at the present width."""
        width = min(READ, self.columns - 2)
        text = self.view.manual or ""
        if width < 20 or not text:
            return _NOTHING
        if self._made[:2] != (text, width):
            before, line = self._made[2], self.top
            self._made = (text, width, lay_out(text, width))
            if before.lines:  # another width: the same chapter
                self.top = self._made[2].chapters[before.chapter(line)].line
        return self._made[2]

    @property
    def last(self) -> int:
        """The line that is first when the end is in sight."""
        return max(0, len(self.page.lines) - self.room)

    def turn(self, line: int) -> None:
        """Begin at a line, or as near to it as there is text."""
        self.top = max(0, min(line, self.last))

    def build(self, canvas: Canvas) -> None:
        looks = self.view.looks
        if self.view.manual is None:
            canvas.row(1).add(" the manual has not been read yet", looks.dim)
            return
        if not self.view.manual:
            canvas.row(1).add(" this server has no manual of its plant", looks.dim)
            return
        inks = {Ink.TEXT: looks.text, Ink.TITLE: looks.live, Ink.STRONG: looks.title, Ink.DIM: looks.dim}
        for y, line in enumerate(self.page.lines[self.top : self.top + canvas.height]):
            self._line(canvas.row(y), line, inks[line.ink], self.top + y == self.found)

    def _line(self, row: Row, line: Line, style: Style, found: bool) -> None:
        row.add(">" if found else " ", self.view.looks.live)
        text = line.text
        if line.dim:
            row.add(text[: line.dim], self.view.looks.dim)
            text = text[line.dim :]
        for part, hit in _parts(text, self.sought.casefold().split()):
            row.add(part, self.view.looks.cursor if hit else style)


class Contents(Listing):
    """The manual's chapters."""

    KIND = "chapter"
    EMPTY = ""

    def __init__(self, view: View, text: ManualText) -> None:
        super().__init__(view)
        self._text = text
        self.active = True
        """Whether the keys move in it."""

    @property
    def _chapters(self) -> Sequence[Chapter]:
        return self._text.page.chapters

    def ids(self) -> list[str]:
        return [str(index) for index in range(len(self._chapters))]

    def line(self, row: Row, id_: str, picked: bool) -> None:
        looks = self.view.looks
        chapter = self._chapters[int(id_)]
        style = (looks.cursor if self.active else looks.live) if picked else looks.text
        indent = 2 * max(0, chapter.level - 2)
        if chapter.level <= 2 and not picked:
            style = looks.title
        row.add(" " * indent, looks.text).add(chapter.title, style, max(0, row.width - row.used - 1))


def _parts(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """A text cut where words are that are sought: its parts, and whether each is such a word."""
    folded = text.casefold()
    if not words or len(folded) != len(text):
        return [(text, False)]
    parts: list[tuple[str, bool]] = []
    at = 0
    while at < len(text):
        hits = [(place, -len(word)) for word in words if (place := folded.find(word, at)) >= 0]
        if not hits:
            break
        place, length = min(hits)
        parts += [(text[at:place], False), (text[place : place - length], True)]
        at = place - length
    return [*parts, (text[at:], False)]
