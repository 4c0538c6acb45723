"""A plant in a Python program: load it, run it, operate it as an operator would, take its trends.

    plant = plantsim.load("belfast")
    plant.run(hours=2)
    plant["WIC-100"].sp = 4.0
    plant.run(hours=2)
    frame = pandas.DataFrame(plant.trends("WIC-100", "AI-701")).set_index("time")

What every loop and instrument does is kept once a minute for a day; `record` keeps other members, more often or longer.
No servers and no clock: plant time passes in `run` alone, as fast as the machine goes. What a write may do is judged as
the servers judge it, with the role of an engineer; a refused one raises `Refused` and changes nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plantsim.engine.certificate import Certificate
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.image import ACTIVE, ProcessImage
from plantsim.engine.live import LivePlant
from plantsim.engine.permission import Permission, Value
from plantsim.engine.reading import value_of
from plantsim.engine.recorder import Recorder
from plantsim.engine.simulate import EPOCH_2026, MOST_SCANS
from plantsim.engine.snapshot import read_snapshot, write_snapshot
from plantsim.model.duration import seconds as seconds_of
from plantsim.model.load import load_plant
from plantsim.model.members import MODES
from plantsim.model.tag import Kind, Role, Tag, ValueType

__all__ = ["Certificate", "Plant", "Refused", "TagObject", "UnknownTag", "load"]

_KEPT = ("PV", "SP", "OP")
"""Members whose trends are kept without being asked for, besides the key figures."""
_KEPT_EVERY_S, _KEPT_ROWS = 60.0, 1441
"""How often, and how many rows: a day of plant time with both its ends."""

_SPOKEN = {"Man": 0, "Auto": 1, **{name: number for number, name in enumerate(MODES)}}
"""Names of the modes, as people say them and as the tag list has them."""


class Refused(ValueError):
    """A write that the plant does not take, and why."""


class UnknownTag(KeyError):
    """A name that the plant does not have; says what comes close."""

    def __str__(self) -> str:
        return str(self.args[0])


def load(
    plant: str | Path, *, start: str = "steady", seed: int = 1, scan: float = 0.1, epoch: float = EPOCH_2026
) -> Plant:
    """A plant, standing at the beginning of its time.

    plant: a name that ``plantsim plants`` lists, or the path of a plant file. start: ``steady``, ``cold`` or the path
    of a snapshot, which brings its own seed. scan: period, s of plant time, 0.01 to 1. epoch: plant time at the
    beginning, seconds since 1970. Raises PlantError for a plant file that is wrong, SnapshotError for a start that is.
    """
    if not 0.01 <= scan <= 1.0:
        raise ValueError(f"scan: found {scan} s, allowed 0.01 to 1")
    if not (isinstance(seed, Integral) and 0 <= seed < 2**63):
        raise ValueError(f"seed: found {seed!r}, allowed a whole number from 0 to {2**63 - 1}")
    return Plant(LivePlant(load_plant(plant), scan_period=scan, seed=int(seed), start=start, epoch=epoch))


class TagObject:
    """The members of a tag as attributes: ``pv``, ``sp``, ``op``, ``mode``, ``cmd``, ``run``, ``gain``, ``hh`` ...

    Attributes are the members' names in lower case: SPEED_CMD is ``speed_cmd``, NormalLow ``normallow``. Reading gives
    a float, a bool, an int or for a text its words; times are seconds since 1970. Writing takes effect with the next
    scan. ``mode`` may be written as a number or a name: Man, Auto, Cascade, External.
    """

    __slots__ = ("_members", "_name", "_plant")

    _members: dict[str, Tag]
    _name: str
    _plant: Plant

    def __init__(self, plant: Plant, name: str, members: dict[str, Tag]) -> None:
        for slot, value in (("_plant", plant), ("_name", name), ("_members", members)):
            object.__setattr__(self, slot, value)

    def __getattr__(self, member: str) -> float | bool | int | str:
        if member.startswith("_"):  # what copy and pickle look for is none of the plant's
            raise AttributeError(member)
        return self._plant.read(self._tag(member).name)

    def __setattr__(self, member: str, value: Value | str | np.generic) -> None:
        self._plant.write(self._tag(member).name, value)

    def __dir__(self) -> list[str]:
        return sorted(self._members)

    def __repr__(self) -> str:
        shown = ", ".join(f"{member}={self._plant.read(tag.name)!r}" for member, tag in self._members.items())
        return f"<{self._name}: {shown}>"

    def _tag(self, member: str) -> Tag:
        if member not in self._members:
            raise AttributeError(f"{self._name} has no {member}; it has {', '.join(self._members)}")
        return self._members[member]


class Plant:
    """A plant at a moment of its time. Made by `load`."""

    def __init__(self, live: LivePlant) -> None:
        self._live = live
        self._permission = Permission(live.plant, live.tags, frozenset())
        self._origin = Origin(Role.ENGINEER, "python", "api")
        self._image = self._look()
        self._recorder = self._keep()

    # ------------------------------------------------------------------ time

    @property
    def name(self) -> str:
        """The plant's name."""
        return self._live.plant.name

    def __repr__(self) -> str:
        return f"<{self.name} at {np.datetime_as_string(self.time, 's')}, {len(self.alarms)} alarms active>"

    @property
    def time(self) -> np.datetime64:
        """Plant time, UTC, to the microsecond."""
        return np.datetime64(round(1e6 * self._live.plant_time), "us")

    @property
    def elapsed(self) -> float:
        """Plant time since the beginning, s."""
        return float(self._live.core.time)

    def run(self, seconds: float | str = 0.0, *, minutes: float = 0.0, hours: float = 0.0) -> Plant:
        """Let plant time pass, rounded to whole scans; returns the plant. Raises NumericStop if the core stops.

        seconds: or a duration as the command line takes it, ``90s``, ``15m``, ``24h`` or ``7d``.
        """
        if isinstance(seconds, str):
            duration = seconds_of(seconds)
            if duration is None:
                raise ValueError(f"run: found {seconds!r}, allowed seconds, or s, m, h or d such as '15m' or '24h'")
            seconds = duration
        span = seconds + 60.0 * minutes + 3600.0 * hours
        if not 0.0 <= span < float("inf"):
            raise ValueError(f"run: found {span} s, allowed 0 or more")
        scans = round(span / self._live.scan_period)
        try:
            while scans > 0:
                n = min(scans, self._recorder.scans_to_go(self._live), MOST_SCANS)
                self._live.advance(n)
                scans -= n
                if self._recorder.is_due(self._live):
                    self._recorder.add(self._look())
        finally:
            self._image = self._look()
        return self

    # ------------------------------------------------------------------ tags

    def __getitem__(self, name: str) -> TagObject:
        """The object of a tag, such as ``plant["FIC-201"]``. Raises UnknownTag."""
        members = {tag.member.lower(): tag for tag in self._live.tags.of(name) if tag.kind is not Kind.SIMULATION}
        if not members:
            raise self._unknown(name, list(self))
        return TagObject(self, name, members)

    def __iter__(self) -> Iterator[str]:
        """Names of the tag objects, in flow order."""
        return iter(dict.fromkeys(tag.object for tag in self._live.tags if tag.kind is not Kind.SIMULATION))

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def read(self, name: str) -> float | bool | int | str:
        """The value of a member, such as ``FIC-201.PV``, in its engineering unit. Raises UnknownTag.

        Of a profile use `profile`. A value whose quality is Bad reads nan, or as it stood where it is no float.
        """
        tag = self._tag(name)
        if tag.type is ValueType.PROFILE:
            raise UnknownTag(f"{name} is an array: plant.profile({name!r}) reads it")
        return value_of(tag, self._image)

    def profile(self, name: str) -> NDArray[np.float64]:
        """The stages of a circuit from E1 to the last strip stage, such as ``SX-1.Profile.Nd.aq``, mol/L."""
        tag = self._tag(name)
        if tag.type is not ValueType.PROFILE:
            raise UnknownTag(f"{name} is one value: plant.read({name!r}) reads it")
        return self._image.value[tag.row : tag.row + tag.count].copy()

    def write(self, name: str, value: Value | str | np.generic) -> None:
        """Write a member; it counts from the next scan on. Raises UnknownTag, or Refused with the reason."""
        tag = self._tag(name)
        number = self._number(tag, value)
        refusal = self._permission.check(self._image, name, number, self._origin)
        if refusal is not None:
            raise Refused(self._reason(tag, value, refusal))
        core = self._live.core
        for row, to in self._permission.moves(self._image, name, number).items():
            core.signal[row] = to
        core.refresh()
        self._image = self._look()

    # ------------------------------------------------------------------ trends

    def record(self, *names: str, every: float = 60.0, most: int = 1_000_000) -> None:
        """Record members, or the PVs of tags, from now on; what was recorded before is dropped.

        names: ``WIC-100`` (its PV), ``WIC-100.SP``, ``KPI.Purity.NdPr``. every: s of plant time, a whole number of
        scans. most: rows kept, the newest. Without it every PV, SP and OP and the key figures are kept once a minute,
        those of the last day.
        """
        tags = [self._trended(name) for name in names]
        if any(tag.type is ValueType.PROFILE for tag in tags):
            raise ValueError("record: found a profile, allowed tags of one value")
        self._recorder = Recorder(names, tags, every, most, self._live.scan_period)
        self._recorder.add(self._image)

    def trends(self, *names: str) -> dict[str, NDArray[np.float64] | NDArray[np.datetime64]]:
        """What was recorded: ``time`` (UTC) and an array for each name; Bad values are nan.

        names: of the columns that are wanted, ``WIC-100`` (its PV) or ``WIC-100.SP``; all without, as `record` took
        them. As pandas takes it: ``pandas.DataFrame(plant.trends()).set_index("time")``. Raises UnknownTag, or
        ValueError for what is not recorded.
        """
        columns = self._recorder.arrays()
        if not names:
            return columns
        wanted = {"time": columns["time"]}
        for name in names:
            column = self._recorder.column(self._trended(name))
            if column is None:
                raise ValueError(
                    f"trends: {name} is not recorded; record({', '.join(map(repr, names))}) before run(...)"
                )
            wanted[name] = columns[column]
        return wanted

    @property
    def kpi(self) -> dict[str, float]:
        """Key figures: true values, not measurements. `Recovery` and the specific figures are those of 24 h."""
        return {tag.member: float(self._image.value[tag.row]) for tag in self._live.tags if tag.kind is Kind.KPI}

    @property
    def alarms(self) -> list[str]:
        """Names of the active alarms, such as ``TIC-201.HH``."""
        return [alarm.name for alarm in self._live.alarms if self._image.alarms[alarm.row] & ACTIVE]

    # ------------------------------------------------------------------ malfunctions

    def inject(
        self, malfunction: str, severity: float = 1.0, *, delay: float = 0.0, ramp: float = 0.0, when: str = ""
    ) -> str:
        """Let something go wrong, such as ``sweep-fan-trip`` or ``ph-electrode-drift@AIC-302``; returns the instance.

        severity: 0..1. delay: s of plant time until it begins. ramp: s of plant time until it is as bad as that. when:
        a comparison such as ``AIC-201.PV < 0.8``; its delay begins in the scan that finds it true, instead of now.
        ``plantsim malfunctions`` lists what there is. Raises ValueError that says what is allowed.
        """
        return self._live.injected.inject(malfunction, severity, delay, ramp, when)

    def clear(self, name: str | None = None) -> None:
        """Mend an instance, all of a malfunction, or without a name everything. Raises ValueError for what is whole."""
        if name is None:
            self._live.injected.clear_all()
        else:
            self._live.injected.clear(name)

    @property
    def malfunctions(self) -> dict[str, float]:
        """How bad each instance is at present, 0..1."""
        return self._live.injected.levels

    def do_in_field(self, action: str) -> None:
        """Have the field operator do something, such as ``bleed P-201``, which takes its plant time.

        `field_actions` lists what there is. Raises ValueError that says what is allowed, or why the plant is not as it
        must be for it.
        """
        self._live.field.begin(action)

    @property
    def field_actions(self) -> list[str]:
        """What a field operator can do in this plant."""
        return list(self._live.field.actions)

    # ------------------------------------------------------------------ state

    @property
    def lots(self) -> list[dict[str, float]]:
        """Assays of the lots of feed tipped so far, wt % by species; the first is what was in the bin at the start."""
        return self._live.lots()

    @property
    def certificates(self) -> list[Certificate]:
        """Of the lots of product closed so far, the last 32 of each product, in the order of their ends."""
        return self._live.certificates()

    def save(self, path: str | Path) -> None:
        """Write the whole state to a file, atomically; ``load(..., start=path)`` and `restore` go on from it.

        Raises SnapshotError after a numeric stop.
        """
        self._live.check_sound()
        write_snapshot(Path(path), self._live.plant.sha256, self._live.arrays())

    def restore(self, path: str | Path) -> None:
        """Go on from a saved state, bit for bit and with its seed; what was recorded is dropped.

        Raises SnapshotError if the file cannot be used, or is of a run with another scan period.
        """
        arrays = read_snapshot(Path(path), self._live.plant.sha256)
        self._live.check_scan(arrays, str(path))
        self._live.restore(arrays)
        self._image = self._look()
        self._recorder = self._keep()

    @property
    def sha256(self) -> str:
        """Hash of everything that decides how the run goes on."""
        return self._live.state_sha256()

    # ------------------------------------------------------------------

    def _look(self) -> ProcessImage:
        return self._live.image({})

    def _keep(self) -> Recorder:
        """A recorder of what is kept without being asked for, with the present in it."""
        tags = [tag for tag in self._live.tags if tag.kind is Kind.KPI or tag.member in _KEPT]
        names = [tag.object if tag.member == "PV" else tag.name for tag in tags]
        scan = self._live.scan_period
        recorder = Recorder(names, tags, max(1, round(_KEPT_EVERY_S / scan)) * scan, _KEPT_ROWS, scan)
        recorder.add(self._image)
        return recorder

    def _trended(self, name: str) -> Tag:
        """The tag of a member, or of the PV of a tag."""
        return self._tag(name if "." in name else f"{name}.PV")

    def _tag(self, name: str) -> Tag:
        tag = self._live.tags.get(name)
        if tag is None or tag.kind is Kind.SIMULATION:
            raise self._unknown(name, [t.name for t in self._live.tags if t.kind is not Kind.SIMULATION])
        return tag

    def _unknown(self, name: str, known: list[str]) -> UnknownTag:
        members = [tag.member for tag in self._live.tags.of(name)]
        if members:
            return UnknownTag(f"{name} is a tag; its members are {', '.join(f'{name}.{member}' for member in members)}")
        near = difflib.get_close_matches(name, known, 3)
        return UnknownTag(f"{self.name} has no {name}" + (f"; near to it: {', '.join(near)}" if near else ""))

    def _number(self, tag: Tag, value: Value | str | np.generic) -> Value:
        if isinstance(value, np.bool_):
            return bool(value)
        if isinstance(value, Real) and not isinstance(value, bool):
            return value if isinstance(value, (int, float)) else float(value)
        if isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise Refused(self._reason(tag, value, Refusal.TYPE))
        if tag.member != "MODE" or value not in _SPOKEN:
            allowed = ", ".join(("Man", "Auto", "Cascade", "External")) if tag.member == "MODE" else "a number"
            raise Refused(f"{tag.name}: found {value!r}, allowed {allowed}")
        return _SPOKEN[value]

    def _reason(self, tag: Tag, value: object, refusal: Refusal) -> str:
        match refusal:
            case Refusal.RANGE:
                return f"{tag.name}: found {value}, allowed {tag.low:g} to {tag.high:g} {tag.eu}".rstrip()
            case Refusal.TYPE:
                wanted = "True or False" if tag.type is ValueType.BOOL else "a number"
                return f"{tag.name}: found {value!r}, allowed {wanted}"
            case Refusal.MODE if tag.name in self._permission.hands:
                return f"{tag.name}: automatic; {self._permission.hands[tag.name]} on gives it to the operator"
            case Refusal.MODE:
                loop = self._permission.drives.get(tag.name)
                holder = loop.tag if loop is not None else tag.object
                return f"{tag.name}: not in this mode; {holder} is in {MODES[int(self.read(f'{holder}.MODE'))]}"
            case _:
                return f"{tag.name}: {refusal.value}"
