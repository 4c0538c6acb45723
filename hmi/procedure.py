"""Procedures step by step, as the server tells of them, and how far one is by the values of now."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

_COMPARISON = re.compile(r"(\S+) (?:([=<>]) (\S+)|bad)")
_ACTION = re.compile(r"(\S+) (?:=|->) (\S+?)(?: at (\S+))?")
APART = "; "
"""Between the comparisons, or the actions, of one step."""

IDLE, RUNNING, HELD, ABORTING, COMPLETE = range(5)
"""Values of a sequence's STATE."""


@dataclass(frozen=True, slots=True)
class Check:
    """A comparison with a member: relation is one of = < >, or ``bad`` where its quality is meant, not its value."""

    member: str
    relation: str
    value: float = 0.0

    @property
    def tag(self) -> str:
        """The tag object that it asks of."""
        return self.member.partition(".")[0]

    def holds(self, now: float, bad: bool) -> bool | None:
        """Whether it holds for a value of now; None where that is not to be trusted."""
        if self.relation == "bad":
            return bad
        if bad or math.isnan(now):
            return None
        return {"=": now == self.value, "<": now < self.value, ">": now > self.value}[self.relation]


@dataclass(frozen=True, slots=True)
class Action:
    """A member gets a value, at once or with a rate, in its unit a minute."""

    member: str
    value: float
    rate: float = 0.0

    @property
    def tag(self) -> str:
        """The tag object that it is done to."""
        return self.member.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Step:
    """Its actions are done, then its checks must hold for ``dwell`` s; after ``limit`` s it holds, 0 for never.

    ends: of which any one ends it, too. needs: it is passed over where one of these does not hold as its turn comes.
    """

    title: str
    actions: tuple[Action, ...] = ()
    checks: tuple[Check, ...] = ()
    dwell: float = 0.0
    limit: float = 0.0
    ends: tuple[Check, ...] = ()
    needs: tuple[Check, ...] = ()
    text: str = ""
    """What whoever does it by hand has to know."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """Steps one after the other, of a sequence or, by hand, of people.

    tag: the sequence's, or the procedure's own name. permits: without which it does not start. repeats: whether the
    first follows the last. when: of one by hand, what it is for and when to begin it.
    """

    tag: str
    title: str
    steps: tuple[Step, ...]
    permits: tuple[Check, ...] = ()
    repeats: bool = False
    when: str = ""

    @property
    def by_hand(self) -> bool:
        """Whether people do it, and no sequence."""
        return bool(self.when)


class Mark(Enum):
    """How a step stands."""

    DONE = "done"
    NOW = "now"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a procedure is: the sequence's STATE, STEP and STEP_TIME; None while they are not known."""

    state: int | None
    step: int
    seconds: float

    def mark(self, number: int) -> Mark | None:
        """How the step of a number stands, the first being 1; None where nobody knows."""
        if self.state is None:
            return None
        if self.state == COMPLETE:
            return Mark.DONE
        if self.state == IDLE or number > self.step:
            return Mark.PENDING
        return Mark.NOW if number == self.step else Mark.DONE

    @property
    def at_work(self) -> bool:
        """Whether it is on its way."""
        return self.state in (RUNNING, HELD, ABORTING)


def progress(procedure: Procedure, number: Callable[[str], float]) -> Progress:
    """How far a procedure is. number: the value of a member, nan where it is not to be trusted."""
    state, step, seconds = (number(f"{procedure.tag}.{member}") for member in ("STATE", "STEP", "STEP_TIME"))
    if math.isnan(state) or math.isnan(step):
        return Progress(None, 0, math.nan)
    return Progress(int(state), int(step), seconds)


def order(state: int | None) -> str:
    """The command that takes a procedure on from a state: Start, Hold or Resume; empty where there is none."""
    words = {IDLE: "Start", COMPLETE: "Start", RUNNING: "Hold", HELD: "Resume"}
    return words.get(state, "") if state is not None else ""


def effects(word: str) -> frozenset[int]:
    """The states that show that an order has been followed."""
    return {
        "Start": frozenset((RUNNING, COMPLETE)),
        "Hold": frozenset((HELD,)),
        "Resume": frozenset((RUNNING, COMPLETE)),
        "Abort": frozenset((ABORTING, IDLE)),
    }.get(word, frozenset())


def parse(
    tag: str,
    title: str,
    titles: Sequence[str],
    actions: Sequence[str],
    checks: Sequence[str],
    dwells: Sequence[float],
    limits: Sequence[float],
    ends: Sequence[str],
    needs: Sequence[str],
    *,
    permits: Sequence[str] = (),
    repeats: bool = False,
) -> Procedure:
    """A procedure from the server's arrays, of which the first element is step 1's. ValueError for what is none."""
    steps = tuple(
        Step(name, _all(done, _action), _checks(asked), dwell, limit, _checks(end), _checks(need))
        for name, done, asked, dwell, limit, end, need in zip(
            titles, actions, checks, dwells, limits, ends, needs, strict=True
        )
    )
    return Procedure(tag, title, steps, tuple(map(parse_check, permits)), repeats)


def parse_by_hand(
    name: str, title: str, when: str, titles: Sequence[str], texts: Sequence[str], checks: Sequence[str]
) -> Procedure:
    """A procedure by hand from the server's arrays. ValueError for what is none."""
    steps = tuple(
        Step(told, checks=_checks(asked), text=text) for told, text, asked in zip(titles, texts, checks, strict=True)
    )
    if not steps or not when or not all(step.checks for step in steps):
        raise ValueError("a procedure by hand has an occasion, and steps with checks")
    return Procedure(name, title, steps, when=when)


T = TypeVar("T")


def _all(texts: str, read: Callable[[str], T]) -> tuple[T, ...]:
    return tuple(map(read, texts.split(APART))) if texts else ()


def _checks(texts: str) -> tuple[Check, ...]:
    return _all(texts, parse_check)


def parse_check(text: str) -> Check:
    """A comparison as it comes over the wire. ValueError for what is none."""
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no comparison")
    return Check(match[1], match[2], float(match[3])) if match[2] else Check(match[1], "bad")


def _action(text: str) -> Action:
    match = _ACTION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no action")
    return Action(match[1], float(match[2]), float(match[3] or 0.0))
