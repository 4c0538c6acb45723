"""Every step of every sequence of every plant: how it is reached, what it does, how it ends, hold, resume and abort.

The table is the plant file. What a step waits for is written into the rows before a scan, which looks at them first;
hours of waiting are put into the sequence's clocks. So a scan or two show each rule. That the plant itself brings about
what is waited for, the long runs of the sequences show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.live import LivePlant
from plantsim.engine.permission import Permission
from plantsim.model.load import load_plant, plant_names
from plantsim.model.members import MODES, SEQUENCE_STATES
from plantsim.model.plant import Action, Condition, Sequence, Step
from plantsim.model.tag import Role

START, HOLD, RESUME, ABORT = 1, 2, 3, 4
Q_TIME, Q_TRUE = 0, 1
"""Clocks of a sequence, as in ext/sequence.pxd."""
READ_BACK_ZERO = ("RESET", "CAL", "OOS")
Wanted = list[tuple[Condition, bool]]


def holds(condition: Condition, value: float) -> bool:
    if condition.relation == "=":
        return value == condition.value
    return value < condition.value if condition.relation == "<" else value > condition.value


def fitting(wanted: Wanted, now: float) -> float:
    """A value, the present one if it will do, for which each condition holds or not, as wanted."""
    bounds = sorted({condition.value for condition, _ in wanted})
    middles = [0.5 * (one + other) for one, other in pairwise(bounds)]
    for value in (now, *bounds, *(b + d for b in bounds for d in (1.0, -1.0)), *middles):
        if all(holds(condition, value) == truth for condition, truth in wanted):
            return value
    raise AssertionError(f"nothing fits {wanted}")


@dataclass(frozen=True)
class Case:
    """A step and its sequence, with numbers counted from 1."""

    sequence: Sequence
    number: int

    @property
    def step(self) -> Step:
        return self.sequence.steps[self.number - 1]

    @property
    def name(self) -> str:
        return f"{self.sequence.tag} step {self.number}"


class Desk:
    """A plant in production, whose sequences are put into any step."""

    def __init__(self, name: str) -> None:
        self.live = LivePlant(load_plant(name).with_even_lots(), scan_period=1.0)
        self.live.advance(2)
        self.start = self.live.arrays()
        table = self.live.assembly.spec["sequences"]
        self.clocks = {q.tag: entry["mem"] for q, entry in zip(self.live.plant.sequences, table, strict=True)}

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.live.tags[name].row] = value

    def cases(self) -> Iterator[Case]:
        """Each with the plant anew."""
        for sequence in self.live.plant.sequences:
            for number in range(1, len(sequence.steps) + 1):
                self.live.restore(self.start)
                yield Case(sequence, number)

    def state(self, case: Case) -> tuple[str, int]:
        tag = case.sequence.tag
        return SEQUENCE_STATES[int(self[f"{tag}.STATE"])], int(self[f"{tag}.STEP"])

    def put(self, case: Case, state: str = "Running", time: float = 0.0, true: float = 0.0) -> None:
        """Into that step, for s of time and s with all checks true."""
        tag, clocks = case.sequence.tag, self.clocks[case.sequence.tag]
        self[f"{tag}.CMD"] = 0.0
        self[f"{tag}.STATE"] = float(SEQUENCE_STATES.index(state))
        self[f"{tag}.STEP"] = float(case.number)
        self.live.core.memory[clocks + Q_TIME] = time
        self.live.core.memory[clocks + Q_TRUE] = true

    def make(self, wanted: Wanted) -> None:
        """Write rows so that each condition holds or not, as wanted."""
        for name in {f"{condition.tag}.{condition.member}": None for condition, _ in wanted}:
            of_it = [(c, truth) for c, truth in wanted if f"{c.tag}.{c.member}" == name]
            self[name] = fitting(of_it, self[name])

    def arrive(self, actions: Iterable[Action]) -> None:
        """Let ramps be at their ends."""
        for action in actions:
            if action.rate > 0.0:
                self[f"{action.tag}.{action.member}"] = action.value

    def scan(self, case: Case, command: int = 0) -> None:
        if command:
            self[f"{case.sequence.tag}.CMD"] = float(command)
        self.live.advance(1)

    def undone(self, actions: tuple[Action, ...]) -> list[str]:
        """What of the actions at once does not stand in its row, but for where a ramp or a controller begins."""
        elsewhere = {sequence.tag for sequence in self.live.plant.sequences}
        last = {(a.tag, a.member): a for a in actions}
        begun = {a.tag for (_, member), a in last.items() if member == "MODE" and a.value != MODES.index("Manual")}
        gradual = {(a.tag, a.member) for a in actions if a.rate > 0.0} | {(tag, "OP") for tag in begun}
        return [
            f"{tag}.{member}"
            for (tag, member), a in last.items()
            if member not in READ_BACK_ZERO and tag not in elsewhere and (tag, member) not in gradual
            if self[f"{tag}.{member}"] != a.value
        ]


def ready(step: Step) -> Wanted:
    """All checks hold, and nothing else ends it."""
    return [*((check, True) for check in step.checks), *((end, False) for end in step.ends)]


def waiting(step: Step) -> Wanted:
    """The first check does not hold, the others do."""
    return [*((check, check != step.checks[0]) for check in step.checks), *((end, False) for end in step.ends)]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.long] if name != "belfast" else []) for name in plant_names()],
)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_an_operator_may_start_each_and_an_observer_none(desk: Desk) -> None:
    desk.live.restore(desk.start)
    permission = Permission(desk.live.plant, desk.live.tags, frozenset())
    for sequence in desk.live.plant.sequences:
        case = Case(sequence, 1)
        for state, command in (("Idle", START), ("Running", HOLD), ("Held", RESUME), ("Running", ABORT)):
            desk.put(case, state)
            for role, refusal in ((Role.OPERATOR, None), (Role.OBSERVER, Refusal.ROLE)):
                write = (desk.live.image({}), f"{sequence.tag}.CMD", command, Origin(role, "anna", "test"))
                assert permission.check(*write) is refusal, (sequence.tag, state, role)


def test_each_starts_with_all_of_its_permits_and_without_any_one_of_them_it_does_not(desk: Desk) -> None:
    for case in desk.cases():
        if case.number > 1:
            continue
        permits = case.sequence.permits
        for missing in range(len(permits)):
            desk.put(Case(case.sequence, 0), "Idle")
            desk.make([(permit, place != missing) for place, permit in enumerate(permits)])
            desk.scan(case, START)
            assert desk.state(case) == ("Idle", 0), f"{case.name} without permit {missing}"
        desk.live.restore(desk.start)
        desk.put(Case(case.sequence, 0), "Idle")
        desk.make([*((permit, True) for permit in permits), *((only, True) for only in case.step.unless)])
        desk.scan(case, START)
        assert desk.state(case)[0] == "Running", case.name


def test_each_step_is_reached_from_the_one_before_and_does_what_it_is_for(desk: Desk) -> None:
    for case in desk.cases():
        if case.number == 1 and not case.sequence.repeat:
            continue
        before = Case(case.sequence, case.number - 1 or len(case.sequence.steps))
        desk.put(before, true=before.step.dwell)
        desk.make([*ready(before.step), *((only, True) for only in case.step.unless)])
        desk.arrive(before.step.actions)
        desk.scan(case)
        assert desk.state(case) == ("Running", case.number), case.name
        assert desk.undone(case.step.actions) == [], case.name


def test_each_step_is_passed_over_without_any_one_of_what_it_needs(desk: Desk) -> None:
    for case in desk.cases():
        before = Case(case.sequence, case.number - 1 or len(case.sequence.steps))
        for missing in range(len(case.step.unless)):
            desk.live.restore(desk.start)
            desk.put(before, true=before.step.dwell)
            needs = [(only, place != missing) for place, only in enumerate(case.step.unless)]
            desk.make([*ready(before.step), *needs])
            desk.arrive(before.step.actions)
            desk.scan(case)
            assert desk.state(case)[1] not in (case.number, before.number), case.name


def test_each_step_waits_for_its_last_scan_and_for_every_check(desk: Desk) -> None:
    for case in desk.cases():
        step, rest = case.step, max(case.step.dwell - desk.live.scan_period, 0.0)
        if rest > 0.0:
            desk.put(case, true=rest - desk.live.scan_period)
            desk.make(ready(step))
            desk.arrive(step.actions)
            desk.scan(case)
            assert desk.state(case) == ("Running", case.number), f"{case.name} is early"
        for missing in range(len(step.checks)):
            desk.put(case, true=2.0 * step.dwell)
            others = [(check, check != step.checks[missing]) for check in step.checks]
            desk.make([*others, *((end, False) for end in step.ends)])
            desk.arrive(step.actions)
            desk.scan(case)
            assert desk.state(case) == ("Running", case.number), f"{case.name} without check {missing}"
        for action in step.actions:
            if action.rate > 0.0:
                name = f"{action.tag}.{action.member}"
                desk.put(case, true=2.0 * step.dwell)
                desk.make(ready(step))
                desk.arrive(step.actions)
                way = max(2.0 * action.rate * desk.live.scan_period, 1.0)
                desk[name] = action.value + (-way if action.value > way else way)
                desk.scan(case)
                assert desk.state(case) == ("Running", case.number), f"{case.name} before {name} has arrived"


def test_each_step_ends_by_any_one_of_its_other_checks(desk: Desk) -> None:
    for case in desk.cases():
        step = case.step
        for one in range(len(step.ends)):
            desk.live.restore(desk.start)
            desk.put(case)
            others = [(check, check != step.checks[0]) for check in step.checks]
            desk.make([*others, *((end, place == one) for place, end in enumerate(step.ends))])
            desk.scan(case)
            assert desk.state(case) != ("Running", case.number), f"{case.name} by {one}"


def test_each_step_that_takes_too_long_holds_and_has_its_time_anew_when_resumed(desk: Desk) -> None:
    scan = desk.live.scan_period
    for case in desk.cases():
        step = case.step
        if not step.most:
            continue
        ramps = [action for action in step.actions if action.rate > 0.0]
        assert step.checks or ramps or step.dwell, case.name

        def not_yet(case: Case = case, step: Step = step) -> None:
            desk.make(waiting(step))
            clocks = desk.clocks[case.sequence.tag]
            desk.live.core.memory[clocks + Q_TRUE] = 0.0

        desk.put(case, time=step.most - 2.0 * scan)
        not_yet()
        desk.scan(case)
        assert desk.state(case) == ("Running", case.number), f"{case.name} holds early"
        not_yet()
        desk.scan(case)
        assert desk.state(case) == ("Held", case.number), f"{case.name} does not hold"
        assert desk.undone(step.on_hold) == [], case.name
        desk.make(waiting(step))
        desk.scan(case, RESUME)
        assert desk.state(case) == ("Running", case.number), f"{case.name} is not resumed"
        assert desk[f"{case.sequence.tag}.STEP_TIME"] == pytest.approx(scan), case.name
        assert desk.undone(step.actions) == [], case.name


def test_each_step_is_held_and_resumed_by_command(desk: Desk) -> None:
    for case in desk.cases():
        step, tag = case.step, case.sequence.tag
        desk.put(case, time=0.5 * step.most)
        desk.make(waiting(step))
        desk.scan(case, HOLD)
        assert desk.state(case) == ("Held", case.number), case.name
        assert desk.undone(step.on_hold) == [], case.name
        desk.make(ready(step))
        desk.live.core.memory[desk.clocks[tag] + Q_TRUE] = 2.0 * step.dwell
        desk.scan(case)
        assert desk.state(case) == ("Held", case.number), f"{case.name} ends though it is held"
        desk.make(waiting(step))
        desk.scan(case, RESUME)
        if step.checks or step.dwell > desk.live.scan_period:
            assert desk.state(case) == ("Running", case.number), case.name
            assert desk.undone(step.actions) == [], case.name


@pytest.mark.parametrize("name", plant_names())
def test_what_a_hold_of_the_start_takes_from_a_loop_is_given_back(name: str) -> None:
    """By resuming or by a step behind it; or its feed would stand still for ever, and a later step wait for it."""
    start = next(sequence for sequence in load_plant(name).sequences if sequence.tag == "KS-800")
    for number, step in enumerate(start.steps, 1):
        done = {(action.tag, action.member) for later in start.steps[number - 1 :] for action in later.actions}
        taken = {(action.tag, action.member) for action in step.on_hold if action.member == "MODE"}
        assert taken <= done, f"KS-800 step {number}"


def test_a_start_held_in_a_step_with_feed_goes_on_with_it() -> None:
    desk = Desk("belfast")
    for case in desk.cases():
        if case.sequence.tag != "KS-800" or case.step.title not in ("First feed", "Iron removal", "Filter"):
            continue
        desk.put(case)
        desk.make(waiting(case.step))
        desk.scan(case, HOLD)
        desk.live.advance(60)
        assert (MODES[int(desk["WIC-101.MODE"])], desk["WIC-101.OP"]) == ("Manual", 0.0), case.name
        assert desk["WIC-101.PV"] < 0.2, case.name
        desk["KS-800.CMD"] = float(RESUME)
        desk.live.advance(1800)
        assert desk["WIC-101.PV"] > 1.3, case.name


@pytest.mark.parametrize("state", ["Running", "Held"])
def test_each_step_is_aborted_to_idle_with_what_is_its_own(desk: Desk, state: str) -> None:
    for case in desk.cases():
        step = case.step
        desk.put(case, state)
        desk.scan(case, ABORT)
        assert desk.state(case)[0] in ("Aborting", "Idle"), case.name
        assert desk.undone(step.on_abort) == [], case.name
        desk.arrive(step.on_abort)
        desk.scan(case)
        assert desk.state(case) == ("Idle", 0), case.name


def test_each_is_complete_behind_its_last_step_unless_it_begins_anew(desk: Desk) -> None:
    for case in desk.cases():
        if case.number < len(case.sequence.steps) or case.sequence.repeat:
            continue
        desk.put(case, true=case.step.dwell)
        desk.make(ready(case.step))
        desk.arrive(case.step.actions)
        desk.scan(case)
        assert desk.state(case) == ("Complete", case.number), case.name
