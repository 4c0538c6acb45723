"""Writes from outside on their way to the next scan: judged, put on record, queued in the order they came."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from plantsim.engine.chronicle import Chronicle
from plantsim.engine.command import Command, Origin, Refusal
from plantsim.engine.image import ProcessImage
from plantsim.engine.journal import WRITTEN
from plantsim.engine.live import LivePlant
from plantsim.engine.permission import Permission, Value

Write = tuple[str, Value]
Check = Callable[[ProcessImage, str, Value], Refusal | None]


class Inbox:
    """The queue of commands; called with the engine's lock held."""

    def __init__(self, live: LivePlant, permission: Permission, record: Chronicle) -> None:
        self._live = live
        self._tags = live.tags
        self._permission = permission
        self._record = record
        self._commands: deque[Command] = deque()
        self._strangers: set[str] = set()
        """Commands of racks that were refused and journalled since the rack last had the actuator."""

    def put(
        self, image: ProcessImage, writes: Sequence[Write], origin: Origin, check: Check, whole: bool
    ) -> list[Refusal | None]:
        """Queue writes; says for each why it was refused, or None. image: the latest.

        A write is judged by the plant as the writes before it will have made it. whole: one refused, none is queued.
        """
        answers: list[Refusal | None] = []
        accepted: list[tuple[str, str, dict[int, float]]] = []
        ahead = self._ahead(image)
        for name, value in writes:
            refusal = check(ahead, name, value)
            answers.append(refusal)
            before = self.shown(ahead, name)
            if refusal is not None:
                self._journal_refusal(name, value, origin, refusal, before)
                continue
            if origin.via == "rack":
                moved = {self._tags[name].row: float(value)}
            else:
                moved = self._permission.moves(ahead, name, value)
            accepted.append((name, before, moved))
            for row, to in moved.items():
                ahead.value[row] = to
        if not whole or len(accepted) == len(answers):
            for name, before, moved in accepted:
                if origin.via == "rack":  # a PLC repeats its outputs for ever: they are signals, not actions
                    self._strangers.discard(name)
                else:
                    tag = self._tags[name]
                    self._record.action(origin, name, WRITTEN, before, tag.text(moved[tag.row]))
                self._commands.extend(Command(row, to, origin) for row, to in moved.items())
        self._record.flush()
        return answers

    def apply(self) -> bool:
        """Put the queued commands into force; whether there were any."""
        applied = bool(self._commands)
        while self._commands:
            command = self._commands.popleft()
            self._live.core.signal[command.row] = command.value
        return applied

    def clear(self) -> None:
        """Forget what is not yet in force."""
        self._commands.clear()

    def shown(self, image: ProcessImage, name: str) -> str:
        """A member's value as people read it; empty if there is none of that name."""
        tag = self._tags.get(name)
        return "" if tag is None else tag.text(float(image.value[tag.row]))

    def _ahead(self, image: ProcessImage) -> ProcessImage:
        """The image with commands as they stand by now, and as those that are queued will make them."""
        value = image.value.copy()
        value[: self._live.core_rows] = self._live.core.signal
        for command in self._commands:
            value[command.row] = command.value
        return replace(image, value=value)

    def _journal_refusal(self, name: str, value: Value, origin: Origin, refusal: Refusal, before: str) -> None:
        if refusal in (Refusal.NOT_EXTERNAL, Refusal.SILENT):
            if name in self._strangers:
                return
            self._strangers.add(name)
        tag = self._tags.get(name)
        after = str(value) if tag is None or isinstance(value, str) else tag.text(float(value))
        self._record.action(origin, name, "refused", before, after, refusal.value)
