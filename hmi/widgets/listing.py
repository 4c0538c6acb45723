"""The base of long lists: as many lines as fit, the one under the cursor always in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from hmi.view import Target, View
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.panel import Panel


class Listing(Panel):
    """A list whose lines can be picked. Subclasses say which lines there are and paint one."""

    KIND: ClassVar[str] = ""
    """Of the Targets that the lines are."""
    EMPTY: ClassVar[str] = "none"

    def __init__(self, view: View, id: str | None = None, heads: int = 0) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self.heads = heads
        """Lines above the list that do not move."""
        self.top = 0
        """Index of the first shown line."""
        self.wanted = ""
        """What a line must contain to be shown, in any case of letters."""

    def ids(self) -> Sequence[str]:
        """The ids of all lines that ``wanted`` leaves, from the first on."""
        raise NotImplementedError

    def line(self, row: Row, id_: str, picked: bool) -> None:
        """Append one line."""
        raise NotImplementedError

    def head(self, canvas: Canvas) -> None:
        """Paint the ``heads`` lines above the list."""

    def matches(self, *texts: str) -> bool:
        """Whether a line of these texts is wanted: every word must be in one of them."""
        joined = " ".join(texts).casefold()
        return all(word in joined for word in self.wanted.casefold().split())

    @property
    def room(self) -> int:
        """Lines of the list that can be seen at once."""
        return max(1, self.size.height - self.heads)

    def build(self, canvas: Canvas) -> None:
        looks = self.view.looks
        self.head(canvas)
        ids = self.ids()
        room = canvas.height - self.heads
        if not ids:
            text = f"nothing matches {self.wanted!r}" if self.wanted else self.EMPTY
            canvas.row(self.heads).add(f" {text}", looks.dim)
            return
        self._follow(ids, room)
        for y, id_ in enumerate(ids[self.top : self.top + room], start=self.heads):
            target = Target(self.KIND, id_)
            self.line(canvas.row(y).add(" ", looks.text), id_, self.view.cursor == target)
            canvas.pick(0, y, canvas.width, target)

    def hidden(self, ids: Sequence[str]) -> int:
        """How many lines stand below the last one shown."""
        return max(0, len(ids) - self.top - self.room)

    def settle(self) -> None:
        """Put the cursor on a line of the list, the first one if it stands elsewhere."""
        ids = self.ids()
        cursor = self.view.cursor
        if cursor is None or cursor.kind != self.KIND or cursor.id not in ids:
            self.view.cursor = Target(self.KIND, ids[0]) if ids else None

    def move(self, steps: int) -> None:
        """Move the cursor by so many lines, to the ends at most."""
        ids = self.ids()
        cursor = self.view.cursor
        if not ids or cursor is None or cursor.id not in ids:
            return
        at = max(0, min(len(ids) - 1, list(ids).index(cursor.id) + steps))
        self.view.cursor = Target(self.KIND, ids[at])

    def _follow(self, ids: Sequence[str], room: int) -> None:
        cursor = self.view.cursor
        at = list(ids).index(cursor.id) if cursor is not None and cursor.kind == self.KIND and cursor.id in ids else 0
        self.top = max(0, min(self.top, len(ids) - room))
        if at < self.top:
            self.top = at
        elif at >= self.top + room:
            self.top = at - room + 1
