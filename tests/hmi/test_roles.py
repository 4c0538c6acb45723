"""Who may do what is to be seen before it is tried: the role on every display, what it may not offered to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from textual.widgets import Input

from hmi.comm.login import Login
from hmi.journal import as_csv
from hmi.screens.connect import Connect
from hmi.view import Target
from hmi.widgets.entryline import Stage

SitDown = Callable[..., AbstractAsyncContextManager[Any]]
SIZES = [(80, 24), *(pytest.param(size, marks=pytest.mark.long) for size in ((120, 40), (160, 50)))]


@pytest.mark.parametrize("size", SIZES)
async def test_an_observer_is_told_and_offered_nothing_to_do(
    guarded: Any, sit_down: SitDown, size: tuple[int, int]
) -> None:
    """On every display the role is on the last line; a write or an acknowledgement is refused before it is sent."""
    async with sit_down(guarded.endpoint, size) as desk:
        for keys in (["0"], ["2"], ["f2"], ["f3"], ["f4"], ["f5"], ["f6"], ["f8"], ["f10"]):
            await desk.press(*keys)
            await desk.until(lambda: "observer" in desk.foot)
        assert "c Start/Hold" not in desk.foot
        desk.app.go_to("TIC-201")
        await desk.until(lambda: "observer: log in to operate, L" in desk.foot)
        for offered in ("Set point", "Output", "Mode", "Write", "Ack"):
            assert offered not in desk.foot
        for key in ("p", "o", "m"):
            await desk.press(key)
            await desk.see("anonymous users may not write it; L logs in")
            assert desk.display.line.stage is Stage.IDLE
        name = next(iter(desk.app.view.plant.alarms))
        for field, value in (("ActiveState.Id", True), ("AckedState.Id", False)):  # as if it had come
            desk.app.view.book.put(name, field, value)
        await desk.press("f2")
        desk.app.view.cursor = Target("alarm", name)
        await desk.until(lambda: "observer: log in to operate, L" in desk.foot)
        for offered in ("Ack", "Shelve", "Comment"):
            assert offered not in desk.foot
        for key, word in (("a", "acknowledge"), ("A", "acknowledge"), ("s", "shelve"), ("k", "comment on")):
            await desk.press(key)
            await desk.see(f" {word} ")
            assert "observers may not; L logs in" in desk.text
            assert desk.display.line.stage is Stage.IDLE
        await desk.press("f1")
        await desk.see("observer: not what is in brackets; L logs in")
        await desk.until(lambda: "(new set point, then confirm)" in desk.text)


async def test_a_wrong_password_at_the_start_is_named(guarded: Any, sit_down: SitDown) -> None:
    """The station goes on trying, and says as whom."""
    async with sit_down(guarded.endpoint, (80, 24), login=Login("operator", "wrong"), wait=False) as desk:
        await desk.see("last error: the server does not accept this user or password")
        assert "as operator" in desk.text
        assert isinstance(desk.app.screen, Connect)


async def test_whoever_logs_in_goes_on_as_what_he_is(guarded: Any, sit_down: SitDown) -> None:
    """A wrong password is named and changes nothing; the right one makes an operator of the observer, an empty name an
    observer of him again. What is typed as a password is on the screen at no time."""
    async with sit_down(guarded.endpoint, (80, 24)) as desk:
        desk.app.go_to("TIC-201")
        await desk.until(lambda: "observer: log in to operate, L" in desk.foot)
        await desk.press("L")
        await desk.see("now observer; log in as (empty: observer):")
        await desk.type("operator")
        await desk.see("password of operator:")
        await desk.press(*"xyzzy")
        await desk.see("•••••")
        assert "xyzzy" not in desk.text
        await desk.press("enter")
        await desk.see("not logged in as operator: the server does not accept this user or password")
        assert desk.app.view.role == "observer"
        assert desk.app.view.link.online
        await desk.press("L")
        await desk.type("operator")
        await desk.type(guarded.passwords["operator"])
        await desk.until(lambda: desk.app.view.role == "operator" and desk.app.view.link.online)
        await desk.until(lambda: desk.foot.endswith("operator") and "p Set point" in desk.foot)
        assert "log in" not in desk.foot
        assert desk.display.face is not None
        before = desk.value("TIC-201.SP")
        for value in (before + 1, before):
            await desk.press("p")
            assert desk.display.line.query_one(Input).password is False
            await desk.type(f"{value}")
            await desk.press("enter")
            await desk.see(f"-> {value:.1f} °C done")
        assert next(desk.app.view.journal.newest_first()).who == "operator"
        await desk.press("L", "enter")
        await desk.until(lambda: desk.app.view.role == "observer" and desk.app.view.link.online)
        await desk.until(lambda: "observer: log in to operate, L" in desk.foot)


async def test_what_an_instructor_did_is_not_left_to_the_next_at_his_desk(guarded: Any, sit_down: SitDown) -> None:
    """Not in the journal, which would tell what is wrong, until an instructor sits there again; nor who set what."""
    async with sit_down(guarded.endpoint, (120, 40), login=guarded.login("instructor")) as desk:
        for name, argument in (("Inject", "sweep-fan-trip"), ("Clear", "sweep-fan-trip")):
            course = (0.0, 0.0, 0.0) if name == "Inject" else ()
            desk.app.operations.instruct._do(desk.display.line, f"{name} {argument}", name, argument, *course)
            await desk.see(f"{name} {argument}: done")
        desk.app.go_to("TIC-201")
        await desk.until(lambda: "TIC-201" in desk.app.view.hands.writes)
        hands = desk.app.view.hands
        await desk.press("f4")
        await desk.see("Inject sweep-fan-trip")
        for user, seen in (("operator", False), ("instructor", True)):
            await desk.press("L")
            await desk.type(user)
            await desk.type(guarded.passwords[user])
            await desk.until(lambda user=user: desk.app.view.role == user and desk.app.view.link.online)
            await desk.see("connected to")
            desk.display.paint(force=True)
            assert ("sweep-fan-trip" in desk.text) is seen
            assert ("sweep-fan-trip" in as_csv(desk.display.listing.entries())) is seen
        assert desk.app.view.hands is not hands


async def test_nobody_logs_in_over_an_answer_that_is_awaited(
    guarded: Any, sit_down: SitDown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be lost with the connection, or the write be put down to whoever comes."""
    async with sit_down(guarded.endpoint, (80, 24), login=guarded.login("operator")) as desk:
        answered = asyncio.Event()
        write = desk.app.link.write

        async def slow(*change: Any) -> Any:
            await answered.wait()
            return await write(*change)

        monkeypatch.setattr(desk.app.link, "write", slow)
        desk.app.go_to("TIC-201")
        before = desk.value("TIC-201.SP")
        await desk.press("p")
        await desk.type(f"{before}")
        await desk.press("enter", "L")
        await desk.type("engineer")
        await desk.type(guarded.passwords["engineer"])
        await desk.see("not logged in as engineer: an answer is still awaited")
        assert desk.app.view.user == "operator"
        answered.set()
        await desk.until(lambda: next(desk.app.view.journal.newest_first()).tag == "TIC-201")
        assert next(desk.app.view.journal.newest_first()).who == "operator"
        await desk.until(lambda: not desk.app.operations.pending)


@pytest.mark.long
async def test_an_engineer_tunes_and_an_operator_does_not(guarded: Any, sit_down: SitDown) -> None:
    """The footer names a user whose name is not that of the role, and w has what the role may."""
    async with sit_down(guarded.endpoint, login=guarded.login("engineer")) as desk:
        assert desk.app.view.role == "engineer"
        desk.app.go_to("TIC-201")
        await desk.press("w")
        await desk.see("write which (")
        assert "Gain" in desk.display.line.text
        await desk.press("escape")
        desk.app.view.user = "ann"
        await desk.until(lambda: desk.foot.endswith("ann, engineer"))
    async with sit_down(guarded.endpoint, login=guarded.login("operator")) as desk:
        desk.app.go_to("TIC-201")
        await desk.press("w")
        await desk.see("write which (")
        assert "Gain" not in desk.display.line.text
