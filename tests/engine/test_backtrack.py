"""Going back: named snapshots and the last hour, each bit for bit, each a branch of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plantsim.engine.backtrack import BLOCK, DEPTH, FRESH_S, BacktrackRing
from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.engine.image import BAD
from plantsim.engine.shelf import NoSuchSnapshot
from plantsim.engine.snapshot import SnapshotError, read_snapshot, write_snapshot
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

INSTRUCTOR = Origin(Role.INSTRUCTOR, "ines", "test")
TIMEOUT_S = 60.0


@pytest.fixture
def make_engine(belfast: Plant, tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Frozen engines that keep snapshots, started."""
    engines: list[Engine] = []

    def make(seed: int = 1) -> Engine:
        engine = Engine(belfast, frozen=True, epoch=0.0, seed=seed, snapshots=tmp_path / "snapshots")
        engines.append(engine)
        engine.start()
        return engine

    yield make
    for engine in engines:
        engine.stop()


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    return make_engine()


def step(engine: Engine, seconds: float) -> str:
    """Run, and the hash of where that leads."""
    engine.step(seconds).result(TIMEOUT_S)
    return engine.live.state_sha256()


def value(engine: Engine, name: str) -> float:
    return float(engine.image.value[engine.tags[name].row])


# The last hour


def test_going_back_repeats_the_run_to_the_bit(engine: Engine) -> None:
    step(engine, 150.0)
    at_3_min = step(engine, 30.0)
    at_4_min = step(engine, 60.0)
    step(engine, 70.0)
    engine.backtrack(2.0, INSTRUCTOR)  # 5 min 10 s: the last whole minute that is 2 min old is the third
    assert value(engine, "Simulation.Elapsed") == 180.0
    assert value(engine, "Simulation.Time") == 180.0
    assert value(engine, "Simulation.Branch") == 1
    assert engine.live.state_sha256() == at_3_min
    assert step(engine, 60.0) == at_4_min


def test_one_can_go_back_again_and_to_the_beginning(engine: Engine) -> None:
    start = engine.live.state_sha256()
    step(engine, 300.0)
    for branch, elapsed in ((1, 180.0), (2, 60.0), (3, 0.0)):
        engine.backtrack(2.0 if elapsed else 1.0, INSTRUCTOR)
        assert (value(engine, "Simulation.Elapsed"), value(engine, "Simulation.Branch")) == (elapsed, branch)
    assert engine.live.state_sha256() == start


@pytest.mark.parametrize("minutes", [0.0, -1.0, 61.0, math.nan, math.inf, 3.5])
def test_there_is_no_going_back_before_the_run(engine: Engine, minutes: float) -> None:
    step(engine, 200.0)
    before = engine.live.state_sha256()
    with pytest.raises(ValueError, match="backtrack: found"):
        engine.backtrack(minutes, INSTRUCTOR)
    assert engine.live.state_sha256() == before
    assert value(engine, "Simulation.Branch") == 0
    engine.backtrack(3.0, INSTRUCTOR)
    assert value(engine, "Simulation.Elapsed") == 0.0


def test_an_hour_is_kept_and_no_more() -> None:
    ring = BacktrackRing(0.1)
    states = {600 * minute: {"minute": np.array(minute)} for minute in range(200)}
    for scan, state in states.items():
        ring.add(scan, state)
    assert len(ring) == DEPTH + 1
    assert ring.back(199 * 600, 60.0)["minute"] == 139
    assert len(ring) == 1


