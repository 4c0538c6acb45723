"""The field operator: what he can do, what he needs for it, how long it takes, and what it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

import plantsim
from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.engine.fieldwork import MOST, NotNow, UnknownAction
from plantsim.engine.journal import EventKind
from plantsim.engine.live import LivePlant
from plantsim.engine.malfunctions import TooMany
from plantsim.engine.snapshot import SnapshotError, read_snapshot, write_snapshot
from plantsim.model.load import load_plant, plant_names
from plantsim.model.plant import Plant
from plantsim.model.read_malfunctions import catalogue
from plantsim.model.remedy import field_actions
from plantsim.model.tag import Role

INSTRUCTOR = Origin(Role.INSTRUCTOR, "ina", "test")
OPERATOR = Origin(Role.OPERATOR, "olga", "test")
ACID = "bleed P-201"


def step(engine: Engine, seconds: float) -> None:
    engine.step(seconds).result(60)


def make_fit(live: LivePlant, name: str) -> None:
    """Bring the plant to where the field operator may begin: a need is a member's first allowed value."""
    for need in live.field.actions[name].needs:
        live.core.signal[live.tags[need.tag].row] = need.allowed[0]


@pytest.mark.parametrize("name", plant_names())
def test_every_malfunction_with_a_remedy_is_ended_by_it_and_by_no_other(name: str) -> None:
    """Of each kind at the first of its targets."""
    plant = load_plant(name)
    live = LivePlant(plant, scan_period=1.0)
    actions = live.field.actions
    seen: set[str] = set()
    for place in plant.malfunctions:
        one = place.malfunction
        if one.remedy is None or one.id in seen:
            continue
        seen.add(one.id)
        (action,) = (action for action in actions.values() if place.name in action.ends)
        live.injected.inject(place.name, 1.0, 0.0, 0.0)
        live.injected.inject("wet-oily-swarf" if name != "makuutu" else "rain-dilution", 1.0, 0.0, 0.0)
        make_fit(live, action.name)
        live.field.begin(action.name)
        live.core.scan += live.field.scans_to_go()
        make_fit(live, action.name)
        (report,) = live.field.finish()
        assert report.text == f"{action.object} {action.remedy.done}", place.name
        assert [cleared.partition("#")[0] for cleared in report.cleared] == [place.name]
        assert len(live.injected.standing) == 1
        live.injected.clear_all()
    assert seen == {one.malfunction.id for one in plant.malfunctions if one.malfunction.remedy}


def test_every_remedy_is_of_some_malfunction_and_no_two_share_their_words() -> None:
    remedies = [one.remedy for one in catalogue().values() if one.remedy]
    assert all(remedy.takes > 0.0 for remedy in remedies)
    assert len({remedy.does for remedy in remedies}) == len({remedy.id for remedy in remedies})
    assert all(one.remedy is None for one in catalogue().values() if one.wire)
    assert "feed" not in {effect.on for one in catalogue().values() if one.remedy for effect in one.effects}


@pytest.mark.parametrize("name", plant_names())
def test_what_an_action_needs_and_ends_is_there(name: str) -> None:
    plant = load_plant(name)
    live = LivePlant(plant, scan_period=1.0)
    places = {place.name for place in plant.malfunctions}
    for action in field_actions(plant).values():
        assert action.ends <= places
        assert {need.tag for need in action.needs} <= {tag.name for tag in live.tags}


def test_an_air_lock_is_bled_while_the_pump_stands_and_takes_its_time(engine: Engine) -> None:
    step(engine, 1.0)
    engine.inject("acid-pump-air-lock", 1.0, 0.0, 0.0, INSTRUCTOR)
    with pytest.raises(NotNow, match=r"bleed P-201: P-201\.RUN is Running, allowed Stopped"):
        engine.do_in_field(ACID, INSTRUCTOR)
    assert engine.field_work[0].state == "refused: P-201.RUN is Running, allowed Stopped"
    engine.write([("SC-101.CMD", False), ("P-201.CMD", False)], OPERATOR)
    step(engine, 2.0)
    engine.do_in_field(ACID, INSTRUCTOR)
    assert engine.field_work[0].state == "under way"
    with pytest.raises(NotNow, match="it is under way"):
        engine.do_in_field(ACID, INSTRUCTOR)
    step(engine, 299.9)
    assert engine.malfunctions
    step(engine, 0.1)
    assert engine.malfunctions == {}
    assert engine.field_work[0].state == "done"
    assert engine.field_work[0].at == 3030


def test_he_breaks_off_when_the_plant_no_longer_lets_him(engine: Engine) -> None:
    engine.inject("acid-pump-air-lock", 1.0, 0.0, 0.0, INSTRUCTOR)
    engine.write([("P-201.CMD", False)], OPERATOR)
    step(engine, 2.0)
    engine.do_in_field(ACID, INSTRUCTOR)
    engine.write([("P-201.CMD", True)], OPERATOR)
    step(engine, 310.0)
    assert engine.malfunctions
    assert engine.field_work[0].state == "broken off: P-201.RUN is Running, allowed Stopped"
    told = [one.event.what for one in engine.journal.entries(kinds=[EventKind.ACTION]) if one.event.via == "field"]
    assert told == ["I could not bleed P-201: P-201.RUN is Running, allowed Stopped"]


def test_on_nothing_broken_it_is_done_without_effect_and_what_has_not_happened_stays(engine: Engine) -> None:
    engine.inject("feeder-bridging", 1.0, 3600.0, 0.0, INSTRUCTOR)
    engine.inject_when("feeder-bridging", 1.0, 0.0, 0.0, "WIC-100.SP < 1", INSTRUCTOR)
    engine.do_in_field("vibrate the bin over SC-101", INSTRUCTOR)
    step(engine, 200.0)
    assert engine.field_work[0].state == "done"
    assert len(engine.injected) == 2


