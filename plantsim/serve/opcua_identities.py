"""Who logs in. Passwords are checked in a thread of their own: a check takes as long as half a scan period."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.user_managers import UserManager

from plantsim.model.tag import Role
from plantsim.serve.opcua_users import ANONYMOUS, Attempts, Users

log = logging.getLogger(__name__)

MOST_WAITING = 4
"""Passwords from one address that may wait to be checked; further ones are refused unread."""
FREE_ATTEMPTS_OF_PEER = 20
"""Wrong passwords from one address, for whatever names, before it is slowed down."""
FORGOTTEN_AFTER = 300.0
"""s without a wrong password after which an address is like any other again."""


@dataclass
class PlantUser(User):
    """A user with a role of the plant. For asyncua all are plain users: its administrators bypass every check."""

    role: UserRole = UserRole.User
    plant_role: Role = Role.OBSERVER


@dataclass(frozen=True, slots=True)
class _Checked:
    """What came of a password."""

    name: str
    password: str
    role: Role | None


class Identities(UserManager):
    """Tells asyncua who logs in.

    asyncua asks while its event loop waits, so that ``check`` has to be asked before: it does not wait, and takes one
    password at a time, which bounds the memory and the processor that a storm of logins gets. peers: counts wrong
    passwords by address; a right one does not make up for them, since who guesses may have one password.
    """

    def __init__(self, users: Users, peers: Attempts | None = None) -> None:
        self._users = users
        self._peers = peers or Attempts(free=FREE_ATTEMPTS_OF_PEER, forgotten_after=FORGOTTEN_AFTER)
        self._waiting: Counter[str] = Counter()
        self._checked: ContextVar[_Checked | None] = ContextVar("checked", default=None)
        self._thread = ThreadPoolExecutor(1, "passwords")

    def close(self) -> None:
        """Check no further passwords."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def check(self, name: str, password: str, peer: str) -> None:
        """Look at a password, so that asyncua's question after it, in the same task, has its answer.

        peer: address that it comes from. Raises ServiceError where too many come from there.
        """
        if not self._peers.open(peer) or self._waiting[peer] >= MOST_WAITING:
            log.warning("OPC UA: too many passwords from %s: not looked at", peer)
            raise ServiceError(ua.StatusCodes.BadUserAccessDenied)
        self._waiting[peer] += 1
        try:
            loop = asyncio.get_running_loop()
            role = await loop.run_in_executor(self._thread, self._users.role_of, name, password)
        finally:
            self._waiting[peer] -= 1
            if not self._waiting[peer]:
                del self._waiting[peer]
        if role is None:
            self._peers.failed(peer)
        self._checked.set(_Checked(name, password, role))

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> PlantUser | None:
        if username is None:
            return PlantUser(name=ANONYMOUS, plant_role=self._users.anonymous)
        checked = self._checked.get()
        self._checked.set(None)
        if checked is not None and (checked.name, checked.password) == (username, password or ""):
            role = checked.role
        else:  # an asyncua that is not the one known here
            role = self._users.role_of(username, password or "")
        if role is None:
            log.warning("OPC UA: wrong user or password for %r", username)
            return None
        return PlantUser(name=username, plant_role=role)
