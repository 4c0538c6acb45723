"""The forms that the schemas of plant and scenario files are made of: JSON Schema, draft 2020-12."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from plantsim.model.section import ABOVE_0

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
TEXTS: Schema = {"anyOf": [TEXT, {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}]}
PAIR: Schema = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}


def text_of(schema: Schema) -> str:
    """The schema as a file has it."""
    return json.dumps(schema, indent=2) + "\n"


def head(title: str) -> Schema:
    """What a schema begins with."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}


def table(properties: Mapping[str, Schema], required: Iterable[str]) -> Schema:
    """A table with these keys and no others."""
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    needed = list(required)
    return found | {"required": needed} if needed else found


def tables(one: Schema, least: int = 0) -> Schema:
    """A list of tables, at least so many."""
    found: Schema = {"type": "array", "items": one}
    return found | {"minItems": least} if least else found


def each(name: re.Pattern[str], one: Schema) -> Schema:
    """A table of tables whose keys are names of that pattern."""
    return {"type": "object", "patternProperties": {f"^({name.pattern})$": one}, "additionalProperties": False}


def like(name: re.Pattern[str]) -> Schema:
    """A text of that pattern."""
    return {"type": "string", "pattern": f"^({name.pattern})$"}


def number(low: float = -math.inf, high: float = math.inf) -> Schema:
    """A number within limits."""
    return {"type": "number", **limits(low, high)}


def limits(low: float, high: float) -> Schema:
    """Of a number; ``ABOVE_0`` as the lower one is 0, which itself is not allowed."""
    found: Schema = {}
    if low == ABOVE_0:
        found["exclusiveMinimum"] = 0
    elif math.isfinite(low):
        found["minimum"] = low
    if math.isfinite(high):
        found["maximum"] = high
    return found
