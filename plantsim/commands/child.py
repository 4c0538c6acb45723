"""A plant with its servers in a child process, for a command that shows it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from plantsim.commands import itself
from plantsim.commands.stop import REFUSED, Stop

STOP_WITHIN = 10.0
"""Seconds that the servers are given to stop cleanly."""


@contextmanager
def child(
    words: list[str], stderr: int, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """``plantsim`` with these words, ended with the block however that ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    process = subprocess.Popen(
        itself.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
        env=environment,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def ready_endpoint(process: subprocess.Popen[str], log: Path) -> str:
    """The OPC UA endpoint in the child's ready line; ``Stop`` with the child's own reason if it ends instead."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("ready "):
        raise Stop(last_line(log), process.wait() or REFUSED)
    return dict(word.split("=", 1) for word in line.split()[1:])["opcua"]


def last_line(log: Path) -> str:
    """The last thing that was logged: where a command puts its reason for ending."""
    lines = log.read_text(errors="replace").split("\n")
    return (
        next((line for line in reversed(lines) if line), f"no reason is given in {log}")
        .removeprefix("plantsim run: ")
        .removeprefix("plantsim train: ")
    )
