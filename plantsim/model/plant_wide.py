"""Tags that belong to no unit: key figures of the plant, and the state of its simulation."""

from __future__ import annotations

from collections.abc import Iterator

from plantsim.model.plant import Plant
from plantsim.model.tag import Kind, Tag, ValueType

MASTER = "WIC-100"
"""The throughput master of every plant."""


UNDIVIDED = (
    "station", "power_meter", "duct", "feed_bin", "filter", "filter_press", "cartridge", "heap", "membrane", "store",
    "hopper", "ups", "reagent_tank", "hall", "organic_store", "enclosure", "clarifier",
)  # fmt: skip
"""Kinds of units without an integrator."""


def kpis(plant: Plant) -> Iterator[Tag]:
    """True values, not measurements; all read-only."""
    masters = [instrument.high for instrument in plant.instruments if instrument.tag == MASTER]
    most = masters[0] if masters else 100.0
    yield _kpi("Throughput", "Feed rate", "kg/h", most)
    for product in plant.products:
        name = product.name
        yield _kpi(f"OxideRate.{name}", f"{name} oxide leaving", "kg/h", most)
        yield _kpi(f"Purity.{name}", f"{name} purity of the oxide leaving", "%", 100.0)
        yield _kpi(f"Recovery.{name}", f"{name} recovery over 24 h", "%", 100.0)
    yield _kpi("SpecificAcid", "HCl 32 % per feed", "kg/kg", 10.0)
    yield _kpi("SpecificEnergy", "Electric energy per oxide", "kWh/kg", 100.0)
    yield _kpi("OffSpec", "Oxide below its specified purity", "kg", 1000.0)


def _kpi(member: str, description: str, eu: str, high: float) -> Tag:
    return _tag("KPI", Kind.KPI, member, description, ValueType.FLOAT, eu, high)


def simulation(plant: Plant) -> Iterator[Tag]:
    """State of the simulation; methods change it, writes do not."""
    double, count, text = ValueType.FLOAT, ValueType.UINT32, ValueType.TEXT
    most = 4294967295.0
    yield _simulation("Time", "Plant time", ValueType.TIME, "", 0.0)
    yield _simulation("Elapsed", "Plant time since the start", double, "s", 1e9)
    yield _simulation("Speed", "Speed asked for, times real time", double, "", 1e6)
    yield _simulation("ActualSpeed", "Speed reached, times real time", double, "", 1e6)
    yield _simulation("Running", "Whether plant time passes", ValueType.BOOL, "", 1.0, ("Frozen", "Running"))
    yield _simulation("ScanPeriod", "Plant time of a scan", double, "s", 1.0)
    yield _simulation("ScanTime", "Wall time of the last scan", double, "ms", 1000.0)
    yield _simulation("ScanCount", "Scans since the start", count, "", most)
    yield _simulation("Overruns", "Scans that took longer than their period", count, "", most)
    yield _simulation("Pacing", "What the scan waits for", text, "", 2.0, ("", "History", "PLC"))
    yield _simulation("Seed", "Seed of all noise", ValueType.INT64, "", 2.0**63)
    yield _simulation("Scenario", "Scenario that runs", text, "", 0.0, ("",))
    yield _simulation("Branch", "Branch of the history", count, "", most)
    yield _simulation("Lockstep", "Whether every scan waits for the PLCs", ValueType.BOOL, "", 1.0, ("Off", "On"))
    yield _simulation("LockstepTimeouts", "Scans in lock step that ran without the PLC's echo", count, "", most)
    for name, what in (
        ("Lateness", "Wall time from due to begun, {} of the last 1000 scans"),
        ("LoopLatency", "Wall time from a PLC's write to the image that obeys it, {} of the last 1000"),
    ):
        for quantile, said in (("P50", "median"), ("P99", "99th percentile"), ("Max", "largest")):
            yield _simulation(f"{name}{quantile}", what.format(said), double, "ms", 1000.0)
    for area in plant.areas:
        since = f"Wall time since the PLC's heartbeat changed, {area.id}; -1 before the first"
        yield _simulation(f"HeartbeatAge.{area.id}", since, double, "s", 3600.0)
    yield _simulation("BalanceError", "Largest gap in an element's balance, relative", double, "", 1.0)
    for unit in plant.units:
        if unit.kind not in UNDIVIDED:
            yield _simulation(f"Substeps.{unit.id}", f"Steps of the integrator a scan, {unit.id}", double, "", 65536.0)


def _simulation(
    member: str, description: str, type_: ValueType, eu: str, high: float, states: tuple[str, ...] = ()
) -> Tag:
    return _tag("Simulation", Kind.SIMULATION, member, description, type_, eu, high, states)


def _tag(
    object_: str,
    kind: Kind,
    member: str,
    description: str,
    type_: ValueType,
    eu: str,
    high: float,
    states: tuple[str, ...] = (),
) -> Tag:
    return Tag(
        name=f"{object_}.{member}",
        object=object_,
        member=member,
        description=description,
        area="",
        unit=object_,
        kind=kind,
        type=type_,
        eu=eu,
        low=0.0,
        high=high,
        role=None,
        row=0,
        states=states,
    )
