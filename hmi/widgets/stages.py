"""The stages of an extraction circuit: what stands in the aqueous and in the organic, from E1 to the last of the strip.

One strip for every array the server has of the unit, the two phases of a metal side by side. The sections of the
circuit are told apart by the ground, and one stage can be read off in all strips at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

from hmi.format import BAD
from hmi.model import Member, Unit
from hmi.store import Trace
from hmi.view import Target, View
from hmi.widgets.canvas import Canvas
from hmi.widgets.panel import Panel
from hmi.widgets.trend import dots, text

PHASES = {"aq": "aqueous", "org": "organic"}
"""Endings of a metal's arrays, in the order of the columns."""
LEAST = 1e-6
"""mol/L at the foot of a logarithmic strip; what stands below it is drawn there."""
TRACE = 1e-3
"""mol/L that a linear strip shows at least: less is a trace, not a peak."""
_LABEL = 7


@dataclass(frozen=True, slots=True)
class Profiles:
    """A unit's arrays in rows: metals with their phases, then what has no phase."""

    rows: tuple[tuple[str, tuple[Member, ...]], ...]

    @classmethod
    def of(cls, unit: Unit) -> Profiles:
        """Sort a unit's arrays by metal, the aqueous first."""
        rows = groupby(unit.profiles, key=lambda member: subject(member)[0])
        phases = list(PHASES)

        def rank(member: Member) -> int:
            phase = subject(member)[1]
            return phases.index(phase) if phase in phases else 0

        return cls(tuple((name, tuple(sorted(found, key=rank))) for name, found in rows))


def subject(member: Member) -> tuple[str, str]:
    """What an array is of: ``Nd.aq`` is ("Nd", "aq"), ``pH`` is ("pH", "")."""
    name, _, phase = member.member.partition(".")
    return name, phase


def section_of(stage: str) -> str:
    """Extraction, scrub or strip: the letter before a stage's number."""
    return stage.rstrip("0123456789")


