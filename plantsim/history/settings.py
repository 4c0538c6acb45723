"""How much of what is kept: a file beside the history, or the defaults."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class SettingsError(Exception):
    """The settings are not what they should be; the text says where, what was found and what is allowed."""


@dataclass(frozen=True, slots=True)
class TagSettings:
    """Of one tag. deadband: in its unit, None for the default share of its range. longest_s: between two samples."""

    keep: bool = True
    deadband: float | None = None
    longest_s: float | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """keep_days: of plant time. max_mb: size of all files. deadband_pct: of a tag's range. longest_s: of plant time.

    parquet: whether whole hours go into Parquet files beside the data base.
    """

    keep_days: float = 30.0
    max_mb: float = 4000.0
    deadband_pct: float = 0.1
    longest_s: float = 600.0
    parquet: bool = False
    tags: Mapping[str, TagSettings] = field(default_factory=dict)

    def of(self, tag: str) -> TagSettings:
        """The settings of that tag."""
        return self.tags.get(tag, TagSettings())


def read_settings(path: Path) -> Settings:
    """The settings of a file, the defaults where there is none. Raises SettingsError, or OSError."""
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if content.pop("format", None) != 1:
        raise SettingsError(f"{path}: format: allowed 1")
    tags = content.pop("tags", {})
    if not isinstance(tags, dict):
        raise SettingsError(f'{path}: tags: found {tags!r}, allowed tables [tags."FIC-201.PV"]')
    parquet = content.pop("parquet", False)
    if not isinstance(parquet, bool):
        raise SettingsError(f"{path}: parquet: found {parquet!r}, allowed true and false")
    numbers = _numbers(f"{path}: ", content, ("keep_days", "max_mb", "deadband_pct", "longest_s", "parquet"))
    return Settings(
        **numbers, parquet=parquet, tags={name: _tag(f"{path}: tags.{name}", entry) for name, entry in tags.items()}
    )


def _tag(where: str, entry: Any) -> TagSettings:
    if not isinstance(entry, dict):
        raise SettingsError(f"{where}: found {entry!r}, allowed a table")
    given = dict(entry)
    keep = given.pop("keep", True)
    if not isinstance(keep, bool):
        raise SettingsError(f"{where}.keep: found {keep!r}, allowed true and false")
    return TagSettings(keep, **_numbers(f"{where}.", given, ("deadband", "longest_s")))


def _numbers(where: str, given: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, float]:
    for name, value in given.items():
        if name not in allowed:
            raise SettingsError(f"{where}{name}: not known here; allowed: {', '.join(allowed)}")
        may_be_zero = name in ("deadband", "deadband_pct")
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or value < 0 or (value == 0 and not may_be_zero):
            raise SettingsError(f"{where}{name}: found {value!r}, allowed {'0 or more' if may_be_zero else 'above 0'}")
    return {name: float(value) for name, value in given.items()}
