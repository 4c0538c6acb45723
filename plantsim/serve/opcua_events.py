"""Events as they are notified, and the filters that clients choose them by (OPC 10000-4, 7.22)."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua import uaprotocol_auto

from plantsim.serve.opcua_like import is_like

log = logging.getLogger(__name__)

REFRESH_START, REFRESH_END = ua.NodeId(ua.ObjectIds.RefreshStartEventType), ua.NodeId(ua.ObjectIds.RefreshEndEventType)
UNFILTERED = frozenset((REFRESH_START, REFRESH_END))
"""Types whose events no where clause holds back (OPC 10000-9, 5.5.7)."""
_HAS_SUBTYPE = ua.NodeId(ua.ObjectIds.HasSubtype)
_NULL = ua.Variant(None, ua.VariantType.Null)
DEEPEST = 32
"""Levels that a filter's elements may refer to each other: a circle is deeper than any."""

Operand = Any
IsSubtype = Callable[[ua.NodeId, ua.NodeId], bool]


@dataclass(frozen=True, slots=True)
class Event:
    """One notification. fields: by browse path, such as ``ActiveState/Id``. notifiers: nodes at which it is heard.

    condition: the condition that it is of, its ConditionId. It also is what asyncua expects of an event.
    """

    type: ua.NodeId
    fields: dict[str, ua.Variant]
    notifiers: tuple[ua.NodeId, ...] = ()
    condition: ua.NodeId | None = None
    emitting_node: ua.NodeId = ua.NodeId(ua.ObjectIds.Server)  # noqa: RUF009 - never changed

    def at(self, node: ua.NodeId) -> Event:
        """The same, as heard at one of its notifiers."""
        return replace(self, emitting_node=node)

    def field(self, path: str, attribute: int = ua.AttributeIds.Value) -> ua.Variant:
        """A field's value; null for what the event does not have. An empty path is that of its condition."""
        if not path and attribute == ua.AttributeIds.NodeId and self.condition is not None:
            return ua.Variant(self.condition, ua.VariantType.NodeId)
        return self.fields.get(path, _NULL) if attribute == ua.AttributeIds.Value else _NULL

    def to_event_fields(self, select_clauses: Sequence[ua.SimpleAttributeOperand]) -> list[ua.Variant]:
        """What a filter selects."""
        return [self.field(path_of(clause), clause.AttributeId) for clause in select_clauses]

    def __getattr__(self, name: str) -> Any:
        # asyncua's own filter asks so
        if name == "EventType":
            return self.type
        if name in self.fields:
            return self.fields[name].Value
        raise AttributeError(name)


def path_of(operand: ua.SimpleAttributeOperand) -> str:
    """A browse path as fields are named by it."""
    return "/".join(str(part.Name) for part in operand.BrowsePath or ())


class Where:
    """A filter's where clause. Comparing what is not there, or of other types, is neither true nor false."""

    def __init__(self, clause: ua.ContentFilter, is_subtype: IsSubtype) -> None:
        self._elements = clause.Elements or []
        self._is_subtype = is_subtype

    def eval(self, event: Event) -> bool:
        """Whether it lets the event pass. What the server cannot evaluate lets nothing pass, and harms nobody."""
        if not self._elements or event.type in UNFILTERED:
            return True
        try:
            return _Evaluation(self._elements, self._is_subtype, event).element(0, 0) is True
        except Exception as error:
            log.debug("where clause %s: %s", self._elements, error)
            return False


