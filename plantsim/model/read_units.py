"""Areas, units and streams of a plant file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from plantsim.chemistry.chemistry import Chemistry
from plantsim.model.errors import a, one_of, shown
from plantsim.model.heartbeat import read_heartbeat
from plantsim.model.kinds import KINDS
from plantsim.model.plant import WATCHDOG_S, Area, Device, Stream, Unit
from plantsim.model.quantity import MASS_FLOW, TIME, VOLUME_FLOW, Dimension
from plantsim.model.section import ABOVE_0, REQUIRED, Section, in_si, is_number, within
from plantsim.model.tag import Kind
from plantsim.model.unit_kind import Driven, Form, Medium, Parameter, Port

AREA_ID = re.compile(r"[a-z][a-z0-9]*")
UNIT_ID = re.compile(r"[A-Z]+(-\d+[A-Z]?)?")
STREAM_ID = re.compile(r"\d{3,4}")
HUNDRED = "a whole hundred"
MOVERS = (Kind.VALVE, Kind.ON_OFF_VALVE, Kind.DRIVE, Kind.VARIABLE_DRIVE)
"""Devices that can set a flow."""


def read_areas(root: Section) -> tuple[Area, ...]:
    """The areas, each with an id and a number of its own."""
    areas: dict[str, Area] = {}
    for section in root.tables("areas", "id"):
        area = Area(
            section.matching("id", AREA_ID, 'an id in lower case such as "leach"'),
            section.integer("number", 100, 800, what=HUNDRED),
            section.text("title"),
            section.quantity("watchdog", TIME, WATCHDOG_S, low=ABOVE_0),
            read_heartbeat(section),
        )
        section.end()
        if area.number % 100:
            raise section.error("number", str(area.number), f"{HUNDRED} from 100 to 800")
        if area.id in areas:
            raise section.error("id", f'a second area "{area.id}"', "an id of its own")
        for other in areas.values():
            if other.number == area.number:
                raise section.error("number", f"{area.number}, which is that of {other.id}", "a number of its own")
        areas[area.id] = area
    if not areas:
        raise root.error("areas", "nothing", "a list of tables with id, number and title")
    return tuple(areas.values())


def read_units(root: Section, areas: tuple[Area, ...], chemistry: Chemistry) -> tuple[Unit, ...]:
    """The units, in the order of their areas and then of the file; their drives are checked by ``check_drives``."""
    ids = [area.id for area in areas]
    units = [
        _unit(id_, section, ids, chemistry) for id_, section in root.table("units", required=True).children("a unit")
    ]
    return tuple(sorted(units, key=lambda unit: ids.index(unit.area)))


def _unit(id_: str, section: Section, areas: list[str], chemistry: Chemistry) -> Unit:
    if not UNIT_ID.fullmatch(id_):
        raise section.error("", f'a unit "{id_}"', 'a name such as "R-201"')
    kind = KINDS[section.text("kind", choices=KINDS)]
    area = section.text("area", choices=areas)
    title = section.text("title")
    parameters = _values(section, kind.parameters, chemistry, {})
    initial: dict[str, Any] = {}
    if kind.initial:
        initial = _filling(section.table("initial"), kind.initial, chemistry, parameters, section.data.get("span"))
    if kind.name == "sx_circuit":
        _check_metals(section, parameters, chemistry.extractants[parameters["extractant"]].log10_k_ex)
    elif kind.name == "crystalliser":
        _check_metals(section, parameters, chemistry.value("oxalate", "log10_ksp"))
    elif kind.name == "ore_tank" and "ore" not in chemistry.parameters:
        raise section.error("kind", f"{shown(kind.name)} with {chemistry.file}", "a chemistry that has parameters.ore")
    elif kind.name == "reagent_tank":
        _check_reagent(section, parameters)
    drives = section.table("drives")
    roles = kind.roles(parameters)
    devices = {role: drives.text(role) for role in roles if role in drives or roles[role].required}
    for role in roles:
        drives.get(role, None, "a device")
    drives.end()
    if kind.name == "sx_circuit" and "heater" in devices and parameters["organic_temperature"] is None:
        found = "a heater of an organic without a temperature of its own"
        raise drives.error("heater", found, 'organic_temperature, such as "35 C", beside it')
    if kind.name == "feed_bin" and bool(parameters["hopper"]) is not ("gate" in devices):
        raise section.error("hopper", shown(section.data.get("hopper", 0)), "a hopper and drives.gate, or neither")
    if kind.name == "feed_bin" and parameters["hopper_initial"] > parameters["hopper"]:
        found = f"{shown(section.data['hopper_initial'])}, more than its hopper takes"
        raise section.error("hopper_initial", found, f"at most {parameters['hopper']:g} kg")
    section.end()
    return Unit(
        id_, area, kind.name, title, MappingProxyType(parameters), MappingProxyType(initial), MappingProxyType(devices)
    )


def charged(unit: Unit, section: Section, chemistry: Chemistry) -> Unit:
    """A unit filled otherwise: as a table of `initial` values says, and as its plant file has it in all else."""
    others = tuple(replace(one, default=unit.initial[one.name]) for one in KINDS[unit.kind].initial)
    return replace(unit, initial=MappingProxyType(_filling(section, others, chemistry, unit.parameters, None)))


def _filling(
    section: Section,
    initial: tuple[Parameter, ...],
    chemistry: Chemistry,
    parameters: Mapping[str, Any],
    span: object,
) -> dict[str, Any]:
    """What a unit holds; no more than there is room for. span: that room in the words of its file, if at hand."""
    values = _values(section, initial, chemistry, parameters)
    most = parameters.get("span")
    if "volume" in section and most and values["volume"] > most:
        found = f"{shown(section.data['volume'])}, more than its span"
        raise section.error("volume", found, f"at most {shown(span or f'{1e3 * most:g} L')}")
    section.end()
    return values


def _check_metals(section: Section, parameters: Mapping[str, Any], known: Mapping[str, object]) -> None:
    """There are constants for each metal, and each is named once."""
    for place, metal in enumerate(parameters["metals"]):
        if metal not in known:
            raise section.error(f"metals[{place}]", shown(metal), one_of(known, metal))
        if metal in parameters["metals"][:place]:
            raise section.error(f"metals[{place}]", f"{shown(metal)} a second time", "each metal once")


def _check_reagent(section: Section, parameters: Mapping[str, Any]) -> None:
    """A reagent tank holds one solute, and peroxide alone decomposes to water and oxygen."""
    solutes = list(parameters["liquor"] or ())
    if len(solutes) != 1:
        raise section.error("liquor", f"{len(solutes)} solutes", "one")
    if parameters["decay"] > 0.0 and solutes != ["H2O2"]:
        raise section.error("decay", f"decomposition of {solutes[0]}", "that of H2O2 alone")


def _values(
    section: Section, parameters: tuple[Parameter, ...], chemistry: Chemistry, counts: Mapping[str, Any]
) -> dict[str, Any]:
    return {parameter.name: _value(section, parameter, chemistry, counts) for parameter in parameters}


def _value(section: Section, parameter: Parameter, chemistry: Chemistry, counts: Mapping[str, Any]) -> Any:
    name, what = parameter.name, parameter.what
    value = section.get(name, parameter.default, _allowed(parameter, chemistry))
    if name not in section:
        return value
    count = counts[parameter.count] if isinstance(parameter.count, str) else parameter.count
    if count and what in (Form.LIQUOR, Form.LOADING):
        return _of_banks(section, parameter, int(count), chemistry, counts)
    if count:
        allowed = f"a list of {count}, each {_allowed(parameter, chemistry)}"
        if not isinstance(value, list) or len(value) != count:
            raise section.error(name, shown(value), allowed)
        return tuple(_single(section, f"{name}[{place}]", item, parameter) for place, item in enumerate(value))
    if what is Form.FLAG:
        return section.flag(name)
    if what is Form.LIQUOR:
        return _liquor(section.table(name), chemistry)
    if what is Form.SOLIDS:
        solids = {key: one for key, one in chemistry.species.items() if one.phase == "solid"}
        return _amounts(section.table(name), solids, "solid species", "mol")
    if what is Form.EXTRACTANT:
        return section.text(name, choices=chemistry.extractants)
    if what is Form.REAGENT:
        return section.text(name, choices=_reagents(chemistry))
    if what in (Form.SPECIES, Form.GROUPS):
        dissolved = {key: one for key, one in chemistry.species.items() if one.phase == "aq"}
        known: Mapping[str, object] = chemistry.parameters if what is Form.GROUPS else dissolved
        items = section.texts(name)
        if len(items) > parameter.high:
            raise section.error(name, f"{len(items)} of them", f"at most {parameter.high:g}")
        for place, item in enumerate(items):
            if item not in known:
                raise section.error(f"{name}[{place}]", shown(item), one_of(known, item))
        return items
    return _single(section, name, value, parameter)


def _of_banks(
    section: Section, parameter: Parameter, count: int, chemistry: Chemistry, circuit: Mapping[str, Any]
) -> Any:
    """A table of amounts for each bank of an extraction circuit, whose organic has room for what it is to hold."""
    name = parameter.name
    tables = section.tables(name)
    if len(tables) != count:
        raise section.error(name, f"{len(tables)} of them", f"a list of {count}, each {_allowed(parameter, chemistry)}")
    if parameter.what is Form.LIQUOR:
        return tuple(_liquor(table, chemistry) for table in tables)
    held = dict.fromkeys([*circuit["metals"], "Na"])
    loadings = tuple(_amounts(table, held, "metal of the circuit", "mol/L") for table in tables)
    for table, loading in zip(tables, loadings, strict=True):
        taken = sum(x if metal == "Na" else 6.0 * x for metal, x in loading.items())
        if taken >= 1e-3 * circuit["concentration"]:
            room = f"less than the {1e-3 * circuit['concentration']:g} mol/L of extractant"
            raise table.error("", f"a loading that takes {taken:g} mol/L", room)
    return loadings


def _single(section: Section, key: str, value: object, parameter: Parameter) -> float | int:
    """One quantity or whole number."""
    low, high = parameter.low, parameter.high
    if isinstance(parameter.what, Dimension):
        return in_si(value, parameter.what, section.file, section.where(key), low, high)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise section.error(key, shown(value), within("a whole number", low, high))
    return value


def _allowed(parameter: Parameter, chemistry: Chemistry) -> str:
    what = parameter.what
    if isinstance(what, Dimension):
        return str(what)
    return {
        Form.INTEGER: within("a whole number", parameter.low, parameter.high),
        Form.FLAG: "true or false",
        Form.SPECIES: "a list of species",
        Form.GROUPS: "a list of parameter groups of the chemistry",
        Form.EXTRACTANT: one_of(chemistry.extractants),
        Form.REAGENT: one_of(_reagents(chemistry)),
        Form.LIQUOR: "a table of solutes in mol/L",
        Form.LOADING: "a table of the circuit's metals, and Na, in mol/L of organic",
        Form.SOLIDS: "a table of solid species in mol",
    }[what]


def _reagents(chemistry: Chemistry) -> list[str]:
    """Solutes whose heat of dilution the chemistry knows."""
    return [name for name in chemistry.parameters.get("dilution", {}) if name in chemistry.solutes]


def _liquor(section: Section, chemistry: Chemistry) -> Mapping[str, float]:
    """Strengths in mol/L, with room for water between what is dissolved."""
    strengths = _amounts(section, chemistry.solutes, "solute", "mol/L")
    taken = 0.0
    for solute, strength in strengths.items():
        for name, count in chemistry.solutes[solute].items():
            taken += 1e3 * strength * count * chemistry.species[name].molar_volume
    if taken >= 1.0:
        raise section.error("", f"solutes that take up {taken:.3g} L/L", "room for water")
    return strengths


def _amounts(section: Section, known: Mapping[str, object], what: str, unit: str) -> Mapping[str, float]:
    for name, value in section.data.items():
        if name not in known:
            raise section.error(name, f"something that is no {what}", one_of(known, name))
        if not is_number(value) or value < 0:  # type: ignore[operator]
            raise section.error(name, shown(value), f"a number of {unit}, not below 0")
    return MappingProxyType({name: section.number(name) for name in section.data})


def check_drives(root: Section, units: tuple[Unit, ...], devices: Mapping[str, Device]) -> None:
    """Raise PlantError unless every role of every unit is played by a device of a kind that can."""
    for unit in units:
        section = Section({}, root.file, f"units.{unit.id}.drives")
        roles = KINDS[unit.kind].roles(unit.parameters)
        for role, tag in unit.drives.items():
            kinds = roles[role].kinds
            able = [device.tag for device in devices.values() if device.kind in kinds]
            if tag not in devices:
                raise section.error(role, f'"{tag}", which is no device', one_of(able, tag))
            if devices[tag].kind not in kinds:
                names = " or ".join(kind.value for kind in kinds)
                raise section.error(role, f'"{tag}", which is {a(devices[tag].kind.value)}', a(names))


def read_streams(root: Section, units: tuple[Unit, ...], devices: Mapping[str, Device]) -> tuple[Stream, ...]:
    """The streams; every port of every unit takes as many as it may."""
    by_id = {unit.id: unit for unit in units}
    streams = []
    ends: dict[tuple[str, str, str], list[str]] = {}
    for id_, section in root.table("streams").children("a stream"):
        if not STREAM_ID.fullmatch(id_):
            raise section.error("", f'a stream "{id_}"', "a number of three or four digits")
        stream = _stream(id_, section, by_id, devices)
        streams.append(stream)
        for key, at, name in (
            ("from", stream.source_unit, stream.source_port),
            ("to", stream.target_unit, stream.target_port),
        ):
            if not at:
                continue
            there = ends.setdefault((key, at, name), [])
            most = _ports(key, by_id[at])[name].most
            if len(there) == most:
                found = f'"{at}.{name}", which has stream {", ".join(there)} already'
                raise section.error(key, found, f"a port with room: this one takes {most}")
            there.append(id_)
    for one in streams:
        if one.target_port == "in" and one.target_unit and by_id[one.target_unit].kind == "filter_press":
            _check_pump(root, one, by_id[one.source_unit])
        if one.target_port == "fresh" and one.target_unit and not by_id[one.target_unit].parameters["organic_span"]:
            found = f'"{one.target_unit}.fresh", whose organic is made good unseen'
            raise root.error(f"streams.{one.id}.to", found, "a circuit with a tank, that has organic_span")
    for unit in units:
        kind = KINDS[unit.kind]
        for key, ports in (("to", kind.inlets), ("from", kind.outlets)):
            for port in ports:
                count = len(ends.get((key, unit.id, port.name), ()))
                if count < port.least:
                    raise root.error(f"units.{unit.id}", f"no stream {key} its port {port.name}", "one")
    return tuple(streams)


def _stream(id_: str, section: Section, units: Mapping[str, Unit], devices: Mapping[str, Device]) -> Stream:
    title = section.text("title")
    source, source_port = _end("from", section, units)
    section.get("to", None, "a port")
    target, target_port = _end("to", section, units) if "to" in section else ("", None)
    if target == source:
        raise section.error("to", f"{shown(section.data['to'])}, the unit that it comes from", "another unit")
    movers = [device.tag for device in devices.values() if device.kind in MOVERS]
    device = section.text("by", REQUIRED if source_port.driven is Driven.MUST else "", movers)
    if device and source_port.driven is Driven.NEVER:
        raise section.error("by", shown(device), f"nothing: {source} itself sets what leaves {source_port.name}")
    dimension = MASS_FLOW if source_port.medium is Medium.POWDER else VOLUME_FLOW
    capacity = section.quantity("capacity", dimension, low=0.0) if device else None
    if not device and "capacity" in section:
        raise section.error("capacity", shown(section.data["capacity"]), 'a capacity only beside "by"')
    head = section.flag("head", False)
    if head and not device:
        raise section.error("head", "true", 'true only beside "by"')
    shut_offs = [device.tag for device in devices.values() if device.kind is Kind.ON_OFF_VALVE]
    through = section.text("through", "", shut_offs)
    if through and not device:
        raise section.error("through", shown(through), 'a shut-off valve only beside "by"')
    section.end()
    there = target_port.name if target_port else ""
    return Stream(id_, title, source, source_port.name, target, there, device, capacity, head, through)


def _check_pump(root: Section, stream: Stream, source: Unit) -> None:
    """What resists in a filter press slows the pump before it, which draws from a stirred tank."""
    if "agitator" not in KINDS[source.kind].roles(source.parameters):
        raise root.error(
            f"streams.{stream.id}.from", shown(source.id), "a stirred tank, for a filter press is fed from one"
        )
    if not stream.device:
        raise root.error(f"streams.{stream.id}.by", "nothing", "a pump, for a filter press is fed by one")


def _end(key: str, section: Section, units: Mapping[str, Unit]) -> tuple[str, Port]:
    text = section.text(key)
    unit, dot, name = text.partition(".")
    if unit not in units:
        raise section.error(key, f'"{text}", where {unit} is no unit', one_of(units, unit))
    ports = _ports(key, units[unit])
    if not dot or name not in ports:
        raise section.error(key, f'"{text}"', one_of([f"{unit}.{port}" for port in ports], text))
    return unit, ports[name]


def _ports(key: str, unit: Unit) -> dict[str, Port]:
    kind = KINDS[unit.kind]
    return {port.name: port for port in (kind.outlets if key == "from" else kind.inlets)}
