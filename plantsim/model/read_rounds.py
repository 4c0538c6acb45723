"""Analysers of several streams in a plant file: one sample sequence, in which every stream has its turn."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from plantsim.model.errors import one_of
from plantsim.model.plant import Instrument, Sampling
from plantsim.model.quantity import TIME
from plantsim.model.read_field import MOST_PENDING
from plantsim.model.section import ABOVE_0, Section


def read_rounds(root: Section, instruments: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
    """The instruments, those of the table ``analysers`` with their turn in the round of the analyser they share.

    A round is one analysis of each stream after the other. A result comes as long after its sample as the sample line
    and the analysis take. What is done to the first instrument of the first turn is done to the analyser: out of
    service, it serves no stream, and calibrated, all of them are.
    """
    shared: dict[str, Sampling] = {}
    by_tag = {instrument.tag: instrument for instrument in instruments}
    for _, section in root.table("analysers").children("an analyser"):
        section.text("title")
        analysis = section.quantity("analysis", TIME, low=ABOVE_0)
        line = section.quantity("line", TIME, 0.0, low=0.0)
        turns = [[tag.strip() for tag in turn.split(",")] for turn in section.texts("turns")]
        section.end()
        first = min((tag for turn in turns for tag in turn if tag in by_tag), key=list(by_tag).index, default="")
        for place, turn in enumerate(turns):
            for tag in turn:
                _check(section, f"turns[{place}]", tag, by_tag, shared)
                shared[tag] = Sampling(analysis * len(turns), line + analysis, analysis * place, turns[0][0])
        if turns[0][0] != first:
            raise section.error("turns[0]", f'"{turns[0][0]}"', f'"{first}", which the plant has before the others')
        if line + analysis >= MOST_PENDING * analysis * len(turns):
            raise section.error("line", f"{line:g} s", f"a line and an analysis below {MOST_PENDING} rounds")
    return tuple(
        dataclasses.replace(one, sampling=shared[one.tag]) if one.tag in shared else one for one in instruments
    )


def _check(
    section: Section, key: str, tag: str, instruments: Mapping[str, Instrument], shared: Mapping[str, Sampling]
) -> None:
    analysers = [one.tag for one in instruments.values() if one.sampling is not None]
    if tag not in analysers:
        raise section.error(key, f'"{tag}"', one_of(analysers, tag))
    if tag in shared:
        raise section.error(key, f'"{tag}", which has a turn already', "every tag once")
    sampling = instruments[tag].sampling
    if sampling is not None and sampling.sample > 0.0:
        found = f'"{tag}", which has a sample of its own'
        raise section.error(key, found, 'an instrument with kind = "analyser" alone')
