"""The faceplate of one tag object: everything about it, and what may be changed."""

from __future__ import annotations

import math
import textwrap

from hmi.comm.outcome import quality_words
from hmi.commands import find
from hmi.format import BAD, clock, day, duration, figures, moment, number, places, value_text
from hmi.model import LIMITS, TUNING, Member, Plant, TagObject, ValueClass
from hmi.procedure import Mark, Procedure
from hmi.theme import badge
from hmi.view import Target, View
from hmi.widgets.bar import bar, level
from hmi.widgets.canvas import Canvas, cells
from hmi.widgets.causeeffect import cause_effect, cause_effect_rows
from hmi.widgets.cells import RUNNING, STOPPED
from hmi.widgets.panel import Panel
from hmi.widgets.procedures import DONE, progress_of, words

WIDTH = 60
"""Cells of a faceplate that stands beside its display."""

_HIDDEN = frozenset((*LIMITS, "NormalLow", "NormalHigh", *TUNING))


def face_rows(tag: TagObject, width: int, plant: Plant) -> int:
    """Lines the faceplate's panel of so many cells needs; of a sequence with its permits and steps."""
    procedure, interlock = plant.procedures.get(tag.id), plant.interlocks.get(tag.id)
    shown = [m for m in tag.members.values() if m.member not in _HIDDEN]
    limits = 1 if tag.primary is not None and (tag.limits or tag.normal) else 0
    tuning = 1 if any(name in tag.members for name in TUNING) else 0
    loops = bool(tag.acts_on) + bool(tag.set_by) + len(_lines(tag.tripped_by, width - 12))
    loops += cause_effect_rows(interlock) if interlock is not None else 0
    steps = 1 + len(procedure.permits) + len(procedure.steps) + 1 if procedure is not None else 0
    loops += _settable(tag)
    return 1 + len(title_lines(tag, width)) + len(shown) + limits + tuning + loops + 1 + min(len(tag.alarms), 4) + steps


def _settable(tag: TagObject) -> bool:
    """Whether somebody may set something of it."""
    return any(member.writable or member.for_others for member in tag.members.values())


