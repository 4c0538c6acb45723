"""What the server says of itself: totals for everybody, and of each session for the instructor."""

from __future__ import annotations

from datetime import UTC, datetime
from struct import pack
from typing import Any

import pytest
from asyncua import ua

from plantsim.serve.opcua_diagnostics import PRIVATE

pytestmark = pytest.mark.asyncio(loop_scope="module")
Id = ua.ObjectIds
SUMMARY = ua.NodeId(Id.Server_ServerDiagnostics_ServerDiagnosticsSummary)
SESSIONS = ua.NodeId(Id.Server_ServerDiagnostics_SessionsDiagnosticsSummary_SessionDiagnosticsArray)
SECURITY = ua.NodeId(Id.Server_ServerDiagnostics_SessionsDiagnosticsSummary_SessionSecurityDiagnosticsArray)
SUBSCRIPTIONS = ua.NodeId(Id.Server_ServerDiagnostics_SubscriptionDiagnosticsArray)
ENABLED = ua.NodeId(Id.Server_ServerDiagnostics_EnabledFlag)
CURRENT = ua.NodeId(Id.Server_ServerDiagnostics_ServerDiagnosticsSummary_CurrentSessionCount)

POLICY_NONE = "http://opcfoundation.org/UA/SecurityPolicy#None"


async def value(console: Any, node: ua.NodeId) -> Any:
    return await console.client.get_node(node).read_value()


