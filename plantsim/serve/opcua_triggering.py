"""Items that report when another one has something to tell (OPC 10000-4, 5.13.1.6)."""

from __future__ import annotations

from collections.abc import Container

from asyncua import ua

from plantsim.serve.opcua_limits import MOST_LINKS_OF_A_SUBSCRIPTION

_GOOD = ua.StatusCode(ua.StatusCodes.Good)
_UNKNOWN = ua.StatusCode(ua.StatusCodes.BadMonitoredItemIdInvalid)
_TOO_MANY = ua.StatusCode(ua.StatusCodes.BadTooManyMonitoredItems)


class Links:
    """The links of one subscription, by the numbers of its items."""

    def __init__(self) -> None:
        self._linked: dict[int, set[int]] = {}
        """Items that report, by the one that lets them."""
        self._count = 0
        self._triggered: set[int] = set()
        """Items that have had something to tell since ``take``."""

    def add(self, triggering: int, items: list[int], known: Container[int]) -> list[ua.StatusCode]:
        """Link items to one that lets them report. known: all items that there are."""
        linked = self._linked.setdefault(triggering, set())
        answers: list[ua.StatusCode] = []
        for item in items:
            if item not in known:
                answers.append(_UNKNOWN)
            elif item not in linked and self._count >= MOST_LINKS_OF_A_SUBSCRIPTION:
                answers.append(_TOO_MANY)
            else:
                self._count += item not in linked
                linked.add(item)
                answers.append(_GOOD)
        if not linked:
            del self._linked[triggering]
        return answers

    def remove(self, triggering: int, items: list[int]) -> list[ua.StatusCode]:
        """Link items no longer."""
        linked = self._linked.get(triggering, set())
        answers: list[ua.StatusCode] = []
        for item in items:
            answers.append(_GOOD if item in linked else _UNKNOWN)
            self._count -= item in linked
            linked.discard(item)
        if not linked:
            self._linked.pop(triggering, None)
        return answers

    def note(self, item: int) -> None:
        """An item has something to tell, or would have if it reported."""
        if item in self._linked:
            self._triggered.add(item)

    @property
    def any_triggered(self) -> bool:
        """Whether something has been noted since it was taken."""
        return bool(self._triggered)

    def take(self) -> set[int]:
        """The items that may report for what has been noted."""
        triggered, self._triggered = self._triggered, set()
        return set().union(*(self._linked.get(item, ()) for item in triggered))

    def forget(self, item: int) -> None:
        """An item is no more."""
        if not self._linked:
            return
        self._count -= len(self._linked.pop(item, ()))
        for triggering, linked in tuple(self._linked.items()):
            if item in linked:
                self.remove(triggering, [item])
