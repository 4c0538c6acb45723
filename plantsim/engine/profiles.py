"""Profiles of extraction circuits, read from the core's state: true values, not measurements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plantsim.model.assemble import Assembly
from plantsim.model.compose.extraction import interface_states, stage_states
from plantsim.model.tag import TagTable, ValueType

KW = 1e-14
"""Ion product of water, (mol/L)^2, as in ext/sheet.pxd."""


class Profiles:
    """Which states make which rows. offsets: first state of every unit, as `Core.offsets` has them."""

    def __init__(self, tags: TagTable, assembly: Assembly, offsets: Sequence[int]) -> None:
        rows: list[int] = []
        states: list[int] = []
        acid: list[bool] = []
        scale: list[float] = []
        species = assembly.spec["species"]
        for tag in tags:
            if tag.type is ValueType.PROFILE:
                unit = assembly.layout.units[tag.unit]
                entry = assembly.spec["units"][unit]
                metal, _, phase = tag.member.partition(".")
                if tag.member == "Interface":
                    found = interface_states(entry, species)
                else:
                    found = stage_states(entry, species, "H" if tag.member == "pH" else metal, organic=phase == "org")
                rows += range(tag.row, tag.row + tag.count)
                states += [offsets[unit] + i for i in found]
                acid += [tag.member == "pH"] * tag.count
                scale += [1e3 if tag.member == "Interface" else 1.0] * tag.count  # mm
        self._rows = np.array(rows, dtype=np.intp)
        self._states = np.array(states, dtype=np.intp)
        self._acid = np.array(acid, dtype=np.bool_)
        self._scale = np.array(scale)

    def into(self, value: NDArray[np.float64], state: NDArray[np.float64]) -> None:
        """Write the rows of all profiles. pH is that of the net acidity, [H+] - [OH-]."""
        x = state[self._states]
        net = x[self._acid]
        root = np.sqrt(net * net + 4.0 * KW)
        # of the two forms of one root, the one that does not cancel
        x[self._acid] = -np.log10(np.where(net > 0.0, 0.5 * (net + root), 2.0 * KW / (root - np.minimum(net, 0.0))))
        value[self._rows] = self._scale * x
