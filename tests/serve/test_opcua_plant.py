"""The Belfast line seen and operated by an OPC UA client."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asyncua import ua

from plantsim.engine.engine import Engine
from plantsim.engine.image import ACTIVE, UNACKED
from plantsim.model.plant import Plant
from plantsim.model.tag import Kind, ValueType

Types = ua.VariantType
ACKNOWLEDGE = ua.NodeId(ua.ObjectIds.AcknowledgeableConditionType_Acknowledge)
TIMEOUT = 10.0


@pytest.fixture
async def console(engine: Engine, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(engine) as server, connect(server.endpoint) as found:
        yield found


def double(value: float) -> ua.Variant:
    return ua.Variant(value, Types.Double)


async def step(console: Any, seconds: float) -> None:
    answer = await console.call("Simulation", "Step", double(seconds))
    assert answer.StatusCode.name == "Good"


async def test_a_browse_gives_the_whole_plant_in_flow_order(belfast: Plant, engine: Engine, console: Any) -> None:
    flows_to = console.id("FlowsTo")
    component = ua.ObjectIds.HasComponent
    areas = [f"Area.{area.id}" for area in belfast.areas]
    assert await console.browse("Plant", component) == [*areas, "Plant.LastWrites"]
    found: list[str] = []
    for area in belfast.areas:
        units = [unit.id for unit in belfast.units if unit.area == area.id]
        assert await console.browse(f"Area.{area.id}", component) == [f"Unit.{unit}" for unit in units]
        for unit in units:
            found += sorted(await console.browse(f"Unit.{unit}", component), key=lambda name: name.endswith(".Profile"))
            targets = dict.fromkeys(s.target_unit for s in belfast.streams if s.source_unit == unit and s.target_unit)
            expected = [f"Unit.{target}" for target in targets if target != unit]
            assert await console.browse(f"Unit.{unit}", flows_to) == expected
    of_plant = [tag for tag in engine.tags if tag.kind not in (Kind.KPI, Kind.SIMULATION)]
    shown = dict.fromkeys(tag.object for unit in belfast.units for tag in of_plant if tag.unit == unit.id)
    assert found == list(shown)
    assert await console.value("Plant.Products") == [product.name for product in belfast.products]


async def test_references_lead_down_a_cascade(console: Any) -> None:
    acts_on = console.id("ActsOn")
    assert await console.browse("AIC-701", acts_on) == ["AIC-4226"]
    assert await console.browse("AIC-4226", acts_on) == ["FFIC-4207"]
    assert await console.browse("FFIC-4207", acts_on) == ["FIC-4203"]
    assert await console.browse("FIC-4203", acts_on) == ["P-4203"]
    assert await console.browse("TIC-201", acts_on) == ["TV-201A", "TV-201B"]


async def test_every_tag_and_every_alarm_is_there_with_value_range_and_unit(engine: Engine, console: Any) -> None:
    async def values(names: list[str]) -> list[ua.DataValue]:
        ids = [console.id(name) for name in names]
        found: list[ua.DataValue] = await console.client.uaclient.read_attributes(ids, ua.AttributeIds.Value)
        return found

    answers = await values([tag.name for tag in engine.tags])
    for tag, answer in zip(engine.tags, answers, strict=True):
        shown = answer.Value.Value
        assert answer.StatusCode.value == engine.image.status[tag.row], tag.name
        if tag.type is ValueType.FLOAT and not answer.StatusCode.is_bad():
            assert shown == engine.image.value[tag.row] or math.isnan(shown), tag.name
    analog = [tag for tag in engine.tags if tag.type is ValueType.FLOAT]
    for tag, answer in zip(analog, await values([f"{tag.name}.EURange" for tag in analog]), strict=True):
        assert (answer.Value.Value.Low, answer.Value.Value.High) == (tag.low, tag.high), tag.name
    with_unit = [tag for tag in analog if tag.eu]
    for answer in await values([f"{tag.name}.EngineeringUnits" for tag in with_unit]):
        assert answer.Value.Value.DisplayName.Text
    severities = await values([f"{alarm.name}.Alarm.Severity" for alarm in engine.alarms])
    assert [answer.Value.Value for answer in severities] == [alarm.severity for alarm in engine.alarms]
    titles = {tag.object: tag.description for tag in engine.tags if tag.member == "PV"}
    for name in ("TIC-201", "WIC-100"):
        assert (await console.value(name, ua.AttributeIds.Description)).Text == titles[name]


async def test_a_set_point_written_is_in_force_at_the_next_scan_and_moves_the_plant(
    engine: Engine, console: Any
) -> None:
    before = await console.value("TIC-201.OP")
    assert await console.write(("TIC-201.SP", double(65.0))) == ["Good"]
    await step(console, 0.1)
    assert await console.value("TIC-201.SP") == 65.0
    await step(console, 30.0)
    assert await console.value("TIC-201.OP") > before + 1.0
    assert await console.value("Simulation.ScanCount") == engine.image.scan == 301


async def test_a_step_shorter_than_half_a_scan_runs_none(engine: Engine, console: Any) -> None:
    await step(console, 0.04)
    await step(console, 0.1)
    assert await console.value("Simulation.ScanCount") == 1


async def test_writes_while_frozen_show_without_advancing_time(console: Any, eventually: Any) -> None:
    count = await console.value("Simulation.ScanCount")
    assert await console.write(("TIC-201.SP", ua.Variant(64, Types.Int32))) == ["Good"]

    async def shown() -> bool:
        return bool(await console.value("TIC-201.SP") == 64.0)

    await eventually(shown)
    assert await console.value("Simulation.ScanCount") == count


async def test_what_the_plant_does_not_allow_is_refused_and_changes_nothing(engine: Engine, console: Any) -> None:
    before = engine.image.value.copy()
    for name, value, status in (
        ("TIC-201.PV", double(50.0), "BadNotWritable"),
        ("TIC-201.SP", double(1e6), "BadOutOfRange"),
        ("TIC-201.SP", double(math.nan), "BadOutOfRange"),
        ("TIC-201.SP", ua.Variant("hot", Types.String), "BadTypeMismatch"),
        ("TIC-201.OP", double(10.0), "BadInvalidState"),
        ("TV-201A.CMD", double(10.0), "BadInvalidState"),
        ("TIC-201.MODE", ua.Variant(4, Types.UInt16), "BadOutOfRange"),
        ("WIC-101.SP", double(4.0), "BadInvalidState"),
        ("KPI.Throughput", double(4.0), "BadNotWritable"),
        ("Simulation.Speed", double(4.0), "BadNotWritable"),
    ):
        assert await console.write((name, value)) == [status], name
    assert (engine.image.value[: len(before)] == before).all()


async def test_an_area_under_external_control_is_out_of_reach(belfast: Plant, opcua_server: Any, connect: Any) -> None:
    engine = Engine(belfast, frozen=True, epoch=0.0, external=frozenset(("leach",)))
    engine.start()
    try:
        async with opcua_server(engine) as server, connect(server.endpoint) as console:
            assert await console.write(("TIC-201.SP", double(61.0))) == ["BadResourceUnavailable"]
    finally:
        engine.stop()


async def test_a_running_plant_is_pushed_as_it_scans(engine: Engine, console: Any) -> None:
    times: asyncio.Queue[Any] = asyncio.Queue()

    class Handler:
        def datachange_notification(self, _node: object, value: object, _data: object) -> None:
            times.put_nowait(value)

    subscription = await console.client.create_subscription(50, Handler())
    await subscription.subscribe_data_change(console.node("Simulation.Time"), queuesize=100)
    assert (await console.call("Simulation", "SetSpeed", double(5.0))).StatusCode.name == "Good"
    assert (await console.call("Simulation", "Run")).StatusCode.name == "Good"
    async with asyncio.timeout(TIMEOUT):
        seen = [await times.get() for _ in range(5)]
    assert seen == sorted(set(seen))
    assert (await console.call("Simulation", "Freeze")).StatusCode.name == "Good"
    assert await console.value("Simulation.Speed") == 5.0
    await subscription.delete()


async def test_an_alarm_rises_is_acknowledged_and_goes(engine: Engine, console: Any, eventually: Any) -> None:
    alarm = next(one for one in engine.alarms if one.name == "TIC-201.HH")
    node = f"{alarm.name}.Alarm"
    limit = await console.value("TIC-201.HH")

    async def state() -> tuple[bool, bool]:
        return await console.value(f"{node}.ActiveState.Id"), await console.value(f"{node}.AckedState.Id")

    assert await state() == (False, True)
    assert await console.write(("TIC-201.HH", double(40.0))) == ["Good"]
    await step(console, 60.0)
    assert await state() == (True, False)
    assert engine.image.alarms[alarm.row] & (ACTIVE | UNACKED) == ACTIVE | UNACKED
    arguments = (
        ua.Variant(await console.value(f"{node}.EventId"), Types.ByteString),
        ua.Variant(ua.LocalizedText("on it"), Types.LocalizedText),
    )
    assert (await console.call(node, ACKNOWLEDGE, *arguments)).StatusCode.name == "Good"
    again = await console.call(node, ACKNOWLEDGE, *arguments)
    assert again.StatusCode.name == "BadConditionBranchAlreadyAcked"

    async def acknowledged() -> bool:
        return await state() == (True, True)

    await eventually(acknowledged)
    assert await console.write(("TIC-201.HH", double(limit))) == ["Good"]
    await step(console, 120.0)
    assert await state() == (False, True)
    assert await console.value(f"{node}.Retain") is False
