"""The process image: what the plant looks like at the end of a scan. Everything that faces outward reads this alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plantsim.alarms.states import (
    ACTIVE,
    DISABLED,
    FIRST_OUT,
    OUT_OF_SERVICE,
    SHELVED,
    SUPPRESSED,
    UNACKED,
    UNCONFIRMED,
)

GOOD = 0x00000000
GOOD_LOCAL_OVERRIDE = 0x00960000
UNCERTAIN = 0x40000000
BAD = 0x80000000
BAD_OUT_OF_SERVICE = 0x808D0000
BAD_SENSOR_FAILURE = 0x808C0000
BAD_NO_COMMUNICATION = 0x80310000
BAD_WAITING_FOR_INITIAL_DATA = 0x80320000
"""Qualities are OPC UA status codes (Part 4, 7.39; Part 8, 6.3), so that no projection has to translate."""

__all__ = [
    "ACTIVE", "BAD", "BAD_NO_COMMUNICATION", "BAD_OUT_OF_SERVICE", "BAD_SENSOR_FAILURE", "BAD_WAITING_FOR_INITIAL_DATA",
    "DISABLED", "FIRST_OUT", "GOOD", "GOOD_LOCAL_OVERRIDE", "OUT_OF_SERVICE", "SHELVED", "SUPPRESSED", "UNACKED",
    "UNCERTAIN", "UNCONFIRMED", "ProcessImage",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProcessImage:
    """One published scan. The arrays are never changed after publication; treat them as read-only.

    value, status, time: one row per tag (``Tag.row``), of a profile as many as it has stages; time is the source time,
    seconds since 1970 in plant time.
    alarms: one row per alarm point, the bits of ``plantsim.alarms.states``: ACTIVE, UNACKED, SHELVED ...
    scan: scans since the start. wall: wall-clock seconds since 1970 at publication.
    """

    scan: int
    plant_time: float
    wall: float
    value: NDArray[np.float64] = field(repr=False)
    status: NDArray[np.uint32] = field(repr=False)
    time: NDArray[np.float64] = field(repr=False)
    alarms: NDArray[np.uint8] = field(repr=False)
