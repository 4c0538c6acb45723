"""What the tables of the core take up is what its kernels use."""

from __future__ import annotations

from plantsim._layers import MEMORY
from plantsim.engine.live import LivePlant
from plantsim.model.compose import field


def test_memory_of_every_device_is_what_its_kernel_takes() -> None:
    sizes = {
        "Transmitter": field.TRANSMITTER_MEM,
        "Analyser": field.ANALYSER_MEM,
        "Calculation": field.CALCULATION_MEM,
        "Valve": field.VALVE_MEM,
        "Drive": field.DRIVE_MEM,
        "Loop": field.LOOP_MEM,
        "Alarm": field.ALARM_MEM,
    }
    assert {name.lower(): size for name, size in MEMORY.items() if name.lower() in map(str.lower, sizes)} == {
        name.lower(): size for name, size in sizes.items()
    }


def test_no_analyser_reaches_into_its_neighbours_memory(live: LivePlant) -> None:
    """A reset of all samples changes no other device's memory."""
    core = live.core
    before = core.memory.copy()
    own = {a["mem"] + k for a in live.assembly.spec["analysers"] for k in range(field.ANALYSER_MEM)}
    core.settle_samples()
    others = [i for i in range(len(before)) if i not in own]
    calculations = {c["mem"] for c in live.assembly.spec["calculations"]}
    assert all(core.memory[i] == before[i] for i in others if i not in calculations)
    assert all(abs(core.memory[i] - before[i]) < 0.1 for i in calculations)
