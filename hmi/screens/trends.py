"""The trends display."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.screens.display import Display
from hmi.view import Target, View
from hmi.widgets.pens import Pens
from hmi.widgets.trend import LABEL, next_span, span_text


class Trends(Display):
    """Up to four pens."""

    NAME = "trends"
    DEFAULT_CSS = "Trends #pens { height: 1fr; }"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._pens = Pens(view, id="pens")

    def body(self) -> ComposeResult:
        yield self._pens

    def heading(self) -> str:
        return f"TRENDS  {span_text(self.view.span)}"

    def paint(self, force: bool = False) -> None:
        cursor = self.view.cursor
        if self.view.pens and (cursor is None or cursor.kind != "pen" or cursor.id not in self.view.pens):
            self.view.cursor = Target("pen", self.view.pens[0])
        super().paint(force)

    def action_pick(self) -> None:
        """The faceplate of the pen's tag."""
        cursor = self.view.cursor
        if cursor is not None:
            self.open_face(cursor.id.partition(".")[0])

    def action_remove_pen(self) -> None:
        cursor = self.view.cursor
        if cursor is not None and cursor.id in self.view.pens:
            self.view.pens.remove(cursor.id)
            self.paint(force=True)

    def action_span(self, index: int) -> None:
        if self.face is not None:
            super().action_span(index)
            return
        self.view.span = next_span(self.view.span, 1 if index else -1)
        self.paint(force=True)

    def action_measure(self, index: int) -> None:
        panel = self._pens
        width = panel.size.width - LABEL - 1
        at = width if panel.read_off is None else panel.read_off
        moved = at + (1 if index else -1)
        panel.read_off = max(0, moved) if moved < width else None
        panel.paint(force=True)
