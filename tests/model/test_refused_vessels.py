"""What a plant file may not say of vessels: a hopper over its screw, how wet a cake may be, an organic tank."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'hopper_initial = "25 kg"',
            'hopper_initial = "45 kg"',
            'hopper_initial: found "45 kg", more than its hopper takes, allowed at most 40 kg',
        ),
        ('hopper = "40 kg"\n', "", "hopper: found 0, allowed a hopper and drives.gate, or neither"),
        (
            'organic_span = "800 L"\n',
            "",
            'streams.412.to: found "SX-2.fresh", whose organic is made good unseen, allowed a circuit with a tank',
        ),
        ("moisture = 50\n", "moisture = 96\n", "moisture: found 96, allowed a number such as 0.5, from 0 to 95"),
    ],
)
def test_it_is_refused(old: str, new: str, message: str, belfast: Plant, tmp_path: Path) -> None:
    text = belfast.path.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "mine.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PlantError, match=re.escape(message)):
        load_plant(file)
