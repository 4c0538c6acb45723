"""Who may do what: every service on every class of node, for every role, asked over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Client, ua

from plantsim.engine.engine import Engine
from plantsim.history.historian import Historian
from plantsim.model.load import load_plant
from plantsim.serve.opcua_users import INITIAL_PASSWORDS

pytestmark = pytest.mark.asyncio(loop_scope="module")
Types, I = ua.VariantType, ua.ObjectIds  # noqa: E741
ROLES = ("observer", "operator", "engineer", "instructor")
GOOD, DENIED, READ_ONLY, UNKNOWN = "Good", "BadUserAccessDenied", "BadNotWritable", "BadNodeIdUnknown"
UNSUPPORTED = "BadServiceUnsupported"
Ask = Callable[[Any], Awaitable[str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def consoles(
    engine: Engine, historian: Historian, opcua_server: Any, connect: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, Any]]:
    """A session of each role."""
    state: Path = tmp_path_factory.mktemp("state")
    async with (
        opcua_server(engine, state=state, insecure=False, history=historian) as server,
        AsyncExitStack() as stack,
    ):
        lines = (state / INITIAL_PASSWORDS).read_text(encoding="utf-8").splitlines()
        passwords = dict(line.split(" ") for line in lines)

        def login(role: str) -> Callable[[Client], Awaitable[None]]:
            async def prepare(client: Client) -> None:
                if role in passwords:
                    client.set_user(role)
                    client.set_password(passwords[role])

            return prepare

        yield {role: await stack.enter_async_context(connect(server.endpoint, login(role))) for role in ROLES}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(load_plant("belfast"), epoch=1_767_225_600.0, frozen=True)


@pytest.fixture(scope="module")
def historian(engine: Engine, recording: Any) -> Iterator[Historian]:
    with recording(engine) as made:
        yield made


def read(name: str, attribute: int = ua.AttributeIds.Value) -> Ask:
    async def ask(console: Any) -> str:
        return str((await console.read(name, attribute)).StatusCode.name)

    return ask


def write(name: str, value: Any = None, type_: ua.VariantType = Types.Double) -> Ask:
    """The value that it has, unless told otherwise."""

    async def ask(console: Any) -> str:
        now = value if value is not None else await console.value(name)
        (answer,) = await console.write((name, ua.Variant(now, type_)))
        return str(answer)

    return ask


def write_attribute(name: str, attribute: int) -> Ask:
    async def ask(console: Any) -> str:
        (answer,) = await console.client.uaclient.write_attributes(
            [console.id(name)], [ua.DataValue(ua.Variant(ua.LocalizedText("mine"), Types.LocalizedText))], attribute
        )
        return str(answer.name)

    return ask


def write_server(node: int) -> Ask:
    async def ask(console: Any) -> str:
        (answer,) = await console.client.uaclient.write_attributes(
            [ua.NodeId(node)], [ua.DataValue(ua.Variant(0, Types.Byte))], ua.AttributeIds.Value
        )
        return str(answer.name)

    return ask


def call(owner: str, method: str | int, *arguments: ua.Variant) -> Ask:
    async def ask(console: Any) -> str:
        which = ua.NodeId(method) if isinstance(method, int) else method
        return str((await console.call(owner, which, *arguments)).StatusCode.name)

    return ask


def browse(name: str) -> Ask:
    async def ask(console: Any) -> str:
        parameters = ua.BrowseParameters()
        one = ua.BrowseDescription()
        one.NodeId, one.BrowseDirection = console.id(name), ua.BrowseDirection.Forward
        one.ReferenceTypeId, one.IncludeSubtypes = ua.NodeId(I.References), True
        one.NodeClassMask, one.ResultMask = ua.NodeClass.Unspecified, ua.BrowseResultMask.All
        parameters.NodesToBrowse = [one]
        (answer,) = await console.client.uaclient.browse(parameters)
        return str(answer.StatusCode.name)

    return ask


def find(*path: str) -> Ask:
    async def ask(console: Any) -> str:
        try:
            await console.node(path[0]).get_child([f"{console.index}:{word}" for word in path[1:]])
        except ua.uaerrors.UaStatusCodeError as error:
            return str(ua.StatusCode(error.code).name)
        return GOOD

    return ask


def monitor(name: str, attribute: int = ua.AttributeIds.Value) -> Ask:
    async def ask(console: Any) -> str:
        subscription = await console.client.create_subscription(1000.0, None)
        try:
            item = ua.MonitoredItemCreateRequest()
            item.ItemToMonitor.NodeId, item.ItemToMonitor.AttributeId = console.id(name), attribute
            item.MonitoringMode = ua.MonitoringMode.Disabled
            parameters = ua.CreateMonitoredItemsParameters()
            parameters.SubscriptionId = subscription.subscription_id
            parameters.ItemsToCreate = [item]
            (answer,) = await console.client.uaclient.create_monitored_items(parameters)
            return str(answer.StatusCode.name)
        finally:
            await subscription.delete()

    return ask


def history(name: str) -> Ask:
    async def ask(console: Any) -> str:
        details = ua.ReadRawModifiedDetails(IsReadModified=False)
        details.StartTime, details.EndTime = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        details.NumValuesPerNode = 10
        parameters = ua.HistoryReadParameters()
        parameters.HistoryReadDetails = details
        parameters.ReleaseContinuationPoints = False  # or nothing is read at all
        parameters.NodesToRead = [ua.HistoryReadValueId(NodeId=console.id(name))]
        (answer,) = await console.client.uaclient.history_read(parameters)
        return str(answer.StatusCode.name)

    return ask


def events(name: str | int) -> Ask:
    """History of events."""

    async def ask(console: Any) -> str:
        begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        select = ua.SimpleAttributeOperand(ua.NodeId(I.BaseEventType), [ua.QualifiedName("Severity")], VALUE)
        node = ua.NodeId(name) if isinstance(name, int) else console.id(name)
        parameters = ua.HistoryReadParameters(
            ua.ReadEventDetails(10, begin, end, ua.EventFilter([select])),
            ua.TimestampsToReturn.Both,
            False,
            [ua.HistoryReadValueId(node)],
        )
        (answer,) = await console.client.uaclient.history_read(parameters)
        return str(answer.StatusCode.name)

    return ask


async def status_of(console: Any, request: Any) -> str:
    """The name of the status that a whole request is answered with."""
    try:
        await console.client.uaclient.protocol.send_request(request)
    except ua.uaerrors.UaStatusCodeError as error:
        return str(ua.StatusCode(error.code).name)
    return GOOD


def trigger(*, own: bool) -> Ask:
    """SetTriggering of items of one's own subscription, or of one that is nobody's."""

    async def ask(console: Any) -> str:
        subscription = await console.client.create_subscription(1000.0, None)
        try:
            items = [
                ua.MonitoredItemCreateRequest(
                    ua.ReadValueId(console.id(name), VALUE),
                    ua.MonitoringMode.Disabled,
                    ua.MonitoringParameters(handle, 0.0, None, 1, True),
                )
                for handle, name in enumerate(("TIC-201.PV", "TIC-201.SP"))
            ]
            number = subscription.subscription_id
            made = await console.client.uaclient.create_monitored_items(
                ua.CreateMonitoredItemsParameters(number, ua.TimestampsToReturn.Both, items)
            )
            request = ua.SetTriggeringRequest()
            request.Parameters = ua.SetTriggeringParameters(
                number if own else 0, made[0].MonitoredItemId, [made[1].MonitoredItemId], []
            )
            return await status_of(console, request)
        finally:
            await subscription.delete()

    return ask


def register(name: str) -> Ask:
    async def ask(console: Any) -> str:
        request = ua.RegisterNodesRequest()
        request.Parameters.NodesToRegister = [console.id(name)]
        return await status_of(console, request)

    return ask


def change_history(name: str) -> Ask:
    async def ask(console: Any) -> str:
        request = ua.HistoryUpdateRequest()
        begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        request.Parameters.HistoryUpdateDetails = [ua.DeleteRawModifiedDetails(console.id(name), False, begin, end)]
        return await status_of(console, request)

    return ask


def look_up_sessions() -> Ask:
    async def ask(console: Any) -> str:
        summary = I.Server_ServerDiagnostics_SessionsDiagnosticsSummary_SessionDiagnosticsArray
        (answer,) = await console.client.uaclient.read_attributes([ua.NodeId(summary)], VALUE)
        return str(answer.StatusCode.name)

    return ask


def manage(what: str) -> Ask:
    async def ask(console: Any) -> str:
        try:
            if what == "add":
                await console.node("Plant").add_object(console.index, "mine")
            elif what == "delete":
                await console.client.delete_nodes([console.node("TIC-201")])
            else:
                await console.node("Plant").add_reference(console.node("KPI"), I.Organizes)
        except ua.uaerrors.UaStatusCodeError as error:
            return str(ua.StatusCode(error.code).name)
        return GOOD

    return ask


VALUE = ua.AttributeIds.Value
ALARM = "TIC-201.H.Alarm"
EVENT, WORDS = ua.Variant(b"no event", Types.ByteString), ua.Variant(ua.LocalizedText("x"), Types.LocalizedText)
AIM = ua.Variant("sweep-fan-trip", Types.String)
AMOUNTS = (ua.Variant(0.0, Types.Double),) * 3
NONE, NOWHERE = ua.Variant(0.0, Types.Double), ua.Variant("none", Types.String)
OUT, NOT_THERE, NO_SUCH_EVENT = "BadOutOfRange", "BadNotFound", "BadEventIdUnknown"
NO_HISTORY = "BadHistoryOperationUnsupported"
INSTRUCTORS = (DENIED,) * 3
MATRIX: dict[tuple[str, str], tuple[Ask, tuple[str, str, str, str]]] = {
    # a hidden node answers as if there were none; of all others everybody reads all
    ("read", "measured value"): (read("TIC-201.PV"), (GOOD,) * 4),
    ("read", "tuning"): (read("TIC-201.Gain"), (GOOD,) * 4),
    ("read", "key figure"): (read("KPI.Throughput"), (GOOD,) * 4),
    ("read", "simulation"): (read("Simulation.Seed"), (GOOD,) * 4),
    ("read", "property"): (read("TIC-201.PV.EURange"), (GOOD,) * 4),
    ("read", "condition"): (read(f"{ALARM}.AckedState"), (GOOD,) * 4),
    ("read", "object"): (read("TIC-201", ua.AttributeIds.DisplayName), (GOOD,) * 4),
    ("read", "method"): (read("Simulation.Freeze", ua.AttributeIds.BrowseName), (GOOD,) * 4),
    ("read", "hidden method"): (
        read("Simulation.ListInjected", ua.AttributeIds.BrowseName), (UNKNOWN, UNKNOWN, UNKNOWN, GOOD),
    ),
    ("write", "measured value"): (write("TIC-201.PV"), (READ_ONLY,) * 4),
    ("write", "set point"): (write("TIC-201.SP"), (DENIED, GOOD, GOOD, GOOD)),
    ("write", "mode"): (write("TIC-201.MODE", type_=Types.UInt16), (DENIED, GOOD, GOOD, GOOD)),
    ("write", "tuning"): (write("TIC-201.Gain"), (DENIED, DENIED, GOOD, GOOD)),
    ("write", "limit"): (write("TIC-201.H"), (DENIED, DENIED, GOOD, GOOD)),
    ("write", "bypass"): (write("UZ-201.BYPASS", False, Types.Boolean), (DENIED, DENIED, GOOD, GOOD)),
    ("write", "hand switch"): (write("HS-711.STATE", type_=Types.Boolean), (DENIED, GOOD, GOOD, GOOD)),
    ("write", "sequence"): (write("KS-800.CMD", 2, Types.UInt16), (DENIED, *("BadInvalidState",) * 3)),
    ("write", "key figure"): (write("KPI.Throughput"), (READ_ONLY,) * 4),
    ("write", "simulation"): (write("Simulation.Speed"), (READ_ONLY,) * 4),
    ("write", "property"): (write("TIC-201.PV.EURange", ua.Range(0.0, 1.0), Types.ExtensionObject), (READ_ONLY,) * 4),
    ("write", "other attribute"): (write_attribute("TIC-201.PV", ua.AttributeIds.DisplayName), (READ_ONLY,) * 4),
    ("write", "server's own"): (write_server(I.Server_ServiceLevel), (READ_ONLY,) * 4),
    ("write", "condition"): (write(f"{ALARM}.Retain", False, Types.Boolean), (READ_ONLY,) * 4),
    ("write", "object"): (write("TIC-201", 0.0), ("BadAttributeIdInvalid",) * 4),
    ("write", "method"): (write("Simulation.Freeze", 0.0), ("BadAttributeIdInvalid",) * 4),
    ("call", "simulation"): (call("Simulation", "Freeze"), (DENIED, DENIED, DENIED, GOOD)),
    # what says why it cannot be has passed the check of the role
    ("call", "step"): (call("Simulation", "Step", NONE), (*INSTRUCTORS, OUT)),
    ("call", "speed"): (call("Simulation", "SetSpeed", NONE), (*INSTRUCTORS, OUT)),
    ("call", "save"): (
        call("Simulation", "SaveSnapshot", ua.Variant("last", Types.String)), (*INSTRUCTORS, "BadInvalidArgument"),
    ),
    ("call", "restore"): (call("Simulation", "RestoreSnapshot", NOWHERE), (*INSTRUCTORS, NOT_THERE)),
    ("call", "backtrack"): (call("Simulation", "Backtrack", NONE), (*INSTRUCTORS, OUT)),
    ("call", "clear"): (call("Simulation", "Clear", NOWHERE), (*INSTRUCTORS, NOT_THERE)),
    ("call", "clear all"): (call("Simulation", "ClearAll"), (*INSTRUCTORS, GOOD)),
    ("call", "last writes"): (
        call("Plant", "LastWrites", ua.Variant("TIC-201", Types.String)), (DENIED, GOOD, GOOD, GOOD),
    ),
    ("call", "malfunction"): (
        call("Simulation", "Inject", AIM, *AMOUNTS), (DENIED, DENIED, DENIED, GOOD),
    ),
    ("call", "armed malfunction"): (
        call("Simulation", "InjectWhen", AIM, *AMOUNTS, ua.Variant("SC-101.RUN = 0", Types.String)),
        (DENIED, DENIED, DENIED, GOOD),
    ),
    ("call", "field operator"): (
        call("Simulation", "DoInField", ua.Variant("restore the air of TV-202", Types.String)),
        (DENIED, DENIED, DENIED, GOOD),
    ),
    ("call", "hidden method"): (call("Simulation", "ListInjected"), (UNKNOWN, UNKNOWN, UNKNOWN, GOOD)),
    ("call", "acknowledge"): (
        call(ALARM, I.AcknowledgeableConditionType_Acknowledge, EVENT, WORDS), (DENIED, *("BadEventIdUnknown",) * 3),
    ),
    ("call", "confirm"): (
        call(ALARM, I.AcknowledgeableConditionType_Confirm, EVENT, WORDS), (DENIED, *(NO_SUCH_EVENT,) * 3),
    ),
    ("call", "comment"): (
        call(ALARM, I.ConditionType_AddComment, EVENT, WORDS), (DENIED, *(NO_SUCH_EVENT,) * 3),
    ),
    ("call", "shelve for a time"): (
        call(f"{ALARM}.ShelvingState", I.ShelvedStateMachineType_TimedShelve, ua.Variant(-1.0, Types.Double)),
        (DENIED, *("BadShelvingTimeOutOfRange",) * 3),
    ),
    ("call", "enable"): (
        call(ALARM, I.ConditionType_Enable), (DENIED, *("BadConditionAlreadyEnabled",) * 3),
    ),
    ("call", "end suppression"): (
        call(ALARM, I.AlarmConditionType_Unsuppress), (DENIED, DENIED, "BadInvalidState", "BadInvalidState"),
    ),
    ("call", "place in service"): (
        call(ALARM, I.AlarmConditionType_PlaceInService), (DENIED, DENIED, "BadInvalidState", "BadInvalidState"),
    ),
    ("call", "shelve"): (
        call(f"{ALARM}.ShelvingState", I.ShelvedStateMachineType_Unshelve), (DENIED, *("BadConditionNotShelved",) * 3),
    ),
    ("browse", "object"): (browse("Plant"), (GOOD,) * 4),
    ("browse", "hidden method"): (browse("Simulation.ListInjected"), (UNKNOWN, UNKNOWN, UNKNOWN, GOOD)),
    ("find", "variable"): (find("TIC-201", "PV"), (GOOD,) * 4),
    ("find", "hidden method"): (find("Simulation", "ListInjected"), ("BadNoMatch",) * 3 + (GOOD,)),
    ("monitor", "measured value"): (monitor("TIC-201.PV"), (GOOD,) * 4),
    ("monitor", "hidden method"): (
        monitor("Simulation.ListInjected", ua.AttributeIds.UserExecutable), (UNKNOWN, UNKNOWN, UNKNOWN, GOOD),
    ),
    ("history", "measured value"): (history("TIC-201.PV"), (GOOD,) * 4),
    ("history", "key figure"): (history("KPI.Throughput"), (GOOD,) * 4),
    ("history", "property"): (history("TIC-201.PV.EURange"), (NO_HISTORY,) * 4),
    ("history", "object"): (history("TIC-201"), (NO_HISTORY,) * 4),
    ("history", "hidden method"): (history("Simulation.ListInjected"), (UNKNOWN, UNKNOWN, UNKNOWN, NO_HISTORY)),
    ("history", "events"): (events(I.Server), ("GoodNoData",) * 4),
    ("history", "events of an object"): (events("TIC-201"), (NO_HISTORY,) * 4),
    ("trigger", "items of one's own"): (trigger(own=True), (GOOD,) * 4),
    ("trigger", "items of nobody's"): (trigger(own=False), ("BadSubscriptionIdInvalid",) * 4),
    ("register", "measured value"): (register("TIC-201.PV"), (GOOD,) * 4),
    ("read", "sessions"): (look_up_sessions(), (*INSTRUCTORS, GOOD)),
    ("manage", "history"): (change_history("TIC-201.PV"), (UNSUPPORTED,) * 4),
    ("manage", "add a node"): (manage("add"), (DENIED,) * 4),
    ("manage", "delete a node"): (manage("delete"), (DENIED,) * 4),
    ("manage", "add a reference"): (manage("refer"), (DENIED,) * 4),
}  # fmt: skip


@pytest.mark.parametrize(("service", "node"), MATRIX)
async def test_each_role_gets_its_answer(consoles: Mapping[str, Any], service: str, node: str) -> None:
    ask, expected = MATRIX[service, node]
    found = {role: await ask(consoles[role]) for role in ROLES}
    assert found == dict(zip(ROLES, expected, strict=True))
