"""The debrief on the screen: score by competency, timeline, trends beside the expert's, and what happened."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from rich.style import Style

from hmi.debrief import Compared, Debrief, Failure, Judged, Mark, Run
from hmi.format import BAD, clock, decimals, elapsed, number, short
from hmi.store import Trace, cut
from hmi.theme import SHAPES
from hmi.view import View
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.panel import Panel
from hmi.widgets.trend import DASHED, SOLID, Pen, draw, sample

LEFT = 14
"""Cells before the time axis: names of lanes, scales of trends."""
TITLE, POINTS = 34, 10
"""Cells of a criterion and of its points."""
BESIDE = 116
"""Cells from which the expert's evidence stands beside the trainee's."""
READ = 100
"""Cells of text that are read with ease."""
TREND = 7
"""Least lines of a trend: head, curve and time axis."""
LANES = (
    ("scenario", {"scenario": "┼"}),
    ("alarms", {"alarm": "•", "trip": "T"}),
    ("acknowledged", {"acknowledge": "A"}),
    ("actions", {"action": "S", "refused": "R"}),
    ("displays", {"display": "D"}),
    ("told", {"message": "M", "hint": "H", "penalty": "P"}),
)
"""Below what failed, a lane for each kind of what happened, with its signs; an alarm has that of its priority."""
STEPS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 432000, 864000)
"""s between two labels of the time axis."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand together. grows: whether it takes what is left of a page."""

    height: int
    paint: Callable[[Canvas, int, int], None]
    """On a canvas, from a line on, so many lines."""
    grows: bool = False


def paged(blocks: Sequence[Block], height: int) -> list[list[Block]]:
    """Blocks on as few pages of so many lines as their order allows."""
    pages: list[list[Block]] = [[]]
    used = 0
    for block in blocks:
        if pages[-1] and used + block.height > height:
            pages.append([])
            used = 0
        pages[-1].append(block)
        used += block.height
    return pages


