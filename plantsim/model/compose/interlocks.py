"""Interlocks to the core's tables: the matrix, and the rows that its effects hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plantsim.model.plant import Condition, Effect, Plant
from plantsim.model.tag import Kind

INTERLOCK_MEM = 4
"""Memory of an interlock, as in ext/interlock.pxd."""
FORCE, KEEP, LOCK = range(3)
NO_TERM = {"relation": 1, "row": 0, "value": 0.0}

Table = list[dict[str, Any]]


def interlocks(
    plant: Plant,
    row: Mapping[str, int],
    take: Callable[[str, int], int],
    condition: Callable[[Condition], dict[str, Any]],
) -> dict[str, Table]:
    """The tables ``interlocks`` and ``effects``.

    row: tag name -> row. take: reserves memory for an owner, so many slots, and returns the first. condition: table of
    a comparison.
    """
    kinds = {device.tag: device.kind for device in plant.devices}
    groups = list(dict.fromkeys(interlock.group for interlock in plant.interlocks))
    effects: Table = []
    table: Table = []
    for one in plant.interlocks:
        first = len(effects)
        for effect in one.effects:
            effects += _held(effect, kinds[effect.tag], row)
        terms = [condition(c) for c in one.when]
        table.append(
            {
                "tripped": row[f"{one.tag}.TRIPPED"],
                "first_out": row[f"{one.tag}.FIRST_OUT"],
                "bypass": row[f"{one.tag}.BYPASS"],
                "reset": row[f"{one.tag}.RESET"],
                "mem": take(one.tag, INTERLOCK_MEM),
                "group": groups.index(one.group),
                "latched": int(one.latched),
                "n_terms": len(terms),
                "votes": one.votes,
                "first": first,
                "count": len(effects) - first,
                "locks": int(any(effect.verb == "LOCK" for effect in one.effects)),
                "term": [*terms, *[NO_TERM] * (4 - len(terms))],
                "deadband": one.deadband,
                "delay": one.delay,
                "bypass_time": one.bypass_time,
            }
        )
    return {"interlocks": table, "effects": effects}


def _held(effect: Effect, kind: Kind, row: Mapping[str, int]) -> Table:
    """The rows that an effect holds. A stopped drive keeps its speed command, so that its loop does not wind up."""
    cmd = row[f"{effect.tag}.CMD"]
    if effect.verb == "%":
        return [_row(FORCE, row[f"{effect.tag}.SPEED_CMD"] if kind is Kind.VARIABLE_DRIVE else cmd, effect.value)]
    if effect.verb in ("OPEN", "CLOSE"):
        full = 1.0 if kind is Kind.ON_OFF_VALVE else 100.0
        return [_row(FORCE, cmd, full if effect.verb == "OPEN" else 0.0)]
    if effect.verb == "START":
        return [_row(FORCE, cmd, 1.0)]
    stop = [_row(LOCK if effect.verb == "LOCK" else FORCE, cmd, 0.0)]
    return [*stop, _row(KEEP, row[f"{effect.tag}.SPEED_CMD"], 0.0)] if kind is Kind.VARIABLE_DRIVE else stop


def _row(kind: int, row: int, value: float) -> dict[str, Any]:
    return {"kind": kind, "row": row, "value": value}
