"""Every display, character by character, in four states at three sizes, against grids that somebody has looked at; six
of them as pictures, too, with their colours.

    UPDATE_GRIDS=1 pytest tests/hmi/test_grids.py

writes them anew; look at the difference before committing it.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.timer import Timer
from textual.widgets import Input

from hmi.app import HmiApp
from hmi.comm import health as health_module
from hmi.comm.known import ChangedCertificate, Seen
from hmi.comm.link import LinkState, Phase
from hmi.comm.login import Login
from hmi.comm.replaylink import read_only
from hmi.debrief import debrief_of
from hmi.exercise import Criterion, Exercise
from hmi.hands import LastWrite
from hmi.instructor import Facts, FieldAction, FieldWork, Injected, Malfunction, Scenario, Snapshot
from hmi.interlock import Interlock
from hmi.journal import Kind
from hmi.model import Alarm, Area, Member, Plant, TagObject, Unit, ValueClass
from hmi.procedure import Action, Check, Procedure, Step
from hmi.replay import Happening, Player, Session
from hmi.screens.alarms import Alarms
from hmi.screens.connect import Connect
from hmi.screens.display import Display
from hmi.screens.instructor import Instructor
from hmi.screens.trust import Trust
from hmi.screenshot import screen_text
from hmi.widgets import comms
from tests.hmi.session import facts

ENDPOINT = "opc.tcp://127.0.0.1:4840/plantsim"
GRIDS = Path(__file__).parent / "grids"
NOW = 1_772_000_000.0
SIZES = [(80, 24), (120, 40), (160, 50)]
BAD_SENSOR_FAILURE = 0x808C0000
STAGES = ("E1", "E2", "E3", "E4", "S1", "S2", "S3", "T1", "T2")


PROCEDURE = Procedure(
    "KS-101",
    "Start of the furnace",
    (
        Step("Feed is there", (), (Check("WIC-100.PV", ">", 10.0),), 10.0),
        Step(
            "Furnace hot",
            (Action("TIC-111.MODE", 1.0), Action("TIC-111.SP", 80.0, 5.0)),
            (Check("TIC-111.PV", ">", 50.0), Check("TIC-111.PV", "<", 55.0), Check("P-401.RUN", "=", 1.0)),
            120.0,
            14400.0,
        ),
        Step("Full rate", (Action("WIC-100.SP", 60.0),)),
    ),
    (Check("TIC-111.PV", "<", 40.0),),
)
BY_HAND = Procedure(
    "SOP-701",
    "Purity analyser out of service",
    (
        Step("Master in manual", checks=(Check("AIC-701.MODE", "=", 1.0),), text="Its output stays where it is."),
        Step(
            "Furnace by hand",
            checks=(Check("TIC-111.PV", ">", 70.0), Check("TIC-111.MODE", "=", 1.0)),
            text="Raise it by 2 C every half hour, back down if the laboratory finds less than before; what stands in "
            "the tube meanwhile is on its way for an hour.",
        ),
        Step("In service again", checks=(Check("AI-701.State", "=", 0.0),)),
    ),
    when="The analyser fails, drifts, or is repaired for longer than a calibration; the laboratory is hours late.",
)
MANUAL = """# Small plant: operating manual

Made of the plant file.

## Normal operation

| Controller | What it holds | Set point |
|---|---|---|
| WIC-100 | Throughput | 60 kg/h |
| TIC-111 | Furnace | 60 C |

## Procedures

### KS-101: Start of the furnace

1. **Feed is there.**
   Go on when WIC-100 PV above 10 kg/h, for 10 s.
2. **Furnace hot.**
   Do: TIC-111 MODE to Automatic; TIC-111 SP to 80 C at 5 a minute.

## Alarms and the right response

| Alarm | Priority | At | Cause | Consequence | Response | Within |
|---|---|---|---|---|---|---|
| TIC-111 HH: Furnace | high | 90 C | Gas valve stuck in its seat | Magnets sinter in the kilns | Shut the gas | 5 min |
"""


class Still(HmiApp):
    """The HMI over a plant that is given to it: no connection, no blinking, no clock but the plant's."""

    def _connect(self) -> None:
        self.blinking = False

    def set_interval(self, interval: float, callback: Any = None, **options: Any) -> Timer:
        return super().set_interval(interval, callback, **{**options, "pause": True})


