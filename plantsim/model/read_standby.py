"""Standby machines of a plant file: a drive that starts by itself when the one that it stands beside is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plantsim.model.errors import one_of
from plantsim.model.plant import Device, Standby, Stream, Unit
from plantsim.model.quantity import TIME
from plantsim.model.section import ABOVE_0, Section
from plantsim.model.tag import Kind

DRIVES = (Kind.DRIVE, Kind.VARIABLE_DRIVE)
KEYS = ("selector", "takeover")
DELAY_S = 2.0
"""That a duty machine may be without its run report, where the file does not say."""


def read_standby(section: Section) -> Standby | None:
    """What a drive's section says of it as a standby."""
    for key in KEYS:
        if key in section and "standby_for" not in section:
            raise section.error(key, "a key of a standby machine", "standby_for beside it")
    machine = section.text("standby_for", "")
    selector = section.text("selector", "")
    delay = section.quantity("takeover", TIME, DELAY_S, low=ABOVE_0)
    return Standby(machine, selector, delay) if "standby_for" in section else None


def check_standbys(
    root: Section, devices: Mapping[str, Device], units: Iterable[Unit], streams: Iterable[Stream]
) -> None:
    """Raise PlantError unless every standby stands beside one drive of its kind and nothing else drives the line."""
    users = {tag: f"units.{unit.id}.drives" for unit in units for tag in unit.drives.values()}
    users |= {stream.device: f"streams.{stream.id}" for stream in streams if stream.device}
    beside: dict[str, str] = {}
    for device in devices.values():
        if device.standby is None:
            continue
        section = Section({}, root.file, f"devices.{device.tag}")
        machine, selector = device.standby.machine, device.standby.selector
        others = [d.tag for d in devices.values() if d.kind is device.kind and d.standby is None]
        if machine not in others:
            found = f'"{machine}", which is no {device.kind.value} without a standby_for of its own'
            raise section.error("standby_for", found, one_of(others, machine))
        if machine in beside:
            found = f'"{machine}", beside which {beside[machine]} stands'
            raise section.error("standby_for", found, "one standby each")
        beside[machine] = device.tag
        if device.tag in users:
            raise section.error("standby_for", f"a standby that {users[device.tag]} names", f"{machine} there alone")
        if selector and not (selector in devices and devices[selector].hand):
            switches = [d.tag for d in devices.values() if d.hand]
            is_what = "no hand switch" if selector in devices else "no device"
            raise section.error("selector", f'"{selector}", which is {is_what}', one_of(switches, selector))
