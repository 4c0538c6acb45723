"""The instructor's display against a real plant, and what he types."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hmi.alarms import AlarmBook
from hmi.entry import EntryError
from hmi.instructor import (
    Facts,
    FieldAction,
    FieldWork,
    Injected,
    Injection,
    parse_injection,
    parse_snapshot_name,
    parse_speed,
)
from hmi.model import Plant
from hmi.screens.instructor import Instructor
from hmi.store import TagStore
from hmi.theme import LOOKS
from hmi.trigger import check_condition, part
from hmi.view import Target, View
from hmi.widgets.entryline import Stage
from hmi.widgets.instructor import FieldList
from tests.hmi.test_mouse import click

if TYPE_CHECKING:
    from tests.hmi.conftest import Desk

SitDown = Callable[..., AbstractAsyncContextManager["Desk"]]
MakePlant = Callable[..., Plant]
StartPlant = Callable[..., AbstractContextManager[str]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("100", Injection(1.0, 0.0, 0.0)),
        ("60 %", Injection(0.6, 0.0, 0.0)),
        ("60 2m", Injection(0.6, 120.0, 0.0)),
        ("12,5 90s 1.5h", Injection(0.125, 90.0, 5400.0)),
        ("5 30 2min", Injection(0.05, 30.0, 120.0)),
        ("80 %, 0s, 2m", Injection(0.8, 0.0, 120.0)),
    ],
)
def test_an_injection_is_severity_delay_and_ramp(text: str, found: Injection) -> None:
    assert parse_injection(text) == found


@pytest.mark.parametrize("text", ["", "0", "101", "x", "60 2d", "60 -1", "60 1 2 3", "nan", "60 9999999"])
def test_what_is_no_injection_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(EntryError, match="such as 60 2m 300s"):
        parse_injection(text)


def test_speeds_and_names_are_checked_before_they_are_sent() -> None:
    assert [parse_speed(text) for text in ("60", "x0.25", "max", "m")] == [60.0, 0.25, math.inf, math.inf]
    for text in ("0", "-1", "fast", "", "inf", "nan"):
        with pytest.raises(EntryError, match="allowed a number above 0, or max"):
            parse_speed(text)
    assert parse_snapshot_name(" good-SX_2 ") == "good-SX_2"
    for text, reason in (("", "allowed 1 to 64"), ("a b", "allowed 1 to 64"), ("../x", "allowed"), ("last", "own")):
        with pytest.raises(EntryError, match=reason):
            parse_snapshot_name(text)


def test_the_state_of_an_injection_is_told_in_a_word() -> None:
    one = Injected("valve-stuck@LV-202#1", 0.0, 1.0, 120.0, 60.0, 1000.0)
    assert one.name == "valve-stuck@LV-202"
    assert one.state(1030.0) == "in 1 min"
    armed = Injected("a@b#1", 0.0, 1.0, 120.0, 60.0, math.nan, "AIC-201.PV < 0.8")
    assert armed.state(1030.0) == "ARMED"
    assert Injected("a@b#1", 0.5, 1.0, 120.0, 60.0, 1000.0).state(1150.0) == "growing"
    assert Injected("a@b#1", 1.0, 1.0, 120.0, 60.0, 1000.0).state(1200.0) == "in force"


@pytest.mark.long
async def test_a_malfunction_is_found_injected_seen_and_cleared(start_plant: StartPlant, sit_down: SitDown) -> None:
    """F9, / and its name, Enter, how bad, Enter; then it stands in the list, the plant shows it, and Enter clears it.

    The same plant is then saved, gone back and restored, and a scenario is begun and ended on it.
    """
    with start_plant("--opcua", "0", "--insecure", "--frozen") as endpoint:
        async with sit_down(endpoint, (80, 24)) as desk:
            await desk.press("f9")
            assert isinstance(desk.display, Instructor)
            await desk.see("INSTRUCTOR")
            violet = LOOKS[desk.app.theme].instructing.bgcolor
            header = desk.app.screen._compositor.render_strips()[0]
            grounds = {segment.text.strip(): segment.style and segment.style.bgcolor for segment in header}
            assert grounds["INSTRUCTOR"] == violet
            await desk.see("nothing to go back to yet")
            await desk.see(", / finds")
            await desk.app.link.call("Step", 120.0)
            await desk.press("slash")
            await desk.type("sweep-fan trip")
            await desk.see("match 'sweep-fan trip'")
            await desk.until(lambda: desk.app.view.cursor == Target("malfunction", "sweep-fan-trip@DU-213"))
            await desk.press("enter")
            await desk.see("inject sweep-fan-trip@DU-213: severity %, delay, ramp, when:")
            await desk.type("200")
            await desk.see("severity above 0 to 100 %")
            await desk.type("100 30s")
            await desk.see("inject sweep-fan-trip@DU-213, 100 %, after 30 s")
            assert desk.app.view.facts.injected == ()
            await desk.press("enter")
            await desk.see("done, sweep-fan-trip@DU-213#1")
            await desk.see("in 30 s")
            await desk.app.link.call("Step", 60.0)
            await desk.see("in force")
            await desk.until(lambda: desk.value("K-213A.TRIP") == 1)
            await desk.press("s")
            await desk.type("fan is out")
            await desk.see("allowed 1 to 64")
            await desk.type("fan-out")
            await desk.press("enter")
            await desk.see("save snapshot fan-out: done")
            await desk.see("fan-out ")
            await desk.press("tab")
            await desk.until(lambda: desk.app.view.cursor == Target("injected", "sweep-fan-trip@DU-213#1"))
            await desk.press("enter", "enter")
            await desk.see("clear sweep-fan-trip@DU-213#1: done")
            await desk.until(lambda: desk.app.view.facts.injected == ())
            await desk.press("X")
            await desk.see("nothing is injected")
            await desk.see("back by up to 3 min")
            await desk.press("b")
            await desk.type("5")
            await desk.see("allowed more than 0 up to 3")
            await desk.type("2")
            await desk.press("enter")
            await desk.see("go back by 2 min: done")
            await desk.until(lambda: desk.value("Simulation.Elapsed") == 60.0)
            await desk.press("tab")
            desk.app.view.cursor = Target("snapshot", "fan-out")
            await desk.press("enter")
            await desk.see("go on from snapshot fan-out of ")
            await desk.press("escape")
            await desk.see("cancelled")
            await desk.press("enter", "enter")
            await desk.see("go on from snapshot fan-out: done")
            await desk.until(lambda: desk.value("Simulation.Elapsed") == 180.0)
            await desk.until(lambda: len(desk.app.view.facts.injected) == 1)
            await desk.press("X", "enter")
            await desk.see("clear all 1 malfunctions: done")
            await desk.press("v")
            await desk.type("600")
            await desk.see("[600]")
            entries = [entry.text for entry in desk.app.view.journal.newest_first()]
            assert entries[0] == "speed x600"
            assert "inject sweep-fan-trip@DU-213, 100 %, after 30 s" in entries
            await begin_and_end_a_scenario(desk)


async def begin_and_end_a_scenario(desk: Desk) -> None:
    """Tab to the scenarios, Enter, Enter: it runs and is announced, F7 has it; Enter again ends it."""
    assert desk.app.view.exercise is None
    assert isinstance(desk.display, Instructor)
    while desk.display.listing.KIND != "scenario":
        await desk.press("tab")
    await desk.see("SCENARIOS  14, none runs")
    assert not re.search(r"MALFUNCTIONS +\d", desk.text), "their list has given its place"
    await desk.press("slash")
    await desk.type("bridg")
    await desk.until(lambda: desk.app.view.cursor == Target("scenario", "feeder-bridging"))
    await desk.press("enter")
    await desk.see("begin scenario feeder-bridging; the present state is lost")
    assert desk.app.view.scenario == ""
    await desk.press("enter")
    await desk.see("feeder-bridging runs")
    await desk.until(lambda: desk.app.view.exercise is not None)
    assert desk.app.view.facts.injected == ()
    assert any(
        entry.text.startswith("scenario begins: The feed stops") for entry in desk.app.view.journal.newest_first()
    )
    await desk.press("k")
    await desk.type("Look at the feeder")
    await desk.see("to the trainee: Look at the feeder: done")
    await desk.press("f7")
    await desk.see("Look at the feeder")
    await desk.see("running, ")
    await desk.press("pagedown")
    await desk.see("BRIEFING")
    await desk.press("backspace", "enter")
    await desk.see("end scenario feeder-bridging as it stands")
    await desk.press("enter")
    await desk.see("SCENARIOS  14, none runs")
    await desk.press("f7")
    await desk.see("DEBRIEF")
    await desk.see("failed: ")
    await desk.press("tab", "pageup")
    await desk.see("debrief: ")


def test_what_the_field_does_is_news_though_it_stands_where_the_old_stood() -> None:
    """A list that is told every second may get the memory of the one before the last."""
    view = View(TagStore(), AlarmBook())
    shown = FieldList(view)
    actions = (FieldAction("bleed P-201", 300.0, ""), FieldAction("bleed P-202", 300.0, ""))
    for _ in range(50):
        for name in ("bleed P-202", "bleed P-201"):
            view.facts = Facts(actions=actions)
            view.facts = Facts(actions=actions, field=(FieldWork(name, "under way", 0.0),))
            assert shown.ids()[0] == name


def test_what_a_malfunction_waits_for_is_checked_as_far_as_the_plant_is_known(make_plant: MakePlant) -> None:
    plant = make_plant()
    assert part("60 2m WHEN TIC-200.PV < 80") == ("60 2m", "TIC-200.PV < 80")
    assert part("60 2m") == ("60 2m", None)
    assert check_condition(plant, " tic-200.pv<80 ") == "TIC-200.PV < 80"
    assert check_condition(plant, "TIC-200.PV > 80.1234567") == "TIC-200.PV > 80.1234567"
    assert check_condition(plant, "TIC-200.PV < 0.00001") == "TIC-200.PV < 0.00001"
    assert check_condition(plant, "TIC-200.MODE = man") == "TIC-200.MODE = Manual"
    assert check_condition(plant, "TIC-200.PV bad") == "TIC-200.PV bad"
    assert check_condition(plant, "Alarm tic-200.hh") == "alarm TIC-200.HH"
    assert Injection(0.6, 0.0, 0.0, "TIC-200.PV bad").text == "60 %, when TIC-200.PV bad"
    assert Injection(1.0, 30.0, 60.0, "x").text == "100 %, when x, after 30 s, growing over 1 min"
    for text, why in (
        ("", "allowed TAG.MEMBER with = < > or bad"),
        ("TIC-200", "is no condition"),
        ("alarm TIC-200.LL", "TIC-200.LL is no alarm of this plant; that tag has HH"),
        ("TIC-999.PV < 80", "TIC-999 is no tag of this plant"),
        ("TIC-200.PX < 80", "TIC-200 has no PX; allowed PV, SP, OP, MODE"),
        ("TIC-200.PV < 800", "800 is outside 0.0 .. 120.0 C"),
        ("TIC-200.MODE = slow", "'slow' is not one of"),
    ):
        with pytest.raises(EntryError, match=why):
            check_condition(plant, text)


async def test_a_malfunction_is_armed_waits_fires_and_the_list_says_so(
    start_plant: StartPlant, sit_down: SitDown
) -> None:
    """By what is typed behind ``when``; at 80 columns, and the server's reason where it refuses what is typed."""
    with start_plant("--opcua", "0", "--insecure", "--frozen") as endpoint:
        async with sit_down(endpoint, (80, 24)) as desk:
            await desk.press("f9")
            await desk.see(", / finds")
            await desk.press("slash")
            await desk.type("organic-pump-trip@P-4202")
            await desk.until(lambda: desk.app.view.cursor == Target("malfunction", "organic-pump-trip@P-4202"))
            await desk.press("enter")
            await desk.type("100 when SC-999.RUN = 0")
            await desk.see("SC-999 is no tag of this plant")
            await desk.type("100 10s when sc-101.run = stopped")
            await desk.see("arm organic-pump-trip@P-4202, 100 %, when SC-101.RUN = Stopped, after 10 s")
            await desk.until(lambda: "Enter arm  Esc cancel" in desk.lines[-2])  # too long for one line: a second
            await desk.press("enter")
            await desk.see("ARMED 100 %  SC-101.RUN = Stopped")
            await desk.app.link.call("Step", 30.0)
            assert desk.value("P-4202.TRIP") == 0
            refused = await desk.app.link.call("InjectWhen", "organic-pump-trip", 1.0, 0.0, 0.0, "SC-101.STOP = 1")
            assert "SC-101.CMD" in refused.text
            await desk.app.link.call("Inject", "drive-trip@SC-101", 1.0, 0.0, 0.0)
            await desk.app.link.call("Step", 12.0)
            await desk.until(lambda: "ARMED" not in desk.text)
            await desk.see("in ")
            await desk.app.link.call("Step", 12.0)
            await desk.until(lambda: desk.value("P-4202.TRIP") == 1)
            await desk.until(lambda: desk.app.view.facts.injected[0].level == 1.0)


