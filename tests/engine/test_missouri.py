"""Two kinds of magnets in one plant: each bin has its own feed, and six oxides and cobalt come of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plantsim.engine.live import LivePlant
from plantsim.engine.simulate import Report, simulate
from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

HOURS_PER_YEAR = 7500.0


@pytest.fixture(scope="module")
def missouri() -> Plant:
    return load_plant("missouri")


@pytest.fixture(scope="module")
def hour(missouri: Plant) -> Report:
    return simulate(missouri, 3600.0)


def test_it_takes_what_is_assumed_and_makes_six_oxides_in_spec(hour: Report) -> None:
    """500 t/y of magnets; the share of rare earth in them bounds the oxide."""
    assert hour.throughput_kg_h * HOURS_PER_YEAR == pytest.approx(500e3, rel=0.01)
    assert set(hour.products) == {"NdPr", "Sm2O3", "Gd2O3", "Tb4O7", "Dy2O3", "Ho2O3"}
    assert min(product.purity_pct for product in hour.products.values()) > 99.5
    oxide = sum(product.rate_kg_h for product in hour.products.values())
    assert oxide * HOURS_PER_YEAR == pytest.approx(176e3, rel=0.02)


def test_cobalt_of_both_lines_is_recovered(hour: Report) -> None:
    cobalt = hour.byproducts["Co"]
    assert cobalt.recovery_pct > 95.0
    assert cobalt.purity_pct > 84.0, "half of the copper goes with it"


def test_each_bin_has_its_own_feed(missouri: Plant) -> None:
    """The first lot of each is its average, in wt %, and the hold-up of its mill is of it."""
    live = LivePlant(missouri, start="charged")
    mass = np.array(live.assembly.spec["species"]["mass"])
    names = live.layout.species
    for bin_, mill in (("FD-101", "ML-121"), ("FD-151", "ML-171")):
        lot = dict(zip(names, 100.0 * live.core.lot(live.layout.units[bin_], 0) * mass, strict=True))
        feed = missouri.feed_of(bin_).composition
        assert {name: share for name, share in lot.items() if share} == pytest.approx(dict(feed))
        first = live.core.offsets()[live.layout.units[mill]]
        held = live.core.state[first : first + len(names)] * mass
        assert dict(zip(names, 100.0 * held / held.sum(), strict=True)) == pytest.approx(lot, rel=1e-3, abs=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "[feeds.FD-151]",
            "[feeds.FD-152]",
            r"feeds\.FD-152: found something that is no feed bin, allowed FD-101",
        ),
        ("Sm0 = 24.0", "Sm0 = 25.0", r"feeds\.FD-151\.composition: found shares that add to 101 %"),
        ("lots = { Sm = 2", "lots = { Nd = 2", r"feeds\.FD-151\.lots\.Nd: found no way in which lots of this feed"),
        ('elements = ["Co"]', 'elements = ["Zn"]', r"products\.Co\.elements\[0\]: found \"Zn\""),
    ],
)
def test_a_wrong_feed_or_by_product_is_refused(
    old: str, new: str, message: str, missouri: Plant, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(missouri.path.read_text().replace(old, new, 1))
    with pytest.raises(PlantError, match=message):
        load_plant(file)
