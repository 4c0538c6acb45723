"""The tag list as people and other programs take it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from plantsim.model.plc_formats import mb2hal, openplc, structured_text
from plantsim.model.tag import ModbusPoint, Tag, ValueType

COLUMNS = ("tag", "description", "area", "unit", "kind", "eu", "low", "high", "role", "opcua", "modbus", "rack")


def tag_list(tags: Sequence[Tag], format_: str) -> str:
    """The list in one of ``FORMATS``, ending in a newline; ValueError names the formats that there are."""
    if format_ not in FORMATS:
        raise ValueError(f"unknown format '{format_}'; allowed: {', '.join(FORMATS)}")
    return FORMATS[format_](tags)


def as_record(tag: Tag) -> dict[str, Any]:
    """A tag as JSON has it; what does not apply is null."""
    number = tag.type not in (ValueType.TEXT, ValueType.TIME)
    return {
        "tag": tag.name,
        "description": tag.description,
        "area": tag.area,
        "unit": tag.unit,
        "kind": tag.kind.value,
        "eu": tag.eu,
        "low": tag.low if number else None,
        "high": tag.high if number else None,
        "role": None if tag.role is None else tag.role.name.lower(),
        "opcua": tag.node,
        "modbus": _point(tag.modbus),
        "rack": _point(tag.rack),
    }


def _point(point: ModbusPoint | None) -> dict[str, Any] | None:
    if point is None:
        return None
    return {"unit": point.unit, "table": point.table, "address": point.address, "type": point.type}


def _as_texts(tag: Tag) -> list[str]:
    """The columns as text; addresses as unit/table/address/type."""
    cells = []
    for value in as_record(tag).values():
        if isinstance(value, dict):
            value = "/".join(str(part) for part in value.values())
        cells.append("" if value is None else f"{value:g}" if isinstance(value, float) else str(value))
    return cells


def _json(tags: Sequence[Tag]) -> str:
    rows = ",\n".join(json.dumps(as_record(tag), ensure_ascii=False) for tag in tags)
    return f"[\n{rows}\n]\n"


def _csv(tags: Sequence[Tag]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_as_texts(tag) for tag in tags)
    return out.getvalue()


def _table(tags: Sequence[Tag]) -> str:
    """Columns in line, without the NodeId, which follows from the tag."""
    skip = COLUMNS.index("opcua")
    rows = [row[:skip] + row[skip + 1 :] for row in (list(COLUMNS), *map(_as_texts, tags))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def _md(tags: Sequence[Tag]) -> str:
    rows = [list(COLUMNS), ["---"] * len(COLUMNS), *map(_as_texts, tags)]
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in escaped)


FORMATS: dict[str, Callable[[Sequence[Tag]], str]] = {
    "table": _table,
    "csv": _csv,
    "json": _json,
    "md": _md,
    "st": structured_text,
    "openplc": openplc,
    "mb2hal": mb2hal,
}
