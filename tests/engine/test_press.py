"""The filter press in a whole plant: its cycle as a sequence, its balances, snapshots and the solver's mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.engine.settle import Steady
from plantsim.engine.snapshot import write_snapshot
from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

SCANS_PER_H = 36_000


def reading(live: LivePlant, member: str) -> float:
    return float(live.core.signal[live.tags[member].row])


def begun(plant: Plant) -> LivePlant:
    """As the plant file has it, with the cycle begun."""
    live = LivePlant(plant, start="charged")
    live.advance(1)
    assert reading(live, "KS-310.STEP") == 1.0
    return live


def test_the_solver_sees_a_filter_that_is_always_at_work(belfast: Plant) -> None:
    """What leaves is the mean over the cycle: filtrate and cake at once, and the press as it was."""
    live = LivePlant(belfast, start="charged")
    for _ in range(5):
        live.core.step_from_rest(1.0)
    state = live.core.state.copy()
    streams = live.core.arriving[[live.layout.streams[s] for s in ("303", "304", "305", "306")], 1]
    assert streams[2] + streams[3] == pytest.approx(streams[0] + streams[1], rel=1e-2)
    steady = Steady(live.core, live.assembly)
    assert not [name for name in steady.names if name.startswith("FP-301[")]
    steady.rate(steady.get())
    assert np.array_equal(live.core.state, state)


def test_a_restored_press_goes_on_bit_for_bit(belfast: Plant, tmp_path: Path) -> None:
    live = begun(belfast)
    live.advance(3000)
    path = tmp_path / "fill.snapshot"
    write_snapshot(path, belfast.sha256, live.arrays())
    again = LivePlant(belfast, start=str(path))
    for one in (live, again):
        one.advance(300)
    assert live.state_sha256() == again.state_sha256()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('by = "P-311"\ncapacity = "200 L/h"\n', "", "a pump, for a filter press is fed by one"),
        ('from = "TK-304.out"', 'from = "TK-816.out"', "a stirred tank, for a filter press is fed from one"),
    ],
)
def test_a_press_wants_a_pump_from_a_tank(belfast: Plant, tmp_path: Path, old: str, new: str, says: str) -> None:
    text = belfast.path.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PlantError, match=says):
        load_plant(str(path))


@pytest.mark.long
def test_the_cycle_keeps_the_plant_s_elements_for_a_day(belfast: Plant, scale: float) -> None:
    """Six cycles: about 18 kg dry each, elements closed to 1e-9, and the feed tank never full."""
    live = begun(belfast)
    before, came, went = live.core.hold_up().copy(), live.core.edge_in.copy(), live.core.edge_out.copy()
    highest, cakes, last = 0.0, 0.0, 0.0
    for _ in range(round(24 * 12 * scale)):
        live.advance(SCANS_PER_H // 12)
        highest = max(highest, reading(live, "LIC-305.PV"))
        cakes = live.core.probe[live.layout.probes["FP-301", "discharges"]]
        last = max(last, reading(live, "PDI-312.PV"))
    n_gap = live.core.hold_up() - before - (live.core.edge_in - came) + (live.core.edge_out - went)
    species = [live.plant.chemistry.species[name] for name in live.layout.species]
    for element in sorted(live.plant.chemistry.elements):
        atoms = np.array([s.formula.get(element, 0.0) for s in species])
        size = atoms @ (np.abs(before) + np.abs(live.core.edge_in - came))
        assert abs(atoms @ n_gap) <= 1e-9 * max(size, 1e-9), element
    assert cakes >= 5.0 * scale
    assert highest < 85.0
    assert last < 6.5
