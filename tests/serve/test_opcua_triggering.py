"""Items that are sampled only, and report when another one has something to tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary

from plantsim.serve import opcua_triggering

pytestmark = pytest.mark.asyncio(loop_scope="module")
TRIGGER, LINKED, CLOCK = "TIC-201.PV", "TIC-201.SP", "AIC-201.PV"
REPORTING, SAMPLING, DISABLED = ua.MonitoringMode.Reporting, ua.MonitoringMode.Sampling, ua.MonitoringMode.Disabled


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(synthetic: Any, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as server, connect(server.endpoint) as found:
        yield found


class Watch:
    """A subscription message by message, with items by the names of their tags."""

    def __init__(self, console: Any, synthetic: Any, number: int) -> None:
        self.console, self.synthetic, self.number = console, synthetic, number
        self.client = console.client.uaclient
        self.items: dict[str, int] = {}

    @classmethod
    async def create(cls, console: Any, synthetic: Any) -> Watch:
        request = ua.CreateSubscriptionRequest()
        request.Parameters = ua.CreateSubscriptionParameters(50.0, 3000, 1000, 0, True, 0)
        answer = await console.client.uaclient.protocol.send_request(request)
        made = struct_from_binary(ua.CreateSubscriptionResponse, answer).Parameters
        return cls(console, synthetic, made.SubscriptionId)

    async def add(self, name: str, mode: ua.MonitoringMode, queue: int = 10) -> None:
        item = ua.MonitoredItemCreateRequest(
            ua.ReadValueId(self.console.id(name), ua.AttributeIds.Value),
            mode,
            ua.MonitoringParameters(len(self.items), 0.0, None, queue, True),
        )
        (made,) = await self.client.create_monitored_items(
            ua.CreateMonitoredItemsParameters(self.number, ua.TimestampsToReturn.Both, [item])
        )
        made.StatusCode.check()
        self.items[name] = made.MonitoredItemId

    async def mode(self, name: str, mode: ua.MonitoringMode) -> None:
        params = ua.SetMonitoringModeParameters(self.number, mode, [self.items[name]])
        (status,) = await self.client.set_monitoring_mode(params)
        status.check()

    async def ask(self, triggering: int, add: list[int], remove: list[int]) -> tuple[list[str], list[str]]:
        request = ua.SetTriggeringRequest()
        request.Parameters = ua.SetTriggeringParameters(self.number, triggering, add, remove)
        answer = await self.client.protocol.send_request(request)
        found = struct_from_binary(ua.SetTriggeringResponse, answer).Parameters
        return [one.name for one in found.AddResults], [one.name for one in found.RemoveResults]

    async def link(self, *names: str) -> None:
        answers, _ = await self.ask(self.items[TRIGGER], [self.items[name] for name in names], [])
        assert set(answers) == {"Good"}

    async def publish(self) -> list[tuple[str, Any]]:
        """The next message: names with values."""
        async with asyncio.timeout(10.0):
            answer = await self.client.protocol.send_request(ua.PublishRequest())
        names = list(self.items)
        parts = struct_from_binary(ua.PublishResponse, answer).Parameters.NotificationMessage.NotificationData
        return [(names[one.ClientHandle], one.Value.Value.Value) for part in parts for one in part.MonitoredItems]

    async def show(self, values: dict[str, float], until: str) -> list[tuple[str, Any]]:
        """Show values, and collect until a tag's new one has come."""
        self.synthetic.show(values)
        found: list[tuple[str, Any]] = []
        while (until, values[until]) not in found:
            found += await self.publish()
        return found

    async def end(self) -> None:
        await self.client.delete_subscriptions([self.number])


@pytest.mark.parametrize("mode", [REPORTING, SAMPLING])
async def test_what_is_sampled_is_told_when_its_trigger_has_something_to_tell(
    console: Any, synthetic: Any, mode: ua.MonitoringMode
) -> None:
    watch = await Watch.create(console, synthetic)
    await watch.add(CLOCK, REPORTING)  # which tells that a scan has been published
    await watch.add(TRIGGER, mode)
    await watch.add(LINKED, SAMPLING)
    await watch.link(LINKED)
    await watch.show({CLOCK: 0.1}, CLOCK)
    quiet = await watch.show({LINKED: 11.0, CLOCK: 0.2}, CLOCK)
    quiet += await watch.show({LINKED: 12.0, CLOCK: 0.3}, CLOCK)
    assert LINKED not in [name for name, _ in quiet]
    heard = await watch.show({TRIGGER: 50.0 + mode, LINKED: 13.0, CLOCK: 0.4}, LINKED)
    assert [value for name, value in heard if name == LINKED][-3:] == [11.0, 12.0, 13.0]
    heard += await watch.show({CLOCK: 0.5}, CLOCK)
    assert [value for name, value in heard if name == TRIGGER] == ([50.0 + mode] if mode == REPORTING else [])
    quiet = await watch.show({LINKED: 14.0, CLOCK: 0.6}, CLOCK)
    assert LINKED not in [name for name, _ in quiet], "only with the trigger"
    await watch.end()


