"""Procedures on the screen: their steps, what they wait for, and orders to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING

import pytest

from hmi.procedure import (
    COMPLETE,
    HELD,
    IDLE,
    RUNNING,
    Action,
    Check,
    Mark,
    Procedure,
    Progress,
    Step,
    order,
    parse,
    parse_by_hand,
    progress,
)
from hmi.screens.procedures import Procedures
from hmi.walk import Walks
from plantsim.model.load import load_plant, plant_names

if TYPE_CHECKING:
    from tests.hmi.conftest import Desk

SitDown = Callable[..., AbstractAsyncContextManager["Desk"]]


def test_steps_are_read_as_the_server_writes_them() -> None:
    found = parse(
        "KS-201", "Heat up", ["Set points", "Wait"], ["TIC-201.MODE = 1; TIC-201.SP -> 80 at 5", ""],
        ["TIC-201.PV > 75.5; AI-201.PV bad", ""], [60.0, 600.0], [1800.0, 0.0], ["", "LIC-201.PV < 5"],
        ["", "UI-201.PV > 6"], permits=["P-201.RUN = 1"], repeats=True,
    )  # fmt: skip
    assert found == Procedure(
        "KS-201",
        "Heat up",
        (
            Step(
                "Set points",
                (Action("TIC-201.MODE", 1.0), Action("TIC-201.SP", 80.0, 5.0)),
                (Check("TIC-201.PV", ">", 75.5), Check("AI-201.PV", "bad")),
                60.0,
                1800.0,
            ),
            Step("Wait", dwell=600.0, ends=(Check("LIC-201.PV", "<", 5.0),), needs=(Check("UI-201.PV", ">", 6.0),)),
        ),
        (Check("P-201.RUN", "=", 1.0),),
        repeats=True,
    )
    with pytest.raises(ValueError, match="is no comparison"):
        parse("KS-1", "", ["a"], [""], ["rubbish"], [0.0], [0.0], [""], [""])
    with pytest.raises(ValueError, match="shorter"):
        parse("KS-1", "", ["a", "b"], [""], [""], [0.0], [0.0], [""], [""])


def test_a_check_of_a_value_that_is_not_to_be_trusted_does_not_hold() -> None:
    """Nor is it said not to: nobody knows."""
    assert Check("TIC-201.PV", ">", 75.0).holds(76.0, bad=False) is True
    assert Check("TIC-201.PV", "<", 75.0).holds(76.0, bad=False) is False
    assert Check("P-201.RUN", "=", 1.0).holds(1.0, bad=False) is True
    assert Check("TIC-201.PV", ">", 75.0).holds(math.nan, bad=True) is None
    assert Check("TIC-201.PV", "bad").holds(math.nan, bad=True) is True


@pytest.mark.parametrize(
    ("state", "step", "marks"),
    [
        (IDLE, 0, [Mark.PENDING] * 3),
        (RUNNING, 2, [Mark.DONE, Mark.NOW, Mark.PENDING]),
        (HELD, 3, [Mark.DONE, Mark.DONE, Mark.NOW]),
        (COMPLETE, 3, [Mark.DONE] * 3),
        (None, 0, [None] * 3),
    ],
)
def test_steps_are_done_under_way_or_to_come(state: int | None, step: int, marks: list[Mark | None]) -> None:
    assert [Progress(state, step, 0.0).mark(number) for number in (1, 2, 3)] == marks


def test_how_far_it_is_comes_from_the_tags_and_only_from_good_ones() -> None:
    procedure = Procedure("KS-201", "", ())
    values = {"KS-201.STATE": 1.0, "KS-201.STEP": 2.0, "KS-201.STEP_TIME": 31.0}
    assert progress(procedure, values.__getitem__) == Progress(RUNNING, 2, 31.0)
    assert progress(procedure, (values | {"KS-201.STEP": math.nan}).__getitem__).state is None
    assert [order(state) for state in (None, IDLE, RUNNING, HELD, COMPLETE)] == ["", "Start", "Hold", "Resume", "Start"]


BY_HAND = parse_by_hand(
    "SOP-701", "Analyser to manual", "It fails.", ["Manual", "Out", "Hold"], ["It stays.", "", ""],
    ["AIC-701.MODE = 0", "AI-701.State = 2", "AIC-701.PV > 99; AIC-701.PV < 99.9"],
)  # fmt: skip


def test_a_procedure_by_hand_has_an_occasion_and_checks() -> None:
    assert BY_HAND.by_hand
    assert not Procedure("KS-201", "", ()).by_hand
    assert BY_HAND.steps[2].checks == (Check("AIC-701.PV", ">", 99.0), Check("AIC-701.PV", "<", 99.9))
    for when, checks in (("", ["AIC-701.MODE = 0"]), ("It fails.", [""]), ("It fails.", ["rubbish"])):
        with pytest.raises(ValueError, match=r"has an occasion|is no comparison"):
            parse_by_hand("SOP-1", "", when, ["a"], [""], checks)


def test_steps_by_hand_are_ticked_in_their_order_and_stay_ticked() -> None:
    """A later one that holds waits for its turn; nothing is ticked by what nobody knows, nor before it began."""
    walks, known = Walks(), {"SOP-701": BY_HAND}
    truth: dict[str, bool | None] = {"AIC-701.MODE": False, "AI-701.State": True, "AIC-701.PV": None}

    def ticked(now: float) -> list[str]:
        return [step.title for _, step in walks.look(known, lambda check: truth[check.member], now)]

    assert ticked(1.0) == []
    assert walks.progress(BY_HAND, 1.0).state == IDLE
    walks.begin("SOP-701", 2.0)
    assert ticked(3.0) == []
    assert walks.progress(BY_HAND, 5.0) == Progress(RUNNING, 1, 3.0)
    truth["AIC-701.MODE"] = True
    assert ticked(6.0) == ["Manual", "Out"]
    truth["AIC-701.MODE"] = False
    assert walks.progress(BY_HAND, 7.0) == Progress(RUNNING, 3, 1.0)
    walks.tick(BY_HAND, 8.0)
    assert walks.progress(BY_HAND, 8.0).state == COMPLETE
    walks.give_up("SOP-701")
    assert walks.progress(BY_HAND, 9.0).state == IDLE


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_start_without_its_permits_says_what_is_missing(
    endpoint: str, sit_down: SitDown, size: tuple[int, int]
) -> None:
    """Permits with their present values; the order is answered by what the sequence does, not by the write alone."""
    async with sit_down(endpoint, size) as desk:
        desk.app.show_procedures("KS-4109")
        await desk.until(lambda: isinstance(desk.app.screen, Procedures) and desk.display.view_name() == "steps")
        await desk.see("1 of 3 permits missing")
        await desk.see("FIC-4101 PV below 1.0 L/h")
        await desk.see("not yet")
        await desk.press("down", "enter")
        await desk.see("MX-4114")
        await desk.press("escape", "c")
        await desk.see("KS-4109 Start: SX-1 start")
        await desk.press("enter")
        await desk.see("was taken, but it is Idle")


@pytest.mark.parametrize("name", plant_names())
def test_every_plant_has_procedures_by_hand(name: str) -> None:
    """At least two, belfast four, each with more than two steps."""
    procedures = load_plant(name).procedures
    assert len(procedures) >= (4 if name == "belfast" else 2)
    assert all(len(one.steps) > 2 for one in procedures)


@pytest.mark.long
async def test_a_procedure_is_started_held_resumed_and_aborted(
    start_plant: Callable[..., AbstractContextManager[str]], sit_down: SitDown
) -> None:
    """The calibration of the iron pH electrodes by keys alone, and each order read back from the sequence's state."""
    with start_plant("--opcua", "0", "--insecure") as endpoint:
        async with sit_down(endpoint) as desk:
            await desk.press("f6")
            await desk.until(lambda: isinstance(desk.app.screen, Procedures))
            procedures = list(desk.app.view.plant.procedures)
            await desk.press(*["down"] * procedures.index("KS-305"), "enter", "c", "enter")
            await desk.see("KS-305 Start: Running")
            await desk.see("step 1 of 3")
            await desk.see("AIC-301 State is In service")
            for words in ("Hold: Held", "Resume: Running"):
                await desk.press("c", "enter")
                await desk.see(f"KS-305 {words}")
            await desk.press("0")
            await desk.see("KS-305 running 1/3 First electrode, its loop in manual")
            await desk.press("f6")
            await desk.press("X", "enter")
            await desk.see("KS-305 Abort: ")
            await desk.until(lambda: desk.value("KS-305.STATE") == IDLE)


