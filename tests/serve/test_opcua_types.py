"""Types of our own: what is there is declared, what is mandatory is there, and other servers load them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.engine.engine import Engine
from plantsim.model.tag import Kind
from plantsim.serve.opcua import OpcUaServer
from plantsim.serve.opcua_types import TYPE_OF, TYPES, Member

Id = ua.ObjectIds
MODULES = Path(__file__).parents[2] / ".ci" / "node" / "node_modules"
BY_NAME = {one.name: one for one in TYPES}


def members(name: str) -> dict[str, Member]:
    """Of a type and of those that it is a subtype of."""
    found: dict[str, Member] = {}
    while name:
        found |= {member.name: member for member in BY_NAME[name].members}
        name = BY_NAME[name].base
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(synthetic: Any, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as server, connect(server.endpoint) as found:
        yield found


async def type_of(console: Any, name: str) -> str:
    found = await console.node(name).read_type_definition()
    return str(found.Identifier)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_the_plant_file_makes_is_of_types_of_our_own(console: Any) -> None:
    for name, type_ in (
        ("Plant", "PlantType"),
        ("Area.leach", "AreaType"),
        ("Unit.R-201", "UnitType"),
        ("TIC-201", "LoopType"),
        ("AI-201", "AnalyserType"),
        ("P-201", "VariableSpeedMotorType"),
    ):
        assert await type_of(console, name) == type_
    (found,) = await console.node("Unit.R-201").get_references(Id.HasTypeDefinition, ua.BrowseDirection.Forward)
    assert found.NodeClass == ua.NodeClass.ObjectType
    (flow,) = await console.node("Unit.R-201").get_references(console.id("FlowsTo"), ua.BrowseDirection.Forward)
    assert flow.TypeDefinition == console.id("UnitType")


@pytest.mark.asyncio(loop_scope="module")
async def test_types_are_below_base_object_type_and_declare_their_members(console: Any) -> None:
    loop = console.node("LoopType")
    path = [loop]
    while (parent := await path[-1].get_parent()) is not None and parent.nodeid != ua.NodeId(Id.BaseObjectType):
        path.append(parent)
    assert [node.nodeid.Identifier for node in path] == ["LoopType", "InstrumentType", "TagType"]
    assert await console.browse("LoopType", Id.HasComponent) == [
        f"LoopType.{member.name}" for member in BY_NAME["LoopType"].members
    ]
    rules = [
        (await console.browse(f"LoopType.{name}", Id.HasModellingRule))[0] for name in ("SP", "MODE", "SampleTime")
    ]
    assert rules == [str(Id.ModellingRule_Mandatory)] * 2 + [str(Id.ModellingRule_Optional)]
    assert await console.value("TagType", ua.AttributeIds.IsAbstract) is True
    assert await console.value("LoopType", ua.AttributeIds.IsAbstract) is False


def test_every_tag_object_of_the_plant_is_as_its_type_says(engine: Engine) -> None:
    objects: dict[str, dict[str, Any]] = {}
    for tag in engine.tags:
        if tag.kind not in (Kind.KPI, Kind.SIMULATION, Kind.PROFILE):
            objects.setdefault(tag.object, {})[tag.member] = tag
    for name, found in objects.items():
        declared = members(TYPE_OF[next(iter(found.values())).kind])
        variables = {member.name for member in declared.values() if member.type != Id.PropertyType}
        assert found.keys() <= variables, name
        missing = {member for member in variables - found.keys() if declared[member].mandatory}
        assert not missing, name


@pytest.mark.long
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed (apt install nodejs)")
@pytest.mark.skipif(not (MODULES / "node-opcua").exists(), reason="no node-opcua here (npm ci --prefix .ci/node)")
async def test_node_opcua_loads_the_file_with_types_instances_and_flows(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "belfast.NodeSet2.xml"
    await OpcUaServer(engine, host="127.0.0.1", port=0, state=tmp_path, insecure=True).write_nodeset(path)
    motor = next(tag.object for tag in engine.tags if tag.kind is Kind.VARIABLE_DRIVE)
    ask = ["LoopType", "LoopType.SP", "TIC-201", "Unit.R-201", "Area.leach", motor, "AI-701"]
    given = {"modules": str(MODULES), "file": str(path), "ask": ask}
    words = ["node", str(Path(__file__).parent / "node" / "load.js"), json.dumps(given)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120.0, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert told["LoopType"]["base"] == "InstrumentType"
    assert told["LoopType.SP"]["rule"] == "Mandatory"
    assert told["TIC-201"]["type"] == "LoopType"
    assert {"PV", "SP", "OP", "MODE"} <= set(told["TIC-201"]["members"])
    assert told["Unit.R-201"]["type"] == "UnitType"
    assert told["Unit.R-201"]["flows"]
    assert told["Area.leach"]["type"] == "AreaType"
    assert told[motor]["type"] == "VariableSpeedMotorType"
    assert told["AI-701"]["type"] == "AnalyserType"
