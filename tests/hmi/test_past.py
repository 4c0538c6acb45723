"""What the alarms did before a station was there, while it had no connection, and on the branch of a plant set back."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from hmi.alarms import AlarmBook, AlarmState, Memory, Told, Transition
from hmi.comm.events import read_alarm_events
from hmi.journal import Journal, Kind
from hmi.model import Alarm
from hmi.store import DAY

if TYPE_CHECKING:
    from tests.hmi.conftest import Desk

SitDown = Callable[..., AbstractAsyncContextManager["Desk"]]
StartPlant = Callable[..., AbstractContextManager[str]]
NAMES = ("TIC-200.HH.Alarm", "TIC-201.HH.Alarm")
STATES = {
    (True, False): AlarmState.UNACKED,
    (True, True): AlarmState.ACKED,
    (False, False): AlarmState.RETURNED,
    (False, True): AlarmState.NORMAL,
}


def told(name: str, time: float, active: bool, acked: bool, who: str = "") -> Told:
    return Told(name, time, 1e9 + time, active, acked, who)


def laid_out() -> AlarmBook:
    book = AlarmBook()
    book.lay_out(Alarm(name, name.partition(".")[0], "HH", "leach", 1, "hot", "", "") for name in NAMES)
    return book


def put(book: AlarmBook, one: Told) -> None:
    """As a notification of the same event."""
    for field, value in (("ActiveState.Id", one.active), ("AckedState.Id", one.acked), ("Time", one.time)):
        book.put(one.alarm, field, value)
    book.settle(one.time)


def keys(book: AlarmBook) -> list[tuple[str, int, AlarmState]]:
    return [transition.key for transition in book.transitions]


def test_the_past_stands_before_what_was_seen_and_is_counted_once() -> None:
    book = laid_out()
    for name in NAMES:
        put(book, told(name, math.nan, False, True))
    put(book, told(NAMES[0], 100.0, True, False))
    before = book.changes
    past = [
        told(NAMES[1], 10.0, True, False),
        told(NAMES[1], 20.0, True, True, "ann"),
        told(NAMES[0], 100.0, True, False),
    ]
    new = book.remember(past, 5.0, 101.0)
    assert [(t.alarm.name, t.after, one.who) for t, one in new] == [
        (NAMES[1], AlarmState.UNACKED, ""), (NAMES[1], AlarmState.ACKED, "ann"),
    ]  # fmt: skip
    assert [t.time for t in book.transitions] == [10.0, 20.0, 100.0]
    assert (book.changes, book.watched_since, book.annunciated) == (before, 5.0, 1)
    assert book.remember(past, 5.0, 101.0) == []
    put(book, told(NAMES[0], 110.0, True, True))
    assert [t.time for t in book.transitions] == [10.0, 20.0, 100.0, 110.0]


def test_what_was_seen_last_is_kept_where_the_server_has_not_told_of_it_yet() -> None:
    book = laid_out()
    put(book, told(NAMES[0], math.nan, False, True))
    put(book, told(NAMES[0], 50.0, True, False))
    put(book, told(NAMES[0], 99.0, True, True))
    put(book, told(NAMES[0], 105.0, False, True))
    book.remember([told(NAMES[0], 51.0, True, False)], 0.0, 100.0)
    assert [t.time for t in book.transitions] == [51.0, 99.0, 105.0], "of 50 the server knows better"


def test_of_an_alarms_first_event_it_is_guessed_what_was_before() -> None:
    book = laid_out()
    past = [told(NAMES[0], 1.0, False, True), told(NAMES[1], 2.0, False, False), told("gone", 3.0, True, False)]
    ((transition, _),) = book.remember(past, 0.0, 10.0)
    assert (transition.before, transition.after) == (AlarmState.UNACKED, AlarmState.RETURNED)


def test_a_plant_that_was_set_back_has_not_done_what_it_did() -> None:
    book = laid_out()
    book.remember([told(NAMES[0], 10.0, True, False), told(NAMES[0], 60.0, True, True)], 0.0, 100.0)
    book.set_back(30.0, 0)
    assert [t.time for t in book.transitions] == [10.0]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.booleans(), st.booleans()), max_size=30), st.integers(0, 30))
def test_seen_and_remembered_are_the_same_whatever_the_seam(happened: list[tuple[str, bool, bool]], seen: int) -> None:
    """A station that was there from the beginning, and one that came later and asked, know the same."""
    events = [told(name, 10.0 * place, active, acked) for place, (name, active, acked) in enumerate(happened, 1)]
    always, late = laid_out(), laid_out()
    for name in NAMES:
        put(always, told(name, math.nan, False, True))
    for one in events:
        put(always, one)
    missed, rest = events[:seen], events[seen:]
    now = 10.0 * len(missed) + 1.0
    for name in NAMES:
        put(late, next((one for one in reversed(missed) if one.alarm == name), told(name, math.nan, False, True)))
    late.remember(missed, 0.0, now)
    for one in rest:
        put(late, one)
    first = {name: next((e for e in events if e.alarm == name), None) for name in NAMES}
    normal = [e for e in first.values() if e is not None and e.acked]
    if not normal:  # else what was before the first is guessed
        assert keys(late) == keys(always)
    assert late.remember(missed, 0.0, now) == []


def test_the_journal_has_it_where_it_happened() -> None:
    journal = Journal(most=4)
    first = journal.add(100.0, Kind.SYSTEM, "station", "", "connected")
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    for day in (3, 1, 2):
        journal.add(float(day), Kind.ALARM, "plant", "TIC-200", f"day {day}", long_ago.replace(day=day))
    assert [entry.text for entry in journal.newest_first()] == ["connected", "day 3", "day 2", "day 1"]
    journal.add(101.0, Kind.NOTE, "ann", "", "noted")
    assert [entry.text for entry in journal.newest_first()] == ["noted", "connected", "day 3", "day 2"]
    assert journal.get(first.id) is first
    journal.add(0.0, Kind.ALARM, "plant", "TIC-200", "too old", long_ago)
    assert len(journal) == 4
    assert all(entry.text != "too old" for entry in journal.newest_first())


def told_by(desk: Desk, tag: str) -> list[tuple[AlarmState, int]]:
    """What the desk knows of a tag's low alarm."""
    return [(t.after, round(t.time)) for t in desk.app.view.book.transitions if t.alarm.name == f"{tag}.L.Alarm"]


