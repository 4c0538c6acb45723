"""The alarm book: what follows from coming, going and what people do, whatever the order."""

from __future__ import annotations

import numpy as np
import pytest

from plantsim.alarms.book import AlarmBook, Rule, Transition
from plantsim.alarms.states import (
    ACTIVE,
    DISABLED,
    FIRST_OUT,
    OUT_OF_SERVICE,
    SHELVED,
    SUPPRESSED,
    UNACKED,
    UNCONFIRMED,
    AlarmState,
    Change,
    isa_state,
)

WENT, CAME, SUPPRESS, RELEASE = range(4)


def book(count: int = 1, *, confirm: bool = False, longest: int = 1000) -> AlarmBook:
    """Alarms each of a group of its own."""
    return AlarmBook([Rule(str(k), confirm, longest) for k in range(count)])


def state(alarms: AlarmBook, alarm: int = 0) -> int:
    """Without first-out, of which every lone alarm has one."""
    return int(alarms.states()[alarm]) & ~FIRST_OUT


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ([], AlarmState.NORMAL),
        ([CAME], AlarmState.UNACK),
        ([CAME, "ack"], AlarmState.ACKED),
        ([CAME, WENT], AlarmState.RTN_UNACK),
        ([CAME, "ack", WENT], AlarmState.NORMAL),
        ([CAME, WENT, "ack"], AlarmState.NORMAL),
        ([CAME, WENT, CAME], AlarmState.UNACK),
        ([CAME, "ack", WENT, CAME], AlarmState.UNACK),
        ([CAME, SUPPRESS], AlarmState.SUPPRESSED),
        ([SUPPRESS, RELEASE, CAME], AlarmState.UNACK),
    ],
)
def test_states_follow_isa_18_2(events: list[int | str], wanted: AlarmState) -> None:
    alarms = book(2)
    for scan, event in enumerate(events):
        if isinstance(event, str):
            assert alarms.acknowledge(0, scan)
        else:
            alarms.apply([(scan, 0, event)], scan)
    assert isa_state(state(alarms)) is wanted
    assert isa_state(state(alarms, 1)) is AlarmState.NORMAL


def test_transitions_of_a_batch_are_taken_in_order() -> None:
    """An alarm that came and went between two publications still waits to be acknowledged."""
    alarms = book()
    alarms.apply([(1, 0, CAME), (2, 0, WENT), (3, 0, CAME), (4, 0, WENT)], 10)
    assert state(alarms) == UNACKED
    assert alarms.annunciated == 2


def test_there_is_nothing_to_acknowledge_twice() -> None:
    alarms = book()
    assert not alarms.acknowledge(0, 0)
    alarms.apply([(1, 0, CAME)], 1)
    assert alarms.acknowledge(0, 2)
    assert not alarms.acknowledge(0, 3)


def test_only_where_the_class_requires_it_is_there_anything_to_confirm() -> None:
    plain, strict = book(), book(confirm=True)
    for alarms in (plain, strict):
        alarms.apply([(1, 0, CAME)], 1)
        assert not alarms.confirm(0, 1), "not before it is acknowledged"
        alarms.acknowledge(0, 2)
    assert not plain.confirm(0, 3)
    assert state(strict) == ACTIVE | UNCONFIRMED
    strict.apply([(4, 0, WENT)], 4)
    assert state(strict) == UNCONFIRMED
    assert strict.confirm(0, 5)
    assert state(strict) == 0


def test_a_shelf_ends_in_its_scan_and_what_is_still_there_asks_for_attention() -> None:
    alarms = book()
    alarms.apply([(1, 0, CAME)], 5)
    assert alarms.shelve(0, 5, 100)
    assert isa_state(state(alarms)) is AlarmState.SHELVED
    assert alarms.until(0) == 105
    alarms.apply([], 104)
    assert state(alarms) == ACTIVE | SHELVED
    alarms.apply([], 105)
    assert state(alarms) == ACTIVE | UNACKED
    assert alarms.annunciated == 2


@pytest.mark.parametrize("batches", [[200], [104, 105, 106, 200], list(range(201))])
def test_it_is_all_the_same_how_many_scans_a_batch_has(batches: list[int]) -> None:
    seen: list[Transition] = []
    alarms = AlarmBook([Rule("a", longest=1000)] * 2, seen.append)
    events = [(90, 0, CAME), (105, 1, CAME), (105, 0, WENT), (150, 0, CAME)]
    alarms.shelve(0, 5, 100)
    alarms.shelve(1, 5, 99)
    before = -1
    for scan in batches:
        alarms.apply([e for e in events if before < e[0] <= scan], scan)
        before = scan
    assert [(t.scan, t.alarm, t.change) for t in seen[2:]] == [
        (90, 0, Change.CAME),
        (104, 1, Change.SHELF_EXPIRED),
        (105, 0, Change.SHELF_EXPIRED),
        (105, 1, Change.CAME),
        (105, 0, Change.WENT),
        (150, 0, Change.CAME),
    ]


