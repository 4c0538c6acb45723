"""The operating manual of a plant, as Markdown, from its plant file alone: what it is to run at, its procedures
step by step, of sequences and by hand, its interlocks, the right response to every alarm, and the signs of what may go
wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from plantsim.model.malfunction import Place
from plantsim.model.malfunction_text import describe
from plantsim.model.plant import (
    Action,
    Alarm,
    Area,
    Condition,
    Device,
    Instrument,
    Interlock,
    Plant,
    Procedure,
    Sequence,
)
from plantsim.model.tag import TagTable
from plantsim.model.tags import build_tags

PRIORITIES = {1: "high", 2: "medium", 3: "low", 4: "diagnostic"}
"""What the levels of priority are called: `AlarmPoint.priority`."""


def manual(plant: Plant, *, malfunctions: bool = True) -> str:
    """The manual's text. malfunctions: with the chapter of what may go wrong."""
    return "\n".join(_Manual(plant).lines(malfunctions)).rstrip("\n") + "\n"


class _Manual:
    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._tags: TagTable = build_tags(plant)[0]
        everything: tuple[Instrument | Device | Sequence | Interlock, ...] = (
            *plant.instruments,
            *plant.devices,
            *plant.sequences,
            *plant.interlocks,
        )
        self._title = {one.tag: one.title for one in everything}
        self._unit = {one.tag: one.unit for one in everything}
        self._area = {unit.id: unit.area for unit in plant.units}

    def lines(self, malfunctions: bool) -> Iterator[str]:
        yield f"# {self._plant.title}: operating manual\n"
        yield f"Made of the plant file `{self._plant.path.name}`.\n"
        yield from self._normal_operation()
        yield "## Procedures\n"
        for sequence in self._plant.sequences:
            yield from self._procedure(sequence)
        if self._plant.procedures:
            yield "## Procedures by hand\n"
            for procedure in self._plant.procedures:
                yield from self._by_hand(procedure)
        yield "## Interlocks\n"
        yield from _table(
            ("Interlock", "Trips when", "After", "Does", "Comes back", "Bypass"),
            (self._interlock(one) for one in self._plant.interlocks),
        )
        yield "## Alarms and the right response\n"
        for area in self._plant.areas:
            yield from self._alarms(area)
        if malfunctions:
            yield "## What may go wrong, and its signs\n"
            yield from _table(("Malfunction", "Cause", "Signs", "Response"), self._malfunctions())

    # normal operation

    def _normal_operation(self) -> Iterator[str]:
        yield "## Normal operation\n"
        yield from _table(
            ("Product", "At least, %", "Loss on ignition at most, %", "Hopper"),
            (
                (one.name + (" (by-product)" if one.byproduct else ""), one.spec_pct, one.most_loss_pct, one.hopper)
                for one in self._plant.products
            ),
        )
        modes = self._tags[f"{self._plant.loops[0].tag}.MODE"].states if self._plant.loops else ()
        for area in self._plant.areas:
            loops = [one for one in self._plant.loops if self._area[self._unit[one.tag]] == area.id]
            if loops:
                yield f"### {area.number} {area.title}\n"
                rows = (
                    (one.tag, self._title[one.tag], self._value(one.tag, "SP", one.sp), modes[one.mode])
                    for one in loops
                )
                yield from _table(("Controller", "What it holds", "Set point", "Mode"), rows)

    # procedures

    def _procedure(self, sequence: Sequence) -> Iterator[str]:
        yield f"### {sequence.tag}: {sequence.title}\n"
        if sequence.permits:
            yield f"It starts when {self._all(sequence.permits)}.\n"
        if sequence.repeat:
            yield "Behind the last step it begins anew, until it is aborted.\n"
        for number, step in enumerate(sequence.steps, 1):
            yield f"{number}. **{step.title}.**"
            if step.unless:
                yield f"   Passed over unless {self._all(step.unless)}."
            if step.actions:
                yield f"   Do: {'; '.join(map(self._action, step.actions))}."
            if step.checks:
                lasting = f", for {_time(step.dwell)}" if step.dwell else ""
                yield f"   Go on when {self._all(step.checks)}{lasting}."
            elif step.dwell:
                yield f"   Go on after {_time(step.dwell)}."
            if step.ends:
                yield f"   Go on, too, as soon as {self._all(step.ends, ' or ')}."
            if step.most:
                yield f"   It holds after {_time(step.most)}."
            if step.on_hold:
                yield f"   Held: {'; '.join(map(self._action, step.on_hold))}."
            if step.on_abort:
                yield f"   Aborted: {'; '.join(map(self._action, step.on_abort))}."
        yield ""

    def _by_hand(self, procedure: Procedure) -> Iterator[str]:
        yield f"### {procedure.id}: {procedure.title}\n"
        yield f"When: {procedure.when}\n"
        for number, task in enumerate(procedure.steps, 1):
            yield f"{number}. **{task.title}.**"
            if task.text:
                yield f"   {task.text}"
            yield f"   Done when {self._all(task.checks)}."
        yield ""

    def _action(self, action: Action) -> str:
        by_the_hour = action.rate * 60.0 < 0.1
        rate = f"{action.rate * 3600.0:.3g} an hour" if by_the_hour else f"{action.rate * 60.0:.3g} a minute"
        ramp = f" at {rate}" if action.rate else ""
        return f"{action.tag} {action.member} to {self._value(action.tag, action.member, action.value)}{ramp}"

    def _all(self, conditions: Iterable[Condition], word: str = " and ") -> str:
        return word.join(map(self._condition, conditions))

    def _condition(self, one: Condition) -> str:
        if one.relation == "bad":
            return f"{one.tag} {one.member} is bad"
        relation = {"=": "is", "<": "below", ">": "above"}[one.relation]
        return f"{one.tag} {one.member} {relation} {self._value(one.tag, one.member, one.value)}"

    def _value(self, tag: str, member: str, value: float) -> str:
        """As people read it: the name of a state, or a number with its unit."""
        known = self._tags[f"{tag}.{member}"]
        return known.text(value) if known.states else f"{known.text(value)} {known.eu}".rstrip()

    # interlocks and alarms

    def _interlock(self, one: Interlock) -> tuple[str, ...]:
        every = len(one.when) == one.votes
        cause = self._all(one.when, " and " if every else " or ")
        if not every and one.votes > 1:
            cause = f"{one.votes} of: {self._all(one.when, ', ')}"
        effects = ", ".join(
            f"{effect.tag} {effect.verb}" + (f" {effect.value:g} %" if effect.verb == "%" else "")
            for effect in one.effects
        )
        back = f"after a reset by the {one.reset_role.name.lower()}" if one.latched else "by itself"
        bypass = "none" if one.bypass_role is None else f"{one.bypass_role.name.lower()}, {_time(one.bypass_time)}"
        return (f"{one.tag} {one.title}", cause, _time(one.delay) if one.delay else "at once", effects, back, bypass)

    def _alarms(self, area: Area) -> Iterator[str]:
        of_area = [one for one in self._plant.alarms if self._area[self._unit[one.tag]] == area.id]
        if not of_area:
            return
        yield f"### {area.number} {area.title}: alarms\n"
        of_area.sort(key=lambda one: (one.priority, one.tag, one.condition))
        yield from _table(
            ("Alarm", "Priority", "At", "Cause", "Consequence", "Response", "Within"),
            (
                (
                    f"{one.tag} {one.condition}: {self._title[one.tag]}",
                    PRIORITIES[one.priority],
                    self._limit(one),
                    one.cause,
                    one.consequence,
                    one.response,
                    f"{one.respond_min:g} min",
                )
                for one in of_area
            ),
        )

    def _limit(self, alarm: Alarm) -> str:
        if math.isnan(alarm.limit):
            return ""
        if alarm.condition == "STALE":
            return _time(alarm.limit)
        pv = self._tags.get(f"{alarm.tag}.PV")
        eu = pv.eu if pv is not None else "%"
        return f"{alarm.limit:.6g} {eu}{'/min' if alarm.condition == 'ROC' else ''}".rstrip()

    def _malfunctions(self) -> Iterator[tuple[str, ...]]:
        """Each once, told at the first place where it may happen."""
        places: dict[str, list[Place]] = {}
        for place in self._plant.malfunctions:
            places.setdefault(place.malfunction.id, []).append(place)
        for first, *others in places.values():
            told = describe(self._plant, first)
            where = f"{first.target} and {len(others)} more" if others else first.target
            yield f"{first.malfunction.title} ({where})", told.cause, told.sees, told.response


def _time(seconds: float) -> str:
    """In the largest unit that leaves a short number."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= length and (seconds / length * 2).is_integer():
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    """A table, and an empty line; "none" where it has no rows."""
    found = [[f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    if not found:
        yield "None.\n"
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in found:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
    yield ""
