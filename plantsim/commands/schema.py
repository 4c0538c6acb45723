"""``plantsim schema``: what may stand in a plant file, for editors."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

SUMMARY = "print the JSON Schema of plant files, for editors"


def add_arguments(parser: ArgumentParser) -> None:
    """There are none."""


def run(args: Namespace) -> int:
    """Print the schema."""
    import json

    from plantsim.model.schema import plant_schema

    print(json.dumps(plant_schema(), indent=2))
    return 0
