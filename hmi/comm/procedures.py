"""The steps of sequences, which the server has as arrays beside their tags, and those of procedures by hand."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from hmi.comm.services import browse, node_id, plain, read
from hmi.model import TagObject
from hmi.procedure import Procedure, parse, parse_by_hand

log = logging.getLogger(__name__)

_STEPS = ("StepTitles", "StepActions", "StepChecks", "StepDwells", "StepLimits", "StepEnds", "StepNeeds")
_TASKS = ("When", "StepTitles", "StepTexts", "StepChecks")
_BY_HAND = "Procedure."
"""What the NodeIds of procedures by hand begin with."""
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


async def read_by_hand(client: Client, namespace: int) -> dict[str, Procedure]:
    """The procedures by hand by name; none from a server that has no such folder."""
    (under,) = await browse(client, [node_id("Procedures", namespace)], ObjectIds.Organizes)
    ids = [str(one.NodeId.Identifier) for one in under if str(one.NodeId.Identifier).startswith(_BY_HAND)]
    wanted = [(node_id(id_, namespace), AttributeIds.DisplayName) for id_ in ids]
    wanted += [(node_id(f"{id_}.{name}", namespace), AttributeIds.Value) for id_ in ids for name in _TASKS]
    values = list(map(plain, await read(client, wanted)))
    found: dict[str, Procedure] = {}
    for index, id_ in enumerate(ids):
        name = id_.removeprefix(_BY_HAND)
        at = len(ids) + index * len(_TASKS)
        told: list[Any] = [values[index], *values[at : at + len(_TASKS)]]
        try:
            found[name] = parse_by_hand(name, *told)
        except (ValueError, TypeError) as error:
            log.warning("steps of %s: %s", name, error)
    return found
