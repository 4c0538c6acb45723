"""Users and their passwords, kept in the state folder as salted hashes."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
import secrets
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from plantsim.model.tag import Role

log = logging.getLogger(__name__)

ANONYMOUS = "anonymous"
"""Who does not log in."""
FILE, INITIAL_PASSWORDS = "users.toml", "initial-passwords.txt"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 256
"""Characters. A password of any length would be hashed at any cost."""

_DEFAULT_USERS = {"operator": Role.OPERATOR, "engineer": Role.ENGINEER, "instructor": Role.INSTRUCTOR}
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is easily misread."""
_HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
"""Argon2id: some 50 ms and 32 MB a check."""
_ROLES = {role.name.lower(): role for role in Role}

FREE_ATTEMPTS = 5
LONGEST_DELAY = 60.0
"""s that a name is closed after many wrong passwords."""


class UsersError(Exception):
    """The users file, or what is to be put into it, is not what it should be; the text says what is allowed."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of the plant."""

    name: str
    role: Role
    argon2: str
    """Salted hash of the password in PHC string form, which has its own parameters (RFC 9106)."""

    def has(self, password: str) -> bool:
        """Whether it is the user's password; takes as long either way."""
        try:
            return len(password) <= LONGEST_PASSWORD and _HASHER.verify(self.argon2, password)
        except Argon2Error:
            return False


@cache
def _nobody() -> User:
    """Checked when the name is unknown, so that the time of the answer does not tell."""
    return User("", Role.OBSERVER, _HASHER.hash(secrets.token_hex(16)))


class Attempts:
    """Slows guessing down: after some wrong passwords for a name each further one closes it for twice as long.

    clock: s that only rise. free: wrong passwords that cost nothing. forgotten_after: s without one after which they
    are forgotten.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        free: int = FREE_ATTEMPTS,
        forgotten_after: float = math.inf,
    ) -> None:
        self._clock = clock
        self._free = free
        self._forgotten_after = forgotten_after
        self._failed: dict[str, tuple[int, float]] = {}
        """Wrong passwords in a row, and when the name is open again."""

    def open(self, name: str) -> bool:
        """Whether a password for that name is looked at now."""
        return self._clock() >= self._failed.get(name, (0, 0.0))[1]

    def succeeded(self, name: str) -> None:
        """Forget what was wrong before."""
        self._failed.pop(name, None)

    def failed(self, name: str) -> None:
        """Count a wrong password."""
        now = self._clock()
        if len(self._failed) > 10_000:  # names that somebody made up
            self._failed = {known: one for known, one in self._failed.items() if one[1] > now}
        before, opened = self._failed.get(name, (0, now))
        count = 1 if now - opened > self._forgotten_after else before + 1
        delay = min(2.0 ** min(count - self._free, 30), LONGEST_DELAY) if count >= self._free else 0.0
        self._failed[name] = count, now + delay


class Users:
    """Who is who. ``anonymous`` is the role of a session without a user. path: read again when it has changed."""

    def __init__(
        self,
        users: Mapping[str, User],
        anonymous: Role = Role.OBSERVER,
        *,
        path: Path | None = None,
        attempts: Attempts | None = None,
    ) -> None:
        self._users = users
        self._guests: dict[str, User] = {}
        self.anonymous = anonymous
        self._attempts = attempts or Attempts()
        self._path = path
        self._stamp = _stamp(path)

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
        return cls(read_users(path), path=path)

    def admit(self, guest: User) -> None:
        """Know a user, before any of that name on file, for as long as this run lasts."""
        self._guests[guest.name] = guest

    def role_of(self, name: str, password: str) -> Role | None:
        """The role of a user who proves to be the one; None otherwise. No name has a meaning of its own."""
        if not self._attempts.open(name):
            log.warning("too many wrong passwords for %r: not looked at", name)
            return None
        self._follow()
        user = self._guests.get(name) or self._users.get(name)
        known = (user or _nobody()).has(password)
        if user is None or not known:
            self._attempts.failed(name)
            return None
        self._attempts.succeeded(name)
        return user.role

    def _follow(self) -> None:
        """Take over what ``plantsim users`` has changed meanwhile."""
        stamp = _stamp(self._path)
        if self._path is None or stamp == self._stamp:
            return
        try:
            self._users, self._stamp = read_users(self._path), stamp
        except (UsersError, OSError) as error:
            log.error("%s; the users of before go on", error)


def _stamp(path: Path | None) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        if path is not None:
            found = path.stat()
            return found.st_mtime_ns, found.st_ino
    return None


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read. Raises FileExistsError where there is one already."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def replace_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, in place of the one that is there, whole or not at all."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    write_private(new, content)
    new.replace(path)


def new_user(name: str, role: Role, password: str) -> User:
    """A user with that password. Raises UsersError for a name or a password that is not allowed."""
    if not NAME.fullmatch(name):
        raise UsersError(f"user {name!r}: allowed 1 to 64 of A-Z a-z 0-9 . _ - with a letter or digit first")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UsersError(f"password: allowed {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return User(name, role, _HASHER.hash(password))


@contextlib.contextmanager
def changed_users(state: Path) -> Iterator[dict[str, User]]:
    """The users of a state folder, to be changed; written when the block ends well. UsersError, OSError."""
    path = state / FILE
    if not path.exists():
        _generate(state)
    users = read_users(path)
    yield users
    replace_private(path, _text(users).encode())


def _text(users: Mapping[str, User]) -> str:
    entries = (
        f'\n[users."{user.name}"]\nrole = "{user.role.name.lower()}"\nargon2 = "{user.argon2}"\n'
        for user in users.values()
    )
    return "format = 1\n" + "".join(entries)


def _generate(state: Path) -> None:
    users, passwords = {}, []
    for name, role in _DEFAULT_USERS.items():
        password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
        users[name] = new_user(name, role, password)
        passwords.append(f"{name} {password}\n")
    initial = state / INITIAL_PASSWORDS
    initial.unlink(missing_ok=True)  # left over from users that are no more
    write_private(initial, "".join(passwords).encode())
    write_private(state / FILE, _text(users).encode())
    log.info("the passwords of %s are in %s", ", ".join(_DEFAULT_USERS), initial)


def read_users(path: Path) -> dict[str, User]:
    """The users of a file, by name. Raises UsersError, or OSError."""
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
    if not isinstance(entry, dict) or entry.keys() != {"role", "argon2"}:
        raise UsersError(f"{where}: allowed are role and argon2, both; 'plantsim users' writes them")
    if entry["role"] not in _ROLES:
        raise UsersError(f"{where}.role: found {entry['role']!r}, allowed {', '.join(_ROLES)}")
    try:
        extract_parameters(entry["argon2"])
    except (InvalidHashError, TypeError, ValueError, AttributeError):
        raise UsersError(f"{where}.argon2: found no hash, allowed one that 'plantsim users' has written") from None
    return User(name, _ROLES[entry["role"]], entry["argon2"])
