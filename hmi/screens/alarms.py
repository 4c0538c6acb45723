"""The alarm display: all standing alarms, and what the one under the cursor asks for."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.screens.display import Display
from hmi.view import Target, View
from hmi.widgets.alarmlist import AlarmHelp, AlarmList


class Alarms(Display):
    """All standing alarms."""

    NAME = "alarms"
    DEFAULT_CSS = """
    Alarms #list { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._explained = AlarmHelp(view)

    def body(self) -> ComposeResult:
        yield AlarmList(self.view, id="list", titled=False)
        yield self._explained

    def heading(self) -> str:
        return f"ALARMS  {len(self.view.book.standing())} standing"

    def fit(self, width: int, height: int) -> None:
        self._explained.styles.height = 6 if width >= 120 else 7

    def on_screen_resume(self) -> None:
        """Start at the first alarm."""
        self._settle()
        super().on_screen_resume()

    def paint(self, force: bool = False) -> None:
        self._settle()
        super().paint(force)

    def _settle(self) -> None:
        """Keep the cursor on a standing alarm."""
        cursor = self.view.cursor
        standing = [record.alarm.name for record in self.view.book.standing()]
        if cursor is None or cursor.kind != "alarm" or cursor.id not in standing:
            self.view.cursor = Target("alarm", standing[0]) if standing else None

    def action_move(self, dx: int, dy: int) -> None:
        names = [record.alarm.name for record in self.view.book.standing()]
        cursor = self.view.cursor
        if not names or cursor is None or cursor.id not in names:
            return
        at = max(0, min(len(names) - 1, names.index(cursor.id) + dy))
        self.view.cursor = Target("alarm", names[at])
        self.paint(force=True)

    def action_pick(self) -> None:
        """Explain: the panel below always shows the alarm under the cursor, so Enter opens its faceplate too."""
        self.action_alarm_faceplate()
