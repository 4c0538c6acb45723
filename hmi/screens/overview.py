"""The overview: throughput and purity first, all sections in flow order, trends and alarms."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.model import Plant
from hmi.screens.display import Display
from hmi.view import View
from hmi.widgets.alarmlist import AlarmList
from hmi.widgets.boxes import Box
from hmi.widgets.canvas import Canvas
from hmi.widgets.keyfigures import KeyFigures, key_rows
from hmi.widgets.panel import Panel
from hmi.widgets.procedures import NextStep, under_way
from hmi.widgets.sections import Sections, area_analogs, grid_columns, grid_rows
from hmi.widgets.trend import TagTrend

MOST_TRENDS = 6
_TREND_SIZE = (36, 7)
"""Least columns and rows of a trend worth looking at."""
_ALARMS = 72
"""Columns that an alarm needs with its message; where there are more, they go to the trends."""


class Rule(Panel):
    """A thin line across."""

    DEFAULT_CSS = "Rule { height: 1; }"

    def build(self, canvas: Canvas) -> None:
        canvas.row(0).add("─" * canvas.width, self.view.looks.line)


def trended(plant: Plant) -> list[str]:
    """What the overview trends: throughput, purities in product order, then each section's most telling analog."""
    throughput = [plant.throughput.id] if plant.throughput is not None else []
    purities = [purity.analyser for purity in plant.purities]
    return [*throughput, *purities[:2], *(tag.id for tag in area_analogs(plant)), *purities[2:]]


class Overview(Display):
    """The whole plant on one display."""

    NAME = "overview"
    DEFAULT_CSS = """
    Overview #foot { layout: horizontal; height: 1fr; }
    Overview #trends { layout: grid; width: 1fr; height: 1fr; grid-size: 2 2; }
    Overview #trends TagTrend { height: 1fr; width: 1fr; }
    Overview #alarmlist { height: 1fr; }
    Overview.-narrow #foot { layout: vertical; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._figures = KeyFigures(view)
        self._sections = Sections(view)
        self._trends = [TagTrend(view, span=3600.0) for _ in range(MOST_TRENDS)]
        self._trend_box = Box(*self._trends, id="trends")
        self._alarms = AlarmList(view, id="alarmlist")
        self._step = NextStep(view)
        self._step.display = False

    def body(self) -> ComposeResult:
        yield self._figures
        yield Rule(self.view)
        yield self._sections
        yield Rule(self.view)
        yield Box(self._trend_box, self._alarms, id="foot")
        yield self._step

    def heading(self) -> str:
        return f"OVERVIEW  {self.view.plant.title}"

    def paint(self, force: bool = False) -> None:
        if self._step.display != bool(under_way(self.view)):
            self._step.display = not self._step.display
            self.relayout()  # which paints
            return
        super().paint(force)

    def action_pick(self) -> None:
        """The steps of the procedure under way, too."""
        cursor = self.view.cursor
        if cursor is not None and cursor.kind == "procedure":
            self.hmi.show_procedures(cursor.id)
        else:
            super().action_pick()

    def fit(self, width: int, height: int) -> None:
        plant = self.view.plant
        height -= self._step.display
        narrow = grid_columns(width) == 1
        self.set_class(narrow, "-narrow")
        figures = key_rows(plant, width)
        sections = grid_rows(plant, width, height)
        self._figures.styles.height = figures
        self._sections.styles.height = sections
        left = height - figures - sections - 2
        alarms = max(3, left // 3) if narrow else left
        self._alarms.styles.height = alarms if narrow else "1fr"
        beside = 0 if narrow else min(_ALARMS, width * 2 // 5)
        self._alarms.styles.width = beside or "1fr"
        self._arrange_trends(width - beside, left - alarms if narrow else left)

    def _arrange_trends(self, width: int, height: int) -> None:
        columns = max(1, min(3, width // _TREND_SIZE[0]))
        rows = max(1, min(MOST_TRENDS // columns, height // _TREND_SIZE[1]))
        self._trend_box.styles.grid_size_columns = columns
        self._trend_box.styles.grid_size_rows = rows
        tags = trended(self.view.plant)
        for index, trend in enumerate(self._trends):
            shown = index < columns * rows and index < len(tags)
            trend.display = shown
            trend.tag_id = tags[index] if shown else ""
