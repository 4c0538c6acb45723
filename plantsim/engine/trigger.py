"""What an armed malfunction waits for: a comparison in the words of plant files and scenarios, decided by the core."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from plantsim.engine.snapshot import SnapshotError
from plantsim.model.compose.field import RELATIONS
from plantsim.model.errors import PlantError, one_of
from plantsim.model.names import Names
from plantsim.model.plant import Plant
from plantsim.model.section import Section
from plantsim.model.tag import AlarmPoint, TagTable

WHEN_ALARM = 5.0
"""Relation of an alarm that stands, as in ext/malfunction.pxd."""
_ALARM = re.compile(r"\s*alarm\s+(\S+)\s*")
_OTHERS = '; or an alarm that stands: "alarm TIC-201.HH"'

NO_TRIGGER = (0.0, 0.0, 0.0)
"""In the core's table, of what waits for nothing."""


class BadCondition(ValueError):
    """A condition that cannot be waited for; says what is allowed."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A condition. text: in words that may be typed. row: as the core keeps it: relation, row of the image, value."""

    text: str
    row: tuple[float, float, float]


class Triggers:
    """The conditions that a plant can be asked for. tags: its table, of which the core has the first `rows` rows.

    alarms: all of them.
    """

    def __init__(self, plant: Plant, tags: TagTable, rows: int, alarms: Sequence[AlarmPoint]) -> None:
        self._tags = tags
        self._alarms = [alarm.name for alarm in sorted(alarms, key=lambda one: one.row)]
        self._by_row = {tag.row: tag for tag in tags if tag.row < rows}
        self._names = Names.of(plant)

    def read(self, text: str) -> Trigger:
        """Of a comparison such as ``AIC-201.PV < 0.8`` or ``TIC-201.PV bad``, or of ``alarm TIC-201.HH``.

        Raises BadCondition for what is none, a tag, member or alarm that is not there, or a value beyond its range.
        """
        if match := _ALARM.fullmatch(text):
            if match[1] not in self._alarms:
                own = [name for name in self._alarms if name.startswith(f"{match[1].partition('.')[0]}.")]
                allowed = one_of(own or self._alarms, match[1])
                raise BadCondition(f'condition: found alarm "{match[1]}", allowed {allowed}')
            return self.of((WHEN_ALARM, float(self._alarms.index(match[1])), 0.0))
        try:
            found = self._names.condition(Section({}, ""), "condition", text, _OTHERS)
        except PlantError as error:
            raise BadCondition(f"condition: found {error.found}, allowed {error.allowed}") from None
        row = self._tags[f"{found.tag}.{found.member}"].row
        return self.of((float(RELATIONS[found.relation]), float(row), found.value))

    def of(self, row: Sequence[float]) -> Trigger:
        """Of a row of a saved state. Raises SnapshotError for one that this plant does not have."""
        relation, place, value = row
        if relation == WHEN_ALARM and 0 <= place < len(self._alarms):
            return Trigger(f"alarm {self._alarms[int(place)]}", (relation, place, value))
        word = next((word for word, code in RELATIONS.items() if code == relation), None)
        tag = self._by_row.get(int(place))
        if word is None or tag is None:
            raise SnapshotError(f"triggers: found relation {relation:g} on row {place:g}, allowed one of this plant")
        text = f"{tag.name} bad" if word == "bad" else f"{tag.name} {word} {tag.text(value)}"
        return Trigger(text, (relation, place, value))
