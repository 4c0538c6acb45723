"""The address space as a NodeSet2 file: another server that loads it has the same nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from asyncua import Server, ua

from plantsim.serve.opcua import OpcUaServer
from plantsim.serve.opcua_nodeset import NODESET


async def test_another_server_loads_it(synthetic: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.NodeSet2.xml"
    written = await OpcUaServer(synthetic, host="127.0.0.1", port=0, state=tmp_path, insecure=True).write_nodeset(path)
    server = Server()
    await server.init()
    loaded = await server.import_xml(path)
    assert len(loaded) == written
    index = await server.get_namespace_index("urn:plantsim:plant")

    def node(name: str) -> Any:
        return server.get_node(ua.NodeId(name, index))

    assert await node("TIC-201.PV.EURange").read_value() == ua.Range(0.0, 120.0)
    assert (await node("TIC-201.PV.EngineeringUnits").read_value()).UnitId == 4408652
    first, *_ = await node("TIC-201.MODE.EnumStrings").read_value()
    assert first.Text == "Manual"
    (argument,) = await node("Simulation.Step.InputArguments").read_value()
    assert (argument.Name, argument.DataType) == ("seconds", ua.NodeId(ua.ObjectIds.Double))
    assert await node("TIC-201.PV").read_type_definition() == ua.NodeId(ua.ObjectIds.AnalogUnitRangeType)
    assert await node("TIC-201.HH.Alarm").read_type_definition() == ua.NodeId(ua.ObjectIds.ExclusiveLevelAlarmType)
    assert await node("TIC-201.HH.Alarm.Severity").read_value() == 900
    flows = await node("Unit.R-201").get_referenced_nodes(node("FlowsTo").nodeid, ua.BrowseDirection.Forward)
    assert [one.nodeid.Identifier for one in flows] == ["Unit.R-202"]
    moved = await node("TIC-201").get_referenced_nodes(node("ActsOn").nodeid, ua.BrowseDirection.Forward)
    assert [one.nodeid.Identifier for one in moved] == ["P-201", "AIC-201"]
    names = [(await child.read_browse_name()).Name for child in await node("Area.leach").get_children()]
    assert "R-201" in names


async def test_it_has_what_stays_and_not_what_is_measured(synthetic: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.NodeSet2.xml"
    await OpcUaServer(synthetic, host="127.0.0.1", port=0, state=tmp_path, insecure=True).write_nodeset(path)
    space = {"u": NODESET}
    root = ElementTree.parse(path).getroot()
    found = {element.get("NodeId"): element for element in root.iterfind("u:UAVariable", space)}
    measured, fixed = found["ns=1;s=TIC-201.PV"], found["ns=1;s=TIC-201.PV.EURange"]
    assert measured.find("u:Value", space) is None
    assert fixed.find("u:Value", space) is not None
    assert measured.get("Historizing") == "true"
    assert int(measured.get("AccessLevel", "0")) & ua.AccessLevel.HistoryRead.mask
