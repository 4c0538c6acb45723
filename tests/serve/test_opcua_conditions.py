"""Conditions over the wire with the plant's own engine: events, filters, what people do, and refresh."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.engine.engine import Engine
from plantsim.model.load import load_plant

pytestmark = pytest.mark.asyncio(loop_scope="module")
I, Types, Op = ua.ObjectIds, ua.VariantType, ua.FilterOperator  # noqa: E741
TIMEOUT = 20.0
TAG = "TIC-201"
FIELDS = ("EventId", "EventType", "SourceName", "ConditionName", "Severity", "Retain", "Comment", "ClientUserId")
PATHS = (
    *((name,) for name in FIELDS),
    ("ActiveState", "Id"),
    ("AckedState", "Id"),
    ("ConfirmedState", "Id"),
    ("EnabledState", "Id"),
    ("SuppressedState", "Id"),
    ("OutOfServiceState", "Id"),
    ("ShelvingState", "CurrentState"),
    ("LimitState", "CurrentState"),
    ("NoSuchField",),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine(load_plant("belfast"), epoch=1_767_225_600.0, frozen=True)
    made.start()
    yield made
    made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(engine: Engine, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(engine) as server, connect(server.endpoint) as found:
        found.endpoint = server.endpoint
        yield found


@pytest.fixture(scope="module")
def condition(engine: Engine) -> str:
    """An alarm high limit that can be brought about by moving the limit."""
    alarm = next(one for one in engine.alarms if one.condition == "H" and one.object == TAG)
    return alarm.name


def operand(*path: str) -> ua.SimpleAttributeOperand:
    return ua.SimpleAttributeOperand(
        TypeDefinitionId=ua.NodeId(I.BaseEventType),
        BrowsePath=[ua.QualifiedName(name, 0) for name in path],
        AttributeId=ua.AttributeIds.Value,
    )


CONDITION_ID = ua.SimpleAttributeOperand(
    TypeDefinitionId=ua.NodeId(I.ConditionType), BrowsePath=[], AttributeId=ua.AttributeIds.NodeId
)


def literal(value: Any, type_: ua.VariantType | None = None) -> ua.LiteralOperand:
    return ua.LiteralOperand(Value=ua.Variant(value, type_) if type_ else ua.Variant(value))


def where(*elements: tuple[ua.FilterOperator, list[Any]]) -> ua.ContentFilter:
    return ua.ContentFilter(
        Elements=[ua.ContentFilterElement(FilterOperator=how, FilterOperands=what) for how, what in elements]
    )


def twice_each(levels: int) -> ua.ContentFilter:
    """Elements of which each refers to the next one twice: evaluated for each, they would be 2 ** levels."""
    pairs = [(ua.FilterOperator.And, [ua.ElementOperand(Index=n + 1)] * 2) for n in range(levels)]
    return where(*pairs, (ua.FilterOperator.Equals, [operand("SourceName"), literal(TAG)]))


class Listener:
    """The events of one monitored item."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.item = 0
        self.subscription: Any = None

    def event_notification(self, event: Any) -> None:
        """What asyncua's client calls with the selected fields."""
        fields = {
            ("/".join(part.Name for part in clause.BrowsePath) or "ConditionId"): value.Value
            for clause, value in zip(event.select_clauses, event.event_fields, strict=True)
        }
        self.queue.put_nowait(fields)

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(TIMEOUT):
            return await self.queue.get()

    async def until(self, **wanted: Any) -> list[dict[str, Any]]:
        """Everything up to an event with these fields."""
        found: list[dict[str, Any]] = []
        while not found or any(found[-1][name] != value for name, value in wanted.items()):
            found.append(await self.next())
        return found


@asynccontextmanager
async def listening(console: Any, node: ua.NodeId | int = I.Server, clause: Any = None) -> AsyncIterator[Listener]:
    listener = Listener()
    subscription = await console.client.create_subscription(50, listener)
    node_id = node if isinstance(node, ua.NodeId) else ua.NodeId(node)
    selected = [*(operand(*path) for path in PATHS), CONDITION_ID]
    filter_ = ua.EventFilter(SelectClauses=selected, WhereClause=clause or ua.ContentFilter())
    listener.item = await subscription.subscribe_events(console.client.get_node(node_id), evfilter=filter_)
    listener.subscription = subscription
    yield listener
    await subscription.delete()


