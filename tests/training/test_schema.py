"""The schema of scenario files knows the keys that the loader knows, passes what it passes, and marks mistakes."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import jsonschema
import pytest

from plantsim.cli import main
from plantsim.model.plant import Plant
from plantsim.model.section import Section
from plantsim.training.read_scenario import FOLDER, load_scenario, scenario_names
from plantsim.training.schema import scenario_schema

SCHEMA = scenario_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DATA = {name: tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")) for name in scenario_names()}
_WORDS = re.compile(r"\[[^\]]*\]|[^.\[\]]+")


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert main(["schema", "scenario"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA


@pytest.mark.parametrize("name", DATA)
def test_scenarios_of_the_package_pass(name: str) -> None:
    VALIDATOR.validate(DATA[name])


def place_of(path: str, data: dict[str, Any]) -> dict[str, Any]:
    """The part of the schema that speaks of the table at a loader's path."""
    node = SCHEMA
    for word in _WORDS.findall(path):
        if word.startswith("["):
            node = node["items"]
        else:
            node = node["properties"][word] if "properties" in node else node.get("additionalProperties", {})
    if path.startswith("criteria["):
        id_ = path.removeprefix("criteria[").removesuffix("]")
        kind = next(one["kind"] for one in data["criteria"] if one["id"] == id_)
        found: dict[str, Any] = next(
            one["then"] for one in node["allOf"] if one["if"]["properties"]["kind"]["const"] == kind
        )
        return found
    return node


def test_it_has_the_loaders_keys(belfast: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key that the loader asks for is in the schema, and it asks for every key of the schema somewhere."""
    asked: dict[str, set[str]] = {}
    get = Section.get

    def recorded(self: Section, key: str, default: object, allowed: str) -> object:
        if self.data and "[" not in key:
            asked.setdefault(self.path, set()).add(key)
        return get(self, key, default, allowed)

    monkeypatch.setattr(Section, "get", recorded)
    known: dict[int, set[str]] = {}
    tables: dict[int, dict[str, Any]] = {}
    for name, data in DATA.items():
        if data["plant"] != belfast.name:
            continue
        asked.clear()
        load_scenario(name, belfast)
        for where, keys in asked.items():
            table = place_of(where, data)
            if "properties" not in table:
                continue  # members to be written, units to be filled and what they hold
            unknown = keys - set(table["properties"])
            assert not unknown, f"{where}: the loader knows {sorted(unknown)}"
            known.setdefault(id(table), set()).update(keys)
            tables[id(table)] = table["properties"]
    assert len(known) > 14
    for place, keys in known.items():
        left = set(tables[place]) - keys - {"format"}
        assert not left, f"a table with {sorted(keys)}: the loader never asks for {sorted(left)}"


def _unknown_key(data: dict[str, Any]) -> None:
    data["criteria"][0]["whithin"] = "2m"


def _no_kind(data: dict[str, Any]) -> None:
    del data["criteria"][0]["kind"]


def _no_unit(data: dict[str, Any]) -> None:
    data["end"]["at"] = 35


def _nothing_happens(data: dict[str, Any]) -> None:
    del data["events"][0]["inject"]


def _competency(data: dict[str, Any]) -> None:
    data["criteria"][0]["competency"] = "detection"


@pytest.mark.parametrize("mistake", [_unknown_key, _no_kind, _no_unit, _nothing_happens, _competency])
def test_it_marks_mistakes(mistake: Callable[[dict[str, Any]], None]) -> None:
    data = deepcopy(DATA["feeder-bridging"])
    mistake(data)
    assert not VALIDATOR.is_valid(data)
