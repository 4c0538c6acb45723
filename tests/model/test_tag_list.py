"""The formats of the tag list."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from plantsim.model.plant import Plant
from plantsim.model.tag import ModbusPoint, Tag
from plantsim.model.tag_list import FORMATS, tag_list
from plantsim.model.tags import build_tags


@pytest.fixture
def tags(load_toy: Callable[..., Plant]) -> list[Tag]:
    """The toy's tags, one of them with addresses."""
    table, _ = build_tags(load_toy())
    view, rack = ModbusPoint(1, "input", 2, "float32"), ModbusPoint(12, "input", 10, "counts")
    return [replace(tag, modbus=view, rack=rack) if tag.name == "LI-201.PV" else tag for tag in table]


def test_json_has_one_object_per_member(tags: list[Tag]) -> None:
    """With the keys that programs rely on."""
    records = json.loads(tag_list(tags, "json"))
    assert len(records) == len(tags)
    assert next(record for record in records if record["tag"] == "LI-201.PV") == {
        "tag": "LI-201.PV",
        "description": "Level",
        "area": "leach",
        "unit": "R-201",
        "kind": "transmitter",
        "eu": "%",
        "low": 0.0,
        "high": 100.0,
        "role": None,
        "opcua": "nsu=urn:plantsim:plant;s=LI-201.PV",
        "modbus": {"unit": 1, "table": "input", "address": 2, "type": "float32"},
        "rack": {"unit": 12, "table": "input", "address": 10, "type": "counts"},
    }
    assert next(record for record in records if record["tag"] == "TIC-201.Gain")["role"] == "engineer"
    time = next(record for record in records if record["tag"] == "Simulation.Time")
    assert (time["low"], time["high"], time["modbus"]) == (None, None, None)


def test_csv_has_the_same_columns(tags: list[Tag]) -> None:
    """Addresses as unit/table/address/type."""
    rows = list(csv.DictReader(io.StringIO(tag_list(tags, "csv"))))
    assert list(rows[0]) == list(json.loads(tag_list(tags, "json"))[0])
    row = next(row for row in rows if row["tag"] == "LI-201.PV")
    assert (row["high"], row["role"], row["modbus"], row["rack"]) == (
        "100",
        "",
        "1/input/2/float32",
        "12/input/10/counts",
    )


def test_a_table_is_in_line_and_markdown_is_one(tags: list[Tag]) -> None:
    """One line a tag under a header."""
    lines = tag_list(tags, "table").splitlines()
    assert len(lines) == len(tags) + 1
    place = lines[0].index("description")
    assert all(line[place - 1] == " " and line[place] != " " for line in lines)
    rows = tag_list(tags, "md").splitlines()
    assert rows[0] == ("| tag | description | area | unit | kind | eu | low | high | role | opcua | modbus | rack |")
    assert set(rows[1]) == {"|", " ", "-"}
    assert len(rows) == len(tags) + 2


def test_another_format_is_refused(tags: list[Tag]) -> None:
    """The message lists what there is."""
    with pytest.raises(ValueError, match=f"^unknown format 'xml'; allowed: {', '.join(FORMATS)}$"):
        tag_list(tags, "xml")
