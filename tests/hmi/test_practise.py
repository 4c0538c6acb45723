"""What a station makes of what the scenario tells."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from hmi.alarms import AlarmBook
from hmi.comm.link import Link, LinkState, Phase
from hmi.exercise import Exercise
from hmi.practise import Practise
from hmi.store import TagStore
from hmi.view import View


class Told:
    """A link that has heard of a scenario with these messages."""

    def __init__(self, *messages: str) -> None:
        self.messages = messages

    async def exercise(self) -> tuple[bool, Exercise | None]:
        """What the server tells of it."""
        return True, Exercise("A lesson", "", 3600.0, 600.0, "running", messages=self.messages)


async def _not_called(*_: object, **__: object) -> bool:
    raise AssertionError


def _not_started(_: Awaitable[object]) -> object:
    raise AssertionError


async def test_a_station_that_comes_later_announces_the_newest_message_alone() -> None:
    """The others it has on record; what comes while it is there, or while it was cut off, is all news."""
    view = View(TagStore(), AlarmBook())
    view.link = LinkState(Phase.ONLINE, generation=1)
    link = Told("0:10 one", "2:00 two", "9:00 three")
    practise = Practise(cast("Link", link), view, _not_started, _not_called)
    await practise._look()
    assert practise.news == ["three"]
    assert sum(one.text.startswith("message: ") for one in view.journal.newest_first()) == 3
    view.link = LinkState(Phase.ONLINE, generation=2)
    link.messages = (*link.messages, "10:00 four", "10:05 five")
    await practise._look()
    assert practise.news == ["three", "four", "five"]
