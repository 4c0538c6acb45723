"""The one table of commands: footer, help, palette and key bindings are made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hmi.model import ROLES, Plant, TagObject

SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 600.0, float("inf"))
"""The notches of the speed keys."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the operator is and what the session allows; what decides which commands are offered."""

    display: str = "overview"
    """overview, section, alarms, trends, analysers, journal, comms, instructor, training,
    manual, procedures."""
    page: str = ""
    """What a display shows of several: of a section units, stages, zones or analysers, of the alarms standing, ..."""
    tag: TagObject | None = None
    """The object of the open faceplate."""
    pointed: str = ""
    """What the cursor stands on: tag, area, alarm, pen, malfunction, injected, snapshot, field, scenario, chapter,
    procedure, step or nothing."""
    plant: Plant = field(default_factory=lambda: Plant("", (), {}, {}))
    pages: int = 1
    pens: int = 0
    alarms: int = 0
    practises: bool = False
    """Whether a scenario runs or has run."""
    exercising: bool = False
    """Whether it goes on."""
    debriefed: bool = False
    """Whether its debrief can be shown."""
    replays: bool = False
    """Whether a recorded session is shown, not a plant."""
    by_hand: bool = False
    """Whether the procedure on the display is one that people do."""
    distrusts: bool = False
    """Whether the server shows another certificate than the known one."""

    def has(self, *members: str) -> bool:
        """Whether the faceplate's object has a member that somebody may write."""
        found = (self.tag.members.get(member) for member in members) if self.tag is not None else ()
        return any(member is not None and (member.writable or member.for_others) for member in found)

    def may(self, *members: str) -> bool:
        """Whether the faceplate's object has one of some members, or any at all, that this session may write."""
        found = self.tag.members.values() if self.tag is not None else ()
        return any(member.writable for member in found if not members or member.member in members)

    @property
    def operates(self) -> bool:
        """Whether the session is at least an operator's."""
        return self.plant.role != ROLES[0]


