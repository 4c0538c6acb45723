"""Alarms as conditions: their nodes, their state from the image, and acknowledgement.

One object per alarm with what a list, a banner and a faceplate show; a whole condition instance of the standard would
have 75 nodes and take 100 ms. Event notifications are not sent yet: ``Conditions.publish`` is where they will rise.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.image import ACTIVE, UNACKED, ProcessImage
from plantsim.model.tag import AlarmPoint
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_nodes import Id, NodeBatch
from plantsim.serve.opcua_outlet import notify
from plantsim.serve.opcua_values import moment
from plantsim.serve.opcua_writes import STATUS_OF

_TYPES = {
    **dict.fromkeys(("HH", "H", "L", "LL"), Id.ExclusiveLevelAlarmType),
    "DEV": Id.ExclusiveDeviationAlarmType,
}
"""Type of condition by name; all others are OffNormalAlarmType."""

_STATE_TEXTS = {"ActiveState": ("Inactive", "Active"), "AckedState": ("Unacknowledged", "Acknowledged")}


def build(batch: NodeBatch, alarm: AlarmPoint, owner: ua.NodeId) -> ua.NodeId:
    """The nodes of one condition, below its tag object; its state is that of an alarm that never was active."""
    node = batch.object(
        f"{alarm.name}.Alarm",
        owner,
        browse_name=alarm.condition,
        description=alarm.message,
        type_=_TYPES.get(alarm.condition, Id.OffNormalAlarmType),
    )
    for name, state in (("ActiveState", False), ("AckedState", True)):
        variable = batch.variable(
            f"{node.Identifier}.{name}",
            node,
            _state_text(name, state),
            browse_name=ua.QualifiedName(name, 0),
            data_type=Id.LocalizedText,
            type_=Id.TwoStateVariableType,
        )
        batch.property(variable, "Id", ua.Variant(state, ua.VariantType.Boolean), Id.Boolean)
    text, string = ua.VariantType.LocalizedText, ua.VariantType.String
    for name, value, data_type in (
        ("EventId", ua.Variant(None, ua.VariantType.ByteString), Id.ByteString),
        ("Time", ua.Variant(None, ua.VariantType.Null), Id.UtcTime),
        ("Severity", ua.Variant(alarm.severity, ua.VariantType.UInt16), Id.UInt16),
        ("Message", ua.Variant(ua.LocalizedText(alarm.message), text), Id.LocalizedText),
        ("ConditionName", ua.Variant(alarm.condition, string), Id.String),
        ("SourceName", ua.Variant(alarm.object, string), Id.String),
        ("Retain", ua.Variant(False, ua.VariantType.Boolean), Id.Boolean),
    ):
        batch.property(node, name, value, data_type)
    for name, value, data_type in (
        ("Priority", ua.Variant(alarm.priority, ua.VariantType.Byte), Id.Byte),
        ("Consequence", ua.Variant(alarm.consequence, string), Id.String),
        ("Response", ua.Variant(alarm.response, string), Id.String),
        ("RespondMinutes", ua.Variant(float(alarm.respond_min), ua.VariantType.Double), Id.Double),
    ):
        batch.property(node, name, value, data_type, standard=False)
    return node


@dataclass(slots=True)
class Condition:
    """One alarm's state as clients see it."""

    alarm: AlarmPoint
    fields: dict[str, AttributeValue]
    """Value attributes of what changes, by browse path."""
    active: bool = False
    acked: bool = True
    event_ids: list[bytes] = field(default_factory=list)
    """Of its changes since it last became active; acknowledging any of them acknowledges the alarm."""


class Conditions:
    """All conditions of the plant."""

    def __init__(self, engine: Engine, space: AddressSpace, nodes: Sequence[ua.NodeId]) -> None:
        """nodes: of the engine's alarms, in their order."""
        self._engine = engine
        self._by_node = {
            node: Condition(alarm, _fields(space, node)) for node, alarm in zip(nodes, engine.alarms, strict=True)
        }
        self._by_row = {condition.alarm.row: condition for condition in self._by_node.values()}
        self._bits = np.zeros(len(engine.image.alarms), dtype=np.uint8)

    def __contains__(self, node: object) -> bool:
        return node in self._by_node

    async def publish(self, image: ProcessImage) -> None:
        """Show the alarms of an image; what changed gets a new EventId."""
        changed = np.flatnonzero(image.alarms != self._bits).tolist()
        self._bits = image.alarms
        for row in changed:
            condition, bits = self._by_row[row], int(image.alarms[row])
            await _change(condition, bool(bits & ACTIVE), not bits & UNACKED, image.plant_time)

    def acknowledge(self, node: ua.NodeId, event_id: bytes | None, comment: str, origin: Origin) -> int:
        """Acknowledge the condition ``node`` as seen in the event ``event_id``; the status code of the answer."""
        condition = self._by_node[node]
        if event_id not in condition.event_ids:
            return int(ua.StatusCodes.BadEventIdUnknown)
        refusal = self._engine.acknowledge(condition.alarm, origin, comment)
        if refusal is Refusal.MODE:  # nothing there to acknowledge
            return int(ua.StatusCodes.BadConditionBranchAlreadyAcked)
        return int(ua.StatusCodes.Good) if refusal is None else STATUS_OF[refusal]


def _fields(space: AddressSpace, node: ua.NodeId) -> dict[str, AttributeValue]:
    names = ("ActiveState", "ActiveState.Id", "AckedState", "AckedState.Id", "Retain", "EventId", "Time")
    return {
        name: space[ua.NodeId(f"{node.Identifier}.{name}", node.NamespaceIndex)].attributes[ua.AttributeIds.Value]
        for name in names
    }


async def _change(condition: Condition, active: bool, acked: bool, plant_time: float) -> None:
    if active and not condition.active:
        condition.event_ids.clear()
    condition.active, condition.acked = active, acked
    condition.event_ids.append(uuid.uuid4().bytes)
    boolean = ua.VariantType.Boolean
    time = moment(plant_time)
    # the state last: who waits for it finds the EventId that belongs to it
    for name, value in (
        ("Time", ua.Variant(time, ua.VariantType.DateTime)),
        ("EventId", ua.Variant(condition.event_ids[-1], ua.VariantType.ByteString)),
        ("Retain", ua.Variant(active or not acked, boolean)),
        ("ActiveState", _state_text("ActiveState", active)),
        ("AckedState", _state_text("AckedState", acked)),
        ("ActiveState.Id", ua.Variant(active, boolean)),
        ("AckedState.Id", ua.Variant(acked, boolean)),
    ):
        attribute = condition.fields[name]
        assert attribute.value is not None
        if attribute.value.Value != value:
            attribute.value = ua.DataValue(value, SourceTimestamp=time)
            await notify(attribute, attribute.value)


def _state_text(name: str, state: bool) -> ua.Variant:
    return ua.Variant(ua.LocalizedText(_STATE_TEXTS[name][state]), ua.VariantType.LocalizedText)
