"""The steps of sequences, which the server has as arrays beside their tags."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds

from hmi.comm.services import node_id, plain, read
from hmi.model import TagObject
from hmi.procedure import Procedure, parse

log = logging.getLogger(__name__)

_STEPS = ("StepTitles", "StepActions", "StepChecks", "StepDwells", "StepLimits", "StepEnds", "StepNeeds")
_ARRAYS = (*_STEPS, "Permits", "Repeats")


async def read_procedures(client: Client, tags: Iterable[TagObject], namespace: int) -> dict[str, Procedure]:
    """The procedures by tag; those without steps on this server, or with steps that make no sense, are left out."""
    sequences = [tag for tag in tags if tag.kind == "sequence"]
    wanted: list[tuple[ua.NodeId, AttributeIds]] = [
        (node_id(f"{tag.id}.{name}", namespace), AttributeIds.Value) for tag in sequences for name in _ARRAYS
    ]
    values = iter(await read(client, wanted))
    found: dict[str, Procedure] = {}
    for tag in sequences:
        told: dict[str, Any] = {name: plain(next(values)) for name in _ARRAYS}
        arrays = [told[name] for name in _STEPS]
        if None in arrays:
            continue
        permits, repeats = told["Permits"] or (), told["Repeats"] is True
        try:
            found[tag.id] = parse(tag.id, tag.title, *arrays, permits=permits, repeats=repeats)
        except (ValueError, TypeError) as error:
            log.warning("steps of %s: %s", tag.id, error)
    return found
