"""``plantsim nodeset``: a plant's OPC UA address space as a NodeSet2 file."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from pathlib import Path

from plantsim.commands import options
from plantsim.commands.stop import Stop

SUMMARY = "write a plant's OPC UA address space as a NodeSet2 file"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser)
    parser.add_argument("--out", "-o", type=Path, required=True, metavar="FILE", help="usually ends in .NodeSet2.xml")


def run(args: Namespace) -> int:
    """Write the file."""
    from plantsim.engine.engine import Engine
    from plantsim.model.load import load_plant
    from plantsim.serve.opcua import OpcUaServer

    engine = Engine(load_plant(args.plant), start="cold", epoch=0.0, frozen=True)
    server = OpcUaServer(engine, host="127.0.0.1", port=0, state=Path(), insecure=True)
    try:
        asyncio.run(server.write_nodeset(args.out))
    except OSError as error:
        raise Stop(f"{args.out}: {error.strerror}") from None
    return 0
