"""A JSON Schema of plant files, for editors that complete keys and mark mistakes while one types.

It says what the loader says of keys, forms and limits that need nothing but the file's own table; names across tables
(units, tags, species) are the loader's to judge. A test holds its keys to those that the loader asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from plantsim.chemistry.load import chemistry_names
from plantsim.model.heartbeat import LOSSES
from plantsim.model.json_schema import (
    FLAG,
    NUMBER,
    PAIR,
    TEXT,
    TEXTS,
    Schema,
    each,
    head,
    like,
    limits,
    number,
    table,
    tables,
)
from plantsim.model.kinds import KINDS
from plantsim.model.load import NAME, PRODUCT_NAME
from plantsim.model.quantity import (
    GAS_FLOW,
    MASS_FLOW,
    POWER,
    RAMP,
    TIME,
    UNITS,
    VOLUME_FLOW,
    Dimension,
    parse_unit,
)
from plantsim.model.read_alarms import CONDITIONS
from plantsim.model.read_field import DEVICE_KINDS
from plantsim.model.read_interlocks import NAME as INTERLOCK_NAME
from plantsim.model.read_interlocks import ROLES
from plantsim.model.read_loops import FILE_MODES, MOST_CONSTRAINTS, MOST_OUTPUTS, MOST_WILD, TYPES
from plantsim.model.read_malfunctions import catalogue
from plantsim.model.read_procedures import NAME as PROCEDURE_NAME
from plantsim.model.read_units import AREA_ID, STREAM_ID, UNIT_ID
from plantsim.model.section import REQUIRED
from plantsim.model.tag import TAG_NAME
from plantsim.model.unit_kind import Form, Parameter, UnitKind

_NUMBER = r"(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
_NAMES = sorted((name for name in UNITS if name.isalpha() or name == "Nm3"), key=len, reverse=True)
_FACTOR = rf"\(*(%|\d+|({'|'.join(_NAMES)})\d*)(\s*\^\s*\d+)?\)*"
_COMPOUND = rf"(/\s*{_FACTOR}|{_FACTOR}\s*[*/·]\s*{_FACTOR})(\s*[*/·]\s*{_FACTOR})*"
"""Quotients and products of known units: that every bracket closes, and what they come to, is the loader's to judge."""


def plant_schema() -> Schema:
    """The schema (draft 2020-12) of a plant file, as JSON has it."""
    composition: Schema = {"type": "object", "additionalProperties": number(0, 100), "minProperties": 1}
    lots: Schema = {"type": "object", "additionalProperties": number(0)}
    properties = {
        "format": {"const": 1},
        "name": like(NAME),
        "title": TEXT,
        "cold": {"enum": ["charged", "empty"]},
        "chemistry": {"anyOf": [{"enum": chemistry_names()}, {"type": "string", "pattern": r"\.toml$"}]},
        "feed": composition,
        "feed_lots": lots,
        "feeds": each(UNIT_ID, table({"composition": composition, "lots": lots}, ("composition",))),
        "areas": tables(_area(), 1),
        "units": each(UNIT_ID, _unit()),
        "streams": each(STREAM_ID, _stream()),
        "devices": each(TAG_NAME, _device()),
        "products": each(PRODUCT_NAME, _product()),
        "instruments": each(TAG_NAME, _instrument()),
        "analysers": {"type": "object", "additionalProperties": _analyser()},
        "loops": each(TAG_NAME, _loop()),
        "interlocks": tables(_interlock()),
        "sequences": each(TAG_NAME, _sequence()),
        "procedures": each(PROCEDURE_NAME, _procedure()),
        "alarms": tables(_alarm()),
        "alarm_classes": {"type": "object", "additionalProperties": _alarm_class()},
        "malfunctions": _malfunctions(),
    }
    required = ("format", "name", "title", "chemistry", "feed", "areas", "units")
    return head("plantsim plant file") | table(properties, required)


# --- tables