def _lines(ids: tuple[str, ...], width: int) -> list[tuple[str, ...]]:
    """Names, each behind a mark, in as many lines as they need."""
    each = max(map(len, ids), default=0) + 4
    across = max(1, width // each)
    return [ids[k : k + across] for k in range(0, len(ids), across)]


def title_lines(tag: TagObject, width: int) -> list[str]:
    """The title in as many lines as it needs: the first between the tag's name and what it is, the rest below."""
    first = width - len(tag.id) - len(_where(tag)) - 4
    if len(tag.title) <= first:
        return [tag.title]
    head = textwrap.wrap(tag.title, max(8, first), break_long_words=False)[0]
    rest = tag.title[len(head) :].strip()
    return [head, *textwrap.wrap(rest, max(8, width - len(tag.id) - 4))]


def _where(tag: TagObject) -> str:
    return f" {tag.unit} {tag.kind} "


class Face(Panel):
    """Title, every live member with its bar or state, limits, quality, alarms."""

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self.tag_id = ""

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        tag = view.tag(self.tag_id)
        if tag is None:
            return
        where = _where(tag)
        title, *more = title_lines(tag, canvas.width)
        row = canvas.row(0).add(" ", looks.frame).add(tag.id, looks.key).add(f"  {title}", looks.frame)
        row.gap(canvas.width - len(where), looks.frame).add(where, looks.frame_dim)
        for y, text in enumerate(more, 1):
            canvas.row(y).gap(len(tag.id) + 3, looks.frame).add(text, looks.frame).gap(canvas.width, looks.frame)
        y = 1 + len(more)
        for member in tag.members.values():
            if member.member not in _HIDDEN:
                self._member(canvas, tag, member, y)
                y += 1
        y = self._limits(canvas, tag, y)
        y = self._tuning(canvas, tag, y)
        y = self._loops(canvas, "acts on", tag.acts_on, y)
        y = self._loops(canvas, "set by", tag.set_by, y)
        y = self._interlocks(canvas, tag, y)
        y = self._hands(canvas, tag, y)
        self._quality(canvas, tag, y)
        y = self._alarms(canvas, tag, y + 1)
        procedure = view.plant.procedures.get(tag.id)
        if procedure is not None:
            self._steps(canvas, procedure, y + 1)

    def _member(self, canvas: Canvas, tag: TagObject, member: Member, y: int) -> None:
        view, looks = self.view, self.view.looks
        row = canvas.row(y).add(f" {member.member:<10}", looks.title if member.writable else looks.dim)
        if member.writable:
            canvas.pick(0, y, canvas.width, Target("action", f"set('{member.member}')"))
        reading = view.store.read(member.name)
        ink = looks.setting if member.writable and member.member != "OP" else looks.live
        if member.value_class is ValueClass.TIME:
            age = view.store.now - reading.number
            row.add(f" {day(reading.number)} {clock(reading.number)}", looks.live)  # SampleTime fills its column
            row.add(f"  {duration(age)} old" if not math.isnan(age) else "", looks.dim)
            return
        if member.value_class is not ValueClass.NUMBER:
            shown = reading.value if not math.isnan(reading.number) or isinstance(reading.value, str) else None
            row.add(value_text(member, shown, tag), ink if shown is not None else looks.bad)
            return
        shown = reading.number
        row.add(number(shown, places(member, tag), 8), looks.bad if math.isnan(shown) else ink).add(" ", looks.text)
        row.add(member.eu, looks.dim, 7)
        width = min(40, canvas.width - row.used - 18)
        if width < 5 or member.low is None or member.high is None:
            return
        span = (member.low, member.high)
        if member is tag.primary and tag.kind in ("transmitter", "analyser", "controller"):
            span = tag.display_span
            record = view.book.worst(tag.id)
            priority = record.alarm.priority if record is not None and record.active else None
            setpoint = view.store.number(f"{tag.id}.SP")
            bar(row, looks, width, shown, span, tag.normal, tuple(tag.limits.values()), setpoint, priority)
        elif member.member == "SP":
            row.add("deviation ", looks.dim).add(self._deviation(tag), looks.text, width - len("deviation "))
        else:
            level(row, looks, width, shown, span)
        digits = places(member, tag)
        row.add(f" {number(span[0], digits)}..{number(span[1], digits)}", looks.dim)

    def _limits(self, canvas: Canvas, tag: TagObject, y: int) -> int:
        looks = self.view.looks
        if tag.primary is None or not (tag.limits or tag.normal):
            return y
        row = canvas.row(y).add(" limits    ", looks.dim)
        for name in LIMITS:
            if name in tag.limits:
                row.add(f"{name} ", looks.dim).add(value_text(tag.primary, tag.limits[name], tag), looks.text)
                row.add("  ", looks.text)
        if tag.normal is not None:
            low, high = (value_text(tag.primary, limit, tag) for limit in tag.normal)
            row.add("normal ", looks.dim).add(f"{low}..{high}", looks.text)
        return y + 1

    def _deviation(self, tag: TagObject) -> str:
        """How far a controller is off its set point."""
        assert tag.primary is not None
        off = self.view.store.number(tag.primary.name) - self.view.store.number(f"{tag.id}.SP")
        digits = places(tag.primary, tag)
        return BAD if math.isnan(off) else f"{round(off, digits) + 0.0:+.{digits}f}"  # no minus before zero

    def _tuning(self, canvas: Canvas, tag: TagObject, y: int) -> int:
        """Gain and times of a controller."""
        view, looks = self.view, self.view.looks
        members = [tag.members[name] for name in TUNING if name in tag.members]
        if not members:
            return y
        row = canvas.row(y).add(" tuning    ", looks.dim)
        for member in members:
            at = row.used
            row.add(f"{member.member} ", looks.title if member.writable else looks.dim)
            row.add(f"{figures(view.store.number(member.name))} {member.eu}".rstrip(), looks.text)
            if member.writable:
                canvas.pick(at, y, row.used - at, Target("action", f"set('{member.member}')"))
            row.add("  ", looks.text)
        return y + 1

    def _loops(self, canvas: Canvas, what: str, tags: tuple[str, ...], y: int) -> int:
        """The next ones up or down a cascade; one alone with its title."""
        looks = self.view.looks
        if not tags:
            return y
        row = canvas.row(y).add(f" {what:<10}", looks.dim).add("  ".join(tags), looks.text)
        if len(tags) == 1 and (tag := self.view.tag(tags[0])) is not None:
            row.add(f"  {tag.title}", looks.dim, max(0, canvas.width - row.used - 1))
        return y + 1

    def _interlocks(self, canvas: Canvas, tag: TagObject, y: int) -> int:
        """Of an interlock its causes and effects; of a device the interlocks that act on it, and which do now."""
        view, looks = self.view, self.view.looks
        interlock = view.plant.interlocks.get(tag.id)
        if interlock is not None:
            y = cause_effect(view, canvas, tag.id, interlock, y)
        for index, line in enumerate(_lines(tag.tripped_by, canvas.width - 12)):
            row = canvas.row(y).add(f" {'' if index else 'trips':<10}", looks.dim)
            for id_ in line:
                tripped = view.store.number(f"{id_}.TRIPPED") == 1.0
                row.add(f"{RUNNING if tripped else STOPPED} {id_}", looks.live if tripped else looks.text)
                row.add("  ", looks.text)
            y += 1
        return y

    def _hands(self, canvas: Canvas, tag: TagObject, y: int) -> int:
        """Who set what last, as far as there is room; nothing where the server does not tell."""
        view, looks = self.view, self.view.looks
        if not _settable(tag):
            return y
        writes = view.hands.writes.get(tag.id)
        row = canvas.row(y).add(" set       " if writes is not None else "", looks.dim)
        if writes is not None and not writes:
            row.add("by nobody since the start", looks.dim)
        for index, write in enumerate(writes or ()):
            when = moment(write.time, view.store.now).removesuffix(clock(write.time)[5:])
            text = f"{', ' if index else ''}{write.member} {write.text(tag)} by {write.who} {when}"
            if row.used + cells(text) >= canvas.width:
                break
            row.add(text, looks.text)
        return y + 1

    def _quality(self, canvas: Canvas, tag: TagObject, y: int) -> None:
        view, looks = self.view, self.view.looks
        member = tag.primary or next((m for m in tag.members.values() if m.member not in _HIDDEN), None)
        row = canvas.row(y).add(" quality   ", looks.dim)
        if member is None:
            return
        reading = view.store.read(member.name)
        words = quality_words(reading.status)
        row.add(words, looks.text if words == "good" else looks.bad)
        row.add(f"   source time {clock(reading.time)}", looks.dim)

    def _alarms(self, canvas: Canvas, tag: TagObject, y: int) -> int:
        """The standing ones first; the line below the last."""
        view, looks = self.view, self.view.looks
        records = sorted(view.book.of_tag(tag.id), key=lambda r: (not r.active, r.acked, r.alarm.priority))
        some = any(record.active or not record.acked for record in records)
        for line, record in enumerate(records[: canvas.height - y]):
            row = canvas.row(y + line).add(f" {'alarms' if not line else '':<10}", looks.dim)
            standing = record.active or not record.acked
            style = looks.priority(record.alarm.priority) if standing else looks.dim
            row.add(badge(record.alarm.priority, record.state), style)
            row.add(f" {record.alarm.condition}", looks.text, 12)
            if some:
                row.add(record.state.value if standing else "", looks.live, 7)
            row.add(record.alarm.message, looks.text if standing else looks.dim, max(0, canvas.width - row.used - 1))
        return y + len(records)

    def _steps(self, canvas: Canvas, procedure: Procedure, y: int) -> None:
        """What a sequence that stands needs to start, and its steps; what they do and wait for is on its display."""
        view, looks = self.view, self.view.looks
        now = progress_of(view, procedure)
        for index, permit in enumerate(() if now.at_work else procedure.permits):
            met = view.holds(permit)
            row = canvas.row(y).add(f" {'' if index else 'permits':<10}", looks.dim)
            row.add(f"{DONE if met else STOPPED if met is False else '?'} {words(view, permit)}",
                    looks.text if met else looks.live)  # fmt: skip
            row.add("  not yet" if met is False else "", looks.live)
            y += 1
        for number_, step in enumerate(procedure.steps, 1):
            mark = now.mark(number_)
            symbol = {Mark.DONE: DONE, Mark.NOW: RUNNING, Mark.PENDING: STOPPED, None: "?"}[mark]
            row = canvas.row(y).add(f" {'steps' if number_ == 1 else '':<10}", looks.dim)
            row.add(f"{symbol} {number_:>2}  {step.title}", looks.live if mark is Mark.NOW else looks.text)
            y += 1
        row = canvas.row(y).add(" " * 11, looks.dim).add(view.label(find("procedures")), looks.live)
        row.add(" what they do and wait for", looks.dim)
