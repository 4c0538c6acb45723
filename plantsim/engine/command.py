"""What the outside asks of the plant, and the reasons for which it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from plantsim.model.tag import Role


class Refusal(Enum):
    """Why a write was refused; every protocol answers with its own code for it."""

    UNKNOWN = "no such tag"
    READ_ONLY = "read-only"
    ROLE = "the role may not write it"
    TYPE = "not a value of its type"
    RANGE = "outside its range"
    MODE = "not in this mode"
    INTERLOCK = "held by an interlock or a force"
    EXTERNAL = "the area is under external control"
    NOT_EXTERNAL = "the area is not under external control"
    SILENT = "the PLC's heartbeat is lost"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who writes: for the permission check and the journal."""

    role: Role
    user: str
    via: str
    """opcua, modbus, rack, cli, test."""


@dataclass(frozen=True, slots=True)
class Command:
    """An accepted write, waiting for the next scan."""

    row: int
    value: float
    origin: Origin