class _Evaluation:
    """A where clause and one event. Each element is evaluated once, however many others refer to it."""

    def __init__(self, elements: Sequence[ua.ContentFilterElement], is_subtype: IsSubtype, event: Event) -> None:
        self._elements = elements
        self._is_subtype = is_subtype
        self._event = event
        self._found: dict[int, Any] = {}

    def element(self, index: int, depth: int) -> Any:
        """What an element comes to; None for neither true nor false. depth: of those that refer to it."""
        if depth > DEEPEST:
            raise ValueError("elements refer to each other in a circle")
        if index not in self._found:
            self._found[index] = self._evaluated(self._elements[index], depth)
        return self._found[index]

    def _evaluated(self, element: ua.ContentFilterElement, depth: int) -> Any:
        operator = element.FilterOperator
        operands = [self._operand(one, depth) for one in element.FilterOperands]
        if operator in _COMPARISONS:
            return _compared(_COMPARISONS[operator], *operands)
        match operator:
            case ua.FilterOperator.IsNull:
                return operands[0] is None
            case ua.FilterOperator.Not:
                return None if operands[0] is None else not operands[0]
            case ua.FilterOperator.And:
                return _both(*operands)
            case ua.FilterOperator.Or:
                negated = _both(*(None if one is None else not one for one in operands))
                return None if negated is None else not negated
            case ua.FilterOperator.Between:
                value, low, high = operands
                return _both(_compared(_not_below, value, low), _compared(_not_below, high, value))
            case ua.FilterOperator.InList:
                value, *choices = operands
                return None if value is None else any(_compared(_same, value, one) is True for one in choices)
            case ua.FilterOperator.OfType:
                return self._is_subtype(self._event.type, operands[0])
            case ua.FilterOperator.Like:
                text, pattern = operands
                return None if text is None or pattern is None else is_like(str(text), str(pattern))
            case ua.FilterOperator.BitwiseAnd:
                return None if None in operands else operands[0] & operands[1]
            case ua.FilterOperator.BitwiseOr:
                return None if None in operands else operands[0] | operands[1]
        raise ValueError(f"operator {operator}")

    def _operand(self, operand: Operand, depth: int) -> Any:
        # decoding yields the generated classes
        if isinstance(operand, uaprotocol_auto.ElementOperand):
            return self.element(operand.Index, depth + 1)
        if isinstance(operand, uaprotocol_auto.LiteralOperand):
            return _plain(operand.Value)
        if isinstance(operand, uaprotocol_auto.SimpleAttributeOperand):
            path = path_of(operand)
            if path == "EventType":
                return self._event.type
            return _plain(self._event.field(path, operand.AttributeId))
        raise ValueError(f"operand {operand}")


def refresh_mark(type_: ua.NodeId) -> Event:
    """The event before or after a refresh; for whoever listens anywhere."""
    return _mark(type_, "Condition refresh")


def overflow_mark() -> Event:
    """The event in place of those that a full queue had no room for (OPC 10000-4, 5.13.1.5)."""
    return _mark(ua.NodeId(ua.ObjectIds.EventQueueOverflowEventType), "Events are missing here")


def _mark(type_: ua.NodeId, text: str) -> Event:
    now = ua.Variant(datetime.now(UTC), ua.VariantType.DateTime)
    fields = {
        "EventId": ua.Variant(uuid.uuid4().bytes, ua.VariantType.ByteString),
        "EventType": ua.Variant(type_, ua.VariantType.NodeId),
        "SourceNode": ua.Variant(ua.NodeId(ua.ObjectIds.Server), ua.VariantType.NodeId),
        "SourceName": ua.Variant("Server", ua.VariantType.String),
        "Time": now,
        "ReceiveTime": now,
        "Message": ua.Variant(ua.LocalizedText(text), ua.VariantType.LocalizedText),
        "Severity": ua.Variant(1, ua.VariantType.UInt16),
    }
    return Event(type_, fields)


def subtypes(space: AddressSpace) -> IsSubtype:
    """Whether one type is another or is derived from it, in an address space whose types do not change."""

    @cache
    def is_subtype(type_: ua.NodeId, base: ua.NodeId) -> bool:
        node = space.get(type_)
        if type_ == base or node is None:
            return bool(type_ == base)
        return any(
            is_subtype(reference.NodeId, base)
            for reference in node.references
            if not reference.IsForward and reference.ReferenceTypeId == _HAS_SUBTYPE
        )

    return is_subtype


def is_event_filter(found: object) -> bool:
    """Whether a monitored item of events can be filtered by it."""
    return isinstance(found, uaprotocol_auto.EventFilter)


def _plain(variant: ua.Variant | None) -> Any:
    value = None if variant is None else variant.Value
    return value.Text if isinstance(value, ua.LocalizedText) else value


def _same(left: Any, right: Any) -> bool:
    return bool(left == right)


def _not_below(left: Any, right: Any) -> bool:
    return bool(left >= right)


_COMPARISONS: dict[ua.FilterOperator, Callable[[Any, Any], bool]] = {
    ua.FilterOperator.Equals: _same,
    ua.FilterOperator.GreaterThan: lambda left, right: bool(left > right),
    ua.FilterOperator.LessThan: lambda left, right: bool(left < right),
    ua.FilterOperator.GreaterThanOrEqual: _not_below,
    ua.FilterOperator.LessThanOrEqual: lambda left, right: bool(left <= right),
}


def _compared(how: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    try:
        return how(left, right)
    except TypeError:
        return None


def _both(left: Any, right: Any) -> bool | None:
    """And, where None is neither true nor false (OPC 10000-4, table 121)."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else bool(left) and bool(right)
