"""The steady state and the snapshots it is kept in."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from plantsim.engine.live import LivePlant, steady_path
from plantsim.engine.settle import Steady, settle
from plantsim.engine.snapshot import SnapshotError, read_snapshot, write_snapshot
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

SHA = "0" * 64


@pytest.fixture
def copy(belfast: Plant, tmp_path: Path) -> Path:
    """The plant file in a folder of its own, without its steady state."""
    return Path(shutil.copy(belfast.path, tmp_path / "mine.toml"))


def test_packaged_plant_starts_at_rest(live: LivePlant) -> None:
    """No state of process, instruments or loops moves by more than 1e-9 of itself in a second."""
    problem = Steady(live.core, live.assembly)
    x = problem.get()
    assert problem.scaled(x, problem.rate(x)).max() < 1e-9


def test_core_holds_the_steady_state(live: LivePlant) -> None:
    """After a plant hour with noise the true values are where they were, within what the noise does to the valves."""
    live.core.refresh()
    rows = {tag.name: tag.row for tag in live.tags}
    before = live.image({}).value[[rows["KPI.OxideRate.Nd2O3"], rows["KPI.Purity.Nd2O3"], rows["KPI.Purity.Dy2O3"]]]
    live.advance(36000)
    after = live.image({}).value[[rows["KPI.OxideRate.Nd2O3"], rows["KPI.Purity.Nd2O3"], rows["KPI.Purity.Dy2O3"]]]
    np.testing.assert_allclose(after, before, rtol=2e-4)


def test_columns_that_share_no_row_are_differenced_together(live: LivePlant) -> None:
    """The second Jacobian takes a tenth of the scans or fewer, and is the first."""
    problem = Steady(live.core, live.assembly)
    x = problem.get()
    f = problem.rate(x)
    active = np.flatnonzero((x != 0.0) | (f != 0.0))
    alone = problem.jacobian(x, f, active)
    together = problem.jacobian(x, f, active)
    assert len(problem.groups(active)) < 0.1 * len(active)
    assert abs(alone - together).max() < 1e-3 * abs(alone).max()


@pytest.mark.long  # the suite settles a smaller plant in tests/commands/test_new.py
@pytest.mark.parametrize("name", ["belfast", "belfast-commercial", "makuutu", "missouri", "viridion"])
def test_solver_finds_the_steady_state_from_the_plant_file_alone(name: str, tmp_path: Path) -> None:
    plant = load_plant(shutil.copy(load_plant(name).path, tmp_path / "mine.toml"))
    began = time.process_time()
    settled, path = settle(plant)
    assert time.process_time() - began < 60.0
    assert settled.residual < 1e-9
    assert path == steady_path(plant)
    live = LivePlant(plant)
    assert live.core.scan == 0
    assert not live.core.edge_in.any()
    live.advance(10)


def test_after_an_edit_it_goes_on_from_the_steady_state_of_before(copy: Path, belfast: Plant) -> None:
    """A tank that loses more heat, and an alarm more: found in seconds, without a march from cold."""
    before, head, after = copy.read_text(encoding="utf-8").partition("[units.TK-4119]")
    assert 'loss = "8 W/K"' in after
    steady_path(load_plant(copy)).write_bytes(steady_path(belfast).read_bytes())
    alarm = '\n[[alarms]]\ntag = "TIC-613"\ncondition = "LL"\nlimit = 20\ndeadband = 2\npriority = 3\n'
    alarm += 'class = "process"\ncause = "Burnt-out heater"\nconsequence = "Cold tube"\n'
    alarm += 'response = "Look at the heater"\nrespond_min = 30\n'
    copy.write_text(before + head + after.replace('"8 W/K"', '"9 W/K"', 1) + alarm, encoding="utf-8")
    course: list[str] = []
    settled, _ = settle(load_plant(copy), report=course.append)
    assert course[0] == "from the steady state of before"
    assert not any("marched" in line for line in course)
    assert settled.residual < 1e-9
    LivePlant(load_plant(copy))


def test_other_plant_files_snapshot_is_refused(belfast: Plant, copy: Path) -> None:
    copy.write_text(copy.read_text().replace("sp = 4.3", "sp = 4.2"))
    shutil.copy(steady_path(belfast), copy.with_suffix(".steady"))
    with pytest.raises(SnapshotError, match=r"mine\.steady: found a snapshot of another plant file"):
        LivePlant(load_plant(str(copy)))


def test_missing_snapshot_says_how_to_make_one(copy: Path) -> None:
    with pytest.raises(SnapshotError, match=r"mine\.steady: .*plantsim settle"):
        LivePlant(load_plant(str(copy)))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[:-1], "checksum"),
        (lambda data: data[:200], "checksum"),
        (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "checksum"),
        (lambda data: b"PK\x03\x04" + data, "no plantsim-snapshot header"),
        (lambda data: b"", "no plantsim-snapshot header"),
        (lambda data: data.replace(b"snapshot 2 ", b"snapshot 9 ", 1), "found version 9, allowed 2"),
    ],
)
def test_damaged_snapshot_is_refused_with_the_reason(tmp_path: Path, damage, reason: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.snapshot"
    write_snapshot(path, SHA, {"x": np.arange(100.0)})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SnapshotError, match=reason):
        read_snapshot(path, SHA)


def test_snapshot_brings_back_what_was_saved_and_leaves_no_scraps(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.snapshot"
    write_snapshot(path, SHA, {"x": np.arange(100.0)})
    write_snapshot(path, SHA, {"x": np.arange(50.0)})
    np.testing.assert_array_equal(read_snapshot(path, SHA)["x"], np.arange(50.0))
    assert [p.name for p in path.parent.iterdir()] == ["a.snapshot"]


def test_restored_run_goes_on_bit_for_bit(belfast: Plant) -> None:
    one = LivePlant(belfast)
    one.advance(500)
    other = LivePlant(belfast)
    other.restore(one.arrays())
    one.advance(500)
    other.advance(500)
    assert one.state_sha256() == other.state_sha256()
