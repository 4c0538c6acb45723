"""Writes: from a client's WriteValue to the engine, or to the status that says why not."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from asyncua import ua
from asyncua.server.address_space import AddressSpace

from plantsim.engine.command import Origin, Refusal
from plantsim.model.tag import Tag
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_ranges import is_range
from plantsim.serve.opcua_values import written

journal = logging.getLogger("plantsim.journal")

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
    Refusal.SILENT: ua.StatusCodes.BadInvalidState,
}


class Writes:
    """Answers writes. A node's value is never written: the image shows what came of it."""

    def __init__(self, engine: Engine, space: AddressSpace, tags: Mapping[ua.NodeId, Tag]) -> None:
        self._engine = engine
        self._space = space
        self._tags = tags

    def write(self, items: Sequence[ua.WriteValue], origin: Origin) -> list[ua.StatusCode]:
        """One status for each item. Whatever has a value that the engine understands goes there, in one piece."""
        answers: list[int] = []
        asked: list[tuple[int, str, float | bool | int]] = []
        for index, item in enumerate(items):
            tag = self._tags.get(item.NodeId)
            if tag is None or item.AttributeId != ua.AttributeIds.Value:
                answers.append(self._not_a_tag(item))
                continue
            value = written(item.Value.Value, tag.type) if item.Value is not None else None
            unfit = _unfit(item, value)
            if unfit is None and value is not None:
                asked.append((index, tag.name, value))
                answers.append(ua.StatusCodes.Good)
            else:
                answers.append(_refused(tag, unfit, origin))
        refusals = self._engine.write([(name, value) for _, name, value in asked], origin) if asked else []
        for (index, _, _), refusal in zip(asked, refusals, strict=True):
            if refusal is not None:
                answers[index] = STATUS_OF[refusal]
        return [ua.StatusCode(answer) for answer in answers]

    def _not_a_tag(self, item: ua.WriteValue) -> int:
        node = self._space.get(item.NodeId)
        if node is None:
            return int(ua.StatusCodes.BadNodeIdUnknown)
        if item.AttributeId not in node.attributes:
            return int(ua.StatusCodes.BadAttributeIdInvalid)
        return int(ua.StatusCodes.BadNotWritable)


def _unfit(item: ua.WriteValue, value: float | bool | int | None) -> int | None:
    """Why the engine cannot be asked, if it cannot."""
    if item.IndexRange:
        return int(
            ua.StatusCodes.BadIndexRangeNoData if is_range(item.IndexRange) else ua.StatusCodes.BadIndexRangeInvalid
        )
    # a SourceTimestamp is tolerated, many clients always send one; a status would be an invented measurement
    if item.Value is not None and item.Value.StatusCode is not None and item.Value.StatusCode.value != 0:
        return int(ua.StatusCodes.BadWriteNotSupported)
    return int(ua.StatusCodes.BadTypeMismatch) if value is None else None


def _refused(tag: Tag, unfit: int | None, origin: Origin) -> int:
    """The answer to what the engine was not asked; role comes before type, as in the engine."""
    if tag.role is None:
        status = ua.StatusCodes.BadNotWritable
    elif origin.role < tag.role:
        status = ua.StatusCodes.BadUserAccessDenied
    else:
        status = unfit
    name, _ = ua.status_codes.get_name_and_doc(status)
    journal.info("%s (%s): write of %s refused, %s", origin.user, origin.via, tag.name, name)
    return int(status)
