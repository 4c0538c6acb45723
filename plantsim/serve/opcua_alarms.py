"""Alarms as conditions (OPC 10000-9): their nodes, their state, their events, and what people do to them.

A condition has the nodes that clients read and watch, not all that its type may have: whole instances of the standard
would be ten thousand nodes. Whatever is not a node is still a field of its events.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue
from numpy.typing import NDArray

from plantsim.engine.alarm_desk import AlarmEvent, Change
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.image import (
    ACTIVE,
    DISABLED,
    OUT_OF_SERVICE,
    SHELVED,
    SUPPRESSED,
    UNACKED,
    UNCONFIRMED,
    ProcessImage,
)
from plantsim.model.tag import AlarmPoint
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_events import Event
from plantsim.serve.opcua_nodes import Id, NodeBatch
from plantsim.serve.opcua_outlet import notify
from plantsim.serve.opcua_values import moment
from plantsim.serve.opcua_writes import STATUS_OF

_LIMIT_STATES = {"HH": "HighHigh", "H": "High", "L": "Low", "LL": "LowLow"}
_TYPES = {
    **dict.fromkeys(_LIMIT_STATES, Id.ExclusiveLevelAlarmType),
    "DEV": Id.ExclusiveDeviationAlarmType,
    "ROC": Id.ExclusiveRateOfChangeAlarmType,
    "TRIP": Id.TripAlarmType,
    "DISC": Id.DiscrepancyAlarmType,
    "FAIL": Id.SystemOffNormalAlarmType,
    "STALE": Id.SystemOffNormalAlarmType,
    "HELD": Id.SystemOffNormalAlarmType,
}
"""Type of condition by name; all others are OffNormalAlarmType."""

_TWO_STATES = {
    "EnabledState": ("Disabled", "Enabled"),
    "ActiveState": ("Inactive", "Active"),
    "AckedState": ("Unacknowledged", "Acknowledged"),
    "ConfirmedState": ("Unconfirmed", "Confirmed"),
    "SuppressedState": ("Unsuppressed", "Suppressed"),
    "OutOfServiceState": ("In Service", "Out of Service"),
}
"""Texts of what is false and of what is true."""
_SHELVING = {
    "Unshelved": Id.ShelvedStateMachineType_Unshelved,
    "Timed Shelved": Id.ShelvedStateMachineType_TimedShelved,
    "One Shot Shelved": Id.ShelvedStateMachineType_OneShotShelved,
}
_METHODS = (
    Id.ConditionType_Enable,
    Id.ConditionType_Disable,
    Id.ConditionType_AddComment,
    Id.AcknowledgeableConditionType_Acknowledge,
    Id.AcknowledgeableConditionType_Confirm,
    Id.AlarmConditionType_Suppress,
    Id.AlarmConditionType_Unsuppress,
    Id.AlarmConditionType_RemoveFromService,
    Id.AlarmConditionType_PlaceInService,
)
"""The type's own, of which every condition has references: clients look for methods below what they act on."""
_SHELVING_METHODS = (
    Id.ShelvedStateMachineType_TimedShelve,
    Id.ShelvedStateMachineType_OneShotShelve,
    Id.ShelvedStateMachineType_Unshelve,
)
"""The same of the shelving state."""
_MOST_EVENT_IDS = 64
"""Of one activation: a condition that is commented on all day must not grow."""

_BYTES, _TEXT, _STRING = ua.VariantType.ByteString, ua.VariantType.LocalizedText, ua.VariantType.String
_BOOLEAN, _DOUBLE, _NODE, _TIME = (
    ua.VariantType.Boolean,
    ua.VariantType.Double,
    ua.VariantType.NodeId,
    ua.VariantType.DateTime,
)


def condition_type(alarm: AlarmPoint) -> ua.NodeId:
    """The type of an alarm's condition."""
    return ua.NodeId(_TYPES.get(alarm.condition, Id.OffNormalAlarmType))


