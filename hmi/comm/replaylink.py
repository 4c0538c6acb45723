"""A link to what a server remembers: it plays a session back and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from asyncua import ua

from hmi.alarms import AlarmBook
from hmi.comm.browse import Browsed
from hmi.comm.client import PatientClient
from hmi.comm.link import Link
from hmi.comm.login import Login
from hmi.comm.outcome import Outcome
from hmi.comm.playback import Playback
from hmi.model import Member, Plant
from hmi.replay import Player
from hmi.store import TagStore

REFUSED = Outcome(False, "this is a replay; nothing is written")


class ReplayLink(Link):
    """As a Link, over a Player's session. Whatever would change something is refused before it gets to the wire."""

    def __init__(self, endpoint: str, login: Login, store: TagStore, book: AlarmBook, player: Player) -> None:
        super().__init__(endpoint, login, store, book)
        self._playback = Playback(store, book, self.health, player)
        self._feed = self._playback

    def _lay_out(self, browsed: Browsed) -> None:
        browsed.plant = read_only(browsed.plant)
        super()._lay_out(browsed)

    async def _watch(self, client: PatientClient, gone: asyncio.Event, trip: float) -> None:
        playing = asyncio.create_task(self._playback.run(client))
        watching = asyncio.create_task(super()._watch(client, gone, trip))
        try:
            done, _ = await asyncio.wait((playing, watching), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (playing, watching):
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task

    async def write(self, member: Member, value: float | bool | int) -> Outcome:
        return REFUSED

    async def _call(self, owner: ua.NodeId, method: ua.NodeId, arguments: list[ua.Variant]) -> Outcome:
        return REFUSED

    async def ask(self, methods: Sequence[str], owner: str = "Simulation", *arguments: str) -> list[list[Any]] | None:
        return None


def read_only(plant: Plant) -> Plant:
    """The plant as nobody may change it."""
    for tag in plant.tags.values():
        tag.members = {name: _read_only(member) for name, member in tag.members.items()}
    simulation = {name: _read_only(member) for name, member in plant.simulation.items()}
    return replace(plant, simulation=simulation, methods=frozenset())


def _read_only(member: Member) -> Member:
    return replace(member, writable=False, for_others=False)
