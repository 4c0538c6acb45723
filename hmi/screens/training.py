"""The scenario's display: briefing, messages, hints, its end, and then the debrief."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.screens.display import Display
from hmi.view import View
from hmi.widgets.debrief import DebriefPanel
from hmi.widgets.exercise import ExercisePanel


class Training(Display):
    """What the trainee is to do and what was said meanwhile; once there is a debrief that, and Tab turns back."""

    NAME = "training"
    DEFAULT_CSS = "Training ExercisePanel, Training DebriefPanel { height: 1fr; }"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._panel = ExercisePanel(view)
        self._debrief = DebriefPanel(view)
        self._reads_briefing = False
        """Whether the debrief that there is has been turned away from."""

    def body(self) -> ComposeResult:
        yield self._panel
        yield self._debrief

    @property
    def shown(self) -> ExercisePanel | DebriefPanel:
        """The panel that is in sight."""
        return self._debrief if self.view_name() == "debrief" else self._panel

    def view_name(self) -> str:
        exercise = self.view.exercise
        there = exercise is not None and exercise.report is not None
        return "debrief" if there and not self._reads_briefing else "briefing"

    def fit(self, width: int, height: int) -> None:
        for panel in (self._panel, self._debrief):
            panel.display = panel is self.shown

    def paint(self, force: bool = False) -> None:
        if self.view.exercise is None or self.view.exercise.report is None:
            self._reads_briefing = False  # of the next one
        if not self.shown.display:  # a debrief has come, or another scenario has begun
            self.relayout()
            return
        super().paint(force)

    def heading(self) -> str:
        at = f"  {self.shown.page + 1}/{self.pages()}" if self.pages() > 1 else ""
        return f"{'DEBRIEF' if self.shown is self._debrief else 'SCENARIO'}{at}"

    def pages(self) -> int:
        return self.shown.pages

    def action_page(self, index: int) -> None:
        """The next page, or the one before."""
        self.shown.page = (self.shown.page + (1, -1)[index]) % self.shown.pages
        self.paint(force=True)

    def show_page(self, number: int) -> None:
        """Turn to a page, the first being 1."""
        self.shown.page = number - 1
        self.paint(force=True)

    def action_next_view(self) -> None:
        """From the debrief to messages and briefing, and back."""
        self._reads_briefing = not self._reads_briefing
        self.relayout()

    def action_measure(self, index: int) -> None:
        """Move the time at which the debrief is read."""
        self._debrief.step((-1, 1)[index])
        self.paint(force=True)

    def action_move(self, dx: int, dy: int) -> None:
        """To the next thing that happened, or to the one before."""
        if self.shown is self._debrief and dy:
            self._debrief.event(dy)
            self.paint(force=True)

    def action_pick(self) -> None:
        """Play the replay from the time that the debrief is read at."""
        player, at = self.view.player, self._debrief.at
        if player is None or self.shown is not self._debrief:
            return
        if at is None:
            self.line.say("pick a time first, with the arrows")
            return
        player.leap(player.session.start + at)
        self.line.say("the replay goes on from there")

    def action_hint(self) -> None:
        """The next hint, at its price."""
        self.operations.practise.hint(self.line)

    def action_finish(self) -> None:
        """The end, as it stands."""
        self.operations.practise.finish(self.line)
