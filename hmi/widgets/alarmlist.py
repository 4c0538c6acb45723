"""The list of standing alarms, and one alarm explained."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.style import Style

from hmi.alarms import AlarmRecord
from hmi.format import clock, duration, value_text
from hmi.model import Alarm
from hmi.theme import badge
from hmi.view import View
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.listing import Listing
from hmi.widgets.panel import Panel


def alarm_line(row: Row, view: View, record: AlarmRecord, picked: bool = False) -> None:
    """Append an alarm: badge, time, state, tag, condition and text, then as far as there is room the rest."""
    looks = view.looks
    alarm = record.alarm
    style = looks.priority(alarm.priority)
    if not record.acked and view.blink:
        style = style + Style(reverse=True)
    row.add(badge(alarm.priority, record.state), looks.bad if view.book.stale else style)
    row.add(f" {clock(record.time)} ", looks.dim)
    row.add(record.state.value, looks.title if not record.acked else looks.dim, 6)
    row.add(alarm.tag, looks.cursor if picked else looks.live, 9).add(" ", looks.text)
    row.add(alarm.condition, looks.text, 5).add(" ", looks.text)
    room = row.width - row.used
    if room >= 72:
        row.add(alarm.message, looks.text, room - 46).add(" ", looks.text)
        _value(row, view, record)
        row.add(duration(view.store.now - record.time), looks.dim, 9, right=True)
        area = view.plant.area_of(alarm.tag)
        row.add("  ", looks.text).add(area.title if area is not None else "", looks.dim, 20)
    else:
        row.add(alarm.message, looks.text, max(0, room))


def _value(row: Row, view: View, record: AlarmRecord) -> None:
    looks = view.looks
    tag = view.tag(record.alarm.tag)
    member = tag.primary if tag is not None else None
    if member is None:
        row.add(" " * 14, looks.text)
        return
    reading = view.store.read(member.name)
    row.add(value_text(member, reading.number, tag), looks.live, 8, right=True)
    row.add(f" {member.eu}", looks.dim, 6)


class AlarmList(Listing):
    """The standing alarms, the first of the list first."""

    KIND = "alarm"

    def __init__(self, view: View, id: str | None = None, titled: bool = True) -> None:  # noqa: A002
        super().__init__(view, id=id, heads=1 if titled else 0)

    def ids(self) -> list[str]:
        standing = self.view.book.standing()
        if not self.wanted:
            return [record.alarm.name for record in standing]
        return [r.alarm.name for r in standing if self.matches(r.alarm.name, r.alarm.message, r.alarm.area)]

    def head(self, canvas: Canvas) -> None:
        if not self.heads:
            return
        view, looks = self.view, self.view.looks
        standing = view.book.standing()
        unacked = sum(not record.acked for record in standing)
        row = canvas.row(0).add(" ALARMS", looks.title)
        row.add(f"  {len(standing)} standing, {unacked} unacknowledged", looks.dim)
        if view.book.stale:
            row.add("  as last heard", looks.bad)
        if hidden := self.hidden(self.ids()):
            row.add(f"  {hidden} more below", looks.dim)

    def line(self, row: Row, id_: str, picked: bool) -> None:
        record = self.view.book.get(id_)
        if record is not None:
            alarm_line(row, self.view, record, picked)


def told(alarm: Alarm, width: int) -> Iterator[tuple[str, str, bool]]:
    """What a plant's engineers say of an alarm, in lines: title of the first, text, and whether it is the response."""
    for title, text in (("cause", alarm.cause), ("consequence", alarm.consequence), ("response", alarm.response)):
        # a tag such as AI-211A stays in one line
        lines = textwrap.wrap(text or "not given", max(20, width - 15), break_on_hyphens=False)
        for index, line in enumerate(lines):
            yield title if not index else "", line, title == "response"


class AlarmHelp(Panel):
    """Where the alarm under the cursor may come from, what it means and what to do about it."""

    @staticmethod
    def height(width: int) -> int:
        """Rows that it needs on a terminal of so many columns, for a rule, the alarm, and what is told of it."""
        return 6 if width >= 120 else 8

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        cursor = view.cursor
        record = view.book.get(cursor.id) if cursor is not None and cursor.kind == "alarm" else None
        canvas.row(0).add("─" * canvas.width, looks.line)
        if record is None:
            canvas.row(1).add(" no alarm picked", looks.dim)
            return
        alarm = record.alarm
        row = canvas.row(1).add(" ", looks.text)
        row.add(badge(alarm.priority, record.state), looks.priority(alarm.priority))
        row.add(f" {alarm.tag} {alarm.condition}  ", looks.live).add(alarm.message, looks.text)
        tag = view.tag(alarm.tag)
        limit = tag.limits.get(alarm.condition) if tag is not None else None
        if tag is not None and tag.primary is not None and limit is not None:
            row.add(f"  limit {value_text(tag.primary, limit, tag)} {tag.primary.eu}", looks.dim)
        for y, (title, line, urgent) in enumerate(told(alarm, canvas.width), 2):
            canvas.row(y).add(f" {title:<12} ", looks.dim).add(line, looks.live if urgent else looks.text)
