"""The journal of events: one stream that only grows, can be asked, and outlives a process that is killed."""

from __future__ import annotations

import math
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from plantsim.engine import journal as journals
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.engine.journal import Event, EventKind, Journal, JournalError
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

TIMEOUT_S = 20.0
ANNA = Origin(Role.OPERATOR, "anna", "opcua")


def event(k: int, kind: EventKind = EventKind.ACTION, source: str = "TIC-201.SP", branch: int = 0) -> Event:
    return Event(kind, k, 1e9 + k, 2e9 + k, branch, source, f"event {k}")


def test_what_was_written_is_read_back_in_its_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.sqlite3")
    journal.write([event(k) for k in range(5)])
    journal.write([event(5)])
    assert [entry.event for entry in journal.entries()] == [event(k) for k in range(6)]
    assert [entry.id for entry in journal.entries()] == list(range(1, 7))


def test_it_answers_by_kind_source_time_branch_and_place(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.write([event(0), event(1, EventKind.ALARM, "TIC-201.HH"), event(2, source="P-201.CMD", branch=1)])

    def found(**wanted: object) -> list[int]:
        return [entry.event.scan for entry in journal.entries(**wanted)]  # type: ignore[arg-type]

    assert found(kinds=[EventKind.ALARM]) == [1]
    assert found(source="P-201.CMD") == [2]
    assert found(source="TIC-201.") == [0, 1]
    assert found(since=1e9 + 1, until=1e9 + 1) == [1]
    assert found(branch=1) == [2]
    assert found(after=1, limit=1) == [1]
    assert found(newest=True, limit=2) == [1, 2]


def test_malfunctions_are_for_the_instructor_alone() -> None:
    journal = Journal()
    journal.write([event(0, EventKind.MALFUNCTION, "sweep-fan-trip")])
    assert journal.entries(role=Role.ENGINEER) == []
    assert len(journal.entries(role=Role.INSTRUCTOR)) == 1


def test_a_second_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for k in range(2):
        journal = Journal(tmp_path / "j")
        journal.write([event(k)])
        journal.close()
    assert [(e.session, e.event.scan) for e in Journal(tmp_path / "j").entries()] == [(1, 0), (2, 1)]


@pytest.mark.parametrize("what", ["UPDATE entry SET user = 'nobody'", "DELETE FROM entry"])
def test_nobody_changes_what_stands_there(tmp_path: Path, what: str) -> None:
    Journal(tmp_path / "j").write([event(0)])
    with pytest.raises(sqlite3.IntegrityError, match="only grows"), sqlite3.connect(tmp_path / "j") as db:
        db.execute(what)


def test_without_a_file_it_keeps_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MOST_IN_MEMORY", 10)
    journal = Journal()
    for k in range(25):
        journal.write([event(k)])
    assert [entry.event.scan for entry in journal.entries()] == list(range(15, 25))


def test_what_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text("these are the minutes of another meeting, and long enough to be read as a page" * 20)
    with pytest.raises(JournalError, match=r"found .*, allowed a journal that can be written"):
        Journal(path)
    assert path.read_text().startswith("these are the minutes")


def test_a_journal_that_fails_says_so_once_and_the_plant_runs_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path / "j")
    journal.close()
    with caplog.at_level("ERROR"):
        journal.write([event(0)])
        journal.write([event(1)])
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert journal.lost


def test_every_entry_of_a_killed_process_is_there(tmp_path: Path) -> None:
    """SIGKILL right behind the return of write."""
    code = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from plantsim.engine.journal import Event, EventKind, Journal
journal = Journal(Path(sys.argv[1]))
for k in range(500):
    journal.write([Event(EventKind.ACTION, k, 0.0, 0.0, 0, "P-201.CMD", "written")])
