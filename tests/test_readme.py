"""What the README shows works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from plantsim.cli import build_parser
from plantsim.commands.itself import command

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
EXAMPLES = [text for language, text in BLOCKS if language == "python"]


def test_python_example_reads_the_plant(tmp_path: Path) -> None:
    example = EXAMPLES[0]
    options = ["--opcua", "0", "--modbus", "0", "--state", str(tmp_path)]
    run = command("run", *options)
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as plant:
        assert plant.stdout is not None
        ready = re.search(r"opcua=(\S+)", plant.stdout.readline())
        assert ready
        try:
            program = example.replace("opc.tcp://127.0.0.1:4840/plantsim", ready[1])
            words = [sys.executable, "-c", program]
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
        finally:
            plant.terminate()
    assert re.fullmatch(r"\d+\.\d+ kg/h of magnets\n", done.stdout)


def test_python_example_runs_a_plant_of_its_own(tmp_path: Path) -> None:
    """Elsewhere than in the checkout, whose sources have no core unless built in place."""
    words = [sys.executable, "-c", EXAMPLES[1]]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert re.fullmatch(r"2026-01-01T02:00:00\.000000 4\.\d+ kg/h \[\]\n", done.stdout)


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_are_accepted(page: Path) -> None:
    """The words parse; nothing is started."""
    text = page.read_text(encoding="utf-8")
    for words in re.findall(r"`plantsim ([a-z]+ [^`]*--[^`]*)`", text):
        build_parser().parse_args(shlex.split(re.sub(r"\[\w+\] ", "", words)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pictures_and_pages_named_exist(page: Path) -> None:
    for path in re.findall(r"\]\(([^)h#][^)#]*)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / path).is_file(), path
