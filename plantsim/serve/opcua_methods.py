"""Methods: who may call them, with what arguments, and what they do."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace

from plantsim.engine.alarm_desk import Change
from plantsim.engine.command import Origin
from plantsim.engine.fieldwork import NotNow, UnknownAction
from plantsim.engine.malfunctions import TooMany
from plantsim.engine.shelf import NoSuchSnapshot
from plantsim.engine.snapshot import SnapshotError
from plantsim.engine.trigger import BadCondition
from plantsim.model.malfunction import UnknownMalfunction
from plantsim.model.tag import Role, ValueType
from plantsim.serve.opcua_alarms import Conditions
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_nodes import Id, NodeBatch
from plantsim.serve.opcua_publish import Publisher
from plantsim.serve.opcua_space import SIMULATION
from plantsim.serve.opcua_values import written

log = logging.getLogger(__name__)

REFRESH, REFRESH_ITEM = ua.NodeId(Id.ConditionType_ConditionRefresh), ua.NodeId(Id.ConditionType_ConditionRefresh2)


@dataclass(frozen=True, slots=True)
class Argument:
    """One input argument, or one result. array: a list of them."""

    name: str
    type: ua.VariantType
    description: str
    array: bool = False

    @property
    def node_form(self) -> ua.Argument:
        """As the InputArguments or OutputArguments property has it."""
        return ua.Argument(
            Name=self.name,
            DataType=ua.NodeId(self.type.value),
            ValueRank=ua.ValueRank.OneDimension if self.array else ua.ValueRank.Scalar,
            Description=ua.LocalizedText(self.description),
        )


@dataclass(frozen=True, slots=True)
class Call:
    """A call that has passed all checks."""

    object: ua.NodeId
    arguments: tuple[Any, ...]
    origin: Origin
    session: ua.NodeId
    """The session's public NodeId."""


class Refused(Exception):
    """What a method's run raises to say, besides its status, why: in words, for the people at the client."""

    def __init__(self, status: int, why: object) -> None:
        super().__init__(str(why))
        self.status = status


@dataclass(frozen=True, slots=True)
class Method:
    """A method of some objects.

    run: returns the status code of the answer, or its one result, or all its results; or raises Refused.
    """

    role: Role
    arguments: tuple[Argument, ...]
    objects: Container[ua.NodeId]
    run: Callable[[Call], Awaitable[int | str | Sequence[ua.Variant]]]


_SECONDS = Argument(
    "seconds", ua.VariantType.Double, "Plant time to run, s; above 0 and at most 3600, rounded to whole scans"
)
_NAME = Argument("name", ua.VariantType.String, "Of the snapshot: 1 to 64 of A-Z a-z 0-9 _ -")
_MINUTES = Argument("minutes", ua.VariantType.Double, "Plant time to go back, min; above 0 and at most 60")
_MALFUNCTION = Argument(
    "malfunction", ua.VariantType.String, "Name, or name@target; 'plantsim malfunctions' lists what there is"
)
_SEVERITY = Argument("severity", ua.VariantType.Double, "0 to 1")
_DELAY = Argument("delay", ua.VariantType.Double, "Plant time until it begins, s")
_RAMP = Argument("ramp", ua.VariantType.Double, "Plant time from its beginning to its severity, s")
_CONDITION = Argument(
    "condition",
    ua.VariantType.String,
    "What it waits for: AIC-201.PV < 0.8, K-213A.RUN = 0, TIC-201.PV bad, alarm TIC-201.HH",
)
_ACTION = Argument("action", ua.VariantType.String, "As ListFieldActions has it: bleed P-201")
_WRONG = Argument("malfunction", ua.VariantType.String, "An instance, or all of a malfunction, with or without @target")
_INSTANCE = Argument("instance", ua.VariantType.String, "By which it is cleared")
_SPEED = Argument("x", ua.VariantType.Double, "Times real time, above 0; infinite for as fast as it goes")

