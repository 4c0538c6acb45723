"""Entries: what an operator types is checked and read out before it is sent."""

import pytest

from hmi.entry import Change, EntryError, Shelving, parse, parse_positive, parse_shelving
from hmi.model import Member, TagObject, ValueClass
from hmi.store import Quality, Reading

SP = Member("TIC-201.SP", "SP", ValueClass.NUMBER, "C", 0.0, 120.0, writable=True)
MODE = Member("TIC-201.MODE", "MODE", ValueClass.INTEGER, "", 0.0, 3.0, ("Manual", "Automatic", "Cascade", "External"))
CMD = Member("P-201.CMD", "CMD", ValueClass.BOOLEAN, states=("Stop", "Start"))
TAG = TagObject("TIC-201", "R-201 temperature", "controller", "leach", "R-201", {"SP": SP, "MODE": MODE})


def test_number_within_range() -> None:
    """A decimal comma is as good as a point."""
    assert parse(TAG, SP, " 62,5 ") == 62.5


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("500", "500 is outside 0.0 .. 120.0 C"),
        ("-1", "-1 is outside 0.0 .. 120.0 C"),
        ("hot", "'hot' is not a number; allowed 0.0 .. 120.0 C"),
        ("nan", "'nan' is not a number; allowed 0.0 .. 120.0 C"),
        ("", "'' is not a number; allowed 0.0 .. 120.0 C"),
    ],
)
def test_what_cannot_be_sent_is_answered_with_what_can(typed: str, message: str) -> None:
    """The message names what was typed and what is allowed."""
    with pytest.raises(EntryError) as error:
        parse(TAG, SP, typed)
    assert str(error.value) == message


@pytest.mark.parametrize(("typed", "value"), [("m", 0), ("auto", 1), ("Cascade", 2), ("3", 3)])
def test_mode_by_first_letters_or_number(typed: str, value: int) -> None:
    """As few letters as tell the state apart."""
    assert parse(TAG, MODE, typed) == value


def test_command_by_state_name() -> None:
    """Letters that fit two states are refused, not guessed."""
    assert parse(TAG, CMD, "start") is True
    assert parse(TAG, CMD, "0") is False
    with pytest.raises(EntryError, match="'st' is not one of Stop, Start"):
        parse(TAG, CMD, "st")


def test_change_is_read_out_with_old_new_and_unit() -> None:
    """What Enter will send stands in the confirmation."""
    assert Change(TAG, SP, 60.0, 62.0).text == "TIC-201 SP 60.0 -> 62.0 C"
    assert Change(TAG, MODE, 1, 0).text == "TIC-201 MODE Automatic -> Manual"


def test_change_is_read_back_within_the_last_digit() -> None:
    """A float that came back through the wire is the value that was sent."""
    change = Change(TAG, SP, 60.0, 62.0)
    assert change.shown_by(Reading(62.0000001, Quality.GOOD, 0, 0.0))
    assert not change.shown_by(Reading(61.9, Quality.GOOD, 0, 0.0))
    assert not change.shown_by(Reading(None, Quality.BAD, 0, 0.0))


def test_step_is_a_positive_number() -> None:
    """No step back, none beyond the longest."""
    assert parse_positive("10", "number of seconds", 3600) == 10.0
    for typed in ("0", "-1", "3601", "x"):
        with pytest.raises(EntryError, match="allowed more than 0 up to 3600"):
            parse_positive(typed, "number of seconds", 3600)


def test_command_of_a_moment_needs_no_readback() -> None:
    """A sequence's command reads back as nothing; what it did is to be seen in its state."""
    command = Member("KS-801.CMD", "CMD", ValueClass.INTEGER, states=("None", "Start", "Hold"), writable=True)
    sequence = TagObject("KS-801", "Start-up", "sequence", "utilities", "", {"CMD": command})
    change = Change(sequence, command, 0, 1)
    assert change.text == "KS-801 CMD None -> Start"
    assert change.shown_by(Reading(0, Quality.GOOD, 0, 0.0))


def test_shelving_takes_minutes_and_a_reason() -> None:
    """0 minutes is until the alarm returns; without a reason nothing is shelved."""
    assert parse_shelving("30 transmitter under repair") == Shelving(1800.0, "transmitter under repair")
    assert parse_shelving(" 0 known ") == Shelving(None, "known")
    assert parse_shelving("20m known") == parse_shelving("20 known")
    assert parse_shelving("1,5h known") == parse_shelving("90 known")
    for typed in ("30", "", "soon please", "-1 x", "481 x", "9h x", "m x", "nan x"):
        with pytest.raises(EntryError, match="minutes from 0 to 480 and a reason"):
            parse_shelving(typed)
