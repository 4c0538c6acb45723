"""Reads that come again are answered from plans: the same, value by value, as one by one."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.engine.image import BAD_SENSOR_FAILURE, UNCERTAIN
from plantsim.serve.opcua_batch import BatchReads

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIMES = ua.TimestampsToReturn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(synthetic: Any, opcua_server: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(server: Any, connect: Any) -> AsyncIterator[Any]:
    async with connect(server.endpoint) as found:
        yield found


@pytest.fixture
def answered(server: Any, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each read whether a plan answered it."""
    found: list[bool] = []
    answer = BatchReads.answer

    def counted(self: BatchReads, request: bytes) -> bytes | None:
        results = answer(self, request)
        found.append(results is not None)
        return results

    monkeypatch.setattr(BatchReads, "answer", counted)
    return found


def value_of(console: Any, name: str, **more: Any) -> ua.ReadValueId:
    return ua.ReadValueId(console.id(name), ua.AttributeIds.Value, **more)


async def read(console: Any, items: list[ua.ReadValueId], times: Any = TIMES.Both, age: float = 0.0) -> list[Any]:
    return list(await console.client.uaclient.read(ua.ReadParameters(age, times, items)))


def without_server_time(values: list[Any]) -> list[Any]:
    assert all(one.ServerTimestamp is not None for one in values)
    # nan is no number, so that it does not compare with itself
    return [str(replace(one, ServerTimestamp=None)) for one in values]


async def caught_up(
    server: Any, synthetic: Any, values: dict[str, float], status: dict[str, int] | None = None
) -> None:
    synthetic.show(values, status)
    await server.catch_up()


OPEN = (
    *("TIC-201.PV", "TIC-201.SP", "TIC-201.OP", "TIC-201.MODE", "TIC-201.Gain", "AIC-201.PV", "AI-201.PV"),
    *("AI-201.SampleTime", "P-201.CMD", "P-201.SPEED"),
)


async def test_every_type_status_and_value_is_as_it_is_alone(
    console: Any, server: Any, synthetic: Any, answered: list[bool]
) -> None:
    items = [value_of(console, name) for name in OPEN]
    await read(console, items)
    shown: list[tuple[dict[str, float], dict[str, int]]] = [
        ({"TIC-201.PV": 51.5, "TIC-201.MODE": 2.0, "P-201.CMD": 1.0, "AI-201.SampleTime": 1.7e9}, {}),
        ({"TIC-201.PV": math.nan, "TIC-201.MODE": math.nan, "P-201.CMD": math.nan, "AI-201.SampleTime": math.nan}, {}),
        ({"TIC-201.PV": -0.0, "TIC-201.MODE": 1e9, "P-201.CMD": -3.0}, {"AIC-201.PV": UNCERTAIN}),
        ({"TIC-201.SP": math.inf}, {"TIC-201.PV": BAD_SENSOR_FAILURE, "TIC-201.MODE": BAD_SENSOR_FAILURE}),
        ({"TIC-201.MODE": -4.0, "TIC-201.SP": 1.0}, {"TIC-201.PV": 0, "TIC-201.MODE": 0, "AIC-201.PV": 0}),
    ]
    for values, status in shown:
        await caught_up(server, synthetic, values, status)
        answered.clear()
        together = await read(console, items)
        assert answered == [True]
        # an attribute besides has no plan
        name = ua.ReadValueId(console.id("TIC-201.PV"), ua.AttributeIds.BrowseName)
        answered.clear()
        *alone, _ = await read(console, [*items, name])
        assert answered == [False]
        assert without_server_time(together) == without_server_time(alone)


async def test_one_type_alone_is_as_it_is_alone(
    console: Any, server: Any, synthetic: Any, answered: list[bool]
) -> None:
    items = [value_of(console, name) for name in ("TIC-201.PV", "TIC-201.SP", "TIC-201.PV", "AI-201.PV")]
    first = await read(console, items)
    again = await read(console, items, TIMES.Both)
    assert answered == [False, True]
    assert without_server_time(first) == without_server_time(again)
    await caught_up(server, synthetic, {"TIC-201.PV": 17.0})
    assert [one.Value.Value for one in await read(console, items)][::2] == [17.0, 17.0]
    assert answered[-1], "a plan is of nodes, not of values"


async def test_what_a_plan_cannot_answer_is_answered_every_time(console: Any, answered: list[bool]) -> None:
    number, text = value_of(console, "TIC-201.PV"), value_of(console, "Simulation.Pacing")
    for _ in range(2):
        unknown, known = await read(console, [value_of(console, "TIC-999.PV"), number])
        assert (unknown.StatusCode.name, known.StatusCode.name) == ("BadNodeIdUnknown", "Good")
        (ranged,) = await read(console, [replace(number, IndexRange="0:1")])
        assert ranged.StatusCode.name == "BadIndexRangeNoData"
        (missing,) = await read(console, [replace(number, AttributeId=ua.AttributeIds.EventNotifier)])
        assert missing.StatusCode.name == "BadAttributeIdInvalid"
        (bare,) = await read(console, [number], TIMES.Neither)
        assert bare.SourceTimestamp is bare.ServerTimestamp is None
        (served,) = await read(console, [number], TIMES.Server)
        assert served.SourceTimestamp is None
        assert served.ServerTimestamp is not None
        with pytest.raises(ua.uaerrors.BadMaxAgeInvalid):
            await read(console, [number], age=-1.0)
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await read(console, [])
        await read(console, [text])
    assert not any(answered)


async def test_what_may_be_hidden_has_no_plan(
    server: Any, connect: Any, console: Any, synthetic: Any, answered: list[bool]
) -> None:
    items = [value_of(console, "KPI.Purity.NdPr"), value_of(console, "TIC-201.PV")]
    for _ in range(2):
        assert all(one.StatusCode.is_good() for one in await read(console, items))
    assert answered == [False, False]


async def test_plans_take_no_more_memory_than_they_may(
    console: Any, monkeypatch: pytest.MonkeyPatch, answered: list[bool]
) -> None:
    monkeypatch.setattr("plantsim.serve.opcua_batch.MOST_BYTES", 2_000)
    number = value_of(console, "TIC-201.PV")
    requests = [[number] * count for count in (20, 21, 22)]
    for request in requests:
        await read(console, request)
    answered.clear()
    for request in reversed(requests):
        await read(console, request)
    assert answered[0]
    assert not answered[-1], "the one that has not come for the longest time went"
