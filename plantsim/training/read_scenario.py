"""Scenario files: finding, reading, checking."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from plantsim.model.duration import seconds
from plantsim.model.errors import PlantError, one_of, shown
from plantsim.model.lines import on_its_line
from plantsim.model.load import load_plant
from plantsim.model.malfunction import UnknownMalfunction
from plantsim.model.plant import Plant
from plantsim.model.read_units import charged
from plantsim.model.section import Section, read_toml
from plantsim.model.tags import build_tags
from plantsim.training.scenario import (
    AlarmHandling,
    Avoid,
    Band,
    Competency,
    Criterion,
    Deed,
    End,
    Figure,
    Happening,
    Hint,
    Injection,
    Order,
    Penalty,
    Preparation,
    Reach,
    Respond,
    Rule,
    Scenario,
    Script,
    When,
)
from plantsim.training.watch import Vocabulary

FOLDER = Path(__file__).parents[1] / "scenarios"
SNAPSHOT = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_S = 7 * 86400.0
FULL_SCORE = 100.0
HIGHEST_SEED = 2**31 - 1
LEAST_SPEED, HIGHEST_SPEED = 0.1, 600.0
"""Times real time."""


def scenario_names() -> list[str]:
    """The scenarios that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def scenario_path(name: str | Path) -> Path:
    """The file of a scenario: a name that ``scenario_names`` lists, or a path, with a ``/`` or ending in ``.toml``."""
    text = str(name)
    if isinstance(name, Path) or "/" in text or text.endswith(".toml"):
        return Path(name)
    names = scenario_names()
    if text not in names:
        allowed = f"{one_of(names, text)}, or the path of a scenario file"
        raise PlantError("scenarios", text, "no scenario of that name", allowed)
    return FOLDER / f"{text}.toml"


def is_scenario(path: Path) -> bool:
    """Whether a TOML file is meant to be a scenario: it says what to judge by. PlantError for what is no TOML."""
    root, _ = read_toml(path)
    return "criteria" in root or "briefing" in root


def scenario_plant(path: Path) -> str:
    """The plant that a scenario file names. PlantError where it names none."""
    root, _ = read_toml(path)
    return root.text("plant")


def scenario_length(path: Path) -> tuple[str, float]:
    """The title of a scenario file, and the plant time that it takes at most, s. PlantError where it says neither."""
    root, _ = read_toml(path)
    end = root.table("end", required=True)
    found = seconds(end.text("at"))
    if found is None:
        raise end.error("at", shown(end.text("at")), "a duration such as 90s, 15m, 2h or 1d")
    return root.text("title"), found


def load_scenario(name: str | Path, plant: Plant | str | Path | None = None) -> Scenario:
    """The scenario of that name or file, checked against its plant, or another one; PlantError says what is wrong."""
    path = scenario_path(name)
    with on_its_line(path):
        root, _ = read_toml(path)
        return _Reader(root, path, plant).scenario()


