"""Interlocks, as the server tells of them: what trips one, and what it does then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hmi.procedure import Check, parse_check


@dataclass(frozen=True, slots=True)
class Interlock:
    """A row of the cause-and-effect matrix.

    ``votes`` of its causes trip it once they have lasted ``delay`` s; latched: until it is reset. effects: devices, and
    what becomes of each. group: of which the first to trip is the first out.
    """

    causes: tuple[Check, ...]
    votes: int
    delay: float
    latched: bool
    effects: tuple[tuple[str, str], ...]
    group: str


def parse_interlock(
    causes: Sequence[str], votes: int, delay: float, latched: bool, effects: Sequence[str], group: str
) -> Interlock:
    """An interlock from the server's properties. ValueError for what is none."""
    parted = [text.partition(" ") for text in effects]
    if not causes or not all(tag and verb for tag, _, verb in parted):
        raise ValueError("an interlock has a cause, and what becomes of each device")
    done = tuple((tag, verb) for tag, _, verb in parted)
    return Interlock(tuple(map(parse_check, causes)), int(votes), float(delay), latched is True, done, str(group))
