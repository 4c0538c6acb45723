"""The field operator by an OPC UA client: what he can do, what became of it, and who may ask him."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua

from plantsim.engine.engine import Engine

Types = ua.VariantType
ACTION = "bleed P-201"


@pytest.fixture
async def console(engine: Engine, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(engine) as server, connect(server.endpoint) as found:
        yield found


async def call(console: Any, method: str, *arguments: float | str) -> Any:
    given = [ua.Variant(a, Types.String if isinstance(a, str) else Types.Double) for a in arguments]
    return await console.call("Simulation", method, *given)


async def asked(console: Any, method: str) -> list[Any]:
    return [variant.Value for variant in (await call(console, method)).OutputArguments]


async def test_what_can_be_done_is_listed_with_its_time_and_what_it_needs(engine: Engine, console: Any) -> None:
    actions, seconds, needs = await asked(console, "ListFieldActions")
    assert actions == [one.name for one in engine.field_actions]
    told = {action: (takes, need) for action, takes, need in zip(actions, seconds, needs, strict=True)}
    assert told[ACTION] == (300.0, "P-201 stopped")
    assert told["calibrate AIC-302"] == (1800.0, "AIC-302 in manual")
    assert told["vibrate the bin over SC-101"] == (180.0, "")


async def test_it_is_refused_with_the_reason_then_takes_its_time_and_mends(engine: Engine, console: Any) -> None:
    await call(console, "Inject", "acid-pump-air-lock", 1.0, 0.0, 0.0)
    answer = await call(console, "DoInField", ACTION)
    assert answer.StatusCode.name == "BadInvalidState"
    why = "P-201.RUN is Running, allowed Stopped"
    assert answer.InputArgumentDiagnosticInfos[0].AdditionalInfo == why
    assert await asked(console, "ListField") == [[ACTION], [f"refused: {why}"], [engine_time(engine)]]
    answer = await call(console, "DoInField", "bleed P-2")
    assert answer.StatusCode.name == "BadNotFound"
    off = ua.Variant(False, Types.Boolean)
    assert await console.write(("SC-101.CMD", off), ("P-201.CMD", off)) == ["Good", "Good"]
    await call(console, "Step", 2.0)
    assert (await call(console, "DoInField", ACTION)).StatusCode.name == "Good"
    actions, states, ends = await asked(console, "ListField")
    assert (actions, states[0]) == ([ACTION, ACTION], "under way")
    assert (ends[0] - ends[1]).total_seconds() == pytest.approx(302.0)
    await call(console, "Step", 299.0)
    assert engine.malfunctions
    await call(console, "Step", 1.0)
    assert engine.malfunctions == {}
    assert (await asked(console, "ListField"))[1][0] == "done"


def engine_time(engine: Engine) -> datetime:
    return datetime.fromtimestamp(engine.image.plant_time, UTC)
