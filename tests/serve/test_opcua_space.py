"""What a client finds by browsing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.model.tag import Role

pytestmark = pytest.mark.asyncio(loop_scope="module")
Id = ua.ObjectIds


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(synthetic: Any, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as server, connect(server.endpoint) as found:
        yield found


async def test_areas_and_units_come_in_flow_order(console: Any) -> None:
    assert await console.browse("Plant", Id.HasComponent) == ["Area.leach", "Area.iron", "Plant.LastWrites"]
    assert await console.browse("Area.leach", Id.HasComponent) == ["Unit.R-201", "Unit.R-202"]
    assert await console.browse("Area.iron", Id.HasComponent) == ["Unit.R-301"]


async def test_tag_objects_stand_in_their_unit_and_members_in_their_object(console: Any) -> None:
    assert await console.browse("Unit.R-201", Id.HasComponent) == ["TIC-201", "AIC-201", "AI-201", "P-201"]
    members = await console.browse("P-201", Id.HasComponent)
    assert members == ["P-201.CMD", "P-201.SPEED"]


async def test_everything_hangs_under_objects(console: Any) -> None:
    found = await console.client.nodes.objects.get_children()
    assert {console.id(name) for name in ("Plant", "Simulation", "KPI")} <= {node.nodeid for node in found}
    assert await console.browse("KPI", Id.HasComponent) == ["KPI.Purity.NdPr"]


async def test_the_flow_sheet_is_drawn_by_references_the_way_back_included(console: Any) -> None:
    flows_to = console.id("FlowsTo")
    assert await console.browse("Unit.R-201", flows_to) == ["Unit.R-202"]
    assert await console.browse("Unit.R-202", flows_to) == ["Unit.R-301"]
    assert await console.browse("Unit.R-301", flows_to) == ["Unit.R-201"]
    (source,) = await console.node("Unit.R-301").get_references(flows_to, ua.BrowseDirection.Inverse)
    assert (source.NodeId, source.BrowseName.Name) == (console.id("Unit.R-202"), "R-202")
    parent = await console.node("FlowsTo").get_references(Id.HasSubtype, ua.BrowseDirection.Inverse)
    assert [reference.NodeId.Identifier for reference in parent] == [Id.NonHierarchicalReferences]


async def test_names_and_facts_of_plant_areas_and_objects_are_there_to_be_shown(console: Any) -> None:
    display = ua.AttributeIds.DisplayName
    assert await console.value("Plant.Title") == "A small plant"
    assert await console.value("Plant.Products") == ["NdPr", "DyTb"]
    assert await console.value("Area.leach.Number") == 200
    assert (await console.value("Area.leach", display)).Text == "Acid leach"
    assert (await console.value("Unit.R-201", display)).Text == "Leach tank 201"
    assert await console.value("P-201.Kind") == "variable drive"
    assert (await console.value("P-201", ua.AttributeIds.Description)).Text == "P-201"
    assert (await console.value("TIC-201.SP", ua.AttributeIds.Description)).Text == "TIC-201, sp"


@pytest.mark.parametrize(
    ("name", "type_", "data_type", "properties"),
    [
        ("TIC-201.PV", Id.AnalogUnitRangeType, Id.Double, ["EURange", "InstrumentRange", "EngineeringUnits"]),
        ("TIC-201.SP", Id.AnalogUnitRangeType, Id.Double, ["EURange", "EngineeringUnits"]),
        ("AIC-201.PV", Id.AnalogUnitRangeType, Id.Double, ["EURange", "EngineeringUnits"]),
        ("TIC-201.MODE", Id.MultiStateDiscreteType, Id.UInt16, ["EnumStrings"]),
        ("P-201.CMD", Id.TwoStateDiscreteType, Id.Boolean, ["FalseState", "TrueState"]),
        ("AI-201.SampleTime", Id.BaseDataVariableType, Id.DateTime, []),
        ("Simulation.ScanCount", Id.BaseDataVariableType, Id.UInt32, []),
        ("Simulation.Seed", Id.BaseDataVariableType, Id.Int64, []),
        ("Simulation.Pacing", Id.BaseDataVariableType, Id.String, []),
    ],
)
async def test_a_variable_has_the_type_and_the_properties_of_its_kind(
    console: Any, name: str, type_: int, data_type: int, properties: list[str]
) -> None:
    assert await console.browse(name, Id.HasTypeDefinition) == [str(type_)]
    assert (await console.value(name, ua.AttributeIds.DataType)).Identifier == data_type
    assert await console.browse(name, Id.HasProperty) == [f"{name}.{one}" for one in properties]


async def test_properties_say_range_unit_and_states(console: Any) -> None:
    span = await console.value("TIC-201.PV.EURange")
    assert (span.Low, span.High) == (0.0, 120.0)
    assert (await console.value("TIC-201.PV.EngineeringUnits")).DisplayName.Text == "°C"
    states = await console.value("TIC-201.MODE.EnumStrings")
    assert [state.Text for state in states] == ["Manual", "Automatic", "Cascade", "External"]
    assert (await console.value("P-201.CMD.TrueState")).Text == "Start"
    assert await console.value("TIC-201.PV", ua.AttributeIds.MinimumSamplingInterval) == 100.0


async def test_access_level_says_what_some_role_may_write(console: Any, synthetic: Any) -> None:
    for tag in synthetic.tags:
        expected = 3 if tag.role is not None else 1
        assert await console.value(tag.name, ua.AttributeIds.AccessLevel) == expected
        # who has no name acts as instructor on an insecure server
        assert tag.role is None or tag.role <= Role.INSTRUCTOR
        assert await console.value(tag.name, ua.AttributeIds.UserAccessLevel) == expected


async def test_every_tag_is_found_by_the_id_it_is_listed_with(console: Any, synthetic: Any) -> None:
    for tag in synthetic.tags:
        text = tag.node.replace("nsu=urn:plantsim:plant", f"ns={console.index}")
        answer = await console.client.get_node(text).read_data_value(raise_on_bad_status=False)
        assert answer.StatusCode.value not in (ua.StatusCodes.BadNodeIdUnknown, ua.StatusCodes.BadNodeIdInvalid)
