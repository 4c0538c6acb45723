"""Throughput and purity against target: the first thing on the overview."""

from __future__ import annotations

import math

from hmi.format import BAD, duration, mode_letter, number, places
from hmi.model import Plant, Purity
from hmi.store import Quality
from hmi.view import Target
from hmi.widgets import cells
from hmi.widgets.bar import bar
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.panel import Panel

WIDE = 100
_ROOMY = 140
"""Columns from which titles and bars take their full length."""


def purity_columns(width: int) -> int:
    """Products side by side."""
    return 1 if width >= WIDE else 2


def key_rows(plant: Plant, width: int) -> int:
    """Lines the panel needs."""
    columns = purity_columns(width)
    return 1 + (len(plant.purities) + columns - 1) // columns


class KeyFigures(Panel):
    """Throughput with what holds it back; purity of each product with its target and the age of its sample."""

    def build(self, canvas: Canvas) -> None:
        self._throughput(canvas)
        columns = purity_columns(canvas.width)
        width = canvas.width // columns
        for index, purity in enumerate(self.view.plant.purities):
            x, y = width * (index % columns), 1 + index // columns
            if columns == 1:
                self._wide(canvas, purity, y)
            else:
                self._narrow(canvas, purity, x, y, width)

    def _throughput(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        tag = view.plant.throughput
        row = canvas.row(0).add(" ", looks.text)
        if tag is None or tag.primary is None:
            row.add("no throughput master WIC-100 on this server", looks.dim)
            return
        canvas.pick(0, 0, canvas.width, Target("tag", tag.id))
        priority = cells.alarm_mark(row, view, tag)
        wide = canvas.width >= WIDE
        row.add(tag.id, cells.name_style(view, tag, looks.text), 8)
        title, width = _lengths(canvas.width)
        row.add("Throughput", looks.title, title + 1 if wide else 11)
        shown = cells.value(row, view, tag)
        row.add(tag.primary.eu, looks.dim, 8 if wide else 5)
        setpoint = view.store.number(f"{tag.id}.SP")
        row.add(" set ", looks.dim).add(_digits(setpoint, places(tag.primary, tag)), looks.setting, 6, right=True)
        row.add("  ", looks.text)
        bar(row, looks, width, shown, tag.display_span, tag.normal, tuple(tag.limits.values()), setpoint, priority)
        row.add(" ", looks.text)
        if wide:
            cells.mode(row, view, tag)
        else:
            letter = mode_letter(tag.members.get("MODE"), view.store.number(f"{tag.id}.MODE"))
            row.add(letter, looks.dim)
        limit = view.store.read(f"{tag.id}.Limit")
        if isinstance(limit.value, str) and limit.value and limit.quality is not Quality.BAD:
            row.add("  held by " if wide else " held ", looks.dim).add(limit.value, looks.live)

    def _wide(self, canvas: Canvas, purity: Purity, y: int) -> None:
        view, looks = self.view, self.view.looks
        tag = view.plant.tags[purity.analyser]
        row = canvas.row(y).add(" ", looks.text)
        canvas.pick(0, y, canvas.width, Target("tag", tag.id))
        priority = cells.alarm_mark(row, view, tag)
        title, width = _lengths(canvas.width)
        row.add(tag.id, cells.name_style(view, tag, looks.text), 8)
        row.add(tag.title, looks.text, title).add(" ", looks.text)
        shown = cells.value(row, view, tag)
        row.add(tag.primary.eu if tag.primary is not None else "", looks.dim, 8)
        target = self._target(row, purity, "  at ")
        row.add("  ", looks.text)
        bar(row, looks, width, shown, tag.display_span, tag.normal, tuple(tag.limits.values()), target, priority)
        row.add("  sample ", looks.dim).add(self._age(purity), looks.text).add(" old", looks.dim)
        coming = view.store.number(f"{tag.id}.NextResult")
        if not math.isnan(coming):
            row.add(", next in ", looks.dim).add(duration(coming), looks.text)

    def _narrow(self, canvas: Canvas, purity: Purity, x: int, y: int, width: int) -> None:
        view, looks = self.view, self.view.looks
        tag = view.plant.tags[purity.analyser]
        row = canvas.row(y, x).add(" ", looks.text)
        canvas.pick(x, y, width, Target("tag", tag.id))
        priority = cells.alarm_mark(row, view, tag)
        row.add(tag.id, cells.name_style(view, tag, looks.text), 7)
        shown = cells.value(row, view, tag, 6)
        row.add((tag.primary.eu if tag.primary is not None else "")[:2], looks.dim, 2)
        target = self._target(row, purity, "at")
        row.add(" ", looks.text)
        bar(row, looks, 5, shown, tag.display_span, tag.normal, (), target, priority)
        row.add(f" {self._age(purity)}", looks.dim, max(0, x + width - row.used))

    def _target(self, row: Row, purity: Purity, word: str) -> float:
        """Append the target, where a master holds one; returns it."""
        view, looks = self.view, self.view.looks
        master = view.tag(purity.master) if purity.master is not None else None
        if master is None or "SP" not in master.members:
            row.gap(row.used + len(word) + 6)
            return math.nan
        target = view.store.number(f"{master.id}.SP")
        digits = places(view.plant.tags[purity.analyser].primary or master.members["SP"], master)
        row.add(word, looks.dim).add(_digits(target, digits), looks.setting, 6, right=True)
        return target

    def _age(self, purity: Purity) -> str:
        """How old the sample is that the value stands for."""
        taken = self.view.store.number(f"{purity.analyser}.SampleTime")
        return duration(self.view.store.now - taken)


def _lengths(width: int) -> tuple[int, int]:
    """Cells of a title and of a bar."""
    if width < WIDE:
        return 11, 12
    return (35, 30) if width >= _ROOMY else (23, 20)


def _digits(value: float, digits: int) -> str:
    return BAD if math.isnan(value) else number(value, digits)
