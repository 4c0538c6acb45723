"""What a tag is: the one record from which OPC UA nodes, Modbus registers, tag lists and displays are projected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import overload


class Role(IntEnum):
    """Who may write, in rising order; each role may do all that the lower ones may."""

    OBSERVER = 0
    OPERATOR = 1
    ENGINEER = 2
    INSTRUCTOR = 3


class Kind(Enum):
    """The class of the object a tag belongs to (contract, section Tags)."""

    TRANSMITTER = "transmitter"
    ANALYSER = "analyser"
    CONTROLLER = "controller"
    VALVE = "valve"
    ON_OFF_VALVE = "on/off valve"
    DRIVE = "fixed drive"
    VARIABLE_DRIVE = "variable drive"
    SWITCH = "switch"
    SEQUENCE = "sequence"
    INTERLOCK = "interlock"
    CALCULATION = "calculation"
    KPI = "kpi"
    SIMULATION = "simulation"
    PROFILE = "profile"


class ValueType(Enum):
    """How a row of the process image, always a float64, is to be read."""

    FLOAT = "float"
    BOOL = "bool"
    UINT16 = "uint16"
    UINT32 = "uint32"
    INT64 = "int64"
    TIME = "time"
    """Seconds since 1970-01-01T00:00:00Z; nan where there is none yet."""
    TEXT = "text"
    """An index into the tag's ``states``."""
    PROFILE = "profile"
    """An array of float64: the ``count`` rows from the tag's own on."""


@dataclass(frozen=True, slots=True)
class ModbusPoint:
    """Where a tag stands on Modbus.

    ``table`` is one of input, holding, discrete, coil; ``address`` is zero-based; ``type`` is float32, uint16, uint32,
    bool or, in the I/O racks, counts (int16, 4 mA = 0, 20 mA = 27648).
    """

    unit: int
    table: str
    address: int
    type: str


@dataclass(frozen=True, slots=True)
class Tag:
    """One member of one tag object, such as ``FIC-201.PV``: a row of the process image and its fixed facts."""

    name: str
    object: str
    member: str
    description: str
    area: str
    """Area id, such as ``leach``; empty for KPI and Simulation."""
    unit: str
    """Plant unit the object belongs to, such as ``R-201``."""
    kind: Kind
    type: ValueType
    eu: str
    """Engineering unit as the plant file spells it (``L/h``, ``C``, ``%``), empty where there is none."""
    low: float
    high: float
    """EURange: the values that may be written, and that a display spans."""
    role: Role | None
    """Least role that may write; None is read-only."""
    row: int
    """Row of the process image, of a profile the first."""
    states: tuple[str, ...] = ()
    """Names of the values 0, 1, ... of a discrete or text tag; of a profile the names of its points."""
    normal: tuple[float, float] | None = None
    """The normal band of a PV."""
    modbus: ModbusPoint | None = None
    rack: ModbusPoint | None = None
    modbus_quality: ModbusPoint | None = None
    """Discrete input that is 1 while an analog value is Good."""
    field: bool = False
    """On a controller's PV: measured by an element of its own, and so wired to the I/O rack."""
    wired: bool = True
    """On the PV of an instrument: its cable goes to the I/O rack, if it is one that has a cable."""
    count: int = 1
    """Rows that it takes in the process image: more than one only of a profile."""

    @property
    def node(self) -> str:
        """The tag's NodeId, independent of the namespace index."""
        return f"nsu=urn:plantsim:plant;s={self.name}"

    def text(self, value: float) -> str:
        """A value as people read it: the name of a state where it has one."""
        if self.states and 0 <= value < len(self.states):
            return self.states[int(value)]
        return str(bool(value)).lower() if self.type is ValueType.BOOL else f"{value:.6g}"


@dataclass(frozen=True, slots=True)
class AlarmPoint:
    """One rationalised alarm: fixed facts; its state is in ``ProcessImage.alarms`` at ``row``."""

    row: int
    object: str
    """Tag object it belongs to, such as ``TIC-201``: the condition's SourceName."""
    condition: str
    """HH, H, L, LL, DEV ...: the ConditionName."""
    area: str
    priority: int
    """1 high, 2 medium, 3 low, 4 diagnostic."""
    message: str
    cause: str
    """What may have raised it, the likeliest first, and where to look."""
    consequence: str
    response: str
    respond_min: float
    """Time to respond, minutes."""
    class_: str = ""
    confirm: bool = False
    """Whether its class requires that the response be confirmed."""
    longest_shelving: float = 8.0 * 3600.0
    """Longest time that it may be shelved, s of plant time."""
    on_delay: float = 0.0
    off_delay: float = 0.0
    """Seconds that its condition must last, or be gone."""
    modbus_active: ModbusPoint | None = None
    modbus_unacked: ModbusPoint | None = None

    @property
    def name(self) -> str:
        """``TIC-201.HH``; the condition's NodeId is this plus ``.Alarm``."""
        return f"{self.object}.{self.condition}"

    @property
    def severity(self) -> int:
        """OPC UA severity of the priority (contract, section OPC UA)."""
        return (900, 600, 300, 100)[self.priority - 1]


class TagTable(Sequence[Tag]):
    """The list of all tags, in flow order, with look-up by name."""

    def __init__(self, tags: Sequence[Tag]) -> None:
        self._tags = tuple(tags)
        self._rows = sum(tag.count for tag in self._tags)
        self._by_name = {tag.name: tag for tag in self._tags}
        self._rows = sum(tag.count for tag in self._tags)
        if len(self._by_name) != len(self._tags):
            seen: set[str] = set()
            twice = next(t.name for t in self._tags if t.name in seen or seen.add(t.name))  # type: ignore[func-returns-value]
            raise ValueError(f"tag {twice} stands twice in the tag list")

    def __len__(self) -> int:
        return len(self._tags)

    @overload
    def __getitem__(self, key: int | str) -> Tag: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Tag, ...]: ...
    def __getitem__(self, key: int | str | slice) -> Tag | tuple[Tag, ...]:
        """A tag by its place or its name, or several by their places."""
        return self._by_name[key] if isinstance(key, str) else self._tags[key]

    def __iter__(self) -> Iterator[Tag]:
        return iter(self._tags)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name or name in self._tags

    def get(self, name: str) -> Tag | None:
        """The tag of that name, or None."""
        return self._by_name.get(name)

    @property
    def rows(self) -> int:
        """Rows of the process image that they take; their rows count from 0."""
        return self._rows

    def of(self, object_: str) -> tuple[Tag, ...]:
        """All members of one tag object, in the order of the list."""
        return tuple(tag for tag in self._tags if tag.object == object_)


TAG_NAME = re.compile(r"[A-Z]{1,4}-\d{2,4}[A-D]?")
"""ISA-5.1 style: function letters, number, optional letter."""
