"""What texts say to operators names what the plant has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from plantsim.model.heartbeat import LOST
from plantsim.model.load import load_plant, plant_names
from plantsim.model.malfunction import Place
from plantsim.model.malfunction_text import REFERENCE, describe
from plantsim.model.plant import Plant
from plantsim.model.read_malfunctions import catalogue
from plantsim.model.tags import build_tags

TAG = re.compile(r"\b[A-Z]{1,4}-\d{3,4}[A-Z]?\b")
NAME = re.compile(r"\b[A-Z]{1,4}-\d{1,4}[A-Z]?\b")
"""Names of units, too, whose numbers may be short."""
BRACKETS = re.compile(r"\[([^]]*)\]")


@cache
def plant_of(name: str) -> Plant:
    return load_plant(name)


def texts(plant: Plant) -> Iterator[tuple[str, str]]:
    """Where, and what is said there."""
    for alarm in plant.alarms:
        yield f"{alarm.tag} {alarm.condition}", f"{alarm.cause} {alarm.consequence} {alarm.response}"
    for place in plant.malfunctions:
        if place.malfunction.number:
            text = describe(plant, place)
            yield place.name, f"{text.cause} {text.sees} {text.response}"


@pytest.mark.parametrize("name", plant_names())
def test_texts_name_what_is_there(name: str) -> None:
    plant = plant_of(name)
    known = {tag.object for tag in build_tags(plant)[0]} | {unit.id for unit in plant.units}
    unknown = {f"{where}: {word}" for where, text in texts(plant) for word in NAME.findall(text) if word not in known}
    assert not unknown


@pytest.mark.parametrize("name", plant_names())
def test_a_cause_is_a_line_that_says_where_to_look_and_is_no_response(name: str) -> None:
    for alarm in plant_of(name).alarms:
        assert len(alarm.cause) <= 115, alarm
        assert alarm.condition == LOST or set(TAG.findall(alarm.cause)) - {alarm.tag}, alarm
        assert alarm.cause not in (alarm.consequence, alarm.response)


@pytest.mark.parametrize("name", plant_names())
def test_an_interlock_that_is_named_as_a_cause_acts_on_what_is_named_with_it(name: str) -> None:
    plant = plant_of(name)
    acts_on = {one.tag: {effect.tag for effect in one.effects} for one in plant.interlocks}
    for alarm in plant.alarms:
        named = {alarm.tag, *TAG.findall(alarm.cause)}
        # a sequence waits for a reset
        for interlock in named & acts_on.keys() if alarm.condition != "HELD" else ():
            assert acts_on[interlock] & named, f"{alarm.tag} {alarm.condition}: {interlock}"


def test_every_reference_of_the_catalogue_is_one_and_finds_something_in_some_plant() -> None:
    wanted: set[tuple[str, str]] = set()
    for one in catalogue().values():
        for word in " ".join(BRACKETS.findall(f"{one.cause} {one.sees} {one.response}")).split():
            assert REFERENCE.fullmatch(word), f"{one.id}: {word}"
            wanted.add((one.id, word))
        assert not TAG.search(BRACKETS.sub("", f"{one.cause} {one.sees} {one.response}")), one.id
    for plant in map(plant_of, plant_names()):
        for place in plant.malfunctions:
            words = [word for id_, word in wanted if id_ == place.malfunction.id]
            found = {word for word in words if tags_at(plant, place, word)}
            wanted -= {(place.malfunction.id, word) for word in found}
    assert not wanted


def tags_at(plant: Plant, place: Place, word: str) -> str:
    """What a reference stands for there."""
    return describe(plant, replace(place, malfunction=replace(place.malfunction, sees=f"x [{word}]"))).sees[2:]


@pytest.mark.parametrize(
    ("plant", "malfunction", "sees"),
    [
        (
            "belfast",
            "crud@SX-1",
            "The layer of crud LI-4123 grows, with organic in the raffinate AI-4122 a quarter of an hour later;"
            " the interface LIC-4114 stays",
        ),
        (
            "belfast-commercial",
            "crud@SX-3",
            "The layer of crud LI-4323 grows, with organic in the raffinate AI-4322 a quarter of an hour later;"
            " the interface LIC-4314 stays",
        ),
        (
            "missouri",
            "crud@SX-5",
            "The layer of crud LI-4523 grows, with organic in the raffinate AI-4522 a quarter of an hour later;"
            " the interface LIC-4514 stays",
        ),
        (
            "missouri",
            "sweep-fan-trip@K-233A",
            "Sweep air FIC-233 falls to nothing, TRIP of the fan K-233A;"
            " hydrogen in the headspace AI-231A, AI-231B rises",
        ),
        (
            "missouri",
            "strip-acid-weak@TK-814",
            "Free acid in the strip liquors AI-4113, AI-4213, AI-4313, AI-4413, AI-4513 falls",
        ),
        ("belfast-commercial", "strip-acid-weak@TK-814B", "Free acid in the strip liquors AI-4313 falls"),
        ("belfast-commercial", "oxalic-underdose@551", "Oxalic acid FIC-553 below its set point at full speed of its"),
    ],
)
def test_a_text_is_that_of_its_target(plant: str, malfunction: str, sees: str) -> None:
    of = plant_of(plant)
    assert describe(of, of.malfunctions.find(malfunction)).sees.startswith(sees)
