"""What a plant file may not say of extraction and of lots; each message has where, what and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

LOADED = "{ Pr = 0.04, Nd = 0.07, Na = 0.001 }"

METALS = 'metals = ["Pr", "Nd", "Tb", "Dy", "Fe3"]'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            LOADED,
            "{ Fe3 = 0.1 }",
            r"SX-2\.initial\.organic\[0\]\.Fe3: found .*no metal of the circuit, allowed Pr, Nd, Tb",
        ),
        (
            LOADED,
            "{ Nd = 0.2 }",
            r"SX-2\.initial\.organic\[0\]: found a loading that takes 1\.2 mol/L, allowed less than",
        ),
        (
            'organic_temperature = "35 C"\nloss = "35 W/K"\n',
            'loss = "35 W/K"\n',
            r"SX-1\.drives\.heater: found .*without a temperature of its own.*, allowed organic_temperature",
        ),
        (LOADED + ", ", "", r"SX-2\.initial\.organic: found 2 of them, allowed a list of 3"),
        (
            'metals = ["Pr", "Nd", "Tb", "Dy", "Fe3"]',
            'metals = ["Pr", "Na"]',
            r"SX-1\.metals\[1\]: found .*Na.*, allowed",
        ),
        (
            'metals = ["Pr", "Nd", "Tb", "Dy", "Fe3"]',
            'metals = ["Pr", "Pr"]',
            r"SX-1\.metals\[1\]: found .*a second time",
        ),
        (
            'metals = ["Nd", "Pr", "Dy", "Tb"]',
            'metals = ["NdCl3"]',
            r"CR-501\.metals\[0\]: found .*NdCl3.*, allowed",
        ),
        (
            'metals = ["Nd", "Pr", "Dy", "Tb"]',
            'metals = ["Na"]',
            r"CR-501\.metals\[0\]: found .*Na.*, allowed Nd, Pr, Dy, Tb",
        ),
        ("436.share(Nd)", "436.share(Fe2)", r'AIC-4226\.measures: found "436\.share\(Fe2\)", where Fe2 is not known'),
        ("Dy = 8\n", "Dy = 20\n", r"feed_lots: found 47\.5 % in all for Dy0, allowed at most 40 % for a species"),
    ],
)
def test_it_is_refused(old: str, new: str, message: str, belfast: Plant, tmp_path: Path) -> None:
    text = belfast.path.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "mine.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PlantError, match=message):
        load_plant(file)
