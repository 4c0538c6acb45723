"""Which tags have a history, and how each is kept."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from plantsim.history.settings import Settings, SettingsError
from plantsim.model.tag import Kind, Tag, ValueType

_COUNTERS = frozenset(("NextResult", "STEP_TIME"))
"""Seconds that pass: their history says nothing that another tag's does not."""
_CONTINUOUS = frozenset(("OP", "CMD", "SPEED_CMD"))
"""Members that are written and yet move steadily."""


@dataclass(frozen=True, slots=True)
class Series:
    """The history of one tag. stepped: it keeps a value until the next. deadband: in its unit. longest: in µs."""

    tag: Tag
    stepped: bool
    deadband: float
    longest: int

    @property
    def key(self) -> str:
        """What it is called in the file: a tag whose value means something else than before has a history anew."""
        return "|".join((self.tag.name, self.tag.type.value, self.tag.eu, *self.tag.states))


def has_history(tag: Tag) -> bool:
    """Whether a tag is worth keeping: not times, profiles and what the simulation says of itself."""
    return (
        tag.kind is not Kind.SIMULATION
        and tag.type not in (ValueType.TIME, ValueType.PROFILE)
        and tag.member not in _COUNTERS
    )


def is_stepped(tag: Tag) -> bool:
    """Whether a tag keeps its value until it has another, so that no line leads from one to the next."""
    if tag.type is not ValueType.FLOAT or tag.kind is Kind.ANALYSER:
        return True
    return tag.role is not None and tag.member not in _CONTINUOUS


def series_of(tags: Iterable[Tag], settings: Settings) -> list[Series]:
    """The series of a plant. Raises SettingsError where the settings speak of a tag that has none."""
    known = {tag.name: tag for tag in tags if has_history(tag)}
    for name in settings.tags:
        if name not in known:
            raise SettingsError(f'history settings, tags."{name}": the plant has no such tag, or it has no history')
    return [_series(tag, settings) for tag in known.values() if settings.of(tag.name).keep]


def _series(tag: Tag, settings: Settings) -> Series:
    own = settings.of(tag.name)
    longest = own.longest_s or settings.longest_s
    deadband = own.deadband
    if deadband is None:
        span = tag.high - tag.low
        ranged = tag.type is ValueType.FLOAT and math.isfinite(span)
        deadband = 0.01 * settings.deadband_pct * span if ranged and not is_stepped(tag) else 0.0
    return Series(tag, is_stepped(tag), deadband, round(1e6 * longest))
