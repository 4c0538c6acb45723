"""The cause-and-effect matrix, which the server has beside the tags of its interlocks."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds

from hmi.comm.services import node_id, plain, read
from hmi.interlock import Interlock, parse_interlock
from hmi.model import TagObject

log = logging.getLogger(__name__)

_TOLD = ("Causes", "Votes", "Delay", "Latched", "Effects", "Group")


async def read_interlocks(client: Client, tags: Iterable[TagObject], namespace: int) -> dict[str, Interlock]:
    """The interlocks by tag; those that this server tells nothing of, or nothing that makes sense, are left out."""
    ids = [tag.id for tag in tags if tag.kind == "interlock"]
    wanted: list[tuple[ua.NodeId, AttributeIds]] = [
        (node_id(f"{id_}.{name}", namespace), AttributeIds.Value) for id_ in ids for name in _TOLD
    ]
    values = iter(await read(client, wanted))
    found: dict[str, Interlock] = {}
    for id_ in ids:
        told: list[Any] = [plain(next(values)) for _ in _TOLD]
        if None in told:
            continue
        try:
            found[id_] = parse_interlock(*told)
        except (ValueError, TypeError) as error:
            log.warning("%s: %s", id_, error)
    return found
