"""A JSON Schema of plant files, for editors that complete keys and mark mistakes while one types.

It says what the loader says of keys, forms and limits that need nothing but the file's own table; names across tables
(units, tags, species) are the loader's to judge. A test holds its keys to those that the loader asks for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from plantsim.chemistry.load import chemistry_names
from plantsim.model.heartbeat import LOSSES
from plantsim.model.kinds import KINDS
from plantsim.model.load import NAME, PRODUCT_NAME
from plantsim.model.quantity import MASS_FLOW, POWER, RAMP, TIME, VOLUME_FLOW, Dimension
from plantsim.model.read_alarms import CONDITIONS
from plantsim.model.read_field import DEVICE_KINDS
from plantsim.model.read_interlocks import NAME as INTERLOCK_NAME
from plantsim.model.read_interlocks import ROLES
from plantsim.model.read_loops import FILE_MODES, MOST_CONSTRAINTS, MOST_OUTPUTS, MOST_WILD, TYPES
from plantsim.model.read_malfunctions import catalogue
from plantsim.model.read_procedures import NAME as PROCEDURE_NAME
from plantsim.model.read_units import AREA_ID, STREAM_ID, UNIT_ID
from plantsim.model.section import ABOVE_0, REQUIRED
from plantsim.model.tag import TAG_NAME
from plantsim.model.unit_kind import Form, Parameter, UnitKind

Schema = dict[str, Any]

_NUMBER = r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
TEXT: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
TEXTS: Schema = {"anyOf": [TEXT, {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}]}
PAIR: Schema = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}


def schema_text() -> str:
    """The schema as a file has it."""
    return json.dumps(plant_schema(), indent=2) + "\n"


def plant_schema() -> Schema:
    """The schema (draft 2020-12) of a plant file, as JSON has it."""
    composition: Schema = {"type": "object", "additionalProperties": _number(0, 100), "minProperties": 1}
    lots: Schema = {"type": "object", "additionalProperties": _number(0)}
    properties = {
        "format": {"const": 1},
        "name": _like(NAME),
        "title": TEXT,
        "cold": {"enum": ["charged", "empty"]},
        "chemistry": {"anyOf": [{"enum": chemistry_names()}, {"type": "string", "pattern": r"\.toml$"}]},
        "feed": composition,
        "feed_lots": lots,
        "feeds": _each(UNIT_ID, _table({"composition": composition, "lots": lots}, ("composition",))),
        "areas": {"type": "array", "items": _area(), "minItems": 1},
        "units": _each(UNIT_ID, _unit()),
        "streams": _each(STREAM_ID, _stream()),
        "devices": _each(TAG_NAME, _device()),
        "products": _each(PRODUCT_NAME, _product()),
        "instruments": _each(TAG_NAME, _instrument()),
        "analysers": {"type": "object", "additionalProperties": _analyser()},
        "loops": _each(TAG_NAME, _loop()),
        "interlocks": {"type": "array", "items": _interlock()},
        "sequences": _each(TAG_NAME, _sequence()),
        "procedures": _each(PROCEDURE_NAME, _procedure()),
        "alarms": {"type": "array", "items": _alarm()},
        "alarm_classes": {"type": "object", "additionalProperties": _alarm_class()},
        "malfunctions": _malfunctions(),
    }
    required = ("format", "name", "title", "chemistry", "feed", "areas", "units")
    head: Schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "plantsim plant file"}
    return head | _table(properties, required)


# --- tables


def _area() -> Schema:
    properties = {
        "id": _like(AREA_ID),
        "number": {"type": "integer", "minimum": 100, "maximum": 800, "multipleOf": 100},
        "title": TEXT,
        "watchdog": _quantity(TIME),
        "heartbeat": _like(TAG_NAME),
    }
    return _table(properties, ("id", "number", "title"))


def _unit() -> Schema:
    """What all units have in common, and for each kind its keys."""
    common = {"kind": {"enum": list(KINDS)}, "area": TEXT, "title": TEXT}
    branches = [
        {
            "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
            "then": _kind(kind, common),
        }
        for kind in KINDS.values()
    ]
    return {"type": "object", "properties": common, "required": list(common), "allOf": branches}


def _kind(kind: UnitKind, common: Mapping[str, Schema]) -> Schema:
    roles = {
        rf"^{re.escape(role.name)}{'[1-9][0-9]*' if role.per else ''}$": TEXT | {"description": role.doc}
        for role in kind.drives
    }
    drives: Schema = {"type": "object", "patternProperties": roles, "additionalProperties": False}
    always = [role.name for role in kind.drives if role.required and not role.per]
    if always:
        drives["required"] = always
    properties = {**common, **_parameters(kind.parameters), "drives": drives}
    if kind.initial:
        properties["initial"] = _table(_parameters(kind.initial), _required(kind.initial))
    required = [*common, *_required(kind.parameters)]
    required += ["drives"] if always else []
    required += ["initial"] if _required(kind.initial) else []
    return _table(properties, required) | {"description": kind.doc}


def _stream() -> Schema:
    flow = {"anyOf": [_quantity(MASS_FLOW), _quantity(VOLUME_FLOW)]}
    properties = {"title": TEXT, "from": TEXT, "to": TEXT, "by": TEXT, "capacity": flow, "head": FLAG}
    by_a_device = {key: ["by"] for key in ("capacity", "head")}
    return _table(properties, ("title", "from")) | {"dependentRequired": by_a_device}


def _device() -> Schema:
    properties = {
        "kind": {"enum": [kind.value for kind in DEVICE_KINDS]},
        "unit": TEXT,
        "title": TEXT,
        "stroke": _quantity(TIME),
        "fail": {"enum": ["closed", "open", "hold", "off", "stop"]},
        "power": _quantity(POWER),
        "loss": TEXT | {"description": LOSSES},
        "standby_for": _like(TAG_NAME),
        "selector": _like(TAG_NAME),
        "takeover": _quantity(TIME),
        "initial": {"anyOf": [_number(0, 100), FLAG]},
    }
    return _table(properties, ("kind", "unit", "title"))


def _product() -> Schema:
    properties = {
        "elements": TEXTS,
        "hopper": TEXT,
        "spec_pct": _number(0, 100),
        "byproduct": FLAG,
        "most_loss_pct": _number(0, 100),
        "graded_by": {"enum": ["oxide", "mass"]},
    }
    return _table(properties, ("elements", "hopper", "spec_pct"))


def _instrument() -> Schema:
    properties = {
        "unit": TEXT,
        "title": TEXT,
        "eu": TEXT,
        "range": PAIR,
        "normal": PAIR,
        "measures": TEXT,
        "function": TEXT,
        "lag": _quantity(TIME),
        "noise": _number(0),
        "kind": {"enum": ["transmitter", "analyser"]},
        "sample": _quantity(TIME),
        "delay": _quantity(TIME),
    }
    either = [{"required": ["measures"]}, {"required": ["function"]}]
    return _table(properties, ("unit", "title", "eu", "range")) | {"oneOf": either}


def _analyser() -> Schema:
    """Of several streams."""
    properties = {"title": TEXT, "line": _quantity(TIME), "analysis": _quantity(TIME), "turns": TEXTS}
    return _table(properties, ("title", "analysis", "turns"))


def _loop() -> Schema:
    action = {"enum": ["direct", "reverse"]}
    output = _table({"to": TEXT, "op": PAIR, "value": PAIR}, ("to",))
    constraint = _table(
        {"tag": TEXT, "limit": NUMBER, "gain": _number(0, 1000), "ti": _quantity(TIME), "action": action},
        ("tag", "limit", "gain", "ti", "action"),
    )
    properties = {
        "type": {"enum": list(TYPES)},
        "sp": NUMBER,
        "sp_range": PAIR,
        "mode": {"enum": list(FILE_MODES)},
        "ramp": _quantity(RAMP),
        "action": action,
        "gain": _number(0, 1000),
        "ti": _quantity(TIME),
        "td": _quantity(TIME),
        "gap": _number(0),
        "feed_forward": _table({"tag": TEXT, "gain": NUMBER, "lag": _quantity(TIME)}, ("tag", "gain")),
        "op_limits": PAIR,
        "outputs": {"type": "array", "items": output, "minItems": 1, "maxItems": MOST_OUTPUTS},
        "wild": {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1, "maxItems": MOST_WILD}]},
        "to": TEXT,
        "filter": _quantity(TIME),
        "balance": _quantity(TIME),
        "factor": NUMBER,
        "constraints": {"type": "array", "items": constraint, "maxItems": MOST_CONSTRAINTS},
    }
    needs = {"PID": ["action", "gain", "outputs"], "ratio": ["wild", "to"], "override": ["to"]}
    branches = [
        {"if": {"properties": {"type": {"const": type_}}}, "then": {"required": keys}} for type_, keys in needs.items()
    ]
    return _table(properties, ("type", "sp", "mode")) | {"allOf": branches}


def _interlock() -> Schema:
    properties = {
        "id": _like(INTERLOCK_NAME),
        "title": TEXT,
        "group": TEXT,
        "when": TEXTS,
        "votes": {"type": "integer", "minimum": 1},
        "deadband": _number(0),
        "delay": _quantity(TIME),
        "latched": FLAG,
        "reset_role": {"enum": list(ROLES)},
        "bypass_role": {"enum": [*ROLES, "none"]},
        "bypass_time": _quantity(TIME),
        "effects": TEXTS,
    }
    return _table(properties, ("id", "title", "group", "when", "effects"))


def _sequence() -> Schema:
    step = _table(
        {
            "title": TEXT,
            "do": TEXTS,
            "skip_unless": TEXTS,
            "until": TEXTS,
            "or_until": TEXTS,
            "for": _quantity(TIME),
            "most": _quantity(TIME),
            "on_hold": TEXTS,
            "on_abort": TEXTS,
        },
        ("title",),
    )
    properties = {
        "unit": TEXT,
        "title": TEXT,
        "permits": TEXTS,
        "initial": {"enum": ["idle", "running", "complete"]},
        "cold": {"enum": ["idle", "complete"]},
        "repeat": FLAG,
        "steps": {"type": "array", "items": step, "minItems": 1},
    }
    return _table(properties, ("unit", "title", "steps"))


def _procedure() -> Schema:
    step = _table({"title": TEXT, "text": TEXT, "until": TEXTS}, ("title", "until"))
    properties = {"title": TEXT, "when": TEXT, "steps": {"type": "array", "items": step, "minItems": 1}}
    return _table(properties, ("title", "when", "steps"))


def _alarm() -> Schema:
    properties = {
        "tag": TEXT,
        "condition": {"enum": list(CONDITIONS)},
        "limit": NUMBER,
        "deadband": _number(0),
        "on_delay": _quantity(TIME),
        "off_delay": _quantity(TIME),
        "priority": {"type": "integer", "minimum": 1, "maximum": 4},
        "class": TEXT,
        "consequence": TEXT,
        "response": TEXT,
        "respond_min": _number(0),
        "suppressed_when": TEXT,
        "against": TEXT,
        "window": _quantity(TIME),
    }
    return _table(properties, ("tag", "condition", "priority", "class", "consequence", "response", "respond_min"))


def _alarm_class() -> Schema:
    return _table({"confirm": FLAG, "longest_shelving": _quantity(TIME)}, ())


def _malfunctions() -> Schema:
    targets = {"anyOf": [TEXTS, {"type": "object", "additionalProperties": TEXTS}]}
    known = {id_: targets | {"description": one.title} for id_, one in catalogue().items() if not one.everywhere}
    return _table(known, ())


# --- keys of a kind of unit


def _parameters(parameters: Iterable[Parameter]) -> dict[str, Schema]:
    return {one.name: _parameter(one) | {"description": one.doc} for one in parameters}


def _required(parameters: Iterable[Parameter]) -> list[str]:
    return [one.name for one in parameters if one.default is REQUIRED]


def _parameter(parameter: Parameter) -> Schema:
    what = parameter.what
    single: Schema
    if isinstance(what, Dimension):
        single = _quantity(what)
    elif what is Form.INTEGER:
        single = {"type": "integer", **_limits(parameter.low, parameter.high)}
    elif what is Form.FLAG:
        single = FLAG
    elif what in (Form.EXTRACTANT, Form.REAGENT):
        single = TEXT
    elif what in (Form.SPECIES, Form.GROUPS):
        single = TEXTS
    else:
        single = {"type": "object", "additionalProperties": _number(0)}
    if not parameter.count:
        return single
    many: Schema = {"type": "array", "items": single}
    if isinstance(parameter.count, int):
        many |= {"minItems": parameter.count, "maxItems": parameter.count}
    return many


# --- forms


def _table(properties: Mapping[str, Schema], required: Iterable[str]) -> Schema:
    """A table with these keys and no others."""
    table: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    needed = list(required)
    return table | {"required": needed} if needed else table


def _each(name: re.Pattern[str], table: Schema) -> Schema:
    """A table of tables whose keys are names of that pattern."""
    return {"type": "object", "patternProperties": {f"^({name.pattern})$": table}, "additionalProperties": False}


def _like(name: re.Pattern[str]) -> Schema:
    return {"type": "string", "pattern": f"^({name.pattern})$"}


def _number(low: float = -math.inf, high: float = math.inf) -> Schema:
    return {"type": "number", **_limits(low, high)}


def _limits(low: float, high: float) -> Schema:
    limits: Schema = {}
    if low == ABOVE_0:
        limits["exclusiveMinimum"] = 0
    elif math.isfinite(low):
        limits["minimum"] = low
    if math.isfinite(high):
        limits["maximum"] = high
    return limits


def _quantity(dimension: Dimension) -> Schema:
    """A text with a number and, where one is needed, a unit; the loader knows which units fit."""
    if any(dimension.exponents):
        return {"type": "string", "pattern": rf"^{_NUMBER}\s*\S", "examples": [dimension.example]}
    return {"anyOf": [NUMBER, {"type": "string", "pattern": f"^{_NUMBER}"}], "examples": [dimension.example]}
