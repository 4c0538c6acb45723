"""What the station writes down, and what it asks of the server's past: journal, alarms, trends, who set what."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Protocol

from hmi.alarms import TRANSITIONS, Memory, Transition
from hmi.comm.known import grouped
from hmi.comm.link import Link, Phase
from hmi.format import clock
from hmi.hands import driven
from hmi.journal import Kind
from hmi.model import ROLES, TagObject
from hmi.store import INTERVALS
from hmi.view import View
from hmi.widgets.alarmhistory import WORDS

PAST = 86_400.0
"""Seconds of plant time before a connection whose alarms are asked for."""
BETWEEN = 0.25
"""Least time between two questions about who set what, s."""


class Ask(Protocol):
    """Starts a question beside the display; an exclusive one ends those of its group that wait for an answer."""

    def __call__(self, work: Awaitable[object], group: str, exclusive: bool = False) -> object: ...


class Records:
    """Looks four times a second at what there is to write down or to ask for."""

    def __init__(self, link: Link, view: View, ask: Ask) -> None:
        self._link = link
        self._view = view
        self._ask = ask
        self._journalled = 0
        self._phase = Phase.CONNECTING
        self._recalled: tuple[int, float] = (0, math.nan)
        """Browse and branch of which the alarms' past was asked for."""
        self._asking_long = asyncio.Lock()
        self._hands_shown: tuple[object, ...] = ()
        """What was shown of the open faceplate when it was asked who set it."""
        self._hands_asked = 0.0

    def look(self) -> None:
        """Alarms and connection for the journal, the alarms' past, and what the trends on the screen lack."""
        self._recall()
        self._journalise()
        self._backfill()

    def look_at_hands(self, face: TagObject | None) -> None:
        """Ask who set what of the open faceplate's object, and again whenever something of it is set."""
        view, now = self._view, time.monotonic()
        if face is None or not view.link.online or view.player is not None or view.role == ROLES[0]:
            return
        members = (m for m in face.members.values() if m.writable or m.for_others)
        values = (view.store.read(m.name).value for m in members if not driven(view.store, face, m))
        shown = (face.id, view.link.generation, *values)
        if shown != self._hands_shown and now - self._hands_asked >= BETWEEN:
            self._hands_shown, self._hands_asked = shown, now
            self._ask(self._read_hands(face.id, now), "hands")

    async def _read_hands(self, tag: str, now: float) -> None:
        writes = await self._link.last_writes(tag)
        if writes is not None:
            self._view.hands.writes[tag], self._view.hands.asked[tag] = writes, now

    def _journalise(self) -> None:
        """Write down what the alarms and the connection did since the last look."""
        book = self._view.book
        fresh = self._fresh()
        if self._view.player is not None:  # the journal has the session's own entries
            fresh = 0
        for transition in list(book.transitions)[len(book.transitions) - fresh :]:
            self._write_down(transition, "plant", transition.moment)
        if self._view.link.phase is not self._phase:
            self._phase = self._view.link.phase
            if self._phase is Phase.ONLINE:
                self._view.note(Kind.SYSTEM, "", f"connected to {self._view.endpoint}")
                if (first := self._link.first_seen) is not None:
                    self._link.first_seen = None
                    text = f"{first.server} is known from now on by its certificate, SHA-256"
                    self._view.note(Kind.SYSTEM, "", f"{text} {grouped(first.fingerprint)}")
            elif self._phase is Phase.LOST:
                self._view.note(Kind.SYSTEM, "", f"connection lost: {self._view.link.error}")

    def _fresh(self) -> int:
        """How many of the newest changes of alarms have come since this was asked last."""
        book = self._view.book
        fresh = min(book.changes - self._journalled, len(book.transitions))
        self._journalled = book.changes
        return fresh

    def _recall(self) -> None:
        """Ask the server what the alarms did before this connection, or on the branch that the plant has gone to."""
        view = self._view
        if not view.link.online or view.player is not None or math.isnan(view.store.now):
            return
        branch = view.store.number("Simulation.Branch")
        generation, before = self._recalled
        if generation == view.link.generation and (branch == before or math.isnan(branch)):
            return
        if generation == view.link.generation and not math.isnan(before):
            view.book.set_back(view.store.now, self._fresh())
            text = f"the plant goes on from {clock(view.store.now)}, branch {branch:g}"
            view.note(Kind.SYSTEM, "", text, "plant")
        self._recalled = (view.link.generation, branch)
        view.book.memory = Memory.ASKING
        self._ask(self._read_past(view.store.now), "past", exclusive=True)

    async def _read_past(self, until: float) -> None:
        """Fill alarm history and journal with what happened before a plant time."""
        book = self._view.book
        past = await self._link.past(until - PAST, until + 0.001, TRANSITIONS)
        book.memory = past.memory
        if past.memory is Memory.NONE:
            self._view.note(
                Kind.SYSTEM, "", "the server keeps no history: what the alarms did before is not known here"
            )
        if math.isnan(past.since):
            return
        self._journalise()  # what was seen until now is the station's own
        for transition, told in book.remember(past.told, past.since, until):
            self._write_down(transition, told.who or "plant", told.time, datetime.fromtimestamp(told.wall, UTC))

    def _write_down(self, transition: Transition, who: str, time: float, wall: datetime | None = None) -> None:
        alarm = transition.alarm
        text = f"{alarm.condition} {WORDS[transition.after]}, priority {alarm.priority}: {alarm.message}"
        self._view.journal.add(time, Kind.ALARM, who, alarm.tag, text, wall)

    def _backfill(self) -> None:
        """Ask the server for what the trends on the screen lack."""
        if not self._view.link.online:
            return
        for name, span in self._view.wanted_long:
            if (stretch := self._view.store.missing_long(name, span)) is not None:
                self._ask(self._remember_long(name, span, *stretch), "history")
        self._view.wanted_long.clear()
        asked: dict[tuple[float, float], list[str]] = {}
        for name, span in self._view.wanted.items():
            if (stretch := self._view.store.missing(name, span)) is not None:
                asked.setdefault(stretch, []).append(name)
        self._view.wanted.clear()
        for (start, end), names in asked.items():
            self._ask(self._remember(names, start, end), "history")

    async def _remember(self, names: list[str], start: float, end: float) -> None:
        for name, stretch in (await self._link.history(names, start, end)).items():
            self._view.store.remember(name, stretch.times, stretch.values, start, end)

    async def _remember_long(self, name: str, span: float, start: float, end: float) -> None:
        async with self._asking_long:  # one after the other: each is days of samples to the server
            found = await self._link.extremes(name, start, end, INTERVALS)
        if found is not None:
            self._view.store.remember_long(name, span, found.times, found.values, end)
