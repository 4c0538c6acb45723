"""Snapshots: the whole state of a plant in one file.

Versioned, checksummed, written atomically, keyed by the plant's hash.

First line: magic, version, SHA-256 of the rest. Then a NumPy archive.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = "plantsim-snapshot"
VERSION = 2

Arrays = Mapping[str, NDArray[np.generic]]


class SnapshotError(ValueError):
    """A snapshot that cannot be used, and why."""


def write_snapshot(path: Path, plant_sha256: str, arrays: Arrays) -> None:
    """Write atomically: a reader, or a crash, meets the old file or the new one."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, plant=np.array(plant_sha256), **arrays)
    body = buffer.getvalue()
    head = f"{MAGIC} {VERSION} {hashlib.sha256(body).hexdigest()}\n".encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(head + body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_snapshot(path: Path, plant_sha256: str | None) -> dict[str, NDArray[np.generic]]:
    """The arrays of a snapshot; SnapshotError if it is missing, damaged, of another version or of another plant.

    None takes that of any plant.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SnapshotError(f"{path}: {error.strerror or error}") from error
    line, _, body = data.partition(b"\n")
    words = line.decode("ascii", "replace").split()
    if len(words) != 3 or words[0] != MAGIC:
        raise SnapshotError(f"{path}: found no {MAGIC} header, allowed a file that plantsim wrote")
    if words[1] != str(VERSION):
        raise SnapshotError(f"{path}: found version {words[1]}, allowed {VERSION}")
    if hashlib.sha256(body).hexdigest() != words[2]:
        raise SnapshotError(f"{path}: the checksum does not match, the file is damaged")
    with np.load(io.BytesIO(body), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    found = str(arrays.pop("plant"))
    if plant_sha256 not in (None, found):
        raise SnapshotError(
            f"{path}: found a snapshot of another plant file ({found[:12]}), allowed one of {plant_sha256[:12]}"
        )
    return arrays
