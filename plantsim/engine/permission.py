"""May this be written now? The checks every write from outside goes through, in the contract's order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.image import GOOD_LOCAL_OVERRIDE, ProcessImage
from plantsim.model.plant import Output, Plant
from plantsim.model.tag import Kind, Role, Tag, TagTable, ValueType

MAN, AUTO, CASCADE, EXTERNAL = range(4)

IDLE, RUNNING, HELD, ABORTING, COMPLETE = range(5)
_FITTING = {1: (IDLE, COMPLETE), 2: (RUNNING,), 3: (HELD,), 4: (RUNNING, HELD, ABORTING, COMPLETE)}
"""States of a sequence in which each of its commands means something."""

_DRIVEN = ("SP", "OP", "MODE", "CMD", "SPEED_CMD")
"""Members by which something is driven."""

Value = float | bool | int


@dataclass(frozen=True, slots=True)
class Drive:
    """The loop that drives an actuator's command, and how."""

    tag: str
    mode_row: int
    op_row: int
    output: Output

    def op_for(self, value: float, op: float) -> float:
        """OP (%) that makes the loop command `value`; `op` if that does already, as beyond an end of a split range."""
        (op0, op1), (y0, y1) = self.output.op, self.output.value
        if y1 == y0:
            return op
        wanted = op0 + min(max((value - y0) / (y1 - y0), 0.0), 1.0) * (op1 - op0)
        return op if min(max(op, op0), op1) == wanted else wanted


class Permission:
    """The rules of one plant. external: areas that an outside controller has."""

    def __init__(self, plant: Plant, tags: TagTable, external: frozenset[str]) -> None:
        self.tags = tags
        self.external = external
        row = {tag.name: tag.row for tag in tags}
        self.withheld = [tag.row for tag in tags if tag.area in external and tag.member in _DRIVEN]
        """Rows that belong to an outside controller, whatever the plant's own control would make of them."""
        self.drives: dict[str, Drive] = {
            f"{o.tag}.{o.member}": Drive(loop.tag, row[f"{loop.tag}.MODE"], row[f"{loop.tag}.OP"], o)
            for loop in plant.loops
            for o in loop.outputs
            if plant.loop(o.tag) is None
        }
        """Actuator commands that a loop writes."""
        self.hands = {f"{d.valve}.CMD": d.hand for d in plant.diverts}
        """Commands of divert valves, which are the operator's while the hand switch is on."""
        self._followers = {f"{d.tag}.SPEED_CMD" for d in plant.devices if d.standby is not None}
        """Speed commands of standby machines, which follow that of the machine they stand beside."""
        self._outputs = {
            loop.tag: [row[f"{o.tag}.{o.member}"] for o in loop.outputs] for loop in plant.loops if loop.outputs
        }
        self._mode_row: Mapping[str, int] = {loop.tag: row[f"{loop.tag}.MODE"] for loop in plant.loops}
        targets = {o.tag for loop in plant.loops for o in loop.outputs} | {loop.slave for loop in plant.loops}
        self._has_master = {loop.tag for loop in plant.loops if loop.tag in targets}

    def check(self, image: ProcessImage, name: str, value: Value, origin: Origin) -> Refusal | None:
        """Why a write from outside is refused; None if it is not."""
        tag = self.tags.get(name)
        if tag is None:
            return Refusal.UNKNOWN
        if tag.role is None:
            return Refusal.READ_ONLY
        if origin.role < tag.role:
            return Refusal.ROLE
        return self._shape(tag, value) or self._held(image, tag, value)

    def check_force(self, tag: Tag, value: Value, origin: Origin) -> Refusal | None:
        """Why a member that may be forced is not to be, at that value; None if it is."""
        return Refusal.ROLE if origin.role < Role.ENGINEER else self._shape(tag, value)

    def moves(self, image: ProcessImage, name: str, value: Value) -> dict[int, float]:
        """The rows that an accepted write of the control system changes, and to what.

        A loop in Man goes on writing its output: it is moved, or a command would be gone with the next scan.
        """
        moved = {self.tags[name].row: float(value)}
        drive = self.drives.get(name)
        if drive is not None:
            moved[drive.op_row] = drive.op_for(float(value), image.value[drive.op_row])
        return moved

    def check_rack(self, image: ProcessImage, name: str, value: Value) -> Refusal | None:
        """Why a command from an I/O rack is refused: it counts only where the wire has been given to it."""
        tag = self.tags.get(name)
        if tag is None:
            return Refusal.UNKNOWN
        if tag.member not in ("CMD", "SPEED_CMD"):
            return Refusal.READ_ONLY
        shape = self._shape(tag, value)
        if shape is not None:
            return shape
        return None if self.obeys_rack(image, tag) else Refusal.NOT_EXTERNAL

    def obeys_rack(self, image: ProcessImage, tag: Tag) -> bool:
        """Whether an actuator's command belongs to the rack: its area is external, or its loop's MODE is."""
        drive = self.drives.get(tag.name)
        return tag.area in self.external or (drive is not None and image.value[drive.mode_row] == EXTERNAL)

    def _interlocked(self, image: ProcessImage, tag: Tag) -> bool:
        """Whether an interlock holds the command, or all that a loop's output goes to."""
        rows = self._outputs.get(tag.object, []) if tag.member == "OP" else [tag.row]
        return bool(rows) and all(image.status[row] == GOOD_LOCAL_OVERRIDE for row in rows)

    def _shape(self, tag: Tag, value: Value) -> Refusal | None:
        if isinstance(value, bool) != (tag.type is ValueType.BOOL):
            return Refusal.TYPE
        if isinstance(value, bool):
            return None
        if tag.type in (ValueType.UINT16, ValueType.UINT32, ValueType.INT64) and not float(value).is_integer():
            return Refusal.TYPE
        if not tag.low <= value <= tag.high:
            return Refusal.RANGE
        if tag.member == "MODE" and value == CASCADE and tag.object not in self._has_master:
            return Refusal.RANGE
        return None

    def _held(self, image: ProcessImage, tag: Tag, value: Value) -> Refusal | None:
        """Refused for what drives it at present."""
        if tag.member not in _DRIVEN:
            return None
        if tag.area in self.external:
            return Refusal.EXTERNAL
        if tag.kind is Kind.SEQUENCE:
            state = image.value[self.tags[f"{tag.object}.STATE"].row]
            return None if state in _FITTING.get(int(value), (state,)) else Refusal.MODE
        if tag.name in self._followers:
            return Refusal.MODE
        if tag.name in self.hands:
            return None if image.value[self.tags[f"{self.hands[tag.name]}.STATE"].row] else Refusal.MODE
        return self._of_mode(image, tag) or (Refusal.INTERLOCK if self._interlocked(image, tag) else None)

    def _of_mode(self, image: ProcessImage, tag: Tag) -> Refusal | None:
        drive = self.drives.get(tag.name)
        mode_row = drive.mode_row if drive is not None else self._mode_row.get(tag.object)
        if mode_row is None or tag.kind is Kind.KPI or tag.member == "MODE":
            return None
        mode = image.value[mode_row]
        if tag.member != "SP" and mode == EXTERNAL:
            return Refusal.EXTERNAL
        if tag.member == "SP":
            return Refusal.MODE if mode == CASCADE else None
        return Refusal.MODE if mode in (AUTO, CASCADE) else None
