"""What the server tells of a scenario, made into an ``Exercise``."""

from __future__ import annotations

from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds

from hmi.comm.services import node_id, plain, read
from hmi.exercise import Criterion, Exercise

_FACTS = ("Title", "Briefing", "Length", "Elapsed", "State", "Messages", "Debrief", "Score", "Evidence")


async def read_exercise(client: Client, namespace: int) -> Exercise | None:
    """The scenario that runs, or has run; None where there is none."""
    nodes = [node_id(f"Training.{name}", namespace) for name in _FACTS]
    values = await read(client, [(node, AttributeIds.Value) for node in nodes])
    told = dict(zip(_FACTS, (_value(value) for value in values), strict=True))
    if not told["Title"]:
        return None
    rows = (line.split("\t") for line in told["Evidence"] or ())
    return Exercise(
        str(told["Title"]),
        str(told["Briefing"] or ""),
        float(told["Length"] or 0.0),
        float(told["Elapsed"] or 0.0),
        str(told["State"] or "running"),
        tuple(told["Messages"] or ()),
        str(told["Debrief"] or ""),
        None if told["Score"] is None else float(told["Score"]),
        tuple(Criterion(*row) for row in rows if len(row) == 5),
    )


def _value(value: ua.DataValue) -> Any:
    return plain(value)
