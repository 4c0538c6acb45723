"""Whose subscriptions they are, and what a session may no longer watch."""

from __future__ import annotations

from typing import Any

import pytest
from asyncua import Client, ua

pytestmark = pytest.mark.asyncio(loop_scope="module")
ELSEWHERE = "BadSubscriptionIdInvalid"


class Heard:
    """What a subscription tells, by tag."""

    def __init__(self) -> None:
        self.values: list[tuple[str, Any, str]] = []
        self.statuses: list[str] = []

    def status_change_notification(self, status: ua.StatusChangeNotification) -> None:
        self.statuses.append(str(status.Status.name))

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        status = data.monitored_item.Value.StatusCode
        self.values.append((str(node.nodeid.Identifier), value, "Good" if status is None else status.name))

    def last(self, name: str) -> tuple[Any, str] | None:
        found = [(value, status) for told, value, status in self.values if told == name]
        return found[-1] if found else None


async def request(console: Any, message: Any) -> str:
    """The name of the status that the whole request is answered with."""
    try:
        await console.client.uaclient.protocol.send_request(message)
    except ua.UaStatusCodeError as refused:
        return type(refused).__name__
    return "Good"


async def test_nobody_acts_on_the_subscription_of_another_session(login: Any) -> None:
    async with login("instructor") as owner, login("operator") as other:
        watching = await owner.client.create_subscription(1000, Heard())
        own = await other.client.create_subscription(1000, Heard())
        number, client = watching.subscription_id, other.client.uaclient
        handle = await watching.subscribe_data_change(owner.node("TIC-201.PV"))
        with pytest.raises(ua.uaerrors.BadSubscriptionIdInvalid):
            await client.create_monitored_items(
                ua.CreateMonitoredItemsParameters(number, ItemsToCreate=[ua.MonitoredItemCreateRequest()])
            )
        with pytest.raises(ua.uaerrors.BadSubscriptionIdInvalid):
            await client.delete_monitored_items(ua.DeleteMonitoredItemsParameters(number, [handle]))
        with pytest.raises(ua.uaerrors.BadSubscriptionIdInvalid):
            await client.set_monitoring_mode(
                ua.SetMonitoringModeParameters(number, ua.MonitoringMode.Disabled, [handle])
            )
        with pytest.raises(ua.uaerrors.BadSubscriptionIdInvalid):
            await client.modify_subscription(ua.ModifySubscriptionParameters(number, 100.0))
        republish = ua.RepublishRequest()
        republish.Parameters = ua.RepublishParameters(number, 1)
        assert await request(other, republish) == ELSEWHERE
        both = await client.set_publishing_mode(ua.SetPublishingModeParameters(True, [number, own.subscription_id]))
        assert [one.name for one in both] == [ELSEWHERE, "Good"]
        ended = await client.delete_subscriptions([number, own.subscription_id])
        assert [one.name for one in ended] == [ELSEWHERE, "Good"]
        await watching.delete()


async def test_a_subscription_goes_to_another_session_of_the_same_user_alone(
    login: Any, synthetic: Any, eventually: Any
) -> None:
    async with login("instructor") as owner, login("instructor") as heir, login("operator") as other:
        watching = await owner.client.create_subscription(50, Heard())
        await watching.subscribe_data_change(owner.node("TIC-201.PV"))
        number = watching.subscription_id

        async def take(console: Any) -> list[str]:
            wanted = ua.TransferSubscriptionsParameters([number, 999_999], False)
            found = await console.client.uaclient.transfer_subscriptions(wanted)
            return [one.StatusCode.name for one in found]

        assert await take(other) == ["BadUserAccessDenied", ELSEWHERE]
        assert await take(heir) == ["Good", ELSEWHERE]
        told = Heard()
        later = await heir.client.create_subscription(50, told)  # publishes for both
        answers: list[Any] = []
        heir.client.uaclient._subscription_callbacks[number] = answers.append
        synthetic.show({"TIC-201.PV": 71.0})

        async def came() -> bool:
            parts = [part for one in answers for part in one.NotificationMessage.NotificationData]
            values = [item.Value.Value.Value for part in parts for item in part.MonitoredItems]
            return 71.0 in values

        await eventually(came)
        await later.delete()


async def test_of_those_without_a_name_only_the_same_application_gets_a_subscription(
    synthetic: Any, opcua_server: Any, connect: Any
) -> None:
    async def another(client: Client) -> None:
        client.application_uri = "urn:another"

    async with opcua_server(synthetic, insecure=False) as server, connect(server.endpoint) as owner:
        watching = await owner.client.create_subscription(50, Heard())
        wanted = ua.TransferSubscriptionsParameters([watching.subscription_id], False)
        for prepare, status in ((another, "BadUserAccessDenied"), (None, "Good")):
            async with connect(server.endpoint, prepare) as heir:
                (result,) = await heir.client.uaclient.transfer_subscriptions(wanted)
                assert result.StatusCode.name == status