def _area() -> Schema:
    properties = {
        "id": like(AREA_ID),
        "number": {"type": "integer", "minimum": 100, "maximum": 800, "multipleOf": 100},
        "title": TEXT,
        "watchdog": _quantity(TIME),
        "heartbeat": like(TAG_NAME),
    }
    return table(properties, ("id", "number", "title"))


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
        properties["initial"] = table(_parameters(kind.initial), _required(kind.initial))
    required = [*common, *_required(kind.parameters)]
    required += ["drives"] if always else []
    required += ["initial"] if _required(kind.initial) else []
    return table(properties, required) | {"description": kind.doc}


def _stream() -> Schema:
    flow = {"anyOf": [_quantity(MASS_FLOW), _quantity(VOLUME_FLOW)]}
    properties = {"title": TEXT, "from": TEXT, "to": TEXT, "by": TEXT, "capacity": flow, "head": FLAG, "through": TEXT}
    by_a_device = {key: ["by"] for key in ("capacity", "head", "through")}
    return table(properties, ("title", "from")) | {"dependentRequired": by_a_device}


def _device() -> Schema:
    properties = {
        "kind": {"enum": [kind.value for kind in DEVICE_KINDS]},
        "unit": TEXT,
        "title": TEXT,
        "stroke": _quantity(TIME),
        "fail": {"enum": ["closed", "open", "hold", "off", "stop"]},
        "power": _quantity(POWER),
        "loss": TEXT | {"description": LOSSES},
        "standby_for": like(TAG_NAME),
        "selector": like(TAG_NAME),
        "takeover": _quantity(TIME),
        "supply": TEXT,
        "moved_by": like(TAG_NAME),
        "draw": {"anyOf": [_quantity(VOLUME_FLOW), _quantity(GAS_FLOW)]},
        "measures": TEXT,
        "initial": {"anyOf": [number(0, 100), FLAG]},
    }
    return table(properties, ("kind", "unit", "title"))


def _product() -> Schema:
    properties = {
        "elements": TEXTS,
        "hopper": TEXT,
        "spec_pct": number(0, 100),
        "byproduct": FLAG,
        "most_loss_pct": number(0, 100),
        "graded_by": {"enum": ["oxide", "mass"]},
    }
    return table(properties, ("elements", "hopper", "spec_pct"))


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
        "noise": number(0),
        "wired": FLAG,
        "kind": {"enum": ["transmitter", "analyser"]},
        "sample": _quantity(TIME),
        "delay": _quantity(TIME),
    }
    either = [{"required": ["measures"]}, {"required": ["function"]}]
    return table(properties, ("unit", "title", "eu", "range")) | {"oneOf": either}


def _analyser() -> Schema:
    """Of several streams."""
    properties = {"title": TEXT, "line": _quantity(TIME), "analysis": _quantity(TIME), "turns": TEXTS}
    return table(properties, ("title", "analysis", "turns"))


