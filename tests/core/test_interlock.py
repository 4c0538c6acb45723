"""Interlocks: when they trip, what they hold, and when they let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.core.conftest import Rig

EQUAL, BELOW, ABOVE, IS_BAD = 1, 2, 3, 4
FORCE, KEEP, LOCK = range(3)
FROM_INTERLOCK = 1
CLEARED, TRIPPED, EXPIRED = range(3)
BAD, HELD = 0x80000000, 0x00960000
MAN, AUTO = 0.0, 1.0


def events(rig: Rig) -> list[tuple[int, int]]:
    """(scan, what) of the first interlock."""
    return [(scan, what) for scan, source, i, what in rig.layers.events() if source == FROM_INTERLOCK and i == 0]


def hot(rig: Rig, **changes: Any) -> None:
    """TI above 80 closes V."""
    rig.valve("V", stroke=0.0)
    rig.interlock("UZ", [("TI.PV", ABOVE, 80.0)], [("V.CMD", FORCE, 0.0)], **changes)
    rig["V.CMD"], rig["TI.PV"] = 60.0, 70.0


@pytest.mark.parametrize("delay", [0.0, 0.1, 2.0])
def test_it_trips_once_its_cause_has_lasted_for_the_delay(rig: Rig, delay: float) -> None:
    hot(rig, delay=delay)
    rig.scan(5)
    rig["TI.PV"] = 81.0
    rig.run(delay + 1.0)
    assert events(rig) == [(6 + round(delay / 0.1), TRIPPED)]
    assert rig["V.CMD"] == 0.0
    assert rig.quality("V.CMD") == HELD


def test_it_moves_the_actuator_in_the_scan_that_trips_it_whoever_commands(rig: Rig) -> None:
    hot(rig)
    rig["TI.PV"] = 81.0
    rig.scan()
    assert rig["V.POS"] == 0.0
    rig["V.CMD"] = 100.0
    rig.scan()
    assert (rig["V.CMD"], rig["V.POS"]) == (0.0, 0.0)


def test_what_it_has_moved_stays_there_when_it_lets_go(rig: Rig) -> None:
    hot(rig)
    rig["TI.PV"] = 81.0
    rig.scan()
    rig["TI.PV"] = 70.0
    rig.scan()
    assert (rig["UZ.TRIPPED"], rig["V.CMD"], rig.quality("V.CMD")) == (0.0, 0.0, 0)
    rig["V.CMD"] = 40.0
    rig.scan()
    assert rig["V.POS"] == 40.0


def test_a_deadband_keeps_it_until_the_cause_is_well_gone(rig: Rig) -> None:
    hot(rig, deadband=10.0)
    for value, tripped in ((79.0, 0.0), (81.0, 1.0), (75.0, 1.0), (70.0, 0.0), (75.0, 0.0)):
        rig["TI.PV"] = value
        rig.scan()
        assert rig["UZ.TRIPPED"] == tripped


def test_latched_it_waits_for_a_reset_after_its_cause_has_gone(rig: Rig) -> None:
    hot(rig, latched=1)
    rig["TI.PV"] = 81.0
    rig.scan()
    rig["UZ.RESET"] = 1.0
    rig.scan()
    assert (rig["UZ.TRIPPED"], rig["UZ.RESET"]) == (1.0, 0.0), "not while the cause is there; a pulse reads back false"
    rig["TI.PV"] = 70.0
    rig.scan(10)
    assert rig["UZ.TRIPPED"] == 1.0
    rig["UZ.RESET"] = 1.0
    rig.scan()
    assert rig["UZ.TRIPPED"] == 0.0


@pytest.mark.parametrize(("votes", "a", "b", "trips"), [(1, 1, 0, True), (2, 1, 0, False), (2, 1, 1, True)])
def test_as_many_must_vote_for_it_as_it_takes(rig: Rig, votes: int, a: int, b: int, trips: bool) -> None:
    rig.interlock("UZ", [("A.PV", ABOVE, 25.0), ("B.PV", ABOVE, 25.0)], [("V.CMD", FORCE, 0.0)], votes=votes)
    rig["A.PV"], rig["B.PV"] = 20.0 + 10.0 * a, 20.0 + 10.0 * b
    rig.scan()
    assert bool(rig["UZ.TRIPPED"]) == trips


def test_a_bad_reading_neither_trips_nor_lets_go(rig: Rig) -> None:
    hot(rig)
    rig.set_quality("TI.PV", BAD)
    rig["TI.PV"] = 200.0
    rig.scan(3)
    assert rig["UZ.TRIPPED"] == 0.0
    rig.set_quality("TI.PV", 0)
    rig.scan()
    rig.set_quality("TI.PV", BAD)
    rig["TI.PV"] = 0.0
    rig.scan(3)
    assert rig["UZ.TRIPPED"] == 1.0


def test_unless_a_bad_reading_is_a_cause_itself(rig: Rig) -> None:
    rig.interlock("UZ", [("TI.PV", ABOVE, 80.0), ("TI.PV", IS_BAD, 0.0)], [("V.CMD", FORCE, 0.0)])
    rig.set_quality("TI.PV", BAD)
    rig.scan()
    assert rig["UZ.TRIPPED"] == 1.0


def test_a_bypass_takes_its_effect_away_and_ends_by_itself(rig: Rig) -> None:
    hot(rig, bypass_time=5.0)
    rig["UZ.BYPASS"], rig["TI.PV"] = 1.0, 81.0
    rig.run(5.0)
    assert (rig["UZ.TRIPPED"], rig["V.CMD"]) == (0.0, 60.0)
    rig.scan()
    assert (rig["UZ.BYPASS"], rig["UZ.TRIPPED"], rig["V.CMD"]) == (0.0, 1.0, 0.0)
    assert events(rig) == [(51, EXPIRED), (51, TRIPPED)]


def test_first_out_is_the_first_of_its_group_until_all_of_it_is_clear(rig: Rig) -> None:
    for tag in ("A", "B"):
        rig.interlock(tag, [(f"{tag}.PV", ABOVE, 1.0)], [("V.CMD", FORCE, 0.0)])
    rig.interlock("C", [("C.PV", ABOVE, 1.0)], [("V.CMD", FORCE, 0.0)], group=1)
    rig["B.PV"] = rig["C.PV"] = 2.0
    rig.scan()
    rig["A.PV"] = 2.0
    rig.scan()
    assert [rig[f"{tag}.FIRST_OUT"] for tag in "ABC"] == [0.0, 1.0, 1.0]
    rig["B.PV"] = 0.0
    rig.scan()
    assert (rig["B.TRIPPED"], rig["B.FIRST_OUT"]) == (0.0, 1.0), "it still says what began it"
    rig["A.PV"] = 0.0
    rig.scan()
    assert [rig[f"{tag}.FIRST_OUT"] for tag in "ABC"] == [0.0, 0.0, 1.0]


def test_where_two_disagree_the_later_row_has_it(rig: Rig) -> None:
    for k, value in enumerate((100.0, 0.0)):
        rig.interlock(f"UZ{k}", [("TI.PV", ABOVE, 80.0)], [("V.CMD", FORCE, value)])
    rig["TI.PV"] = 81.0
    rig.scan()
    assert rig["V.CMD"] == 0.0


def test_what_is_locked_may_be_started_once_a_reset_gives_leave(rig: Rig) -> None:
    """An agitator that stopped: it may only turn again when somebody has looked."""
    rig.motor("AG", ramp=0.0)
    rig.interlock("UZ", [("AG.RUN", EQUAL, 0.0)], [("AG.CMD", LOCK, 0.0), ("P.CMD", FORCE, 0.0)], latched=1, delay=0.2)
    rig["AG.CMD"] = rig["P.CMD"] = 1.0
    rig.scan(2)
    assert rig["UZ.TRIPPED"] == 0.0
    rig["AG.CMD"] = 0.0
    rig.run(1.0)
    rig["AG.CMD"] = 1.0
    rig.run(1.0)
    assert (rig["UZ.TRIPPED"], rig["AG.RUN"]) == (1.0, 0.0)
    rig["UZ.RESET"] = 1.0
    rig.scan()
    rig["AG.CMD"] = 1.0
    rig.scan(4)
    assert (rig["UZ.TRIPPED"], rig["AG.RUN"]) == (0.0, 1.0)
    assert rig["P.CMD"] == 0.0, "what it stopped meanwhile is not started by that"


def test_a_loop_follows_what_an_interlock_holds_and_goes_on_from_there(rig: Rig) -> None:
    """No wind-up: ten minutes at 0 against a set point far off, and the output leaves 0 by its own speed."""
    rig.loop("FIC", out=[rig.output("V.CMD")], gain=0.5, ti=20.0, sp=50.0)
    hot(rig)
    rig["FIC.MODE"], rig["FIC.PV"], rig["TI.PV"] = AUTO, 0.0, 81.0
    rig.run(600.0)
    assert rig["FIC.OP"] == 0.0
    rig["TI.PV"] = 70.0
    rig.scan(2)
    assert rig["V.CMD"] == rig["FIC.OP"]
    assert 0.0 <= rig["FIC.OP"] < 1.0


def twin(values: list[float], delay: int, latched: bool, resets: set[int]) -> list[tuple[int, int]]:
    """Trips and clearings of one interlock, counted in scans over the whole record."""
    tripped, since, out = False, None, []
    for scan, value in enumerate(values, start=1):
        since = (scan if since is None else since) if value > 80.0 else None
        cause = since is not None and scan - since >= delay
        now = cause or (tripped and latched and scan not in resets)
        if now != tripped:
            out.append((scan, int(now)))
        tripped = now
    return out


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    values=st.lists(st.sampled_from([70.0, 90.0]), min_size=1, max_size=60),
    delay=st.integers(0, 6),
    latched=st.booleans(),
    resets=st.sets(st.integers(1, 60), max_size=8),
)
def test_it_agrees_with_a_plain_record(
    make_rig: type[Rig], values: list[float], delay: int, latched: bool, resets: set[int]
) -> None:
    rig = make_rig()
    hot(rig, delay=delay * 0.1, latched=int(latched))
    for scan, value in enumerate(values, start=1):
        rig["TI.PV"], rig["UZ.RESET"] = value, float(scan in resets)
        rig.scan()
    assert events(rig) == twin(values, delay, latched, resets)