@pytest.mark.long
async def test_a_procedure_by_hand_is_walked_through(
    start_plant: Callable[..., AbstractContextManager[str]], sit_down: SitDown
) -> None:
    """What the operator does elsewhere ticks its steps; what the plant does not show he ticks himself."""
    with start_plant("--opcua", "0", "--insecure") as endpoint:
        async with sit_down(endpoint) as desk:

            async def put(tag: str, *keys: str, value: str, confirmed: str) -> None:
                desk.app.go_to(tag)
                await desk.until(lambda: desk.display.face is not None and desk.display.face.id == tag)
                await desk.press(*keys)
                if value:
                    await desk.type(value)
                await desk.see(f"{tag} {confirmed}")
                await desk.press("enter")

            await desk.press("f6")
            await desk.until(lambda: isinstance(desk.app.screen, Procedures))
            procedures = list(desk.app.view.plant.procedures)
            await desk.press(*["down"] * procedures.index("SOP-701"), "enter")
            await desk.see("Take the master out of the loop")
            await desk.see("AIC-701 MODE is Manual")
            await desk.press("c")
            await desk.see("SOP-701 begun")
            await desk.see("step 1 of 5")

            await put("AIC-701", "m", value="man", confirmed="MODE Automatic -> Manual")
            await desk.see("SOP-701 done: Take the master out of the loop")
            await put("AI-701", "w", value="OOS", confirmed="OOS In service -> Out of service")
            await desk.see("SOP-701 done: Take the analyser out of service")

            await desk.press("escape", "f6")
            await desk.see("step 3 of 5")
            await desk.press("c")
            await desk.see("not shown by the plant; take it as done?")
            await desk.press("enter")
            await desk.see("step 4 of 5")
            await desk.press("f4")
            for words in ("begun", "done: Take the master", "done: Take the analyser", "taken as done: Hold the Nd"):
                await desk.see(words)
            who = {entry.text.partition(":")[0]: entry.who for entry in desk.app.view.journal.newest_first()
                   if entry.tag == "SOP-701"}  # fmt: skip
            assert who == {"begun": "operator", "done": "plant", "taken as done": "operator"}
            await desk.press("f6", "X")
            await desk.see("SOP-701: give it up?")
            await desk.press("enter")
            await desk.see("SOP-701 given up")
