"""What the engine puts on record: actions, refusals, alarms, trips, lots and its own doings, as journal events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from plantsim.engine.alarm_desk import AlarmEvent
from plantsim.engine.command import Origin
from plantsim.engine.fieldwork import Report
from plantsim.engine.journal import Event, EventKind, Journal
from plantsim.engine.live import FROM_FEED, FROM_INTERLOCK, FROM_MALFUNCTION, LivePlant
from plantsim.model.tag import Role

INTERLOCK_EVENTS = ("cleared", "tripped", "bypass expired")
"""The core's codes, as in ext/interlock.pxd."""

FIELD = Origin(Role.OPERATOR, "field operator", "field")
"""Who does what is to be done in the plant itself."""


class Chronicle:
    """Gathers events and writes them together. The engine calls it with its lock held. branch: the one that runs."""

    def __init__(self, live: LivePlant, journal: Journal, branch: Callable[[], int]) -> None:
        self.journal = journal
        self._live = live
        self._branch = branch
        self._pending: list[Event] = []
        self.tell: Callable[[Event], None] = lambda event: None
        """Gets every event as it happens."""
        live.tell = self._hear
        live.hear_field = self._hear_field

    def action(
        self, origin: Origin, source: str, what: str, before: str = "", after: str = "", comment: str = ""
    ) -> None:
        """Somebody did something, or was refused."""
        self._note(EventKind.ACTION, source, what, before, after, origin.user, origin.via, comment)

    def system(self, what: str, origin: Origin | None = None) -> None:
        """The run itself: started, frozen, went back."""
        user, via = (origin.user, origin.via) if origin is not None else ("", "")
        self._note(EventKind.SYSTEM, "", what, "", "", user, via)

    def note(self, kind: EventKind, source: str, what: str, origin: Origin | None = None, comment: str = "") -> None:
        """Anything else, such as a malfunction."""
        user, via = (origin.user, origin.via) if origin is not None else ("", "")
        self._note(kind, source, what, "", "", user, via, comment)

    def alarm(self, event: AlarmEvent) -> None:
        """A change of an alarm."""
        self._put(
            Event(
                EventKind.ALARM,
                event.scan,
                event.plant_time,
                event.wall,
                self._branch(),
                event.alarm.name,
                event.change.value,
                user=event.user,
                via=event.via,
                comment=event.comment,
            )
        )

    def _hear(self, events: Iterable[tuple[int, int, int, int]]) -> None:
        for scan, source, index, what in events:
            if source == FROM_INTERLOCK:
                tag, said = self._live.plant.interlocks[index].tag, INTERLOCK_EVENTS[what]
                self._note(EventKind.TRIP, tag, said, scan=scan)
            elif source == FROM_FEED:
                self._note(EventKind.LOT, self._live.feed_bins[index], f"lot {what} tipped", scan=scan)
            elif source == FROM_MALFUNCTION:
                one = self._live.injected.fired(what)
                why = f"when {one.trigger.text}" if one.trigger else ""
                self._note(EventKind.MALFUNCTION, one.name, "injected", comment=why, scan=scan)

    def _hear_field(self, reports: Iterable[Report]) -> None:
        for one in reports:
            for names, what in ((one.cleared, "cleared"), (one.made, "injected")):
                for name in names:
                    self._note(EventKind.MALFUNCTION, name, what, user=FIELD.user, via=FIELD.via, scan=one.scan)
            self._note(EventKind.ACTION, "", one.text, user=FIELD.user, via=FIELD.via, scan=one.scan)

    def _note(
        self,
        kind: EventKind,
        source: str,
        what: str,
        before: str = "",
        after: str = "",
        user: str = "",
        via: str = "",
        comment: str = "",
        scan: int | None = None,
    ) -> None:
        at = int(self._live.core.scan) if scan is None else scan
        plant_time = self._live.epoch + at * self._live.scan_period
        self._put(
            Event(kind, at, plant_time, time.time(), self._branch(), source, what, before, after, user, via, comment)
        )

    def _put(self, event: Event) -> None:
        self._pending.append(event)
        self.tell(event)

    def flush(self) -> None:
        """Write what has gathered."""
        if self._pending:
            events, self._pending = self._pending, []
            self.journal.write(events)
