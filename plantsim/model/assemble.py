"""A plant's core: process and field tables put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plantsim.model.compose.context import Layout
from plantsim.model.compose.faults import Faults
from plantsim.model.compose.field import Field, places
from plantsim.model.compose.paces import paces
from plantsim.model.compose.process import Process
from plantsim.model.plant import Measurement, Plant


@dataclass(frozen=True)
class Assembly:
    """What the core is built from and what it takes to look inside.

    spec: argument of `plantsim._core.Core`. layout: where things stand. faults: what malfunctions do to it. smooth:
    memory slots that the steady-state solver treats as unknowns, and whose they are; all others are flags, timers or
    samples.
    """

    spec: dict[str, Any]
    layout: Layout
    faults: Faults
    smooth: Mapping[int, str]


def assemble(plant: Plant, row: Mapping[str, int], *, scan_period: float = 0.1, seed: int = 1) -> Assembly:
    """Tables for a plant whose tags stand in the given rows of the process image.

    scan_period: s of plant time.
    """
    process = Process(plant)
    spec = process.build()

    def probe(m: Measurement) -> int:
        return process.stream_probe(m.source, m.probe) if m.stream else process.layout.probes[m.source, m.probe]

    field = Field(plant, process.layout, row, probe)
    spec |= field.build(scan_period=scan_period, seed=seed)
    spec["weighted"] = process.weighted
    spec["meters"] = process.meters
    spec["probes"] = process.n_probes
    spec["paces"] = paces(plant, process.layout, scan_period)
    return Assembly(spec, process.layout, Faults(plant, process.layout, places(plant), probe), field.smooth)
