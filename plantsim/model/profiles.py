"""Profiles: what stands in the stages of an extraction circuit, as arrays ordered from E1 to the last strip stage."""

from __future__ import annotations

from collections.abc import Iterator

from plantsim.model.plant import Plant, Unit
from plantsim.model.tag import Kind, Tag, ValueType

CIRCUIT = "sx_circuit"
"""The kind of unit that has stages."""
SECTIONS = "EST"
"""Letters of the stages of extraction, scrub and strip; a stage is named by its section's letter and its number."""
AQUEOUS_MOST = 2.0
"""mol/L that a display of an aqueous profile spans: strip liquor of SX design practice stays below."""


def profiles(plant: Plant) -> Iterator[Tag]:
    """Profile tags of all circuits, all read-only: per metal mol/L in the aqueous and in the organic, pH, and the
    interface of the settlers, mm of aqueous."""
    for unit in plant.units:
        if unit.kind == CIRCUIT:
            most = 1e-3 * unit.parameters["concentration"] / 6.0
            for metal in unit.parameters["metals"]:
                yield _profile(unit, f"{metal}.aq", f"{metal} in the aqueous", "mol/L", 0.0, AQUEOUS_MOST)
                yield _profile(unit, f"{metal}.org", f"{metal} in the organic", "mol/L", 0.0, most)
            yield _profile(unit, "pH", "pH of the aqueous", "pH", -1.0, 14.0)
            deep = 1e3 * unit.parameters["settler_depth"]
            yield _profile(unit, "Interface", "interface of the settlers", "mm", 0.0, deep)


def _profile(unit: Unit, member: str, what: str, eu: str, low: float, high: float) -> Tag:
    names = stage_names(unit)
    return Tag(
        name=f"{unit.id}.Profile.{member}",
        object=f"{unit.id}.Profile",
        member=member,
        description=f"{unit.title}, {what}",
        area=unit.area,
        unit=unit.id,
        kind=Kind.PROFILE,
        type=ValueType.PROFILE,
        eu=eu,
        low=low,
        high=high,
        role=None,
        row=0,
        states=names,
        count=len(names),
    )


def stage_names(unit: Unit) -> tuple[str, ...]:
    """E1, E2, ... S1, ... T1, ...: the stages of a circuit in the order of its profiles."""
    sections = zip(SECTIONS, unit.parameters["stages"], strict=True)
    return tuple(f"{letter}{number}" for letter, count in sections for number in range(1, int(count) + 1))
