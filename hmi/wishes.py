"""What instructor and trainee have in common: wishes that the link carries, and looks at what there is."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from hmi.comm.link import Link
from hmi.view import View

PERIOD = 1.0
"""Seconds between two looks at what there is to know."""

Work = Callable[[Awaitable[object]], object]
"""Starts something beside the display."""
Call = Callable[..., Awaitable[bool]]
"""Calls a method and says what became of it: line, what, method, arguments, owner."""


class Wishes:
    """Carries wishes to the link. call: does one; work: starts it."""

    def __init__(self, link: Link, view: View, work: Work, call: Call) -> None:
        self._link = link
        self._view = view
        self._work = work
        self._call = call
        self._asked_at = 0.0
        self._asking = False
        self._generation = -1
        """Connection of which is known what does not change while it lasts."""

    def _look_now_and_then(self, look: Callable[[], Awaitable[object]]) -> None:
        """Look, unless a look is on its way or the last one was just now."""
        if not self._asking and time.monotonic() - self._asked_at >= PERIOD:
            self._asking = True
            self._work(look())

    def _looked_now(self) -> None:
        """The look is over, whatever came of it."""
        self._asking = False
        self._asked_at = time.monotonic()
