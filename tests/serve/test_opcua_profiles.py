"""Stage profiles of the Belfast line as array variables, read and watched by an OPC UA client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from asyncua import ua

from plantsim.engine.engine import Engine
from plantsim.model.plant import Plant
from plantsim.model.tag import ValueType

TIMEOUT = 10.0


@pytest.fixture
async def console(engine: Engine, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(engine) as server, connect(server.endpoint) as found:
        yield found


async def read(console: Any, name: str, attribute: ua.AttributeIds = ua.AttributeIds.Value) -> Any:
    (answer,) = await console.client.uaclient.read_attributes([console.id(name)], attribute)
    return answer.Value.Value


async def test_a_profile_is_an_array_with_one_value_for_each_stage(
    belfast: Plant, engine: Engine, console: Any
) -> None:
    stages = sum(belfast.unit("SX-1").parameters["stages"])
    assert await console.browse("Unit.SX-1", ua.ObjectIds.HasComponent)
    for member in ("Nd.aq", "Nd.org", "Dy.aq", "Dy.org", "pH", "Interface"):
        name = f"SX-1.Profile.{member}"
        shown, tag = await read(console, name), engine.tags[name]
        assert shown == engine.image.value[tag.row : tag.row + tag.count].tolist()
        assert len(shown) == stages
        names = await read(console, f"{name}.PointNames")
        assert (names[0], names[10], names[16], names[-1], len(names)) == ("E1", "S1", "T1", "T5", stages)
        assert await read(console, name, ua.AttributeIds.ValueRank) == ua.ValueRank.OneDimension
        assert await read(console, name, ua.AttributeIds.ArrayDimensions) == [stages]
        span = await read(console, f"{name}.EURange")
        assert span.Low <= min(shown) <= max(shown) <= span.High


async def test_the_profile_of_a_settled_circuit_parts_heavies_from_lights(console: Any) -> None:
    """From E1, where the raffinate leaves, to the strip: neodymium in the aqueous falls, dysprosium rises."""
    nd, dy = np.array(await read(console, "SX-1.Profile.Nd.aq")), np.array(await read(console, "SX-1.Profile.Dy.aq"))
    assert nd[0] > 1e3 * dy[0]
    assert dy[16] > 1e3 * nd[16]  # the first of the strip stages, where the liquor leaves


async def test_interfaces_of_a_settled_circuit_stand_in_their_range(console: Any) -> None:
    """mm of aqueous in settlers of 400; the loops hold those of the bank ends."""
    level = np.array(await read(console, "SX-2.Profile.Interface"))
    assert np.all((level > 150.0) & (level < 250.0))
    assert level[[0, 52]] == pytest.approx([200.0, 200.0], abs=2.0)


async def test_a_subscriber_gets_the_whole_array_when_one_stage_changes(engine: Engine, console: Any) -> None:
    told: asyncio.Queue[list[float]] = asyncio.Queue()

    class Handler:
        def datachange_notification(self, node: Any, value: list[float], data: Any) -> None:
            told.put_nowait(value)

    subscription = await console.client.create_subscription(50, Handler())
    await subscription.subscribe_data_change(console.client.get_node(console.id("SX-1.Profile.Nd.aq")))
    first = await asyncio.wait_for(told.get(), TIMEOUT)
    answer = await console.call("Simulation", "Step", ua.Variant(5.0, ua.VariantType.Double))
    assert answer.StatusCode.is_good()
    second = await asyncio.wait_for(told.get(), TIMEOUT)
    assert len(second) == len(first)
    assert second != first


async def test_a_profile_cannot_be_written(console: Any) -> None:
    node = console.client.get_node(console.id("SX-1.Profile.Nd.aq"))
    with pytest.raises(ua.UaStatusCodeError) as refused:
        await node.write_value(ua.DataValue(ua.Variant([0.0] * 21, ua.VariantType.Double)))
    assert refused.value.code == ua.StatusCodes.BadNotWritable


def test_profiles_are_not_on_modbus(engine: Engine) -> None:
    profiles = [tag for tag in engine.tags if tag.type is ValueType.PROFILE]
    assert len(profiles) == 32  # of three circuits: four metals in two phases, pH and interface; iron of SX-1
    assert all(tag.modbus is None and tag.rack is None for tag in profiles)


def test_a_profile_is_the_circuits_own_state(engine: Engine) -> None:
    """pH of a stage is -log10 of its free acid; what the organic holds is within a sixth of the extractant."""
    value, tags = engine.image.value, engine.tags
    organic = sum(value[tags[f"SX-1.Profile.{metal}.org"].row :][:21] for metal in ("Pr", "Nd", "Tb", "Dy"))
    assert np.all(organic < 0.5 / 6.0)
    ph = value[tags["SX-1.Profile.pH"].row :][:21]
    assert ph[0] == pytest.approx(value[tags["AIC-4110.PV"].row], abs=0.2)
