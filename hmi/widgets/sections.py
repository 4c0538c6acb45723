"""All sections on one display: each with its worst alarm and the analogs that tell how it does."""

from __future__ import annotations

from collections.abc import Container

from rich.style import Style

from hmi.model import Area, Plant, TagObject
from hmi.theme import badge
from hmi.view import Target, View
from hmi.widgets import cells
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.panel import Panel
from hmi.widgets.trend import sparkline

GRID = 116
"""Width from which sections stand side by side."""


def grid_columns(width: int) -> int:
    """Sections side by side; 1 is a line each."""
    return 4 if width >= GRID else 1


def key_analogs(plant: Plant, area: str, beside: Container[str] = ()) -> list[TagObject]:
    """A section's analogs with a normal band or limits, the most telling first; where none has any, all of them.

    Those with a band and those with the highest alarm priority lead, one of each unit before a second of any, in flow
    order. The order does not depend on what is going on, so that every value keeps its place. ``beside`` is left out.
    """
    by_unit: dict[str, list[TagObject]] = {}
    analogs = [tag for tag in plant.of_area(area) if tag.primary is not None and tag.id not in beside]
    for tag in [tag for tag in analogs if tag.normal is not None or tag.limits] or analogs:
        by_unit.setdefault(tag.unit, []).append(tag)
    for tags in by_unit.values():
        tags.sort(key=lambda tag: (tag.normal is None, _weight(tag), tag.kind != "controller"))
    rounds = max((len(tags) for tags in by_unit.values()), default=0)
    return [tags[turn] for turn in range(rounds) for tags in by_unit.values() if turn < len(tags)]


def _shown_above(plant: Plant) -> set[str]:
    """What the overview shows first, and not again among the sections."""
    throughput = plant.throughput
    above = {purity.analyser for purity in plant.purities} | {purity.master or "" for purity in plant.purities}
    return above | ({throughput.id} if throughput is not None else set())


def _weight(tag: TagObject) -> int:
    return min((alarm.priority for alarm in tag.alarms), default=5)


def grid_rows(plant: Plant, width: int, height: int) -> int:
    """Lines the panel takes of ``height``: one each when narrow, else two bands of a title and up to seven analogs."""
    columns = grid_columns(width)
    if columns == 1:
        return len(plant.areas)
    bands = (len(plant.areas) + columns - 1) // columns
    above = _shown_above(plant)
    most = max((len(key_analogs(plant, area.id, above)) for area in plant.areas), default=0)
    return bands * min(1 + most, 8, max(3, height // 2 // max(1, bands)))


class Sections(Panel):
    """The plant's sections in flow order."""

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self._analogs: dict[str, list[TagObject]] = {}
        self._of: Plant | None = None

    def build(self, canvas: Canvas) -> None:
        plant = self.view.plant
        if self._of is not plant:
            self._of = plant
            above = _shown_above(plant)
            self._analogs = {area.id: key_analogs(plant, area.id, above) for area in plant.areas}
        columns = grid_columns(canvas.width)
        if columns == 1:
            for y, area in enumerate(plant.areas):
                self._line(canvas, y, area)
            return
        bands = (len(plant.areas) + columns - 1) // columns
        height = canvas.height // max(1, bands)
        width = canvas.width // columns
        for index, area in enumerate(plant.areas):
            x, y = width * (index % columns), height * (index // columns)
            self._block(canvas, area, x, y, width - 1, height)
            for line in range(y, y + height):
                if index % columns < columns - 1:
                    canvas.row(line, x + width - 1).add("│", self.view.looks.line)

    def _line(self, canvas: Canvas, y: int, area: Area) -> None:
        view, looks = self.view, self.view.looks
        self._title(canvas, area, 0, y, 20)
        row = canvas.row(y)
        room = canvas.width - row.used - 9
        count = max(1, room // 25)
        width = room // count
        tags = self._analogs[area.id][:count]
        for tag in tags:
            self._cell(canvas, tag, row.used, y, width)
        row.gap(canvas.width - 9).add(" ", looks.text)
        if tags and tags[0].primary is not None:
            row.add(sparkline(view, tags[0], 8), looks.tick)

    def _block(self, canvas: Canvas, area: Area, x: int, y: int, width: int, height: int) -> None:
        self._title(canvas, area, x, y, width)
        for line, tag in enumerate(self._analogs[area.id][: height - 1], start=1):
            self._cell(canvas, tag, x, y + line, width)

    def _title(self, canvas: Canvas, area: Area, x: int, y: int, width: int) -> None:
        view, looks = self.view, self.view.looks
        target = Target("area", area.id)
        canvas.pick(x, y, width, target)
        number = view.plant.areas.index(area) + 1
        row = canvas.row(y, x).add(" ", looks.text)
        worst = view.book.worst_of_area(area.id)
        row.add(f"{number} ", looks.live)
        row.add(area.title, looks.cursor if view.cursor == target else looks.title, width - 6).add(" ", looks.text)
        if worst is None:
            row.add("  ", looks.dim)
            return
        style = looks.priority(worst.alarm.priority) + Style(reverse=not worst.acked and view.blink)
        row.add(badge(worst.alarm.priority, worst.state), style)

    def _cell(self, canvas: Canvas, tag: TagObject, x: int, y: int, width: int) -> None:
        """A tag, its value and as much bar as fits."""
        view, looks = self.view, self.view.looks
        row = canvas.row(y, x)
        canvas.pick(x, y, width, Target("tag", tag.id))
        priority = cells.alarm_mark(row, view, tag) if width >= 30 else self._narrow_mark(row, tag)
        row.add(tag.id, cells.name_style(view, tag, looks.text), cells.TAG)
        shown = cells.value(row, view, tag, 6)
        rest = x + width - row.used
        if rest >= 14:
            row.add(tag.primary.eu if tag.primary is not None else "", looks.dim, cells.UNIT + 1)
            rest -= cells.UNIT + 1
        if rest >= 4:
            cells.tag_bar(row, view, tag, min(rest - 1, 20), shown, priority)
        row.gap(min(canvas.width, x + width))

    def _narrow_mark(self, row: Row, tag: TagObject) -> int | None:
        """One blank cell in place of the mark: the pointer's shape tells."""
        row.add(" ", self.view.looks.text)
        record = self.view.book.worst(tag.id)
        return record.alarm.priority if record is not None and record.active else None


def area_analogs(plant: Plant) -> list[TagObject]:
    """The most telling analog of each section: those with the highest alarm priority first, then in flow order."""
    above = _shown_above(plant)
    return sorted((tag for area in plant.areas for tag in key_analogs(plant, area.id, above)[:1]), key=_weight)
