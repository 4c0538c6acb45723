"""``plantsim demo``: a plant with its servers in a child process, and the HMI in front."""

from __future__ import annotations

import sys
from argparse import Namespace

from plantsim.commands import run as servers
from plantsim.commands.child import child, last_line, ready_endpoint
from plantsim.commands.hmi import has_terminal
from plantsim.commands.state import state_folder
from plantsim.commands.stop import Stop

SUMMARY = "run a plant and operate it in this terminal"

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