async def limit(console: Any, engine: Engine, active: bool) -> None:
    """Move the high limit below or above what is measured, and let its delays pass."""
    tag = engine.tags[f"{TAG}.H"]
    value = tag.low if active else tag.high
    double = ua.VariantType.Double
    assert await console.write((tag.name, ua.Variant(value, double))) == ["Good"]
    assert (await console.call("Simulation", "Step", ua.Variant(90.0, double))).StatusCode.is_good()


async def call(console: Any, node: str, method: int, *arguments: ua.Variant) -> str:
    return str((await console.call(node, ua.NodeId(method), *arguments)).StatusCode.name)


def said(event_id: bytes, comment: str = "") -> tuple[ua.Variant, ua.Variant]:
    return ua.Variant(event_id, Types.ByteString), ua.Variant(ua.LocalizedText(comment), Types.LocalizedText)


async def test_an_alarm_comes_is_acknowledged_and_goes_each_with_its_event(
    console: Any, engine: Engine, condition: str
) -> None:
    async with listening(console) as heard:
        await limit(console, engine, True)
        came = (await heard.until(SourceName=TAG, ConditionName="H", **{"ActiveState/Id": True}))[-1]
        assert came["ConditionId"] == console.id(f"{condition}.Alarm")
        assert came["EventType"] == ua.NodeId(I.ExclusiveLevelAlarmType)
        assert (came["AckedState/Id"], came["Retain"], came["LimitState/CurrentState"].Text) == (False, True, "High")
        assert came["NoSuchField"] is None
        assert await console.value(f"{condition}.Alarm.EventId") == came["EventId"]
        method = I.AcknowledgeableConditionType_Acknowledge
        assert await call(console, f"{condition}.Alarm", method, *said(came["EventId"], "seen")) == "Good"
        acked = (await heard.until(SourceName=TAG, ConditionName="H", **{"AckedState/Id": True}))[-1]
        assert (acked["Comment"].Text, acked["ClientUserId"], acked["Retain"]) == ("seen", "anonymous", True)
        assert acked["EventId"] != came["EventId"]
        again = await call(console, f"{condition}.Alarm", method, *said(came["EventId"]))
        assert again == "BadConditionBranchAlreadyAcked"
        await limit(console, engine, False)
        gone = (await heard.until(SourceName=TAG, ConditionName="H", **{"ActiveState/Id": False}))[-1]
        assert gone["Retain"] is False


async def test_events_are_heard_at_the_server_the_plant_the_area_and_the_unit(
    console: Any, engine: Engine, condition: str
) -> None:
    tag = engine.tags[f"{TAG}.PV"]
    other = next(area.id for area in engine.plant.areas if area.id != tag.area)
    notifiers = ["Plant", f"Area.{tag.area}", f"Unit.{tag.unit}"]
    areas = [one for one in await console.browse("Plant") if one.startswith("Area.")]
    assert areas == [f"Area.{area.id}" for area in engine.plant.areas], "each is found once"
    async with (
        listening(console, console.id(f"Area.{other}")) as elsewhere,
        listening(console, console.id(notifiers[0])) as plant,
        listening(console, console.id(notifiers[1])) as area,
        listening(console, console.id(notifiers[2])) as unit,
    ):
        comment = said(await console.value(f"{condition}.Alarm.EventId"), "heard?")
        assert await call(console, f"{condition}.Alarm", I.ConditionType_AddComment, *comment) == "Good"
        for one in (plant, area, unit):
            assert (await one.next())["Comment"].Text == "heard?"
        assert elsewhere.queue.empty()