def _analyser(make_number: Callable[..., Member], id_: str, title: str, unit: str, area: str) -> TagObject:
    state = Member(f"{id_}.State", "State", ValueClass.INTEGER, states=("In service", "Calibrating", "Out", "Failed"))
    sample = Member(f"{id_}.SampleTime", "SampleTime", ValueClass.TIME)
    members = [make_number(f"{id_}.PV", "%", 0, 100), sample, make_number(f"{id_}.NextResult", "s", 0, 3600), state]
    told = f"{title}: low", "scrub acid lost", "off specification", "raise the target"
    alarm = Alarm(f"{id_}.L.Alarm", id_, "L", area, 2, *told)
    tag = TagObject(id_, title, "analyser", area, unit, {m.member: m for m in members}, (alarm,))
    tag.limits, tag.normal = {"L": 98.0}, (98.5, 99.9)
    return tag


def _sequence(make_number: Callable[..., Member]) -> TagObject:
    states = ("Idle", "Running", "Held", "Aborting", "Complete")
    members = [
        Member("KS-101.CMD", "CMD", ValueClass.INTEGER, states=("None", "Start"), writable=True, for_others=True)
    ]
    members += [Member("KS-101.STATE", "STATE", ValueClass.INTEGER, states=states)]
    members += [Member("KS-101.STEP", "STEP", ValueClass.INTEGER), make_number("KS-101.STEP_TIME", "s", 0, 3600)]
    return TagObject("KS-101", PROCEDURE.title, "sequence", "feed", "FD-101", {m.member: m for m in members})


@pytest.fixture
def plant(make_controller: Callable[..., TagObject], make_number: Callable[..., Member]) -> Plant:
    """Three sections: feed, extraction with a circuit, calcination with zones; a product and its purity."""
    tags = [make_controller("WIC-100", "FD-101", "feed", 2), make_controller("TIC-111", "FU-111", "feed", 1)]
    tags += [make_controller(f"FIC-410{n}", "SX-1", "sx", 3) for n in range(1, 4)]
    tags += [_analyser(make_number, "AI-4125", "Raffinate", "SX-1", "sx")]
    tags += [make_controller(f"TIC-61{n}", "KL-611", "calcine", n) for n in range(1, 4)]
    tags += [_analyser(make_number, "AI-701", "Nd oxide purity", "KL-611", "calcine")]
    tags += [make_controller("AIC-701", "KL-611", "calcine", 3)]
    for number, tag in enumerate(t for t in tags if t.id.startswith("TIC-61")):
        tag.title = f"Wall temperature, zone {number + 1}"
    motor = [Member("P-401.CMD", "CMD", ValueClass.BOOLEAN, states=("Stop", "Start"), writable=True, for_others=True)]
    motor += [Member(f"P-401.{m}", m, ValueClass.BOOLEAN, states=("off", "on")) for m in ("RUN", "TRIP")]
    tags += [TagObject("P-401", "Organic pump", "fixed drive", "sx", "SX-1", {m.member: m for m in motor})]
    tags += [_sequence(make_number)]
    known = {tag.id: tag for tag in tags}
    profiles = tuple(
        Member(f"SX-1.Profile.{name}", name, ValueClass.ARRAY, eu, 0.0, 2.0, points=STAGES)
        for name, eu in (("Nd.aq", "mol/L"), ("Nd.org", "mol/L"), ("pH", "pH"))
    )
    units = {
        id_: Unit(id_, area, title, tuple(t.id for t in tags if t.unit == id_), to, profiles if id_ == "SX-1" else ())
        for id_, area, title, to in (
            ("FD-101", "feed", "Feed bin", ("FU-111",)), ("FU-111", "feed", "Furnace", ("SX-1",)),
            ("SX-1", "sx", "Nd from Pr", ("KL-611",)), ("KL-611", "calcine", "Calciner", ()),
        )
    }  # fmt: skip
    areas = (Area("feed", "Feed", ("FD-101", "FU-111")), Area("sx", "Solvent extraction", ("SX-1",)),
             Area("calcine", "Calcination", ("KL-611",)))  # fmt: skip
    alarms = {alarm.name: alarm for tag in tags for alarm in tag.alarms}
    return Plant("Small plant", areas, units, known, alarms, procedures={one.tag: one for one in (PROCEDURE, BY_HAND)})


