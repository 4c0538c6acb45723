"""The address space as a NodeSet2 file (OPC 10000-6, annex F), for servers and tools that load one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from asyncua import ua
from asyncua.server.address_space import AddressSpace, NodeData

from plantsim.serve.opcua_space import NAMESPACE

NODESET = "http://opcfoundation.org/UA/2011/03/UANodeSet.xsd"
TYPES = "http://opcfoundation.org/UA/2008/02/Types.xsd"
_STANDARD = "http://opcfoundation.org/UA/"
_REQUIRED = {"Version": "1.04", "PublicationDate": "2019-05-01T00:00:00Z"}
"""The oldest standard node set that has all the types that are used here."""

_ELEMENTS = {
    ua.NodeClass.Object: "UAObject",
    ua.NodeClass.Variable: "UAVariable",
    ua.NodeClass.Method: "UAMethod",
    ua.NodeClass.ReferenceType: "UAReferenceType",
    ua.NodeClass.ObjectType: "UAObjectType",
}
_XML_ENCODINGS = {"Range": 885, "EUInformation": 888, "Argument": 297}
"""NodeIds of the XML encodings of the structures that are values here."""
_ALIASES = {
    getattr(ua.ObjectIds, name): name
    for name in (
        "HasTypeDefinition",
        "HasSubtype",
        "HasComponent",
        "HasProperty",
        "Organizes",
        "HasNotifier",
        "HasEventSource",
        "HasCondition",
        "HasModellingRule",
    )
}
"""References by name, as some readers want them."""
_HIERARCHY = frozenset((ua.ObjectIds.HasComponent, ua.ObjectIds.HasProperty, ua.ObjectIds.Organizes))
_TYPES = (ua.NodeClass.ObjectType, ua.NodeClass.ReferenceType)


def write_nodeset(space: AddressSpace, namespace: int, path: Path, live: frozenset[ua.NodeId]) -> int:
    """Write the nodes of a namespace; how many they are. live: variables whose values are of the moment, left out."""
    root = ET.Element("UANodeSet", {"xmlns": NODESET})
    ET.SubElement(ET.SubElement(root, "NamespaceUris"), "Uri").text = NAMESPACE
    model = ET.SubElement(ET.SubElement(root, "Models"), "Model")
    model.attrib = {"ModelUri": NAMESPACE, "Version": version("plantsim"), "PublicationDate": "2026-01-01T00:00:00Z"}
    ET.SubElement(model, "RequiredModel", {"ModelUri": _STANDARD, **_REQUIRED})
    aliases = ET.SubElement(root, "Aliases")
    for number, alias in _ALIASES.items():
        ET.SubElement(aliases, "Alias", {"Alias": alias}).text = f"i={number}"
    count = 0
    for node_id in space.keys():  # noqa: SIM118 - it is no mapping
        if node_id.NamespaceIndex == namespace:
            _node(root, space[node_id], node_id not in live)
            count += 1
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return count


def _node(root: ET.Element, node: NodeData, with_value: bool) -> None:
    node_class = ua.NodeClass(_attribute(node, ua.AttributeIds.NodeClass))
    element = ET.SubElement(root, _ELEMENTS[node_class])
    element.set("NodeId", _id(node.nodeid))
    element.set("BrowseName", _browse_name(_attribute(node, ua.AttributeIds.BrowseName)))
    for reference in node.references:
        if not reference.IsForward and reference.ReferenceTypeId.Identifier in _HIERARCHY:
            element.set("ParentNodeId", _id(reference.NodeId))
            break
    if node_class is ua.NodeClass.Variable:
        _variable(element, node)
    elif node_class is ua.NodeClass.Object and (notifier := _attribute(node, ua.AttributeIds.EventNotifier)):
        element.set("EventNotifier", str(int(notifier)))
    elif node_class in _TYPES and _attribute(node, ua.AttributeIds.IsAbstract):
        element.set("IsAbstract", "true")
    for name, attribute in (
        ("DisplayName", ua.AttributeIds.DisplayName),
        ("Description", ua.AttributeIds.Description),
    ):
        text = _attribute(node, attribute)
        if text is not None and text.Text:
            ET.SubElement(element, name).text = text.Text
    references = ET.SubElement(element, "References")
    for reference in node.references:
        type_ = reference.ReferenceTypeId
        alias = _ALIASES.get(type_.Identifier) if type_.NamespaceIndex == 0 else None
        one = ET.SubElement(references, "Reference", {"ReferenceType": alias or _id(type_)})
        if not reference.IsForward:
            one.set("IsForward", "false")
        one.text = _id(reference.NodeId)
    if node_class is ua.NodeClass.ReferenceType:
        ET.SubElement(element, "InverseName").text = _attribute(node, ua.AttributeIds.InverseName).Text
    if node_class is ua.NodeClass.Variable and with_value:
        found = node.attributes[ua.AttributeIds.Value].value
        if found is not None and found.Value is not None and found.Value.Value is not None:
            _value(ET.SubElement(element, "Value"), found.Value)


def _variable(element: ET.Element, node: NodeData) -> None:
    element.set("DataType", _id(_attribute(node, ua.AttributeIds.DataType)))
    rank = int(_attribute(node, ua.AttributeIds.ValueRank))
    if rank != -1:
        element.set("ValueRank", str(rank))
        dimensions = _attribute(node, ua.AttributeIds.ArrayDimensions)
        element.set("ArrayDimensions", ",".join(str(one) for one in dimensions or [0]))
    element.set("AccessLevel", str(int(_attribute(node, ua.AttributeIds.AccessLevel))))
    sampling = _attribute(node, ua.AttributeIds.MinimumSamplingInterval)
    if sampling:
        element.set("MinimumSamplingInterval", f"{sampling:g}")
    if _attribute(node, ua.AttributeIds.Historizing):
        element.set("Historizing", "true")


def _attribute(node: NodeData, attribute: ua.AttributeIds) -> Any:
    found = node.attributes.get(attribute)
    value = found.value if found is not None else None
    return value.Value.Value if value is not None and value.Value is not None else None


def _id(node: ua.NodeId) -> str:
    """With the file's own index of our namespace."""
    kind = "i" if isinstance(node.Identifier, int) else "s"
    return f"{'ns=1;' if node.NamespaceIndex else ''}{kind}={node.Identifier}"


