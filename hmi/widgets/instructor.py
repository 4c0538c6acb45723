"""The instructor's panels: the run, what is injected, snapshots; malfunctions, field actions, scenarios to choose."""

from __future__ import annotations

import math

from hmi.format import BAD, clock, day, duration, speed
from hmi.instructor import PLAIN_SPEEDS, Facts, FieldAction, FieldWork, Malfunction
from hmi.view import Target, View
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.listing import Listing
from hmi.widgets.panel import Panel

_INJECTED = (7, 6, 12, 8, 9)
"""Cells of what is told of an injected malfunction: level, severity, state, ramp, when."""


class RunControl(Panel):
    """Whether the plant runs, how fast, and how far back there is to go."""

    DEFAULT_CSS = "RunControl { height: 3; }"

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        running, asked = view.store.number("Simulation.Running"), view.store.number("Simulation.Speed")
        row = canvas.row(0).add(" run   ", looks.dim)
        canvas.pick(row.used, 0, 8, Target("command", "run"))
        word = f" {BAD} " if math.isnan(running) else " RUN    " if running > 0 else " FROZEN "
        row.add(word, looks.bad if math.isnan(running) else looks.live if running > 0 else looks.shout)
        row.add("  speed", looks.dim)
        # a speed between those that are named stands for itself
        named = list(PLAIN_SPEEDS) if asked in PLAIN_SPEEDS or math.isnan(asked) else sorted({*PLAIN_SPEEDS, asked})
        for one in named:
            text = speed(one).removeprefix("x")
            canvas.pick(row.used + 1, 0, len(text) + 2, Target("action", f"speed_to('{one}')"))
            row.add(f" [{text}]" if one == asked else f"  {text} ", looks.live if one == asked else looks.text)
        actual = view.store.number("Simulation.ActualSpeed")
        row.add("   really ", looks.dim).add(BAD if math.isnan(actual) else f"x{actual:.3g}", looks.text)
        row = canvas.row(1).add(" plant ", looks.dim).add(f" {day(view.store.now)} {clock(view.store.now)}", looks.live)
        for label, name in (("elapsed", "Elapsed"), ("branch", "Branch"), ("seed", "Seed"), ("overruns", "Overruns")):
            value = view.store.number(f"Simulation.{name}")
            text = BAD if math.isnan(value) else duration(value) if name == "Elapsed" else f"{value:.0f}"
            row.add(f"   {label} ", looks.dim).add(text, looks.bad if math.isnan(value) else looks.text)


def _title(canvas: Canvas, view: View, text: str, active: bool, more: str = "") -> None:
    """The line above a list; the list that the keys move in is marked by more than a colour."""
    looks = view.looks
    row = canvas.row(0).add("> " if active else "  ", looks.live)
    row.add(text, looks.live if active else looks.title)
    row.add(f"  {more}", looks.bad if not view.facts.known else looks.dim)


_LOWER = (("malfunction", "MALFUNCTIONS"), ("field", "FIELD OPERATOR"), ("scenario", "SCENARIOS"))
"""Kind and title of the lists that have one place between them."""


def _lower_title(canvas: Canvas, view: View, kind: str, active: bool, more: str) -> None:
    """The line above the one of the lower lists that is shown, and the names of the others: who sees one of three
    must see that there are three."""
    _title(canvas, view, dict(_LOWER)[kind], active, more)
    row, facts = canvas.rows[0], view.facts
    there = {"malfunction": True, "field": bool(facts.actions), "scenario": bool(facts.scenarios)}
    others = [(one, word) for one, word in _LOWER if one != kind and there[one]]
    column = row.width - sum(len(word) + 3 for _, word in others)
    if column < row.used + 3:
        return
    row.gap(column)
    for one, word in others:
        canvas.pick(row.used, 0, len(word), Target("action", f"choose('{one}')"))
        row.add(f"{word}   ", view.looks.dim)


