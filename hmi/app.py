"""The application: one link, one view, one display at a time, painted four times a second."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress

from textual import events, on
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.filter import ANSIToTruecolor, LineFilter
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from hmi.alarms import AlarmBook, Memory
from hmi.comm.link import Link
from hmi.comm.login import Login
from hmi.comm.replaylink import ReplayLink
from hmi.commands import TABLE
from hmi.journal import Kind
from hmi.model import TagObject
from hmi.operate import Operations
from hmi.palette import CommandProvider, PlantProvider
from hmi.records import Records
from hmi.replay import Player, Session
from hmi.screens.alarms import Alarms
from hmi.screens.analysers import Analysers
from hmi.screens.comms import Communication
from hmi.screens.connect import Connect
from hmi.screens.display import Display
from hmi.screens.help import Help
from hmi.screens.instructor import Instructor
from hmi.screens.journal import JournalDisplay
from hmi.screens.manual import Manual
from hmi.screens.overview import Overview
from hmi.screens.procedures import Procedures
from hmi.screens.section import Section
from hmi.screens.training import Training
from hmi.screens.trends import Trends
from hmi.screens.trust import Trust
from hmi.settings import Settings, remember, remembered
from hmi.store import TagStore
from hmi.theme import DARK, LIGHT, LOOKS, MONO, PALETTES, SIXTEEN
from hmi.view import Target, View
from hmi.widgets.entryline import PassedOn, Tone
from hmi.widgets.pens import MOST
from hmi.widgets.sections import key_analogs

PERIOD = 0.25
"""Seconds between two paintings."""

log = logging.getLogger(__name__)


class HmiApp(App[int]):
    """The HMI against one endpoint."""

    TITLE = "plantsim"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS = {CommandProvider, PlantProvider}
    ALLOW_SELECT = False
    CSS = """
    Screen { background: $background; color: $foreground; overflow: hidden; }
    """
    BINDINGS = [  # type: ignore[assignment]  # Textual's own type is an invariant list
        Binding(
            key,
            command.action.removeprefix("app."),
            command.title,
            id=f"{command.id}-{index}",
            priority=command.id == "quit",
            show=False,
        )
        for command in TABLE
        if command.action.startswith("app.")
        for index, key in enumerate(command.keys.split(","))
        if command.id != "palette"
    ] + [Binding("ctrl+c", "how_to_leave", show=False, priority=True)]

    def __init__(
        self, endpoint: str, login: Login, settings: Settings | None = None, player: Player | None = None
    ) -> None:
        self.settings = settings or Settings()
        mono = self.settings.theme == MONO.name
        if mono:
            os.environ["NO_COLOR"] = "1"  # how Textual is told to send none
        super().__init__(ansi_color=mono)
        self._remembered = remembered(self.settings.state)
        self.view = View(TagStore(), AlarmBook(), endpoint, login.user or "")
        self.view.player = player
        if player is None:
            self.link = Link(endpoint, login, self.view.store, self.view.book)
        else:
            self.link = ReplayLink(endpoint, login, self.view.store, self.view.book, player)
        self.view.health = self.link.health
        self.operations = Operations(self.link, self.view, self._work)
        self.blinking = True
        """Whether unacknowledged alarms blink; pictures are taken without."""
        self.defects = 0
        """Paintings that failed; there should be none."""
        self.paints: deque[float] = deque(maxlen=240)
        """Seconds that the last paintings took."""
        self.passed_on = PassedOn()
        self.records = Records(self.link, self.view, self._ask)
        self._before: list[tuple[str, str]] = []
        self._generation = 0
        self._annunciated = 0
        self._displays: dict[str, Display] = {}
        self._manual_of = -1
        """The browse since which the manual was read."""
        self._refused = ""
        """The certificate that the operator was last asked about."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, but for the one that turns the terminal's own colours into others: nothing here is in them."""
        return [one for one in super().get_line_filters() if not isinstance(one, ANSIToTruecolor)]

    # --- keys ---

    async def on_event(self, event: events.Event) -> None:
        """Where nothing has the focus, a key does what it is bound to before the next one is looked at.

        Textual sends each key round by the screen first; of keys that come in one burst, as over a slow line, those
        typed into an entry would be taken for commands before the first had opened it.
        """
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.app_focus = True  # a terminal that has lost the focus may be sent keys: the entry has it again
            if isinstance(self.screen, Display):
                await self.screen.composed()
            if self.focused is None:
                self.passed_on.done(event)
                for first in (True, False):
                    if await self._check_bindings(event.key, priority=first):
                        return
        await super().on_event(event)

    # --- files ---

    @on(events.DeliveryComplete)
    def _delivered(self, event: events.DeliveryComplete) -> None:
        if isinstance(self.screen, Display):
            self.screen.line.say("saved" if event.path is None else f"saved as {event.path}")

    @on(events.DeliveryFailed)
    def _not_delivered(self, event: events.DeliveryFailed) -> None:
        if isinstance(self.screen, Display):
            self.screen.line.say(f"not saved: {event.exception}", Tone.REFUSED)

    # --- life ---

    def on_mount(self) -> None:
        """Start the link and the clock of painting."""
        for palette in PALETTES.values():
            self.register_theme(palette.theme)
        self.theme = self._first_theme()
        self.view.ascii = self.settings.ascii
        self._remap()
        if self.view.player is not None:
            self._record(self.view.player.session)
            self.view.book.memory = Memory.WHOLE
        self.push_screen(Connect(self.view))
        self._connect()
        self.set_interval(PERIOD, self.tick)
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.add_signal_handler(name, self.exit, 0)

    def _record(self, session: Session) -> None:
        """What is known of a session that is replayed: its scenario, and its journal."""
        self.view.exercise = session.exercise
        kinds = {"action": Kind.ACTION, "refused": Kind.ACTION, "hint": Kind.ACTION, "display": Kind.ACTION}
        kinds |= dict.fromkeys(("alarm", "return", "acknowledge", "trip"), Kind.ALARM)
        for one in session.happenings:
            tag, _, condition = one.name.partition(".")
            text = f"{condition} {one.text}".strip()
            self.view.journal.add(one.time, kinds.get(one.kind, Kind.SYSTEM), one.kind, tag, text)

    def _first_theme(self) -> str:
        """What was asked for, else what was chosen last, else what the terminal can show."""
        last = self._remembered.get("theme")
        if self.settings.theme:
            return self.settings.theme
        if self.console.color_system == "standard" and not self.is_headless:
            return SIXTEEN.name
        return last if last in (DARK.name, LIGHT.name) else DARK.name

    def _remap(self) -> None:
        """Give commands the keys that the operator prefers."""
        keymap: dict[str, str] = {}
        for id_, keys in self.settings.keys.items():
            keymap |= {f"{id_}-{index}": key for index, key in enumerate(keys.split(","))}
            self.view.keys[id_] = " ".join(keys.split(","))
        self.set_keymap(keymap)

    def on_unmount(self) -> None:
        """Leave for the next run what it should know."""
        gc.unfreeze()
        groups = self._remembered.get("groups")
        kept = dict(groups) if isinstance(groups, dict) else {}
        if self.view.plant.areas:
            kept[self.view.plant.title] = self.view.groups
        remember(self.settings.state, {"theme": self.theme, "groups": kept})

    def _group_pens(self) -> None:
        """The groups of trends: as they were left, else the most telling analogs of each section."""
        plant = self.view.plant
        groups = self._remembered.get("groups")
        left = groups.get(plant.title) if isinstance(groups, dict) else None
        computed = [
            [tag.primary.name for tag in key_analogs(plant, area.id)[:4] if tag.primary is not None]
            for area in plant.areas
        ]
        self.view.groups = [[], *computed]
        if isinstance(left, list) and len(left) == len(self.view.groups):
            self.view.groups = [[str(pen) for pen in group][:MOST] for group in left if isinstance(group, list)]
        self.view.group = 0

    def _connect(self) -> None:
        self.run_worker(self.link.run(), name="link", group="link", exclusive=True, exit_on_error=False)

    def _work(self, work: Awaitable[object]) -> object:
        return self.run_worker(work, group="operate", exit_on_error=False)

    def _ask(self, work: Awaitable[object], group: str, exclusive: bool = False) -> object:
        return self.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed is a defect of ours, but no reason to leave the operator without a display."""
        if event.state is not WorkerState.ERROR:
            return
        log.error("worker %s failed", event.worker.name, exc_info=event.worker.error)
        if event.worker.group == "link":
            self.set_timer(1.0, self._connect)
        elif isinstance(self.screen, Display):
            self.screen.line.say(f"failed: {event.worker.error!r}; look at the value")

    # --- painting ---

    def tick(self) -> None:
        """Paint; a defect in painting is logged and must not take the display away."""
        if not self.screen_stack:
            return
        try:
            self._tick()
        except Exception:
            self.defects += 1
            log.exception("painting failed")

    def _tick(self) -> None:
        """Take over what the link has learnt, and paint the current display."""
        self.view.link = self.link.state
        self.view.blink = self.blinking and int(time.monotonic() * 2) % 2 == 1
        if self.link.plant is not None and self.link.state.generation != self._generation:
            self._generation = self.link.state.generation
            self._annunciated = self.view.book.annunciated
            self._renew()
            self._set_aside()
        self.records.look()
        self._walk_on()
        self.view.distrusts = self.link.changed is not None
        if self.link.changed is not None and self.link.changed.shown != self._refused:
            self.action_show_certificate()
        screen = self.screen
        if isinstance(screen, Instructor):
            self.operations.instruct.poll()
        self._deliver()
        started = time.perf_counter()
        if isinstance(screen, Display | Connect | Trust):
            screen.paint()
        self.paints.append(time.perf_counter() - started)
        self.records.look_at_hands(screen.face if isinstance(screen, Display) else None)
        if self.view.book.annunciated > self._annunciated:
            self._annunciated = self.view.book.annunciated
            if self.view.link.online and self.view.player is None:
                self.bell()

    def _deliver(self) -> None:
        """Messages to the trainee, one at a time, where the line above the footer is free."""
        if self.view.player is not None:
            return
        practise, screen = self.operations.practise, self.screen
        practise.poll()
        if practise.news and isinstance(screen, Display) and not screen.line.engaged and screen.line.said is None:
            screen.line.say(f"message: {practise.news.pop(0)}  (F7)")
            self.bell()

    def _walk_on(self) -> None:
        """Tick the steps of procedures by hand that the plant shows to be done, whatever display is open."""
        view = self.view
        for procedure, step in view.walks.look(view.plant.procedures, view.holds, view.store.now):
            view.note(Kind.PROCEDURE, procedure.tag, f"done: {step.title}", "plant")
            if isinstance(self.screen, Display):
                self.screen.line.tell(f"{procedure.tag} done: {step.title}")

    def _renew(self) -> None:
        """Displays for the plant that was just browsed, the operator staying where he was."""
        assert self.link.plant is not None
        self.view.plant = self.link.plant
        screen = self.screen
        if not self._displays:
            self._group_pens()
            displays = (
                Overview, Section, Alarms, Trends, Analysers, JournalDisplay, Communication, Instructor, Training,
                Manual, Procedures,
            )  # fmt: skip
            self._displays = {made.NAME: made(self.view) for made in displays}
            for name, display in self._displays.items():
                self.install_screen(display, name)  # or leaving it would end it
            comms = self._displays["comms"]
            assert isinstance(comms, Communication)
            comms.panel.paints = self.paints
            self.switch_screen(self._displays["overview"])
            return
        for display in self._displays.values():
            display.face = self.view.tag(display.face.id) if display.face is not None else None
        if isinstance(screen, Instructor) and not self.view.plant.instructs:
            self.show_overview()
        elif isinstance(screen, Display):
            screen.relayout()

    @staticmethod
    def _set_aside() -> None:
        """Plant, displays and libraries stay: looking them through for garbage again and again costs 0.1 s a time."""
        if gc.get_freeze_count():  # what was browsed before, and the link that it came by, do not stay
            gc.unfreeze()
            gc.collect()
        gc.freeze()

    # --- going about ---

    def _go(self, name: str, area: str = "") -> None:
        display = self._displays.get(name)
        screen = self.screen
        if display is None or not isinstance(screen, Display):
            return
        screen.line.cancel()
        here = (screen.NAME, screen.area if isinstance(screen, Section) else "")
        if here != (name, area):
            self._before = [*self._before[-30:], here]
        self._show(display, area)

    def _show(self, display: Display, area: str) -> None:
        if isinstance(display, Section):
            self.view.cursor = None
            display.show(area)
        if display is not self.screen:
            display.face = None
            self.switch_screen(display)
        self.operations.practise.looked(area or display.NAME)

    def show_overview(self) -> None:
        """The overview."""
        self._go("overview")

    def show_section(self, area: str) -> None:
        """A section."""
        self._go("section", area)

    def show_unit(self, unit: str) -> None:
        """The page of a section that has a unit."""
        found = self.view.plant.units.get(unit)
        section = self._displays.get("section")
        if found is None or not isinstance(section, Section):
            return
        if not section.is_current or section.area != found.area:
            self.show_section(found.area)
        section.call_after_refresh(section.show_unit, unit)

    def show_analysers(self) -> None:
        """The analysers."""
        self._go("analysers")

    def show_journal(self) -> None:
        """The journal."""
        self._go("journal")

    def show_comms(self) -> None:
        """Communication diagnostics."""
        self._go("comms")

    def show_instructor(self) -> None:
        """What the instructor has in hand."""
        if self.view.plant.instructs:
            self._go("instructor")
        elif isinstance(self.screen, Display):
            self.screen.line.say("only an instructor's login has that display")

    def show_training(self) -> None:
        """The scenario that is practised."""
        self._go("training")

    def show_procedures(self, tag: str = "") -> None:
        """The procedures, or the steps of one."""
        self._go("procedures")
        procedures = self._displays.get("procedures")
        if tag and isinstance(procedures, Procedures):
            procedures.call_after_refresh(procedures.show_procedure, tag)

    def show_manual(self, name: str = "") -> None:
        """The operating manual; where it tells of an alarm such as ``TIC-201 HH``, or of a tag."""
        self._go("manual")
        manual = self._displays.get("manual")
        if name and isinstance(manual, Manual):
            manual.call_after_refresh(manual.show_place, name)

    def fetch_manual(self) -> None:
        """Have the manual read, if it has not been since the plant was browsed."""
        if self.view.link.online and self._manual_of != self._generation:
            self._manual_of = self._generation
            self.run_worker(self._read_manual(), group="manual", exit_on_error=False)

    async def _read_manual(self) -> None:
        text = await self.link.text("Plant.Manual")
        if text is None:
            self._manual_of = -1  # asked again when somebody looks
        else:
            self.view.manual = text

    def show_alarms(self) -> None:
        """The alarm list."""
        self._go("alarms")

    def show_trends(self) -> None:
        """The trends."""
        self._go("trends")

    def show_help(self) -> None:
        """The keys."""
        self.push_screen(Help(self.view))

    def back(self) -> None:
        """The display before."""
        if self._before:
            name, area = self._before.pop()
            self._show(self._displays[name], area)

    def go_to(self, text: str) -> bool:
        """A tag's faceplate on its section, or a section by number, name or id; whether there is such a thing."""
        screen = self.screen
        if not isinstance(screen, Display):
            return False
        plant = self.view.plant
        wanted = text.strip().lower()
        for index, area in enumerate(plant.areas, 1):
            if wanted in (str(index), area.id.lower(), area.title.lower()):
                self.show_section(area.id)
                return True
        found = plant.find(text)
        if not found:
            screen.line.say(f"nothing is called {text.strip()!r} here")
            return False
        tag = plant.tags[found[0]]
        self.show_section(tag.area)
        self.view.cursor = Target("tag", tag.id)
        self._displays["section"].open_face(tag.id)  # at once: keys typed behind the name are meant for it
        return True

    def refresh_limits(self, tag: TagObject) -> None:
        """Read a tag's limits again."""
        self.run_worker(self.link.refresh_limits([tag]), group="limits", exit_on_error=False)

    # --- program ---

    def watch_theme(self, theme: str) -> None:
        """Panels paint with the theme's own styles."""
        self.view.looks = LOOKS.get(theme, LOOKS[DARK.name])
        if isinstance(self.screen_stack and self.screen, Display):
            self.screen.call_after_refresh(self.screen.paint, True)  # type: ignore[attr-defined]

    def action_toggle_hmi_theme(self) -> None:
        """Dark or light; a terminal of few colours or none stays as it is."""
        if self.theme in (DARK.name, LIGHT.name):
            self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    def action_leave(self) -> None:
        """Quit; ask first when a write is under way or half entered."""
        screen = self.screen
        if isinstance(screen, Display) and (screen.line.engaged or self.operations.pending):
            screen.line.confirm("an entry is pending: quit?", lambda: self.exit(0), "quit")
        else:
            self.exit(0)

    def action_show_certificate(self) -> None:
        """Why the server is not trusted, and the choice to trust it."""
        changed = self.link.changed
        if changed is not None and not isinstance(self.screen, Trust):
            self._refused = changed.shown
            self.push_screen(Trust(self.view, changed, lambda: self.link.trust(changed)))

    def action_how_to_leave(self) -> None:
        """Ctrl-C must not take the display away from an operator by a slip."""
        if isinstance(self.screen, Display):
            self.screen.line.say("ctrl+q quits")
        else:
            self.exit(0)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette holds our own commands only."""
        return ()
