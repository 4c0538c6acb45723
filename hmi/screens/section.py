"""A section: its units in flow order with all their tags, and trends in what height is left."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from hmi.model import Area
from hmi.screens.display import Display
from hmi.view import View
from hmi.widgets.sections import key_analogs
from hmi.widgets.trend import TagTrend
from hmi.widgets.units import Units, arrange

MOST_TRENDS = 6
_LEAST_TREND = 6
"""Lines of a trend worth looking at."""
_TREND_WIDTH = 38


class Section(Display):
    """One section of the plant."""

    NAME = "section"
    DEFAULT_CSS = """
    Section #trends { layout: grid; height: 1fr; border-top: solid $line; }
    Section #trends TagTrend { height: 1fr; width: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.area = ""
        self._units = Units(view)
        self._trends = [TagTrend(view) for _ in range(MOST_TRENDS)]
        self._box = Container(*self._trends, id="trends")

    def body(self) -> ComposeResult:
        yield self._units
        yield self._box

    def show(self, area: str) -> None:
        """Turn to a section."""
        self.area = area
        self.face = None
        self._units.page = 0
        self.relayout()

    def heading(self) -> str:
        areas = self.view.plant.areas
        index, area = next(((i, a) for i, a in enumerate(areas, 1) if a.id == self.area), (0, Area("", "")))
        page = f"  page {self._units.page + 1} of {self.pages()}" if self.pages() > 1 else ""
        return f"{index} {area.title.upper()}{page}"

    def pages(self) -> int:
        return self._units.pages

    def fit(self, width: int, height: int) -> None:
        units = self._units
        layout = arrange(self.view.plant, self.area, width, height)
        units.area, units.layout_now = self.area, layout
        units.page = min(units.page, units.pages - 1)
        left = height - layout.height - 1
        box = self._box
        box.display = left >= _LEAST_TREND
        units.styles.height = layout.height if box.display else height
        if not box.display:
            return
        columns = max(1, min(3, width // _TREND_WIDTH))
        rows = max(1, min(2, left // (2 * _LEAST_TREND - 3)))
        box.styles.grid_size_columns = columns
        box.styles.grid_size_rows = rows
        tags = key_analogs(self.view.plant, self.area)
        for index, trend in enumerate(self._trends):
            trend.display = index < min(columns * rows, len(tags))
            trend.tag_id = tags[index].id if trend.display else ""

    def action_page(self, index: int) -> None:
        units = self._units
        units.page = (units.page + (1 if index == 0 else -1)) % units.pages
        self.view.cursor = None
        self.paint(force=True)
