"""Plant description to core tables: the process side.

`compose` makes the dictionary that `plantsim._core.Core` is built from. Everything here is numbers in SI and indices; what
they mean is said in the kernels under ext/.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plantsim.chemistry.chemistry import Chemistry
from plantsim.model.plant import Plant, Stream, Unit

AMBIENT_K = 293.15
"""Surroundings of every vessel."""
COLD_K, HOT_K = 291.15, 361.15
"""Jacket media: cooling water 18 C, hot water 88 C."""
BINS = 30
BIN_WIDTH_M = 5e-6
"""Particle radius is followed in 30 bins of 5 um: 300 um diameter is the coarsest the mill lets through."""
AIR_MOL_PER_M3 = 44.615
"""mol in a normal cubic metre."""
MOLAR_VOLUME_NORMAL_M3 = 1.0 / AIR_MOL_PER_M3
STEFAN_BOLTZMANN = 5.670374e-8
EMISSIVITY = 0.7
SOLIDS_CP_J_KG_K = 600.0
FURNACE_K = 633.15
"""A furnace starts hot."""

WEIGHTED_STREAM_SLOT, WEIGHTED_STREAM_SUM, WEIGHTED_STREAM_PER_VOLUME, WEIGHTED_STREAM_RATIO, WEIGHTED_UNIT_PER_VOLUME, WEIGHTED_DRIVE = range(6)
"""Kinds of weighted probes, as in ext/core.pyx."""

PROBES: dict[str, tuple[str, ...]] = {
    "feed_bin": ("weight", "rate", "lots"),
    "demag_furnace": ("temperature", "residual_field", "hold_up"),
    "mill": ("d80", "power", "oxygen", "hold_up", "rate"),
    "leach_tank": ("level", "temperature", "acid", "hydrogen", "hydrogen_make", "volume", "solids", "pH"),
    "reactor": ("level", "temperature", "pH", "redox", "volume", "solids"),
    "tank": ("level", "temperature", "pH", "redox", "volume", "solids"),
    "filter": ("cake", "filtrate", "wash_ratio", "washed"),
    "sx_circuit": ("organic_flow", "ph_raffinate", "ph_feed", "ph_scrub", "acid_liquor", "loading", "loading_share", "free_dimer"),
    "crystalliser": ("level", "temperature", "pH", "supersaturation", "size", "volume", "rare_earth_left"),
    "dryer": ("temperature", "moisture", "water"),
    "calciner": (
        *(f"wall_{z}" for z in range(1, 9)),
        *(f"bed_{z}" for z in range(1, 9)),
        "loss_on_ignition",
        "hold_up",
        "heat",
    ),
    "store": ("level", "volume", "draw"),
    "hopper": ("weight", "lots"),
}
"""Measured quantities of each kind of unit, in the order in which its kernel writes them."""

CORE_KIND = {"demag_furnace": "furnace", "tank": "reactor"}
"""Kernels that go by another name than the plant file's kind."""


@dataclass
class Layout:
    """Where things stand in the core, for those who look at it from outside.

    units: id -> index of the unit in the core. streams: id -> index. drives: device -> index. species: names in order.
    probes: (unit or stream, probe) -> index. meters: name -> index in `Core.total`.
    """

    units: dict[str, int] = field(default_factory=dict)
    streams: dict[str, int] = field(default_factory=dict)
    drives: dict[str, int] = field(default_factory=dict)
    species: tuple[str, ...] = ()
    probes: dict[tuple[str, str], int] = field(default_factory=dict)
    meters: dict[str, int] = field(default_factory=dict)


