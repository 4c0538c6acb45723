"""What a trainee does about the scenario besides running the plant: reads, asks for a hint, ends it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from hmi.comm.link import Link
from hmi.journal import Kind
from hmi.view import View
from hmi.widgets.entryline import EntryLine

PERIOD = 1.0
"""Seconds between two looks at what there is to know."""

Call = Callable[..., Awaitable[bool]]
"""Calls a method and says what became of it: line, what, method, arguments, owner."""


class Practise:
    """Follows the scenario and carries the trainee's wishes to the link. call: does one; work: starts it."""

    def __init__(self, link: Link, view: View, work: Callable[[Awaitable[None]], object], call: Call) -> None:
        self._link = link
        self._view = view
        self._work = work
        self._call = call
        self._asked_at = 0.0
        self._asking = False
        self._generation = -1
        """Connection of which it is known whether a scenario runs."""
        self._told = 0
        self._looked = ""
        self.news: list[str] = []
        """Messages that have not been shown yet."""

    def poll(self) -> None:
        """Look at the scenario now and then; once per connection where there is none."""
        if not self._view.link.online or self._asking:
            return
        known = self._generation == self._view.link.generation
        if (known and self._view.exercise is None) or time.monotonic() - self._asked_at < PERIOD:
            return
        self._asking = True
        self._work(self._look())

    async def _look(self) -> None:
        try:
            generation = self._view.link.generation
            known, exercise = await self._link.exercise()
            if not known:
                return
            self._view.exercise, self._generation = exercise, generation
            messages = exercise.messages if exercise is not None else ()
            for line in messages[min(self._told, len(messages)) :]:
                text = line.partition(" ")[2]
                self.news.append(text)
                self._view.note(Kind.SYSTEM, "", f"message: {text}", "scenario")
            self._told = len(messages)
        finally:
            self._asking = False
            self._asked_at = time.monotonic()

    def looked(self, name: str) -> None:
        """Tell the record of a display or a faceplate that was opened."""
        exercise = self._view.exercise
        if exercise is not None and not exercise.over and name != self._looked:
            self._looked = name
            self._work(self._tell(name))

    async def _tell(self, name: str) -> None:
        await self._link.call("DisplayOpened", name, owner="Training")

    def hint(self, line: EntryLine) -> None:
        """Ask for the next hint, which costs points."""
        line.confirm("ask for a hint, which costs points", lambda: self._do(line, "hint", "RequestHint"), "ask")

    def finish(self, line: EntryLine) -> None:
        """End the scenario as it stands."""
        line.confirm(
            "end the scenario as it stands; what is open counts as nothing",
            lambda: self._do(line, "end of the scenario", "Finish"),
            "end it",
        )

    def _do(self, line: EntryLine, what: str, method: str) -> None:
        line.busy(what)
        self._work(self._done(line, what, method))

    async def _done(self, line: EntryLine, what: str, method: str) -> None:
        await self._call(line, what, method, owner="Training")
        await self._look()
