"""The process half of the core's tables: units, streams, probes and running totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plantsim.chemistry.elements import ATOMIC_WEIGHTS, RARE_EARTHS
from plantsim.model.compose.bicarbonate import bicarbonate_tank
from plantsim.model.compose.boundary import enclosure, hopper, organic_store, store, ups
from plantsim.model.compose.carbonate import carbonate_tank
from plantsim.model.compose.cartridge import cartridge
from plantsim.model.compose.clarifier import clarifier
from plantsim.model.compose.context import BINS, CLASSES, Context, Layout
from plantsim.model.compose.extraction import sx_circuit
from plantsim.model.compose.headers import gas_main, water_circuit
from plantsim.model.compose.heap import heap
from plantsim.model.compose.leach import leach_tank
from plantsim.model.compose.makeup import makeup_tank
from plantsim.model.compose.membrane import membrane
from plantsim.model.compose.ore import ore_tank
from plantsim.model.compose.precipitation import crystalliser
from plantsim.model.compose.probes import PROBES
from plantsim.model.compose.reactor import cake_filter, filter_press, reactor
from plantsim.model.compose.reagent import hall, reagent_tank
from plantsim.model.compose.scrubber import scrubber
from plantsim.model.compose.solids import feed_bin, furnace, mill
from plantsim.model.compose.sweep import duct
from plantsim.model.compose.thermal import calciner, dryer
from plantsim.model.plant import Plant, Unit

(
    WEIGHTED_STREAM_SLOT,
    WEIGHTED_STREAM_SUM,
    WEIGHTED_STREAM_PER_VOLUME,
    WEIGHTED_STREAM_RATIO,
    WEIGHTED_UNIT_PER_VOLUME,
) = range(5)
"""Kinds of weighted probes, as in ext/process.pxi."""
HCL_KG_PER_MOL = 0.036461

CORE_KIND = {"demag_furnace": "furnace", "tank": "reactor"}
"""Kernels that go by another name than the plant file's kind."""

BUILDERS: Mapping[str, Callable[[Context, Unit], dict[str, Any]]] = {
    "feed_bin": feed_bin,
    "demag_furnace": furnace,
    "mill": mill,
    "leach_tank": leach_tank,
    "reactor": reactor,
    "tank": reactor,
    "filter": cake_filter,
    "filter_press": filter_press,
    "sx_circuit": sx_circuit,
    "crystalliser": crystalliser,
    "dryer": dryer,
    "calciner": calciner,
    "store": store,
    "hopper": hopper,
    "scrubber": scrubber,
    "carbonate_tank": carbonate_tank,
    "heap": heap,
    "bicarbonate_tank": bicarbonate_tank,
    "ore_tank": ore_tank,
    "membrane": membrane,
    "duct": duct,
    "cartridge": cartridge,
    "makeup_tank": makeup_tank,
    "ups": ups,
    "water_circuit": water_circuit,
    "gas_main": gas_main,
    "reagent_tank": reagent_tank,
    "hall": hall,
    "organic_store": organic_store,
    "enclosure": enclosure,
    "clarifier": clarifier,
}


