"""A circuit of extraction that has stood is started through total reflux by its own sequence."""

from __future__ import annotations

import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.plant import Plant

MINUTE, HOUR = 60, 3600
"""Scans of a second."""
START, HOLD, RESUME, ABORT = 1, 2, 3, 4
DRAWS = {1: ("FIC-4301", "FIC-4201"), 2: ("FIC-501", "FIC-541"), 3: ("FIC-521", "FIC-551")}
"""Of strip liquor and raffinate, by circuit."""


class Circuit:
    """One that has stood for ten minutes since its mixers stopped."""

    def __init__(self, plant: Plant, number: int) -> None:
        self.live = LivePlant(plant.with_even_lots(), scan_period=1.0)
        self.number = number
        self["MX-4{}14.CMD"] = 0.0
        self.live.advance(10 * MINUTE)

    def row(self, name: str) -> int:
        return self.live.tags[name.format(self.number)].row

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.row(name)])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.row(name)] = value

    @property
    def state(self) -> tuple[str, int]:
        return SEQUENCE_STATES[int(self["KS-4{}09.STATE"])], int(self["KS-4{}09.STEP"])

    def command(self, command: int, seconds: int) -> None:
        self["KS-4{}09.CMD"] = command
        self.live.advance(seconds)


@pytest.mark.parametrize(
    "number", [pytest.param(1, marks=pytest.mark.long), 2, pytest.param(3, marks=pytest.mark.long)]
)
def test_in_total_reflux_all_goes_back_to_the_feed_and_nothing_is_drawn(belfast: Plant, number: int) -> None:
    circuit = Circuit(belfast, number)
    assert circuit["UZ-4{}17.TRIPPED"] == 1.0
    circuit.command(START, 30)
    assert circuit.state == ("Running", 1)
    circuit.live.advance(MINUTE)
    assert circuit.state == ("Running", 2)
    circuit.live.advance(20 * MINUTE)
    assert circuit.state == ("Running", 4)
    assert circuit["UZ-4{}17.TRIPPED"] == 0.0
    assert (circuit["XV-4{}18.OPENED"], circuit["XV-4{}19.OPENED"]) == (1.0, 1.0)
    assert circuit["FIC-4{}01.PV"] == pytest.approx(circuit["FIC-4{}01.SP"], rel=0.05)
    assert circuit["FIC-4{}02.PV"] > 0.3 * circuit["FIC-4{}02.SP"] > 0.0
    for draw in DRAWS[number]:
        assert circuit[f"{draw}.PV"] < 0.02 * circuit.live.tags[f"{draw}.PV"].high
    circuit.command(HOLD, 10)
    assert circuit.state == ("Held", 4)
    circuit.command(RESUME, 10)
    assert circuit.state == ("Running", 4)
    circuit.command(ABORT, 60)
    assert circuit.state == ("Idle", 0)
    assert (circuit["XV-4{}18.CLOSED"], circuit["XV-4{}19.CLOSED"]) == (1.0, 1.0)
    assert circuit["FIC-4{}01.PV"] < 1.0
    assert circuit["MX-4{}14.RUN"] == 1.0, "mixers go on"
    assert circuit.live.health.balance_error() < 1e-12


def test_what_runs_is_not_started(belfast: Plant) -> None:
    live = LivePlant(belfast, scan_period=1.0)
    live.core.signal[live.tags["KS-4209.CMD"].row] = START
    live.advance(2)
    assert live.core.signal[live.tags["KS-4209.STATE"].row] == 0.0


@pytest.mark.long
@pytest.mark.parametrize("number", DRAWS)
def test_it_comes_back_to_production(belfast: Plant, number: int) -> None:
    circuit = Circuit(belfast, number)
    circuit.command(START, 0)
    steps = []
    for _ in range(36 * 60):
        circuit.live.advance(MINUTE)
        if circuit.state[1] not in steps:
            steps.append(circuit.state[1])
        if circuit.state[0] != "Running":
            break
    assert circuit.state == ("Complete", 6)
    assert steps == sorted(steps), "looked at every minute, a short step may be over"
    assert {2, 4, 5, 6} <= set(steps)
    circuit.live.advance(36 * HOUR)
    assert min(circuit["AI-701.PV"], circuit["AI-702.PV"]) > 99.5
    assert circuit["FIC-4{}01.MODE"] == 2.0
    assert circuit.live.health.balance_error() < 1e-12


def test_a_shutdown_ends_it_before_it_does_anything(belfast: Plant) -> None:
    """Going on, it would give the circuit back its feed while the plant runs empty."""
    circuit = Circuit(belfast, 2)
    circuit.command(START, 25 * MINUTE)
    assert circuit.state == ("Running", 4)
    circuit["KS-801.CMD"] = START
    circuit.live.advance(10)
    assert circuit.state == ("Idle", 0)
    assert (circuit["KS-801.STATE"], circuit["KS-801.STEP"]) == (1.0, 2.0)
    assert (circuit["XV-4218.CLOSED"], circuit["XV-4219.CLOSED"]) == (1.0, 1.0), "what flows goes to its tanks again"
    circuit.command(START, 10)
    assert circuit.state == ("Idle", 0), "nor does it start meanwhile"
    circuit.live.advance(10 * MINUTE)
    assert circuit["FIC-4201.PV"] < 1.0
