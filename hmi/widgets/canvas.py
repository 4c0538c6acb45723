"""Painting a panel: rows of styled text, filled from left to right, and the places that can be picked."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from hmi.view import Target


def cells(text: str) -> int:
    """Width of a text on the screen."""
    return len(text) if text.isascii() else cell_len(text)


class Row:
    """One line of a panel. Everything beyond its width is dropped."""

    __slots__ = ("_ground", "_parts", "used", "width")

    def __init__(self, width: int, ground: Style) -> None:
        self.width = width
        self._ground = ground
        self.used = 0
        self._parts: list[Segment] = []

    def add(self, text: str, style: Style, width: int | None = None, right: bool = False) -> Row:
        """Append a text; with ``width`` cut or padded to so many cells, at the right end if ``right``."""
        if width is not None:
            have = cells(text)
            if have > width:
                text = set_cell_size(text, max(0, width - 1)) + "…" if width > 1 else set_cell_size(text, width)
            elif have < width:
                text = " " * (width - have) + text if right else text + " " * (width - have)
        room = self.width - self.used
        need = cells(text)
        if need > room:
            text = set_cell_size(text, max(0, room))
            need = max(0, room)
        if need:
            parts = self._parts
            if parts and parts[-1].style is style:  # one stretch less for the terminal, and for all on the way there
                text = parts.pop().text + text
            parts.append(Segment(text, style))
            self.used += need
        return self

    def gap(self, column: int, style: Style | None = None) -> Row:
        """Blank up to a column."""
        if column > self.used:
            self.add(" " * (column - self.used), style or self._ground)
        return self

    def finish(self) -> list[Segment]:
        """The finished line, filled to its width."""
        self.gap(self.width)
        return self._parts


@dataclass(frozen=True, slots=True)
class Hit:
    """A stretch of a line that can be picked."""

    x: int
    y: int
    width: int
    target: Target

    @property
    def middle(self) -> float:
        """Its middle column."""
        return self.x + self.width / 2


class Canvas:
    """A panel's lines while they are painted. Columns must be filled from left to right."""

    __slots__ = ("_ground", "height", "hits", "rows", "width")

    def __init__(self, width: int, height: int, ground: Style) -> None:
        self.width = width
        self.height = height
        self._ground = ground
        self.rows = [Row(width, ground) for _ in range(height)]
        self.hits: list[Hit] = []

    def row(self, y: int, column: int = 0) -> Row:
        """Line ``y``, blank up to ``column``; a line outside the panel is a throw-away one."""
        return self.rows[y].gap(column) if 0 <= y < self.height else Row(0, self._ground)

    def pick(self, x: int, y: int, width: int, target: Target) -> None:
        """Make a stretch of a line pickable."""
        if 0 <= y < self.height and x < self.width:
            self.hits.append(Hit(x, y, min(width, self.width - x), target))
