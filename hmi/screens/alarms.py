"""The alarm display: standing alarms, those withheld, what they all did, and how the alarm system does."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.screens.listdisplay import ListDisplay
from hmi.view import View
from hmi.widgets.alarmhistory import MetricsPanel, TransitionList, WithheldList, as_csv
from hmi.widgets.alarmlist import AlarmHelp, AlarmList

VIEWS = ("standing", "withheld", "history", "metrics")


class Alarms(ListDisplay):
    """The alarms in four views."""

    NAME = "alarms"
    DEFAULT_CSS = """
    Alarms AlarmList, Alarms WithheldList, Alarms TransitionList, Alarms MetricsPanel { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        self._standing = AlarmList(view, titled=False)
        self._withheld = WithheldList(view)
        self._history = TransitionList(view)
        super().__init__(view, self._standing)
        self._metrics = MetricsPanel(view)
        self._explained = AlarmHelp(view)
        self._shown = "standing"

    def body(self) -> ComposeResult:
        yield self._standing
        yield self._withheld
        yield self._history
        yield self._metrics
        yield self._explained

    def heading(self) -> str:
        counts = {
            "standing": len(self.view.book.standing()),
            "withheld": len(self.view.book.withheld()),
            "history": len(self.view.book.transitions),
        }
        count = f"{counts[self._shown]} " if self._shown in counts else ""
        return f"ALARMS  {count}{self._shown}{self.filtered()}"

    def view_name(self) -> str:
        return self._shown

    def pages(self) -> int:
        return 1 if self._shown == "metrics" else super().pages()

    def fit(self, width: int, height: int) -> None:
        lists = {"standing": self._standing, "withheld": self._withheld, "history": self._history}
        self.listing = lists.get(self._shown, self._standing)
        for name, listing in lists.items():
            listing.display = name == self._shown
        self._metrics.display = self._shown == "metrics"
        self._explained.display = self._shown in ("standing", "withheld")
        self._explained.styles.height = AlarmHelp.height(width)

    def action_next_view(self) -> None:
        """Standing, withheld, history, metrics, and standing again."""
        self._shown = VIEWS[(VIEWS.index(self._shown) + 1) % len(VIEWS)]
        self.relayout()

    def show_standing(self) -> None:
        """Turn to the standing alarms."""
        self._shown = "standing"
        self.relayout()

    def action_pick(self) -> None:
        """Explain: the panel below always shows the alarm under the cursor, so Enter opens its faceplate too."""
        cursor = self.view.cursor
        if cursor is not None and cursor.kind == "transition":
            self.open_face(self._history.alarm(cursor.id))
        else:
            self.action_alarm_faceplate()

    def action_ack_page(self) -> None:
        """Acknowledge what can be seen of the list, and no more: nobody has read the rest."""
        seen = self._standing.ids()[self._standing.top : self._standing.top + self._standing.room]
        records = [self.view.book.get(name) for name in seen]
        self.operations.acknowledge_all(self.line, [r for r in records if r is not None and not r.acked])

    def action_export(self) -> None:
        """Save the history as CSV, the oldest first."""
        self.save("alarms", "csv", as_csv([t for _, t in reversed(self._history.transitions())]))
