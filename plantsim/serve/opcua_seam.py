"""What fits into asyncua in place of its own subscriptions and browsing, and whether it does.

Nothing of the library is patched but the way it reads arrays of nulls (``opcua_decoding``): our classes override its
methods, some of them past its public interface. ``fits`` says whether the installed version has what they override;
without it the server uses the library as it is.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from asyncua import ua
from asyncua.common.connection import SecureConnection
from asyncua.server.address_space import AddressSpace, ViewService
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.monitored_item_service import MonitoredItemService
from asyncua.server.subscription_service import SubscriptionService
from asyncua.server.uaprocessor import UaProcessor

from plantsim.serve.opcua_decoding import refuse_nulls
from plantsim.serve.opcua_subscriptions import Subscriptions
from plantsim.serve.opcua_view import View

log = logging.getLogger(__name__)

_SUPPORTED = (2, 1)
_OVERRIDDEN: tuple[tuple[Callable[..., Any], tuple[str, ...]], ...] = (
    (MonitoredItemService.datachange_callback, ("self", "handle", "value", "error")),
    (MonitoredItemService._create_data_change_monitored_item, ("self", "params")),
    (MonitoredItemService._create_events_monitored_item, ("self", "params")),
    (MonitoredItemService._modify_monitored_item, ("self", "params")),
    (MonitoredItemService._delete_monitored_items, ("self", "mid")),
    (MonitoredItemService._revise_queue_size, ("self", "requested")),
    (MonitoredItemService._set_monitoring_mode, ("self", "mode", "mid")),
    (MonitoredItemService._make_monitored_item_common, ("self", "params")),
    (InternalSubscription.has_published_results, ("self",)),
    (InternalSubscription._pop_triggered_datachanges, ("self", "result")),
    (InternalSubscription._pop_triggered_events, ("self", "result")),
    (InternalSubscription._pop_publish_result, ("self",)),
    (InternalSubscription._enqueue_event, ("self", "mid", "eventdata", "size", "queue")),
    (InternalSubscription._subscription_loop, ("self",)),
    (InternalSubscription.stop, ("self",)),
    (InternalSubscription.publish_results, ("self", "requestdata")),
    (UaProcessor.process_message, ("self", "seqhdr", "body")),
    (UaProcessor.open_secure_channel, ("self", "algohdr", "seqhdr", "body")),
    (UaProcessor._process_message, ("self", "typeid", "requesthdr", "seqhdr", "body")),
    (UaProcessor.forward_publish_response, ("self", "result", "requestdata")),
    (UaProcessor.publish_request_limit, ("self", "subscription_count")),
    (UaProcessor._evict_publish_request, ("self",)),
    (SecureConnection._check_incoming_chunk, ("self", "chunk")),
    (OPCUAProtocol._process_one_msg, ("self", "header", "buf")),
    (UaProcessor.close, ("self",)),
    (OPCUAProtocol.data_received, ("self", "data")),
    (OPCUAProtocol.connection_made, ("self", "transport")),
    (BinaryServer._make_protocol, ("self",)),
    (SubscriptionService.modify_subscription, ("self", "params")),
    (SubscriptionService.create_subscription, ("self", "params", "callback", "session_id", "request_callback")),
    (ViewService._suitable_reftype, ("self", "ref1", "ref2", "subtypes")),
)


def fits() -> bool:
    """Whether the installed asyncua is one that these classes were written for."""
    found = tuple(int(part) for part in version("asyncua").split(".")[:2] if part.isdigit())
    return found == _SUPPORTED and all(
        tuple(inspect.signature(method).parameters) == names for method, names in _OVERRIDDEN
    )


def install(service: Any, aspace: AddressSpace) -> bool:
    """Give an InternalServer these subscriptions and this view; False, with a warning, where they do not fit."""
    refuse_nulls()
    if not fits():
        log.warning(
            "asyncua %s is not the %d.%d that plantsim was written for: OPC UA works, but costs more processor time",
            version("asyncua"),
            *_SUPPORTED,
        )
        return False
    service.subscription_service = Subscriptions(aspace, iserver=service)
    service.view_service = View(aspace)
    return True


def watched(service: Any) -> int:
    """Monitored items of all subscriptions. service: an InternalServer."""
    subscriptions = tuple(service.subscription_service.subscriptions.values())
    return sum(len(one.monitored_item_srv._monitored_items) for one in subscriptions)


def queued(service: Any) -> tuple[int, int]:
    """Values and events that wait to be told, and those that were dropped. service: an InternalServer."""
    subscriptions = service.subscription_service
    return (subscriptions.waiting, subscriptions.dropped) if isinstance(subscriptions, Subscriptions) else (0, 0)


def _processor(service: Any, session: Any) -> Any:
    """The connection of a session of an InternalServer. Raises LookupError where there is none."""
    for transport in service.asyncio_transports:
        processor = transport.get_protocol().processor
        if processor is not None and processor.session is session:
            return processor
    raise LookupError("a session without a connection")


def channel_certificate(service: Any, session: Any) -> bytes | None:
    """The certificate (DER) whose key a session's secure channel was opened with; None of a channel without security.

    service: an InternalServer. session: as its connection has just created it. Raises LookupError for any other.
    """
    certificate = _processor(service, session)._connection.security_policy.peer_certificate
    return bytes(certificate) if certificate else None


def channel_security(service: Any, session: Any) -> tuple[str, int, bytes | None]:
    """Policy, MessageSecurityMode and client certificate of a session's channel; none while it has no connection."""
    try:
        policy = _processor(service, session)._connection.security_policy
    except LookupError:
        return "", int(ua.MessageSecurityMode.Invalid), None
    mode = policy.Mode or ua.MessageSecurityMode.None_
    return policy.URI, int(mode), bytes(policy.peer_certificate) if policy.peer_certificate else None


def publish_requests(service: Any, session: Any) -> int:
    """Publish requests of a session that wait for something to tell."""
    with suppress(LookupError):
        return len(_processor(service, session)._publish_requests)
    return 0


def items_of(subscription: Any) -> tuple[int, int]:
    """Monitored items of a subscription, and how many of them are disabled."""
    items = subscription.monitored_item_srv._monitored_items.values()
    return len(items), sum(one.mode == ua.MonitoringMode.Disabled for one in items)


@dataclass(frozen=True, slots=True)
class State:
    """Where a subscription is. keep_alives, lifetime: publishing cycles counted. next_number: of its messages."""

    enabled: bool
    keep_alives: int
    lifetime: int
    unacknowledged: int
    next_number: int


def state_of(subscription: Any) -> State:
    """Where a subscription is."""
    return State(
        subscription._publishing_enabled,
        subscription._keep_alive_count,
        subscription._publish_cycles_count,
        len(subscription._not_acknowledged_results),
        subscription._notification_seq,
    )
