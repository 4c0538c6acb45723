"""The forcing table for OPC UA: methods of the Simulation object. Engineers change it, everybody may read it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from asyncua import ua

from plantsim.engine.malfunctions import TooMany
from plantsim.model.tag import Role, ValueType
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_methods import Argument, Call, Method, declare
from plantsim.serve.opcua_nodes import NodeBatch
from plantsim.serve.opcua_space import SIMULATION
from plantsim.serve.opcua_writes import STATUS_OF

_Types = ua.VariantType
_TAG = Argument("tag", _Types.String, "An instrument's PV, or a device's CMD or SPEED_CMD")
_VALUE = Argument("value", _Types.Double, "In the tag's unit; 1 or 0 of a Boolean")
_SECONDS = Argument("seconds", _Types.Double, "Plant time until it is released; 0 for never")
_FORCES = (
    Argument("tags", _Types.String, "What is forced, the oldest first", array=True),
    Argument("values", _Types.Double, "In the tags' units", array=True),
    Argument("users", _Types.String, "Who forced it", array=True),
    Argument("since", _Types.DateTime, "Plant time", array=True),
    Argument("left", _Types.Double, "Plant time until it is released, s; infinite for never", array=True),
)

FORCING: dict[str, tuple[str, tuple[Argument, ...], tuple[Argument, ...]]] = {
    "Force": ("Hold a value against everything but an interlock", (_TAG, _VALUE, _SECONDS), ()),
    "Release": ("Let a forced value go", (_TAG,), ()),
    "ListForced": ("The forcing table", (), _FORCES),
}


def build(batch: NodeBatch, simulation: ua.NodeId) -> None:
    """The method nodes."""
    for name, (description, arguments, results) in FORCING.items():
        declare(batch, simulation, f"{SIMULATION}.{name}", description, arguments, results)


def methods(batch: NodeBatch, engine: Engine) -> dict[ua.NodeId, Method]:
    """What the methods do."""
    objects = frozenset((batch.id(SIMULATION),))

    async def force(call: Call) -> int:
        name, value, seconds = call.arguments
        tag = engine.tags.get(name)
        if tag is not None and tag.type is ValueType.BOOL:
            if value not in (0.0, 1.0):
                return int(ua.StatusCodes.BadOutOfRange)
            value = bool(value)
        try:
            refusal = engine.force(name, value, seconds, call.origin)
        except TooMany:
            return int(ua.StatusCodes.BadResourceUnavailable)
        except ValueError:
            return int(ua.StatusCodes.BadOutOfRange)
        return int(ua.StatusCodes.Good if refusal is None else STATUS_OF[refusal])

    async def release(call: Call) -> int:
        (name,) = call.arguments
        refusal = engine.release(name, call.origin)
        return int(ua.StatusCodes.Good if refusal is None else STATUS_OF[refusal])

    async def listed(_: Call) -> Sequence[ua.Variant]:
        now = engine.elapsed
        found = engine.forces
        values: list[object] = [
            [one.name for one in found],
            [one.value for one in found],
            [one.user for one in found],
            [datetime.fromtimestamp(one.since, UTC) for one in found],
            [float("inf") if one.until is None else max(one.until - now, 0.0) for one in found],
        ]
        return [ua.Variant(value, form.type, is_array=True) for value, form in zip(values, _FORCES, strict=True)]

    runs: dict[str, Callable[[Call], Awaitable[int | str | Sequence[ua.Variant]]]] = {
        "Force": force,
        "Release": release,
        "ListForced": listed,
    }
    return {
        batch.id(f"{SIMULATION}.{name}"): Method(
            Role.OBSERVER if name == "ListForced" else Role.ENGINEER, FORCING[name][1], objects, run
        )
        for name, run in runs.items()
    }
