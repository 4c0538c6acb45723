"""A real PLC in the loop: LinuxCNC controls a tank's level over Modbus, is disturbed, outlives the plant, and dies."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.model.plant import Plant
from plantsim.model.tag import Role
from plantsim.serve.modbus import ModbusServer

TIMEOUT_S = 60.0
SPEED = 60.0
SET_POINT = 58.0
WATCHDOG_S = 180.0
"""Of plant time: 3 s by the PLC's clock."""
HAND = Origin(Role.OPERATOR, "hand", "rack")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("halrun") is None, reason="no LinuxCNC here (apt install linuxcnc-uspace)"),
    pytest.mark.skipif(os.geteuid() != 0, reason="LinuxCNC's HAL is started as root"),
]


@pytest.fixture
def leach(belfast: Plant) -> Plant:
    """Time passes faster than for the PLC, and so its watchdog is given more of it."""
    areas = tuple(dataclasses.replace(area, watchdog=WATCHDOG_S) for area in belfast.areas)
    return dataclasses.replace(belfast, areas=areas)


@asynccontextmanager
async def running(plant: Plant, port: int) -> AsyncIterator[tuple[Engine, ModbusServer]]:
    engine = Engine(plant, epoch=0.0, external=frozenset({"leach"}), speed=SPEED)
    server = ModbusServer(engine, host="127.0.0.1", port=port)
    await server.start()
    engine.start()
    try:
        yield engine, server
    finally:
        await server.stop()
        engine.stop()


def value(engine: Engine, name: str) -> float:
    return float(engine.image.value[engine.tags[name].row])


async def until(plc: Any, what: str, holds: Callable[[], object]) -> None:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while not holds():
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"{what} did not come within {TIMEOUT_S:.0f} s; LinuxCNC says:\n{plc.log}")


async def test_linuxcnc_controls_the_level_and_the_pump(leach: Plant, linuxcnc: Callable[..., Any]) -> None:
    async with running(leach, 0) as (engine, server):
        port = server.address[1]
        plc = linuxcnc(engine.tags, port, SET_POINT)
        plc.start()

        def level() -> float:
            return value(engine, "LIC-208.PV")

        await until(plc, "the level at its set point", lambda: abs(level() - SET_POINT) < 0.7)
        assert value(engine, "P-208.RUN") == 1.0, "by its rung"
        assert not engine.lost

        # a disturbance: the valve upstream is opened by hand
        before = value(engine, "LV-207.CMD")
        assert engine.write_rack([("LV-207.CMD", min(before + 30.0, 100.0))], HAND) == [None]
        await until(plc, "the disturbance", lambda: level() > SET_POINT + 1.0)
        await until(plc, "the level back", lambda: abs(level() - SET_POINT) < 0.7)

    # the plant starts anew; the PLC's program has gone on, and takes it over
    async with running(leach, port) as (engine, server):
        plc.connect_again()
        standing = value(engine, "P-208.SPEED_CMD")
        await until(plc, "its hand on the new plant's pump", lambda: value(engine, "P-208.SPEED_CMD") != standing)
        await until(plc, "control of the new plant", lambda: abs(value(engine, "LIC-208.PV") - SET_POINT) < 0.7)
        assert not engine.lost

        # the program stops while its driver goes on writing
        plc.stop_program()
        await until(plc, "the watchdog", lambda: engine.lost == {"leach"})
        alarm = next(one for one in engine.alarms if one.name == "XA-299.LOST")
        await until(plc, "the alarm", lambda: engine.image.alarms[alarm.row] & 1)
