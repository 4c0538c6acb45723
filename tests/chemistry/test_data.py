"""The chemistries of the package: that their data add up."""

from __future__ import annotations

import itertools

import pytest

from plantsim.chemistry.chemistry import STANDINGS, Chemistry, Species
from plantsim.chemistry.elements import ATOMIC_WEIGHTS
from plantsim.chemistry.load import FOLDER, chemistry_names, load_chemistry

STATES = {
    "H": (1,),
    "O": (-2,),
    "Na": (1,),
    "Cl": (-1,),
    "B": (3,),
    "C": (3, 4),
    "Si": (4,),
    "Al": (3,),
    "Fe": (2, 3),
    "Co": (2,),
    "Ni": (2,),
    "Cu": (2,),
    "Ce": (3, 4),
    "Pr": (3, 4),
    "Tb": (3, 4),
    "N": (-3,),
    "Mg": (2,),
    "Ca": (2,),
    "S": (6,),
}
"""Oxidation states in compounds; other metals of the package are trivalent. Carbon is 3 in oxalate."""


@pytest.fixture(scope="module", params=chemistry_names())
def chemistry(request: pytest.FixtureRequest) -> Chemistry:
    """Every chemistry of the package."""
    return load_chemistry(FOLDER / f"{request.param}.toml")


def could_be(species: Species) -> bool:
    """Whether some oxidation states of its elements give the species its charge."""
    if len(species.formula) == 1 and species.charge == 0:
        return True
    if species.formula == {"H": 2, "O": 2}:
        return species.charge == 0  # a peroxide, whose O is -1
    low = sum(count * min(STATES.get(element, (3,))) for element, count in species.formula.items())
    high = sum(count * max(STATES.get(element, (3,))) for element, count in species.formula.items())
    return low <= species.charge <= high


def held(chemistry: Chemistry) -> list[str]:
    """Species that are ions on an exchanger."""
    exchange = chemistry.parameters.get("exchange", {})
    return [name for kind in ("bound", "slow") if kind in exchange for name in exchange[kind].value.values()]


def test_every_charge_follows_from_the_formula(chemistry: Chemistry) -> None:
    """Solids and gases are neutral, ions have the charge of their oxidation state; on an exchanger it is the clay's."""
    exchanged = set(held(chemistry))
    wrong = [name for name, species in chemistry.species.items() if name not in exchanged and not could_be(species)]
    assert wrong == []


def test_molar_masses_are_the_sums_of_atomic_weights(chemistry: Chemistry) -> None:
    """In kg/mol."""
    for species in chemistry.species.values():
        grams = sum(ATOMIC_WEIGHTS[element] * count for element, count in species.formula.items())
        assert species.molar_mass == pytest.approx(1e-3 * grams, rel=1e-12)
    assert chemistry.species["H2O"].molar_mass == pytest.approx(18.015e-3, abs=1e-6)


def test_every_value_says_where_it_is_from(chemistry: Chemistry) -> None:
    """A standing and a source for each."""
    data = [datum for group in chemistry.parameters.values() for datum in group.values()]
    data += [datum for extractant in chemistry.extractants.values() for datum in extractant.sources.values()]
    assert data
    assert all(datum.standing in STANDINGS and datum.source for datum in data)
    liquids = [species for species in chemistry.species.values() if species.phase == "aq"]
    assert all(species.standing in STANDINGS and species.source for species in liquids)


def test_solutes_are_neutral_and_complete(chemistry: Chemistry) -> None:
    """Each puts its own species into the liquor; every dissolved species can be named itself."""
    for name, parts in chemistry.solutes.items():
        charge = sum(chemistry.species[part].charge * count for part, count in parts.items())
        assert charge == 0 or parts == {name: 1.0}
    assert {name for name, one in chemistry.species.items() if one.phase == "aq"} <= set(chemistry.solutes)


def test_no_two_species_are_the_same(chemistry: Chemistry) -> None:
    """In formula, charge and phase; but what is adsorbed or exchanged is the same in another place."""
    adsorbed = [
        name
        for group in ("hydrolysis", "carbonate")
        if "adsorbed" in chemistry.parameters.get(group, {})
        for name in chemistry.value(group, "adsorbed").values()
    ] + held(chemistry)
    keys = [
        (tuple(sorted(species.formula.items())), species.charge, species.phase)
        for species in chemistry.species.values()
        if species.name not in adsorbed
    ]
    twice = [a for a, b in itertools.pairwise(sorted(keys)) if a == b]
    assert twice == []
