"""Figures of a run for Prometheus: how the scan keeps time, who is connected, what waits, and the process's memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Thread
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from plantsim.engine.image import ACTIVE, BAD, UNACKED, ProcessImage
from plantsim.model.tag import TagTable

_GAUGES = {
    "Running": ("running", "Whether plant time passes", 1.0),
    "Speed": ("speed_requested", "Times real time that was asked for", 1.0),
    "ActualSpeed": ("speed", "Times real time", 1.0),
    "Time": ("plant_time_seconds", "Plant time, since 1970", 1.0),
    "ScanTime": ("scan_seconds", "Wall time of the last scan", 1e-3),
}
_COUNTERS = {
    "ScanCount": ("scans", "Scans run"),
    "Overruns": ("overruns", "Scans that took longer than their period"),
    "LockstepTimeouts": ("lockstep_timeouts", "Scans that ran without the echo of a PLC"),
}
_TIMES = {
    "Lateness": ("scan_lateness_seconds", "Wall time from due to begun, of the last 1000 scans"),
    "LoopLatency": (
        "loop_latency_seconds",
        "Wall time from a PLC's write to the image that obeys it, of the last 1000",
    ),
}
Figures = Mapping[tuple[str, str], Callable[[], float]]
"""What to ask for, by name and label."""
_QUANTILES = {"P50": "0.5", "P99": "0.99", "Max": "1"}


class Engine(Protocol):
    """What is read of an engine."""

    @property
    def tags(self) -> TagTable: ...
    @property
    def image(self) -> ProcessImage: ...


class Metrics:
    """The run's own figures. gauges, counters: more of them, by name and label, each asked for at every scrape."""

    def __init__(self, engine: Engine, gauges: Figures, counters: Figures) -> None:
        self._engine = engine
        self._gauges = gauges
        self._counters = counters

    def collect(self) -> Iterable[Metric]:
        """The figures now; called in the HTTP server's thread, which reads one image."""
        image = self._engine.image

        def value(member: str) -> float:
            return float(image.value[self._engine.tags[f"Simulation.{member}"].row])

        for member, (name, text, scale) in _GAUGES.items():
            yield GaugeMetricFamily(f"plantsim_{name}", text, value=scale * value(member))
        for member, (name, text) in _COUNTERS.items():
            yield CounterMetricFamily(f"plantsim_{name}", text, value=value(member))
        for member, (name, text) in _TIMES.items():
            times = GaugeMetricFamily(f"plantsim_{name}", text, labels=["quantile"])
            for suffix, quantile in _QUANTILES.items():
                times.add_metric([quantile], 1e-3 * value(f"{member}{suffix}"))
            yield times
        ages = GaugeMetricFamily(
            "plantsim_heartbeat_age_seconds", "Wall time since a PLC's heartbeat changed", labels=["area"]
        )
        for tag in self._engine.tags.of("Simulation"):
            if tag.member.startswith("HeartbeatAge.") and image.value[tag.row] >= 0.0:
                ages.add_metric([tag.member.partition(".")[2]], float(image.value[tag.row]))
        yield ages
        yield GaugeMetricFamily("plantsim_bad_tags", "Tags of bad quality", value=_count(image.status & BAD))
        alarms = GaugeMetricFamily("plantsim_alarms", "Alarms by state", labels=["state"])
        alarms.add_metric(["active"], _count(image.alarms & ACTIVE))
        alarms.add_metric(["unacknowledged"], _count(image.alarms & UNACKED))
        yield alarms
        yield from _families(GaugeMetricFamily, self._gauges)
        yield from _families(CounterMetricFamily, self._counters)


def _families(kind: type[GaugeMetricFamily | CounterMetricFamily], figures: Figures) -> Iterable[Metric]:
    families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
    for (name, of), ask in figures.items():
        text = name.replace("_", " ").capitalize()
        family = families.setdefault(name, kind(f"plantsim_{name}", text, labels=["of"]))
        family.add_metric([of], ask())
    return families.values()


def _count(bits: NDArray[np.integer[Any]]) -> int:
    return int(np.count_nonzero(bits))


class MetricsServer:
    """Answers Prometheus at ``http://host:port/metrics``; port 0 chooses a free one. OSError where it cannot listen."""

    def __init__(self, engine: Engine, gauges: Figures, counters: Figures, *, host: str, port: int) -> None:
        registry = CollectorRegistry()
        registry.register(Metrics(engine, gauges, counters))
        ProcessCollector(registry=registry)
        self._server, self._thread = start_http_server(port, host, registry)
        self.port = int(self._server.server_port)

    def stop(self) -> None:
        """Close the port."""
        thread: Thread = self._thread
        self._server.shutdown()
        self._server.server_close()
        thread.join()
