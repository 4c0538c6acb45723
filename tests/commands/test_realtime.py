"""``plantsim run --realtime``: it says what it got, and runs with whatever that was."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from plantsim.commands.itself import command

PROBE = """
import os, threading
from plantsim.engine import realtime

def ask():
    lines = realtime.take()
    print(*lines, sep="\\n")
    print("policy", os.sched_getscheduler(0), "on", *sorted(os.sched_getaffinity(0)))

before = os.sched_getaffinity(0)
thread = threading.Thread(target=ask)
thread.start()
thread.join()
print("others", *sorted(os.sched_getaffinity(0)), "of", len(before))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="schedulers and processors as Linux has them")
def test_what_is_said_is_what_the_kernel_says() -> None:
    """In a process of its own: it moves the process's threads."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=60, check=True)
    fifo, processor, slack, switching, thread, others = done.stdout.splitlines()
    assert re.search(r"policy (\d+) on (.*)", thread)
    assert ("policy 1 " in thread) == fifo.endswith("got")
    own = re.fullmatch(r"processor (\d+) of its own: got", processor)
    if own:
        assert thread.endswith(f"on {own[1]}")
        assert own[1] not in others.partition(" of ")[0].split()[1:]
    assert slack.startswith("timer slack 1 ns: ")
    assert switching.endswith(": got")


@pytest.mark.long
def test_a_run_tells_its_log_and_goes_on(tmp_path: Path) -> None:
    words = ["--opcua", "0", "--modbus", "0", "--state", str(tmp_path), "--history", "off", "--for", "1s"]
    done = subprocess.run(command("run", "--realtime", *words), capture_output=True, text=True, timeout=120, check=True)
    told = re.findall(r"real time: (.*): (got|refused|not on|there is)", done.stderr)
    assert len(told) == 4
