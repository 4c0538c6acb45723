"""The plant in a Python program: the run is the command line's, writes are judged as the servers judge them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import plantsim
from plantsim.engine.simulate import simulate
from plantsim.engine.snapshot import SnapshotError
from plantsim.model.plant import Plant


@pytest.fixture
def plant() -> plantsim.Plant:
    return plantsim.load("belfast")


def test_importing_plantsim_loads_neither_core_nor_servers() -> None:
    """So that the command line answers fast."""
    program = "import plantsim, sys; print([m for m in sys.modules if m.startswith(('plantsim.', 'numpy', 'asyncua'))])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Time


def test_a_run_is_the_same_to_the_bit_as_the_command_lines(plant: plantsim.Plant, belfast: Plant) -> None:
    report = simulate(belfast, 600.0, seed=1)
    assert plant.run(minutes=10).sha256 == report.state_sha256
    assert plant.elapsed == 600.0
    assert plant.time == np.datetime64("2026-01-01T00:10:00")


def test_a_run_in_pieces_and_with_a_recording_is_the_run_in_one() -> None:
    whole, pieces = plantsim.load("belfast", seed=7), plantsim.load("belfast", seed=7)
    whole.run(hours=0.1)
    pieces.record("WIC-100", every=7.0)
    for seconds in (0.1, 59.9, 240.0, 60.0):
        pieces.run(seconds)
    assert pieces.sha256 == whole.sha256


def test_two_plants_side_by_side_run_as_each_alone() -> None:
    alone = [plantsim.load("belfast", seed=seed).run(120).sha256 for seed in (1, 2)]
    one, other = plantsim.load("belfast", seed=1), plantsim.load("belfast", seed=2)
    for _ in range(12):
        one.run(10)
        other.run(10)
    assert [one.sha256, other.sha256] == alone
    assert one.sha256 != other.sha256


def test_time_may_be_told_as_on_the_command_line(plant: plantsim.Plant) -> None:
    assert plant.run("2m").elapsed == 120.0
    assert repr(plant) == "<belfast at 2026-01-01T00:02:00, 0 alarms active>"
    with pytest.raises(ValueError, match="run: found 'soon', allowed seconds"):
        plant.run("soon")


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_time_runs_forwards_only(plant: plantsim.Plant, seconds: float) -> None:
    with pytest.raises(ValueError, match="allowed 0 or more"):
        plant.run(seconds)


# Tags


def test_a_set_point_is_followed(plant: plantsim.Plant) -> None:
    assert plant["WIC-100"].pv == pytest.approx(4.3, abs=0.1)
    plant["WIC-100"].sp = 4.0
    assert plant["WIC-100"].sp == 4.0
    plant.run(hours=1)
    assert plant["WIC-100"].pv == pytest.approx(4.0, abs=0.1)


def test_modes_go_by_name_and_number(plant: plantsim.Plant) -> None:
    plant["TIC-201"].mode = "Man"
    assert plant.read("TIC-201.MODE") == 0
    plant["TIC-201"].op = 60.0
    plant["TIC-201"].mode = 1
    assert plant.read("TIC-201.MODE") == 1
    plant["TIC-201"].mode = "Automatic"
    with pytest.raises(plantsim.Refused, match="found 'auto', allowed Man, Auto, Cascade, External"):
        plant["TIC-201"].mode = "auto"


def test_a_command_holds_under_a_loop_in_manual(plant: plantsim.Plant) -> None:
    plant["FIC-201"].mode = "Man"
    plant["P-201"].speed_cmd = 30.0
    plant.run(30)
    assert plant["P-201"].speed == pytest.approx(30.0)
    assert plant["P-201"].run is True


@pytest.mark.parametrize(
    ("tag", "member", "value", "reason"),
    [
        ("WIC-100", "sp", 99.0, "WIC-100.SP: found 99.0, allowed 0 to 6 kg/h"),
        ("WIC-100", "sp", True, "WIC-100.SP: found True, allowed a number"),
        ("WIC-100", "pv", 4.0, "WIC-100.PV: read-only"),
        ("TIC-201", "op", 50.0, "TIC-201.OP: not in this mode; TIC-201 is in Automatic"),
        ("P-201", "speed_cmd", 30.0, "P-201.SPEED_CMD: not in this mode; FIC-201 is in Cascade"),
        ("P-201", "cmd", 1.0, "P-201.CMD: found 1.0, allowed True or False"),
        ("WIC-100", "sp", "fast", "WIC-100.SP: found 'fast', allowed a number"),
    ],
)
def test_a_write_that_is_refused_says_why_and_changes_nothing(
    plant: plantsim.Plant, tag: str, member: str, value: float | bool | str, reason: str
) -> None:
    before = plant.sha256
    with pytest.raises(plantsim.Refused) as refused:
        setattr(plant[tag], member, value)
    assert str(refused.value) == reason
    assert plant.sha256 == before


def test_a_wrong_name_is_told_what_is_near(plant: plantsim.Plant) -> None:
    with pytest.raises(plantsim.UnknownTag, match="belfast has no FIC-20; near to it: FIC-20"):
        plant["FIC-20"]
    with pytest.raises(AttributeError, match="FIC-201 has no spp; it has pv, sp, op, mode"):
        plant["FIC-201"].spp = 1.0
    assert "FIC-201" in plant
    assert "FIC-20" not in plant
    assert "sp" in dir(plant["FIC-201"])


def test_profiles_figures_and_alarms(plant: plantsim.Plant) -> None:
    profile = plant.profile("SX-1.Profile.Nd.aq")
    assert profile.shape == (21,)
    assert plant.kpi["Throughput"] == pytest.approx(4.3, abs=0.05)
    assert plant.alarms == []
    with pytest.raises(plantsim.UnknownTag, match="is an array"):
        plant.read("SX-1.Profile.Nd.aq")
    plant["TIC-201"].mode = "Man"
    plant["TIC-201"].op = 0.0
    plant.run(hours=2)
    assert plant.alarms == ["TIC-201.L"]


def test_numbers_may_be_numpys_and_nothing_else_is_one(plant: plantsim.Plant) -> None:
    plant["WIC-100"].sp = np.float32(4.0)
    assert plant["WIC-100"].sp == 4.0
    plant.write("WIC-100.MODE", np.int64(0))
    plant["HS-711"].state = np.True_
    for value in (None, [4.0], 4j):
        with pytest.raises(plantsim.Refused, match=r"WIC-100\.OP: found .*, allowed a number"):
            plant["WIC-100"].op = value  # type: ignore[assignment]


def test_a_tag_without_its_member_is_told_what_it_has(plant: plantsim.Plant) -> None:
    with pytest.raises(plantsim.UnknownTag, match=r"its members are WIC-100\.PV, WIC-100\.SP"):
        plant.read("WIC-100")
    with pytest.raises(plantsim.UnknownTag, match="is one value"):
        plant.profile("WIC-100.PV")


@pytest.mark.parametrize("seed", [-1, 1.5, 2**63, "1"])
def test_a_seed_is_a_whole_number(seed: int) -> None:
    with pytest.raises(ValueError, match=r"seed: found .*, allowed a whole number from 0"):
        plantsim.load("belfast", seed=seed)


def test_a_start_that_is_none_is_told_the_others() -> None:
    with pytest.raises(SnapshotError, match="warm: not there; allowed steady, cold or the path of a snapshot"):
        plantsim.load("belfast", start="warm")


# Trends


def test_the_program_that_is_promised_runs_as_it_stands() -> None:
    """Nothing is said of a recording: loops and instruments are kept once a minute."""
    plant = plantsim.load("belfast")
    plant.run(hours=2)
    plant["WIC-100"].sp = 4.0
    plant.run(hours=1)
    trends = plant.trends("WIC-100.SP", "WIC-100", "AI-701.PV")
    assert list(trends) == ["time", "WIC-100.SP", "WIC-100", "AI-701.PV"]
    assert {len(column) for column in trends.values()} == {181}
    assert trends["time"][-1] == np.datetime64("2026-01-01T03:00:00")
    before, after = trends["WIC-100.SP"][[120, 121]]
    assert (before > 4.0, after) == (True, 4.0)
    assert np.isfinite(trends["AI-701.PV"]).all()
    everything = plant.trends()
    assert {"TIC-201", "TIC-201.SP", "TIC-201.OP", "KPI.Throughput"} <= set(everything)
    assert np.array_equal(everything["WIC-100"], trends["WIC-100"])


def test_trends_go_straight_into_pandas(plant: plantsim.Plant) -> None:
    pandas = pytest.importorskip("pandas")
    plant["AI-701"].oos = True
    frame = pandas.DataFrame(plant.run(minutes=5).trends("WIC-100", "AI-701")).set_index("time")
    assert frame.index[-1] == pandas.Timestamp("2026-01-01T00:05:00")
    assert frame["WIC-100"].resample("2min").mean().shape == (3,)
    assert frame["AI-701"].isna().sum() == 5
    assert list(frame.dtypes) == ["float64", "float64"]


def test_what_is_kept_unasked_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plantsim.api._KEPT_ROWS", 3)
    plant = plantsim.load("belfast", scan=0.7)  # of which a minute is no multiple: 86 scans are nearest
    trends = plant.run(hours=0.1).trends("WIC-100")
    assert trends["WIC-100"].shape == (3,)
    assert np.all(np.diff(trends["time"]) == np.timedelta64(60_200, "ms"))


def test_trends_are_arrays_with_a_time_axis(plant: plantsim.Plant) -> None:
    plant.record("WIC-100", "TIC-201.OP", "KPI.Throughput", every=60.0)
    trends = plant.run(minutes=10).trends()
    assert list(trends) == ["time", "WIC-100", "TIC-201.OP", "KPI.Throughput"]
    assert trends["time"][0] == np.datetime64("2026-01-01T00:00:00")
    assert np.all(np.diff(trends["time"]) == np.timedelta64(60, "s"))
    assert all(column.shape == (11,) for column in trends.values())
    assert trends["WIC-100"][-1] == plant["WIC-100"].pv


def test_some_of_the_trends_may_be_asked_for(plant: plantsim.Plant) -> None:
    with pytest.raises(ValueError, match=r"P-201.RUN is not recorded; record\('TIC-201', 'P-201.RUN'\) before run"):
        plant.trends("TIC-201", "P-201.RUN")
    plant.record("WIC-100", "TIC-201.OP", "KPI.Throughput")
    assert list(plant.run("1m").trends("TIC-201.OP", "WIC-100")) == ["time", "TIC-201.OP", "WIC-100"]
    with pytest.raises(ValueError, match="TIC-201 is not recorded"):
        plant.trends("TIC-201")
    with pytest.raises(plantsim.UnknownTag, match="near to it: TIC-201"):
        plant.trends("TIC-201X")


def test_trends_keep_the_newest_rows_and_hide_what_is_bad(plant: plantsim.Plant) -> None:
    plant.record("AI-701", every=10.0, most=3)
    plant["AI-701"].oos = True
    trends = plant.run(60).trends()
    assert np.array_equal(trends["time"], plant.time - np.array([20, 10, 0], dtype="timedelta64[s]"))
    assert np.isnan(trends["AI-701"]).all()


def test_a_recording_that_makes_no_sense_is_refused(plant: plantsim.Plant) -> None:
    for every in (0.0, -1.0, 0.15, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"allowed a multiple of the scan's 0\.1 s"):
            plant.record("WIC-100", every=every)


# State


def test_a_saved_state_goes_on_bit_for_bit(plant: plantsim.Plant, tmp_path: Path) -> None:
    path = tmp_path / "before"
    plant.run(60).save(path)
    end = plant.run(60).sha256
    plant["WIC-100"].sp = 3.0
    plant.run(30)
    plant.restore(path)
    assert plant.elapsed == 60.0
    assert plant.run(60).sha256 == end
    assert plantsim.load("belfast", start=str(path)).run(60).sha256 == end


def test_a_state_brings_its_seed(plant: plantsim.Plant, tmp_path: Path) -> None:
    other = plantsim.load("belfast", seed=2)
    other.save(tmp_path / "other")
    plant.restore(tmp_path / "other")
    assert plant.run(10).sha256 == other.run(10).sha256


def test_what_is_no_state_of_the_plant_is_refused(plant: plantsim.Plant, tmp_path: Path) -> None:
    path = tmp_path / "other"
    plantsim.load("belfast", scan=0.2).save(path)
    before = plant.sha256
    with pytest.raises(SnapshotError, match=r"found a scan of 0\.2 s, allowed the run's 0\.1 s"):
        plant.restore(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SnapshotError, match="the file is damaged"):
        plant.restore(path)
    assert plant.sha256 == before
