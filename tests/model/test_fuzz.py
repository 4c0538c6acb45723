"""A plant file with anything anywhere is loaded or refused in words, never a crash."""

from __future__ import annotations

import contextlib
import copy
import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant
from plantsim.model.tags import build_tags

NOTHING = object()
"""Stands for a key that is taken out."""

REPLACEMENTS: tuple[Any, ...] = (
    NOTHING, 0, -1, 7.5, 1e300, float("inf"), float("nan"), True, "", "x", "60 L", "R-201", "R-201.out", "TIC-201.SP",
    [], [1], [1, 2], ["x"], [[1]], {}, {"x": 1}, [{}], [{"x": 1}],
)  # fmt: skip


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value of a file."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from paths(item, (*path, place))


def toml(value: object) -> str:
    """A value in TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value)


def with_replaced(data: dict[str, Any], path: tuple[str | int, ...], value: object) -> str:
    """The file's text with one value replaced."""
    changed: Any = copy.deepcopy(data)
    place = changed
    for key in path[:-1]:
        place = place[key]
    if value is NOTHING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return "".join(f"{json.dumps(key)} = {toml(item)}\n" for key, item in changed.items())


@pytest.fixture
def toy(load_toy: Callable[..., Plant]) -> Path:
    """The toy's file."""
    return load_toy().path


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), replacement=st.sampled_from(REPLACEMENTS))
def test_any_value_is_taken_or_refused(toy: Path, data: st.DataObject, replacement: object) -> None:
    """Whatever loads also has tags."""
    original = tomllib.loads((toy.parent / "toy.toml").read_text(encoding="utf-8"))
    path = data.draw(st.sampled_from(list(paths(original))))
    changed = toy.with_name("changed.toml")
    changed.write_text(with_replaced(original, path, replacement), encoding="utf-8")
    with contextlib.suppress(PlantError):
        build_tags(load_plant(changed))