SIMULATION_METHODS: dict[str, tuple[str, tuple[Argument, ...]]] = {
    "Run": ("Let time pass at the requested speed", ()),
    "Freeze": ("Stop time; the requested speed stays", ()),
    "Step": ("Freeze, run so much plant time, and answer when its last image can be read", (_SECONDS,)),
    "SetSpeed": ("Request a speed", (_SPEED,)),
    "SaveSnapshot": ("Keep the whole state under a name", (_NAME,)),
    "RestoreSnapshot": ("Go on from a snapshot; also cold, steady and last", (_NAME,)),
    "Backtrack": ("Go back to a state of the last hour", (_MINUTES,)),
    "Inject": ("Let something go wrong", (_MALFUNCTION, _SEVERITY, _DELAY, _RAMP)),
    "InjectWhen": (
        "Let something go wrong from the scan on that finds a condition true",
        (_MALFUNCTION, _SEVERITY, _DELAY, _RAMP, _CONDITION),
    ),
    "Clear": ("Mend what is wrong", (_WRONG,)),
    "ClearAll": ("Mend everything", ()),
    "DoInField": ("Have the field operator do something in the plant; it takes its plant time", (_ACTION,)),
}
_RESULTS = {"Inject": (_INSTANCE,), "InjectWhen": (_INSTANCE,)}


def declare(
    batch: NodeBatch,
    parent: ua.NodeId,
    name: str,
    description: str,
    arguments: Sequence[Argument] = (),
    results: Sequence[Argument] = (),
) -> None:
    """The node of a method. name: with the object's before the dot."""
    batch.method(
        name,
        parent,
        browse_name=name.rpartition(".")[2],
        description=description,
        arguments=[argument.node_form for argument in arguments],
        results=[result.node_form for result in results],
    )


def build(batch: NodeBatch, simulation: ua.NodeId) -> None:
    """The method nodes of the Simulation object."""
    for name, (description, arguments) in SIMULATION_METHODS.items():
        declare(batch, simulation, f"{SIMULATION}.{name}", description, arguments, _RESULTS.get(name, ()))


class Methods:
    """Answers Call requests. methods: by MethodId."""

    def __init__(self, space: AddressSpace, methods: Mapping[ua.NodeId, Method]) -> None:
        self._space = space
        self._methods = methods

    def role(self, method: ua.NodeId) -> Role | None:
        """Least role that may call it; None for what is not one of ours."""
        found = self._methods.get(method)
        return None if found is None else found.role

    async def call(
        self, request: ua.CallMethodRequest, origin: Origin, session: ua.NodeId | None = None
    ) -> ua.CallMethodResult:
        """Check the request and do it."""
        given = request.InputArguments or []
        method = self._methods.get(request.MethodId)
        if self._space.get(request.ObjectId) is None:
            return _answer(ua.StatusCodes.BadNodeIdUnknown)
        if method is None:
            return _answer(ua.StatusCodes.BadMethodInvalid)
        if request.ObjectId not in method.objects:
            # a condition's method is called on the condition, never on its type (OPC 10000-9, 5.7.3)
            on_condition = request.MethodId.NamespaceIndex == 0
            return _answer(ua.StatusCodes.BadNodeIdInvalid if on_condition else ua.StatusCodes.BadMethodInvalid)
        if origin.role < method.role:
            return _answer(ua.StatusCodes.BadUserAccessDenied)
        if len(given) < len(method.arguments):
            return _answer(ua.StatusCodes.BadArgumentsMissing)
        if len(given) > len(method.arguments):
            return _answer(ua.StatusCodes.BadTooManyArguments)
        values = tuple(_argument(variant, argument) for variant, argument in zip(given, method.arguments, strict=True))
        if None in values:
            found = [ua.StatusCodes.BadTypeMismatch if value is None else ua.StatusCodes.Good for value in values]
            return _answer(ua.StatusCodes.BadInvalidArgument, found)
        try:
            result: int | str | Sequence[ua.Variant] = await method.run(
                Call(request.ObjectId, values, origin, session or ua.NodeId())
            )
        except Refused as refused:
            log.warning("%s: %s", request.MethodId.Identifier, refused)
            return _refusal(refused, len(values))
        except Exception:
            log.exception("method %s failed", request.MethodId)
            result = ua.StatusCodes.BadInternalError
        status = result if isinstance(result, int) else ua.StatusCodes.Good
        answer = _answer(status, [ua.StatusCodes.Good] * len(values))
        if isinstance(result, str):
            answer.OutputArguments = [ua.Variant(result, ua.VariantType.String)]
        elif not isinstance(result, int):
            answer.OutputArguments = list(result)
        return answer


