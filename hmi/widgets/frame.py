"""The first and the last line of every display: where we are, plant time, alarms, link; and the keys."""

from __future__ import annotations

import math

from rich.style import Style

from hmi.comm.link import SLOW
from hmi.commands import Command, Situation, find, footer, label_parts, withheld
from hmi.format import clock, day, duration, speed
from hmi.replay import Player
from hmi.theme import HOLLOW, SHAPES, Looks
from hmi.view import Target
from hmi.widgets.canvas import Canvas, Row, cells
from hmi.widgets.panel import Panel


class Header(Panel):
    """Title, run state, plant time, alarm counts and link."""

    DEFAULT_CSS = "Header { height: 1; }"

    title_text = ""
    """Name of the display, set by it."""
    turns = ""
    """Id of the command that a click on the title does, where the display has pages or views."""
    instructing = False
    """Whether it is the instructor's: another ground, so that nobody takes his display for an operator's."""

    @property
    def looks(self) -> Looks:
        """The styles of this header."""
        looks = self.view.looks
        return looks.with_frame(looks.instructing) if self.instructing else looks

    def build(self, canvas: Canvas) -> None:
        looks = self.looks
        row = canvas.row(0)
        right = _Pieces()
        self._alarms(right)
        self._link(right)
        middle = _Pieces()
        self._time(middle, wide=canvas.width >= 100)
        left = canvas.width - right.width - middle.width - 3
        if self.turns:
            canvas.pick(0, 0, min(left, cells(self.title_text)) + 1, Target("command", self.turns))
        row.add(" ", looks.frame).add(self.title_text, looks.frame + Style(bold=True), max(0, left))
        middle.onto(row.add(" ", looks.frame))
        row.gap(canvas.width - right.width, looks.frame)
        link = _Pieces()
        self._link(link)
        canvas.pick(row.used, 0, right.width - link.width, Target("command", "alarms"))
        canvas.pick(canvas.width - link.width, 0, link.width, Target("command", "comms"))
        right.onto(row)

    def _time(self, pieces: _Pieces, wide: bool) -> None:
        view, looks = self.view, self.looks
        if view.player is not None:
            self._replay(pieces, view.player, wide)
            return
        if not view.plant.simulation:
            pieces.add(clock(view.store.now), looks.frame)
            return
        running = view.store.number("Simulation.Running")
        asked = view.store.number("Simulation.Speed")
        if view.store.read("Simulation.Failure").value:
            pieces.add(" STOPPED ", looks.shout)
        elif math.isnan(running):
            pieces.add(" ? ", looks.frame)
        elif running > 0:
            pieces.add("RUN", looks.frame)
        else:
            pieces.add(" FROZEN ", looks.shout)
        pieces.add(f" {speed(asked)}", looks.frame if asked == 1 else looks.frame + Style(bold=True))
        actual = view.store.number("Simulation.ActualSpeed")
        if running > 0 and not math.isnan(actual) and actual < 0.9 * min(asked, 1e9):
            pieces.add(f" (x{actual:.3g})", looks.frame_dim)
        pieces.add(
            f"  {day(view.store.now)} {clock(view.store.now)}" if wide else f"  {clock(view.store.now)}", looks.key
        )

    def _replay(self, pieces: _Pieces, player: Player, wide: bool) -> None:
        """That it is none of now, how fast it runs, its time, and what happened before and behind the cursor."""
        looks = self.looks
        word = "END" if player.at_end else f"x{player.speed:g}" if player.playing else "PAUSE"
        word = "READS" if player.reads else word
        pieces.add(f" REPLAY {word} ", looks.shout)
        pieces.add(f" {day(player.cursor)} {clock(player.cursor)}" if wide else f" {clock(player.cursor)}", looks.key)

    def _alarms(self, pieces: _Pieces) -> None:
        view, looks = self.view, self.looks
        active, unacked = view.book.counts()
        for priority, count in active.items():
            if priority == 4 and not count:
                continue
            mark = f"{(SHAPES if count else HOLLOW)[priority]}{priority} {count}"
            style = looks.priority(priority) + Style(bgcolor=looks.frame.bgcolor) if count else looks.frame_dim
            pieces.add(mark, looks.bad if view.book.stale else style).add(" ", looks.frame)
        if unacked:
            pieces.add(f" {unacked} unack ", looks.shout if view.blink else looks.frame).add(" ", looks.frame)
        else:
            pieces.add("         ", looks.frame)

    def _link(self, pieces: _Pieces) -> None:
        link, looks = self.view.link, self.looks
        silent = self.view.health.silence
        if link.online and silent >= SLOW:
            pieces.add(f" ○ silent {duration(silent)} ", looks.fault)
        elif link.online:
            pieces.add(f"● {link.latency_ms:3.0f} ms ", looks.frame_dim)
        else:
            pieces.add(" ○ OFFLINE ", looks.fault)


def pick_command(canvas: Canvas, x: int, y: int, label: str, command: Command, width: int) -> None:
    """Make a command's label and title, so many cells in all, pickable; each of its keys does what that key does."""
    for part, index in label_parts(label, command):
        at = label.index(part) if not index else label.rindex(part)
        canvas.pick(x + at, y, len(part), Target("command", f"{command.id}:{index}"))
    canvas.pick(x, y, width, Target("command", command.id))


class Footer(Panel):
    """The keys that make sense now, from the table of commands; at the end who sits here."""

    DEFAULT_CSS = "Footer { height: 1; }"

    situation = Situation()
    """Set by the display before painting."""

    def build(self, canvas: Canvas) -> None:
        looks = self.view.looks
        row = canvas.row(0).add(" ", looks.frame)
        who = self._identity(canvas.width)
        for command in footer(self.situation, canvas.width - cells(who), self.view.label):
            label = self.view.label(command)
            pick_command(canvas, row.used, 0, label, command, len(label) + len(command.title) + 1)
            row.add(label, looks.key).add(f" {command.title}  ", looks.frame_dim)
        row.gap(canvas.width - cells(who), looks.frame)
        canvas.pick(row.used, 0, cells(who), Target("command", "log-in"))
        row.add(who, looks.frame)

    def _identity(self, width: int) -> str:
        """Who sits here; of an observer what he would have to do, where others could do more. Of a replay nothing."""
        if self.situation.replays:
            return ""
        if withheld(self.situation) and not self.situation.operates:
            return f" {self.view.identity}: log in to operate, {self.view.label(find('log-in'))} "
        who = self.view.identity
        return f" {who if len(who) <= width // 4 else self.view.role} "


class _Pieces:
    """Styled text collected before its place is known."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, Style]] = []
        self.width = 0

    def add(self, text: str, style: Style) -> _Pieces:
        self.parts.append((text, style))
        self.width += cells(text)
        return self

    def onto(self, row: Row) -> None:
        for text, style in self.parts:
            row.add(text, style)
