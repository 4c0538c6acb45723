"""Alarms as condition objects, and their acknowledgement."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.engine.command import Origin
from plantsim.engine.image import ACTIVE, UNACKED
from plantsim.model.tag import Role

pytestmark = pytest.mark.asyncio(loop_scope="module")
Types = ua.VariantType
ACKNOWLEDGE = ua.NodeId(ua.ObjectIds.AcknowledgeableConditionType_Acknowledge)
ALARM, TRIP = "TIC-201.HH.Alarm", "TIC-201.TRIP.Alarm"
NORMAL, UNACK, ACKED, RETURNED = 0, ACTIVE | UNACKED, ACTIVE, UNACKED


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(synthetic: Any, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as server, connect(server.endpoint) as found:
        yield found


@pytest.fixture
def show(console: Any, synthetic: Any, eventually: Any) -> Any:
    async def show_bits(bits: int) -> None:
        synthetic.show({}, None, {0: bits})

        async def seen() -> bool:
            return bool(await console.value("Simulation.ScanCount") == synthetic.image.scan)

        await eventually(seen)

    return show_bits


METHODS = {
    str(getattr(ua.ObjectIds, name))
    for name in (
        "ConditionType_Enable", "ConditionType_Disable", "ConditionType_AddComment",
        "AcknowledgeableConditionType_Acknowledge", "AcknowledgeableConditionType_Confirm",
        "AlarmConditionType_Suppress", "AlarmConditionType_Unsuppress",
        "AlarmConditionType_RemoveFromService", "AlarmConditionType_PlaceInService",
    )
}  # fmt: skip
"""Of the types, which conditions refer to."""


async def acknowledge(console: Any, event_id: bytes, comment: str = "", alarm: str = ALARM) -> str:
    arguments = ua.Variant(event_id, Types.ByteString), ua.Variant(ua.LocalizedText(comment), Types.LocalizedText)
    return str((await console.call(alarm, ACKNOWLEDGE, *arguments)).StatusCode.name)


async def test_a_condition_stands_under_its_tag_object_with_its_standard_children(console: Any) -> None:
    assert ALARM in await console.browse("TIC-201", ua.ObjectIds.HasComponent)
    assert (await console.value(ALARM, ua.AttributeIds.BrowseName)).Name == "HH"
    below = set(await console.browse(ALARM))
    assert below > METHODS
    children = {name.removeprefix(f"{ALARM}.") for name in below - METHODS}
    standard = {"ActiveState", "AckedState", "Severity", "Message", "ConditionName", "SourceName", "Retain", "EventId"}
    standard |= {"Time", "EventType", "SourceNode", "Comment", "ClientUserId", "Quality", "SuppressedOrShelved"}
    standard |= {"EnabledState", "ConfirmedState", "SuppressedState", "OutOfServiceState"}
    standard |= {"ShelvingState", "LimitState", "MaxTimeShelved", "OnDelay", "OffDelay"}
    assert children == standard | {"Priority", "Cause", "Consequence", "Response", "RespondMinutes"}
    for name in standard:
        assert (await console.value(f"{ALARM}.{name}", ua.AttributeIds.BrowseName)) == ua.QualifiedName(name, 0)
    assert await console.browse(f"{ALARM}.ActiveState") == [f"{ALARM}.ActiveState.Id"]


async def test_limits_are_level_alarms_and_trips_are_trips(console: Any) -> None:
    type_ = ua.ObjectIds.HasTypeDefinition
    assert await console.browse(ALARM, type_) == [str(ua.ObjectIds.ExclusiveLevelAlarmType)]
    assert await console.browse(TRIP, type_) == [str(ua.ObjectIds.TripAlarmType)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Severity", 900),
        ("Priority", 1),
        ("ConditionName", "HH"),
        ("SourceName", "TIC-201"),
        ("Message", ua.LocalizedText("R-201 hot")),
        ("Cause", "Cooling lost"),
        ("Consequence", "Boils over"),
        ("Response", "Close TV-201B"),
        ("RespondMinutes", 3.0),
    ],
)
async def test_a_condition_tells_what_it_means(console: Any, name: str, value: object) -> None:
    assert await console.value(f"{ALARM}.{name}") == value


async def test_state_follows_the_image(console: Any, synthetic: Any, show: Any) -> None:
    for bits, active, acked, retain in (
        (UNACK, True, False, True),
        (ACKED, True, True, True),
        (NORMAL, False, True, False),
        (UNACK, True, False, True),
        (RETURNED, False, False, True),
        (NORMAL, False, True, False),
    ):
        await show(bits)
        assert await console.value(f"{ALARM}.ActiveState.Id") is active
        assert await console.value(f"{ALARM}.AckedState.Id") is acked
        assert await console.value(f"{ALARM}.Retain") is retain
        assert (await console.value(f"{ALARM}.ActiveState")).Text == ("Active" if active else "Inactive")
        plant_time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=0.1 * synthetic.image.scan)
        assert await console.value(f"{ALARM}.Time") == plant_time


async def test_each_change_has_an_event_id_of_its_own(console: Any, show: Any) -> None:
    seen = []
    for bits in (UNACK, RETURNED, NORMAL, UNACK, ACKED, NORMAL):
        await show(bits)
        seen.append(await console.value(f"{ALARM}.EventId"))
    assert len(set(seen)) == len(seen)


async def test_acknowledging_reaches_the_engine_with_who_and_why(console: Any, synthetic: Any, show: Any) -> None:
    await show(UNACK)
    event_id = await console.value(f"{ALARM}.EventId")
    assert await acknowledge(console, event_id, "seen") == "Good"
    assert synthetic.acknowledged[-1] == ("TIC-201.HH", Origin(Role.INSTRUCTOR, "anonymous", "opcua"), "seen")
    assert await acknowledge(console, event_id) == "BadConditionBranchAlreadyAcked"
    assert len(synthetic.acknowledged) == 1
    await show(NORMAL)


async def test_an_alarm_that_has_returned_is_acknowledged_by_the_event_of_its_activation(
    console: Any, show: Any
) -> None:
    await show(UNACK)
    event_id = await console.value(f"{ALARM}.EventId")
    await show(RETURNED)
    assert await acknowledge(console, event_id) == "Good"
    await show(NORMAL)


async def test_an_event_of_an_earlier_activation_acknowledges_nothing(console: Any, show: Any) -> None:
    await show(UNACK)
    event_id = await console.value(f"{ALARM}.EventId")
    await show(RETURNED)
    await show(UNACK)
    assert await acknowledge(console, event_id) == "BadEventIdUnknown"
    await show(NORMAL)


async def test_an_unknown_event_or_condition_is_refused(console: Any, show: Any) -> None:
    await show(UNACK)
    event_id = await console.value(f"{ALARM}.EventId")
    assert await acknowledge(console, b"no such event") == "BadEventIdUnknown"
    assert await acknowledge(console, event_id, alarm=TRIP) == "BadEventIdUnknown"
    assert await acknowledge(console, event_id, alarm="TIC-201") == "BadNodeIdInvalid"
    assert await acknowledge(console, event_id, alarm="TIC-999.HH.Alarm") == "BadNodeIdUnknown"
    await show(NORMAL)


async def test_an_alarm_that_stood_before_the_server_started_can_be_acknowledged(
    synthetic: Any, opcua_server: Any, connect: Any
) -> None:
    synthetic.show({}, None, {1: UNACK})
    async with opcua_server(synthetic) as server, connect(server.endpoint) as console:
        event_id = await console.value(f"{TRIP}.EventId")
        assert await acknowledge(console, event_id, alarm=TRIP) == "Good"


async def test_observers_do_not_acknowledge(synthetic: Any, opcua_server: Any, connect: Any, tmp_path: Path) -> None:
    async with opcua_server(synthetic, state=tmp_path, insecure=False) as server, connect(server.endpoint) as console:
        event_id = await console.value(f"{TRIP}.EventId")
        assert await acknowledge(console, event_id, alarm=TRIP) == "BadUserAccessDenied"
