"""``plantsim manual``: what operators read, from the plant file."""

from __future__ import annotations

from pathlib import Path

import pytest

from plantsim.cli import main
from plantsim.model.load import load_plant, plant_names
from plantsim.model.manual import manual


@pytest.mark.parametrize("name", plant_names())
def test_every_alarm_interlock_step_and_product_is_in_it(name: str) -> None:
    plant = load_plant(name)
    text = manual(plant)
    for alarm in plant.alarms:
        (line,) = (row for row in text.splitlines() if row.startswith(f"| {alarm.tag} {alarm.condition}:"))
        assert alarm.response in line
        assert alarm.cause in line
        assert alarm.consequence in line
        assert f"| {('high', 'medium', 'low', 'diagnostic')[alarm.priority - 1]} |" in line
    for interlock in plant.interlocks:
        assert f"| {interlock.tag} {interlock.title} |" in text
    for sequence in plant.sequences:
        chapter = text.partition(f"### {sequence.tag}: ")[2].partition("\n#")[0]
        assert [f"{n}. **{step.title}.**" in chapter for n, step in enumerate(sequence.steps, 1)].count(False) == 0
    for product in plant.products:
        assert f"| {product.name}" in text


def test_values_read_as_an_operator_reads_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manual"]) == 0
    said = capsys.readouterr().out
    assert "| TIC-201 | R-201 temperature | 60 C | Automatic |" in said
    assert "WIC-100 SP to 0 kg/h" in said
    assert "K-213A CMD to Start" in said


def test_it_is_written_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manual", "belfast", "-o", str(tmp_path / "manual.md")]) == 0
    assert (tmp_path / "manual.md").read_text().startswith("# Belfast")
    assert main(["manual", "belfast", "-o", str(tmp_path / "no" / "manual.md")]) == 1
    assert "No such file or directory" in capsys.readouterr().err
