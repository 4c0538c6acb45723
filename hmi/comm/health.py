"""What the link has to say of itself: sessions, latencies, messages, refusals. Written by the link, read at paint."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Health:
    """Figures since the start of the station."""

    security: str = "none"
    certificate: str = ""
    """SHA-256 of the server's certificate, where it was looked at."""
    product: str = ""
    """Name and version as the server gives them."""
    sessions: int = 0
    """Connections made; all but the first are reconnections."""
    since: datetime | None = None
    """Wall-clock time of the present connection."""
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=120))
    """Round trips of the watch requests, ms, the latest last."""
    skew: float = math.nan
    """Seconds that the server's wall clock is ahead of ours, as of the last look."""
    nodes: int = 0
    """Members the browse found."""
    watched: int = 0
    """Items of the subscription."""
    refused: tuple[str, ...] = ()
    """Names the server did not let us watch."""
    heard: float = math.nan
    """time.monotonic() of the last publish message, keep-alives included, of the subscription that is most silent."""
    messages: int = 0
    values: int = 0
    done: int = 0
    """Writes and calls that the server took."""
    turned_down: int = 0
    """Those it refused."""
    doubtful: int = 0
    """Those that met no answer."""

    @property
    def silence(self) -> float:
        """Seconds since then; nan where nothing was heard yet."""
        return time.monotonic() - self.heard


def percentile(values: deque[float], share: float) -> float:
    """The value below which a share of the values lies; nan without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan
