"""``plantsim tags``: the tag list."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from plantsim.commands import options, values
from plantsim.commands.stop import Stop

SUMMARY = "list a plant's tags with their OPC UA and Modbus addresses"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser)
    parser.add_argument(
        "--format",
        choices=["table", "csv", "json", "md", "st", "openplc", "mb2hal"],
        default="table",
        help="default %(default)s; the last three are the I/O racks for a PLC: Structured Text, OpenPLC, LinuxCNC",
    )
    parser.add_argument(
        "--area", type=values.areas, metavar="AREA[,AREA]", help="only these areas' tags, such as those a PLC controls"
    )


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
    known = [area.id for area in plant.areas]
    if args.area and (unknown := sorted(args.area.difference(known))):
        raise Stop(f"--area: {plant.name} has no area {unknown[0]}; allowed: {', '.join(known)}")
    shown = [tag for tag in addressed if not args.area or tag.area in args.area]
    sys.stdout.write(tag_list(shown, args.format))
    return 0
