"""What an operator does step by step, by keys: an alarm from its coming to its shelving, a remark, a certificate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua

from hmi.app import HmiApp
from hmi.comm.known import FILE, ChangedCertificate, KnownServers, Seen
from hmi.comm.login import Login
from hmi.screens.connect import Connect
from hmi.screens.trust import Trust
from hmi.screenshot import screen_text
from hmi.view import Target

SitDown = Callable[..., AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def high(desk: Any, endpoint: str) -> AsyncIterator[str]:
    """The alarm TIC-201 H stands, for its limit is below the temperature; gives its name."""
    tag = desk.app.view.plant.tags["TIC-201"]
    (name,) = (alarm.name for alarm in tag.alarms if alarm.condition == "H")
    limit = tag.limits["H"]
    async with Client(endpoint) as client:
        node = client.get_node(ua.NodeId("TIC-201.H", await client.get_namespace_index("urn:plantsim:plant")))
        await node.write_value(ua.Variant(desk.value("TIC-201.PV") - 5, ua.VariantType.Double))
        try:
            await desk.app.link.call("Step", 120.0)
            await desk.until(lambda: desk.app.view.book.get(name).active)
            yield name
        finally:
            await node.write_value(ua.Variant(limit, ua.VariantType.Double))
            await desk.app.link.call("Step", 120.0)
            await desk.app.link.call("Run")
            await desk.until(lambda: not desk.app.view.book.get(name).active)


async def comment_of(endpoint: str, alarm: str) -> str:
    """The comment that an alarm has on the server."""
    async with Client(endpoint) as client:
        index = await client.get_namespace_index("urn:plantsim:plant")
        value = await client.get_node(ua.NodeId(f"{alarm}.Comment", index)).read_value()
        return str(value.Text)


async def test_an_alarm_is_commented_shelved_and_heard_again(endpoint: str, sit_down: SitDown) -> None:
    """k and words: they are on the server and in the journal; s with minutes and a reason: it is withheld; u: it is on
    the list again; A acknowledges what is in sight."""
    async with sit_down(endpoint) as desk, high(desk, endpoint) as name:
        book = desk.app.view.book
        await desk.press("f2")
        await desk.see("TIC-201   H")
        desk.app.view.cursor = Target("alarm", name)
        await desk.press("k")
        await desk.see("comment on TIC-201 H:")
        await desk.type("  ")
        await desk.see("some words are needed")
        await desk.type("sensor is being cleaned")
        await desk.see('comment on TIC-201 H: "sensor is being cleaned" done')
        assert await comment_of(endpoint, name) == "sensor is being cleaned"
        assert 'comment on TIC-201 H: "sensor is being cleaned"' in {
            entry.text for entry in desk.app.view.journal.newest_first() if entry.tag == "TIC-201"
        }
        await desk.press("s")
        await desk.type("10 cleaning")
        await desk.see('shelve TIC-201 H for 10 min, "cleaning"')
        await desk.press("enter")
        await desk.until(lambda: book.get(name).shelved)
        await desk.until(lambda: name not in {record.alarm.name for record in book.standing()})
        await desk.press("tab")
        await desk.see("timed shelved")
        desk.app.view.cursor = Target("alarm", name)
        await desk.press("u")
        await desk.see("unshelve TIC-201 H done")
        await desk.until(lambda: not book.get(name).shelved)
        await desk.press("tab", "tab", "tab")
        await desk.see("standing")
        await desk.press("A")
        await desk.until(lambda: book.get(name).acked)


async def test_a_remark_is_written_and_found_again(endpoint: str, sit_down: SitDown) -> None:
    """n on the journal; Tab shows the remarks alone; nothing typed is no remark."""
    async with sit_down(endpoint, (80, 24)) as desk:
        await desk.press("f4", "n", "enter")
        await desk.see("nothing was written")
        await desk.press("n")
        await desk.type("lot 7 is in the bin")
        await desk.see("NOTE    operator   ")
        while desk.display.listing.kind is None or desk.display.listing.kind.value != "NOTE":
            await desk.press("tab")
        await desk.see("JOURNAL  note")
        await desk.see("lot 7 is in the bin")
        assert "connected to" not in desk.text


@pytest.mark.parametrize(
    ("keys", "place", "trusted"),
    [("T", "", True), ("escape", "", False), ("", "T  trust", True), ("", "Esc  stay", False)],
)
async def test_another_certificate_is_trusted_or_not(tmp_path: Path, keys: str, place: str, trusted: bool) -> None:
    """By key or click; what is decided is remembered, and ctrl+t shows both certificates again."""
    known = KnownServers(tmp_path / FILE)
    endpoint = "opc.tcp://127.0.0.1:4840/plantsim"
    first = known.check(endpoint, b"first")
    app = HmiApp(endpoint, Login(folder=tmp_path))
    app._connect = lambda: None  # type: ignore[method-assign]  # there is nobody to connect to
    async with app.run_test(size=(80, 24)) as pilot:
        app.link.changed = ChangedCertificate(Seen(first.server, first.fingerprint, "2026-02-01"), "ab" * 32)
        app.tick()
        await pilot.pause()
        assert isinstance(app.screen, Trust)
        app.tick()
        if place:
            lines = screen_text(app).splitlines()
            y = next(y for y, line in enumerate(lines) if place in line)
            await pilot.click(offset=(lines[y].index(place), y))
        else:
            await pilot.press(keys)
        await pilot.pause()
        assert isinstance(app.screen, Connect)
        assert (app.link.changed is None) is trusted
        assert ("ab" * 32 in (tmp_path / FILE).read_text()) is trusted
        if not trusted:
            await pilot.press("ctrl+t")
            assert isinstance(app.screen, Trust)
        assert app.defects == 0