def cells_of(element: int, count: int, width: int) -> tuple[int, int]:
    """First and one past the last of the ``width`` cells that show an element of ``count``; one cell at least."""
    first = element * width // count
    return first, max(first + 1, (element + 1) * width // count)


def joined(values: NDArray[np.float64], width: int) -> Trace:
    """A staircase of ``width`` dot columns through an array, its steps drawn as risers."""
    step = values[np.arange(width) * len(values) // width]
    before = np.concatenate((step[:1], step[:-1]))
    return Trace(np.fmin(step, before), np.fmax(step, before), step)


def ceiling(value: float) -> float:
    """The next of 1, 2, 5, 10, ... at or above a value: a scale that does not change with every value."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    decade = 10.0 ** math.floor(math.log10(value))
    return next(step * decade for step in (1, 2, 5, 10) if value <= step * decade * (1 + 1e-9))


def concentration(value: float) -> str:
    """Three digits from 0.001 up, a power of ten below: impurities count by their decade."""
    if math.isnan(value):
        return BAD
    if abs(value) < 1e-9:
        return "<1e-9"
    if abs(value) < 0.001:
        return f"{value:.1e}".replace("e-0", "e-")
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.2f}"


class Stages(Panel):
    """All profiles of one circuit, with one stage read off."""

    PERIOD = 1.0

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self.unit = ""
        self.stage = 0
        """The element that is read off."""
        self.logarithmic = False

    def move(self, steps: int) -> None:
        """Read off another stage."""
        unit = self.view.plant.units.get(self.unit)
        count = max((len(self._values(member)) for member in unit.profiles), default=0) if unit is not None else 0
        self.stage = max(0, min(count - 1, self.stage + steps))
        self.paint(force=True)

    def point(self, x: int, y: int) -> bool:
        """Read off the stage below the mouse."""
        unit = self.view.plant.units.get(self.unit)
        count = max((len(self._values(member)) for member in unit.profiles), default=0) if unit is not None else 0
        width = self.size.width // 2 - _LABEL - 1
        at = x % max(1, self.size.width // 2) - _LABEL
        if not count or not 0 <= at < width:
            return False
        self.stage = next(stage for stage in range(count) if at < cells_of(stage, count, width)[1])
        self.paint(force=True)
        return True

    def build(self, canvas: Canvas) -> None:
        unit = self.view.plant.units.get(self.unit)
        if unit is None or not unit.profiles:
            return
        looks = self.view.looks
        rows = Profiles.of(unit).rows
        names = unit.profiles[0].points
        half = canvas.width // 2
        head = canvas.row(0).add(f" {unit.id} ", looks.title).add(unit.title, looks.dim)
        scale = "logarithmic" if self.logarithmic else "linear"
        head.add(f"   stage {self._called(names)}", looks.live)
        canvas.pick(head.used + 3, 0, len(scale) + 6, Target("command", "scale"))
        head.add(f"   {scale} scale", looks.dim)
        height, spare = divmod(canvas.height - 2, len(rows))
        if height < 2:
            canvas.row(1).add(" no room for the profiles", looks.dim)
            return
        y = 1
        for index, (name, members) in enumerate(rows):
            tall = height + (index < spare)
            width = half if len(members) > 1 or len(rows) > 1 else canvas.width
            for column, member in enumerate(members):
                self._head(canvas, name, member, column * half, y, width)
            self._strips(canvas, members, y + 1, tall - 1, width)
            y += tall
        self._axis(canvas, names, y, half)

    def _called(self, names: tuple[str, ...]) -> str:
        return names[self.stage] if self.stage < len(names) else str(self.stage + 1)

    def _values(self, member: Member) -> NDArray[np.float64]:
        return self.view.store.read(member.name).array

    def _head(self, canvas: Canvas, name: str, member: Member, x: int, y: int, width: int) -> None:
        """What the strip shows, and its value at the stage that is read off."""
        looks = self.view.looks
        values = self._values(member)
        phase = PHASES.get(subject(member)[1], subject(member)[1])
        row = canvas.row(y, x).add(f" {name} {phase}".rstrip(), looks.title).add(" ", looks.text)
        here = float(values[self.stage]) if self.stage < len(values) else math.nan
        shown = f"{here:.2f}" if name == "pH" and not math.isnan(here) else concentration(here)
        row.add(shown, looks.bad if math.isnan(here) else looks.live)
        unit = "" if member.eu == name else f" {member.eu}"
        row.add(unit, looks.dim)
        if len(values) and width >= 44:
            top = int(np.nanargmax(values)) if not np.isnan(values).all() else 0
            at = member.points[top] if top < len(member.points) else str(top + 1)
            row.add(f"   most {float(values[top]):.2f}" if name == "pH" else f"   most {concentration(values[top])}",
                    looks.dim).add(f" at {at}", looks.dim)  # fmt: skip

    def _strips(self, canvas: Canvas, members: tuple[Member, ...], y: int, height: int, half: int) -> None:
        width = half - _LABEL - 1
        for column, member in enumerate(members):
            values = self._values(member)
            low, high = self._scale(member, values)
            drawn = values
            if self._is_logarithmic(member) and len(values):
                drawn = np.log10(np.maximum(values, LEAST))
            patterns = dots(joined(drawn, 2 * width), low, high, width, height) if len(drawn) else None
            for line in range(height):
                self._line(canvas, member, patterns[line] if patterns is not None else None, column * half, y + line,
                           self._mark(member, low, high, line, height), width, len(values))  # fmt: skip

    def _line(
        self, canvas: Canvas, member: Member, pattern: NDArray[np.int64] | None, x: int, y: int, mark: str,
        width: int, count: int,
    ) -> None:  # fmt: skip
        looks = self.view.looks
        row = canvas.row(y, x).add(mark, looks.dim, _LABEL - 1, right=True).add("┤" if mark else "│", looks.line)
        if pattern is None:
            row.add(f" {BAD}?", looks.bad, width)
            return
        drawn = text(pattern)
        first, last = cells_of(self.stage, count, width)
        styles = [self._ground(member, stage) for stage in range(count)]
        of = np.arange(width) * count // width
        for style, run in groupby(
            range(width), key=lambda cell: looks.cursor if first <= cell < last else styles[of[cell]]
        ):
            cells = list(run)
            row.add(drawn[cells[0] : cells[-1] + 1], style)

    def _ground(self, member: Member, stage: int) -> Style:
        """Every other section of the circuit on the ground of bars."""
        looks = self.view.looks
        sections = list(dict.fromkeys(map(section_of, member.points)))
        if stage >= len(member.points) or not sections.index(section_of(member.points[stage])) % 2:
            return looks.text
        return Style(color=looks.text.color, bgcolor=looks.bar.bgcolor)

    def _is_logarithmic(self, member: Member) -> bool:
        return self.logarithmic and bool(subject(member)[1])

    def _scale(self, member: Member, values: NDArray[np.float64]) -> tuple[float, float]:
        known = values[~np.isnan(values)]
        if not known.size:
            return 0.0, 1.0
        if self._is_logarithmic(member):
            return math.log10(LEAST), max(0.0, math.log10(ceiling(float(known.max()))))
        if known.min() < 0 or not subject(member)[1]:
            return math.floor(float(known.min())), math.ceil(float(known.max()) + 1e-9)
        return 0.0, max(TRACE, ceiling(float(known.max())))

    def _mark(self, member: Member, low: float, high: float, line: int, height: int) -> str:
        """The scale's label of a line: its ends."""
        if line not in (0, height - 1):
            return ""
        value = high if line == 0 else low
        return (
            f"{10**value:.0e}".replace("e-0", "e-").replace("e+00", "")
            if self._is_logarithmic(member)
            else f"{value:g}"
        )

    def _axis(self, canvas: Canvas, names: tuple[str, ...], y: int, half: int) -> None:
        """Names of the first stages of the circuit's sections under both columns."""
        looks = self.view.looks
        width = half - _LABEL - 1
        firsts = [i for i, name in enumerate(names) if not i or section_of(name) != section_of(names[i - 1])]
        for x in (0, half):
            for index in firsts:
                at = x + _LABEL + cells_of(index, len(names), width)[0]
                if canvas.row(y).used <= at:
                    canvas.row(y, at).add(names[index], looks.dim)
            end = x + _LABEL + width - len(names[-1]) if names else 0
            if canvas.row(y).used < end:
                canvas.row(y, end).add(names[-1], looks.dim)