def test_what_is_old_takes_less_and_is_the_same() -> None:
    now = 0.0
    ring = BacktrackRing(0.1, lambda: now)
    states = [
        {"x": np.array([[minute, np.nan, -0.0]] * 1000), "n": np.array(minute, np.int64), "none": np.zeros((0, 3))}
        for minute in range(8)
    ]
    for minute, state in enumerate(states):
        ring.add(600 * minute, state)
        now += FRESH_S * 2 / 3
    assert [one.is_packed for one in ring._states] == [True] * 6 + [False] * 2
    for minute in (6, 5, 0):
        found = ring.back(4200, 7.0 - minute)
        assert found.keys() == states[minute].keys()
        for name, array in states[minute].items():
            assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
            assert found[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("seed", range(4))
def test_states_that_share_what_is_the_same_are_each_themselves(seed: int) -> None:
    """Of any size, with little or much that changed, packed or not."""
    random = np.random.default_rng(seed)
    now, ring = 0.0, BacktrackRing(0.1, lambda: now)
    large, odd = random.random((200, 40)), random.integers(0, 9, BLOCK + 3, np.uint8)
    kept = []
    for minute in range(12):
        large[int(random.integers(200))] = np.nan if minute % 3 else -0.0
        odd[int(random.integers(len(odd)))] += 1
        if minute == 6:
            odd = odd[:-1].copy()
        kept.append({"large": large.copy(), "odd": odd.copy(), "one": np.array(minute)})
        ring.add(600 * minute, kept[-1])
        now += float(random.choice((0.1, FRESH_S)))
    for minute in reversed(range(12)):
        found = ring.back(600 * 12, 12.0 - minute)
        for name, array in kept[minute].items():
            assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
            assert found[name].tobytes() == array.tobytes()


def test_fresh_states_have_in_common_what_did_not_change() -> None:
    ring, large = BacktrackRing(0.1, lambda: 0.0), np.zeros((1000, 40))
    for minute in range(12):
        large[minute * 80] = 1.0
        ring.add(600 * minute, {"large": large.copy()})
    blocks = [block for one in ring._states for block in one._blocks["large"]]
    changed = 2  # blocks that a row of 320 bytes lies in, at most
    assert len({id(block) for block in blocks}) <= large.nbytes / BLOCK + 1 + changed * 12


def test_a_numeric_stop_is_undone_by_going_back(engine: Engine) -> None:
    """The ring has only good states: the run goes on from there as it would have."""
    step(engine, 60.0)
    good = step(engine, 60.0)
    row = engine.live.core.offsets()[engine.live.layout.units["R-201"]]
    with engine._wake:
        engine.live.core.state[row] = math.nan
    engine.step(30.0).result(TIMEOUT_S)
    assert "R-201" in str(engine.failure)
    assert np.all(engine.image.status & BAD)
    with pytest.raises(SnapshotError, match="R-201: H2O is not finite in scan 1201, allowed a state to go on from"):
        engine.save_snapshot("broken", INSTRUCTOR)
    engine.backtrack(0.001, INSTRUCTOR)
    assert engine.failure is None
    assert not engine.image.status[engine.tags["TIC-201.PV"].row] & BAD
    assert engine.live.state_sha256() == good
    assert value(engine, "Simulation.Elapsed") == 120.0
    step(engine, 10.0)
    assert engine.failure is None


# Snapshots


def test_a_snapshot_is_gone_on_from_to_the_bit_also_by_another_run(make_engine: Callable[..., Engine]) -> None:
    engine, other = make_engine(seed=5), make_engine(seed=6)
    step(engine, 90.0)
    engine.save_snapshot("before-trip", INSTRUCTOR)
    end = step(engine, 90.0)
    for one in (engine, other):
        one.restore_snapshot("before-trip", INSTRUCTOR)
        assert value(one, "Simulation.Seed") == 5
        assert value(one, "Simulation.Branch") == 1
        assert step(one, 90.0) == end


def test_the_start_states_are_snapshots_of_their_own(engine: Engine, belfast: Plant) -> None:
    start = engine.live.state_sha256()
    step(engine, 30.0)
    engine.restore_snapshot("cold", INSTRUCTOR)
    cold = Engine(belfast, frozen=True, epoch=0.0, start="cold")
    assert engine.live.state_sha256() == cold.live.state_sha256()
    engine.restore_snapshot("steady", INSTRUCTOR)
    assert engine.live.state_sha256() == start


@pytest.mark.parametrize("name", ["", "a b", "../last", "x" * 65, "cold", "steady", "last", "a.b", "neu\n"])
def test_a_name_that_may_not_be_is_refused(engine: Engine, name: str, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="snapshot: found the name"):
        engine.save_snapshot(name, INSTRUCTOR)
    assert not (tmp_path / "snapshots").exists()


def test_what_is_not_there_is_not_found(engine: Engine) -> None:
    for name in ("nothing", "last"):
        with pytest.raises(NoSuchSnapshot):
            engine.restore_snapshot(name, INSTRUCTOR)
    assert value(engine, "Simulation.Branch") == 0


@settings(derandomize=True, deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.data())
def test_a_damaged_file_is_refused_and_the_run_goes_on(belfast: Plant, tmp_path: Path, damage: st.DataObject) -> None:
    """Cut short, a bit turned, bytes put in: the checksum sees it, or the header is none."""
    path = tmp_path / "state"
    write_snapshot(path, belfast.sha256, {"state": np.arange(50.0)})
    whole = path.read_bytes()
    at = damage.draw(st.integers(0, len(whole) - 1))
    how = damage.draw(st.sampled_from(("cut", "turn", "insert")))
    if how == "cut":
        path.write_bytes(whole[:at])
    elif how == "turn":
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << damage.draw(st.integers(0, 7))]) + whole[at + 1 :])
    else:
        path.write_bytes(whole[:at] + damage.draw(st.binary(min_size=1, max_size=9)) + whole[at:])
    if path.read_bytes() != whole:
        with pytest.raises(SnapshotError, match=r"found|checksum"):
            read_snapshot(path, belfast.sha256)


def test_another_plants_snapshot_is_refused_with_both_hashes(engine: Engine, tmp_path: Path) -> None:
    write_snapshot(tmp_path / "snapshots" / "foreign.snapshot", "f" * 64, engine.live.arrays())
    with pytest.raises(SnapshotError, match=f"found a snapshot of another plant file .f.*{engine.plant.sha256[:12]}"):
        engine.restore_snapshot("foreign", INSTRUCTOR)


def test_a_write_that_fails_leaves_the_old_file(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.save_snapshot("kept", INSTRUCTOR)
    path = tmp_path / "snapshots" / "kept.snapshot"
    before = path.read_bytes()

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    step(engine, 1.0)
    with pytest.raises(OSError, match="No space left"):
        engine.save_snapshot("kept", INSTRUCTOR)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["kept.snapshot"]
