"""The server's clock and diagnostics: how many sessions, subscriptions and requests there are and were.

Totals are for everybody (OPC 10000-5, 6.3). Whose the sessions are, what they do and how they are secured is for the
instructor alone (OPC 10000-5, 6.3.4: not for all users).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from struct import pack
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace

from plantsim.model.tag import Role
from plantsim.serve import opcua_seam
from plantsim.serve.opcua_counters import session_counts
from plantsim.serve.opcua_live import LiveValue, Watchers
from plantsim.serve.opcua_outlet import notify
from plantsim.serve.opcua_session import Core, Session

Id = ua.ObjectIds
PERIOD_S = 1.0
"""Between two looks for the sake of those who watch."""

_SUMMARY = Id.Server_ServerDiagnostics_ServerDiagnosticsSummary
_SESSIONS = Id.Server_ServerDiagnostics_SessionsDiagnosticsSummary_SessionDiagnosticsArray
_SECURITY = Id.Server_ServerDiagnostics_SessionsDiagnosticsSummary_SessionSecurityDiagnosticsArray
_SUBSCRIPTIONS = Id.Server_ServerDiagnostics_SubscriptionDiagnosticsArray
_SAMPLING = Id.Server_ServerDiagnostics_SamplingIntervalDiagnosticsArray
_ENABLED = Id.Server_ServerDiagnostics_EnabledFlag
PRIVATE = frozenset(ua.NodeId(one) for one in (_SESSIONS, _SECURITY, _SUBSCRIPTIONS))
LEAST = Role.INSTRUCTOR
"""The role that reads what is private."""
_READABLE = ua.AccessLevel.CurrentRead.mask


class Diagnostics:
    """Shows what has been counted."""

    def __init__(self, core: Core, space: AddressSpace) -> None:
        self._core = core
        self._shown: list[tuple[LiveValue, ua.DataValue]] = []
        self._task: asyncio.Task[None] | None = None
        boolean = ua.VariantType.Boolean
        self._show(space, _ENABLED, lambda: ua.Variant(True, boolean))
        self._show(space, _SUMMARY, lambda: _structure(summary(core)))
        self._show(space, _SESSIONS, lambda: _structures([_session(core, one) for one in _sessions(core)]))
        self._show(space, _SECURITY, lambda: _structures([_security(core, one) for one in _sessions(core)]))
        self._show(space, _SUBSCRIPTIONS, lambda: _structures([_subscription(one) for one in _subscriptions(core)]))
        self._show(space, _SAMPLING, lambda: _structures([]))  # any interval may be asked for: there is no list of them
        for name in ua.ServerDiagnosticsSummaryDataType.__dataclass_fields__:
            node = getattr(Id, f"Server_ServerDiagnostics_ServerDiagnosticsSummary_{name}")
            self._show(space, node, _field(core, name))

    def _show(self, space: AddressSpace, node: int, make: Callable[[], ua.Variant]) -> None:
        def value() -> ua.DataValue:
            now = datetime.now(UTC)
            return ua.DataValue(make(), SourceTimestamp=now, ServerTimestamp=now)

        attributes = space[ua.NodeId(node)].attributes
        live = LiveValue(value, Watchers(0, set()))
        attributes[ua.AttributeIds.Value] = live
        for attribute in (ua.AttributeIds.AccessLevel, ua.AttributeIds.UserAccessLevel):
            attributes[attribute].value = ua.DataValue(ua.Variant(_READABLE, ua.VariantType.Byte))
        self._shown.append((live, value()))

    def show_clock(self, space: AddressSpace) -> None:
        """Show the server's status and time as they are when somebody asks; to be called once it has started.

        The library's own clock, which is switched off for that, writes them into the address space each second.
        """
        status = space[ua.NodeId(Id.Server_ServerStatus)].attributes[ua.AttributeIds.Value].value.Value.Value
        self._show(space, Id.Server_ServerStatus, lambda: _structure(replace(status, CurrentTime=datetime.now(UTC))))
        self._show(
            space, Id.Server_ServerStatus_CurrentTime,
            lambda: ua.Variant(datetime.now(UTC), ua.VariantType.DateTime),
        )  # fmt: skip

    def start(self) -> None:
        """Tell those who watch, from now on."""
        self._task = asyncio.create_task(self._follow(), name="opcua diagnostics")

    async def stop(self) -> None:
        """Tell no more; a second call does nothing."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            for index, (live, told) in enumerate(self._shown):
                if live.datachange_callbacks and (value := live.value).Value != told.Value:
                    self._shown[index] = (live, value)
                    await notify(live, value)


def summary(core: Core) -> ua.ServerDiagnosticsSummaryDataType:
    """How many there are and were."""
    tally = core.tally
    subscriptions = list(_subscriptions(core))
    return ua.ServerDiagnosticsSummaryDataType(
        ServerViewCount=0,
        CurrentSessionCount=len(core.sessions),
        CumulatedSessionCount=tally.sessions,
        SecurityRejectedSessionCount=tally.sessions_rejected_for_security,
        RejectedSessionCount=tally.sessions_rejected,
        SessionTimeoutCount=tally.sessions_timed_out,
        SessionAbortCount=tally.sessions_aborted,
        CurrentSubscriptionCount=len(subscriptions),
        CumulatedSubscriptionCount=tally.subscriptions,
        PublishingIntervalCount=len({one.data.RevisedPublishingInterval for one in subscriptions}),
        SecurityRejectedRequestsCount=tally.requests_rejected_for_security,
        RejectedRequestsCount=tally.requests_rejected,
    )


