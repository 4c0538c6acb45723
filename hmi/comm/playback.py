"""Playing a session back: what the server remembers goes into store and alarm book as the time cursor comes to it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import NamedTuple

from asyncua import ua
from asyncua.client.client import Client

from hmi.alarms import FIELDS, OPTIONAL, AlarmBook
from hmi.comm.browse import Browsed
from hmi.comm.events import AlarmEvent, plain_field, read_alarm_events
from hmi.comm.health import Health
from hmi.comm.history import read_values, seconds
from hmi.comm.services import chunks
from hmi.replay import Player
from hmi.store import TagStore

PERIOD = 0.1
"""Seconds between two moves of the cursor."""
AHEAD = 15.0
"""Seconds of wall time whose values are read at once; half of that before they are needed."""
LEAST = 30.0
"""Seconds of plant time that are read at once at least."""
FIRST = 5.0
"""Seconds of plant time that are read at once where nothing is known yet: somebody waits."""
BEFORE = 86_400.0
"""Seconds before the session in which an alarm that stands at its beginning may have come."""

log = logging.getLogger(__name__)


class _Sample(NamedTuple):
    time: float
    slot: int
    value: object
    status: int


class Playback:
    """Takes the place of the subscription. ``run`` it while the connection lasts."""

    def __init__(self, store: TagStore, book: AlarmBook, health: Health, player: Player) -> None:
        self.refused: list[str] = []
        """Names of which the server has no history."""
        self._store = store
        self._book = book
        self._health = health
        self._player = player
        self._browsed: Browsed | None = None
        self._names: list[str] = []
        """Names that have a history, and those that have not been asked for yet."""
        self._samples: deque[_Sample] = deque()
        self._events: list[AlarmEvent] = []
        self._next_event = 0
        self._leaps = -1

    async def start(self, client: Client, browsed: Browsed) -> None:
        """Read the alarms' events, and the values at the cursor."""
        self._browsed = browsed
        self._names = list(browsed.live)
        self._health.heard = time.monotonic()
        session = self._player.session
        self._events = await self._alarm_events(client, session.start - BEFORE, session.end)
        self._forget()
        await self._read_on(client, bounds=True)
        self._show(self._player.cursor)
        self._health.watched = len(self._names)
        self._health.refused = tuple(self.refused)

    async def run(self, client: Client) -> None:
        """Move the cursor, and show what it comes to, until cancelled."""
        before = time.monotonic()
        reading: asyncio.Task[None] | None = None
        try:
            while True:
                await asyncio.sleep(PERIOD)
                now = time.monotonic()
                self._health.heard = now
                player = self._player
                if reading is not None and reading.done():
                    reading.result()
                    reading = None
                if player.leaps != self._leaps:
                    if reading is not None:
                        reading.cancel()  # of another time
                    self._forget()
                    reading = asyncio.create_task(self._read_on(client, bounds=True))
                player.advance(now - before)
                before = now
                self._show(player.cursor)
                ahead = min(player.cursor + AHEAD * player.speed / 2, player.session.end)
                if reading is None and player.ready < ahead:
                    reading = asyncio.create_task(self._read_on(client))
        finally:
            if reading is not None:
                reading.cancel()

    def _forget(self) -> None:
        """The cursor stands elsewhere than what is known."""
        assert self._browsed is not None
        self._leaps = self._player.leaps
        self._samples.clear()
        self._store.restart()
        self._book.lay_out(self._browsed.plant.alarms.values())
        self._next_event = 0
        self._player.ready = self._player.cursor

    async def _read_on(self, client: Client, bounds: bool = False) -> None:
        """Read the values of the time to come. bounds: with those in force at its beginning."""
        assert self._browsed is not None
        player = self._player
        start = player.ready
        span = FIRST if bounds else max(LEAST, AHEAD * player.speed)
        end = min(player.session.end, start + span)
        found: list[_Sample] = []
        known: list[str] = []
        for part in chunks(self._names):
            nodes = [self._browsed.nodes[name] for name in part]
            answers = await read_values(client, nodes, start, end, bounds)
            self._health.heard = time.monotonic()
            for name, values in zip(part, answers, strict=True):
                if values is None:
                    self.refused.append(name)
                    continue
                known.append(name)
                slot = self._store.slot(name)
                found += [_sample(slot, data) for data in values if data.SourceTimestamp is not None]
        self._names = known
        self._samples += sorted(found, key=lambda sample: sample.time)
        player.ready = end
        self._health.values += len(found)
        self._health.messages += 1

    def _show(self, cursor: float) -> None:
        """Everything up to the cursor."""
        while self._samples and self._samples[0].time <= cursor:  # those in force at a leap are older than it
            sample = self._samples.popleft()
            self._store.put(sample.slot, sample.value, sample.status, sample.time)
        while self._next_event < len(self._events) and self._events[self._next_event].time <= cursor:
            event = self._events[self._next_event]
            for field, value in event.fields.items():
                self._book.put(event.alarm, field, value)
            self._next_event += 1
        self._store.set_clock(cursor)
        self._book.settle(cursor)

    async def _alarm_events(self, client: Client, start: float, end: float) -> list[AlarmEvent]:
        """What the alarms did, the oldest first; nothing where the server keeps no events."""
        assert self._browsed is not None
        found = await read_alarm_events(client, self._browsed.plant.alarms, [*FIELDS, *OPTIONAL], start, end)
        if found is None:
            log.info("no history of events")
        return found or []


def _sample(slot: int, data: ua.DataValue) -> _Sample:
    value = data.Value.Value if data.Value is not None else None
    status = data.StatusCode.value if data.StatusCode is not None else 0
    return _Sample(seconds(data.SourceTimestamp), slot, plain_field(value), status)
