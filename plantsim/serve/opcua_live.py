"""Values that are made of the process image when somebody asks, in place of those that asyncua stores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AttributeValue

from plantsim.serve.opcua_columns import Columns


@dataclass(frozen=True, slots=True)
class Column:
    """How a tag that is one Double is watched by the thousand. new: makes the columns of a subscription."""

    row: int
    new: Callable[[], Columns]


class Watchers(dict[int, Callable[..., Any]]):
    """The callbacks of one tag's monitored items. rows: of all tags that have some; kept up to date."""

    def __init__(self, row: int, rows: set[int]) -> None:
        super().__init__()
        self._row, self._rows = row, rows

    def __setitem__(self, handle: int, callback: Callable[..., Any]) -> None:
        super().__setitem__(handle, callback)
        self._rows.add(self._row)

    def pop(self, handle: int) -> Callable[..., Any]:  # type: ignore[override]
        callback = super().pop(handle)
        if not self:
            self._rows.discard(self._row)
        return callback


class LiveValue(AttributeValue):
    """The Value attribute of a tag's node: made from the process image when somebody asks, stored nowhere."""

    def __init__(self, make: Callable[[], ua.DataValue], watchers: Watchers, column: Column | None = None) -> None:
        self._make = make
        self.column = column
        self.value_callback = None
        self.value_setter = None
        self.datachange_callbacks = watchers

    @property
    def value(self) -> ua.DataValue:
        """The value now. There is no setter: only the image changes a tag."""
        return self._make()
