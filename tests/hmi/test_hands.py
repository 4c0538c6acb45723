"""Several desks at one plant: nobody writes over what another has just set without having seen it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from asyncua import Client, ua

from hmi.hands import Hands, LastWrite, Meanwhile, driven
from hmi.model import Plant, TagObject
from hmi.store import TagStore
from hmi.widgets.entryline import Stage

SitDown = Callable[..., AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def second_desk(guarded: Any, user: str) -> AsyncIterator[Callable[[str, float], Any]]:
    """Another client that writes, with a login of its own."""
    client = Client(guarded.endpoint)
    client.set_user(user)
    client.set_password(guarded.passwords[user])
    async with client:
        index = await client.get_namespace_index("urn:plantsim:plant")

        async def write(name: str, value: float) -> None:
            node = client.get_node(ua.NodeId(name, index))
            kind = (await node.read_data_value()).Value.VariantType
            await node.write_value(ua.DataValue(ua.Variant(value, kind)))

        yield write


async def test_what_another_sets_meanwhile_is_seen_before_it_is_written_over(guarded: Any, sit_down: SitDown) -> None:
    """In the middle of typing and of confirming: the line has the new value, says who set it, and the first Enter only
    takes note; then the faceplate tells who did what."""
    async with (
        sit_down(guarded.endpoint, (120, 40), login=guarded.login("operator")) as desk,
        second_desk(guarded, "engineer") as write,
    ):
        before = round(desk.value("TIC-201.SP"))
        desk.app.go_to("TIC-201")
        await desk.see("set       by nobody since the start")
        await desk.press("p")
        await write("TIC-201.SP", before + 1)
        await desk.see(f"changed by engineer from {before}.0 to {before + 1}.0")
        await desk.type(f"{before + 3}")
        await desk.see(f"TIC-201 SP {before + 1}.0 -> {before + 3}.0 °C")
        await desk.see("Enter send")
        await write("TIC-201.SP", before + 2)
        await desk.see(f"TIC-201 SP {before + 2}.0 -> {before + 3}.0 °C")
        await desk.see(f"changed by engineer from {before}.0")
        await desk.see("Enter take note")
        await desk.press("enter")
        assert desk.display.line.stage is Stage.CONFIRMING
        await desk.see("Enter send")
        assert desk.value("TIC-201.SP") == before + 2
        await desk.press("enter")
        await desk.see(f"SP {before + 2}.0 -> {before + 3}.0 °C done")
        assert desk.value("TIC-201.SP") == before + 3
        await desk.see(f"set       SP {before + 3}.0 by operator ")
        await write("TIC-201.SP", before)
        await desk.see(f"set       SP {before}.0 by engineer ")
        await desk.press("p")
        await desk.type(f"{before + 1}")
        await write("TIC-201.SP", before + 4)
        await desk.see("Enter take note")
        await desk.press("escape")
        await desk.see("cancelled, nothing was sent")
        await write("TIC-201.SP", before)


async def test_a_drive_that_stops_meanwhile_is_not_stopped_unseen(guarded: Any, sit_down: SitDown) -> None:
    """Also where nothing is typed: c asks for the other state, and another desk has brought it about before Enter."""
    async with (
        sit_down(guarded.endpoint, (80, 24), login=guarded.login("operator")) as desk,
        second_desk(guarded, "engineer") as write,
    ):
        desk.app.go_to("AG-203")
        await desk.press("c")
        await desk.see("AG-203 CMD Start -> Stop")
        try:
            await write("AG-203.CMD", False)
            await desk.see("AG-203 CMD Stop -> Stop")
            await desk.see("changed by engineer from Start")
            await desk.press("enter", "escape")
            await desk.see("cancelled, nothing was sent")
        finally:
            await write("AG-203.CMD", True)
        await desk.until(lambda: desk.value("AG-203.CMD") == 1)
        await desk.see("CMD Start by engineer")


def _store(tag: TagObject) -> TagStore:
    store = TagStore()
    store.lay_out([m.name for m in tag.members.values()], [f"{tag.id}.{name}" for name in ("PV", "SP", "OP")], None)
    for name, value in (("PV", 60.0), ("SP", 60.0), ("OP", 40.0), ("MODE", 1)):
        store.put(store.slot(f"{tag.id}.{name}"), value, 0, 1.0)
    return store


def test_what_a_loop_moves_is_no_surprise(make_controller: Callable[..., TagObject]) -> None:
    """The output in Automatic moves all the time; the server refuses to have it written, and says so."""
    tag = make_controller("TIC-201", "R-201")
    store = _store(tag)
    output, setpoint = (Meanwhile(store, Hands(), tag, tag.members[name]) for name in ("OP", "SP"))
    for name in ("OP", "SP"):
        store.put(store.slot(f"TIC-201.{name}"), 50.0, 0, 2.0)
    output.look(1.0)
    setpoint.look(1.0)
    assert (output.value, output.unseen, output.words) == (50.0, False, "")
    assert (setpoint.value, setpoint.unseen, setpoint.words) == (50.0, True, "changed from 60.0")
    store.put(store.slot("TIC-201.MODE"), 2, 0, 3.0)
    assert driven(store, tag, tag.members["SP"])
    assert not driven(store, tag, tag.members["MODE"])


def test_a_valve_is_its_loops_while_that_is_in_automatic(make_plant: Callable[..., Plant]) -> None:
    small = make_plant()
    valve, loop = small.tags["TV-200"], small.tags["TIC-200"]
    store = _store(loop)
    assert not driven(store, valve, valve.members["CMD"])
    valve.set_by = ("TIC-200",)
    assert driven(store, valve, valve.members["CMD"])


def test_who_did_it_is_said_once_the_server_has_told(make_controller: Callable[..., TagObject]) -> None:
    """Nobody before, and the plant where what stands there is nobody's writing."""
    tag = make_controller("TIC-201", "R-201")
    store, hands = _store(tag), Hands()
    meanwhile = Meanwhile(store, hands, tag, tag.members["SP"])
    store.put(store.slot("TIC-201.SP"), 61.0, 0, 2.0)
    meanwhile.look(10.0)
    assert meanwhile.words == "changed from 60.0"
    hands.writes["TIC-201"] = (LastWrite("SP", "61", "ann", 2.0),)
    hands.asked["TIC-201"] = 9.0
    assert meanwhile.words == "changed from 60.0", "an answer from before the change"
    hands.asked["TIC-201"] = 11.0
    assert meanwhile.words == "changed by ann from 60.0"
    store.put(store.slot("TIC-201.SP"), 62.0, 0, 3.0)
    meanwhile.look(12.0)
    hands.asked["TIC-201"] = 13.0
    assert meanwhile.words == "changed by the plant from 60.0"


