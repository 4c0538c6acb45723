"""Chemistry files: TOML with species, parameters and extractants; more extractants in files of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from plantsim.chemistry.chemistry import LAWS, PHASES, STANDINGS, Chemistry, Datum, Extractant, Species
from plantsim.chemistry.elements import ATOMIC_WEIGHTS
from plantsim.model.errors import one_of, shown
from plantsim.model.lines import on_its_line
from plantsim.model.quantity import MOLAR_VOLUME, parse_quantity
from plantsim.model.section import REQUIRED, Section, is_number, read_toml

__all__ = ["Chemistry", "chemistry_names", "is_chemistry", "load_chemistry"]

FOLDER = Path(__file__).parent


def chemistry_names() -> list[str]:
    """The chemistries that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def is_chemistry(path: Path) -> bool:
    """Whether a TOML file is meant to be a chemistry: it has species. PlantError for what is no TOML."""
    root, _ = read_toml(path)
    return "species" in root


def load_chemistry(path: Path) -> Chemistry:
    """The chemistry in a file; PlantError if something in it is wrong."""
    with on_its_line(path):
        return _chemistry(path)


def _chemistry(path: Path) -> Chemistry:
    root, digest = read_toml(path)
    title = root.text("title")
    species = {
        name: _species(name, section) for name, section in root.table("species", required=True).children("a species")
    }
    solutes = {name: _solute(section, species) for name, section in root.table("solutes").children("species")}
    for name, one in species.items():
        if one.phase == "aq":
            solutes.setdefault(name, MappingProxyType({name: 1.0}))
    parameters = {
        group: MappingProxyType({name: _datum(section) for name, section in sections.children("a parameter")})
        for group, sections in root.table("parameters").children("parameters")
    }
    extractants = {
        name: _extractant(name, section, species)
        for name, section in root.table("extractants").children("an extractant")
    }
    root.end()
    for file in sorted((path.parent / "extractants").glob("*.toml")):
        with on_its_line(file):
            own, sha256 = read_toml(file)
            extractants.setdefault(file.stem, _extractant(file.stem, own, species, sha256))
    return Chemistry(
        path.stem,
        title,
        path.name,
        MappingProxyType(species),
        MappingProxyType(solutes),
        MappingProxyType(parameters),
        MappingProxyType(extractants),
        digest,
    )


def _species(name: str, section: Section) -> Species:
    formula = _counts(section.table("formula", required=True), ATOMIC_WEIGHTS, "element")
    phase = section.text("phase", choices=PHASES)
    charge = section.integer("charge", -4, 4, 0)
    if charge and phase != "aq":
        raise section.error("charge", str(charge), f"no charge on a {phase}")
    liquid = phase == "aq"
    volume = section.quantity("molar_volume", MOLAR_VOLUME) if liquid else 0.0
    standing = section.text("standing", choices=STANDINGS) if liquid else section.text("standing", "", STANDINGS)
    source = section.text("source") if liquid else section.text("source", "")
    section.end()
    mass = 1e-3 * sum(ATOMIC_WEIGHTS[element] * count for element, count in formula.items())
    return Species(name, formula, charge, phase, volume, mass, standing, source)


def _solute(section: Section, species: Mapping[str, Species]) -> Mapping[str, float]:
    dissolved = {name: one for name, one in species.items() if one.phase == "aq"}
    parts = _counts(section, dissolved, "dissolved species", low=-100.0)
    charge = sum(species[part].charge * count for part, count in parts.items())
    if charge:
        raise section.error("", f"a charge of {charge:+g}", "species whose charges cancel")
    return parts


def _counts(section: Section, known: Mapping[str, object], what: str, low: float = 0.0) -> Mapping[str, float]:
    for key, value in section.data.items():
        if key not in known:
            raise section.error(key, f"something that is no {what}", one_of(known, key))
        if not is_number(value) or value == 0 or not low <= value <= 100:  # type: ignore[operator]
            raise section.error(key, shown(value), f"a number from {low:g} to 100, not 0")
    if not section.data:
        raise section.error("", "an empty table", f"one {what} at least")
    return MappingProxyType({key: float(section.number(key)) for key in section.data})


def _datum(section: Section) -> Datum:
    value = section.get("value", REQUIRED, "a value")
    datum = Datum(_converted(value), section.text("standing", choices=STANDINGS), section.text("source"))
    section.end()
    return datum


def _converted(value: object) -> object:
    """Quantities in SI, wherever they stand in lists and tables; other texts as they are."""
    if isinstance(value, str):
        quantity = parse_quantity(value)
        return value if quantity is None else quantity[0]
    if isinstance(value, list):
        return [_converted(item) for item in value]
    if isinstance(value, dict):
        return {key: _converted(item) for key, item in value.items()}
    return value


def _extractant(name: str, section: Section, species: Mapping[str, Species], sha256: str = "") -> Extractant:
    """sha256: of a file of its own, which serves several chemistries: metals that this one lacks are left out."""
    law = section.text("law", "dimer", LAWS)
    constants, orders, by_dose, powers, sources = {}, {}, {}, {}, {}
    volume = section.quantity("molar_volume", MOLAR_VOLUME, 0.0, low=0.0) if law == "polynomial" else 0.0
    for metal, datum in section.table("log10_k_ex", required=True).children("constants"):
        if metal not in species and not sha256:
            raise datum.error("", "something that is no species", one_of(species, metal))
        constant = datum.number("value", low=-20, high=20)
        order = 3.0 if law == "dimer" else datum.number("order", low=0.0, high=6.0)
        of_dose = [datum.number(key, 0.0, -10.0, 10.0) if volume else 0.0 for key in ("order_by_dose", "power_of_dose")]
        one = _datum(datum)
        if metal in species:
            constants[metal], orders[metal], sources[metal] = constant, order, one
            by_dose[metal], powers[metal] = of_dose
    k_na = section.number("k_na", low=0.0)
    sources["Na"] = Datum(k_na, section.text("k_na_standing", choices=STANDINGS), section.text("k_na_source"))
    if volume:
        standing, source = section.text("molar_volume_standing", choices=STANDINGS), section.text("molar_volume_source")
        sources["molar_volume"] = Datum(volume, standing, source)
    section.end()
    return Extractant(
        name,
        law,
        MappingProxyType(constants),
        MappingProxyType(orders),
        MappingProxyType(by_dose),
        MappingProxyType(powers),
        volume,
        k_na,
        MappingProxyType(sources),
        sha256,
    )