def _field(core: Core, name: str) -> Callable[[], ua.Variant]:
    return lambda: ua.Variant(getattr(summary(core), name), ua.VariantType.UInt32)


def _sessions(core: Core) -> list[Session]:
    return [one for one in tuple(core.sessions.values()) if isinstance(one, Session)]


def _subscriptions(core: Core) -> Iterator[Any]:
    """Those of clients."""
    for one in tuple(core.subscription_service.subscriptions.values()):
        if getattr(one, "owner", None) is not None:
            yield one


def _session(core: Core, session: Session) -> ua.SessionDiagnosticsDataType:
    record = session.record
    own = [one for one in _subscriptions(core) if one.session_id == session.session_id]
    return ua.SessionDiagnosticsDataType(
        SessionId=session.session_id,
        SessionName=record.request.SessionName,
        ClientDescription=record.request.ClientDescription,
        ServerUri=record.request.ServerUri,
        EndpointUrl=record.request.EndpointUrl,
        LocaleIds=record.locales,
        ActualSessionTimeout=1000.0 * (session.session_timeout or 0.0),
        MaxResponseMessageSize=record.request.MaxResponseMessageSize,
        ClientConnectionTime=record.since,
        ClientLastContactTime=datetime.now(UTC) - timedelta(seconds=time.monotonic() - session.last_activity),
        CurrentSubscriptionsCount=len(own),
        CurrentMonitoredItemsCount=sum(opcua_seam.items_of(one)[0] for one in own),
        CurrentPublishRequestsInQueue=opcua_seam.publish_requests(core, session),
        UnauthorizedRequestCount=record.unauthorized,
        **dict(session_counts(record)),
    )


def _security(core: Core, session: Session) -> ua.ExtensionObject:
    """SessionSecurityDiagnosticsDataType; asyncua's own class writes no Encoding on the wire, which is a String."""
    policy, mode, certificate = opcua_seam.channel_security(core, session)
    record = session.record
    text = ua.ua_binary.Primitives.String.pack
    parts = [
        ua.ua_binary.nodeid_to_binary(session.session_id),
        text(record.users[-1] if record.users else None),
        pack("<i", len(record.users)),
        *(text(user) for user in record.users),
        text(record.mechanism),
        text("UA Binary"),
        text("UA-TCP UA-SC UA-Binary"),
        pack("<i", int(mode)),
        text(policy),
        ua.ua_binary.Primitives.Bytes.pack(certificate),
    ]
    type_ = ua.NodeId(Id.SessionSecurityDiagnosticsDataType_Encoding_DefaultBinary)
    return ua.ExtensionObject(TypeId=type_, Body=b"".join(parts))


def _subscription(subscription: Any) -> ua.SubscriptionDiagnosticsDataType:
    record, data = subscription.record, subscription.data
    items, disabled = opcua_seam.items_of(subscription)
    state = opcua_seam.state_of(subscription)
    return ua.SubscriptionDiagnosticsDataType(
        SessionId=subscription.session_id,
        SubscriptionId=data.SubscriptionId,
        Priority=subscription.priority,
        PublishingInterval=data.RevisedPublishingInterval,
        MaxKeepAliveCount=data.RevisedMaxKeepAliveCount,
        MaxLifetimeCount=data.RevisedLifetimeCount,
        MaxNotificationsPerPublish=subscription.most,
        PublishingEnabled=state.enabled,
        ModifyCount=record.modified,
        EnableCount=record.enabled,
        DisableCount=record.disabled,
        RepublishRequestCount=record.republish_requests,
        RepublishMessageRequestCount=record.republish_requests,
        RepublishMessageCount=record.republished,
        TransferRequestCount=record.transfer_requests,
        TransferredToAltClientCount=record.to_other_client,
        TransferredToSameClientCount=record.to_same_client,
        PublishRequestCount=record.publish_requests,
        DataChangeNotificationsCount=record.values,
        EventNotificationsCount=record.events,
        NotificationsCount=record.values + record.events,
        LatePublishRequestCount=record.late,
        CurrentKeepAliveCount=state.keep_alives,
        CurrentLifetimeCount=state.lifetime,
        UnacknowledgedMessageCount=state.unacknowledged,
        DiscardedMessageCount=record.discarded,
        MonitoredItemCount=items,
        DisabledMonitoredItemCount=disabled,
        MonitoringQueueOverflowCount=record.queue_overflows + subscription.column_overflows,
        NextSequenceNumber=state.next_number,
        EventQueueOverflowCount=record.event_overflows,
    )


def _structure(value: object) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.ExtensionObject)


def _structures(values: list[Any]) -> ua.Variant:
    return ua.Variant(values, ua.VariantType.ExtensionObject, is_array=True)
