"""The subscription: what changes on the server lands in the store and the alarm book."""

from __future__ import annotations

import math
import time

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds

from hmi.alarms import AlarmBook
from hmi.comm.browse import Browsed
from hmi.comm.health import Health
from hmi.comm.notifications import Changes
from hmi.comm.services import chunks
from hmi.model import Plant, ValueClass
from hmi.store import TagStore

PERIOD_MS = 250.0
"""Publishing interval of measured values, set points, modes, states and alarms."""
SLOW_PERIOD_MS = 1000.0
"""Publishing interval of what moves with every scan and is read at leisure: half of all changes would be of these."""
_SLOW = frozenset(("OP", "POS", "SPEED", "SPEED_CMD", "CMD", "STEP_TIME"))
"""Such members, where they are numbers; so are the profiles."""
_KEEP_ALIVE_MS = 2000.0
"""After which the server speaks of each subscription even when nothing changed."""
_LIFETIME = 240

_ATTRIBUTE = int(AttributeIds.Value)


class Feed:
    """All that is live, in a fast and a slow subscription.

    Handles below the store's size are slots, those above alarm fields.
    """

    def __init__(self, store: TagStore, book: AlarmBook, health: Health) -> None:
        self._store = store
        self._book = book
        self._health = health
        self._alarm_fields: tuple[tuple[str, str], ...] = ()
        self._slots = 0
        self._heard: dict[int, float] = {}
        """time.monotonic() of each subscription's last message; those a server has forgotten are as old as can be."""
        self.refused: list[str] = []
        """Names the server did not let us watch."""

    async def start(self, client: Client, browsed: Browsed) -> None:
        """Subscribe to all live members and alarm fields; the first values arrive within a publishing interval."""
        self._slots = len(browsed.live)
        self._alarm_fields = browsed.alarm_fields
        self._heard = {}
        names = [*browsed.live, *(f"{alarm}.{field}" for alarm, field in browsed.alarm_fields)]
        slow = _slow(browsed.plant)
        self.refused = []
        for period, wanted in ((SLOW_PERIOD_MS, slow), (PERIOD_MS, set(names) - slow)):
            items = [_item(handle, browsed.nodes[name]) for handle, name in enumerate(names) if name in wanted]
            if items:
                await self._subscribe(client, period, items, names)
        self._heard = dict.fromkeys(self._heard, time.monotonic())
        self._health.heard = time.monotonic()
        self._health.watched = len(names)
        self._health.refused = tuple(self.refused)

    async def _subscribe(
        self, client: Client, period: float, items: list[ua.MonitoredItemCreateRequest], names: list[str]
    ) -> None:
        parameters = ua.CreateSubscriptionParameters()
        parameters.RequestedPublishingInterval = period
        parameters.RequestedMaxKeepAliveCount = round(_KEEP_ALIVE_MS / period)
        parameters.RequestedLifetimeCount = _LIFETIME
        parameters.MaxNotificationsPerPublish = 0
        parameters.PublishingEnabled = True
        created = await client.uaclient.create_subscription(parameters, callback=self._published)
        self._heard[created.SubscriptionId] = time.monotonic()
        for part in chunks(items):
            request = ua.CreateMonitoredItemsParameters()
            request.SubscriptionId = created.SubscriptionId
            request.TimestampsToReturn = ua.TimestampsToReturn.Both  # which plantsim serves by the thousand
            request.ItemsToCreate = list(part)
            for item, result in zip(part, await client.uaclient.create_monitored_items(request), strict=True):
                if result.StatusCode.is_bad():
                    self.refused.append(names[item.RequestedParameters.ClientHandle])

    async def _published(self, result: ua.PublishResult) -> None:
        self._heard[result.SubscriptionId] = time.monotonic()
        for notification in result.NotificationMessage.NotificationData or ():
            if isinstance(notification, Changes):
                self._take(notification)
                self._health.values += len(notification)
            elif isinstance(notification, ua.StatusChangeNotification) and not notification.Status.is_good():
                self._heard[result.SubscriptionId] = -math.inf  # it has ended
        self._health.heard = min(self._heard.values())
        self._health.messages += 1
        self._book.settle(self._store.now)

    def _take(self, changes: Changes) -> None:
        for handle, value, status, moment in changes:
            if handle < self._slots:
                self._store.put(handle, value, status, moment)
            else:
                self._book.put(*self._alarm_fields[handle - self._slots], value)


def _slow(plant: Plant) -> set[str]:
    members = (m for tag in plant.tags.values() for m in tag.members.values())
    profiles = (m for unit in plant.units.values() for m in unit.profiles)
    return {m.name for m in members if m.member in _SLOW and m.value_class is ValueClass.NUMBER} | {
        m.name for m in profiles
    }


def _item(handle: int, node: ua.NodeId) -> ua.MonitoredItemCreateRequest:
    watched = ua.ReadValueId()
    watched.NodeId = node
    watched.AttributeId = _ATTRIBUTE
    sampled = ua.MonitoringParameters()
    sampled.ClientHandle = handle
    sampled.SamplingInterval = PERIOD_MS
    sampled.QueueSize = 1
    sampled.DiscardOldest = True
    request = ua.MonitoredItemCreateRequest()
    request.ItemToMonitor = watched
    request.MonitoringMode = ua.MonitoringMode.Reporting
    request.RequestedParameters = sampled
    return request
