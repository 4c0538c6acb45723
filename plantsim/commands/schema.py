"""``plantsim schema``: what may stand in a plant file, for editors."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

SUMMARY = "print the JSON Schema of plant files, for editors"


def add_arguments(parser: ArgumentParser) -> None:
    """There are none."""


def run(args: Namespace) -> int:
    """Print the schema."""
    from plantsim.model.schema import schema_text

    print(schema_text(), end="")
    return 0
