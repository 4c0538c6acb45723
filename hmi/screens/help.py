"""The keys, from the table of commands, and what the marks mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from rich.style import Style
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen

from hmi.commands import TABLE, Command, find, offered, permits
from hmi.theme import SHAPES, Looks
from hmi.view import Target, View
from hmi.widgets.canvas import Canvas
from hmi.widgets.cells import MOVING, OPEN, RUNNING, SHUT, STOPPED
from hmi.widgets.frame import pick_command
from hmi.widgets.panel import Panel

if TYPE_CHECKING:
    from hmi.screens.display import Display

_KEYS = 8
"""Cells of the keys before what they do."""
_RETURN = " Esc back  "


class Keys(Panel):
    """All commands by group, in as many columns as fit, on as many pages as that takes; dim what the role may not."""

    page = 0
    pages = 1

    def build(self, canvas: Canvas) -> None:
        looks = self.view.looks
        lines = list(self._entries())
        longest = max(len(line[1]) for line in lines) + _KEYS + 2
        columns = max(1, canvas.width // longest)
        width = canvas.width // columns
        pages = -(-len(lines) // max(1, columns * (canvas.height - 1)))
        self.pages = pages
        self.page %= pages
        on_page = -(-len(lines) // pages)
        lines = lines[self.page * on_page : (self.page + 1) * on_page]
        tall = -(-len(lines) // columns)
        foot = canvas.row(canvas.height - 1)
        canvas.pick(0, canvas.height - 1, len(_RETURN) - 1, Target("action", "dismiss_help"))
        foot.add(_RETURN, looks.dim)
        if pages > 1:
            text = f" page {self.page + 1} of {pages}, PgDn  "
            canvas.pick(foot.used, canvas.height - 1, len(text), Target("action", "turn(1)"))
            foot.add(text, looks.dim)
        if self.view.player is None:
            foot.add(f" {self.view.identity}", looks.text)
            if not all(permits(self.view.role, command) for command in TABLE):
                foot.add(f": not what is in brackets; {self.view.label(find('log-in'))} logs in", looks.dim)
        for index, (key, text, style, command) in enumerate(lines):
            x, y = width * (index // tall), index % tall
            row = canvas.row(y, x).add(" ", looks.text)
            if command is not None:
                pick_command(canvas, row.used, y, key, command, width - 2)
            row.add(key, looks.live, _KEYS if key else 0)
            row.add(text, style, max(0, x + width - 1 - row.used))

    def _entries(self) -> Iterator[tuple[str, str, Style, Command | None]]:
        """Keys, what they do, how that is painted, and the command that it is."""
        yield from self._commands()
        looks = self.view.looks
        yield from ((key, text, style, None) for key, text, style in self._marks(looks))

    def _commands(self) -> Iterator[tuple[str, str, Style, Command | None]]:
        looks = self.view.looks
        for group in dict.fromkeys(command.group for command in TABLE):
            yield "", group, looks.title, None
            for command in TABLE:
                if command.group == group:
                    may = permits(self.view.role, command) or self.view.player is not None
                    text, style = (command.help, looks.text) if may else (f"({command.help})", looks.dim)
                    yield self.view.label(command), text, style, command

    def _marks(self, looks: Looks) -> Iterator[tuple[str, str, Style]]:
        yield "", "Marks", looks.title
        for priority, word in ((1, "high"), (2, "medium"), (3, "low"), (4, "diagnostic")):
            yield (
                f"{SHAPES[priority]}{priority}",
                f"alarm of {word} priority; hollow: returned",
                looks.priority(priority),
            )
        yield f"{RUNNING} {STOPPED}", "drive runs, stands; ! tripped", looks.text
        yield f"{OPEN} {SHUT} {MOVING}", "valve open, shut, moving", looks.text
        yield "▾", "set point on a bar; band: normal", looks.setting
        yield "---?", "bad quality; ? uncertain, * forced", looks.bad


class Help(ModalScreen[None]):
    """A page of keys: its own turn it or return, those it tells of do on the display what they are for."""

    BINDINGS = [
        Binding("escape,enter,backspace,f1,question_mark,q", "dismiss_help", show=False),
        Binding("pagedown,space", "turn(1)", show=False),
        Binding("pageup", "turn(-1)", show=False),
    ]
    DEFAULT_CSS = """
    Help { background: $background; }
    Help Keys { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view

    def compose(self) -> ComposeResult:
        self._keys = Keys(self.view)
        yield self._keys

    def pages(self) -> int:
        """How many pages there are."""
        return self._keys.pages

    def show_page(self, number: int) -> None:
        """Turn to a page, the first being 1."""
        self._keys.page = number - 1
        self._keys.paint(force=True)

    def action_turn(self, pages: int) -> None:
        """Show another page."""
        self.show_page(self._keys.page + 1 + pages)

    @on(Panel.Picked)
    async def _picked(self, event: Panel.Picked) -> None:
        """Turn the page, or do on the display what the line is about."""
        event.stop()
        if event.target.kind == "action":
            await self.run_action(event.target.id)
            return
        self._leave_for(event.target)

    @on(events.Key)
    def _pressed(self, event: events.Key) -> None:
        """Do on the display what the key does there; one that does nothing there leaves the page open."""
        situation = self._beneath.situation()
        for command in offered(situation):
            keys = self.view.keys.get(command.id, command.keys.replace(",", " ")).split()
            if event.key in keys and not command.action.startswith("app."):
                event.stop()
                self._leave_for(Target("command", f"{command.id}:{keys.index(event.key)}"))
                return

    @property
    def _beneath(self) -> Display:
        """The display that the page was opened from."""
        return cast("Display", self.app.screen_stack[-2])

    def _leave_for(self, target: Target) -> None:
        beneath = self._beneath
        self.dismiss()
        beneath.post_message(Panel.Picked(target))

    @on(Panel.Scrolled)
    def _scrolled(self, event: Panel.Scrolled) -> None:
        event.stop()
        self.action_turn(1 if event.lines > 0 else -1)

    def action_dismiss_help(self) -> None:
        """Return to the display."""
        self.dismiss()