class Process:
    """Builds the process half of the core's tables, one method per kind of unit."""

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
        self.layout.units = {u.id: i for i, u in enumerate(u for u in plant.units if u.kind in PROBES)}
        self.inlets: dict[tuple[str, str], list[Stream]] = {}
        self.outlets: dict[tuple[str, str], list[Stream]] = {}
        for stream in plant.streams:
            self.outlets.setdefault((stream.source_unit, stream.source_port), []).append(stream)
            if stream.target_unit:
                self.inlets.setdefault((stream.target_unit, stream.target_port), []).append(stream)
        self.n_probes = 0
        self.weighted: list[dict[str, Any]] = []
        self.meters: list[dict[str, Any]] = []
        self.builders: Mapping[str, Callable[[Unit], dict[str, Any]]] = {
            "feed_bin": self._feed_bin,
            "demag_furnace": self._furnace,
            "mill": self._mill,
            "leach_tank": self._leach_tank,
            "reactor": self._reactor,
            "tank": self._reactor,
            "filter": self._filter,
            "sx_circuit": self._sx_circuit,
            "crystalliser": self._crystalliser,
            "dryer": self._dryer,
            "calciner": self._calciner,
            "store": self._store,
            "hopper": self._hopper,
        }

    # ---------------------------------------------------------------- what all units need

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

    def oxide_mass(self, elements: Sequence[str] | None = None) -> list[float]:
        """kg of oxide that a mol of each species leaves on ignition, counting only `elements` (all metals without it)."""
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

    def element_count(self, element: str) -> list[float]:
        """Atoms of an element in each species."""
        return [s.formula.get(element, 0.0) for s in self.species]

    def _drive(self, unit: Unit, role: str) -> int:
        device = unit.drives.get(role)
        return self.layout.drives[device] if device else -1

    def _one_in(self, unit: Unit, port: str = "in") -> int:
        return self.layout.streams[self.inlets[unit.id, port][0].id]

    def _one_out(self, unit: Unit, port: str = "out") -> int:
        return self.layout.streams[self.outlets[unit.id, port][0].id]

    def _outlet(self, stream: Stream) -> dict[str, Any]:
        return {
            "stream": self.layout.streams[stream.id],
            "drive": self.layout.drives[stream.device] if stream.device else -1,
            "head": int(stream.head),
            "capacity": stream.capacity or 0.0,
        }

    def _tank(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        return {
            "inlets": [self.layout.streams[s.id] for s in self.inlets.get((unit.id, "in"), [])],
            "outlets": [self._outlet(s) for s in self.outlets.get((unit.id, "out"), [])],
            "span": p["span"],
            "weir": p.get("overflow") or p["span"],
            "loss": p["loss"],
            "ambient": AMBIENT_K,
            "jacket": p.get("jacket") or 0.0,
            "cooling": self._drive(unit, "cooling"),
            "heating": self._drive(unit, "heating"),
            "cold": COLD_K,
            "hot": HOT_K,
            "agitator": self._drive(unit, "agitator"),
        }

    def _contents(self, unit: Unit) -> tuple[list[float], float]:
        """Initial amounts and temperature of a vessel."""
        initial = unit.initial
        molar = self.liquor(initial["liquor"])
        n = [x * initial["volume"] for x in molar]
        for name, amount in initial.get("crystals", {}).items():
            n[self.index[name]] += amount
        return n, initial["temperature"]

    # ---------------------------------------------------------------- feed

    def feed_per_kg(self) -> list[float]:
        """mol of every species in a kg of feed."""
        return self.vector({name: 0.01 * share / self.mass[self.index[name]] for name, share in self.plant.feed.items()})

    def _feed_bin(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        return {
            "outlet": self._outlet(self.outlets[unit.id, "out"][0]),
            "per_kg": self.feed_per_kg(),
            "refill_at": p["refill_at"],
            "lot": p["lot"],
            "temperature": AMBIENT_K,
            "initial": [p["initial"], 0.0],
        }

    def _solids_hold_up(self, residence_s: float) -> list[float]:
        """What stands in a machine of that residence at the plant's normal feed rate."""
        return [n * self.plant_feed_rate * residence_s for n in self.feed_per_kg()]

    @property
    def plant_feed_rate(self) -> float:
        """kg/s of feed at the feeder's initial speed."""
        stream = next(s for s in self.plant.streams if self.plant.unit(s.source_unit).kind == "feed_bin")
        device = next(d for d in self.plant.devices if d.tag == stream.device)
        return (stream.capacity or 0.0) * 0.01 * device.initial

    def _furnace(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        return {
            "inlet": self._one_in(unit),
            "outlet": self._one_out(unit),
            "residence": p["residence"],
            "heat_capacity": p["heat_capacity"],
            "power": p["power"],
            "loss": p["loss"],
            "ambient": AMBIENT_K,
            "solids_cp": 450.0,
            "field": p["residual_field"],
            "field_scale": p["field_scale"],
            "heater": self._drive(unit, "heater"),
            "initial": [*self._solids_hold_up(p["residence"]), FURNACE_K],
        }

    def _class_of(self) -> list[int]:
        """Per species: 0 not followed as particles, 1 alloy, 2 oxide."""
        classes = self.chemistry.value("leach", "classes")
        return [classes.get(name, 0) for name in self.names]

    def _mill(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        spread = p["spread"]
        table = [1.0 - math.exp(-math.log(5.0) * (i / 16.0) ** spread) for i in range(64)]
        return {
            "inlet": self._one_in(unit),
            "outlet": self._one_out(unit),
            "residence": p["residence"],
            "class_of": self._class_of(),
            "d80": p["d80"],
            "classifier_normal": 0.01 * p["classifier_normal"],
            "classifier_lag": p["classifier_lag"],
            "feed_d80": p["feed_d80"],
            # Bond: W = 10 Wi (1/sqrt P - 1/sqrt F), Wi in kWh/t and sizes in um, so 10 * 3600 J/kg * 1e-3 sqrt m
            "work_index": p["work_index"] * 36.0,
            "idle_power": p["idle_power"],
            "casing": p["casing"],
            "leak": p["air_leak"],
            "purge": p["purge"],
            "table": table,
            "bin_width": BIN_WIDTH_M,
            "motor": self._drive(unit, "motor"),
            "classifier": self._drive(unit, "classifier"),
            "nitrogen": self._drive(unit, "nitrogen"),
            "initial": [*self._solids_hold_up(p["residence"]), p["d80"], 0.02],
        }

    # ---------------------------------------------------------------- leach

    def _dissolution(self) -> dict[str, list[float]]:
        """Stoichiometry of M + z H+ -> M(z+) + z/2 H2, M2O3 + 6 H+ -> 2 M3+ + 3 H2O, B + 3 H2O -> H3BO3 + 3/2 H2."""
        n = len(self.names)
        product = [0] * n
        metal, acid, hydrogen, water, heat = ([0.0] * n for _ in range(5))
        per_kg = self.chemistry.value("leach", "heat")
        dissolved = self.chemistry.value("leach", "dissolves_to")
        for i, class_ in enumerate(self._class_of()):
            if not class_:
                continue
            s = self.species[i]
            target = self.chemistry.species[dissolved[s.name]]
            element = next(e for e in s.formula if e not in ("O", "H"))
            count = s.formula[element] / target.formula[element]
            oxygen = s.formula.get("O", 0.0) - count * target.formula.get("O", 0.0)
            product[i] = self.index[target.name]
            metal[i] = count
            acid[i] = count * target.charge
            water[i] = oxygen
            # hydrogen left over: acid taken, less what went into water and into the dissolved species
            hydrogen[i] = 0.5 * (acid[i] - 2.0 * oxygen - count * target.formula.get("H", 0.0) + s.formula.get("H", 0.0))
            heat[i] = per_kg * self.mass[i]
        return {"product": product, "n_product": metal, "n_acid": acid, "n_hydrogen": hydrogen, "n_water": water, "heat": heat}

    def _leach_tank(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        rate = self.chemistry.value("leach", "rate")
        n, temperature = self._contents(unit)
        return {
            "tank": self._tank(unit),
            "rate_alloy": rate * 1e3,  # m/s per mol/m3 -> per mol/L
            "rate_oxide": rate * 1e3 * self.chemistry.value("leach", "oxide_factor"),
            "activation": self.chemistry.value("leach", "activation"),
            "bin_width": BIN_WIDTH_M,
            "class_of": self._class_of(),
            **self._dissolution(),
            "headspace": p["headspace"],
            "sweep": self._drive(unit, "sweep"),
            "sweep_capacity": p["sweep"] * AIR_MOL_PER_M3,
            "water_vapour": p["water_vapour"],
            "acid_vapour": p["acid_vapour"],
            "heat_dilution": self.chemistry.value("leach", "heat_dilution") if p["dilution_heat"] else 0.0,
            "initial": [*n, temperature, *[0.0] * (2 * BINS), 0.0],
        }

    # ---------------------------------------------------------------- iron and plain tanks

    def reactions(self, sets: Sequence[str]) -> list[dict[str, Any]]:
        """The reactions of the named sets, each closed over the elements and the charge."""
        ix = self.index
        c = self.chemistry
        rows: list[dict[str, Any]] = []

        def add(kind: int, a: str, b: str | None, stoichiometry: Mapping[str, float], **numbers: float) -> None:
            rows.append(
                {
                    "kind": kind,
                    "a": ix[a],
                    "b": -1 if b is None else ix[b],
                    "z": 0.0,
                    "ea": 0.0,
                    "log_k": 0.0,
                    "log_k_slope": 0.0,
                    "heat": 0.0,
                    "oxygen": 0.0,
                    "stoichiometry": [(ix[name], x) for name, x in stoichiometry.items()],
                    **numbers,
                }
            )

        def solid_from(solid: str, cation: str) -> dict[str, float]:
            """M(z+) + w H2O -> solid + z H+."""
            formula = c.species[solid].formula
            water = formula["O"]
            return {cation: -1.0, "H2O": -water, solid: 1.0, "H": 2.0 * water - formula["H"]}

        for name in sets:
            if name == "oxidation":
                add(
                    0, "Fe2", "H2O2", {"Fe2": -1.0, "H2O2": -0.5, "H": -1.0, "Fe3": 1.0, "H2O": 1.0},
                    k=c.value("oxidation", "k") * 1e3, ea=c.value("oxidation", "activation"), heat=c.value("oxidation", "heat"),
                )  # fmt: skip
                add(
                    3, "Cu0", "H2O2", {"Cu0": -1.0, "H2O2": -1.0, "H": -2.0, "Cu": 1.0, "H2O": 2.0},
                    k=c.value("oxidation", "copper"),
                )  # fmt: skip
                add(
                    4, "H2O2", None, {"H2O2": -1.0, "H2O": 1.0}, oxygen=0.5,
                    k=c.value("oxidation", "peroxide_decay"), ea=c.value("oxidation", "peroxide_decay_activation"),
                )  # fmt: skip
            elif name == "hydrolysis":
                group = c.group("hydrolysis")
                solids = {key: value for key, value in group.items() if key != "adsorption"}
                for solid, v in solids.items():
                    stoichiometry = solid_from(solid, v["cation"])
                    add(
                        1, v["cation"], solid, stoichiometry, z=stoichiometry["H"], k=v["rate"], log_k=v["log10_k"],
                        log_k_slope=v["slope_k"], heat=v["heat"],
                    )  # fmt: skip
                for solid, v in solids.items():
                    if solid not in ("FeOOH", "AlOH3"):
                        add(2, v["cation"], None, solid_from(solid, v["cation"]), k=group["adsorption"] * 1e3)
        return rows

    def _reactor(self, unit: Unit) -> dict[str, Any]:
        n, temperature = self._contents(unit)
        return {
            "tank": self._tank(unit),
            "reactions": self.reactions(unit.parameters.get("reactions") or ()),
            "fe2": self.index.get("Fe2", -1),
            "fe3": self.index.get("Fe3", -1),
            "initial": [*n, temperature],
        }

    def _filter(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        return {
            "inlet": self._one_in(unit),
            "wash": self._one_in(unit, "wash"),
            "filtrate": self._one_out(unit, "filtrate"),
            "cake": self._one_out(unit, "cake"),
            "moisture": 0.01 * p["moisture"],
            "density": p["density"],
            "efficiency": p["wash_efficiency"],
            "passing": 0.01 * p["passing"],
            "initial": [],
        }

    # ---------------------------------------------------------------- solvent extraction

    def _sx_circuit(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        extractant = self.chemistry.extractants[p["extractant"]]
        metals = list(p["metals"])
        stages = [int(x) for x in p["stages"]]
        concentration = 1e-3 * p["concentration"]
        # a circuit filled with dilute acid and lightly loaded organic: somewhere for the solver to start
        fills = ({"HCl": 0.05, "NaCl": 0.5}, {"HCl": 0.2}, {"HCl": 2.0})
        state: list[float] = []
        for bank, count in enumerate(stages):
            aqueous = [1e-3 * x for x in self.liquor(fills[bank])[: self.na]]
            for metal in metals:
                aqueous[self.index[metal]] = 1e-4
            organic = [1e-4] * len(metals)
            state += [*aqueous, *organic, 0.05 * concentration if bank == 0 else 1e-6] * count
        state += [1e-6] * (len(metals) + 1)
        return {
            "stages": stages,
            "feed": self._one_in(unit, "feed"),
            "scrub": self._one_in(unit, "scrub"),
            "strip": self._one_in(unit, "strip"),
            "soda": self._one_in(unit, "soda"),
            "raffinate": self._one_out(unit, "raffinate"),
            "liquor": self._one_out(unit, "liquor"),
            "organic": self._drive(unit, "organic"),
            "organic_capacity": 1e3 * p["organic"],
            "mixer": self._drive(unit, "mixers"),
            "re": [self.index[m] for m in metals],
            "k_ex": [10.0 ** extractant.log10_k_ex[m] for m in metals],
            "k_na": extractant.k_na,
            "extractant": concentration,
            "entrainment": p["entrainment"],
            "v_aq": [1e3 * v for v in p["aqueous_holdup"]],
            "v_org": [1e3 * v for v in p["organic_holdup"]],
            "transfer": list(p["transfer"]),
            "transfer_na": p["transfer_na"],
            "tank_volume": 1e3 * p["organic_tank"],
            "initial": state,
        }

    # ---------------------------------------------------------------- precipitation

    def _crystalliser(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        c = self.chemistry
        n, temperature = self._contents(unit)
        metals = list(p["metals"])
        ksp = c.value("oxalate", "log10_ksp")
        trace = c.value("oxalate", "distribution")
        names = c.value("oxalate", "solids")
        solids = [self.index[names[m]] for m in metals]
        pka = c.value("oxalate", "pka")
        mass = sum(self.mass[i] for i in solids) / len(solids)
        density = c.value("oxalate", "density") / mass * 1e-3
        shape = c.value("oxalate", "shape")
        # moments of an exponential distribution of the given mean size that holds the crystals put in
        litres = sum(n[i] for i in solids) / density
        size = unit.initial["size"] * 1e6
        m3 = litres / shape
        moments = [m3 / size**3, m3 / size**2, m3 / size, m3]
        trace_solids = [c.species[names[t]] for t in trace]
        return {
            "tank": self._tank(unit),
            "re": [self.index[m] for m in metals],
            "solid": solids,
            "log_ksp": [ksp[m] for m in metals],
            "trace": [self.index[t] for t in trace],
            "trace_solid": [self.index[s.name] for s in trace_solids],
            "trace_oxalate": [0.5 * s.formula["C"] for s in trace_solids],
            "trace_water": [0.5 * s.formula.get("H", 0.0) for s in trace_solids],
            "lambda": [float(x) for x in trace.values()],
            "oxalate": self.index["Ox"],
            "kb": c.value("oxalate", "nucleation"),
            "kg": c.value("oxalate", "growth") * 1e6,
            "shape": shape,
            "density": density,
            "heat": c.value("oxalate", "heat"),
            "k1": 10.0 ** -pka[0],
            "k2": 10.0 ** -pka[1],
            "initial": [*n, temperature, *moments],
        }

    # ---------------------------------------------------------------- drying and calcination

    def _dryer(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        return {
            "inlet": self._one_in(unit),
            "outlet": self._one_out(unit),
            "residence": p["residence"],
            "rate": p["rate"],
            "power": p["power"],
            "efficiency": 0.01 * p["efficiency"],
            "heat_capacity": p["heat_capacity"],
            "loss": p["loss"],
            "ambient": AMBIENT_K,
            "heater": self._drive(unit, "heater"),
            "drive": self._drive(unit, "paddle"),
            "initial": [*[0.0] * len(self.names), 378.15],
        }

    def _calciner(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        ix = self.index
        c = self.chemistry
        zones = int(p["zones"])
        chains = []
        for hydrate, anhydrous, oxycarbonate, oxide in c.value("calcination", "chains"):
            element = next(e for e in c.species[hydrate].formula if e not in ("C", "H", "O"))
            per = c.species[hydrate].formula[element] / c.species[oxide].formula[element]
            chains.append(
                {
                    "hydrate": ix[hydrate],
                    "anhydrous": ix[anhydrous],
                    "oxycarbonate": ix[oxycarbonate],
                    "oxide": ix[oxide],
                    "n_oxide": per,
                    # RE2O2CO3 has five O, of which CO2 takes two
                    "oxygen": 0.5 * (per * c.species[oxide].formula["O"] - 3.0),
                }
            )
        simple = []
        for oxalate, oxide in c.value("calcination", "simple"):
            f, g = c.species[oxalate].formula, c.species[oxide].formula
            element = next(e for e in f if e not in ("C", "H", "O"))
            per = f[element] / g[element]
            water = 0.5 * f.get("H", 0.0)
            simple.append(
                {
                    "oxalate": ix[oxalate],
                    "oxide": ix[oxide],
                    "n_oxide": per,
                    "oxygen": 0.5 * (per * g["O"] + 2.0 * f["C"] + water - f["O"]),
                    "carbon_dioxide": f["C"],
                    "water": water,
                }
            )
        zone_k = unit.initial["zones"]
        return {
            "inlet": self._one_in(unit),
            "outlet": self._one_out(unit),
            "zones": zones,
            "residence": p["residence"],
            "speed_normal": 0.01 * p["speed_normal"],
            "a": list(c.value("calcination", "a")),
            "ea": list(c.value("calcination", "ea")),
            "chains": chains,
            "simple": simple,
            "oxalate": ix["Ox"],
            "heaters": [self._drive(unit, f"zone{z + 1}") for z in range(zones)],
            "power": p["power"],
            "wall_capacity": p["wall"],
            "bed_capacity": p["bed"],
            "solids_cp": SOLIDS_CP_J_KG_K,
            "film": p["film"],
            "radiation": EMISSIVITY * STEFAN_BOLTZMANN * p["heat_area"],
            "shell": p["shell"],
            "gas": p["air"] * AIR_MOL_PER_M3 * 29.1,
            "ambient": AMBIENT_K,
            "tube": self._drive(unit, "tube"),
            "initial": [x for k in zone_k for x in (*[0.0] * len(self.names), k - 15.0, k)],
        }

    # ---------------------------------------------------------------- boundary

    def _store(self, unit: Unit) -> dict[str, Any]:
        p = unit.parameters
        span = p.get("span") or 0.0
        return {
            "outlets": [self._outlet(s) for s in self.outlets.get((unit.id, "out"), [])],
            "molar": self.liquor(p.get("liquor") or {}),
            "temperature": p["temperature"],
            "span": span,
            "refill_at": 0.01 * p["refill_at"] * span,
            "delivery": p.get("delivery") or 0.0,
            "initial": [0.01 * p["initial"] * span],
        }

    def _hopper(self, unit: Unit) -> dict[str, Any]:
        return {"inlet": self._one_in(unit), "bag_at": unit.parameters["bag_at"], "initial": [0.0] * (len(self.names) + 1)}

    # ---------------------------------------------------------------- probes

    def weigh(self, kind: int, source: int, top: Sequence[float], bottom: Sequence[float] = ()) -> int:
        """A probe of a stream or of a vessel's contents; returns its index."""
        none = [0.0] * len(self.names)
        entry = {"kind": kind, "source": source, "top": list(top) or none, "bottom": list(bottom) or none}
        for known in self.weighted:
            if all(known[key] == entry[key] for key in entry):
                return int(known["probe"])
        self.weighted.append({**entry, "probe": self.n_probes})
        self.n_probes += 1
        return self.n_probes - 1

    def stream_probe(self, stream: str, probe: str) -> int:
        """Index of a measured quantity of a stream: flow, mass_flow, temperature, conc(A, B), purity(PRODUCT)."""
        k = self.layout.streams[stream]
        volume = [s.molar_volume for s in self.species]
        width = 2 + len(self.names) + 2 * BINS
        name, _, rest = probe.partition("(")
        arguments = [a.strip() for a in rest.rstrip(")").split(",") if a.strip()]
        if name == "temperature":
            return self.weigh(WEIGHTED_STREAM_SLOT, k * width, ())
        if name == "flow":
            return self.weigh(WEIGHTED_STREAM_SUM, k, volume)
        if name == "mass_flow":
            return self.weigh(WEIGHTED_STREAM_SUM, k, self.mass)
        if name == "conc":
            top = [self.mass[i] if self.names[i] in arguments else 0.0 for i in range(len(self.names))]
            return self.weigh(WEIGHTED_STREAM_PER_VOLUME, k, top, volume)
        if name == "purity":
            product = next(p for p in self.plant.products if p.name == arguments[0])
            return self.weigh(WEIGHTED_STREAM_RATIO, k, self.oxide_mass(product.elements), self.oxide_mass())
        raise KeyError(probe)

    def meter(self, name: str, probe: int, factor: float = 1.0, gate: int = -1, below: float = 0.0) -> None:
        """A running total of a probe."""
        self.layout.meters[name] = len(self.meters)
        self.meters.append({"probe": probe, "factor": factor, "gate": gate, "below": below})

    def build(self) -> dict[str, Any]:
        """The process half of the specification; fills in the layout."""
        units = []
        for unit in self.plant.units:
            if unit.kind not in PROBES:
                continue
            entry = self.builders[unit.kind](unit)
            entry["kind"] = CORE_KIND.get(unit.kind, unit.kind)
            entry["probe"] = self.n_probes
            for i, probe in enumerate(PROBES[unit.kind]):
                self.layout.probes[unit.id, probe] = self.n_probes + i
            self.n_probes += len(PROBES[unit.kind])
            units.append(entry)
        energy = self.n_probes
        self.n_probes += 1
        for unit in self.plant.units:
            if unit.kind == "power_meter":
                self.layout.probes[unit.id, "power"] = energy
            elif unit.kind == "duct":
                capacity = unit.parameters["capacity"] * AIR_MOL_PER_M3
                none = [0.0] * (len(self.names) - 1)
                self.layout.probes[unit.id, "flow"] = self.weigh(WEIGHTED_DRIVE, self._drive(unit, "fan"), [capacity, *none])
        self._meters(energy)
        return {
            "species": {
                "mass": self.mass,
                "dissolved": self.na,
                "molar_volume": [s.molar_volume for s in self.species],
                "index": self.index,
            },
            "bins": BINS,
            "streams": len(self.plant.streams),
            "units": units,
            "sinks": [self.layout.streams[s.id] for s in self.plant.streams if not s.target_unit],
            "drive_power": [d.power or 0.0 for d in self.plant.devices],
            "energy_probe": energy,
        }

    def _meters(self, energy: int) -> None:
        """Totals behind the KPIs."""
        for unit in self.plant.units:
            if unit.kind == "feed_bin":
                rate = self.layout.probes[unit.id, "rate"]
                self.layout.probes["KPI", "Throughput"] = rate
                per_kg = self.feed_per_kg()
                self.meter("feed", rate)
                for product in self.plant.products:
                    for element in product.elements:
                        atoms = sum(n * x for n, x in zip(per_kg, self.element_count(element), strict=True))
                        self.meter(f"fed.{product.name}.{element}", rate, atoms)
        for product in self.plant.products:
            stream = self.inlets[product.hopper, "in"][0]
            k = self.layout.streams[stream.id]
            oxide = self.weigh(WEIGHTED_STREAM_SUM, k, self.oxide_mass())
            pure = self.weigh(WEIGHTED_STREAM_SUM, k, self.oxide_mass(product.elements))
            purity = self.stream_probe(stream.id, f"purity({product.name})")
            self.layout.probes["KPI", f"OxideRate.{product.name}"] = oxide
            self.layout.probes["KPI", f"Purity.{product.name}"] = purity
            self.meter(f"oxide.{product.name}", oxide)
            self.meter(f"pure.{product.name}", pure)
            self.meter(f"off_spec.{product.name}", oxide, 1.0, purity, 0.01 * product.spec_pct)
            for element in product.elements:
                self.meter(
                    f"made.{product.name}.{element}", self.weigh(WEIGHTED_STREAM_SUM, k, self.element_count(element))
                )
        self.meter("energy", energy)
        for stream in self.plant.streams:
            source = self.plant.unit(stream.source_unit)
            if source.kind == "store" and "HCl" in (source.parameters.get("liquor") or {}):
                cl = [1.0 if name == "Cl" else 0.0 for name in self.names]
                # as 32 % acid
                self.meter(f"acid.{stream.id}", self.weigh(WEIGHTED_STREAM_SUM, self.layout.streams[stream.id], cl), 0.036461 / 0.32)
