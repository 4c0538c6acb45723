"""What the server tells an instructor, made into facts for his display."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hmi.instructor import FieldAction, FieldWork, Injected, Malfunction, Scenario, Snapshot

_NEVER = 1700
"""Year before which a DateTime is OPC UA's way to say none."""


def malfunctions(results: Sequence[Any]) -> tuple[Malfunction, ...]:
    """The answer to ListMalfunctions."""
    names, titles, defaults = (column or [] for column in results)
    return tuple(Malfunction(*row) for row in zip(names, titles, defaults, strict=True))


def injected(results: Sequence[Any]) -> tuple[Injected, ...]:
    """The answer to ListInjected."""
    rows = zip(*(column or [] for column in results), strict=True)
    return tuple(
        Injected(instance, level, severity, delay, ramp, _time(since), *condition)
        for instance, level, severity, delay, ramp, since, *condition in rows
    )


def field_actions(results: Sequence[Any]) -> tuple[FieldAction, ...]:
    """The answer to ListFieldActions."""
    return tuple(FieldAction(*row) for row in zip(*(column or [] for column in results), strict=True))


def field_work(results: Sequence[Any]) -> tuple[FieldWork, ...]:
    """The answer to ListField."""
    rows = zip(*(column or [] for column in results), strict=True)
    return tuple(FieldWork(action, state, _time(end)) for action, state, end in rows)


def snapshots(results: Sequence[Any]) -> tuple[tuple[Snapshot, ...], float]:
    """The answer to ListSnapshots: the snapshots, and the minutes that can be gone back."""
    names, saved, reach = results
    found = tuple(Snapshot(name, _time(moment)) for name, moment in zip(names or [], saved or [], strict=True))
    return found, float(reach)


def scenarios(results: Sequence[Any]) -> tuple[Scenario, ...]:
    """The answer to ListScenarios."""
    return tuple(Scenario(*row) for row in zip(*(column or [] for column in results), strict=True))


def _time(moment: datetime) -> float:
    if moment.year < _NEVER:
        return math.nan
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
