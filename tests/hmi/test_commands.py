"""The table of commands: what is offered where, and what the footer shows of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hmi.commands import TABLE, Situation, footer, offered
from hmi.model import Plant, TagObject

WIDTHS = (80, 120, 160)


def ids(situation: Situation) -> set[str]:
    """Ids of what is offered."""
    return {command.id for command in offered(situation)}


def test_ids_and_labels_are_given() -> None:
    """Every command can be named in the footer, the help and the palette."""
    assert len({command.id for command in TABLE}) == len(TABLE)
    assert all(command.keys and command.label and command.title and command.help for command in TABLE)


def test_writes_are_offered_on_a_faceplate_only(make_controller: Callable[..., TagObject]) -> None:
    """Without a faceplate there is nothing to write to."""
    assert not ids(Situation()) & {"setpoint", "output", "mode", "command"}
    assert ids(Situation(tag=make_controller("TIC-201", "R-201"))) >= {"setpoint", "output", "mode", "close"}


def test_a_valve_has_an_output_and_no_mode(make_plant: Callable[..., Plant]) -> None:
    """Commands follow the members of the object."""
    found = ids(Situation(tag=make_plant().tags["TV-200"]))
    assert "output" in found
    assert not found & {"setpoint", "mode", "command"}


def test_simulation_is_offered_to_whom_may(make_plant: Callable[..., Plant]) -> None:
    """Run, speed and step are not even shown to an operator."""
    assert not ids(Situation()) & {"run", "speed", "step"}
    instructor = replace(make_plant(), methods=frozenset(("Run", "Freeze", "SetSpeed", "Step")))
    assert ids(Situation(plant=instructor)) >= {"run", "speed", "step"}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("display", ["overview", "section", "alarms", "trends"])
def test_footer_fits_and_always_tells_the_way_to_help(width: int, display: str) -> None:
    """Whoever knows nothing must find the keys."""
    chosen = footer(Situation(display=display, alarms=1, pages=2, pens=1), width)
    assert "help" in {command.id for command in chosen}
    assert 1 + sum(len(command.label) + len(command.title) + 3 for command in chosen) <= width
