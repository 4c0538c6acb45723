"""Viridion is shut down and started again by its own sequences, with nobody at the desk."""

from __future__ import annotations

import pytest

from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant
from plantsim.model.members import SEQUENCE_STATES

MINUTE = 60
"""Scans of a second."""
START = 1


class Shift:
    """The plant, and what was seen while a sequence ran."""

    def __init__(self) -> None:
        self.live = LivePlant(load_plant("viridion"), scan_period=1.0)
        self.most_hydrogen = 0.0

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def run(self, tag: str, most_h: float) -> tuple[str, list[int]]:
        """Start a sequence and wait for its end; its state then, and the steps that it went through."""
        self.live.core.signal[self.live.tags[f"{tag}.CMD"].row] = START
        seen: list[int] = []
        for _ in range(round(60 * most_h)):
            self.live.advance(MINUTE)
            self.most_hydrogen = max(self.most_hydrogen, self["AI-211A.PV"])
            step = int(self[f"{tag}.STEP"])
            if step not in seen:
                seen.append(step)
            if self[f"{tag}.STATE"] != 1.0:
                break
        return SEQUENCE_STATES[int(self[f"{tag}.STATE"])], seen


@pytest.mark.long
def test_it_is_shut_down_safely_and_comes_back_to_specification() -> None:
    shift = Shift()
    assert shift.run("KS-801", 48.0) == ("Complete", list(range(1, 13)))
    for flow in ("WIC-101", "WIC-151", "FIC-201", "FIC-221", "FIC-304", "FIC-4101", "FIC-4202", "FIC-4501", "FIC-501"):
        assert shift[f"{flow}.PV"] < 0.01 * shift.live.tags[f"{flow}.PV"].high, flow
    for drive in ("ML-121", "MX-4114", "MX-4514", "SC-619", "SC-656", "DR-601", "DR-621", "K-213A", "K-233A"):
        assert shift[f"{drive}.RUN"] == 0.0, drive
    assert max(shift["TIC-614.PV"], shift["TIC-656.PV"]) < 200.0
    assert max(shift["AI-211A.PV"], shift["AI-231A.PV"]) < 2.0

    state, steps = shift.run("KS-800", 14 * 24.0)
    assert (state, steps, steps[-1]) == ("Complete", sorted(steps), 17)
    assert shift["WIC-101.PV"] > 4.08
    assert shift["WIC-151.PV"] > 2.83
    assert min(shift[f"AI-70{k}.PV"] for k in range(1, 4)) > 99.5
    assert shift.most_hydrogen < 10.0
    assert shift.live.health.balance_error() < 1e-12
