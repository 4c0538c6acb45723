"""The catalogue of malfunctions, and where a plant may have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from plantsim.model.errors import one_of, shown
from plantsim.model.kinds import KINDS
from plantsim.model.malfunction import PROTOCOLS, Effect, Liability, Malfunction, Remedy, WireFault
from plantsim.model.plant import Area, Device, Instrument, Stream, Unit
from plantsim.model.quantity import TIME
from plantsim.model.section import ABOVE_0, Section, read_toml
from plantsim.model.tag import Kind

CATALOGUE = Path(__file__).parents[1] / "malfunctions" / "catalogue.toml"
LAYERS = ("physics", "field", "wire")
DEVICES = (Kind.VALVE, Kind.ON_OFF_VALVE, Kind.DRIVE, Kind.VARIABLE_DRIVE)
MATERIAL = ("strength", "water", "fines", "leak", "lining", "iron")
"""Effects on what is in a unit; their size is told by the effect itself."""
HOW = ("times", "plus", "spans", "spans_per_hour", "to")
WIRE = (
    "delay", "jitter", "drop", "duplicate", "reset", "refuse", "exception", "freeze", "bad_quality", "restart",
    "clock_skew",
)  # fmt: skip
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@cache
def catalogue() -> Mapping[str, Malfunction]:
    """All malfunctions that there are, by id."""
    root, _ = read_toml(CATALOGUE)
    cures = root.table("remedies", required=True)
    remedies = {id_: _remedy(id_, section) for id_, section in cures.children("a remedy")}
    table = root.table("malfunctions", required=True)
    return {id_: _malfunction(id_, section, remedies) for id_, section in table.children("a malfunction")}


def _remedy(id_: str, section: Section) -> Remedy:
    result = Remedy(
        id_,
        section.text("does"),
        section.text("done"),
        section.quantity("takes", TIME, low=ABOVE_0),
        section.text("needs", "", choices=("stopped", "manual")),
        section.text("on", "target", choices=("target", "unit")),
    )
    section.end()
    return result


def _malfunction(id_: str, section: Section, remedies: Mapping[str, Remedy]) -> Malfunction:
    if not _ID.fullmatch(id_):
        raise section.error("", f'a malfunction "{id_}"', 'words in lower case such as "sweep-fan-trip"')
    targets = section.texts("targets")
    kinds = [*(kind.value for kind in DEVICES), *KINDS, "instrument", "stream", "area", *PROTOCOLS]
    for place, target in enumerate(targets):
        if target not in kinds:
            raise section.error(f"targets[{place}]", shown(target), one_of(kinds, target))
    result = Malfunction(
        id_,
        section.integer("number", 0, 55, 0),
        section.text("title"),
        section.text("layer", choices=LAYERS),
        targets,
        section.flag("everywhere", False),
        section.text("cause"),
        section.text("sees"),
        section.text("response"),
        tuple(_effect(one) for one in section.tables("effects")),
        _wire(section),
        remedies[section.text("remedy", choices=remedies)] if "remedy" in section else None,
    )
    section.end()
    return result


def _wire(section: Section) -> WireFault | None:
    if "wire" not in section:
        return None
    wire = section.table("wire")
    found = [kind for kind in WIRE if kind in wire]
    if len(found) != 1:
        raise wire.error("", f"{len(found)} of {', '.join(WIRE)}", "one of them")
    fault = WireFault(found[0], wire.number(found[0], low=0.0))
    wire.end()
    return fault


def _effect(section: Section) -> Effect:
    if "feed" in section:
        feed = section.table("feed")
        elements = {name: feed.number(name, low=0.0) for name in feed.data}
        section.end()
        return Effect("feed", "", 1.0, elements=elements)
    for name in MATERIAL:
        if name in section:
            size = section.number(name, low=0.0)
            section.end()
            return Effect(name, "", size)
    on = section.text("on")
    found = [how for how in HOW if how in section]
    if on in ("probe", "mains") and not found:
        section.end()
        return Effect(on, "", 0.0)
    if len(found) != 1:
        raise section.error("", f"{len(found)} of {', '.join(HOW)}", "one of them")
    effect = Effect(on, found[0], section.number(found[0]), section.number("above", 0.0, 0.0, 1.0))
    section.end()
    return effect


def read_malfunctions(
    root: Section,
    areas: Iterable[Area],
    units: Iterable[Unit],
    streams: Iterable[Stream],
    devices: Iterable[Device],
    instruments: Iterable[Instrument],
) -> tuple[Liability, ...]:
    """The table ``malfunctions``: id = list of targets, or table of target = what is hit."""
    kinds: dict[str, set[str]] = {}  # a unit may bear the name of its drive
    for name, kind in (
        *((area.id, "area") for area in areas),
        *((unit.id, unit.kind) for unit in units),
        *((stream.id, "stream") for stream in streams if stream.device),
        *((device.tag, device.kind.value) for device in devices),
        *((protocol, protocol) for protocol in PROTOCOLS),
        *((instrument.tag, "instrument") for instrument in instruments if instrument.measures is not None),
    ):
        kinds.setdefault(name, set()).add(kind)
    section = root.table("malfunctions")
    known = catalogue()
    for id_ in section.data:
        if id_ not in known:
            raise section.error(id_, "no malfunction of that name", one_of(known, id_))
    result = []
    for id_, malfunction in known.items():
        allowed = [name for name, own in kinds.items() if own & set(malfunction.targets)]
        targets: dict[str, tuple[str, ...]]
        if malfunction.everywhere:
            targets = {name: (name,) for name in allowed}
        elif id_ in section:
            targets = _targets(section, id_, allowed)
        else:
            continue
        if targets:
            result.append(Liability(malfunction, targets))
    section.end()
    return tuple(result)


def _targets(section: Section, id_: str, allowed: list[str]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    if isinstance(section.data[id_], dict):
        table = section.table(id_)
        groups = {name: table.texts(name) for name in table.data}
    else:
        groups = {name: (name,) for name in section.texts(id_)}
    for objects in groups.values():
        for name in objects:
            if name not in allowed:
                raise section.error(id_, shown(name), one_of(allowed, name))
    if not groups:
        raise section.error(id_, "no target", one_of(allowed))
    return groups
