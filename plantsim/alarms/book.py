"""The alarm book: what the core's alarm conditions mean to people (ISA-18.2, IEC 62682).

Whether a condition holds, with its delays, deadband and suppression by design, comes from the core; acknowledgement,
confirmation, shelving and service are kept here. Time is counted in scans, so that a shelf ends in the same scan at
every speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plantsim.alarms.states import (
    ACTIVE,
    DISABLED,
    FIRST_OUT,
    OUT_OF_SERVICE,
    QUIET,
    SHELVED,
    SUPPRESSED,
    UNACKED,
    UNCONFIRMED,
    Change,
)

CORE_CHANGES = (
    Change.WENT,
    Change.CAME,
    Change.SUPPRESSED_BY_DESIGN,
    Change.RELEASED_BY_DESIGN,
    Change.CHATTERS,
)
"""The core's codes, as in ext/alarm.pxd."""
NEVER = np.iinfo(np.int64).max
_HOLDS, _BY_DESIGN, _BY_HAND, _ONCE = 1, 2, 4, 8
"""Bits of what is not shown: the condition itself, who suppresses, a shelf that ends when the condition goes."""

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Rule:
    """How an alarm is handled. group: for first-out. longest: scans that it may be shelved at most."""

    group: str = ""
    confirm: bool = False
    longest: int = NEVER


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of one alarm's state; before, after: its bits. until: scan at which its shelf ends."""

    scan: int
    alarm: int
    change: Change
    before: int
    after: int
    until: int = 0


