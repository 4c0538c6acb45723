"""One tag object in a few cells: analog values with their bar, drives, valves and switches with their state."""

from __future__ import annotations

import math

from rich.style import Style

from hmi.format import BAD, duration, mode_letter, number, places
from hmi.model import TagObject
from hmi.store import Quality
from hmi.theme import Looks, badge
from hmi.view import Target, View
from hmi.widgets.bar import bar
from hmi.widgets.canvas import Canvas, Row

TAG = 9
VALUE = 7
UNIT = 6
DEVICE = 13
"""Width of a device's cell without the gap after it."""

RUNNING, STOPPED = "●", "○"
OPEN, SHUT, MOVING = "▮", "▯", "▨"


def name_style(view: View, tag: TagObject, plain: Style) -> Style:
    """The style of a tag's name: inverse under the cursor."""
    return view.looks.cursor if view.cursor == Target("tag", tag.id) else plain


def alarm_mark(row: Row, view: View, tag: TagObject) -> int | None:
    """Append two cells: shape and digit of the worst standing alarm, or blank. Returns its priority while active."""
    record = view.book.worst(tag.id)
    if record is None:
        row.add("  ", view.looks.text)
        return None
    style = view.looks.priority(record.alarm.priority)
    if not record.acked and view.blink:
        style = style + Style(reverse=True)
    row.add(badge(record.alarm.priority, record.state), style)
    return record.alarm.priority if record.active else None


def value(row: Row, view: View, tag: TagObject, width: int = VALUE) -> float:
    """Append the primary value, right-aligned, one cell of quality mark after it. Returns it, nan where bad."""
    member = tag.primary
    looks = view.looks
    if member is None:
        row.add(" " * (width + 1), looks.text)
        return math.nan
    reading = view.store.read(member.name)
    shown = reading.number
    if reading.quality is Quality.BAD or math.isnan(shown):
        row.add(BAD, looks.bad, width, right=True).add("?", looks.bad)
        return math.nan
    row.add(number(shown, places(member, tag), width), looks.live, width, right=True)
    mark = {Quality.UNCERTAIN: "?", Quality.OVERRIDE: "*"}.get(reading.quality, " ")
    row.add(mark, looks.text if mark == " " else looks.bad)
    return shown


def tag_bar(row: Row, view: View, tag: TagObject, width: int, shown: float, priority: int | None) -> None:
    """Append the bar of an object's primary value."""
    span = tag.display_span
    setpoint = view.store.number(f"{tag.id}.SP") if tag.kind == "controller" else math.nan
    bar(row, view.looks, width, shown, span, tag.normal, tuple(tag.limits.values()), setpoint, priority)


def mode(row: Row, view: View, tag: TagObject) -> None:
    """Append mode letter and output: ``A  45%``."""
    looks = view.looks
    if tag.kind != "controller":
        row.add("      ", looks.text)
        return
    letter = mode_letter(tag.members.get("MODE"), view.store.number(f"{tag.id}.MODE"))
    row.add(letter, looks.setting if letter not in ("A", "?") else looks.dim)
    output = view.store.number(f"{tag.id}.OP")
    row.add(BAD if math.isnan(output) else f"{output:.0f}", looks.text, 4, right=True).add("%", looks.dim)


def analog(canvas: Canvas, view: View, tag: TagObject, x: int, y: int, width: int) -> None:
    """One line for an analog object: alarm mark, tag, title if there is room, value, unit, bar, mode and output."""
    looks = view.looks
    row = canvas.row(y, x)
    canvas.pick(x, y, width, Target("tag", tag.id))
    priority = alarm_mark(row, view, tag)
    row.add(tag.id, name_style(view, tag, looks.text), TAG).add(" ", looks.text)
    fixed = 2 + TAG + 1 + VALUE + 1 + UNIT + 1 + 6
    room = width - fixed
    title = min(34, max(16, room - 16)) if room >= 26 else 0
    if title:
        row.add(tag.title, looks.dim, title)
        room -= title
    shown = value(row, view, tag)
    member = tag.primary
    row.add(member.eu if member is not None else "", looks.dim, UNIT)
    if room > 2:
        tag_bar(row, view, tag, min(room, 40), shown, priority)
        row.gap(x + width - 7)
    row.add(" ", looks.text)
    mode(row, view, tag)


def state_line(canvas: Canvas, view: View, tag: TagObject, x: int, y: int, width: int) -> None:
    """One line for a sequence or an interlock: alarm mark, symbol, tag, title if there is room, and how it stands."""
    looks = view.looks
    row = canvas.row(y, x)
    canvas.pick(x, y, width, Target("tag", tag.id))
    alarm_mark(row, view, tag)
    symbol, text, style = _sequence(view, tag) if tag.kind == "sequence" else _interlock(view, tag)
    row.add(tag.id, name_style(view, tag, looks.text), TAG).add(" ", looks.text)
    row.add(symbol, style).add(f" {text} ", style)
    row.add(tag.title, looks.dim, max(0, x + width - row.used))