def _argument(variant: ua.Variant, argument: Argument) -> Any:
    """The argument's value, or None where it is not of its type."""
    if argument.type is ua.VariantType.Double:
        return written(variant, ValueType.FLOAT)
    return variant.Value if variant.VariantType is argument.type and not variant.is_array else None


def _answer(status: int, arguments: Sequence[int] = ()) -> ua.CallMethodResult:
    return ua.CallMethodResult(
        StatusCode=ua.StatusCode(status), InputArgumentResults=[ua.StatusCode(code) for code in arguments]
    )


def _refusal(refused: Refused, arguments: int) -> ua.CallMethodResult:
    """With the reason where clients look for it: in the diagnostics of the arguments, which a bad status may bring; one
    for each, as there are results."""
    answer = _answer(refused.status, [ua.StatusCodes.Good] * arguments)
    others = [ua.DiagnosticInfo() for _ in range(arguments - 1)]
    answer.InputArgumentDiagnosticInfos = [ua.DiagnosticInfo(AdditionalInfo=str(refused)), *others]
    return answer


def simulation_methods(batch: NodeBatch, engine: Engine, publisher: Publisher) -> dict[ua.NodeId, Method]:
    """The methods of the Simulation object, for the instructor."""
    objects = frozenset((batch.id(SIMULATION),))

    async def run(_: Call) -> int:
        engine.run()
        return int(ua.StatusCodes.Good)

    async def freeze(_: Call) -> int:
        engine.freeze()
        return int(ua.StatusCodes.Good)

    async def set_speed(call: Call) -> int:
        try:
            engine.set_speed(*call.arguments)
        except ValueError:
            return int(ua.StatusCodes.BadOutOfRange)
        return int(ua.StatusCodes.Good)

    async def step(call: Call) -> int:
        (seconds,) = call.arguments
        if 0 < seconds < engine.scan_period / 2:  # no scan at all
            engine.freeze()
            return int(ua.StatusCodes.Good)
        try:
            stepping = asyncio.wrap_future(engine.step(seconds))
        except (ValueError, OverflowError):
            return int(ua.StatusCodes.BadOutOfRange)
        # waited for from outside: the engine may cancel it, which must not look like the end of this connection
        await asyncio.wait((stepping,))
        if stepping.cancelled():
            return int(ua.StatusCodes.BadShutdown)
        if (failure := stepping.exception()) is not None:
            log.error("Step: %s", failure)
            return int(ua.StatusCodes.BadInvalidState)
        await publisher.catch_up()
        return int(ua.StatusCodes.Good)

    async def save_snapshot(call: Call) -> int:
        (name,) = call.arguments
        try:
            await asyncio.to_thread(engine.save_snapshot, name, call.origin)
        except SnapshotError as error:
            log.warning("SaveSnapshot: %s", error)
            return int(ua.StatusCodes.BadInvalidArgument)
        except OSError as error:
            log.error("SaveSnapshot: %s", error)
            return int(ua.StatusCodes.BadResourceUnavailable)
        return int(ua.StatusCodes.Good)

    async def restore_snapshot(call: Call) -> int:
        (name,) = call.arguments
        try:
            await asyncio.to_thread(engine.restore_snapshot, name, call.origin)
        except NoSuchSnapshot as error:
            log.warning("RestoreSnapshot: %s", error)
            return int(ua.StatusCodes.BadNotFound)
        except SnapshotError as error:
            log.warning("RestoreSnapshot: %s", error)
            return int(ua.StatusCodes.BadInvalidArgument)
        await publisher.catch_up()
        return int(ua.StatusCodes.Good)

    async def backtrack(call: Call) -> int:
        (minutes,) = call.arguments
        try:
            await asyncio.to_thread(engine.backtrack, minutes, call.origin)
        except ValueError as error:
            log.warning("Backtrack: %s", error)
            return int(ua.StatusCodes.BadOutOfRange)
        await publisher.catch_up()
        return int(ua.StatusCodes.Good)

    async def inject(call: Call) -> int | str:
        malfunction, severity, delay, ramp = call.arguments
        try:
            return engine.inject(malfunction, severity, delay, ramp, call.origin)
        except UnknownMalfunction as error:
            log.warning("Inject: %s", error)
            return int(ua.StatusCodes.BadNotFound)
        except TooMany as error:
            log.warning("Inject: %s", error)
            return int(ua.StatusCodes.BadResourceUnavailable)
        except ValueError as error:
            log.warning("Inject: %s", error)
            return int(ua.StatusCodes.BadOutOfRange)

    async def inject_when(call: Call) -> int | str:
        malfunction, severity, delay, ramp, condition = call.arguments
        try:
            return engine.inject_when(malfunction, severity, delay, ramp, condition, call.origin)
        except BadCondition as error:
            raise Refused(ua.StatusCodes.BadInvalidArgument, error) from None
        except UnknownMalfunction as error:
            raise Refused(ua.StatusCodes.BadNotFound, error) from None
        except TooMany as error:
            raise Refused(ua.StatusCodes.BadResourceUnavailable, error) from None
        except ValueError as error:
            raise Refused(ua.StatusCodes.BadOutOfRange, error) from None

    async def clear(call: Call) -> int | str:
        (name,) = call.arguments
        try:
            engine.clear(name, call.origin)
        except UnknownMalfunction as error:
            log.warning("Clear: %s", error)
            return int(ua.StatusCodes.BadNotFound)
        return int(ua.StatusCodes.Good)

    async def clear_all(call: Call) -> int | str:
        engine.clear_all(call.origin)
        return int(ua.StatusCodes.Good)

    async def do_in_field(call: Call) -> int | str:
        (action,) = call.arguments
        try:
            engine.do_in_field(action, call.origin)
        except UnknownAction as error:
            raise Refused(ua.StatusCodes.BadNotFound, error) from None
        except NotNow as error:
            raise Refused(ua.StatusCodes.BadInvalidState, error.reason) from None
        except TooMany as error:
            raise Refused(ua.StatusCodes.BadResourceUnavailable, error) from None
        return int(ua.StatusCodes.Good)

    runs: dict[str, Callable[[Call], Awaitable[int | str]]] = {
        "Run": run,
        "Freeze": freeze,
        "Step": step,
        "SetSpeed": set_speed,
    } | {
        "SaveSnapshot": save_snapshot,
        "RestoreSnapshot": restore_snapshot,
        "Backtrack": backtrack,
        "Inject": inject,
        "InjectWhen": inject_when,
        "Clear": clear,
        "ClearAll": clear_all,
        "DoInField": do_in_field,
    }
    return {
        batch.id(f"{SIMULATION}.{name}"): Method(Role.INSTRUCTOR, arguments, objects, runs[name])
        for name, (_, arguments) in SIMULATION_METHODS.items()
    }


