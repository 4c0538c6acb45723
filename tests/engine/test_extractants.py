"""A plant with another extractant: one of the package's files, or one of its own with the polynomial law."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import plantsim
from plantsim.chemistry import chemistry
from plantsim.model.plant import Plant

POLYNOMIAL = """\
format = 1
law = "polynomial"
k_na = 0.0
k_na_standing = "T"
k_na_source = "the fit knows none"

[log10_k_ex]
Pr = { value = -1.48, order = 0.29, standing = "S", source = "PrOMMiS 1.1.0" }
Nd = { value = -1.89, order = 0.50, standing = "S", source = "PrOMMiS 1.1.0, 5 vol %" }
Dy = { value = -2.44, order = 2.03, standing = "S", source = "PrOMMiS 1.1.0, 5 vol %" }
Tb = { value = -2.44, order = 1.90, standing = "T", source = "a little less than Dy" }
Fe3 = { value = -0.83, order = 0.0, standing = "S", source = "PrOMMiS 1.1.0" }
"""

DOSED = POLYNOMIAL.replace(
    "k_na = 0.0",
    'molar_volume = "330.43 cm3/mol"\nmolar_volume_standing = "C"\nmolar_volume_source = "its density"\nk_na = 0.0',
).replace(
    "Nd = { value = -1.89, order = 0.50,",
    """\
Nd = { value = -1.62372, order = 0.31183, order_by_dose = 0.03763, power_of_dose = -0.38096,""",
)
"""Nd by the free extractant, of which metal and soda take a part."""


def with_extractant(belfast: Plant, folder: Path, name: str) -> plantsim.Plant:
    """Belfast, charged with it in all circuits, half an hour on."""
    package = Path(chemistry.__file__).parent
    shutil.copytree(package / "extractants", folder / "extractants")
    shutil.copy(package / "ndfeb-chloride.toml", folder / "mine-chemistry.toml")
    (folder / "extractants" / "fitted.toml").write_text(POLYNOMIAL)
    (folder / "extractants" / "dosed.toml").write_text(DOSED)
    text = belfast.path.read_text().replace('"PC-88A"', f'"{name}"')
    text = text.replace('chemistry = "ndfeb-chloride"', 'chemistry = "mine-chemistry.toml"')
    (folder / "mine.toml").write_text(text)
    return plantsim.load(folder / "mine.toml", start="charged", scan=1.0).run("30m")


@pytest.mark.parametrize(
    ("name", "most"), [("PC-88A", 0.0087), ("D2EHPA", 0.0356), ("fitted", 0.0059), ("dosed", 0.01)]
)
def test_it_runs_and_closes(name: str, most: float, belfast: Plant, tmp_path: Path) -> None:
    """most: Nd on the organic of SX-1 by then, mol/L; D2EHPA, the stronger acid, takes up more."""
    plant = with_extractant(belfast, tmp_path, name)
    assert plant._live.health.balance_error() < 1e-9
    assert plant._live.health.charge_error() < 1e-9
    neodymium = plant.profile("SX-1.Profile.Nd.org")
    assert np.isfinite(neodymium).all()
    assert neodymium.max() == pytest.approx(most, rel=0.2)
