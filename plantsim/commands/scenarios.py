"""``plantsim scenarios``: what can be practised on a plant."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from plantsim.commands import options

SUMMARY = "list the scenarios that can be practised on a plant"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser)


def run(args: Namespace) -> int:
    """Print one line per scenario: id, tab, length in minutes of plant time, tab, title."""
    from plantsim.model.load import load_plant
    from plantsim.training.read_scenario import load_scenario, scenario_names, scenario_path, scenario_plant

    plant = load_plant(args.plant)
    for name in scenario_names():
        if scenario_plant(scenario_path(name)) == plant.name:
            scenario = load_scenario(name, plant)
            print(name, f"{scenario.end.at / 60.0:g} min", scenario.title, sep="\t")
    return 0
