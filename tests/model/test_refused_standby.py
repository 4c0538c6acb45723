"""Standby machines that a plant file may not hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plantsim.model.plant import Plant, Standby

PUMP = """\
[devices.P-202]
kind = "variable drive"
unit = "R-201"
title = "Acid pump in reserve"
stroke = "2 s"
"""
BEFORE = "[devices.AG-201]"
NO_OTHER = "which is no variable drive without a standby_for of its own, allowed P-201; nearest P-201"


def beside(*lines: str, more: str = "") -> tuple[str, str]:
    """A second acid pump, with these keys."""
    return BEFORE, PUMP + "\n".join(lines) + f"\n\n{more}{BEFORE}"


def test_what_a_file_says_of_a_standby(load_toy: Callable[..., Plant]) -> None:
    plant = load_toy(beside('standby_for = "P-201"', 'selector = "HS-201"', 'takeover = "3 s"'))
    assert {d.tag: d.standby for d in plant.devices}["P-202"] == Standby("P-201", "HS-201", 3.0)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        pytest.param(
            beside('standby_for = "P-203"'),
            'standby_for: found "P-203", ' + NO_OTHER,
            id="of nothing",
        ),
        pytest.param(
            beside('standby_for = "AG-201"'),
            'standby_for: found "AG-201", ' + NO_OTHER,
            id="of another kind",
        ),
        pytest.param(
            beside('standby_for = "P-202"'),
            'standby_for: found "P-202", ' + NO_OTHER,
            id="of itself",
        ),
        pytest.param(
            beside('selector = "HS-201"'),
            "selector: found a key of a standby machine, allowed standby_for beside it",
            id="selector of no standby",
        ),
        pytest.param(
            beside('standby_for = "P-201"', 'selector = "LS-201"'),
            'selector: found "LS-201", which is no hand switch, allowed HS-201; nearest HS-201',
            id="a field switch",
        ),
        pytest.param(
            beside('standby_for = "P-201"', 'takeover = "0 s"'),
            'takeover: found "0 s", allowed a time such as "15 min", above 0',
            id="no time at all",
        ),
    ],
)
def test_is_refused(edit: tuple[str, str], message: str, mistake: Callable[..., str]) -> None:
    assert mistake(edit) == f"toy.toml: devices.P-202.{message}"


def test_two_for_one_are_refused(mistake: Callable[..., str]) -> None:
    second = PUMP.replace("P-202", "P-203") + 'standby_for = "P-201"\n\n'
    said = mistake(beside('standby_for = "P-201"', more=second))
    found = '"P-201", beside which P-202 stands, allowed one standby each'
    assert said == f"toy.toml: devices.P-203.standby_for: found {found}"


def test_a_line_knows_the_first_machine_alone(mistake: Callable[..., str]) -> None:
    said = mistake(beside('standby_for = "P-201"'), ('by = "P-201"', 'by = "P-202"'))
    assert said.startswith("toy.toml: devices.P-202.standby_for: found a standby that streams.")
    assert said.endswith(" names, allowed P-201 there alone")
