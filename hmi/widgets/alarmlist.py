"""The list of standing alarms, and one alarm explained."""

from __future__ import annotations

import textwrap

from rich.style import Style

from hmi.alarms import AlarmRecord
from hmi.format import clock, duration, value_text
from hmi.theme import badge
from hmi.view import Target, View
from hmi.widgets.canvas import Canvas, Row
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


class AlarmList(Panel):
    """As many standing alarms as fit, the first of the list first."""

    def __init__(self, view: View, id: str | None = None, titled: bool = True) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self._titled = titled
        self.top = 0
        """Index of the first shown alarm."""

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        standing = view.book.standing()
        first = 0
        if self._titled:
            unacked = sum(not record.acked for record in standing)
            row = canvas.row(0).add(" ALARMS", looks.title)
            row.add(f"  {len(standing)} standing, {unacked} unacknowledged", looks.dim)
            if view.book.stale:
                row.add("  as last heard", looks.bad)
            first = 1
        room = canvas.height - first
        if not standing:
            canvas.row(first).add(" none", looks.dim)
            return
        self._follow(standing, room)
        shown = standing[self.top : self.top + room]
        for y, record in enumerate(shown, start=first):
            target = Target("alarm", record.alarm.name)
            alarm_line(canvas.row(y).add(" ", looks.text), view, record, view.cursor == target)
            canvas.pick(0, y, canvas.width, target)
        hidden = len(standing) - self.top - len(shown)
        if self._titled and hidden > 0:
            canvas.row(0).add(f"  {hidden} more below", looks.dim)

    def _follow(self, standing: list[AlarmRecord], room: int) -> None:
        """Keep the alarm under the cursor in sight."""
        names = [record.alarm.name for record in standing]
        cursor = self.view.cursor
        at = names.index(cursor.id) if cursor is not None and cursor.kind == "alarm" and cursor.id in names else 0
        self.top = max(0, min(self.top, len(standing) - room))
        if at < self.top:
            self.top = at
        elif at >= self.top + room:
            self.top = at - room + 1


class AlarmHelp(Panel):
    """What the alarm under the cursor means and what to do about it."""

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
        y = 2
        for title, text in (("consequence", alarm.consequence), ("response", alarm.response)):
            for index, line in enumerate(textwrap.wrap(text or "not given", max(20, canvas.width - 15))):
                row = canvas.row(y).add(f" {title if not index else '':<12} ", looks.dim)
                row.add(line, looks.live if title == "response" else looks.text)
                y += 1
