"""Malfunctions to effects on the core's numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from plantsim.model.compose.context import BINS, CLASSES, Context, Layout
from plantsim.model.malfunction import Effect, Place
from plantsim.model.plant import Measurement, Plant

SCALE, SHIFT, DRIFT, SWITCH, RATE, GROWTH = range(6)
"""Kinds of effects, as in ext/malfunction.pxd."""
FROZEN = 1.0
"""Condition of an instrument, as in ext/field.pxd."""
S_PER_H = 3600.0

Target = tuple[str, int]
"""Table of the core, and index in it."""
Action = tuple[int, tuple[str, int, str, int], float, float, float]
"""Kind; table, index, name and species (-1: no vector); size; level that throws a switch; s that a rate lasts."""

_READING = frozenset({"mode", "probe", "reading", "noise", "follow", "spikes"})
_VALVE = frozenset({"jam", "jam_to", "factor", "stroke", "leakage"})
NUMBERS: Mapping[str, frozenset[str]] = {
    "transmitters": _READING | {"deadband"},
    "analysers": _READING,
    "valves": _VALVE | {"stiction"},
    "on_off_valves": _VALVE,
    "motors": frozenset({"fault", "blocked", "local", "mute", "factor", "ramp"}),
    "stream": frozenset({"delivery"}),
}
"""What an effect may act on, by the table of its target, as in ext/faults.pxi."""
_TANK = frozenset({"ambient", "cold", "hot", "jacket"})
PARAMETERS: Mapping[str, frozenset[str]] = {
    "demag_furnace": frozenset({"solids_cp"}),
    "mill": frozenset({"d80", "leak", "cooling", "wear"}),
    "leach_tank": _TANK | {"water_vapour", "sweep", "foam_life"},
    "reactor": _TANK,
    "tank": _TANK,
    "carbonate_tank": _TANK | {"froth_life", "sweep"},
    "crystalliser": _TANK | {"nucleation"},
    "filter": frozenset({"passing", "moisture"}),
    "filter_press": frozenset({"passing", "moisture", "resistance"}),
    "sx_circuit": frozenset({"extractant", "entrainment", "organic", "contact", "crud", "weir", "drops", "ambient"}),
    "heap": frozenset({"permeability", "rain"}),
    "bicarbonate_tank": _TANK | {"strip"},
    "makeup_tank": _TANK,
    "ore_tank": _TANK,
    "membrane": frozenset({"recovery", "rejection"}),
    "ups": frozenset({"mains"}),
    "water_circuit": frozenset({"ambient", "supply"}),
    "gas_main": frozenset({"supply"}),
    "reagent_tank": frozenset({"ambient", "decay"}),
    "hall": frozenset({"ambient"}),
    "clarifier": frozenset({"passing"}),
    "dryer": frozenset({"efficiency"}),
    "calciner": frozenset({"residence", "film", "radiation"}),
}
"""The same of units, by their kind."""

FINE_RADIUS = 0.8
"""Mean radius of what is finer than the first size bin, in its widths, as of an evenly filled one."""
FINES_S = 20.0
"""s in which a dump of fines falls into the tank."""
MADE_UP_S = 600.0
"""s in which a make-up tank gets weak: part of what is in it is let out, and water let in."""


class Faults:
    """Resolves malfunctions of one plant.

    places: table and index of instruments and devices by tag. probe: measurement -> index of the true value.
    """

    def __init__(
        self, plant: Plant, layout: Layout, places: Mapping[str, Target], probe: Callable[[Measurement], int]
    ) -> None:
        self.plant = plant
        self.layout = layout
        self.places = places
        self.probe = probe
        self.context = Context(plant)
        self._spans = {i.tag: i.high - i.low for i in plant.instruments}
        self._carried = {d.tag for d in plant.devices if d.supply and plant.unit(d.supply).kind == "ups"}
        self._sources = {i.tag: i for i in plant.instruments}

    def actions(self, place: Place) -> list[Action]:
        """What a malfunction does to the core at severity 1."""
        return [
            action
            for effect in place.malfunction.effects
            for number, name in enumerate(place.objects)
            for action in self._on_object(effect, place, number, name)
        ]

    def standing_still(self, instrument: str) -> list[Action]:
        """Leaves an instrument's reading to whoever writes it."""
        return [(SWITCH, (*self.places[instrument], "mode", -1), FROZEN, 0.0, 0.0)]

    def _on_object(self, effect: Effect, place: Place, number: int, name: str) -> Iterator[Action]:
        if effect.elements is not None:
            yield from self._feed(name, effect.elements)
        elif effect.on == "probe":
            following = place.objects[(number + 1) % len(place.objects)]
            yield SWITCH, (*self.places[name], "probe", -1), float(self._probe(following)), 0.0, 0.0
        elif effect.on == "mains":
            yield from self._without_mains(place, name)
        elif not effect.how:
            yield from self._material(effect, name)
        else:
            for tag, (table, index) in self._things(place, name):
                kind = self.plant.unit(tag).kind if table == "unit" else ""
                if effect.on in NUMBERS.get(table, PARAMETERS.get(kind, ())):
                    yield from self._number(effect, tag, table, index)

    def _things(self, place: Place, name: str) -> Iterator[tuple[str, Target]]:
        """What an object stands for: itself, or all units, instruments and powered devices of an area."""
        kinds = set(place.malfunction.targets)
        if "area" in kinds and name in {area.id for area in self.plant.areas}:
            units = [unit.id for unit in self.plant.units if unit.area == name]
            for unit in units:
                if unit in self.layout.units:
                    yield unit, ("unit", self.layout.units[unit])
            for i in self.plant.instruments:
                if i.unit in units and i.tag in self.places:
                    yield i.tag, self.places[i.tag]
            for d in self.plant.devices:
                if d.unit in units and d.tag in self.places and (d.power or self.places[d.tag][0] == "motors"):
                    yield d.tag, self.places[d.tag]
        elif name in self.layout.streams:
            yield name, ("stream", self.layout.streams[name])
        elif name in self.layout.units and self.plant.unit(name).kind in kinds:
            yield name, ("unit", self.layout.units[name])
        else:
            yield name, self.places[name]

    def _number(self, effect: Effect, tag: str, table: str, index: int) -> Iterator[Action]:
        kind = {"times": SCALE, "plus": SHIFT, "spans": SHIFT, "spans_per_hour": DRIFT, "to": SWITCH}[effect.how]
        size = effect.size
        if effect.how == "spans":
            size *= self._spans[tag]
        elif effect.how == "spans_per_hour":
            size *= self._spans[tag] / S_PER_H
        names = [effect.on]
        if effect.on == "reading":
            names = ["scale", "offset"] if kind == SCALE else ["offset"]
        for name in names:
            yield kind, (table, index, name, -1), size, effect.above, 0.0

    def _without_mains(self, place: Place, name: str) -> Iterator[Action]:
        """Drives trip, and nothing that takes power works, but what a battery carries as long as it lasts."""
        for tag, (table, index) in self._things(place, name):
            if table == "unit" and self.plant.unit(tag).kind == "ups":
                yield SWITCH, (table, index, "mains", -1), 0.0, 0.0, 0.0
            elif table in NUMBERS and "factor" in NUMBERS[table] and tag not in self._carried:
                if table == "motors":
                    yield SWITCH, (table, index, "fault", -1), 1.0, 0.0, 0.0
                yield SCALE, (table, index, "factor", -1), 0.0, 0.0, 0.0

    def _probe(self, tag: str) -> int:
        m = self._sources[tag].measures
        assert m is not None
        return self.probe(m)

    # ---------------------------------------------------------------- material

    def _feed(self, unit: str, factors: Mapping[str, float]) -> Iterator[Action]:
        extra = [0.0] * len(self.context.names)
        for way, factor in factors.items():
            for i, x in enumerate(self.context.feed_way(unit, way, 100.0 * (factor - 1.0))):
                extra[i] += x
        for i, x in enumerate(extra):
            if x != 0.0:
                yield SHIFT, ("unit", self.layout.units[unit], "extra", i), x, 0.0, 0.0

    def _material(self, effect: Effect, unit: str) -> Iterator[Action]:
        """strength: share of the solutes that is left. water, leak: spans of the tank per hour. fines: hours of normal
        feed at once. lining: kg of Fe2O3, iron: mol of FeCl3 per kg of normal feed."""
        k = self.layout.units[unit]
        parameters = self.plant.unit(unit).parameters
        if effect.on == "strength" and self.plant.unit(unit).kind == "makeup_tank":
            yield from self._made_weak(unit, effect.size)
        elif effect.on == "strength":
            solutes = parameters["liquor"]
            full = self.context.liquor(solutes)
            weak = self.context.liquor({name: effect.size * x for name, x in solutes.items()})
            for i, (x, y) in enumerate(zip(full, weak, strict=True)):
                if x != y:
                    yield SHIFT, ("unit", k, "molar", i), y - x, 0.0, 0.0
        elif effect.on == "water":
            volume = effect.size * parameters["span"] / S_PER_H
            water = self.context.index["H2O"]
            yield from self._come_in(k, water, volume / self.context.species[water].molar_volume)
        elif effect.on == "leak":
            volume = effect.size * parameters["span"] / S_PER_H
            yield RATE, ("state", k, "", 0), -volume, 0.0, 0.0
            for hall in self.plant.units:
                if hall.kind == "hall" and hall.area == self.plant.unit(unit).area and "sweep" not in hall.drives:
                    yield RATE, ("state", self.layout.units[hall.id], "", 0), volume, 0.0, 0.0
            for i, x in enumerate(self.context.liquor(parameters["liquor"])):
                if x:
                    yield RATE, ("lost", k, "", i), volume, 0.0, 0.0
        elif effect.on == "lining":
            oxide = self.context.index["Fe2O3"]
            zone = (parameters["zones"] - 1) * (len(self.context.names) + 2)
            rate = effect.size * self._feed_rate(unit) / self.context.mass[oxide]
            yield RATE, ("state", k, "", zone + oxide), rate, 0.0, 0.0
            yield RATE, ("edge_in", 0, "", oxide), rate, 0.0, 0.0
        elif effect.on == "iron":
            rate = effect.size * self._feed_rate(unit)
            yield from self._come_in(k, self.context.index["Fe3"], rate)
            yield from self._come_in(k, self.context.index["Cl"], 3.0 * rate)
        else:
            yield from self._fines(unit, effect.size * S_PER_H * self._feed_rate(unit) / FINES_S)

    def _made_weak(self, unit: str, left: float) -> Iterator[Action]:
        """That share of what is dissolved in a make-up tank, of its strength as charged, is left; its loops go on."""
        solutes = self.plant.unit(unit).initial["liquor"]
        full = self.context.liquor(solutes)
        weak = self.context.liquor({name: left * x for name, x in solutes.items()})
        for i, (x, y) in enumerate(zip(full, weak, strict=True)):
            if x != y:
                growth = math.log(y / x) / MADE_UP_S
                yield GROWTH, ("state", self.layout.units[unit], "", i), growth, 0.0, MADE_UP_S

    def _feed_rate(self, unit: str) -> float:
        return self.context.feed_rate(self.context.bin_of(self.plant.unit(unit)))

    def _come_in(self, unit: int, species: int, rate: float, window: float = 0.0) -> Iterator[Action]:
        yield RATE, ("state", unit, "", species), rate, 0.0, window
        yield RATE, ("edge_in", 0, "", species), rate, 0.0, window

    def _fines(self, unit: str, kg_s: float) -> Iterator[Action]:
        """Feed finer than the first bin of a leach tank: species, and mass and moment of the classes of particles."""
        k = self.layout.units[unit]
        classes = self.context.class_of()
        mass = [0.0] * CLASSES
        rich, share = self.context.rich()
        for i, x in enumerate(self.context.feed_per_kg(self.context.bin_of(self.plant.unit(unit)))):
            if x:
                yield from self._come_in(k, i, kg_s * x, FINES_S)
                if classes[i]:
                    kg = kg_s * x * self.context.mass[i]
                    boundary = share * kg if i == rich else 0.0
                    mass[classes[i] - 1] += kg - boundary
                    mass[-1] += boundary
        first = len(self.context.names) + 1
        for c in range(CLASSES):
            yield RATE, ("state", k, "", first + c * BINS), mass[c], 0.0, FINES_S
            yield RATE, ("state", k, "", first + (CLASSES + c) * BINS), FINE_RADIUS * mass[c], 0.0, FINES_S
