"""Operating a running plant through the HMI: set points, modes, refusals, alarms, time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua

from hmi.comm.login import Login
from hmi.view import Target
from hmi.widgets.entryline import Stage
from plantsim.serve.opcua_trust import TrustList

SitDown = Callable[..., AbstractAsyncContextManager[Any]]
StartPlant = Callable[..., AbstractContextManager[str]]


async def write(endpoint: str, **values: float | bool | int) -> None:
    """Write members as another client, such as ``TIC_201__SP=60.0``."""
    async with Client(endpoint) as client:
        index = await client.get_namespace_index("urn:plantsim:plant")
        for name, value in values.items():
            node = client.get_node(ua.NodeId(name.replace("__", ".").replace("_", "-"), index))
            kind = (await node.read_data_value()).Value.VariantType
            await node.write_value(ua.DataValue(ua.Variant(value, kind)))


async def test_set_point_is_typed_confirmed_sent_and_read_back(endpoint: str, sit_down: SitDown) -> None:
    """From the key to the value in force, each stage to be seen, and nothing sent before Enter."""
    async with sit_down(endpoint) as desk:
        before = desk.value("TIC-201.SP")
        desk.display.open_face("TIC-201")
        await desk.press("p")
        await desk.see("TIC-201 SP (0.0 .. 120.0 °C):")
        await desk.type(f"{before + 1}")
        await desk.see(f"TIC-201 SP {before:.1f} -> {before + 1:.1f} °C")
        assert desk.display.line.stage is Stage.CONFIRMING
        assert desk.value("TIC-201.SP") == before
        await desk.press("enter")
        await desk.see(f"{before + 1:.1f} °C done")
        assert desk.value("TIC-201.SP") == before + 1
        await write(endpoint, TIC_201__SP=before)
        await desk.until(lambda: desk.value("TIC-201.SP") == before)


async def test_escape_sends_nothing(endpoint: str, sit_down: SitDown) -> None:
    """Neither while typing nor while confirming; and no other key confirms."""
    async with sit_down(endpoint) as desk:
        before = desk.value("TIC-201.SP")
        desk.display.open_face("TIC-201")
        await desk.press("p", "escape")
        await desk.until(lambda: not desk.display.line.engaged)
        await desk.press("p")
        await desk.type(f"{before + 1}")
        await desk.press("y", "space", "2")
        assert desk.display.line.stage is Stage.CONFIRMING
        await desk.press("escape")
        await desk.see("cancelled, nothing was sent")
        assert desk.value("TIC-201.SP") == before


async def test_an_answer_and_what_the_plant_did_stand_side_by_side(endpoint: str, sit_down: SitDown) -> None:
    """Whichever comes first: neither is lost to the other, and the next answer takes the place of the last."""
    async with sit_down(endpoint) as desk:
        line = desk.display.line
        line.say("P-201 CMD Start done")
        line.tell("SOP-701 done: Take the master out")
        await desk.see("P-201 CMD Start done   SOP-701 done: Take the master out")
        line.say("P-201 CMD Stop done")
        await desk.see("P-201 CMD Stop done   SOP-701 done: Take the master out")


async def test_range_is_checked_before_anything_is_sent(endpoint: str, sit_down: SitDown) -> None:
    """The prompt stays, with what is allowed."""
    async with sit_down(endpoint) as desk:
        desk.display.open_face("TIC-201")
        await desk.press("p")
        await desk.type("500")
        await desk.see("500 is outside 0.0 .. 120.0 °C")
        assert desk.display.line.stage is Stage.ASKING


async def test_refusal_by_mode_is_said_in_words(endpoint: str, sit_down: SitDown) -> None:
    """The output of a controller in Automatic is the controller's; in Manual it is the operator's."""
    async with sit_down(endpoint) as desk:
        assert desk.value("TIC-202.MODE") == 1
        desk.display.open_face("TIC-202")
        await desk.press("o")
        await desk.type("11")
        await desk.press("enter")
        await desk.see("refused: not in this mode")
        await desk.press("m")
        await desk.see("(Manual, Automatic, Cascade, External)")
        await desk.type("man")
        await desk.see("TIC-202 MODE Automatic -> Manual")
        await desk.press("enter")
        await desk.see("Manual done")
        output = desk.value("TIC-202.OP")
        await desk.press("o")
        await desk.type(f"{output + 1:.1f}")
        await desk.press("enter")
        await desk.see("% done")
        await write(endpoint, TIC_202__MODE=1)


async def test_drive_is_commanded_by_name_of_its_states(endpoint: str, sit_down: SitDown) -> None:
    """Start and stop are read out as such."""
    async with sit_down(endpoint) as desk:
        running = desk.value("AG-203.RUN")
        assert running == 1
        desk.display.open_face("AG-203")
        await desk.press("c")
        await desk.see("AG-203 CMD Start -> Stop")
        await desk.press("enter")
        await desk.see("Stop done")
        await desk.until(lambda: desk.value("AG-203.RUN") == 0)
        await desk.press("c", "enter")
        await desk.see("Start done")
        await desk.until(lambda: desk.value("AG-203.RUN") == 1)


async def test_any_member_is_written_by_name(endpoint: str, sit_down: SitDown) -> None:
    """w asks which, by its beginning, then goes the way of every write: tuning as well as limits."""
    async with sit_down(endpoint) as desk:
        desk.display.open_face("TIC-201")
        await desk.see("tuning")
        await desk.until(lambda: desk.value("TIC-201.Gain") > 0)
        before = desk.value("TIC-201.Gain")
        await desk.press("w")
        await desk.see("TIC-201: write which (")
        await desk.type("x")
        await desk.see("'x' is not one of ")
        await desk.type("ga")
        await desk.see("TIC-201 Gain (")
        await desk.type(f"{before + 1}")
        await desk.press("enter")
        await desk.see("done")
        await desk.until(lambda: abs(desk.value("TIC-201.Gain") - before - 1) < 1e-6)
        await write(endpoint, TIC_201__Gain=before)


@pytest.mark.long
async def test_what_is_offered_follows_the_login(start_plant: StartPlant, sit_down: SitDown, tmp_path: Path) -> None:
    """Anonymous only looks, an operator writes but does not freeze, a wrong password is named as the reason."""
    with start_plant("--opcua", "0") as endpoint:
        async with sit_down(endpoint, login=Login("operator", "wrong"), wait=False) as desk:
            await desk.see("last error: the server does not accept this user or password")
        passwords = dict(line.split() for line in (tmp_path / "initial-passwords.txt").read_text().splitlines())
        login = Login("operator", passwords["operator"], "encrypt", tmp_path / "client")
        async with sit_down(endpoint, login=login, wait=False) as desk:
            await desk.see("the server does not trust this client's certificate yet")
        (turned_away,) = TrustList(tmp_path).known()
        TrustList(tmp_path).trust(turned_away.name)
        async with sit_down(endpoint, login=login) as desk:
            assert "Freeze" not in desk.text
            assert not desk.app.view.plant.instructs
            assert "F9" not in desk.text
            known = [
                entry.text for entry in desk.app.view.journal.newest_first() if "is known from now on" in entry.text
            ]
            assert len(known) == 1
            desk.display.open_face("TIC-201")
            await desk.press("p")
            await desk.type(f"{desk.value('TIC-201.SP') + 1}")
            await desk.press("enter")
            await desk.see("°C done")
        async with sit_down(endpoint) as desk:
            assert desk.app.view.plant.methods == frozenset()
            assert "Freeze" not in desk.text
            desk.display.open_face("TIC-201")
            await desk.press("p")
            await desk.see("TIC-201 SP: anonymous users may not write it")


async def test_alarm_is_listed_explained_and_acknowledged(endpoint: str, sit_down: SitDown) -> None:
    """An alarm that rises is on the banner and the list, says what to do, and is acknowledged by a."""
    async with sit_down(endpoint) as desk:
        tag = desk.app.view.plant.tags["TIC-201"]
        alarm = next(alarm for alarm in tag.alarms if alarm.condition == "H")
        limit = tag.limits["H"]
        await write(endpoint, TIC_201__H=desk.value("TIC-201.PV") - 5)
        book = desk.app.view.book
        try:
            await desk.press("f2")
            await desk.app.link.call("Step", 120.0)
            await desk.until(lambda: any(r.alarm is alarm for r in book.standing()))
            desk.app.view.cursor = Target("alarm", alarm.name)
            desk.display.paint(force=True)
            await desk.see(alarm.response[:30])
            assert not book.get(alarm.name).acked
            await desk.press("a")
            await desk.see("TIC-201 H acknowledged")
            await desk.until(lambda: book.get(alarm.name).acked)
            await desk.press("a")
            await desk.see("already acknowledged")
        finally:
            await write(endpoint, TIC_201__H=limit)
            await desk.app.link.call("Step", 120.0)
            await desk.app.link.call("Run")
        await desk.until(lambda: not book.get(alarm.name).active)


@pytest.mark.long
async def test_alarm_is_followed_through_list_history_and_metrics(
    start_plant: StartPlant, sit_down: SitDown, tmp_path: Path
) -> None:
    """Tab leads from the standing alarms to the withheld, the history and the figures; what came is in all of them."""
    with start_plant("--opcua", "0", "--insecure") as endpoint:
        async with sit_down(endpoint) as desk:
            await desk.press("f2")
            await desk.see("ALARMS  0 standing")
            await write(endpoint, TIC_201__H=desk.value("TIC-201.PV") - 5)
            await desk.app.link.call("Step", 120.0)
            await desk.see("ALARMS  1 standing")
            await desk.press("A")
            await desk.see("1 acknowledged")
            await desk.press("tab")
            await desk.see("withheld")  # turbidity at the start of a press cycle, at most
            await desk.press("tab")
            await desk.see("ALARMS  2 history")
            await desk.see("acknowledged TIC-201")
            assert desk.text.index("acknowledged TIC-201") < desk.text.index("came         TIC-201")
            await desk.press("tab")
            await desk.see("1 annunciated")
            await desk.see("TIC-201 H")
            await desk.press("tab")
            await desk.see("ALARMS  1 standing")
            await shelve_and_unshelve(desk)
            await trip_and_reset_an_interlock(desk, endpoint)


async def shelve_and_unshelve(desk: Any) -> None:
    """s, minutes and a reason, Enter: the alarm is withheld, with its time and not annunciated; u lets it be heard."""
    (name,) = (alarm.name for alarm in desk.app.view.plant.tags["TIC-201"].alarms if alarm.condition == "H")
    desk.app.view.cursor = Target("alarm", name)
    await desk.press("s")
    await desk.see("shelve TIC-201 H: minutes (0 until it returns) and reason:")
    await desk.type("10")
    await desk.see("and a reason, such as 30 transmitter under repair")
    await desk.type("10 under repair")
    await desk.see('shelve TIC-201 H for 10 min, "under repair"')
    await desk.press("enter")
    await desk.until(lambda: desk.app.view.book.get(name).shelved)
    await desk.see("ALARMS  0 standing")
    await desk.press("tab")
    await desk.see("TIC-201")
    desk.app.view.cursor = Target("alarm", name)
    await desk.press("u")
    await desk.see("unshelve TIC-201 H done")
    await desk.until(lambda: not desk.app.view.book.get(name).shelved)


async def trip_and_reset_an_interlock(desk: Any, endpoint: str) -> None:
    """The faceplate tells that it has tripped and by what; so until RESET once the cause is gone."""
    desk.app.show_section("feed")
    desk.display.open_face("UZ-101")
    await desk.see("FIRST_OUT")
    assert desk.value("UZ-101.TRIPPED") == 0
    await desk.app.link.call("Freeze")
    await write(endpoint, HS_101__STATE=True)
    await desk.app.link.call("Step", 2.0)
    await desk.until(lambda: desk.value("UZ-101.TRIPPED") == 1)
    await desk.see("TRIPPED   Tripped")
    await desk.see("FIRST_OUT First")
    await write(endpoint, HS_101__STATE=False)
    await desk.app.link.call("Step", 2.0)
    assert desk.value("UZ-101.TRIPPED") == 1
    await desk.press("w")
    await desk.see("UZ-101: write which (")
    await desk.type("reset")
    await desk.press("enter")
    await desk.until(lambda: desk.display.line.stage is Stage.IDLE)
    await desk.app.link.call("Step", 2.0)
    await desk.until(lambda: desk.value("UZ-101.TRIPPED") == 0)


@pytest.mark.long
async def test_what_was_done_is_in_the_journal(endpoint: str, sit_down: SitDown) -> None:
    """Writes, refusals, alarms and notes, the newest first, by kind with Tab and by words with /."""
    async with sit_down(endpoint) as desk:
        before = desk.value("TIC-201.SP")
        desk.display.open_face("TIC-201")
        await desk.press("p")
        await desk.type(f"{before + 1}")
        await desk.press("enter")
        await desk.see("°C done")
        await desk.press("o")
        await desk.type("11")
        await desk.press("enter")
        await desk.see("refused: not in this mode")
        await write(endpoint, TIC_201__SP=before)
        await desk.press("f4")
        await desk.see("JOURNAL  all")
        await desk.see(f"SP {before:.1f} -> {before + 1:.1f} °C")
        await desk.see("connected to opc.tcp://")
        await desk.press("n")
        await desk.type("heater looked at [with a lamp]")
        await desk.see("heater looked at [with a lamp]")
        entries = list(desk.app.view.journal.newest_first())
        assert [entry.kind.value for entry in entries] == ["NOTE", "ACTION", "ACTION", "SYSTEM"]
        assert entries[1].text.startswith("OP ")
        assert "refused" in entries[1].text
        await desk.press("tab")
        await desk.see("JOURNAL  action")
        await desk.press("slash")
        await desk.type("refused")
        assert desk.display.listing.ids() == [entries[1].id]


async def test_communication_shows_session_subscription_and_quality(endpoint: str, sit_down: SitDown) -> None:
    """F5: who is connected to what, what arrives, what is refused."""
    async with sit_down(endpoint, (80, 24)) as desk:
        await desk.press("f5")
        for text in ("CONNECTED", "user anonymous", "security none", "refused 0", "bad 0", "THIS STATION"):
            await desk.see(text)
        health = desk.app.view.health
        assert health.watched > 1000
        assert health.sessions == 1
        await desk.until(lambda: health.messages > 3)
        await desk.until(lambda: abs(health.skew) < 60)


@pytest.mark.long
async def test_instructor_freezes_steps_and_changes_speed(endpoint: str, sit_down: SitDown) -> None:
    """The header shows frozen, a step moves plant time by as much, and run lets it go on."""
    async with sit_down(endpoint) as desk:
        await desk.press("r")
        await desk.see("FROZEN")
        async with Client(endpoint) as client:
            index = await client.get_namespace_index("urn:plantsim:plant")
            before = await client.get_node(ua.NodeId("Simulation.Elapsed", index)).read_value()
        await desk.press("n")
        await desk.type("30")
        await desk.until(lambda: abs(desk.value("Simulation.Elapsed") - before - 30) < 0.01)
        await desk.press("plus")
        await desk.until(lambda: desk.value("Simulation.Speed") == 2)
        await desk.see("x2")
        await desk.press("minus")
        await desk.until(lambda: desk.value("Simulation.Speed") == 1)
        await desk.press("r")
        await desk.see("RUN x1 ")


@pytest.mark.long
async def test_leaving_asks_while_an_entry_is_open(endpoint: str, sit_down: SitDown) -> None:
    """Ctrl-Q in the middle of an entry asks; ctrl-C never leaves."""
    async with sit_down(endpoint) as desk:
        await desk.press("ctrl+c")
        await desk.see("ctrl+q quits")
        desk.display.open_face("TIC-201")
        await desk.press("p", "ctrl+q")
        await desk.see("an entry is pending: quit?")
        await desk.press("escape")
        assert desk.app.is_running
