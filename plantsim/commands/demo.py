"""``plantsim demo``: a plant with its servers in a child process, and the HMI in front."""

from __future__ import annotations

import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from plantsim.commands import itself
from plantsim.commands import run as servers
from plantsim.commands.hmi import has_terminal
from plantsim.commands.state import state_folder
from plantsim.commands.stop import REFUSED, Stop

SUMMARY = "run a plant and operate it in this terminal"
STOP_WITHIN = 10.0
"""Seconds that the servers are given to stop cleanly."""

add_arguments = servers.add_arguments


def run(args: Namespace) -> int:
    """Show the HMI over a plant of its own; without a terminal only run the plant."""
    args.insecure = True
    if not has_terminal():
        return servers.run(args)
    servers.check_addresses(args)
    log = state_folder(args.state) / "demo.log"
    with log.open("wb") as stderr, child(["run", *args.words, "--insecure"], stderr.fileno()) as process:
        print(f"starting {args.plant} ...", file=sys.stderr)
        endpoint = ready_endpoint(process, log)
        code = int(args.show_hmi(endpoint, None, None, "none"))
        if process.poll():
            raise Stop(f"the plant stopped while the HMI was open: {last_line(log)}", process.returncode)
    return code


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
