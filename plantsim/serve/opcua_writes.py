"""Writes: from a client's WriteValue to the engine, or to the status that says why not."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from asyncua import ua
from asyncua.server.address_space import AddressSpace

from plantsim.engine.command import Origin, Refusal
from plantsim.model.tag import Tag
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_values import written

log = logging.getLogger(__name__)

STATUS_OF: dict[Refusal, int] = {
    Refusal.UNKNOWN: ua.StatusCodes.BadNodeIdUnknown,
    Refusal.READ_ONLY: ua.StatusCodes.BadNotWritable,
    Refusal.ROLE: ua.StatusCodes.BadUserAccessDenied,
    Refusal.TYPE: ua.StatusCodes.BadTypeMismatch,
    Refusal.RANGE: ua.StatusCodes.BadOutOfRange,
    Refusal.MODE: ua.StatusCodes.BadInvalidState,
    Refusal.INTERLOCK: ua.StatusCodes.BadRequestNotAllowed,
    Refusal.EXTERNAL: ua.StatusCodes.BadResourceUnavailable,
    Refusal.NOT_EXTERNAL: ua.StatusCodes.BadInvalidState,
}


class Writes:
    """Answers writes. A node's value is never written: the image shows what came of it."""

    def __init__(self, engine: Engine, space: AddressSpace, tags: Mapping[ua.NodeId, Tag]) -> None:
        self._engine = engine
        self._space = space
        self._tags = tags

    def write(self, items: Sequence[ua.WriteValue], origin: Origin) -> list[ua.StatusCode]:
        """One status for each item. What is accepted goes to the engine in one piece, in order."""
        answers: list[int] = []
        accepted: list[tuple[int, Tag, float | bool | int]] = []
        for index, item in enumerate(items):
            tag = self._tags.get(item.NodeId)
            if tag is None or item.AttributeId != ua.AttributeIds.Value:
                answers.append(self._not_a_tag(item))
                continue
            value = written(item.Value.Value, tag.type) if item.Value is not None else None
            answers.append(_refused(item, tag, value, origin))
            if value is not None and answers[-1] == ua.StatusCodes.Good:
                accepted.append((index, tag, value))
        refusals = self._engine.write([(tag.name, value) for _, tag, value in accepted], origin) if accepted else []
        for (index, tag, value), refusal in zip(accepted, refusals, strict=True):
            if refusal is not None:
                answers[index] = STATUS_OF[refusal]
                log.info("%s by %s refused: %s = %s, %s", origin.via, origin.user, tag.name, value, refusal.value)
        return [ua.StatusCode(answer) for answer in answers]

    def _not_a_tag(self, item: ua.WriteValue) -> int:
        node = self._space.get(item.NodeId)
        if node is None:
            return int(ua.StatusCodes.BadNodeIdUnknown)
        if item.AttributeId not in node.attributes:
            return int(ua.StatusCodes.BadAttributeIdInvalid)
        return int(ua.StatusCodes.BadNotWritable)


def _refused(item: ua.WriteValue, tag: Tag, value: float | bool | int | None, origin: Origin) -> int:
    """Good, or why the engine need not be asked. Role comes before type, as in the engine."""
    if tag.role is None:
        return int(ua.StatusCodes.BadNotWritable)
    if origin.role < tag.role:
        return int(ua.StatusCodes.BadUserAccessDenied)
    if item.IndexRange:
        return int(ua.StatusCodes.BadIndexRangeNoData)
    # a SourceTimestamp is tolerated, many clients always send one; a status would be an invented measurement
    if item.Value is not None and item.Value.StatusCode is not None and item.Value.StatusCode.value != 0:
        return int(ua.StatusCodes.BadWriteNotSupported)
    return int(ua.StatusCodes.Good if value is not None else ua.StatusCodes.BadTypeMismatch)
