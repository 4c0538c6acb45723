"""Plant files: finding, reading, checking."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from plantsim.chemistry.elements import RARE_EARTHS
from plantsim.chemistry.load import FOLDER as CHEMISTRIES
from plantsim.chemistry.load import Chemistry, chemistry_names, load_chemistry
from plantsim.model import heartbeat
from plantsim.model.errors import PlantError, one_of, shown
from plantsim.model.lines import on_its_line
from plantsim.model.malfunction import Malfunctions
from plantsim.model.names import Names
from plantsim.model.plant import Feed, Instrument, Plant, Product, Unit, purity_analyser
from plantsim.model.read_alarms import read_alarm_classes, read_alarms
from plantsim.model.read_field import read_devices, read_instruments
from plantsim.model.read_interlocks import read_interlocks
from plantsim.model.read_loops import check_outputs, read_loops
from plantsim.model.read_malfunctions import read_malfunctions
from plantsim.model.read_procedures import read_procedures
from plantsim.model.read_rounds import read_rounds
from plantsim.model.read_sequences import read_sequences
from plantsim.model.read_standby import check_standbys
from plantsim.model.read_units import check_drives, read_areas, read_streams, read_units
from plantsim.model.section import Section, read_toml

FOLDER = Path(__file__).parents[1] / "plants"
NAME = re.compile(r"[a-z][a-z0-9-]*")
MOST_SPREAD, MOST_SIGMAS = 35.0, 2.5
"""% of a way in which lots differ, and how far a lot goes each way, as in ext/feed.pxd."""
PRODUCT_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_FORMAT = re.compile(r"^format\s*=\s*1\s*(#.*)?$", re.MULTILINE)


def plant_names() -> list[str]:
    """The plants that come with the package."""
    return sorted(
        path.stem
        for path in FOLDER.glob("*.toml")
        if not path.name.endswith(".map.toml") and _FORMAT.search(path.read_text(encoding="utf-8"))
    )


def plant_path(name: str | Path) -> Path:
    """The file of a plant: a name that ``plant_names`` lists, or a path, with a ``/`` or ending in ``.toml``."""
    text = str(name)
    if isinstance(name, Path) or "/" in text or text.endswith(".toml"):
        return Path(name)
    names = plant_names()
    if text not in names:
        raise PlantError("plants", text, "no plant of that name", f"{one_of(names, text)}, or the path of a plant file")
    return FOLDER / f"{text}.toml"


def load_plant(name: str | Path) -> Plant:
    """The plant of that name or file, checked; PlantError says what is wrong with it."""
    path = plant_path(name)
    with on_its_line(path):
        return _plant(path)


def _plant(path: Path) -> Plant:
    root, digest = read_toml(path)
    plant_name = root.matching("name", NAME, 'a name in lower case such as "my-plant"')
    title = root.text("title")
    cold = root.text("cold", "charged", choices=("charged", "empty"))
    chemistry = _chemistry(root, path)
    feed = _feed(root.table("feed", required=True), chemistry)
    lots = _feed_lots(root.table("feed_lots"), feed, chemistry)
    areas = read_areas(root)
    units = read_units(root, areas, chemistry)
    devices = read_devices(root, areas, units)
    by_tag = {device.tag: device for device in devices}
    check_drives(root, units, by_tag)
    streams = read_streams(root, units, by_tag)
    check_standbys(root, by_tag, units, streams)
    feeds = _feeds(root.table("feeds"), chemistry, units)
    products = _products(root.table("products"), chemistry, units)
    dissolved = {name: one for name, one in chemistry.species.items() if one.phase == "aq"}
    instruments = read_instruments(root, areas, units, streams, by_tag, products, dissolved)
    instruments = read_rounds(root, instruments)
    measured = {instrument.tag: instrument for instrument in instruments}
    _check_diverts(root, units, products, measured)
    loops = read_loops(root, measured, by_tag)
    check_outputs(root, loops, units, streams, by_tag)
    by_loop = {loop.tag: loop for loop in loops}
    interlocks = read_interlocks(root, Names(measured, by_tag, by_loop))
    names = Names(measured, by_tag, by_loop, [one.tag for one in interlocks], root.table("sequences").data)
    alarms = read_alarms(root, names)
    alarms += heartbeat.alarms(areas)
    sequences = read_sequences(root, areas, units, names)
    procedures = read_procedures(root, names)
    classes = read_alarm_classes(root, alarms)
    malfunctions = read_malfunctions(root, areas, units, streams, devices, instruments)
    root.end()
    return Plant(
        plant_name,
        title,
        path,
        chemistry,
        MappingProxyType(feed),
        MappingProxyType(lots),
        MappingProxyType(feeds),
        areas,
        units,
        streams,
        devices,
        instruments,
        loops,
        alarms,
        sequences,
        procedures,
        interlocks,
        MappingProxyType(classes),
        Malfunctions(malfunctions),
        products,
        _digest(digest, chemistry, units),
        cold == "empty",
    )


def _digest(plant: str, chemistry: Chemistry, units: Iterable[Unit]) -> str:
    """Of all files that make the plant: its own, the chemistry's, those of extractants that have one."""
    used = {unit.parameters["extractant"] for unit in units if "extractant" in unit.parameters}
    own = (chemistry.extractants[name].sha256 for name in sorted(used))
    files = [plant, chemistry.sha256, *filter(None, own)]
    return hashlib.sha256(" ".join(files).encode()).hexdigest()