def test_no_alarm_is_shelved_for_longer_than_its_class_allows() -> None:
    alarms = book(longest=50)
    assert not alarms.shelve(0, 0, 51)
    assert alarms.shelve(0, 0, 50)
    assert not alarms.shelve(0, 10, 50), "nor by shelving it again and again"


def test_one_shot_shelving_ends_with_the_alarm() -> None:
    alarms = book()
    alarms.apply([(1, 0, CAME)], 1)
    assert alarms.shelve_once(0, 1)
    assert state(alarms) == ACTIVE | SHELVED
    alarms.apply([(9, 0, WENT)], 9)
    assert state(alarms) == 0
    alarms.apply([(10, 0, CAME)], 10)
    assert state(alarms) == ACTIVE | UNACKED


def test_who_takes_it_off_the_shelf_sees_it_at_once() -> None:
    alarms = book()
    alarms.shelve(0, 0, 100)
    alarms.apply([(1, 0, CAME)], 1)
    assert alarms.annunciated == 0
    assert alarms.unshelve(0, 2)
    assert state(alarms) == ACTIVE | UNACKED
    assert not alarms.unshelve(0, 3)


def test_out_of_service_and_disabled_alarms_are_quiet_until_they_return() -> None:
    alarms = book(2)
    assert alarms.take_out(0, 0)
    assert alarms.disable(1, 0)
    alarms.apply([(1, 0, CAME), (1, 1, CAME)], 1)
    assert state(alarms, 0) == ACTIVE | OUT_OF_SERVICE
    assert state(alarms, 1) == DISABLED, "what is disabled is not judged"
    assert alarms.annunciated == 0
    assert alarms.return_(0, 2)
    assert alarms.enable(1, 2)
    assert [state(alarms, k) for k in range(2)] == [ACTIVE | UNACKED] * 2


def test_suppression_by_hand_does_not_end_that_by_design() -> None:
    alarms = book()
    alarms.apply([(1, 0, SUPPRESS)], 1)
    assert alarms.suppress(0, 2)
    assert alarms.unsuppress(0, 3)
    assert not alarms.unsuppress(0, 3)
    assert state(alarms) == SUPPRESSED
    alarms.apply([(4, 0, RELEASE)], 4)
    assert state(alarms) == 0


def test_first_out_is_the_first_of_its_group_until_it_is_dealt_with() -> None:
    alarms = AlarmBook([Rule("leach"), Rule("leach"), Rule("sx")])
    alarms.apply([(1, 1, CAME), (1, 0, CAME), (2, 2, CAME)], 2)
    first = [bool(bits & FIRST_OUT) for bits in alarms.states().tolist()]
    assert first == [False, True, True]
    alarms.apply([(3, 1, WENT)], 3)
    assert alarms.states()[1] & FIRST_OUT, "it came first, even if it has gone since"
    alarms.acknowledge(1, 4)
    assert not alarms.states()[1] & FIRST_OUT


def test_every_change_is_told_with_the_state_before_and_after() -> None:
    seen: list[Transition] = []
    alarms = AlarmBook([Rule()], seen.append)
    alarms.apply([(7, 0, CAME)], 8)
    alarms.acknowledge(0, 9)
    alarms.comment(0, 9)
    assert [(t.scan, t.change, t.before & ~FIRST_OUT, t.after & ~FIRST_OUT) for t in seen] == [
        (7, Change.CAME, 0, ACTIVE | UNACKED),
        (9, Change.ACKNOWLEDGED, ACTIVE | UNACKED, ACTIVE),
        (9, Change.COMMENTED, ACTIVE, ACTIVE),
    ]


def test_states_are_a_copy() -> None:
    """An image keeps what it showed."""
    alarms = book()
    shown = alarms.states()
    alarms.apply([(1, 0, CAME)], 1)
    assert shown.tolist() == [0]


def test_book_goes_on_from_what_was_saved() -> None:
    alarms, other = book(3), book(3)
    alarms.apply([(1, 0, CAME), (1, 1, CAME)], 1)
    alarms.acknowledge(1, 1)
    alarms.shelve(2, 1, 10)
    other.restore(alarms.arrays())
    for one in (alarms, other):
        one.apply([(5, 2, CAME), (6, 0, WENT)], 20)
    np.testing.assert_array_equal(other.states(), alarms.states())
    assert state(other, 2) == ACTIVE | UNACKED