os.kill(os.getpid(), signal.SIGKILL)
"""
    path = tmp_path / "j"
    done = subprocess.run([sys.executable, "-c", code, str(path)], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [entry.event.scan for entry in Journal(path).entries()] == list(range(500))


# ---------------------------------------------------------------- what the engine puts there


def story(engine: Engine, *kinds: EventKind) -> list[str]:
    return [str(entry.event) for entry in engine.journal.entries(kinds=kinds or None)]


def test_a_write_says_who_what_from_and_to(engine: Engine) -> None:
    engine.write([("TIC-201.SP", 62.0), ("TIC-201.MODE", 0.0)], ANNA)
    assert story(engine, EventKind.ACTION) == [
        "anna (opcua): TIC-201.SP written 60 -> 62",
        "anna (opcua): TIC-201.MODE written Automatic -> Manual",
    ]


def test_a_refused_write_is_on_record_too(engine: Engine) -> None:
    assert engine.write([("TIC-201.SP", 620.0)], ANNA) == [Refusal.RANGE]
    assert story(engine, EventKind.ACTION) == ["anna (opcua): TIC-201.SP refused 60 -> 620, outside its range"]


def test_alarms_and_their_acknowledgement_are_one_stream_with_actions_and_trips(engine: Engine) -> None:
    engine.write([("AG-201.CMD", False)], ANNA)
    engine.step(10.0).result(TIMEOUT_S)
    kinds = [entry.event.kind for entry in engine.journal.entries()]
    assert {EventKind.ACTION, EventKind.TRIP} <= set(kinds)
    trip = next(e.event for e in engine.journal.entries(kinds=[EventKind.TRIP], source="UZ-215"))
    assert trip.what == "tripped"
    assert trip.plant_time == pytest.approx(engine.live.epoch + trip.scan * engine.scan_period)
    engine.write([("FIC-213.MODE", 0.0), ("FIC-213.OP", 40.0)], ANNA)
    engine.step(20.0).result(TIMEOUT_S)
    low = next(a for a in engine.alarms if a.name == "FIC-213.L")
    engine.acknowledge(low, ANNA, "fan B on its way")
    assert [str(e.event) for e in engine.journal.entries(source="FIC-213.L")] == [
        "FIC-213.L came",
        "anna (opcua): FIC-213.L acknowledged, fan B on its way",
    ]


def test_a_bypass_is_on_record_with_who_made_it_who_may_not_and_its_end(belfast: Plant) -> None:
    short = tuple(replace(one, bypass_time=60.0) for one in belfast.interlocks)
    engine = Engine(replace(belfast, interlocks=short), frozen=True)
    engine.start()
    try:
        assert engine.write([("UZ-201.BYPASS", True)], ANNA) == [Refusal.ROLE]
        assert engine.write([("UZ-201.BYPASS", True)], Origin(Role.ENGINEER, "eric", "opcua")) == [None]
        engine.step(70.0).result(TIMEOUT_S)
        told = [e.event for e in engine.journal.entries() if e.event.source.startswith("UZ-201")]
    finally:
        engine.stop()
    assert [str(one) for one in told[:2]] == [
        "anna (opcua): UZ-201.BYPASS refused Armed -> Bypassed, the role may not write it",
        "eric (opcua): UZ-201.BYPASS written Armed -> Bypassed",
    ]
    assert [(one.kind, one.source, one.what) for one in told[2:]] == [(EventKind.TRIP, "UZ-201", "bypass expired")]
    assert told[2].plant_time - told[1].plant_time == pytest.approx(60.0, abs=0.2)


@pytest.mark.long  # three days of feed
def test_a_lot_of_feed_is_on_record_in_its_scan(belfast: Plant) -> None:
    """The bin is at 350 kg at the start, a lot comes at 60 kg: after 290 kg at 4.3 kg/h."""
    engine = Engine(belfast, scan_period=1.0, frozen=True)
    engine.start()
    try:
        for _ in range(72):
            engine.step(3600.0).result(TIMEOUT_S)
            lots = engine.journal.entries(kinds=[EventKind.LOT])
            if lots:
                break
    finally:
        engine.stop()
    assert [(e.event.source, e.event.what) for e in lots] == [("FD-101", "lot 1 tipped")]
    assert lots[0].event.scan == pytest.approx(290.0 / 4.3 * 3600.0, rel=0.02)


def test_going_back_starts_a_branch_that_the_journal_tells_apart(belfast: Plant) -> None:
    engine = Engine(belfast, frozen=True)
    engine.start()
    try:
        engine.step(120.0).result(TIMEOUT_S)
        engine.backtrack(1.0, ANNA)
        engine.write([("TIC-201.SP", 61.0)], ANNA)
        assert [e.event.what for e in engine.journal.entries(branch=1)] == ["back by 1 min, branch 1", "written"]
    finally:
        engine.stop()


def test_the_journal_of_a_run_stands_in_its_file(belfast: Plant, tmp_path: Path) -> None:
    engine = Engine(belfast, frozen=True, journal=tmp_path / "belfast.sqlite3")
    engine.start()
    engine.write([("TIC-201.SP", 61.0)], ANNA)
    engine.stop()
    events = [entry.event for entry in Journal(tmp_path / "belfast.sqlite3").entries()]
    assert [(e.kind.value, e.what) for e in events] == [
        ("system", "started"), ("action", "written"), ("system", "stopped"),
    ]  # fmt: skip


MEMBERS = ("TIC-20.SP", "TIC-20.MODE", "TIC-20.Gain")
PRESENT = {0: math.inf}


def test_it_tells_who_wrote_each_member_last(tmp_path: Path) -> None:
    """In this run, and accepted: no refusals."""
    earlier = Journal(tmp_path / "j")
    write = Event(EventKind.ACTION, 1, 1e9, 2e9, 0, "TIC-20.SP", "written", "60", "61", "anna", "opcua")
    earlier.write([replace(write, source="TIC-20.Gain")])
    earlier.close()
    journal = Journal(tmp_path / "j")
    assert journal.last_writes(MEMBERS, PRESENT) == []
    last = [replace(write, user="bert", after="62"), replace(write, source="TIC-20.MODE", after="Automatic")]
    journal.write([write, *last, replace(write, source="TIC-201.SP"), replace(write, what="refused", user="carl")])
    assert journal.last_writes(MEMBERS, PRESENT) == last[::-1]
    assert journal.last_writes(["TIC"], PRESENT) == []


def test_who_wrote_last_costs_the_same_however_much_was_written() -> None:
    """The scan waits while the journal is asked: only the newest entry of a member is looked at."""
    journal = Journal()
    write = Event(EventKind.ACTION, 1, 1e9, 2e9, 0, "TIC-20.SP", "written", "60", "61", "anna", "opcua")
    steps = []
    for _ in range(2):
        journal.write([write] * 2_000)
        looked = 0

        def look() -> int:
            nonlocal looked
            looked += 1
            return 0

        journal._db.set_progress_handler(look, 10)
        assert journal.last_writes(MEMBERS, PRESENT) == [write]
        journal._db.set_progress_handler(None, 0)
        steps.append(looked)
    assert steps[0] == steps[1] < 50


def test_going_back_undoes_what_was_written_since(belfast: Plant, tmp_path: Path) -> None:
    """What was written before the time gone back to still stands; of a snapshot nobody knows who made it so."""
    engine = Engine(belfast, frozen=True, snapshots=tmp_path)
    engine.start()

    def last() -> list[str]:
        return [event.after for event in engine.last_writes("TIC-201")]

    try:
        engine.step(60.0).result(TIMEOUT_S)
        engine.write([("TIC-201.SP", 61.0)], ANNA)
        engine.step(60.0).result(TIMEOUT_S)
        engine.write([("TIC-201.SP", 62.0)], ANNA)
        engine.step(30.0).result(TIMEOUT_S)
        engine.backtrack(0.1, ANNA)
        assert engine.image.value[engine.tags["TIC-201.SP"].row] == 61.0
        assert last() == ["61"]
        engine.write([("TIC-201.SP", 63.0)], ANNA)
        assert last() == ["63"]
        engine.backtrack(1.0, ANNA)
        assert last() == []
        engine.write([("TIC-201.SP", 64.0)], ANNA)
        engine.restore_snapshot("steady", ANNA)
        assert last() == []
    finally:
        engine.stop()
