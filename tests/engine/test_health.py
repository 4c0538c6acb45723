"""Balance error and sub-steps, as tags."""

from __future__ import annotations

import pytest

from plantsim.engine.engine import Engine
from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant, plant_names


def member(live: LivePlant, name: str) -> float:
    """A member of Simulation in the image of now."""
    return float(live.image({}).value[live.tags[f"Simulation.{name}"].row])


def test_a_quiet_plant_closes_and_divides_no_step(live: LivePlant) -> None:
    live.advance(600)
    assert 0.0 <= member(live, "BalanceError") < 1e-11
    units = [tag.member for tag in live.tags.of("Simulation") if tag.member.startswith("Substeps.")]
    assert {"Substeps.R-201", "Substeps.SX-2", "Substeps.KL-611"} <= set(units)
    assert "Substeps.FD-101" not in units
    assert {member(live, name) for name in units} == {1.0}


@pytest.mark.parametrize("name", plant_names())
def test_what_is_integrated_has_its_steps_shown_and_nothing_else(name: str) -> None:
    plant = LivePlant(load_plant(name))
    units = list(plant.layout.units)
    shown = {tag.member for tag in plant.tags.of("Simulation") if tag.member.startswith("Substeps.")}
    assert shown == {f"Substeps.{units[k]}" for k in plant.core.effort()}


def test_a_shocked_unit_divides_its_steps_and_says_so(live: LivePlant) -> None:
    """A crystalliser that is caustic at once, as nothing in the plant could make it."""
    unit, species = live.layout.units["CR-501"], live.layout.species
    first = live.core.offsets()[unit]
    live.core.state[first + species.index("H")] = -15.0
    live.advance(10)
    assert member(live, "Substeps.CR-501") > 1.0
    assert member(live, "Substeps.CR-521") == 1.0
    live.advance(1)
    live.advance(0)
    assert 1.0 <= member(live, "Substeps.CR-501") < 65536.0


def test_matter_from_nowhere_shows_in_the_balance(live: LivePlant) -> None:
    first = live.core.offsets()[live.layout.units["R-203"]]
    live.advance(10)
    live.core.state[first + live.layout.species.index("Co")] += 1e-3
    live.advance(10)
    assert member(live, "BalanceError") > 1e-7


def test_a_restored_state_counts_from_there(live: LivePlant) -> None:
    live.advance(100)
    state = live.arrays()
    live.core.state[live.core.offsets()[live.layout.units["R-203"]]] += 1.0
    live.restore(state)
    live.advance(100)
    assert member(live, "BalanceError") < 1e-11


def test_what_is_amiss_is_told_once_and_goes_into_the_journal(engine: Engine) -> None:
    live = engine.live
    first = live.core.offsets()[live.layout.units["R-203"]]
    live.core.state[first + live.layout.species.index("Co")] += 1e-3
    for _ in range(3):
        engine.step(10.0).result(30.0)
    told = [entry.event.what for entry in engine.journal.entries() if entry.event.what.startswith("numerics: ")]
    assert len(told) == 1
    assert "the balance of an element has a gap of " in told[0]


def test_a_step_that_cannot_be_made_short_enough_is_told(live: LivePlant) -> None:
    """A thousand tons of cobalt in a tank of litres: what leaves it in the shortest step is more than is allowed."""
    first = live.core.offsets()[live.layout.units["CR-501"]]
    live.core.state[first + live.layout.species.index("Co")] = 1e6
    for _ in range(3):
        live.advance(10)
        live.image({})
    assert live.core.effort()[live.layout.units["CR-501"]][2] > 0
    assert [news for news in live.health.news() if news.startswith("CR-501: the shortest step")] != []
    assert live.health.news() == []
