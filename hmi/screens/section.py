"""A section: its units in flow order with all their tags, then its stages, zones and analysers, page by page."""

from __future__ import annotations

from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Container

from hmi.format import short
from hmi.model import Area, Plant
from hmi.screens.display import Display
from hmi.view import Target, View
from hmi.widgets.analysers import AnalyserList
from hmi.widgets.panel import Panel
from hmi.widgets.sections import key_analogs
from hmi.widgets.stages import Stages
from hmi.widgets.trend import TagTrend
from hmi.widgets.units import Units, arrange
from hmi.widgets.zones import Zones

MOST_TRENDS = 6
_LEAST_TREND = 6
"""Lines of a trend worth looking at."""
_TREND_WIDTH = 38
_WIDE = 100
"""Columns from which the heading has room for a section's whole title and its page's."""
_SHORT = 19


class Page(NamedTuple):
    """One page: what it shows, of which unit or as which page of the units, and its name in the heading."""

    kind: str
    unit: str = ""
    number: int = 0
    title: str = ""


def detail_pages(plant: Plant, area: str) -> list[Page]:
    """The pages after those of the units: stages of each circuit, zones of the furnaces, the analysers."""
    units = [unit for unit in plant.units.values() if unit.area == area]
    pages = [Page("stages", unit.id, title=f"{unit.id} stages") for unit in units if unit.profiles]
    if any(plant.zones(unit.id) for unit in units):
        pages.append(Page("zones", title="zones"))
    if any(tag.kind == "analyser" for tag in plant.of_area(area)):
        pages.append(Page("analysers", title="analysers"))
    return pages


class Section(Display):
    """One section of the plant."""

    NAME = "section"
    DEFAULT_CSS = """
    Section #trends { layout: grid; height: 1fr; border-top: solid $line; }
    Section #trends TagTrend { height: 1fr; width: 1fr; }
    Section Stages, Section AnalyserList { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.area = ""
        self._at = 0
        """Index of the page."""
        self._sheet: list[Page] = [Page("units")]
        self._units = Units(view)
        self._trends = [TagTrend(view) for _ in range(MOST_TRENDS)]
        self._box = Container(*self._trends, id="trends")
        self._stages = Stages(view)
        self._zones = Zones(view)
        self._analysers = AnalyserList(view)

    def body(self) -> ComposeResult:
        yield self._units
        yield self._stages
        yield self._zones
        yield self._analysers
        yield self._box

    def show(self, area: str) -> None:
        """Turn to a section's first page."""
        self.area = area
        self.face = None
        self._at = 0
        self._analysers.area = area
        self._analysers.top = 0
        if self.is_current:  # else it lays itself out when it comes to the front
            self.relayout()

    def show_unit(self, unit: str) -> None:
        """Turn to the page of the present section that has a unit."""
        layout = self._units.layout_now
        for number, page in enumerate(layout.pages if layout is not None else ()):
            if any(line.unit == unit for column in page for line in column):
                self._turn(number)
                return

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._sheet[min(self._at, len(self._sheet) - 1)]

    def view_name(self) -> str:
        return self.page.kind

    def heading(self) -> str:
        areas = self.view.plant.areas
        index, area = next(((i, a) for i, a in enumerate(areas, 1) if a.id == self.area), (0, Area("", "")))
        at = f"  {self._at + 1}/{self.pages()}" if self.pages() > 1 else ""
        title = area.title.upper()
        if self.app.size.width < _WIDE:
            title = self.page.title or short(title, _SHORT)
        elif self.page.title:
            title = f"{title}  {self.page.title}"
        return f"{index} {title}{at}"

    def pages(self) -> int:
        return len(self._sheet)

    def fit(self, width: int, height: int) -> None:
        units = self._units
        layout = arrange(self.view.plant, self.area, width, height)
        units.area, units.layout_now = self.area, layout
        self._sheet = [Page("units", number=number) for number in range(max(1, len(layout.pages)))]
        self._sheet += detail_pages(self.view.plant, self.area)
        self._at = min(self._at, len(self._sheet) - 1)
        page = self.page
        units.page = page.number
        self._stages.unit = page.unit
        owners = (unit for unit in self.view.plant.units.values() if unit.area == self.area)
        self._zones.units = tuple(unit.id for unit in owners if self.view.plant.zones(unit.id))
        shown: dict[str, Panel] = {
            "units": units,
            "stages": self._stages,
            "zones": self._zones,
            "analysers": self._analysers,
        }
        for kind, panel in shown.items():
            panel.display = kind == page.kind
        left = height - layout.height - 1
        tags = [tag.id for tag in key_analogs(self.view.plant, self.area)]
        if page.kind == "zones":
            needed = self._zones.needed() + len(self._zones.units)
            self._zones.styles.height = needed if height - needed - 1 >= _LEAST_TREND else height
            left = height - needed - 1
            tags = self._zones.tags()
        self._box.display = page.kind in ("units", "zones") and left >= _LEAST_TREND
        units.styles.height = layout.height if self._box.display else height
        if self._box.display:
            self._arrange_trends(tags, width, left)

    def _arrange_trends(self, tags: list[str], width: int, left: int) -> None:
        columns = max(1, min(3, width // _TREND_WIDTH, len(tags)))
        rows = max(1, min(2, left // (2 * _LEAST_TREND - 3), -(-len(tags) // columns)))
        self._box.styles.grid_size_columns = columns
        self._box.styles.grid_size_rows = rows
        for index, trend in enumerate(self._trends):
            trend.display = index < min(columns * rows, len(tags))
            trend.tag_id = tags[index] if trend.display else ""

    def paint(self, force: bool = False) -> None:
        if self.page.kind == "analysers" and self.face is None:
            self._analysers.settle()
        super().paint(force)

    def action_section(self, index: int) -> None:
        """The key of the present section turns its page."""
        areas = self.view.plant.areas
        if index < len(areas) and areas[index].id == self.area and self.face is None:
            self.action_page(0)
        else:
            super().action_section(index)

    @property
    def page_names(self) -> list[str]:
        """Every page by its number, and the first of its kind and that of a circuit by name, too."""
        names = [str(number) for number in range(1, self.pages() + 1)]
        names += dict.fromkeys(page.kind for page in self._sheet if page.kind != "units")
        return [*names, *(page.unit for page in self._sheet if page.unit)]

    def show_page(self, name: str) -> None:
        """Turn to the page of one of those names."""
        wanted = (i for i, page in enumerate(self._sheet) if name in (str(i + 1), page.kind, page.unit))
        self._turn(next(wanted))

    def action_page(self, index: int) -> None:
        self._turn((self._at + (1 if index == 0 else -1)) % self.pages())

    def action_move(self, dx: int, dy: int) -> None:
        if self.page.kind == "analysers" and dy:
            self._analysers.move(dy)
            self.paint(force=True)
        else:
            super().action_move(dx, dy)

    def action_measure(self, index: int) -> None:
        self._stages.move(1 if index else -1)

    def action_scale(self) -> None:
        self._stages.logarithmic = not self._stages.logarithmic
        self._stages.paint(force=True)

    def action_pick(self) -> None:
        cursor = self.view.cursor
        if cursor is not None and cursor.kind == "unit":
            self.hmi.show_unit(cursor.id)
        else:
            super().action_pick()

    def _turn(self, page: int) -> None:
        self._at = page
        self.view.cursor = Target("tag", "") if self.page.kind == "analysers" else None
        self.relayout()