async def test_a_disabled_trigger_triggers_nothing_and_a_reporting_item_needs_none(
    console: Any, synthetic: Any
) -> None:
    watch = await Watch.create(console, synthetic)
    for name, mode in ((CLOCK, REPORTING), (TRIGGER, REPORTING), (LINKED, SAMPLING)):
        await watch.add(name, mode)
    await watch.link(LINKED)
    await watch.mode(TRIGGER, DISABLED)
    await watch.show({CLOCK: 0.1}, CLOCK)
    quiet = await watch.show({TRIGGER: 51.0, LINKED: 21.0, CLOCK: 0.2}, CLOCK)
    assert LINKED not in [name for name, _ in quiet]
    await watch.mode(LINKED, REPORTING)
    await watch.show({LINKED: 22.0}, LINKED)
    await watch.mode(LINKED, DISABLED)
    await watch.mode(TRIGGER, REPORTING)
    quiet = await watch.show({TRIGGER: 52.0, LINKED: 23.0, CLOCK: 0.3}, CLOCK)
    assert LINKED not in [name for name, _ in quiet]
    await watch.end()


async def test_a_queue_of_what_was_triggered_is_as_long_as_it_may_be(console: Any, synthetic: Any) -> None:
    watch = await Watch.create(console, synthetic)
    for name, mode in ((CLOCK, REPORTING), (TRIGGER, SAMPLING)):
        await watch.add(name, mode)
    await watch.add(LINKED, SAMPLING, queue=2)
    await watch.link(LINKED)
    await watch.show({CLOCK: 0.1}, CLOCK)
    await watch.client.set_publishing_mode(ua.SetPublishingModeParameters(False, [watch.number]))
    for value in (31.0, 32.0, 33.0):
        synthetic.show({TRIGGER: value, LINKED: value})
        while await console.value(LINKED) != value:
            await asyncio.sleep(0.01)
    await watch.client.set_publishing_mode(ua.SetPublishingModeParameters(True, [watch.number]))
    heard = await watch.show({CLOCK: 0.2}, CLOCK)
    while LINKED not in [name for name, _ in heard]:
        heard += await watch.publish()
    assert [value for name, value in heard if name == LINKED] == [32.0, 33.0]
    await watch.end()


async def test_links_go_with_their_items_and_are_taken_away(console: Any, synthetic: Any) -> None:
    watch = await Watch.create(console, synthetic)
    for name, mode in ((TRIGGER, REPORTING), (LINKED, SAMPLING), (CLOCK, SAMPLING)):
        await watch.add(name, mode)
    trigger, linked, other = watch.items.values()
    unknown = "BadMonitoredItemIdInvalid"
    assert await watch.ask(trigger, [linked, 999_999], [other]) == (["Good", unknown], [unknown])
    assert await watch.ask(trigger, [linked], [linked]) == (["Good"], ["Good"]), "away first, then new"
    assert await watch.ask(trigger, [], [linked, linked]) == ([], ["Good", unknown])
    await watch.ask(trigger, [linked, other], [])
    await watch.client.delete_monitored_items(ua.DeleteMonitoredItemsParameters(watch.number, [linked]))
    assert await watch.ask(trigger, [], [linked, other]) == ([], [unknown, "Good"])
    await watch.end()


async def test_what_cannot_be_linked_has_its_status(
    console: Any, synthetic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = await Watch.create(console, synthetic)
    for name in (TRIGGER, LINKED, CLOCK):
        await watch.add(name, SAMPLING)
    trigger, linked, other = watch.items.values()
    with pytest.raises(ua.uaerrors.BadMonitoredItemIdInvalid):
        await watch.ask(999_999, [linked], [])
    with pytest.raises(ua.uaerrors.BadNothingToDo):
        await watch.ask(trigger, [], [])
    with pytest.raises(ua.uaerrors.BadTooManyOperations):
        await watch.ask(trigger, [linked] * 5001, [linked] * 5000)
    monkeypatch.setattr(opcua_triggering, "MOST_LINKS_OF_A_SUBSCRIPTION", 1)
    answers, _ = await watch.ask(trigger, [linked, other, linked], [])
    assert answers == ["Good", "BadTooManyMonitoredItems", "Good"]
    await watch.end()
    with pytest.raises(ua.uaerrors.BadSubscriptionIdInvalid):
        await watch.ask(trigger, [linked], [])
