"""The panels of procedures: the list of them, and the steps of one with what each waits for."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence

from hmi.format import BAD, duration, pace, value_text
from hmi.model import Member
from hmi.procedure import COMPLETE, HELD, IDLE, Action, Check, Mark, Procedure, Progress, Step, progress
from hmi.view import Target, View
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.cells import RUNNING, STOPPED
from hmi.widgets.listing import Listing
from hmi.widgets.panel import Panel

DONE = "✓"
_RELATIONS = {"=": "is", "<": "below", ">": "above"}
_WHEN, _TELL = 6, 8
"""Cells before the lines of what a procedure by hand is for, and of what its step is about."""
_STATES = ("idle", "running", "held", "aborting", "complete")


def progress_of(view: View, procedure: Procedure) -> Progress:
    """How far a procedure is, by the values of now."""
    if procedure.by_hand:
        return view.walks.progress(procedure, view.store.now)
    return progress(procedure, view.store.number)


def unmet(view: View, checks: Sequence[Check]) -> list[Check]:
    """The checks that do not hold now, or of which nobody knows."""
    return [one for one in checks if not view.holds(one)]


def words(view: View, check: Check) -> str:
    """A check as an operator reads it: ``TIC-201 PV above 55.0 C``."""
    name = check.member.replace(".", " ", 1)
    if check.relation == "bad":
        return f"{name} is bad"
    return f"{name} {_RELATIONS[check.relation]} {_value(view, check.member, check.value)}"


def _value(view: View, name: str, value: float) -> str:
    member = _member(view, name)
    tag = view.tag(name.partition(".")[0])
    if member is None:
        return f"{value:g}"
    return f"{value_text(member, BAD if math.isnan(value) else value, tag)} {member.eu}".rstrip()


def value_now(view: View, check: Check) -> str:
    """What the member of a check is at, with its unit."""
    number = view.store.number(check.member)
    return BAD if math.isnan(number) else _value(view, check.member, number)


def _member(view: View, name: str) -> Member | None:
    tag, _, member = name.partition(".")
    found = view.tag(tag)
    return found.members.get(member) if found is not None else None


def under_way(view: View) -> list[tuple[Procedure, Progress]]:
    """Procedures that somebody may have to attend to, the held ones first; what goes round for ever only if held."""
    found = [(one, progress_of(view, one)) for one in view.plant.procedures.values()]
    wanted = [(one, now) for one, now in found if now.at_work and (now.state == HELD or not one.repeats)]
    return sorted(wanted, key=lambda pair: pair[1].state != HELD)


class NextStep(Panel):
    """In one line: a procedure under way, its step, and the first thing that this waits for."""

    DEFAULT_CSS = "NextStep { height: 1; }"

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        found = under_way(view)
        if not found:
            return
        (procedure, now), *others = found
        target = Target("procedure", procedure.tag)
        canvas.pick(0, 0, canvas.width, target)
        row = canvas.row(0).add(" ", looks.text)
        row.add(procedure.tag, looks.cursor if view.cursor == target else looks.live).add(" ", looks.text)
        assert now.state is not None  # it is at work
        row.add(_STATES[now.state], looks.shout if now.state == HELD else looks.text)
        row.add(f" {now.step}/{len(procedure.steps)} ", looks.text)
        more = f"  and {len(others)} more" if others else ""
        room = canvas.width - len(more) - 1
        if 0 < now.step <= len(procedure.steps):
            step = procedure.steps[now.step - 1]
            row.add(step.title, looks.title)
            missing = unmet(view, step.checks)
            if missing:
                text = f"   waits for {words(view, missing[0])}, now {value_now(view, missing[0])}"
                row.add(text, looks.dim, min(len(text), max(0, room - row.used)))
            elif step.dwell:
                row.add(f"   all holds, and must for {duration(step.dwell)}", looks.dim)
        row.add(more, looks.dim)


class ProcedureList(Listing):
    """All procedures with how far they are."""

    KIND = "procedure"
    EMPTY = "this server tells of no procedures"

    def __init__(self, view: View) -> None:
        super().__init__(view, heads=1)
        self.active = True
        """Whether the keys move in it."""

    def ids(self) -> list[str]:
        return [id_ for id_, one in self.view.plant.procedures.items() if self.matches(id_, one.title)]

    def head(self, canvas: Canvas) -> None:
        canvas.row(0).add(" procedure  state", self.view.looks.dim)

    def line(self, row: Row, id_: str, picked: bool) -> None:
        looks = self.view.looks
        procedure = self.view.plant.procedures[id_]
        now = progress_of(self.view, procedure)
        name = (looks.cursor if self.active else looks.live) if picked else looks.text
        row.add(id_, name, 9).add(" ", looks.text)
        symbol = RUNNING if now.at_work else STOPPED
        style = looks.bad if now.state is None else looks.live if now.at_work else looks.dim
        row.add(f"{symbol} ", style)
        at = f" {now.step}/{len(procedure.steps)}" if now.at_work else ""
        row.add(f"{_STATES[now.state]}{at}" if now.state is not None else f"{BAD}?", style, 14)
        row.add(procedure.title, looks.text if picked else looks.dim, max(0, row.width - row.used - 1))


class StepList(Listing):
    """One procedure: its permits, its steps, and of the open ones what they do and wait for.

    Open are the step that the procedure is at and the one under the cursor. A line's id is ``p0`` for a permit, ``3``
    for a step, ``3.if0`` for what it needs as its turn comes, ``3.do0`` for what it does, ``3.until0`` for what it
    waits for, ``3.or0`` for what ends it, too, and ``3.for`` for its times; of a procedure by hand ``w0`` for a line of
    what it is for, and ``3.tell0`` for one of what a step is about.
    """

    KIND = "step"

    def __init__(self, view: View) -> None:
        super().__init__(view, heads=3)
        self.tag = ""
        self.active = False

    @property
    def procedure(self) -> Procedure | None:
        """What is shown."""
        return self.view.plant.procedures.get(self.tag)

    def ids(self) -> list[str]:
        return list(self._ids())

    def _ids(self) -> Iterator[str]:
        procedure = self.procedure
        if procedure is None:
            return
        now = progress_of(self.view, procedure)
        yield from (f"w{index}" for index in range(len(self._wrapped(procedure.when, _WHEN))))
        if not now.at_work:
            yield from (f"p{index}" for index in range(len(procedure.permits)))
        cursor = self.view.cursor
        under = cursor.id.partition(".")[0] if self.active and cursor is not None and cursor.kind == self.KIND else ""
        for number, step in enumerate(procedure.steps, 1):
            yield str(number)
            if str(number) == under or (now.at_work and number == now.step):
                yield from (f"{number}.tell{index}" for index in range(len(self._wrapped(step.text, _TELL))))
                yield from (f"{number}.if{index}" for index in range(len(step.needs)))
                yield from (f"{number}.do{index}" for index in range(len(step.actions)))
                yield from (f"{number}.until{index}" for index in range(len(step.checks)))
                yield from (f"{number}.or{index}" for index in range(len(step.ends)))
                if step.dwell or step.limit:
                    yield f"{number}.for"

    def tag_of(self, id_: str) -> str:
        """The tag object that a line speaks of; empty for none."""
        procedure = self.procedure
        if procedure is None:
            return ""
        if id_.startswith("w"):
            return ""
        if id_.startswith("p"):
            return procedure.permits[int(id_[1:])].tag
        number, _, part = id_.partition(".")
        of = _part(procedure.steps[int(number) - 1], part)
        return of[1].tag if of is not None else ""

    @property
    def _by_hand(self) -> bool:
        return self.procedure is not None and self.procedure.by_hand

    def _wrapped(self, text: str, indent: int) -> list[str]:
        return textwrap.wrap(text, max(20, self.size.width - indent - 1))

    def head(self, canvas: Canvas) -> None:
        looks = self.view.looks
        procedure = self.procedure
        if procedure is None:
            return
        now = progress_of(self.view, procedure)
        canvas.row(0).add(f" {procedure.tag} ", looks.live).add(procedure.title, looks.title)
        row = canvas.row(1).add(" ", looks.text)
        if now.state is None:
            row.add(f"{BAD}? not known how far it is", looks.bad)
            return
        row.add(_STATES[now.state], looks.shout if now.state == HELD else looks.live)
        if now.at_work:
            row.add(f"  step {now.step} of {len(procedure.steps)} for {duration(now.seconds)}", looks.text)
            if 0 < now.step <= len(procedure.steps):
                row.add(f"   {self._waits(procedure.steps[now.step - 1])}", looks.text)
        elif procedure.by_hand:
            row.add("" if now.state == COMPLETE else "  not begun here", looks.dim)
        elif now.state in (IDLE, COMPLETE):
            missing = unmet(self.view, procedure.permits)
            text = f"{len(missing)} of {len(procedure.permits)} permits missing" if missing else "may be started"
            row.add(f"  {text}", looks.live if missing else looks.dim)
        if procedure.repeats:
            row.add("   begins anew behind the last step", looks.dim)

    def _waits(self, step: Step) -> str:
        missing = len(unmet(self.view, step.checks))
        if missing:
            return f"waits for {missing} of {len(step.checks)}"
        return f"all hold, and must for {duration(step.dwell)}" if step.dwell else ""

    def line(self, row: Row, id_: str, picked: bool) -> None:
        procedure = self.procedure
        if procedure is None:
            return
        name = self.view.looks.cursor if picked and self.active else None
        if id_.startswith("w"):
            word = "when" if id_ == "w0" else ""
            row.add(word, name or self.view.looks.dim, _WHEN - 1)
            row.add(self._wrapped(procedure.when, _WHEN)[int(id_[1:])], self.view.looks.text)
            return
        if id_.startswith("p"):
            row.add("permit  ", name or self.view.looks.dim)
            self._check(row, procedure.permits[int(id_[1:])])
            return
        number, _, part = id_.partition(".")
        step = procedure.steps[int(number) - 1]
        mark = progress_of(self.view, procedure).mark(int(number))
        if not part:
            self._step(row, int(number), step, mark, picked)
            return
        if part.startswith("tell"):
            row.add("", name or self.view.looks.text, _TELL - 1)
            row.add(self._wrapped(step.text, _TELL)[int(part[4:])], self.view.looks.text)
            return
        row.add("       ", self.view.looks.text)
        of = _part(step, part)
        if of is not None:
            row.add(of[0], name or self.view.looks.dim, 6)
            if isinstance(of[1], Action):
                self._action(row, of[1], mark)
            elif mark is Mark.DONE:
                row.add(words(self.view, of[1]), self.view.looks.text)  # it held then, whatever it does now
            else:
                self._check(row, of[1])
        else:
            times = [f"for {duration(step.dwell)}"] if step.dwell else []
            times += [f"holds after {duration(step.limit)}"] if step.limit else []
            row.add(", ".join(times), name or self.view.looks.dim)

    def _step(self, row: Row, number: int, step: Step, mark: Mark | None, picked: bool) -> None:
        looks = self.view.looks
        # nobody knows of a step that may be passed over whether it was
        behind = "behind" if step.needs else "done"
        symbol, word = {Mark.DONE: (DONE, behind), Mark.NOW: (RUNNING, "now"), Mark.PENDING: (STOPPED, "")}.get(
            mark or Mark.PENDING, (STOPPED, "")
        )
        if mark is None:
            symbol, word = "?", f"{BAD}?"
        if mark is Mark.PENDING and self._by_hand and not unmet(self.view, step.checks):
            symbol, word = DONE, "holds"
        style = looks.bad if mark is None else looks.live if mark is Mark.NOW else looks.dim
        row.add(f"{symbol} ", style).add(f"{number:>2}  ", style)
        title = looks.cursor if picked and self.active else looks.live if mark is Mark.NOW else looks.text
        row.add(step.title, title)
        row.gap(max(row.used + 2, row.width - 8)).add(word, style)

    def _action(self, row: Row, action: Action, mark: Mark | None) -> None:
        looks = self.view.looks
        ramp = f" at {pace(action.rate)}" if action.rate else ""
        row.add(f"{action.member.replace('.', ' ', 1)} to {_value(self.view, action.member, action.value)}{ramp}",
                looks.text)  # fmt: skip
        if mark is Mark.NOW:
            self._now(row, action.member)

    def _check(self, row: Row, check: Check) -> None:
        looks = self.view.looks
        met = self.view.holds(check)
        row.add(words(self.view, check), looks.text if met else looks.live)
        self._now(row, check.member)
        row.add(f" {DONE}" if met else " not yet" if met is False else " ?", looks.dim if met else looks.live)

    def _now(self, row: Row, name: str) -> None:
        looks = self.view.looks
        number = self.view.store.number(name)
        text = BAD if math.isnan(number) else _value(self.view, name, number)
        row.gap(max(row.used + 2, min(row.width - 24, 54)))
        row.add("now ", looks.dim).add(text, looks.bad if math.isnan(number) else looks.live)


def _part(step: Step, part: str) -> tuple[str, Action | Check] | None:
    """The word before a line of a step, and what the line tells: ``do0`` is its first action; None for its times."""
    groups: dict[str, tuple[Action | Check, ...]] = {
        "if": step.needs,
        "do": step.actions,
        "until": step.checks,
        "or": step.ends,
    }
    word = part.rstrip("0123456789")
    return (word, groups[word][int(part.removeprefix(word))]) if word in groups else None
