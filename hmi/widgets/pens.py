"""The trends display: up to four pens, one strip each, with a time to read them off at."""

from __future__ import annotations

import math

import numpy as np

from hmi.format import BAD, number, places
from hmi.model import Member, TagObject
from hmi.store import DAY, Trace
from hmi.view import Target, View
from hmi.widgets.canvas import Canvas
from hmi.widgets.panel import Panel
from hmi.widgets.trend import LABEL, Pen, at_time, curves, scale, span_text, time_axis

MOST = 6


class Pens(Panel):
    """The View's pens, one strip below the other."""

    PERIOD = 1.0

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self.read_off: int | None = None
        """Cell column of the time to read at; None reads now."""

    def point(self, x: int, y: int) -> bool:
        """Read off where the mouse is; beside the curves now."""
        at = x - LABEL
        self.read_off = at if 0 <= at < self.size.width - LABEL - 1 else None
        self.paint(force=True)
        return True

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        if not view.pens:
            canvas.row(1).add(" No pens yet. Pick a tag on a display and press ", looks.dim).add("t", looks.live)
            canvas.row(2).add(" ", looks.dim).add(":", looks.live).add(" TAG goes to a tag, ", looks.dim)
            canvas.rows[2].add("t", looks.live).add(" on its faceplate adds it.", looks.dim)
            canvas.row(3).add(" ", looks.dim).add(". ,", looks.live).add(" turn to the sections' groups.", looks.dim)
            return
        width = canvas.width - LABEL - 1
        if self.read_off is not None:  # of a display that has become narrower
            self.read_off = min(self.read_off, width - 1)
        height = (canvas.height - 2) // len(view.pens)
        for index, name in enumerate(view.pens):
            self._strip(canvas, name, index, index * height, width, height)
        axis = len(view.pens) * height
        time_axis(canvas.row(axis), view, LABEL, width, view.span)
        foot = canvas.row(axis + 1).add(f" {span_text(view.span)} of plant time", looks.dim)
        if view.span > DAY and not any(view.store.told_long(name, view.span) for name in view.pens):
            foot.add("   nothing from the server's history yet", looks.text)
        if self.read_off is not None:
            at = view.store.now - view.span * (1 - (self.read_off + 0.5) / width)
            foot.add("   read at ", looks.dim).add(at_time(at, view.span), looks.live)

    def _strip(self, canvas: Canvas, name: str, index: int, y: int, width: int, height: int) -> None:
        view, looks = self.view, self.view.looks
        tag, member = self._member(name)
        if tag is None or member is None:
            canvas.row(y).add(f" {name} is not on this server", looks.bad)
            return
        trace = view.trace(name, view.span, 2 * width)
        own = tag.primary is not None and member.member in (tag.primary.member, "SP")
        low, high = scale(tag, trace) if own else (member.low or 0.0, 100.0 if member.high is None else member.high)
        target = Target("pen", name)
        canvas.pick(0, y, canvas.width, target)
        head = canvas.row(y).add(f" {index + 1} ", looks.dim)
        head.add(name, looks.cursor if view.cursor == target else looks.title).add(" ", looks.text)
        digits = places(member, tag)
        now = view.store.number(name)
        head.add(number(now, digits), looks.live).add(f" {member.eu}", looks.dim)
        self._read(canvas, trace, digits, y)
        head = canvas.row(y)
        head.add(f"   {tag.title}", looks.dim, max(0, canvas.width - head.used - 1))
        for line, mark in ((1, high), (height - 1, low)):
            canvas.row(y + line).add(number(mark, digits, LABEL - 1), looks.dim).add("┤", looks.line)
        for line in range(2, height - 1):
            canvas.row(y + line, LABEL - 1).add("│", looks.line)
        pen = Pen(name, looks.pens[0], (low, high))
        curves(
            canvas, view, [pen], LABEL, y + 1, width, height - 1, view.span, tag.normal if own else None, self.read_off
        )

    def _read(self, canvas: Canvas, trace: Trace, digits: int, y: int) -> None:
        """Append the value at the read-off, and lowest and highest over the span."""
        looks = self.view.looks
        row = canvas.row(y)
        if self.read_off is not None and 2 * self.read_off + 1 < len(trace.last):
            value = float(trace.last[2 * self.read_off + 1])
            row.add("   there ", looks.dim).add(BAD if math.isnan(value) else number(value, digits), looks.live)
        known = ~np.isnan(trace.low)
        if known.any():
            low, high = float(trace.low[known].min()), float(trace.high[known].max())
            row.add(f"   min {number(low, digits)}  max {number(high, digits)}", looks.dim)

    def _member(self, name: str) -> tuple[TagObject | None, Member | None]:
        tag = self.view.tag(name.partition(".")[0])
        return tag, tag.members.get(name.partition(".")[2]) if tag is not None else None
