"""Writes docs/process.md from the parameter files and the kernels' own words.

    python docs/make_process.py

Run it after a change to plantsim/chemistry or to a kernel under ext/; a test holds the page to them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "process.md"

STANDINGS = {
    "S": "read in a named source",
    "Q": "quoted by a secondary source",
    "C": "computed from stated inputs",
    "T": "typical, without a source",
}
KERNELS = {
    "feed": "Feed preparation",
    "leach": "Leach",
    "duct": "Sweep duct",
    "reactor": "Iron removal and tanks",
    "speciation": "Iron(III) in its liquor",
    "heap": "Heaps",
    "bicarbonate": "Impurity removal and carbonate precipitation with bicarbonate",
    "carbonate": "Impurity removal and carbonate precipitation",
    "ore": "Leach of an ore by powers of the acid",
    "membrane": "Reverse osmosis",
    "makeup": "Reagent make-up",
    "reagent": "Reagents charged in batches",
    "filter": "Filters",
    "press": "Filter press",
    "cartridge": "Polishing filter",
    "sx": "Solvent extraction",
    "organic": "Organic make-up",
    "enclosure": "Vapour over the banks",
    "crystalliser": "Oxalate precipitation",
    "thermal": "Drying and calcination",
    "scrubber": "Scrubber",
    "ups": "Battery behind the mains",
    "header": "Cooling and hot water, nitrogen, instrument air",
    "hall": "Air of a hall over a bund, and under leaking lids",
    "clarifier": "Clarifying filter of effluent",
    "vessel": "Integrator",
    "pace": "Steps longer than a scan",
}
"""Files under ext/ in flow order, and what they are about."""

_OF_POLYNOMIAL = {"value": "b0", "power_of_dose": "b1", "order": "m0", "order_by_dose": "m1"}
"""Constants of a polynomial law by their keys."""

_OWN = re.compile(r"#define (\w+) +(\S+) +/\* \[([SQCT])\] (.*?) \*/")
"""A constant that a kernel has itself, with its standing."""

HEAD = """\
# The process: equations and constants

Made by `docs/make_process.py` from `plantsim/chemistry` and `ext/`; not to be edited by hand.

Each constant has a standing. What is *typical* is a default that nobody measured: replace it with your plant's figure.
"""


def page() -> str:
    """The page, as it should be."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_lines())).rstrip("\n") + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    yield from _table(("in the files", "standing"), STANDINGS.items())
    yield "## Equations"
    for name, title in KERNELS.items():
        yield f"\n### {title}\n"
        yield f"As `ext/{name}.pxd` says:\n"
        yield f"```text\n{_docstring(ROOT / 'ext' / f'{name}.pxd')}\n```"
    yield "\n## Constants of the kernels themselves\n"
    yield "The same for every chemistry.\n"
    yield from _table(("kernel", "constant", "value", "standing", "what it is"), _own_constants())
    for path in sorted((ROOT / "plantsim" / "chemistry").glob("*.toml")):
        yield from _chemistry(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    yield "\n## Extractants in files of their own"
    for path in sorted((ROOT / "plantsim" / "chemistry" / "extractants").glob("*.toml")):
        yield from _extractant(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))


def _own_constants() -> Iterator[tuple[str, str, str, str, str]]:
    for path in sorted((ROOT / "ext").glob("*.pxd")):
        for name, value, standing, what in _OWN.findall(path.read_text(encoding="utf-8")):
            yield path.stem, name, value, STANDINGS[standing], what


def _docstring(path: Path) -> str:
    found = re.search(r'^"""(.*?)"""', path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found, path
    return found[1].strip()


def _chemistry(name: str, data: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n## Constants of `{name}`: {data['title']}"
    for group, parameters in data["parameters"].items():
        yield f"\n### {group.replace('_', ' ').capitalize()}\n"
        rows = [(key, _value(datum["value"]), *_origin(datum)) for key, datum in parameters.items()]
        yield from _table(("constant", "value", "standing", "source"), rows)
    for extractant, entry in data.get("extractants", {}).items():
        yield from _extractant(extractant, entry)
    yield "\n### Species\n"
    species = [
        (
            key,
            _formula(one["formula"]),
            one.get("charge", 0),
            one["phase"],
            one.get("molar_volume", ""),
            *(_origin(one) if "standing" in one else ("", "")),
        )
        for key, one in data["species"].items()
    ]
    yield from _table(("species", "formula", "charge", "phase", "molar volume", "standing", "source"), species)


def _extractant(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n### Extractant {name}\n"
    dimer = entry.get("law", "dimer") == "dimer"
    constants = [
        (f"{'log10 K' if dimer else _OF_POLYNOMIAL[key]}, {metal}", _value(d[key]), *_origin(d))
        for metal, d in entry["log10_k_ex"].items()
        for key in _OF_POLYNOMIAL
        if key in d
    ]
    if "molar_volume" in entry:
        volume = {"standing": entry["molar_volume_standing"], "source": entry["molar_volume_source"]}
        constants.insert(0, ("molar volume", entry["molar_volume"], *_origin(volume)))
    sodium = {"standing": entry["k_na_standing"], "source": entry["k_na_source"]}
    yield from _table(
        ("constant", "value", "standing", "source"),
        [*constants, ("K, Na", _value(entry["k_na"]), *_origin(sodium))],
    )


def _origin(datum: Mapping[str, Any]) -> tuple[str, str]:
    return STANDINGS[datum["standing"]], datum["source"]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(one)}" for key, one in value.items())
    if isinstance(value, list):
        inner = [_value(one) for one in value]
        return "; ".join(inner) if value and isinstance(value[0], list) else ", ".join(inner)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _formula(counts: Mapping[str, float]) -> str:
    return "".join(f"{element}{count:g}" if count != 1 else element for element, count in counts.items())


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