def fill(app: HmiApp, plant: Plant, status: int = 0) -> None:
    """Put a plant and an hour of its values before the HMI, as the link would."""
    store = app.view.store
    members = [m for tag in plant.tags.values() for m in tag.members.values()]
    members += [m for unit in plant.units.values() for m in unit.profiles]
    members += plant.simulation.values()
    store.lay_out((m.name for m in members), (m.name for m in members if m.value_class is ValueClass.NUMBER), None)
    app.view.book.lay_out(plant.alarms.values())
    for minute in range(61):
        time = NOW - 60.0 * (60 - minute)
        for number, member in enumerate(members):
            store.put(store.slot(member.name), value(member, number, minute, time), 0, time)
    for number, member in enumerate(members):
        if status and (member.member == "PV" or member.value_class is ValueClass.ARRAY or member.name in RUN):
            store.put(store.slot(member.name), value(member, number, 60, NOW), status, NOW + 0.1)
    app.link.plant = plant
    app.link.state = LinkState(Phase.ONLINE, latency_ms=3.0, generation=1)


def value(member: Member, number: int, minute: int, time: float) -> object:
    """A value that tells members apart and moves a little."""
    if member.name in RUN:
        return RUN[member.name]
    if member.value_class is ValueClass.ARRAY:
        return [0.1 + 0.2 * math.sin(0.5 * stage) ** 2 for stage in range(len(member.points))]
    if member.value_class is ValueClass.TIME:
        return time - 600.0
    if member.value_class is ValueClass.BOOLEAN:
        return member.member != "TRIP"
    if member.name in ("KS-101.STATE", "KS-101.STEP"):
        return 1 if member.member == "STATE" else 2
    if member.value_class is ValueClass.INTEGER:
        return 1 if member.member == "MODE" else 0
    if member.eu == "%" and member.member == "PV":
        return 99.0 + 0.3 * math.sin(0.1 * minute + number)
    return 60.0 + 1.5 * math.sin(0.1 * minute + number)


def flood(app: HmiApp) -> None:
    """Every alarm of the plant stands, the first acknowledged."""
    for number, name in enumerate(app.view.plant.alarms):
        for field, state in (("ActiveState.Id", True), ("AckedState.Id", number == 0), ("Time", NOW - 30.0 * number)):
            app.view.book.put(name, field, state)


def away(app: HmiApp) -> None:
    """The server is gone."""
    app.view.store.lose()
    app.view.book.lose()
    app.link.state = replace(app.link.state, phase=Phase.LOST, error="nobody listens there", attempt=2,
                             since=datetime(2026, 2, 25, 6, 0, 0))  # fmt: skip


async def to_stages(app: HmiApp, pilot: Pilot[int]) -> None:
    app.show_section("sx")
    await pilot.pause()
    await turn(app, pilot, "stages")


async def to_zones(app: HmiApp, pilot: Pilot[int]) -> None:
    app.show_section("calcine")
    await pilot.pause()
    await turn(app, pilot, "zones")


async def turn(app: HmiApp, pilot: Pilot[int], page: str) -> None:
    """Turn the pages of a section to one of them."""
    assert isinstance(app.screen, Display)
    for _ in range(app.screen.pages()):
        if app.screen.view_name() == page:
            return
        app.screen.action_page(0)
        await pilot.pause()
    pytest.fail(f"no page {page}")


def at(name: str) -> Callable[[HmiApp, Pilot[int]], Awaitable[None]]:
    """Goes to a display by the application's own method, a section or a tag."""

    async def go(app: HmiApp, pilot: Pilot[int]) -> None:
        if hasattr(app, f"show_{name}"):
            getattr(app, f"show_{name}")()
        else:
            app.go_to(name)

    return go


async def to_manual(app: HmiApp, pilot: Pilot[int]) -> None:
    app.view.manual = MANUAL
    app.show_manual()
    await pilot.pause()


async def to_text(app: HmiApp, pilot: Pilot[int]) -> None:
    app.show_manual("TIC-111 HH")
    await pilot.pause()


async def to_steps(app: HmiApp, pilot: Pilot[int]) -> None:
    app.show_procedures("KS-101")
    await pilot.pause()


async def to_hand(app: HmiApp, pilot: Pilot[int]) -> None:
    app.view.walks.begin("SOP-701", NOW - 60.0)
    app.show_procedures("SOP-701")
    await pilot.pause()


EXERCISE = Exercise(
    title="The feed stops",
    briefing="You have the plant alone.\n\nThe bin holds an hour of feed. " + "The tanks take minutes to follow. " * 12,
    length=2100.0,
    elapsed=754.0,
    state="running",
    messages=("0:00 You have the plant.", "2:00 Lot 7 is in the bin.", "9:30 Hint: look at the feeder."),
)
OVER = replace(
    EXERCISE,
    state="failed",
    elapsed=2100.0,
    debrief="sessions/feeder-bridging.html",
    score=47.5,
    criteria=(
        Criterion("detect", "Alarm acknowledged in time", "20.0", "20", "acknowledged 31 s after it came, within 60 s"),
        Criterion("act", "Feeder taken from the loop", "0.0", "30", "not done; to be done within 10 min after 2:00"),
        Criterion("penalty", "hint", "-1", "0", "9:30"),
    ),
)


