"""``plantsim malfunctions``: one of them told in the tags of its target."""

from __future__ import annotations

import pytest

from plantsim.cli import main


def test_a_malfunction_is_described_in_the_tags_of_its_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["malfunctions", "--about", "crud@SX-1"]) == 0
    said = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert set(said) == {"cause", "sees", "response", "field"}
    assert said["field"] == "change the filter cartridge before SX-1"
    assert said["response"].startswith("Cut the feed and the organic of the circuit, draw the crud off with P-4123,")


def test_a_target_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["malfunctions", "--about", "crud@SX-9"]) == 1
    assert "malfunction crud: found target SX-9, allowed SX-2, SX-1, SX-3" in capsys.readouterr().err
