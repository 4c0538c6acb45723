"""Coroutines that mostly have nothing to wait for, without a task of their own for that."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any


def begin(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Run a coroutine in the event loop up to where it has to wait; the task that does the rest, None if there is none.

    A task would begin one turn of the loop later, and ten times a second that turn costs as much as what is done in it.
    Until it waits, there is no current task. Raises what the coroutine raises before it waits.
    """
    try:
        waits_for = coroutine.send(None)
    except StopIteration:
        return None
    return asyncio.create_task(_go_on(coroutine, waits_for))


async def _go_on(coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _rest(coroutine, waits_for)


@types.coroutine
def _rest(coroutine: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    while True:
        sent, raised = None, None
        try:
            sent = yield waits_for
        except BaseException as error:
            raised = error
        try:
            waits_for = coroutine.send(sent) if raised is None else coroutine.throw(raised)
        except StopIteration:
            return
