"""A PLC that falls silent: what its outputs do, what is heard of it, and how it comes back."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.engine.image import ProcessImage
from plantsim.engine.live import LivePlant
from plantsim.engine.permission import Permission
from plantsim.engine.racks import Racks
from plantsim.model.plant import Loss, Plant
from plantsim.model.tag import Role

RACK = Origin(Role.OPERATOR, "plc", "rack")
OPERATOR = Origin(Role.OPERATOR, "anna", "test")
EXTERNAL = 3.0
TIMEOUT_S = 20.0


class Site:
    """The leach area under a PLC, on a clock that the test turns: plant time and wall time in one."""

    def __init__(self, plant: Plant, external: frozenset[str] = frozenset({"leach"})) -> None:
        self.live = LivePlant(plant)
        permission = Permission(plant, self.live.tags, external)
        self.racks = Racks(plant, self.live.tags, permission.drives, external, self.live.core.signal)
        self.racks.unplug()
        self.wall = 0.0
        self.racks.restart(self.now, self.wall)

    @property
    def now(self) -> float:
        return float(self.live.core.time)

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.live.tags[name].row] = value

    def beat(self, word: int) -> bool:
        return self.racks.beat("leach", word, self.now, self.wall)

    def run(self, seconds: float) -> None:
        """As the engine runs: the watchdog, the outputs, and scans until outputs are due again."""
        scans = round(seconds / 0.1)
        while scans > 0:
            self.racks.watch(self.now, self.wall)
            self.racks.command(self.now)
            piece = min(scans, self.racks.scans_to_go(self.now), 5)
            self.live.advance(piece)
            self.wall += 0.1 * piece
            scans -= piece


def with_loss(plant: Plant, **losses: Loss) -> Plant:
    """The plant with other loss policies: P_201=Loss("fail")."""
    changed = {tag.replace("_", "-"): loss for tag, loss in losses.items()}
    devices = tuple(dataclasses.replace(d, loss=changed[d.tag]) if d.tag in changed else d for d in plant.devices)
    return dataclasses.replace(plant, devices=devices)


def test_a_heartbeat_that_changes_keeps_the_rack(belfast: Plant) -> None:
    site = Site(belfast)
    for word in range(10):
        site.beat(word)
        site.run(1.0)
    assert not site.racks.lost
    assert site["XA-299.STATE"] == 0.0


def test_one_that_is_written_but_stands_still_is_lost_after_two_seconds(belfast: Plant) -> None:
    site = Site(belfast)
    site.beat(7)
    for _ in range(19):
        site.beat(7)
        site.run(0.1)
    assert not site.racks.lost
    for _ in range(8):
        site.beat(7)
        site.run(0.1)
    assert site.racks.lost == {"leach"}
    assert site["XA-299.STATE"] == 1.0


def test_a_rack_that_never_had_a_heartbeat_is_not_watched(belfast: Plant) -> None:
    site = Site(belfast)
    site.run(10.0)
    assert not site.racks.lost


def test_hold_leaves_the_command_as_it_is(belfast: Plant) -> None:
    site = Site(with_loss(belfast, TV_201A=Loss("hold")))
    site["TV-201A.CMD"] = 63.0
    site.beat(1)
    site.run(30.0)
    assert site.racks.lost
    assert (site["TV-201A.CMD"], site["TV-201A.POS"]) == (63.0, 63.0)


def test_fail_goes_to_the_fail_position_with_the_stroke_time(belfast: Plant) -> None:
    """TV-201A fails open and P-201 stopped; one that fails closed closes."""
    site = Site(with_loss(belfast, TV_201A=Loss("fail"), TV_201B=Loss("fail"), P_201=Loss("fail")))
    site["TV-201A.CMD"], site["TV-201B.CMD"] = 0.0, 50.0
    site.beat(1)
    site.run(2.0)
    start = site["TV-201A.POS"]
    site.run(1.0)
    stroke = next(d.stroke for d in belfast.devices if d.tag == "TV-201A")
    assert start < site["TV-201A.POS"] <= start + 100.0 * 1.1 / stroke
    site.run(60.0)
    assert (site["TV-201A.POS"], site["TV-201B.POS"]) == (100.0, 0.0)
    assert (site["P-201.CMD"], site["P-201.RUN"], site["P-201.SPEED"]) == (0.0, 0.0, 0.0)


def test_ramp_moves_every_scan_from_where_the_valve_stood(belfast: Plant) -> None:
    site = Site(with_loss(belfast, TV_202=Loss("ramp", 10.0, 60.0)))
    site["TV-202.CMD"] = 70.0
    site.beat(1)
    site.run(1.9)
    while not site.racks.lost:
        site.run(0.1)
    position, seen = site["TV-202.POS"], []
    for _ in range(300):
        site.run(0.1)
        seen.append(site["TV-202.CMD"])
    steps = [a - b for a, b in pairwise(seen)]
    assert steps == pytest.approx([(position - 10.0) / 600.0] * len(steps), abs=1e-9)
    site.run(60.0)
    assert site["TV-202.CMD"] == 10.0


def test_the_plc_comes_back_from_the_actual_position(belfast: Plant) -> None:
    site = Site(with_loss(belfast, TV_201A=Loss("fail")))
    site["TV-201A.CMD"] = 0.0
    site.run(20.0)
    site.beat(1)
    site.run(4.0)
    assert site.racks.lost
    standing = site["TV-201A.POS"]
    assert 0.0 < standing < 100.0
    assert site.beat(2)
    assert site["TV-201A.CMD"] == standing
    assert (site.racks.lost, site["XA-299.STATE"]) == (frozenset(), 0.0)
    site.run(1.0)
    assert site["TV-201A.POS"] == standing


def test_only_the_outputs_that_are_the_plcs_follow(belfast: Plant) -> None:
    """One loop in External, of an area that is not."""
    site = Site(with_loss(belfast, TV_202=Loss("fail"), TV_203=Loss("fail")), frozenset())
    before = site["TV-203.CMD"]
    site["TIC-202.MODE"] = EXTERNAL
    site.beat(1)
    site.run(5.0)
    assert site.racks.lost == {"leach"}
    assert site["TV-202.CMD"] == 0.0
    assert abs(site["TV-203.CMD"] - before) < 5.0


@pytest.fixture
def engine(belfast: Plant) -> Iterator[Engine]:
    engine = Engine(belfast, frozen=True, epoch=0.0, external=frozenset({"leach"}))
    engine.start()
    yield engine
    engine.stop()


def value(engine: Engine, name: str) -> float:
    return float(engine.image.value[engine.tags[name].row])


def wait_until(engine: Engine, holds: Callable[[ProcessImage], bool]) -> None:
    """Return at the first publication of which it holds."""
    reached = threading.Event()

    def look(image: ProcessImage) -> None:
        if holds(image):
            reached.set()

    stop = engine.listen(look)
    look(engine.image)
    assert reached.wait(TIMEOUT_S)
    stop()


def lose(engine: Engine) -> None:
    """Run until the watchdog has bitten."""
    assert engine.write_rack([], RACK, beat=("leach", 1)) == []
    engine.set_speed(20.0)
    engine.run()
    wait_until(engine, lambda _: engine.lost == {"leach"})
    engine.freeze()


def test_a_silent_plc_raises_the_alarm_and_is_not_obeyed_until_it_is_back(engine: Engine) -> None:
    lose(engine)
    engine.step(0.2).result(TIMEOUT_S)
    alarm = next(a for a in engine.alarms if a.name == "XA-299.LOST")
    assert engine.image.alarms[alarm.row] & 1
    command = [("FV-202.CMD", 41.0)]
    assert engine.write_rack(command, RACK, beat=("leach", 1)) == [Refusal.SILENT], "its driver goes on, it does not"
    assert engine.write_rack(command, RACK, beat=("leach", 2)) == [None]
    engine.step(0.2).result(TIMEOUT_S)
    assert value(engine, "FV-202.CMD") == 41.0
    assert not engine.image.alarms[alarm.row] & 1


def test_the_watchdog_rests_while_frozen(engine: Engine) -> None:
    engine.write_rack([], RACK, beat=("leach", 1))
    engine.step(60.0).result(TIMEOUT_S)
    assert not engine.lost


def test_a_speed_that_falsifies_a_plcs_timers_is_warned_of_once(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.set_speed(10.0)
    engine.run()
    with caplog.at_level("WARNING", "plantsim.engine"):
        for word in range(5):
            engine.write_rack([], RACK, beat=("leach", word))
    engine.freeze()
    assert sum("10 times real time" in message for message in caplog.messages) == 1


def test_a_restored_state_does_not_give_the_area_back(engine: Engine) -> None:
    """Its loops were in Auto when the state was saved."""
    engine.step(60.0).result(TIMEOUT_S)
    engine.step(60.0).result(TIMEOUT_S)
    engine.backtrack(1.0, OPERATOR)
    assert value(engine, "TIC-201.MODE") == EXTERNAL


# ------------------------------------------------------------------ lock step


@pytest.fixture
def locked(belfast: Plant) -> Iterator[Engine]:
    engine = Engine(belfast, frozen=True, external=frozenset({"leach"}), lockstep=True, lockstep_timeout=60.0)
    engine.start()
    yield engine
    engine.stop()


def test_a_scan_waits_for_the_echo_of_the_last(locked: Engine) -> None:
    done = locked.step(0.5)
    for scan in range(5):
        assert not done.done()
        assert locked.image.scan == scan
        locked.write_rack([], RACK, beat=("leach", scan))
        wait_until(locked, lambda image, wanted=scan + 1: image.scan >= wanted)  # type: ignore[misc]
    done.result(TIMEOUT_S)
    assert locked.image.scan == 5


def test_without_an_echo_the_scan_goes_on_after_the_timeout_and_is_counted(belfast: Plant) -> None:
    engine = Engine(
        belfast, frozen=True, epoch=0.0, external=frozenset({"leach"}), lockstep=True, lockstep_timeout=0.05
    )
    engine.start()
    try:
        engine.step(0.3).result(TIMEOUT_S)
        assert value(engine, "Simulation.LockstepTimeouts") == 3.0
        assert value(engine, "Simulation.Lockstep") == 1.0
    finally:
        engine.stop()


def test_without_a_rack_that_is_a_plcs_lock_step_holds_nothing_up(belfast: Plant) -> None:
    engine = Engine(belfast, frozen=True, epoch=0.0, lockstep=True, lockstep_timeout=60.0)
    engine.start()
    try:
        engine.step(10.0).result(TIMEOUT_S)
        assert value(engine, "Simulation.LockstepTimeouts") == 0.0
    finally:
        engine.stop()


def test_switching_lock_step_off_lets_the_plant_go_on(locked: Engine) -> None:
    done = locked.step(10.0)
    locked.set_lockstep(False, OPERATOR)
    done.result(TIMEOUT_S)
    assert locked.image.scan == 100
