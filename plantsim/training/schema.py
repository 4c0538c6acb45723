"""A JSON Schema of scenario files, for editors: keys, forms, limits; names of the plant are the loader's to judge."""

from __future__ import annotations

from plantsim.model.duration import UNITS
from plantsim.model.json_schema import FLAG, NUMBER, TEXT, TEXTS, Schema, head, like, number, table, tables
from plantsim.model.load import NAME
from plantsim.training.read_scenario import FULL_SCORE, HIGHEST_SEED, HIGHEST_SPEED, LEAST_SPEED, SNAPSHOT
from plantsim.training.scenario import Competency

DURATION: Schema = {"type": "string", "pattern": rf"^\d+(\.\d+)?({'|'.join(UNITS)})$", "examples": ["90s", "15m", "2h"]}
"""Plant time."""
POINTS = number(0, FULL_SCORE)
SETTINGS: Schema = {"type": "object", "additionalProperties": {"type": ["number", "boolean", "string"]}}
"""Values to be written, by member."""
FILLINGS: Schema = {"type": "object", "additionalProperties": {"type": "object"}}
"""What units hold, by unit; which keys a unit has is the plant's to say."""


def scenario_schema() -> Schema:
    """The schema (draft 2020-12) of a scenario file, as JSON has it."""
    properties = {
        "format": {"const": 1},
        "title": TEXT,
        "briefing": TEXT,
        "plant": {"anyOf": [like(NAME), {"type": "string", "pattern": r"\.toml$"}]},
        "start": like(SNAPSHOT),
        "initial": table({"write": SETTINGS, "units": FILLINGS}, ()),
        "lead_in": DURATION,
        "seed": {"type": "integer", "minimum": 0, "maximum": HIGHEST_SEED},
        "speed": number(LEAST_SPEED, HIGHEST_SPEED),
        "pass_at": number(1, FULL_SCORE),
        "hint_points": POINTS,
        "events": tables(_event()),
        "hints": tables(table({"text": TEXT, "after": TEXT}, ("text",))),
        "criteria": tables(_criterion(), 1),
        "penalties": tables(table({"title": TEXT, "points": POINTS, "when": TEXTS}, ("title", "points", "when"))),
        "end": table({"at": DURATION, "when": TEXTS, "hold": DURATION, "fail": TEXTS}, ("at",)),
        "expert": _script(),
        "wrong": _script(),
        "debrief": table({"trends": TEXTS, "lesson": TEXT, "next": TEXTS}, ("trends", "lesson")),
    }
    required = ("format", "title", "briefing", "plant", "criteria", "end", "expert", "wrong", "debrief")
    return head("plantsim scenario file") | table(properties, required)


def _event() -> Schema:
    inject = table(
        {"malfunction": TEXT, "severity": number(0, 1), "delay": DURATION, "ramp": DURATION}, ("malfunction",)
    )
    properties = {
        "id": TEXT,
        "at": DURATION,
        "after": TEXT,
        "when": TEXTS,
        "hold": DURATION,
        "told": TEXT,
        "inject": inject,
        "clear": TEXT,
        "write": SETTINGS,
        "message": TEXT,
    }
    happens = [{"required": [key]} for key in ("inject", "clear", "write", "message")]
    return table(properties, ("id",)) | {"anyOf": happens}


def _criterion() -> Schema:
    """What all criteria have in common, and for each kind its keys."""
    common = {
        "id": TEXT,
        "title": TEXT,
        "competency": {"enum": [one.value for one in Competency]},
        "weight": POINTS,
        "required": FLAG,
        "practise": TEXT,
    }
    in_time = {"within": DURATION, "late": DURATION}
    kinds: dict[str, tuple[dict[str, Schema], tuple[str, ...]]] = {
        "respond": ({"after": TEXT, **in_time, "acknowledge": TEXTS, "display": TEXTS, "write": TEXTS}, ("within",)),
        "band": (
            {
                "after": TEXT,
                "delay": DURATION,
                "value": TEXT,
                "low": NUMBER,
                "high": NUMBER,
                "most": number(0, 1),
                "none": number(0, 0.99),
            },
            ("value",),
        ),
        "reach": ({"after": TEXT, "when": TEXTS, "hold": DURATION, **in_time}, ("when", "within")),
        "order": ({"steps": {"type": "array", "items": TEXT, "minItems": 1}}, ("steps",)),
        "avoid": ({"when": TEXTS, "write": TEXTS}, ()),
        "alarms": (
            {"acknowledge": DURATION, "most": {"type": "integer", "minimum": 1, "maximum": 1000}},
            ("acknowledge",),
        ),
        "figure": ({"value": TEXT, "full": NUMBER, "none": NUMBER, "change": FLAG}, ("value", "full", "none")),
    }
    always = {**common, "kind": {"enum": list(kinds)}}
    needed = ("id", "title", "competency", "weight", "kind")
    branches = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": table({**always, **own}, (*needed, *required)),
        }
        for kind, (own, required) in kinds.items()
    ]
    return {"type": "object", "properties": always, "required": list(needed), "allOf": branches}


def _script() -> Schema:
    properties = {
        "wait": DURATION,
        "after": TEXT,
        "when": TEXTS,
        "hold": DURATION,
        "write": SETTINGS,
        "acknowledge": TEXTS,
        "display": TEXT,
        "hint": FLAG,
    }
    return table({"title": TEXT, "steps": tables(table(properties, ())), "acknowledges": DURATION}, ("title",))
