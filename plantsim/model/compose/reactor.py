"""Iron removal, plain tanks and filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plantsim.model.compose.context import AMBIENT_K, Context
from plantsim.model.plant import Unit


def reactions(c: Context, sets: Sequence[str]) -> list[dict[str, Any]]:
    """The reactions of the named sets, each closed over the elements and the charge."""
    ix = c.index
    chemistry = c.chemistry
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
        formula = chemistry.species[solid].formula
        water = formula["O"]
        return {cation: -1.0, "H2O": -water, solid: 1.0, "H": 2.0 * water - formula["H"]}

    for name in sets:
        if name == "oxidation":
            add(
                0, "Fe2", "H2O2", {"Fe2": -1.0, "H2O2": -0.5, "H": -1.0, "Fe3": 1.0, "H2O": 1.0},
                k=chemistry.value("oxidation", "k") * 1e3, ea=chemistry.value("oxidation", "activation"),
                heat=chemistry.value("oxidation", "heat"),
            )  # fmt: skip
            add(
                3, "Cu0", "H2O2", {"Cu0": -1.0, "H2O2": -1.0, "H": -2.0, "Cu": 1.0, "H2O": 2.0},
                k=chemistry.value("oxidation", "copper"),
            )  # fmt: skip
            add(
                4, "H2O2", None, {"H2O2": -1.0, "H2O": 1.0}, oxygen=0.5,
                k=chemistry.value("oxidation", "peroxide_decay"),
                ea=chemistry.value("oxidation", "peroxide_decay_activation"),
            )  # fmt: skip
        elif name in ("hydrolysis", "effluent"):
            group = chemistry.group(name)
            solids = {key: value for key, value in group.items() if key not in ("adsorption", "adsorbed")}
            for solid, v in solids.items():
                stoichiometry = solid_from(solid, v["cation"])
                add(
                    1, v["cation"], solid, stoichiometry, z=stoichiometry["H"], k=v["rate"], log_k=v["log10_k"],
                    log_k_slope=v["slope_k"], heat=v["heat"],
                )  # fmt: skip
            for metal, solid in group.get("adsorbed", {}).items():
                add(2, metal, None, solid_from(solid, metal), k=group["adsorption"] * 1e3)
    return rows


def parabola(x: Sequence[float], y: Sequence[float]) -> list[float]:
    """Coefficients, lowest first, of the parabola through three points; the first of them stands at 0."""
    first, second = (y[1] - y[0]) / x[1], (y[2] - y[0]) / x[2]
    curve = (second - first) / (x[2] - x[1])
    return [y[0], first - curve * x[1], curve]


def speciation(c: Context) -> dict[str, Any]:
    """Complexes of iron(III), and the activity coefficients of its liquor."""
    value = {name: c.chemistry.value("speciation", name) for name in c.chemistry.group("speciation")}
    complexes = value["complexes"]
    columns = {key: [x[key] for x in complexes] for key in ("iron", "hydroxide", "chloride", "log10_k", "slope_k")}
    degrees = [t - 298.15 for t in value["temperatures"]]
    laws = {"a": "debye_huckel_a", "b": "debye_huckel_b", "bdot": "bdot"}
    mean_square = value["mean_square_charge"]
    return {
        "fe3": c.index["Fe3"],
        **columns,
        "charge": [3.0, 1.0, -1.0, *(3.0 * x["iron"] - x["hydroxide"] - x["chloride"] for x in complexes)],
        "size": [*(value["size"][ion] for ion in ("Fe3", "H", "Cl")), *(x["size"] for x in complexes)],
        "weight": [0.0 if s.name == "H" else 0.5 * mean_square.get(s.name, s.charge**2) for s in c.species[: c.na]],
        "pair_log10_k": value["sodium_chloride"]["log10_k"],
        "pair_slope_k": value["sodium_chloride"]["slope_k"],
        **{key: parabola(degrees, value[name]) for key, name in laws.items()},
    }


def reactor(c: Context, unit: Unit) -> dict[str, Any]:
    n, temperature = c.contents(unit)
    sets = unit.parameters.get("reactions") or ()
    return {
        "tank": c.tank(unit),
        "reactions": reactions(c, sets),
        "speciation": speciation(c) if sets else {},
        "fe2": c.index.get("Fe2", -1),
        "fe3": c.index.get("Fe3", -1),
        "boron": c.index.get("B", -1) if "effluent" in sets else -1,
        "initial": [*n, temperature],
    }


def cake_filter(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    return {
        **_cake(c, unit),
        "belt": c.drive(unit, "belt"),
        "belt_normal": 0.01 * p["belt_normal"],
        "load": p["load"],
        "vacuum": p["vacuum"],
    }


def _cake(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    return {
        "inlet": c.one_in(unit),
        "wash": c.one_in(unit, "wash"),
        "filtrate": c.one_out(unit, "filtrate"),
        "cake": c.one_out(unit, "cake"),
        "moisture": 0.01 * p["moisture"],
        "density": p["density"],
        "efficiency": p["wash_efficiency"],
        "passing": 0.01 * p["passing"],
        "initial": [],
    }


def filter_press(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    return {
        **_cake(c, unit),
        "closing": c.drive(unit, "closing"),
        "feed": c.drive(unit, "feed"),
        "blow": c.drive(unit, "blow"),
        "area": p["cloth"],
        "chambers": p["chambers"],
        "solids_density": p["solids_density"],
        "porosity": p["porosity"],
        "resistance": p["cake_resistance"],
        "cloth": p["cloth_resistance"],
        "blinding": p["blinding"],
        "rinse": p["rinse"],
        "viscosity": p["viscosity"],
        "pump": p["pump_pressure"],
        "air": p["air_pressure"],
        "blow_time": p["blow_time"],
        "discharge": p["discharge_time"],
        "divert": c.drive(unit, "filtrate"),
        "back": c.maybe_out(unit, "recycle"),
        "bleed": 0.01 * p["bleed"],
        "bridge": p["bridge"],
        "ntu": p["turbidity"],
        "skip": p["skip"],
        # empty, at the surroundings' temperature, before its first cycle
        "initial": [*c.vector({}), AMBIENT_K, *[0.0] * 8],
    }