def journalled(desk: Desk, tag: str) -> list[str]:
    """The oldest first."""
    entries = reversed(list(desk.app.view.journal.newest_first()))
    return [
        f"{e.who} {e.text.partition(',')[0]}"
        for e in entries
        if e.kind is Kind.ALARM and e.tag == tag and e.text[0] == "L"
    ]


async def advance(desk: Desk, minutes: int) -> None:
    """Let plant time pass in steps that a busy machine does within a request's time."""
    for _ in range(minutes):
        assert (await desk.app.link.call("Step", 60.0)).ok


async def knows(desk: Desk) -> None:
    await desk.until(lambda: desk.app.view.book.memory is Memory.WHOLE)


async def test_a_station_that_comes_late_knows_the_same(start_plant: StartPlant, sit_down: SitDown) -> None:
    """The feed stops; one station sees it, another comes after it; one loses its connection meanwhile; the plant is set
    back: at any time both know what the server remembers, and nothing twice."""
    came, acked, back = AlarmState.UNACKED, AlarmState.ACKED, AlarmState.NORMAL
    with start_plant("--opcua", "0", "--insecure", "--frozen") as endpoint:
        async with sit_down(endpoint) as first:
            await knows(first)
            link = first.app.link
            assert (await link.call("Inject", "feeder-bridging", 1.0, 0.0, 0.0)).ok
            await advance(first, 5)
            await first.until(lambda: [state for state, _ in told_by(first, "WIC-101")] == [came])
            record = first.app.view.book.get("WIC-101.L.Alarm")
            assert record is not None
            assert (await link.acknowledge(record)).ok
            await advance(first, 3)
            await first.until(lambda: [state for state, _ in told_by(first, "WIC-101")] == [came, acked])

            async with sit_down(endpoint) as second:
                await knows(second)
                assert told_by(second, "WIC-101") == told_by(first, "WIC-101")
                assert journalled(second, "WIC-101") == ["plant L came", "anonymous L acknowledged"]
                newest = second.app.view.journal.newest_first()
                assert "connected to" in next(e.text for e in newest if e.kind is Kind.SYSTEM)
                await second.press("f2", "tab", "tab")
                await second.see("with the server's history")
                await second.see("WIC-101")
                await second.press("tab")
                await second.see("most frequent")

                # the gap: the first one hears nothing while the alarm goes
                client = first.app.link._client
                assert client is not None
                client.uaclient.protocol.transport.abort()
                await first.until(lambda: not first.app.view.link.online)
                assert (await second.app.link.call("Clear", "feeder-bridging")).ok
                await advance(second, 15)
                await first.until(lambda: first.app.view.link.online)
                await first.until(lambda: [state for state, _ in told_by(first, "WIC-101")] == [came, acked, back])
                await knows(first)
                await second.until(lambda: told_by(second, "WIC-101") == told_by(first, "WIC-101"))
                assert journalled(first, "WIC-101") == ["plant L came", "plant L acknowledged", "plant L normal"]

                # set back to before it went
                branch = first.value("Simulation.Branch")
                assert (await second.app.link.call("Backtrack", 16.0)).ok
                for desk in (first, second):
                    await desk.until(lambda desk=desk: desk.value("Simulation.Branch") > branch)  # type: ignore[misc]
                    await knows(desk)
                    await desk.until(
                        lambda desk=desk: [state for state, _ in told_by(desk, "WIC-101")] == [came, acked]  # type: ignore[misc]
                    )
                    assert any("the plant goes on from" in e.text for e in desk.app.view.journal.newest_first())

                # by pages it is the same as whole
                client = second.app.link._client
                assert client is not None
                now = second.app.view.store.now
                alarms = second.app.view.plant.alarms
                whole = await read_alarm_events(client, alarms, ("Time", "EventId"), now - 7200.0, now + 1.0)
                assert whole
                few = await read_alarm_events(client, alarms, ("Time", "EventId"), now - 7200.0, now + 1.0, most=2)
                assert few == whole[-2:]


async def test_without_a_history_it_says_so(start_plant: StartPlant, sit_down: SitDown) -> None:
    with start_plant("--opcua", "0", "--insecure", "--frozen", "--history", "off") as endpoint:
        async with sit_down(endpoint) as desk:
            await desk.until(lambda: desk.app.view.book.memory is Memory.NONE)
            await desk.press("f2", "tab", "tab")
            await desk.see("no history is kept")
            await desk.press("f3", "full_stop")
            while desk.app.view.span < 7 * DAY:
                await desk.press("right_square_bracket")
            await desk.see("7 d of plant time   nothing from the server's history yet")
            await desk.press("f4")
            await desk.see("what the alarms did before is not known here")


def test_a_transition_is_the_same_to_the_millisecond() -> None:
    alarm = Alarm(NAMES[0], "TIC-200", "HH", "leach", 1, "hot", "", "")
    one, other = (
        Transition(alarm, AlarmState.NORMAL, AlarmState.UNACKED, 1_772_000_000.1 + off, 0.0) for off in (0.0, 1e-5)
    )
    assert one.key == other.key
