"""Answers that are larger than their client takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.ua.ua_binary import struct_from_binary

pytestmark = pytest.mark.asyncio(loop_scope="module")
SMALL = 8192
NUMBER, TEXT = "TIC-201.PV", "Simulation.Pacing"
Prepare = Callable[[Client], Awaitable[None]]


async def by_message(client: Client) -> None:
    client.max_messagesize = SMALL


async def by_chunks(client: Client) -> None:
    client.max_chunkcount = 1


def reads(console: Any, name: str, count: int) -> ua.ReadParameters:
    one = ua.ReadValueId(NodeId=console.id(name), AttributeId=ua.AttributeIds.Value)
    return ua.ReadParameters(NodesToRead=[one] * count)


@pytest.mark.parametrize("prepare", [by_message, by_chunks])
async def test_what_is_too_large_for_a_client_has_its_status(
    synthetic: Any, opcua_server: Any, connect: Any, prepare: Prepare
) -> None:
    async with (
        opcua_server(synthetic) as server,
        connect(server.endpoint) as other,
        connect(server.endpoint, prepare) as console,
    ):
        ask = console.client.uaclient.read
        for name in (NUMBER, "TIC-201.Kind"):  # by a plan, and by the library
            for _ in range(2):
                with pytest.raises(ua.uaerrors.BadResponseTooLarge):
                    await ask(reads(console, name, 6000))
            assert len(await ask(reads(console, name, 50))) == 50
        assert len(await other.client.uaclient.read(reads(other, NUMBER, 6000))) == 6000


async def test_a_subscription_tells_in_messages_that_its_client_takes(
    synthetic: Any, opcua_server: Any, connect: Any
) -> None:
    async with opcua_server(synthetic) as server, connect(server.endpoint, by_message) as console:
        client = console.client.uaclient
        request = ua.CreateSubscriptionRequest()
        request.Parameters = ua.CreateSubscriptionParameters(50.0, 3000, 1000, 0, True, 0)
        answer = await client.protocol.send_request(request)
        number = struct_from_binary(ua.CreateSubscriptionResponse, answer).Parameters.SubscriptionId
        for first, name in ((0, NUMBER), (500, TEXT)):
            items = [
                ua.MonitoredItemCreateRequest(
                    ua.ReadValueId(console.id(name), ua.AttributeIds.Value),
                    ua.MonitoringMode.Reporting,
                    ua.MonitoringParameters(first + handle, 0.0, None, 1, True),
                )
                for handle in range(200)
            ]
            for begin in (0, 100):
                made = await client.create_monitored_items(
                    ua.CreateMonitoredItemsParameters(number, ua.TimestampsToReturn.Both, items[begin : begin + 100])
                )
                assert all(one.StatusCode.is_good() for one in made)
        told: list[int] = []
        while len(told) < 400:
            async with asyncio.timeout(10.0):
                answer = await client.protocol.send_request(ua.PublishRequest())
            assert len(answer) <= SMALL
            parts = struct_from_binary(ua.PublishResponse, answer).Parameters.NotificationMessage.NotificationData
            told += [one.ClientHandle for part in parts for one in part.MonitoredItems]
        assert sorted(told) == [*range(200), *range(500, 700)]