async def to_training(app: HmiApp, pilot: Pilot[int]) -> None:
    app.view.exercise = EXERCISE
    app.show_training()
    await pilot.pause()


async def to_score(app: HmiApp, _: Pilot[int]) -> None:
    app.view.exercise = OVER


async def to_journal(app: HmiApp, pilot: Pilot[int]) -> None:
    app.view.journal.add(NOW - 90.0, Kind.ACTION, "ann", "TIC-611", "SP 60 C -> 62 C")
    app.view.journal.add(NOW - 30.0, Kind.NOTE, "ann", "", "lot 7 is in the bin")
    app.show_journal()
    await pilot.pause()


async def to_withheld(app: HmiApp, pilot: Pilot[int]) -> None:
    """One shelved for a time, one until it returns, one suppressed by design and one out of service."""
    names = iter(app.view.plant.alarms)
    for field, value in (
        ("ShelvingState.CurrentState", "Timed Shelved"), ("ShelvingState.CurrentState", "One Shot Shelved"),
        ("SuppressedState.Id", True), ("OutOfServiceState.Id", True),
    ):  # fmt: skip
        app.view.book.put(next(names), field, value)
    await to_alarms(app, pilot, "withheld")


async def to_history(app: HmiApp, pilot: Pilot[int]) -> None:
    """Of an hour: one that came, was acknowledged and went, twice, and one that went before anybody had seen it."""
    book = app.view.book
    first, second = [name for name, alarm in app.view.plant.alarms.items() if alarm.tag in ("TIC-613", "AI-701")]
    for name in (first, second):
        book.put(name, "ActiveState.Id", False)
        book.put(name, "AckedState.Id", True)
    book.settle(NOW - 3600.0)
    happened = [(first, "ActiveState.Id", True), (first, "AckedState.Id", False), (first, "AckedState.Id", True),
                (first, "ActiveState.Id", False)] * 2  # fmt: skip
    happened += [(second, "ActiveState.Id", True), (second, "AckedState.Id", False), (second, "ActiveState.Id", False)]
    for number, (name, field, value) in enumerate(happened):
        book.put(name, field, value)
        book.put(name, "Time", NOW - 3000.0 + 120.0 * number)
        book.settle(NOW - 3000.0 + 120.0 * number)
    await to_alarms(app, pilot, "history")


async def to_metrics(app: HmiApp, pilot: Pilot[int]) -> None:
    await to_alarms(app, pilot, "metrics")


async def to_alarms(app: HmiApp, pilot: Pilot[int], view: str) -> None:
    app.show_alarms()
    await pilot.pause()
    assert isinstance(app.screen, Alarms)
    app.screen.show_view(view)


DISPLAYS: dict[str, Callable[[HmiApp, Pilot[int]], Awaitable[None]]] = {
    "overview": at("overview"),
    "section": at("sx"),
    "stages": to_stages,
    "zones": to_zones,
    "analysers": at("analysers"),
    "alarms": at("alarms"),
    "faceplate": at("TIC-611"),
    "sequence": at("KS-101"),
    "trends": at("trends"),
    "training": to_training,
    "score": to_score,
    "manual": to_manual,
    "manual text": to_text,
    "procedures": at("procedures"),
    "steps": to_steps,
    "steps by hand": to_hand,
    "journal": to_journal,
    "communication": at("comms"),
    "withheld": to_withheld,
    "history": to_history,
    "metrics": to_metrics,
}
NUMBERLESS = (
    "alarms", "sequence", "training", "score", "manual", "manual text", "procedures", "journal", "communication",
    "withheld", "history", "metrics",
)  # fmt: skip
"""Displays that no value of the plant is on, or none that is bad here. Of a lost link the scenario's own marks what it
shows."""
STATES = ("normal", "flood", "away", "bad")


