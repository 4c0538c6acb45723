"""Durations as people write them, in files and on the command line."""

from __future__ import annotations

import re

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
"""In seconds."""
_DURATION = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(UNITS)})")


def seconds(text: str) -> float | None:
    """``100ms``, ``90s``, ``15m``, ``24h`` or ``7d`` in seconds; None for what is no duration."""
    match = _DURATION.fullmatch(text)
    return float(match[1]) * UNITS[match[2]] if match else None
