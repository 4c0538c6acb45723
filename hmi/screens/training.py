"""The scenario's display: briefing, messages, hints, and its end."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.screens.display import Display
from hmi.view import View
from hmi.widgets.exercise import ExercisePanel


class Training(Display):
    """What the trainee is to do, and what was said meanwhile."""

    NAME = "training"
    DEFAULT_CSS = "Training ExercisePanel { height: 1fr; }"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._panel = ExercisePanel(view)

    def body(self) -> ComposeResult:
        yield self._panel

    def heading(self) -> str:
        at = f"  {self._panel.page + 1}/{self.pages()}" if self.pages() > 1 else ""
        return f"SCENARIO{at}"

    def pages(self) -> int:
        return self._panel.pages

    def action_page(self, index: int) -> None:
        """The next page, or the one before."""
        self._panel.page = (self._panel.page + (1, -1)[index]) % self._panel.pages
        self.paint(force=True)

    def show_page(self, number: int) -> None:
        """Turn to a page, the first being 1."""
        self._panel.page = number - 1
        self.paint(force=True)

    def action_hint(self) -> None:
        """The next hint, at its price."""
        self.operations.practise.hint(self.line)

    def action_finish(self) -> None:
        """The end, as it stands."""
        self.operations.practise.finish(self.line)
