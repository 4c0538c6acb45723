"""Writes docs/design-basis.md: the streams of `belfast` as they were designed and as they are simulated, and its tags.

    python docs/make_design_basis.py

Run it after a change to the plant; a test holds the plant to docs/design-basis.toml and docs/design-tags.toml, where a
difference has its reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant

DOCS = Path(__file__).parent
PAGE = DOCS / "design-basis.md"
PLANT = "belfast"
SCALE = 1.08
"""By which streams of extraction exceed their stage design: 8.89 mol/h of rare earth for 8.22."""
CYCLE_S = 4.0 * 3600.0
SCAN_S = 2.0
HOUR_S = 3600.0

HEAD = """\
# `belfast` beside its design basis

Made by `docs/make_design_basis.py` from `docs/design-basis.toml` and the plant at rest, as the mean over four hours,
a cycle of the filter press; not to be edited by hand. What is beyond 5 % has its reason. Flows of extraction are
those of its stage design times 1.08, since the line sends so much more rare earth than was assumed there. The head of
the plant file says what is public.
"""


TAGS = """\
## Tags of the design that are named otherwise, or not there

All others of the design's tag objects, controllers, interlocks and alarms are in the plant by their names.
"""


@dataclass(frozen=True)
class Named:
    """Tags of the design, and those that the plant has for them: none if they are not there."""

    design: tuple[str, ...]
    plant: tuple[str, ...]
    why: str


def named() -> list[Named]:
    """Tags of the design that the plant has by other names, in several, or not at all."""
    entries = tomllib.loads((DOCS / "design-tags.toml").read_text(encoding="utf-8"))["tags"]
    return [Named(tuple(entry["design"]), tuple(entry.get("plant", ())), entry["why"]) for entry in entries]


@dataclass(frozen=True)
class Row:
    """A figure, in the unit that `of` begins with."""

    place: str
    """A stream, or the tag of a reading."""
    title: str
    of: str
    design: float
    simulated: float
    ratio: float
    """Of simulated to design, that is explained."""
    why: str


def rows() -> list[Row]:
    """All figures of the design basis, in its order, with what the plant has for them."""
    plant = load_plant(PLANT)
    live = LivePlant(plant, scan_period=SCAN_S)
    mean = _mean_streams(live)
    titles = {stream.id: stream.title for stream in plant.streams}
    found = []
    for entry in tomllib.loads((DOCS / "design-basis.toml").read_text(encoding="utf-8"))["rows"]:
        if "reading" in entry:
            place = entry["reading"]
            tag = live.tags[f"{place}.PV"]
            title, simulated = tag.description, float(live.core.signal[tag.row])
        else:
            place = entry["stream"]
            title, simulated = titles[place], _figure(live, mean[live.layout.streams[place]], entry["of"])
        design = entry["design"] * (SCALE if entry.get("scaled") else 1.0)
        found.append(Row(place, title, entry["of"], design, simulated, entry.get("ratio", 1.0), entry.get("why", "")))
    return found


def _mean_streams(live: LivePlant) -> NDArray[np.float64]:
    """Species of each stream, mol/s, in the mean of a press cycle."""
    species = len(live.layout.species)
    total = np.zeros((len(live.layout.streams), species))
    scans = round(CYCLE_S / SCAN_S)
    for _ in range(scans):
        live.advance(1)
        total += live.core.arriving[: len(total), 2 : 2 + species]
    return total / scans


def _figure(live: LivePlant, mol_s: NDArray[np.float64], of: str) -> float:
    species: dict[str, Any] = live.assembly.spec["species"]
    mass, volume = np.asarray(species["mass"]), np.asarray(species["molar_volume"])
    unit, _, name = of.partition(" ")
    if unit == "kg/h":
        return float(mol_s @ mass) * HOUR_S
    dissolved = species["dissolved"]
    litres_h = 1e3 * float(mol_s[:dissolved] @ volume[:dissolved]) * HOUR_S
    if unit == "L/h":
        return litres_h
    i = live.layout.species.index(name)
    mol_h = float(mol_s[i]) * HOUR_S
    return {"mol/h": mol_h, "mol/L": mol_h / litres_h, "g/L": 1e3 * float(mass[i]) * mol_h / litres_h}[unit]


def page() -> str:
    """The page, as it should be."""
    return HEAD + "\n" + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| stream or reading | what | design | simulated | ratio | why |"
    yield "|" + " --- |" * 6
    for row in rows():
        ratio = row.simulated / row.design
        yield (
            f"| {row.place} {row.title} | {row.of} | {row.design:.3g} | {row.simulated:.3g} | {ratio:.2f} | {row.why} |"
        )
    yield f"\n{TAGS}"
    yield "| design | plant | why |"
    yield "|" + " --- |" * 3
    for one in named():
        yield f"| {', '.join(one.design)} | {', '.join(one.plant) or 'not there'} | {one.why} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
