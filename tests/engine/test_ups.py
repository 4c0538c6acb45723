"""A battery behind the mains: what it carries goes on without them, as long as it lasts; all else trips at once."""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.alarms.states import ACTIVE
from plantsim.engine.live import LivePlant
from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant, plant_path
from plantsim.model.plant import Plant

CARRIED = ("AG-201", "K-213B", "P-802B", "SC-619", "SC-649", "K-808")
CAPACITY_KWH, CHARGER_KW = 2.4, 1.2


class Line:
    """The plant in production, a scan a second if nothing else is asked for."""

    def __init__(self, plant: Plant, scan_period: float = 1.0) -> None:
        self.live = LivePlant(plant, scan_period=scan_period)

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.live.tags[name].row] = value

    def dip(self, severity: float = 1.0) -> None:
        self.live.injected.inject("power-dip", severity, 0.0, 0.0)

    def alarmed(self, name: str) -> bool:
        at = next(i for i, a in enumerate(self.live.alarms) if a.name == name)
        return bool(self.live.book.states()[at] & ACTIVE)

    def running(self) -> set[str]:
        drives = [tag.object for tag in self.live.tags if tag.member == "TRIP"]
        return {drive for drive in drives if self[f"{drive}.RUN"]}

    def taken(self) -> float:
        """kW of all devices."""
        own = self.live.layout.own
        return sum(1e-3 * d.power * float(self.live.core.drive[own[d.tag]]) for d in self.live.plant.devices)

    def until_empty(self) -> int:
        """s until the first of the drives on the battery trips."""
        for second in range(7200):
            if any(self[f"{drive}.TRIP"] for drive in CARRIED):
                return second
            self.live.advance(1)
        raise AssertionError("it lasts for ever")


@pytest.fixture
def line(belfast: Plant) -> Line:
    return Line(belfast)


def test_with_mains_it_is_full_and_takes_nothing(line: Line) -> None:
    line.live.advance(60)
    assert (line["ES-831.STATE"], line["LI-832.PV"]) == (0.0, 100.0)
    assert line["JI-832.PV"] == pytest.approx(0.7 + 0.09 + 0.24 * 0.3 + 0.3 * 0.1, abs=0.05), (
        "K-808, the agitator and the kilns"
    )
    assert not line.alarmed("ES-831.FAIL")


def test_what_it_carries_goes_on_and_all_else_trips(belfast: Plant) -> None:
    line = Line(belfast, scan_period=0.1)
    line.dip()
    lowest = 1e9
    for _ in range(1200):
        line.live.advance(1)
        lowest = min(lowest, line["FIC-213.PV"])
    assert line.running() == set(CARRIED)
    assert (line["K-213A.TRIP"], line["P-802A.TRIP"], line["ES-831.STATE"]) == (1.0, 1.0, 1.0)
    assert lowest > 300.0, "the fan in reserve takes over"
    assert line["FIC-213.PV"] > 450.0
    assert line["FI-802.PV"] > 3.0
    assert line["JI-831.PV"] == pytest.approx(0.0, abs=0.2), "nothing comes from the mains"
    assert line["JI-832.PV"] > 1.5
    assert line.alarmed("ES-831.FAIL")
    assert line.alarmed("K-213B.STANDBY")


def test_it_lasts_about_an_hour_and_gives_what_its_drives_take(line: Line) -> None:
    line.dip()
    line.live.advance(600)
    before, load = line["LI-832.PV"], []
    for _ in range(600):
        line.live.advance(1)
        load.append(line["JI-832.PV"])
    taken_kwh = 0.01 * (before - line["LI-832.PV"]) * CAPACITY_KWH
    assert taken_kwh == pytest.approx(float(np.mean(load)) / 6.0, rel=0.01)
    assert not line.alarmed("LI-832.L")
    lasted = 1200 + line.until_empty()
    assert 50 * 60 < lasted < 75 * 60
    assert line.alarmed("LI-832.L")


def test_empty_it_trips_them_and_the_mains_fill_it_again(line: Line) -> None:
    line.dip()
    line.until_empty()
    line.live.advance(60)
    assert line.running() == set()
    assert {line[f"{drive}.TRIP"] for drive in CARRIED} == {1.0}
    assert line["LI-832.PV"] == 0.0
    assert line["JI-832.PV"] == pytest.approx(0.0, abs=0.05)
    line.live.injected.clear_all()
    line.live.advance(60)
    assert line.running() == set(), "nothing starts by itself"
    assert line["ES-831.STATE"] == 0.0
    assert line["JI-831.PV"] == pytest.approx(line.taken() + CHARGER_KW, abs=0.5), "the heaters, and the charger"
    line["K-213B.CMD"] = 0.0
    line.live.advance(2)
    line["K-213B.CMD"] = 1.0
    line.live.advance(1800 - 62)
    assert "K-213B" in line.running()
    assert line["LI-832.PV"] == pytest.approx(100.0 * 0.5 * CHARGER_KW / CAPACITY_KWH, abs=0.5)
    line.live.advance(5700)
    assert line["LI-832.PV"] == 100.0
    assert line.live.health.balance_error() < 1e-9


def test_its_charge_is_part_of_the_state(line: Line, belfast: Plant) -> None:
    line.dip()
    line.live.advance(900)
    kept = line.live.arrays()
    other = Line(belfast)
    other.live.restore(kept)
    for one in (line, other):
        one.live.advance(300)
        one.live.injected.clear_all()
        one.live.advance(300)
    assert 50.0 < line["LI-832.PV"] < 95.0
    assert line.live.state_sha256() == other.live.state_sha256()


def test_a_dip_of_no_severity_changes_no_bit(line: Line, belfast: Plant) -> None:
    sound = Line(belfast)
    line.dip(0.0)
    for one in (line, sound):
        one.live.advance(300)
    for name, array in line.live.arrays().items():
        if name not in ("malfunctions", "injected"):
            assert np.array_equal(array, sound.live.arrays()[name], equal_nan=array.dtype.kind == "f"), name


def test_a_drive_on_it_trips_by_its_own_fault_as_any_other(line: Line) -> None:
    line.dip()
    line.live.advance(60)
    line.live.injected.inject("drive-trip@SC-619", 1.0, 0.0, 0.0)
    line.live.advance(2)
    assert (line["SC-619.TRIP"], line["SC-619.RUN"], line["SC-649.RUN"]) == (1.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('supply = "UPS-831"', 'supply = "ES-831"', "devices.*supply.*UPS-831"),
        ('rating = "6 kW"', 'rating = "3.7 kW"', "units.UPS-831.rating.*found 3.79 kW.*allowed at most 3.7 kW"),
        ('measures = "UPS-831.lost"', 'measures = "UPS-831.charge"', "devices.ES-831.measures.*UPS-831.lost"),
    ],
)
def test_what_is_no_battery_no_contact_or_too_much_for_it_is_refused(
    old: str, new: str, said: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = plant_path("belfast").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path_factory.mktemp("plants") / "belfast.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PlantError, match=said):
        load_plant(str(file))
