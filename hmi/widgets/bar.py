"""The analog bar: where a value stands between its limits, its normal band as ground, its set point as a mark."""

from __future__ import annotations

import math
from functools import lru_cache

from rich.style import Style

from hmi.theme import SHAPES, Looks
from hmi.widgets.canvas import Row

_LEFT, _RIGHT = "▌", "▐"


@lru_cache(maxsize=1024)
def _over(ink: Style, ground: Style, bold: bool | None = None) -> Style:
    """The colour of one style on the ground of another; they are few, and dear to make."""
    return Style(color=ink.color, bold=bold, bgcolor=ground.bgcolor)


def position(value: float, low: float, high: float, width: int) -> int | None:
    """The half cell (0 .. 2 width - 1) of a value; None where it lies outside or is none."""
    if math.isnan(value) or not high > low or not low <= value <= high:
        return None
    return min(2 * width - 1, int((value - low) / (high - low) * 2 * width))


def band(normal: tuple[float, float] | None, low: float, high: float, width: int) -> tuple[int, int]:
    """First and one past the last cell of the normal band: all that the pointer of a normal value may stand in."""
    if normal is None or not high > low:
        return 0, 0
    first = (normal[0] - low) / (high - low) * width
    last = (normal[1] - low) / (high - low) * width
    start = max(0, min(width - 1, math.floor(first)))
    return start, min(width, max(start + 1, math.ceil(last)))


def bar(
    row: Row,
    looks: Looks,
    width: int,
    value: float,
    span: tuple[float, float],
    normal: tuple[float, float] | None = None,
    limits: tuple[float, ...] = (),
    setpoint: float = math.nan,
    priority: int | None = None,
) -> None:
    """Append a bar of ``width`` cells.

    ``span`` is what the whole bar stands for, ``limits`` are ticks. ``priority`` is that of a standing alarm: the
    pointer then takes its colour and shape.
    """
    low, high = span
    grounds = [looks.bar] * width
    start, end = band(normal, low, high, width)
    grounds[start:end] = [looks.band] * (end - start)
    marks = [looks.bar_glyph] * width
    marks[start:end] = [looks.band_glyph] * (end - start)
    inks: list[Style | None] = [None] * width

    def put(x: int, mark: str, ink: Style) -> None:
        marks[x] = mark
        inks[x] = ink

    for limit in limits:
        half = position(limit, low, high, width)
        if half is not None:
            put(half // 2, "╷", looks.tick)
    half = position(setpoint, low, high, width)
    if half is not None:
        put(half // 2, "▾", looks.setting)
    pointer = looks.live if priority is None else looks.priority(priority)
    half = position(value, low, high, width)
    if half is not None:
        shape = (_LEFT, _RIGHT)[half % 2] if priority is None else SHAPES[priority]
        put(half // 2, shape, pointer)
    elif not math.isnan(value) and width:
        put(0 if value < low else width - 1, "◂" if value < low else "▸", pointer)
    at = 0
    while at < width:
        upto = at + 1
        while upto < width and grounds[upto] is grounds[at] and inks[upto] is inks[at]:
            upto += 1
        ink = inks[at]
        style = grounds[at] if ink is None else _over(ink, grounds[at], ink.bold)
        row.add("".join(marks[at:upto]), style)
        at = upto


def profile_bar(
    row: Row,
    looks: Looks,
    width: int,
    value: float,
    span: tuple[float, float],
    normal: tuple[float, float] | None,
    setpoint: float,
    priority: int | None,
) -> None:
    """Append a bar filled up to the value: for bars one below the other whose ends make the curve of a profile.

    The normal band is the ground beyond the value; the set point is a mark, also on the filled part, but never over the
    value.
    """
    low, high = span
    start, end = band(normal, low, high, width)
    half = position(value, low, high, width)
    full = 0 if math.isnan(value) else width if half is None and value > high else (half or 0) // 2
    mark = position(setpoint, low, high, width)
    pointer = looks.live if priority is None else looks.priority(priority)
    for x in range(width):
        ground = looks.band if start <= x < end else looks.bar
        if half is not None and x == full:
            row.add("▌" if half % 2 == 0 else "█", _over(pointer, ground))
        elif mark is not None and x == mark // 2:
            row.add("▾", _over(looks.setting, ground))
        elif x < full:
            row.add("─", _over(looks.tick, ground))
        else:
            row.add(looks.band_glyph if ground is looks.band else looks.bar_glyph, ground)


def level(row: Row, looks: Looks, width: int, value: float, span: tuple[float, float]) -> None:
    """Append a bar filled from the left up to the value: for outputs and positions."""
    low, high = span
    if math.isnan(value) or not high > low:
        row.add(looks.bar_glyph * width, looks.bar)
        return
    halves = round(max(0.0, min(1.0, (value - low) / (high - low))) * 2 * width)
    full = "█" * (halves // 2) + ("▌" if halves % 2 else "")
    row.add(full, looks.bar)
    row.add(looks.bar_glyph * (width - len(full)), looks.bar)