def _fixed(alarm: AlarmPoint, source: ua.NodeId) -> dict[str, ua.Variant]:
    """Fields that never change, all of OPC UA's namespace."""
    return {
        "EventType": ua.Variant(condition_type(alarm), _NODE),
        "SourceNode": ua.Variant(source, _NODE),
        "SourceName": ua.Variant(alarm.object, _STRING),
        "Severity": ua.Variant(alarm.severity, ua.VariantType.UInt16),
        "Message": ua.Variant(ua.LocalizedText(alarm.message), _TEXT),
        "ConditionName": ua.Variant(alarm.condition, _STRING),
        "ConditionClassId": ua.Variant(ua.NodeId(Id.ProcessConditionClassType), _NODE),
        "ConditionClassName": ua.Variant(ua.LocalizedText("ProcessConditionClass"), _TEXT),
        "BranchId": ua.Variant(ua.NodeId(), _NODE),
        "MaxTimeShelved": ua.Variant(1000.0 * alarm.longest_shelving, _DOUBLE),
        "OnDelay": ua.Variant(1000.0 * alarm.on_delay, _DOUBLE),
        "OffDelay": ua.Variant(1000.0 * alarm.off_delay, _DOUBLE),
    }


_NOT_NODES = frozenset(("BranchId", "ConditionClassId", "ConditionClassName", "ReceiveTime", "LastSeverity"))
"""Fields of events that nobody reads between events."""
_OWN = ("Priority", "Cause", "Consequence", "Response", "RespondMinutes")
"""Properties of our own namespace."""


def _rationalised(alarm: AlarmPoint) -> dict[str, ua.Variant]:
    """What the plant's engineers wrote down of the alarm: fields of our own."""
    return {
        "Priority": ua.Variant(alarm.priority, ua.VariantType.Byte),
        "Cause": ua.Variant(alarm.cause, _STRING),
        "Consequence": ua.Variant(alarm.consequence, _STRING),
        "Response": ua.Variant(alarm.response, _STRING),
        "RespondMinutes": ua.Variant(float(alarm.respond_min), _DOUBLE),
    }


@dataclass(frozen=True, slots=True)
class _Doing:
    """What a condition's newest event tells beside the bits of its state."""

    time: datetime | None = None
    event_id: bytes | None = None
    user: str = ""
    comment: str = ""
    commented: datetime | None = None
    once: bool = False
    until: float | None = None
    """Plant time at which the shelf ends, s since 1970."""


def _time(time: datetime | None) -> ua.Variant:
    # a DateTime of nothing cannot be put on the wire
    return ua.Variant(None, ua.VariantType.Null) if time is None else ua.Variant(time, _TIME)


def _state(alarm: AlarmPoint, bits: int, doing: _Doing, plant_time: float) -> dict[str, ua.Variant]:
    """Fields that follow the alarm's state. The states come last: who waits for one finds the rest already there."""
    states = {
        "EnabledState": not bits & DISABLED,
        "SuppressedState": bool(bits & SUPPRESSED),
        "OutOfServiceState": bool(bits & OUT_OF_SERVICE),
        "ConfirmedState": not bits & UNCONFIRMED,
        "ActiveState": bool(bits & ACTIVE),
        "AckedState": not bits & UNACKED,
    }
    retain = bool(bits & (ACTIVE | UNACKED)) and not bits & DISABLED
    shelving = "Unshelved" if not bits & SHELVED else "One Shot Shelved" if doing.once else "Timed Shelved"
    left = max(0.0, doing.until - plant_time) if doing.until is not None and bits & SHELVED else 0.0
    fields = {
        "EventId": ua.Variant(doing.event_id, _BYTES),
        "Time": _time(doing.time),
        "ClientUserId": ua.Variant(doing.user, _STRING),
        "Comment": ua.Variant(ua.LocalizedText(doing.comment), _TEXT),
        "Comment/SourceTimestamp": _time(doing.commented),
        "Quality": ua.Variant(ua.StatusCode(), ua.VariantType.StatusCode),
        "Retain": ua.Variant(retain, _BOOLEAN),
        "SuppressedOrShelved": ua.Variant(bool(bits & (SHELVED | SUPPRESSED | OUT_OF_SERVICE)), _BOOLEAN),
        "ShelvingState/UnshelveTime": ua.Variant(1000.0 * left, _DOUBLE),
        "ShelvingState/CurrentState": ua.Variant(ua.LocalizedText(shelving), _TEXT),
        "ShelvingState/CurrentState/Id": ua.Variant(ua.NodeId(_SHELVING[shelving]), _NODE),
    }
    if alarm.condition in _LIMIT_STATES:
        limit = _LIMIT_STATES[alarm.condition] if bits & ACTIVE else None
        node = getattr(Id, f"ExclusiveLimitStateMachineType_{limit}") if limit else None
        fields["LimitState/CurrentState"] = ua.Variant(ua.LocalizedText(limit), _TEXT)
        fields["LimitState/CurrentState/Id"] = ua.Variant(ua.NodeId(node) if node else ua.NodeId(), _NODE)
    for name, state in states.items():
        fields[name] = ua.Variant(ua.LocalizedText(_TWO_STATES[name][state]), _TEXT)
    for name, state in states.items():
        fields[f"{name}/Id"] = ua.Variant(state, _BOOLEAN)
    return fields


