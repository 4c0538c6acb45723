"""Numbers, times and states as an operator reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from hmi.model import Member, TagObject, ValueClass

BAD = "---"
"""What stands in place of a value that is not to be trusted."""


@lru_cache(maxsize=4096)
def decimals(span: float, band: float | None = None) -> int:
    """Digits after the point for a range of ``span``, and enough of them to see a tenth of the normal ``band``."""
    digits = next((d for limit, d in ((500, 0), (50, 1), (5, 2), (0.5, 3)) if span >= limit), 4)
    if band is not None and band > 0:
        digits = max(digits, math.ceil(-math.log10(band / 10) - 1e-9))
    return min(digits, 4)


def places(member: Member, tag: TagObject | None = None) -> int:
    """Digits after the point for a member; PV and SP of an object are written alike."""
    if member.low is None or member.high is None:
        return 2
    band = tag.normal[1] - tag.normal[0] if tag and tag.normal and member.member in ("PV", "SP") else None
    return decimals(member.high - member.low, band)


def number(value: float, digits: int, width: int = 0) -> str:
    """A number with fixed decimals; digits give way before the number outgrows ``width``."""
    if not math.isfinite(value):
        return BAD.rjust(width) if math.isnan(value) else ("max" if value > 0 else "min").rjust(width)
    text = f"{value:.{digits}f}"
    while width and len(text) > width and digits > 0:
        digits -= 1
        text = f"{value:.{digits}f}"
    if text.startswith("-") and not text.strip("-0."):
        text = text[1:]  # no minus before zero
    return text.rjust(width)


def figures(value: float) -> str:
    """A gain or a time with four significant digits, but never as a power of ten where it is large."""
    return BAD if math.isnan(value) else f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def value_text(member: Member, value: object, tag: TagObject | None = None) -> str:
    """A member's value in words or digits, without its unit."""
    if value is None:
        return BAD
    if isinstance(value, bool):
        return member.states[value] if len(member.states) == 2 else ("on" if value else "off")
    if isinstance(value, int | float) and member.states and 0 <= int(value) < len(member.states):
        return member.states[int(value)]
    if member.value_class is ValueClass.INTEGER and isinstance(value, int | float):
        return str(int(value))
    if isinstance(value, int | float):
        return number(float(value), places(member, tag))
    return str(value)


def range_text(member: Member, tag: TagObject | None = None) -> str:
    """What a member may be set to: ``0.0 .. 120.0 C`` or its states."""
    if member.value_class is ValueClass.BOOLEAN or member.states:
        return ", ".join(member.states or ("off", "on"))
    if member.low is None or member.high is None:
        return "a number"
    digits = places(member, tag)
    return f"{number(member.low, digits)} .. {number(member.high, digits)} {member.eu}".rstrip()


def mode_letter(member: Member | None, value: float) -> str:
    """M, A, C, E: the first letter of the mode's name."""
    if member is None or math.isnan(value):
        return "?"
    index = int(value)
    return member.states[index][:1].upper() if 0 <= index < len(member.states) else "?"


def clock(seconds: float) -> str:
    """Time of day (UTC) of seconds since 1970."""
    if not math.isfinite(seconds):
        return "--:--:--"
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")


def day(seconds: float) -> str:
    """Date (UTC) of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d") if math.isfinite(seconds) else "----------"


WHEN = 11
"""Cells of a moment of a list."""


def moment(seconds: float, now: float) -> str:
    """Time of day, of another day than today's with its date: ``06:15:00``, ``11-30 15:02``."""
    today = not math.isfinite(seconds) or day(seconds) == day(now)
    return clock(seconds) if today else f"{day(seconds)[5:]} {clock(seconds)[:5]}"


def duration(seconds: float) -> str:
    """A length of time in one or two units: ``45 s``, ``8 min``, ``2 h 05``, ``3 d 04 h``."""
    if not math.isfinite(seconds):
        return "?"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d}"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def elapsed(seconds: float) -> str:
    """Time since the beginning as the evidence has it: ``12:05`` or ``1:02:05``."""
    hours, rest = divmod(max(0, round(seconds)), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def pace(per_minute: float) -> str:
    """A rate as one would say it: by the hour where a minute moves next to nothing."""
    return f"{per_minute:.3g} a minute" if per_minute >= 0.1 else f"{60.0 * per_minute:.3g} an hour"


def speed(value: float) -> str:
    """Simulation speed: ``x1``, ``x0.25``, ``xmax``."""
    if math.isnan(value):
        return "x?"
    return "xmax" if math.isinf(value) else f"x{value:g}"


def short(text: str, width: int) -> str:
    """A text cut to ``width`` cells, the cut shown by an ellipsis."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def as_many(names: Sequence[str], width: int) -> str:
    """The names that fit into ``width`` cells; where not all of them do, how many more there are."""
    for shown in range(len(names), 0, -1):
        more = f"  and {len(names) - shown} more" if shown < len(names) else ""
        text = "  ".join(names[:shown]) + more
        if len(text) <= width:
            return text
    return short(str(len(names)), width) if names else ""
