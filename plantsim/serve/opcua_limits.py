"""How much all clients together, and each of them, may have of the server."""

from __future__ import annotations

from asyncua import ua
from asyncua.server.address_space import AddressSpace

MOST_SESSIONS = 100
MOST_SUBSCRIPTIONS = 500
MOST_SUBSCRIPTIONS_OF_A_SESSION = 50
MOST_ITEMS = 200_000
MOST_ITEMS_OF_A_SUBSCRIPTION = 20_000
MOST_LINKS_OF_A_SUBSCRIPTION = 100_000
"""Of items that trigger and those that report then."""
SHORTEST_INTERVAL_MS = 50.0
"""Publishing intervals below this one, 0 among them, would publish on every write."""
LONGEST_QUEUE = 1000
"""Values of one item."""
MOST_QUEUED = 1_000_000
"""Values of a subscription, roughly: with many items the longest queue of those that are added is shorter."""
SHORTEST_LIMIT = 100
"""Values that every queue may have."""

_LANGUAGE = "en"
"""Of all texts."""
_ANNOUNCED = {
    "MaxSessions": MOST_SESSIONS,
    "MaxSubscriptions": MOST_SUBSCRIPTIONS,
    "MaxSubscriptionsPerSession": MOST_SUBSCRIPTIONS_OF_A_SESSION,
    "MaxMonitoredItems": MOST_ITEMS,
    "MaxMonitoredItemsPerSubscription": MOST_ITEMS_OF_A_SUBSCRIPTION,
    "MaxMonitoredItemsQueueSize": LONGEST_QUEUE,
}
"""Properties of ServerCapabilities (OPC 10000-5, 6.3.2)."""


def longest_queue(items: int) -> int:
    """The longest queue of one more item of a subscription that has so many."""
    return min(max(MOST_QUEUED // (items + 1), SHORTEST_LIMIT), LONGEST_QUEUE)


async def announce(space: AddressSpace) -> None:
    """Say in the address space what the limits are."""
    values = {name: ua.Variant(most, ua.VariantType.UInt32) for name, most in _ANNOUNCED.items()}
    values["MinSupportedSampleRate"] = ua.Variant(SHORTEST_INTERVAL_MS, ua.VariantType.Double)
    values["MaxQueryContinuationPoints"] = ua.Variant(0, ua.VariantType.UInt16)  # there are no queries
    values["LocaleIdArray"] = ua.Variant([_LANGUAGE], ua.VariantType.String, is_array=True)
    # a profile is for those to claim who have passed the tests of the OPC Foundation for it (docs/clients.md)
    values["ServerProfileArray"] = ua.Variant([], ua.VariantType.String, is_array=True)
    for name, value in values.items():
        node = ua.NodeId(getattr(ua.ObjectIds, f"Server_ServerCapabilities_{name}"))
        await space.write_attribute_value(node, ua.AttributeIds.Value, ua.DataValue(value))
