"""``plantsim settle``: the steady production state of a plant, as the snapshot it starts from."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from plantsim.commands import options
from plantsim.commands.stop import FAILED, Stop

SUMMARY = "find a plant's steady production state and write its snapshot"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser, default=None)


def run(args: Namespace) -> int:
    """Solve, with the course of it on stderr, and print what was written."""
    from plantsim.model.load import load_plant

    try:
        from plantsim.engine.settle import SettleError, settle
    except ModuleNotFoundError as error:
        raise Stop(f"needs {error.name}: pip install 'plantsim[settle]'") from None

    plant = load_plant(args.plant)
    try:
        settled, path = settle(plant, report=lambda line: print(line, file=sys.stderr))
    except SettleError as error:
        raise Stop(f"{plant.name}: {error}", FAILED) from None
    except OSError as error:
        raise Stop(str(error)) from None
    print(f"{path}: steady, largest scaled rate {settled.residual:.1e} /s")
    return 0