class Process:
    """Builds the process tables of one plant. layout: where everything stands, filled in by `build`."""

    def __init__(self, plant: Plant) -> None:
        self.context = Context(plant)
        self.plant = plant
        self.layout: Layout = self.context.layout
        self.n_probes = 0
        self.weighted: list[dict[str, Any]] = []
        self.meters: list[dict[str, Any]] = []

    def weigh(self, kind: int, source: int, top: Sequence[float], bottom: Sequence[float] = ()) -> int:
        """A probe of a stream or of a vessel's contents; returns its index."""
        none = [0.0] * len(self.context.names)
        entry = {"kind": kind, "source": source, "top": list(top) or none, "bottom": list(bottom) or none}
        for known in self.weighted:
            if all(known[key] == entry[key] for key in entry):
                return int(known["probe"])
        self.weighted.append({**entry, "probe": self.n_probes})
        self.n_probes += 1
        return self.n_probes - 1

    def stream_probe(self, stream: str, probe: str) -> int:
        """Index of a measured quantity of a stream: flow, mass_flow, temperature, conc(A, B), purity(PRODUCT), or
        share(A, B), their part of the rare earth in mol/mol, assay(E, F), elements in kg per kg of all."""
        k = self.layout.streams[stream]
        volume = [s.molar_volume for s in self.context.species]
        width = 2 + len(self.context.names) + 2 * CLASSES * BINS
        name, _, rest = probe.partition("(")
        arguments = [a.strip() for a in rest.rstrip(")").split(",") if a.strip()]
        if name == "temperature":
            return self.weigh(WEIGHTED_STREAM_SLOT, k * width, ())
        if name == "flow":
            return self.weigh(WEIGHTED_STREAM_SUM, k, volume)
        if name == "mass_flow":
            return self.weigh(WEIGHTED_STREAM_SUM, k, self.context.mass)
        if name == "conc":
            top = [
                self.context.mass[i] if self.context.names[i] in arguments else 0.0
                for i in range(len(self.context.names))
            ]
            return self.weigh(WEIGHTED_STREAM_PER_VOLUME, k, top, volume)
        if name == "share":
            rare = [sum(s.formula.get(e, 0.0) for e in RARE_EARTHS) for s in self.context.species]
            top = [x if name in arguments else 0.0 for name, x in zip(self.context.names, rare, strict=True)]
            return self.weigh(WEIGHTED_STREAM_RATIO, k, top, rare)
        if name == "assay":
            top = [
                sum(s.formula.get(e, 0.0) * 1e-3 * ATOMIC_WEIGHTS[e] for e in arguments) for s in self.context.species
            ]
            return self.weigh(WEIGHTED_STREAM_RATIO, k, top, self.context.mass)
        if name == "purity":
            product = next(p for p in self.plant.products if p.name == arguments[0])
            return self.weigh(
                WEIGHTED_STREAM_RATIO, k, self.context.oxide_mass(product.elements), self.context.graded_mass(product)
            )
        raise KeyError(probe)

    def meter(self, name: str, probe: int, factor: float = 1.0, *, shown: int = -1) -> None:
        """A running total of a probe. shown: the probe that shows it."""
        self.layout.meters[name] = len(self.meters)
        self.meters.append({"probe": probe, "factor": factor, "shown": shown})

    def shown(self, unit: str, name: str) -> int:
        """A probe of a unit that shows a running total."""
        self.layout.probes[unit, name] = self.n_probes
        self.layout.totals.add(self.n_probes)
        self.n_probes += 1
        return self.n_probes - 1

    def build(self) -> dict[str, Any]:
        """The process half of the specification; fills in the layout."""
        present = [unit for unit in self.plant.units if unit.kind in PROBES]
        first: list[int] = []
        for unit in present:
            first.append(self.n_probes)
            for i, probe in enumerate(PROBES[unit.kind]):
                self.layout.probes[unit.id, probe] = self.n_probes + i
            self.n_probes += len(PROBES[unit.kind])
        self._fumes()
        units = []
        for unit, at in zip(present, first, strict=True):
            entry = BUILDERS[unit.kind](self.context, unit)
            units.append({**entry, "kind": CORE_KIND.get(unit.kind, unit.kind), "probe": at})
        energy = self.n_probes
        self.n_probes += 1
        for unit in self.plant.units:
            if unit.kind == "power_meter":
                self.layout.probes[unit.id, "power"] = energy
        self._meters(energy)
        return {
            "species": {
                "mass": self.context.mass,
                "dissolved": self.context.na,
                "molar_volume": [s.molar_volume for s in self.context.species],
                "index": self.context.index,
            },
            "bins": BINS,
            "streams": len(self.plant.streams),
            "units": units,
            "sinks": [self.layout.streams[s.id] for s in self.plant.streams if not s.target_unit],
            "drive_power": self._power(),
            "energy_probe": energy,
            "energy_beside": [self.layout.probes[unit.id, "beside"] for unit in self.plant.units if unit.kind == "ups"],
        }

    def _fumes(self) -> None:
        """Hydrogen chloride [kg/s] in what leach tanks give off, where there is a hall that it may escape into."""
        fans = {unit.drives.get("sweep") for unit in self.plant.units if unit.kind == "hall"} - {None}
        weights = [HCL_KG_PER_MOL if name == "Cl" else 0.0 for name in self.context.names]
        for unit in self.plant.units:
            vents = self.context.outlets.get((unit.id, "vent"), [])
            if unit.kind == "leach_tank" and unit.drives.get("sweep") in fans and vents:
                vent = self.layout.streams[vents[0].id]
                self.layout.probes[unit.id, "acid_vapour"] = self.weigh(WEIGHTED_STREAM_SUM, vent, weights)

    def _power(self) -> list[float]:
        """W of every opening: a line that two machines share takes none itself."""
        own = self.layout.own
        watts = [0.0] * (1 + max(own.values(), default=-1))
        for device in self.plant.devices:
            watts[own[device.tag]] = device.power
        return watts

    def _meters(self, energy: int) -> None:
        """Totals behind the KPIs."""
        for unit in self.plant.units:
            if unit.kind == "feed_bin":
                rate = self.layout.probes[unit.id, "rate"]
                self.layout.feeders.append(rate)
                feed = self.layout.streams[self.context.outlets[unit.id, "out"][0].id]
                self.meter(f"feed/{unit.id}", rate)
                for product in self.plant.products:
                    for element in product.elements:
                        fed = self.weigh(WEIGHTED_STREAM_SUM, feed, self.context.element_count(element))
                        self.meter(f"fed.{product.name}.{element}/{unit.id}", fed)
        for product in self.plant.products:
            stream = self.context.inlets[product.hopper, "in"][0]
            k = self.layout.streams[stream.id]
            oxide = self.weigh(WEIGHTED_STREAM_SUM, k, self.context.graded_mass(product))
            pure = self.weigh(WEIGHTED_STREAM_SUM, k, self.context.oxide_mass(product.elements))
            purity = self.stream_probe(stream.id, f"purity({product.name})")
            self.layout.probes["KPI", f"OxideRate.{product.name}"] = oxide
            self.layout.probes["KPI", f"Purity.{product.name}"] = purity
            self.meter(f"oxide.{product.name}", oxide)
            self.meter(f"pure.{product.name}", pure)
            self.meter(f"off_spec.{product.name}", self.layout.probes[product.hopper, "off_spec_rate"])
            for element in product.elements:
                self.meter(
                    f"made.{product.name}.{element}",
                    self.weigh(WEIGHTED_STREAM_SUM, k, self.context.element_count(element)),
                )
        supply = next((unit.id for unit in self.plant.units if unit.kind == "power_meter"), "")
        self.meter("energy", energy, shown=self.shown(supply, "energy"))
        for unit in self.plant.units:
            if unit.kind == "store":
                molar = self.context.liquor(unit.parameters.get("liquor") or {})
                density = sum(n * m for n, m in zip(molar, self.context.mass, strict=True))
                draw = self.layout.probes[unit.id, "draw"]
                self.meter(f"drawn.{unit.id}", draw, density, shown=self.shown(unit.id, "drawn"))
            elif unit.kind in ("makeup_tank", "reagent_tank"):
                draw = self.layout.probes[unit.id, "draw"]
                self.meter(f"drawn.{unit.id}", draw, shown=self.shown(unit.id, "drawn"))
        for stream in self.plant.streams:
            source = self.plant.unit(stream.source_unit)
            if source.kind == "store" and "HCl" in (source.parameters.get("liquor") or {}):
                cl = [1.0 if name == "Cl" else 0.0 for name in self.context.names]
                # as 32 % acid
                self.meter(
                    f"acid.{stream.id}",
                    self.weigh(WEIGHTED_STREAM_SUM, self.layout.streams[stream.id], cl),
                    HCL_KG_PER_MOL / 0.32,
                )
