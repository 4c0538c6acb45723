"""Units with steps longer than a scan: nothing is lost between steps, and little is changed by them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.assemble import assemble
from plantsim.model.compose.process import WEIGHTED_STREAM_SUM
from plantsim.model.plant import Plant
from plantsim.model.tag import Kind

HOUR_S = 3600.0


def pushed(live: LivePlant) -> LivePlant:
    """With an operator's hand on throughput, leach temperature and iron pH."""
    for tag, factor in {"WIC-100.SP": 1.1, "TIC-201.SP": 0.95, "AIC-302.SP": 1.03}.items():
        live.core.signal[live.tags[tag].row] *= factor
    return live


def quiet(plant: Plant) -> Plant:
    """Without noise and lots, so that what is left of a difference is the steps'."""
    calm = [dataclasses.replace(instrument, noise=0.0) for instrument in plant.instruments]
    return dataclasses.replace(plant, instruments=tuple(calm), feed_lots={})


def readings(live: LivePlant) -> dict[str, float]:
    """Every transmitter's process variable as a part of its range."""
    return {
        tag.name: float(live.core.signal[tag.row]) / (tag.high - tag.low)
        for tag in live.tags
        if tag.kind is Kind.TRANSMITTER and tag.member == "PV"
    }


def worst(one: LivePlant, other: LivePlant) -> tuple[float, str]:
    """Largest difference of a reading, in parts of its range, and whose it is."""
    a, b = readings(one), readings(other)
    return max((abs(a[name] - b[name]), name) for name in a)


def test_slow_units_step_less_often_and_in_turn(belfast: Plant, live: LivePlant) -> None:
    rows = {tag.name: tag.row for tag in live.tags}
    table = assemble(belfast, rows).spec["paces"]
    scans = {list(live.layout.units)[entry["unit"]]: entry["scans"] for entry in table}
    assert (scans["SX-2"], scans["KL-611"], scans["R-201"], scans["ML-121"]) == (10, 10, 5, 2)
    assert "FD-101" not in scans
    assert {entry["scans"] for entry in assemble(belfast, rows, scan_period=0.01).spec["paces"]} == {100, 50, 20}
    assert assemble(belfast, rows, scan_period=1.0).spec["paces"] == []


def test_every_element_closes_in_the_middle_of_steps(live: LivePlant) -> None:
    pushed(live)
    for scans in (1, 1, 1, 2, 3, 5, 7, 11, 600):
        live.advance(scans)
        assert live.health.balance_error() < 1e-12


def test_a_state_saved_in_the_middle_of_steps_goes_on_to_the_bit(belfast: Plant) -> None:
    one, other = pushed(LivePlant(belfast)), LivePlant(belfast)
    one.advance(13)
    other.restore(one.arrays())
    assert other.state_sha256() == one.state_sha256()
    for live in (one, other):
        live.advance(117)
    assert other.state_sha256() == one.state_sha256()


def test_readings_of_streams_are_those_of_what_flows_whether_its_unit_has_stepped_or_not(
    belfast: Plant, live: LivePlant
) -> None:
    weighted = assemble(belfast, {tag.name: tag.row for tag in live.tags}).spec["weighted"]
    sums = [entry for entry in weighted if entry["kind"] == WEIGHTED_STREAM_SUM]
    assert len(sums) > 50
    pushed(live)
    for scans in (1, 1, 1, 2, 3, 5, 600):
        live.advance(scans)
        flows = live.core.arriving[[entry["source"] for entry in sums], 2 : 2 + len(sums[0]["top"])]
        by_hand = (flows * [entry["top"] for entry in sums]).sum(axis=1)
        assert live.core.probe[[entry["probe"] for entry in sums]] == pytest.approx(by_hand, rel=1e-12, abs=1e-15)


@pytest.mark.long
def test_longer_steps_change_no_reading_by_two_ten_thousandths_of_its_range(
    belfast: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    paced = pushed(LivePlant(quiet(belfast)))
    monkeypatch.setattr("plantsim.model.assemble.paces", lambda *_: [])
    each_scan = pushed(LivePlant(quiet(belfast)))
    largest = []
    for _ in range(12):
        for live in (paced, each_scan):
            live.advance(round(HOUR_S / 6.0 / live.scan_period))
        largest.append(worst(paced, each_scan))
    print(f"\nin two hours of change longer steps move {max(largest)[1]} by {max(largest)[0]:.1e} of its range")
    assert max(largest)[0] < 2e-4


@pytest.mark.long
def test_a_scan_of_10_ms_shows_the_same_plant(belfast: Plant, scale: float) -> None:
    """Streams are held for a scan: first order, so ten times shorter scans show what that costs."""
    normal, fine = pushed(LivePlant(quiet(belfast))), pushed(LivePlant(quiet(belfast), scan_period=0.01))
    largest = []
    for _ in range(6):
        for live in (normal, fine):
            live.advance(round(scale * HOUR_S / 6.0 / live.scan_period))
        largest.append(worst(normal, fine))
    print(f"\nscans of 10 ms move {max(largest)[1]} by {max(largest)[0]:.1e} of its range")
    assert max(largest)[0] < 2e-4


def test_the_mean_of_what_was_gathered_keeps_heat(live: LivePlant) -> None:
    """Two flows of different temperature into a unit that steps every second: what it sees is their mixture."""
    live.advance(5)
    sx2 = next(unit for unit in live.plant.units if unit.id == "SX-2")
    streams = [live.layout.streams[s.id] for s in live.plant.streams if s.target_unit == sx2.id]
    width = live.core.streams.shape[2]
    gathered = live.core.gathered[: -live.core.streams.shape[1]].reshape(-1, width)
    warmth = live.core.gathered[-live.core.streams.shape[1] :]
    for k in streams:
        if gathered[k, 1] > 0.0:
            assert warmth[k] / gathered[k, 1] == pytest.approx(live.core.arriving[k, 0], rel=1e-3)
    assert np.any(gathered[streams, 1] > 0.0)
