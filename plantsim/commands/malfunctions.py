"""``plantsim malfunctions``: what may go wrong in a plant."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from plantsim.commands import options
from plantsim.commands.stop import Stop

SUMMARY = "list what may go wrong in a plant"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser)
    parser.add_argument(
        "--about",
        metavar="NAME",
        help="instead, say of one (crud@SX-1) what makes it, its signs, what is right to do and who mends it",
    )


def run(args: Namespace) -> int:
    """Print one line per malfunction and target: id, target and text, apart by tabs. About one: three lines, and what a
    field operator can do about it."""
    from plantsim.model.load import load_plant
    from plantsim.model.malfunction import UnknownMalfunction
    from plantsim.model.malfunction_text import describe
    from plantsim.model.remedy import field_actions

    plant = load_plant(args.plant)
    if args.about is None:
        for place in plant.malfunctions:
            print(place.malfunction.id, place.target, place.malfunction.title, sep="\t")
        return 0
    try:
        place = plant.malfunctions.find(args.about)
    except UnknownMalfunction as error:
        raise Stop(str(error)) from None
    text = describe(plant, place)
    for word, said in (("cause", text.cause), ("sees", text.sees), ("response", text.response)):
        print(word, said, sep="\t")
    for action in field_actions(plant).values():
        if place.name in action.ends:
            print("field", action.name, sep="\t")
    return 0
