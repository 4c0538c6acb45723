"""A plant before its first start: nothing in its vessels, everything at the temperature of the hall, nothing running.

Reagent stores and feed bins are full, for what is delivered is there before a start, and what is made up of it here is
not; extraction circuits stand filled with fresh organic and acid, for the hold-ups of a stage are constant.
"""

from __future__ import annotations

from dataclasses import replace

from plantsim.model.plant import Loop, Plant, Sequence
from plantsim.model.tag import Kind

MANUAL = 0


def cold(plant: Plant) -> Plant:
    """The plant as it is before its first start; as its file has it charged, where that does not say that it is empty.

    Switches are where they are, settlers' weirs at their heights, and drives that no loop drives keep their set speed.
    """
    if not plant.cold_is_empty:
        return plant
    weirs = {
        tag for unit in plant.units if unit.kind == "sx_circuit" for role, tag in unit.drives.items() if "_weir" in role
    }
    looped = {output.tag for loop in plant.loops for output in loop.outputs}
    stay = weirs | {d.tag for d in plant.devices if d.kind is Kind.SWITCH}
    stay |= {d.tag for d in plant.devices if d.kind is Kind.VARIABLE_DRIVE and d.tag not in looped}
    return replace(
        plant,
        devices=tuple(d if d.tag in stay else replace(d, initial=0.0) for d in plant.devices),
        loops=tuple(_asks_for_nothing(loop) for loop in plant.loops),
        sequences=tuple(_as_cold(sequence) for sequence in plant.sequences),
        empty=True,
    )


def _asks_for_nothing(loop: Loop) -> Loop:
    """Manual, if it is a PID. A ratio stays on, for of nothing it asks nothing; so does the master, at its least."""
    if loop.type == "PID":
        return replace(loop, mode=MANUAL)
    return replace(loop, sp=loop.sp_range[0]) if loop.type == "override" else loop


def _as_cold(sequence: Sequence) -> Sequence:
    return replace(sequence, complete=sequence.cold_complete, running=False)