class AlarmBook:
    """State of every alarm, one byte of bits each. tell: gets every transition, in order."""

    def __init__(self, rules: Sequence[Rule], tell: Callable[[Transition], None] = lambda transition: None) -> None:
        count = len(rules)
        self.tell = tell
        self.annunciated = 0
        self._rules = tuple(rules)
        self._state = np.zeros(count, dtype=np.uint8)
        self._hidden = np.zeros(count, dtype=np.uint8)
        self._until = np.full(count, NEVER, dtype=np.int64)
        self._next = NEVER
        groups: dict[str, list[int]] = {}
        for alarm, rule in enumerate(rules):
            groups.setdefault(rule.group, []).append(alarm)
        self._group = [np.array(groups[rule.group]) for rule in rules]

    # ------------------------------------------------------------------ what the core reports

    def apply(self, events: Iterable[tuple[int, int, int]], scan: int) -> None:
        """Take over the core's events (scan, alarm, what), in order, and let time pass until `scan`."""
        for at, alarm, what in events:
            self._expire(at)
            self._hear(at, alarm, CORE_CHANGES[what])
        self._expire(scan)

    def _hear(self, scan: int, alarm: int, change: Change) -> None:
        before = int(self._state[alarm])
        if change is Change.CAME:
            self._hidden[alarm] |= _HOLDS
            if not before & DISABLED:
                self._state[alarm] |= ACTIVE
                self._annunciate(alarm)
        elif change is Change.WENT:
            self._hidden[alarm] &= ~np.uint8(_HOLDS)
            self._drop(alarm, ACTIVE)
            if self._hidden[alarm] & _ONCE:
                self._off_the_shelf(alarm)
        elif change is Change.SUPPRESSED_BY_DESIGN:
            self._hidden[alarm] |= _BY_DESIGN
            self._silence(alarm, SUPPRESSED)
        elif change is Change.RELEASED_BY_DESIGN:
            self._release(alarm, _BY_DESIGN)
        self._told(scan, alarm, change, before)

    def _expire(self, scan: int) -> None:
        while self._next <= scan:
            alarm = int(np.argmin(self._until))
            at, before = int(self._until[alarm]), int(self._state[alarm])
            self._off_the_shelf(alarm)
            self._told(at, alarm, Change.SHELF_EXPIRED, before)

    # ------------------------------------------------------------------ what people do

    def acknowledge(self, alarm: int, scan: int) -> bool:
        """Acknowledge; False if there is nothing to acknowledge."""
        before = int(self._state[alarm])
        if not before & UNACKED:
            return False
        self._drop(alarm, UNACKED)
        if self._rules[alarm].confirm:
            self._state[alarm] |= UNCONFIRMED
        return self._told(scan, alarm, Change.ACKNOWLEDGED, before)

    def confirm(self, alarm: int, scan: int) -> bool:
        """Confirm that the response is done, where the class requires it; False if there is nothing to confirm."""
        before = int(self._state[alarm])
        if not before & UNCONFIRMED:
            return False
        self._drop(alarm, UNCONFIRMED)
        return self._told(scan, alarm, Change.CONFIRMED, before)

    def comment(self, alarm: int, scan: int) -> bool:
        """Put a comment on record; changes no state."""
        return self._told(scan, alarm, Change.COMMENTED, int(self._state[alarm]))

    def longest(self, alarm: int) -> int:
        """Scans that the alarm may be shelved at most."""
        return self._rules[alarm].longest

    def shelve(self, alarm: int, scan: int, scans: int) -> bool:
        """Silence it for a time; False if it is shelved for a time already, or may not be for so long."""
        before = int(self._state[alarm])
        timed = before & SHELVED and not self._hidden[alarm] & _ONCE
        if timed or not 0 < scans <= self._rules[alarm].longest:
            return False
        self._hidden[alarm] &= ~np.uint8(_ONCE)
        self._shelve_until(alarm, scan + scans)
        return self._told(scan, alarm, Change.SHELVED, before)

    def shelve_once(self, alarm: int, scan: int) -> bool:
        """Silence it until its condition goes, at most as long as it may be shelved; False if that is so already."""
        before = int(self._state[alarm])
        if before & SHELVED and self._hidden[alarm] & _ONCE:
            return False
        self._hidden[alarm] |= _ONCE
        longest = self._rules[alarm].longest
        self._shelve_until(alarm, NEVER if longest >= NEVER - scan else scan + longest)
        return self._told(scan, alarm, Change.SHELVED_ONCE, before)

    def unshelve(self, alarm: int, scan: int) -> bool:
        """End its shelving; False if it is not shelved."""
        before = int(self._state[alarm])
        if not before & SHELVED:
            return False
        self._off_the_shelf(alarm)
        return self._told(scan, alarm, Change.UNSHELVED, before)

    def suppress(self, alarm: int, scan: int) -> bool:
        """Suppress it by hand; False if it is."""
        if self._hidden[alarm] & _BY_HAND:
            return False
        before = int(self._state[alarm])
        self._hidden[alarm] |= _BY_HAND
        self._silence(alarm, SUPPRESSED)
        return self._told(scan, alarm, Change.SUPPRESSED, before)

    def unsuppress(self, alarm: int, scan: int) -> bool:
        """End suppression by hand; False if there is none. What the design suppresses stays so."""
        if not self._hidden[alarm] & _BY_HAND:
            return False
        before = int(self._state[alarm])
        self._release(alarm, _BY_HAND)
        return self._told(scan, alarm, Change.UNSUPPRESSED, before)

    def take_out(self, alarm: int, scan: int) -> bool:
        """Take it out of service; False if it is."""
        before = int(self._state[alarm])
        if before & OUT_OF_SERVICE:
            return False
        self._silence(alarm, OUT_OF_SERVICE)
        return self._told(scan, alarm, Change.TAKEN_OUT, before)

    def return_(self, alarm: int, scan: int) -> bool:
        """Return it to service; False if it is in service."""
        before = int(self._state[alarm])
        if not before & OUT_OF_SERVICE:
            return False
        self._drop(alarm, OUT_OF_SERVICE)
        self._annunciate(alarm)
        return self._told(scan, alarm, Change.RETURNED, before)

    def disable(self, alarm: int, scan: int) -> bool:
        """Let it not be judged at all; False if it is disabled."""
        before = int(self._state[alarm])
        if before & DISABLED:
            return False
        self._silence(alarm, DISABLED)
        self._drop(alarm, ACTIVE)
        return self._told(scan, alarm, Change.DISABLED, before)

    def enable(self, alarm: int, scan: int) -> bool:
        """Have it judged again; False if it is enabled."""
        before = int(self._state[alarm])
        if not before & DISABLED:
            return False
        self._drop(alarm, DISABLED)
        if self._hidden[alarm] & _HOLDS:
            self._state[alarm] |= ACTIVE
            self._annunciate(alarm)
        return self._told(scan, alarm, Change.ENABLED, before)

    # ------------------------------------------------------------------ steps that these share

    def _drop(self, alarm: int, bits: int) -> None:
        self._state[alarm] &= ~np.uint8(bits)
        if not self._state[alarm] & (ACTIVE | UNACKED):
            self._state[alarm] &= ~np.uint8(FIRST_OUT)

    def _silence(self, alarm: int, by: int) -> None:
        self._state[alarm] |= by
        self._state[alarm] &= ~np.uint8(UNACKED | UNCONFIRMED | FIRST_OUT)

    def _annunciate(self, alarm: int) -> None:
        """Ask for attention, if it is active and nothing keeps it quiet."""
        state = int(self._state[alarm])
        if state & QUIET or not state & ACTIVE:
            return
        others = self._state[self._group[alarm]]
        standing = (others & (ACTIVE | UNACKED) != 0) & (others & QUIET == 0)
        if np.count_nonzero(standing) == 1:
            self._state[alarm] |= FIRST_OUT
        self._state[alarm] = (self._state[alarm] | UNACKED) & ~np.uint8(UNCONFIRMED)
        self.annunciated += 1

    def _release(self, alarm: int, by: int) -> None:
        self._hidden[alarm] &= ~np.uint8(by)
        if not self._hidden[alarm] & (_BY_DESIGN | _BY_HAND):
            self._drop(alarm, SUPPRESSED)
            self._annunciate(alarm)

    def _shelve_until(self, alarm: int, scan: int) -> None:
        self._silence(alarm, SHELVED)
        self._until[alarm] = scan
        self._next = int(self._until.min())

    def _off_the_shelf(self, alarm: int) -> None:
        self._hidden[alarm] &= ~np.uint8(_ONCE)
        self._until[alarm] = NEVER
        self._next = int(self._until.min())
        self._drop(alarm, SHELVED)
        self._annunciate(alarm)

    def _told(self, scan: int, alarm: int, change: Change, before: int) -> bool:
        until = int(self._until[alarm])
        self.tell(Transition(scan, alarm, change, before, int(self._state[alarm]), 0 if until == NEVER else until))
        return True

    # ------------------------------------------------------------------ whole state

    def states(self) -> NDArray[np.uint8]:
        """A copy of all states."""
        return self._state.copy()

    def until(self, alarm: int) -> int | None:
        """The scan at which an alarm's shelf ends; None without an end."""
        return None if self._until[alarm] == NEVER else int(self._until[alarm])

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All there is to save."""
        return {
            "alarms": self._state.copy(),
            "alarms_hidden": self._hidden.copy(),
            "alarms_until": self._until.copy(),
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what ``arrays`` gave."""
        self._state[:] = arrays["alarms"]
        self._hidden[:] = arrays["alarms_hidden"]
        self._until[:] = arrays["alarms_until"]
        self._next = int(self._until.min(initial=NEVER))

    def clear(self) -> None:
        """As if nothing had ever happened."""
        self._state[:] = self._hidden[:] = 0
        self._until[:] = self._next = NEVER
