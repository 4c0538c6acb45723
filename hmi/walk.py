"""Procedures that people carry out: which are under way at this station, and how far, by what the plant shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hmi.procedure import COMPLETE, IDLE, RUNNING, Check, Procedure, Progress, Step


@dataclass(slots=True)
class _Walk:
    """step: the one that somebody is at, the first being 1. since: plant time at which its turn came, s since 1970."""

    step: int
    since: float


class Walks:
    """The procedures under way. A step is ticked as soon as all its checks hold, and stays ticked: what it brought
    about may pass while the next steps are done."""

    def __init__(self) -> None:
        self._walks: dict[str, _Walk] = {}

    def begin(self, id_: str, now: float) -> None:
        """Begin a procedure with its first step, from the beginning if it is under way."""
        self._walks[id_] = _Walk(1, now)

    def give_up(self, id_: str) -> None:
        """As if it had never begun."""
        self._walks.pop(id_, None)

    def tick(self, procedure: Procedure, now: float) -> None:
        """Take the present step as done, whatever the plant shows."""
        walk = self._walks.get(procedure.tag)
        if walk is not None and walk.step <= len(procedure.steps):
            walk.step += 1
            walk.since = now

    def look(
        self, known: Mapping[str, Procedure], holds: Callable[[Check], bool | None], now: float
    ) -> Iterator[tuple[Procedure, Step]]:
        """Tick what the plant shows to be done; what was ticked, one after the other."""
        for id_, walk in self._walks.items():
            procedure = known.get(id_)
            while procedure is not None and walk.step <= len(procedure.steps):
                step = procedure.steps[walk.step - 1]
                if not all(holds(check) for check in step.checks):
                    break
                self.tick(procedure, now)
                yield procedure, step

    def progress(self, procedure: Procedure, now: float) -> Progress:
        """How far a procedure is."""
        walk = self._walks.get(procedure.tag)
        if walk is None:
            return Progress(IDLE, 0, math.nan)
        state = RUNNING if walk.step <= len(procedure.steps) else COMPLETE
        return Progress(state, walk.step, max(0.0, now - walk.since))