_EVENT_ID = Argument("EventId", ua.VariantType.ByteString, "The event that is meant")
_COMMENT = Argument("Comment", ua.VariantType.LocalizedText, "Why")
_SHELVING_TIME = Argument("ShelvingTime", ua.VariantType.Double, "Plant time, ms")
_SUBSCRIPTION = Argument("SubscriptionId", ua.VariantType.UInt32, "A subscription of this session")
_ITEM = Argument("MonitoredItemId", ua.VariantType.UInt32, "One of its items")

_BY_EVENT = {
    Id.AcknowledgeableConditionType_Acknowledge: Change.ACKNOWLEDGED,
    Id.AcknowledgeableConditionType_Confirm: Change.CONFIRMED,
    Id.ConditionType_AddComment: Change.COMMENTED,
}
"""Methods of what a client saw in an event."""
_PLAIN = {
    Id.ConditionType_Enable: Change.ENABLED,
    Id.ConditionType_Disable: Change.DISABLED,
    Id.ShelvedStateMachineType_OneShotShelve: Change.SHELVED_ONCE,
    Id.AlarmConditionType_ShelvingState_OneShotShelve: Change.SHELVED_ONCE,
    Id.ShelvedStateMachineType_Unshelve: Change.UNSHELVED,
    Id.AlarmConditionType_ShelvingState_Unshelve: Change.UNSHELVED,
}
_BY_ENGINEER = {
    Id.AlarmConditionType_Suppress: Change.SUPPRESSED,
    Id.AlarmConditionType_Unsuppress: Change.UNSUPPRESSED,
    Id.AlarmConditionType_RemoveFromService: Change.TAKEN_OUT,
    Id.AlarmConditionType_PlaceInService: Change.RETURNED,
}
_TIMED = (Id.ShelvedStateMachineType_TimedShelve, Id.AlarmConditionType_ShelvingState_TimedShelve)