def _sequence(view: View, tag: TagObject) -> tuple[str, str, Style]:
    """Its state; while it is at work or held the step and how long it has been in it."""
    looks = view.looks
    state = view.store.number(f"{tag.id}.STATE")
    member = tag.members.get("STATE")
    if member is None or math.isnan(state):
        return "?", BAD, looks.bad
    word = member.states[int(state)] if 0 <= int(state) < len(member.states) else str(int(state))
    step, since = view.store.number(f"{tag.id}.STEP"), view.store.number(f"{tag.id}.STEP_TIME")
    if word in ("Idle", "Complete") or math.isnan(step):
        return STOPPED, word, looks.dim
    return RUNNING, f"{word}, step {step:.0f}, {duration(since)}", looks.live if word == "Held" else looks.text


def _interlock(view: View, tag: TagObject) -> tuple[str, str, Style]:
    """Armed, tripped with what was first, or bypassed: the last two are bright, for neither is normal."""
    looks = view.looks
    tripped, bypassed = view.store.number(f"{tag.id}.TRIPPED"), view.store.number(f"{tag.id}.BYPASS")
    if math.isnan(tripped):
        return "?", BAD, looks.bad
    if tripped > 0:
        first = view.store.read(f"{tag.id}.FIRST_OUT").value
        return "!", f"TRIPPED {first}" if isinstance(first, str) and first else "TRIPPED", looks.shout
    if bypassed > 0:
        return "!", "BYPASSED", looks.shout
    return RUNNING, "armed", looks.dim


def device_state(view: View, tag: TagObject) -> tuple[str, str, Style]:
    """Symbol, short text and style of a drive, valve or switch."""
    looks = view.looks
    read = view.store.number
    if tag.kind in ("fixed drive", "variable drive"):
        return _drive(view, tag)
    if tag.kind == "valve":
        place = read(f"{tag.id}.POS")
        return _position(place, looks)
    if tag.kind == "on/off valve":
        opened, closed = read(f"{tag.id}.OPENED"), read(f"{tag.id}.CLOSED")
        if math.isnan(opened) or math.isnan(closed):
            return "?", BAD, looks.bad
        if opened > 0:
            return OPEN, "open", looks.text
        return (SHUT, "shut", looks.dim) if closed > 0 else (MOVING, "", looks.text)
    member = tag.members.get("STATE") or tag.members.get("PV")
    state = read(member.name) if member is not None else math.nan
    if member is None or math.isnan(state):
        return "?", BAD, looks.bad
    text = member.states[int(state)] if 0 <= int(state) < len(member.states) else number(state, 0)
    return RUNNING if state > 0 else STOPPED, text, looks.text


def _drive(view: View, tag: TagObject) -> tuple[str, str, Style]:
    looks = view.looks
    read = view.store.number
    running, tripped = read(f"{tag.id}.RUN"), read(f"{tag.id}.TRIP")
    if math.isnan(running):
        return "?", BAD, looks.bad
    if tripped > 0:
        return "!", "trip", looks.live
    speed = read(f"{tag.id}.SPEED") if "SPEED" in tag.members else math.nan
    text = f"{speed:.0f}%" if running > 0 and not math.isnan(speed) else ""
    return (RUNNING, text, looks.text) if running > 0 else (STOPPED, text, looks.dim)


def _position(place: float, looks: Looks) -> tuple[str, str, Style]:
    if math.isnan(place):
        return "?", BAD, looks.bad
    return (OPEN if place > 0.5 else SHUT), f"{place:.0f}%", looks.text if place > 0.5 else looks.dim


def device(canvas: Canvas, view: View, tag: TagObject, x: int, y: int) -> None:
    """One drive, valve or switch in DEVICE cells: symbol, tag, position or state; an alarm's shape as symbol."""
    looks = view.looks
    row = canvas.row(y, x)
    canvas.pick(x, y, DEVICE, Target("tag", tag.id))
    symbol, text, style = device_state(view, tag)
    record = view.book.worst(tag.id)
    if record is not None:
        mark = looks.priority(record.alarm.priority)
        row.add(badge(record.alarm.priority, record.state), mark + Style(reverse=not record.acked and view.blink))
    else:
        row.add(symbol, style)
    name = DEVICE - 5 if record is None else DEVICE - 6
    row.add(tag.id, name_style(view, tag, style), name).add(text, style, 4, right=True)
