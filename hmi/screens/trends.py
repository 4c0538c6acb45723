"""The trends display."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.export import Curve, as_csv, as_svg
from hmi.format import clock, day
from hmi.screens.display import Display
from hmi.view import Target, View
from hmi.widgets.pens import Pens
from hmi.widgets.trend import LABEL, next_span, scale, span_text


class Trends(Display):
    """A group of pens, one strip each."""

    NAME = "trends"
    DEFAULT_CSS = "Trends #pens { height: 1fr; }"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._pens = Pens(view, id="pens")

    def body(self) -> ComposeResult:
        yield self._pens

    def turns(self) -> str:
        return "group:1"

    def heading(self) -> str:
        return f"TRENDS  {self.group_name()}  {span_text(self.view.span)}"

    def group_name(self) -> str:
        """The operator's own group, or a section's."""
        areas = self.view.plant.areas
        if not 0 < self.view.group <= len(areas):
            return "own"
        return f"{self.view.group} {areas[self.view.group - 1].title}"

    def action_group(self, index: int) -> None:
        self.show_group((self.view.group + (1 if index else -1)) % len(self.view.groups))

    def show_group(self, index: int) -> None:
        """Turn to a group of pens: the operator's own, or a section's."""
        self.view.group = index
        self._pens.read_off = None
        self.paint(force=True)

    def curves(self) -> list[Curve]:
        """The pens of the group with their samples over the span."""
        view = self.view
        found = []
        for name in view.pens:
            tag = view.tag(name.partition(".")[0])
            member = tag.members.get(name.partition(".")[2]) if tag is not None else None
            if tag is None or member is None:
                continue
            times, values = view.store.samples(name, view.span)
            own = member is tag.primary
            trace = view.store.trace(name, view.span, 200)
            low, high = scale(tag, trace) if own else (member.low or 0.0, 100.0 if member.high is None else member.high)
            normal = tag.normal if own else None
            found.append(Curve(name, tag.title, member.eu, times, values, (low, high), normal))
        return found

    def action_export(self) -> None:
        """Save the samples of the group's pens over the span as CSV."""
        curves = self.curves()
        if curves:
            self.save("trends", "csv", as_csv(curves))
        else:
            self.line.say("no pens to save")

    def action_picture(self) -> None:
        """Save the group's pens over the span as a picture."""
        view = self.view
        title = f"{view.plant.title}, {span_text(view.span)} to {day(view.store.now)} {clock(view.store.now)} UTC"
        self.save("trends", "svg", as_svg(self.curves(), view.store.now - view.span, view.store.now, title))

    def paint(self, force: bool = False) -> None:
        cursor = self.view.cursor
        if self.view.pens and (cursor is None or cursor.kind != "pen" or cursor.id not in self.view.pens):
            self.view.cursor = Target("pen", self.view.pens[0])
        super().paint(force)

    def action_pick(self) -> None:
        """The faceplate of the pen's tag."""
        cursor = self.view.cursor
        if cursor is not None:
            self.open_face(cursor.id.partition(".")[0])

    def action_remove_pen(self) -> None:
        cursor = self.view.cursor
        if cursor is not None and cursor.id in self.view.pens:
            self.view.pens.remove(cursor.id)
            self.paint(force=True)

    def action_span(self, index: int) -> None:
        if self.face is not None:
            super().action_span(index)
            return
        self.view.span = next_span(self.view.span, 1 if index else -1)
        self.paint(force=True)

    def action_measure(self, index: int) -> None:
        panel = self._pens
        width = panel.size.width - LABEL - 1
        at = width if panel.read_off is None else panel.read_off
        moved = at + (1 if index else -1)
        panel.read_off = max(0, moved) if moved < width else None
        panel.paint(force=True)