def condition_methods(conditions: Conditions) -> dict[ua.NodeId, Method]:
    """What clients call on a condition, or on its shelving state, by the MethodId of its type."""

    def by_event(change: Change) -> Callable[[Call], Awaitable[int]]:
        async def run(call: Call) -> int:
            event_id, comment = call.arguments
            text = comment.Text or ""
            return conditions.act(call.object, change, call.origin, event_id=event_id, by_event=True, comment=text)

        return run

    def plainly(change: Change) -> Callable[[Call], Awaitable[int]]:
        async def run(call: Call) -> int:
            return conditions.act(call.object, change, call.origin)

        return run

    async def shelve(call: Call) -> int:
        (milliseconds,) = call.arguments
        if not math.isfinite(milliseconds):
            return int(ua.StatusCodes.BadShelvingTimeOutOfRange)
        return conditions.act(call.object, Change.SHELVED, call.origin, seconds=milliseconds / 1000.0)

    operator, engineer = Role.OPERATOR, Role.ENGINEER
    made = {one: Method(operator, (_EVENT_ID, _COMMENT), conditions, by_event(to)) for one, to in _BY_EVENT.items()}
    made |= {one: Method(operator, (), conditions, plainly(to)) for one, to in _PLAIN.items()}
    made |= {one: Method(engineer, (), conditions, plainly(to)) for one, to in _BY_ENGINEER.items()}
    made |= {one: Method(operator, (_SHELVING_TIME,), conditions, shelve) for one in _TIMED}
    return {ua.NodeId(one): method for one, method in made.items()}


def refresh_methods(
    refresh: Callable[[int, int | None, ua.NodeId], Awaitable[int]],
) -> dict[ua.NodeId, Method]:
    """ConditionRefresh and ConditionRefresh2: all that is retained, told again to one subscription of the caller.

    refresh: gets the subscription, one of its items or None, and the session; returns the status code of the answer.
    """

    async def all_items(call: Call) -> int:
        (subscription,) = call.arguments
        return await refresh(subscription, None, call.session)

    async def one_item(call: Call) -> int:
        subscription, item = call.arguments
        return await refresh(subscription, item, call.session)

    on = frozenset((ua.NodeId(Id.ConditionType),))
    return {
        REFRESH: Method(Role.OBSERVER, (_SUBSCRIPTION,), on, all_items),
        REFRESH_ITEM: Method(Role.OBSERVER, (_SUBSCRIPTION, _ITEM), on, one_item),
    }
