"""Reading a TOML file table by table, with every mistake answered by where, what was found and what is allowed."""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from plantsim.model.errors import PlantError, one_of, shown
from plantsim.model.lines import on_its_line
from plantsim.model.quantity import Dimension, parse_quantity


class Required:
    """Stands for the default of a key that has none."""


REQUIRED = Required()

ABOVE_0 = math.ulp(0.0)
"""The least positive number, as a lower limit."""

T = TypeVar("T")


class Section:
    """A table of a file. The getters take keys out of it; ``end`` refuses what nobody asked for.

    Every getter raises PlantError if the value is missing without a default, of another type, or outside its range.
    """

    def __init__(self, data: Mapping[str, object], file: str, path: str = "") -> None:
        self.data = data
        self.file = file
        self.path = path
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def where(self, key: str) -> str:
        """The key with the path of the table before it."""
        return ".".join(part for part in (self.path, key) if part)

    def error(self, key: str, found: str, allowed: str) -> PlantError:
        """What to raise about a key of this table."""
        return PlantError(self.file, self.where(key), found, allowed)

    def get(self, key: str, default: object, allowed: str) -> object:
        """The value as TOML has it; ``allowed`` says what may stand there if it is missing."""
        self._known.append(key)
        if key in self.data:
            return self.data[key]
        if default is REQUIRED:
            unasked = [other for other in self.data if other not in self._known]
            near = get_close_matches(key, unasked, n=1, cutoff=0.75)
            raise self.error(key, f'"{near[0]}" instead' if near else "nothing", allowed)
        return default

    def text(self, key: str, default: str | Required = REQUIRED, choices: Iterable[str] | None = None) -> str:
        """A string that is not empty, one of ``choices`` if they are given."""
        names = None if choices is None else list(choices)
        value = self.get(key, default, "a text" if names is None else one_of(names))
        if not isinstance(value, str) or (key in self.data and not value):
            raise self.error(key, shown(value), "a text" if names is None else one_of(names))
        if names is not None and value not in names and not (key not in self.data and value == default):
            raise self.error(key, shown(value), one_of(names, value))
        return value

    def matching(self, key: str, pattern: re.Pattern[str], allowed: str, default: str | Required = REQUIRED) -> str:
        """A string that matches the whole of ``pattern``; a default need not."""
        value = self.get(key, default, allowed)
        if not (isinstance(value, str) and (key not in self or pattern.fullmatch(value))):
            raise self.error(key, shown(value), allowed)
        return value

    def flag(self, key: str, default: bool | Required = REQUIRED) -> bool:
        """true or false."""
        value = self.get(key, default, "true or false")
        if not isinstance(value, bool):
            raise self.error(key, shown(value), "true or false")
        return value

    def number(
        self,
        key: str,
        default: float | Required = REQUIRED,
        low: float = -math.inf,
        high: float = math.inf,
        eu: str = "",
    ) -> float:
        """A plain number from ``low`` to ``high``; ``eu`` says of what, for messages."""
        allowed = f"{within('a number', low, high)} {eu}".rstrip()
        value = self.get(key, default, allowed)
        if not is_number(value) or not low <= value <= high:  # type: ignore[operator]
            raise self.error(key, shown(value), allowed)
        return float(value)  # type: ignore[arg-type]

    def integer(
        self, key: str, low: int, high: int, default: int | Required = REQUIRED, what: str = "a whole number"
    ) -> int:
        """A whole number from ``low`` to ``high``; ``what`` it is, for messages."""
        allowed = f"{what} from {low} to {high}"
        value = self.get(key, default, allowed)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(key, shown(value), allowed)
        return value

    def quantity(
        self,
        key: str,
        dimension: Dimension,
        default: float | Required = REQUIRED,
        low: float = -math.inf,
        high: float = math.inf,
    ) -> float:
        """A number with a unit, in SI; where no unit is needed a plain number will do. Limits and default in SI."""
        value = self.get(key, default, str(dimension))
        if key not in self.data:
            return float(value)  # type: ignore[arg-type]  # the caller's own default
        return in_si(value, dimension, self.file, self.where(key), low, high)

    def pair(self, key: str, default: tuple[float, float] | Required = REQUIRED) -> tuple[float, float]:
        """Two numbers in a list."""
        allowed = "two numbers in a list such as [0, 100]"
        value = self.get(key, default, allowed)
        if isinstance(value, tuple):
            return value
        if not isinstance(value, list) or len(value) != 2 or not all(is_number(item) for item in value):
            raise self.error(key, shown(value), allowed)
        return float(value[0]), float(value[1])

    def span(self, key: str, default: tuple[float, float] | Required = REQUIRED) -> tuple[float, float]:
        """Two numbers in a list, the lower one first."""
        low, high = self.pair(key, default)
        if low >= high:
            raise self.error(key, shown(self.data[key]), "two numbers, the lower one first")
        return low, high

    def texts(self, key: str, default: tuple[str, ...] | Required = REQUIRED, repeats: bool = False) -> tuple[str, ...]:
        """A list of strings; a single string is a list of one. repeats: whether one may stand there twice."""
        value = self.get(key, default, 'a list of texts such as ["Nd", "Pr"]')
        if isinstance(value, tuple):
            return value
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not items or not all(isinstance(item, str) for item in items):
            raise self.error(key, shown(value), 'a list of texts such as ["Nd", "Pr"]')
        for place, item in enumerate(items):
            if not repeats and item in items[:place]:
                raise self.error(f"{key}[{place}]", f"{shown(item)} a second time", "every text once")
        return tuple(items)

    def table(self, key: str, required: bool = False) -> Section:
        """A table within this one; an empty one if it is missing and need not be there."""
        value = self.get(key, REQUIRED if required else {}, "a table")
        if not isinstance(value, dict):
            raise self.error(key, shown(value), "a table")
        return Section(value, self.file, self.where(key))

    def tables(self, key: str, name: str = "") -> list[Section]:
        """A list of tables; their paths carry the text of their key ``name`` or else their place, counted from 0."""
        value = self.get(key, [], "a list of tables")
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(key, shown(value), "a list of tables")
        return [
            Section(item, self.file, f"{self.where(key)}[{item.get(name, place) if name else place}]")
            for place, item in enumerate(value)
        ]

    def children(self, what: str) -> Iterator[tuple[str, Section]]:
        """All keys of this table, each of which must be a table itself (``what``: of a unit, a stream)."""
        for key, value in self.data.items():
            self._known.append(key)
            if not isinstance(value, dict):
                raise self.error(key, shown(value), f"a table of {what}")
            yield key, Section(value, self.file, self.where(key))

    def end(self) -> None:
        """Refuse keys that no getter has asked for."""
        for key in self.data:
            if key not in self._known:
                raise self.error(key, "an unknown key", one_of(dict.fromkeys(self._known), key))


