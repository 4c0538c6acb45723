"""``plantsim manual``: a plant's operating manual."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from plantsim.commands import options
from plantsim.commands.stop import Stop

SUMMARY = "write a plant's operating manual as Markdown"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser)
    parser.add_argument("--out", "-o", type=Path, metavar="FILE", help="write it there, not to standard output")


def run(args: Namespace) -> int:
    """Print or write it."""
    from plantsim.model.load import load_plant
    from plantsim.model.manual import manual

    text = manual(load_plant(args.plant))
    if args.out is None:
        print(text, end="")
        return 0
    try:
        args.out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Stop(f"{args.out}: {error.strerror}") from None
    return 0