@pytest.mark.parametrize(
    ("clause", "passes"),
    [
        (where((Op.OfType, [literal(ua.NodeId(I.ExclusiveLevelAlarmType))])), True),
        (where((Op.OfType, [literal(ua.NodeId(I.AlarmConditionType))])), True),
        (where((Op.OfType, [literal(ua.NodeId(I.BaseEventType))])), True),
        (where((Op.OfType, [literal(ua.NodeId(I.OffNormalAlarmType))])), False),
        (where((Op.Equals, [operand("SourceName"), literal(TAG)])), True),
        (where((Op.Like, [operand("SourceName"), literal("TI_-20[12]")])), True),
        (where((Op.Like, [operand("SourceName"), literal("%[^1]")])), False),
        (where((Op.GreaterThan, [operand("Severity"), literal(10_000)])), False),
        (where((Op.Between, [operand("Severity"), literal(1), literal(1000)])), True),
        (where((Op.InList, [operand("ConditionName"), literal("L"), literal("H")])), True),
        (where((Op.IsNull, [operand("NoSuchField")])), True),
        (where((Op.Equals, [operand("NoSuchField"), literal(1)])), False),
        (where((Op.Not, [ua.ElementOperand(Index=1)]), (Op.Equals, [operand("NoSuchField"), literal(1)])), False),
        (
            where(
                (Op.And, [ua.ElementOperand(Index=1), ua.ElementOperand(Index=2)]),
                (Op.Equals, [operand("SourceName"), literal(TAG)]),
                (Op.OfType, [literal(ua.NodeId(I.ConditionType))]),
            ),
            True,
        ),
        (where((Op.Or, [ua.ElementOperand(Index=0), ua.ElementOperand(Index=0)])), False),
        (twice_each(30), True),
        (where((Op.Like, [operand("SourceName"), literal("%" + "_%" * 400 + "x")])), False),
        (where((Op.GreaterThan, [operand("SourceName"), literal(5)])), False),
        (where((Op.InView, [literal(ua.NodeId(I.Server))])), False),
        (where((Op.Equals, [operand("SourceName")])), False),
    ],
)
async def test_a_filter_passes_what_it_says_and_a_bad_one_passes_nothing(
    console: Any, condition: str, clause: ua.ContentFilter, passes: bool
) -> None:
    async with listening(console, clause=clause) as heard, listening(console) as all_events:
        comment = said(await console.value(f"{condition}.Alarm.EventId"), "filtered?")
        assert await call(console, f"{condition}.Alarm", I.ConditionType_AddComment, *comment) == "Good"
        assert (await all_events.next())["Comment"].Text == "filtered?"
        if passes:
            assert (await heard.next())["Comment"].Text == "filtered?"
        else:
            assert await call(console, f"{condition}.Alarm", I.ConditionType_AddComment, *comment) == "Good"
            await all_events.next()
            assert heard.queue.empty()


async def test_shelving_for_a_time_ends_by_itself_or_by_hand(console: Any, condition: str) -> None:
    state, once = f"{condition}.Alarm.ShelvingState", I.ShelvedStateMachineType_OneShotShelve
    timed, end = I.ShelvedStateMachineType_TimedShelve, I.ShelvedStateMachineType_Unshelve
    half_a_minute = ua.Variant(30_000.0, Types.Double)
    assert await call(console, state, end) == "BadConditionNotShelved"
    assert await call(console, state, timed, ua.Variant(1e15, Types.Double)) == "BadShelvingTimeOutOfRange"
    assert await call(console, state, timed, ua.Variant(-1.0, Types.Double)) == "BadShelvingTimeOutOfRange"
    async with listening(console) as heard:
        for node in (state, f"{condition}.Alarm"):
            assert await call(console, node, timed, half_a_minute) == "Good"
            assert (await heard.next())["ShelvingState/CurrentState"].Text == "Timed Shelved"
            assert await console.value(f"{state}.UnshelveTime") == 30_000.0
            assert await console.value(f"{condition}.Alarm.SuppressedOrShelved") is True
            assert await call(console, node, timed, half_a_minute) == "BadConditionAlreadyShelved"
            assert await call(console, node, end) == "Good"
            assert (await heard.next())["ShelvingState/CurrentState"].Text == "Unshelved"
        assert await call(console, state, once) == "Good"
        assert (await heard.next())["ShelvingState/CurrentState"].Text == "One Shot Shelved"
        assert await call(console, state, end) == "Good"
        await heard.next()
        assert await call(console, state, timed, half_a_minute) == "Good"
        assert (await console.call("Simulation", "Step", ua.Variant(31.0, Types.Double))).StatusCode.is_good()
        await heard.until(SourceName=TAG, ConditionName="H", **{"SuppressedState/Id": False})
        assert (await console.value(f"{state}.CurrentState")).Text == "Unshelved"


async def test_what_is_disabled_takes_no_action_but_enabling(console: Any, condition: str) -> None:
    node = f"{condition}.Alarm"
    assert await call(console, node, I.ConditionType_Enable) == "BadConditionAlreadyEnabled"
    async with listening(console) as heard:
        assert await call(console, node, I.ConditionType_Disable) == "Good"
        assert (await heard.next())["EnabledState/Id"] is False
        event_id = await console.value(f"{node}.EventId")
        assert await call(console, node, I.ConditionType_Disable) == "BadConditionAlreadyDisabled"
        assert await call(console, node, I.ConditionType_AddComment, *said(event_id)) == "BadConditionDisabled"
        assert await call(console, node, I.ConditionType_Enable) == "Good"
        assert (await heard.next())["EnabledState/Id"] is True


