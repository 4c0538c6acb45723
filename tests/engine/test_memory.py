"""Scans take no memory."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

import pytest

from plantsim.engine.live import LivePlant

SCANS = 10_000


def resident() -> int:
    """Bytes of memory that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_a_scan_allocates_nothing_in_python(live: LivePlant) -> None:
    live.core.advance(100)
    tracemalloc.start()
    try:
        live.core.advance(1)
        least = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        live.core.advance(SCANS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - least < 1024, "an integer or two of the call"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_run_does_not_grow(live: LivePlant) -> None:
    live.advance(SCANS // 10)
    before = resident()
    live.advance(SCANS)
    assert resident() - before < 256 * 1024
