"""``plantsim tags``: the tag list."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from plantsim.commands import options

SUMMARY = "list a plant's tags with their OPC UA and Modbus addresses"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser)
    parser.add_argument("--format", choices=["table", "csv", "json", "md"], default="table", help="default %(default)s")


def run(args: Namespace) -> int:
    """Print the list."""
    from plantsim.model.load import load_plant
    from plantsim.model.modbus_map import map_path, read_map, with_addresses
    from plantsim.model.tag_list import tag_list
    from plantsim.model.tags import build_tags

    plant = load_plant(args.plant)
    tags, alarms = build_tags(plant)
    addresses = map_path(plant.path)
    addressed = with_addresses(tags, alarms, read_map(addresses))[0] if addresses.exists() else tags
    sys.stdout.write(tag_list(addressed, args.format))
    return 0
