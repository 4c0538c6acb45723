"""A section's units in flow order, each with its instruments, controllers, drives and valves."""

from __future__ import annotations

from dataclasses import dataclass

from hmi.model import Plant, TagObject, Unit
from hmi.view import Target, View
from hmi.widgets import cells
from hmi.widgets.canvas import Canvas
from hmi.widgets.panel import Panel

COLUMN = 39
"""Narrowest column: an analog line with a bar of seven cells."""
WIDEST = 100
"""Widest column: an analog line with title and a long bar."""
TITLE = 14
"""Cells that a unit's title is left, however many units it is connected with."""
SHARE = 0.6
"""Columns are added until the units leave the rest of the height to the trends."""

ANALOG = frozenset(("transmitter", "analyser", "controller", "calculation"))
STATED = frozenset(("sequence", "interlock"))
"""Kinds that take a whole line to say how they stand."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the section: a unit's heading, an analog, or a few devices."""

    unit: str
    tags: tuple[TagObject, ...] = ()
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines in columns, columns on pages."""

    columns: int
    width: int
    pages: tuple[tuple[tuple[Line, ...], ...], ...]

    @property
    def height(self) -> int:
        """Lines of the longest column."""
        return max((len(column) for page in self.pages for column in page), default=0)


def lines(plant: Plant, area: str, width: int) -> list[list[Line]]:
    """What each unit needs, in flow order, for columns of ``width`` cells."""
    per_line = max(1, width // (cells.DEVICE + 1))
    blocks: list[list[Line]] = []
    order = [unit for unit in plant.units.values() if unit.area == area]
    loose = tuple(tag.id for tag in plant.of_area(area) if not tag.unit)
    for unit in [*order, Unit("", area, "", loose)]:
        tags = [plant.tags[id_] for id_ in unit.tags]
        if not tags:
            continue
        block = [Line(unit.id, heading=True)]
        block += [Line(unit.id, (tag,)) for tag in tags if tag.kind in ANALOG | STATED]
        devices = [tag for tag in tags if tag.kind not in ANALOG | STATED]
        block += [Line(unit.id, tuple(devices[i : i + per_line])) for i in range(0, len(devices), per_line)]
        blocks.append(block)
    return blocks


def arrange(plant: Plant, area: str, width: int, height: int) -> Layout:
    """Lay a section out: as few columns as leave room for trends, pages where even the most are too few."""
    most = max(1, (width + 1) // (COLUMN + 1))
    for columns in range(-(-width // WIDEST), most + 1):
        cell = (width + 1) // columns - 1
        blocks = lines(plant, area, cell)
        wanted = height if columns == most else int(SHARE * height)
        least = -(-sum(map(len, blocks)) // columns)  # with fewer lines a column, some would have no place
        for limit in range(max(1, least), wanted + 1):
            filled = _fill(blocks, limit)
            if len(filled) <= columns:
                return Layout(columns, cell, (tuple(filled),))
    filled = _fill(blocks, max(3, height))
    pages = tuple(tuple(filled[i : i + most]) for i in range(0, len(filled), most))
    return Layout(most, cell, pages)


def _fill(blocks: list[list[Line]], height: int) -> list[tuple[Line, ...]]:
    """Fill columns of ``height`` lines; a unit broken between columns repeats its heading."""
    columns: list[list[Line]] = [[]]
    for block in blocks:
        room = height - len(columns[-1])
        if columns[-1] and (room < 2 or (len(block) > room and len(block) <= height and room < 3)):
            columns.append([])
        for line in block:
            if len(columns[-1]) >= height:
                columns.append([] if line.heading else [Line(line.unit, heading=True)])
            columns[-1].append(line)
    return [tuple(column) for column in columns if column]


class Units(Panel):
    """The section's units, one page of them."""

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self.area = ""
        self.page = 0
        self.layout_now: Layout | None = None

    @property
    def pages(self) -> int:
        """How many pages the section takes."""
        return len(self.layout_now.pages) if self.layout_now is not None else 1

    def build(self, canvas: Canvas) -> None:
        layout = self.layout_now
        if layout is None or not layout.pages:
            canvas.row(0).add(" nothing in this section", self.view.looks.dim)
            return
        page = layout.pages[min(self.page, len(layout.pages) - 1)]
        for index, column in enumerate(page):
            x = index * (layout.width + 1)
            for y, line in enumerate(column):
                self._line(canvas, line, x, y, layout.width)
            if index < len(page) - 1:
                for y in range(canvas.height):
                    canvas.row(y, x + layout.width).add("│", self.view.looks.line)

    def _line(self, canvas: Canvas, line: Line, x: int, y: int, width: int) -> None:
        if line.heading:
            self._heading(canvas, line.unit, x, y, width)
        elif line.tags[0].kind in ANALOG:
            cells.analog(canvas, self.view, line.tags[0], x, y, width)
        elif line.tags[0].kind in STATED:
            cells.state_line(canvas, self.view, line.tags[0], x, y, width)
        else:
            for index, tag in enumerate(line.tags):
                cells.device(canvas, self.view, tag, x + 1 + index * (cells.DEVICE + 1), y)

    def _heading(self, canvas: Canvas, id_: str, x: int, y: int, width: int) -> None:
        looks = self.view.looks
        row = canvas.row(y, x)
        unit = self.view.plant.units.get(id_)
        if unit is None:
            row.add(" Section", looks.title)
            return
        sources = [f for f in self.view.plant.feeds(id_) if self.view.plant.units[f].area != unit.area]
        links = [("←", source) for source in sources] + [("→", to) for to in unit.to]
        row.add(f" {unit.id} ", looks.title)
        room = x + width - row.used
        onward = sum(len(to) + 3 for _, to in links)
        row.add(unit.title, looks.dim, max(0, min(len(unit.title), max(room - onward, TITLE))))
        for arrow, to in links:
            if x + width - row.used < len(to) + 3:
                break
            target = Target("unit", to)
            row.add(f" {arrow} ", looks.tick)
            canvas.pick(row.used, y, len(to), target)
            row.add(to, looks.cursor if self.view.cursor == target else looks.tick)

    def first_target(self) -> Target | None:
        """Where the cursor starts."""
        return self.hits[0].target if self.hits else None