class DebriefPanel(Panel):
    """The report, page by page, with a time that timeline and trends are read at."""

    page = 0
    pages = 1
    at: float | None = None
    """The time it is read at, s since the beginning."""

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self._width = 1

    def build(self, canvas: Canvas) -> None:
        exercise = self.view.exercise
        report = exercise.report if exercise is not None else None
        if report is None:
            self.pages = 1
            return
        self._width = max(1, canvas.width - LEFT - 1)
        room = canvas.height - 1
        pages = paged([*self._score(report, canvas.width), *self._course(report), *self._words(report, canvas)], room)
        self.pages = len(pages)
        self.page = min(self.page, self.pages - 1)
        blocks = pages[self.page]
        grows = sum(block.grows for block in blocks)
        left = room - sum(block.height for block in blocks)
        y = 0
        for block in blocks:
            more = left // grows if block.grows else 0
            left, grows = left - more, grows - block.grows
            block.paint(canvas, y, block.height + more)
            y += block.height + more
        self._foot(canvas.row(canvas.height - 1), report)

    # --- moving in time ---

    def step(self, cells: int) -> None:
        """Move the time by cells of the axis; the first step puts it at the beginning, or at the end."""
        report = self.view.exercise.report if self.view.exercise is not None else None
        if report is None:
            return
        if self.at is None:
            self.at = 0.0 if cells > 0 else report.seconds
            return
        cell = report.seconds / self._width
        self.at = (
            min(report.seconds, max(0.0, (math.floor(self.at / cell + 1e-6) + cells + 0.5) * cell)) if cell else 0.0
        )

    def event(self, steps: int) -> None:
        """To the next thing that happened (1), or to the one before (-1)."""
        report = self.view.exercise.report if self.view.exercise is not None else None
        shown = {kind for _, signs in LANES for kind in signs}
        times = sorted({mark.at for mark in report.marks if mark.kind in shown} if report is not None else ())
        here = self.at if self.at is not None else -1.0
        found = [at for at in times if at > here] if steps > 0 else [at for at in reversed(times) if at < here]
        if found:
            self.at = found[0]

    # --- score ---

    def _score(self, report: Debrief, width: int) -> Iterator[Block]:
        looks = self.view.looks
        expert = f"   expert {report.expert_score:.0f}" if report.expert_score is not None else ""
        total = f" {report.score:.0f} points of 100   it takes {report.pass_at:g}{expert}"
        yield _lines([[(f" {report.title}, {report.trainee}, {elapsed(report.seconds)}", looks.title)],
                      [(total, looks.live)], [(f" {report.verdict}", looks.text)]])  # fmt: skip
        if width >= BESIDE:
            head = [(" COMPETENCY".ljust(TITLE + 1), looks.dim), ("points".ljust(POINTS), looks.dim)]
            half = (width - TITLE - POINTS - 3) // 2
            head += [("trainee".ljust(half), looks.dim), ("expert", looks.dim)]
            yield _lines([head])
        for name, points, of in report.competencies:
            judged = [one for one in report.judged if one.competency == name]
            title = [(f" {name}".ljust(TITLE + 1), looks.title), (f"{points:.0f} / {of:g}", looks.title)]
            for place, one in enumerate(judged):
                lines = self._judged(one, width)
                yield _lines([title, *lines] if place == 0 else lines)
        penalties = [one for one in report.judged if one.competency == "penalty"]
        if penalties:
            rows = [
                [
                    (f" penalty {one.title}".ljust(TITLE + 1), looks.text),
                    (f"{one.points:g}".ljust(POINTS), looks.live),
                    (one.evidence, looks.text),
                ]
                for one in penalties
            ]
            yield _lines(rows)
        yield _lines([[]])

    def _judged(self, one: Judged, width: int) -> list[list[tuple[str, Style]]]:
        """A criterion with its evidence: beside the expert's, or above it."""
        looks = self.view.looks
        head = [(f"   {short(one.title, TITLE - 4)}".ljust(TITLE + 1), looks.text)]
        head += [(f"{one.points:.0f} / {one.of:g}".ljust(POINTS), looks.live)]
        if width >= BESIDE:
            half = (width - TITLE - POINTS - 3) // 2
            mine, his = textwrap.wrap(one.evidence, half - 2), textwrap.wrap(one.expert, half - 1)
            rows = []
            for place in range(max(1, len(mine), len(his))):
                row = list(head) if place == 0 else [(" " * (TITLE + 1 + POINTS), looks.text)]
                row.append(((mine[place] if place < len(mine) else "").ljust(half), looks.text))
                row.append((his[place] if place < len(his) else "", looks.dim))
                rows.append(row)
            return rows
        rows = [head]
        for said, text, style in (("trainee", one.evidence, looks.text), ("expert", one.expert, looks.dim)):
            for place, line in enumerate(textwrap.wrap(text, width - LEFT - 2)):
                rows.append([(f"     {said if place == 0 else '':9}{line}", style)])
        return rows

    # --- course ---

    def _course(self, report: Debrief) -> Iterator[Block]:
        yield Block(len(report.failures) + len(LANES) + 2, lambda canvas, y, _: self._timeline(canvas, y, report))
        yield from (Block(TREND, partial(self._trend, report, trend), grows=True) for trend in report.trends)

    def _column(self, at: float, report: Debrief) -> int:
        """The cell of the time axis that a time is in."""
        share = at / report.seconds if report.seconds > 0.0 else 0.0
        return max(0, min(self._width - 1, math.floor(share * self._width + 1e-9)))

    def _axis(self, row: Row, report: Debrief) -> None:
        looks = self.view.looks
        most = max(1, self._width // 10)
        step = next((one for one in STEPS if report.seconds / one <= most), STEPS[-1])
        for at in range(0, math.floor(report.seconds) + 1, step):
            label, column = elapsed(at), LEFT + self._column(at, report)
            if row.used <= column and column + len(label) <= row.width:
                row.gap(column).add(label, looks.dim)

    def _timeline(self, canvas: Canvas, y: int, report: Debrief) -> None:
        looks = self.view.looks
        canvas.row(y).add(" TIMELINE", looks.title)
        self._axis(canvas.row(y), report)
        y += 1
        for place, failure in enumerate(report.failures):
            row = canvas.row(y + place).add(" malfunction" if place == 0 else "", looks.dim).gap(LEFT)
            self._lane(row, *self._bar(failure, report), report)
        y += len(report.failures)
        for place, (title, signs) in enumerate(LANES):
            row = canvas.row(y + place).add(f" {title}", looks.dim).gap(LEFT)
            self._lane(row, *self._signs(report, signs), report)

    def _bar(self, failure: Failure, report: Debrief) -> tuple[list[str], list[Style]]:
        looks = self.view.looks
        first, last = self._column(failure.since, report), self._column(failure.until, report)
        line = ["·"] * self._width
        line[first : last + 1] = ["├", *("─" * max(0, last - first - 1)), "┤"][: last - first + 1]
        styles = [looks.text if first <= column <= last else looks.line for column in range(self._width)]
        name = f" {failure.name} "
        inside, behind = last - first - 1 >= len(name) + 1, last + 1 + len(name) <= self._width
        begin = first + 2 if inside else last + 1 if behind else max(0, first - len(name))
        for place, letter in enumerate(name[: self._width - begin]):
            line[begin + place], styles[begin + place] = letter, looks.text
        return line, styles

    def _signs(self, report: Debrief, signs: dict[str, str]) -> tuple[list[str], list[Style]]:
        looks = self.view.looks
        line, styles = ["·"] * self._width, [looks.line] * self._width
        rank = [math.inf] * self._width
        for mark in report.marks:
            sign = signs.get(mark.kind)
            if sign is None:
                continue
            column, weight = self._column(mark.at, report), 0.0 if mark.kind == "trip" else float(mark.priority or 9)
            if weight < rank[column]:
                line[column], rank[column] = SHAPES.get(mark.priority, sign) if mark.kind == "alarm" else sign, weight
                styles[column] = looks.priority(mark.priority) if mark.kind == "alarm" else looks.live
        return line, styles

    def _lane(self, row: Row, line: Sequence[str], styles: Sequence[Style], report: Debrief) -> None:
        here = self._column(self.at, report) if self.at is not None else -1
        for column, (sign, style) in enumerate(zip(line, styles, strict=True)):
            row.add(sign, self.view.looks.cursor if column == here else style)

    # --- trends ---

    def _trend(self, report: Debrief, trend: Compared, canvas: Canvas, y: int, height: int) -> None:
        looks, width = self.view.looks, self._width
        runs = [(trend.trainee, looks.pens[0], SOLID), (trend.expert, looks.pens[2], DASHED)]
        traces = [_trace(run, report.seconds, width) for run, _, _ in runs]
        low, high = _scale(traces, trend.normal)
        pens = [Pen(trend.tag, style, (low, high), stroke) for _, style, stroke in runs]
        digits = decimals(high - low)
        head = canvas.row(y).add(f" {trend.tag}", looks.title).add(f" {trend.eu}   ", looks.dim)
        head.add(f"trainee {sample(SOLID)}", looks.pens[0]).add(self._read(trend.trainee, report, digits), looks.live)
        if len(trend.expert.times):
            head.add(f"   expert {sample(DASHED)}", looks.pens[2])
            head.add(self._read(trend.expert, report, digits), looks.live)
        if trend.normal is not None:
            band = f"   normal {number(trend.normal[0], digits)} .. {number(trend.normal[1], digits)}"
            head.add(band, looks.dim)
        head.add(f"   {trend.title}", looks.dim, max(0, canvas.width - head.used - 1))
        lines = height - 2
        for line, mark in ((0, high), (lines - 1, low)):
            canvas.row(y + 1 + line).add(number(mark, digits, LEFT - 1), looks.dim).add("┤", looks.line)
        for line in range(1, lines - 1):
            canvas.row(y + 1 + line, LEFT - 1).add("│", looks.line)
        here = self._column(self.at, report) if self.at is not None else None
        draw(canvas, self.view, pens, traces, LEFT, y + 1, width, lines, trend.normal, here)
        self._axis(canvas.row(y + height - 1), report)

    def _read(self, run: Run, report: Debrief, digits: int) -> str:
        """A run's value at the time that is read; the last one where none is."""
        at = report.seconds if self.at is None else self.at
        place = int(np.searchsorted(run.times, at + 1e-6, side="right")) - 1
        if place < 0 or (at > run.times[-1] + _every(run) and self.at is not None):
            return f" {BAD}"
        return f" {number(float(run.values[place]), digits)}"

    # --- words ---

    def _words(self, report: Debrief, canvas: Canvas) -> Iterator[Block]:
        looks, width = self.view.looks, min(READ, canvas.width - 4)
        yield from _said(" WHAT HAPPENED", looks.title, looks.text, (
            line for at, text in report.happened for line in _hung(f"{elapsed(at):>8}  ", text, width)
        ))  # fmt: skip
        yield from _said("", looks.title, looks.text, (
            line for part in report.lesson.split("\n\n") for line in [*_hung("", " ".join(part.split()), width), ""]
        ))  # fmt: skip
        practise = [line for text in report.practise for line in _hung("- ", text, width)]
        yield from _said(" WHAT TO PRACTISE", looks.title, looks.text, practise or ["nothing that stands out"])
        if report.next:
            yield _lines([[]])
            yield from _said(" NEXT", looks.title, looks.live, _hung("", ", ".join(report.next), width))

    def _foot(self, row: Row, report: Debrief) -> None:
        looks = self.view.looks
        if self.at is None:
            row.add(
                f" ← → time, ↑ ↓ event{', Enter plays from there' if self.view.player is not None else ''}", looks.dim
            )
            return
        row.add(f" at {elapsed(self.at)}", looks.live).add(f"  {clock(report.began + self.at)}", looks.dim)
        here = self._column(self.at, report)
        shown = {kind for _, signs in LANES for kind in signs}
        near = [mark for mark in report.marks if mark.kind in shown and self._column(mark.at, report) == here]
        near.sort(key=lambda mark: abs(mark.at - (self.at or 0.0)))
        said = "   ".join(_mark(mark) for mark in near)
        row.add(f"   {said}", looks.text, max(0, row.width - row.used))


def _mark(mark: Mark) -> str:
    text = " ".join(word for word in (mark.kind, mark.name, mark.text) if word)
    return f"{elapsed(mark.at)} {text}"


def _every(run: Run) -> float:
    """s between two points."""
    return float(np.median(np.diff(run.times))) if len(run.times) > 1 else 1.0


def _trace(run: Run, seconds: float, width: int) -> Trace:
    """A run over the whole session, and nothing of what came after its own end."""
    if not len(run.times):
        return cut(run.times, run.values, 0.0, seconds, 2 * width)
    times, values = np.append(run.times, run.times[-1] + 2.0 * _every(run)), np.append(run.values, math.nan)
    return cut(times, values, 0.0, seconds, 2 * width)


def _scale(traces: Sequence[Trace], normal: tuple[float, float] | None) -> tuple[float, float]:
    """What a trend's height stands for: all that both runs did, and the normal band."""
    known = [float(value) for trace in traces for value in (*trace.low, *trace.high) if not math.isnan(value)]
    known += normal or ()
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    least = max(1e-6, 1e-3 * abs(high))
    if high - low < least:
        low, high = low - 0.5 * least, high + 0.5 * least
    return low, high


def _lines(rows: Sequence[Sequence[tuple[str, Style]]]) -> Block:
    """Lines of styled texts."""

    def paint(canvas: Canvas, y: int, _: int) -> None:
        for place, row in enumerate(rows):
            for text, style in row:
                canvas.row(y + place).add(text, style)

    return Block(len(rows), paint)


def _said(title: str, titled: Style, style: Style, lines: Iterable[str]) -> Iterator[Block]:
    """Lines of text one by one, the first together with its title."""
    for place, line in enumerate(lines):
        text = [(f" {line}", style)]
        yield _lines([[(title, titled)], text] if place == 0 and title else [text])


def _hung(mark: str, text: str, width: int) -> list[str]:
    """A text in lines, the first behind a mark, the others below its text."""
    lines = textwrap.wrap(text, width - len(mark)) or [""]
    return [f"{mark if place == 0 else ' ' * len(mark)}{line}" for place, line in enumerate(lines)]
