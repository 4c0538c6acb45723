"""``plantsim certs``: which OPC UA clients' certificates are trusted, and what the server's own is."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser, Namespace
from pathlib import Path

from plantsim.commands.state import state_folder
from plantsim.commands.stop import Stop

SUMMARY = "list, trust and reject the certificates of OPC UA clients"


def add_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    for name, text in (
        ("list", "print those that are trusted and those that were turned away"),
        ("trust", "trust one that was turned away, or that of a file"),
        ("reject", "trust one no longer"),
        ("own", "print the SHA-256 of the server's own, for its clients to compare"),
    ):
        action = actions.add_parser(name, help=text)
        action.set_defaults(parser=action)
        if name in ("trust", "reject"):
            action.add_argument(
                "name", metavar="CERTIFICATE", help="the beginning of its SHA-256, or a .der or .pem file"
            )
        action.add_argument("--state", type=Path, metavar="DIR", help="state folder of the run (default: yours)")


def run(args: Namespace) -> int:
    """Do it; a run that is on follows at the next connection."""
    from plantsim.serve.opcua_security import CERTIFICATE
    from plantsim.serve.opcua_trust import TrustError, TrustList

    if args.action == "own":
        path = state_folder(args.state) / CERTIFICATE
        try:
            print(hashlib.sha256(path.read_bytes()).hexdigest())
        except FileNotFoundError:
            raise Stop(f"{path}: no certificate yet; the first plantsim run makes one") from None
        return 0
    certificates = TrustList(state_folder(args.state))
    try:
        if args.action == "list":
            for one in certificates.known():
                kind = "trusted" if one.trusted else "rejected"
                print(f"{one.name[:16]}\t{kind}\t{one.ends:%Y-%m-%d}\t{one.subject}\t{one.uri}")
        elif args.action == "trust":
            print(f"trusted {certificates.trust(args.name).name}")
        else:
            print(f"rejected {certificates.reject(args.name).name}")
    except TrustError as error:
        raise Stop(str(error)) from None
    except OSError as error:
        raise Stop(f"{error.filename}: {error.strerror}") from None
    return 0