def test_the_last_move_of_a_loop_that_is_heard_of_late_is_no_surprise(
    make_controller: Callable[..., TagObject],
) -> None:
    """Outputs are told a second after the mode: what stands since before the entry was opened is no change."""
    tag = make_controller("TIC-201", "R-201")
    store = _store(tag)
    store.put(store.slot("TIC-201.MODE"), 0, 0, 5.0)
    meanwhile = Meanwhile(store, Hands(), tag, tag.members["OP"])
    store.put(store.slot("TIC-201.OP"), 41.0, 0, 4.5)
    meanwhile.look(1.0)
    assert (meanwhile.value, meanwhile.unseen) == (41.0, False)
    store.put(store.slot("TIC-201.OP"), 42.0, 0, 6.0)
    meanwhile.look(2.0)
    assert meanwhile.unseen


def test_a_value_that_is_bad_for_a_while_is_no_change(make_controller: Callable[..., TagObject]) -> None:
    tag = make_controller("TIC-201", "R-201")
    store = _store(tag)
    meanwhile = Meanwhile(store, Hands(), tag, tag.members["SP"])
    store.put(store.slot("TIC-201.SP"), 61.0, 0x808C0000, 2.0)
    meanwhile.look(1.0)
    store.put(store.slot("TIC-201.SP"), 60.0, 0, 3.0)
    meanwhile.look(2.0)
    assert not meanwhile.unseen
