"""``plantsim malfunctions``: what may go wrong in a plant."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from plantsim.commands import options

SUMMARY = "list what may go wrong in a plant"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser)


def run(args: Namespace) -> int:
    """Print one line per malfunction and target: id, tab, target, tab, text."""
    from plantsim.model.load import load_plant

    for place in load_plant(args.plant).malfunctions:
        print(place.malfunction.id, place.target, place.malfunction.title, sep="\t")
    return 0
