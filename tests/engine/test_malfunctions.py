"""Malfunctions: the mechanism. What each looks like is in test_signatures.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import plantsim
from plantsim.engine.live import CORE_ARRAYS, LivePlant
from plantsim.engine.malfunctions import TooMany
from plantsim.engine.snapshot import SnapshotError, read_snapshot, write_snapshot
from plantsim.model.load import load_plant, plant_names
from plantsim.model.malfunction import UnknownMalfunction
from plantsim.model.plant import Plant

MOST = 64
"""Malfunctions that may stand at once."""


def alive(plant: Plant) -> LivePlant:
    return LivePlant(plant, scan_period=1.0)


def same(one: LivePlant, other: LivePlant) -> bool:
    return all(np.array_equal(getattr(one.core, name), getattr(other.core, name)) for name in CORE_ARRAYS)


def first_of_each(plant: Plant) -> dict[str, str]:
    """Every malfunction of the plant itself, at the first of its targets."""
    found: dict[str, str] = {}
    for place in plant.malfunctions:
        if place.malfunction.wire is None:
            found.setdefault(place.malfunction.id, place.name)
    return found


@pytest.mark.parametrize("name", plant_names())
def test_every_malfunction_does_something_at_every_target(name: str) -> None:
    plant = load_plant(name)
    live = alive(plant)
    for place in plant.malfunctions:
        assert place.malfunction.wire or live.assembly.faults.actions(place), place.name


@pytest.mark.parametrize("name", plant_names())
def test_severity_0_changes_no_bit_at_any_target(name: str) -> None:
    plant = load_plant(name)
    names = [place.name for place in plant.malfunctions if place.malfunction.wire is None]
    sound, wrong = alive(plant), alive(plant)
    rest = sound.arrays()
    sound.advance(30)
    for begin in range(0, len(names), MOST):
        wrong.injected.clear_all()
        wrong.restore(rest)
        for one in names[begin : begin + MOST]:
            wrong.injected.inject(one, 0.0, 0.0, 0.0)
        wrong.advance(30)
        assert same(wrong, sound), f"one of {names[begin]} and the {MOST} behind it"
        assert set(wrong.injected.levels.values()) == {0.0}


@pytest.mark.long
def test_every_element_closes_with_whatever_is_wrong_and_after(belfast: Plant) -> None:
    for name in first_of_each(belfast).values():
        live = alive(belfast)
        live.injected.inject(name, 1.0, 5.0, 30.0)
        live.advance(300)
        assert live.health.balance_error() < 1e-10, name
        live.injected.clear_all()
        live.advance(30)
        assert live.health.balance_error() < 1e-10, name


def test_a_run_goes_on_bit_for_bit_from_a_state_in_which_much_is_wrong(belfast: Plant, tmp_path: Path) -> None:
    live = alive(belfast)
    for name in list(first_of_each(belfast).values())[:40]:
        live.injected.inject(name, 0.7, 20.0, 100.0)
    live.advance(60)
    write_snapshot(tmp_path / "state", belfast.sha256, live.arrays())
    live.advance(60)
    other = alive(belfast)
    other.injected.inject("hcl-leak", 1.0, 0.0, 0.0)
    other.restore(read_snapshot(tmp_path / "state", belfast.sha256))
    other.advance(30)
    other.advance(30)
    assert other.state_sha256() == live.state_sha256()
    assert other.injected.levels == live.injected.levels
    for each in (live, other):
        each.injected.clear_all()
        each.advance(60)
    assert other.state_sha256() == live.state_sha256()


def test_a_state_with_a_malfunction_that_the_plant_does_not_have_is_refused(belfast: Plant) -> None:
    live = alive(belfast)
    live.injected.inject("hcl-leak", 1.0, 0.0, 0.0)
    arrays = live.arrays()
    arrays["malfunctions"][0, 1] += 1.0
    with pytest.raises(SnapshotError, match="does not have"):
        live.restore(arrays)


def test_it_comes_after_its_delay_and_grows_over_its_ramp(belfast: Plant) -> None:
    live = alive(belfast)
    name = live.injected.inject("acid-overdose", 0.8, 10.0, 20.0)
    levels = []
    for _ in range(5):
        levels.append(live.injected.levels[name])
        live.advance(10)
    assert levels == pytest.approx([0.0, 0.0, 0.4, 0.8, 0.8])


def test_several_on_the_same_number_follow_each_other_and_clearing_leaves_it_as_it_was(belfast: Plant) -> None:
    """A store's strength is one of those whose contents are booked."""
    live = alive(belfast)
    sound = alive(belfast)
    row = live.tags["LI-811.PV"].row
    live.injected.inject("acid-drum-weak", 1.0, 0.0, 0.0)
    live.injected.inject("acid-drum-weak", 0.5, 0.0, 60.0)
    live.injected.inject("transmitter-biased@LI-811", 0.5, 0.0, 0.0)
    live.injected.inject("transmitter-biased@LI-811", 0.5, 0.0, 0.0)
    live.advance(120)
    sound.advance(120)
    assert live.core.signal[row] == pytest.approx(sound.core.signal[row] + 10.0, abs=0.5)
    assert len(live.injected.clear("acid-drum-weak@TK-811")) == 2
    assert len(live.injected.clear("transmitter-biased")) == 2
    live.advance(60)
    sound.advance(60)
    assert live.core.signal[row] == pytest.approx(sound.core.signal[row], abs=0.1)
    assert live.health.balance_error() < 1e-10


