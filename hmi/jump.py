"""Marks of a letter or two for everything that can be picked on a display, typed to go there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from hmi.view import Target

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""Those below the fingers first."""


def marks(targets: Sequence[Target]) -> dict[Target, str]:
    """A mark for each, none the beginning of another; of more than all pairs of letters the last have none."""
    targets = list(dict.fromkeys(targets))
    length = 1 if len(targets) <= len(LETTERS) else 2
    return dict(zip(targets, map("".join, product(LETTERS, repeat=length)), strict=False))


def typed(left: dict[Target, str], letter: str) -> dict[Target, str]:
    """What is left of the marks after a letter; empty where none begins with it."""
    return {target: mark[1:] for target, mark in left.items() if mark.startswith(letter)}
