"""An address space's own records of nodes, made in one go.

asyncua's node management asks of every node for every attribute there is, and searches the parent's references for the
name: a second and a half for the 15,000 nodes of a plant. Records made directly take a tenth of it, and what many nodes
have in common (a class, a name, an access level, the way back to a parent) is there once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import partial
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue, NodeData

_ATTRIBUTES = {
    "AccessLevel": ua.VariantType.Byte,
    "ArrayDimensions": ua.VariantType.UInt32,
    "DataType": ua.VariantType.NodeId,
    "Description": ua.VariantType.LocalizedText,
    "DisplayName": ua.VariantType.LocalizedText,
    "EventNotifier": ua.VariantType.Byte,
    "Executable": ua.VariantType.Boolean,
    "Historizing": ua.VariantType.Boolean,
    "InverseName": ua.VariantType.LocalizedText,
    "IsAbstract": ua.VariantType.Boolean,
    "MinimumSamplingInterval": ua.VariantType.Double,
    "Symmetric": ua.VariantType.Boolean,
    "UserAccessLevel": ua.VariantType.Byte,
    "UserExecutable": ua.VariantType.Boolean,
    "UserWriteMask": ua.VariantType.UInt32,
    "ValueRank": ua.VariantType.Int32,
    "WriteMask": ua.VariantType.UInt32,
}
"""What an item may bring besides Value."""


def _key(value: object) -> object:
    """Hashable, and the same for values that are the same on the wire."""
    if isinstance(value, ua.LocalizedText):
        return value.Locale, value.Text
    if isinstance(value, ua.QualifiedName):
        return value.NamespaceIndex, value.Name
    return tuple(value) if isinstance(value, list) else value


def _attribute(value: object, type_: ua.VariantType) -> AttributeValue:
    return AttributeValue(ua.DataValue(ua.Variant(value, type_, is_array=isinstance(value, list))))


_OF_ONE_NODE = frozenset((ua.AttributeIds.NodeId, ua.AttributeIds.Value, ua.AttributeIds.EventNotifier))
"""Attributes that are each node's own, or change."""


def share(space: AddressSpace) -> None:
    """Let the nodes that the library has made have in common what is the same in many of them.

    It keeps 90,000 attributes of the standard's nodes, each with a value, a status and a list of who watches it: 29 MB,
    of which 22 are saved here in 0.07 s.
    """
    shared: dict[Hashable, AttributeValue] = {}
    nodes = space.keys()
    for node in nodes:
        attributes = space[node].attributes
        for attribute, own in attributes.items():
            if attribute not in _OF_ONE_NODE and own.value is not None and (value := own.value.Value) is not None:
                key = (attribute, value.VariantType, _key(value.Value))
                attributes[attribute] = shared.setdefault(key, own)


