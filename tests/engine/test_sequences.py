"""The sequence kernel: what a step does, when it ends, and what the four commands make of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.engine.live import LivePlant
from plantsim.engine.permission import EXTERNAL
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.plant import Action, Alarm, Condition, Plant, Sequence, Step
from plantsim.model.tag import Role

START, HOLD, RESUME, ABORT = 1, 2, 3, 4
RAMP = Action("WIC-100", "SP", 2.3, 0.166)
PROGRAM = Sequence(
    "KS-101",
    "PLANT",
    "A trial",
    (Condition("P-208", "RUN", "=", 1.0),),
    (
        Step(
            "Slow down",
            (RAMP, Action("TIC-201", "MODE", 0.0)),
            (),
            0.0,
            60.0,
            (Action("TIC-202", "MODE", 0.0),),
            (Action("TIC-203", "MODE", 0.0),),
        ),
        Step(
            "Wait", (), (Condition("TIC-201", "MODE", "=", 1.0),), 2.0, 10.0, (), (Action("WIC-100", "SP", 3.3, 1.0),)
        ),
        Step("Rest", (), (), 3.0, 0.0, (), ()),
    ),
)


def belongs_to_sequences(alarm: Alarm) -> bool:
    """Whether it is of a sequence, or quiet while one stands somewhere."""
    when = alarm.suppressed_when
    return alarm.condition == "HELD" or (when is not None and any(term.tag.startswith("KS-") for term in when.terms))


class Run:
    """The Belfast line with the trial sequence."""

    def __init__(self, belfast: Plant, **changes: object) -> None:
        program = dataclasses.replace(PROGRAM, **changes)  # type: ignore[arg-type]
        alarms = tuple(one for one in belfast.alarms if not belongs_to_sequences(one))  # those are not there
        self.live = LivePlant(dataclasses.replace(belfast, sequences=(program,), alarms=alarms), start="charged")

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.live.tags[name].row] = value

    @property
    def state(self) -> tuple[str, int]:
        return SEQUENCE_STATES[int(self["KS-101.STATE"])], int(self["KS-101.STEP"])

    def scan(self, scans: int = 1, command: int = 0) -> None:
        if command:
            self["KS-101.CMD"] = command
        self.live.advance(scans)


@pytest.fixture
def run(belfast: Plant) -> Run:
    return Run(belfast)


def test_it_runs_from_the_first_step_to_the_last(run: Run) -> None:
    assert run.state == ("Idle", 0)
    run.scan(1, START)
    assert run.state == ("Running", 1)
    assert run["KS-101.CMD"] == 0.0
    assert run["TIC-201.MODE"] == 0.0
    assert run["WIC-100.SP"] == pytest.approx(4.3 - 0.0166)
    run.scan(120)
    assert run.state == ("Running", 2)
    assert run["WIC-100.SP"] == 2.3
    assert run["KS-101.STEP_TIME"] == 0.0
    run.scan(50)
    assert run["KS-101.STEP_TIME"] == pytest.approx(5.0)
    run["TIC-201.MODE"] = 1.0
    run.scan(19)
    assert run.state == ("Running", 2)
    run.scan(1)
    assert run.state == ("Running", 3)
    run.scan(30)
    assert run.state == ("Complete", 3)
    run.scan(10)
    assert run.state == ("Complete", 3)
    run["WIC-100.SP"] = 4.3
    run.scan(1, START)
    assert run.state == ("Running", 1)
    run.scan(1, ABORT)
    assert run.state == ("Idle", 0)


def test_a_cycle_begins_anew_behind_its_last_step_until_it_is_aborted(belfast: Plant) -> None:
    steps = (Step("One", (), (), 1.0, 0.0, (), ()), Step("Two", (), (), 2.0, 0.0, (), ()))
    run = Run(belfast, permits=(), steps=steps, repeat=True)
    run.scan(1, START)
    seen = []
    for _ in range(6):
        seen.append(run.state)
        run.scan(10)
    assert seen == [("Running", n) for n in (1, 2, 2, 1, 2, 2)]
    run.scan(1, ABORT)
    run.scan(1)
    assert run.state == ("Idle", 0)


def test_any_one_of_its_other_checks_ends_a_step_at_once(belfast: Plant) -> None:
    ends = (Condition("TIC-201", "MODE", "=", 0.0), Condition("TIC-202", "MODE", "=", 0.0))
    steps = (Step("Wait", (), (), 5.0, 0.0, (), (), ends), Step("Rest", (), (), 60.0, 0.0, (), ()))
    for tag in ("TIC-201", "TIC-202"):
        run = Run(belfast, permits=(), steps=steps)
        run.scan(10, START)
        assert run.state == ("Running", 1)
        run[f"{tag}.MODE"] = 0.0
        run.scan(1)
        assert run.state == ("Running", 2)


def test_a_step_is_passed_over_unless_its_conditions_hold_when_it_is_its_turn(belfast: Plant) -> None:
    def steps(*wanted: float) -> tuple[Step, ...]:
        return tuple(
            Step(f"{mode}", (Action("TIC-202", "SP", 50.0 + mode),), (), 1.0, 0.0, (), (), (), only)
            for mode in wanted
            for only in [(Condition("TIC-201", "MODE", "=", mode),)]
        )

    run = Run(belfast, permits=(), steps=steps(0.0, 1.0, 0.0), repeat=True)
    run.scan(1, START)
    assert (run.state, run["TIC-202.SP"]) == (("Running", 2), 51.0)
    run["TIC-201.MODE"] = 0.0
    run.scan(9)
    assert run.state == ("Running", 3), "what holds while it runs is not asked for again"
    run.scan(10)
    assert (run.state, run["TIC-202.SP"]) == (("Running", 1), 50.0)
    run = Run(belfast, permits=(), steps=steps(1.0, 0.0, 0.0))
    run.scan(11, START)
    assert run.state == ("Complete", 3)
    run = Run(belfast, permits=(), steps=steps(0.0, 0.0), repeat=True)
    run.scan(5, START)
    assert run.state == ("Running", 2), "a cycle of nothing waits in its last step"


def test_a_plant_file_may_have_it_run_from_the_start(belfast: Plant) -> None:
    run = Run(belfast, permits=(), running=True)
    assert run.state == ("Running", 0)
    assert run["TIC-201.MODE"] == 1.0
    run.scan(1)
    assert run.state == ("Running", 1)
    assert run["TIC-201.MODE"] == 0.0


def test_a_check_must_hold_without_a_break(run: Run) -> None:
    run.scan(121, START)
    run["TIC-201.MODE"] = 1.0
    run.scan(19)
    run["TIC-201.MODE"] = 0.0
    run.scan(1)
    run["TIC-201.MODE"] = 1.0
    run.scan(19)
    assert run.state == ("Running", 2)
    run.scan(1)
    assert run.state == ("Running", 3)


def test_a_step_that_takes_too_long_holds(run: Run) -> None:
    run.scan(121, START)
    run.scan(99)
    assert run.state == ("Running", 2)
    run.scan(1)
    assert run.state == ("Held", 2)
    run.scan(1, RESUME)
    assert run.state == ("Running", 2), "it has its time anew"
    run.scan(98)
    assert run.state == ("Running", 2)
    run.scan(1)
    assert run.state == ("Held", 2)


def test_holding_stops_the_ramp_and_resuming_goes_on_with_it(run: Run) -> None:
    run.scan(50, START)
    run.scan(1, HOLD)
    assert run.state == ("Held", 1)
    assert run["TIC-202.MODE"] == 0.0
    held = run["WIC-100.SP"]
    run["TIC-201.MODE"] = 1.0
    run.scan(100)
    assert (run["WIC-100.SP"], run.state) == (held, ("Held", 1))
    assert run["KS-101.STEP_TIME"] == pytest.approx(5.0)
    run.scan(1, RESUME)
    assert run.state == ("Running", 1)
    assert run["TIC-201.MODE"] == 0.0, "what the step does on entry it does again"
    assert run["WIC-100.SP"] < held


def test_aborting_does_the_steps_own_and_ends_idle(run: Run) -> None:
    run.scan(50, START)
    run.scan(1, ABORT)
    assert run["TIC-203.MODE"] == 0.0
    assert run.state == ("Idle", 0)
    run.scan(121, START)
    run.scan(1, ABORT)
    assert run.state == ("Aborting", 2)
    run.scan(8)
    assert run.state == ("Aborting", 2)
    run.scan(1)
    assert (run.state, run["WIC-100.SP"]) == (("Idle", 0), 3.3)


def test_aborted_again_it_ends_where_its_ramps_are(run: Run) -> None:
    run.scan(121, START)
    run.scan(5, ABORT)
    assert run.state == ("Aborting", 2)
    under_way = run["WIC-100.SP"]
    run.scan(1, ABORT)
    assert run.state == ("Idle", 0)
    run.scan(20)
    assert run["WIC-100.SP"] == under_way != 3.3


def test_it_does_not_start_without_its_permits(run: Run) -> None:
    run["P-208.CMD"] = 0.0
    run.scan(600)
    run.scan(1, START)
    assert run.state == ("Idle", 0)
    assert run["KS-101.CMD"] == 0.0


@dataclass
class Model:
    """The same rules once more, for a sequence of waits: (dwell, most) in scans."""

    steps: list[tuple[int, int]]
    state: str = "Idle"
    step: int = 0
    time: int = 0
    trace: list[tuple[str, int]] = field(default_factory=list)

    def scan(self, command: int) -> None:
        if command == START and self.state in ("Idle", "Complete"):
            self.state, self.step, self.time, self.true = "Running", 1, 0, 0
        elif command == HOLD and self.state == "Running":
            self.state = "Held"
        elif command == RESUME and self.state == "Held":
            self.state, self.true = "Running", 0
            most = self.steps[self.step - 1][1]
            self.time = 0 if most and self.time >= most else self.time
        elif command == ABORT and self.state in ("Running", "Held"):
            self.state = "Aborting"
        elif command == ABORT and self.state == "Complete":
            self.state, self.step = "Idle", 0
        if self.state == "Aborting":
            self.state, self.step = "Idle", 0
        elif self.state == "Running":
            dwell, most = self.steps[self.step - 1]
            self.time += 1
            self.true += 1
            if self.true >= max(dwell, 1):
                self.time = self.true = 0
                if self.step < len(self.steps):
                    self.step += 1
                else:
                    self.state = "Complete"
            elif most and self.time >= most:
                self.state = "Held"
        self.trace.append((self.state, self.step))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), min_size=1, max_size=4),
    st.lists(st.sampled_from([0, 0, 0, 0, START, HOLD, RESUME, ABORT]), min_size=1, max_size=60),
)
def test_any_commands_at_any_time(belfast: Plant, waits: list[tuple[int, int]], commands: list[int]) -> None:
    steps = tuple(Step(f"{k}", (), (), 0.1 * dwell, 0.1 * most, (), ()) for k, (dwell, most) in enumerate(waits))
    run, model = Run(belfast, steps=steps, permits=()), Model(waits)
    trace = []
    for command in commands:
        run.scan(1, command)
        model.scan(command)
        trace.append(run.state)
    assert trace == model.trace


def test_a_snapshot_goes_on_in_the_middle_of_a_step(belfast: Plant) -> None:
    one, other = Run(belfast), Run(belfast)
    one.scan(50, START)
    other.live.restore(one.live.arrays())
    for run in (one, other):
        run.scan(100)
    assert other.state == one.state == ("Running", 2)
    assert other.live.state_sha256() == one.live.state_sha256()


def test_what_a_plc_has_a_sequence_leaves_alone(belfast: Plant) -> None:
    """Shut down with the leach tanks on a PLC: the mill stops, the leach's loops stay External, its pump as it was."""
    engine = Engine(belfast, frozen=True, epoch=0.0, external=frozenset({"leach"}))
    engine.start()
    try:
        assert engine.write([("KS-801.CMD", START)], Origin(Role.OPERATOR, "anna", "test")) == [None]
        pump = engine.image.value[engine.tags["P-201.SPEED_CMD"].row]
        engine.step(3000.0).result(60.0)
        engine.step(3000.0).result(60.0)
        assert engine.image.value[engine.tags["KS-801.STEP"].row] >= 3.0
        assert engine.image.value[engine.tags["ML-121.RUN"].row] == 0.0
        assert engine.image.value[engine.tags["FIC-201.MODE"].row] == EXTERNAL
        assert engine.image.value[engine.tags["P-201.SPEED_CMD"].row] == pump
    finally:
        engine.stop()
