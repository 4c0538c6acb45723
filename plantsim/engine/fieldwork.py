"""The field operator: what he is asked to do by radio takes its time in the plant, and ends what was wrong there.

Work under way is part of the plant's state: it ends in the same scan at any speed, and a snapshot has it.
"""

from __future__ import annotations

import math
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plantsim.engine.core import Core
from plantsim.engine.malfunctions import Injected, TooMany
from plantsim.engine.snapshot import SnapshotError
from plantsim.model.errors import one_of
from plantsim.model.remedy import LOCAL, NO_PERMIT, FieldAction
from plantsim.model.tag import TagTable

MOST = 8
"""Actions under way at a time."""
REMEMBERED = 20
"""Actions that are over, of which the list still tells."""
MANY = 1_000_000


class UnknownAction(ValueError):
    """No action of that name can be done in this plant; says what comes close."""


class NotNow(ValueError):
    """The plant is not as it must be for an action; reason: why."""

    def __init__(self, action: str, reason: str) -> None:
        super().__init__(f"{action}: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Work:
    """An action that was asked for. state: ``under way``, ``done``, or why not. at: scan at which it is over."""

    action: FieldAction
    state: str
    at: int


@dataclass(frozen=True, slots=True)
class Report:
    """What comes by radio at the end of an action. cleared, made: instances of malfunctions that it ended, or began."""

    scan: int
    action: FieldAction
    text: str
    cleared: tuple[str, ...] = ()
    made: tuple[str, ...] = ()


def _key(name: str) -> float:
    return float(zlib.crc32(name.encode()))


class FieldWork:
    """What is under way in one live plant; used between scans alone. actions: all that can be done, by name.

    started: of every drive, where the core remembers whether it has been started.
    """

    def __init__(
        self,
        core: Core,
        tags: TagTable,
        injected: Injected,
        actions: Mapping[str, FieldAction],
        scan_period: float,
        started: Mapping[str, int],
    ) -> None:
        self.actions = actions
        self._started = started
        self._core = core
        self._tags = tags
        self._injected = injected
        self._scan_period = scan_period
        self._by_key = {_key(name): action for name, action in actions.items()}
        self._under_way: list[tuple[FieldAction, int]] = []
        self._over: deque[Work] = deque(maxlen=REMEMBERED)

    @property
    def work(self) -> list[Work]:
        """What is under way, then what is over, the latest first."""
        return [Work(action, "under way", end) for action, end in self._under_way] + list(self._over)

    def hindrance(self, action: FieldAction) -> str:
        """Why an action cannot be done now; empty if it can."""
        for need in action.needs:
            tag = self._tags[need.tag]
            value = float(self._core.signal[tag.row])
            if value not in need.allowed:
                allowed = " or ".join(tag.text(one) for one in need.allowed)
                return f"{need.tag} is {tag.text(value)}, allowed {allowed}"
        if action.remedy.needs == "local" and not self._wrong(f"{LOCAL}@{action.object}"):
            return f"{action.object} is in remote, allowed local"
        if action.remedy.id == "start" and self._wrong(f"{NO_PERMIT}@{action.object}"):
            return f"{action.object} has no start permit"
        return ""

    def begin(self, name: str) -> FieldAction:
        """Send somebody; the action ends what is wrong after its time. Raises UnknownAction, NotNow or TooMany."""
        action = self.actions.get(name)
        if action is None:
            raise UnknownAction(f"field action: found {name}, allowed {one_of(self.actions, name)}")
        if any(one is action for one, _ in self._under_way):
            raise NotNow(name, "it is under way")
        if why := self.hindrance(action):
            self._over.appendleft(Work(action, f"refused: {why}", int(self._core.scan)))
            raise NotNow(name, why)
        if len(self._under_way) == MOST:
            raise TooMany(f"field actions: found {MOST} under way, allowed no more")
        scans = math.ceil(action.remedy.takes / self._scan_period - 1e-6)
        self._under_way.append((action, int(self._core.scan) + max(1, scans)))
        return action

    def scans_to_go(self) -> int:
        """Scans to the next end of an action."""
        if not self._under_way:
            return MANY
        return max(1, min(end for _, end in self._under_way) - int(self._core.scan))

    def finish(self) -> list[Report]:
        """End what is due now: what the action is for is whole from the next scan on, if the plant let him go on."""
        now = int(self._core.scan)
        due = [one for one, end in self._under_way if end <= now]
        if not due:
            return []
        self._under_way = [(one, end) for one, end in self._under_way if end > now]
        reports = []
        for action in due:
            why = self.hindrance(action)
            made: tuple[str, ...] = ()
            if not why and action.remedy.id == "local":
                why, made = self._turn_to_local(action.object)
            elif not why and action.remedy.needs == "local":
                self._core.memory[self._started[action.object]] = float(action.remedy.id == "start")
            state = f"broken off: {why}" if why else "done"
            self._over.appendleft(Work(action, state, now))
            if why:
                reports.append(Report(now, action, f"I could not {action.name}: {why}"))
            else:
                text = f"{action.object} {action.remedy.done}"
                reports.append(Report(now, action, text, self._end(action), made))
        return reports

    def _end(self, action: FieldAction) -> tuple[str, ...]:
        """Mend what has happened; what is armed or waits for its delay has not."""
        wrong = self._wrong(*action.ends)
        for name in wrong:
            self._injected.clear(name)
        return wrong

    def _wrong(self, *places: str) -> tuple[str, ...]:
        """Instances of malfunctions at these places that act now."""
        return tuple(one.name for one, level in self._injected.standing if level > 0.0 and one.place.name in places)

    def _turn_to_local(self, motor: str) -> tuple[str, tuple[str, ...]]:
        """Why it cannot be; and what goes wrong by it, nothing where it is in local."""
        place = f"{LOCAL}@{motor}"
        try:
            return "", () if self._wrong(place) else (self._injected.inject(place, 1.0, 0.0, 0.0),)
        except TooMany as error:
            return str(error), ()

    # ---------------------------------------------------------------- whole state

    def rows(self) -> NDArray[np.float64]:
        """What is under way, as a state keeps it: which action, and the scan at which it ends."""
        rows = np.zeros((MOST, 2))
        for place, (action, end) in enumerate(self._under_way):
            rows[place] = _key(action.name), end
        return rows

    def read(self, rows: NDArray[np.generic]) -> list[tuple[FieldAction, int]]:
        """What was under way in a saved state. Raises SnapshotError for what cannot be done in this plant."""
        found = []
        for key, end in np.asarray(rows, dtype=np.float64).tolist():
            if key == 0.0:
                break
            if key not in self._by_key:
                raise SnapshotError(f"field: found an action that this plant does not have ({math.trunc(key):08x})")
            found.append((self._by_key[key], int(end)))
        return found

    def restore(self, under_way: Sequence[tuple[FieldAction, int]]) -> None:
        """Take over what `read` has found; what was over in another time is forgotten."""
        self._under_way = list(under_way)
        self._over.clear()
