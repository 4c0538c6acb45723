"""``plantsim history``: what a plant's historian has kept."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from plantsim.commands import options, values
from plantsim.commands.state import history_path, state_folder
from plantsim.commands.stop import Stop

SUMMARY = "export what a plant's historian has kept"

_FORMATS = (".csv", ".parquet")
_FOREVER = 2**62


def add_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    export = actions.add_parser("export", help="write samples to a file: time, tag, value and status")
    export.set_defaults(parser=export)
    options.add_plant(export)
    export.add_argument("--out", "-o", type=Path, required=True, metavar="FILE", help="ends in .csv or .parquet")
    export.add_argument(
        "--tags", type=values.names, default=(), metavar="TAG[,TAG]", help="such as AI-701.PV (default: all)"
    )
    export.add_argument("--from", dest="begin", type=values.epoch, metavar="TIME", help="plant time, ISO 8601")
    export.add_argument("--to", dest="end", type=values.epoch, metavar="TIME", help="plant time, ISO 8601")
    export.add_argument("--state", type=Path, metavar="DIR", help="state folder of the run (default: yours)")
    export.add_argument("--history", type=Path, metavar="PATH", help="the history's file, if it is elsewhere")


def run(args: Namespace) -> int:
    """Write the file, and say how many samples."""
    from plantsim.history.export import recorded, write_csv, write_parquet
    from plantsim.history.store import HistoryError
    from plantsim.model.load import load_plant

    if args.out.suffix not in _FORMATS:
        raise Stop(f"--out {args.out}: found {args.out.suffix or 'no ending'}, allowed {' and '.join(_FORMATS)}")
    path = args.history or history_path(state_folder(args.state), load_plant(args.plant).name)
    begin = round(1e6 * args.begin) if args.begin is not None else -_FOREVER
    end = round(1e6 * args.end) if args.end is not None else _FOREVER
    write = write_csv if args.out.suffix == ".csv" else write_parquet
    try:
        count = write(args.out, recorded(path, args.tags, begin, end))
    except HistoryError as error:
        raise Stop(str(error)) from None
    except ModuleNotFoundError:
        raise Stop("Parquet files need pyarrow: pip install 'plantsim[data]'") from None
    except OSError as error:
        raise Stop(f"{args.out}: {error.strerror}") from None
    print(f"{args.out}: {count} samples", file=sys.stderr)
    return 0
