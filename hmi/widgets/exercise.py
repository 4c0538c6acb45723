"""The scenario on the screen: what it is about, how far it is, what was said, and in the end what it was worth."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.style import Style

from hmi.exercise import Exercise
from hmi.format import duration
from hmi.widgets.canvas import Canvas
from hmi.widgets.panel import Panel

_READ = 100
"""Columns of text that are read with ease."""


class ExercisePanel(Panel):
    """Briefing, messages and score, one below the other; what does not fit is turned to."""

    page = 0
    pages = 1

    def build(self, canvas: Canvas) -> None:
        looks = self.view.looks
        exercise = self.view.exercise
        if exercise is None:
            canvas.row(1).add(" no scenario runs on this plant; plantsim train starts one,", looks.dim)
            canvas.row(2).add(" and so does an instructor on his display, F9", looks.dim)
            self.pages = 1
            return
        lines = list(self._told(exercise, min(_READ, canvas.width - 4)))
        self.pages = max(1, -(-len(lines) // canvas.height))
        self.page = min(self.page, self.pages - 1)
        for y, (text, style) in enumerate(lines[self.page * canvas.height : (self.page + 1) * canvas.height]):
            canvas.row(y).add(text, style)

    def _told(self, exercise: Exercise, width: int) -> Iterator[tuple[str, Style]]:
        looks = self.view.looks
        told = f"{exercise.state}, {duration(exercise.elapsed)} of {duration(exercise.length)}"
        if exercise.score is not None:
            told += f"   {exercise.score:.0f} points of 100"
        if self.view.link.online or exercise.over:  # once it is over nothing of it changes any more
            beside = len(exercise.title) + 3 + len(told) <= width  # "20 points of 10" must not be what a cut line says
            lines = [f"{exercise.title}   {told}"] if beside else [*textwrap.wrap(exercise.title, width), told]
            yield from ((f" {line}", looks.title if exercise.over else looks.live) for line in lines)
        else:
            yield f" {exercise.title}   ---?", looks.bad
            yield f" no connection; when last heard of: {told}", looks.bad
        if exercise.debrief:
            yield f" debrief: {exercise.debrief}", looks.live
        if exercise.messages:
            yield "", looks.text
            yield " MESSAGES, the newest first", looks.title
            for message in reversed(exercise.messages):
                at, _, text = message.partition(" ")
                for index, line in enumerate(textwrap.wrap(text, width - len(at) - 2) or [""]):
                    yield f" {at if not index else ' ' * len(at)}  {line}", looks.text
        if exercise.criteria:
            yield "", looks.text
            yield " SCORE", looks.title
            for one in exercise.criteria:
                title, *more = textwrap.wrap(one.title, width - 31) or [""]
                yield f" {one.points:>5} of {one.of:<4} {one.competency:<15} {title}", looks.text
                yield from ((f"{' ' * 31}{line}", looks.text) for line in more)
                for line in textwrap.wrap(one.evidence, width - 31):
                    yield f"{' ' * 31}{line}", looks.dim
        yield "", looks.text
        yield " BRIEFING", looks.title
        for paragraph in exercise.briefing.strip().split("\n\n"):
            for line in textwrap.wrap(" ".join(paragraph.split()), width):
                yield f" {line}", looks.text
            yield "", looks.text
