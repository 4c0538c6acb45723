"""Procedures by hand of a plant file: as read, as told in the manual, and as refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plantsim.model.errors import PlantError
from plantsim.model.manual import manual
from plantsim.model.plant import Condition, Plant, Procedure, Task

PROCEDURE = """
[procedures.SOP-201]
title = "Change-over to manual"
when = "The probe is cleaned."

[[procedures.SOP-201.steps]]
title = "Take the controller out of the loop"
text = "The output stays where it is."
until = ["TIC-201.MODE = Man"]

[[procedures.SOP-201.steps]]
title = "Hot again"
until = ["TIC-201.PV > 75", "LI-201.PV < 90"]
"""
END = ('[[alarms]]\ntag = "TIC-201"', PROCEDURE + '\n[[alarms]]\ntag = "TIC-201"')


def test_it_is_read_as_it_stands(load_toy: Callable[..., Plant]) -> None:
    assert load_toy(END).procedures == (
        Procedure(
            "SOP-201",
            "Change-over to manual",
            "The probe is cleaned.",
            (
                Task(
                    "Take the controller out of the loop",
                    "The output stays where it is.",
                    (Condition("TIC-201", "MODE", "=", 0.0),),
                ),
                Task("Hot again", "", (Condition("TIC-201", "PV", ">", 75.0), Condition("LI-201", "PV", "<", 90.0))),
            ),
        ),
    )
    assert load_toy().procedures == ()


def test_the_manual_has_it(load_toy: Callable[..., Plant]) -> None:
    text = manual(load_toy(END))
    assert "## Procedures by hand\n\n### SOP-201: Change-over to manual\n\nWhen: The probe is cleaned.\n" in text
    assert "1. **Take the controller out of the loop.**\n   The output stays where it is.\n" in text
    assert "   Done when TIC-201 MODE is Manual.\n2. **Hot again.**\n   Done when TIC-201 PV above 75" in text
    assert "Procedures by hand" not in manual(load_toy())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SOP-201", "OP-201", 'procedures.OP-201: found a name "OP-201", allowed SOP and a number'),
        ('when = "The probe is cleaned."\n', "", "procedures.SOP-201.when: found nothing, allowed a text"),
        ('until = ["TIC-201.MODE = Man"]\n', "", "procedures.SOP-201.steps[0].until: found nothing, allowed a list"),
        ("TIC-201.MODE = Man", "TIC-201.MODE = Off", 'steps[0].until[0]: found "Off" for TIC-201.MODE, allowed'),
        ("TIC-201.PV > 75", "TIC-209.PV > 75", 'until[0]: found "TIC-209.PV", where TIC-209 is no tag, allowed'),
        ('text = "The output', 'do = "The output', "steps[0].do: found an unknown key, allowed"),
    ],
)
def test_what_is_wrong_with_it_is_said(load_toy: Callable[..., Plant], old: str, new: str, message: str) -> None:
    with pytest.raises(PlantError) as refused:
        load_toy(END, (old, new))
    assert message in str(refused.value)


def test_one_without_steps_is_refused(load_toy: Callable[..., Plant]) -> None:
    head = PROCEDURE.partition("[[")[0]
    with pytest.raises(PlantError, match=r"SOP-201\.steps: found none, allowed at least one step"):
        load_toy((END[0], head + END[0]))