class _Reader:
    """Reads one file."""

    def __init__(self, root: Section, path: Path, plant: Plant | str | Path | None) -> None:
        self.root = root
        self.path = path
        named = root.text("plant")
        self.plant = plant if isinstance(plant, Plant) else load_plant(named if plant is None else plant)
        tags, alarms = build_tags(self.plant)
        self.words = Vocabulary(self.plant, tags, alarms)
        self.events: list[str] = []

    def scenario(self) -> Scenario:
        root = self.root
        title, briefing = root.text("title"), root.text("briefing")
        start = root.matching("start", SNAPSHOT, "steady, cold or a snapshot's name", "steady")
        lead_in, seed = self.seconds(root, "lead_in", 0.0), root.integer("seed", 0, HIGHEST_SEED, 1)
        speed = root.number("speed", 1.0, LEAST_SPEED, HIGHEST_SPEED, "times real time")
        initial = self.initial(root.table("initial"))
        pass_at = root.number("pass_at", 70.0, 1.0, FULL_SCORE, "points")
        hint_points = root.number("hint_points", 1.0, 0.0, FULL_SCORE, "points")
        happenings = []
        for section in root.tables("events", "id"):
            happenings.append(self.happening(section))
            self.events.append(happenings[-1].id)
        hints = tuple(self.hint(section) for section in root.tables("hints"))
        criteria = tuple(self.criterion(section) for section in root.tables("criteria", "id"))
        self.check_criteria(criteria)
        penalties = tuple(self.penalty(section) for section in root.tables("penalties"))
        end = self.end(root.table("end", required=True))
        expert, wrong = (
            self.script(root.table("expert", required=True)),
            self.script(root.table("wrong", required=True)),
        )
        debrief = root.table("debrief", required=True)
        trends = tuple(self.words.tag(debrief, "trends", name) for name in debrief.texts("trends"))
        lesson, follow = debrief.text("lesson"), debrief.texts("next", ())
        debrief.end()
        root.end()
        return Scenario(
            self.path.stem, title, self.plant, self.path, briefing, start, initial, lead_in, seed, speed, pass_at,
            hint_points, tuple(happenings), hints, criteria, penalties, end, expert, wrong, trends, lesson, follow,
        )  # fmt: skip

    def initial(self, section: Section) -> Preparation:
        units = {unit.id: unit for unit in self.plant.units}
        found = []
        for id_, filling in section.table("units").children("a unit"):
            if id_ not in units or not units[id_].initial:
                holds = [unit.id for unit in units.values() if unit.initial]
                raise filling.error("", f'a unit "{id_}"', one_of(holds, id_))
            found.append(charged(units[id_], filling, self.plant.chemistry))
        result = Preparation(tuple(found), self.words.settings(section, "write"))
        section.end()
        return result

    def seconds(self, section: Section, key: str, default: float | None = None, low: float = 0.0) -> float:
        """A duration such as ``90s``, ``15m``, ``2h`` or ``1d`` in seconds."""
        allowed = "a duration such as 90s, 15m, 2h or 1d"
        if default is not None and key not in section:
            section.get(key, "", allowed)
            return default
        text = section.text(key)
        found = seconds(text)
        if found is None or not low <= found <= LONGEST_S:
            raise section.error(key, shown(text), f"{allowed}, not below {low:g} s")
        return found

    def after(self, section: Section, required: bool = False) -> str:
        """The event that times count from; without one the scenario's start."""
        if required:
            return section.text("after", choices=self.events)
        return section.text("after", "", self.events)

    def when(self, section: Section, at: str = "at") -> When:
        moment = When(
            self.seconds(section, at, 0.0),
            self.after(section),
            self.words.watches(section, "when", required=False),
            self.seconds(section, "hold", 0.0),
        )
        return moment

    def happening(self, section: Section) -> Happening:
        id_ = section.text("id")
        if id_ in self.events:
            raise section.error("id", shown(id_), "an id that no event before it has")
        inject = None
        if "inject" in section:
            inject = self.injection(section.table("inject"))
        section.get("inject", {}, "a table")
        clear = section.text("clear", "")
        if clear:
            self.malfunction(section, "clear", clear)
        result = Happening(
            id_, self.when(section), section.text("told", ""), inject, clear,
            self.words.settings(section, "write"), section.text("message", ""),
        )  # fmt: skip
        section.end()
        if not (inject or clear or result.write or result.message):
            raise section.error("", "nothing that happens", "one or more of inject, clear, write, message")
        return result

    def injection(self, section: Section) -> Injection:
        name = section.text("malfunction")
        self.malfunction(section, "malfunction", name)
        result = Injection(
            name, section.number("severity", 1.0, 0.0, 1.0),
            self.seconds(section, "delay", 0.0), self.seconds(section, "ramp", 0.0),
        )  # fmt: skip
        section.end()
        return result

    def malfunction(self, section: Section, key: str, name: str) -> None:
        try:
            self.plant.malfunctions.find(name)
        except UnknownMalfunction:
            names = [place.name for place in self.plant.malfunctions]
            raise section.error(key, shown(name), one_of([*self.plant.malfunctions.ids(), *names], name)) from None

    def hint(self, section: Section) -> Hint:
        result = Hint(section.text("text"), self.after(section))
        section.end()
        return result

    def criterion(self, section: Section) -> Criterion:
        rules: dict[str, Callable[[Section], Rule]] = {
            "respond": self.respond, "band": self.band, "reach": self.reach, "order": self.order,
            "avoid": self.avoid, "alarms": self.alarm_handling, "figure": self.figure,
        }  # fmt: skip
        kind = section.text("kind", choices=rules)
        result = Criterion(
            section.text("id"), section.text("title"),
            Competency(section.text("competency", choices=[one.value for one in Competency])),
            section.number("weight", low=0.0, high=FULL_SCORE, eu="points"), section.flag("required", False),
            section.text("practise", ""), rules[kind](section),
        )  # fmt: skip
        section.end()
        return result

    def times(self, section: Section) -> tuple[float, float]:
        within = self.seconds(section, "within", low=1.0)
        return within, self.seconds(section, "late", 2.0 * within, low=within)

    def respond(self, section: Section) -> Respond:
        alarms = tuple(self.words.alarm(section, "acknowledge", name) for name in section.texts("acknowledge", ()))
        display = section.texts("display", ())
        writes = tuple(self.words.writes(section, "write", text) for text in section.texts("write", ()))
        if not (alarms or display or writes):
            raise section.error("", "nothing to be done", "one or more of acknowledge, display, write")
        return Respond(self.after(section), *self.times(section), alarms, display, writes)

    def band(self, section: Section) -> Band:
        tag = self.words.tag(section, "value", section.text("value"))
        low, high = section.number("low", tag.low), section.number("high", tag.high)
        if low >= high:
            raise section.error("low", f"{low:g} with high = {high:g}", "the lower of the two")
        none = section.number("none", 0.0, 0.0, 0.99)
        most = section.number("most", 1.0, none + 0.01, 1.0)
        return Band(self.after(section), self.seconds(section, "delay", 0.0), tag, low, high, most, none)

    def reach(self, section: Section) -> Reach:
        when = self.words.watches(section, "when")
        return Reach(self.after(section), when, self.seconds(section, "hold", 0.0), *self.times(section))

    def order(self, section: Section) -> Order:
        return Order(tuple(self.words.writes(section, "steps", text) for text in section.texts("steps", repeats=True)))

    def avoid(self, section: Section) -> Avoid:
        when = self.words.watches(section, "when", required=False)
        writes = tuple(self.words.writes(section, "write", text) for text in section.texts("write", ()))
        if not (when or writes):
            raise section.error("", "nothing to avoid", "one or both of when, write")
        return Avoid(when, writes)

    def alarm_handling(self, section: Section) -> AlarmHandling:
        return AlarmHandling(self.seconds(section, "acknowledge", low=1.0), section.integer("most", 1, 1000, 10))

    def figure(self, section: Section) -> Figure:
        tag = self.words.figure(section, "value", section.text("value"))
        full, none = section.number("full"), section.number("none")
        if full == none:
            raise section.error("none", f"{none:g}, as full", "another number")
        return Figure(tag, full, none, section.flag("change", False))

    def check_criteria(self, criteria: tuple[Criterion, ...]) -> None:
        ids = [one.id for one in criteria]
        if twice := [one for one in ids if ids.count(one) > 1]:
            raise self.root.error("criteria", f'"{twice[0]}" twice', "an id for each")
        if abs(sum(one.weight for one in criteria) - FULL_SCORE) > 1e-6:
            found = f"weights that add to {sum(one.weight for one in criteria):g}"
            raise self.root.error("criteria", found, "weights that add to 100")

    def penalty(self, section: Section) -> Penalty:
        result = Penalty(
            section.text("title"), section.number("points", low=0.0, high=FULL_SCORE, eu="points"),
            self.words.watches(section, "when"),
        )  # fmt: skip
        section.end()
        return result

    def end(self, section: Section) -> End:
        result = End(
            self.seconds(section, "at", low=1.0), self.words.watches(section, "when", required=False),
            self.seconds(section, "hold", 0.0), self.words.watches(section, "fail", required=False),
        )  # fmt: skip
        section.end()
        return result

    def script(self, section: Section) -> Script:
        steps = tuple(self.deed(one) for one in section.tables("steps"))
        result = Script(section.text("title"), steps, self.seconds(section, "acknowledges", 0.0))
        section.end()
        return result

    def deed(self, section: Section) -> Deed:
        names = section.texts("acknowledge", ())
        for name in names:
            if name != "all":
                self.words.alarm(section, "acknowledge", name)
        result = Deed(
            self.when(section, "wait"), self.words.settings(section, "write"), names,
            section.text("display", ""), section.flag("hint", False),
        )  # fmt: skip
        section.end()
        return result
