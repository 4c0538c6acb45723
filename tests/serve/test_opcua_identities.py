"""Passwords are looked at beside everything else that the server does, and not any number from one address."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from asyncua.common.utils import ServiceError

from plantsim.model.tag import Role
from plantsim.serve.opcua_identities import FORGOTTEN_AFTER, FREE_ATTEMPTS_OF_PEER, MOST_WAITING, Identities
from plantsim.serve.opcua_users import LONGEST_DELAY, Attempts, Users

PEER = "192.0.2.7"


class HeldUsers(Users):
    """Looks at a password when it is told to."""

    def __init__(self) -> None:
        super().__init__({})
        self.go = threading.Event()
        self.asked = threading.Event()

    def role_of(self, name: str, password: str) -> Role | None:
        self.asked.set()
        assert self.go.wait(10.0)
        return Role.OPERATOR if password == "right" else None


@pytest.mark.asyncio(loop_scope="module")
async def test_others_are_served_while_a_password_is_looked_at(
    login: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go = threading.Event(), threading.Event()
    look = Users.role_of

    def slowly(self: Users, name: str, password: str) -> Role | None:
        asked.set()
        assert go.wait(10.0)
        return look(self, name, password)

    async with login("operator") as first:
        monkeypatch.setattr(Users, "role_of", slowly)

        async def second() -> str:
            async with login("engineer") as console:
                (answer,) = await console.write(("TIC-201.Gain", await gain(console)))
                return str(answer)

        async def gain(console: Any) -> Any:
            return (await console.read("TIC-201.Gain")).Value

        coming = asyncio.create_task(second())

        async def is_asked() -> bool:
            return asked.is_set()

        await eventually(is_asked)
        assert await first.value("TIC-201.Kind") == "controller"
        assert not coming.done()
        go.set()
        assert await coming == "Good"


async def test_few_passwords_of_one_address_wait_and_all_of_others() -> None:
    users = HeldUsers()
    identities = Identities(users)
    try:
        waiting = [asyncio.create_task(identities.check("eve", "wrong", PEER)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(ServiceError):
            await identities.check("eve", "wrong", PEER)
        other = asyncio.create_task(identities.check("bob", "right", "192.0.2.8"))
        await asyncio.sleep(0)
        users.go.set()
        await asyncio.gather(other, *waiting)
    finally:
        users.go.set()
        identities.close()


async def test_a_password_that_was_looked_at_is_good_for_one_question() -> None:
    users = HeldUsers()
    users.go.set()
    identities = Identities(users)
    try:
        await identities.check("bob", "right", PEER)
        users.asked.clear()
        core: Any = None
        user = identities.get_user(core, "bob", "right")
        assert user is not None
        assert user.plant_role is Role.OPERATOR
        assert not users.asked.is_set()
        assert identities.get_user(core, "bob", "wrong") is None
        assert users.asked.is_set()
    finally:
        identities.close()


async def test_an_address_that_guesses_for_many_names_is_slowed_down() -> None:
    now = 0.0
    peers = Attempts(lambda: now, free=FREE_ATTEMPTS_OF_PEER, forgotten_after=FORGOTTEN_AFTER)
    users = HeldUsers()
    users.go.set()
    identities = Identities(users, peers)
    try:
        for guess in range(FREE_ATTEMPTS_OF_PEER):
            await identities.check("bob", "right", PEER)  # does not make up for it
            await identities.check(f"user{guess}", "wrong", PEER)
        with pytest.raises(ServiceError):
            await identities.check("bob", "right", PEER)
        await identities.check("bob", "right", "192.0.2.8")
        now += LONGEST_DELAY
        await identities.check("bob", "wrong", PEER)
        now += LONGEST_DELAY + FORGOTTEN_AFTER + 1.0
        for guess in range(FREE_ATTEMPTS_OF_PEER - 1):
            await identities.check(f"user{guess}", "wrong", PEER)
        await identities.check("bob", "right", PEER)
    finally:
        identities.close()


def test_secrets_are_no_part_of_what_is_said(caplog: pytest.LogCaptureFixture) -> None:
    identities = Identities(Users({}))
    core: Any = None
    try:
        assert identities.get_user(core, "eve", "my-own-secret") is None
    finally:
        identities.close()
    assert "eve" in caplog.text
    assert "my-own-secret" not in caplog.text
