"""Trends as files: CSV to go on computing with, SVG to put into a report."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Curve:
    """One pen: its samples within the span, s since 1970 and in ``eu``; nan where nothing was known."""

    name: str
    title: str
    eu: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    scale: tuple[float, float]
    normal: tuple[float, float] | None = None


def as_csv(curves: Sequence[Curve]) -> str:
    """A row for every time at which any pen changed; a pen's value holds until its next sample."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["plant_time", *(f"{c.name} [{c.eu}]" if c.eu else c.name for c in curves)])
    times = np.unique(np.concatenate([c.times for c in curves])) if curves else np.empty(0)
    held = [np.searchsorted(c.times, times, side="right") - 1 for c in curves]
    for row, time in enumerate(times):
        values = [float(c.values[at[row]]) if at[row] >= 0 else math.nan for c, at in zip(curves, held, strict=True)]
        stamp = datetime.fromtimestamp(float(time), UTC).isoformat()
        writer.writerow([stamp, *("" if math.isnan(v) else f"{v:.7g}" for v in values)])
    return out.getvalue()


WIDTH, STRIP, LEFT, RIGHT, TOP, GAP = 1000, 150, 80, 20, 24, 14


def as_svg(curves: Sequence[Curve], start: float, end: float, title: str) -> str:
    """One strip for each pen, the normal band as ground, times in UTC below; prints in black and white."""
    height = TOP + len(curves) * (STRIP + GAP + 16) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="16" font-weight="bold">{escape(title)}</text>',
    ]
    for index, curve in enumerate(curves):
        parts.append(_strip(curve, start, end, TOP + index * (STRIP + GAP + 16)))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        moment = datetime.fromtimestamp(start + share * (end - start), UTC)
        text = f"{moment:%Y-%m-%d %H:%M:%S}" if share == 0 else f"{moment:%H:%M:%S}"
        if share and end - start > 86_400.0:
            text = f"{moment:%m-%d %H:%M}"
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        parts.append(f'<text x="{x:.0f}" y="{height - 10}" text-anchor="{anchor}">{text}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _strip(curve: Curve, start: float, end: float, y: int) -> str:
    low, high = curve.scale
    top, wide = y + 18, WIDTH - LEFT - RIGHT

    def across(time: float) -> float:
        return LEFT + wide * (time - start) / (end - start)

    def down(value: float) -> float:
        return top + STRIP * (1 - (min(max(value, low), high) - low) / (high - low))

    label = escape(f"{curve.name}  {curve.title}, {curve.eu}")
    parts = [f'<text x="{LEFT}" y="{y + 12}">{label}</text>']
    if curve.normal is not None:
        above, below = down(curve.normal[1]), down(curve.normal[0])
        parts.append(f'<rect x="{LEFT}" y="{above:.1f}" width="{wide}" height="{below - above:.1f}" fill="#e4e6e8"/>')
    parts.append(f'<rect x="{LEFT}" y="{top}" width="{wide}" height="{STRIP}" fill="none" stroke="#80868c"/>')
    for value, at in ((high, top + 10), (low, top + STRIP)):
        parts.append(f'<text x="{LEFT - 6}" y="{at}" text-anchor="end">{value:g}</text>')
    for points in _pieces(curve, start, end):
        drawn = " ".join(f"{across(t):.1f},{down(v):.1f}" for t, v in points)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="#0a0c0e" stroke-width="1.5"/>')
    return "\n".join(parts)


def _pieces(curve: Curve, start: float, end: float) -> list[list[tuple[float, float]]]:
    """Stretches without a gap, as staircases: a value holds until the next."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for index, (time, value) in enumerate(zip(curve.times, curve.values, strict=True)):
        until = float(curve.times[index + 1]) if index + 1 < len(curve.times) else end
        if math.isnan(value):
            pieces.append([])
            continue
        if until >= start and time <= end:
            pieces[-1] += [(max(float(time), start), float(value)), (min(until, end), float(value))]
    return [piece for piece in pieces if piece]
