"""Devices and instruments of a plant file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from plantsim.chemistry.elements import ATOMIC_WEIGHTS, RARE_EARTHS
from plantsim.model.errors import one_of, shown
from plantsim.model.heartbeat import read_loss, switches
from plantsim.model.kinds import KINDS, STREAM_PROBES
from plantsim.model.plant import Area, Device, Function, Instrument, Loss, Measurement, Product, Sampling, Stream, Unit
from plantsim.model.quantity import (
    FRACTION,
    GAS_FLOW,
    MASS_CONCENTRATION,
    POWER,
    TIME,
    VOLUME_FLOW,
    Dimension,
    EngineeringUnit,
    parse_eu,
    parse_quantity,
)
from plantsim.model.read_standby import DRIVES, read_standby
from plantsim.model.section import Section
from plantsim.model.tag import TAG_NAME, Kind

HEADERS = {"water_circuit": VOLUME_FLOW, "gas_main": GAS_FLOW}
"""Kinds of units that a valve may take from, and by what it is told how much."""
DEVICE_KINDS = (Kind.VALVE, Kind.ON_OFF_VALVE, Kind.DRIVE, Kind.VARIABLE_DRIVE, Kind.SWITCH)
_FAILS = {
    Kind.VALVE: ("closed", "open", "hold", "off"),
    Kind.ON_OFF_VALVE: ("closed", "open", "hold"),
    Kind.DRIVE: ("stop", "hold"),
    Kind.VARIABLE_DRIVE: ("stop", "hold"),
}
_PERCENT = (Kind.VALVE, Kind.VARIABLE_DRIVE)
MOST_INPUTS = 4
"""Of a calculation, in the core."""
MOST_PENDING = 8
"""Samples that may be on their way through an analyser, in the core."""


def check_tag(tag: str, section: Section, unit: Unit, areas: Iterable[Area]) -> None:
    """Raise PlantError unless the tag is an ISA-5.1 name whose number lies in the area of its unit."""
    if not TAG_NAME.fullmatch(tag):
        raise section.error("", f'a tag "{tag}"', 'function letters, number and at most a letter A to D: "TV-201A"')
    digits = re.sub(r"\D", "", tag)
    hundred = int(digits[0]) * 100 if len(digits) == 4 else int(digits) // 100 * 100
    area = next(area for area in areas if area.id == unit.area)
    if hundred != area.number:
        example = f"4CNN of area {area.id}" if area.number == 400 else f"{area.number} to {area.number + 99}"
        raise section.error("", f'number {digits} for unit {unit.id} of area "{area.id}"', f"a number {example}")


def read_devices(root: Section, areas: tuple[Area, ...], units: tuple[Unit, ...]) -> tuple[Device, ...]:
    """Valves, drives and switches, in the order of their units."""
    by_id = {unit.id: unit for unit in units}
    devices = []
    for tag, section in root.table("devices").children("a device"):
        kind = Kind(section.text("kind", choices=[kind.value for kind in DEVICE_KINDS]))
        unit = by_id[section.text("unit", choices=by_id)]
        check_tag(tag, section, unit, areas)
        title = section.text("title")
        stroke, fail, power, loss, standby, supply, contact, pack = 0.0, "", 0.0, Loss(), None, "", None, ""
        draw = 0.0
        if kind is not Kind.SWITCH:
            stroke = section.quantity("stroke", TIME, low=0.0)
            fail = section.text("fail", _FAILS[kind][0], _FAILS[kind])
            power = section.quantity("power", POWER, 0.0, low=0.0)
            loss = read_loss(section, analog=kind in _PERCENT)
        if kind in DRIVES:
            standby = read_standby(section)
            supply = section.text("supply", "", [unit.id for unit in units if unit.kind == "ups"])
        if kind in (Kind.VALVE, Kind.ON_OFF_VALVE) and "supply" in section:
            supply = section.text("supply", choices=[unit.id for unit in units if unit.kind in HEADERS])
            draw = section.quantity("draw", HEADERS[by_id[supply].kind], low=0.0)
        if kind is Kind.SWITCH and not tag.startswith("HS"):
            contact = _contact(section, units)
        if kind is Kind.ON_OFF_VALVE:
            pack = section.text("moved_by", "", _packs(root))
        initial = section.number("initial", 0.0, 0.0, 100.0) if kind in _PERCENT else section.flag("initial", False)
        section.end()
        devices.append(
            Device(
                tag,
                kind,
                unit.id,
                title,
                stroke,
                fail,
                float(initial),
                power,
                loss,
                standby,
                supply,
                contact,
                pack,
                draw,
            ),
        )
    for switch in switches(areas, units):
        section = Section({}, root.file, f"areas.{by_id[switch.unit].area}.heartbeat")
        check_tag(switch.tag, section, by_id[switch.unit], areas)
        if any(device.tag == switch.tag for device in devices):
            raise section.error("", f"a tag that devices.{switch.tag} has already", "a name of its own")
        devices.append(switch)
    for unit in units:
        if unit.kind == "ups":
            _check_rating(Section({}, root.file, f"units.{unit.id}"), unit, devices)
    order = list(by_id)
    return tuple(sorted(devices, key=lambda device: order.index(device.unit)))


def _check_rating(section: Section, unit: Unit, devices: Iterable[Device]) -> None:
    """Raise PlantError if the drives on a battery could take more at once than it is made for."""
    taken = sum(device.power for device in devices if device.supply == unit.id)
    if taken > unit.parameters["rating"]:
        found = f"{1e-3 * taken:.3g} kW of the drives on it"
        raise section.error("rating", found, f"at most {1e-3 * unit.parameters['rating']:.3g} kW")


def _packs(root: Section) -> list[str]:
    """Drives that may be the hydraulic pack of a valve."""
    devices = root.table("devices").children("a device")
    return [tag for tag, section in devices if section.data.get("kind") == Kind.DRIVE.value]


def _contact(section: Section, units: tuple[Unit, ...]) -> Measurement | None:
    """What of a unit a field switch shows."""
    contacts = [f"{unit.id}.{name}" for unit in units for name in KINDS[unit.kind].contacts]
    text = section.text("measures", "", contacts)
    source, _, probe = text.partition(".")
    return Measurement(source, False, probe, 1.0, 0.0) if text else None


def read_instruments(
    root: Section,
    areas: tuple[Area, ...],
    units: tuple[Unit, ...],
    streams: tuple[Stream, ...],
    devices: Mapping[str, Device],
    products: tuple[Product, ...],
    solutes: Mapping[str, object],
) -> tuple[Instrument, ...]:
    """Transmitters, analysers and calculations, in the order of their units."""
    by_id = {unit.id: unit for unit in units}
    table = root.table("instruments")
    instruments: dict[str, Instrument] = {}
    sections = {}
    for tag, section in table.children("an instrument"):
        if tag in devices:
            raise section.error("", f"a tag that devices.{tag} has already", "a name of its own")
        unit = by_id[section.text("unit", choices=by_id)]
        check_tag(tag, section, unit, areas)
        title = section.text("title")
        eu = parse_eu(section.text("eu"))
        if eu is None:
            raise section.error("eu", shown(section.data["eu"]), 'a unit such as "L/h", "C", "pH" or "% LEL"')
        low, high = section.span("range")
        normal = _normal(section, low, high)
        measures, function = _source(section, eu, by_id, streams, products, solutes)
        lag = noise = 0.0
        sampling, wired = None, True
        if measures is not None:
            lag = section.quantity("lag", TIME, 0.0, low=0.0)
            noise = section.number("noise", 0.0, 0.0, high - low)
            sampling, wired = _sampling(section), section.flag("wired", True)
        section.end()
        sections[tag] = section
        instruments[tag] = Instrument(
            tag, unit.id, title, eu.text, low, high, normal, measures, function, lag, noise, sampling, wired
        )
    for tag, instrument in instruments.items():
        if instrument.function is not None:
            _check_function(sections[tag], instrument, instrument.function, instruments)
    _check_circles(sections, instruments)
    order = list(by_id)
    return tuple(sorted(instruments.values(), key=lambda instrument: order.index(instrument.unit)))


def _normal(section: Section, low: float, high: float) -> tuple[float, float] | None:
    section.get("normal", None, "two numbers")
    if "normal" not in section:
        return None
    normal = section.span("normal")
    if not low <= normal[0] < normal[1] <= high:
        raise section.error("normal", shown(section.data["normal"]), f"a band within its range {low:g} to {high:g}")
    return normal


def _sampling(section: Section) -> Sampling | None:
    kind = section.text("kind", "", ("transmitter", "analyser"))
    sample = section.quantity("sample", TIME, 0.0, low=0.0)
    delay = section.quantity("delay", TIME, 0.0, low=0.0)
    if kind == "transmitter" and ("sample" in section or "delay" in section):
        raise section.error("kind", '"transmitter"', '"analyser" beside sample or delay')
    if delay and not sample:
        raise section.error("delay", shown(section.data["delay"]), "a delay only beside a time between samples")
    if delay >= MOST_PENDING * sample > 0.0:
        found = shown(section.data["delay"])
        raise section.error("delay", found, f"a delay below {MOST_PENDING} times the time between samples")
    return Sampling(sample, delay) if "sample" in section or kind == "analyser" else None


_CALL = re.compile(r"([a-z]+)\((.*)\)")


def _source(
    section: Section,
    eu: EngineeringUnit,
    units: Mapping[str, Unit],
    streams: tuple[Stream, ...],
    products: tuple[Product, ...],
    solutes: Mapping[str, object],
) -> tuple[Measurement | None, Function | None]:
    if "function" in section:
        if "measures" in section:
            raise section.error("function", "a function beside measures", "one of the two")
        return None, _function(section)
    section.get("function", None, "a function")
    text = section.matching("measures", re.compile(".+"), 'a probe such as "R-201.level" or "201.flow", or a function')
    source, dot, probe = text.partition(".")
    stream = source in {one.id for one in streams}
    if not stream and source not in units:
        known = [*units, *(one.id for one in streams)]
        raise section.error("measures", f'"{text}", where {source} is no unit or stream', one_of(known, source))
    probes = STREAM_PROBES if stream else KINDS[units[source].kind].probe_names(units[source].parameters)
    dimension: Dimension | None = probes.get(probe)
    if stream and dimension is None:
        dimension, probe = _composition(section, text, probe, products, solutes)
    if not dot or dimension is None:
        calls = (
            ["assay(ELEMENT, ...)", "conc(SPECIES, ...)", "purity(PRODUCT)", "share(SPECIES, ...)"] if stream else []
        )
        raise section.error("measures", f'"{text}"', one_of([f"{source}.{name}" for name in [*probes, *calls]], text))
    reading = eu.reading(dimension)
    if reading is None:
        raise section.error("eu", f'"{eu.text}"', f"a unit that fits {dimension}")
    return Measurement(source, stream, probe, *reading), None


def _composition(
    section: Section, text: str, probe: str, products: tuple[Product, ...], solutes: Mapping[str, object]
) -> tuple[Dimension | None, str]:
    """Dimension and normal spelling of ``conc(Nd, Pr)``, ``purity(NdPr)``, ``share(Nd)`` or ``assay(Fe, Cl)``."""
    match = _CALL.fullmatch(probe)
    if match is None or match[1] not in ("assay", "conc", "purity", "share"):
        return None, probe
    names = [name.strip() for name in match[2].split(",")]
    known = [product.name for product in products] if match[1] == "purity" else list(solutes)
    if match[1] == "share":
        known = [name for name in solutes if name in RARE_EARTHS]
    if match[1] == "assay":
        known = list(ATOMIC_WEIGHTS)
    for name in names:
        if name not in known:
            raise section.error("measures", f'"{text}", where {name or "nothing"} is not known', one_of(known, name))
    if match[1] == "purity" and len(names) != 1:
        raise section.error("measures", f'"{text}"', "the purity of one product")
    return (MASS_CONCENTRATION if match[1] == "conc" else FRACTION), f"{match[1]}({', '.join(names)})"


def _function(section: Section) -> Function:
    text = section.text("function")
    calls = (
        '"max(TAG, TAG)", "average(TAG, 600 s)", "copy(TAG)", "estimate(TAG, TAG, 12 h)", "estimate(-TAG, TAG, 12 h)"'
    )
    allowed = f'{calls} or, of a ratio controller, "ratio"'
    if text == "ratio":
        return Function("ratio", ())
    match = _CALL.fullmatch(text)
    if match is None:
        raise section.error("function", shown(text), allowed)
    inputs = [name.strip() for name in match[2].split(",")]
    if match[1] == "max" and 2 <= len(inputs) <= MOST_INPUTS:
        return Function("max", tuple(inputs))
    if match[1] == "copy" and len(inputs) == 1:
        return Function("copy", tuple(inputs))
    if match[1] == "estimate" and len(inputs) == 3:
        time = parse_quantity(inputs[2])
        if time is not None and time[1] == TIME.exponents and time[0] > 0.0:
            falling = inputs[0].startswith("-")
            return Function("falling" if falling else "estimate", (inputs[0].removeprefix("-"), inputs[1]), time[0])
    if match[1] == "average" and len(inputs) == 2:
        time = parse_quantity(inputs[1])
        if time is not None and time[1] == TIME.exponents and time[0] > 0.0:
            return Function("average", (inputs[0],), time[0])
    raise section.error("function", shown(text), allowed)


def _check_function(
    section: Section, instrument: Instrument, function: Function, instruments: Mapping[str, Instrument]
) -> None:
    for name in function.inputs:
        if name not in instruments:
            found = f"{shown(section.data['function'])}, where {name} is no instrument"
            raise section.error("function", found, one_of(instruments, name))
        # what an estimate begins at may be counted otherwise: its bias takes up the difference
        began = function.name in ("estimate", "falling") and name == function.inputs[0]
        if instruments[name].eu != instrument.eu and not began:
            raise section.error("eu", f'"{instrument.eu}"', f'"{instruments[name].eu}", that of {name}')


def _check_circles(sections: Mapping[str, Section], instruments: Mapping[str, Instrument]) -> None:
    inputs = {
        tag: instrument.function.inputs for tag, instrument in instruments.items() if instrument.function is not None
    }
    circle = find_circle(inputs)
    if circle:
        raise sections[circle[0]].error("function", f"the circle {' > '.join(circle)}", "no circles")


def find_circle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """A way through the graph that comes back to where it began, or nothing."""
    done: set[str] = set()

    def walk(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for following in graph.get(node, ()):
            found = walk(following, [*path, node])
            if found:
                return found
        done.add(node)
        return []

    for start in graph:
        found = walk(start, [])
        if found:
            return found
    return []
