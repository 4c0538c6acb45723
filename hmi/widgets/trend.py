"""Trends in braille: two by four dots a cell, the normal band as ground, time from the values' own source time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style

from hmi.format import clock, day, number, places
from hmi.model import TagObject
from hmi.store import DAY, Trace
from hmi.view import Target, View
from hmi.widgets import cells
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.panel import Panel

_BLANK = 0x2800
"""Empty braille cell; a space in its place would shear SVG pictures."""
_WEIGHTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.int64)

LABEL = 8
"""Cells before the curve, for the scale."""


SOLID, DASHED, DOTTED = (1, 0), (6, 2), (2, 2)
"""Strokes: columns of dots drawn and left out in turn. Process variables, set points and outputs differ by them, for
brightness is not told apart on every terminal. Where a curve rises or falls within a column nothing is left out."""


@dataclass(frozen=True, slots=True)
class Pen:
    """One curve: a member, the style and the stroke it is drawn in."""

    member: str
    style: Style
    scale: tuple[float, float]
    stroke: tuple[int, int] = SOLID


def dots(
    trace: Trace, low: float, high: float, width: int, height: int, stroke: tuple[int, int] = SOLID
) -> NDArray[np.int64]:
    """Braille dot patterns (0 .. 255) of a curve, ``height`` rows of ``width`` cells; the trace has 2 width columns."""
    drawn, left_out = stroke
    top, bottom = (_dot(values, low, high, height) for values in (trace.high, trace.low))
    kept = (np.arange(2 * width) % (drawn + left_out) < drawn) | (bottom - top > 1)
    line = np.arange(4 * height)[:, None]
    mask = (line >= top) & (line <= bottom) & ~np.isnan(trace.high) & kept
    patterns = mask.reshape(height, 4, width, 2) * _WEIGHTS[None, :, None, :]
    total: NDArray[np.int64] = patterns.sum(axis=(1, 3))
    return total


def _dot(value: NDArray[np.float64] | float, low: float, high: float, height: int) -> NDArray[np.int64]:
    """The dot row of a value, 0 on top, in a curve of ``height`` cells; at the edge where it is off the scale."""
    share = np.clip(np.nan_to_num((np.asarray(value) - low) / (high - low)), 0, 1)
    return np.rint((1 - share) * (4 * height - 1)).astype(np.int64)


def text(patterns: NDArray[np.int64]) -> str:
    """Dot patterns of one row as braille characters."""
    return "".join(map(chr, patterns + _BLANK))


def sample(stroke: tuple[int, int]) -> str:
    """Four cells of a flat curve, for a legend."""
    flat = np.full(8, 0.6)
    return text(dots(Trace(flat, flat, flat), 0.0, 1.0, 4, 1, stroke)[0])


def sparkline(view: View, tag: TagObject, width: int, span: float = 900.0) -> str:
    """A curve one row high over the bar's span, for the end of a line."""
    low, high = tag.display_span
    member = tag.primary
    if member is None or not high > low:
        return chr(_BLANK) * width
    return text(dots(view.trace(member.name, span, 2 * width), low, high, width, 1)[0])


def scale(tag: TagObject, trace: Trace) -> tuple[float, float]:
    """What a trend's height stands for: the bar's span while the curve keeps within it, else the whole range."""
    low, high = tag.display_span
    member = tag.primary
    if member is None or member.low is None or member.high is None:
        return low, high
    known = trace.low[~np.isnan(trace.low)]
    top = trace.high[~np.isnan(trace.high)]
    if known.size and (known.min() < low or top.max() > high):
        return member.low, member.high
    return low, high


def curves(
    canvas: Canvas,
    view: View,
    pens: Sequence[Pen],
    x: int,
    y: int,
    width: int,
    height: int,
    span: float,
    band: tuple[float, float] | None = None,
    marked: int | None = None,
) -> list[Trace]:
    """Draw pens over the last ``span`` seconds as ``draw`` does."""
    traces = [view.trace(pen.member, span, 2 * width) for pen in pens]
    draw(canvas, view, pens, traces, x, y, width, height, band, marked)
    return traces


def draw(
    canvas: Canvas,
    view: View,
    pens: Sequence[Pen],
    traces: Sequence[Trace],
    x: int,
    y: int,
    width: int,
    height: int,
    band: tuple[float, float] | None = None,
    marked: int | None = None,
) -> None:
    """Draw pens into a rectangle, the first on top, each with its trace of two columns a cell.

    ``band`` is in the first pen's scale, ``marked`` a cell column.
    """
    layers = [dots(t, *pen.scale, width, height, pen.stroke) for t, pen in zip(traces, pens, strict=True)]
    ground = band_rows(pens[0].scale, band, height) if pens else set()
    for line in range(height):
        row = canvas.row(y + line, x)
        merged = np.zeros(width, np.int64)
        owner = np.full(width, -1, np.int64)
        for index in range(len(pens) - 1, -1, -1):
            merged |= layers[index][line]
            owner[layers[index][line] > 0] = index
        if marked is not None and 0 <= marked < width:
            owner[marked] = -2
        shown, shade = text(merged), view.looks.band.bgcolor if line in ground else None
        if line in ground and view.looks.band_glyph != " ":  # where no ground shows the band, dots do
            shown = "".join(view.looks.bar_glyph if who == -1 else dot for dot, who in zip(shown, owner, strict=True))
        _runs(row, shown, owner, pens, shade, view)


