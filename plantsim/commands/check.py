"""``plantsim check``: is this plant file, this address map, this scenario or this chemistry right?"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

SUMMARY = "check a plant file, an address map, a scenario or a chemistry"
MAP_SUFFIX = ".map.toml"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="a plant file, its map file NAME.map.toml, a scenario file or a chemistry file",
    )
    parser.add_argument("--update", action="store_true", help="append addresses of new tags to the map first")


def run(args: Namespace) -> int:
    """Check a scenario, a chemistry, or a plant file and the map beside it, whichever was given; PlantError says what
    is wrong.
    """
    from plantsim.chemistry.load import is_chemistry, load_chemistry
    from plantsim.model.lines import on_its_line
    from plantsim.model.load import load_plant
    from plantsim.model.modbus_map import check_map, map_path, read_map, update_map
    from plantsim.model.tags import build_tags
    from plantsim.training.read_scenario import is_scenario, load_scenario

    given: Path = args.file
    if not given.name.endswith(MAP_SUFFIX) and is_scenario(given):
        scenario = load_scenario(given)
        print(
            f"{given}: {len(scenario.happenings)} events, {len(scenario.criteria)} criteria, for {scenario.plant.name}"
        )
        return 0
    if not given.name.endswith(MAP_SUFFIX) and is_chemistry(given):
        chemistry = load_chemistry(given)
        print(f"{given}: {len(chemistry.species)} species, {len(chemistry.solutes)} solutes")
        return 0
    path = given.with_name(given.name.removesuffix(MAP_SUFFIX) + ".toml") if given.name.endswith(MAP_SUFFIX) else given
    plant = load_plant(path)
    tags, alarms = build_tags(plant)
    counts = f"{len(plant.units)} units, {len(plant.streams)} streams, {len(tags)} tags, {len(alarms)} alarms"
    print(f"{path}: {counts}")

    file = map_path(path)
    areas = {area.id: area.number for area in plant.areas}
    if args.update:
        with on_its_line(file):
            update_map(file, tags, alarms, areas)
    if not file.exists() and given != file:
        print(f"{file}: not there; --update writes it")
        return 0
    with on_its_line(file):
        addresses = read_map(file)
        check_map(addresses, tags, alarms, file=file.name, area_numbers=areas)
    print(f"{file}: {len(addresses.points)} Modbus points")
    return 0
