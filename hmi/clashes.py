"""Keys that the operator gave to a command and that another one has, too: whichever came second would be lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations, product

from textual.keys import _character_to_key

from hmi.commands import TABLE, Command, Situation
from hmi.model import Member, Plant, TagObject, ValueClass
from hmi.procedure import Procedure

FIXED = {
    **dict.fromkeys(("up", "down", "left", "right", "tab", "shift+tab"), "moves the cursor"),
    "ctrl+c": "tells how to leave",
}
"""Keys that cannot be given to commands, and what they do."""

_PAGES = {
    "section": ("units", "stages", "zones", "analysers"),
    "alarms": ("standing", "withheld", "history", "metrics"),
    "manual": ("contents", "text"),
    "procedures": ("list", "steps"),
} | dict.fromkeys(("overview", "trends", "analysers", "journal", "comms", "instructor", "training"), ("",))
_POINTED = ("", "tag", "area", "unit", "alarm", "transition", "entry", "pen", "malfunction", "injected", "snapshot",
            "scenario", "chapter", "procedure", "step")  # fmt: skip


def clash(wanted: Mapping[str, str]) -> str | None:
    """What is wrong with keys by command id, separated by commas: the id, what was found and what is allowed; None
    where every key asks for one thing at a time."""
    keys = {command.id: [_named(key) for key in wanted.get(command.id, command.keys).split(",")] for command in TABLE}
    own = {command.id: command.keys.split(",") for command in TABLE}
    for id_ in wanted:
        for key in keys[id_]:
            if key in FIXED and key not in own[id_]:
                return f"{id_}: {key!r} {FIXED[key]}; allowed: a key of its own"
            if keys[id_].count(key) > 1:
                return f"{id_}: {key!r} twice; allowed: {len(keys[id_])} keys that differ"
    for first, second in combinations(TABLE, 2):
        mine, other = (first, second) if first.id in wanted else (second, first)
        if mine.id not in wanted:
            continue
        by_default = {*own[mine.id]} & {*own[other.id]}  # the table knows which of the two comes first
        shared = next((key for key in keys[mine.id] if key in keys[other.id] and key not in by_default), None)
        if shared is not None and _meet(mine, other):
            whose = f"keys.{other.id} has it, too" if other.id in wanted else f"that is the key of {other.id}"
            return f"{mine.id}: {shared!r}, but {whose} ({other.help}); allowed: a key of its own, or another for that"
    return None


def _named(key: str) -> str:
    """A key by Textual's name, also where it was written as its character."""
    key = key.strip()
    return _character_to_key(key) if len(key) == 1 else key


def _meet(first: Command, second: Command) -> bool:
    """Whether there is a situation in which both are on offer."""
    return any(first.when(situation) and second.when(situation) for situation in _situations())


@cache
def _situations() -> tuple[Situation, ...]:
    return tuple(_every_situation())


def _every_situation() -> Iterator[Situation]:
    """Every kind of situation that the commands tell apart."""
    numbers = ("PV", "SP", "OP", "CMD", "STATE", "MODE", "SPEED_CMD")
    members = {name: Member(name, name, ValueClass.NUMBER, writable=True) for name in numbers}
    tags = [None, *(TagObject("T", "", kind, "", "", members) for kind in ("controller", "valve"))]
    methods = frozenset(("Run", "Freeze", "SetSpeed", "Step", "Inject", "ListInjected"))
    plants = [Plant("", (), {}, {}, procedures={"P": Procedure("P", "", ())}, methods=own) for own in
              (methods, frozenset())]  # fmt: skip
    for (display, pages), pointed, tag, replays, by_hand in product(
        _PAGES.items(), _POINTED, tags, (False, True), (False, True)
    ):
        for page in pages:
            yield Situation(
                display, page, tag, pointed, plants[replays], pages=2, pens=1, alarms=1, practises=True,
                exercising=not replays, replays=replays, by_hand=by_hand, distrusts=True,
            )  # fmt: skip
