"""The subscriptions of all sessions, with intervals and lifetimes within reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.server.subscription_service import SubscriptionService

from plantsim.serve.opcua_events import subtypes
from plantsim.serve.opcua_items import MonitoredItems
from plantsim.serve.opcua_limits import (
    MOST_SUBSCRIPTIONS,
    MOST_SUBSCRIPTIONS_OF_A_SESSION,
    SHORTEST_INTERVAL_MS,
)
from plantsim.serve.opcua_subscription import Subscription

LONGEST_INTERVAL_MS = 3_600_000.0
"""Publishing intervals above this one are of nobody who still listens."""
KEEP_ALIVES_PER_LIFETIME = 3
"""OPC 10000-4, 5.14.2: the least lifetime count, in keep-alive counts."""


class Subscriptions(SubscriptionService):
    """Subscriptions with the monitored items above, and with intervals and lifetimes within reason."""

    def __init__(self, aspace: AddressSpace, iserver: Any) -> None:
        super().__init__(aspace, iserver=iserver)
        self._is_subtype = subtypes(aspace)
        self._dropped = 0
        """By subscriptions that are no more."""

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        session_id: ua.NodeId,
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        _put_within_reason(params)
        # the library's own method with our class in it
        of_session = sum(one.session_id == session_id for one in self.subscriptions.values())
        if len(self.subscriptions) >= MOST_SUBSCRIPTIONS or of_session >= MOST_SUBSCRIPTIONS_OF_A_SESSION:
            raise ServiceError(ua.StatusCodes.BadTooManySubscriptions)
        self._sub_id_counter += 1
        number = self._sub_id_counter
        result = ua.CreateSubscriptionResult(
            SubscriptionId=number,
            RevisedPublishingInterval=params.RequestedPublishingInterval,
            RevisedLifetimeCount=self._clamp_lifetime_count(params.RequestedLifetimeCount),
            RevisedMaxKeepAliveCount=self._clamp_keep_alive_count(params.RequestedMaxKeepAliveCount),
        )
        subscription = Subscription(
            result,
            self.aspace,
            callback,
            session_id,
            request_callback=request_callback,
            delete_callback=lambda: self._forget(number),
            no_acks_limit=self.iserver.max_unacked_messages_per_subscription,
            max_queue_size=self.iserver.max_monitored_item_queue_size,
            publishing_enabled=params.PublishingEnabled,
        )
        subscription.most = params.MaxNotificationsPerPublish
        subscription.priority = params.Priority
        subscription.monitored_item_srv = MonitoredItems(subscription, self.aspace, self._is_subtype, self._count_items)
        await subscription.start()
        self.subscriptions[number] = subscription
        return result

    async def delete_subscriptions(self, ids: list[int]) -> list[ua.StatusCode]:
        self._dropped += sum(one.dropped for one in map(self.subscriptions.get, set(ids)) if one is not None)
        results: list[ua.StatusCode] = await super().delete_subscriptions(ids)
        return results

    def _forget(self, number: int) -> None:
        found = self.subscriptions.pop(number, None)
        self._dropped += 0 if found is None else found.dropped

    @property
    def waiting(self) -> int:
        """Values and events that wait in the queues of all."""
        found: list[Subscription] = list(self.subscriptions.values())
        return sum(one.waiting for one in found)

    @property
    def dropped(self) -> int:
        """Values and events that queues had no room for, since the server started."""
        found: list[Subscription] = list(self.subscriptions.values())
        return self._dropped + sum(one.dropped for one in found)

    def _count_items(self) -> int:
        # of the library's own class, too, where the server itself watches something
        services: list[Any] = [one.monitored_item_srv for one in self.subscriptions.values()]
        return sum(len(one._monitored_items) for one in services)

    def modify_subscription(self, params: ua.ModifySubscriptionParameters) -> ua.ModifySubscriptionResult:
        subscription = self.subscriptions.get(params.SubscriptionId)
        if subscription is None:
            raise ServiceError(ua.StatusCodes.BadSubscriptionIdInvalid)
        _put_within_reason(params)
        lifetime = self._clamp_lifetime_count(params.RequestedLifetimeCount)
        keep_alive = self._clamp_keep_alive_count(params.RequestedMaxKeepAliveCount)
        interval_ms = params.RequestedPublishingInterval
        subscription.revise(interval_ms, lifetime, keep_alive, params.MaxNotificationsPerPublish)
        return ua.ModifySubscriptionResult(interval_ms, lifetime, keep_alive)


def _put_within_reason(params: ua.CreateSubscriptionParameters | ua.ModifySubscriptionParameters) -> None:
    """Interval and lifetime that a request may have."""
    # written so that nan, too, becomes the shortest
    if not params.RequestedPublishingInterval >= SHORTEST_INTERVAL_MS:
        params.RequestedPublishingInterval = SHORTEST_INTERVAL_MS
    params.RequestedPublishingInterval = min(params.RequestedPublishingInterval, LONGEST_INTERVAL_MS)
    params.RequestedLifetimeCount = max(
        params.RequestedLifetimeCount, KEEP_ALIVES_PER_LIFETIME * params.RequestedMaxKeepAliveCount
    )
