"""An electrode that reads wrong for an hour: its loop takes the liquor with it, and is back in time once it is mended.

The iron stage of the magnet plants works on the flat part of the titration, where the pH hardly shows what has been
left out; both its reactors hold an hour and a half of liquor.
"""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.alarms.states import ACTIVE
from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant

MINUTE = 60
"""Scans of a second."""
SPAN_PH = 14.0
ELECTRODE = "AIC-301"


class Upset:
    """A plant of which AIC-301 reads wrong for an hour, in pH. ``alarms`` are those of each minute."""

    def __init__(self, name: str, wrong: float) -> None:
        self.live = LivePlant(load_plant(name), scan_period=1.0)
        self.alarms: list[set[str]] = []
        # the malfunction in full is a tenth of the range
        instance = self.live.injected.inject(f"transmitter-biased@{ELECTRODE}", 10.0 * wrong / SPAN_PH, 0.0, 0.0)
        self.wait(60)
        self.live.injected.clear(instance)

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.live.tags[name].row] = value

    def wait(self, minutes: int) -> None:
        for _ in range(minutes):
            self.live.advance(MINUTE)
            states = self.live.book.states()
            self.alarms.append({self.live.alarms[k].name for k in np.flatnonzero(states & ACTIVE)})

    def off(self, loop: str) -> float:
        """How far a loop is from its set point, in a mean over two minutes."""
        readings = []
        for _ in range(2 * MINUTE):
            self.live.advance(1)
            readings.append(self[f"{loop}.PV"])
        return abs(float(np.mean(readings)) - self[f"{loop}.SP"])


@pytest.mark.long
@pytest.mark.parametrize("name", ["belfast", "belfast-commercial", "missouri", "viridion"])
def test_the_iron_stage_is_back_three_hours_after_its_electrode_is_mended(name: str) -> None:
    """R-302 pays for what R-301 was not given, its pump at its end, and tells the operator until it has done so."""
    upset = Upset(name, 0.8)
    assert upset["UZ-301.TRIPPED"] == 0.0
    assert f"{ELECTRODE}.H" in upset.alarms[5]
    upset.wait(45)
    assert upset["AIC-302.OP"] == 100.0
    assert all("AIC-302.L" in now for now in upset.alarms[30:])
    upset.wait(135)
    assert upset.off("AIC-301") < 0.2
    assert upset.off("AIC-302") < 0.4
    assert not any("AIC-302.H" in now for now in upset.alarms), "it does not go past its set point by so much"
    assert not {now for now in upset.alarms[-1] if now.startswith(("AIC-30", "TIC-30"))}


def test_makuutus_precipitation_is_back_two_hours_after_its_electrode_is_mended() -> None:
    upset = Upset("makuutu", 0.5)
    assert upset["P-301.RUN"] == 1.0
    assert f"{ELECTRODE}.H" in upset.alarms[20]
    upset.wait(120)
    assert upset.off(ELECTRODE) < 0.1


def test_makuutus_pump_that_its_interlock_has_stopped_is_told_of_and_starts_again_where_it_stopped() -> None:
    """Nothing starts by itself: the pump waits for the operator, the alarms stand, and the loop does not wind up."""
    upset = Upset("makuutu", 0.8)
    assert upset["P-301.RUN"] == 0.0
    upset.wait(60)
    assert all({f"{ELECTRODE}.L", "AI-302.L"} <= now for now in upset.alarms[85:])
    assert upset["UZ-301.TRIPPED"] == 0.0
    assert upset[f"{ELECTRODE}.OP"] < 40.0, "33 % at rest, and what the error asks for"
    upset["P-301.CMD"] = 1.0
    upset.wait(90)
    assert upset.off(ELECTRODE) < 0.1
    assert upset["UZ-301.TRIPPED"] == 0.0
    assert not {f"{ELECTRODE}.H", f"{ELECTRODE}.HH", f"{ELECTRODE}.L"} & upset.alarms[-1]
    upset.wait(60)
    assert "AI-302.L" not in upset.alarms[-1]
