"""Nodes by the thousand: collected first, added in one go, with the attributes they need and no more."""

from __future__ import annotations

from asyncua import ua
from asyncua.server.address_space import AddressSpace

from plantsim.serve.opcua_node_data import NodeRecords

Id = ua.ObjectIds


class NodeBatch:
    """Nodes of one namespace, to be added to an address space. NodeIds are strings; parents come before children."""

    def __init__(self, namespace: int) -> None:
        self.namespace = namespace
        self._items: list[ua.AddNodesItem] = []
        self._links: dict[tuple[ua.NodeId, ua.NodeId, ua.NodeId], bool] = {}
        """Source, reference type and target; whether it can be browsed from the target, too."""

    def id(self, name: str) -> ua.NodeId:
        """The NodeId of that name."""
        return ua.NodeId(name, self.namespace)

    def object(
        self,
        name: str,
        parent: ua.NodeId,
        *,
        browse_name: str,
        title: str = "",
        description: str = "",
        type_: int | ua.NodeId = Id.BaseObjectType,
        reference: int = Id.HasComponent,
        standard: bool = False,
        notifier: bool = False,
    ) -> ua.NodeId:
        """An object; its DisplayName is ``title``, or else its browse name.

        standard: named by OPC UA itself. notifier: events can be subscribed to there.
        """
        attributes = ua.ObjectAttributes(
            DisplayName=ua.LocalizedText(title or browse_name),
            Description=ua.LocalizedText(description or None),
            EventNotifier=ua.EventNotifier.SubscribeToEvents.mask if notifier else 0,
        )
        qualified = ua.QualifiedName(browse_name, 0 if standard else self.namespace)
        return self._add(name, parent, qualified, ua.NodeClass.Object, attributes, type_, reference)

    def variable(
        self,
        name: str,
        parent: ua.NodeId,
        value: ua.Variant,
        *,
        browse_name: ua.QualifiedName,
        data_type: int,
        description: str = "",
        writable: bool = False,
        sampling_ms: float = 0.0,
        type_: int = Id.BaseDataVariableType,
        reference: int = Id.HasComponent,
        length: int = 0,
        historizing: bool = False,
    ) -> ua.NodeId:
        """A variable. sampling_ms: how often it may change, 0 for at any time. length: of an array, 0 for any."""
        access = ua.AccessLevel.CurrentRead.mask | (ua.AccessLevel.CurrentWrite.mask if writable else 0)
        access |= ua.AccessLevel.HistoryRead.mask if historizing else 0
        attributes = ua.VariableAttributes(
            DisplayName=ua.LocalizedText(browse_name.Name),
            Description=ua.LocalizedText(description or None),
            Value=value,
            DataType=ua.NodeId(data_type),
            ValueRank=ua.ValueRank.OneDimension if value.is_array else ua.ValueRank.Scalar,
            ArrayDimensions=[length] if value.is_array else [],
            AccessLevel=access,
            UserAccessLevel=access,
            MinimumSamplingInterval=sampling_ms,
            Historizing=historizing,
        )
        return self._add(name, parent, browse_name, ua.NodeClass.Variable, attributes, type_, reference)

    def property(
        self, parent: ua.NodeId, browse_name: str, value: ua.Variant, data_type: int, *, standard: bool = True
    ) -> ua.NodeId:
        """A property; its NodeId is the parent's, a dot and its browse name. standard: named by OPC UA itself."""
        return self.variable(
            f"{parent.Identifier}.{browse_name}",
            parent,
            value,
            browse_name=ua.QualifiedName(browse_name, 0 if standard else self.namespace),
            data_type=data_type,
            type_=Id.PropertyType,
            reference=Id.HasProperty,
        )

    def method(
        self,
        name: str,
        parent: ua.NodeId,
        *,
        browse_name: str,
        description: str,
        arguments: list[ua.Argument],
        results: list[ua.Argument],
    ) -> ua.NodeId:
        """A method with its input and output arguments; what it does is not known here."""
        attributes = ua.MethodAttributes(
            DisplayName=ua.LocalizedText(browse_name),
            Description=ua.LocalizedText(description),
            Executable=True,
            UserExecutable=True,
        )
        qualified = ua.QualifiedName(browse_name, self.namespace)
        node = self._add(name, parent, qualified, ua.NodeClass.Method, attributes, None, Id.HasComponent)
        for property_, some in (("InputArguments", arguments), ("OutputArguments", results)):
            if some:
                self.property(node, property_, ua.Variant(some, ua.VariantType.ExtensionObject), Id.Argument)
        return node

    def reference_type(self, name: str, inverse_name: str, parent: int) -> ua.NodeId:
        """A reference type below the standard one ``parent``."""
        attributes = ua.ReferenceTypeAttributes(
            DisplayName=ua.LocalizedText(name), InverseName=ua.LocalizedText(inverse_name), Symmetric=False
        )
        qualified = ua.QualifiedName(name, self.namespace)
        return self._add(
            name, ua.NodeId(parent), qualified, ua.NodeClass.ReferenceType, attributes, None, Id.HasSubtype
        )

    def object_type(self, name: str, base: ua.NodeId, *, description: str, abstract: bool) -> ua.NodeId:
        """A type of objects, a subtype of ``base``."""
        attributes = ua.ObjectTypeAttributes(
            DisplayName=ua.LocalizedText(name), Description=ua.LocalizedText(description), IsAbstract=abstract
        )
        qualified = ua.QualifiedName(name, self.namespace)
        return self._add(name, base, qualified, ua.NodeClass.ObjectType, attributes, None, Id.HasSubtype)

    def point(self, source: ua.NodeId, reference: ua.NodeId, target: ua.NodeId) -> None:
        """A reference that is browsed from its source alone."""
        self._links.setdefault((source, reference, target), False)

    def link(self, source: ua.NodeId, reference: ua.NodeId, target: ua.NodeId) -> None:
        """A reference between two objects, browsable from both; given twice, it is there once."""
        self._links[source, reference, target] = True

    def add_to(self, space: AddressSpace) -> None:
        """Add all of it, once. Raises RuntimeError naming the first node that cannot be added."""
        records = NodeRecords(space)
        records.add(self._items)
        self._items.clear()
        # not by add_references: between two units that feed each other it would refuse the way back
        for (source, reference, target), both in self._links.items():
            records.link(source, reference, target, both=both)

    def _add(
        self,
        name: str,
        parent: ua.NodeId,
        browse_name: ua.QualifiedName,
        node_class: ua.NodeClass,
        attributes: ua.NodeAttributes,
        type_: int | ua.NodeId | None,
        reference: int,
    ) -> ua.NodeId:
        node = self.id(name)
        self._items.append(
            ua.AddNodesItem(
                ParentNodeId=parent,
                ReferenceTypeId=ua.NodeId(reference),
                RequestedNewNodeId=node,
                BrowseName=browse_name,
                NodeClass=node_class,
                NodeAttributes=attributes,
                TypeDefinition=_type_id(type_),
            )
        )
        return node


def _type_id(type_: int | ua.NodeId | None) -> ua.NodeId:
    if type_ is None:
        return ua.NodeId()
    return ua.NodeId(type_) if isinstance(type_, int) else type_
