"""The base of all displays: header, body, faceplate, entry line and footer; cursor and the operator's commands."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from platformdirs import user_downloads_path
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import Screen

from hmi.alarms import AlarmRecord
from hmi.commands import TABLE, Situation, find
from hmi.entry import parse_minutes
from hmi.format import clock, day
from hmi.jump import marks, typed
from hmi.model import TagObject
from hmi.replay import LEAD
from hmi.view import MOUSE, Target, View
from hmi.widgets.boxes import Box, Side
from hmi.widgets.canvas import Canvas
from hmi.widgets.entryline import EntryLine, Stage, Tone
from hmi.widgets.faceplate import WIDTH, Face, face_rows
from hmi.widgets.frame import Footer, Header
from hmi.widgets.panel import LEAST, Panel
from hmi.widgets.pens import MOST
from hmi.widgets.replaybar import ReplayBar
from hmi.widgets.trend import TagTrend, next_span

if TYPE_CHECKING:
    from hmi.app import HmiApp
    from hmi.operate import Operations

BESIDE = 140
"""Columns from which a faceplate stands beside its display instead of over it."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Something the cursor can stand on, in screen coordinates."""

    x: float
    y: int
    target: Target


def bindings() -> list[Binding]:
    """The table of commands as Textual's bindings; an action with several keys is told which one it was."""
    return [
        Binding(key, command.action.format(index), command.title, id=f"{command.id}-{index}", show=False)
        for command in TABLE
        for index, key in enumerate(command.keys.split(","))
        if not command.action.startswith("app.")
    ]


def _distance(here: _Spot, there: _Spot, across: bool) -> float:
    """How far a spot is for a cursor that goes across or up and down: the other direction costs more."""
    dx, dy = abs(there.x - here.x), abs(there.y - here.y)
    return dx + 9 * dy if across else dy + 0.3 * dx


class TooSmall(Panel):
    """All there is to see when the terminal is too small."""

    ANYWHERE = True
    DEFAULT_CSS = "TooSmall { display: none; height: 1fr; }"

    def build(self, canvas: Canvas) -> None:
        width, height = self.app.size
        text = f"terminal too small: {width}x{height}, needs {LEAST[0]}x{LEAST[1]}"
        canvas.row(0).add(text, self.view.looks.shout)
        active, unacked = self.view.book.counts()
        canvas.row(1).add(f"alarms {sum(active.values())} active, {unacked} unacknowledged", self.view.looks.text)
        canvas.row(2).add(self.view.identity, self.view.looks.text)


