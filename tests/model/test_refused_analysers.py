"""Analysers of several streams in a plant file: as read, and as refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant, Sampling

FIRST = '    "AI-4125A, AI-4125B, AI-4125C",\n'


def test_streams_have_their_turns_in_one_round(belfast: Plant) -> None:
    found = {one.tag: one.sampling for one in belfast.instruments}
    assert found["AI-4125C"] == Sampling(910.0, 300.0, 0.0, "AI-4125A")
    assert found["AIC-4128"] == Sampling(910.0, 300.0, 260.0, "AI-4125A")
    assert found["AI-701"] == Sampling(900.0, 600.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (FIRST, '    "TIC-201",\n', r'analysers\.AX-4090\.turns\[0\]: found "TIC-201", allowed'),
        (FIRST, '    "AI-4125A, AI-4125A",\n', r'found "AI-4125A", which has a turn already, allowed every tag once'),
        (FIRST, '    "AI-4125B, AI-4125A",\n', r'found "AI-4125B", allowed "AI-4125A", which the plant has before'),
        (FIRST, '    "AI-4125A, AI-701",\n', r'found "AI-701", which has a sample of its own'),
        ('line = "170 s"', 'line = "170 min"', r"line: found 10200 s, allowed a line and an analysis below 8 rounds"),
    ],
)
def test_what_cannot_be_is_refused(old: str, new: str, message: str, belfast: Plant, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    text = belfast.path.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(PlantError, match=message):
        load_plant(file)
