"""Sequences to the core's tables: steps, actions and checks one behind the other, and where each begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from plantsim.model.plant import Action, Condition, Plant

SEQUENCE_MEM = 2
"""Memory of a sequence, as in ext/sequence.pxd."""
RUNNING, HELD, COMPLETE = 1.0, 2.0, 4.0
"""States of a sequence at work, of one that waits for its operator, and of one that has run through."""

Table = list[dict[str, Any]]


def sequences(
    plant: Plant,
    row: Mapping[str, int],
    take: Callable[[str, int], int],
    condition: Callable[[Condition], dict[str, Any]],
) -> dict[str, Table]:
    """The tables ``sequences``, ``steps``, ``actions`` and ``checks``.

    row: tag name -> row. take: reserves memory for an owner, so many slots, and returns the first.
    condition: table of a comparison.
    """
    steps: Table = []
    actions: Table = []
    checks: Table = []

    def acts(some: Iterable[Action]) -> dict[str, int]:
        first = len(actions)
        actions.extend({"row": row[f"{a.tag}.{a.member}"], "value": a.value, "rate": a.rate} for a in some)
        return {"first": first, "count": len(actions) - first}

    def tests(some: Iterable[Condition]) -> dict[str, int]:
        first = len(checks)
        checks.extend(condition(c) for c in some)
        return {"first": first, "count": len(checks) - first}

    table = []
    for sequence in plant.sequences:
        first = len(steps)
        for step in sequence.steps:
            steps.append(
                {
                    "enter": acts(step.actions),
                    "hold": acts(step.on_hold),
                    "abort": acts(step.on_abort),
                    "checks": tests(step.checks),
                    "ends": tests(step.ends),
                    "unless": tests(step.unless),
                    "dwell": step.dwell,
                    "most": step.most,
                }
            )
        rows = {name: row[f"{sequence.tag}.{name.upper()}"] for name in ("cmd", "state", "step", "step_time")}
        table.append(
            {
                **rows,
                "mem": take(sequence.tag, SEQUENCE_MEM),
                "steps": {"first": first, "count": len(steps) - first},
                "permits": tests(sequence.permits),
                "repeat": sequence.repeat,
            }
        )
    return {"sequences": table, "steps": steps, "actions": actions, "checks": checks}
