"""Events on their way to the subscriptions that listen."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from asyncua import ua

from plantsim.serve.opcua_events import Event

log = logging.getLogger(__name__)


def scan_shown(service: Any) -> Awaitable[None] | None:
    """Let the subscriptions whose time it is publish, in their order; what is left to wait for, mostly nothing.

    service: an InternalServer with subscriptions of ours.
    """
    subscriptions = tuple(service.subscription_service.subscriptions.values())
    for at, subscription in enumerate(subscriptions):
        try:
            if not subscription.tell_at_once():
                return _scan_shown(subscriptions[at:])
        except Exception:
            log.exception("subscription %s could not publish", subscription.data.SubscriptionId)
    return None


async def _scan_shown(subscriptions: Sequence[Any]) -> None:
    for subscription in subscriptions:
        try:
            await subscription.scan_shown()
        except Exception:
            log.exception("subscription %s could not publish", subscription.data.SubscriptionId)


async def notify_event(service: Any, event: Event) -> None:
    """Send an event to whoever listens at one of its notifiers. service: an InternalServer."""
    for node in event.notifiers:
        heard = event.at(node)
        for subscription in tuple(service.subscription_service.subscriptions.values()):
            try:
                await subscription.monitored_item_srv.trigger_event(heard)
            except Exception:
                log.exception("subscription %s could not take an event", subscription.data.SubscriptionId)


def hear(service: Any, event: Event, may: Callable[[Any], bool]) -> None:
    """Queue an event that is heard at Server for subscriptions of ours whose owner may hear it."""
    for subscription in tuple(service.subscription_service.subscriptions.values()):
        if subscription.owner is None or not may(subscription.owner):
            continue
        items = subscription.monitored_item_srv
        for number in items._monitored_events.get(event.emitting_node, ()):
            item = items._monitored_items[number]
            if item.mode != ua.MonitoringMode.Disabled and item.where_clause_evaluator.eval(event):
                fields = ua.EventFieldList(item.client_handle, event.to_event_fields(item.filter.SelectClauses))
                subscription.put(number, fields, item.queue_size, subscription._triggered_events)


def is_heard(service: Any, may: Callable[[Any], bool]) -> bool:
    """Whether a subscription of ours whose owner may hear listens to events at Server."""
    server = ua.NodeId(ua.ObjectIds.Server)
    return any(
        one.owner is not None and server in one.monitored_item_srv._monitored_events and may(one.owner)
        for one in tuple(service.subscription_service.subscriptions.values())
    )


async def notify_again(
    service: Any, subscription_id: int, item: int | None, session: ua.NodeId, events: Sequence[Event]
) -> int:
    """Send events to one subscription of a session, or to one item of it; the status code of a ConditionRefresh."""
    subscription = service.subscription_service.subscriptions.get(subscription_id)
    if subscription is None or subscription.session_id != session:
        return int(ua.StatusCodes.BadSubscriptionIdInvalid)
    items = subscription.monitored_item_srv
    listening = {node: tuple(ids) for node, ids in items._monitored_events.items()}
    if item is not None:
        listening = {node: (item,) for node, ids in listening.items() if item in ids}
        if not listening:
            return int(ua.StatusCodes.BadMonitoredItemIdInvalid)
    for event in events:
        for node, ids in listening.items():
            if not event.notifiers or node in event.notifiers:
                for one in ids:
                    await items.trigger_event(event.at(node), one)
    return int(ua.StatusCodes.Good)
