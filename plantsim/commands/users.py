"""``plantsim users``: who may log in, and as what."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from plantsim.commands.hmi import PASSWORD
from plantsim.commands.state import state_folder
from plantsim.commands.stop import MISUSED, Stop
from plantsim.model.tag import Role

if TYPE_CHECKING:
    from plantsim.serve.opcua_users import User

SUMMARY = "list, add and remove the users that may log in"

_ROLES = {role.name.lower(): role for role in Role}


def add_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    for name, text in (
        ("list", "print name and role of each"),
        ("add", f"add one; asks for the password, or takes {PASSWORD}"),
        ("passwd", f"change a password; asks for it, or takes {PASSWORD}"),
        ("remove", "remove one"),
    ):
        action = actions.add_parser(name, help=text)
        action.set_defaults(parser=action)
        if name != "list":
            action.add_argument("name", metavar="NAME")
        if name == "add":
            action.add_argument("--role", choices=list(_ROLES), default="operator", help="default %(default)s")
        action.add_argument("--state", type=Path, metavar="DIR", help="state folder of the run (default: yours)")


def run(args: Namespace) -> int:
    """Do it; a run that is on follows at the next log-in."""
    from plantsim.serve.opcua_users import FILE, UsersError, changed_users, new_user, read_users

    state = state_folder(args.state)
    try:
        if args.action == "list":
            for user in read_users(state / FILE).values() if (state / FILE).exists() else ():
                print(f"{user.name}\t{user.role.name.lower()}")
            return 0
        with changed_users(state) as users:
            match args.action:
                case "add":
                    if args.name in users:
                        raise Stop(f"{args.name}: there already; 'plantsim users passwd' changes the password")
                    users[args.name] = new_user(args.name, _ROLES[args.role], _password())
                case "passwd":
                    users[args.name] = new_user(args.name, _known(args.name, users).role, _password())
                case "remove":
                    del users[_known(args.name, users).name]
    except UsersError as error:
        raise Stop(str(error)) from None
    except OSError as error:
        raise Stop(f"{error.filename or state}: {error.strerror}") from None
    return 0


def _known(name: str, users: Mapping[str, User]) -> User:
    if name not in users:
        raise Stop(f"{name}: no such user; there are {', '.join(users) or 'none'}")
    return users[name]


def _password() -> str:
    given = os.environ.get(PASSWORD)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Stop(f"no terminal to ask for the password; allowed: {PASSWORD} in the environment", MISUSED)
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise Stop("the passwords differ; nothing is changed")
    return first
