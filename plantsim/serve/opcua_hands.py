"""Who set what last: what an operator asks before he sets it otherwise, for several may sit at one plant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from plantsim.engine.journal import Event
from plantsim.model.tag import Role
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_methods import Argument, Call, Method, declare
from plantsim.serve.opcua_nodes import NodeBatch
from plantsim.serve.opcua_space import PLANT

LAST_WRITES = f"{PLANT}.LastWrites"
_Types = ua.VariantType
_TAG = Argument("tag", _Types.String, "Of the object, such as FIC-201")
_RESULTS = (
    Argument("members", _Types.String, "Those of its members that somebody has written since the start", array=True),
    Argument("values", _Types.String, "What was written last, as people read it", array=True),
    Argument("users", _Types.String, "Who did", array=True),
    Argument("ways", _Types.String, "By which way: opcua, modbus, ...", array=True),
    Argument("times", _Types.DateTime, "Plant time", array=True),
)
_SCENARIO = "scenario"
"""The way of a scenario's own writes: they tell what is practised."""


def build(batch: NodeBatch) -> None:
    """The method's node."""
    text = "Who set what of a tag object last; lists of equal length, one place for each member"
    declare(batch, batch.id(PLANT), LAST_WRITES, text, (_TAG,), _RESULTS)


def methods(batch: NodeBatch, engine: Engine) -> dict[ua.NodeId, Method]:
    """What the method does."""

    async def last_writes(call: Call) -> Sequence[ua.Variant]:
        (tag,) = call.arguments
        found = await asyncio.to_thread(engine.last_writes, tag)
        if call.origin.role < Role.INSTRUCTOR:
            found = [event for event in found if event.via != _SCENARIO]
        return [
            ua.Variant(column, result.type, is_array=True)
            for column, result in zip(_columns(found), _RESULTS, strict=True)
        ]

    objects = frozenset((batch.id(PLANT),))
    return {batch.id(LAST_WRITES): Method(Role.OPERATOR, (_TAG,), objects, last_writes)}


def _columns(events: Sequence[Event]) -> tuple[list[Any], ...]:
    return (
        [event.source.partition(".")[2] for event in events],
        [event.after for event in events],
        [event.user for event in events],
        [event.via for event in events],
        [datetime.fromtimestamp(event.plant_time, UTC) for event in events],
    )
