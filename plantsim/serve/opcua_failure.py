"""`Simulation.Failure`: why the scan has stopped, once every value is Bad; and an event that tells it.

It is no tag: it has no place in the image, which is Bad then, and none in Modbus.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from asyncua import ua
from asyncua.server.address_space import AddressSpace

from plantsim.engine.image import ProcessImage
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_events import Event
from plantsim.serve.opcua_nodes import NodeBatch
from plantsim.serve.opcua_space import PLANT, SIMULATION

FAILURE = f"{SIMULATION}.Failure"
SEVERITY = 1000
"""The plant stands still until somebody goes back to a state that was good."""


def build(batch: NodeBatch, simulation: ua.NodeId) -> None:
    """The variable, empty while all is well."""
    batch.variable(
        FAILURE, simulation, ua.Variant("", ua.VariantType.String),
        browse_name=ua.QualifiedName("Failure", batch.namespace), data_type=ua.ObjectIds.String,
        description="Why the scan has stopped: unit and variable whose number gave out; empty while it goes on",
    )  # fmt: skip


class FailureFace:
    """Shows and tells that the scan has stopped. tell: keeps and sends an event."""

    def __init__(
        self, batch: NodeBatch, space: AddressSpace, engine: Engine, tell: Callable[[Event], Awaitable[None]]
    ) -> None:
        self._batch = batch
        self._space = space
        self._engine = engine
        self._tell = tell
        self._shown = ""

    def publish(self, image: ProcessImage) -> Awaitable[None] | None:
        """Follow the engine; an event goes out when it stops, none when somebody went back."""
        failure = self._engine.failure
        text = str(failure) if failure is not None else ""
        return None if text == self._shown else self._show(text, image)

    async def _show(self, text: str, image: ProcessImage) -> None:
        self._shown = text
        now = datetime.now(UTC)
        value = ua.DataValue(ua.Variant(text, ua.VariantType.String), SourceTimestamp=now, ServerTimestamp=now)
        await self._space.write_attribute_value(self._batch.id(FAILURE), ua.AttributeIds.Value, value)
        if text:
            await self._tell(self._event(f"The scan has stopped: {text}", image))

    def _event(self, text: str, image: ProcessImage) -> Event:
        kind = ua.NodeId(ua.ObjectIds.SystemEventType)
        fields = {
            "EventId": ua.Variant(uuid.uuid4().bytes, ua.VariantType.ByteString),
            "EventType": ua.Variant(kind, ua.VariantType.NodeId),
            "SourceNode": ua.Variant(self._batch.id(SIMULATION), ua.VariantType.NodeId),
            "SourceName": ua.Variant(SIMULATION, ua.VariantType.String),
            "Time": ua.Variant(datetime.fromtimestamp(image.plant_time, UTC), ua.VariantType.DateTime),
            "ReceiveTime": ua.Variant(datetime.now(UTC), ua.VariantType.DateTime),
            "Message": ua.Variant(ua.LocalizedText(text), ua.VariantType.LocalizedText),
            "Severity": ua.Variant(SEVERITY, ua.VariantType.UInt16),
        }
        return Event(kind, fields, (ua.NodeId(ua.ObjectIds.Server), self._batch.id(PLANT)))
