"""The manual's display: contents and text; ``/`` finds words, alarms and faceplates lead to what is said of them."""

from __future__ import annotations

import sys

from textual.app import ComposeResult

from hmi.screens.display import Display
from hmi.view import Target, View
from hmi.widgets.boxes import Side
from hmi.widgets.manual import Contents, ManualText

WIDE = 110
"""Columns from which contents and text stand side by side."""
_CONTENTS = 38


class Manual(Display):
    """Contents and text; Tab leads from one to the other, in a narrow terminal one is there at a time."""

    NAME = "manual"
    DEFAULT_CSS = f"""
    Manual ManualText {{ width: 1fr; height: 1fr; }}
    Manual Contents {{ width: 1fr; height: 1fr; }}
    Manual.-wide Contents {{ width: {_CONTENTS}; }}
    Manual.-wide ManualText {{ border-left: solid $line; }}
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._text = ManualText(view)
        self._contents = Contents(view, self._text)
        self._reading = False
        """Whether the keys move in the text."""
        self._wide = False
        self._wanted = ""

    def body(self) -> ComposeResult:
        with Side():
            yield self._contents
            yield self._text

    def heading(self) -> str:
        page = self._text.page
        if not page.lines:
            return "MANUAL"
        share = 100 * self._text.top // max(1, self._text.last)
        return f"MANUAL  {page.chapters[page.chapter(self._text.top)].title}  {share} %"

    def view_name(self) -> str:
        return "text" if self._reading else "contents"

    def pages(self) -> int:
        return -(-len(self._text.page.lines) // self._text.room)

    def fit(self, width: int, height: int) -> None:
        self._wide = width >= WIDE
        self.set_class(self._wide, "-wide")
        self._text.columns = width - (_CONTENTS + 1 if self._wide else 0)
        self._text.room = max(1, height)
        self._contents.display = self._wide or not self._reading
        self._text.display = self._wide or self._reading

    def on_screen_resume(self) -> None:
        """Have the manual read, if it has not been."""
        super().on_screen_resume()
        self.hmi.fetch_manual()

    def paint(self, force: bool = False) -> None:
        if self._wanted and self._text.page.lines:
            self._turn_to_wanted()
        if self._text.page.lines:
            chapter = self._text.page.chapter(self._text.top)
            if self._reading or self.view.cursor is None or self.view.cursor.kind != "chapter":
                self.view.cursor = Target("chapter", str(chapter))
        self._contents.active = not self._reading
        super().paint(force)

    def show_place(self, name: str) -> None:
        """Open the text where it tells of something: an alarm such as ``TIC-201 HH``, or a tag."""
        self._wanted = name
        self._read(True)

    def _turn_to_wanted(self) -> None:
        name, self._wanted = self._wanted, ""
        line = self._text.page.place(name)
        if line is None and " " in name:
            line = self._text.page.place(name.partition(" ")[0])
        if line is None:
            self.line.say(f"the manual says nothing of {name}")
        else:
            self._text.found = line
            self._text.turn(line - 2)

    def _read(self, reading: bool) -> None:
        self._reading = reading
        self.relayout()

    def action_next_view(self) -> None:
        """From the contents to the text, and back."""
        self._read(not self._reading)

    def action_pick(self) -> None:
        """Read the chapter under the cursor."""
        cursor = self.view.cursor
        if cursor is not None and cursor.kind == "chapter":
            self._follow()
            self._read(True)
        else:
            super().action_pick()

    def _follow(self) -> None:
        """Begin the text with the chapter under the cursor."""
        cursor = self.view.cursor
        chapters = self._text.page.chapters
        if cursor is not None and cursor.kind == "chapter" and int(cursor.id) < len(chapters):
            self._text.turn(chapters[int(cursor.id)].line)

    def action_move(self, dx: int, dy: int) -> None:
        if self._reading:
            self._text.turn(self._text.top + dy)
        else:
            self._contents.settle()
            self._contents.move(dy)
            self._follow()
        self.paint(force=True)

    def action_page(self, index: int) -> None:
        if self._reading or self._wide:
            self._text.turn(self._text.top + (1, -1)[index] * (self._text.room - 1))
            self.view.cursor = Target("chapter", str(self._text.page.chapter(self._text.top)))
        else:
            self._contents.move((1, -1)[index] * self._contents.room)
        self.paint(force=True)

    def action_ends(self, index: int) -> None:
        """To its beginning, or its end."""
        if self._reading:
            self._text.turn((0, self._text.last)[index])
        else:
            self._contents.move((-1, 1)[index] * sys.maxsize)
            self._follow()
        self.paint(force=True)

    def scroll(self, lines: int) -> None:
        if self._wide or self._reading:
            self._text.turn(self._text.top + lines)
            self.view.cursor = Target("chapter", str(self._text.page.chapter(self._text.top)))
        else:
            self._contents.move(lines)
        self.paint(force=True)

    def action_find(self) -> None:
        """Find words; nothing typed takes the marks away."""
        self.line.ask("find in the manual (words that stand in one line):", str, self._find, initial=self._text.sought)

    def _find(self, text: object) -> None:
        self._text.sought = str(text).strip()
        self._text.found = -1
        if self._text.sought:
            self._text.found = self._text.top - 1
            self.action_find_next()
        else:
            self.paint(force=True)

    def action_find_next(self) -> None:
        """The next line that has the words, from the top again behind the last."""
        sought = self._text.sought
        if not sought:
            self.action_find()
            return
        before = self._text.found
        line = self._text.page.find(sought, before)
        if line is None:
            self.line.say(f"the manual has no line with {sought!r}")
            return
        if line <= before:
            self.line.say(f"no more of {sought!r} below; from the top again")
        self._text.found = line
        self._text.turn(line - self._text.room // 3)
        self._read(True)