_VARIABLES = {
    **dict.fromkeys(_TWO_STATES, Id.TwoStateVariableType),
    "Comment": Id.ConditionVariableType,
    "Quality": Id.ConditionVariableType,
    "ShelvingState/CurrentState": Id.FiniteStateVariableType,
    "LimitState/CurrentState": Id.FiniteStateVariableType,
}
"""Fields that are components, with their types; all others are properties."""
_MACHINES = {
    "ShelvingState": Id.ShelvedStateMachineType,
    "LimitState": Id.ExclusiveLimitStateMachineType,
}


def build(batch: NodeBatch, alarm: AlarmPoint, owner: ua.NodeId) -> ua.NodeId:
    """The nodes of one condition, below its tag object; its state is that of an alarm that never was active."""
    node = batch.object(
        f"{alarm.name}.Alarm",
        owner,
        browse_name=alarm.condition,
        description=alarm.message,
        type_=_TYPES.get(alarm.condition, Id.OffNormalAlarmType),
    )
    fields = _state(alarm, 0, _Doing(), 0.0) | _fixed(alarm, owner)
    parents = {"": node}
    for path in sorted(fields.keys() - _NOT_NODES):
        above, _, name = path.rpartition("/")
        if above in _MACHINES and above not in parents:
            parents[above] = batch.object(
                f"{node.Identifier}.{above}", node, browse_name=above, type_=_MACHINES[above], standard=True
            )
        parent, value = parents[above], fields[path]
        data_type = Id.UtcTime if path in ("Time", "Comment/SourceTimestamp") else value.VariantType.value
        if path in _VARIABLES:
            parents[path] = batch.variable(
                f"{parent.Identifier}.{name}",
                parent,
                value,
                browse_name=ua.QualifiedName(name, 0),
                data_type=data_type,
                type_=_VARIABLES[path],
            )
        else:
            batch.property(parent, name, value, data_type)
    for name, value in _rationalised(alarm).items():
        batch.property(node, name, value, value.VariantType.value, standard=False)
    for owner_, methods in ((node, _METHODS), (parents["ShelvingState"], _SHELVING_METHODS)):
        for method in methods:
            batch.point(owner_, ua.NodeId(Id.HasComponent), ua.NodeId(method))
    return node


