"""The analysers: what each said last, how old its sample is, when the next result comes, and its state."""

from __future__ import annotations

import math

from hmi.format import BAD, duration
from hmi.model import TagObject
from hmi.view import View
from hmi.widgets import cells
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.listing import Listing

_IN_SERVICE = 0
_WIDE = 100
"""Columns from which the state has a column of its own; below, it stands in place of the next result."""
_AGE = 8


class AnalyserList(Listing):
    """The analysers of one section or of the whole plant, in flow order."""

    KIND = "tag"
    EMPTY = "no analysers here"

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id, heads=1)
        self.area = ""
        """Section; empty for the whole plant."""

    def ids(self) -> list[str]:
        tags = self.view.plant.tags.values()
        return [tag.id for tag in tags if self._shown(tag) and self.matches(tag.id, tag.title, tag.unit)]

    def _shown(self, tag: TagObject) -> bool:
        return tag.kind == "analyser" and (not self.area or tag.area == self.area)

    def head(self, canvas: Canvas) -> None:
        looks = self.view.looks
        wide = canvas.width >= _WIDE
        title, bar = self._widths(canvas.width)
        row = canvas.row(0).add("   tag", looks.dim, 3 + cells.TAG)
        row.add("measures", looks.dim, title).add("value", looks.dim, cells.VALUE, right=True)
        row.add("", looks.dim, 1 + cells.UNIT + 1 + bar)
        row.add("sample", looks.dim, _AGE, right=True).add("next in", looks.dim, _AGE, right=True)
        row.add("  state" if wide else "", looks.dim)

    def line(self, row: Row, id_: str, picked: bool) -> None:
        view, looks = self.view, self.view.looks
        tag = view.plant.tags[id_]
        title, bar = self._widths(row.width)
        priority = cells.alarm_mark(row, view, tag)
        row.add(tag.id, looks.cursor if picked else looks.text, cells.TAG)
        row.add(tag.title, looks.dim, title - 1).add(" ", looks.text)
        shown = cells.value(row, view, tag)
        row.add(tag.primary.eu if tag.primary is not None else "", looks.dim, cells.UNIT + 1)
        cells.tag_bar(row, view, tag, bar, shown, priority)
        age = view.store.now - view.store.number(f"{id_}.SampleTime")
        row.add(BAD if math.isnan(age) else duration(age), looks.text, _AGE, right=True)
        coming = view.store.number(f"{id_}.NextResult")
        state = view.store.number(f"{id_}.State")
        wide = row.width >= _WIDE
        if wide or state == _IN_SERVICE:
            row.add(duration(coming) if coming > 0 else "-", looks.dim, _AGE, right=True)
        if wide or state != _IN_SERVICE:
            self._state(row.add("  ", looks.text), tag, state)

    def _state(self, row: Row, tag: TagObject, state: float) -> None:
        """In service is the normal state and stays grey; all else is bright."""
        looks = self.view.looks
        member = tag.members.get("State")
        if member is None or math.isnan(state):
            row.add(BAD, looks.bad)
            return
        text = member.states[int(state)] if int(state) < len(member.states) else str(int(state))
        row.add(text, looks.dim if state == _IN_SERVICE else looks.shout)

    def _widths(self, width: int) -> tuple[int, int]:
        """Cells of the title and of the bar."""
        state = 16 if width >= _WIDE else 0
        spare = width - (3 + cells.TAG + cells.VALUE + 1 + cells.UNIT + 1 + 2 * _AGE + state)
        bar = max(6, min(40, spare - 36))
        return spare - bar, bar
