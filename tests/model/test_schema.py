"""The schema for editors knows the keys that the loader knows, passes what it passes, and marks the common mistakes."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from plantsim.cli import main
from plantsim.commands.new import TEMPLATE
from plantsim.model.load import FOLDER, load_plant, plant_names
from plantsim.model.schema import plant_schema
from plantsim.model.section import Section

SCHEMA = plant_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
_WORDS = re.compile(r"\[[^\]]*\]|[^.\[\]]+")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plant that ``plantsim new`` writes."""
    path = tmp_path_factory.mktemp("plant") / "mine.toml"
    path.write_text(TEMPLATE.read_text(encoding="utf-8").format(name="mine", title="Mine"), encoding="utf-8")
    return path


def read(path: Path) -> dict[str, Any]:
    """The file's data."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA


@pytest.mark.parametrize("name", plant_names())
def test_plants_of_the_package_pass(name: str) -> None:
    VALIDATOR.validate(read(FOLDER / f"{name}.toml"))


def test_a_new_plant_passes(template: Path) -> None:
    VALIDATOR.validate(read(template))


def place_of(path: str, data: dict[str, Any]) -> dict[str, Any]:
    """The part of the schema that speaks of the table at a loader's path."""
    words = _WORDS.findall(path)
    node = SCHEMA
    for depth, word in enumerate(words):
        if word.startswith("["):
            node = node["items"]
        elif word in node.get("properties", {}):
            node = node["properties"][word]
        else:
            patterns = node.get("patternProperties", {}).items()
            found = [part for pattern, part in patterns if re.search(pattern, word)]
            node = found[0] if found else node["additionalProperties"]
        if words[0] == "units" and depth == 1:
            kind = data["units"][word]["kind"]
            node = next(one["then"] for one in node["allOf"] if one["if"]["properties"]["kind"]["const"] == kind)
    return node


def test_it_has_the_loaders_keys(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key that the loader asks for is in the schema, and it asks for every key of the schema somewhere."""
    asked: dict[tuple[str, str], set[str]] = {}
    get = Section.get

    def recorded(self: Section, key: str, default: object, allowed: str) -> object:
        if self.data and "[" not in key:
            asked.setdefault((self.file, self.path), set()).add(key)
        return get(self, key, default, allowed)

    monkeypatch.setattr(Section, "get", recorded)
    known: dict[int, set[str]] = {}
    tables: dict[int, dict[str, Any]] = {}
    for path in (template, *(FOLDER / f"{name}.toml" for name in plant_names())):
        asked.clear()
        load_plant(path)
        data = read(path)
        for where, keys in [(where, keys) for (file, where), keys in asked.items() if file == path.name]:
            table = place_of(where, data)
            properties = table.get("properties")
            if properties is None:
                continue  # whatever names there are
            unknown = keys - set(properties)
            assert not unknown, f"{where}: the loader knows {sorted(unknown)}"
            known.setdefault(id(table), set()).update(keys)
            tables[id(table)] = properties
    assert len(known) > 30
    for place, keys in known.items():
        left = set(tables[place]) - keys
        assert not left, f"a table with {sorted(keys)}: the loader never asks for {sorted(left)}"


def _unknown_key(data: dict[str, Any]) -> None:
    data["units"]["R-201"]["volum"] = "60 L"


def _no_kind(data: dict[str, Any]) -> None:
    del data["units"]["R-201"]["kind"]


def _no_unit(data: dict[str, Any]) -> None:
    data["units"]["R-201"]["volume"] = 60


def _no_such_unit(data: dict[str, Any]) -> None:
    data["units"]["R-201"]["span"] = "60 ltr"


def _below_nought(data: dict[str, Any]) -> None:
    data["loops"]["TIC-201"]["ti"] = "-60 s"


def _no_output(data: dict[str, Any]) -> None:
    del data["loops"]["TIC-201"]["outputs"]


def _lower_case_tag(data: dict[str, Any]) -> None:
    data["devices"]["p-999"] = dict(next(iter(data["devices"].values())))


def _both(data: dict[str, Any]) -> None:
    data["instruments"]["TIC-201"]["function"] = "max(TIC-201, TIC-202)"


def _condition(data: dict[str, Any]) -> None:
    data["alarms"][0]["condition"] = "HHH"


def _malfunction(data: dict[str, Any]) -> None:
    data.setdefault("malfunctions", {})["sweep-fan-tripp"] = ["FN-251"]


@pytest.mark.parametrize(
    "mistake",
    [
        _unknown_key,
        _no_kind,
        _no_unit,
        _no_such_unit,
        _below_nought,
        _no_output,
        _lower_case_tag,
        _both,
        _condition,
        _malfunction,
    ],
)
def test_it_marks_mistakes(mistake: Callable[[dict[str, Any]], None]) -> None:
    data = deepcopy(read(FOLDER / "belfast.toml"))
    mistake(data)
    assert not VALIDATOR.is_valid(data)
