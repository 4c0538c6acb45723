"""The base of all panels: one widget paints many values, and only lines that changed go to the terminal."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hmi.view import Target, View
from hmi.widgets.ascii import ascii_segments
from hmi.widgets.canvas import Canvas, Hit

LEAST = (80, 24)
"""Columns and rows every display fits in."""
WHEEL = 3
"""Lines that a notch of the mouse's wheel moves."""


class Panel(Widget):
    """A widget that paints itself line by line from a View."""

    ALLOW_SELECT = False
    PERIOD: ClassVar[float] = 0.0
    """Shortest time between two paintings, seconds."""
    ANYWHERE: ClassVar[bool] = False
    """Whether it is painted in a smaller terminal than LEAST, too."""

    class Picked(Message):
        """The mouse picked something."""

        def __init__(self, target: Target) -> None:
            super().__init__()
            self.target = target

    class Scrolled(Message):
        """The wheel was turned, by so many lines."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self, view: View, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.view = view
        self.hits: list[Hit] = []
        self._written: list[list[Segment]] = []
        """The lines as they were built, in the order of the screen."""
        self._lines: list[Strip] = []
        """The same as they are shown."""
        self._plain = False
        """Whether the lines are all that there is of the panel: it has no border."""
        self.painted = 0.0
        """When it was painted last, s of the monotonic clock."""

    def build(self, canvas: Canvas) -> None:
        """Paint the panel's present state."""
        raise NotImplementedError

    def paint(self, force: bool = False) -> None:
        """Build the lines anew and send those that differ; at most once in PERIOD unless forced."""
        width, height = self.size
        if not width or not height or not self.region or not (self.ANYWHERE or self._fits()):
            return
        now = time.monotonic()
        if not force and len(self._lines) == height and now - self.painted < self.PERIOD:
            return
        self.painted = now
        canvas = Canvas(width, height, self.view.looks.text)
        self.build(canvas)
        written = [row.finish() for row in canvas.rows]
        if self.view.marks:
            self._write_marks(written, canvas.hits)
        if self.view.ascii:
            written = [ascii_segments(line) for line in written]
        before, self._written = self._written, written
        self.hits = canvas.hits
        if len(self._lines) != height or self._lines[0].cell_length != width:
            self._lines = [Strip(line, width) for line in written]
            self._plain = self.outer_size == (width, height)
            self.refresh()
            return
        changed = [y for y in range(height) if written[y] != before[y]]
        for y in changed:
            self._lines[y] = Strip(written[y], width)
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def _fits(self) -> bool:
        """Whether the terminal has room for what panels are made for."""
        width, height = self.app.size
        return width >= LEAST[0] and height >= LEAST[1]

    def written(self, target: Target) -> str:
        """What the panel says of a thing that can be picked, as it is written; empty where it says nothing."""
        found = (hit for hit in self.hits if hit.target == target and hit.y < len(self._lines))
        return next((self._lines[hit.y].crop(hit.x, hit.x + hit.width).text.strip() for hit in found), "")

    @property
    def text(self) -> str:
        """All that the panel says."""
        return "\n".join(line.text.rstrip() for line in self._lines).strip("\n")

    def _write_marks(self, lines: list[list[Segment]], hits: list[Hit]) -> None:
        """Write the marks of a jump over what they stand for."""
        for hit in hits:
            mark = self.view.marks.get(hit.target)
            if mark is not None:
                line = Strip(lines[hit.y])
                head, tail = line.crop(0, hit.x), line.crop(hit.x + len(mark), line.cell_length)
                room = line.cell_length - hit.x  # the line ends there: what is beside the panel is another's
                lines[hit.y] = [*head, Segment(mark[:room], self.view.looks.shout), *tail]

    def forget(self) -> None:
        """Keep no picture of what is out of sight."""
        self._written, self._lines = [], []
        self._set_dirty()  # Textual's own copies

    def render_lines(self, crop: Region) -> list[Strip]:
        """The painted lines: of a panel without a border there is nothing for Textual to add to them."""
        lines = self._lines
        if not self._plain or self.outer_size != (lines[0].cell_length if lines else 0, len(lines)):
            return super().render_lines(crop)
        shown = lines[crop.y : crop.bottom]
        for one in self.get_line_filters():
            shown = [line.apply_filter(one, self.background_colors[1]) for line in shown]
        if crop.column_span != (0, shown[0].cell_length):
            shown = [line.crop(*crop.column_span) for line in shown]
        return shown

    def render_line(self, y: int) -> Strip:
        """The painted line, cut or filled to the width of now."""
        if y < len(self._lines):
            return self._lines[y].adjust_cell_length(self.size.width)
        return Strip.blank(self.size.width)

    def on_resize(self) -> None:
        """A new size is painted at once, not at the next tick."""
        self.paint(force=True)

    def point(self, x: int, y: int) -> bool:
        """The mouse was pressed, or drawn with its button down, where nothing is to be picked; whether that means
        something here."""
        return False

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drawn with the left button down: as pressed there."""
        if event.button == 1 and self.point(event.x, event.y):
            event.stop()

    def on_click(self, event: events.Click) -> None:
        """Turn a click into what was picked."""
        for hit in self.hits:
            if hit.y == event.y and hit.x <= event.x < hit.x + hit.width:
                event.stop()
                self.post_message(self.Picked(hit.target))
                return
        if self.point(event.x, event.y):
            event.stop()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel, towards the end."""
        event.stop()
        self.post_message(self.Scrolled(WHEEL))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel, towards the beginning."""
        event.stop()
        self.post_message(self.Scrolled(-WHEEL))