def _chemistry(root: Section, path: Path) -> Chemistry:
    """Named like a plant: one of the package's, or a file beside the plant file."""
    name = root.text("chemistry")
    if name.endswith(".toml"):
        if not (path.parent / name).is_file():
            raise root.error("chemistry", f"{shown(name)}, which is no file beside this one", one_of(chemistry_names()))
        return load_chemistry(path.parent / name)
    if name not in chemistry_names():
        raise root.error("chemistry", shown(name), f"{one_of(chemistry_names(), name)}, or a file that ends in .toml")
    return load_chemistry(CHEMISTRIES / f"{name}.toml")


def _feed(section: Section, chemistry: Chemistry) -> dict[str, float]:
    solids = [name for name, species in chemistry.species.items() if species.phase == "solid"]
    for name in section.data:
        if name not in solids:
            raise section.error(name, "something that is no solid species", one_of(solids, name))
    feed = {name: section.number(name, low=0.0, high=100.0) for name in section.data}
    total = sum(feed.values())
    if abs(total - 100.0) > 0.01 + 1e-9:
        raise section.error("", f"shares that add to {total:.6g} %", "100 % within 0.01")
    return feed


def _feeds(root: Section, chemistry: Chemistry, units: tuple[Unit, ...]) -> dict[str, Feed]:
    bins = [unit.id for unit in units if unit.kind == "feed_bin"]
    feeds = {}
    for id_, section in root.children("a feed"):
        if id_ not in bins:
            raise section.error("", "something that is no feed bin", one_of(bins, id_))
        composition = _feed(section.table("composition", required=True), chemistry)
        lots = _feed_lots(section.table("lots"), composition, chemistry)
        section.end()
        feeds[id_] = Feed(MappingProxyType(composition), MappingProxyType(lots))
    return feeds


def _feed_lots(section: Section, feed: Mapping[str, float], chemistry: Chemistry) -> dict[str, float]:
    rest = max(feed, key=lambda name: feed[name])
    formulas = [chemistry.species[name].formula for name in feed if name != rest]
    ways = ["rare_earth", "oxide", *dict.fromkeys(e for formula in formulas for e in formula if e not in ("H", "O"))]
    for name in section.data:
        if name not in ways:
            raise section.error(name, "no way in which lots of this feed can differ", one_of(ways, name))
    lots = {name: section.number(name, low=0.0, high=MOST_SPREAD) for name in section.data}
    taken = 0.0
    for name, share in feed.items():
        formula = chemistry.species[name].formula
        mine = [*formula, *(("rare_earth", "oxide") if any(element in RARE_EARTHS for element in formula) else ())]
        spread = sum(lots.get(way, 0.0) for way in mine) if name != rest else 0.0
        if MOST_SIGMAS * spread > 100.0:
            raise section.error(
                "", f"{spread:g} % in all for {name}", f"at most {100.0 / MOST_SIGMAS:g} % for a species"
            )
        taken += MOST_SIGMAS * 0.01 * spread * share
    if taken > feed[rest]:
        raise section.error(
            "", f"up to {taken:.3g} % of the feed that {rest} gives way to", f"at most {feed[rest]:g} %"
        )
    return lots


def _products(root: Section, chemistry: Chemistry, units: tuple[Unit, ...]) -> tuple[Product, ...]:
    hoppers = [unit.id for unit in units if unit.kind == "hopper"]
    rare = [element for element in RARE_EARTHS if element in chemistry.elements]
    products = []
    for name, section in root.children("a product"):
        if not PRODUCT_NAME.fullmatch(name):
            raise section.error("", f'a product "{name}"', 'an oxide or a mixture such as "Nd2O3" or "NdPr"')
        elements = section.texts("elements")
        byproduct = section.flag("byproduct", False)
        # rare earths are what the plant is for; what else it sells is any metal whose oxide the chemistry knows
        known = list(chemistry.value("oxide", "oxygen")) if byproduct else rare
        for place, element in enumerate(elements):
            if element not in known:
                raise section.error(f"elements[{place}]", shown(element), one_of(known, element))
        product = Product(
            name,
            elements,
            section.text("hopper", choices=hoppers),
            section.number("spec_pct", low=0.0, high=100.0),
            byproduct,
            section.number("most_loss_pct", 1.0, 0.0, 100.0),
            section.text("graded_by", "oxide", ("oxide", "mass")),
        )
        section.end()
        products.append(product)
    return tuple(products)


def _check_diverts(
    root: Section, units: tuple[Unit, ...], products: tuple[Product, ...], instruments: Mapping[str, Instrument]
) -> None:
    """Raise PlantError unless every divert valve has a hand switch, a product and that product's sampling analyser."""
    places = {product.hopper: place for place, product in enumerate(products)}
    for unit in units:
        section = Section({}, root.file, f"units.{unit.id}.drives")
        if ("divert" in unit.drives) != ("hand" in unit.drives):
            there, other = ("divert", "hand") if "divert" in unit.drives else ("hand", "divert")
            raise section.error(there, f'"{unit.drives[there]}" alone', f"{there} and {other} together, or neither")
        if "divert" not in unit.drives:
            continue
        if unit.id not in places:
            raise section.error("divert", "a hopper of no product", "a divert valve where a product has its hopper")
        tag = purity_analyser(places[unit.id])
        if tag not in instruments or instruments[tag].sampling is None:
            raise section.error("divert", f"no analyser {tag}", f"{tag}, which measures the product's purity")
