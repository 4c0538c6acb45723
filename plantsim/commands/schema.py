"""``plantsim schema``: what may stand in a plant or a scenario file, for editors."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

SUMMARY = "print the JSON Schema of plant or scenario files, for editors"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "of", nargs="?", choices=("plant", "scenario"), default="plant", help="kind of file (default %(default)s)"
    )


def run(args: Namespace) -> int:
    """Print the schema."""
    from plantsim.model.json_schema import text_of
    from plantsim.model.schema import plant_schema
    from plantsim.training.schema import scenario_schema

    print(text_of(scenario_schema() if args.of == "scenario" else plant_schema()), end="")
    return 0
