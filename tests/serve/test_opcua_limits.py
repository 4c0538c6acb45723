"""Parts of values by index range, and requests that are larger than the server takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Client, ua

from plantsim.serve import opcua_items, opcua_limits, opcua_session, opcua_subscriptions
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


@pytest.mark.parametrize(
    ("attribute", "encoding", "status"),
    [
        (ua.AttributeIds.Value, ua.QualifiedName("Default Binary", 0), "Good"),
        (ua.AttributeIds.Value, ua.QualifiedName("Default XML", 0), "BadDataEncodingUnsupported"),
        (ua.AttributeIds.Value, ua.QualifiedName("Default Binary", 1), "BadDataEncodingUnsupported"),
        (ua.AttributeIds.DisplayName, ua.QualifiedName("Default Binary", 0), "BadDataEncodingInvalid"),
    ],
)
async def test_values_are_binary(console: Any, attribute: int, encoding: ua.QualifiedName, status: str) -> None:
    """Asked twice: what comes again is answered from a plan."""
    asked = ua.ReadValueId(console.id("TIC-201.PV"), attribute, DataEncoding=encoding)
    for _ in range(2):
        (answer,) = await read(console, asked)
        assert answer.StatusCode.name == status
        assert (answer.Value.Value is not None) is (status == "Good")


async def test_capabilities_have_values(console: Any) -> None:
    for name, value in (("MinSupportedSampleRate", 50.0), ("LocaleIdArray", ["en"]), ("MaxQueryContinuationPoints", 0)):
        node = ua.NodeId(getattr(ua.ObjectIds, f"Server_ServerCapabilities_{name}"))
        assert await console.client.get_node(node).read_value() == value


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


def of(name: str, **parameters: Any) -> Any:
    """A request of a service with these parameters."""
    request = getattr(ua, f"{name}Request")()
    for parameter, value in parameters.items():
        setattr(request if hasattr(request, parameter) else request.Parameters, parameter, value)
    return request


LISTS = (
    of("Read"),
    of("Write"),
    of("Call"),
    of("Browse"),
    of("BrowseNext"),
    of("TranslateBrowsePathsToNodeIds"),
    of("RegisterNodes"),
    of("UnregisterNodes"),
    of("HistoryRead", HistoryReadDetails=ua.ReadRawModifiedDetails()),
    of("SetPublishingMode"),
    of("TransferSubscriptions"),
    of("DeleteSubscriptions"),
)
OF_ITEMS = ("CreateMonitoredItems", "ModifyMonitoredItems", "DeleteMonitoredItems", "SetMonitoringMode")


async def refused(console: Any, request: Any) -> str:
    """The name of the status that a service is refused with."""
    with pytest.raises(ua.UaStatusCodeError) as error:
        await console.client.uaclient.protocol.send_request(request)
    return str(ua.StatusCode(error.value.code).name)


async def test_a_list_of_nothing_is_refused(console: Any) -> None:
    for request in LISTS:
        assert await refused(console, request) == "BadNothingToDo", request
    asked = ua.CreateSubscriptionParameters(1000.0, 3000, 1000, 0, True, 0)
    number = (await console.client.uaclient.create_subscription(asked, lambda _: None)).SubscriptionId
    for name in (*OF_ITEMS, "SetTriggering"):
        request = of(name, SubscriptionId=number)
        assert await refused(console, request) == "BadNothingToDo", name
        assert await refused(console, of(name, SubscriptionId=0)) == "BadSubscriptionIdInvalid", name
    await console.client.uaclient.delete_subscriptions([number])


@pytest.mark.parametrize("name", ["QueryFirst", "QueryNext", "HistoryUpdate", "Cancel"])
async def test_services_that_there_are_not_are_told_so(console: Any, name: str) -> None:
    assert await refused(console, of(name)) == "BadServiceUnsupported"


async def test_no_profile_is_claimed(console: Any) -> None:
    node = ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_ServerProfileArray)
    assert await console.client.get_node(node).read_value() == []


async def test_each_client_has_so_much_and_all_together(console: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits themselves are made small here: their sizes are for the long run."""
    capabilities = {
        "MaxSessions": opcua_limits.MOST_SESSIONS,
        "MaxSubscriptions": opcua_limits.MOST_SUBSCRIPTIONS,
        "MaxSubscriptionsPerSession": opcua_limits.MOST_SUBSCRIPTIONS_OF_A_SESSION,
        "MaxMonitoredItems": opcua_limits.MOST_ITEMS,
        "MaxMonitoredItemsPerSubscription": opcua_limits.MOST_ITEMS_OF_A_SUBSCRIPTION,
        "MaxMonitoredItemsQueueSize": opcua_limits.LONGEST_QUEUE,
    }
    for name, most in capabilities.items():
        node = ua.NodeId(getattr(ua.ObjectIds, f"Server_ServerCapabilities_{name}"))
        assert await console.client.get_node(node).read_value() == most

    client = console.client.uaclient
    asked = ua.CreateSubscriptionParameters(1000.0, 3000, 1000, 0, True, 0)

    async def watch(subscription: int, count: int, queue: int = 1) -> list[ua.MonitoredItemCreateResult]:
        items = [
            ua.MonitoredItemCreateRequest(
                ua.ReadValueId(console.id("TIC-201.PV"), ua.AttributeIds.Value),
                ua.MonitoringMode.Reporting,
                ua.MonitoringParameters(handle, 0.0, None, queue, True),
            )
            for handle in range(count)
        ]
        return list(
            await client.create_monitored_items(
                ua.CreateMonitoredItemsParameters(subscription, ua.TimestampsToReturn.Both, items)
            )
        )

    made = [(await client.create_subscription(asked, lambda _: None)).SubscriptionId for _ in range(3)]
    with monkeypatch.context() as small:
        small.setattr(opcua_subscriptions, "MOST_SUBSCRIPTIONS_OF_A_SESSION", 3)
        with pytest.raises(ua.uaerrors.BadTooManySubscriptions):
            await client.create_subscription(asked, lambda _: None)
        small.setattr(opcua_items, "MOST_ITEMS_OF_A_SUBSCRIPTION", 3)
        names = [one.StatusCode.name for one in await watch(made[0], 5)]
        assert names == ["Good"] * 3 + ["BadTooManyMonitoredItems"] * 2
        small.setattr(opcua_items, "MOST_ITEMS", 4)
        assert [one.StatusCode.name for one in await watch(made[1], 2)] == ["Good", "BadTooManyMonitoredItems"]
        assert [one.StatusCode.name for one in await watch(made[2], 1)] == ["BadTooManyMonitoredItems"]
        small.setattr(opcua_session, "MOST_SESSIONS", 1)
        with pytest.raises(ua.uaerrors.BadTooManySessions):
            await Client(console.client.server_url.geturl()).connect()
    (long,) = await watch(made[2], 1, queue=5000)
    assert long.RevisedQueueSize == opcua_limits.LONGEST_QUEUE
    assert opcua_limits.longest_queue(5000) < 200
    await client.delete_subscriptions(made)
