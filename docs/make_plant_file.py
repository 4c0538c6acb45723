"""Writes the second half of docs/plant-file.md: readings and kinds of units as the loader knows them.

    python docs/make_plant_file.py

Run it after a change to plantsim/model/kinds.py; a test holds the page to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from plantsim.model.kinds import KINDS, STREAM_PROBES
from plantsim.model.quantity import Dimension
from plantsim.model.section import REQUIRED
from plantsim.model.unit_kind import Driven, Form, Parameter, UnitKind

PAGE = Path(__file__).parent / "plant-file.md"

FROM = "## Readings of streams"
"""What stands before is written by hand and kept."""

FORMS = {
    Form.INTEGER: "whole number",
    Form.FLAG: "true or false",
    Form.SPECIES: "list of dissolved species",
    Form.GROUPS: "list of groups of reactions",
    Form.EXTRACTANT: "extractant of the chemistry",
    Form.REAGENT: "solute with a heat of dilution in the chemistry",
    Form.LIQUOR: "liquor, mol/L by solute",
    Form.LOADING: "metals, mol/L of organic",
    Form.SOLIDS: "solids, mol by species",
}


def page() -> str:
    """The page, as it should be."""
    prose = PAGE.read_text(encoding="utf-8").partition(FROM)[0]
    return prose + "\n".join(_lines()).rstrip("\n") + "\n"


def _lines() -> Iterator[str]:
    yield f"{FROM}\n"
    yield (
        ", ".join(f"`{name}`" for name in STREAM_PROBES)
        + ", `conc(SPECIES, ...)`, `share(SPECIES, ...)`, `assay(ELEMENT, ...)`, "
    )
    yield "`purity(PRODUCT)`."
    yield "\n## Kinds of units"
    for kind in KINDS.values():
        yield f"\n### `{kind.name}`: {kind.doc}\n"
        yield from _ports(kind)
        yield from _roles(kind)
        yield from _parameters("key", kind.parameters)
        yield from _parameters("key of `initial`", kind.initial)
        if kind.probes:
            readings = (
                f"`{name}{'_N' if probe.per else ''}` ({probe.dimension.name})" for name, probe in kind.probes.items()
            )
            yield f"Readings: {', '.join(readings)}."


def _ports(kind: UnitKind) -> Iterator[str]:
    for word, ports in (("In", kind.inlets), ("Out", kind.outlets)):
        if ports:
            described = []
            for port in ports:
                count = "" if port.most == 1 else f", up to {port.most}"
                device = {Driven.NEVER: "", Driven.MAY: ", by a device or by itself", Driven.MUST: ", by a device"}
                described.append(f"`{port.name}` ({port.medium.value}{count}{device[port.driven]})")
            yield f"{word}: {', '.join(described)}.\n"


def _roles(kind: UnitKind) -> Iterator[str]:
    if kind.drives:
        roles = (
            f"`{role.name}{'N' if role.per else ''}` ({' or '.join(one.value for one in role.kinds)}; {role.doc}"
            f"{'' if role.required else '; may be left out'})"
            for role in kind.drives
        )
        yield f"Drives: {', '.join(roles)}.\n"


def _parameters(head: str, parameters: tuple[Parameter, ...]) -> Iterator[str]:
    if not parameters:
        return
    yield f"| {head} | what it is | value | default |"
    yield "| --- | --- | --- | --- |"
    for one in parameters:
        value = f"{one.what.name} such as {one.what.shown}" if isinstance(one.what, Dimension) else FORMS[one.what]
        if one.count:
            value = f"a list of {one.count}: {value}"
        yield f"| `{one.name}` | {one.doc} | {value} | {_default(one)} |"
    yield ""


def _default(parameter: Parameter) -> str:
    if parameter.default is REQUIRED:
        return "required"
    if parameter.default is None or parameter.default in ({}, ()):
        return "none"
    if isinstance(parameter.default, bool):
        return str(parameter.default).lower()
    if isinstance(parameter.default, float) and isinstance(parameter.what, Dimension):
        unit = "K" if parameter.what.name == "temperature" else "SI"
        value = f"{parameter.default:g}"
        return f"{value} {unit}" if parameter.default and any(parameter.what.exponents) else value
    return f"`{parameter.default}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
