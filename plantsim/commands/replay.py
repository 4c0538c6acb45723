"""``plantsim hmi --replay``: a session's recording, served to the HMI by a plant that stands still."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from plantsim.commands.child import child, ready_endpoint
from plantsim.commands.stop import Stop

ENDING = ".recording.sqlite"
"""Of the recording beside a debrief's JSON: the history of that session alone."""
BEHIND = 3600.0
"""Seconds of plant time behind the session at which the plant that serves it stands."""


def recording_of(session: Path) -> Path:
    """Where the recording of a debrief stands."""
    return session.with_suffix(ENDING)


def _check(file: Path) -> None:
    """Whether it is a whole history: a server would put another file aside, and replay nothing. sqlite3.Error."""
    with closing(sqlite3.connect(file)) as db:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        db.execute("SELECT 1 FROM series LIMIT 1")


def _plant(session: Path, name: str, given: str) -> str:
    """What to run for a session of the plant of a name: a packaged one, or the one whose file is given; ``Stop``."""
    from plantsim.model.load import load_plant, plant_names

    if given:
        found = load_plant(given).name
        if found != name:
            raise Stop(f"--plant {given}: found the plant {found!r}, allowed that of the session, {name!r}")
        return given
    if name not in plant_names():
        raise Stop(f"--replay {session}: plant: found {name!r}, allowed {', '.join(plant_names())}, another one's file "
                   "with --plant FILE, or the endpoint of a server that has its history")  # fmt: skip
    return name


@contextmanager
def served(session: Path, own_plant: str = "") -> Iterator[str]:
    """The endpoint of a server that has the session's history and changes nothing of the recording; ``Stop``.

    own_plant: the file of the session's plant where that is no packaged one; PlantError for what is none.
    """
    recording = recording_of(session)
    if not recording.is_file():
        raise Stop(f"--replay {session}: found no {recording.name} beside it; allowed: a session that was recorded, "
                   "or the endpoint of a server that has its history")  # fmt: skip
    try:
        facts = json.loads(session.read_text(encoding="utf-8"))
        plant, end = facts["plant"], datetime.fromisoformat(facts["plant_began"]).timestamp() + facts["seconds"]
        epoch = datetime.fromtimestamp(end + BEHIND).astimezone().isoformat()
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise Stop(f"--replay {session}: no debrief's JSON: {type(error).__name__}: {error}") from None
    plant = _plant(session, plant, own_plant)
    with tempfile.TemporaryDirectory(prefix="plantsim-replay-") as folder:
        copy = Path(folder) / "history.sqlite"  # the server writes to its own, so that the recording stays as it is
        try:
            shutil.copyfile(recording, copy)
            _check(copy)
        except (OSError, sqlite3.Error) as error:
            raise Stop(f"--replay {session}: {recording.name}: {error}") from None
        log = Path(folder) / "replay.log"
        words = [
            "run",
            plant,
            "--opcua",
            "0",
            "--modbus",
            "0",
            "--frozen",
            "--state",
            folder,
        ]
        words += ["--history", str(copy), "--epoch", epoch, "--insecure"]
        if own_plant:
            words += ["--start", "cold"]  # its own state is not shown, and to settle may take minutes
        with log.open("wb") as stderr, child(words, stderr.fileno()) as process:
            yield ready_endpoint(process, log)
