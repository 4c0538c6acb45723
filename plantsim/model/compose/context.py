"""What every unit's table needs to know of the plant: its species, where things stand, and what is in a liquor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plantsim.chemistry.chemistry import Chemistry
from plantsim.chemistry.elements import RARE_EARTHS
from plantsim.model.compose.probes import PROBES
from plantsim.model.plant import Plant, Product, Stream, Unit

AMBIENT_K = 293.15
"""Surroundings of every vessel."""
COLD_K, HOT_K = 291.15, 361.15
"""Jacket media: cooling water 18 C, hot water 88 C."""
BINS = 15
BIN_WIDTH_M = 10e-6
"""Particle radius is followed in 15 bins of 10 um: 300 um diameter is the coarsest the mill lets through."""
CLASSES = 3
"""Of particles: alloy, oxide, Nd-rich grain boundary."""
AIR_MOL_PER_M3 = 44.615
"""mol in a normal cubic metre."""


@dataclass
class Layout:
    """Where things stand in the core, for those who look at it from outside.

    units: id -> index of the unit in the core. streams: id -> index. drives: device -> index of the opening that the
    process sees. own: device -> index of its own opening, another where a standby works on the same line. species:
    names in order.
    probes: (unit or stream, probe) -> index. meters: name -> index in `Core.total`; of what several units share,
    name/unit. totals: probes that show one. feeders: probes of the rates at which feed comes in.
    """

    units: dict[str, int] = field(default_factory=dict)
    streams: dict[str, int] = field(default_factory=dict)
    drives: dict[str, int] = field(default_factory=dict)
    own: dict[str, int] = field(default_factory=dict)
    species: tuple[str, ...] = ()
    probes: dict[tuple[str, str], int] = field(default_factory=dict)
    meters: dict[str, int] = field(default_factory=dict)
    totals: set[int] = field(default_factory=set)
    feeders: list[int] = field(default_factory=list)


class Context:
    """A plant on its way to the core."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        chemistry: Chemistry = plant.chemistry
        self.chemistry = chemistry
        dissolved = [s for s in chemistry.species.values() if s.phase == "aq"]
        other = [s for s in chemistry.species.values() if s.phase != "aq"]
        self.species = [*dissolved, *other]
        self.names = [s.name for s in self.species]
        self.index = {name: i for i, name in enumerate(self.names)}
        self.na = len(dissolved)
        self.mass = [s.molar_mass for s in self.species]
        self.layout = Layout(species=tuple(self.names))
        self.layout.streams = {s.id: i for i, s in enumerate(plant.streams)}
        self.layout.drives = {d.tag: i for i, d in enumerate(plant.devices)}
        shared = [d.standby.machine for d in plant.devices if d.standby is not None]
        self.layout.own = self.layout.drives | {tag: len(plant.devices) + i for i, tag in enumerate(shared)}
        self.layout.units = {u.id: i for i, u in enumerate(u for u in plant.units if u.kind in PROBES)}
        self.inlets: dict[tuple[str, str], list[Stream]] = {}
        self.outlets: dict[tuple[str, str], list[Stream]] = {}
        for stream in plant.streams:
            self.outlets.setdefault((stream.source_unit, stream.source_port), []).append(stream)
            if stream.target_unit:
                self.inlets.setdefault((stream.target_unit, stream.target_port), []).append(stream)

    def vector(self, amounts: Mapping[str, float], scale: float = 1.0) -> list[float]:
        """Amounts by species name as a vector over all species."""
        n = [0.0] * len(self.names)
        for name, amount in amounts.items():
            n[self.index[name]] += scale * amount
        return n

    def liquor(self, solutes: Mapping[str, float]) -> list[float]:
        """mol of every species in a m3 of a liquor given as mol/L of solutes; water fills up the volume."""
        n = [0.0] * len(self.names)
        for solute, strength in solutes.items():
            for name, count in self.chemistry.solutes[solute].items():
                n[self.index[name]] += 1e3 * strength * count
        water = self.index["H2O"]
        volume = sum(n[i] * self.species[i].molar_volume for i in range(self.na) if i != water)
        n[water] = (1.0 - volume) / self.species[water].molar_volume
        return n

    def bisulfate(self) -> dict[str, Any]:
        """The species that is all sulfate, and Ka [mol/L] of HSO4- = H+ + SO4--; -1 and 0 of a chemistry without it."""
        if "sulfate" not in self.chemistry.parameters:
            return {"sulfate": -1, "ka2": 0.0}
        return {"sulfate": self.index["SO4"], "ka2": 10.0 ** self.chemistry.value("sulfate", "log10_ka2")}

    def oxide_mass(self, elements: Sequence[str] | None = None) -> list[float]:
        """kg of oxide that a mol of each species leaves on ignition, of `elements` only or of all metals."""
        oxygen = self.chemistry.value("oxide", "oxygen")
        weights = self.chemistry.atomic_weights
        result = []
        for s in self.species:
            kg = 0.0
            for element, count in s.formula.items():
                if element in oxygen and (elements is None or element in elements):
                    kg += 1e-3 * count * (weights[element] + oxygen[element] * weights["O"])
            result.append(kg)
        return result

    def graded_mass(self, product: Product | None) -> list[float]:
        """kg in a mol of each species that the purity of a product is a share of."""
        return self.mass if product and product.graded_by == "mass" else self.oxide_mass()

    def element_count(self, element: str) -> list[float]:
        """Atoms of an element in each species."""
        return [s.formula.get(element, 0.0) for s in self.species]

    def drive(self, unit: Unit, role: str) -> int:
        """Index of the actuator in a role, -1 if the unit has none."""
        device = unit.drives.get(role)
        return self.layout.drives[device] if device else -1

    def header(self, unit: Unit, role: str) -> int:
        """Probe of the temperature of the water that the actuator in a role lets in, -1 where it is always the same."""
        device = next((d for d in self.plant.devices if d.tag == unit.drives.get(role)), None)
        return self.layout.probes.get((device.supply, "temperature"), -1) if device else -1

    def one_in(self, unit: Unit, port: str = "in") -> int:
        """Index of the stream into a port."""
        return self.layout.streams[self.inlets[unit.id, port][0].id]

    def maybe_in(self, unit: Unit, port: str) -> int:
        """Index of the stream into a port, -1 if there is none."""
        streams = self.inlets.get((unit.id, port), [])
        return self.layout.streams[streams[0].id] if streams else -1

    def one_out(self, unit: Unit, port: str = "out") -> int:
        """Index of the stream out of a port."""
        return self.layout.streams[self.outlets[unit.id, port][0].id]

    def maybe_out(self, unit: Unit, port: str) -> int:
        """Index of the stream out of a port, -1 if there is none."""
        streams = self.outlets.get((unit.id, port), [])
        return self.layout.streams[streams[0].id] if streams else -1

    def source_of(self, unit: Unit, kind: str) -> str:
        """The nearest unit of a kind upstream of a unit, empty if there is none."""
        reached, front = {unit.id}, [unit.id]
        while front:
            front = [
                s.source_unit for s in self.plant.streams if s.target_unit in front and s.source_unit not in reached
            ]
            for id_ in front:
                if self.plant.unit(id_).kind == kind:
                    return id_
            reached.update(front)
        return ""

    def outlet(self, stream: Stream) -> dict[str, Any]:
        """How a stream leaves: by which actuator, past which shut-off valve, how much at full opening."""
        return {
            "stream": self.layout.streams[stream.id],
            "drive": self.layout.drives[stream.device] if stream.device else -1,
            "gate": self.layout.drives[stream.through] if stream.through else -1,
            "head": int(stream.head),
            "capacity": stream.capacity or 0.0,
        }

    def tank(self, unit: Unit) -> dict[str, Any]:
        """The vessel part of a stirred unit."""
        p = unit.parameters
        return {
            "inlets": [self.layout.streams[s.id] for s in self.inlets.get((unit.id, "in"), [])],
            "outlets": [self.outlet(s) for s in self.outlets.get((unit.id, "out"), [])],
            "span": p["span"],
            "weir": p.get("overflow") or p["span"],
            "loss": p["loss"],
            "ambient": AMBIENT_K,
            "jacket": p.get("jacket") or 0.0,
            "cooling": self.drive(unit, "cooling"),
            "heating": self.drive(unit, "heating"),
            "cold": COLD_K,
            "hot": HOT_K,
            "cold_from": self.header(unit, "cooling"),
            "hot_from": self.header(unit, "heating"),
            "agitator": self.drive(unit, "agitator"),
        }

    def contents(self, unit: Unit) -> tuple[list[float], float]:
        """Initial amounts and temperature of a vessel."""
        if self.plant.empty:
            return self.vector({}), AMBIENT_K
        initial = unit.initial
        molar = self.liquor(initial["liquor"])
        n = [x * initial["volume"] for x in molar]
        for name, amount in initial.get("crystals", {}).items():
            n[self.index[name]] += amount
        return n, initial["temperature"]

    def bin_of(self, unit: Unit) -> str:
        """The feed bin of a unit's line: itself, or the nearest upstream, else the plant's first."""
        if unit.kind == "feed_bin":
            return unit.id
        return self.source_of(unit, "feed_bin") or next(u.id for u in self.plant.units if u.kind == "feed_bin")

    def feed_per_kg(self, bin_: str) -> list[float]:
        """mol of every species in a kg of a bin's feed."""
        feed = self.plant.feed_of(bin_).composition
        return self.vector({name: 0.01 * share / self.mass[self.index[name]] for name, share in feed.items()})

    def feed_ways(self, bin_: str) -> list[list[float]]:
        """mol/kg of every species by which one sigma of each way of its lots makes a lot of a bin differ."""
        return [self.feed_way(bin_, way, percent) for way, percent in self.plant.feed_of(bin_).lots.items()]

    def feed_way(self, bin_: str, way: str, percent: float) -> list[float]:
        """mol/kg of every species by which feed differs that has so much more of an element, of its ``rare_earth`` or
        of their ``oxide``.

        No way changes the mass: the feed's main constituent takes the rest.
        """
        feed = self.plant.feed_of(bin_).composition
        rest = max(feed, key=lambda name: feed[name])
        formulas = {name: self.species[self.index[name]].formula for name in feed}
        alloy = {element: name for name, formula in formulas.items() for element in formula if len(formula) == 1}
        base = self.feed_per_kg(bin_)
        n = [0.0] * len(base)
        for name, formula in formulas.items():
            more = 0.01 * percent * base[self.index[name]]
            rare = [element for element in formula if element in RARE_EARTHS]
            if way == "oxide" and rare and "O" in formula and rare[0] in alloy:
                n[self.index[name]] += more
                n[self.index[alloy[rare[0]]]] -= formula[rare[0]] * more
            elif way in formula or (way == "rare_earth" and rare):
                n[self.index[name]] += more
        n[self.index[rest]] -= sum(x * m for x, m in zip(n, self.mass, strict=True)) / self.mass[self.index[rest]]
        return n

    def feed_rate(self, bin_: str) -> float:
        """kg/s of feed at the initial speed of a bin's feeder."""
        stream = self.outlets[bin_, "out"][0]
        device = next(d for d in self.plant.devices if d.tag == stream.device)
        return (stream.capacity or 0.0) * 0.01 * device.initial

    def solids_hold_up(self, unit: Unit, residence_s: float) -> list[float]:
        """What stands in a machine of that residence at the normal feed rate of its line."""
        if self.plant.empty:
            return self.vector({})
        bin_ = self.bin_of(unit)
        return [n * self.feed_rate(bin_) * residence_s for n in self.feed_per_kg(bin_)]

    def class_of(self) -> list[int]:
        """Per species: 0 not followed as particles, 1 alloy (some of one metal is grain boundary), 2 oxide."""
        classes = self.chemistry.value("leach", "classes")
        return [classes.get(name, 0) for name in self.names]

    def rich(self) -> tuple[int, float]:
        """The metal that the Nd-rich phase between the grains is made of, and the share of it that lies there."""
        ((name, share),) = self.chemistry.value("leach", "boundary").items()
        return self.index[name], share