async def test_engineers_suppress_and_take_out_of_service(console: Any, condition: str) -> None:
    node = f"{condition}.Alarm"
    async with listening(console) as heard:
        for method, state, value in (
            (I.AlarmConditionType_Suppress, "SuppressedState/Id", True),
            (I.AlarmConditionType_Unsuppress, "SuppressedState/Id", False),
            (I.AlarmConditionType_RemoveFromService, "OutOfServiceState/Id", True),
            (I.AlarmConditionType_PlaceInService, "OutOfServiceState/Id", False),
        ):
            assert await call(console, node, method) == "Good"
            assert (await heard.next())[state] is value
            assert await call(console, node, method) == "BadInvalidState"


async def test_methods_are_found_below_the_condition_and_called_as_they_are_found(
    console: Any, engine: Engine, condition: str
) -> None:
    async def found(name: str) -> dict[str, ua.NodeId]:
        children = await console.node(name).get_children_descriptions(nodeclassmask=ua.NodeClass.Method)
        return {one.BrowseName.Name: one.NodeId for one in children}

    by_event = {"Acknowledge", "Confirm", "AddComment"}
    plain = {"Enable", "Disable", "Suppress", "Unsuppress", "RemoveFromService", "PlaceInService"}
    for alarm in engine.alarms:
        assert (await found(f"{alarm.name}.Alarm")).keys() == by_event | plain, alarm.name
    node, state = f"{condition}.Alarm", f"{condition}.Alarm.ShelvingState"
    methods, shelving = await found(node), await found(state)
    assert shelving.keys() == {"TimedShelve", "OneShotShelve", "Unshelve"}
    assert await console.node(node).get_child("0:AddComment") == console.client.get_node(methods["AddComment"])
    assert await console.node(node).get_child(["0:ShelvingState", "0:Unshelve"]) is not None
    minute = (ua.Variant(60_000.0, Types.Double),)
    event_id = await console.value(f"{node}.EventId")
    for owner, method, arguments in (
        (node, methods["AddComment"], said(event_id, "found")),
        (state, shelving["TimedShelve"], minute),
        (state, shelving["Unshelve"], ()),
        (state, shelving["OneShotShelve"], ()),
        (state, shelving["Unshelve"], ()),
        *((node, methods[one], ()) for one in ("Suppress", "Unsuppress", "RemoveFromService", "PlaceInService")),
        *((node, methods[one], ()) for one in ("Disable", "Enable")),
    ):
        assert (await console.call(owner, method, *arguments)).StatusCode.name == "Good", method
    event_id = await console.value(f"{node}.EventId")
    for name in ("Acknowledge", "Confirm"):
        answer = await console.call(node, methods[name], *said(event_id))
        assert answer.StatusCode.name.startswith("BadConditionBranchAlready"), "it was never active"


async def test_wrong_events_nodes_and_arguments_get_their_status(console: Any, condition: str) -> None:
    node, acknowledge = f"{condition}.Alarm", I.AcknowledgeableConditionType_Acknowledge
    event_id = await console.value(f"{node}.EventId")
    assert await call(console, node, acknowledge, *said(b"never")) == "BadEventIdUnknown"
    assert await call(console, node, I.AcknowledgeableConditionType_Confirm, *said(b"never")) == "BadEventIdUnknown"
    confirm = await call(console, node, I.AcknowledgeableConditionType_Confirm, *said(event_id))
    assert confirm == "BadConditionBranchAlreadyConfirmed"
    assert await call(console, TAG, acknowledge, *said(event_id)) == "BadNodeIdInvalid"
    assert await call(console, node, acknowledge) == "BadArgumentsMissing"
    assert await call(console, node, I.ConditionType_Enable, ua.Variant(1)) == "BadTooManyArguments"


async def refresh(console: Any, method: int, *arguments: int) -> str:
    request = ua.CallMethodRequest(
        ua.NodeId(I.ConditionType), ua.NodeId(method), [ua.Variant(one, Types.UInt32) for one in arguments]
    )
    (answer,) = await console.client.uaclient.call([request])
    return str(answer.StatusCode.name)