class Display(Screen[None]):
    """One display of the plant."""

    NAME: ClassVar[str] = ""
    """As ``Situation.display`` knows it."""
    BINDINGS = [
        *bindings(),
        Binding("up", "move(0,-1)", show=False),
        Binding("down", "move(0,1)", show=False),
        Binding("left", "move(-1,0)", show=False),
        Binding("right", "move(1,0)", show=False),
        Binding("tab", "move(1,0)", show=False),
        Binding("shift+tab", "move(-1,0)", show=False),
    ]
    AUTO_FOCUS = ""
    BLANK = True
    DEFAULT_CSS = f"""
    Display #middle {{ height: 1fr; }}
    Display #body {{ width: 1fr; }}
    Display #faceplate {{ display: none; width: 1fr; }}
    Display.-faceplate #faceplate {{ display: block; }}
    Display.-faceplate #body {{ display: none; }}
    Display.-faceplate.-beside #body {{ display: block; }}
    Display.-faceplate.-beside #faceplate {{ width: {WIDTH}; border-left: solid $line; }}
    Display #face-trend {{ width: 1fr; height: 1fr; }}
    Display.-small #middle, Display.-small Header, Display.-small Footer, Display.-small EntryLine {{ display: none; }}
    Display.-small TooSmall {{ display: block; }}
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view
        self.face: TagObject | None = None
        """The object of the open faceplate."""
        self.line = EntryLine(view)
        self._header = Header(view)
        self._footer = Footer(view)
        self._replay_bar = ReplayBar(view)
        self._face = Face(view)
        self._face_trend = TagTrend(view, id="face-trend")
        self._face_trend.with_output = True

    # --- what it is made of ---

    def body(self) -> ComposeResult:
        """The display's own panels."""
        raise NotImplementedError

    def heading(self) -> str:
        """The title in the header."""
        return ""

    def turns(self) -> str:
        """Id of the command that turns to the display's next page or view; empty where it has one alone."""
        return "page" if self.pages() > 1 else ""

    def fit(self, width: int, height: int) -> None:
        """Give the body's panels their sizes."""

    def compose(self) -> ComposeResult:
        yield TooSmall(self.view)
        yield self._header
        with Side(id="middle"):
            with Box(id="body"):
                yield from self.body()
            with Vertical(id="faceplate"):
                yield self._face
                yield self._face_trend
        yield self._replay_bar
        yield self.line
        yield self._footer

    @property
    def hmi(self) -> HmiApp:
        """The application."""
        return cast("HmiApp", self.app)

    @property
    def operations(self) -> Operations:
        """What can be done to the plant."""
        return self.hmi.operations

    # --- painting ---

    def paint(self, force: bool = False) -> None:
        """Paint all visible panels; called by the application while this display is the current one."""
        self._header.title_text = self.heading()
        self._header.turns = self.turns()
        self._footer.situation = self.situation()
        self.line.paint()
        for panel in self.query(Panel):
            panel.paint(force)

    def situation(self) -> Situation:
        """Where the operator is."""
        return Situation(
            display=self.NAME,
            page=self.view_name(),
            tag=self.face,
            pointed=self._pointed(),
            plant=self.view.plant,
            pages=self.pages(),
            pens=len(self.view.pens),
            alarms=len(self.view.book.standing()),
            practises=self.view.exercise is not None,
            exercising=self.view.exercise is not None and not self.view.exercise.over,
            debriefed=self.view.exercise is not None and self.view.exercise.report is not None,
            replays=self.view.player is not None,
            by_hand=self.by_hand,
            distrusts=self.view.distrusts,
        )

    @property
    def by_hand(self) -> bool:
        """Whether a procedure is shown that people do."""
        return False

    def _pointed(self) -> str:
        """What the cursor stands on, if it is not open already."""
        cursor = self.view.cursor
        if cursor is None or (self.face is not None and cursor.id == self.face.id):
            return ""
        return cursor.kind if any(spot.target == cursor for spot in self._spots()) else ""

    def pages(self) -> int:
        """How many pages the display has."""
        return 1

    def view_name(self) -> str:
        """What the display shows now, of several things it may show."""
        return ""

    def relayout(self) -> None:
        """Size everything for the present terminal and plant."""
        if not self.is_mounted:
            return
        width, height = self.app.size
        self._replay_bar.display = self.view.player is not None
        height -= self._replay_bar.display
        self.set_class(width < LEAST[0] or self.app.size.height < LEAST[1], "-small")
        beside = width >= BESIDE
        self.set_class(beside, "-beside")
        self.set_class(self.face is not None, "-faceplate")
        if self.face is not None:
            across = WIDTH - 1 if beside else width  # less the line that parts it from the display
            self._face.styles.height = min(face_rows(self.face, across, self.view.plant), height - 3)
        self.fit(width - (WIDTH if self.face is not None and beside else 0), height - 3)
        # what has its place already is painted before the layout is done, so that the first picture has no old content;
        # what moves or appears paints itself at its new size, and whatever does not is painted last
        laid = time.monotonic()
        self.paint()
        self.call_after_refresh(self._fill, laid)

    def _fill(self, laid: float) -> None:
        """Paint what has not been painted since the display was laid out, and what tells of the cursor's place."""
        for panel in self.query(Panel):
            if panel.painted < laid:
                panel.paint(force=True)
        self._footer.situation = self.situation()
        self._footer.paint(force=True)

    async def composed(self) -> None:
        """Wait until the display has its panels: before it does, its entry line can ask nothing."""
        await self._mounted_event.wait()

    def on_mount(self) -> None:
        """Lay out on first sight."""
        self.relayout()

    def on_resize(self) -> None:
        """Lay out anew."""
        self.relayout()

    def on_screen_resume(self) -> None:
        """The plant or the theme may have changed while away."""
        self.relayout()

    # --- cursor ---

    def _spots(self) -> list[_Spot]:
        """Everything that can be picked now, in screen coordinates."""
        return [
            _Spot(panel.region.x + hit.middle, panel.region.y + hit.y, hit.target)
            for panel in self.query(Panel)
            if panel.region
            for hit in panel.hits
            if hit.target.kind not in MOUSE
        ]

    def action_move(self, dx: int, dy: int) -> None:
        """Move the cursor to the nearest thing in a direction."""
        spots = self._spots()
        if not spots:
            return
        here = next((s for s in spots if s.target == self.view.cursor), None)
        if here is None:
            # the first thing of the display itself, not a way out of it
            self.view.cursor = min(spots, key=lambda s: (s.target.kind == "unit", s.y, s.x)).target
        else:
            ahead = [s for s in spots if (s.x - here.x) * dx > 0 or (s.y - here.y) * dy > 0]
            # in a column the nearest line counts, in a row the nearest column
            ahead = [s for s in ahead if s.target != here.target]
            if dx:
                ahead = [s for s in ahead if abs(s.y - here.y) <= 1] or ahead
            near = min(ahead, key=lambda s: _distance(here, s, across=bool(dx)), default=here)
            self.view.cursor = near.target
        self.paint(force=True)

    @on(Panel.Picked)
    async def _picked(self, event: Panel.Picked) -> None:
        event.stop()
        if self.line.stage is Stage.JUMPING:
            self.line.cancel()
        if event.target.kind == "key":
            self.line.press(event.target.id)
            return
        if event.target.kind == "command":
            id_, _, index = event.target.id.partition(":")
            await self.app.run_action(find(id_).action.format(index or 0), self)
            return
        if event.target.kind == "action":
            await self.app.run_action(event.target.id, self)
            return
        if self.line.engaged:
            self.line.cancel()
        self.view.cursor = event.target
        self.action_pick()

    def action_jump(self) -> None:
        """Mark all that can be picked, and go to what is typed."""
        spots = sorted(self._spots(), key=lambda spot: (spot.y, spot.x))
        if not spots:
            self.line.say("nothing to pick here")
            return
        self.view.marks = marks([spot.target for spot in spots])
        self.line.jump("go to the mark:", self._jump)
        self.paint(force=True)

    def _jump(self, letter: str) -> bool:
        """Whether a letter was the last, for it tells one thing from all others or is no mark's."""
        left = typed(self.view.marks, letter) if letter else self.view.marks
        arrived = next((target for target, mark in left.items() if not mark), None)
        self.view.marks = left
        if arrived is not None:
            self.line.cancel()
            self.view.cursor = arrived
            self.action_pick()
            return True
        self.paint(force=True)
        return not left

    @on(EntryLine.Changed)
    def _entered(self) -> None:
        """Marks are there while somebody jumps."""
        if self.view.marks and self.line.stage is not Stage.JUMPING:
            self.view.marks = {}
            self.paint(force=True)

    def on_screen_suspend(self) -> None:
        """What was half jumped to is not any more; of a display that is out of sight no picture is kept."""
        if self.line.stage is Stage.JUMPING:
            self.line.cancel()
        if self not in self.app.screen_stack:  # else it shows through what stands before it
            for panel in self.query(Panel):
                panel.forget()

    def action_copy(self) -> None:
        """Copy the faceplate, or what is under the cursor, as it is written."""
        cursor = self.view.cursor
        if self.face is not None:
            text = self._face.text
        else:
            said = (panel.written(cursor) for panel in self.query(Panel) if cursor is not None and panel.region)
            text = next(filter(None, said), "")
        if not text:
            self.line.say("nothing to copy here")
            return
        self.app.copy_to_clipboard(text)
        self.line.say(f"copied: {text.splitlines()[0].strip()}")

    def action_pick(self) -> None:
        """Open what the cursor is on."""
        cursor = self.view.cursor
        if cursor is None:
            return
        if cursor.kind == "tag":
            self.open_face(cursor.id)
        elif cursor.kind == "area":
            self.hmi.show_section(cursor.id)
        elif cursor.kind == "alarm":
            self.hmi.show_alarms()

    @on(Panel.Scrolled)
    def _scrolled(self, event: Panel.Scrolled) -> None:
        event.stop()
        self.scroll(event.lines)

    def scroll(self, lines: int) -> None:
        """The wheel was turned; only what is longer than the screen moves."""

    # --- faceplate ---

    def open_face(self, id_: str) -> None:
        """Open the faceplate of a tag object beside or over the display."""
        tag = self.view.tag(id_)
        if tag is None:
            self.line.say(f"no tag {id_} on this server")
            return
        self.face = tag
        self._face.tag_id = self._face_trend.tag_id = id_
        self.hmi.refresh_limits(tag)
        self.operations.practise.looked(id_)
        self.relayout()

    def close_face(self) -> None:
        """Close the faceplate."""
        self.face = None
        self.line.cancel()
        self.relayout()

    def action_back(self) -> None:
        """Close the faceplate, or return to the display before."""
        if self.face is not None:
            self.close_face()
        else:
            self.hmi.back()

    # --- commands; the table of commands names them ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the table of commands offers here."""
        wanted = [c for c in TABLE if c.action.partition("(")[0] == action]
        if not wanted:
            return True
        situation = self.situation()
        exact = [c for c in wanted if "('" not in c.action or repr(parameters[0]) in c.action]
        return any(command.when(situation) for command in exact)

    def action_enter(self, member: str) -> None:
        """Enter a new value for a member of the faceplate's object."""
        if self.face is not None:
            self.operations.enter(self.line, self.face, member)

    def action_set(self, member: str) -> None:
        """Set a member of the faceplate's object that was clicked: of two states the other."""
        if self.face is not None:
            self.operations.toggle(self.line, self.face, member)

    def action_output(self) -> None:
        """Enter a new output, position or speed."""
        if self.face is not None:
            name = next((n for n in ("OP", "SPEED_CMD", "CMD") if n in self.face.members), "OP")
            self.operations.enter(self.line, self.face, name)

    def action_command(self) -> None:
        """Start or stop, open or close, switch."""
        if self.face is not None:
            self.operations.toggle(self.line, self.face, "CMD" if "CMD" in self.face.members else "STATE")

    def action_ack(self) -> None:
        """Acknowledge the alarm under the cursor, else the faceplate's worst, else the banner's."""
        cursor = self.view.cursor
        record = self.view.book.get(cursor.id) if cursor is not None and cursor.kind == "alarm" else None
        if self.face is not None:
            record = self.view.book.worst(self.face.id)
        standing = self.view.book.standing()
        self.operations.acknowledge(self.line, record or (standing[0] if standing else None))

    def action_add_pen(self) -> None:
        """Add the faceplate's or the cursor's tag to the trends."""
        cursor = self.view.cursor
        tag = self.face or (self.view.tag(cursor.id.partition(".")[0]) if cursor is not None else None)
        if tag is None or tag.primary is None:
            self.line.say("nothing to trend here")
            return
        name = tag.primary.name
        self.view.group = 0
        pens = self.view.pens
        if name in pens:
            self.line.say(f"{name} is already on the trends (F3)")
        elif len(pens) >= MOST:
            self.line.say(f"a group of trends holds {MOST} pens; remove one first (F3, then d)")
        else:
            pens.append(name)
            self.line.say(f"{name} is pen {len(pens)} of the trends (F3)")

    def action_remove_pen(self) -> None:
        """Only the trends display removes pens."""

    def action_span(self, index: int) -> None:
        """Shorter or longer trends."""
        self._face_trend.span = next_span(self._face_trend.span, 1 if index else -1)
        self._face_trend.paint(force=True)

    def action_group(self, index: int) -> None:
        """Only the trends display has groups."""

    def action_picture(self) -> None:
        """Only the trends display saves a picture."""

    def action_write(self) -> None:
        """Ask which member of the faceplate's object to write, then for its value."""
        if self.face is not None:
            self.operations.choose(self.line, self.face)

    def action_measure(self, index: int) -> None:
        """Only the trends display reads off."""

    def action_page(self, index: int) -> None:
        """Only some displays have pages."""

    def action_ends(self, index: int) -> None:
        """Only lists have a first and a last line."""

    def action_scale(self) -> None:
        """Only the stages have another scale."""

    def action_filter(self) -> None:
        """Only lists are filtered."""

    def action_next_view(self) -> None:
        """Only some displays have several views."""

    def action_export(self) -> None:
        """Only some displays have something to save."""

    def action_note(self) -> None:
        """Only the journal takes notes."""

    def action_ack_page(self) -> None:
        """Only the alarm list acknowledges more than one."""

    def _pointed_alarm(self) -> AlarmRecord | None:
        cursor = self.view.cursor
        return self.view.book.get(cursor.id) if cursor is not None and cursor.kind == "alarm" else None

    def action_shelve(self) -> None:
        """Withhold the alarm under the cursor for a time."""
        if (record := self._pointed_alarm()) is not None:
            self.operations.shelve(self.line, record)

    def action_unshelve(self) -> None:
        """Let the shelved alarm under the cursor be heard again."""
        if (record := self._pointed_alarm()) is not None:
            self.operations.unshelve(self.line, record)

    def action_comment(self) -> None:
        """Add words to the alarm under the cursor."""
        if (record := self._pointed_alarm()) is not None:
            self.operations.comment(self.line, record)

    def save(self, name: str, ending: str, text: str) -> None:
        """Save a text as a file of the operator's: in a terminal below downloads, in a browser as a download."""
        moment = clock(self.view.store.now).replace(":", "")
        file = f"plantsim-{name}-{day(self.view.store.now)}-{moment}.{ending}"
        folder = None
        if not self.app.is_web:
            folder = user_downloads_path()
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                self.line.say(f"{folder}: {error.strerror}", Tone.REFUSED)
                return
        self.app.deliver_text(io.StringIO(text), save_directory=folder, save_filename=file)

    def action_journal(self) -> None:
        """The journal."""
        self.hmi.show_journal()

    def action_comms(self) -> None:
        """Communication diagnostics."""
        self.hmi.show_comms()

    def action_analysers(self) -> None:
        """All analysers."""
        self.hmi.show_analysers()

    def action_instructor(self) -> None:
        """What the instructor has in hand."""
        self.hmi.show_instructor()

    def action_training(self) -> None:
        """The scenario that is practised."""
        self.hmi.show_training()

    def action_procedures(self) -> None:
        """The procedures; from a sequence's faceplate its steps."""
        self.hmi.show_procedures(self.face.id if self.face is not None else "")

    def action_order(self) -> None:
        """Only the procedures' display gives orders to sequences."""

    def action_abort(self) -> None:
        """Only the procedures' display aborts."""

    def action_manual(self) -> None:
        """The operating manual."""
        self.hmi.show_manual()

    def action_manual_of(self) -> None:
        """What the manual says of the alarm under the cursor, or of the faceplate's worst, or of its tag."""
        record = self.view.book.worst(self.face.id) if self.face is not None else self._pointed_alarm()
        if record is not None:
            self.hmi.show_manual(f"{record.alarm.tag} {record.alarm.condition}")
        elif self.face is not None:
            self.hmi.show_manual(self.face.id)

    def action_find(self) -> None:
        """Only the manual is searched for words."""

    def action_find_next(self) -> None:
        """Only the manual is searched for words."""

    # --- a replay; the table of commands offers these there alone ---

    def action_play(self) -> None:
        """Play or pause the replay."""
        if (player := self.view.player) is not None:
            player.toggle()

    def action_pace(self, index: int) -> None:
        """Faster with + and =, slower with -."""
        if (player := self.view.player) is not None:
            player.faster(-1 if index == 2 else 1)

    def action_leap(self, index: int) -> None:
        """To shortly before the event that comes next, or that came last."""
        player = self.view.player
        if player is None:
            return
        event = player.next_happening((-1, 1)[index])
        if event is None:
            self.line.say("no event " + ("before", "behind")[index] + " this")
            return
        player.leap(event.time - LEAD)
        player.playing = True
        self.line.say(f"{clock(event.time)} {event.kind} {event.name} {event.text}".rstrip())

    def action_wind(self) -> None:
        """Ask by how many minutes to move, and move."""
        player = self.view.player
        if player is not None:
            self.line.ask("go on by how many minutes (back with a minus):", parse_minutes, self._wind)

    def _wind(self, minutes: object) -> None:
        player = self.view.player
        if player is not None and isinstance(minutes, float):
            player.leap(player.cursor + 60.0 * minutes)

    def action_hint(self) -> None:
        """Only the scenario's display asks for hints."""

    def action_finish(self) -> None:
        """Only the scenario's display ends it."""

    def action_clear_all(self) -> None:
        """Only the instructor's display mends."""

    def action_save_state(self) -> None:
        """Only the instructor's display saves states."""

    def action_backtrack(self) -> None:
        """Only the instructor's display goes back."""

    def action_set_speed(self) -> None:
        """Only the instructor's display asks for a speed."""

    def action_message(self) -> None:
        """Only the instructor's display speaks to the trainee."""

    def action_overview(self) -> None:
        """The overview."""
        self.hmi.show_overview()

    def action_section(self, index: int) -> None:
        """The section of a number."""
        areas = self.view.plant.areas
        if index < len(areas):
            self.hmi.show_section(areas[index].id)

    def action_alarms(self) -> None:
        """The alarm list."""
        self.hmi.show_alarms()

    def action_alarm_faceplate(self) -> None:
        """The faceplate of the alarm's tag."""
        cursor = self.view.cursor
        record = self.view.book.get(cursor.id) if cursor is not None else None
        if record is not None:
            self.open_face(record.alarm.tag)

    def action_trends(self) -> None:
        """The trends."""
        self.hmi.show_trends()

    def action_goto(self) -> None:
        """Ask for a tag or section and go there."""
        self.line.ask("go to tag or section:", str, lambda text: self._go_to(str(text)))

    def _go_to(self, text: str) -> None:
        self.hmi.go_to(text)

    def action_run_freeze(self) -> None:
        """Run or freeze the plant."""
        self.operations.run_freeze(self.line)

    def action_speed(self, index: int) -> None:
        """Faster with + and =, slower with -."""
        self.operations.faster(self.line, -1 if index == 2 else 1)

    def action_step(self) -> None:
        """Advance a frozen plant."""
        self.operations.step(self.line)

    def action_log_in(self) -> None:
        """Log in, as somebody else, or out."""
        self.operations.log_in(self.line)

    def action_help(self) -> None:
        """The keys."""
        self.hmi.show_help()