class NodeRecords:
    """Puts nodes into an address space. What records share is never written: only Value and EventNotifier change."""

    def __init__(self, space: AddressSpace) -> None:
        self._space = space
        self._shared: dict[Hashable, AttributeValue] = {}
        self._back: dict[Hashable, ua.ReferenceDescription] = {}
        self._types: dict[ua.NodeId, ua.ReferenceDescription] = {}
        self._links: dict[Hashable, ua.ReferenceDescription] = {}
        self._names: dict[type, list[tuple[str, ua.AttributeIds, ua.VariantType]]] = {}

    def add(self, items: Iterable[ua.AddNodesItem]) -> None:
        """Add them in order. Raises RuntimeError naming the first that is there already or has no parent or type."""
        for item in items:
            node = item.RequestedNewNodeId
            if node in self._space:
                raise RuntimeError(f"node {node.Identifier} is in the address space already")
            parent = self._space.get(item.ParentNodeId)
            if parent is None:
                raise RuntimeError(f"node {node.Identifier} has no parent {item.ParentNodeId.Identifier}")
            record = NodeData(node)
            self._fill(record.attributes, item)
            record.references.append(self._way_back(item, parent))
            if not item.TypeDefinition.is_null():
                record.references.append(self._type(item))
            self._space[node] = record
            parent.references.append(
                ua.ReferenceDescription(
                    ReferenceTypeId=item.ReferenceTypeId,
                    IsForward=True,
                    NodeId=node,
                    BrowseName=item.BrowseName,
                    DisplayName=item.NodeAttributes.DisplayName,
                    NodeClass=item.NodeClass,
                    TypeDefinition=item.TypeDefinition,
                )
            )

    def _fill(self, attributes: dict[ua.AttributeIds, AttributeValue], item: ua.AddNodesItem) -> None:
        given = item.NodeAttributes
        ids = ua.AttributeIds
        attributes[ids.NodeId] = _attribute(item.RequestedNewNodeId, ua.VariantType.NodeId)
        attributes[ids.BrowseName] = self._common(ids.BrowseName, item.BrowseName, ua.VariantType.QualifiedName)
        attributes[ids.NodeClass] = self._common(ids.NodeClass, item.NodeClass, ua.VariantType.Int32)
        for name, attribute, type_ in self._brought(given):
            one = _attribute if attribute is ids.EventNotifier else partial(self._common, attribute)
            attributes[attribute] = one(getattr(given, name), type_)
        if isinstance(given, ua.VariableAttributes):
            attributes[ids.Value] = AttributeValue(ua.DataValue(given.Value))

    def _common(self, attribute: ua.AttributeIds, value: Any, type_: ua.VariantType) -> AttributeValue:
        key = (attribute, _key(value))
        found = self._shared.get(key)
        if found is None:
            found = self._shared[key] = _attribute(value, type_)
        return found

    def _brought(self, given: ua.NodeAttributes) -> list[tuple[str, ua.AttributeIds, ua.VariantType]]:
        """The attributes that items of this class bring, but Value."""
        found = self._names.get(type(given))
        if found is None:
            found = self._names[type(given)] = [
                (name, ua.AttributeIds[name], type_)
                for name, type_ in _ATTRIBUTES.items()
                if given.SpecifiedAttributes & ua.NodeAttributesMask[name]
            ]
        return found

    def _way_back(self, item: ua.AddNodesItem, parent: NodeData) -> ua.ReferenceDescription:
        key = (item.ReferenceTypeId, item.ParentNodeId)
        if key not in self._back:
            self._back[key] = self._description(item.ReferenceTypeId, parent, forward=False)
        return self._back[key]

    def _type(self, item: ua.AddNodesItem) -> ua.ReferenceDescription:
        if item.TypeDefinition not in self._types:
            type_ = self._space.get(item.TypeDefinition)
            if type_ is None:
                raise RuntimeError(f"node {item.RequestedNewNodeId.Identifier} has no type {item.TypeDefinition}")
            reference = ua.NodeId(ua.ObjectIds.HasTypeDefinition)
            self._types[item.TypeDefinition] = self._description(reference, type_, forward=True)
        return self._types[item.TypeDefinition]

    def link(self, source: ua.NodeId, reference: ua.NodeId, target: ua.NodeId, *, both: bool) -> None:
        """A reference, browsable from its source, or from both ends. Raises KeyError where one of them is not there."""
        here, there = self._space[source], self._space[target]
        key = (reference, target)
        if key not in self._links:  # many conditions have the same methods
            self._links[key] = self._description(reference, there, forward=True)
        here.references.append(self._links[key])
        if both:
            there.references.append(self._description(reference, here, forward=False))

    def _description(self, reference: ua.NodeId, target: NodeData, *, forward: bool) -> ua.ReferenceDescription:
        def attribute(id_: ua.AttributeIds) -> Any:
            found = target.attributes[id_].value
            return found.Value.Value if found is not None and found.Value is not None else None

        type_ = next(
            (r.NodeId for r in target.references if r.ReferenceTypeId.Identifier == ua.ObjectIds.HasTypeDefinition),
            ua.NodeId(),
        )
        return ua.ReferenceDescription(
            ReferenceTypeId=reference,
            IsForward=forward,
            NodeId=target.nodeid,
            BrowseName=attribute(ua.AttributeIds.BrowseName),
            DisplayName=attribute(ua.AttributeIds.DisplayName),
            NodeClass=ua.NodeClass(attribute(ua.AttributeIds.NodeClass)),
            TypeDefinition=type_,
        )
