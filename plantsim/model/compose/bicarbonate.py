"""Tanks of sulfate liquor to which bicarbonate is dosed."""

from __future__ import annotations

from functools import partial
from typing import Any

from plantsim.model.compose.context import Context
from plantsim.model.plant import Unit


def bicarbonate_tank(c: Context, unit: Unit) -> dict[str, Any]:
    value = partial(c.chemistry.value, "carbonate")
    n, temperature = c.contents(unit)
    metals = list(value("solids"))
    pk = value("pk")
    hydrate = c.chemistry.species[value("solids")[metals[0]]].formula
    return {
        "tank": c.tank(unit),
        "re": [c.index[m] for m in metals],
        "carbonate": [c.index[value("solids")[m]] for m in metals],
        "adsorbed": [c.index[value("adsorbed")[m]] for m in metals],
        "k_re": [10.0 ** (0.5 * value("log10_k")[m]) for m in metals],
        "water": 0.5 * hydrate["H"],
        "rate": value("rate"),
        "hydroxides": [
            {
                "metal": c.index[v["cation"]],
                "solid": c.index[solid],
                "log_sat": v["log10_k"] + v["complexed"],
                "rate": v["rate"],
            }
            for solid, v in value("hydroxides").items()
        ],
        "adsorption": value("adsorption"),
        "adsorption_ph": value("adsorption_ph"),
        "k1": 10.0 ** -pk["CO2"],
        "k2": 10.0 ** -pk["HCO3"],
        "kn": 10.0 ** -pk["NH4"],
        "ks": 10.0 ** -pk["HSO4"],
        "kw": 10.0 ** -pk["H2O"],
        "strip": unit.parameters["strip"],
        "air_co2": value("air_co2") * 1e-3,
        "air": c.drive(unit, "air"),
        "c": c.index["CO3"],
        "n": c.index["NH4"],
        "s": c.index["SO4"],
        "initial": [*n, temperature],
    }
