"""Interlocks that a plant file may not hold, and what one that it may hold comes to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plantsim.model.plant import Condition, Effect, Plant
from plantsim.model.tag import Kind, Role
from plantsim.model.tags import build_tags

Load = Callable[..., Plant]

FIRST_ALARM = '[[alarms]]\ntag = "TIC-201"\ncondition = "HH"'
ROW = """[[interlocks]]
id = "UZ-201"
title = "Leach hot"
group = "LEACH"
when = ["TIC-201.PV > 80", "TIC-201.PV bad"]
delay = "5 s"
effects = ["P-201 STOP", "TV-201A 100 %"]
latched = true
reset_role = "engineer"
bypass_role = "none"

"""


def row(*edits: tuple[str, str]) -> list[tuple[str, str]]:
    """The toy plant with this row, edited."""
    text = ROW
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return [(FIRST_ALARM, text + FIRST_ALARM)]


def test_an_interlock_is_a_tag_object_of_its_own(load_toy: Load) -> None:
    plant = load_toy(*row())
    (interlock,) = plant.interlocks
    assert interlock.when == (Condition("TIC-201", "PV", ">", 80.0), Condition("TIC-201", "PV", "bad", 0.0))
    assert interlock.effects == (Effect("P-201", "STOP"), Effect("TV-201A", "%", 100.0))
    tags, _ = build_tags(plant)
    members = {tag.member: tag for tag in tags.of("UZ-201")}
    assert list(members) == ["TRIPPED", "FIRST_OUT", "BYPASS", "RESET"]
    assert {tag.kind for tag in members.values()} == {Kind.INTERLOCK}
    assert (members["BYPASS"].role, members["RESET"].role) == (None, Role.ENGINEER)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        pytest.param(
            row(("TIC-201.PV > 80", "TIC-201.PV over 80")),
            (
                'toy.toml: interlocks[UZ-201].when: found "TIC-201.PV over 80", allowed TAG.MEMBER with one of = < > '
                'and a value, or with bad: "TIC-201.PV > 80", "K-213A.RUN = 0"'
            ),
            id="cause",
        ),
        pytest.param(
            row(("> 80", "> 800")),
            'toy.toml: interlocks[UZ-201].when: found "800" for TIC-201.PV, allowed a number from 0 to 120',
            id="limit outside range",
        ),
        pytest.param(
            row(("P-201 STOP", "P-201 CLOSE")),
            (
                'toy.toml: interlocks[UZ-201].effects: found "P-201 CLOSE" of a variable drive, allowed STOP, START, '
                "LOCK, 0 % to 100 %"
            ),
            id="effect of another kind",
        ),
        pytest.param(
            row(("TV-201A 100 %", "TV-201A 101 %")),
            'toy.toml: interlocks[UZ-201].effects: found "TV-201A 101 %", allowed at most 100 %',
            id="beyond full",
        ),
        pytest.param(
            row(("P-201 STOP", "P-201 LOCK"), ("latched = true", "latched = false")),
            (
                "toy.toml: interlocks[UZ-201].latched: found false, allowed true, as only a reset gives leave to "
                "start what is locked"
            ),
            id="locked for ever",
        ),
        pytest.param(
            row(('group = "LEACH"', 'group = "LEACH"\nvotes = 3')),
            "toy.toml: interlocks[UZ-201].votes: found 3, allowed a whole number from 1 to 2",
            id="more votes than voters",
        ),
        pytest.param(
            [(FIRST_ALARM, ROW + ROW + FIRST_ALARM)],
            "toy.toml: interlocks[UZ-201].id: found a second UZ-201, allowed one",
            id="second row",
        ),
    ],
)
def test_is_refused_with_where_what_and_what_is_allowed(
    edits: list[tuple[str, str]], message: str, mistake: Callable[..., str]
) -> None:
    assert mistake(*edits) == message


def test_an_alarm_may_be_suppressed_by_an_interlock(load_toy: Load) -> None:
    quiet = ('suppressed_when = "AG-201.RUN=0"', 'suppressed_when = "UZ-201.TRIPPED=1"')
    assert load_toy(*row(), quiet).alarms[0].suppressed_when is not None
