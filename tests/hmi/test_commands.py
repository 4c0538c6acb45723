"""The table of commands: what is offered where, and what the footer shows of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hmi.commands import TABLE, Situation, footer, offered, permitted, withheld
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


def test_an_observer_is_offered_nothing_that_he_may_not_do(make_controller: Callable[..., TagObject]) -> None:
    """What others might do here is withheld, and known to be."""
    tag = make_controller("TIC-201", "R-201")
    tag.members = {name: replace(m, writable=False, for_others=m.writable) for name, m in tag.members.items()}
    observer = Plant("", (), {}, {"TIC-201": tag})
    writes = {"setpoint", "output", "mode", "write"}
    situation = Situation(tag=tag, plant=observer, alarms=1)
    assert {c.id for c in withheld(situation)} == writes | {"ack"}
    assert not {c.id for c in footer(situation, 400)} & (writes | {"ack"})
    alarms = Situation(display="alarms", page="withheld", pointed="alarm", plant=observer, alarms=1)
    assert {c.id for c in withheld(alarms)} == {"ack", "shelve", "unshelve", "comment"}
    assert not [c for c in offered(Situation(replays=True, plant=observer)) if not permitted(situation, c)]


def test_what_only_an_engineer_may_write_is_not_offered_to_an_operator(
    make_controller: Callable[..., TagObject],
) -> None:
    """Of one tag the set point may be his while the mode is not."""
    tag = make_controller("TIC-201", "R-201")
    tag.members["MODE"] = replace(tag.members["MODE"], writable=False)
    situation = Situation(tag=tag, plant=Plant("", (), {}, {"TIC-201": tag}))
    assert situation.plant.role == "operator"
    assert {c.id for c in withheld(situation)} == {"mode"}


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
@pytest.mark.parametrize("display", ["overview", "section", "alarms", "trends", "instructor"])
def test_footer_fits_and_always_tells_the_way_to_help(width: int, display: str) -> None:
    """Whoever knows nothing must find the keys."""
    plant = Plant("", (), {}, {}, methods=frozenset(("Inject", "ListInjected", "SetSpeed", "Step", "Run", "Freeze")))
    chosen = footer(Situation(display=display, plant=plant, alarms=1, pages=2, pens=1, exercising=True), width)
    assert "help" in {command.id for command in chosen}
    assert 1 + sum(len(command.label) + len(command.title) + 3 for command in chosen) <= width
