"""Whose a subscription is, the messages that it keeps, and what is taken from it when something is hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from asyncua import ua
from asyncua.common.utils import ServiceError

from plantsim.engine.command import Origin
from plantsim.serve.opcua_counters import SubscriptionRecord
from plantsim.serve.opcua_items import WITHDRAWN
from plantsim.serve.opcua_subscription import Subscription
from plantsim.serve.opcua_users import ANONYMOUS

_GOOD = ua.StatusCode(ua.StatusCodes.Good)
_UNKNOWN_NUMBER = ua.StatusCode(ua.StatusCodes.BadSequenceNumberUnknown)


def own(subscription: Any, owner: Origin, application: str) -> None:
    """Note as whom a subscription was made, and by which application."""
    subscription.owner, subscription.application = owner, application


def is_owned_by(subscription: Any, owner: Origin, application: str) -> bool:
    """Whether a subscription was made as that one; without a user, by that application (OPC 10000-4, 5.14.7)."""
    if getattr(subscription, "owner", None) != owner:
        return False
    return owner.user != ANONYMOUS or bool(subscription.application == application)


def _record(subscription: Any) -> SubscriptionRecord:
    """What a subscription has done; of one of the library's own nothing is known."""
    found = getattr(subscription, "record", None)
    return found if isinstance(found, SubscriptionRecord) else SubscriptionRecord()


def acknowledge(subscription: Any, number: int) -> ua.StatusCode:
    """Keep a message no longer; whether it was kept."""
    return _GOOD if subscription._not_acknowledged_results.pop(number, None) is not None else _UNKNOWN_NUMBER


def sent(subscription: Any, number: int) -> ua.NotificationMessage:
    """A message that is kept. Raises ServiceError where there is none."""
    record = _record(subscription)
    record.republish_requests += 1
    found = subscription._not_acknowledged_results.get(number)
    if found is None:
        raise ServiceError(ua.StatusCodes.BadMessageNotAvailable)
    record.republished += 1
    return found.NotificationMessage


def hand_over(subscription: Any, session: ua.NodeId, callback: Any, initial_values: bool) -> list[int]:
    """Give a subscription to another session, with that one's connection; the messages that are kept.

    The session of before is told (OPC 10000-4, 5.14.7). callback: the method of the connection that sends answers; the
    library leaves requests at the old one. initial_values: whether the next message has the values of all items.
    """
    record, before = _record(subscription), subscription.pub_result_callback.__self__
    record.transfer_requests += 1
    if subscription.session_id == session:
        record.to_same_client += 1
    else:
        record.to_other_client += 1
        if isinstance(before, Forsaken):
            before.forsake(subscription.data.SubscriptionId, subscription._notification_seq)
    subscription.session_id = session
    subscription.pub_result_callback = callback
    subscription.pub_request_callback = callback.__self__.get_publish_request
    if initial_values and isinstance(subscription, Subscription):
        subscription.monitored_item_srv.tell_again()
    return sorted(subscription._not_acknowledged_results)


@runtime_checkable
class Forsaken(Protocol):
    """A connection that can be told that a subscription is another session's by now."""

    def forsake(self, subscription: int, number: int) -> None:
        """Say so, in a message of that number, with the next Publish request that there is."""
        ...


def withdraw(subscription: Any, hides: Callable[[ua.NodeId], bool], status: ua.StatusCode) -> None:
    """Let items whose nodes are hidden tell that status, and nothing more; nor is what waits or is kept told any more.

    An item stays so: who may see the node later watches it anew.
    """
    service = subscription.monitored_item_srv
    columns = getattr(service, "columns", None)
    for number, item in service._monitored_items.items():
        if item.callback_handle == WITHDRAWN or not hides(item.read_value_id.NodeId):
            continue
        subscription._not_acknowledged_results.clear()
        subscription._triggered_events.pop(number, None)
        if isinstance(subscription, Subscription):
            subscription.forget(number)
        listening = service._monitored_events.get(item.read_value_id.NodeId, [])
        if columns is not None and number in columns:
            columns.remove(number)
        elif service._monitored_datachange.pop(item.callback_handle, None) is not None:
            service.aspace.delete_datachange_callback(item.callback_handle)
        elif number in listening:
            listening.remove(number)
            item.callback_handle = WITHDRAWN
            continue
        item.callback_handle = WITHDRAWN
        notification = ua.MonitoredItemNotification(item.client_handle, ua.DataValue(StatusCode=status))
        subscription._triggered_datachanges[number] = [notification]
