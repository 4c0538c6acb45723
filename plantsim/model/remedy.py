"""What a field operator does in the plant when the panel asks for it: remedies of malfunctions, and drives by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from plantsim.model.malfunction import Place, Remedy
from plantsim.model.plant import Plant
from plantsim.model.tag import Kind

MOTORS = (Kind.DRIVE, Kind.VARIABLE_DRIVE)
STOPPED = 0.0
MANUAL, EXTERNAL = 0.0, 3.0
LOCAL = "drive-local"
"""The malfunction that a drive in local is to the panel."""
NO_PERMIT = "drive-no-start"
BY_HAND = (
    Remedy("local", "turn to local", "turned to local", 60.0),
    Remedy("start", "start on the spot", "started on the spot", 30.0, needs="local"),
    Remedy("stop", "stop on the spot", "stopped on the spot", 30.0, needs="local"),
)
"""Of every drive, what its switches on the spot are for; what turns it back to remote is the remedy of `LOCAL`."""
MOTOR_ROLES = ("motor", "mixers")
"""Drives of a unit that must stand for work on it."""


@dataclass(frozen=True, slots=True)
class Need:
    """What the plant must be like at an action's beginning and end: a member that has one of these values."""

    tag: str
    allowed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FieldAction:
    """An action at one place. name: ``bleed P-201``. object: what it is done to. ends: malfunctions, ``id@target``."""

    name: str
    object: str
    remedy: Remedy
    needs: tuple[Need, ...]
    ends: frozenset[str]


def field_actions(plant: Plant) -> Mapping[str, FieldAction]:
    """All that a field operator can do in a plant, by name. One action may end several malfunctions."""
    site = _Site(plant)
    found: dict[str, FieldAction] = {}
    for place in plant.malfunctions:
        remedy = place.malfunction.remedy
        if remedy is None:
            continue
        object_, touched = site.object(place, remedy)
        name = f"{remedy.does} {object_}"
        ends = found[name].ends if name in found else frozenset()
        found[name] = FieldAction(name, object_, remedy, tuple(site.needs(remedy, touched)), ends | {place.name})
    for motor in (place.target for place in plant.malfunctions if place.malfunction.id == LOCAL):
        for remedy in BY_HAND:
            name = f"{remedy.does} {motor}"
            found[name] = FieldAction(name, motor, remedy, (), frozenset())
    return found


class _Site:
    """Where things are in a plant."""

    def __init__(self, plant: Plant) -> None:
        self._streams = {one.id: one for one in plant.streams}
        self._units = {one.id: one for one in plant.units}
        self._instruments = {one.tag: one for one in plant.instruments}
        self._motors = {one.tag for one in plant.devices if one.kind in MOTORS}
        self._loops = {one.tag for one in plant.loops}
        self._drivers: dict[str, list[str]] = {}
        for loop in plant.loops:
            for output in loop.outputs:
                self._drivers.setdefault(output.tag, []).append(loop.tag)

    def object(self, place: Place, remedy: Remedy) -> tuple[str, tuple[str, ...]]:
        """What an action is done to, and the tags and units that it touches: of a stream, what moves it."""
        kinds = set(place.malfunction.targets)
        if "stream" in kinds and place.target in self._streams:
            device = self._streams[place.target].device
            return device, (device,)
        if remedy.on == "unit":
            unit = self._instruments[place.target].unit if place.target in self._instruments else place.target
            return unit, (unit,)
        if len(place.objects) == 1:
            return place.objects[0], place.objects
        return place.target, place.objects

    def needs(self, remedy: Remedy, touched: Iterable[str]) -> Iterator[Need]:
        """Of an action on these tags and units."""
        for name in touched:
            if remedy.needs == "stopped":
                yield from (Need(f"{motor}.RUN", (STOPPED,)) for motor in self._motors_of(name))
            elif remedy.needs == "manual":
                loops = [name] if name in self._loops else self._drivers.get(name, [])
                yield from (Need(f"{loop}.MODE", (MANUAL, EXTERNAL)) for loop in loops)

    def _motors_of(self, name: str) -> Iterator[str]:
        if name in self._motors:
            yield name
        elif name in self._units:
            drives = self._units[name].drives
            yield from (drives[role] for role in MOTOR_ROLES if drives.get(role) in self._motors)