@pytest.fixture
def _steady_station(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the station says of itself does not change from one run to the next."""
    monkeypatch.setattr(comms, "memory", lambda: "98 MB")
    monkeypatch.setattr(comms, "percentile", lambda values, _: 0.002 if values else math.nan)
    monkeypatch.setattr(health_module, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    monkeypatch.setattr(comms.Rates, "look", lambda *_: (2.0, 95.0, 0.047))


def connected(app: HmiApp) -> None:
    """What a link has to tell after two hours, one break and some writes."""
    health = app.view.health
    health.security, health.certificate, health.product = "encrypt", "ab" * 32, "plantsim 1.0"
    health.sessions, health.since, health.skew = 2, datetime.now() - timedelta(hours=2, seconds=30), 0.02
    health.nodes, health.watched, health.heard, health.refused = 92, 92, 999.5, ("TIC-611.PV",)
    health.messages, health.values, health.done, health.turned_down, health.doubtful = 14400, 684000, 31, 2, 1


@pytest.mark.usefixtures("_steady_station")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_displays_look_as_they_did(plant: Plant, state: str, size: tuple[int, int]) -> None:
    """All displays in one state at one size. A value that is not to be trusted never looks like one that is."""
    app = Still(ENDPOINT, Login())
    shown = []
    async with app.run_test(size=size) as pilot:
        fill(app, plant, BAD_SENSOR_FAILURE if state == "bad" else 0)
        connected(app)
        app.tick()
        await pilot.pause()
        app.view.groups[0] = ["TIC-611.PV", "AI-701.PV"]
        if state == "flood":
            flood(app)
        elif state == "away":
            away(app)
        for name, go in DISPLAYS.items():
            app.view.cursor = None
            await go(app, pilot)
            grid = await painted(app, pilot)
            assert isinstance(app.screen, Display)
            if state in ("away", "bad"):
                assert "---" in grid or name in NUMBERLESS, name
                assert ("---?" in grid) is (state == "away") or name not in ("training", "procedures"), name
            shown.append(f"== {name}\n{grid}")
        assert app.defects == 0
    compare("".join(shown), f"{state}-{size[0]}x{size[1]}")


def _device(id_: str, title: str, kind: str, **members: tuple[str, ...]) -> TagObject:
    """A device of Boolean members with the names of their states; what is written in capitals may be set."""
    made = {
        name: Member(f"{id_}.{name}", name, ValueClass.BOOLEAN, states=states,
                     writable=name in ("CMD", "BYPASS", "RESET"), for_others=name in ("CMD", "BYPASS", "RESET"))
        for name, states in members.items()
    }  # fmt: skip
    return TagObject(id_, title, kind, "sx", "SX-1", made)


@pytest.fixture
def cabinet(
    make_controller: Callable[..., TagObject], make_number: Callable[..., Member], make_plant: Callable[..., Plant]
) -> Plant:
    """One section with one of each kind of tag object."""
    off_on, stop_start = ("off", "on"), ("Stop", "Start")
    ratio = make_controller("FFIC-4101", "SX-1", "sx", 2)
    ratio.title, ratio.acts_on, ratio.set_by = "Organic to aqueous", ("FIC-4101",), ("AIC-701",)
    flow = make_controller("FIC-4101", "SX-1", "sx", 3)
    flow.set_by = ("FFIC-4101",)
    low = Alarm("LI-4110.L.Alarm", "LI-4110", "L", "sx", 2, "Organic tank low", "air", "fill it")
    level = TagObject("LI-4110", "Organic tank level", "transmitter", "sx", "SX-1",
                      {"PV": make_number("LI-4110.PV", "%", 0, 100)}, (low,))  # fmt: skip
    level.limits, level.normal = {"L": 20.0}, (98.0, 99.9)
    valve = make_plant().tags["TV-200"]
    valve = replace(valve, area="sx", unit="SX-1", set_by=("FIC-4101",))
    tripped = _device("UZ-401", "Fire in the settlers", "interlock", TRIPPED=("Healthy", "Tripped"),
                      FIRST_OUT=("", "First"), BYPASS=off_on, RESET=off_on)  # fmt: skip
    pump = _device("P-401", "Organic pump", "fixed drive", CMD=stop_start, RUN=off_on, TRIP=("ok", "tripped"))
    pump.tripped_by = ("UZ-401",)
    shut_off = _device("XV-402", "Organic to storage", "on/off valve", CMD=("Close", "Open"), OPENED=off_on,
                       CLOSED=off_on)  # fmt: skip
    hand = TagObject("HS-402", "Fire call point", "switch", "sx", "SX-1",
                     {"STATE": Member("HS-402.STATE", "STATE", ValueClass.BOOLEAN, states=off_on)})  # fmt: skip
    analyser = _analyser(make_number, "AI-4125", "Raffinate", "SX-1", "sx")
    sequence = replace(_sequence(make_number), area="sx", unit="SX-1")
    tags = {t.id: t for t in (ratio, flow, level, valve, pump, shut_off, tripped, hand, analyser, sequence)}
    interlock = Interlock((Check("HS-402.STATE", "=", 1.0), Check("LI-4110.PV", "<", 10.0)), 1, 2.0, True,
                          (("P-401", "stop"), ("XV-402", "close")), "fire")  # fmt: skip
    units = {"SX-1": Unit("SX-1", "sx", "Nd from Pr", tuple(tags))}
    alarms = {alarm.name: alarm for tag in tags.values() for alarm in tag.alarms}
    return Plant("Cabinet", (Area("sx", "Solvent extraction", ("SX-1",)),), units, tags, alarms,
                 procedures={"KS-101": PROCEDURE}, interlocks={"UZ-401": interlock})  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_faceplates_look_as_they_did(cabinet: Plant, state: str, size: tuple[int, int]) -> None:
    """Of each kind of tag object in one state at one size; the ratio controller's, too, before an observer."""
    app = Still(ENDPOINT, Login())
    shown = []
    async with app.run_test(size=size) as pilot:
        fill(app, cabinet, BAD_SENSOR_FAILURE if state == "bad" else 0)
        written = (LastWrite("SP", "59.5", "ann", NOW - 600.0), LastWrite("MODE", "Automatic", "bert", NOW - 9e4))
        app.view.hands.writes |= {"FFIC-4101": written, "P-401": ()}
        app.tick()
        await pilot.pause()
        if state == "flood":
            flood(app)
        elif state == "away":
            away(app)
        for id_ in cabinet.tags:
            app.go_to(id_)
            grid = await painted(app, pilot)
            assert isinstance(app.screen, Display)
            assert app.screen.face is not None
            assert app.screen.face.id == id_
            assert state != "away" or "---" in grid, id_
            shown.append(f"== {id_}\n{grid}")
        for tag in cabinet.tags.values():
            tag.members = {n: replace(m, writable=False, for_others=m.writable) for n, m in tag.members.items()}
        app.link.plant = replace(cabinet)
        app.link.state = replace(app.link.state, generation=2)
        app.tick()
        app.go_to("FFIC-4101")
        grid = await painted(app, pilot)
        assert "observer: log in to operate, L" in grid
        shown.append(f"== FFIC-4101, observer\n{grid}")
        assert app.defects == 0
    compare("".join(shown), f"faceplates-{state}-{size[0]}x{size[1]}")


PICTURES = (
    ("overview", "normal"), ("trends", "normal"), ("section", "flood"), ("alarms", "flood"), ("faceplate", "flood"),
    ("stages", "bad"),
)  # fmt: skip


@pytest.mark.usefixtures("_steady_station")
async def test_six_displays_have_the_colours_they_had(plant: Plant) -> None:
    """As SVG, and in the normal state without a hue but the set points' blue."""
    app = Still(ENDPOINT, Login())
    async with app.run_test(size=(120, 40)) as pilot:
        for name, state in PICTURES:
            fill(app, plant, BAD_SENSOR_FAILURE if state == "bad" else 0)
            connected(app)
            app.view.groups[0] = ["TIC-611.PV", "AI-701.PV"]
            if state == "flood":
                flood(app)
            app.tick()
            app.view.cursor = None
            await DISPLAYS[name](app, pilot)
            await painted(app, pilot)
            found = picture(app, name)
            hues = {colour for colour in re.findall(r"#[0-9a-f]{6}", found) if has_hue(colour)} - FRAME
            assert hues <= {SET_POINT} or state != "normal"
            assert hues - {SET_POINT} or state == "normal"
            compare(found, f"{name}-{state}", ".svg")
        assert app.defects == 0


SET_POINT = "#8fb3d9"
FRAME = frozenset(("#ff5f57", "#febc2e", "#28c840"))
"""The buttons of the window that the picture is framed in."""


def has_hue(colour: str) -> bool:
    """Whether a colour is more than a grey."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return max(parts) - min(parts) > 0.12 * 255


def picture(app: HmiApp, title: str) -> str:
    """The screen as SVG, an element to a line, without fonts; ids, which are made of the content, are all the same."""
    svg = re.sub(r"terminal-\d+", "terminal", app.export_screenshot(title=title))
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return "".join(f"{line.rstrip()}\n" for line in svg.replace("><", ">\n<").splitlines())


def compare(found: str, name: str, suffix: str = ".txt") -> None:
    """Against the grids of a name; or write them anew, where that is asked for."""
    file = GRIDS / f"{name}{suffix}"
    if os.environ.get("UPDATE_GRIDS"):
        GRIDS.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")


RUN = {
    f"Simulation.{name}": number
    for name, number in (
        ("Running", 1.0), ("Speed", 10.0), ("ActualSpeed", 10.0), ("Elapsed", 7512.0), ("Branch", 1.0), ("Seed", 7.0),
        ("Overruns", 0.0),
    )
}  # fmt: skip
FACTS = Facts(
    malfunctions=(
        *(Malfunction(f"transmitter-stuck@{tag}", "Transmitter stuck") for tag in ("TIC-611", "AI-701")),
        Malfunction("organic-pump-trip@P-401", "Organic pump trip", default=True),
        *(Malfunction(f"valve-stuck@TV-{n}", "Valve stuck") for n in range(40)),
    ),
    injected=(
        Injected("organic-pump-trip@P-401#1", 1.0, 1.0, 0.0, 0.0, NOW - 600.0),
        Injected("transmitter-stuck@AI-701#2", 0.2, 0.6, 0.0, 300.0, NOW - 100.0),
        Injected("transmitter-stuck@TIC-611#3", 0.0, 1.0, 120.0, 0.0, NOW - 10.0),
        Injected("valve-stuck@TV-4#4", 0.0, 0.8, 60.0, 0.0, math.nan, "AIC-201.PV < 0.8"),
    ),
    snapshots=(Snapshot("steady", math.nan), Snapshot("cold", math.nan), Snapshot("before_lot-7", NOW - 3600.0)),
    actions=(
        FieldAction("vibrate the bin over SC-101", 180.0, ""),
        FieldAction("bleed P-201", 300.0, "P-201 stopped"),
        FieldAction("calibrate AIC-302", 1800.0, "AIC-302 in manual"),
        FieldAction("free and reset P-401", 360.0, "P-401 stopped"),
        *(FieldAction(f"free TV-{n}", 900.0, f"TIC-{n} in manual") for n in range(40)),
    ),
    field=(
        FieldWork("vibrate the bin over SC-101", "under way", NOW + 130.0),
        FieldWork("bleed P-201", "refused: P-201.RUN is Running, allowed Stopped", NOW - 20.0),
        FieldWork("free and reset P-401", "done", NOW - 100.0),
    ),
    scenarios=(
        Scenario("feeder-bridging", "The feed stops", 2100.0),
        Scenario("first-shift", "First shift: hold throughput and purity", 28800.0),
    ),
    reach=60.0,
    known=True,
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_instructors_display_looks_as_it_did(plant: Plant, size: tuple[int, int]) -> None:
    """With something injected, with a filter and another list, with the field operator, with the scenarios, in an alarm
    flood, with what the server says of its run not to be trusted, and with the server gone: then nothing is listed."""
    members = {name: Member(name, name.partition(".")[2], ValueClass.NUMBER) for name in RUN}
    plant = replace(plant, simulation=members, methods=frozenset(("Inject", "ListInjected")))
    app = Still(ENDPOINT, Login())
    shown = []
    async with app.run_test(size=size) as pilot:
        fill(app, plant)
        app.tick()
        await pilot.pause()
        app.view.facts = FACTS
        app.operations.instruct.poll = lambda: None  # type: ignore[method-assign]  # what it asks of is not there
        app.show_instructor()
        await pilot.pause()
        shown.append(await painted(app, pilot))
        screen = app.screen
        assert isinstance(screen, Instructor)
        screen._filter("pump p-401")
        screen.action_next_view()
        shown.append(await painted(app, pilot))
        screen.action_next_view()
        screen.action_next_view()
        shown.append(await painted(app, pilot))
        assert "> FIELD OPERATOR" in shown[-1]
        screen.action_next_view()
        shown.append(await painted(app, pilot))
        assert "> SCENARIOS" in shown[-1]
        screen.action_next_view()
        screen.action_next_view()
        flood(app)
        shown.append(await painted(app, pilot))
        fill(app, plant, BAD_SENSOR_FAILURE)
        shown.append(await painted(app, pilot))
        assert "---" in shown[-1]
        del app.operations.instruct.poll
        away(app)
        shown.append(await painted(app, pilot))
        assert "---" in shown[-1]
        assert "organic-pump-trip@P-401#1" not in shown[-1]
        assert app.defects == 0
    states = ("injected", "filtered", "field", "scenarios", "flood", "bad", "away")
    found = "".join(f"== {name}\n{grid}" for name, grid in zip(states, shown, strict=True))
    compare(found, f"instructor-{size[0]}x{size[1]}")


@pytest.mark.usefixtures("_steady_station")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_dialogs_look_as_they_did(plant: Plant, size: tuple[int, int]) -> None:
    """What is shown before there is a plant, of another certificate, the keys page by page, and the palette: nothing
    of the plant's state is on them."""
    app = Still(ENDPOINT, Login("operator"))
    shown = {}
    async with app.run_test(size=size) as pilot:
        shown["connect"] = await painted(app, pilot)
        app.link.state = LinkState(Phase.CONNECTING, attempt=3, error="BadUserAccessDenied: wrong name or password")
        shown["wrong password"] = await painted(app, pilot)
        app.link.changed = ChangedCertificate(Seen("plant.example:4840", "0123" * 16, "2026-02-01"), "89ab" * 16)
        shown["trust"] = await painted(app, pilot)
        assert isinstance(app.screen, Trust)
        await pilot.press("escape")
        shown["distrusted"] = await painted(app, pilot)
        app.link.changed = None
        fill(app, plant)
        app.tick()
        await pilot.pause()
        app.show_help()
        first = await painted(app, pilot)
        page = 1
        while (text := await painted(app, pilot)) != first or page == 1:
            shown[f"help {page}"] = text
            page += 1
            await pilot.press("pagedown")
        await pilot.press("escape")
        app.action_command_palette()
        await pilot.pause()
        field = app.screen.query_one(Input)
        field.cursor_blink = False
        field.value = "TIC-61"
        async with asyncio.timeout(10.0):
            while screen_text(app).count("TIC-61") < 4:
                await pilot.pause(0.02)
        await app.workers.wait_for_complete()
        shown["palette"] = await painted(app, pilot)
        assert app.defects == 0
    compare("".join(f"== {name}\n{grid}" for name, grid in shown.items()), f"dialogs-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_replay_looks_as_it_did(plant: Plant, size: tuple[int, int]) -> None:
    """Overview, section and journal of a session in the four states: nobody takes it for a plant that runs."""
    happenings = tuple(
        Happening(NOW - before, kind, name, text)
        for before, kind, name, text in (
            (3000.0, "scenario", "", "begins"), (1900.0, "alarm", "TIC-611.HH", "came"),
            (1850.0, "action", "TIC-611.SP", "60 -> 55"), (300.0, "trip", "P-401", "overload"),
        )
    )  # fmt: skip
    player = Player(Session(NOW - 3600.0, NOW + 600.0, "The feed stops", happenings, OVER))
    player.cursor, player.ready, player.playing = NOW, player.session.end, False
    app = Still(ENDPOINT, Login(), None, player)
    shown = []
    async with app.run_test(size=size) as pilot:
        fill(app, read_only(plant))
        app.tick()
        await pilot.pause()
        for state in ("normal", "bad", "flood", "away"):
            if state == "bad":
                fill(app, read_only(plant), BAD_SENSOR_FAILURE)
            elif state == "flood":
                fill(app, read_only(plant))
                flood(app)
            elif state == "away":
                away(app)
            for name in ("overview", "sx", "journal"):
                await at(name)(app, pilot)
                grid = await painted(app, pilot)
                assert "REPLAY" in grid.splitlines()[0], f"{name}, {state}"
                shown.append(f"== {name}, {state}\n{grid}")
        assert app.defects == 0
    compare("".join(shown), f"replay-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_debrief_looks_as_it_did(plant: Plant, size: tuple[int, int]) -> None:
    """All of its pages, read at the second alarm; and once the server is gone, for nothing of it changes any more."""
    app = Still(ENDPOINT, Login())
    shown = []
    async with app.run_test(size=size) as pilot:
        fill(app, plant)
        app.tick()
        await pilot.pause()
        app.view.exercise = replace(OVER, report=debrief_of(facts()))
        app.show_training()
        await painted(app, pilot)
        await pilot.press(*["down"] * 4)
        screen = app.screen
        assert isinstance(screen, Display)
        for _ in range(screen.pages()):
            shown.append(await painted(app, pilot))
            await pilot.press("pagedown")
        away(app)
        shown.append(await painted(app, pilot))
        assert app.defects == 0
    compare("".join(f"== page\n{grid}" for grid in shown), f"debrief-{size[0]}x{size[1]}")


async def painted(app: HmiApp, pilot: Pilot[int]) -> str:
    """What is on the screen once painting it again changes nothing, without spaces at the ends of its lines."""
    before, grid = "", None
    while grid != before:
        before = grid or ""
        await pilot.pause()
        app.tick()
        if isinstance(app.screen, Display | Connect | Trust):
            app.screen.paint(force=True)
        await pilot.pause()
        grid = screen_text(app).replace("\u2800", " ")
    return "".join(f"{line.rstrip()}\n" for line in before.splitlines())
