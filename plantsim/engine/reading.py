"""A row of the process image as a program takes it: a number, a bool or words."""

from __future__ import annotations

from plantsim.engine.image import BAD, ProcessImage
from plantsim.model.tag import Tag, ValueType


def value_of(tag: Tag, image: ProcessImage) -> float | bool | int | str:
    """The value of any tag but a profile. One whose quality is Bad reads nan, or as it stood where it is no float."""
    value = float(image.value[tag.row])
    match tag.type:
        case ValueType.BOOL:
            return bool(value)
        case ValueType.TEXT:
            return tag.states[int(value)] if 0 <= value < len(tag.states) else ""
        case ValueType.FLOAT | ValueType.TIME:
            return float("nan") if image.status[tag.row] & BAD else value
        case _:
            return int(value)
