"""``plantsim hmi``: the HMI against any running server."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import ArgumentParser, Namespace
from getpass import getpass
from pathlib import Path

from plantsim.commands import itself, values
from plantsim.commands.address import check_port
from plantsim.commands.stop import MISUSED, Stop

SUMMARY = "operate a running plant in this terminal or in a browser"
DEFAULT_ENDPOINT = "opc.tcp://127.0.0.1:4840/plantsim"
PASSWORD = "PLANTSIM_PASSWORD"
WEB_TOKEN = "PLANTSIM_WEB_TOKEN"
DRIVER = "TEXTUAL_DRIVER"
"""Set in the environment where a web page stands in for the terminal."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "endpoint",
        metavar="ENDPOINT",
        nargs="?",
        type=values.endpoint,
        help=f"of the OPC UA server (default {DEFAULT_ENDPOINT})",
    )
    parser.add_argument("--user", metavar="NAME", help=f"log in; the password comes from {PASSWORD} or a prompt")
    parser.add_argument(
        "--security", choices=["none", "sign", "encrypt"], default="none", help="of the session (default %(default)s)"
    )
    parser.add_argument(
        "--trust",
        metavar="SHA256",
        type=values.sha256,
        help="of the server's certificate, which must be that one (default: the one it showed first)",
    )
    parser.add_argument(
        "--web",
        type=values.port,
        nargs="?",
        const=8000,
        metavar="PORT",
        help="serve it to a browser (port %(const)s)",
    )
    parser.add_argument(
        "--theme",
        choices=["grey-dark", "grey-light", "sixteen", "mono"],
        default="",
        help="colours; mono, or NO_COLOR in the environment, shows none",
    )
    parser.add_argument("--ascii", action="store_true", help="show ASCII characters alone")
    parser.add_argument(
        "--screenshot",
        type=Path,
        metavar="FILE",
        help="save a picture of a display and end: SVG, or with .txt the characters alone",
    )
    parser.add_argument(
        "--display",
        default="overview",
        metavar="NAME",
        help="of --screenshot: overview, alarms, trends, journal, comms, analysers, instructor, training, manual, "
        "procedures, help, a section or a tag; with a page: alarms/withheld, sx/2, procedures/KS-305, ...",
    )
    parser.add_argument(
        "--size", type=values.screen_size, default=(120, 40), metavar="COLUMNSxROWS", help="of --screenshot"
    )
    parser.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help="replay the session of a debrief's JSON, from the recording beside it or from ENDPOINT's history",
    )
    parser.add_argument(
        "--plant", metavar="PLANT", help="of --replay: the file of the session's plant, where that is one of your own"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="address that --web listens on (default %(default)s)"
    )


def run(args: Namespace) -> int:
    """Show the HMI until the operator leaves it."""
    trust = args.trust or ""
    if args.replay is not None:
        return replay(args)
    if args.plant is not None:
        raise Stop("--plant: allowed with --replay FILE alone", MISUSED)
    args.endpoint = args.endpoint or DEFAULT_ENDPOINT
    if args.screenshot is not None:
        password = ask_password(args.user) if args.user else None
        picture = (args.screenshot, args.display, args.size)
        return int(
            args.show_hmi(
                args.endpoint, args.user or None, password, args.security, args.theme, args.ascii, picture, trust
            )
        )
    if args.web is None and not has_terminal() and DRIVER not in os.environ:
        raise Stop("the HMI needs a terminal; allowed without one: --web [PORT]")
    password = ask_password(args.user) if args.user else None
    if args.web is not None:
        serve(args, password)
        return 0
    return int(
        args.show_hmi(args.endpoint, args.user or None, password, args.security, args.theme, args.ascii, trust=trust)
    )


def replay(args: Namespace) -> int:
    """Show a session that is over, until the operator leaves it."""
    from plantsim.commands.replay import served

    if args.web is not None:
        raise Stop("--replay: allowed in this terminal or with --screenshot, without --web", MISUSED)
    if args.screenshot is None and not has_terminal():
        raise Stop("--replay needs a terminal")
    if args.endpoint is not None:
        if args.plant is not None:
            raise Stop("--plant: allowed without ENDPOINT alone, whose server has the plant", MISUSED)
        return _replay(args, args.endpoint)
    print(f"opening the recording of {args.replay.name} ...", file=sys.stderr)
    with served(args.replay, args.plant or "") as endpoint:
        return _replay(args, endpoint)


def _replay(args: Namespace, endpoint: str) -> int:
    password = ask_password(args.user) if args.user else None
    picture = (args.screenshot, args.display, args.size) if args.screenshot is not None else None
    return int(
        args.show_hmi(
            endpoint, args.user or None, password, args.security, args.theme, args.ascii, picture, args.trust or "",
            args.replay,
        )
    )  # fmt: skip


def has_terminal() -> bool:
    """Whether a person can see and type here."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_password(user: str) -> str:
    """The password from the environment, else from the terminal."""
    if (password := os.environ.get(PASSWORD)) is not None:
        return password
    if not sys.stdin.isatty():
        raise Stop(f"--user {user} needs a password; without a terminal give it in {PASSWORD}")
    return getpass(f"Password of {user}: ")


def serve(args: Namespace, password: str | None) -> None:
    """Serve the HMI to browsers, one HMI process per visitor, until Ctrl-C or SIGTERM."""
    try:
        from plantsim.commands.web import Site
    except ModuleNotFoundError as error:
        raise Stop(f"--web needs {error.name}: pip install 'plantsim[web]'") from None
    check_port(args.host, args.web, "--web")
    if password is not None:
        os.environ[PASSWORD] = password  # for the HMI processes; a command line could be read by others
    command = itself.command("hmi", args.endpoint, "--security", args.security)
    if args.theme:
        command += ["--theme", args.theme]
    if args.ascii:
        command.append("--ascii")
    if args.trust:
        command += ["--trust", args.trust]
    if args.user:
        command += ["--user", args.user]
    # the HMI processes have no use for it
    Site(shlex.join(command), args.host, args.web, os.environ.pop(WEB_TOKEN, "")).serve()