class _Choice(Listing):
    """A list of the instructor's; one of them has the cursor."""

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id, heads=1)
        self.active = False

    def build(self, canvas: Canvas) -> None:
        if self.facts.known or self.ids():
            super().build(canvas)
        else:
            self.head(canvas)  # not "none": nobody knows
        canvas.pick(0, 0, canvas.width, Target("action", f"choose('{self.KIND}')"))

    @property
    def facts(self) -> Facts:
        """What there is to list."""
        return self.view.facts

    def count(self, word: str) -> str:
        """How many there are, or that nobody knows."""
        if not self.facts.known:
            return f"{BAD} not known: {self.view.link.error or 'no answer yet'}"
        return word


class InjectedList(_Choice):
    """What is wrong at present, or waits for its trigger or delay."""

    KIND = "injected"

    def ids(self) -> list[str]:
        return [one.instance for one in self.facts.injected]

    def head(self, canvas: Canvas) -> None:
        _title(canvas, self.view, "INJECTED", self.active, self.count(f"{len(self.facts.injected)}"))
        if self.facts.injected:
            row = canvas.rows[0].gap(3 + self._named(canvas.width))
            for word, width in zip(("    now", "    of", "  state", "ramp", "since"), _INJECTED, strict=True):
                row.add(word, self.view.looks.dim, width)

    @staticmethod
    def _named(width: int) -> int:
        """Cells for the name of an instance."""
        return max(12, min(48, width - 3 - sum(_INJECTED)))

    def line(self, row: Row, id_: str, picked: bool) -> None:
        looks = self.view.looks
        one = next((found for found in self.facts.injected if found.instance == id_), None)
        if one is None:
            return
        level, of, state, ramp, since = _INJECTED
        row.add("  ", looks.text).add(one.instance, looks.cursor if picked else looks.live, self._named(row.width))
        if one.condition:
            row.add(one.state(self.view.store.now), looks.live, level, right=True)
            row.add(f"{100 * one.severity:.0f} %", looks.dim, of, right=True)
            row.add(f"  {one.condition}", looks.text, state + ramp + since)
            return
        row.add(f"{100 * one.level:.0f} %", looks.live, level, right=True)
        row.add(f"{100 * one.severity:.0f} %", looks.dim, of, right=True)
        row.add(f"  {one.state(self.view.store.now)}", looks.text, state)
        row.add(duration(one.ramp) if one.ramp else "-", looks.dim, ramp).add(clock(one.since), looks.dim, since)


class SnapshotList(_Choice):
    """States to go on from."""

    KIND = "snapshot"

    def ids(self) -> list[str]:
        return [one.name for one in self.facts.snapshots]

    def head(self, canvas: Canvas) -> None:
        reach = f"back by up to {self.facts.reach:.0f} min" if self.facts.reach >= 1 else "nothing to go back to yet"
        _title(canvas, self.view, "SNAPSHOTS", self.active, self.count(reach))

    def line(self, row: Row, id_: str, picked: bool) -> None:
        looks = self.view.looks
        one = next((found for found in self.facts.snapshots if found.name == id_), None)
        if one is None:
            return
        row.add("  ", looks.text).add(
            one.name, looks.cursor if picked else looks.text, max(12, min(40, row.width - 25))
        )
        row.add("  ", looks.text)
        row.add("initial condition" if math.isnan(one.saved) else f"{day(one.saved)} {clock(one.saved)}", looks.dim)


class ScenarioList(_Choice):
    """What may be practised; the one that runs is marked, and ended by what begins another."""

    KIND = "scenario"

    def ids(self) -> list[str]:
        return [one.name for one in self.facts.scenarios if self.matches(one.name, one.title)]

    def head(self, canvas: Canvas) -> None:
        running = self.view.scenario
        count = f"{running} runs" if running else f"{len(self.facts.scenarios)}, none runs"
        _lower_title(canvas, self.view, self.KIND, self.active, self.count(count))

    def line(self, row: Row, id_: str, picked: bool) -> None:
        looks = self.view.looks
        one = next((found for found in self.facts.scenarios if found.name == id_), None)
        if one is None:
            return
        row.add("* " if self.view.scenario == id_ else "  ", looks.live)
        row.add(one.name, looks.cursor if picked else looks.text, 28).add(" ", looks.text)
        row.add(duration(one.length), looks.dim, 8).add(" ", looks.text)
        row.add(one.title, looks.dim, max(0, row.width - row.used))


