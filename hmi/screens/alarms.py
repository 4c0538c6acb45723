"""The alarm display: all standing alarms, and what the one under the cursor asks for."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.screens.listdisplay import ListDisplay
from hmi.view import View
from hmi.widgets.alarmlist import AlarmHelp, AlarmList


class Alarms(ListDisplay):
    """All standing alarms."""

    NAME = "alarms"
    DEFAULT_CSS = """
    Alarms #list { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view, AlarmList(view, id="list", titled=False))
        self._explained = AlarmHelp(view)

    def body(self) -> ComposeResult:
        yield self.listing
        yield self._explained

    def heading(self) -> str:
        return f"ALARMS  {len(self.view.book.standing())} standing{self.filtered()}"

    def fit(self, width: int, height: int) -> None:
        self._explained.styles.height = 6 if width >= 120 else 7

    def action_pick(self) -> None:
        """Explain: the panel below always shows the alarm under the cursor, so Enter opens its faceplate too."""
        self.action_alarm_faceplate()
