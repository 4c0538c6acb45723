"""How well the alarm system serves the operator: rates, floods, the most frequent, the standing for days.

The figures follow EEMUA 191 and ISA-18.2: a flood begins with more than ten annunciations in ten minutes and ends
below five; an alarm that comes three times in a minute chatters; one that stands for a day is stale.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from hmi.alarms import AlarmRecord, AlarmState, Transition

WINDOW = 600.0
"""Seconds over which a rate is counted."""
FLOOD_BEGINS = 10
"""Annunciations in a window; a flood begins with more."""
FLOOD_ENDS = 5
"""Annunciations in a window; a flood ends with fewer."""
CHATTER = (3, 60.0)
"""Annunciations of one alarm within so many seconds that make it chatter."""
STALE = 86400.0
"""Seconds an alarm may stand before it is stale."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of a stretch of plant time."""

    seconds: float
    """Length of the stretch."""
    annunciated: int
    rate: int
    """Annunciations in the last window."""
    peak: int
    """Most annunciations in any window."""
    flood: bool
    """Whether a flood is on."""
    flood_seconds: float
    """Plant time spent in floods."""
    top: tuple[tuple[str, int], ...]
    """The most frequent alarms and how often they came."""
    chattering: tuple[str, ...]
    stale: tuple[str, ...]
    share: dict[int, float]
    """Share of the annunciations by priority, 0 to 1."""
    acknowledged_after: float
    """Median seconds from annunciation to acknowledgement; nan where none was acknowledged."""
    windows: tuple[int, ...]
    """Annunciations in the last six windows, the latest last."""


def measure(transitions: Sequence[Transition], standing: Sequence[AlarmRecord], start: float, now: float) -> Metrics:
    """Figures from the transitions between ``start`` and ``now`` (plant time, s), which must be in order of time."""
    came = [t for t in transitions if t.after is AlarmState.UNACKED and math.isfinite(t.time)]
    times = [t.time for t in came]
    counts = Counter(t.alarm.name for t in came)
    priorities = Counter(t.alarm.priority for t in came)
    flood, flood_seconds = _floods(times, now)
    return Metrics(
        seconds=max(0.0, now - start),
        annunciated=len(came),
        rate=len(times) - bisect_right(times, now - WINDOW),
        peak=max((bisect_right(times, at + WINDOW) - index for index, at in enumerate(times)), default=0),
        flood=flood,
        flood_seconds=flood_seconds,
        top=tuple(counts.most_common(10)),
        chattering=tuple(sorted(name for name in counts if _chatters([t.time for t in came if t.alarm.name == name]))),
        stale=tuple(r.alarm.name for r in standing if r.active and now - r.time > STALE),
        share={p: count / len(came) for p, count in sorted(priorities.items())},
        acknowledged_after=_acknowledged_after(transitions),
        windows=tuple(
            bisect_right(times, now - WINDOW * back) - bisect_right(times, now - WINDOW * (back + 1))
            for back in range(5, -1, -1)
        ),
    )


def _floods(times: Sequence[float], now: float) -> tuple[bool, float]:
    """Whether a flood is on, and plant time spent in floods; looked at when something comes or leaves the window."""
    looks = sorted({*times, *(at + WINDOW for at in times if at + WINDOW <= now), now})
    flood, since, total = False, now, 0.0
    for at in looks:
        count = bisect_right(times, at) - bisect_right(times, at - WINDOW)
        if not flood and count > FLOOD_BEGINS:
            flood, since = True, at
        elif flood and count < FLOOD_ENDS:
            flood = False
            total += at - since
    return flood, total + (now - since if flood else 0.0)


def _chatters(times: Sequence[float]) -> bool:
    count, within = CHATTER
    return any(bisect_right(times, at + within) - bisect_left(times, at) >= count for at in times)


def _acknowledged_after(transitions: Sequence[Transition]) -> float:
    came: dict[str, float] = {}
    waited: list[float] = []
    for transition in transitions:
        name = transition.alarm.name
        if transition.after is AlarmState.UNACKED:
            came.setdefault(name, transition.time)
        elif transition.after in (AlarmState.ACKED, AlarmState.NORMAL) and name in came:
            waited.append(max(0.0, transition.seen - came.pop(name)))
    return median(waited) if waited else math.nan
