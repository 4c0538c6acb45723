"""Audit events: who is told what was done, and what they say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asyncua import ua

pytestmark = pytest.mark.asyncio(loop_scope="module")
Double = ua.VariantType.Double


class Heard:
    """Keeps the events of a subscription."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def event_notification(self, event: Any) -> None:
        self.events.append(event)

    def of(self, source: str) -> list[Any]:
        return [event for event in self.events if event.SourceName == source]


async def listening(console: Any, *types: int) -> Heard:
    heard = Heard()
    subscription = await console.client.create_subscription(50, heard)
    await subscription.subscribe_events(evtypes=[ua.NodeId(one) for one in types])
    return heard


async def test_what_is_done_is_told_to_whom_may_see_it(login: Any, synthetic: Any, eventually: Any) -> None:
    types = (
        ua.ObjectIds.AuditWriteUpdateEventType,
        ua.ObjectIds.AuditUpdateMethodEventType,
        ua.ObjectIds.AuditSessionEventType,
    )
    async with login("operator") as operator, login("engineer") as engineer, login("instructor") as instructor:
        assert await engineer.client.get_node(ua.NodeId(ua.ObjectIds.Server_Auditing)).read_value() is True
        nothing, told, all_ = [await listening(one, *types) for one in (operator, engineer, instructor)]
        synthetic.show({"TIC-201.SP": 20.0})

        async def shown() -> bool:
            return bool(await operator.value("TIC-201.SP") == 20.0)

        await eventually(shown)
        written = await operator.write(
            ("TIC-201.SP", ua.Variant(33.0, Double)), ("TIC-201.Gain", ua.Variant(2.0, Double))
        )
        assert written == ["Good", "BadUserAccessDenied"]
        assert (await operator.call("Simulation", "Freeze")).StatusCode.name == "BadUserAccessDenied"
        with pytest.raises(ua.UaStatusCodeError):
            async with login("engineer", "wrong"):
                pass
        async with login("engineer"):
            pass
        synthetic.in_scenario = True
        try:
            assert (await instructor.call("Simulation", "SetSpeed", ua.Variant(2.0, Double))).StatusCode.is_good()
        finally:
            synthetic.in_scenario = False
        # the last that everybody who may will be told
        assert await operator.write(("TIC-201.SP", ua.Variant(34.0, Double))) == ["Good"]

        async def came() -> bool:
            return all(len(one.of("Attribute/Write")) == 3 for one in (told, all_))

        await eventually(came)
        first, refused, _ = told.of("Attribute/Write")
        assert first.EventType == ua.NodeId(ua.ObjectIds.AuditWriteUpdateEventType)
        assert (first.SourceNode, first.ClientUserId, first.Status) == (operator.id("TIC-201.SP"), "operator", True)
        assert (first.OldValue, first.NewValue, first.AttributeId) == (20.0, 33.0, ua.AttributeIds.Value)
        assert (refused.SourceNode, refused.Status) == (operator.id("TIC-201.Gain"), False)
        (call,) = told.of("Method/Call")
        assert (call.MethodId, call.Status) == (operator.id("Simulation.Freeze"), False)
        assert len(all_.of("Method/Call")) == 2, "what a scenario hides is told to the instructor alone"
        logins = [(one.ClientUserId, one.Status) for one in told.of("Session/ActivateSession")]
        assert ("engineer", False) in logins
        assert ("engineer", True) in logins
        assert told.of("Session/CreateSession")
        assert told.of("Session/CloseSession")
        assert not nothing.events


async def test_a_client_that_filters_hears_nothing_else(login: Any, eventually: Any) -> None:
    async with login("engineer") as engineer:
        writes = await listening(engineer, ua.ObjectIds.AuditWriteUpdateEventType)
        await engineer.call("Simulation", "Freeze")
        await engineer.write(("TIC-201.SP", ua.Variant(35.0, Double)))

        async def came() -> bool:
            return bool(writes.events)

        await eventually(came)
        assert [one.SourceName for one in writes.events] == ["Attribute/Write"]


async def test_who_has_not_logged_in_hears_nothing(synthetic: Any, opcua_server: Any, connect: Any) -> None:
    """Without passwords everybody has every right, and nobody is anybody."""
    async with opcua_server(synthetic) as server, connect(server.endpoint) as console:
        heard = await listening(console, ua.ObjectIds.BaseEventType)
        assert await console.write(("TIC-201.SP", ua.Variant(36.0, Double))) == ["Good"]
        refresh, marks = ua.NodeId(ua.ObjectIds.ConditionType_ConditionRefresh), ("Server", "Server")
        (number,) = console.client.uaclient._subscription_callbacks
        request = ua.CallMethodRequest(
            ua.NodeId(ua.ObjectIds.ConditionType), refresh, [ua.Variant(number, ua.VariantType.UInt32)]
        )
        (answer,) = await console.client.uaclient.call([request])
        assert answer.StatusCode.is_good()
        async with asyncio.timeout(10.0):
            while len(heard.events) < len(marks):
                await asyncio.sleep(0.01)
        assert tuple(one.SourceName for one in heard.events) == marks