@dataclass(slots=True)
class Condition:
    """One alarm's state as clients see it."""

    alarm: AlarmPoint
    node: ua.NodeId
    notifiers: tuple[ua.NodeId, ...]
    fixed: Mapping[str, ua.Variant]
    values: dict[str, AttributeValue]
    """Value attributes of what changes, by browse path."""
    bits: int = 0
    doing: _Doing = field(default_factory=_Doing)
    event_ids: deque[bytes] = field(default_factory=lambda: deque(maxlen=_MOST_EVENT_IDS))
    """Of its changes since it last became active; acknowledging any of them acknowledges the alarm."""

    def event(self, plant_time: float) -> Event:
        """Its state as an event."""
        received = ua.Variant(datetime.now(UTC), _TIME)
        severity = self.fixed["Severity"]
        state = _state(self.alarm, self.bits, self.doing, plant_time)
        fields = {**self.fixed, **state, "ReceiveTime": received, "LastSeverity": severity}
        return Event(condition_type(self.alarm), fields, self.notifiers, self.node)


class Conditions:
    """All conditions of the plant. emit: sends an event to whoever listens."""

    def __init__(
        self,
        engine: Engine,
        space: AddressSpace,
        nodes: Sequence[ua.NodeId],
        notifiers: Callable[[AlarmPoint], tuple[ua.NodeId, ...]],
        emit: Callable[[Event], Awaitable[None]],
    ) -> None:
        """nodes: of the engine's alarms, in their order. notifiers: where an alarm's events are heard."""
        self._engine = engine
        self._emit = emit
        self._by_node: dict[ua.NodeId, Condition] = {}
        self._machines: dict[ua.NodeId, ua.NodeId] = {}
        """Conditions by their shelving state machines."""
        for node, alarm in zip(nodes, engine.alarms, strict=True):
            self._by_node[node] = Condition(
                alarm,
                node,
                notifiers(alarm),
                _fixed(alarm, ua.NodeId(alarm.object, node.NamespaceIndex)) | _rationalised(alarm),
                _values(space, node, alarm),
            )
            self._machines[ua.NodeId(f"{node.Identifier}.ShelvingState", node.NamespaceIndex)] = node
        self._by_row = {condition.alarm.row: condition for condition in self._by_node.values()}
        self._bits: NDArray[np.uint8] = np.zeros(len(engine.image.alarms), dtype=np.uint8)
        self._heard: deque[AlarmEvent | ProcessImage] = deque([engine.image])
        """Changes and images in the order in which the engine told of them."""
        self._silence = (
            engine.listen_alarms(self._heard.extend),
            engine.listen(self._hear_image),
        )

    def close(self) -> None:
        """Listen to the engine no longer."""
        for silence in self._silence:
            silence()

    def __contains__(self, node: object) -> bool:
        return node in self._by_node or node in self._machines

    def _hear_image(self, image: ProcessImage) -> None:
        with suppress(IndexError):  # the other thread may take it between the two looks
            if isinstance(self._heard[-1], ProcessImage):  # nothing happened between
                self._heard[-1] = image
                return
        self._heard.append(image)

    def publish(self, _: ProcessImage) -> Awaitable[None] | None:
        """Show and tell all that the engine has told of; every change has its own event."""
        while self._heard:
            first = self._heard.popleft()  # taken before it is looked at: an image may be replaced by a newer one
            if not self._is_shown(first):
                self._heard.appendleft(first)
                return self._publish()
        return None

    def _is_shown(self, heard: AlarmEvent | ProcessImage) -> bool:
        """Whether nothing is to be done for it: an image like that of before, as nearly all are."""
        # so few bytes are compared faster than NumPy is called
        return isinstance(heard, ProcessImage) and heard.alarms.tobytes() == self._bits.tobytes()

    async def _publish(self) -> None:
        while self._heard:
            heard = self._heard.popleft()
            if isinstance(heard, AlarmEvent):
                await self._change(heard)
            else:
                await self._agree(heard)

    async def _change(self, event: AlarmEvent) -> None:
        condition = self._by_row[event.alarm.row]
        doing = condition.doing
        time = moment(event.plant_time)
        if event.comment:
            doing = _Doing(comment=event.comment, commented=time)
        once = event.change is Change.SHELVED_ONCE or (condition.doing.once and event.change is not Change.SHELVED)
        await self._show(condition, event.after, event.plant_time, event.user, doing, once=once, until=event.until)

    async def _agree(self, image: ProcessImage) -> None:
        """Take over what changed without an event: the state at the beginning, and after a jump in time."""
        rows = np.flatnonzero(image.alarms != self._bits).tolist()
        for row in rows:
            condition, bits = self._by_row[row], int(image.alarms[row])
            until = self._engine.shelved_until(condition.alarm) if bits & SHELVED else None
            await self._show(condition, bits, image.plant_time, "", condition.doing, once=False, until=until)
        self._bits = image.alarms.copy()

    async def _show(
        self,
        condition: Condition,
        bits: int,
        plant_time: float,
        user: str,
        doing: _Doing,
        *,
        once: bool,
        until: float | None,
    ) -> None:
        if bits & ACTIVE and not condition.bits & ACTIVE:
            condition.event_ids.clear()
        condition.bits = bits
        if self._bits[condition.alarm.row] != bits:
            self._bits = self._bits.copy()
            self._bits[condition.alarm.row] = bits
        event_id, time = uuid.uuid4().bytes, moment(plant_time)
        condition.event_ids.append(event_id)
        condition.doing = _Doing(time, event_id, user, doing.comment, doing.commented, once, until)
        event = condition.event(plant_time)
        for path, attribute in condition.values.items():
            value = event.fields[path]
            assert attribute.value is not None
            if attribute.value.Value != value:
                attribute.value = ua.DataValue(value, SourceTimestamp=time)
                await notify(attribute, attribute.value)
        await self._emit(event)

    def retained(self) -> list[Event]:
        """What a client that comes has to know."""
        now = self._engine.image.plant_time
        return [one.event(now) for one in self._by_node.values() if one.event(now).fields["Retain"].Value]

    def act(
        self,
        node: ua.NodeId,
        change: Change,
        origin: Origin,
        *,
        event_id: bytes | None = None,
        by_event: bool = False,
        comment: str = "",
        seconds: float | None = None,
    ) -> int:
        """Do to a condition what ``change`` names; the status code of the answer. by_event: as seen in ``event_id``."""
        condition = self._by_node[self._machines.get(node, node)]
        if condition.bits & DISABLED and change not in (Change.ENABLED, Change.DISABLED):
            return int(ua.StatusCodes.BadConditionDisabled)
        if by_event and event_id not in condition.event_ids:
            return int(ua.StatusCodes.BadEventIdUnknown)
        refusal = self._engine.act_on_alarm(condition.alarm, change, origin, comment, seconds)
        if refusal is None:
            return int(ua.StatusCodes.Good)
        if refusal is Refusal.MODE:  # nothing there of that kind
            return int(_NOTHING_TO_DO.get(change, ua.StatusCodes.BadInvalidState))
        if refusal is Refusal.RANGE:
            return int(ua.StatusCodes.BadShelvingTimeOutOfRange)
        return STATUS_OF[refusal]


_NOTHING_TO_DO = {
    Change.ACKNOWLEDGED: ua.StatusCodes.BadConditionBranchAlreadyAcked,
    Change.CONFIRMED: ua.StatusCodes.BadConditionBranchAlreadyConfirmed,
    Change.ENABLED: ua.StatusCodes.BadConditionAlreadyEnabled,
    Change.DISABLED: ua.StatusCodes.BadConditionAlreadyDisabled,
    Change.SHELVED: ua.StatusCodes.BadConditionAlreadyShelved,
    Change.SHELVED_ONCE: ua.StatusCodes.BadConditionAlreadyShelved,
    Change.UNSHELVED: ua.StatusCodes.BadConditionNotShelved,
}


def _values(space: AddressSpace, node: ua.NodeId, alarm: AlarmPoint) -> dict[str, AttributeValue]:
    return {
        path: space[ua.NodeId(f"{node.Identifier}.{path.replace('/', '.')}", node.NamespaceIndex)].attributes[
            ua.AttributeIds.Value
        ]
        for path in _state(alarm, 0, _Doing(), 0.0)
    }
