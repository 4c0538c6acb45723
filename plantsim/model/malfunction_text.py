"""What the catalogue of malfunctions says of one of them at one target: with the tags that the plant has there.

A text is plain words; behind a word, square brackets name the tags by which an operator finds it, apart by spaces, and
what the plant has none of goes without:

* ``[target]``: what is hit; ``[objects]``: each object of a group that is;
* ``[temperature]``: whatever measures that probe of the target, or of the unit that it belongs to;
* ``[twin]``: other instruments of the same probe; ``[driver]``: the loop that drives the device;
* ``[device]``: what moves the stream; ``.op`` behind any of these: the devices that its loop drives;
* ``[AI-4C26]``: position 26 of the target's circuit of extraction, be it a controller (AIC-4226) or not; of a tank, of
  each circuit that it serves;
* ``[AI-703~Pr]``: that tag, if its title or probe has the word; ``[AI-701@KL-611]``: that tag, at that target alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plantsim.model.malfunction import Place
from plantsim.model.plant import Instrument, Plant

REFERENCE = re.compile(
    r"(?P<name>[A-Z]{1,4}-(?:\d{3}|4[C\d]\d\d)[A-Z]?|[a-z][a-zA-Z_0-9]*)(?P<op>\.op)?(?:~(?P<word>\w+))?(?:@(?P<at>\S+))?"
)
_BRACKETS = re.compile(r" \[([^]]+)\]")
_CIRCUIT = re.compile(r"[A-Z]+-(?:4(\d)\d\d[A-Z]?|(\d))")


@dataclass(frozen=True, slots=True)
class Description:
    """What makes it, what the operator sees by the instruments, and what is right to do."""

    cause: str
    sees: str
    response: str


def describe(plant: Plant, place: Place) -> Description:
    """What the catalogue says of a malfunction, in the plant's own tags."""
    site = _Site(plant, place)
    one = place.malfunction
    return Description(site.fill(one.cause), site.fill(one.sees), site.fill(one.response))


class _Site:
    """A target and what is there."""

    def __init__(self, plant: Plant, place: Place) -> None:
        self._target = place.target
        self._objects = place.objects
        self._instruments = {one.tag: one for one in plant.instruments}
        self._loops = {one.tag: one for one in plant.loops}
        self._devices = {one.tag: one for one in plant.devices}
        stream = next((one for one in plant.streams if one.id == place.target), None)
        if stream is not None:
            self._moved_by, self._unit = stream.device, stream.target_unit
        else:
            self._moved_by = ""
            owner = self._instruments.get(place.target) or self._devices.get(place.target)
            self._unit = owner.unit if owner is not None else place.target
        served = [one.target_unit for one in plant.streams if one.source_unit == self._target]
        own = [match for name in (self._target, self._moved_by, self._unit) if (match := _CIRCUIT.fullmatch(name))]
        found = own[:1] or [match for name in served if (match := _CIRCUIT.fullmatch(name))]
        self._circuits = [match[1] or match[2] for match in found]

    def fill(self, text: str) -> str:
        """The text with tags for its brackets."""
        return _BRACKETS.sub(self._tags, text)

    def _tags(self, match: re.Match[str]) -> str:
        found = [tag for word in match[1].split() for tag in self._resolve(word)]
        return " " + ", ".join(dict.fromkeys(found)) if found else ""

    def _resolve(self, word: str) -> Iterator[str]:
        match = REFERENCE.fullmatch(word)
        if match is None or match["at"] not in (None, self._target):
            return
        for tag in self._named(match["name"]):
            if match["op"]:
                yield from self._driven(tag)
            elif match["word"] is None or match["word"] in self._about(tag):
                yield tag

    def _named(self, name: str) -> Iterator[str]:
        if name == "target":
            yield self._target
        elif name == "objects":
            yield from self._objects
        elif name == "device":
            yield from filter(None, (self._moved_by,))
        elif name == "driver":
            yield from (loop.tag for loop in self._loops.values() if self._target in (o.tag for o in loop.outputs))
        elif name == "twin":
            own = self._instruments.get(self._target)
            yield from (one.tag for one in self._measuring_as(own) if one is not own)
        elif name[0].islower():
            yield from (one.tag for one in self._instruments.values() if self._measures(one, name))
        elif "C" in name.partition("-")[2][1:2]:
            for circuit in self._circuits:
                yield from self._tag(name.replace("-4C", f"-4{circuit}"))
        else:
            yield from self._tag(name)

    def _tag(self, name: str) -> Iterator[str]:
        """The tag itself, or the controller that the instrument is here."""
        letters, _, number = name.partition("-")
        for tag in (name, f"{letters}C-{number}"):
            if tag in self._instruments or tag in self._devices:
                yield tag
                return

    def _measures(self, instrument: Instrument, probe: str) -> bool:
        of = instrument.measures
        return of is not None and of.probe == probe and of.source in (self._target, self._unit)

    def _measuring_as(self, own: Instrument | None) -> Iterator[Instrument]:
        if own is not None and own.measures is not None:
            yield from (one for one in self._instruments.values() if one.measures == own.measures)

    def _driven(self, tag: str) -> Iterator[str]:
        """Devices at the end of a loop, through the loops that it leads."""
        loop = self._loops.get(tag)
        for output in loop.outputs if loop is not None else ():
            if output.tag in self._devices:
                yield output.tag
            else:
                yield from self._driven(output.tag)

    def _about(self, tag: str) -> str:
        one = self._instruments.get(tag)
        if one is None:
            return self._devices[tag].title
        return f"{one.title} {one.measures.probe if one.measures else ''}"
