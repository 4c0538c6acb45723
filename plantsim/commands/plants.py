"""``plantsim plants``: the plants that come with the package."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

SUMMARY = "list the plants that come with plantsim"


def add_arguments(parser: ArgumentParser) -> None:
    """There are none."""


def run(args: Namespace) -> int:
    """Print one line per plant: name, tab, title."""
    from plantsim.model.load import load_plant, plant_names

    for name in plant_names():
        print(name, load_plant(name).title, sep="\t")
    return 0