def test_it_is_journalled_for_all_but_who_asked_and_what_was_wrong(engine: Engine) -> None:
    engine.inject("feeder-bridging", 1.0, 0.0, 0.0, INSTRUCTOR)
    engine.do_in_field("vibrate the bin over SC-101", INSTRUCTOR)
    step(engine, 180.0)
    shown = [str(one.event) for one in engine.journal.entries() if one.event.via in ("field", "test")]
    assert shown == ["field operator (field): SC-101 bin over it vibrated, the powder comes down"]
    hidden = engine.journal.entries(kinds=[EventKind.MALFUNCTION], role=Role.INSTRUCTOR)
    assert [(one.event.source, one.event.what) for one in hidden] == [
        ("feeder-bridging@101#1", "injected"),
        ("vibrate the bin over SC-101", "asked of the field"),
        ("feeder-bridging@101#1", "cleared"),
    ]


@pytest.mark.parametrize("pieces", [(1,) * 190, (37, 53, 100)])
def test_it_ends_in_the_same_scan_whatever_the_batches(belfast: Plant, pieces: tuple[int, ...]) -> None:
    found = []
    for parts in ((190,), pieces):
        live = LivePlant(belfast, scan_period=1.0)
        live.injected.inject("feeder-bridging", 1.0, 0.0, 0.0)
        live.field.begin("vibrate the bin over SC-101")
        for part in parts:
            live.advance(part)
        found.append(live.state_sha256())
        assert live.injected.standing == []
    assert found[0] == found[1]


def test_what_is_under_way_is_part_of_the_state(belfast: Plant, tmp_path: Path) -> None:
    live = LivePlant(belfast, scan_period=1.0)
    live.injected.inject("feeder-bridging", 1.0, 0.0, 0.0)
    live.field.begin("vibrate the bin over SC-101")
    live.advance(60)
    write_snapshot(tmp_path / "state", belfast.sha256, live.arrays())
    other = LivePlant(belfast, scan_period=1.0)
    other.field.begin("close the gates of hall")
    other.restore(read_snapshot(tmp_path / "state", belfast.sha256))
    assert [(one.action.name, one.at) for one in other.field.work] == [("vibrate the bin over SC-101", 180)]
    for each in (live, other):
        each.advance(130)
        assert each.injected.standing == []
    assert other.state_sha256() == live.state_sha256()
    arrays = live.arrays()
    arrays["field"][0] = (7.0, 200.0)
    with pytest.raises(SnapshotError, match="field: found an action that this plant does not have"):
        live.restore(arrays)
    del arrays["field"]
    live.restore(arrays)
    assert live.field.work == []


def test_a_drive_is_stopped_and_started_on_the_spot_while_it_is_in_local(engine: Engine) -> None:
    """Whatever the panel commands meanwhile; back in remote it obeys again."""
    motor = "P-4202"

    def ask(action: str) -> None:
        engine.do_in_field(f"{action} {motor}", INSTRUCTOR)
        step(engine, 61.0)

    def runs() -> bool:
        return bool(engine.image.value[engine.tags[f"{motor}.RUN"].row])

    with pytest.raises(NotNow, match="P-4202 is in remote, allowed local"):
        ask("stop on the spot")
    ask("turn to local")
    assert engine.malfunctions == {"drive-local@P-4202#1": 1.0}
    ask("turn to local")
    assert len(engine.malfunctions) == 1
    engine.write([("P-4202.CMD", False)], OPERATOR)
    step(engine, 1.0)
    assert runs(), "the panel has no say"
    ask("stop on the spot")
    assert not runs()
    engine.write([("P-4202.CMD", True)], OPERATOR)
    ask("start on the spot")
    assert runs()
    engine.inject("drive-no-start@P-4202", 1.0, 0.0, 0.0, INSTRUCTOR)
    with pytest.raises(NotNow, match="P-4202 has no start permit"):
        ask("start on the spot")
    ask("turn to remote")
    assert list(engine.malfunctions) == ["drive-no-start@P-4202#2"]
    engine.write([("P-4202.CMD", False)], OPERATOR)
    step(engine, 1.0)
    assert not runs()
    told = [one.event.what for one in engine.journal.entries(kinds=[EventKind.ACTION]) if one.event.via == "field"]
    assert told[0] == "P-4202 turned to local"
    assert told[-1] == "P-4202 turned to remote"


def test_unknown_and_too_many(engine: Engine) -> None:
    with pytest.raises(UnknownAction, match=r"found bleed P-2, allowed .*nearest bleed P-201"):
        engine.do_in_field("bleed P-2", INSTRUCTOR)
    for tag in [one.object for one in engine.field_actions if one.remedy.id == "air"][:MOST]:
        engine.do_in_field(f"restore the air of {tag}", INSTRUCTOR)
    with pytest.raises(TooMany, match="found 8 under way"):
        engine.do_in_field("close the gates of hall", INSTRUCTOR)


def test_in_a_python_program() -> None:
    plant = plantsim.load("belfast", scan=1.0)
    plant.inject("feeder-bridging")
    action = "vibrate the bin over SC-101"
    assert action in plant.field_actions
    plant.do_in_field(action)
    plant.run(179)
    assert plant.malfunctions
    plant.run(1)
    assert plant.malfunctions == {}
    with pytest.raises(ValueError, match="found kick it"):
        plant.do_in_field("kick it")
