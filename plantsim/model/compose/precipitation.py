"""Oxalate precipitation."""

from __future__ import annotations

from typing import Any

from plantsim.model.compose.context import Context
from plantsim.model.plant import Unit


def crystalliser(c: Context, unit: Unit) -> dict[str, Any]:
    p = unit.parameters
    chemistry = c.chemistry
    n, temperature = c.contents(unit)
    metals = list(p["metals"])
    ksp = chemistry.value("oxalate", "log10_ksp")
    trace = chemistry.value("oxalate", "distribution")
    names = chemistry.value("oxalate", "solids")
    solids = [c.index[names[m]] for m in metals]
    pka = chemistry.value("oxalate", "pka")
    mass = sum(c.mass[i] for i in solids) / len(solids)
    density = chemistry.value("oxalate", "density") / mass * 1e-3
    shape = chemistry.value("oxalate", "shape")
    # moments of an exponential distribution exp(-L/a) that holds the crystals put in, m(k) = k a m(k-1); the size of
    # the file is the one that instruments see, m3/m2 = 3 a
    litres = sum(n[i] for i in solids) / density
    a = unit.initial["size"] * 1e6 / 3.0
    m3 = litres / shape
    moments = [m3 / (6.0 * a**3), m3 / (6.0 * a**2), m3 / (3.0 * a), m3]
    trace_solids = [chemistry.species[names[t]] for t in trace]
    return {
        "tank": c.tank(unit),
        "re": [c.index[m] for m in metals],
        "solid": solids,
        "log_ksp": [ksp[m] for m in metals],
        "trace": [c.index[t] for t in trace],
        "trace_solid": [c.index[s.name] for s in trace_solids],
        "trace_oxalate": [0.5 * s.formula["C"] for s in trace_solids],
        "trace_water": [0.5 * s.formula.get("H", 0.0) for s in trace_solids],
        "lambda": [float(x) for x in trace.values()],
        "oxalate": c.index["Ox"],
        "kb": chemistry.value("oxalate", "nucleation"),
        "kg": chemistry.value("oxalate", "growth") * 1e6,
        "shape": shape,
        "density": density,
        "heat": chemistry.value("oxalate", "heat"),
        "at": p["solubility_at"] or 0.0,
        "k1": 10.0 ** -pka[0],
        "k2": 10.0 ** -pka[1],
        "initial": [*n, temperature, *moments],
    }
