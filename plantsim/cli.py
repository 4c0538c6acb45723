"""The ``plantsim`` command: picks the subcommand, and says in one line why something could not be done."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NoReturn

from plantsim.commands import (
    certs,
    check,
    demo,
    history,
    hmi,
    malfunctions,
    manual,
    new,
    nodeset,
    plants,
    run,
    scenarios,
    schema,
    settle,
    simulate,
    tags,
    train,
    users,
)
from plantsim.commands.stop import MISUSED, REFUSED, Stop
from plantsim.model.errors import PlantError

COMMANDS = {
    "demo": demo,
    "run": run,
    "train": train,
    "hmi": hmi,
    "simulate": simulate,
    "settle": settle,
    "new": new,
    "tags": tags,
    "plants": plants,
    "malfunctions": malfunctions,
    "manual": manual,
    "scenarios": scenarios,
    "check": check,
    "history": history,
    "nodeset": nodeset,
    "schema": schema,
    "users": users,
    "certs": certs,
}

INTERRUPTED = 130
"""Exit code of shells for Ctrl-C, where that is no clean end."""
Security = Literal["none", "sign", "encrypt"]


class Parser(argparse.ArgumentParser):
    """Answers a mistake with one line instead of the usage block."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        self.exit(MISUSED, f"{self.prog}: {message.removeprefix('argument ')}\n")

    @property
    def options(self) -> str:
        """The long options, as allowed in place of an unknown one."""
        return " ".join(action.option_strings[-1] for action in self._actions if action.option_strings)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the subcommand that ``argv`` names (default: the process's arguments) and return the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    args, unknown = build_parser().parse_known_args(words)
    if unknown:
        args.parser.error(f"{unknown[0]}: not known here; allowed: {args.parser.options}")
    args.words = words[1:]
    args.show_hmi = show_hmi
    try:
        return int(args.run(args))
    except Stop as stop:
        return complain(args.parser.prog, stop, stop.code)
    except PlantError as error:
        return complain(args.parser.prog, error, REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> Parser:
    """The parser of all subcommands; a parsed namespace carries ``run``, the function to call, and its ``parser``."""
    parser = Parser(prog="plantsim", description="A rare-earth magnet recycling plant in real time.")
    parser.add_argument("--version", action="version", version=f"plantsim {version('plantsim')}")
    subparsers = parser.add_subparsers(metavar="COMMAND", dest="command", required=True, parser_class=Parser)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=command.SUMMARY, description=sentence(command.SUMMARY))
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run, parser=subparser)
    return parser


def sentence(summary: str) -> str:
    """With a capital and a full stop."""
    return f"{summary[0].upper()}{summary[1:]}."


def complain(program: str, reason: Exception, code: int) -> int:
    """Put the reason on stderr."""
    print(f"{program}: {reason}", file=sys.stderr)
    return code


def show_hmi(
    endpoint: str, user: str | None, password: str | None, security: Security, theme: str = "",
    ascii_only: bool = False, picture: tuple[Path, str, tuple[int, int]] | None = None, trust: str = "",
    session: Path | None = None,
) -> int:  # fmt: skip
    """Open the HMI in this terminal until the operator leaves it, or take a picture of it: file, display, size.

    trust: SHA-256 of the server's certificate, if it must be that one. session: that is replayed.

    The one place where plantsim meets the HMI.
    """
    from hmi import start
    from hmi.replay import NotASession
    from hmi.settings import SettingsError

    try:
        if picture is None:
            return start.main(endpoint, user, password, security, theme, ascii_only, trust, session)
        from hmi.screenshot import NoPicture

        path, display, size = picture
        try:
            start.picture(endpoint, path, display, size, user, password, security, theme, ascii_only, trust, session)
        except (NoPicture, OSError) as error:
            raise Stop(f"--screenshot {path}: {error}") from None
    except (NotASession, SettingsError) as error:
        raise Stop(str(error)) from None
    except OSError as error:
        if session is None or error.filename is None:
            raise
        raise Stop(f"--replay {error.filename}: {error.strerror}") from None
    return 0
