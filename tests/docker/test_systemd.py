"""The unit for systemd starts a command that there is, with a state folder that it may write."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from plantsim.cli import build_parser

UNIT = Path(__file__).parents[2] / "docker" / "plantsim.service"


@pytest.fixture
def service() -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read(UNIT)
    return unit["Service"]


def test_its_command_is_accepted(service: configparser.SectionProxy) -> None:
    program, *words = shlex.split(service["ExecStart"])
    assert Path(program).name == "plantsim"
    assert build_parser().parse_args(words).state == Path("/var/lib") / service["StateDirectory"]


def test_it_is_given_the_time_that_a_clean_stop_takes(service: configparser.SectionProxy) -> None:
    assert int(service["TimeoutStopSec"]) >= 10


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (apt install systemd)"
)
def test_systemd_understands_it(tmp_path: Path) -> None:
    """But for the program, which is not where the unit has it."""
    unit = tmp_path / "plantsim.service"
    unit.write_text(UNIT.read_text().replace("/opt/plantsim/bin/plantsim", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert "plantsim.service" not in done.stderr, done.stderr
