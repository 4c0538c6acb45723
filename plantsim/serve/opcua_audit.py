"""Audit events: who wrote, called, came and went (OPC 10000-5, 6.4; OPC 10000-4, 6.5).

They are told at Server to engineers and instructors who have logged in; of a node that is hidden from one of them
that one is told nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from plantsim.engine.command import Origin
from plantsim.model.tag import Role
from plantsim.serve.opcua_events import Event
from plantsim.serve.opcua_hidden import Hides
from plantsim.serve.opcua_users import ANONYMOUS

LEAST = Role.ENGINEER
"""The role that hears of what others do."""
SEVERITY = 100

May = Callable[[Origin], bool]
Id, Kind = ua.ObjectIds, ua.VariantType
_SERVER = ua.NodeId(Id.Server)


class Audit:
    """Tells what was done. hear: brings an event to the subscriptions whose owner may. is_heard: whether there are any.

    server: the application's URI.
    """

    def __init__(
        self, hear: Callable[[Event, May], None], is_heard: Callable[[May], bool], hides: Hides, server: str
    ) -> None:
        self._hear = hear
        self._is_heard = is_heard
        self._hides = hides
        self._server = server

    def is_heard(self) -> bool:
        """Whether anybody listens who may: otherwise nothing need be gathered for it."""
        return self._is_heard(_may)

    def wrote(self, item: ua.WriteValue, old: ua.DataValue, status: ua.StatusCode, origin: Origin) -> None:
        """A Write of one value. old: as it was before."""
        new = item.Value.Value if item.Value is not None else None
        fields = {
            "AttributeId": ua.Variant(int(item.AttributeId), Kind.UInt32),
            "IndexRange": ua.Variant(item.IndexRange, Kind.String),
            "OldValue": old.Value or ua.Variant(),
            "NewValue": new or ua.Variant(),
        }
        self._tell(Id.AuditWriteUpdateEventType, "Attribute/Write", item.NodeId, status, origin, fields)

    def called(self, request: ua.CallMethodRequest, status: ua.StatusCode, origin: Origin) -> None:
        """A Call of one method."""
        fields = {
            "MethodId": ua.Variant(request.MethodId, Kind.NodeId),
            "InputArguments": ua.Variant(list(request.InputArguments or ()), Kind.Variant, None, True),
        }
        self._tell(
            Id.AuditUpdateMethodEventType, "Method/Call", request.ObjectId, status, origin, fields, request.MethodId
        )

    def session(self, service: str, session: ua.NodeId, origin: Origin, status: int = ua.StatusCodes.Good) -> None:
        """A session's beginning, login or end. service: such as CreateSession."""
        type_ = _SESSION_TYPES.get(service, Id.AuditSessionEventType)
        fields = {"SessionId": ua.Variant(session, Kind.NodeId)}
        self._tell(type_, f"Session/{service}", _SERVER, ua.StatusCode(status), origin, fields)

    def _tell(
        self,
        type_: int,
        source: str,
        node: ua.NodeId,
        status: ua.StatusCode,
        origin: Origin,
        fields: dict[str, ua.Variant],
        besides: ua.NodeId = _SERVER,
    ) -> None:
        now = ua.Variant(datetime.now(UTC), Kind.DateTime)
        text = f"{source} by {origin.user}: {status.name}"
        common: dict[str, Any] = {
            "EventId": ua.Variant(uuid.uuid4().bytes, Kind.ByteString),
            "EventType": ua.Variant(ua.NodeId(type_), Kind.NodeId),
            "SourceNode": ua.Variant(node, Kind.NodeId),
            "SourceName": ua.Variant(source, Kind.String),
            "Time": now,
            "ReceiveTime": now,
            "Message": ua.Variant(ua.LocalizedText(text), Kind.LocalizedText),
            "Severity": ua.Variant(SEVERITY, Kind.UInt16),
            "ActionTimeStamp": now,
            "Status": ua.Variant(bool(status.is_good()), Kind.Boolean),
            "ServerId": ua.Variant(self._server, Kind.String),
            "ClientAuditEntryId": ua.Variant("", Kind.String),
            "ClientUserId": ua.Variant(origin.user, Kind.String),
        }

        def may(listener: Origin) -> bool:
            return _may(listener) and not any(self._hides(one, listener.role) for one in (node, besides))

        self._hear(Event(ua.NodeId(type_), common | fields, (_SERVER,)), may)


_SESSION_TYPES = {
    "CreateSession": Id.AuditCreateSessionEventType,
    "ActivateSession": Id.AuditActivateSessionEventType,
}


def _may(listener: Origin) -> bool:
    return listener.role >= LEAST and listener.user != ANONYMOUS