def _always(_: Situation) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the operator can ask for."""

    id: str
    keys: str
    """Textual key names, comma separated; empty for palette only."""
    label: str
    """The keys as the footer writes them."""
    title: str
    help: str
    group: str
    action: str
    when: Callable[[Situation], bool] = _always
    rank: int = 9
    """Place in the footer; 9 is not shown there."""
    role: str = ROLES[0]
    """The least that may do it."""
    may: Callable[[Situation], bool] | None = None
    """Whether this session may, where that is another question than its role."""


def _faceplate(s: Situation) -> bool:
    return s.tag is not None


def _instructs(s: Situation) -> bool:
    return s.display == "instructor" and s.tag is None


def _procedure(s: Situation) -> bool:
    return s.display == "procedures" and s.tag is None and bool(s.plant.procedures) and not s.replays


def _method(name: str) -> Callable[[Situation], bool]:
    return lambda s: name in s.plant.methods


def _replays(s: Situation) -> bool:
    return s.replays


LISTS = frozenset(("alarms", "analysers", "journal", "instructor", "procedures"))
"""Displays that are one long list."""

_CURSOR = "Moving about"
_OPERATE = "Operating (faceplate open)"
_ALARMS = "Alarms"
_TRENDS = "Trends"
_PROCEDURES = "Procedures"
_TIME = "Simulation (instructor)"
_TRAINING = "Training"
_REPLAY = "Replay"
_PROGRAM = "Program"

TABLE: tuple[Command, ...] = (
    Command("setpoint", "p", "p", "Set point", "new set point, then confirm", _OPERATE, "enter('SP')",
            lambda s: s.has("SP"), 0, "operator", lambda s: s.may("SP")),
    Command("output", "o", "o", "Output", "new output, position or speed", _OPERATE, "output",
            lambda s: s.has("OP", "SPEED_CMD") or (s.has("CMD") and s.tag is not None and s.tag.kind == "valve"), 1,
            "operator", lambda s: s.may("OP", "SPEED_CMD", "CMD")),
    Command("mode", "m", "m", "Mode", "choose the controller's mode", _OPERATE, "enter('MODE')",
            lambda s: s.has("MODE"), 1, "operator", lambda s: s.may("MODE")),
    Command("command", "c", "c", "Command", "start/stop, open/close, switch", _OPERATE, "command",
            lambda s: s.has("CMD", "STATE") and s.tag is not None and s.tag.kind != "valve", 0, "operator",
            lambda s: s.may("CMD", "STATE")),
    Command("write", "w", "w", "Write", "any member: tuning, limits, calibration, bypass, ...", _OPERATE, "write",
            lambda s: s.tag is not None and any(m.writable or m.for_others for m in s.tag.members.values()), 3,
            "operator", lambda s: s.may()),
    Command("close", "escape,backspace", "Esc", "Close", "close the faceplate", _OPERATE, "back", _faceplate, 2),
    Command("faceplate", "enter,f", "Enter", "Faceplate", "open the tag under the cursor", _CURSOR, "pick",
            lambda s: s.pointed in ("tag", "pen") or (s.pointed == "alarm" and s.display == "alarms"), 0),
    Command("open-unit", "enter", "Enter", "Go there", "the unit that a stream leads to", _CURSOR, "pick",
            lambda s: s.pointed == "unit", 0),
    Command("open-section", "enter", "Enter", "Section", "open the section under the cursor", _CURSOR, "pick",
            lambda s: s.pointed == "area", 0),
    Command("explain", "enter", "Enter", "Explain", "cause, consequence and response", _ALARMS, "pick",
            lambda s: s.pointed == "alarm" and s.display != "alarms", 0),
    Command("of-alarm", "f", "f", "Faceplate", "faceplate of the alarm's tag", _ALARMS, "alarm_faceplate",
            lambda s: s.pointed == "alarm" and s.display != "alarms", 2),
    Command("ack", "a", "a", "Ack", "acknowledge the picked alarm, or the banner's", _ALARMS, "ack",
            lambda s: s.alarms > 0 and not s.replays, 1, "operator"),
    Command("ack-page", "A", "A", "Ack page", "acknowledge what is in sight of the list", _ALARMS, "ack_page",
            lambda s: s.display == "alarms" and s.page == "standing" and s.alarms > 0 and s.tag is None
            and not s.replays, 2, "operator"),
    Command("shelve", "s", "s", "Shelve", "withhold the alarm for a time, with a reason", _ALARMS, "shelve",
            lambda s: s.pointed == "alarm" and s.display == "alarms" and not s.replays, 2, "operator"),
    Command("unshelve", "u", "u", "Unshelve", "let a shelved alarm be heard again", _ALARMS, "unshelve",
            lambda s: s.pointed == "alarm" and s.display == "alarms" and s.page == "withheld" and not s.replays, 2,
            "operator"),
    Command("comment", "k", "k", "Comment", "add words to the alarm", _ALARMS, "comment",
            lambda s: s.pointed == "alarm" and s.display == "alarms" and not s.replays, 3, "operator"),
    Command("of-manual", "h", "h", "Manual", "what the manual says of the alarm or the tag", _ALARMS, "manual_of",
            lambda s: s.tag is not None or s.pointed == "alarm", 5),
    Command("next-list", "tab", "Tab", "Next list", "alarms: standing, withheld, history, metrics; journal: by kind",
            _ALARMS, "next_view", lambda s: s.display in ("alarms", "journal") and s.tag is None, 1),
    Command("add-pen", "t", "t", "Trend it", "add the tag to the trends", _TRENDS, "add_pen",
            lambda s: s.pointed == "tag" if s.tag is None else s.tag.primary is not None, 3),
    Command("remove-pen", "d", "d", "Remove", "take the picked pen away", _TRENDS, "remove_pen",
            lambda s: s.display == "trends" and s.pens > 0, 3),
    Command("span", "left_square_bracket,right_square_bracket", "[ ]", "Span", "shorter, longer", _TRENDS,
            "span({})", lambda s: s.display == "trends" or s.tag is not None, 4),
    Command("group", "comma,full_stop", ", .", "Group", "previous, next group of pens", _TRENDS, "group({})",
            lambda s: s.display == "trends" and s.tag is None, 2),
    Command("picture", "i", "i", "SVG", "save the trends as a picture", _TRENDS, "picture",
            lambda s: s.display == "trends" and s.tag is None and s.pens > 0, 5),
    Command("measure", "left,right", "← →", "Read off", "read the pens at a time", _TRENDS, "measure({})",
            lambda s: s.display == "trends" and s.tag is None, 4),
    Command("stage", "left,right", "← →", "Stage", "read off another stage", _CURSOR, "measure({})",
            lambda s: s.page == "stages" and s.tag is None, 1),
    Command("scale", "l", "l", "Log/linear", "scale of the stage profiles", _CURSOR, "scale",
            lambda s: s.page == "stages" and s.tag is None, 1),
    Command("filter", "slash", "/", "Filter", "show the lines that contain some words", _CURSOR, "filter",
            lambda s: s.display in LISTS and s.tag is None, 3),
    Command("chapter", "enter", "Enter", "Read", "read the chapter under the cursor", _CURSOR, "pick",
            lambda s: s.pointed == "chapter" and s.page == "contents", 0),
    Command("contents", "tab", "Tab", "Contents/Text", "from the manual's contents to its text and back", _CURSOR,
            "next_view", lambda s: s.display == "manual" and s.tag is None, 1),
    Command("find", "slash", "/", "Find", "find words in the manual", _CURSOR, "find",
            lambda s: s.display == "manual" and s.tag is None, 1),
    Command("find-next", "n", "n", "Next", "the next line with the words", _CURSOR, "find_next",
            lambda s: s.display == "manual" and s.tag is None, 2),
    Command("steps", "enter", "Enter", "Steps", "steps of the procedure under the cursor", _PROCEDURES, "pick",
            lambda s: s.pointed == "procedure", 0),
    Command("of-step", "enter", "Enter", "Faceplate", "faceplate of what a step speaks of", _PROCEDURES, "pick",
            lambda s: s.pointed == "step", 1),
    Command("list-steps", "tab", "Tab", "List/Steps", "from the procedures to the steps of one and back", _PROCEDURES,
            "next_view", lambda s: s.display == "procedures" and s.tag is None, 2),
    Command("order", "c", "c", "Start/Hold", "start, hold or resume the procedure", _PROCEDURES, "order",
            lambda s: _procedure(s) and not s.by_hand, 0, "operator"),
    Command("by-hand", "c", "c", "Begin/Tick", "begin the procedure by hand, take its step as done", _PROCEDURES,
            "order", lambda s: _procedure(s) and s.by_hand, 0),
    Command("abort", "X", "X", "Abort", "abort the procedure", _PROCEDURES, "abort",
            _procedure, 1, "operator", lambda s: s.by_hand or s.operates),
    Command("export", "x", "x", "Export", "save what is shown as CSV", _PROGRAM, "export",
            lambda s: s.tag is None and (s.display in ("journal", "trends") or s.page == "history"), 4),
    Command("note", "n", "n", "Note", "write a remark into the journal", _PROGRAM, "note",
            lambda s: s.display == "journal" and s.tag is None, 3),
    Command("page", "pagedown,pageup", "PgDn", "Page", "next or previous page", _CURSOR, "page({})",
            lambda s: s.pages > 1, 2),
    Command("ends", "home,end", "Home", "Ends", "first or last line of a list", _CURSOR, "ends({})",
            lambda s: s.tag is None and (s.display in LISTS or s.display == "manual")),
    Command("overview", "0", "0", "Overview", "the whole plant", _CURSOR, "overview",
            lambda s: s.display != "overview", 3),
    Command("section", "1,2,3,4,5,6,7,8,9", "1-8", "Section", "a section; again: its next page", _CURSOR,
            "section({})", _always, 3),
    Command("analysers", "f8", "F8", "Analysers", "all analysers and the age of what they say", _CURSOR,
            "analysers", lambda s: s.display != "analysers", 6),
    Command("alarms", "f2", "F2", "Alarms", "all standing alarms", _CURSOR, "alarms",
            lambda s: s.display != "alarms", 3),
    Command("trends", "f3", "F3", "Trends", "up to four pens", _CURSOR, "trends", lambda s: s.display != "trends", 3),
    Command("journal", "f4", "F4", "Journal", "what was done and what happened", _CURSOR, "journal",
            lambda s: s.display != "journal", 6),
    Command("comms", "f5", "F5", "Comms", "connection, quality, scan, this station", _CURSOR, "comms",
            lambda s: s.display != "comms", 7),
    Command("procedures", "f6", "F6", "Procedures", "sequences and procedures by hand, step by step", _CURSOR,
            "procedures", lambda s: s.display != "procedures", 8),
    Command("manual", "f10,M", "F10", "Manual", "start-up, operation, shutdown, every alarm's response", _CURSOR,
            "manual", lambda s: s.display != "manual", 8),
    Command("instructor", "f9", "F9", "Instructor", "the run, malfunctions and states to go back to", _CURSOR,
            "instructor", lambda s: s.plant.instructs and s.display != "instructor", 4),
    Command("goto", "colon,slash", ":", "Go to", "a tag or section by name", _CURSOR, "goto", _always, 4),
    Command("jump", "g", "g", "Jump", "a mark on everything that can be picked: type it to go there", _CURSOR, "jump",
            lambda s: s.tag is None, 6),
    Command("copy", "y", "y", "Copy", "the faceplate, or what is under the cursor, to the clipboard", _PROGRAM, "copy",
            lambda s: s.tag is not None or bool(s.pointed)),
    Command("back", "backspace,escape", "Bksp", "Back", "the display before", _CURSOR, "back",
            lambda s: s.tag is None, 7),
    Command("run", "r", "r", "Run/Freeze", "let the plant run, hold it", _TIME, "run_freeze",
            lambda s: bool(s.plant.methods & {"Run", "Freeze"}), 5, "instructor"),
    Command("speed", "plus,equals_sign,minus", "+ -", "Speed", "faster, slower", _TIME, "speed({})",
            _method("SetSpeed"), 5, "instructor"),
    Command("step", "n", "n", "Step", "freeze, advance by seconds", _TIME, "step", _method("Step"), 6, "instructor"),
    Command("next-choice", "tab", "Tab", "Next list", "malfunctions, injected, snapshots, field, scenarios", _TIME,
            "next_view", _instructs, 1, "instructor"),
    Command("inject", "enter", "Enter", "Inject", "let the malfunction under the cursor happen", _TIME, "pick",
            lambda s: s.pointed == "malfunction", 0, "instructor"),
    Command("clear", "enter", "Enter", "Clear", "mend what is under the cursor", _TIME, "pick",
            lambda s: s.pointed == "injected", 0, "instructor"),
    Command("restore", "enter", "Enter", "Restore", "go on from the snapshot under the cursor", _TIME, "pick",
            lambda s: s.pointed == "snapshot", 0, "instructor"),
    Command("ask-field", "enter", "Enter", "Ask for", "have the field operator do what is under the cursor", _TIME,
            "pick", lambda s: s.pointed == "field", 0, "instructor"),
    Command("begin", "enter", "Enter", "Begin/End", "begin the scenario under the cursor, or end it", _TIME, "pick",
            lambda s: s.pointed == "scenario", 0, "instructor"),
    Command("clear-all", "X", "X", "Clear all", "mend everything", _TIME, "clear_all", _instructs, 1, "instructor"),
    Command("save-state", "s", "s", "Save", "keep the present state under a name", _TIME, "save_state", _instructs, 1,
            "instructor"),
    Command("backtrack", "b", "b", "Go back", "by minutes of plant time", _TIME, "backtrack", _instructs, 1,
            "instructor"),
    Command("set-speed", "v", "v", "Speed", "any, by its number", _TIME, "set_speed", _instructs, 1, "instructor"),
    Command("message", "k", "k", "Message", "tell the trainee something", _TIME, "message",
            lambda s: _instructs(s) and s.exercising, 1, "instructor"),
    Command("training", "f7", "F7", "Scenario", "briefing, messages and score of what is practised", _TRAINING,
            "training", lambda s: s.practises and s.display != "training", 2),
    Command("debrief", "tab", "Tab", "Debrief/Briefing", "from the debrief to messages and briefing and back",
            _TRAINING, "next_view", lambda s: s.display == "training" and s.debriefed and s.tag is None, 1),
    Command("debrief-time", "left,right", "← →", "Time", "read the debrief at a time; up, down: at an event", _TRAINING,
            "measure({})", lambda s: s.page == "debrief" and s.tag is None, 1),
    Command("debrief-replay", "enter", "Enter", "Go there", "play the replay from the debrief's time on", _REPLAY,
            "pick", lambda s: s.page == "debrief" and s.replays and s.tag is None, 0),
    Command("hint", "h", "h", "Hint", "ask for the next hint, at its price", _TRAINING, "hint",
            lambda s: s.exercising and s.display == "training" and s.tag is None, 0, "operator"),
    Command("finish", "e", "e", "End", "end the scenario as it stands", _TRAINING, "finish",
            lambda s: s.exercising and s.display == "training" and s.tag is None, 1, "operator"),
    Command("play", "space,r", "Space", "Play/Pause", "let the replay run, hold it", _REPLAY, "play", _replays, 0),
    Command("leap", "left_curly_bracket,right_curly_bracket", "{ }", "Event", "leap to the event before, to the next",
            _REPLAY, "leap({})", _replays, 1),
    Command("pace", "plus,equals_sign,minus", "+ -", "Speed", "speed of the replay", _REPLAY, "pace({})", _replays, 1),
    Command("wind", "b", "b", "Back/On", "go on by minutes, back with a minus", _REPLAY, "wind", _replays, 2),
    Command("log-in", "L", "L", "Log in", "log in to operate, as somebody else, or out", _PROGRAM, "log_in",
            lambda s: not s.replays, 8),
    Command("help", "f1,question_mark", "F1", "Help", "these keys", _PROGRAM, "help", _always, 2),
    Command("palette", "ctrl+p", "^p", "Palette", "search commands and tags", _PROGRAM, "app.command_palette",
            _always, 6),
    Command("certificate", "ctrl+t", "^t", "Certificate", "why the server is not trusted", _PROGRAM,
            "app.show_certificate", lambda s: s.distrusts, 0),
    Command("theme", "f12", "F12", "Theme", "dark or light", _PROGRAM, "app.toggle_hmi_theme", _always),
    Command("quit", "ctrl+q", "^q", "Quit", "asks if something is pending", _PROGRAM, "app.leave", _always, 7),
)  # fmt: skip


def offered(situation: Situation) -> Iterator[Command]:
    """The commands that make sense where the operator is."""
    return (command for command in TABLE if command.when(situation))


def permits(role: str, command: Command) -> bool:
    """Whether a role is enough for a command."""
    return ROLES.index(role) >= ROLES.index(command.role)


def permitted(situation: Situation, command: Command) -> bool:
    """Whether this session may do what is offered here."""
    return permits(situation.plant.role, command) if command.may is None else command.may(situation)


def withheld(situation: Situation) -> list[Command]:
    """What would be offered here to more than this session is."""
    return [command for command in offered(situation) if not permitted(situation, command)]


def footer(
    situation: Situation, width: int, label: Callable[[Command], str] = lambda command: command.label
) -> list[Command]:
    """The offered commands that this session may do and that fit a footer of so many cells, the most wanted first."""
    ranked = sorted((c for c in offered(situation) if c.rank < 9 and permitted(situation, c)), key=lambda c: c.rank)

    def need(command: Command) -> int:
        return len(label(command)) + len(command.title) + 3

    chosen: list[Command] = []
    left = width - 1 - need(find("help"))  # whoever knows nothing must find the keys
    full = False
    for command in ranked:
        if command.id == "help":
            chosen.append(command)
            continue
        full = full or need(command) > left
        if not full:
            chosen.append(command)
            left -= need(command)
    return chosen


def label_parts(label: str, command: Command) -> list[tuple[str, int]]:
    """What a label says of each of a command's keys, with the key's number: ``[ ]`` is of the first and of the last."""
    parts = label.split()
    last = command.keys.count(",")
    return [(parts[0], 0), (parts[1], last)] if len(parts) == 2 and last else [(label, 0)]


def find(id_: str) -> Command:
    """The command of an id."""
    return next(command for command in TABLE if command.id == id_)
