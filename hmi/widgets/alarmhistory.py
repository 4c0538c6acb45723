"""What the alarms did, what is withheld from the list, and how the alarm system does as a whole."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime

from hmi.alarms import AlarmRecord, AlarmState, Memory, Transition
from hmi.format import BAD, WHEN, duration, moment
from hmi.metrics import FLOOD_BEGINS, FLOOD_ENDS, Metrics, measure
from hmi.theme import badge
from hmi.view import View
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.listing import Listing
from hmi.widgets.panel import Panel

WORDS = {
    AlarmState.UNACKED: "came",
    AlarmState.ACKED: "acknowledged",
    AlarmState.RETURNED: "returned",
    AlarmState.NORMAL: "normal",
}
_STEPS = " ▁▂▃▄▅▆▇█"


class WithheldList(Listing):
    """Alarms that are shelved, suppressed by design or out of service."""

    KIND = "alarm"
    EMPTY = "no alarm is shelved, suppressed or out of service"

    def ids(self) -> list[str]:
        withheld = self.view.book.withheld()
        return [r.alarm.name for r in withheld if self.matches(r.alarm.name, r.alarm.message, r.withheld)]

    def line(self, row: Row, id_: str, picked: bool) -> None:
        record = self.view.book.get(id_)
        if record is None:
            return
        looks = self.view.looks
        row.add(badge(record.alarm.priority, record.state), looks.dim)
        row.add(f" {record.withheld}", looks.text, 17).add("active" if record.active else "", looks.live, 8)
        row.add(record.alarm.tag, looks.cursor if picked else looks.live, 9).add(" ", looks.text)
        row.add(record.alarm.condition, looks.text, 6)
        row.add(record.alarm.message, looks.text, max(0, row.width - row.used))


class TransitionList(Listing):
    """Changes of alarms that this station saw or the server remembers, the newest first."""

    KIND = "transition"
    EMPTY = "no alarm has changed"

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id, heads=1)

    def head(self, canvas: Canvas) -> None:
        book = self.view.book
        since = moment(book.watched_since, self.view.store.now)
        canvas.row(0).add(f" known since {since}, {book.memory.value}", self.view.looks.dim)

    def transitions(self) -> list[tuple[str, Transition]]:
        """Those listed, each with its number."""
        book = self.view.book
        first = book.changes - len(book.transitions)
        numbered = [(str(first + index), t) for index, t in enumerate(book.transitions)]
        return [(n, t) for n, t in reversed(numbered) if self.matches(t.alarm.name, t.alarm.message, WORDS[t.after])]

    def ids(self) -> list[str]:
        return [number for number, _ in self.transitions()]

    def alarm(self, id_: str) -> str:
        """The tag that a line is about."""
        book = self.view.book
        at = int(id_) - (book.changes - len(book.transitions))
        return book.transitions[at].alarm.tag if 0 <= at < len(book.transitions) else ""

    def line(self, row: Row, id_: str, picked: bool) -> None:
        looks, book = self.view.looks, self.view.book
        transition = book.transitions[int(id_) - (book.changes - len(book.transitions))]
        alarm = transition.alarm
        came = transition.after is AlarmState.UNACKED
        row.add(badge(alarm.priority, transition.after), looks.priority(alarm.priority) if came else looks.dim)
        row.add(" ", looks.text).add(moment(transition.moment, self.view.store.now), looks.dim, WHEN)
        row.add(" ", looks.text).add(WORDS[transition.after], looks.text, 13)
        row.add(alarm.tag, looks.cursor if picked else looks.live, 9).add(" ", looks.text)
        row.add(alarm.condition, looks.text, 6)
        row.add(alarm.message, looks.text, max(0, row.width - row.used))


def as_csv(transitions: list[Transition]) -> str:
    """Transitions as CSV with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("plant_time", "tag", "condition", "priority", "before", "after", "message"))
    for t in transitions:
        time = "" if math.isnan(t.moment) else datetime.fromtimestamp(t.moment, UTC).isoformat()
        alarm = t.alarm
        writer.writerow(
            (time, alarm.tag, alarm.condition, alarm.priority, t.before.value, t.after.value, alarm.message)
        )
    return out.getvalue()


class MetricsPanel(Panel):
    """The alarm system's own figures beside what EEMUA 191 calls manageable."""

    PERIOD = 1.0

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        book = view.book
        if math.isnan(book.watched_since):
            canvas.row(0).add(" nothing measured yet", looks.dim)
            return
        figures = measure(list(book.transitions), book.standing(), book.watched_since, view.store.now)
        lines = [
            ("watched", f"{duration(figures.seconds)} of plant time, {figures.annunciated} annunciated",
             book.memory.value if book.memory is not Memory.WHOLE else "", False),
            ("in the last 10 min", str(figures.rate), "1 acceptable, 2 manageable", figures.rate > 2),
            ("most in 10 min", str(figures.peak), f"{FLOOD_BEGINS} at most", figures.peak > FLOOD_BEGINS),
            ("flood", "ON" if figures.flood else "no",
             f"begins above {FLOOD_BEGINS}, ends below {FLOOD_ENDS} in 10 min", figures.flood),
            ("time in floods", self._share(figures), "less than 1 %", figures.flood_seconds > 0.01 * figures.seconds),
            ("acknowledged after", BAD if math.isnan(figures.acknowledged_after)
             else duration(figures.acknowledged_after), "median", False),
            ("standing over a day", str(len(figures.stale)), "none " + " ".join(figures.stale), bool(figures.stale)),
            ("chattering", str(len(figures.chattering)), "none " + " ".join(figures.chattering),
             bool(figures.chattering)),
            ("by priority", self._priorities(figures), "5 / 15 / 80 % high, medium, low", False),
            ("last 60 min", self._curve(figures), "10 min each", False),
        ]  # fmt: skip
        for y, (name, value, target, beyond) in enumerate(lines):
            row = canvas.row(y).add(f" {name}", looks.dim, 22)
            row.add(value, looks.shout if beyond else looks.live).add("  ", looks.text).gap(36)
            row.add(target, looks.dim)
        y = len(lines) + 1
        canvas.row(y).add(" most frequent", looks.title)
        for name, count in figures.top[: max(0, canvas.height - y - 1)]:
            y += 1
            record = book.get(name)
            self._frequent(canvas.row(y), count, record)

    def _frequent(self, row: Row, count: int, record: AlarmRecord | None) -> None:
        looks = self.view.looks
        row.add(str(count), looks.live, 6, right=True).add("  ", looks.text)
        if record is not None:
            alarm = record.alarm
            row.add(f"{alarm.tag} {alarm.condition}", looks.live, 16).add(alarm.message, looks.text)

    def _share(self, figures: Metrics) -> str:
        return f"{100 * figures.flood_seconds / figures.seconds:.1f} %" if figures.seconds > 0 else BAD

    def _priorities(self, figures: Metrics) -> str:
        return " / ".join(f"{100 * figures.share.get(p, 0.0):.0f}" for p in (1, 2, 3)) + " %"

    def _curve(self, figures: Metrics) -> str:
        """One column for each ten minutes, full at the beginning of a flood."""
        most = max(FLOOD_BEGINS, *figures.windows)
        return "".join(_STEPS[-(-count * (len(_STEPS) - 1) // most)] for count in figures.windows)
