"""What an instructor chooses from, as methods that answer with lists; below instructor they are not to be seen.

A plant has malfunctions by the thousand, which change only with the plant file, and few that are injected: a client
asks for both when it shows them. The lists of an answer are equally long; what stands at one place belongs together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from plantsim.model.remedy import FieldAction
from plantsim.model.tag import Role
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_methods import Argument, Call, Method, declare
from plantsim.serve.opcua_nodes import NodeBatch
from plantsim.serve.opcua_space import SIMULATION

_Types = ua.VariantType
_NEVER = datetime(1601, 1, 1, tzinfo=UTC)
"""A DateTime that OPC UA itself takes for none."""

LISTS: dict[str, tuple[str, tuple[Argument, ...]]] = {
    "ListMalfunctions": (
        "What may go wrong in this plant",
        (
            Argument("malfunctions", _Types.String, "To be injected as they are, name@target", array=True),
            Argument("titles", _Types.String, "In words", array=True),
            Argument("defaults", _Types.Boolean, "Whether that target is meant where none is named", array=True),
        ),
    ),
    "ListInjected": (
        "What is wrong, or waits for its trigger or delay, in the order of its injection",
        (
            Argument("instances", _Types.String, "By which they are cleared", array=True),
            Argument("levels", _Types.Double, "How bad each is at present, 0 to 1", array=True),
            Argument("severities", _Types.Double, "How bad each gets, 0 to 1", array=True),
            Argument("delays", _Types.Double, "Plant time from injection to beginning, s", array=True),
            Argument("ramps", _Types.Double, "Plant time from beginning to severity, s", array=True),
            Argument("since", _Types.DateTime, "Plant time of the injection; 1601 of what is armed", array=True),
            Argument("conditions", _Types.String, "What those that are armed wait for; empty for others", array=True),
        ),
    ),
    "ListFieldActions": (
        "What a field operator can be asked to do",
        (
            Argument("actions", _Types.String, "To be asked for as they are, what and on what", array=True),
            Argument("seconds", _Types.Double, "Plant time that each takes, s", array=True),
            Argument("needs", _Types.String, "What must hold meanwhile, in words; empty for nothing", array=True),
        ),
    ),
    "ListField": (
        "What the field operator does now, then what he did or could not do, the latest first",
        (
            Argument("actions", _Types.String, "What he was asked for", array=True),
            Argument("states", _Types.String, "under way, done, or refused or broken off and why", array=True),
            Argument("ends", _Types.DateTime, "Plant time at which each is or was over", array=True),
        ),
    ),
    "ListSnapshots": (
        "What can be restored: start states first, then the newest",
        (
            Argument("names", _Types.String, "Of the snapshots", array=True),
            Argument("saved", _Types.DateTime, "Wall time; 1601 for a start state, which nobody saved", array=True),
            Argument("backtrack", _Types.Double, "Plant time that Backtrack can go back now, min"),
        ),
    ),
}


def build(batch: NodeBatch, simulation: ua.NodeId) -> None:
    """The method nodes."""
    for name, (description, results) in LISTS.items():
        declare(batch, simulation, f"{SIMULATION}.{name}", description, results=results)


def methods(batch: NodeBatch, engine: Engine) -> dict[ua.NodeId, Method]:
    """What the methods do."""
    objects = frozenset((batch.id(SIMULATION),))

    async def malfunctions(_: Call) -> Sequence[ua.Variant]:
        places = list(engine.plant.malfunctions)
        first: set[str] = set()
        defaults = []
        for place in places:
            one = place.malfunction
            defaults.append(one.id not in first and not one.everywhere)
            first.add(one.id)
        return _answers("ListMalfunctions", [p.name for p in places], [p.malfunction.title for p in places], defaults)

    async def injected(_: Call) -> Sequence[ua.Variant]:
        found = engine.injected
        return _answers(
            "ListInjected",
            [one.name for one in found],
            [one.level for one in found],
            [one.severity for one in found],
            [one.delay for one in found],
            [one.ramp for one in found],
            [_moment(one.since) for one in found],
            [one.condition for one in found],
        )

    async def actions(_: Call) -> Sequence[ua.Variant]:
        found = engine.field_actions
        needs = [_needs(one) for one in found]
        return _answers("ListFieldActions", [one.name for one in found], [one.remedy.takes for one in found], needs)

    async def field(_: Call) -> Sequence[ua.Variant]:
        found = engine.field_work
        image, period = engine.image, engine.scan_period
        ends = [_moment(image.plant_time + (one.at - image.scan) * period) for one in found]
        return _answers("ListField", [one.action.name for one in found], [one.state for one in found], ends)

    async def snapshots(_: Call) -> Sequence[ua.Variant]:
        found = engine.snapshots
        saved = [_moment(one.saved) for one in found]
        return _answers("ListSnapshots", [one.name for one in found], saved, engine.backtrack_reach)

    runs = {
        "ListMalfunctions": malfunctions,
        "ListInjected": injected,
        "ListFieldActions": actions,
        "ListField": field,
        "ListSnapshots": snapshots,
    }
    return {batch.id(f"{SIMULATION}.{name}"): Method(Role.INSTRUCTOR, (), objects, run) for name, run in runs.items()}


def _needs(action: FieldAction) -> str:
    """``P-201 stopped``, ``AIC-302 in manual`` or ``P-201 in local``."""
    if action.remedy.needs == "local":
        return f"{action.object} in local"
    tags = ", ".join(need.tag.partition(".")[0] for need in action.needs)
    return f"{tags} {'stopped' if action.remedy.needs == 'stopped' else 'in manual'}" if tags else ""


def _moment(time: float) -> datetime:
    """s since 1970; nan for none."""
    return _NEVER if math.isnan(time) else datetime.fromtimestamp(time, UTC)


def _answers(name: str, *values: Any) -> list[ua.Variant]:
    return [
        ua.Variant(value, result.type, is_array=result.array)
        for value, result in zip(values, LISTS[name][1], strict=True)
    ]
