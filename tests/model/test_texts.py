"""What texts say to operators names what the plant has."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from plantsim.model.load import load_plant, plant_names
from plantsim.model.plant import Plant
from plantsim.model.tags import build_tags

TAG = re.compile(r"\b[A-Z]{1,4}-\d{3,4}[A-Z]?\b")


def texts(plant: Plant) -> Iterator[tuple[str, str]]:
    """Where, and what is said there."""
    for alarm in plant.alarms:
        yield f"{alarm.tag} {alarm.condition}", f"{alarm.consequence} {alarm.response}"


@pytest.mark.parametrize("name", plant_names())
def test_texts_of_alarms_name_what_is_there(name: str) -> None:
    plant = load_plant(name)
    known = {tag.object for tag in build_tags(plant)[0]} | {unit.id for unit in plant.units}
    unknown = {f"{where}: {word}" for where, text in texts(plant) for word in TAG.findall(text) if word not in known}
    assert not unknown