def _loop() -> Schema:
    action = {"enum": ["direct", "reverse"]}
    output = table({"to": TEXT, "op": PAIR, "value": PAIR}, ("to",))
    constraint = table(
        {"tag": TEXT, "limit": NUMBER, "gain": number(0, 1000), "ti": _quantity(TIME), "action": action},
        ("tag", "limit", "gain", "ti", "action"),
    )
    properties = {
        "type": {"enum": list(TYPES)},
        "sp": NUMBER,
        "sp_range": PAIR,
        "mode": {"enum": list(FILE_MODES)},
        "ramp": _quantity(RAMP),
        "action": action,
        "gain": number(0, 1000),
        "ti": _quantity(TIME),
        "td": _quantity(TIME),
        "gap": number(0),
        "feed_forward": table({"tag": TEXT, "gain": NUMBER, "lag": _quantity(TIME)}, ("tag", "gain")),
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
    return table(properties, ("type", "sp", "mode")) | {"allOf": branches}


def _interlock() -> Schema:
    properties = {
        "id": like(INTERLOCK_NAME),
        "title": TEXT,
        "group": TEXT,
        "when": TEXTS,
        "votes": {"type": "integer", "minimum": 1},
        "deadband": number(0),
        "delay": _quantity(TIME),
        "latched": FLAG,
        "reset_role": {"enum": list(ROLES)},
        "bypass_role": {"enum": [*ROLES, "none"]},
        "bypass_time": _quantity(TIME),
        "effects": TEXTS,
    }
    return table(properties, ("id", "title", "group", "when", "effects"))


def _sequence() -> Schema:
    step = table(
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
        "steps": tables(step, 1),
    }
    return table(properties, ("unit", "title", "steps"))


def _procedure() -> Schema:
    step = table({"title": TEXT, "text": TEXT, "until": TEXTS}, ("title", "until"))
    properties = {"title": TEXT, "when": TEXT, "steps": tables(step, 1)}
    return table(properties, ("title", "when", "steps"))


def _alarm() -> Schema:
    properties = {
        "tag": TEXT,
        "condition": {"enum": list(CONDITIONS)},
        "limit": NUMBER,
        "deadband": number(0),
        "on_delay": _quantity(TIME),
        "off_delay": _quantity(TIME),
        "priority": {"type": "integer", "minimum": 1, "maximum": 4},
        "class": TEXT,
        "cause": TEXT,
        "consequence": TEXT,
        "response": TEXT,
        "respond_min": number(0),
        "suppressed_when": TEXT,
        "against": TEXT,
        "window": _quantity(TIME),
    }
    required = ("tag", "condition", "priority", "class", "cause", "consequence", "response", "respond_min")
    return table(properties, required)


def _alarm_class() -> Schema:
    return table({"confirm": FLAG, "longest_shelving": _quantity(TIME)}, ())


def _malfunctions() -> Schema:
    targets = {"anyOf": [TEXTS, {"type": "object", "additionalProperties": TEXTS}]}
    known = {id_: targets | {"description": one.title} for id_, one in catalogue().items() if not one.everywhere}
    return table(known, ())


# --- keys of a kind of unit


def _parameters(parameters: Iterable[Parameter]) -> dict[str, Schema]:
    return {one.name: _parameter(one) | {"description": one.doc} for one in parameters}


def _required(parameters: Iterable[Parameter]) -> list[str]:
    return [one.name for one in parameters if one.default is REQUIRED]


def _parameter(parameter: Parameter) -> Schema:
    what = parameter.what
    single: Schema
    if isinstance(what, Dimension):
        single = _quantity(what, parameter.low)
    elif what is Form.INTEGER:
        single = {"type": "integer", **limits(parameter.low, parameter.high)}
    elif what is Form.FLAG:
        single = FLAG
    elif what in (Form.EXTRACTANT, Form.REAGENT):
        single = TEXT
    elif what in (Form.SPECIES, Form.GROUPS):
        single = TEXTS
    else:
        single = {"type": "object", "additionalProperties": number(0)}
    if not parameter.count:
        return single
    many: Schema = {"type": "array", "items": single}
    if isinstance(parameter.count, int):
        many |= {"minItems": parameter.count, "maxItems": parameter.count}
    return many


def _quantity(dimension: Dimension, low: float = 0.0) -> Schema:
    """A text with a number and, where one is needed, a unit; the loader knows which compound units fit."""
    sign = r"\s*\+?" if low >= 0.0 else r"\s*[-+]?"
    units = "|".join([*_single(dimension), _COMPOUND])
    if any(dimension.exponents):
        # as a choice of one, for a validator's message would quote a pattern
        text: Schema = {"type": "string", "anyOf": [{"pattern": rf"^{sign}{_NUMBER}\s*({units})\s*$"}]}
        return text | {"examples": [dimension.example]}
    text = {"type": "string", "pattern": rf"^{sign}{_NUMBER}\s*({units})?\s*$"}
    return {"anyOf": [number(low), text], "examples": [dimension.example]}


def _single(dimension: Dimension) -> list[str]:
    """Units of a dimension that are one word, such as ``L`` and ``m3``."""
    words = [f"{name}{power}" for name in ("%", *_NAMES) for power in ("", "2", "3")]
    units = {word: parse_unit(word) for word in words}
    return [word for word, unit in units.items() if unit is not None and unit.exponents == dimension.exponents]