def _browse_name(name: ua.QualifiedName) -> str:
    return f"1:{name.Name}" if name.NamespaceIndex else str(name.Name)


def _value(parent: ET.Element, variant: ua.Variant) -> None:
    name = variant.VariantType.name
    if isinstance(variant.Value, list):
        holder = ET.SubElement(parent, f"ListOf{name}", {"xmlns": TYPES})
        for one in variant.Value:
            _scalar(ET.SubElement(holder, name), one)
    else:
        _scalar(ET.SubElement(parent, name, {"xmlns": TYPES}), variant.Value)


def _scalar(element: ET.Element, value: Any) -> None:
    match value:
        case bool():
            element.text = "true" if value else "false"
        case ua.LocalizedText():
            ET.SubElement(element, "Text").text = value.Text
        case ua.NodeId():
            ET.SubElement(element, "Identifier").text = _id(value)
        case ua.StatusCode():
            ET.SubElement(element, "Code").text = str(value.value)
        case datetime():
            element.text = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case ua.Range() | ua.EUInformation() | ua.Argument():
            name = type(value).__name__
            identifier = ET.SubElement(ET.SubElement(element, "TypeId"), "Identifier")
            identifier.text = f"i={_XML_ENCODINGS[name]}"
            _fields(ET.SubElement(ET.SubElement(element, "Body"), name), name, value)
        case _:
            element.text = str(value)


def _fields(body: ET.Element, name: str, value: Any) -> None:
    fields: dict[str, Iterable[str]] = {
        "Range": ("Low", "High"),
        "EUInformation": ("NamespaceUri", "UnitId", "DisplayName", "Description"),
        "Argument": ("Name", "DataType", "ValueRank", "ArrayDimensions", "Description"),
    }
    for field in fields[name]:
        element = ET.SubElement(body, field)
        if field != "ArrayDimensions":
            _scalar(element, getattr(value, field))