def test_what_became_of_a_field_action_is_told_in_a_line() -> None:
    assert FieldWork("bleed P-201", "under way", 1130.0).told(1000.0) == "under way, 2 min left"
    assert FieldWork("bleed P-201", "done", 3661.0).told(9000.0) == "done 01:01:01"
    assert FieldWork("bleed P-201", "refused: P-201 runs", 0.0).told(9000.0) == "refused: P-201 runs"


async def test_the_field_operator_is_asked_refuses_does_it_and_the_list_says_so(
    start_plant: StartPlant, sit_down: SitDown
) -> None:
    """His list's name leads to it, / finds, Enter asks and Enter confirms; at 80 columns."""
    with start_plant("--opcua", "0", "--insecure", "--frozen") as endpoint:
        async with sit_down(endpoint, (80, 24)) as desk:
            await desk.press("f9")
            await desk.see(", / finds")
            assert isinstance(desk.display, Instructor)
            await desk.app.link.call("Inject", "acid-pump-air-lock", 1.0, 0.0, 0.0)
            await click(desk, "SCENARIOS")  # the heads of the lists that are not shown lead to them
            await click(desk, "FIELD OPERATOR")
            assert desk.display.listing.KIND == "field"
            await desk.see(f"FIELD OPERATOR  {len(desk.app.view.facts.actions)}, / finds")
            await desk.press("slash")
            await desk.type("bleed p-201")
            await desk.until(lambda: desk.app.view.cursor == Target("field", "bleed P-201"))
            await desk.see("needs P-201 stopped")
            await desk.see("Enter Ask for")
            await desk.press("enter")
            await desk.see("ask the field operator to bleed P-201, 5 min")
            await desk.press("enter")
            await desk.see("ask for bleed P-201 refused: P-201.RUN is Running, allowed Stopped")
            await desk.see("5 min  refused: P-201.RUN is")
            members = desk.app.view.plant.tags["P-201"].members
            assert (await desk.app.link.write(members["CMD"], False)).ok
            await desk.app.link.call("Step", 2.0)
            await desk.press("enter", "enter")
            await desk.see("ask for bleed P-201: done")
            await desk.see("under way, 5 min left")
            await desk.app.link.call("Step", 300.0)
            await desk.until(lambda: desk.app.view.facts.injected == ())
            await desk.see("5 min  done ")


async def test_only_an_instructor_has_the_display(endpoint: str, sit_down: SitDown) -> None:
    """Who may not call the methods is offered no key, and nothing happens when he presses it."""
    async with sit_down(endpoint) as desk:
        assert desk.app.view.plant.instructs
        await desk.see("F9 Instructor")
        desk.app.view.plant = replace(desk.app.view.plant, methods=frozenset())
        desk.display.paint(force=True)
        assert "F9 Instructor" not in desk.text
        await desk.press("f9")
        assert not isinstance(desk.display, Instructor)
        desk.app.show_instructor()
        await desk.see("only an instructor's login has that display")
        assert desk.display.line.stage is Stage.IDLE