async def test_who_gets_a_subscription_gets_its_values_and_who_had_it_is_told(login: Any, eventually: Any) -> None:
    names = ["TIC-201.PV", "P-201.CMD", "TIC-201.MODE"]
    async with login("operator") as owner, login("operator") as heir:
        had = Heard()
        watching = await owner.client.create_subscription(50, had)
        await watching.subscribe_data_change([owner.node(name) for name in names])
        silent = await watching.subscribe_data_change(owner.node("P-201.SPEED"), monitoring=ua.MonitoringMode.Sampling)
        assert silent

        async def is_settled() -> bool:
            return len(had.values) == len(names)

        await eventually(is_settled)
        later = await heir.client.create_subscription(50, Heard())  # publishes for both
        answers: list[Any] = []
        heir.client.uaclient._subscription_callbacks[watching.subscription_id] = answers.append
        wanted = ua.TransferSubscriptionsParameters([watching.subscription_id], True)
        (result,) = await heir.client.uaclient.transfer_subscriptions(wanted)
        assert result.StatusCode.is_good()

        async def came() -> bool:
            return bool(had.statuses) and any(one.NotificationMessage.NotificationData for one in answers)

        await eventually(came)
        assert had.statuses == ["GoodSubscriptionTransferred"]
        first = next(one for one in answers if one.NotificationMessage.NotificationData)
        parts = first.NotificationMessage.NotificationData
        assert sum(len(part.MonitoredItems) for part in parts) == len(names)
        assert len(had.values) == len(names), "and nothing more to who had it"
        await later.delete()


async def test_a_message_can_be_had_again_until_it_is_acknowledged(login: Any) -> None:
    async with login("operator") as console:
        made = ua.CreateSubscriptionRequest()
        made.Parameters = ua.CreateSubscriptionParameters(50.0, 3000, 1000, 0, True, 0)
        protocol = console.client.uaclient.protocol

        async def ask(message: Any, response: Any) -> Any:
            return ua.ua_binary.struct_from_binary(response, await protocol.send_request(message))

        number = (await ask(made, ua.CreateSubscriptionResponse)).Parameters.SubscriptionId
        item = ua.MonitoredItemCreateRequest(
            ua.ReadValueId(console.id("TIC-201.PV"), ua.AttributeIds.Value), ua.MonitoringMode.Reporting
        )
        await console.client.uaclient.create_monitored_items(
            ua.CreateMonitoredItemsParameters(number, ua.TimestampsToReturn.Both, [item])
        )
        publish = ua.PublishRequest()
        message: Any = None
        while message is None or not message.NotificationData:
            message = (await ask(publish, ua.PublishResponse)).Parameters.NotificationMessage
        republish = ua.RepublishRequest()
        republish.Parameters = ua.RepublishParameters(number, message.SequenceNumber)
        for _ in range(2):
            again = await ask(republish, ua.RepublishResponse)
            assert again.NotificationMessage.SequenceNumber == message.SequenceNumber
        acknowledging = ua.PublishRequest()
        ours = ua.SubscriptionAcknowledgement(number, message.SequenceNumber)
        unknown = ua.SubscriptionAcknowledgement(number, 999)
        other = ua.SubscriptionAcknowledgement(999_999, 1)
        acknowledging.Parameters = ua.PublishParameters([ours, unknown, other])
        # answered by what comes next: a value of an item that is made now
        pending = protocol.send_request(acknowledging)
        await console.client.uaclient.create_monitored_items(
            ua.CreateMonitoredItemsParameters(number, ua.TimestampsToReturn.Both, [item])
        )
        answer = ua.ua_binary.struct_from_binary(ua.PublishResponse, await pending)
        assert [one.name for one in answer.Parameters.Results] == ["Good", "BadSequenceNumberUnknown", ELSEWHERE]
        assert await request(console, republish) == "BadMessageNotAvailable"


async def test_items_of_before_a_scenario_do_not_go_on_showing_what_it_hides(
    login: Any, synthetic: Any, eventually: Any
) -> None:
    async with login("operator") as trainee, login("instructor") as instructor:
        seen, told = Heard(), Heard()
        names = ("KPI.Purity.NdPr", "TIC-201.PV", "Simulation.Seed")
        for console, heard in ((trainee, seen), (instructor, told)):
            watching = await console.client.create_subscription(50, heard)
            ids = await watching.subscribe_data_change([console.node(name) for name in names])
        kept = watching
        synthetic.show({"KPI.Purity.NdPr": 97.0, "TIC-201.PV": 1.0, "Simulation.Seed": 4.0})

        async def first() -> bool:
            return all(one.last("KPI.Purity.NdPr") == (97.0, "Good") for one in (seen, told))

        await eventually(first)
        synthetic.in_scenario = True
        try:
            synthetic.show({"KPI.Purity.NdPr": 98.0, "TIC-201.PV": 2.0, "Simulation.Seed": 5.0})

            async def hidden() -> bool:
                return (
                    seen.last("KPI.Purity.NdPr") == (None, "BadNodeIdUnknown")
                    and seen.last("Simulation.Seed") == (None, "BadNodeIdUnknown")
                    and seen.last("TIC-201.PV") == (2.0, "Good")
                    and told.last("KPI.Purity.NdPr") == (98.0, "Good")
                )

            await eventually(hidden)
            assert 98.0 not in [value for _, value, _ in seen.values]
            written = await trainee.write(
                ("Simulation.Seed", ua.Variant(1, ua.VariantType.Int64)),
                ("TIC-201.SP", ua.Variant(20.0, ua.VariantType.Double)),
            )
            assert written == ["BadNodeIdUnknown", "Good"]
            modes = await instructor.client.uaclient.set_monitoring_mode(
                ua.SetMonitoringModeParameters(kept.subscription_id, ua.MonitoringMode.Reporting, ids)
            )
            assert all(one.is_good() for one in modes)
        finally:
            synthetic.in_scenario = False
            synthetic.show({})
