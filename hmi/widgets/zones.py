"""The zones of a furnace one below the other: temperature, set point and heater of each on one common scale."""

from __future__ import annotations

import math

from hmi.format import number, places
from hmi.model import TagObject
from hmi.view import Target, View
from hmi.widgets import cells
from hmi.widgets.bar import profile_bar
from hmi.widgets.canvas import Canvas
from hmi.widgets.panel import Panel

_FIXED = 2 + 14 + cells.TAG + 1 + cells.VALUE + 1 + cells.UNIT
_AFTER = 20


class Zones(Panel):
    """All units of a section that have zones."""

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self.units: tuple[str, ...] = ()

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        y = 0
        spacing = 1 if canvas.height >= self.needed() + len(self.units) else 0
        for id_ in self.units:
            unit = view.plant.units[id_]
            canvas.row(y).add(f" {unit.id} ", looks.title).add(unit.title, looks.dim)
            y += 1
            zones = view.plant.zones(id_)
            span = self._span([view.plant.tags[zone.tag] for found in zones.values() for zone in found])
            for what, found in zones.items():
                canvas.row(y).add(f"   {what}", looks.dim)
                canvas.row(y, max(0, canvas.width - _AFTER - len("0 .. 1300"))).add(
                    f"{span[0]:g} .. {span[1]:g}", looks.dim
                )
                y += 1
                for zone in found:
                    self._zone(canvas, zone.name, view.plant.tags[zone.tag], y, span)
                    y += 1
            y += spacing

    def tags(self) -> list[str]:
        """The tags of all zones."""
        plant = self.view.plant
        return [zone.tag for unit in self.units for found in plant.zones(unit).values() for zone in found]

    def needed(self) -> int:
        """Lines without space between the units."""
        zones = (self.view.plant.zones(unit) for unit in self.units)
        return sum(1 + sum(1 + len(found) for found in of.values()) for of in zones)

    def _span(self, tags: list[TagObject]) -> tuple[float, float]:
        """One scale for all zones of a unit."""
        members = [tag.primary for tag in tags if tag.primary is not None]
        lows = [m.low for m in members if m.low is not None]
        highs = [m.high for m in members if m.high is not None]
        return min(lows, default=0.0), max(highs, default=100.0)

    def _zone(self, canvas: Canvas, name: str, tag: TagObject, y: int, span: tuple[float, float]) -> None:
        view, looks = self.view, self.view.looks
        row = canvas.row(y).add(" ", looks.text)
        canvas.pick(0, y, canvas.width, Target("tag", tag.id))
        priority = cells.alarm_mark(row, view, tag)
        row.add(f"zone {name}", looks.dim, 9)
        row.add(tag.id, cells.name_style(view, tag, looks.text), cells.TAG).add(" ", looks.text)
        shown = cells.value(row, view, tag)
        row.add(tag.primary.eu if tag.primary is not None else "", looks.dim, cells.UNIT)
        setpoint = view.store.number(f"{tag.id}.SP")
        width = max(5, canvas.width - row.used - _AFTER)
        profile_bar(row, looks, width, shown, span, tag.normal, setpoint, priority)
        if "SP" in tag.members:
            style = looks.bad if math.isnan(setpoint) else looks.setting
            text = number(setpoint, places(tag.members["SP"], tag))
            row.add(" SP", looks.dim).add(text, style, 7, right=True)
            row.add("  ", looks.text)
            cells.mode(row, view, tag)