def is_number(value: object) -> bool:
    """Whether a TOML value is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def within(what: str, low: float, high: float) -> str:
    """What is allowed between two limits, in SI, either of which may be infinite."""
    if low == ABOVE_0:
        return f"{what} above 0" if high == math.inf else f"{what} above 0, not above {high:g}"
    if math.isfinite(low) and math.isfinite(high):
        return f"{what} from {low:g} to {high:g}"
    if math.isfinite(low):
        return f"{what} not below {low:g}"
    if math.isfinite(high):
        return f"{what} not above {high:g}"
    return what


def in_si(
    value: object, dimension: Dimension, file: str, key: str, low: float = -math.inf, high: float = math.inf
) -> float:
    """The SI value of ``"60 L"`` or, for a dimensionless quantity, of a plain number; limits in SI."""
    si: float | None = None
    if isinstance(value, str):
        parsed = parse_quantity(value)
        if parsed is not None and parsed[1] == dimension.exponents:
            si = parsed[0]
    elif is_number(value) and not any(dimension.exponents):
        si = float(value)  # type: ignore[arg-type]
    if si is None:
        raise PlantError(file, key, shown(value), str(dimension))
    if not low <= si <= high:
        raise PlantError(file, key, shown(value), within(f"{dimension},", low, high))
    return si


def read_toml(path: Path) -> tuple[Section, str]:
    """The whole of a TOML file with ``format = 1``, and the SHA-256 of its bytes in hexadecimal."""
    with on_its_line(path):
        return _read_toml(path)


def _read_toml(path: Path) -> tuple[Section, str]:
    file = path.name
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PlantError(str(path), "file", error.strerror or str(error), "a file that can be read") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlantError(file, "text", f"bytes that are no UTF-8 at {error.start}", "UTF-8") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _toml_error(file, text, str(error)) from None
    root = Section(data, file)
    if root.get("format", REQUIRED, "1") != 1 or data["format"] is True:
        raise root.error("format", shown(data["format"]), "1")
    return root, hashlib.sha256(raw).hexdigest()


_PLACE = re.compile(r"(.*) \(at line (\d+), column \d+\)")
_TABLE_TWICE = re.compile(r"Cannot declare \((.*)\) twice")
_KEY_TWICE = re.compile(r"Cannot overwrite a value|Duplicate inline table key .*")


def _toml_error(file: str, text: str, message: str) -> PlantError:
    """The parser's message in our form, with the key that a repetition repeats."""
    match = _PLACE.fullmatch(message)
    if match is None:
        return PlantError(file, "text", message, "TOML")
    lines = text.splitlines()
    number = int(match[2])
    table = _TABLE_TWICE.fullmatch(match[1])
    if table is not None:
        key = ".".join(part.strip(" '\"") for part in table[1].rstrip(",").split(","))
        return PlantError(file, key, f"a second table of that name in line {number}", "one")
    if _KEY_TWICE.fullmatch(match[1]):
        line = lines[number - 1].strip()
        header = line if line.startswith("[") else _header(lines[: number - 1])
        key = "" if line.startswith("[") else line.partition("=")[0]
        path = ".".join(part.strip(" []") for part in (header, key) if part.strip(" []")).replace('"', "")
        return PlantError(file, path, f"a second value in line {number}", "one")
    return PlantError(file, f"line {number}", f"a mistake ({match[1][0].lower()}{match[1][1:]})", "TOML")


def _header(lines: list[str]) -> str:
    """The table that is open after these lines."""
    return next((line.partition("#")[0] for line in reversed(lines) if line.lstrip().startswith("[")), "")
