"""The alarm book: what follows from coming, going and acknowledging, whatever their order."""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.alarms.book import ACTIVE, UNACKED, AlarmBook

CAME, WENT = (1, 0, True), (2, 0, False)
Event = tuple[int, int, bool] | str


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], 0),
        ([CAME], ACTIVE | UNACKED),
        ([CAME, "ack"], ACTIVE),
        ([CAME, WENT], UNACKED),
        ([CAME, "ack", WENT], 0),
        ([CAME, WENT, "ack"], 0),
        ([CAME, WENT, CAME], ACTIVE | UNACKED),
        ([CAME, "ack", WENT, CAME], ACTIVE | UNACKED),
        ([CAME, WENT, "ack", WENT], 0),
    ],
)
def test_states_follow_isa_18_2(events: list[Event], state: int) -> None:
    book = AlarmBook(2)
    for event in events:
        if isinstance(event, str):
            assert book.acknowledge(0)
        else:
            book.apply([event])
    assert book.states().tolist() == [state, 0]


def test_transitions_of_a_batch_are_taken_in_order() -> None:
    """An alarm that came and went between two publications still waits to be acknowledged."""
    book = AlarmBook(1)
    book.apply([CAME, WENT, CAME, WENT])
    assert book.states().tolist() == [UNACKED]
    assert book.annunciated == 2


def test_there_is_nothing_to_acknowledge_twice() -> None:
    book = AlarmBook(1)
    assert not book.acknowledge(0)
    book.apply([CAME])
    assert book.acknowledge(0)
    assert not book.acknowledge(0)


def test_one_alarm_leaves_the_others_alone() -> None:
    book = AlarmBook(3)
    book.apply([(1, 0, True), (1, 2, True)])
    book.acknowledge(2)
    assert book.states().tolist() == [ACTIVE | UNACKED, 0, ACTIVE]


def test_states_are_a_copy() -> None:
    """An image keeps what it showed."""
    book = AlarmBook(1)
    shown = book.states()
    book.apply([CAME])
    assert shown.tolist() == [0]


def test_book_goes_on_from_saved_states() -> None:
    book, other = AlarmBook(2), AlarmBook(2)
    book.apply([CAME, (1, 1, True)])
    book.acknowledge(1)
    other.restore(book.states())
    book.apply([CAME])
    other.apply([WENT])
    np.testing.assert_array_equal(other.states(), [UNACKED, ACTIVE])
