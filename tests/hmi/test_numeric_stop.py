"""A plant whose numbers have given out, at the HMI: every value is bad, and the operator is told why."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from plantsim.engine.command import Origin
from plantsim.engine.live import NumericStop
from plantsim.model.tag import Role
from plantsim.testing import serve_plant

if TYPE_CHECKING:
    from tests.hmi.conftest import Desk

SitDown = Callable[..., AbstractAsyncContextManager["Desk"]]


async def test_header_says_stopped_and_the_program_s_page_where(sit_down: SitDown, tmp_path: Path) -> None:
    """As soon as somebody has gone back to a good state it goes on as ever."""
    with serve_plant("belfast", state=tmp_path, modbus=False) as plant:
        live = plant.engine.live
        async with sit_down(plant.opcua, (80, 24)) as desk:
            await desk.press("f5")
            await desk.see("FROZEN")
            live.core.state[live.core.offsets()[live.layout.units["R-201"]]] = math.nan
            with pytest.raises(NumericStop):
                plant.advance(1.0)
            await desk.see(" STOPPED ")
            await desk.see("R-201: H2O is not finite in scan 1")
            plant.engine.restore_snapshot("steady", Origin(Role.INSTRUCTOR, "instructor", "test"))
            await desk.see("FROZEN")
            await desk.until(lambda: "STOPPED" not in desk.text)
