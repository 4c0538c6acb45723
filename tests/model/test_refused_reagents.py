"""What a make-up tank may be told of its reagent."""

from __future__ import annotations

from pathlib import Path

import pytest

from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant, plant_path


def with_tank(tmp_path: Path, reagent: str) -> Path:
    """Belfast with a tank more, which says so much of its reagent."""
    text = plant_path("belfast").read_text(encoding="utf-8")
    unit = "\n".join(
        (
            "[units.TK-890]",
            'area = "utilities"',
            'kind = "makeup_tank"',
            'title = "Acid"',
            'span = "400 L"',
            *([reagent] if reagent else []),
            'initial = { volume = "200 L" }',
            "\n",
        )
    )
    path = tmp_path / "belfast.toml"
    path.write_text(text.replace("[units.TK-811]", f"{unit}[units.TK-811]", 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("reagent", "message"),
    [
        ("", "units.TK-890.reagent: found nothing, allowed HCl"),
        ('reagent = "NaOH"', 'units.TK-890.reagent: found "NaOH", allowed HCl'),
        ("reagent = 5", "units.TK-890.reagent: found 5, allowed HCl"),
        ('reagent = "HCl"', "units.TK-890: found no stream to its port in, allowed one"),
    ],
)
def test_it_is_one_whose_heat_of_dilution_is_known(reagent: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PlantError) as refused:
        load_plant(with_tank(tmp_path, reagent))
    assert message in str(refused.value)
    assert refused.value.line
