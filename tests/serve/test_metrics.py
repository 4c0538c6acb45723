"""What Prometheus is told of a run, asked over HTTP."""

from __future__ import annotations

import re
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from plantsim.engine.engine import Engine
from plantsim.model.plant import Plant
from plantsim.serve.metrics import MetricsServer


def scrape(port: int) -> dict[str, float]:
    """All samples, by name and labels."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_scans_alarms_clients_and_memory_are_told(belfast: Plant) -> None:
    engine = Engine(belfast, frozen=True, epoch=1000.0)
    engine.start()
    server = MetricsServer(
        engine,
        {("clients", "opcua"): lambda: 3},
        {("dropped_notifications", "opcua"): lambda: 4},
        host="127.0.0.1",
        port=0,
    )
    try:
        before = scrape(server.port)
        engine.step(60.0).result(30.0)
        after = scrape(server.port)
    finally:
        server.stop()
        engine.stop()
    assert after["plantsim_scans_total"] - before["plantsim_scans_total"] == 600
    assert after["plantsim_plant_time_seconds"] == pytest.approx(1060.0)
    assert after["plantsim_running"] == 0.0
    assert 0.0 < after["plantsim_scan_seconds"] < 1.0
    assert after["plantsim_clientsopcua"] == 3.0
    assert after["plantsim_dropped_notifications_totalopcua"] == 4.0
    assert after["plantsim_alarmsactive"] == 0.0
    assert after["process_resident_memory_bytes"] > 1e7
    assert after["plantsim_scan_lateness_seconds0.99"] == 0.0, "steps have no time to be late for"
    assert not [name for name in after if not re.fullmatch(r"(plantsim|process)_[\w.]+", name)]
