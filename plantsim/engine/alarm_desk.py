"""Alarms as servers and people deal with them: who did what, and every change with its times, in one stream."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from plantsim.alarms.book import Transition
from plantsim.alarms.states import ENGINEER_ACTIONS, OPERATOR_ACTIONS, AlarmState, Change, isa_state
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.live import LivePlant
from plantsim.model.tag import AlarmPoint, Role

__all__ = ["AlarmDesk", "AlarmEvent", "AlarmListener", "AlarmState", "Change", "isa_state"]

log = logging.getLogger("plantsim.engine")


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """One change of one alarm.

    number: counts the changes of this run from 1. before, after: bits of its state (``plantsim.engine.image``).
    plant_time, wall: seconds since 1970. until: plant time at which its shelf ends, None without an end.
    user, via, comment: of whoever did it, empty if nobody did.
    """

    number: int
    alarm: AlarmPoint
    change: Change
    before: int
    after: int
    scan: int
    plant_time: float
    wall: float
    until: float | None = None
    user: str = ""
    via: str = ""
    comment: str = ""


AlarmListener = Callable[[Sequence[AlarmEvent]], None]


class AlarmDesk:
    """The alarms of a live plant. The engine calls it with its lock held. record: gets every change at once."""

    def __init__(self, live: LivePlant, record: Callable[[AlarmEvent], None] = lambda event: None) -> None:
        self._live = live
        self._record = record
        self._count = 0
        self._pending: list[AlarmEvent] = []
        self._listeners: list[AlarmListener] = []
        self._by: tuple[str, str, str] = ("", "", "")
        live.book.tell = self._hear

    def _hear(self, transition: Transition) -> None:
        self._count += 1
        epoch, period = self._live.epoch, self._live.scan_period
        user, via, comment = self._by
        event = AlarmEvent(
            self._count,
            self._live.alarms[transition.alarm],
            transition.change,
            transition.before,
            transition.after,
            transition.scan,
            epoch + transition.scan * period,
            time.time(),
            epoch + transition.until * period if transition.until else None,
            user,
            via,
            comment,
        )
        self._pending.append(event)
        self._record(event)

    def act(
        self, alarm: AlarmPoint, change: Change, origin: Origin, comment: str = "", seconds: float | None = None
    ) -> Refusal | None:
        """Do to an alarm what ``change`` names, an action of people; says why that is refused, or None.

        seconds: of plant time, for SHELVED. MODE: the alarm's state leaves nothing of that kind to do. RANGE: longer
        than it may be shelved.
        """
        if change in OPERATOR_ACTIONS:
            least = Role.OPERATOR
        elif change in ENGINEER_ACTIONS:
            least = Role.ENGINEER
        else:
            raise ValueError(f"change: found {change.name}, allowed an action of people")
        if origin.role < least:
            return Refusal.ROLE
        book, row, scan = self._live.book, alarm.row, int(self._live.core.scan)
        self._by = origin.user, origin.via, comment
        try:
            if change is Change.SHELVED:
                scans = round((seconds or 0.0) / self._live.scan_period)
                if not 0 < scans <= book.longest(row):
                    return Refusal.RANGE
                return None if book.shelve(row, scan, scans) else Refusal.MODE
            do = {
                Change.ACKNOWLEDGED: book.acknowledge,
                Change.CONFIRMED: book.confirm,
                Change.COMMENTED: book.comment,
                Change.SHELVED_ONCE: book.shelve_once,
                Change.UNSHELVED: book.unshelve,
                Change.SUPPRESSED: book.suppress,
                Change.UNSUPPRESSED: book.unsuppress,
                Change.TAKEN_OUT: book.take_out,
                Change.RETURNED: book.return_,
                Change.DISABLED: book.disable,
                Change.ENABLED: book.enable,
            }[change]
            return None if do(row, scan) else Refusal.MODE
        finally:
            self._by = "", "", ""

    def shelved_until(self, alarm: AlarmPoint) -> float | None:
        """Plant time at which an alarm's shelf ends, seconds since 1970; None if it does not."""
        scan = self._live.book.until(alarm.row)
        return None if scan is None else self._live.epoch + scan * self._live.scan_period

    def listen(self, listener: AlarmListener) -> Callable[[], None]:
        """Have `listener` called with every batch of changes, in order; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._unlisten(listener)

    def _unlisten(self, listener: AlarmListener) -> None:
        with suppress(ValueError):
            self._listeners.remove(listener)

    def deliver(self) -> None:
        """Hand the changes since the last call to the listeners."""
        if not self._pending:
            return
        events, self._pending = tuple(self._pending), []
        for listener in tuple(self._listeners):
            try:
                listener(events)
            except Exception:
                log.exception("an alarm listener raised and is dropped")
                self._unlisten(listener)
