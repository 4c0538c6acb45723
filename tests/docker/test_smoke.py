"""The check that the compose file's test profile runs, beside a real plant and beside none."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from plantsim.testing import serve_plant

SCRIPT = Path(__file__).parents[2] / "docker" / "smoke.py"


def smoke(opcua: int, modbus: int) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(SCRIPT), "127.0.0.1", str(opcua), str(modbus)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.long
def test_a_plant_that_runs_passes(tmp_path: Path) -> None:
    with serve_plant(state=tmp_path) as plant:
        found = re.search(r":(\d+)/", plant.opcua)
        assert found
        plant.run(speed=5.0)
        done = smoke(int(found[1]), plant.modbus[1])
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert re.search(r"opcua: \d+ nodes below Plant\nmodbus: scan \d+\nopcua: scan \d+\n", done.stdout)


def test_nothing_there_fails_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = smoke(port, port)
    assert done.returncode == 1
    assert done.stderr.startswith("127.0.0.1: ")
    assert "Traceback" not in done.stderr