class FieldList(_Choice):
    """What the field operator can be asked to do: what he was asked for first, with what became of it."""

    KIND = "field"

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self._of: tuple[tuple[FieldAction, ...], tuple[FieldWork, ...], str] = ((), (), "")
        self._known: dict[str, FieldAction] = {}
        self._work: dict[str, FieldWork] = {}
        self._ids: list[str] = []

    def ids(self) -> list[str]:
        of = (self.facts.actions, self.facts.field, self.wanted)
        if of != self._of:  # some thousand, which are the same for hours
            self._of = of
            self._known = {one.name: one for one in self.facts.actions}
            self._work = {one.action: one for one in reversed(self.facts.field)}
            asked = dict.fromkeys(one.action for one in self.facts.field if one.action in self._known)
            self._ids = [name for name in {**asked, **self._known} if self.matches(name, self._known[name].needs)]
        return self._ids

    def head(self, canvas: Canvas) -> None:
        total, shown = len(self.facts.actions), len(self.ids())
        number = f"{shown} of {total} match {self.wanted!r}" if self.wanted else f"{total}, / finds"
        _lower_title(canvas, self.view, self.KIND, self.active, self.count(number))

    def line(self, row: Row, id_: str, picked: bool) -> None:
        looks = self.view.looks
        one, work = self._known.get(id_), self._work.get(id_)
        if one is None:
            return
        row.add("* " if work is not None and work.under_way else "  ", looks.live)
        row.add(one.name, looks.cursor if picked else looks.text, 40).add(" ", looks.text)
        row.add(duration(one.takes), looks.dim, 7)
        needs = f"needs {one.needs}" if one.needs else ""
        told = work.told(self.view.store.now) if work is not None else ""
        row.add(told or needs, looks.text if told else looks.dim, max(0, row.width - row.used))


class MalfunctionList(_Choice):
    """What may be injected."""

    KIND = "malfunction"

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self._of: tuple[tuple[Malfunction, ...], str] = ((), "")
        self._known: dict[str, Malfunction] = {}
        self._ids: list[str] = []

    def ids(self) -> list[str]:
        of = (self.facts.malfunctions, self.wanted)
        if of != self._of:  # some thousands, which are the same for hours
            self._of = of
            self._known = {one.name: one for one in self.facts.malfunctions}
            self._ids = [one.name for one in self.facts.malfunctions if self.matches(*self._words(one))]
        return self._ids

    def _words(self, one: Malfunction) -> tuple[str, ...]:
        tag = self.view.tag(one.target)
        unit = self.view.plant.units.get(one.target)
        title = tag.title if tag is not None else unit.title if unit is not None else ""
        return one.name, one.title, title

    def head(self, canvas: Canvas) -> None:
        total, shown = len(self.facts.malfunctions), len(self.ids())
        number = f"{shown} of {total} match {self.wanted!r}" if self.wanted else f"{total}, / finds"
        _lower_title(canvas, self.view, self.KIND, self.active, self.count(number))

    def line(self, row: Row, id_: str, picked: bool) -> None:
        looks = self.view.looks
        one = self._known.get(id_)
        if one is None:
            return
        stands = any(found.name == id_ for found in self.facts.injected)
        row.add("* " if stands else "  ", looks.live)
        row.add(one.name, looks.cursor if picked else looks.text, 38).add(" ", looks.text)
        _, title, target = self._words(one)
        row.add(title, looks.dim, row.width - row.used if row.width < 100 else 40)
        row.add(f" {target}", looks.dim, max(0, row.width - row.used))
