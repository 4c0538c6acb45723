"""The Modbus address map: what is assigned never moves, and every fault in a map is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsim.model.errors import PlantError
from plantsim.model.modbus_map import (
    Key,
    Map,
    assign,
    check_map,
    map_path,
    read_map,
    update_map,
    with_addresses,
    write_map,
)
from plantsim.model.modbus_points import FIRST_POINT, PAGE, WIDTH
from plantsim.model.plant import Plant
from plantsim.model.tag import AlarmPoint, Kind, ModbusPoint, Role, Tag, ValueType
from plantsim.model.tags import build_tags

FILE = "belfast.map.toml"


def tag(
    name: str,
    kind: Kind = Kind.TRANSMITTER,
    type_: ValueType = ValueType.FLOAT,
    role: Role | None = None,
    area: str = "leach",
    field: bool = False,
) -> Tag:
    object_, _, member = name.partition(".")
    return Tag(name, object_, member, "", area, "R-201", kind, type_, "", 0.0, 100.0, role, 0, field=field)


def alarm(object_: str, condition: str) -> AlarmPoint:
    return AlarmPoint(0, object_, condition, "leach", 1, "", "", "", "", 3.0)


TAGS = (
    tag("FIC-201.PV", Kind.CONTROLLER, field=True),
    tag("FIC-201.SP", Kind.CONTROLLER, role=Role.OPERATOR),
    tag("FIC-201.MODE", Kind.CONTROLLER, ValueType.UINT16, Role.OPERATOR),
    tag("FIC-201.Gain", Kind.CONTROLLER, role=Role.ENGINEER),
    tag("TI-203.PV"),
    tag("P-204.CMD", Kind.DRIVE, ValueType.BOOL, Role.OPERATOR),
    tag("P-204.RUN", Kind.DRIVE, ValueType.BOOL),
    tag("TV-201.CMD", Kind.VALVE, role=Role.OPERATOR),
    tag("TV-201.POS", Kind.VALVE),
    tag("AI-205.PV", Kind.ANALYSER),
    tag("AI-205.SampleTime", Kind.ANALYSER, ValueType.TIME),
    tag("WIC-100.PV", Kind.CONTROLLER, area="feed"),
    tag("WIC-100.Limit", Kind.CONTROLLER, ValueType.TEXT, area="feed"),
    tag("KPI.Throughput", Kind.KPI, area=""),
    tag("Simulation.Time", Kind.SIMULATION, ValueType.TIME, area=""),
)
ALARMS = (alarm("TI-203", "HH"), alarm("TI-203", "H"))


def place(map_: Map, name: str, group: str = "tags") -> ModbusPoint | None:
    return map_.points.get(Key(group, name))


def edited(group: str, name: str, point: ModbusPoint) -> Map:
    """The right map with one point changed."""
    return Map(dict(assign(TAGS, ALARMS).points) | {Key(group, name): point})


def message(map_: Map, previous: Map | None = None) -> str:
    with pytest.raises(PlantError) as caught:
        check_map(map_, TAGS, ALARMS, previous, file=FILE)
    return str(caught.value)


def test_each_tag_stands_where_a_scada_engineer_looks_for_it() -> None:
    map_ = assign(TAGS, ALARMS)
    assert place(map_, "FIC-201.PV") == ModbusPoint(1, "input", 2, "float32")
    assert place(map_, "FIC-201.SP") == ModbusPoint(1, "holding", 10, "float32")
    assert place(map_, "FIC-201.MODE") == ModbusPoint(1, "holding", 12, "uint16")
    assert place(map_, "FIC-201.Gain") == ModbusPoint(1, "input", 4, "float32"), "tuning is read-only here"
    assert place(map_, "P-204.CMD") == ModbusPoint(1, "coil", 10, "bool")
    assert place(map_, "P-204.RUN") == ModbusPoint(1, "discrete", 10, "bool")
    assert place(map_, "AI-205.SampleTime") == ModbusPoint(1, "input", 12, "float32"), "as an age"
    assert place(map_, "KPI.Throughput") == ModbusPoint(1, "input", 16, "float32")
    assert place(map_, "WIC-100.Limit") is None
    assert place(map_, "Simulation.Time") is None


def test_each_analog_value_has_a_quality_bit_and_each_alarm_two() -> None:
    map_ = assign(TAGS, ALARMS)
    analog = {key.name for key, point in map_.points.items() if key.group == "tags" and point.type == "float32"}
    assert {key.name for key in map_.points if key.group == "quality"} == analog
    assert place(map_, "TI-203.HH", "active") == ModbusPoint(1, "discrete", 21, "bool")
    assert place(map_, "TI-203.HH", "unacked") == ModbusPoint(1, "discrete", 22, "bool")


def test_the_rack_of_an_area_holds_what_is_wired_there() -> None:
    map_ = assign(TAGS, ALARMS)
    racks = {key.name: point for key, point in map_.points.items() if key.group == "racks"}
    assert racks == {
        "FIC-201.PV": ModbusPoint(12, "input", 10, "counts"),
        "TI-203.PV": ModbusPoint(12, "input", 11, "counts"),
        "P-204.CMD": ModbusPoint(12, "coil", 10, "bool"),
        "P-204.RUN": ModbusPoint(12, "discrete", 10, "bool"),
        "TV-201.CMD": ModbusPoint(12, "holding", 10, "counts"),
        "TV-201.POS": ModbusPoint(12, "input", 12, "counts"),
        "AI-205.PV": ModbusPoint(12, "input", 13, "counts"),
    }, "and not the master WIC-100, whose PV no cable carries"


def test_addresses_are_filled_into_the_records() -> None:
    map_ = assign(TAGS, ALARMS)
    tags, alarms = with_addresses(TAGS, ALARMS, map_)
    assert tags[0].modbus == ModbusPoint(1, "input", 2, "float32")
    assert tags[0].modbus_quality == ModbusPoint(1, "discrete", 11, "bool")
    assert tags[0].rack == ModbusPoint(12, "input", 10, "counts")
    assert tags[-1].modbus is None
    assert alarms[1].modbus_unacked == ModbusPoint(1, "discrete", 24, "bool")


def test_a_map_file_reads_back_as_written_and_is_stable(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with_retired = assign(TAGS[1:], ALARMS[1:], assign(TAGS, ALARMS))
    assert with_retired.retired
    write_map(path, with_retired)
    text = path.read_text()
    back = read_map(path)
    assert (back.points, back.retired) == (with_retired.points, with_retired.retired)
    check_map(back, TAGS[1:], ALARMS[1:])
    write_map(path, back)
    assert path.read_text() == text
    assert '"FIC-201.SP" = "1/holding/10/float32"' in text
    assert '"TI-203.H" = "1/discrete/23,24"' in text


def test_a_removed_tag_leaves_its_place_empty_and_gets_it_back() -> None:
    first = assign(TAGS, ALARMS)
    without = assign(TAGS[1:], ALARMS, first)
    added = assign([*TAGS[1:], tag("TI-299.PV")], ALARMS, without)
    assert place(added, "TI-299.PV") == ModbusPoint(1, "input", 18, "float32")
    again = assign([*TAGS, tag("TI-299.PV")], ALARMS, added)
    assert place(again, "FIC-201.PV") == place(first, "FIC-201.PV")
    assert not again.retired


def test_a_tag_that_becomes_writable_is_placed_anew() -> None:
    first = assign(TAGS, ALARMS)
    tags = [replace(t, role=Role.OPERATOR) if t.name == "TI-203.PV" else t for t in TAGS]
    second = assign(tags, ALARMS, first)
    assert place(second, "TI-203.PV") == ModbusPoint(1, "holding", 15, "float32")
    assert second.retired == {ModbusPoint(1, "input", 6, "float32"): Key("tags", "TI-203.PV")}
    check_map(second, tags, ALARMS, first)


KINDS: list[Callable[[str], Tag]] = [
    lambda n: tag(f"TI-{n}.PV"),
    lambda n: tag(f"FIC-{n}.SP", Kind.CONTROLLER, role=Role.OPERATOR),
    lambda n: tag(f"AI-{n}.State", Kind.ANALYSER, ValueType.UINT16),
    lambda n: tag(f"QI-{n}.Count", Kind.CALCULATION, ValueType.UINT32),
    lambda n: tag(f"P-{n}.RUN", Kind.DRIVE, ValueType.BOOL, area="iron"),
    lambda n: tag(f"P-{n}.CMD", Kind.DRIVE, ValueType.BOOL, Role.OPERATOR, area="iron"),
    lambda n: tag(f"TV-{n}.POS", Kind.VALVE),
]
tag_lists = st.lists(st.sampled_from(KINDS), max_size=150).map(
    lambda makers: [make(f"{1000 + i}") for i, make in enumerate(makers)]
)


@given(tag_lists, st.integers(0, 150), st.sets(st.integers(0, 149)))
def test_appending_and_removing_tags_moves_nothing_and_reuses_nothing(
    tags: list[Tag], known: int, removed: set[int]
) -> None:
    alarms = [alarm(t.object, "H") for t in tags if t.member == "PV"]
    first = assign(tags[:known], alarms[: known // 2])
    check_map(first, tags[:known], alarms[: known // 2])
    left = [t for i, t in enumerate(tags) if i not in removed]
    second = assign(left, alarms, first)
    check_map(second, left, alarms, first)  # unique, within pages, off the scan counters, nothing moved or reused
    used = {(p.unit, p.table, p.address + i) for p in second.points.values() for i in range(WIDTH[p.type])}
    assert len(used) == sum(WIDTH[p.type] for p in second.points.values())
    for key, point in second.points.items():
        assert first.points.get(key, point) == point
        if (point.unit, point.table) == (1, "input"):
            assert 2 <= point.address % PAGE <= PAGE - WIDTH[point.type]
        else:
            assert point.address >= FIRST_POINT


def test_an_address_used_twice_is_named() -> None:
    map_ = edited("tags", "TI-203.PV", ModbusPoint(1, "input", 3, "float32"))
    assert message(map_) == (
        'belfast.map.toml: tags.TI-203.PV: found "1/input/3/float32", '
        "allowed an address of its own; this one is held by tags.FIC-201.PV"
    )


def test_a_retired_address_used_again_is_named() -> None:
    map_ = replace(assign(TAGS, ALARMS), retired={ModbusPoint(1, "coil", 10, "bool"): Key("tags", "P-299.CMD")})
    assert message(map_) == (
        'belfast.map.toml: tags.P-204.CMD: found "1/coil/10", '
        "allowed an address of its own; this one was held by tags.P-299.CMD"
    )


def test_a_value_across_two_pages_is_named() -> None:
    map_ = edited("tags", "TI-203.PV", ModbusPoint(1, "input", 99, "float32"))
    assert message(map_) == (
        'belfast.map.toml: tags.TI-203.PV: found "1/input/99/float32", allowed a value within one page of 100 registers'
    )


def test_a_value_over_the_scan_counter_is_named() -> None:
    map_ = edited("tags", "TI-203.PV", ModbusPoint(1, "input", 101, "float32"))
    assert message(map_) == (
        'belfast.map.toml: tags.TI-203.PV: found "1/input/101/float32", '
        "allowed addresses other than 100 and 101, which hold the scan counter"
    )


def test_a_point_below_the_first_is_named() -> None:
    map_ = edited("racks", "TI-203.PV", ModbusPoint(12, "input", 1, "counts"))
    assert message(map_) == ('belfast.map.toml: racks.TI-203.PV: found "12/input/1/counts", allowed addresses from 10')


def test_an_address_beyond_the_table_is_named() -> None:
    map_ = edited("tags", "FIC-201.SP", ModbusPoint(1, "holding", 65535, "float32"))
    assert message(map_) == (
        'belfast.map.toml: tags.FIC-201.SP: found "1/holding/65535/float32", allowed addresses from 0 to 65534'
    )


def test_a_moved_address_is_named() -> None:
    map_ = edited("tags", "TI-203.PV", ModbusPoint(1, "input", 60, "float32"))
    assert message(map_, assign(TAGS, ALARMS)) == (
        'belfast.map.toml: tags.TI-203.PV: found "1/input/60/float32", '
        'allowed its committed address "1/input/6/float32"'
    )


@pytest.mark.parametrize(
    ("row", "edited_row", "expected"),
    [
        (
            "1/input/6/float32",
            "1/input/60/float32",
            'tags.TI-203.PV: found "1/input/60/float32", allowed its committed address "1/input/6/float32"',
        ),
        (
            "12/coil/10",
            "12/coil/99",
            'racks.P-204.CMD: found "12/coil/99", allowed its committed address "12/coil/10"',
        ),
        (
            "1/discrete/23,24",
            "1/discrete/25,26",
            'alarms.TI-203.H: found "1/discrete/25,26", allowed its committed address "1/discrete/23,24"',
        ),
        (
            '"FIC-201.Gain" = "1/input/4/float32"\n"TI-203.PV" = "1/input/6/float32"',
            '"FIC-201.Gain" = "1/input/6/float32"\n"TI-203.PV" = "1/input/4/float32"',
            "seal: found other addresses, allowed those it was made for; "
            '"plantsim check --update" appends new ones, and none may be edited',
        ),
    ],
)
def test_an_address_moved_by_hand_is_named(tmp_path: Path, row: str, edited_row: str, expected: str) -> None:
    path = tmp_path / FILE
    write_map(path, assign(TAGS, ALARMS))
    text = path.read_text()
    assert row in text
    path.write_text(text.replace(row, edited_row))
    assert message(read_map(path)) == f"{FILE}: {expected}"


def test_updating_appends_to_the_file_but_not_to_an_edited_one(tmp_path: Path) -> None:
    path = tmp_path / FILE
    update_map(path, TAGS[1:], ALARMS)
    before = read_map(path)
    updated = update_map(path, TAGS, ALARMS)
    check_map(updated, TAGS, ALARMS, before)
    assert place(updated, "FIC-201.PV") == ModbusPoint(1, "input", 16, "float32")
    path.write_text(path.read_text().replace("1/input/16/float32", "1/input/60/float32"))
    with pytest.raises(PlantError, match=r"tags.FIC-201.PV: found .* allowed its committed address"):
        update_map(path, TAGS, ALARMS)


def test_a_map_written_by_hand_needs_no_seal(tmp_path: Path) -> None:
    path = tmp_path / FILE
    write_map(path, assign(TAGS, ALARMS))
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("seal"))
    path.write_text(text.replace("1/input/6/float32", "1/input/60/float32"))
    check_map(read_map(path), TAGS, ALARMS)


def test_the_packaged_map_fits_the_packaged_plant(belfast: Plant) -> None:
    path = map_path(belfast.path)
    tags, alarms = build_tags(belfast)
    numbers = {area.id: area.number for area in belfast.areas}
    check_map(read_map(path), tags, alarms, file=path.name, area_numbers=numbers)


def test_the_map_stands_beside_its_plant_file() -> None:
    assert map_path(Path("plants/belfast.toml")) == Path("plants/belfast.map.toml")


def test_a_reused_address_is_named() -> None:
    previous = assign([tag("TI-299.PV"), *TAGS], ALARMS)
    points = dict(previous.points)
    points[Key("tags", "TI-203.PV")] = points.pop(Key("tags", "TI-299.PV"))
    for group in ("quality", "racks"):
        del points[Key(group, "TI-299.PV")]
    before = Map({k: p for k, p in previous.points.items() if k != Key("tags", "TI-203.PV")})
    assert message(Map(points), before) == (
        'belfast.map.toml: tags.TI-203.PV: found "1/input/2/float32", '
        "allowed an address that tags.TI-299.PV has not had before"
    )


def test_a_tag_without_an_address_is_named() -> None:
    points = dict(assign(TAGS, ALARMS).points)
    del points[Key("tags", "TI-203.PV")]
    assert message(Map(points)) == (
        "belfast.map.toml: tags.TI-203.PV: found no address, "
        'allowed one in 1/input, as "plantsim check --update" appends it'
    )


def test_an_address_for_an_unknown_tag_is_named() -> None:
    map_ = edited("tags", "TI-299.PV", ModbusPoint(1, "input", 60, "float32"))
    assert message(map_) == (
        'belfast.map.toml: tags.TI-299.PV: found "1/input/60/float32", allowed only tags and alarms of the plant'
    )


def test_a_place_of_the_wrong_kind_is_named() -> None:
    map_ = edited("tags", "TI-203.PV", ModbusPoint(1, "holding", 60, "float32"))
    assert message(map_) == (
        'belfast.map.toml: tags.TI-203.PV: found "1/holding/60/float32", allowed "1/input/.../float32"'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("format = 2", "belfast.map.toml: format: found 2, allowed 1"),
        ("[tags]", "belfast.map.toml: format: found nothing, allowed 1"),
        (
            "format = 1\n[tag]",
            "belfast.map.toml: tag: found an unknown key, allowed format, seal, tags, quality, racks, alarms, retired",
        ),
        ("format = 1\ntags = 3", "belfast.map.toml: tags: found 3, allowed a table"),
        (
            'format = 1\n[tags]\n"TI-203.PV" = "1/inputs/2/float32"',
            'belfast.map.toml: tags.TI-203.PV: found "1/inputs/2/float32", '
            'allowed unit/table/address/type such as "1/input/2/float32" or "1/discrete/812,813"',
        ),
        (
            'format = 1\n[alarms]\n"TI-203.H" = "1/discrete/23"',
            'belfast.map.toml: alarms.TI-203.H: found "1/discrete/23", '
            'allowed unit/table/address/type such as "1/input/2/float32" or "1/discrete/812,813"',
        ),
        (
            'format = 1\n[retired]\n"1/coil/10" = "P-204"',
            "belfast.map.toml: retired.1/coil/10: found 'P-204', allowed a name such as \"tags.FIC-201.PV\"",
        ),
    ],
)
def test_what_is_no_map_file_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / FILE
    path.write_text(text)
    with pytest.raises(PlantError) as caught:
        read_map(path)
    assert str(caught.value) == expected


def test_broken_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text("format = 1\n[tags\n[racks]")
    with pytest.raises(PlantError, match=r"belfast.map.toml: text: found .*line 2.*allowed TOML in UTF-8"):
        read_map(path)
