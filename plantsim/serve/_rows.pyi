"""Columns of numbers as rows of bytes (compiled from ext/rows.pyx)."""

from typing import Any

from numpy.typing import NDArray

def ticks(seconds: float) -> int: ...
def differ(
    value: NDArray[Any],
    old_value: NDArray[Any],
    status: NDArray[Any],
    old_status: NDArray[Any],
    out: NDArray[Any],
) -> None: ...
def pick(changed: NDArray[Any], rows: NDArray[Any], places: NDArray[Any], out: NDArray[Any]) -> int: ...
def lay(
    value: NDArray[Any],
    status: NDArray[Any],
    time: NDArray[Any],
    rows: NDArray[Any],
    handles: NDArray[Any],
    now: int,
    mask: int,
    kind: int,
    bad: int,
    latest: float,
    with_time: bool,
    with_now: bool,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes | None: ...
