"""What the displays show it from: shared by all panels, changed by the app alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hmi.alarms import AlarmBook
from hmi.comm.health import Health
from hmi.comm.link import LinkState
from hmi.commands import Command
from hmi.exercise import Exercise
from hmi.hands import Hands
from hmi.instructor import Facts
from hmi.journal import Journal, Kind
from hmi.model import Plant, TagObject
from hmi.procedure import Check
from hmi.replay import Player
from hmi.store import DAY, Quality, TagStore, Trace
from hmi.theme import DARK, LOOKS, Looks
from hmi.walk import Walks

MOUSE = frozenset(("command", "action", "key"))
"""Kinds of Targets that the mouse alone picks: the keys have keys for them."""


class Target(NamedTuple):
    """Something on a display that can be picked.

    kind is tag, area, unit, alarm, transition, entry, pen, chapter, procedure, step, or what the mouse alone picks: a
    command by its id, the number of its key behind a colon; an action of the display; a key of the entry line.
    """

    kind: str
    id: str


@dataclass(slots=True)
class View:
    """The plant, its values, and the operator's place in it."""

    store: TagStore
    book: AlarmBook
    endpoint: str = ""
    user: str = ""
    plant: Plant = field(default_factory=lambda: Plant("", (), {}, {}))
    link: LinkState = field(default_factory=LinkState)
    looks: Looks = field(default_factory=lambda: LOOKS[DARK.name])
    cursor: Target | None = None
    marks: dict[Target, str] = field(default_factory=dict)
    """What to type to go to a thing on the display, while the operator jumps."""
    blink: bool = False
    """The dark half of the blinking of unacknowledged alarms."""
    ascii: bool = False
    """Whether panels paint in ASCII alone."""
    keys: dict[str, str] = field(default_factory=dict)
    """Labels of the commands whose keys the operator has changed, by command id."""
    groups: list[list[str]] = field(default_factory=lambda: [[]])
    """Groups of pens, members such as ``TIC-201.PV``: the operator's own, then one for each section."""
    wanted: dict[str, float] = field(default_factory=dict)
    """Members whose trends are on the screen, and the longest span of each, s, up to a day."""
    wanted_long: set[tuple[str, float]] = field(default_factory=set)
    """Members whose trends are on the screen, with spans of more than a day, s."""
    group: int = 0
    """The group on the trends display."""
    journal: Journal = field(default_factory=Journal)
    health: Health = field(default_factory=Health)
    hands: Hands = field(default_factory=Hands)
    """Who set what last."""
    facts: Facts = field(default_factory=Facts)
    """What an instructor is shown."""
    distrusts: bool = False
    """Whether the server shows another certificate than the known one."""
    exercise: Exercise | None = None
    """The scenario that is practised."""
    manual: str | None = None
    """The plant's operating manual, Markdown; None while nobody has read it, empty where the server has none."""
    walks: Walks = field(default_factory=Walks)
    """Procedures by hand that are under way at this station."""
    player: Player | None = None
    """Of a replay; None for a plant that is really there."""
    span: float = 900.0
    """Seconds of plant time on the trends display."""

    def trace(self, name: str, span: float, columns: int) -> Trace:
        """The last ``span`` seconds of a member in columns; what is not known yet is asked of the server."""
        if span > DAY:
            self.wanted_long.add((name, span))
        else:
            self.wanted[name] = max(span, self.wanted.get(name, 0.0))
        return self.store.trace(name, span, columns)

    def holds(self, check: Check) -> bool | None:
        """Whether a check of a procedure holds now; None where nobody knows."""
        reading = self.store.read(check.member)
        return check.holds(reading.number, reading.quality is Quality.BAD)

    @property
    def scenario(self) -> str:
        """Id of the scenario that runs; empty for none, and where nobody knows."""
        value = self.store.read("Simulation.Scenario").value
        return value if isinstance(value, str) else ""

    @property
    def pens(self) -> list[str]:
        """The pens of the group on the trends display."""
        return self.groups[min(self.group, len(self.groups) - 1)]

    @property
    def role(self) -> str:
        """What the session may do, of ROLES."""
        return self.plant.role

    @property
    def identity(self) -> str:
        """Who sits here: the user where the name says more than the role, and the role."""
        return self.role if self.user in ("", self.role) else f"{self.user}, {self.role}"

    def label(self, command: Command) -> str:
        """The keys of a command as footer and help write them."""
        if command.id == "section" and command.id not in self.keys and self.plant.areas:
            return f"1-{len(self.plant.areas)}"
        return self.keys.get(command.id, command.label)

    def note(self, kind: Kind, tag: str, text: str, who: str = "", instructs: bool = False) -> None:
        """Write into the journal, at the plant's present time. instructs: for the eyes of instructors alone."""
        self.journal.add(self.store.now, kind, who or "station", tag, text, instructs=instructs)

    def tag(self, id_: str) -> TagObject | None:
        """A tag object by id."""
        return self.plant.tags.get(id_)
