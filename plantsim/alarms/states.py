"""States of an alarm after ISA-18.2 / IEC 62682, and what changes them."""

from __future__ import annotations

from enum import Enum

ACTIVE, UNACKED, UNCONFIRMED, SHELVED, SUPPRESSED, OUT_OF_SERVICE, DISABLED, FIRST_OUT = (1 << k for k in range(8))
"""Bits of an alarm's state. FIRST_OUT: of its group it was the first to come."""
QUIET = SHELVED | SUPPRESSED | OUT_OF_SERVICE | DISABLED
"""While one of these is set nothing is annunciated."""


class AlarmState(Enum):
    """The states of ISA-18.2, table 2. An alarm that is disabled counts as out of service."""

    NORMAL = "NORM"
    UNACK = "UNACK"
    ACKED = "ACKED"
    RTN_UNACK = "RTNUN"
    SHELVED = "SHLVD"
    SUPPRESSED = "DSUPR"
    OUT_OF_SERVICE = "OOSRV"


class Change(Enum):
    """What happened to an alarm: its condition, its suppression by design, or somebody's action."""

    CAME = "came"
    WENT = "went"
    SUPPRESSED_BY_DESIGN = "suppressed by design"
    RELEASED_BY_DESIGN = "released by design"
    CHATTERS = "chatters"
    SHELF_EXPIRED = "shelving expired"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    COMMENTED = "commented"
    SHELVED = "shelved"
    SHELVED_ONCE = "shelved once"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    TAKEN_OUT = "taken out of service"
    RETURNED = "returned to service"
    DISABLED = "disabled"
    ENABLED = "enabled"


OPERATOR_ACTIONS = frozenset(
    (
        Change.ACKNOWLEDGED,
        Change.CONFIRMED,
        Change.COMMENTED,
        Change.SHELVED,
        Change.SHELVED_ONCE,
        Change.UNSHELVED,
        Change.DISABLED,
        Change.ENABLED,
    )
)
ENGINEER_ACTIONS = frozenset((Change.SUPPRESSED, Change.UNSUPPRESSED, Change.TAKEN_OUT, Change.RETURNED))
"""Taking an alarm from service changes what the plant is protected by: it needs management of change."""


def isa_state(bits: int) -> AlarmState:
    """The state of ISA-18.2 that the bits stand for."""
    if bits & (OUT_OF_SERVICE | DISABLED):
        return AlarmState.OUT_OF_SERVICE
    if bits & SUPPRESSED:
        return AlarmState.SUPPRESSED
    if bits & SHELVED:
        return AlarmState.SHELVED
    if bits & UNACKED:
        return AlarmState.UNACK if bits & ACTIVE else AlarmState.RTN_UNACK
    return AlarmState.ACKED if bits & ACTIVE else AlarmState.NORMAL
