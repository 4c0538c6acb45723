"""Every reaction closes over the elements and the charge."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsim.chemistry.chemistry import Chemistry
from plantsim.model.compose.context import Context
from plantsim.model.compose.leach import dissolution
from plantsim.model.compose.ore import oxides
from plantsim.model.compose.reactor import reactions
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant
from tests.core.conftest import COAL_REFUSE

if TYPE_CHECKING:
    from tests.core.conftest import Bench

MakeBench = Callable[..., "Bench"]
Terms = list[tuple[str, float]]

BASE_FEED_PCT = {
    "Nd0": 22.0, "Pr0": 6.0, "Dy0": 2.5, "Tb0": 0.3, "Fe0": 64.5, "B0": 1.0, "Co0": 1.8, "Al0": 0.4, "Ni0": 0.5,
}  # fmt: skip


def gap(chemistry: Chemistry, terms: Terms) -> float:
    """Largest sum over the terms of any element, or of the charge."""
    total: dict[str, float] = {}
    for name, count in terms:
        species = chemistry.species[name]
        for element, atoms in {**species.formula, "charge": species.charge}.items():
            total[element] = total.get(element, 0.0) + count * atoms
    return max(abs(x) for x in total.values())


def test_iron_reactions_close(belfast: Plant) -> None:
    context = Context(belfast)
    rows = reactions(context, ["oxidation", "hydrolysis"])
    assert len(rows) == 13
    for row in rows:
        terms = [(context.names[i], x) for i, x in row["stoichiometry"]]
        assert gap(belfast.chemistry, [*terms, ("O2", row["oxygen"])]) < 1e-15, terms


def test_dissolution_closes_with_its_hydrogen(belfast: Plant) -> None:
    context = Context(belfast)
    table = dissolution(context)
    solids = [i for i, kind in enumerate(context.class_of()) if kind]
    assert len(solids) == 13
    for i in solids:
        terms: Terms = [
            (context.names[i], -1.0),
            (context.names[int(table["product"][i])], table["n_product"][i]),
            ("H", -table["n_acid"][i]),
            ("H2", table["n_hydrogen"][i]),
            ("H2O", table["n_water"][i]),
        ]
        assert gap(belfast.chemistry, terms) < 1e-15, terms


def test_a_kg_of_base_feed_takes_30_8_mol_of_acid_and_gives_16_8_of_hydrogen(belfast: Plant) -> None:
    context = Context(belfast)
    table = dissolution(context)
    acid, hydrogen = (
        sum(
            0.01 * pct / context.mass[context.index[s]] * table[key][context.index[s]]
            for s, pct in BASE_FEED_PCT.items()
        )
        for key in ("n_acid", "n_hydrogen")
    )
    assert acid == pytest.approx(30.8, rel=5e-3)
    assert hydrogen == pytest.approx(16.8, rel=5e-3)


def test_leach_of_an_ore_closes() -> None:
    """All that the acid dissolves, to whole numbers of water."""
    plant = load_plant(COAL_REFUSE)
    context = Context(plant)
    rows = oxides(context, plant.unit("R-201"))
    assert len(rows) == 10
    for row in rows:
        terms: Terms = [
            (context.names[row["solid"]], -1.0),
            ("H", -row["n_acid"]),
            (context.names[row["metal"]], row["n_metal"]),
            ("H2O", row["n_water"]),
        ]
        assert gap(plant.chemistry, terms) == 0.0, terms


def test_calcination_closes_with_its_gases(make_bench: MakeBench) -> None:
    bench = make_bench("KL-611")
    names = bench.layout.species
    table = bench.tables["KL-611"]
    for c in table["chains"]:
        hydrate, anhydrous, oxycarbonate, oxide = (
            names[c[key]] for key in ("hydrate", "anhydrous", "oxycarbonate", "oxide")
        )
        steps: list[Terms] = [
            [(hydrate, -1.0), (anhydrous, 1.0), ("H2O", 10.0)],
            [(anhydrous, -1.0), ("O2", -1.5), (oxycarbonate, 1.0), ("CO2", 5.0)],
            [(oxycarbonate, -1.0), ("O2", -c["oxygen"]), (oxide, c["n_oxide"]), ("CO2", 1.0)],
        ]
        assert all(gap(bench.chemistry, step) < 1e-14 for step in steps), hydrate
    for c in table["simple"]:
        terms: Terms = [
            (names[c["oxalate"]], -1.0),
            ("O2", -c["oxygen"]),
            (names[c["oxide"]], c["n_oxide"]),
            ("CO2", c["carbon_dioxide"]),
            ("H2O", c["water"]),
        ]
        assert gap(bench.chemistry, terms) < 1e-14, terms


@pytest.mark.parametrize(("hydrate", "steps_pct"), [("NdOxH", (-24.6, -48.1, -54.1)), ("DyOxH", (-23.4, -45.8, -51.5))])
def test_an_oxalate_loses_its_mass_in_the_steps_of_thermogravimetry(
    hydrate: str, steps_pct: tuple[float, float, float], make_bench: MakeBench
) -> None:
    """Decahydrate to anhydrous oxalate, oxycarbonate and oxide, % of what it weighed."""
    bench = make_bench("KL-611")
    chain = next(c for c in bench.tables["KL-611"]["chains"] if c["hydrate"] == bench.index[hydrate])
    whole = bench.mass[chain["hydrate"]]
    left = (
        bench.mass[chain["anhydrous"]],
        bench.mass[chain["oxycarbonate"]],
        chain["n_oxide"] * bench.mass[chain["oxide"]],
    )
    assert [100.0 * (kg / whole - 1.0) for kg in left] == pytest.approx(steps_pct, abs=0.05)


@pytest.mark.parametrize("unit", ["R-201", "R-301", "CR-501", "KL-611", "DR-601"])
def test_what_a_unit_makes_of_its_contents_closes(unit: str, make_bench: MakeBench) -> None:
    """Any contents: rates of all species plus what goes out, gas included, hold no element and no charge."""
    bench = make_bench(unit)
    width = bench.nc + 2 if unit == "KL-611" else len(bench.state(unit))
    rng = np.random.default_rng(3)
    for _ in range(20):
        for k in range(0, len(bench.state(unit)), width):
            part = bench.state(unit)[k : k + width]
            part[:] = rng.uniform(0.0, 0.1, width)
            part[bench.index["H2O"]] = 500.0
            part[bench.nc : bench.nc + 2] = rng.uniform(300.0, 1100.0, len(part[bench.nc : bench.nc + 2]))
        rate = bench.rate(unit)
        states, out = rate[: len(bench.state(unit))], rate[len(bench.state(unit)) :]
        made: NDArray[np.float64] = bench.left(unit, out)
        for k in range(0, len(states), width):
            made = made + states[k : k + bench.nc]
        if unit == "R-201":
            made[bench.index["H2"]] += states[-1]
        # charge that dissolves, precipitates or evaporates must do so in pairs
        size = (
            np.abs(bench.atoms)
            @ np.abs(
                np.concatenate([states[k : k + bench.nc] for k in range(0, len(states), width)]).reshape(-1, bench.nc)
            ).sum(axis=0)
            + 1e-12
        )
        assert np.max(np.abs(bench.atoms @ made) / size) < 1e-13
