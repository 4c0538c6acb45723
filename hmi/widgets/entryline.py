"""The line above the footer: the alarm banner; during an entry the prompt, the confirmation and the answer."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, cast

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from hmi.comm.link import SLOW
from hmi.entry import EntryError
from hmi.format import duration
from hmi.view import Target, View
from hmi.widgets.alarmlist import alarm_line
from hmi.widgets.canvas import Canvas, Row, cells
from hmi.widgets.panel import Panel

if TYPE_CHECKING:
    from hmi.app import HmiApp

SEND, TAKE_NOTE = "send", "take note"
"""What Enter does to a change: where somebody else was quicker it only takes note of that."""
SAID = 12.0
"""Seconds an answer stays before the banner returns."""


class Stage(Enum):
    """What the line is doing."""

    IDLE = "idle"
    ASKING = "asking"
    CONFIRMING = "confirming"
    JUMPING = "jumping"
    BUSY = "busy"


class Seen(NamedTuple):
    """An entry in the light of what happens meanwhile: what is asked, what is to be noticed, and what Enter does."""

    text: str
    notice: str
    verb: str


class Tone(Enum):
    """How an answer is shown."""

    PLAIN = "plain"
    REFUSED = "refused"


def banner(row: Row, view: View) -> None:
    """Append the one line an operator must not miss: no connection, or the first alarm of the list."""
    link, looks = view.link, view.looks
    if not link.online and link.since is not None:
        text = f" no connection since {link.since:%H:%M:%S}  {link.error}; attempt {link.attempt}"
        text += f", waiting for {duration(link.waits)}" if link.waits >= SLOW else ""
        row.add(text, looks.fault).gap(row.width, looks.fault)
        return
    standing = view.book.standing()
    if standing:
        alarm_line(row.add(" ", looks.text), view, standing[0])


class Words(Panel):
    """The text of the line."""

    DEFAULT_CSS = "Words { width: 1fr; height: 1; }"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.line: EntryLine | None = None

    def build(self, canvas: Canvas) -> None:
        line, looks = self.line, self.view.looks
        row = canvas.row(0)
        if line is None:
            return
        if line.stage is Stage.IDLE and line.said is None:
            banner(row, self.view)
            return
        if line.stage is Stage.IDLE:
            assert line.said is not None
            text, tone = line.said
            style = looks.bad if tone is Tone.REFUSED else looks.text
            if canvas.height > 1:  # what became of it is at the end, and must not be what is cut off
                text, *rest = textwrap.wrap(text, row.width - 2, break_on_hyphens=False)
                canvas.row(1).add(f" {' '.join(rest)}", style)
            row.add(f" {text}", style)
            return
        if line.stage is Stage.CONFIRMING:
            self._question(canvas, row, line)
            return
        row.add(f" {line.text} ", looks.setting + Style(bold=True))
        if line.notice:
            row.add(f" {line.notice} ", looks.shout)
        if line.stage is Stage.JUMPING:
            canvas.pick(row.used + 3, 0, len("Esc stay"), Target("key", "escape"))
            row.add("   ", looks.text).add("Esc", looks.live).add(" stay", looks.dim)
        elif line.stage is Stage.BUSY:
            row.add(" ...", looks.dim)

    def _question(self, canvas: Canvas, row: Row, line: EntryLine) -> None:
        """What is to be confirmed and the keys for it, which are there however long it is; on two lines where it is."""
        looks = self.view.looks
        words = line.text
        if canvas.height > 1:
            words, *rest = textwrap.wrap(line.text, row.width - 2, break_on_hyphens=False)
            row.add(f" {words} ", looks.setting + Style(bold=True))
            row, words = canvas.row(1), " ".join(rest)
        self._ask(canvas, row, line, words)

    def _ask(self, canvas: Canvas, row: Row, line: EntryLine, words: str) -> None:
        """The question, or its last line, what is to be noticed, and the keys."""
        looks, y = self.view.looks, canvas.height - 1
        text, notice = f" {words} " if words else "", f" {line.notice} " if line.notice else ""
        spare = row.width - cells(text + notice) - len(f"Enter {line.verb}  Esc")
        gap, cancel = (3 if spare >= 11 else 1), (" cancel" if spare >= 8 else "")
        room = row.width - len(f"Enter {line.verb}  Esc{cancel}") - gap
        row.add(text, looks.setting + Style(bold=True), min(cells(text), max(0, room - cells(notice))))
        row.add(notice, looks.shout, min(cells(notice), max(0, room - row.used))).add(" " * gap, looks.text)
        canvas.pick(row.used, y, len(f"Enter {line.verb}"), Target("key", "enter"))
        row.add("Enter", looks.live).add(f" {line.verb}  ", looks.dim)
        canvas.pick(row.used, y, len(f"Esc{cancel}"), Target("key", "escape"))
        row.add("Esc", looks.live).add(cancel, looks.dim)


class PassedOn:
    """Keys of a burst that came to an entry when it was done with, and went back to the application.

    Until they are done with, those that came behind them must go the same way, or they would overtake them.
    """

    def __init__(self) -> None:
        self._keys: list[events.Key] = []

    def pass_on(self, event: events.Key) -> events.Key:
        """The key as it goes to the application."""
        self._keys.append(events.Key(event.key, event.character))
        return self._keys[-1]

    def done(self, event: events.Key) -> bool:
        """Take a key for done with; whether it was one of these."""
        before = len(self._keys)
        self._keys = [key for key in self._keys if key is not event]
        return len(self._keys) < before

    def __bool__(self) -> bool:
        return bool(self._keys)


class Field(Input):
    """Where an entry is typed. Each key is done with before the next is looked at, also where many come in one burst:
    Textual would insert characters at once, but send Enter and Backspace round by the application first."""

    def __init__(self, line: EntryLine) -> None:
        super().__init__(select_on_focus=True, compact=True)
        self._line = line

    async def _on_key(self, event: events.Key) -> None:
        bound = self._bindings.key_to_bindings.get(event.key, ())
        in_turn = self._line.passed_on.done(event) or not self._line.passed_on
        if not in_turn or self._line.stage is not Stage.ASKING:  # the entry was done with before this key came
            self._line.pass_on(event)
        elif event.key == "enter":
            self._line.entered(self.value)
        elif event.key == "escape":
            self._line.on_key(event)
        elif bound:
            await self.app.run_action(bound[0].action, self)
        else:
            return  # a character, which Textual's own handler takes next
        event.stop()
        event.prevent_default()


class EntryLine(Horizontal):
    """Asks, confirms, reports; one thing at a time."""

    can_focus = True
    DEFAULT_CSS = """
    EntryLine { height: 1; }
    EntryLine Input { display: none; height: 1; background: $panel; color: $live; }
    EntryLine.-asking Words { width: auto; }
    EntryLine.-asking Input { display: block; width: 1fr; }
    """

    class Changed(Message):
        """The stage has changed."""

    def __init__(self, view: View) -> None:
        super().__init__(id="entry")
        self.view = view
        self.stage = Stage.IDLE
        self.text = ""
        self.verb = SEND
        self.notice = ""
        """What happened while the entry was open."""
        self._look: Callable[[], Seen] | None = None
        self._answer: tuple[str, Tone] | None = None
        self._news = ""
        self._answered_at = self._told_at = 0.0
        self._check: Callable[[str], object] = str
        self._then: Callable[[object], None] | None = None
        self._typed: Callable[[str], bool] = bool
        self._words = Words(view)
        self._input = Field(self)

    def compose(self) -> ComposeResult:
        self._words.line = self
        yield self._words
        yield self._input

    @property
    def engaged(self) -> bool:
        """Whether the operator is in the middle of an entry or awaits an answer."""
        return self.stage not in (Stage.IDLE, Stage.JUMPING)

    def ask(
        self, text: str, check: Callable[[str], object], then: Callable[[object], None], initial: str = "",
        secret: bool = False, look: Callable[[], Seen] | None = None,
    ) -> None:  # fmt: skip
        """Let the operator type; ``check`` turns the text into a value or raises EntryError; then ``then``.

        secret: it is not shown. look: tells what is asked anew, while nothing was typed that is refused.
        """
        self._check, self._then = check, then
        self._input.password = secret
        self._enter(Stage.ASKING, text)
        self._look = look
        self._input.value = initial
        self._take_keys(self._input)

    def confirm(
        self, text: str, then: Callable[[], None], verb: str = SEND, look: Callable[[], Seen] | None = None
    ) -> None:
        """Let the operator confirm what is about to happen; ``verb`` says what Enter does. look: tells it anew."""
        self.verb = verb
        self._then = lambda _: then()
        self._enter(Stage.CONFIRMING, text)
        self._look = look
        self._see()
        self._take_keys(self)

    def jump(self, text: str, typed: Callable[[str], bool]) -> None:
        """Have every key told to ``typed`` until this says that it was the last."""
        self._typed = typed
        self._enter(Stage.JUMPING, text)
        self._take_keys(self)

    def busy(self, text: str) -> None:
        """Say that something is under way."""
        self._enter(Stage.BUSY, text)

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Report; the banner returns after a while. Does not interrupt an entry."""
        self._answer, self._answered_at = (text, tone), time.monotonic()
        if self.stage is Stage.BUSY:
            self._enter(Stage.IDLE, "")
        self._fit()
        self._words.paint(force=True)

    def tell(self, text: str) -> None:
        """Report what the plant has done of itself. It stands beside an answer: neither takes the other's place."""
        self._news, self._told_at = text, time.monotonic()
        self._fit()
        self._words.paint(force=True)

    @property
    def said(self) -> tuple[str, Tone] | None:
        """What is reported, and how: the answer to the operator, then the news."""
        if self._answer is None:
            return (self._news, Tone.PLAIN) if self._news else None
        text, tone = self._answer
        return f"{text}   {self._news}".rstrip(), tone

    @property
    def passed_on(self) -> PassedOn:
        """Keys on their way back to the application."""
        return cast("HmiApp", self.app).passed_on

    def cancel(self) -> None:
        """Give an unfinished entry up."""
        if self.stage in (Stage.ASKING, Stage.CONFIRMING, Stage.JUMPING):
            self._enter(Stage.IDLE, "")

    def paint(self) -> None:
        """Paint the line; forget what was said a while ago."""
        now = time.monotonic()
        if self._answer is not None and now - self._answered_at > SAID:
            self._answer = None
            self._fit()
        if self._news and now - self._told_at > SAID:
            self._news = ""
            self._fit()
        self._see()
        self._words.paint()

    def _see(self) -> None:
        """What is asked may have changed meanwhile."""
        if self._look is not None and self.stage in (Stage.ASKING, Stage.CONFIRMING):
            self.text, self.notice, self.verb = self._look()
            self._fit()

    def _fit(self) -> None:
        """Give the words their room: what is typed has the rest; a question or report too long for it a second line."""
        room = cells(self.text) + 2 + (cells(self.notice) + 2 if self.notice else 0)
        need = 0
        if self.stage is Stage.CONFIRMING:
            need = room + len(f" Enter {self.verb}  Esc")
        elif self.stage is Stage.IDLE and self.said is not None:
            need = cells(self.said[0]) + 2
        self.styles.height = self._words.styles.height = 2 if need > self.app.size.width else 1
        self._words.styles.width = room if self.stage is Stage.ASKING else "1fr"

    def _take_keys(self, widget: Widget) -> None:
        """At once: of keys that come in one burst, as over a slow line, those behind the first are meant for it."""
        self.screen.set_focus(widget)

    def _enter(self, stage: Stage, text: str) -> None:
        self.stage, self.text, self.notice, self._look = stage, text, "", None
        if stage is not Stage.IDLE:
            self._answer = None
        asking = stage is Stage.ASKING
        self.set_class(asking, "-asking")
        self._fit()
        if stage in (Stage.IDLE, Stage.BUSY) and self.has_focus_within:
            self.screen.set_focus(None)
        self._words.paint(force=True)
        self.post_message(self.Changed())

    def entered(self, text: str) -> None:
        """Take what was typed."""
        try:
            value = self._check(text)
        except EntryError as error:
            self._enter(Stage.ASKING, f"{error}:")
            return
        then = self._then
        self._enter(Stage.IDLE, "")
        if then is not None:
            then(value)

    def press(self, key: str) -> None:
        """What was clicked stands for a key."""
        self.on_key(events.Key(key, None))

    def pass_on(self, event: events.Key) -> None:
        """Do with a key what is done with it now, though it was meant for an entry."""
        if self.stage in (Stage.CONFIRMING, Stage.JUMPING) and not self.passed_on:
            self.on_key(event)
        else:
            self.app.post_message(self.passed_on.pass_on(event))

    def on_key(self, event: events.Key) -> None:
        """Escape leaves; while confirming, Enter alone goes on and every other key is ignored; a jump takes letters."""
        self.passed_on.done(event)
        if self.stage is Stage.ASKING and event.key == "escape":
            event.stop()
            event.prevent_default()
            self.cancel()
        elif self.stage is Stage.JUMPING:
            event.stop()
            event.prevent_default()
            last = event.key == "escape" or self._typed(event.character or "")
            if last and self.stage is Stage.JUMPING:  # what was picked may have asked something
                self.cancel()
        elif self.stage is Stage.CONFIRMING:
            event.stop()
            event.prevent_default()
            if event.key == "enter":
                then = self._then
                self._enter(Stage.IDLE, "")
                if then is not None:
                    then(None)
            elif event.key == "escape":
                self.cancel()
                self.say("cancelled, nothing was sent" if self.verb in (SEND, TAKE_NOTE) else "cancelled")
