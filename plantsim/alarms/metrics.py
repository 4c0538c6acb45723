"""How well an alarm system serves its operator: the measures of ISA-18.2 and EEMUA 191, from a record of alarms.

They are taken from plant time, since it is what the operator lives in.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

WINDOW_S = 600.0
FLOOD_BEGINS, FLOOD_ENDS = 10, 5
"""Alarms in ten minutes: a flood begins above the first and ends below the second (ISA-18.2, 16.5.3)."""
CHATTER_TIMES, CHATTER_WITHIN_S = 3, 60.0
STALE_S = 24 * 3600.0
"""An alarm that stands for longer is stale."""
MOST_FREQUENT = 10


@dataclass(frozen=True, slots=True)
class Annunciation:
    """An alarm that asked for attention. Times in s; None where it has not happened."""

    name: str
    came: float
    acknowledged: float | None = None
    went: float | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Measures over a span of time.

    per_10_min: mean. worst_10_min: most alarms in any ten minutes. flood: share of the time, 0..1. top: the most
    frequent and how often each. chattering, stale: names. acknowledge_s: mean time to acknowledge, None without any.
    """

    count: int
    per_10_min: float
    worst_10_min: int
    floods: int
    flood: float
    top: tuple[tuple[str, int], ...]
    chattering: tuple[str, ...]
    stale: tuple[str, ...]
    acknowledge_s: float | None


def measure(alarms: Iterable[Annunciation], begin: float, end: float) -> Metrics:
    """The measures of the alarms that came from `begin` to `end`. ValueError if that is no span of time."""
    if not end > begin:
        raise ValueError(f"end: found {end:g}, allowed after {begin:g}")
    record = sorted((alarm for alarm in alarms if begin <= alarm.came < end), key=lambda alarm: alarm.came)
    counts = Counter(alarm.name for alarm in record)
    worst, floods, flooded = _floods([alarm.came for alarm in record], end)
    waits = [alarm.acknowledged - alarm.came for alarm in record if alarm.acknowledged is not None]
    return Metrics(
        count=len(record),
        per_10_min=len(record) * WINDOW_S / (end - begin),
        worst_10_min=worst,
        floods=floods,
        flood=flooded / (end - begin),
        top=tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_FREQUENT]),
        chattering=tuple(sorted(name for name in counts if _chatters([a.came for a in record if a.name == name]))),
        stale=tuple(sorted({a.name for a in record if (end if a.went is None else a.went) - a.came > STALE_S})),
        acknowledge_s=sum(waits) / len(waits) if waits else None,
    )


def _floods(times: list[float], end: float) -> tuple[int, int, float]:
    """Most alarms in a window, how many floods there were, and the time spent in them."""
    window: deque[float] = deque()
    worst, floods, total = 0, 0, 0.0
    since: float | None = None
    moments = sorted([(t, True) for t in times] + [(t + WINDOW_S, False) for t in times if t + WINDOW_S <= end])
    for at, comes in moments:
        if comes:
            window.append(at)
        else:
            window.popleft()
        worst = max(worst, len(window))
        if since is None and len(window) > FLOOD_BEGINS:
            since, floods = at, floods + 1
        elif since is not None and len(window) < FLOOD_ENDS:
            total, since = total + at - since, None
    return worst, floods, total + (end - since if since is not None else 0.0)


def _chatters(times: list[float]) -> bool:
    """Whether it came three times within a minute."""
    return any(last - first <= CHATTER_WITHIN_S for first, last in zip(times, times[CHATTER_TIMES - 1 :], strict=False))
