"""Parts of values by index range, and requests that are larger than the server takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.serve.opcua_session import MOST_OPERATIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")
STATES = "TIC-201.MODE.EnumStrings"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(synthetic: Any, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as server, connect(server.endpoint) as found:
        yield found


async def read(console: Any, *items: ua.ReadValueId) -> list[ua.DataValue]:
    return list(await console.client.uaclient.read(ua.ReadParameters(NodesToRead=list(items))))


def item(console: Any, name: str, index_range: str | None = None) -> ua.ReadValueId:
    return ua.ReadValueId(NodeId=console.id(name), AttributeId=ua.AttributeIds.Value, IndexRange=index_range)


async def test_a_range_is_a_part_of_an_array(console: Any) -> None:
    whole = await console.value(STATES)
    assert len(whole) > 2
    for index_range, part in (("0", whole[:1]), ("1:2", whole[1:3]), ("1:99", whole[1:])):
        (answer,) = await read(console, item(console, STATES, index_range))
        assert answer.Value.Value == part


async def test_a_range_is_a_part_of_a_text(console: Any) -> None:
    (answer,) = await read(console, item(console, "TIC-201.Kind", "0:3"))
    assert answer.Value.Value == "cont"


@pytest.mark.parametrize(
    ("name", "index_range", "status"),
    [
        (STATES, "99", "BadIndexRangeNoData"),
        (STATES, "2:1", "BadIndexRangeInvalid"),
        (STATES, "1:1", "BadIndexRangeInvalid"),
        (STATES, "-1", "BadIndexRangeInvalid"),
        (STATES, "a", "BadIndexRangeInvalid"),
        (STATES, "0:1,0:1", "BadIndexRangeNoData"),
        ("TIC-201.Gain", "0", "BadIndexRangeNoData"),
        ("No-such.PV", "0", "BadNodeIdUnknown"),
    ],
)
async def test_ranges_that_name_nothing(console: Any, name: str, index_range: str, status: str) -> None:
    (answer,) = await read(console, item(console, name, index_range))
    assert answer.StatusCode.name == status


async def test_requests_are_as_large_as_the_server_says(console: Any) -> None:
    limit = ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead
    assert await console.client.get_node(ua.NodeId(limit)).read_value() == MOST_OPERATIONS
    one = item(console, "TIC-201.PV")
    assert len(await read(console, *[one] * MOST_OPERATIONS)) == MOST_OPERATIONS
    with pytest.raises(ua.uaerrors.BadTooManyOperations):
        await read(console, *[one] * (MOST_OPERATIONS + 1))
    with pytest.raises(ua.uaerrors.BadNothingToDo):
        await read(console)
    with pytest.raises(ua.uaerrors.BadNothingToDo):
        await console.client.uaclient.call([])