def _runs(row: Row, line: str, owner: NDArray[np.int64], pens: Sequence[Pen], shade: Color | None, view: View) -> None:
    ground = Style(bgcolor=shade)
    starts = [0, *(int(i) for i in np.flatnonzero(np.diff(owner)) + 1), len(line)]
    for start, end in pairwise(starts):
        who = int(owner[start])
        style = view.looks.cursor if who == -2 else (pens[who].style if who >= 0 else view.looks.dim) + ground
        row.add(line[start:end], style)


def band_rows(scale_: tuple[float, float], band: tuple[float, float] | None, height: int) -> set[int]:
    """Cell rows to shade: all that a normal value may be drawn in."""
    low, high = scale_
    if band is None or not high > low:
        return set()
    top, bottom = (_dot(value, low, high, height) for value in (band[1], band[0]))
    return set(range(int(top) // 4, int(bottom) // 4 + 1))


def time_axis(row: Row, view: View, x: int, width: int, span: float) -> None:
    """Append times below a curve that ends now: at both ends and between as there is room."""
    now = view.store.now
    count = max(1, width // 24)
    for index in range(count + 1):
        label = at_time(now - span * (1 - index / count), span)
        at = x + round(width * index / count) - (len(label) if index == count else len(label) // 2 if index else 0)
        row.gap(at).add(label, view.looks.dim)


class TagTrend(Panel):
    """The trend of one tag object's primary value, with its set point, over the View's or an own span."""

    PERIOD = 1.0

    def __init__(self, view: View, id: str | None = None, span: float = 900.0) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self.tag_id = ""
        self.span = span
        self.with_output = False

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        tag = view.tag(self.tag_id)
        if tag is None or tag.primary is None or canvas.height < 3:
            return
        member = tag.primary
        width, height = canvas.width - LABEL - 1, canvas.height - 2
        head = canvas.row(0)
        canvas.pick(0, 0, canvas.width, Target("tag", tag.id))
        head.add(" ", looks.text).add(tag.id, cells.name_style(view, tag, looks.title)).add(" ", looks.text)
        cells.value(head, view, tag)
        head.add(f"{member.eu} ", looks.dim)
        pens = self._pens(tag, width)
        self._legend(head, tag, canvas.width)
        low, high = pens[0].scale
        digits = places(member, tag)
        for line, mark in ((0, high), (height - 1, low)):
            canvas.row(1 + line).add(number(mark, digits, LABEL - 1), looks.dim).add("┤", looks.line)
        for line in range(height):
            canvas.row(1 + line, LABEL - 1).add("│" if canvas.rows[1 + line].used < LABEL else "", looks.line)
        curves(canvas, view, pens, LABEL, 1, width, height, self.span, tag.normal)
        time_axis(canvas.row(canvas.height - 1), view, LABEL, width, self.span)

    def _pens(self, tag: TagObject, width: int) -> list[Pen]:
        view, looks = self.view, self.view.looks
        assert tag.primary is not None
        trace = view.trace(tag.primary.name, self.span, 2 * width)
        own = scale(tag, trace)
        pens = [Pen(tag.primary.name, looks.pens[0], own)]
        if "SP" in tag.members:
            pens.append(Pen(f"{tag.id}.SP", looks.pens[1], own, DASHED))
        if self.with_output and "OP" in tag.members:
            pens.append(Pen(f"{tag.id}.OP", looks.pens[2], (0.0, 100.0), DOTTED))
        return pens

    def _legend(self, row: Row, tag: TagObject, width: int) -> None:
        looks = self.view.looks
        if not self.with_output:
            row.add(tag.title, looks.dim, max(0, width - row.used - 1))
            return
        row.add(f" {tag.primary.member if tag.primary is not None else ''} {sample(SOLID)}", looks.pens[0])
        if "SP" in tag.members:
            row.add(f" SP {sample(DASHED)}", looks.pens[1]).add(f" OP {sample(DOTTED)}", looks.pens[2])
            row.add(" 0..100 %", looks.dim)
        row.add(f"  {span_text(self.span)}", looks.dim)


SPANS = (300.0, 900.0, 3600.0, 4 * 3600.0, 24 * 3600.0, 3 * 86400.0, 7 * 86400.0)
"""Lengths of trends, seconds of plant time."""


def span_text(span: float) -> str:
    """``15 min``, ``4 h``, ``3 d``."""
    if span > DAY:
        return f"{span / 86400:g} d"
    return f"{span / 60:g} min" if span < 7200 else f"{span / 3600:g} h"


def at_time(seconds: float, span: float) -> str:
    """A time on a trend of that length: with its date where it is longer than a day."""
    return f"{day(seconds)[5:]} {clock(seconds)[:5]}" if span > DAY else clock(seconds)


def next_span(span: float, step: int) -> float:
    """The next longer (+1) or shorter (-1) length."""
    at = min(range(len(SPANS)), key=lambda i: abs(math.log(SPANS[i] / span)))
    return SPANS[max(0, min(len(SPANS) - 1, at + step))]
