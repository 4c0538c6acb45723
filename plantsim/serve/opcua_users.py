"""Users and their passwords, kept in the state folder as salted hashes."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plantsim.model.tag import Role

log = logging.getLogger(__name__)

FILE, INITIAL_PASSWORDS = "users.toml", "initial-passwords.txt"

_DEFAULT_USERS = {"operator": Role.OPERATOR, "engineer": Role.ENGINEER, "instructor": Role.INSTRUCTOR}
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is easily misread."""
_COST, _BLOCK, _PARALLEL = 2**14, 8, 1
"""Of scrypt: about 50 ms and 16 MB a check."""
_HASH_BYTES = 32


class UsersError(Exception):
    """The users file is not what it should be; the text says where, what was found and what is allowed."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of the plant."""

    name: str
    role: Role
    salt: bytes
    hash: bytes

    def has(self, password: str) -> bool:
        """Whether it is the user's password; takes as long either way."""
        return hmac.compare_digest(_scrypt(password, self.salt), self.hash)


_NOBODY = User("", Role.OBSERVER, bytes(16), bytes(_HASH_BYTES))
"""Checked when the name is unknown, so that the time of the answer does not tell."""


class Users:
    """Who is who. ``anonymous`` is the role of a session without a user."""

    def __init__(self, users: Mapping[str, User], anonymous: Role = Role.OBSERVER) -> None:
        self._users = users
        self.anonymous = anonymous

    @classmethod
    def insecure(cls) -> Users:
        """Nobody has a name and everybody may do everything."""
        return cls({}, Role.INSTRUCTOR)

    @classmethod
    def open(cls, state: Path) -> Users:
        """The users of a state folder; at the first start operator, engineer and instructor with generated passwords.

        Raises UsersError for a file that cannot be understood, OSError for one that cannot be read or written.
        """
        path = state / FILE
        if not path.exists():
            _generate(state)
        return cls(_load(path))

    def role_of(self, name: str, password: str) -> Role | None:
        """The role of a user who proves to be the one; None otherwise. No name has a meaning of its own."""
        user = self._users.get(name)
        known = (user or _NOBODY).has(password)
        return user.role if user is not None and known else None


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=2**26, dklen=_HASH_BYTES)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read. Raises FileExistsError where there is one already."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _generate(state: Path) -> None:
    entries, passwords = ["format = 1\n"], []
    for name, role in _DEFAULT_USERS.items():
        password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
        salt = secrets.token_bytes(16)
        entries.append(
            f'\n[users.{name}]\nrole = "{role.name.lower()}"\n'
            f'salt = "{salt.hex()}"\nscrypt = "{_scrypt(password, salt).hex()}"\n'
        )
        passwords.append(f"{name} {password}\n")
    initial = state / INITIAL_PASSWORDS
    initial.unlink(missing_ok=True)  # left over from users that are no more
    write_private(initial, "".join(passwords).encode())
    write_private(state / FILE, "".join(entries).encode())
    log.info("the passwords of %s are in %s", ", ".join(_DEFAULT_USERS), initial)


def _load(path: Path) -> dict[str, User]:
    if path.stat().st_mode & 0o077:
        log.warning("%s can be read by others than its owner; allowed: mode 600", path)
    try:
        content = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsersError(f"{path}: {error}") from error
    if content.get("format") != 1:
        raise UsersError(f"{path}: format: found {content.get('format')!r}, allowed 1")
    if unknown := content.keys() - {"format", "users"}:
        raise UsersError(f"{path}: found {', '.join(sorted(unknown))}, allowed format and users")
    users = content.get("users", {})
    if not isinstance(users, dict):
        raise UsersError(f"{path}: users: found {users!r}, allowed tables [users.NAME]")
    return {name: _user(path, name, entry) for name, entry in users.items()}


def _user(path: Path, name: str, entry: Any) -> User:
    where = f"{path}: users.{name}"
    if not isinstance(entry, dict) or entry.keys() != {"role", "salt", "scrypt"}:
        raise UsersError(f"{where}: allowed are role, salt and scrypt, all three")
    roles = {role.name.lower(): role for role in Role}
    if entry["role"] not in roles:
        raise UsersError(f"{where}.role: found {entry['role']!r}, allowed {', '.join(roles)}")
    return User(name, roles[entry["role"]], _hex(where, entry, "salt", 16), _hex(where, entry, "scrypt", _HASH_BYTES))


def _hex(where: str, entry: Mapping[str, Any], key: str, size: int) -> bytes:
    try:
        found = bytes.fromhex(entry[key])
    except (TypeError, ValueError):
        found = b""
    if len(found) != size:
        raise UsersError(f"{where}.{key}: found {entry[key]!r}, allowed {size} bytes in hexadecimal")
    return found
