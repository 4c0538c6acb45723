"""Coroutines that begin at once: what they wait for, and what goes wrong in them, is as in a task."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from plantsim.serve.begin import begin


async def test_without_anything_to_wait_for_it_is_done_at_once() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    assert begin(work()) is None
    assert done == [1]


async def test_it_goes_on_where_it_waits() -> None:
    gate: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done: list[int] = []

    async def work() -> None:
        done.append(1)
        await asyncio.sleep(0)
        done.append(await gate)
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        except TimeoutError:
            done.append(3)

    task = begin(work())
    assert task is not None
    assert done == [1]
    gate.set_result(2)
    await task
    assert done == [1, 2, 3]


async def test_what_it_raises_comes_at_once_or_from_the_task() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work(waits: bool) -> None:
        if waits:
            await gate
        raise LookupError("said")

    with pytest.raises(LookupError, match="said"):
        begin(work(False))
    task = begin(work(True))
    assert task is not None
    gate.set_exception(OSError("of the gate"))
    with pytest.raises(OSError, match="of the gate"):
        await task


async def test_it_can_be_cancelled_and_cleans_up() -> None:
    cleaned: list[int] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(1)
            await asyncio.sleep(0)
            cleaned.append(2)

    task = begin(work())
    assert task is not None
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert cleaned == [1, 2]
