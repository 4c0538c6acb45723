"""Sequences of a plant file: as read, and as refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plantsim.model.plant import Action, Condition, Plant, Step
from plantsim.model.tag import Kind, Role

SEQUENCE = """
[sequences.KS-201]
unit = "R-201"
title = "Heat up"
permits = ["AG-201.RUN = 1"]

[[sequences.KS-201.steps]]
title = "Set points"
do = ["TIC-201.MODE = Auto", "TIC-201.SP -> 80 at 5 /min", "XV-201.CMD = Open"]
until = ["TIC-201.PV > 75", "LI-201.PV < 90"]
for = "1 min"
most = "30 min"
on_hold = ["TIC-201.MODE = Man"]
on_abort = ["TIC-201.SP -> 20 at 1 /min", "KS-201.CMD = 0"]

[[sequences.KS-201.steps]]
title = "Wait"
for = "10 min"
"""
END = ('[[alarms]]\ntag = "TIC-201"', SEQUENCE + '\n[[alarms]]\ntag = "TIC-201"')


def test_it_is_read_as_it_stands(load_toy: Callable[..., Plant]) -> None:
    (sequence,) = load_toy(END).sequences
    assert (sequence.tag, sequence.unit, sequence.title) == ("KS-201", "R-201", "Heat up")
    assert sequence.permits == (Condition("AG-201", "RUN", "=", 1.0),)
    assert sequence.steps == (
        Step(
            "Set points",
            (
                Action("TIC-201", "MODE", 1.0),
                Action("TIC-201", "SP", 80.0, 5.0 / 60.0),
                Action("XV-201", "CMD", 1.0),
            ),
            (Condition("TIC-201", "PV", ">", 75.0), Condition("LI-201", "PV", "<", 90.0)),
            60.0,
            1800.0,
            (Action("TIC-201", "MODE", 0.0),),
            (Action("TIC-201", "SP", 20.0, 1.0 / 60.0), Action("KS-201", "CMD", 0.0)),
        ),
        Step("Wait", (), (), 600.0, 0.0, (), ()),
    )


def test_a_step_may_end_by_any_check_or_be_passed_over(load_toy: Callable[..., Plant]) -> None:
    more = 'or_until = ["LI-201.PV < 5"]\nskip_unless = ["AG-201.RUN = 1"]'
    (sequence,) = load_toy(END, ('title = "Wait"\n', f'title = "Wait"\n{more}\n')).sequences
    assert sequence.steps[1].ends == (Condition("LI-201", "PV", "<", 5.0),)
    assert sequence.steps[1].unless == (Condition("AG-201", "RUN", "=", 1.0),)
    assert (sequence.running, sequence.complete) == (False, False)
    (sequence,) = load_toy(END, ('title = "Heat up"\n', 'title = "Heat up"\ninitial = "running"\n')).sequences
    assert (sequence.running, sequence.complete) == (True, False)


def test_its_members_are_those_of_the_contract(load_toy: Callable[..., Plant]) -> None:
    from plantsim.model.tags import build_tags

    tags = {tag.member: tag for tag in build_tags(load_toy(END))[0].of("KS-201")}
    assert list(tags) == ["CMD", "STATE", "STEP", "STEP_TIME"]
    assert {tag.kind for tag in tags.values()} == {Kind.SEQUENCE}
    assert tags["CMD"].role == Role.OPERATOR
    assert (tags["STEP"].high, tags["STEP"].states) == (2.0, ("Idle", "Set points", "Wait"))
    assert tags["STATE"].states == ("Idle", "Running", "Held", "Aborting", "Complete")


def test_it_may_suppress_an_alarm_by_the_name_of_its_state(load_toy: Callable[..., Plant]) -> None:
    quiet = ('suppressed_when = "AG-201.RUN=0"', 'suppressed_when = "KS-201.STATE = Idle or KS-201.STEP < 2"')
    suppressed = load_toy(END, quiet).alarms[0].suppressed_when
    assert suppressed is not None
    assert suppressed.terms == (Condition("KS-201", "STATE", "=", 0.0), Condition("KS-201", "STEP", "<", 2.0))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            'title = "Wait"\nfor = "10 min"',
            'title = "Wait"',
            "sequences.KS-201.steps[1]: found a step that does nothing and waits for nothing, allowed do, until or for",
            id="empty step",
        ),
        pytest.param(
            '"TIC-201.MODE = Auto"',
            '"TIC-201.MODE: Auto"',
            'sequences.KS-201.steps[0].do[0]: found "TIC-201.MODE: Auto", allowed "TAG.MEMBER = VALUE" or '
            '"TAG.MEMBER -> VALUE at 0.5 /h"',
            id="no action",
        ),
        pytest.param(
            '"TIC-201.MODE = Auto"',
            '"TIC-201.MODE = Fast"',
            'sequences.KS-201.steps[0].do[0]: found "Fast" for TIC-201.MODE, allowed Manual, Automatic, Cascade, '
            "External",
            id="no such state",
        ),
        pytest.param(
            "-> 80 at 5 /min",
            "-> 180 at 5 /min",
            'sequences.KS-201.steps[0].do[1]: found "180" for TIC-201.SP, allowed a number from 0 to 120',
            id="out of range",
        ),
        pytest.param(
            '"TIC-201.MODE = Auto"',
            '"LI-201.PV = 50"',
            'sequences.KS-201.steps[0].do[0]: found "LI-201.PV", allowed what an operator may write',
            id="read only",
        ),
        pytest.param(
            '"TIC-201.MODE = Auto"',
            '"P-201.SPEED_CMD = 50"',
            'sequences.KS-201.steps[0].do[0]: found "P-201.SPEED_CMD", which FIC-201 drives, allowed '
            '"FIC-201.MODE = Man" and "FIC-201.OP"',
            id="driven by a loop",
        ),
        pytest.param(
            '"XV-201.CMD = Open"',
            '"XV-201.CMD -> 1 at 1 /s"',
            "sequences.KS-201.steps[0].do[2]: found a ramp of XV-201.CMD, allowed a ramp of an analog value",
            id="ramp of a contact",
        ),
        pytest.param(
            '"TIC-201.PV > 75"',
            '"TIC-201.PV >= 75"',
            'sequences.KS-201.steps[0].until[0]: found "TIC-201.PV >= 75", allowed TAG.MEMBER with one of = < > and a '
            'value, or with bad: "TIC-201.PV > 80", "K-213A.RUN = 0"',
            id="no comparison",
        ),
        pytest.param(
            'on_hold = ["TIC-201.MODE = Man"]',
            'on_hold = ["TIC-201.SP -> 20 at 1 /min"]',
            'sequences.KS-201.steps[0].on_hold[0]: found "TIC-201.SP -> 20 at 1 /min", allowed "TAG.MEMBER = VALUE"',
            id="ramp on hold",
        ),
        pytest.param(
            "[sequences.KS-201]",
            "[sequences.KS-301]",
            'sequences.KS-301: found number 301 for unit R-201 of area "leach", allowed a number 200 to 299',
            id="wrong area",
        ),
    ],
)
def test_is_refused_with_where_what_and_what_is_allowed(
    old: str, new: str, message: str, mistake: Callable[..., str]
) -> None:
    edits = [END]
    if old == "[sequences.KS-201]":
        edits = [(END[0], END[1].replace("KS-201", "KS-301"))]
    else:
        edits = [(END[0], END[1].replace(old, new, 1))]
    assert mistake(*edits) == f"toy.toml: {message}"
