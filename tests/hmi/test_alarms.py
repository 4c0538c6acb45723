"""The alarm book: ISA-18.2 states and the order of the list."""

from collections.abc import Callable

import pytest

from hmi.alarms import AlarmBook, AlarmState
from hmi.model import Alarm, Plant
from hmi.widgets.alarmlist import AlarmHelp, told
from plantsim.model.load import load_plant, plant_names


@pytest.fixture
def book(make_plant: Callable[..., Plant]) -> AlarmBook:
    """Alarms of TIC-200, TIC-201, TIC-202, of priority 1, 2, 3."""
    book = AlarmBook()
    book.lay_out(make_plant(3, 1).alarms.values())
    return book


def put(book: AlarmBook, name: str, active: bool, acked: bool, time: float = 0.0) -> None:
    for field, value in (("ActiveState.Id", active), ("AckedState.Id", acked), ("Time", time), ("EventId", b"e")):
        book.put(name, field, value)


def test_states(book: AlarmBook) -> None:
    """Active and acknowledged are independent: four states."""
    name = "TIC-200.HH.Alarm"
    for active, acked, state in (
        (False, True, AlarmState.NORMAL),
        (True, False, AlarmState.UNACKED),
        (True, True, AlarmState.ACKED),
        (False, False, AlarmState.RETURNED),
    ):
        put(book, name, active, acked)
        record = book.get(name)
        assert record is not None
        assert record.state is state


def test_list_puts_unacknowledged_first_then_priority_then_newest(book: AlarmBook) -> None:
    """The order in which an operator works it off."""
    put(book, "TIC-200.HH.Alarm", True, True, 10)  # priority 1, acknowledged
    put(book, "TIC-202.HH.Alarm", True, False, 10)  # priority 3
    put(book, "TIC-201.HH.Alarm", True, False, 5)  # priority 2
    assert [record.alarm.tag for record in book.standing()] == ["TIC-201", "TIC-202", "TIC-200"]


def test_returned_alarm_stays_until_acknowledged(book: AlarmBook) -> None:
    """What went away unseen must still be seen."""
    put(book, "TIC-200.HH.Alarm", False, False)
    assert len(book.standing()) == 1
    put(book, "TIC-200.HH.Alarm", False, True)
    assert book.standing() == []


def test_annunciation_counts_new_unacknowledged_alarms(book: AlarmBook) -> None:
    """One bell for each, none for an acknowledgement."""
    book.put("TIC-200.HH.Alarm", "AckedState.Id", False)
    book.put("TIC-200.HH.Alarm", "ActiveState.Id", True)
    assert book.annunciated == 1
    book.put("TIC-200.HH.Alarm", "AckedState.Id", True)
    assert book.annunciated == 1


def test_counts_and_marks(book: AlarmBook) -> None:
    """Counts by priority, and the worst of a tag and of a section."""
    put(book, "TIC-200.HH.Alarm", True, True)
    put(book, "TIC-201.HH.Alarm", True, False)
    active, unacked = book.counts()
    assert (active[1], active[2], active[3], unacked) == (1, 1, 0, 1)
    worst = book.worst_of_area("leach")
    assert worst is not None
    assert worst.alarm.tag == "TIC-200"
    assert book.worst("TIC-202") is None


def test_lost_connection_keeps_the_list_but_marks_it(book: AlarmBook) -> None:
    """An empty list would say that all is well."""
    put(book, "TIC-200.HH.Alarm", True, False)
    book.lose()
    assert book.stale
    assert len(book.standing()) == 1


def test_transitions_are_changes_of_whole_notifications(book: AlarmBook) -> None:
    """What the browse found is no change; within a notification only the state at its end counts."""
    name = "TIC-200.HH.Alarm"
    put(book, name, False, True, 1)
    book.settle(1.0)
    assert not book.transitions
    put(book, name, True, False, 7)  # on the way it was active and acknowledged, which nobody saw
    book.settle(8.0)
    (seen,) = book.transitions
    assert (seen.before, seen.after, seen.time, seen.seen) == (AlarmState.NORMAL, AlarmState.UNACKED, 7, 8.0)
    book.settle(9.0)
    assert book.changes == 1


def test_withheld_alarms_are_off_the_list(book: AlarmBook) -> None:
    """Shelved, suppressed or out of service: neither standing nor marking their tag, but to be found."""
    name = "TIC-200.HH.Alarm"
    put(book, name, True, False)
    for field, value, back, word in (
        ("ShelvingState.CurrentState", "Timed Shelved", "Unshelved", "timed shelved"),
        ("ShelvingState.CurrentState", "One Shot Shelved", "Unshelved", "one shot shelved"),
        ("SuppressedState.Id", True, False, "suppressed"),
        ("OutOfServiceState.Id", True, False, "out of service"),
    ):
        book.put(name, field, value)
        assert book.standing() == []
        assert book.worst("TIC-200") is None
        assert [record.withheld for record in book.withheld()] == [word]
        book.put(name, field, back)
        assert len(book.standing()) == 1
        assert book.withheld() == []


@pytest.mark.parametrize("name", plant_names())
def test_the_help_has_room_for_cause_consequence_and_response_of_every_alarm(name: str) -> None:
    for one in load_plant(name).alarms:
        texts = one.cause, one.consequence, one.response
        alarm = Alarm(f"{one.tag}.{one.condition}.Alarm", one.tag, one.condition, "", one.priority, "", *texts)
        for width in (80, 120, 160):
            lines = list(told(alarm, width))
            assert [title for title, _, _ in lines if title] == ["cause", "consequence", "response"]
            assert " ".join(line for _, line, _ in lines) == " ".join(texts)
            assert len(lines) + 2 <= AlarmHelp.height(width), alarm.name
