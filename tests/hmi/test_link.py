"""The link: a server that is away, dies, comes back; and what is browsed of it."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from hmi.alarms import AlarmBook
from hmi.comm.browse import browse_plant
from hmi.comm.link import Link, Phase
from hmi.comm.login import Login
from hmi.comm.outcome import quality_words, refusal
from hmi.model import ValueClass
from hmi.store import Quality, TagStore

SitDown = Callable[..., AbstractAsyncContextManager[Any]]
StartPlant = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_browse_gives_the_plant_in_flow_order(endpoint: str) -> None:
    """Areas, units with their connections, tags with kind, unit, range, limits and band, alarms, methods."""
    async with await Login().client(endpoint) as client:
        plant = (await browse_plant(client)).plant
    assert [area.id for area in plant.areas][:3] == ["feed", "leach", "iron"]
    assert "R-202" in plant.units["R-201"].to
    tag = plant.tags["TIC-201"]
    assert (tag.kind, tag.area, tag.unit) == ("controller", "leach", "R-201")
    member = tag.members["SP"]
    assert (member.value_class, member.eu, member.low, member.high) == (ValueClass.NUMBER, "°C", 0.0, 120.0)
    assert member.writable
    assert not tag.members["PV"].for_others
    assert tag.members["MODE"].states == ("Manual", "Automatic", "Cascade", "External")
    assert tag.limits["HH"] > tag.limits["H"]
    assert tag.normal is not None
    assert tag.normal[0] < 60 < tag.normal[1]
    alarm = plant.alarms["TIC-201.HH.Alarm"]
    assert (alarm.priority, alarm.tag, alarm.condition) == (1, "TIC-201", "HH")
    assert alarm.cause
    assert alarm.consequence
    assert alarm.response
    assert plant.methods > {"Run", "Freeze", "Step", "SetSpeed", "Inject", "Backtrack"}
    assert [purity.analyser for purity in plant.purities][:2] == ["AI-701", "AI-702"]
    assert set(plant.interlocks) == {tag.id for tag in plant.tags.values() if tag.kind == "interlock"}
    for device, tag in plant.tags.items():
        assert set(tag.tripped_by) == {id_ for id_, one in plant.interlocks.items() if device in dict(one.effects)}


async def test_a_server_that_is_no_plant_is_named_as_such() -> None:
    """Connecting to some other OPC UA server says so instead of showing an empty plant."""
    from asyncua import Server

    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0/other")
    async with server:
        port = server.bserver._server.sockets[0].getsockname()[1]
        link = Link(f"opc.tcp://127.0.0.1:{port}/other", Login(), TagStore(), AlarmBook())
        task = asyncio.create_task(link.run())
        async with asyncio.timeout(10):
            while "not a plantsim server" not in link.state.error:
                await asyncio.sleep(0.02)
        task.cancel()


@pytest.mark.long
async def test_server_away_at_start_is_shown_and_waited_for(
    start_plant: StartPlant, sit_down: SitDown, free_port: int
) -> None:
    """Endpoint, attempt and reason are on the screen; when the server comes the overview does."""
    endpoint = f"opc.tcp://127.0.0.1:{free_port}/plantsim"
    async with sit_down(endpoint, wait=False) as desk:
        await desk.see(f"connecting to {endpoint}")
        await desk.see("last error: nobody listens there")
        await desk.see("attempt 2")
        with start_plant("--opcua", str(free_port), "--insecure"):
            await desk.see("OVERVIEW")


async def test_server_that_dies_is_missed_and_found_again(
    start_plant: StartPlant, sit_down: SitDown, free_port: int
) -> None:
    """The banner tells since when, no value looks good, writes are not sent; a restart brings all back by itself."""
    options = ("--opcua", str(free_port), "--insecure")
    with start_plant(*options) as endpoint:
        desk_open = sit_down(endpoint)
        desk = await desk_open.__aenter__()
        desk.display.open_face("TIC-201")
    await desk.see("no connection since")
    await desk.see("OFFLINE")
    await desk.until(lambda: "---" in desk.text)
    assert not re.search(r"PV +\d", desk.text)
    with start_plant(*options):
        await desk.until(lambda: desk.app.link.state.online, within=20)
        await desk.until(lambda: re.search(r"PV +\d", desk.text))
        assert desk.app.link.state.generation == 2
        await desk_open.__aexit__(None, None, None)


async def test_values_of_a_way_back_that_failed_do_not_look_good(endpoint: str) -> None:
    """They came before the connection was whole, and nobody sends any after them."""
    store, book = TagStore(), AlarmBook()
    store.lay_out(["TIC-201.PV"], (), None)
    link = Link(endpoint, Login(), store, book)
    link.state = replace(link.state, phase=Phase.LOST)
    store.put(0, 60.0, 0, 1.0)
    assert store.number("TIC-201.PV") == 60.0
    link._lost(ConnectionError("in between"))
    assert store.read("TIC-201.PV").quality is Quality.BAD
    assert book.stale


async def test_failed_worker_does_not_take_the_display_away(
    endpoint: str, sit_down: SitDown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a defect of the link's own only costs a second."""
    run, broken = Link.run, [True]

    async def run_once_broken(self: Link) -> None:
        if broken.pop() if broken else False:
            raise RuntimeError("defect")
        await run(self)

    monkeypatch.setattr(Link, "run", run_once_broken)
    async with sit_down(endpoint) as desk:
        assert desk.app.link.state.phase is Phase.ONLINE


async def test_requests_without_a_connection_are_not_sent(endpoint: str) -> None:
    """The answer says that nothing was sent, not that it failed."""
    async with await Login().client(endpoint) as client:
        plant = (await browse_plant(client)).plant
    link = Link(endpoint, Login(), TagStore(), AlarmBook())
    outcome = await link.write(plant.tags["TIC-201"].members["SP"], 60.0)
    assert not outcome.ok
    assert outcome.text == "no connection; nothing was sent"
    assert (await link.call("Run")).text == "no connection; nothing was sent"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0x801F0000, "your role may not do this"),
        (0x803B0000, "it is read-only"),
        (0x803C0000, "the value is outside its range"),
        (0x80740000, "the value is not of its type"),
        (0x80AF0000, "not in this mode"),
        (0x80E40000, "an interlock holds it"),
        (0x80040000, "the area is under external control"),
        (0x80020000, "BadInternalError"),
    ],
)
def test_refusals_are_words(status: int, words: str) -> None:
    """Each status of the contract has its words; others keep the standard's name."""
    assert refusal(status).text == words


def test_quality_in_words() -> None:
    """What the faceplate says of a value."""
    assert quality_words(0) == "good"
    assert quality_words(0x808C0000) == "bad, sensor failure"
    assert quality_words(0x40000000) == "uncertain"
    assert quality_words(0x00960000) == "good, forced by hand"