async def test_a_refresh_tells_again_what_is_retained_and_only_who_asked(
    console: Any, engine: Engine, condition: str, connect: Any
) -> None:
    await limit(console, engine, True)
    try:
        levels = where((Op.Equals, [operand("SourceName"), literal(TAG)]))
        async with listening(console, clause=levels) as heard, listening(console) as other:
            number = heard.subscription.subscription_id
            for method, arguments in (
                (I.ConditionType_ConditionRefresh, (number,)),
                (I.ConditionType_ConditionRefresh2, (number, heard.item)),
            ):
                assert await refresh(console, method, *arguments) == "Good"
                assert (await heard.next())["EventType"] == ua.NodeId(I.RefreshStartEventType)
                event = await heard.next()
                assert (event["ConditionName"], event["Retain"]) == ("H", True)
                assert event["EventId"] == await console.value(f"{condition}.Alarm.EventId")
                assert (await heard.next())["EventType"] == ua.NodeId(I.RefreshEndEventType)
            assert other.queue.empty()
            assert await refresh(console, I.ConditionType_ConditionRefresh, 0) == "BadSubscriptionIdInvalid"
            item = await refresh(console, I.ConditionType_ConditionRefresh2, number, 0)
            assert item == "BadMonitoredItemIdInvalid"
            async with connect(console.endpoint) as stranger:
                strange = await refresh(stranger, I.ConditionType_ConditionRefresh, number)
                assert strange == "BadSubscriptionIdInvalid"
    finally:
        await limit(console, engine, False)


async def test_an_item_that_cannot_be_filtered_is_refused(console: Any) -> None:
    subscription = await console.client.create_subscription(50, Listener())
    for node, filter_, status in (
        (ua.NodeId(I.Server), None, "BadEventFilterInvalid"),
        (console.id("No-such"), ua.EventFilter(), "BadNodeIdUnknown"),
        (console.id("TIC-201.PV"), ua.EventFilter(), "BadAttributeIdInvalid"),
        (console.id("TIC-201"), ua.EventFilter(), "BadNotSupported"),
    ):
        request = ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.EventNotifier),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(Filter=filter_),
        )
        params = ua.CreateMonitoredItemsParameters(
            SubscriptionId=subscription.subscription_id,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ItemsToCreate=[request],
        )
        (answer,) = await console.client.uaclient.create_monitored_items(params)
        assert answer.StatusCode.name == status
    await subscription.delete()


async def test_going_back_in_time_tells_what_is_different(console: Any, engine: Engine, condition: str) -> None:
    double = ua.VariantType.Double
    assert (await console.call("Simulation", "Step", ua.Variant(180.0, double))).StatusCode.is_good()
    await limit(console, engine, True)
    assert await console.value(f"{condition}.Alarm.ActiveState.Id") is True
    async with listening(console) as heard:
        assert (await console.call("Simulation", "Backtrack", ua.Variant(2.0, double))).StatusCode.is_good()
        back = (await heard.until(SourceName=TAG, ConditionName="H"))[-1]
        assert back["ActiveState/Id"] is False


async def test_observers_look_and_do_nothing(
    engine: Engine, condition: str, opcua_server: Any, connect: Any, tmp_path: Any
) -> None:
    async with (
        opcua_server(engine, state=tmp_path, insecure=False) as server,
        connect(server.endpoint) as observer,
        listening(observer) as heard,
    ):
        node = f"{condition}.Alarm"
        event_id = await observer.value(f"{node}.EventId")
        for method, arguments in (
            (I.AcknowledgeableConditionType_Acknowledge, said(event_id or b"")),
            (I.AcknowledgeableConditionType_Confirm, said(event_id or b"")),
            (I.ConditionType_AddComment, said(event_id or b"")),
            (I.ConditionType_Enable, ()),
            (I.ConditionType_Disable, ()),
            (I.ShelvedStateMachineType_TimedShelve, (ua.Variant(1000.0, Types.Double),)),
            (I.ShelvedStateMachineType_OneShotShelve, ()),
            (I.ShelvedStateMachineType_Unshelve, ()),
            (I.AlarmConditionType_Suppress, ()),
            (I.AlarmConditionType_RemoveFromService, ()),
        ):
            assert await call(observer, node, method, *arguments) == "BadUserAccessDenied"
        number = heard.subscription.subscription_id
        assert await refresh(observer, I.ConditionType_ConditionRefresh, number) == "Good"
        assert (await heard.next())["EventType"] == ua.NodeId(I.RefreshStartEventType)