class Silent:
    """Takes notifications."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        self.values.append(value)


async def test_totals_follow_who_comes_and_goes(login: Any, eventually: Any) -> None:
    async with login("instructor") as first:
        assert await value(first, ENABLED) is True
        before = await value(first, SUMMARY)
        async with login("operator"):
            there = await value(first, SUMMARY)
            assert there.CurrentSessionCount == await value(first, CURRENT) == before.CurrentSessionCount + 1
            assert there.CumulatedSessionCount == before.CumulatedSessionCount + 1
        gone = await value(first, SUMMARY)
        assert gone.CurrentSessionCount == before.CurrentSessionCount
        assert (gone.SessionAbortCount, gone.SessionTimeoutCount) == (
            before.SessionAbortCount,
            before.SessionTimeoutCount,
        )
        with pytest.raises(ua.UaError):
            async with login("operator", "a wrong password"):
                pass
        refused = await value(first, SUMMARY)
        assert refused.SecurityRejectedSessionCount == before.SecurityRejectedSessionCount + 1
        assert refused.RejectedSessionCount == before.RejectedSessionCount + 1
        assert refused.SecurityRejectedRequestsCount > before.SecurityRejectedRequestsCount


async def test_a_connection_that_breaks_is_an_aborted_session(login: Any, eventually: Any) -> None:
    async with login("instructor") as first:
        before = await value(first, SUMMARY)
        async with login("operator") as broken:
            broken.client.uaclient.protocol.transport.abort()

            async def is_counted() -> bool:
                now = await value(first, SUMMARY)
                return bool(now.SessionAbortCount == before.SessionAbortCount + 1)

            await eventually(is_counted)


async def test_sessions_and_subscriptions_are_told_of_to_the_instructor(login: Any, eventually: Any) -> None:
    silent = Silent()
    async with login("instructor") as first, login("operator") as second:
        subscription = await second.client.create_subscription(50, silent)
        await subscription.subscribe_data_change([second.node("TIC-201.PV"), second.node("P-201.CMD")])
        await second.write(("TIC-201.SP", ua.Variant(50.0, ua.VariantType.Double)))

        async def is_told() -> bool:
            return len(silent.values) >= 2

        await eventually(is_told)
        sessions = {one.SessionId: one for one in await value(first, SESSIONS)}
        (made,) = await value(first, SUBSCRIPTIONS)
        found = sessions[made.SessionId]
        assert found.CurrentSubscriptionsCount == 1
        assert found.CurrentMonitoredItemsCount == made.MonitoredItemCount == 2
        assert found.WriteCount.TotalCount == 1
        assert found.CreateSubscriptionCount.TotalCount == 1
        assert found.PublishCount.TotalCount >= 1
        assert found.TotalRequestCount.TotalCount > found.WriteCount.TotalCount + found.PublishCount.TotalCount
        assert found.TotalRequestCount.ErrorCount == 0
        assert found.ClientConnectionTime <= found.ClientLastContactTime
        assert found.ActualSessionTimeout > 0
        assert made.SubscriptionId == subscription.subscription_id
        assert (made.PublishingInterval, made.PublishingEnabled) == (50.0, True)
        assert made.DataChangeNotificationsCount == made.NotificationsCount == 2
        assert made.NextSequenceNumber >= 2


async def test_how_sessions_are_secured_is_as_the_standard_writes_it(login: Any) -> None:
    # asyncua's client would read a Byte where the standard has the String "UA Binary"
    async with login("instructor") as console:
        request = ua.ReadRequest()
        request.Parameters.NodesToRead = [ua.ReadValueId(SECURITY, ua.AttributeIds.Value)]
        answer = await console.client.uaclient.protocol.send_request(request)
    texts = (*["instructor"] * 2, "UserName", "UA Binary", "UA-TCP UA-SC UA-Binary", POLICY_NONE)
    who, again, how, encoding, transport, policy = (pack("<i", len(text)) + text.encode() for text in texts)
    expected = who + pack("<i", 1) + again + how + encoding + transport + pack("<i", 1) + policy + pack("<i", -1)
    assert expected in bytes(answer.read(len(answer)))


async def test_whose_sessions_there_are_is_not_for_others(login: Any) -> None:
    async with login("engineer") as console:
        assert (await value(console, SUMMARY)).CurrentSessionCount >= 1
        for node in PRIVATE:
            (answer,) = await console.client.uaclient.read_attributes([node], ua.AttributeIds.Value)
            assert answer.StatusCode.name == "BadUserAccessDenied"
            (level,) = await console.client.uaclient.read_attributes([node], ua.AttributeIds.UserAccessLevel)
            assert level.Value.Value == 0
            subscription = await console.client.create_subscription(500, Silent())
            with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                await subscription.subscribe_data_change(console.client.get_node(node))
            await subscription.delete()
        (answer,) = await console.client.uaclient.write_attributes(
            [ENABLED], [ua.DataValue(ua.Variant(False))], ua.AttributeIds.Value
        )
        assert not answer.is_good()


async def test_who_watches_a_total_is_told_when_it_changes(login: Any, eventually: Any) -> None:
    silent = Silent()
    async with login("operator") as first:
        subscription = await first.client.create_subscription(50, silent)
        await subscription.subscribe_data_change(first.client.get_node(CURRENT))

        async def has(count: int) -> bool:
            return len(silent.values) >= count

        await eventually(lambda: has(1))
        async with login("operator"):
            await eventually(lambda: has(2))
            assert silent.values[1] == silent.values[0] + 1


async def test_the_clock_is_that_of_now_and_who_watches_it_is_told_each_second(login: Any, eventually: Any) -> None:
    clock = ua.NodeId(Id.Server_ServerStatus_CurrentTime)
    async with login("operator") as console:
        before = datetime.now(UTC)
        found = await value(console, clock)
        status = await value(console, ua.NodeId(Id.Server_ServerStatus))
        assert before <= found.replace(tzinfo=UTC) <= status.CurrentTime.replace(tzinfo=UTC) <= datetime.now(UTC)
        assert status.State == ua.ServerState.Running
        assert status.StartTime == await value(console, ua.NodeId(Id.Server_ServerStatus_StartTime))
        with pytest.raises(ua.uaerrors.BadNotWritable):
            await console.client.get_node(clock).write_value(found)
        heard = Silent()
        watching = await console.client.create_subscription(50, heard)
        await watching.subscribe_data_change(console.client.get_node(clock))

        async def goes_on() -> bool:
            return len(heard.values) >= 3

        await eventually(goes_on)
        assert heard.values == sorted(set(heard.values))
        await watching.delete()