def test_names(belfast: Plant) -> None:
    known = belfast.malfunctions
    assert known.find("ph-electrode-drift").name == "ph-electrode-drift@AIC-302"
    assert known.find("ph-electrode-drift@AIC-301").target == "AIC-301"
    with pytest.raises(UnknownMalfunction, match="sweep-fan-trip"):
        known.find("sweep-fan")
    with pytest.raises(UnknownMalfunction, match="target AG-201, allowed DU-213, K-213A, K-213B"):
        known.find("sweep-fan-trip@AG-201")
    with pytest.raises(UnknownMalfunction, match="no target"):
        known.find("transmitter-stuck")


def test_there_is_room_for_64(belfast: Plant) -> None:
    live = alive(belfast)
    names = {live.injected.inject("hcl-leak", 0.0, 0.0, 0.0) for _ in range(MOST)}
    assert len(names) == MOST
    with pytest.raises(TooMany):
        live.injected.inject("hcl-leak", 0.0, 0.0, 0.0)
    live.injected.clear("hcl-leak@TK-811#7")
    assert live.injected.inject("hcl-leak", 0.0, 0.0, 0.0) == "hcl-leak@TK-811#65"


def test_in_a_python_program() -> None:
    plant = plantsim.load("belfast", scan=1.0)
    name = plant.inject("drive-trip@P-4202")
    plant.run(10)
    assert plant["P-4202"].trip
    assert plant.malfunctions == {name: 1.0}
    plant.clear(name)
    assert plant.malfunctions == {}
    with pytest.raises(ValueError, match="severity: found 2"):
        plant.inject("drive-trip@P-4202", 2)
    plant.inject("drive-trip@P-4202")
    plant.clear()
    assert plant.malfunctions == {}


def test_what_leaks_out_of_a_store_is_as_weak_as_what_is_in_it(belfast: Plant) -> None:
    """An eighth of its acid is missing from the leak, too."""

    def lost(*malfunctions: str) -> float:
        live = alive(belfast)
        for name in malfunctions:
            live.injected.inject(name, 1.0, 0.0, 0.0)
        live.advance(300)
        assert live.health.balance_error() < 1e-11
        return float(live.core.edge_out[live.layout.species.index("H")])

    weak, leak = "acid-drum-weak@TK-811", "hcl-leak@TK-811"
    assert lost(weak, leak) - lost(weak) == pytest.approx(0.875 * (lost(leak) - lost()), rel=1e-3)
