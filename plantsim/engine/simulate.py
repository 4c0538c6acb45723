"""A closed-loop run without servers, as fast as the machine goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from plantsim.engine.image import ProcessImage
from plantsim.engine.kpi import S_PER_H
from plantsim.engine.live import LivePlant
from plantsim.model.plant import Plant

EPOCH_2026 = 1767225600.0
"""2026-01-01T00:00:00Z, where simulated time starts unless told otherwise."""


MOST_SCANS = 36_000
"""Scans in one go: the core hears of no signal, such as Ctrl-C, meanwhile."""


@dataclass(frozen=True, slots=True)
class ProductReport:
    """One product over the run, mass-weighted. recovery: % of the product's metals fed that reached its hopper."""

    rate_kg_h: float
    purity_pct: float
    recovery_pct: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to.

    balance_error: largest over the elements of |in - out - change of hold-up| / (in + initial hold-up).
    alarms: how many were annunciated. state_sha256: of everything that decides how the run would go on.
    """

    plant: str
    seed: int
    plant_seconds: float
    wall_seconds: float
    throughput_kg_h: float
    products: dict[str, ProductReport]
    byproducts: dict[str, ProductReport]
    element_recovery_pct: dict[str, float]
    specific_acid: float
    specific_energy_kwh_kg: float
    off_spec_kg: float
    balance_error: float
    alarms: int
    state_sha256: str

    @property
    def times_real_time(self) -> float:
        """Plant seconds per wall second."""
        return self.plant_seconds / self.wall_seconds if self.wall_seconds > 0.0 else 0.0


def simulate(
    plant: Plant,
    seconds: float,
    *,
    seed: int = 1,
    start: str = "steady",
    scan_period: float = 0.1,
    epoch: float = EPOCH_2026,
    every: float = 0.0,
    sample: Callable[[ProcessImage], None] | None = None,
) -> Report:
    """Run a plant for `seconds` of plant time; `sample` gets an image at the start and every `every` s of plant time.

    Raises NumericStop if the core stops, SnapshotError if it can not start.
    """
    live = LivePlant(plant, scan_period=scan_period, seed=seed, start=start, epoch=epoch)
    core = live.core
    before = core.total.copy()
    scans = round(seconds / scan_period)
    batch = max(1, round(every / scan_period)) if sample is not None and every > 0.0 else MOST_SCANS

    def look() -> None:
        if sample is not None:
            elapsed = float(live.core.time)
            sample(live.image({"Time": live.plant_time, "Elapsed": elapsed, "ScanCount": float(live.core.scan)}))

    begun = time.perf_counter()
    look()
    done = 0
    while done < scans:
        n = min(batch, scans - done)
        live.advance(n)
        done += n
        look()
    wall = time.perf_counter() - begun

    total, figures = core.total - before, live.figures
    quotients = dict(zip(figures.names, figures.quotients(total).tolist(), strict=True))
    hours = seconds / S_PER_H if seconds > 0.0 else 1.0
    reports = {
        p.name: ProductReport(
            figures.of(total, f"oxide.{p.name}") / hours,
            figures.purity_pct(total, p.name),
            quotients[f"Recovery.{p.name}"],
        )
        for p in plant.products
    }
    return Report(
        plant=plant.name,
        seed=seed,
        plant_seconds=scans * scan_period,
        wall_seconds=wall,
        throughput_kg_h=figures.of(total, "feed") / hours,
        products={p.name: reports[p.name] for p in plant.products if not p.byproduct},
        byproducts={p.name: reports[p.name] for p in plant.products if p.byproduct},
        element_recovery_pct={
            e: figures.element_recovery_pct(total, p.name, e) for p in plant.products for e in p.elements
        },
        specific_acid=quotients["SpecificAcid"],
        specific_energy_kwh_kg=quotients["SpecificEnergy"],
        off_spec_kg=figures.off_spec_kg(total),
        balance_error=live.health.balance_error(),
        alarms=live.book.annunciated,
        state_sha256=live.state_sha256(),
    )
