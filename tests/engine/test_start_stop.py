"""Plants are shut down and started again by their own sequences, with nobody at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.live import LivePlant
from plantsim.engine.permission import Permission
from plantsim.model.load import load_plant, plant_names
from plantsim.model.members import SEQUENCE_STATES
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

OPERATOR = Origin(Role.OPERATOR, "anna", "test")
START, HOLD, ABORT = 1, 2, 4
MAGNET_PLANTS = ("belfast", "belfast-commercial", "missouri", "viridion")


class Shift:
    """The plant, and what was seen while a sequence ran."""

    def __init__(
        self, plant: Plant, scan_period: float = 0.1, hydrogen: Sequence[str] = ("AI-211A",), start: str = "steady"
    ) -> None:
        self.live = LivePlant(plant, scan_period=scan_period, start=start)
        self.minute = round(60.0 / scan_period)
        self.hydrogen = hydrogen
        self.steps: dict[str, list[int]] = {}
        self.most_hydrogen = 0.0

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def refused(self, name: str, value: int) -> Refusal | None:
        """Why an operator may not write it now."""
        return Permission(self.live.plant, self.live.tags, frozenset()).check(
            self.live.image({}), name, value, OPERATOR
        )

    def run(self, tag: str, most_h: float) -> str:
        """Start a sequence and wait for its end; returns its state."""
        self.live.core.signal[self.live.tags[f"{tag}.CMD"].row] = START
        seen = self.steps.setdefault(tag, [])
        for _ in range(round(60 * most_h)):
            self.live.advance(self.minute)
            self.most_hydrogen = max([self.most_hydrogen, *(self[f"{tag}.PV"] for tag in self.hydrogen)])
            step = int(self[f"{tag}.STEP"])
            if step not in seen:
                seen.append(step)
            if self[f"{tag}.STATE"] != 1.0:
                break
        return SEQUENCE_STATES[int(self[f"{tag}.STATE"])]

    def in_alarm(self) -> set[str]:
        return {alarm.name for alarm, state in zip(self.live.alarms, self.live.book.states(), strict=True) if state & 1}


@pytest.fixture(scope="module")
def stopped(belfast: Plant) -> Shift:
    shift = Shift(belfast)
    assert shift.refused("KS-800.CMD", START) is None, "what it needs to start, that nothing is fed, is its permit"
    assert shift.refused("KS-801.CMD", 2) is Refusal.MODE, "what does not run cannot be held"
    assert shift.run("KS-801", 24.0) == "Complete"
    return shift


def test_start_up_is_not_begun_while_the_line_is_fed(live: LivePlant) -> None:
    """Aborted, it would keep quiet what it keeps quiet before its steps."""
    state, command = (live.tags[f"KS-800.{member}"].row for member in ("STATE", "CMD"))
    live.core.signal[command] = START
    live.advance(5)
    assert SEQUENCE_STATES[int(live.core.signal[state])] == "Complete"


@pytest.mark.parametrize("name", MAGNET_PLANTS)
def test_a_start_held_or_aborted_has_no_alarm_of_what_nobody_makes_or_draws(name: str) -> None:
    """That there is no sweep air is told: a safeguard is quiet only before a start."""
    cold = Shift(load_plant(name), scan_period=1.0, start="cold")
    for command in (START, HOLD, ABORT):
        cold.live.core.signal[cold.live.tags["KS-800.CMD"].row] = command
        cold.live.advance(300)
        assert cold.in_alarm() <= {"KS-800.HELD", "FIC-213.L", "FIC-213.LL"}, command


def test_a_bare_pad_whose_start_was_aborted_is_quiet_for_hours() -> None:
    """While liquor was being made up: nobody asks for irrigation, and empty ponds are as they should be."""
    cold = Shift(load_plant("makuutu"), scan_period=1.0, start="cold")
    for command, minutes in ((START, 5), (ABORT, 300)):
        cold.live.core.signal[cold.live.tags["KS-800.CMD"].row] = command
        cold.live.advance(minutes * cold.minute)
    assert cold["KS-800.STEP"] == 0.0
    assert max(cold[f"LIC-26{k}.PV"] for k in (2, 3, 4)) < 5.0
    assert cold.in_alarm() == set()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "belfast" else [pytest.mark.long]) for name in MAGNET_PLANTS]
)
def test_with_no_step_of_the_start_in_force_a_kiln_that_gets_cold_under_its_feed_is_told(name: str) -> None:
    """A shutdown that was thought better of leaves the start-up at no step, and the line in production."""
    shift = Shift(load_plant(name), scan_period=1.0)
    for command in (START, ABORT):
        shift.live.core.signal[shift.live.tags["KS-801.CMD"].row] = command
        shift.live.advance(3)
    assert shift["KS-800.STEP"] == 0.0
    # of a dryer, a kiln's zones and the furnaces, all that have one
    told = {a.name for a in shift.live.alarms if a.name.startswith("TIC-6") and a.name.endswith(".L")}
    assert {"TIC-601.L", "TIC-613.L", "TIC-614.L"} < told
    for member, value in (("MODE", 0.0), ("OP", 0.0)):
        for alarm in told:
            shift.live.core.signal[shift.live.tags[f"{alarm.removesuffix('.L')}.{member}"].row] = value
        shift.live.advance(3)
    seen: set[str] = set()
    for _ in range(180):
        shift.live.advance(shift.minute)
        seen |= shift.in_alarm()
    assert told <= seen


@pytest.mark.long
def test_the_shutdown_goes_through_every_step_and_ends_safe(stopped: Shift) -> None:
    assert stopped.steps["KS-801"] == list(range(2, 15))
    assert (stopped["KS-310.STATE"], stopped["LIC-305.PV"] < 17.0) == (0.0, True)
    for flow in ("WIC-101", "FIC-201", "FIC-304", "FIC-4101", "FIC-4202", "FIC-4301", "FIC-501", "FIC-521"):
        assert stopped[f"{flow}.PV"] < 0.01 * stopped.live.tags[f"{flow}.PV"].high, flow
    for drive in ("ML-121", "MX-4114", "MX-4214", "MX-4314", "SC-619", "DR-601", "K-213A"):
        assert stopped[f"{drive}.RUN"] == 0.0, drive
    assert stopped["TIC-614.PV"] < 200.0
    assert stopped["AI-211A.PV"] < 2.0
    assert stopped.most_hydrogen < 10.0
    assert stopped["KS-800.STEP"] == 0.0
    assert stopped.live.health.balance_error() < 1e-12


@pytest.mark.long
def test_a_stopped_plant_is_quiet(stopped: Shift) -> None:
    assert stopped.in_alarm() == set()


@pytest.mark.long
def test_the_commercial_line_is_shut_down_and_comes_back() -> None:
    shift = Shift(load_plant("belfast-commercial"))
    modes = {loop.tag: shift[f"{loop.tag}.MODE"] for loop in shift.live.plant.loops}
    assert shift.run("KS-801", 24.0) == "Complete"
    assert shift.steps["KS-801"] == list(range(2, 14))
    assert shift.in_alarm() == set()
    for drive in ("ML-121", "MX-4114", "MX-4314", "SC-619", "SC-656", "DR-601", "K-213A"):
        assert shift[f"{drive}.RUN"] == 0.0, drive
    assert shift["TIC-614.PV"] < 200.0
    assert shift.run("KS-800", 48.0) == "Complete"
    assert shift["WIC-101.PV"] > 150.0
    assert min(shift[f"AI-70{k}.PV"] for k in (1, 2, 3)) > 99.5
    assert {tag: shift[f"{tag}.MODE"] for tag in modes} == modes
    assert shift.most_hydrogen < 10.5
    assert shift.in_alarm() == set()
    assert shift.live.health.balance_error() < 1e-12


@pytest.mark.long
def test_started_again_it_comes_back_to_specification(stopped: Shift) -> None:
    state = stopped.run("KS-800", 48.0)
    steps = stopped.steps["KS-800"]
    assert (state, steps) == ("Complete", sorted(steps))
    assert steps[-1] == len(next(s for s in stopped.live.plant.sequences if s.tag == "KS-800").steps)
    assert stopped["WIC-101.PV"] > 4.1
    assert min(stopped["AIC-701.PV"], stopped["AIC-702.PV"]) > 99.5
    assert stopped.most_hydrogen < 10.0
    assert stopped.in_alarm() == set()
    assert stopped.live.health.balance_error() < 1e-12


@dataclass(frozen=True)
class Line:
    """What is asked of a plant with two ways to feed it."""

    feeds: dict[str, float]
    """Rates that it has again after the start, kg/h at least."""
    drives: str
    """That stand after the shutdown, beside those that all have."""
    heater: str
    """Zone of the last calciner."""
    products: int
    hydrogen: tuple[str, ...]


LINES = {
    "missouri": Line(
        {"WIC-101": 57.0, "WIC-151": 6.3}, "ML-171 SC-666", "TIC-666", products=6, hydrogen=("AI-211A", "AI-231A")
    ),
    "viridion": Line({"WIC-101": 4.08, "WIC-151": 2.83}, "SC-656 DR-621", "TIC-656", products=3, hydrogen=("AI-211A",)),
}


@pytest.mark.long
@pytest.mark.parametrize("name", LINES)
def test_a_plant_of_two_feeds_is_shut_down_safely_and_comes_back_to_specification(name: str) -> None:
    line = LINES[name]
    shift = Shift(load_plant(name), 1.0, line.hydrogen)
    assert shift.run("KS-801", 48.0) == "Complete"
    assert shift.steps["KS-801"] == list(range(2, 14))
    for flow in (*line.feeds, "FIC-201", "FIC-221", "FIC-304", "FIC-4101", "FIC-4202", "FIC-4501", "FIC-501"):
        assert shift[f"{flow}.PV"] < 0.01 * shift.live.tags[f"{flow}.PV"].high, flow
    for drive in ("ML-121", "MX-4114", "MX-4514", "SC-619", "DR-601", "K-213A", "K-233A", *line.drives.split()):
        assert shift[f"{drive}.RUN"] == 0.0, drive
    assert max(shift["TIC-614.PV"], shift[f"{line.heater}.PV"]) < 200.0
    assert max(shift["AI-211A.PV"], shift["AI-231A.PV"]) < 2.0, "gas of both dissolutions"

    assert shift.run("KS-800", 14 * 24.0) == "Complete"
    steps = shift.steps["KS-800"]
    last = len(next(s for s in shift.live.plant.sequences if s.tag == "KS-800").steps)
    assert (steps, steps[-1]) == (sorted(steps), last)
    for feed, least in line.feeds.items():
        assert shift[f"{feed}.PV"] > least
    assert min(shift[f"AI-70{k}.PV"] for k in range(1, line.products + 1)) > 99.5
    assert shift.most_hydrogen < 10.0
    assert shift.live.health.balance_error() < 1e-12


FIGHTING = {
    "belfast": ("KS-305 KS-705", "KS-305 KS-4095", "KS-700"),
    "belfast-commercial": ("KS-305 KS-705", "KS-305 KS-4095"),
    "missouri": ("KS-305 KS-705", "KS-305 KS-4095 KS-4395"),
    "viridion": ("KS-305 KS-705", "KS-305 KS-4095 KS-4395"),
    "makuutu": ("KS-305 KS-705",),
}
"""Sequences that have loops in hand, and put them back into service when they end, in the midst of a run."""
IDLE = ("KS-801", "STATE", float(SEQUENCE_STATES.index("Idle")))


def begun(name: str, tags: str) -> Shift:
    """A plant whose sequences have run for five minutes."""
    shift = Shift(load_plant(name), 1.0, hydrogen=())
    if "KS-700" in tags:
        shift.live.core.signal[shift.live.tags["WI-103.PV"].row] = 200.0
    for tag in tags.split():
        shift.live.core.signal[shift.live.tags[f"{tag}.CMD"].row] = START
    shift.live.advance(5 * shift.minute)
    return shift


@pytest.mark.parametrize("name", plant_names())
def test_what_an_operator_starts_is_not_begun_while_the_plant_is_shut_down_and_ended_by_a_shutdown(name: str) -> None:
    """Of all that has loops in hand and comes to an end; a press goes round, and is stopped when it has no more."""
    sequences = {s.tag: s for s in load_plant(name).sequences}
    shutdown = sequences.pop("KS-801")
    ended = {a.tag for step in shutdown.steps[:1] for a in step.actions if a.member == "CMD" and a.value == ABORT}
    once = {tag for tag, s in sequences.items() if not s.repeat}
    assert once <= ended
    idle = {tag for tag, s in sequences.items() if any((p.tag, p.member, p.value) == IDLE for p in s.permits)}
    assert idle == once - {"KS-800"}, "which ends the shutdown itself"


@pytest.mark.parametrize(("name", "tags"), [(name, tags) for name, every in FIGHTING.items() for tags in every])
def test_the_shutdown_first_ends_what_would_put_loops_back_into_service(name: str, tags: str) -> None:
    shift = begun(name, tags)
    state = {tag: f"{tag}.STATE" for tag in tags.split()}
    assert {shift[row] for row in state.values()} == {1.0}
    shift.live.core.signal[shift.live.tags["KS-801.CMD"].row] = START
    shift.live.advance(5)
    assert {shift[row] for row in state.values()} == {0.0}
    assert (shift["KS-801.STATE"], shift["KS-801.STEP"]) == (1.0, 2.0)
    for tag in state:
        shift.live.core.signal[shift.live.tags[f"{tag}.CMD"].row] = START
    shift.live.advance(20 * shift.minute)
    assert {shift[row] for row in state.values()} == {0.0}, "nor do they start meanwhile"
    assert shift["WIC-100.SP"] == 0.0
    masters = [loop.tag for loop in shift.live.plant.loops if loop.tag.startswith("AIC-70")]
    assert {shift[f"{tag}.MODE"] for tag in masters} == {0.0}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long(scale=2 if name in ("missouri", "viridion") else 1))
        for name in FIGHTING
    ],
)
def test_shut_down_in_the_midst_of_a_calibration_a_plant_stands_as_after_any_other_shutdown(name: str) -> None:
    ends = []
    for tags in ("", *FIGHTING[name]):
        shift = begun(name, tags)
        assert shift.run("KS-801", 48.0) == "Complete"
        loops = [loop.tag for loop in shift.live.plant.loops]
        drives = [tag.name for tag in shift.live.tags if tag.name.endswith(".RUN")]
        ends.append({row: shift[row] for row in [*(f"{tag}.MODE" for tag in loops), *drives]})
        assert shift.live.health.balance_error() < 1e-9
    for end in ends[1:]:
        assert end == ends[0]
