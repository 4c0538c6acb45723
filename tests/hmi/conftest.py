"""The HMI under test: a small plant that needs no server, and a real one to connect to."""

from __future__ import annotations

import pickle
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from math import isnan
from pathlib import Path

import pytest
from asyncua.client.client import Client
from textual.pilot import Pilot
from textual.widgets import Input

import hmi.comm.link
from hmi.app import HmiApp
from hmi.comm.browse import Browsed, browse_plant
from hmi.comm.login import Login
from hmi.model import Alarm, Area, Member, Plant, TagObject, Unit, ValueClass
from hmi.screens.display import Display
from hmi.screens.overview import Overview
from hmi.settings import Settings
from plantsim.commands.itself import command

MODES = ("Manual", "Automatic", "Cascade", "External")


def _number(name: str, eu: str = "C", low: float = 0.0, high: float = 120.0, writable: bool = False) -> Member:
    """A numeric member."""
    return Member(name, name.partition(".")[2], ValueClass.NUMBER, eu, low, high, (), writable, writable)


def _controller(id_: str, unit: str, area: str = "leach", priority: int = 3) -> TagObject:
    """A PID controller with one alarm."""
    mode = Member(f"{id_}.MODE", "MODE", ValueClass.INTEGER, "", 0.0, 3.0, MODES, True, True)
    members = [_number(f"{id_}.PV"), _number(f"{id_}.SP", writable=True), _number(f"{id_}.OP", "%", 0, 100, True), mode]
    alarm = Alarm(f"{id_}.HH.Alarm", id_, "HH", area, priority, f"{id_} hot", "no cooling", "boils over", "cool it")
    tag = TagObject(id_, f"{id_} title", "controller", area, unit, {m.member: m for m in members}, (alarm,))
    tag.limits, tag.normal = {"HH": 90.0, "L": 45.0}, (58.0, 62.0)
    return tag


def _valve(id_: str, unit: str, area: str = "leach") -> TagObject:
    """A modulating valve."""
    members = [_number(f"{id_}.CMD", "%", 0, 100, True), _number(f"{id_}.POS", "%", 0, 100)]
    return TagObject(id_, f"{id_} title", "valve", area, unit, {m.member: m for m in members})


def _plant(tags_per_unit: int = 2, units: int = 2) -> Plant:
    """One section of some units, each with controllers and two valves."""
    tags: dict[str, TagObject] = {}
    made: dict[str, Unit] = {}
    for u in range(units):
        unit = f"R-2{u:02d}"
        own = [_controller(f"TIC-2{u}{t}", unit, priority=1 + t % 3) for t in range(tags_per_unit)]
        own += [_valve(f"TV-2{u}{t}", unit) for t in range(2)]
        tags |= {tag.id: tag for tag in own}
        made[unit] = Unit(unit, "leach", f"Tank {u}", tuple(tag.id for tag in own), (f"R-2{u + 1:02d}",))
    alarms = {alarm.name: alarm for tag in tags.values() for alarm in tag.alarms}
    return Plant("Small", (Area("leach", "Acid leach", tuple(made)),), made, tags, alarms)


@pytest.fixture
def make_number() -> Callable[..., Member]:
    """Makes numeric members."""
    return _number


@pytest.fixture
def make_controller() -> Callable[..., TagObject]:
    """Makes PID controllers with one alarm."""
    return _controller


@pytest.fixture
def make_plant() -> Callable[..., Plant]:
    """Makes plants of one section: ``tags_per_unit`` controllers and two valves in each of ``units``."""
    return _plant


READY_WITHIN = 60.0
"""Seconds a server is given to get ready on a busy machine."""


@contextmanager
def _running(state: Path, *options: str, plant: str = "belfast") -> Iterator[str]:
    """``plantsim run PLANT`` in a process of its own, ended with the block; gives its OPC UA endpoint."""
    words = [plant, "--modbus", "0", "--state", str(state), *options]
    with (state / "server.log").open("a") as log:
        process = subprocess.Popen(
            command("run", *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready "), (state / "server.log").read_text()
        yield dict(word.split("=", 1) for word in line.split()[1:])["opcua"]
    finally:
        process.terminate()
        process.wait(READY_WITHIN)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a plant on which whoever connects is the instructor. Shared: leave it as it was."""
    with _running(tmp_path_factory.mktemp("plant"), "--opcua", "0", "--insecure") as found:
        yield found


@pytest.fixture
def start_plant(tmp_path: Path) -> Callable[..., AbstractContextManager[str]]:
    """Starts plants of a test's own, with options of ``plantsim run``."""
    return partial(_running, tmp_path)


@dataclass
class Desk:
    """An operator at the HMI: presses keys, reads the screen, waits for what is to come."""

    app: HmiApp
    pilot: Pilot[int]

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type into the entry line, in place of what stands there, and Enter."""
        field = self.display.line.query_one(Input)
        field.value = text
        await self.press("enter")

    async def until(self, condition: Callable[[], object], within: float = 30.0) -> None:
        """Wait until something holds; fail with the screen where it does not come to pass."""
        end = time.monotonic() + within
        while not condition():
            if time.monotonic() > end:
                shown = self.text.replace("\u2800", " ")
                pytest.fail(f"not within {within:g} s:\n{shown}")
            await self.pilot.pause(0.02)

    async def see(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await self.until(lambda: text in self.text)

    @property
    def display(self) -> Display:
        """The current display."""
        assert isinstance(self.app.screen, Display)
        return self.app.screen

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        return ["".join(s.text for s in strip) for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.lines)

    def value(self, name: str) -> float:
        """A value as the HMI knows it."""
        return self.app.view.store.number(name)


@pytest.fixture(scope="session")
def browsed() -> dict[str, bytes]:
    """What was browsed of a server, by endpoint: a second browse of the same server would find the same."""
    return {}


@pytest.fixture
def sit_down(
    browsed: dict[str, bytes], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AbstractAsyncContextManager[Desk]]:
    """Opens the HMI: ``async with sit_down(endpoint, (80, 24)) as desk``; with ``wait`` until values have come.

    At the shared plant, whoever comes without a login shares the first one's browse, the dearest part of a start.
    """
    shared = request.getfixturevalue("endpoint") if "endpoint" in request.fixturenames else ""

    async def browse_once(client: Client) -> Browsed:
        key = client.server_url.geturl()
        if key != shared or client._username:
            return await browse_plant(client)
        if key not in browsed:
            browsed[key] = pickle.dumps(await browse_plant(client))
        found: Browsed = pickle.loads(browsed[key])
        return found

    monkeypatch.setattr(hmi.comm.link, "browse_plant", browse_once)

    @asynccontextmanager
    async def open_(
        endpoint: str, size: tuple[int, int] = (120, 40), wait: bool = True, login: Login | None = None,
        settings: Settings | None = None,
    ) -> AsyncIterator[Desk]:  # fmt: skip
        app = HmiApp(endpoint, login or Login(), settings)
        app.blinking = False
        async with app.run_test(size=size) as pilot:
            desk = Desk(app, pilot)
            if wait:
                await desk.until(lambda: isinstance(app.screen, Overview))
                # values come as they were asked for: those of the run last
                await desk.until(
                    lambda: not any(isnan(desk.value(name)) for name in ("TIC-201.PV", "Simulation.Running"))
                )
                await desk.see("WIC-100")
            yield desk
            assert app.defects == 0

    return open_
