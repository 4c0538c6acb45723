"""A row of the cause-and-effect matrix on the faceplate of its interlock."""

from __future__ import annotations

from hmi.format import duration
from hmi.interlock import Interlock
from hmi.view import View
from hmi.widgets.canvas import Canvas
from hmi.widgets.cells import RUNNING, STOPPED
from hmi.widgets.procedures import value_now, words

_EFFECTS = {"STOP": "stopped", "START": "started", "LOCK": "kept from starting", "OPEN": "opened", "CLOSE": "closed"}


def cause_effect_rows(interlock: Interlock) -> int:
    """Lines that ``cause_effect`` needs."""
    return len(interlock.causes) + 1 + len(interlock.effects) + 1


def cause_effect(view: View, canvas: Canvas, tag: str, interlock: Interlock, y: int) -> int:
    """Causes with the values of now, how they trip it, effects, and who was first of its group; the line below."""
    looks = view.looks
    for index, cause in enumerate(interlock.causes):
        holds = view.holds(cause)
        row = canvas.row(y).add(f" {'' if index else 'causes':<10}", looks.dim)
        row.add(RUNNING if holds else STOPPED if holds is False else "?", looks.live if holds else looks.dim)
        row.add(f" {words(view, cause)}", looks.live if holds else looks.text)
        if cause.relation != "bad":
            row.add(f"   now {value_now(view, cause)}", looks.dim)
        y += 1
    many = len(interlock.causes)
    votes = "" if many == 1 else "any of them" if interlock.votes == 1 else f"{interlock.votes} of {many}"
    lasting = f"after {duration(interlock.delay)}" if interlock.delay else "at once"
    back = "stays until it is reset" if interlock.latched else "lets go by itself"
    canvas.row(y).add(" " * 11, looks.dim).add(", ".join(filter(None, (votes, lasting, back))), looks.dim)
    y += 1
    for index, (device, verb) in enumerate(interlock.effects):
        row = canvas.row(y).add(f" {'' if index else 'effects':<10}", looks.dim)
        row.add(f"{device:<10}", looks.text).add(f" {_EFFECTS.get(verb, f'to {verb}'):<18}", looks.text)
        found = view.tag(device)
        row.add(f"  {found.title}" if found is not None else "", looks.dim, max(0, canvas.width - row.used - 1))
        y += 1
    others = [id_ for id_, one in view.plant.interlocks.items() if one.group == interlock.group and id_ != tag]
    first = [id_ for id_ in (tag, *others) if view.store.number(f"{id_}.FIRST_OUT") == 1.0]
    row = canvas.row(y).add(" group     ", looks.dim).add(interlock.group, looks.text)
    row.add(f"   first out {first[0]}" if first else "   none has tripped", looks.live if first else looks.dim)
    return y + 1
